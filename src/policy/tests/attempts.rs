//! Pauses, numbers of tries and ends, at their very edges.

use chrono::TimeDelta;

use crate::policy::attempts::{Attempt, GIVE_UP_TRANSFER, attempt, attempt_capture};
use crate::policy::facts::Past;
use crate::policy::story::{Story, not_sent, order, refused};
use crate::steps::{Kind, Outcome, RefusalKind, StepKey};
use crate::unzer::TransactionStatus::Success;

const SECOND: TimeDelta = TimeDelta::seconds(1);

fn key(key: &str) -> StepKey {
    StepKey(key.to_owned())
}

/// The capture of an invoice was tried once and ended so.
fn capture_ended(outcome: Outcome) -> Story {
    let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).answer(Kind::Capture, outcome);
    while story.take() {}
    story
}

/// The booking of an invoice was tried once and ended so.
fn booking_ended(outcome: Outcome) -> Story {
    let mut story = order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]).answer(Kind::BookInvoice, outcome);
    while story.take() {}
    story
}

fn tried<'a>(story: &'a Story, wanted: &str) -> &'a Past {
    story.facts.past.iter().find(|past| past.key.0 == wanted).unwrap()
}

#[test]
fn c8_only_a_decline_binds_the_whole_card() {
    let goes = |story: &Story, nr: &str| attempt_capture(&story.facts, &key(nr), "s-pay-31", story.now).goes();
    let lost = capture_ended(not_sent());
    assert_eq!((goes(&lost, "capture:RE1"), goes(&lost, "capture:RE2")), (false, true), "it never left");
    let busy = capture_ended(refused(RefusalKind::Passing));
    assert_eq!((goes(&busy, "capture:RE1"), goes(&busy, "capture:RE2")), (false, true), "Unzer was busy");
    let declined = capture_ended(refused(RefusalKind::Soft));
    assert_eq!((goes(&declined, "capture:RE1"), goes(&declined, "capture:RE2")), (false, false));
}

#[test]
fn c8_ten_soft_declines_in_thirty_days_are_the_last() {
    let mut story = capture_ended(refused(RefusalKind::Soft));
    let first = tried(&story, "capture:RE1").clone();
    for day in 1..10 {
        let at = first.at + TimeDelta::days(day);
        story.facts.past.push(Past { at, settled_at: Some(at), ..first.clone() });
    }
    let at = |since: TimeDelta| attempt_capture(&story.facts, &key("capture:RE1"), "s-pay-31", first.at + since);
    assert!(matches!(at(TimeDelta::days(30) - SECOND), Attempt::Refused(_)));
    assert!(at(TimeDelta::days(30)).goes(), "the first of them is thirty days old");
    story.facts.past.pop();
    let nine = attempt_capture(&story.facts, &key("capture:RE1"), "s-pay-31", first.at + TimeDelta::days(20));
    assert!(nine.goes(), "{nine:?}");
}

#[test]
fn c8_what_was_refused_for_good_is_tried_again_once_the_payment_shows_more() {
    let story = capture_ended(refused(RefusalKind::Final)).after(60 * 24 * 30);
    let goes = |story: &Story| attempt(&story.facts, &key("capture:RE1"), story.now).goes();
    assert!(!goes(&story));
    assert!(!goes(&story.clone().charged(1_00, crate::unzer::TransactionStatus::Pending)));
    assert!(goes(&story.charged(1_00, Success)));
}

#[test]
fn c8_wrong_keys_are_tried_again_after_an_hour() {
    let story = capture_ended(refused(RefusalKind::Configuration));
    let ended = tried(&story, "capture:RE1").settled_at.unwrap();
    let at = |since: TimeDelta| attempt(&story.facts, &key("capture:RE1"), ended + since).goes();
    assert_eq!((at(TimeDelta::hours(1) - SECOND), at(TimeDelta::hours(1))), (false, true));
}

#[test]
fn book_what_never_left_is_tried_again_for_seven_days() {
    let story = booking_ended(not_sent());
    let first = tried(&story, "book:RE1").at;
    let at = |since: TimeDelta| attempt(&story.facts, &key("book:RE1"), first + since);
    assert!(at(TimeDelta::minutes(2)).goes(), "{:?}", at(TimeDelta::minutes(2)));
    assert!(at(GIVE_UP_TRANSFER - SECOND).goes());
    assert_eq!(at(GIVE_UP_TRANSFER), Attempt::GivenUp);
    let lost = capture_ended(not_sent());
    let capture = attempt(&lost.facts, &key("capture:RE1"), lost.now + GIVE_UP_TRANSFER * 2);
    assert!(capture.goes(), "a capture is never given up: {capture:?}");
}

#[test]
fn book_what_pixi_refuses_is_tried_again_for_seven_days() {
    let story = booking_ended(refused(RefusalKind::Final));
    let first = tried(&story, "book:RE1").at;
    let at = |since: TimeDelta| attempt(&story.facts, &key("book:RE1"), first + since);
    assert!(at(GIVE_UP_TRANSFER - SECOND).goes());
    assert!(matches!(at(GIVE_UP_TRANSFER), Attempt::Refused(_)));
}

#[test]
fn book_a_passing_no_is_no_problem_yet() {
    let passing = booking_ended(refused(RefusalKind::Passing));
    assert_eq!((passing.problems(), passing.after(60).problems()), (vec![], vec![]));
    assert_eq!(booking_ended(refused(RefusalKind::Final)).problems(), [1401]);
}

#[test]
fn a_person_who_asks_after_the_last_try_need_not_wait() {
    let mut story = capture_ended(refused(RefusalKind::Configuration));
    let ended = tried(&story, "capture:RE1").settled_at.unwrap();
    let mut goes = |asked| {
        story.facts.retry_at = Some(asked);
        attempt(&story.facts, &key("capture:RE1"), ended + SECOND).goes()
    };
    assert_eq!((goes(ended), goes(ended + SECOND)), (false, true));
}
