//! The sums themselves, the limits that steps are held to by them, and what is left of documents.

use crate::policy::attempts::{Attempt, attempt_capture};
use crate::policy::capture::{self, Covered};
use crate::policy::draft::Draft;
use crate::policy::story::{Story, order, refused};
use crate::policy::{PaymentView, sums};
use crate::steps::{CANCELLATION_REFERENCE, Effect, Guards, Kind, RefusalKind, StepKey};
use crate::unzer::{Payment, Transaction, TransactionStatus};

fn payment(story: &mut Story) -> &mut Payment {
    let PaymentView::Known(payment) = &mut story.facts.payment else { panic!("no payment") };
    payment
}

fn last(story: &mut Story) -> &mut Transaction {
    payment(story).transactions.last_mut().unwrap()
}

/// An authorisation of 200.00 something of each kind has happened to, and an earlier payment that holds 12.00.
fn eventful() -> Story {
    let mut before = order("4711").card(40_00).charged(30_00, TransactionStatus::Success);
    before = before.refunded_by_hand("s-chg-1", 10_00).charged_back("s-chg-1", 8_00);
    payment(&mut before).id = "s-pay-30".into();
    let mut story = order("4711").card(200_00).reversed_by_hand(10_00).reversed_by_hand(4_00);
    last(&mut story).status = TransactionStatus::Pending;
    story = story.charged(60_00, TransactionStatus::Success).charged(5_00, TransactionStatus::Pending);
    story = story.refunded_by_hand("s-chg-1", 20_00).refund_pending("s-chg-1", 7_00).charged_back("s-chg-1", 3_00);
    story.facts.earlier.push(payment(&mut before).clone());
    story
}

#[test]
fn guards_take_what_is_pending_for_done_and_count_what_other_payments_hold() {
    let story = eventful();
    let draft = Draft::new(&story.facts, &story.terms, story.now);
    let guards = capture::guards(&draft, story.facts.payment.known().unwrap(), 50_00);
    let expected = Guards { capturable: 181_00, captured: 60_00, refunded: 30_00, must_stay: 38_00 };
    assert_eq!(guards, expected);
}

#[test]
fn money_taken_and_given_back_counts_on_all_payments() {
    let unzer = eventful().unzer();
    assert_eq!((unzer.captured, unzer.refunded, unzer.charged_back, unzer.net), (90_00, 30_00, 11_00, 49_00));
    assert_eq!((unzer.authorized, unzer.reversed, unzer.rest), (200_00, 10_00, 130_00), "of the current one");
}

#[test]
fn secured_is_the_claim_or_what_is_left_of_the_authorisation() {
    assert_eq!(order("4711").card(100_00).reversed_by_hand(30_00).unzer().secured(), 70_00);
    assert_eq!(order("4711").prepayment(80_00).unzer().secured(), 80_00);
    assert_eq!(order("4711").unzer().secured(), 0);
}

#[test]
fn the_claim_is_the_first_charge_wherever_it_stands() {
    let mut story = order("4711").prepayment(80_00).received(20_00);
    payment(&mut story).transactions.reverse();
    assert_eq!(sums::claim_charge(payment(&mut story)).unwrap().id, "s-chg-1");
    assert_eq!((story.unzer().claim, story.unzer().captured), (80_00, 20_00));
}

#[test]
fn a_claim_is_no_money_and_only_what_was_taken_from_it_lowers_it() {
    let unzer = order("4711").method("ppy").charged(80_00, TransactionStatus::Success).received(30_00).unzer();
    assert_eq!((unzer.claim, unzer.captured), (80_00, 30_00));
    assert_eq!(order("4711").method("ppy").reversed_by_hand(5_00).unzer().reversed, 0);
}

#[test]
fn what_came_back_needs_no_cover() {
    let story = order("4711").card(119_00).shipped("RE1", &[1, 2]).credited("GS1", &[2], 20_00);
    assert_eq!(story.sums().pixi.needed(), 99_00);
}

#[test]
fn without_lines_on_invoices_an_order_is_closed_by_its_total() {
    let closed = |total| {
        let mut story = order("4711").invoiced("RE1", &[1, 2], total);
        story.facts.documents[0].lines = None;
        story.sums().pixi.closed
    };
    assert_eq!((closed(60_00), closed(118_97), closed(118_98)), (false, false, true));
}

#[test]
fn what_was_ordered_first_grows_on_hold_and_keeps_what_was_dropped() {
    let raised = order("4711").total(150_00);
    assert_eq!(sums::first_total(&raised.facts, Some(119_00)), Some(150_00));
    let dropped = order("4711").cancelled(&[1]);
    assert_eq!(sums::first_total(&dropped.facts, Some(100_00)), Some(119_00));
}

#[test]
fn c1_money_paid_back_for_cancelled_lines_covers_no_invoice() {
    let story = order("4711").card(119_00).charged(119_00, TransactionStatus::Success).cancelled(&[2]);
    let mut story = story.shipped("RE1", &[1]).refunded_by_hand("s-chg-1", 59_00);
    last(&mut story).detail.as_mut().unwrap().payment_reference = Some(format!("{CANCELLATION_REFERENCE} k7f3q2"));
    let story = story.shipped("RE2", &[2]);
    let covered = capture::covered(&story.facts, &story.sums(), 2);
    let covered: Vec<Covered> = covered.into_iter().map(|(_, covered)| covered).collect();
    assert_eq!(covered, [Covered::Yes, Covered::Missing(59_00)]);
}

#[test]
fn c7_two_invoices_share_one_rest() {
    let story = order("4711").card(119_00).expert().settle().reversed_by_hand(19_00);
    let story = story.shipped("RE1", &[1]).shipped("RE2", &[2]);
    assert_eq!((story.next(), story.problems()), (vec!["capture:RE1".to_owned()], vec![1302]));
    let missing = story.plan().notices[0].values.clone();
    assert!(missing.iter().any(|(name, value)| name == "missing" && value.starts_with("19.00")), "{missing:?}");
}

#[test]
fn c7_money_still_to_come_on_a_paid_order_hides_no_invoice_that_is_too_high() {
    let story = order("4711").sofort(119_00).expert().settle().charged(31_00, TransactionStatus::Pending);
    assert!(story.invoiced("RE1", &[1, 2], 150_00).problems().contains(&1302));
}

#[test]
fn c1_c6_the_rule_names_the_kind_of_payment() {
    let rule = |story: Story| story.expert().settle().shipped("RE1", &[1]).plan().rule;
    assert_eq!((rule(order("4711").card(119_00)), rule(order("4711").pay_later(119_00))), ("C1", "C6"));
}

#[test]
fn c8_what_was_captured_or_declined_on_another_card_is_told_apart() {
    let declined = |kind| {
        let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]);
        story = story.answer(Kind::Capture, refused(kind));
        while story.take() {}
        story
    };
    let key = StepKey("capture:RE1".into());
    let story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).settle();
    let elsewhere = attempt_capture(&story.facts, &key, "s-pay-32", story.now);
    assert!(matches!(elsewhere, Attempt::Done(_)), "captured once, whatever card: {elsewhere:?}");
    let story = declined(RefusalKind::Hard);
    let elsewhere = attempt_capture(&story.facts, &key, "s-pay-32", story.now);
    assert!(elsewhere.goes(), "another card: {elsewhere:?}");
    // A day after its own decline, but not after that of another invoice of the same card.
    let mut story = declined(RefusalKind::Soft);
    let own = story.facts.past.iter().rfind(|past| past.key == key).unwrap();
    let mut other = own.clone();
    let (ended, half_a_day) = (own.settled_at.unwrap(), chrono::TimeDelta::hours(12));
    (other.key, other.at, other.settled_at) =
        (StepKey("capture:RE2".into()), ended + half_a_day, Some(ended + half_a_day));
    story.facts.past.push(other);
    let after = |hours| attempt_capture(&story.facts, &key, "s-pay-31", ended + chrono::TimeDelta::hours(hours)).goes();
    assert_eq!((after(25), after(37)), (false, true));
}

#[test]
fn returns_of_a_few_cents_are_given_back_and_the_last_cents_of_others_are_not() {
    let delivered = || order("4711").card(119_00).expert().settle().shipped("RE1", &[1, 2]).settle();
    let refunds = |story: Story| -> Vec<String> {
        story.settle().did.into_iter().filter(|key| key.starts_with("refund")).collect()
    };
    assert_eq!(refunds(delivered().credited("GS1", &[2], 2)), ["refund:GS1:0.02:s-chg-1"]);
    let adopted = delivered().credited("GS1", &[2], 59_00).refunded_by_hand("s-chg-1", 58_98);
    assert_eq!(refunds(adopted), [""; 0]);
}

#[test]
fn guards_of_a_refund_keep_what_shipped_goods_still_need() {
    let story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1, 2]).settle();
    let plan = story.returned("GS1", &[1]).after(31).plan();
    let refund = plan.steps.iter().find(|step| step.effect.kind() == Kind::Refund).unwrap();
    let expected = Guards { capturable: 119_00, captured: 119_00, refunded: 0, must_stay: 58_98 };
    assert_eq!(refund.guards, expected);
}

#[test]
fn c9_guards_of_the_rest_let_all_of_it_go() {
    let mut story = order("4711").card(150_00).expert().settle().shipped("RE1", &[1, 2]);
    while story.take() {}
    let plan = story.after(6).plan();
    let reverse = plan.steps.iter().find(|step| step.effect.kind() == Kind::Reverse).unwrap();
    assert_eq!(reverse.guards, Guards { capturable: 150_00, captured: 119_00, refunded: 0, must_stay: 0 });
}

#[test]
fn guards_of_a_claim_keep_what_is_shipped_and_not_paid() {
    let story = order("4711").prepayment(119_00).received(20_00).cancelled(&[2]).shipped("RE1", &[1]);
    let plan = story.credited("GS1", &[1], 10_00).after(31).plan();
    let reverse = plan.steps.iter().find(|step| step.effect.kind() == Kind::Reverse).unwrap();
    assert_eq!(reverse.guards, Guards { capturable: 119_00, captured: 20_00, refunded: 0, must_stay: 29_98 });
}

#[test]
fn book_names_the_charge_of_its_invoice_else_the_latest_that_succeeded() {
    let booked = |story: &Story| -> Vec<String> {
        let pay_id = |effect| match effect {
            Effect::BookInvoice { pay_id, .. } => Some(pay_id),
            _ => None,
        };
        story.plan().steps.into_iter().filter_map(|step| pay_id(step.effect)).collect()
    };
    let mut story = order("4711").card(119_00).expert().settle();
    story = story.shipped("RE1", &[1]).settle().shipped("RE2", &[2]).settle();
    story.facts.past.retain(|past| past.effect.kind() != Kind::BookInvoice);
    story.facts.documents.iter_mut().for_each(|document| document.paid = Some(0));
    assert_eq!(booked(&story), ["s-pay-31/s-chg-1", "s-pay-31/s-chg-2"]);
    story.facts.past.clear();
    payment(&mut story).transactions.iter_mut().for_each(|entry| entry.detail = None);
    let story = story.charged(1_00, TransactionStatus::Error);
    assert_eq!(booked(&story), ["s-pay-31/s-chg-2", "s-pay-31/s-chg-2"]);
}
