//! Returns: which charge, how much, and what stays.

use crate::money::Currency;
use crate::policy::draft::Draft;
use crate::policy::story::{Story, order, refused};
use crate::policy::{PaymentView, returns, sums};
use crate::steps::{Effect, Kind, RefundAt, RefusalKind};
use crate::unzer::TransactionKind;

fn delivered() -> Story {
    order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).settle().shipped("RE2", &[2]).settle()
}

fn refunds(story: &Story) -> Vec<&str> {
    story.did.iter().filter(|key| key.starts_with("refund")).map(String::as_str).collect()
}

#[test]
fn returns_are_refunded_from_its_invoices_charge_and_booked() {
    let story = delivered().returned("GS1", &[2]).settle();
    assert_eq!(refunds(&story), ["refund:GS1:59.00:s-chg-2"]);
    assert_eq!(story.did.last().unwrap(), "book:GS1");
}

#[test]
fn brake_a_return_waits_until_it_is_half_an_hour_old() {
    let story = delivered().returned("GS1", &[1]).after(29);
    assert!(story.next().is_empty());
    assert_eq!(story.after(1).next(), ["refund:GS1:60.00:s-chg-1",].as_slice());
}

#[test]
fn returns_are_taken_from_another_charge_or_split_where_its_own_is_used_up() {
    let story = delivered().refunded_by_hand("s-chg-1", 60_00).credited("GS1", &[1], 60_00).settle();
    assert_eq!((refunds(&story), story.did.last().unwrap().as_str()), (vec![], "book:GS1"), "adopted");
    let story = delivered().credited("GS1", &[1, 2], 100_00).settle();
    assert_eq!(refunds(&story), ["refund:GS1:60.00:s-chg-1", "refund:GS1:100.00:s-chg-2"]);
    assert_eq!((story.unzer().net, story.did.last().unwrap().as_str()), (19_00, "book:GS1"));
}

#[test]
fn redelivery_of_a_whole_invoice_is_left_to_a_person() {
    let with_exchange = |days: i64, story: Story| {
        let mut story = story;
        story.facts.surroundings.manual_orders = vec![(100_300, story.now + chrono::TimeDelta::days(days))];
        story
    };
    for days in [-7, 7] {
        let story = with_exchange(days, delivered()).returned("GS1", &[1]).settle();
        assert_eq!((refunds(&story), story.problems()), (vec![], vec![1509]));
        let story = story.refunded_by_hand("s-chg-1", 60_00).settle();
        assert_eq!((story.did.last().unwrap().as_str(), story.problems()), ("book:GS1", vec![]));
    }
    for days in [-8, 8] {
        let story = with_exchange(days, delivered()).returned("GS1", &[1]).settle();
        assert_eq!(refunds(&story), ["refund:GS1:60.00:s-chg-1"]);
    }
    let story = with_exchange(0, delivered()).credited("GS1", &[1], 20_00).settle();
    assert_eq!(refunds(&story), ["refund:GS1:20.00:s-chg-1"], "not the whole invoice");
}

#[test]
fn returns_several_at_once_go_by_number() {
    let story = delivered().returned("GS2", &[2]).returned("GS1", &[1]).settle();
    assert_eq!(refunds(&story), ["refund:GS1:60.00:s-chg-1", "refund:GS2:59.00:s-chg-2"]);
    assert_eq!((story.unzer().net, story.problems()), (0, vec![]));
}

#[test]
fn returns_never_takes_what_another_shipped_invoice_needs() {
    let story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).settle();
    let story = story.answer(Kind::Capture, refused(RefusalKind::Hard)).shipped("RE2", &[2]).settle();
    let story = story.returned("GS2", &[2]).settle();
    assert!(refunds(&story).len() <= 1 && story.unzer().net >= 0);
    let story = order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]).credited("GS1", &[1], 60_00);
    let story = story.charged_back("s-chg-1", 119_00).settle();
    assert!(refunds(&story).is_empty());
}

#[test]
fn returns_above_the_invoices_are_a_problem() {
    let story = delivered().credited("GS1", &[1, 2], 119_03).settle();
    assert_eq!((refunds(&story), story.problems()), (vec![], vec![1505]));
    let story = delivered().credited("GS1", &[1, 2], 119_02).settle();
    assert_eq!((story.unzer().net, story.did.last().unwrap().as_str()), (0, "book:GS1"));
}

#[test]
fn returns_of_unpaid_goods_is_not_paid_back() {
    let story = order("4711").sofort(60_00).released_by_hand().shipped("RE1", &[1, 2]).settle();
    let story = story.returned("GS1", &[1, 2]).settle();
    assert!(story.unzer().net >= 0 && story.unzer().refunded <= 60_00);
}

#[test]
fn foreign_refund_equal_to_one_credit_note_is_its_refund() {
    let story = delivered().returned("GS1", &[1]).refunded_by_hand("s-chg-1", 59_99).settle();
    assert_eq!((refunds(&story), story.did.last().unwrap().as_str()), (vec![], "book:GS1"));
}

#[test]
fn foreign_refund_that_fits_nothing_stops_refunds() {
    let story = delivered().refunded_by_hand("s-chg-1", 10_00).returned("GS1", &[1]).settle();
    assert_eq!((refunds(&story), story.problems()), (vec![], vec![1506]));
    let story = order("4711").lines(&[50_00, 50_00]).sofort(100_00).settle().shipped("RE1", &[1, 2]).settle();
    let story = story.refunded_by_hand("s-chg-1", 50_00).returned("GS1", &[1]).returned("GS2", &[2]).settle();
    assert_eq!((refunds(&story), story.problems()), (vec![], vec![1506]), "either could be meant");
}

#[test]
fn foreign_refund_that_is_not_decided_yet_is_waited_for() {
    let story = delivered().returned("GS1", &[1]).refund_pending("s-chg-1", 60_00).settle();
    assert!(refunds(&story).is_empty());
}

#[test]
fn returns_pay_later_is_refunded_on_the_payment() {
    let story =
        order("4711").pay_later(119_00).settle().shipped("RE1", &[1, 2]).settle().returned("GS1", &[1]).after(31);
    let step = story.plan().steps.into_iter().find(|step| step.effect.kind() == Kind::Refund).unwrap();
    assert!(matches!(step.effect, Effect::Refund { at: RefundAt::Payment, .. }));
    assert_eq!(refunds(&story.settle()), ["refund:GS1:60.00"]);
}

#[test]
fn returns_a_refused_refund_is_a_problem_and_not_booked() {
    let story = delivered().answer(Kind::Refund, refused(RefusalKind::Final)).returned("GS1", &[1]).settle();
    assert_eq!(story.problems(), [1502]);
    assert!(!story.did.contains(&"book:GS1".to_owned()));
}

#[test]
fn returns_one_that_has_to_wait_is_not_blocked_by_a_later_one() {
    let story = delivered().answer(Kind::Refund, refused(RefusalKind::Passing));
    let story = story.returned("GS1", &[1]).returned("GS2", &[2]).settle();
    assert_eq!(refunds(&story), ["refund:GS2:59.00:s-chg-2", "refund:GS1:60.00:s-chg-1"]);
    assert_eq!((story.unzer().net, story.problems()), (0, vec![]));
}

#[test]
fn returns_above_the_invoices_within_the_tolerance_gives_back_no_more_than_there_is() {
    let story = order("4711").pay_later(119_00).settle().invoiced("RE1", &[1, 2], 119_01).settle();
    let story = story.credited("GS1", &[1, 2], 119_02).settle();
    assert_eq!((story.unzer().net, story.did.last().unwrap().as_str()), (0, "book:GS1"));
}

#[test]
fn returns_after_a_chargeback_that_was_won_are_refunded() {
    let story = delivered().charged_back("s-chg-2", 59_00).settle().chargeback_won("s-chg-2", 59_00);
    let story = story.settle().returned("GS1", &[2]).settle();
    assert_eq!(refunds(&story), ["refund:GS1:59.00:s-chg-2"]);
    assert_eq!(story.did.last().unwrap(), "book:GS1");
}

#[test]
fn returns_over_more_than_was_invoiced_are_told_before_the_money_is_due() {
    for story in [order("4711").secured_invoice(119_00), order("4711").prepayment(119_00)] {
        // The other line went out on another order's invoice.
        let story = story.settle().lock_by_hand(false).shipped("RE1", &[1]).credited("GS1", &[1, 2], 119_00).settle();
        assert_eq!(story.problems(), [1505], "{:?}", story.plan().said);
    }
}

#[test]
fn given_back_for_a_credit_note_that_pixi_deleted_is_a_problem_with_the_amount() {
    let mut story = delivered().returned("GS1", &[2]).settle();
    assert_eq!(story.problems(), Vec::<u16>::new());
    let note = story.facts.documents.pop().unwrap();
    assert_eq!(story.problems(), [1510]);
    let told = story.plan().notices.iter().find(|notice| notice.number.digits() == 1510).unwrap().values.clone();
    assert!(told.iter().any(|(name, value)| name == "document" && value == "GS1"), "{told:?}");
    assert!(told.iter().any(|(name, value)| name == "amount" && value.contains("59.00")), "{told:?}");
    story.facts.documents.push(note);
    assert_eq!(story.problems(), Vec::<u16>::new(), "it is back");
}

#[test]
fn given_back_by_the_journal_and_not_at_unzer_is_a_problem_and_not_repeated() {
    let absent = |mut story: Story, kind: TransactionKind| {
        let PaymentView::Known(payment) = &mut story.facts.payment else { panic!() };
        payment.transactions.retain(|entry| entry.kind != kind);
        let shown = sums::UnzerSums::of(payment, sums::group(payment)).net;
        payment.charged = Currency::EUR.of(shown);
        story
    };
    let refunded = delivered().returned("GS1", &[2]).settle();
    let story = absent(refunded, TransactionKind::CancelCharge);
    let story = story.after(20);
    assert!(story.problems().contains(&1511), "{:?}", story.problems());
    assert!(story.next().iter().all(|key| !key.starts_with("refund")), "{:?}", story.next());
    let reversed = order("4711").card(119_00).expert().settle().cancelled(&[1, 2]).settle();
    assert_eq!(reversed.problems(), Vec::<u16>::new());
    let story = absent(reversed, TransactionKind::CancelAuthorize).after(20);
    assert!(story.problems().contains(&1511), "{:?}", story.problems());
    assert!(story.next().iter().all(|key| !key.starts_with("reverse")), "{:?}", story.next());
}

#[test]
fn returns_of_more_than_is_there_are_a_persons() {
    let paid = |amount| order("4711").sofort(amount).settle().shipped("RE1", &[1, 2]).settle();
    let story = paid(100_00).credited("GS1", &[1], 60_00).settle();
    assert_eq!(refunds(&story), Vec::<&str>::new(), "41.00 is left when the other line keeps its money");
    assert!(story.problems().contains(&1504), "{:?}", story.problems());
    let story = paid(119_00).credited("GS1", &[1], 60_00).settle();
    assert_eq!((refunds(&story).len(), story.problems()), (1, vec![]));
}

#[test]
fn redelivery_of_a_whole_invoice_but_for_rounding_is_left_to_a_person() {
    let mut story = delivered();
    story.facts.surroundings.manual_orders = vec![(100_300, story.now)];
    let story = story.credited("GS1", &[1], 59_98).settle();
    assert_eq!((refunds(&story), story.problems()), (vec![], vec![1509]));
}

#[test]
fn returns_find_the_charge_of_an_invoice_by_the_journal_or_by_its_invoice_id() {
    let charge_of = |story: &Story, nr: &str| returns::charge_of(&story.facts, nr).map(|(_, charge)| charge);
    let mut story = delivered();
    story.facts.past.clear();
    let found = ["RE1", "RE2", "RE9"].map(|nr| charge_of(&story, nr));
    assert_eq!(found, [Some("s-chg-1".to_owned()), Some("s-chg-2".to_owned()), None], "by invoice id");
    let mut story = delivered();
    let PaymentView::Known(payment) = &mut story.facts.payment else { panic!("no payment") };
    payment.transactions.iter_mut().for_each(|entry| entry.detail = None);
    let found = ["RE1", "RE2", "RE9"].map(|nr| charge_of(&story, nr));
    assert_eq!(found, [Some("s-chg-1".to_owned()), Some("s-chg-2".to_owned()), None], "by the journal");
}

#[test]
fn returns_lower_a_claim_only_while_credits_stay_within_the_invoices() {
    let claimable = |credited| {
        let story = order("4711").prepayment(119_00).shipped("RE1", &[1]).credited("GS1", &[1], credited).after(31);
        returns::claimable(&Draft::new(&story.facts, &story.terms, story.now))
    };
    assert_eq!((claimable(60_02), claimable(60_03)), (60_02, 0));
}

#[test]
fn returns_settled_by_a_person_are_counted_as_theirs() {
    let story = delivered().credited("GS1", &[1], 20_00).credited("GS2", &[2], 30_00).paid_in_pixi("GS2", 30_00);
    assert_eq!(returns::by_others(&Draft::new(&story.facts, &story.terms, story.now)), 30_00);
}

#[test]
fn returns_of_an_invoice_whose_capture_was_declined_say_nothing_of_their_own() {
    let story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).settle();
    let story = story.answer(Kind::Capture, refused(RefusalKind::Hard)).shipped("RE2", &[2]).settle();
    assert_eq!(story.problems(), [1303]);
    assert_eq!(story.credited("GS1", &[2], 30_00).after(60).problems(), [1303]);
}

#[test]
fn returns_of_more_than_is_there_are_told_to_the_cent() {
    let problems = |paid| {
        let story = order("4711").sofort(paid).released_by_hand().shipped("RE1", &[1, 2]);
        let problems = story.credited("GS1", &[1], 60_00).after(60).problems();
        problems.contains(&1504)
    };
    assert_eq!((problems(58_97), problems(58_98)), (false, true));
}

#[test]
fn foreign_refund_of_nearly_as_much_is_not_a_credit_notes() {
    let adopted = |amount| {
        let story = delivered().returned("GS1", &[1]).refunded_by_hand("s-chg-1", amount);
        story.sums().refunds.by_credit_note.get("GS1").copied()
    };
    assert_eq!([59_97, 59_98, 50_00].map(adopted), [None, Some(59_98), None]);
}
