//! C0–C9 and R15's other half: money for what is shipped.

use chrono::TimeDelta;

use crate::policy::PaymentView;
use crate::policy::story::{Story, not_sent, order, refused};
use crate::steps::{Effect, Kind, RefusalKind, Step};
use crate::unzer::TransactionStatus::{Pending, Success};

/// Keys without locks and releases.
fn money(story: &Story) -> Vec<&str> {
    let about_money = |key: &&String| !key.contains('#');
    story.did.iter().filter(about_money).map(String::as_str).collect()
}

fn first_capture(story: &Story) -> Step {
    story.plan().steps.into_iter().find(|step| step.effect.kind() == Kind::Capture).unwrap()
}

fn expert() -> Story {
    order("4711").card(119_00).expert().settle()
}

#[test]
fn c0_orders_first_seen_with_an_invoice_are_a_problem_at_once() {
    assert_eq!(order("4711").shipped("RE1", &[1, 2]).problems(), [1101]);
    assert_eq!(order("4711").seen_as(PaymentView::NotFound).shipped("RE1", &[1, 2]).problems(), [1103]);
    let unpaid = order("4711").method("crd").authorized(119_00, Pending).shipped("RE1", &[1, 2]);
    assert_eq!((unpaid.problems(), unpaid.next()), (vec![1302], vec![]));
}

#[test]
fn c0_a_document_somebody_else_paid_moves_no_money() {
    let story = expert().shipped("RE1", &[1]).paid_in_pixi("RE1", 60_00);
    assert_eq!((story.next(), story.problems()), (vec![], vec![1301]));
    let story = story.shipped("RE2", &[2]).settle();
    assert_eq!(money(&story), ["capture:RE2", "book:RE2"]);
}

#[test]
fn c0_a_credit_note_somebody_else_paid_is_not_refunded() {
    let story = expert().shipped("RE1", &[1, 2]).settle().returned("GS1", &[1]).paid_in_pixi("GS1", 60_00).settle();
    assert_eq!((story.unzer().refunded, story.problems()), (0, vec![1301]));
}

#[test]
fn c1_expert_captures_and_books_each_invoice_with_its_number_and_parcel() {
    let mut story = expert().shipped("RE1", &[1]);
    story.facts.documents[0].tracking = Some("00340".into());
    let Effect::Capture { amount, invoice, shipping, .. } = first_capture(&story).effect else { panic!() };
    assert_eq!((amount.minor, invoice.as_deref()), (60_00, Some("RE1")));
    assert_eq!(shipping.unwrap().tracking, "00340");
    let story = story.settle().shipped("RE2", &[2]).settle();
    assert_eq!(money(&story), ["capture:RE1", "book:RE1", "capture:RE2", "book:RE2"]);
}

#[test]
fn c1_what_was_captured_before_counts() {
    let story = order("4711").card(119_00).expert().charged(70_00, Success).settle().shipped("RE1", &[1]).settle();
    assert_eq!(money(&story), ["book:RE1"], "60.00 of the shop's 70.00");
    let story = story.shipped("RE2", &[2]);
    assert_eq!(first_capture(&story).effect.amount().unwrap().minor, 49_00);
    assert_eq!(
        money(&order("4711").card(119_00).settle().shipped("RE1", &[1, 2]).settle()),
        ["capture:order:119.00", "book:RE1"]
    );
}

#[test]
fn c1_a_later_number_shipped_first_does_not_block_the_earlier() {
    let story = expert().shipped("RE2", &[2]).settle().shipped("RE1", &[1]).settle();
    assert_eq!(money(&story), ["capture:RE2", "book:RE2", "capture:RE1", "book:RE1"]);
    assert!(story.problems().is_empty());
}

#[test]
fn c1_the_successor_of_a_deleted_invoice_costs_nothing() {
    let mut story = expert().shipped("RE1", &[1]).settle();
    story.facts.documents.clear();
    let story = story.shipped("RE2", &[1]).settle();
    assert_eq!(money(&story), ["capture:RE1", "book:RE1", "book:RE2"]);
}

#[test]
fn c1_goes_on_while_other_lines_are_on_hold_with_a_problem() {
    let mut story = order("4711").card(100_00).expert();
    story.facts.lines[0].state = crate::policy::facts::LineState::Aus;
    let story = story.shipped("RE1", &[1]).answer(Kind::Release, refused(RefusalKind::Final)).settle();
    assert_eq!(story.unzer().captured, 60_00);
    assert!(story.problems().contains(&1206));
}

#[test]
fn c2_paid_orders_are_booked_without_capture() {
    let story = order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]).settle();
    assert_eq!(money(&story), ["book:RE1"]);
}

#[test]
fn c2_more_invoiced_than_ordered_or_paid_is_a_problem() {
    let story = order("4711").sofort(200_00).settle().invoiced("RE1", &[1, 2], 119_02).settle();
    assert_eq!(money(&story), ["book:RE1"], "within the tolerance");
    let story = order("4711").sofort(200_00).settle().invoiced("RE1", &[1, 2], 119_03).settle();
    assert_eq!((money(&story), story.problems()), (vec![], vec![1305]));
    let story = order("4711").sofort(119_00).settle().invoiced("RE1", &[1, 2], 130_00).settle();
    assert!(money(&story).is_empty() && story.problems().contains(&1302));
}

#[test]
fn c6_pay_later_captures_per_invoice_in_both_modes() {
    for story in [order("4711").pay_later(119_00), order("4711").pay_later(119_00).expert()] {
        let story = story.settle().shipped("RE1", &[1]).settle().cancelled(&[2]).settle();
        assert_eq!(money(&story), ["capture:RE1", "book:RE1"], "the rest expires by itself");
        assert_eq!(story.unzer().rest, 59_00);
    }
}

#[test]
fn c7_invoice_over_authorisation_within_tolerance() {
    let story = expert().invoiced("RE1", &[1, 2], 119_02).settle();
    assert_eq!(money(&story), ["capture:RE1", "book:RE1"]);
    assert_eq!((story.unzer().captured, story.facts.documents[0].paid), (119_00, Some(119_02)));
}

#[test]
fn c7_invoice_over_authorisation_beyond_tolerance_is_a_problem() {
    let story = expert().invoiced("RE1", &[1, 2], 119_03).settle();
    assert_eq!((money(&story), story.problems()), (vec![], vec![1302]));
}

#[test]
fn c8_a_hard_decline_is_never_tried_again_for_any_invoice() {
    let story = expert().shipped("RE1", &[1]).answer(Kind::Capture, refused(RefusalKind::Hard)).settle();
    let story = story.after(40 * 24 * 60).shipped("RE2", &[2]).settle();
    assert_eq!((money(&story), story.problems()), (vec![], vec![1303, 1303]));
}

#[test]
fn c8_pixi_is_told_of_a_refusal_once_and_only_where_that_is_wanted() {
    let reports = |wanted: bool| {
        let mut story = expert().shipped("RE1", &[1, 2]).answer(Kind::Capture, refused(RefusalKind::Hard));
        story.terms.payment_type.report_failed_capture = wanted;
        let past = story.settle().facts.past;
        past.iter().filter(|past| past.effect.kind() == Kind::ReportFailedCapture).count()
    };
    assert_eq!((reports(true), reports(false)), (1, 0));
}

#[test]
fn c8_pixi_is_never_told_of_a_failure_where_money_was_captured() {
    let mut story = expert().shipped("RE1", &[1]).settle().shipped("RE2", &[2]);
    story.terms.payment_type.report_failed_capture = true;
    let story = story.answer(Kind::Capture, refused(RefusalKind::Hard)).settle();
    assert!(story.facts.past.iter().all(|past| past.effect.kind() != Kind::ReportFailedCapture));
    assert_eq!(story.problems(), [1303]);
}

#[test]
fn c8_a_person_may_ask_for_another_try() {
    let mut story = expert().shipped("RE1", &[1, 2]).answer(Kind::Capture, refused(RefusalKind::Hard)).settle();
    story.facts.retry_at = Some(story.now);
    assert_eq!(money(&story.settle()), ["capture:RE1", "book:RE1"]);
}

#[test]
fn c8_a_soft_decline_is_tried_once_a_day_and_ten_times_in_thirty_days() {
    let mut story = expert().shipped("RE1", &[1, 2]);
    let mut tries = 0;
    for _ in 0..20 {
        story = story.answer(Kind::Capture, refused(RefusalKind::Soft));
        let before = story.facts.past.len();
        while story.take() {}
        let captures = |past: &&crate::policy::Past| past.effect.kind() == Kind::Capture;
        tries += story.facts.past[before..].iter().filter(captures).count();
        assert_eq!(story.problems(), [1303], "the same problem all the while");
        story = story.after(23 * 60);
        assert!(!story.next().iter().any(|key| key.starts_with("capture")), "not twice a day");
        story = story.after(60);
    }
    assert_eq!(tries, 10);
}

#[test]
fn c8_a_problem_stays_the_same_while_another_try_is_due() {
    let mut story = expert().shipped("RE1", &[1, 2]).answer(Kind::Capture, refused(RefusalKind::Soft));
    while story.take() {}
    let told = story.plan().notices;
    assert_eq!(story.after(24 * 60).plan().notices, told);
}

#[test]
fn c8_no_answer_is_tried_on_and_becomes_a_problem() {
    let mut story = expert().shipped("RE1", &[1, 2]);
    for _ in 0..8 {
        story = story.answer(Kind::Capture, not_sent());
    }
    for _ in 0..8 {
        while story.take() {}
        story = story.after(6 * 60);
    }
    assert_eq!(story.problems(), [1304]);
    assert_eq!(money(&story.settle()), ["capture:RE1", "book:RE1"]);
}

#[test]
fn c9_the_exact_rest_is_reversed_when_everything_is_captured() {
    let story = order("4711").card(150_00).expert().settle().shipped("RE1", &[1]).settle();
    assert_eq!(story.unzer().rest, 90_00, "not before the order is closed");
    let story = story.shipped("RE2", &[2]).settle();
    assert_eq!((story.unzer().captured, story.unzer().rest, story.unzer().reversed), (119_00, 0, 31_00));
}

#[test]
fn c9_the_rest_is_given_free_though_a_person_has_settled_an_invoice_elsewhere() {
    let mut story = order("4711").card(119_00).expert().settle();
    story.facts.accepted = vec!["RE1".to_owned()];
    let story = story.shipped("RE1", &[1]).shipped("RE2", &[2]).settle();
    assert_eq!((story.unzer().rest, story.problems()), (0, vec![]));
    assert!(!story.did.iter().any(|key| key.ends_with(":RE1")), "{:?}", story.did);
}

#[test]
fn c9_waits_for_two_readings_apart() {
    let mut story = order("4711").card(150_00).expert().settle().shipped("RE1", &[1, 2]);
    while story.take() {}
    assert!(!story.did.iter().any(|key| key.starts_with("reverse")));
    let early = story.clone().after(4);
    assert!(early.next().is_empty());
    assert_eq!(story.after(5).next(), ["reverse:31.00"]);
}

#[test]
fn c9_a_refused_reversal_is_only_a_hint_and_the_order_ends() {
    let story = order("4711").card(150_00).expert().settle().answer(Kind::Reverse, refused(RefusalKind::Final));
    let story = story.shipped("RE1", &[1, 2]).settle();
    assert_eq!((story.problems(), story.hints()), (vec![], vec![1306]));
    assert_eq!(story.plan().rule, "settled");
    let later = story.after(31 * 24 * 60);
    assert_eq!(later.plan().next_check, crate::policy::NextCheck::Ended);
}

#[test]
fn c9_nothing_is_reversed_while_an_invoice_is_not_captured() {
    let story = expert().shipped("RE1", &[1, 2]).answer(Kind::Capture, refused(RefusalKind::Hard)).settle();
    assert_eq!(story.unzer().reversed, 0);
}

#[test]
fn c1_an_invoice_over_nothing_is_neither_captured_nor_booked() {
    let story = order("4711").lines(&[0, 50_00]).card(50_00).expert().settle().shipped("RE1", &[1]).settle();
    assert!(money(&story).is_empty() && story.problems().is_empty());
    assert_eq!(money(&story.shipped("RE2", &[2]).settle()), ["capture:RE2", "book:RE2"]);
}

#[test]
fn waiting_pauses_between_looks_grow_from_two_minutes_to_six_hours() {
    let story = expert();
    let pause = |minutes| match story.clone().after(minutes).plan().next_check {
        crate::policy::NextCheck::At(at) => at - story.clone().after(minutes).now,
        crate::policy::NextCheck::Ended => panic!("still to be shipped"),
    };
    assert!(pause(0) >= TimeDelta::minutes(2) && pause(600) > pause(60));
    assert_eq!(pause(100 * 24 * 60), TimeDelta::hours(6));
}

#[test]
fn c1_nothing_is_captured_beside_a_charge_that_is_not_decided_yet() {
    let story = order("4711").card(119_00).expert().settle();
    let story = story.charged(60_00, crate::unzer::TransactionStatus::Pending).shipped("RE1", &[1]);
    assert!(story.next().is_empty(), "{:?}", story.next());
    let story = order("4711").card(119_00).charged(60_00, crate::unzer::TransactionStatus::Pending);
    assert!(story.next().is_empty(), "{:?}", story.next());
}

#[test]
fn cancellation_paid_before_the_release_is_paid_back_too() {
    use crate::policy::sums::first_total;
    let story = order("4711").sofort(119_00);
    let first = first_total(&story.facts, Some(119_00));
    let story = story.cancelled(&[2]);
    assert_eq!((first, first_total(&story.facts, first)), (Some(119_00), Some(119_00)));
    assert_eq!(first_total(&story.facts, None), Some(119_00), "seen first with a cancelled line");
    let story = story.settle().shipped("RE1", &[1]).settle();
    assert_eq!((story.unzer().net, story.problems()), (60_00, vec![]));
    let raised = story.total(150_00);
    assert_eq!(first_total(&raised.facts, Some(119_00)), Some(119_00), "only on hold");
}

#[test]
fn c1_r7_what_is_taken_at_release_is_not_taken_for_an_invoice_as_well() {
    let story = order("4711").card(238_00).shipped("RE1", &[1]);
    assert_eq!(story.next(), ["capture:order:119.00", "release#1"]);
}
