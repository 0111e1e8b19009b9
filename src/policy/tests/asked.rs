//! Money a person asks to be moved: how much, once, and what the other rules make of it.

use crate::policy::Past;
use crate::policy::facts::Direction;
use crate::policy::story::{Story, order, refused, unknown};
use crate::steps::{Effect, Kind, ReasonCode, RefusalKind};
use crate::text::PhraseKey;

fn delivered() -> Story {
    order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).settle().shipped("RE2", &[2]).settle()
}

fn paid() -> Story {
    order("4711").sofort(119_00).expert().settle()
}

fn moved(story: &Story) -> Vec<&str> {
    let moves = |key: &&String| key.starts_with("refund") || key.starts_with("capture");
    story.did.iter().filter(moves).map(String::as_str).collect()
}

#[test]
fn asked_a_part_is_captured_and_counts_for_the_invoices_to_come() {
    let story = order("4711").card(119_00).expert().settle().asked(Direction::Capture, 50_00);
    assert_eq!((story.unzer().captured, story.problems()), (50_00, vec![]));
    let story = story.shipped("RE1", &[1]).settle().shipped("RE2", &[2]).settle();
    assert_eq!(story.unzer().captured, 119_00);
    assert_eq!(moved(&story)[1..], ["capture:RE1", "capture:RE2"]);
}

#[test]
fn asked_a_capture_before_the_release_is_taken_off_the_capture_at_release() {
    let story = order("4711").card(119_00).asked(Direction::Capture, 50_00).settle();
    assert_eq!((story.unzer().captured, story.problems()), (119_00, vec![]));
    assert_eq!(moved(&story)[1], "capture:order:119.00");
}

#[test]
fn asked_no_more_is_captured_than_is_left() {
    let story = order("4711").card(119_00).expert().settle().asked(Direction::Capture, 50_00);
    assert_eq!(story.declines(Direction::Capture, 69_01), Some(PhraseKey::AskedTooMuch));
    assert_eq!(story.declines(Direction::Capture, 69_00), None);
    assert_eq!(story.declines(Direction::Capture, 0), Some(PhraseKey::AskedTooMuch));
    let transfer = order("4711").prepayment(119_00).settle();
    assert_eq!(transfer.declines(Direction::Capture, 1_00), Some(PhraseKey::AskedNothingThere));
    assert_eq!(paid().declines(Direction::Capture, 1_00), Some(PhraseKey::AskedNothingThere));
}

#[test]
fn asked_one_request_moves_money_once() {
    let story = delivered().asked(Direction::Refund, 10_00);
    assert_eq!(story.unzer().refunded, 10_00);
    let request = story.last_request();
    let again = story.after(60).asked_as(request, Direction::Refund, 10_00);
    assert_eq!(again.unzer().refunded, 10_00);
    let refused = delivered().answer(Kind::Refund, crate::policy::story::not_sent()).asked(Direction::Refund, 10_00);
    let request = refused.last_request();
    let again = refused.after(60).asked_as(request, Direction::Refund, 10_00);
    assert_eq!(again.unzer().refunded, 0, "a try that failed was the only one");
}

#[test]
fn asked_goodwill_is_owed_by_nobody() {
    let story = delivered().asked(Direction::Refund, 10_00).settle();
    assert_eq!((story.unzer().net, story.problems(), story.hints()), (109_00, vec![], vec![]));
    assert_eq!(story.sums().refunds.goodwill, 10_00);
}

#[test]
fn asked_what_comes_due_after_goodwill_asks_a_person() {
    // Equal, smaller and larger than the gift, on each kind of payment: nothing is paid back on top of it.
    let by_transfer = || order("4711").prepayment(119_00).received(119_00).settle();
    let later = || order("4711").pay_later(119_00).settle();
    for gift in [59_00, 10_00, 100_00] {
        for story in [paid(), by_transfer(), later()] {
            let story = story.shipped("RE1", &[1, 2]).settle().asked(Direction::Refund, gift);
            let story = story.returned("GS1", &[2]).settle();
            assert_eq!((story.unzer().refunded, story.problems()), (gift, vec![1512]));
            assert_ne!(story.did.last().unwrap(), "book:GS1");
        }
    }
    let story = delivered().asked(Direction::Refund, 10_00).returned("GS1", &[2]).settle();
    let cured = story.refunded_by_hand("s-chg-2", 59_00).settle();
    assert_eq!((cured.unzer().net, cured.problems()), (50_00, vec![]), "it was for something else");
    assert_eq!(cured.did.last().unwrap(), "book:GS1");
}

#[test]
fn asked_goodwill_before_the_goods_have_left_locks_nothing() {
    let story = paid().asked(Direction::Refund, 10_00).settle();
    assert_eq!((story.facts.locked, story.problems()), (Some(false), vec![]));
    let story = story.shipped("RE1", &[1, 2]).settle();
    assert_eq!(story.did.last().unwrap(), "book:RE1");
    let story = order("4711").prepayment(119_00).received(119_00).settle().asked(Direction::Refund, 10_00).settle();
    assert_eq!((story.facts.locked, story.problems()), (Some(false), vec![]));
    assert_eq!(story.shipped("RE1", &[1, 2]).settle().did.last().unwrap(), "book:RE1");
}

#[test]
fn asked_lines_cancelled_after_goodwill_are_a_persons() {
    let story = paid().asked(Direction::Refund, 59_00).cancelled(&[2]).shipped("RE1", &[1]).settle();
    assert_eq!((story.unzer().refunded, story.problems()), (59_00, vec![1512]), "the gift may have been for the line");
    let cured = story.refunded_by_hand("s-chg-1", 59_00).settle();
    assert_eq!((cured.unzer().refunded, cured.problems()), (118_00, vec![]), "it was not");
    let dead = paid().asked(Direction::Refund, 10_00).cancelled(&[1, 2]).settle();
    assert_eq!((dead.unzer().net, dead.problems()), (109_00, vec![1512]));
    let cured = dead.refunded_by_hand("s-chg-1", 109_00).settle();
    assert_eq!((cured.unzer().net, cured.problems()), (0, vec![]));
}

#[test]
fn asked_goodwill_covers_nothing_that_was_not_ordered_then() {
    let gone = paid().asked(Direction::Refund, 20_00).cancelled(&[1, 2]).refunded_by_hand("s-chg-1", 99_00).settle();
    assert_eq!((gone.unzer().net, gone.sums().kept()), (0, 0), "nothing is there any more");
    let raised = order("4711").prepayment(119_00).received(139_00).settle().asked(Direction::Refund, 20_00);
    assert_eq!(raised.sums().kept(), 119_00);
    assert!(!raised.total(139_00).settle().problems().is_empty(), "what was given back does not pay for more");
}

#[test]
fn asked_nothing_is_given_on_top_of_what_is_paid_back_anyway() {
    let anyway = Some(PhraseKey::AskedGivesBackAnyway);
    let waiting = delivered().returned("GS1", &[1]);
    assert_eq!(waiting.declines(Direction::Refund, 50_00), anyway, "the credit note waits for its brake");
    assert_eq!(waiting.settle().declines(Direction::Refund, 50_00), None, "it is paid back");
    let dropped = paid().cancelled(&[2]);
    assert_eq!(dropped.declines(Direction::Refund, 50_00), anyway, "the line waits for the rest of the order");
    assert_eq!(dropped.shipped("RE1", &[1]).settle().declines(Direction::Refund, 50_00), None);
    assert_eq!(paid().cancelled(&[1, 2]).declines(Direction::Refund, 50_00), anyway);
    let unpaid = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).settle().cancelled(&[2]);
    assert_eq!(unpaid.declines(Direction::Refund, 50_00), None, "nothing was taken for the line");
}

#[test]
fn asked_what_was_paid_in_excess_may_be_sent_back() {
    let story = order("4711").prepayment(119_00).received(130_00).settle();
    assert!(!story.hints().is_empty());
    let story = story.asked(Direction::Refund, 11_00).settle();
    assert_eq!((story.unzer().net, story.hints(), story.problems()), (119_00, vec![], vec![]));
    assert_eq!(story.received(20_00).sums().overpaid(), 20_00, "and no more of it is in excess than came since");
}

#[test]
fn asked_a_refund_is_taken_from_a_charge_that_holds_it() {
    let story = delivered();
    assert_eq!(story.declines(Direction::Refund, 60_01), Some(PhraseKey::AskedTooMuch), "no charge holds so much");
    let story = story.refunded_by_hand("s-chg-1", 50_00).asked(Direction::Refund, 59_00);
    assert_eq!((story.left_on("s-chg-1"), story.left_on("s-chg-2")), (10_00, 0));
    let later = order("4711").pay_later(119_00).settle();
    assert_eq!(later.declines(Direction::Capture, 50_00), Some(PhraseKey::AskedNothingThere), "for invoices alone");
    let later = later.shipped("RE1", &[1]).settle().shipped("RE2", &[2]).settle();
    let later = later.asked(Direction::Refund, 100_00);
    assert_eq!((later.unzer().refunded, later.problems()), (100_00, vec![]), "on payment level");
    let secured = order("4711").secured_invoice(119_00).settle().shipped("RE1", &[1, 2]).settle();
    let secured = secured.asked(Direction::Refund, 10_00);
    let reason = secured.facts.past.iter().rev().find_map(|past| match past.effect {
        Effect::Refund { reason, .. } => Some(reason),
        _ => None,
    });
    assert_eq!(reason, Some(Some(ReasonCode::Credit)));
}

#[test]
fn asked_nothing_moves_while_another_step_is_open() {
    let open = delivered().answer(Kind::Refund, unknown()).asked(Direction::Refund, 10_00);
    assert_eq!(open.unzer().refunded, 0);
    assert_eq!(open.declines(Direction::Refund, 10_00), Some(PhraseKey::AwaitingLook));
    assert_eq!(open.declines(Direction::Capture, 10_00), Some(PhraseKey::AwaitingLook));
    let pending = delivered().refund_pending("s-chg-1", 5_00);
    assert_eq!(pending.declines(Direction::Refund, 10_00), Some(PhraseKey::AwaitingLook));
    let charging = order("4711").card(119_00).expert().settle().charged(5_00, crate::unzer::TransactionStatus::Pending);
    assert_eq!(charging.declines(Direction::Capture, 10_00), Some(PhraseKey::AwaitingLook));
    let lost = delivered().asked(Direction::Refund, 10_00).without_last_transaction();
    assert_eq!(lost.declines(Direction::Refund, 10_00), Some(PhraseKey::AwaitingLook), "Unzer does not show it");
    let lost = order("4711").card(119_00).expert().settle().asked(Direction::Capture, 10_00).without_last_transaction();
    assert_eq!(lost.declines(Direction::Capture, 10_00), Some(PhraseKey::AwaitingLook), "Unzer does not show it");
    let lost = lost.shipped("RE1", &[1]);
    assert!(lost.next().is_empty(), "nor is it captured once more for the invoice: {:?}", lost.next());
}

#[test]
fn asked_what_is_declined_is_not_done_after_the_rules_have_paid_back() {
    let ripe = delivered().returned("GS1", &[1]).after(60);
    let story = ripe.asked(Direction::Refund, 60_00).settle();
    assert_eq!(story.unzer().refunded, 60_00, "the credit note's, and nothing on top");
}

#[test]
fn asked_what_was_refused_or_not_sent_is_not_tried_again_by_itself() {
    for outcome in [refused(RefusalKind::Final), crate::policy::story::not_sent()] {
        let story = delivered().answer(Kind::Refund, outcome).asked(Direction::Refund, 10_00).settle();
        assert_eq!((story.unzer().refunded, story.problems()), (0, vec![]));
    }
    let declined = order("4711").card(119_00).expert().settle();
    let declined = declined.answer(Kind::Capture, refused(RefusalKind::Hard)).asked(Direction::Capture, 10_00);
    assert_eq!(declined.declines(Direction::Capture, 10_00), None, "a person may ask again");
}

#[test]
fn asked_what_was_wrong_before_stays_so_while_money_moves_for_a_person() {
    let mut story = delivered().asked(Direction::Refund, 10_00);
    assert!(!story.plan().undecided);
    story.facts.asked = Some(crate::policy::facts::AskedMove { request: 99, direction: Direction::Refund, amount: 1 });
    assert!(story.plan().undecided);
}

#[test]
fn asked_goodwill_is_known_by_its_reference_too() {
    let story = delivered().refunded_by_hand("s-chg-1", 10_00);
    assert_eq!(story.problems(), [1506], "nobody's");
    let story = story.with_reference("KULANZ k7f3q2");
    assert_eq!((story.problems(), story.sums().refunds.goodwill), (vec![], 10_00));
}

#[test]
fn asked_a_gift_is_declined_only_while_more_than_cents_are_due() {
    let invoiced = |total| paid().invoiced("RE1", &[1, 2], total).declines(Direction::Refund, 10_00);
    assert_eq!((invoiced(118_98), invoiced(118_97)), (None, Some(PhraseKey::AskedGivesBackAnyway)));
    let refunded = |amount| {
        let story = delivered().returned("GS1", &[1]).refunded_by_hand("s-chg-1", amount);
        story.declines(Direction::Refund, 10_00)
    };
    assert_eq!((refunded(59_98), delivered().declines(Direction::Refund, 10_00)), (None, None));
}

#[test]
fn asked_an_open_comment_keeps_no_money_from_moving() {
    let mut story = order("4711").sofort(119_00).expert().answer(Kind::Comment, unknown());
    while story.take() {}
    assert!(story.facts.past.iter().any(Past::is_open));
    assert_eq!(story.declines(Direction::Refund, 10_00), None);
}

#[test]
fn asked_a_capture_nobody_can_name_or_of_another_payment_is_not_waited_for() {
    let captured = || order("4711").card(119_00).expert().settle().asked(Direction::Capture, 10_00);
    let mut decided = captured().without_last_transaction();
    assert_eq!(decided.declines(Direction::Capture, 10_00), Some(PhraseKey::AwaitingLook));
    for past in decided.facts.past.iter_mut().filter(|past| past.effect.kind() == Kind::Capture) {
        past.outcome = Some(crate::steps::Outcome::Done(crate::steps::Evidence::default()));
    }
    assert_eq!(decided.declines(Direction::Capture, 10_00), None, "a person has decided, and named no transaction");
    let mut renewed = captured().without_last_transaction();
    let crate::policy::PaymentView::Known(payment) = &mut renewed.facts.payment else { panic!("no payment") };
    payment.id = "s-pay-32".into();
    assert_eq!(renewed.declines(Direction::Capture, 10_00), None, "it was taken of another payment");
}

#[test]
fn asked_a_gift_stands_for_no_money_that_never_came() {
    let kept = |received| {
        order("4711").prepayment(119_00).received(received).settle().asked(Direction::Refund, 10_00).sums().kept()
    };
    assert_eq!([60_00, 119_00, 130_00].map(kept), [60_00, 119_00, 120_00]);
}
