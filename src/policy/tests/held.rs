//! Steps that a limit in the store has forbidden.

use chrono::TimeDelta;

use crate::journal::Guard;
use crate::money::Currency;
use crate::policy::facts::Held;
use crate::policy::story::{Story, order};
use crate::steps::StepKey;
use crate::text::Language;

/// Two invoices wait for their captures; the first one's is forbidden for an hour.
fn held() -> Story {
    let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).shipped("RE2", &[2]);
    let guard = Guard::Captures { wanted: 60_00, left: 1_050_00 };
    story.facts.held = Some(Held { key: StepKey("capture:RE1".into()), guard, until: story.now + TimeDelta::hours(1) });
    story
}

#[test]
fn a_forbidden_step_is_withheld_and_no_money_moves_on_top_of_it() {
    let story = held();
    assert_eq!((story.next(), story.problems()), (Vec::new(), vec![1803]));
}

#[test]
fn a_forbidden_step_is_told_in_the_orders_language() {
    let mut story = held();
    let text = |story: &Story| story.plan().mark().unwrap().text(story.terms.language);
    assert_eq!(text(&story), "capture of 60.00 EUR was not sent: 1,050.00 EUR of the authorisation are left.");
    story.terms.language = Language::De;
    assert_eq!(
        text(&story),
        "capture über 60,00 EUR wurde nicht gesendet: von der Autorisierung sind 1.050,00 EUR übrig."
    );
}

#[test]
fn a_forbidden_step_is_tried_again_after_a_pause_and_its_problem_stays_meanwhile() {
    let story = held().after(61);
    assert_eq!((story.next()[0].as_str(), story.problems()), ("capture:RE1", vec![1803]));
    let done = story.settle();
    assert_eq!((done.did, done.facts.held.is_some()), (held().settle().did, true));
}

#[test]
fn a_forbidden_step_is_tried_again_when_a_person_asks() {
    let mut story = held();
    story.facts.retry_at = Some(story.now + TimeDelta::minutes(1));
    assert_eq!(story.after(2).next()[0], "capture:RE1");
}

#[test]
fn what_was_forbidden_once_is_no_problem_once_it_is_done() {
    let story = held().after(61).settle();
    assert_eq!((story.problems(), story.unzer().captured), (Vec::new(), 119_00));
}

#[test]
fn the_limit_of_a_day_names_its_setting() {
    let mut story = held();
    let limit = Currency::EUR.of(25_00);
    story.facts.held.as_mut().unwrap().guard = Guard::RefundsPerDay { limit, today: limit };
    let text = story.plan().mark().unwrap().text(Language::En);
    assert!(text.contains("safety.max_refund_per_day of 25.00 EUR"), "{text}");
}

#[test]
fn a_forbidden_step_is_not_tried_again_for_what_was_asked_before() {
    let mut story = held();
    let forbidden_at = story.facts.held.as_ref().unwrap().until - crate::policy::HELD_PAUSE;
    story.facts.retry_at = Some(forbidden_at);
    assert_eq!(story.next(), Vec::<String>::new());
}

#[test]
fn a_forbidden_step_keeps_no_goods_from_being_locked() {
    let mut story = held();
    story.facts.documents.pop();
    story.facts.lines[1].state = crate::policy::facts::LineState::Open("ANG".into());
    assert_eq!((story.next(), story.clone().total(150_00).next()), (vec![], vec!["lock#1".to_owned()]));
}

#[test]
fn a_forbidden_step_is_commented_though_money_stands_still() {
    let plan = held().plan();
    let kinds: Vec<_> = plan.steps.iter().map(|step| step.effect.kind()).collect();
    assert_eq!(kinds, [crate::steps::Kind::Comment], "{:?}", plan.steps);
}
