//! How long what is missing or contradictory is waited for.

use chrono::TimeDelta;

use crate::policy::facts::{LineState, Unclear};
use crate::policy::story::{Story, order};
use crate::policy::{NextCheck, PaymentView};
use crate::unzer::TransactionStatus::Pending;

const SECOND: TimeDelta = TimeDelta::seconds(1);

#[test]
fn facts_that_disagree_are_a_hint_first_and_a_problem_after_half_an_hour() {
    for unclear in [Unclear::Total, Unclear::Vanished("line 1".into())] {
        let mut story = order("4711").card(119_00);
        story.facts.unclear = vec![unclear.clone()];
        let mut told = |after| {
            story.now = story.facts.stable_since + after;
            (story.problems().len(), story.hints().len())
        };
        assert_eq!(told(TimeDelta::minutes(30) - SECOND), (0, 1), "{unclear:?}");
        assert_eq!(told(TimeDelta::minutes(30)), (1, 0), "{unclear:?}");
    }
}

#[test]
fn r13_silence_is_a_persons_after_a_day_where_goods_are_out() {
    let silent = |story: Story, after| {
        let since = story.now - after;
        let view = PaymentView::Unreachable { since, code: "HTTP 503".into(), configuration: false };
        let story = story.seen_as(view);
        (story.problems(), story.hints())
    };
    let here = || order("4711").card(119_00).expert().settle();
    let out = || here().shipped("RE1", &[1, 2]);
    let (quarter, day) = (TimeDelta::minutes(15), TimeDelta::days(1));
    assert_eq!(silent(here(), quarter - SECOND), (vec![], vec![]));
    assert_eq!(silent(here(), quarter), (vec![], vec![1108]));
    assert_eq!(silent(here(), day * 2), (vec![], vec![1108]));
    assert_eq!(silent(out(), day - SECOND), (vec![], vec![1108]));
    assert_eq!(silent(out(), day), (vec![1108], vec![]));
}

#[test]
fn r2_r3_half_an_hour_is_waited_and_looked_again_right_then() {
    for view in [PaymentView::NoId, PaymentView::NotFound] {
        let mut story = order("4711").seen_as(view);
        let end = story.facts.first_seen + TimeDelta::minutes(30);
        story.facts.stable_since -= TimeDelta::hours(5);
        story.now = end - SECOND;
        assert_eq!((story.next(), story.plan().next_check), (vec![], NextCheck::At(end)));
        story.now = end;
        assert_eq!(story.next(), ["lock#1", "release#1"]);
    }
}

#[test]
fn c0_without_a_payment_nothing_is_waited_for_once_goods_are_out() {
    let mut story = order("4711").shipped("RE1", &[1]);
    assert_eq!((story.problems(), story.hints()), (vec![1101], vec![]));
    story.facts.documents.clear();
    assert_eq!((story.problems(), story.hints()), (vec![], vec![1101]));
}

#[test]
fn r2_only_an_order_without_a_payment_is_let_go_for_nothing() {
    let free = order("4711").lines(&[0]).method("crd").authorized(1, Pending);
    assert_eq!(free.plan().rule, "R9");
    assert_eq!(order("4711").lines(&[0]).plan().rule, "R2");
}

#[test]
fn sums_of_a_secured_claim_count_from_its_notice() {
    let shown = |mut story: Story, charged| {
        let PaymentView::Known(payment) = &mut story.facts.payment else { panic!("no payment") };
        payment.charged = story.facts.currency.of(charged);
        story.plan().rule
    };
    let before = || order("4711").secured_invoice(119_00).settle();
    assert_ne!(shown(before(), 119_00), "sums", "a claim is no money, whatever Unzer counts");
    let after = || before().shipped("RE1", &[1, 2]).settle();
    assert_eq!((shown(after(), 0), shown(after(), 119_00)), ("sums", "settled"));
    assert_eq!(shown(order("4711").sofort(119_00), 0), "sums");
}

#[test]
fn states_of_lines_are_known_by_pixis_letters() {
    let states = ["HAL", "aus", " RET ", "STO", "NLB", "ang"].map(LineState::from_code);
    let open = LineState::Open("ANG".into());
    assert_eq!(states, [LineState::Hal, LineState::Aus, LineState::Ret, LineState::Sto, LineState::Nlb, open]);
}
