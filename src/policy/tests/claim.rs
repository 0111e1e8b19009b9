//! Prepayment, invoice, secured invoice: released on a claim, booked on money or on the shipment notice.

use chrono::TimeDelta;

use crate::policy::draft::Draft;
use crate::policy::story::{Story, order, refused};
use crate::policy::{NextCheck, PaymentStatus, PaymentView, claim};
use crate::steps::{Effect, Guards, Kind, ReasonCode, RefusalKind, ReverseAt};
use crate::text::PhraseKey;
use crate::unzer::{PaymentState, TransactionStatus};

fn money(story: &Story) -> Vec<&str> {
    let moves =
        |key: &&String| ["reverse", "refund", "capture", "ship", "book"].iter().any(|kind| key.starts_with(kind));
    story.did.iter().filter(moves).map(|key| key.strip_prefix("bank_data:").unwrap_or(key)).collect()
}

fn reasons(story: &Story) -> Vec<Option<ReasonCode>> {
    let reason = |effect: &Effect| match effect {
        Effect::Reverse { reason, .. } | Effect::Refund { reason, .. } => Some(*reason),
        _ => None,
    };
    story.facts.past.iter().filter_map(|past| reason(&past.effect)).collect()
}

#[test]
fn r10_prepaid_goods_leave_hold_behind_a_lock_until_the_money_is_there() {
    let story = order("4711").prepayment(119_00).settle();
    assert_eq!(story.did, ["lock#1", "release#1", "bank_data:s-pay-31"]);
    assert_eq!((story.facts.locked, story.problems(), story.hints()), (Some(true), vec![], vec![1213]));
    assert_eq!(story.plan().payment_status, PaymentStatus::Unpaid);
    let story = story.received(60_00).settle();
    assert_eq!((story.facts.locked, story.plan().payment_status), (Some(true), PaymentStatus::PaidPartial));
    let story = story.received(58_97).settle();
    assert_eq!(story.facts.locked, Some(true), "three cents are missing");
    let story = story.received(1).settle();
    assert_eq!((story.did.last().unwrap().as_str(), story.facts.locked), ("unlock#2", Some(false)));
    assert_eq!((story.plan().payment_status, story.hints()), (PaymentStatus::Paid, vec![]));
}

#[test]
fn r10_bank_data_never_hold_up_the_lock_or_the_release() {
    let story = order("4711").prepayment(119_00).answer(Kind::BankData, refused(RefusalKind::Final)).settle();
    assert!(story.did.iter().any(|key| key == "release#1"), "{:?}", story.did);
    assert_eq!(story.facts.locked, Some(true));
}

#[test]
fn r10_what_a_person_unlocked_stays_unlocked() {
    let story = order("4711").prepayment(119_00).settle().lock_by_hand(false).settle();
    assert_eq!((story.facts.locked, story.did.len()), (Some(false), 3));
}

#[test]
fn r10_without_a_lock_nothing_is_released() {
    let story = order("4711").prepayment(119_00).answer(Kind::Lock, refused(RefusalKind::Final));
    let mut story = story;
    assert!(story.take());
    assert!(!story.next().iter().any(|key| key.starts_with("release")), "{:?}", story.next());
}

#[test]
fn r10_an_order_a_person_released_is_locked_too() {
    let story = order("4711").prepayment(119_00).released_by_hand().settle();
    assert_eq!(story.did, ["lock#1", "bank_data:s-pay-31"]);
    assert_eq!(story.facts.locked, Some(true));
}

#[test]
fn r11_money_that_is_there_releases_without_a_lock() {
    let story = order("4711").prepayment(119_00).received(119_00).settle();
    assert_eq!((story.did.as_slice(), story.hints()), (["release#1".to_owned()].as_slice(), vec![]));
}

#[test]
fn r12_invoices_are_released_on_their_claim() {
    for story in [order("4711").on_invoice(119_00), order("4711").secured_invoice(119_00)] {
        let story = story.settle();
        assert_eq!(story.did, ["release#1", "bank_data:s-pay-31"]);
        assert_eq!((story.facts.locked, story.problems(), story.hints()), (Some(false), vec![], vec![]));
    }
}

#[test]
fn r5_r6_a_claim_that_is_gone_or_too_small_locks() {
    for (story, number) in [
        (order("4711").prepayment(110_00), 1206),
        (order("4711").on_invoice(110_00), 1206),
        (order("4711").secured_invoice(110_00), 1206),
    ] {
        let story = story.settle();
        assert_eq!(
            (story.did.as_slice(), story.problems()),
            (["lock#1", "release#1"].map(str::to_owned).as_slice(), vec![number])
        );
    }
}

#[test]
fn r5_a_payment_under_review_without_enough_money_locks_until_it_is_there() {
    let mut story = order("4711").prepayment(119_00).received(20_00);
    if let PaymentView::Known(payment) = &mut story.facts.payment {
        payment.state = PaymentState::PaymentReview;
    }
    let story = story.settle();
    assert_eq!((story.problems(), story.facts.locked), (vec![1214], Some(true)));
    let story = story.received(99_00).settle();
    assert_eq!((story.problems(), story.facts.locked), (vec![], Some(false)));
}

#[test]
fn r15_an_order_raised_above_its_claim_is_locked() {
    for story in [order("4711").on_invoice(119_00), order("4711").secured_invoice(119_00)] {
        let story = story.settle().total(150_00).settle();
        assert_eq!((story.problems(), story.facts.locked), (vec![1209], Some(true)));
    }
    let story = order("4711").prepayment(119_00).received(119_00).settle().total(150_00).settle();
    assert_eq!((story.problems(), story.facts.locked), (vec![1209], Some(true)));
}

#[test]
fn c3_prepaid_goods_are_booked_when_everything_is_shipped() {
    let story = order("4711").prepayment(119_00).received(119_00).settle().shipped("RE1", &[1]).settle();
    assert_eq!(money(&story), Vec::<&str>::new(), "the order is not closed yet");
    let story = story.shipped("RE2", &[2]).settle();
    assert_eq!(money(&story), ["book:RE1", "book:RE2"]);
}

#[test]
fn c3_c4_shipped_without_money_is_a_hint_and_booked_when_it_comes() {
    for story in [order("4711").prepayment(119_00), order("4711").on_invoice(119_00)] {
        let story = story.settle().shipped("RE1", &[1, 2]).settle();
        assert_eq!((money(&story), story.hints(), story.problems()), (vec![], vec![1308], vec![]));
        let story = story.received(118_98).settle();
        assert_eq!((money(&story), story.hints()), (vec!["book:RE1"], vec![]));
    }
}

#[test]
fn r10_goods_that_left_without_money_are_told_while_the_rest_stays_locked() {
    let story = order("4711").prepayment(119_00).released_by_hand().shipped("RE1", &[1]).settle();
    assert_eq!((story.hints(), story.facts.locked), (vec![1308], Some(true)));
    let shipped = story.facts.documents[0].total;
    let elsewhere = story.clone().paid_in_pixi("RE1", shipped).settle();
    assert_eq!((elsewhere.hints(), elsewhere.facts.locked), (vec![1213], Some(true)), "what left is paid elsewhere");
    let story = story.received(shipped).settle();
    assert_eq!((story.hints(), story.facts.locked), (vec![1213], Some(true)), "what left is paid");
}

#[test]
fn c3_an_invoice_a_person_has_set_paid_is_not_booked_and_nothing_is_said() {
    let story = order("4711").on_invoice(119_00).settle().shipped("RE1", &[1, 2]).paid_in_pixi("RE1", 119_00).settle();
    assert_eq!((money(&story), story.hints(), story.problems()), (vec![], vec![], vec![]));
    let story = story.received(119_00).settle();
    assert_eq!((money(&story), story.problems()), (vec![], vec![]));
}

#[test]
fn c3_overpaid_money_is_said_and_stays() {
    let story = order("4711").prepayment(119_00).received(130_00).settle().shipped("RE1", &[1, 2]).settle();
    assert_eq!((money(&story), story.hints()), (vec!["book:RE1"], vec![1215]));
    assert_eq!((story.unzer().net, story.plan().payment_status), (130_00, PaymentStatus::Paid));
}

#[test]
fn cancelled_transfer_is_not_waited_for_and_late_money_goes_back() {
    for story in [order("4711").prepayment(119_00), order("4711").on_invoice(119_00)] {
        let story = story.settle().received(20_00).settle().cancelled(&[1, 2]);
        assert_eq!(story.hints(), vec![1507]);
        let story = story.settle();
        assert_eq!(money(&story), ["reverse:claim:99.00", "refund:cancel:20.00:s-chg-2"]);
        assert_eq!((story.unzer().net, story.plan().payment_status), (0, PaymentStatus::Cancelled));
        let story = story.received(5_00).settle();
        assert_eq!(money(&story).last(), Some(&"refund:cancel:25.00:s-chg-3"));
        assert_eq!((story.unzer().net, story.hints(), story.problems()), (0, vec![], vec![]));
    }
}

#[test]
fn cancellation_transfer_lowers_the_claim_once_the_order_is_closed() {
    let story = order("4711").on_invoice(119_00).settle().cancelled(&[2]).settle();
    assert_eq!(money(&story), Vec::<&str>::new(), "not closed, no money in");
    let story = story.shipped("RE1", &[1]).settle();
    assert_eq!((money(&story), story.unzer().claim), (vec!["reverse:claim:59.00"], 60_00));
    let story = story.received(60_00).settle();
    assert_eq!(money(&story).last(), Some(&"book:RE1"));
}

#[test]
fn cancellation_transfer_pays_back_as_soon_as_the_money_is_in() {
    let story = order("4711").prepayment(119_00).settle().cancelled(&[2]).received(119_00).settle();
    assert_eq!((money(&story), story.unzer().net), (vec!["refund:cancel:59.00:s-chg-2"], 60_00));
    assert_eq!(story.facts.locked, Some(false));
    let story = order("4711").prepayment(119_00).settle().cancelled(&[2]).received(30_00).settle();
    assert_eq!((money(&story), story.unzer().claim), (vec!["reverse:claim:59.00"], 60_00));
    assert_eq!(story.facts.locked, Some(true));
}

#[test]
fn returns_transfer_before_it_was_paid_lowers_the_claim_and_books_both() {
    let story = order("4711").on_invoice(119_00).settle().shipped("RE1", &[1, 2]).settle();
    let story = story.returned("GS1", &[1, 2]).settle();
    assert_eq!(money(&story), ["reverse:claim:119.00", "book:RE1", "book:GS1"]);
    assert_eq!((story.unzer().claim, story.problems(), story.hints()), (0, vec![], vec![]));
}

#[test]
fn returns_transfer_takes_the_open_claim_first_and_the_receipts_then() {
    let story = order("4711").on_invoice(119_00).settle().received(100_00).shipped("RE1", &[1, 2]).settle();
    let story = story.returned("GS1", &[1]).settle();
    assert_eq!(money(&story), ["reverse:claim:19.00", "refund:GS1:41.00:s-chg-2", "book:RE1", "book:GS1"]);
    assert_eq!(story.unzer().net, 59_00);
}

#[test]
fn c3_nothing_is_booked_while_something_is_to_be_given_back() {
    let story = order("4711").on_invoice(119_00).settle().received(119_00).shipped("RE1", &[1, 2]);
    let story = story.returned("GS1", &[1]).after(1);
    assert!(!story.next().iter().any(|key| key.starts_with("book")), "{:?}", story.next());
    assert_eq!(money(&story.settle()), ["refund:GS1:60.00:s-chg-2", "book:RE1", "book:GS1"]);
}

#[test]
fn c5_cancellation_secured_returns_secured_the_notice_comes_between() {
    let story = order("4711").secured_invoice(119_00).settle().shipped("RE1", &[1]).settle();
    assert_eq!(money(&story), Vec::<&str>::new(), "not closed");
    let story = story.returned("GS1", &[1]).cancelled(&[2]).settle();
    assert_eq!(
        money(&story),
        ["reverse:claim:59.00", "ship:s-pay-31", "refund:GS1:60.00:s-chg-1", "book:RE1", "book:GS1"]
    );
    assert_eq!(reasons(&story), [Some(ReasonCode::Cancel), Some(ReasonCode::Return)]);
    assert_eq!((story.unzer().net, story.problems()), (0, vec![]));
}

#[test]
fn c5_one_notice_names_the_last_invoice_and_no_amount() {
    let story = order("4711").secured_invoice(119_00).settle().shipped("RE1", &[1]).shipped("RE2", &[2]).settle();
    let ships = story.facts.past.iter().filter_map(|past| match &past.effect {
        Effect::Ship { invoice, .. } => Some(invoice.as_str()),
        _ => None,
    });
    assert_eq!(ships.collect::<Vec<_>>(), ["RE2"]);
    assert_eq!(money(&story), ["ship:s-pay-31", "book:RE1", "book:RE2"]);
}

#[test]
fn c5_one_invoice_a_person_has_settled_does_not_keep_the_notice_of_the_other() {
    let accepted = |invoices: &[&str]| {
        let mut story = order("4711").secured_invoice(119_00).settle();
        story.facts.accepted = invoices.iter().map(ToString::to_string).collect();
        let story = story.shipped("RE1", &[1]).shipped("RE2", &[2]).settle();
        money(&story).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(accepted(&["RE1"]), ["ship:s-pay-31", "book:RE2"]);
    assert_eq!(accepted(&["RE1", "RE2"]), [""; 0], "nothing is left to be paid");
}

#[test]
fn c5_invoices_above_the_claim_are_a_problem_before_the_notice() {
    let story = order("4711").secured_invoice(119_00).settle().invoiced("RE1", &[1, 2], 119_03).settle();
    assert_eq!((money(&story), story.problems()), (vec![], vec![1302]));
    let story = order("4711").secured_invoice(119_00).settle().invoiced("RE1", &[1, 2], 119_02).settle();
    assert_eq!((money(&story), story.problems()), (vec!["ship:s-pay-31", "book:RE1"], vec![]));
}

#[test]
fn c5_a_refused_notice_is_a_problem_and_nothing_is_booked() {
    let story = order("4711").secured_invoice(119_00).settle();
    let story = story.answer(Kind::Ship, refused(RefusalKind::Final)).shipped("RE1", &[1, 2]).settle();
    assert_eq!((money(&story), story.problems()), (vec![], vec![1307]));
}

#[test]
fn c0_a_secured_invoice_somebody_else_set_paid_is_a_problem() {
    let story = order("4711").secured_invoice(119_00).settle().shipped("RE1", &[1, 2]).paid_in_pixi("RE1", 119_00);
    let story = story.settle();
    assert_eq!((money(&story), story.problems()), (vec![], vec![1301]));
}

#[test]
fn cancelled_secured_before_the_notice_lowers_its_claim_to_nothing() {
    let story = order("4711").secured_invoice(119_00).settle().cancelled(&[1, 2]).settle();
    assert_eq!((money(&story), reasons(&story)), (vec!["reverse:claim:119.00"], vec![Some(ReasonCode::Cancel)]));
    let at_claim = |effect: &Effect| matches!(effect, Effect::Reverse { at: ReverseAt::Claim { charge }, .. } if charge == "s-chg-1");
    assert!(story.facts.past.iter().any(|past| at_claim(&past.effect)));
}

#[test]
fn returns_a_secured_debit_gives_a_reason_with_every_refund() {
    let story = order("4711").method("dds").charged(119_00, crate::unzer::TransactionStatus::Success).settle();
    let story = story.cancelled(&[2]).shipped("RE1", &[1]).settle().returned("GS1", &[1]).settle();
    assert_eq!(reasons(&story), [Some(ReasonCode::Cancel), Some(ReasonCode::Return)]);
    let story = order("4711").sofort(119_00).settle().cancelled(&[1, 2]).settle();
    assert_eq!(reasons(&story), [None]);
}

#[test]
fn r8_r9_an_unknown_method_goes_by_what_the_payment_shows() {
    use crate::unzer::TransactionStatus::{Pending, Success};
    let story = order("4711").method("xyz").authorized(119_00, Success).expert().settle();
    assert_eq!((story.did.as_slice(), story.hints()), (["release#1".to_owned()].as_slice(), vec![1212]));
    let story = story.shipped("RE1", &[1, 2]).settle();
    assert_eq!(money(&story), ["capture:RE1", "book:RE1"]);
    let story = order("4711").method("xyz").charged(119_00, Success).settle();
    assert_eq!((story.did.as_slice(), story.hints()), (["release#1".to_owned()].as_slice(), vec![1212]));
    let story = order("4711").method("xyz").charged(119_00, Pending).after(20);
    assert_eq!((story.next(), story.hints()), (vec![], vec![1212, 1201]));
}

#[test]
fn foreign_refund_that_fits_nothing_keeps_what_is_not_paid_back_from_being_booked() {
    let paid = || order("4711").prepayment(119_00).received(119_00).settle();
    let returned = paid().shipped("RE1", &[1, 2]).settle().refunded_by_hand("s-chg-2", 7_77).returned("GS1", &[2]);
    let returned = returned.settle();
    assert_eq!((money(&returned), returned.problems()), (vec!["book:RE1"], vec![1506]));
    let cancelled = paid().refunded_by_hand("s-chg-2", 7_77).cancelled(&[2]).shipped("RE1", &[1]).settle();
    assert_eq!((money(&cancelled), cancelled.problems()), (vec![], vec![1506]));
}

#[test]
fn returns_transfer_above_the_invoices_are_not_booked() {
    let story = order("4711").prepayment(119_00).received(119_00).settle().shipped("RE1", &[1, 2]).settle();
    let story = story.credited("GS1", &[1, 2], 130_00).settle();
    assert_eq!((money(&story), story.problems()), (vec!["book:RE1"], vec![1505]));
}

#[test]
fn returns_transfer_held_back_do_not_lower_the_claim() {
    let unpaid = || order("4711").on_invoice(119_00).settle().shipped("RE1", &[1, 2]).settle();
    let mut story = unpaid();
    story.facts.surroundings.manual_orders = vec![(100_300, story.now)];
    let story = story.returned("GS1", &[1, 2]).settle();
    assert_eq!((money(&story), story.problems()), (vec![], vec![1509]), "sent again perhaps");
    let story = unpaid().credited("GS1", &[1, 2], 1190_00).settle();
    assert_eq!((money(&story), story.problems()), (vec![], vec![1505]), "a slip of the pen");
    let story = unpaid().returned("GS1", &[1]).paid_in_pixi("GS1", 60_00).settle();
    assert_eq!(money(&story), Vec::<&str>::new(), "somebody has settled it");
    let story = unpaid().returned("GS1", &[1]).after(20);
    assert!(story.next().is_empty(), "not half an hour old: {:?}", story.next());
    assert_eq!(money(&story.settle()), ["reverse:claim:60.00"]);
}

#[test]
fn foreign_refund_of_what_was_paid_in_excess_is_taken_for_that() {
    let story = order("4711").prepayment(119_00).received(139_00).settle();
    assert_eq!(story.hints(), vec![1215]);
    let story = story.refunded_by_hand("s-chg-2", 20_00).shipped("RE1", &[1, 2]).settle();
    assert_eq!((money(&story), story.hints(), story.problems()), (vec!["book:RE1"], vec![], vec![]));
}

#[test]
fn settled_is_no_order_with_goods_on_no_invoice() {
    let mut story = order("4711").secured_invoice(119_00).settle().shipped("RE1", &[1]).settle();
    story.facts.lines[1].state = crate::policy::facts::LineState::Aus;
    let story = story.after(1);
    assert_eq!((story.plan().rule, story.problems()), ("waiting", vec![]));
    assert_eq!(story.after(60 * 24).problems(), vec![1609]);
}

#[test]
fn c5_invoices_that_show_no_lines_are_taken_by_their_total() {
    let mut story = order("4711").secured_invoice(119_00).settle().shipped("RE1", &[1, 2]);
    story.facts.documents[0].lines = None;
    assert_eq!(money(&story.settle()), ["ship:s-pay-31", "book:RE1"]);
}

#[test]
fn what_was_returned_before_it_was_paid_need_not_be_paid() {
    let story =
        order("4711").on_invoice(119_00).settle().shipped("RE1", &[1, 2]).settle().returned("GS1", &[1]).settle();
    assert_eq!(story.clone().received(58_00).plan().payment_status, PaymentStatus::PaidPartial);
    assert_eq!(story.received(59_00).plan().payment_status, PaymentStatus::Paid);
}

#[test]
fn an_order_returned_before_it_was_paid_counts_as_cancelled() {
    let story = order("4711").on_invoice(119_00).settle().shipped("RE1", &[1, 2]).settle().returned("GS1", &[1, 2]);
    assert_eq!(story.settle().plan().payment_status, PaymentStatus::Cancelled);
}

#[test]
fn c3_a_refund_by_hand_of_another_amount_is_not_taken_for_the_excess() {
    let story = order("4711").prepayment(119_00).settle().received(139_00).settle();
    let story = story.refunded_by_hand("s-chg-2", 10_00).settle();
    assert_eq!((story.sums().refunds.of_overpayment, story.problems()), (0, vec![1506]));
}

#[test]
fn c3_c4_the_rule_names_the_kind_of_payment() {
    let rule = |story: Story| story.settle().shipped("RE1", &[1, 2]).settle().plan().rule;
    assert_eq!((rule(order("4711").prepayment(119_00)), rule(order("4711").on_invoice(119_00))), ("C3", "C4"));
}

#[test]
fn c3_a_few_cents_too_much_are_not_worth_a_word() {
    let hints = |amount| order("4711").prepayment(119_00).received(amount).settle().hints();
    assert_eq!((hints(119_02), hints(119_03)), (vec![], vec![1215]));
}

#[test]
fn c3_c4_a_claim_a_few_cents_too_high_is_left_as_it_is() {
    let story = order("4711").on_invoice(119_00).settle().invoiced("RE1", &[1, 2], 118_98).settle();
    assert_eq!((money(&story), story.unzer().claim), (vec![], 119_00));
    let story = order("4711").on_invoice(119_00).settle().invoiced("RE1", &[1, 2], 118_97).settle();
    assert_eq!((money(&story), story.unzer().claim), (vec!["reverse:claim:0.03"], 118_97));
}

#[test]
fn brake_a_claim_falls_only_after_two_readings_apart() {
    let cancelled = |story: Story| story.settle().cancelled(&[1, 2]);
    for story in [order("4711").prepayment(119_00), order("4711").secured_invoice(119_00)] {
        let story = cancelled(story);
        assert_eq!(story.next(), Vec::<String>::new());
        assert!(story.plan().said.iter().any(|phrase| phrase.key == PhraseKey::GiveBackWaits));
        let mut story = story.after(5);
        assert_eq!(story.next(), ["reverse:claim:119.00"]);
        story.facts.readings = 1;
        assert_eq!(story.next(), Vec::<String>::new(), "the second reading is still to come");
        let NextCheck::At(at) = story.plan().next_check else { panic!("looked at again") };
        assert_eq!(at, story.now + TimeDelta::seconds(1));
    }
}

#[test]
fn c5_guards_of_a_secured_claim_keep_what_was_invoiced() {
    let story = order("4711").secured_invoice(119_00).settle().shipped("RE1", &[1]).cancelled(&[2]).after(6);
    let plan = story.plan();
    let reverse = plan.steps.iter().find(|step| step.effect.kind() == Kind::Reverse).unwrap();
    assert_eq!(reverse.guards, Guards { capturable: 119_00, captured: 0, refunded: 0, must_stay: 59_98 });
}

#[test]
fn c5_what_the_invoices_demand_above_the_claim_is_told() {
    let story = order("4711").secured_invoice(119_00).settle().invoiced("RE1", &[1, 2], 130_00).settle();
    let told = story.plan().notices[0].values.clone();
    assert!(told.iter().any(|(name, value)| name == "missing" && value.starts_with("11.00")), "{told:?}");
}

#[test]
fn c5_a_claim_a_few_cents_too_high_does_not_keep_the_notice() {
    let story = order("4711").secured_invoice(119_00).settle().invoiced("RE1", &[1, 2], 118_98).settle();
    assert_eq!(money(&story), ["ship:s-pay-31", "book:RE1"]);
}

#[test]
fn c3_a_credit_note_a_person_has_settled_does_not_keep_the_others_from_being_booked() {
    let story = order("4711").prepayment(119_00).received(119_00).settle().shipped("RE1", &[1, 2]);
    let story = story.returned("GS1", &[1]).paid_in_pixi("GS1", 60_00).returned("GS2", &[2]).settle();
    assert_eq!(money(&story), ["refund:GS2:59.00:s-chg-2", "book:RE1", "book:GS2"]);
}

#[test]
fn c3_c4_documents_are_booked_once_what_was_not_returned_is_paid() {
    let story = order("4711").on_invoice(119_00).settle().shipped("RE1", &[1, 2]).settle();
    let story = story.returned("GS1", &[1]).settle();
    assert_eq!(money(&story), ["reverse:claim:60.00"]);
    assert_eq!(money(&story.clone().received(58_97).settle()), ["reverse:claim:60.00"]);
    assert_eq!(money(&story.received(58_98).settle()), ["reverse:claim:60.00", "book:RE1", "book:GS1"]);
}

#[test]
fn c3_a_credit_note_over_nothing_is_not_booked() {
    let story = order("4711").prepayment(119_00).received(119_00).settle().shipped("RE1", &[1, 2]);
    assert_eq!(money(&story.credited("GS1", &[2], 0).settle()), ["book:RE1"]);
}

#[test]
fn returns_transfer_may_be_paid_back_once_money_is_in_or_the_notice_is_out() {
    let may = |story: &Story| {
        let draft = Draft::new(&story.facts, &story.terms, story.now);
        claim::may_refund(&draft, story.facts.payment.known().unwrap())
    };
    let unpaid = order("4711").prepayment(119_00);
    assert_eq!((may(&unpaid), may(&unpaid.clone().received(1))), (false, true));
    assert!(may(&unpaid.shipped("RE1", &[1, 2])), "closed");
    let secured = order("4711").secured_invoice(119_00).settle().shipped("RE1", &[1, 2]);
    assert_eq!((may(&secured), may(&secured.clone().settle())), (false, true));
}

#[test]
fn returns_transfer_unpaid_goods_wait_for_their_brake_and_say_so() {
    let unpaid = order("4711").on_invoice(119_00).settle().shipped("RE1", &[1, 2]).settle().after(600);
    let story = unpaid.returned("GS1", &[1]).after(28);
    let ripe = story.facts.documents[1].first_seen + TimeDelta::minutes(30);
    assert_eq!((story.plan().rule, story.plan().next_check), ("C4", NextCheck::At(ripe)));
    let waits = |story: &Story| story.plan().said.iter().any(|phrase| phrase.key == PhraseKey::GiveBackWaits);
    assert_eq!((waits(&story), waits(&story.clone().after(2))), (true, false));
}

#[test]
fn returns_transfer_of_two_cents_that_were_paid_are_paid_back() {
    let story = order("4711").prepayment(119_00).received(119_00).settle().shipped("RE1", &[1, 2]).settle();
    assert_eq!(money(&story.credited("GS1", &[2], 2).settle())[1..], ["refund:GS1:0.02:s-chg-2", "book:GS1"]);
}

#[test]
fn returns_secured_of_a_claim_that_unzer_shows_pending_after_the_notice_are_a_persons() {
    let mut story = order("4711").secured_invoice(119_00).settle().shipped("RE1", &[1, 2]).settle();
    let PaymentView::Known(payment) = &mut story.facts.payment else { panic!("no payment") };
    payment.transactions[0].status = TransactionStatus::Pending;
    let story = story.returned("GS1", &[1]).settle();
    assert_eq!((money(&story), story.problems()), (vec!["ship:s-pay-31", "book:RE1"], vec![1502]));
}
