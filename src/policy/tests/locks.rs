//! R15, generations of locks, and who may lift them.

use crate::policy::Past;
use crate::policy::story::{not_sent, order, refused, unknown};
use crate::steps::{Kind, Outcome, RefusalKind};
use crate::unzer::TransactionStatus::Success;

#[test]
fn r15_a_raised_order_is_locked_and_unlocked_when_cured() {
    let story = order("4711").card(119_00).expert().settle().total(130_00).settle();
    assert_eq!(story.did, ["release#1", "lock#1"]);
    assert_eq!(story.problems(), [1209]);
    let story = story.total(119_00).settle();
    assert_eq!(story.did, ["release#1", "lock#1", "unlock#2"]);
    let story = story.total(131_00).settle();
    assert_eq!(story.did.last().unwrap(), "lock#3");
}

#[test]
fn r15_holds_for_orders_a_person_released() {
    let story = order("4711").card(100_00).released_by_hand().settle();
    assert_eq!((story.did.clone(), story.problems()), (vec!["lock#1".to_owned()], vec![1209]));
}

#[test]
fn r15_what_was_locked_and_released_is_not_locked_for_a_second_reason() {
    let story = order("4711").sofort(100_00).settle().lock_by_hand(false).settle();
    assert_eq!(story.did, ["lock#1", "release#1"]);
    assert_eq!(story.problems(), [1206]);
}

#[test]
fn cured_what_a_person_unlocked_is_not_locked_again_for_the_same_cause() {
    let story = order("4711").card(119_00).expert().settle().total(130_00).settle().lock_by_hand(false);
    assert_eq!(story.clone().settle().did, ["release#1", "lock#1"]);
    assert_eq!(story.total(125_00).settle().facts.locked, Some(false));
}

#[test]
fn cured_a_lock_of_a_person_is_never_lifted() {
    let story = order("4711").card(119_00).expert().lock_by_hand(true).settle();
    assert_eq!((story.did, story.facts.locked), (vec!["release#1".to_owned()], Some(true)));
}

#[test]
fn cured_a_lock_that_may_be_a_lost_one_of_ours_is_told_and_not_lifted() {
    let mut story = order("4711").card(119_00).expert().settle().total(130_00).answer(Kind::Lock, Outcome::lost());
    story.take();
    let story = story.total(119_00).settle();
    assert_eq!((story.did.clone(), story.problems()), (vec!["release#1".to_owned()], vec![]));
    let story = story.lock_by_hand(true).settle();
    assert_eq!((story.facts.locked, story.problems()), (Some(true), vec![1225]));
    assert!(story.lock_by_hand(false).settle().problems().is_empty());
}

#[test]
fn look_an_order_whose_problem_release_may_still_stand_is_not_cured() {
    let declined = refused(RefusalKind::Final);
    let mut story = order("4711").card(119_00).answer(Kind::Capture, declined).answer(Kind::Release, unknown());
    while story.take() {}
    let story = story.released_by_hand();
    assert_eq!(story.facts.locked, Some(true));
    assert!(!story.next().iter().any(|key| key.starts_with("unlock")), "{:?}", story.next());
}

#[test]
fn cured_where_pixi_shows_no_locks_ours_is_taken_to_stand() {
    let mut story = order("4711").sofort(100_00);
    story.facts.locked = None;
    let story = story.settle();
    assert_eq!(story.did, ["lock#1", "release#1"]);
}

#[test]
fn r6_without_the_lock_there_is_no_release() {
    for answer in [not_sent(), refused(RefusalKind::Final), unknown()] {
        let mut story = order("4711").sofort(100_00).answer(Kind::Lock, answer.clone());
        story.take();
        assert!(!story.next().iter().any(|key| key.starts_with("release")), "{answer:?}");
    }
}

#[test]
fn look_while_a_capture_is_unknown_nothing_is_unlocked() {
    let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).total(130_00);
    story = story.answer(Kind::Capture, unknown());
    while story.take() {}
    assert_eq!(story.facts.locked, Some(true));
    assert!(!story.clone().total(119_00).next().iter().any(|key| key.starts_with("unlock")));
}

#[test]
fn cured_and_broken_again_is_locked_again() {
    let story = order("4711").sofort(100_00).lines(&[60_00, 40_00]).settle().total(150_00).settle();
    assert_eq!(story.facts.locked, Some(true));
    let story = story.total(100_00).lock_by_hand(false).settle();
    assert_eq!((story.facts.locked, story.problems()), (Some(false), vec![]));
    let story = story.total(150_00).settle();
    assert_eq!((story.facts.locked, story.problems()), (Some(true), vec![1209]));
}

#[test]
fn r15_what_a_person_unlocked_is_locked_again_only_where_more_is_missing() {
    let story = order("4711").sofort(100_00).lines(&[60_00, 40_00]).settle().total(150_00).settle();
    let story = story.lock_by_hand(false).settle();
    assert_eq!((story.facts.locked, story.clone().total(140_00).settle().facts.locked), (Some(false), Some(false)));
    assert_eq!(story.total(160_00).settle().facts.locked, Some(true));
}

#[test]
fn cured_a_lock_lifted_by_a_person_is_set_again_where_cover_falls_further() {
    let story = order("4711").card(119_00).expert().settle().total(150_00).settle().lock_by_hand(false).settle();
    assert_eq!((story.facts.locked, story.problems()), (Some(false), vec![1209]));
    assert_eq!(story.reversed_by_hand(20_00).settle().facts.locked, Some(true));
}

#[test]
fn r5_a_lock_lifted_by_a_person_is_set_again_where_more_is_charged_back() {
    let story = order("4711").sofort(119_00).settle().charged_back("s-chg-1", 50_00).settle();
    assert_eq!(story.facts.locked, Some(true));
    let story = story.lock_by_hand(false).settle();
    assert_eq!(story.facts.locked, Some(false), "the person knows of it");
    assert_eq!(story.clone().charged(10_00, Success).settle().facts.locked, Some(false), "no more than before");
    assert_eq!(story.charged_back("s-chg-1", 20_00).settle().facts.locked, Some(true));
}

#[test]
fn cured_a_persons_lock_is_not_taken_for_ours_because_something_else_was_lost() {
    let mut story = order("4711").card(119_00).expert().answer(Kind::Comment, Outcome::lost());
    while story.take() {}
    assert!(story.facts.past.iter().any(Past::may_still_arrive), "a comment was lost");
    let story = story.lock_by_hand(true).settle();
    assert_eq!((story.problems(), story.facts.locked), (vec![], Some(true)));
}

#[test]
fn cured_a_persons_lock_is_not_taken_for_ours_where_pixi_refused_ours() {
    for answer in [refused(RefusalKind::Final), not_sent()] {
        let mut story = order("4711").card(119_00).expert().settle().total(130_00).answer(Kind::Lock, answer);
        assert!(story.take());
        let story = story.total(119_00).lock_by_hand(true).settle();
        assert_eq!((story.problems(), story.facts.locked), (vec![], Some(true)));
    }
}
