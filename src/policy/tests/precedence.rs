//! DESIGN 3.6: what comes first, and what an open step allows.

use crate::policy::facts::Unclear;
use crate::policy::story::{order, unknown};
use crate::steps::Kind;

#[test]
fn facts_unclear_stop_everything() {
    for (unclear, number) in
        [(Unclear::Currency, 1603), (Unclear::Merged, 1605), (Unclear::Document("RE9".into()), 1606)]
    {
        let mut story = order("4711").card(119_00);
        story.facts.unclear.push(unclear);
        assert_eq!((story.next(), story.problems()), (vec![], vec![number]));
    }
    let mut story = order("4711").card(119_00);
    story.facts.unclear.push(Unclear::Vanished("line 1".into()));
    assert_eq!((story.next(), story.hints()), (vec![], vec![1604]));
}

#[test]
fn facts_that_stay_away_are_a_persons() {
    let mut story = order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]);
    story.facts.unclear.push(Unclear::Vanished("document RE1".into()));
    assert_eq!((story.clone().after(29).hints(), story.clone().after(29).problems()), (vec![1604], vec![]));
    assert_eq!(story.after(30).problems(), vec![1604]);
}

#[test]
fn a_settled_problem_does_not_hide_another() {
    let story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).paid_in_pixi("RE1", 60_00);
    let story = story.answer(Kind::Capture, crate::policy::story::refused(crate::steps::RefusalKind::Hard));
    let plan = story.shipped("RE2", &[2]).settle().plan();
    let first = plan.mark().unwrap();
    assert_eq!(first.number.digits(), 1301);
    let next = plan.mark_beside(Some(&first.fingerprint())).unwrap();
    assert_eq!(next.number.digits(), 1303);
}

#[test]
fn sums_of_unzer_must_agree() {
    for charged in [118_00, 120_00] {
        let mut story = order("4711").sofort(119_00);
        if let crate::policy::PaymentView::Known(payment) = &mut story.facts.payment {
            payment.charged.minor = charged;
        }
        assert_eq!((story.next(), story.problems()), (vec![], vec![1601]));
    }
}

#[test]
fn look_while_a_money_step_is_open_locking_stays_allowed_and_nothing_else() {
    let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]);
    story = story.answer(Kind::Capture, unknown());
    while story.take() {}
    assert!(story.next().is_empty());
    assert_eq!(story.total(200_00).next(), ["lock#1"]);
}

#[test]
fn look_a_step_that_was_begun_and_never_settled_is_open() {
    let story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]);
    let mut story = story.answer(Kind::Capture, unknown());
    while story.take() {}
    // The process ended before it could store anything.
    story.facts.past.last_mut().unwrap().outcome = None;
    assert_eq!((story.next(), story.plan().rule), (vec![], "look"));
}

#[test]
fn look_an_order_of_long_ago_is_looked_at_again_within_minutes() {
    let mut story = order("4711").sofort(119_00).settle().after(60 * 24 * 20);
    story = story.shipped("RE1", &[1, 2]);
    story.facts.stable_since = story.now - chrono::TimeDelta::days(20);
    story = story.answer(Kind::BookInvoice, unknown());
    while story.take() {}
    story.facts.stable_since = story.now - chrono::TimeDelta::days(20);
    let next = |story: &crate::policy::story::Story| match story.plan().next_check {
        crate::policy::NextCheck::At(at) => (at - story.now).num_minutes(),
        crate::policy::NextCheck::Ended => i64::MAX,
    };
    assert_eq!(next(&story), 5);
    assert_eq!(next(&story.clone().after(90)), 60);
    let mut later = story.after(60 * 30);
    while later.take() {}
    assert_eq!(next(&later), 360);
}

#[test]
fn look_an_open_step_becomes_a_persons_after_two_hours() {
    let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1, 2]);
    story = story.answer(Kind::Capture, unknown());
    while story.take() {}
    assert!(story.clone().after(119).problems().is_empty());
    assert_eq!(story.after(121).problems(), [1701]);
}

#[test]
fn r5_chargeback_stops_captures_refunds_and_bookings() {
    let story = order("4711").sofort(119_00).settle().shipped("RE1", &[1]).charged_back("s-chg-1", 30_00);
    assert_eq!((story.next(), story.problems()), (vec!["lock#1".to_owned()], vec![1205]));
    assert_eq!(story.unzer().net, 89_00);
    let story = story.settle().chargeback_won("s-chg-1", 30_00).settle();
    assert_eq!((story.did.last().unwrap().as_str(), story.facts.locked), ("book:RE1", Some(true)));
}

#[test]
fn c1_charges_made_by_hand_count_as_captured() {
    let story = order("4711").card(119_00).expert().settle().charged(60_00, crate::unzer::TransactionStatus::Success);
    let story = story.shipped("RE1", &[1]).settle();
    assert_eq!(story.did, ["release#1", "book:RE1"]);
}

#[test]
fn facts_unclear_totals_become_a_problem_with_time() {
    let mut story = order("4711").card(119_00);
    story.facts.unclear.push(Unclear::Total);
    assert_eq!((story.problems(), story.hints()), (vec![], vec![1602]));
    let story = story.after(31);
    assert_eq!((story.problems(), story.hints()), (vec![1602], vec![]));
}
