//! Whole and partial cancellation, in both modes.

use crate::policy::story::{Story, order, refused};
use crate::policy::{PaymentStatus, cancel};
use crate::steps::{Kind, RefusalKind};
use crate::unzer::TransactionStatus::Success;

#[test]
fn cancelled_auth_expert_reverses() {
    let story = order("4711").card(119_00).expert().settle().cancelled(&[1, 2]).settle();
    assert_eq!(story.did, ["release#1", "reverse:119.00"]);
    assert_eq!((story.unzer().rest, story.plan().payment_status), (0, PaymentStatus::Cancelled));
}

#[test]
fn cancelled_auth_standard_reverses_the_rest_and_refunds_the_net() {
    let story = order("4711").card(150_00).settle().cancelled(&[1, 2]).settle();
    assert_eq!((story.unzer().rest, story.unzer().net), (0, 0));
    assert_eq!(story.plan().payment_status, PaymentStatus::Cancelled);
    assert!(story.problems().is_empty());
}

#[test]
fn cancelled_paid_order_refunds_all_charges() {
    let story = order("4711").card(150_00).settle().total(130_00).on_hold_again().settle().cancelled(&[1, 2]).settle();
    assert_eq!((story.unzer().captured, story.unzer().net), (130_00, 0));
    assert_eq!(story.did.iter().filter(|key| key.starts_with("refund")).count(), 2, "one per charge");
    let story = order("4711").sofort(119_00).settle().cancelled(&[1, 2]).settle();
    assert_eq!(story.did, ["release#1", "refund:cancel:119.00:s-chg-1"]);
}

#[test]
fn cancelled_paylater_only_before_the_first_capture() {
    let story = order("4711").pay_later(119_00).settle().cancelled(&[1, 2]).settle();
    assert_eq!(story.unzer().rest, 0);
    let story = order("4711").pay_later(119_00).charged(60_00, Success).settle().cancelled(&[1, 2]).settle();
    assert_eq!((story.unzer().net, story.unzer().rest, story.problems()), (60_00, 59_00, vec![1501]));
}

#[test]
fn cancellation_paylater_sends_nothing() {
    let story = order("4711").pay_later(119_00).settle().cancelled(&[2]).shipped("RE1", &[1]).settle();
    assert_eq!(story.did, ["release#1", "capture:RE1", "book:RE1"]);
    assert_eq!((story.unzer().rest, story.problems(), story.hints()), (59_00, vec![], vec![]));
}

#[test]
fn cancellation_secured_lowers_the_claim_only_when_all_is_shipped_or_cancelled() {
    let story = order("4711").secured_invoice(119_00).settle().cancelled(&[2]).settle();
    assert_eq!(story.unzer().claim, 119_00);
    assert_eq!(story.shipped("RE1", &[1]).settle().unzer().claim, 60_00);
}

#[test]
fn cancelled_auth_refused_is_a_problem() {
    let story = order("4711").card(119_00).expert().settle().answer(Kind::Reverse, refused(RefusalKind::Final));
    assert_eq!(story.cancelled(&[1, 2]).settle().problems(), [1503]);
}

#[test]
fn cancelled_paid_by_hand_is_adopted() {
    let story = order("4711").sofort(119_00).settle().cancelled(&[1, 2]).refunded_by_hand("s-chg-1", 119_00).settle();
    assert_eq!((story.did.clone(), story.unzer().net), (vec!["release#1".to_owned()], 0));
    assert_eq!((story.sums().refunds.for_cancellation, story.sums().refunds.foreign), (119_00, vec![]));
    let story = order("4711").sofort(119_00).settle().cancelled(&[1, 2]).refunded_by_hand("s-chg-1", 50_00).settle();
    assert_eq!((story.unzer().net, story.problems()), (69_00, vec![1506]));
}

#[test]
fn cancellation_auth_expert_captures_less_and_reverses() {
    let story = order("4711").card(119_00).expert().settle().cancelled(&[2]).settle().shipped("RE1", &[1]).settle();
    assert_eq!((story.unzer().captured, story.unzer().reversed), (60_00, 59_00));
}

#[test]
fn cancellation_auth_standard_waits_for_the_close_then_refunds() {
    let story = order("4711").card(119_00).settle().cancelled(&[2]).settle();
    assert_eq!(story.unzer().refunded, 0);
    let story = story.shipped("RE1", &[1]).settle();
    assert!(story.did.contains(&"refund:cancel:59.00:s-chg-1".to_owned()));
    assert_eq!((story.unzer().net, story.plan().payment_status), (60_00, PaymentStatus::RefundedPartial));
}

#[test]
fn cancellation_auth_after_the_credit_note_ends_the_same() {
    let story = order("4711").card(119_00).settle().shipped("RE1", &[1]).settle();
    let story = story.returned("GS1", &[1]).settle().cancelled(&[2]).settle();
    assert_eq!((story.unzer().net, story.problems()), (0, vec![]));
    assert!(story.did.contains(&"book:GS1".to_owned()));
}

#[test]
fn cancellation_paid_beyond_what_is_cancelled_is_a_problem() {
    let story = order("4711").sofort(119_00).settle().cancelled(&[2]).invoiced("RE1", &[1], 50_00).settle();
    assert_eq!((story.unzer().refunded, story.problems()), (0, vec![1501]));
    let story = order("4711").sofort(119_00).settle().cancelled(&[2]).invoiced("RE1", &[1], 59_98).settle();
    assert_eq!(story.unzer().refunded, 59_02, "within the tolerance");
}

#[test]
fn cancellation_paid_within_the_tolerance_is_not_chased() {
    let story = order("4711").sofort(119_00).settle().invoiced("RE1", &[1, 2], 118_98).settle();
    assert_eq!((story.unzer().refunded, story.problems()), (0, vec![]));
}

#[test]
fn cancellation_auth_counts_shipping_no_invoice_carries() {
    let mut story = order("4711");
    story.facts.shipping = 5_00;
    (story.facts.total, story.facts.first_total) = (Some(124_00), Some(124_00));
    let story = story.sofort(124_00).settle().cancelled(&[2]).shipped("RE1", &[1]).settle();
    assert_eq!((story.unzer().net, story.problems()), (60_00, vec![]));
}

#[test]
fn cancellation_paid_refunded_by_hand_is_adopted_before_and_after_the_close() {
    let story = order("4711").sofort(119_00).settle().cancelled(&[2]).refunded_by_hand("s-chg-1", 59_00).settle();
    assert!(story.problems().is_empty());
    let story = story.shipped("RE1", &[1]).settle();
    assert_eq!((story.unzer().net, story.problems()), (60_00, vec![]));
}

#[test]
fn cancellation_paid_in_excess_is_never_sent_back_by_itself() {
    let story = order("4711").sofort(150_00).settle().shipped("RE1", &[1, 2]).settle();
    assert_eq!((story.unzer().net, story.problems()), (150_00, vec![]));
}

#[test]
fn cancelled_secured_what_a_claim_was_lowered_by_is_gone_from_its_charge() {
    let left = |story: &Story| -> Vec<i64> {
        cancel::charges_with_money(&story.facts).into_iter().map(|charge| charge.left).collect()
    };
    let story = order("4711").secured_invoice(119_00).settle().shipped("RE1", &[1]).cancelled(&[2]);
    assert_eq!(left(&story), [0; 0], "no money before the notice");
    let story = story.settle();
    assert_eq!((left(&story), story.unzer().claim), (vec![60_00], 60_00));
    let story = story.refunded_by_hand("s-chg-1", 5_00).charged_back("s-chg-1", 10_00);
    assert_eq!(left(&story), [45_00]);
    assert_eq!(left(&story.chargeback_won("s-chg-1", 10_00)), [55_00]);
    let prepaid = order("4711").prepayment(119_00).received(70_00).refunded_by_hand("s-chg-2", 5_00);
    assert_eq!(left(&prepaid), [65_00], "the claim is no charge with money");
}
