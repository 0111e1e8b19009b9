//! R1–R9, R13: what becomes of an order on hold.

use chrono::TimeDelta;

use crate::policy::facts::{AskedMove, Direction, LineState};
use crate::policy::story::{Story, not_sent, order, refused, unknown};
use crate::policy::{NextCheck, PaymentView, Standing, release_had_no_effect};
use crate::steps::{Effect, Kind, RefusalKind};
use crate::unzer::PaymentState;
use crate::unzer::TransactionStatus::{Error, Pending, Success};

/// Locked and released, with these problems told.
fn assert_locked_and_released(story: Story, problem: u16) {
    assert_eq!(story.next(), ["lock#1", "release#1"], "a lock comes before the release");
    let story = story.settle();
    assert_eq!(story.did, ["lock#1", "release#1"]);
    assert_eq!(story.problems(), [problem], "told once, and still after the release");
    assert_eq!(story.facts.locked, Some(true));
}

#[test]
fn r1_orders_left_alone_get_nothing() {
    for standing in [Standing::Legacy, Standing::Manual, Standing::Ignored] {
        let mut story = order("4711").after(600);
        story.facts.standing = standing;
        let plan = story.plan();
        assert!(plan.steps.is_empty() && plan.notices.is_empty(), "{standing:?}");
        assert_eq!(plan.next_check, NextCheck::Ended);
    }
}

#[test]
fn r2_without_payment_id_it_waits_with_a_hint_for_half_an_hour() {
    let story = order("4711").after(29);
    assert_eq!(story.next(), Vec::<String>::new());
    assert_eq!((story.hints(), story.problems()), (vec![1101], vec![]));
    let NextCheck::At(at) = story.plan().next_check else { panic!("looked at again") };
    assert!(
        at <= story.facts.first_seen
            + TimeDelta::minutes(30).max(story.now - story.facts.first_seen + TimeDelta::hours(1))
    );
}

#[test]
fn r2_after_half_an_hour_it_is_locked_and_released() {
    assert_locked_and_released(order("4711").after(30), 1101);
    assert_locked_and_released(order("4711").seen_as(PaymentView::SeveralIds).after(30), 1102);
}

#[test]
fn r2_a_payment_id_that_comes_later_cures_the_lock() {
    let story = order("4711").after(30).settle().card(119_00).settle();
    assert_eq!(story.facts.locked, Some(false));
    assert!(story.problems().is_empty());
    assert_eq!(story.did.last().unwrap(), "unlock#2");
}

#[test]
fn r2_an_order_that_costs_nothing_is_released() {
    let story = order("4711").lines(&[0]).settle();
    assert_eq!(story.did, ["release#1"]);
    assert!(story.problems().is_empty());
}

#[test]
fn r2_an_order_that_costs_nothing_is_released_beside_an_unfinished_payment() {
    let story = order("4711").lines(&[0]).method("crd").authorized(1, Pending).settle();
    assert_eq!(story.did, ["release#1"]);
}

#[test]
fn r2_a_cancelled_order_without_payment_comes_to_its_end() {
    let story = order("4711").cancelled(&[1, 2]).settle().after(31 * 24 * 60);
    assert_eq!(story.did, Vec::<String>::new());
    assert_eq!(story.plan().next_check, NextCheck::Ended);
}

#[test]
fn r3_an_order_that_costs_nothing_and_names_the_payment_of_another_is_released_and_told() {
    for view in [PaymentView::TakenBy("main/SHOP/9".into()), PaymentView::OtherOrder("main/SHOP/9".into())] {
        let story = order("4711").lines(&[0]).seen_as(view).settle();
        assert_eq!((story.did.as_slice(), story.problems()), (["release#1".to_owned()].as_slice(), vec![1106]));
        assert_ne!(story.after(31 * 24 * 60).plan().next_check, NextCheck::Ended);
    }
}

#[test]
fn r3_a_payment_unknown_to_unzer_is_waited_for_half_an_hour() {
    let story = order("4711").seen_as(PaymentView::NotFound).after(29);
    assert_eq!((story.next(), story.hints()), (vec![], vec![1103]));
    assert_locked_and_released(story.after(1), 1103);
}

#[test]
fn r3_payments_of_others_are_locked_at_once() {
    assert_locked_and_released(order("4711").seen_as(PaymentView::OtherMerchant), 1104);
    assert_locked_and_released(order("4711").seen_as(PaymentView::TakenBy("main/SHOP/9".into())), 1106);
    assert_locked_and_released(order("4711").seen_as(PaymentView::OtherOrder("main/SHOP/9".into())), 1106);
}

#[test]
fn r3_a_payment_in_another_currency_is_locked() {
    let mut story = order("4711").card(119_00);
    story.facts.currency = "CHF".parse().unwrap();
    assert_locked_and_released(story, 1105);
}

#[test]
fn r3_a_problem_release_leaves_on_the_order_what_was_there() {
    let mut story = order("4711").seen_as(PaymentView::OtherMerchant);
    story.facts.pay_id = Some("s-pay-31".into());
    let release = story.plan().steps.into_iter().find(|step| step.effect.kind() == Kind::Release).unwrap();
    assert!(matches!(release.effect, Effect::Release { auth_id, .. } if auth_id == "s-pay-31"));
}

#[test]
fn r4_a_buyer_who_has_not_finished_is_waited_for() {
    let story = order("4711").method("crd").authorized(119_00, Pending);
    assert_eq!((story.clone().after(14).hints(), story.clone().after(14).next()), (vec![], vec![]));
    assert_eq!((story.clone().after(15).hints(), story.clone().after(15).next()), (vec![1201], vec![]));
    assert_eq!(story.clone().after(24 * 60 - 1).next(), Vec::<String>::new());
    assert_locked_and_released(story.after(24 * 60), 1202);
}

#[test]
fn r4_a_buyer_who_finishes_after_a_day_cures_the_lock() {
    let story = order("4711").expert().method("crd").authorized(119_00, Pending).after(24 * 60).settle();
    let story = story.authorized(119_00, Success).settle();
    assert_eq!((story.facts.locked, story.problems()), (Some(false), vec![]));
}

#[test]
fn r5_refused_and_cancelled_payments_are_locked() {
    assert_locked_and_released(order("4711").method("crd").authorized(119_00, Error), 1203);
    assert_locked_and_released(order("4711").card(119_00).reversed_by_hand(119_00), 1204);
}

#[test]
fn r5_a_chargeback_on_hold_is_locked_and_stays_so() {
    let story = order("4711").sofort(119_00).charged_back("s-chg-1", 119_00);
    assert_locked_and_released(story.clone(), 1205);
    let story = story.settle().chargeback_won("s-chg-1", 119_00).settle();
    assert_eq!((story.facts.locked, story.problems()), (Some(true), vec![]), "unlocking is a person's");
}

#[test]
fn r5_a_chargeback_on_an_order_locked_before_is_not_unlocked_either() {
    let story = order("4711").sofort(100_00).settle().charged_back("s-chg-1", 100_00).settle();
    let story = story.chargeback_won("s-chg-1", 100_00).total(100_00).settle();
    assert_eq!(story.facts.locked, Some(true));
}

#[test]
fn r6_cover_is_measured_with_the_tolerance_on_both_sides() {
    for (cover, problems, hints) in
        [(118_97, vec![1206], vec![]), (118_98, vec![], vec![]), (119_02, vec![], vec![]), (119_03, vec![], vec![1207])]
    {
        let story = order("4711").card(cover);
        assert_eq!((story.problems(), story.hints()), (problems, hints), "{cover}");
    }
    assert_locked_and_released(order("4711").sofort(118_97), 1206);
}

#[test]
fn r7_standard_takes_the_order_total_then_releases() {
    let story = order("4711").card(150_00).settle();
    assert_eq!(story.did, ["capture:order:119.00", "release#1"]);
    assert_eq!(story.unzer().captured, 119_00);
}

#[test]
fn r7_takes_only_what_the_shop_has_not_and_at_most_the_rest() {
    let story = order("4711").card(119_00).charged(100_00, Success).settle();
    assert_eq!(story.did, ["capture:order:119.00", "release#1"]);
    assert_eq!(story.unzer().captured, 119_00);
    let story = order("4711").card(118_99).settle();
    assert_eq!(story.did, ["capture:order:118.99", "release#1"]);
}

#[test]
fn r7_an_order_raised_and_held_again_is_captured_by_difference() {
    let story = order("4711").card(150_00).settle().total(130_00).on_hold_again().settle();
    assert_eq!(story.did, ["capture:order:119.00", "release#1", "capture:order:130.00", "release#2"]);
}

#[test]
fn r7_a_refused_capture_locks_and_stays_locked_after_the_release() {
    for kind in [RefusalKind::Hard, RefusalKind::Soft, RefusalKind::Final] {
        let story = order("4711").card(119_00).answer(Kind::Capture, refused(kind)).settle();
        assert_eq!(story.did, ["lock#1", "release#1"], "{kind:?}");
        assert_eq!((story.facts.locked, story.problems()), (Some(true), vec![1208]));
    }
}

#[test]
fn r7_money_that_comes_after_a_refused_capture_cures_the_lock() {
    let story = order("4711").card(119_00).answer(Kind::Capture, refused(RefusalKind::Hard)).settle();
    let story = story.charged(119_00, Success).settle();
    assert_eq!((story.facts.locked, story.problems()), (Some(false), vec![]));
}

#[test]
fn r7_a_passing_no_keeps_the_order_on_hold() {
    for answer in [refused(RefusalKind::Passing), refused(RefusalKind::Stale), not_sent()] {
        let mut story = order("4711").card(119_00).answer(Kind::Capture, answer);
        story.take();
        assert_eq!((story.next(), story.problems()), (vec![], vec![]));
        assert_eq!(story.settle().did, ["capture:order:119.00", "release#1"]);
    }
}

#[test]
fn r7_r13_a_capture_that_finds_no_ear_is_a_hint_after_a_quarter_of_an_hour() {
    let mut story = order("4711").card(119_00);
    for _ in 0..4 {
        story = story.answer(Kind::Capture, not_sent());
        assert!(story.take());
        assert_eq!(story.hints(), Vec::<u16>::new());
        let pause = 1 << (story.facts.past.len() - 1);
        story = story.after(pause);
    }
    story = story.after(1);
    assert_eq!((story.hints(), story.problems()), (vec![1108], vec![]));
}

#[test]
fn r7_wrong_keys_are_no_reason_to_lock() {
    let mut story = order("4711").card(119_00).answer(Kind::Capture, refused(RefusalKind::Configuration));
    story.take();
    assert_eq!((story.next(), story.problems()), (vec![], vec![1107]));
}

#[test]
fn r7_an_unknown_capture_keeps_the_order_on_hold() {
    let mut story = order("4711").card(119_00).answer(Kind::Capture, unknown());
    story.take();
    assert_eq!(story.next(), Vec::<String>::new());
    let story = story.after(60).found(crate::steps::Outcome::Done(crate::steps::Evidence::default())).settle();
    assert_eq!(story.did, ["capture:order:119.00", "release#1"]);
}

#[test]
fn r8_expert_and_pay_later_are_released_without_capture() {
    for story in [order("4711").card(119_00).expert(), order("4711").pay_later(119_00)] {
        let story = story.settle();
        assert_eq!(story.did, ["release#1"]);
        assert_eq!(story.unzer().captured, 0);
    }
}

#[test]
fn r9_paid_in_full_is_released() {
    assert_eq!(order("4711").sofort(119_00).settle().did, ["release#1"]);
    let charged_in_shop = order("4711").method("ppl").charged(119_00, Success).settle();
    assert_eq!(charged_in_shop.did, ["release#1"]);
}

#[test]
fn r13_silence_of_unzer_does_nothing_and_hints_after_a_quarter_of_an_hour() {
    let mut story = order("4711");
    let since = story.now;
    let view = |configuration| PaymentView::Unreachable { since, code: "HTTP 503".into(), configuration };
    story = story.seen_as(view(false));
    assert_eq!((story.clone().after(14).hints(), story.clone().after(14).next()), (vec![], vec![]));
    assert_eq!((story.clone().after(600).hints(), story.clone().after(600).next()), (vec![1108], vec![]));
    let gone = story.clone().shipped("RE1", &[1, 2]).after(60 * 24);
    assert_eq!((gone.problems(), gone.next()), (vec![1108], vec![]), "goods are out");
    let story = story.seen_as(view(true)).after(600);
    assert_eq!((story.problems(), story.next()), (vec![1107], vec![]));
}

#[test]
fn release_without_effect_end_after_some_tries() {
    let mut story = order("4711").sofort(119_00);
    for _ in 0..3 {
        while story.take() {}
        for line in &mut story.facts.lines {
            line.state = LineState::Hal;
        }
        (story.facts.last_seen_released, story.facts.last_auth_code) = (None, None);
        story = story.after(11);
    }
    assert_eq!((story.next(), story.problems()), (vec![], vec![1210]));
}

#[test]
fn release_without_effect_goes_on_by_the_lines_once() {
    let hold = |story: &mut Story| {
        for line in &mut story.facts.lines {
            line.state = LineState::Hal;
        }
        story.facts.last_seen_released = None;
    };
    let mut story = order("4711").sofort(119_00);
    while story.take() {}
    hold(&mut story);
    story.facts.last_auth_code =
        story.facts.past.iter().rfind(|past| past.key.0 == "release#1").map(|past| past.token.clone());
    assert_eq!(
        (story.clone().after(9).next(), story.clone().after(9).problems()),
        (vec![], vec![]),
        "pixi may be slow"
    );
    story.facts.surroundings.release_lines = None;
    let unasked = story.clone().after(11);
    assert_eq!((unasked.next(), unasked.problems()), (vec![], vec![]), "pixi could not be asked for the call");
    assert_eq!(story.clone().after(130).problems(), vec![1210], "nor for hours");
    story.facts.surroundings.release_lines = Some(false);
    let without = story.clone().after(11);
    assert_eq!((without.next(), without.problems()), (vec![], vec![1210]));
    story.facts.surroundings.release_lines = Some(true);
    let mut story = story.after(11);
    assert_eq!((story.next(), story.problems()), (vec!["release_lines#1".to_owned()], vec![]));
    while story.take() {}
    hold(&mut story);
    assert_eq!((story.clone().after(5).next(), story.clone().after(5).problems()), (vec![], vec![]));
    let story = story.after(11);
    assert_eq!((story.next(), story.problems()), (vec![], vec![1210]), "not twice");
}

#[test]
fn switched_off_orders_get_a_hint_and_stay_due() {
    let mut story = order("4711").card(119_00).after(600);
    story.facts.standing = Standing::SwitchedOff;
    assert!(story.plan().undecided, "nothing counts as solved");
    let plan = story.plan();
    assert_eq!((plan.steps.len(), story.problems(), story.hints()), (0, vec![], vec![1610]));
    assert!(matches!(plan.next_check, NextCheck::At(_)), "not ended");
    story.facts.standing = Standing::Managed;
    assert_eq!(
        (story.next(), story.hints()),
        (vec!["capture:order:119.00".to_owned(), "release#1".to_owned()], vec![])
    );
}

#[test]
fn r7_a_capture_that_finds_no_ear_is_worth_a_hint_after_a_quarter_of_an_hour() {
    let mut story = order("4711").card(119_00).answer(Kind::Capture, not_sent()).answer(Kind::Capture, not_sent());
    assert!(story.take());
    assert_eq!(story.hints(), Vec::<u16>::new());
    assert_eq!(story.clone().after(14).hints(), Vec::<u16>::new());
    let mut story = story.after(15);
    assert_eq!((story.hints(), story.problems()), (vec![1108], vec![]));
    assert!(story.take());
    assert_eq!(story.hints(), [1108], "still after the next try in vain");
    assert_eq!(story.settle().hints(), Vec::<u16>::new(), "and gone once it succeeds");
}

#[test]
fn r7_waits_for_what_was_captured_for_a_person_and_unzer_does_not_show_yet() {
    let mut story = order("4711").card(119_00);
    story.facts.asked = Some(AskedMove { request: 1, direction: Direction::Capture, amount: 50_00 });
    assert!(story.take());
    story.facts.asked = None;
    assert_eq!((story.did.as_slice(), story.facts.on_hold()), (["capture:asked#1".to_owned()].as_slice(), true));
    assert_eq!(story.next(), ["capture:order:119.00", "release#1"], "Unzer shows it");
    let unseen = story.without_last_transaction();
    assert_eq!((unseen.next(), unseen.problems(), unseen.plan().rule), (vec![], vec![], "look"));
}

#[test]
fn r8_r9_the_return_code_says_whether_the_money_was_taken() {
    let code = |story: Story| {
        story.plan().steps.into_iter().find_map(|step| match step.effect {
            Effect::Release { auth_code, .. } => Some(auth_code),
            _ => None,
        })
    };
    assert_eq!(code(order("4711").card(119_00).expert()).as_deref(), Some("AUTHORIZED"));
    assert_eq!(code(order("4711").card(120_00).expert().charged(119_00, Success)).as_deref(), Some("AUTHORIZED"));
    assert_eq!(code(order("4711").card(119_00).expert().charged(119_00, Success)).as_deref(), Some("CHARGED"));
    assert_eq!(code(order("4711").pay_later(119_00).charged(119_00, Success)).as_deref(), Some("CHARGED"));
    assert_eq!(code(order("4711").sofort(119_00)).as_deref(), Some("CHARGED"));
}

/// pixi has taken the release, and shows neither it nor its code.
fn hold_again(story: &mut Story) {
    for line in &mut story.facts.lines {
        line.state = LineState::Hal;
    }
    (story.facts.last_seen_released, story.facts.last_auth_code) = (None, None);
}

/// Released, and on hold all the same; since when.
fn in_vain(story: Story) -> (Story, crate::clock::Time) {
    let mut story = story;
    while story.take() {}
    hold_again(&mut story);
    let released = story.facts.past.iter().rfind(|past| past.effect.kind() == Kind::Release).unwrap();
    let released_at = released.settled_at.unwrap();
    // A reading of long ago: the order would be looked at again in half an hour.
    story.facts.stable_since = released_at - TimeDelta::hours(3);
    (story, released_at)
}

#[test]
fn release_without_effect_is_one_that_no_reading_has_shown_for_ten_minutes() {
    let (mut story, released_at) = in_vain(order("4711").sofort(119_00));
    let ten = TimeDelta::minutes(10);
    let no_effect = |story: &Story, after| release_had_no_effect(&story.facts, released_at + after);
    assert_eq!((no_effect(&story, ten - TimeDelta::seconds(1)), no_effect(&story, ten)), (false, true));
    story.facts.last_seen_released = Some(released_at - TimeDelta::seconds(1));
    assert!(no_effect(&story, ten), "shown before this release");
    story.facts.last_seen_released = Some(released_at);
    assert!(!no_effect(&story, ten), "shown, and put back by a person");
    story.facts.last_seen_released = None;
    story.facts.lines.iter_mut().for_each(|line| line.state = LineState::Open("ANG".into()));
    assert!(!no_effect(&story, ten), "not on hold");
}

#[test]
fn release_is_tried_again_after_ten_minutes_whatever_else_was_done() {
    // A capture, a release, and their comments: only releases count as tried in vain.
    let (mut story, released_at) = in_vain(order("4711").card(119_00));
    assert!(story.facts.done().count() > 3);
    story.now = released_at + TimeDelta::minutes(9);
    let shows_at = released_at + TimeDelta::minutes(10);
    assert_eq!((story.next(), story.plan().next_check), (vec![], NextCheck::At(shows_at)));
    story.now = shows_at;
    assert_eq!((story.next(), story.problems()), (vec!["release#2".to_owned()], vec![]));
}

#[test]
fn release_without_effect_counts_from_when_the_order_was_last_seen_released() {
    let (mut story, first) = in_vain(order("4711").sofort(119_00));
    for release in ["release#2", "release#3", "release#4"] {
        story.facts.last_seen_released = Some(first);
        story = story.after(11);
        story.facts.last_seen_released = Some(first);
        assert_eq!((story.next(), story.problems()), (vec![release.to_owned()], vec![]));
        while story.take() {}
        hold_again(&mut story);
    }
    story.facts.last_seen_released = Some(first);
    story.now += TimeDelta::minutes(11);
    assert_eq!((story.next(), story.problems()), (vec![], vec![1210]));
}

#[test]
fn release_without_effect_is_looked_at_again_in_time() {
    let (mut story, released_at) = in_vain(order("4711").sofort(119_00));
    story.facts.last_auth_code =
        story.facts.past.iter().rfind(|past| past.key.0 == "release#1").map(|p| p.token.clone());
    story.facts.surroundings.release_lines = None;
    let five = TimeDelta::minutes(5);
    story.now = released_at + TimeDelta::hours(2) - TimeDelta::seconds(1);
    assert_eq!((story.problems(), story.plan().next_check), (vec![], NextCheck::At(story.now + five)));
    story.now = released_at + TimeDelta::hours(2);
    assert_eq!(story.problems(), [1210], "whether pixi has the call could not be asked for two hours");
    story.facts.surroundings.release_lines = Some(true);
    assert_eq!(story.next(), ["release_lines#1"]);
    while story.take() {}
    let lines_at = story.facts.past.iter().rfind(|past| past.key.0 == "release_lines#1").unwrap().settled_at.unwrap();
    let code = story.facts.past.iter().rfind(|past| past.key.0 == "release#1").map(|past| past.token.clone());
    hold_again(&mut story);
    (story.facts.last_auth_code, story.facts.stable_since) = (code, released_at - TimeDelta::hours(3));
    let shows_at = lines_at + TimeDelta::minutes(10);
    story.now = lines_at + TimeDelta::minutes(2);
    assert_eq!((story.problems(), story.plan().next_check), (vec![], NextCheck::At(shows_at)));
    story.now = lines_at + TimeDelta::minutes(9);
    assert_eq!((story.problems(), story.plan().next_check), (vec![], NextCheck::At(story.now + five)));
    story.now = shows_at;
    assert_eq!((story.next(), story.problems()), (vec![], vec![1210]));
}

#[test]
fn r4_a_buyer_who_has_not_finished_is_looked_at_again_in_time() {
    let mut story = order("4711").method("crd").authorized(119_00, Pending);
    let seen = story.facts.first_seen;
    let next = |story: &Story| story.plan().next_check;
    story = story.after(14);
    assert_eq!(next(&story), NextCheck::At(seen + TimeDelta::minutes(15)));
    story = story.after(10 * 60);
    assert!(matches!(next(&story), NextCheck::At(at) if at > story.now));
    story.now = seen + TimeDelta::hours(23);
    assert_eq!(next(&story), NextCheck::At(seen + TimeDelta::hours(24)));
}

#[test]
fn r7_part_of_the_money_does_not_cure_a_refused_capture() {
    let story = order("4711").card(119_00).answer(Kind::Capture, refused(RefusalKind::Hard)).settle();
    let story = story.charged(100_00, Success).settle();
    assert_eq!((story.facts.locked, story.problems()), (Some(true), vec![1208]));
}

#[test]
fn r7_an_order_a_person_released_is_not_held_for_a_refused_capture() {
    let mut story = order("4711").card(119_00).answer(Kind::Capture, refused(RefusalKind::Hard));
    assert!(story.take());
    assert_eq!(story.problems(), [1208]);
    let story = story.released_by_hand();
    assert_eq!((story.next(), story.problems()), (vec![], vec![]));
}

#[test]
fn r5_a_payment_under_review_needs_what_the_order_needs() {
    let reviewed = |mut story: Story| {
        let PaymentView::Known(payment) = &mut story.facts.payment else { panic!("no payment") };
        payment.state = PaymentState::PaymentReview;
        (story.next().into_iter().next(), story.problems())
    };
    let released = (Some("release#1".to_owned()), vec![]);
    assert_eq!(reviewed(order("4711").card(119_00).expert()), released, "authorised");
    assert_eq!(reviewed(order("4711").card(118_98).expert()), released, "within the tolerance");
    assert_eq!(reviewed(order("4711").card(118_97).expert()), (Some("lock#1".to_owned()), vec![1214]));
    assert_eq!(reviewed(order("4711").sofort(60_00)), (Some("lock#1".to_owned()), vec![1214]));
}

#[test]
fn r5_a_payment_without_a_transaction_goes_by_its_state() {
    let empty = |state: PaymentState| {
        let mut story = order("4711").method("crd");
        let PaymentView::Known(payment) = &mut story.facts.payment else { panic!("no payment") };
        payment.state = state;
        story
    };
    assert_locked_and_released(empty(PaymentState::Canceled), 1204);
    assert_eq!(empty(PaymentState::Pending).next(), Vec::<String>::new());
}

#[test]
fn r7_r13_only_what_may_pass_is_silence() {
    for (kind, hints) in [
        (RefusalKind::Passing, vec![1108]),
        (RefusalKind::Stale, vec![1108]),
        (RefusalKind::Configuration, vec![]),
        (RefusalKind::Hard, vec![]),
    ] {
        let mut story = order("4711").card(119_00).answer(Kind::Capture, refused(kind));
        assert!(story.take());
        assert_eq!(story.after(15).hints(), hints, "{kind:?}");
    }
}
