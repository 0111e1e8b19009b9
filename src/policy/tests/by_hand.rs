//! What others have moved at Unzer, told from what this daemon has.

use crate::policy::PaymentView;
use crate::policy::by_hand::ByHand;
use crate::policy::story::{Story, order};
use crate::steps::{Evidence, Kind, Outcome};
use crate::unzer::TransactionStatus::{Pending, Success};

fn by_hand(story: &Story) -> ByHand {
    ByHand::of(&story.facts, &story.sums())
}

/// Ours: a capture of 60.00, a refund of 60.00 and a reversal of 21.00. By hand: a capture of 59.00, a refund of 59.00 and a
/// reversal of 10.00.
fn both() -> Story {
    let story = order("4711").card(150_00).expert().settle().reversed_by_hand(10_00).shipped("RE1", &[1]).settle();
    let story = story.charged(59_00, Success).shipped("RE2", &[2]).settle();
    let story = story.returned("GS1", &[1]).settle();
    story.returned("GS2", &[2]).refunded_by_hand("s-chg-2", 59_00).settle()
}

#[test]
fn what_others_moved_is_told_from_ours() {
    let story = both();
    let moved = |kind: &str| story.did.iter().filter(|key| key.starts_with(kind)).count();
    assert_eq!((moved("capture"), moved("refund"), moved("reverse")), (1, 1, 1), "{:?}", story.did);
    assert_eq!(by_hand(&story), ByHand { captured: 59_00, refunded: 59_00, reversed: 10_00 });
}

#[test]
fn what_fits_nothing_is_a_problem_of_its_own() {
    let story = both().refunded_by_hand("s-chg-2", 7_77);
    assert_eq!(story.problems(), [1506]);
    assert_eq!(by_hand(&story), ByHand { captured: 59_00, refunded: 59_00, reversed: 10_00 });
}

#[test]
fn what_was_charged_without_an_authorisation_was_charged_in_the_shop() {
    assert_eq!(by_hand(&order("4711").sofort(119_00)), ByHand::default());
    assert_eq!(by_hand(&order("4711").method("ppl").charged(119_00, Success)), ByHand::default());
    let later = order("4711").pay_later(119_00).charged(60_00, Success);
    assert_eq!(by_hand(&later).captured, 60_00);
}

#[test]
fn what_is_not_decided_has_not_moved() {
    let story = order("4711").card(119_00).charged(50_00, Pending);
    assert_eq!(by_hand(&story), ByHand::default());
}

#[test]
fn a_reference_marks_what_a_lost_store_had_sent() {
    let charged = || order("4711").card(119_00).charged(50_00, Success);
    assert_eq!(by_hand(&charged().with_reference("RE1 k7f3q2")).captured, 0);
    assert_eq!(by_hand(&charged().with_reference("")).captured, 50_00);
}

#[test]
fn a_reversal_is_known_by_its_own_id_wherever_it_is_listed() {
    let mut story = order("4711").card(119_00).expert().settle().cancelled(&[1, 2]).settle();
    assert_eq!(by_hand(&story), ByHand::default());
    let reversal = story.facts.past.iter_mut().find(|past| past.effect.kind() == Kind::Reverse).unwrap();
    let Some(Outcome::Done(Evidence { transaction: Some(path), .. })) = &mut reversal.outcome else {
        panic!("no path")
    };
    *path = "authorize/s-aut-1/cancels/s-cnl-1".into();
    assert_eq!(by_hand(&story), ByHand::default());
    let PaymentView::Known(payment) = &mut story.facts.payment else { panic!("no payment") };
    payment.transactions.last_mut().unwrap().path = "authorize/cancels/s-cnl-2".into();
    assert_eq!(by_hand(&story).reversed, 119_00, "another one");
}

#[test]
fn what_moved_on_another_payment_is_not_this_ones() {
    let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).settle();
    assert_eq!(by_hand(&story).captured, 0);
    let PaymentView::Known(payment) = &mut story.facts.payment else { panic!("no payment") };
    payment.id = "s-pay-32".into();
    assert_eq!(by_hand(&story).captured, 60_00, "its first charge has the path of ours");
}
