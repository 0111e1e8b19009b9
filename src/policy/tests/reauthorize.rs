//! R16: a person puts an order back on hold because its cover is gone or too small.

use crate::config::Reauthorize;
use crate::policy::story::{Story, order, refused};
use crate::steps::{Effect, Kind, RefusalKind};

/// Released, then the authorisation is gone, and the goods are still there.
fn lost(method: &str, setting: Reauthorize) -> Story {
    let mut story = order("4711").method(method).authorized(119_00, crate::unzer::TransactionStatus::Success).expert();
    story.terms.payment_type.reauthorize = setting;
    let story = story.settle().reversed_by_hand(119_00).settle();
    assert_eq!((story.did.last().unwrap().as_str(), story.problems()), ("lock#1", vec![1209]));
    story
}

#[test]
fn r16_a_card_is_authorised_anew_and_the_old_payment_reversed_last() {
    let mut story = order("4711").card(119_00).expert();
    story.terms.payment_type.reauthorize = Reauthorize::OnHold;
    let story = story.settle().total(150_00).settle();
    assert_eq!((story.problems(), story.facts.locked), (vec![1209], Some(true)));
    let story = story.on_hold_again().settle();
    assert_eq!(story.did[2..], ["reauthorize#1", "release#2", "unlock#2", "reverse:s-pay-31:119.00"]);
    assert_eq!((story.unzer().rest, story.facts.pay_id.as_deref()), (150_00, Some("s-pay-32")));
    assert_eq!((story.problems(), story.facts.locked), (vec![], Some(false)));
    let amount = story.facts.past.iter().find_map(|past| match &past.effect {
        Effect::Reauthorize { amount, order_id, .. } => Some((amount.minor, order_id.clone())),
        _ => None,
    });
    assert_eq!(amount, Some((150_00, "100234-R1".to_owned())));
}

#[test]
fn r16_money_taken_before_still_counts_and_is_paid_back_from_where_it_is() {
    let mut story = order("4711").card(119_00).expert();
    story.terms.payment_type.reauthorize = Reauthorize::OnHold;
    let story = story.settle().shipped("RE1", &[1]).settle().reversed_by_hand(59_00).settle();
    let story = story.on_hold_again().settle();
    assert_eq!(story.unzer().rest, 59_00, "only what is missing is authorised: {:?}", story.did);
    let story = story.shipped("RE2", &[2]).settle().returned("GS1", &[1]).returned("GS2", &[2]).settle();
    let moved: Vec<_> =
        story.did.iter().filter(|key| key.starts_with("capture") || key.starts_with("refund")).collect();
    assert_eq!(moved, ["capture:RE1", "capture:RE2", "refund:GS1:60.00:s-chg-1", "refund:GS2:59.00:s-chg-1"]);
    assert_eq!((story.unzer().net, story.problems()), (0, vec![]));
}

#[test]
fn r16_instalments_are_changed() {
    for method in ["pit", "pdd"] {
        let mut story = order("4711").method(method).authorized(119_00, crate::unzer::TransactionStatus::Success);
        story.terms.payment_type.reauthorize = Reauthorize::OnHold;
        let story = story.settle().total(150_00).settle().on_hold_again().settle();
        assert_eq!(story.did[2..], ["change:s-pay-31:150.00", "release#2", "unlock#2"]);
        assert_eq!((story.unzer().rest, story.problems()), (150_00, vec![]));
    }
}

#[test]
fn r16_other_methods_say_that_they_cannot() {
    for method in ["ppl", "piv"] {
        let story = lost(method, Reauthorize::OnHold).on_hold_again().settle();
        assert!(story.hints().contains(&1216), "{:?}", story.hints());
        assert_eq!((story.did.last().unwrap().as_str(), story.facts.locked), ("release#2", Some(true)));
    }
}

#[test]
fn r16_never_and_ask_are_kept_to() {
    let story = lost("crd", Reauthorize::Never).on_hold_again().settle();
    assert!(!story.did.iter().any(|key| key.starts_with("reauthorize")));
    let mut story = lost("crd", Reauthorize::Ask).on_hold_again();
    assert!(story.hints().contains(&1218) && !story.next().contains(&"reauthorize#1".to_owned()));
    story = story.settle();
    story.facts.reauthorize_asked = true;
    story.facts.retry_at = Some(story.now);
    assert_eq!(story.next(), ["reauthorize#1"]);
    assert!(story.take());
    story.facts.reauthorize_asked = false;
    let story = story.settle();
    assert_eq!(story.did.iter().filter(|key| key.starts_with("reauthorize")).count(), 1);
    assert_eq!((story.facts.pay_id.as_deref(), story.facts.locked), (Some("s-pay-32"), Some(false)));
}

#[test]
fn r16_a_refusal_locks_and_is_not_asked_again_until_a_person_does() {
    let story = lost("crd", Reauthorize::OnHold).answer(Kind::Reauthorize, refused(RefusalKind::Hard));
    let story = story.on_hold_again().settle();
    assert_eq!(story.facts.locked, Some(true));
    assert_eq!(story.facts.past.iter().filter(|past| past.effect.kind() == Kind::Reauthorize).count(), 1);
    let story = story.on_hold_again().settle();
    assert_eq!(story.facts.past.iter().filter(|past| past.effect.kind() == Kind::Reauthorize).count(), 2);
    assert_eq!((story.problems(), story.facts.locked), (vec![], Some(false)), "{:?}", story.did);
}

#[test]
fn r16_too_little_money_at_first_import_is_no_request() {
    let mut story = order("4711").card(50_00).expert();
    story.terms.payment_type.reauthorize = Reauthorize::OnHold;
    assert_eq!((story.next(), story.problems()), (vec!["lock#1".to_owned(), "release#1".to_owned()], vec![1206]));
}

#[test]
fn r16_a_refusal_ends_what_a_person_asked_for() {
    let mut story = lost("crd", Reauthorize::Ask);
    (story.facts.reauthorize_asked, story.facts.retry_at) = (true, Some(story.now));
    story = story
        .after(1)
        .answer(Kind::Reauthorize, refused(RefusalKind::Hard))
        .answer(Kind::Reauthorize, refused(RefusalKind::Hard));
    while story.take() {}
    assert_eq!(story.facts.past.iter().filter(|past| past.effect.kind() == Kind::Reauthorize).count(), 1);
    assert_eq!(story.problems(), vec![1217]);
}

#[test]
fn r16_pixi_is_told_of_the_new_payment_three_times_at_most() {
    let mut story = lost("crd", Reauthorize::Ask);
    (story.facts.reauthorize_asked, story.facts.retry_at) = (true, Some(story.now));
    assert!(story.take());
    story.facts.reauthorize_asked = false;
    for _ in 0..20 {
        if !story.take() {
            break;
        }
        // pixi says yes, and shows the old payment.
        story.facts.pay_id = Some("s-pay-31".into());
    }
    let written = story
        .facts
        .past
        .iter()
        .filter(|past| matches!(&past.effect, Effect::Release { auth_id, .. } if auth_id == "s-pay-32"));
    assert_eq!((written.count(), story.problems()), (3, vec![1210]));
}

#[test]
fn r16_cancelled_auth_before_the_old_payment_was_reversed_reverses_both() {
    let mut story = order("4711").card(119_00).expert();
    story.terms.payment_type.reauthorize = Reauthorize::OnHold;
    let mut story = story.settle().total(150_00).settle().on_hold_again();
    while !story.did.iter().any(|key| key == "release#2") {
        assert!(story.take(), "{:?}", story.did);
    }
    let story = story.cancelled(&[1, 2]).settle();
    let reversed: Vec<_> = story.did.iter().filter(|key| key.starts_with("reverse")).collect();
    assert_eq!(reversed, ["reverse:150.00", "reverse:s-pay-31:119.00"]);
}

#[test]
fn r16_an_authorisation_that_ended_without_a_trace_is_missing() {
    let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]);
    story = story.answer(Kind::Capture, refused(RefusalKind::Final)).settle();
    assert_eq!((story.problems(), story.unzer().rest), (vec![1303], 119_00));
    (story.facts.reauthorize_asked, story.facts.retry_at) = (true, Some(story.now));
    assert_eq!(story.next(), ["reauthorize#1"]);
    assert!(story.take());
    story.facts.reauthorize_asked = false;
    let story = story.settle();
    assert!(story.did.contains(&"capture:RE1".to_owned()), "another card is not bound by the decline: {:?}", story.did);
}

#[test]
fn r16_a_change_that_does_not_help_is_a_problem() {
    let mut story = order("4711").method("pit").authorized(119_00, crate::unzer::TransactionStatus::Success);
    story.terms.payment_type.reauthorize = Reauthorize::OnHold;
    let mut story = story.settle().total(150_00).settle().on_hold_again();
    story = story.answer(Kind::ChangeAuthorization, crate::steps::Outcome::Done(crate::steps::Evidence::default()));
    let story = story.settle();
    assert_eq!((story.facts.locked, story.facts.on_hold()), (Some(true), false), "{:?}", story.did);
}

/// What is authorised anew, or changed, and under which order id.
fn authorised(story: &Story) -> Vec<(i64, Option<String>)> {
    let amount = |effect: &Effect| match effect {
        Effect::Reauthorize { amount, order_id, .. } => Some((amount.minor, Some(order_id.clone()))),
        Effect::ChangeAuthorization { amount, .. } => Some((amount.minor, None)),
        _ => None,
    };
    let planned = story.plan().steps.into_iter().filter_map(|step| amount(&step.effect)).collect::<Vec<_>>();
    story.facts.past.iter().filter_map(|past| amount(&past.effect)).chain(planned).collect()
}

#[test]
fn r16_what_lacks_no_more_than_the_tolerance_is_no_request() {
    let raised = |total| {
        let mut story = order("4711").card(119_00).expert();
        story.terms.payment_type.reauthorize = Reauthorize::OnHold;
        authorised(&story.settle().total(total).on_hold_again())
    };
    assert_eq!((raised(119_02), raised(119_03)), (vec![], vec![(119_03, Some("100234-R1".into()))]));
}

#[test]
fn r16_the_advice_names_what_is_missing() {
    let mut story = order("4711").card(119_00).expert();
    story.terms.payment_type.reauthorize = Reauthorize::Ask;
    let story = story.settle().shipped("RE1", &[1]).settle().credited("GS1", &[1], 10_00).settle().total(150_00);
    let told = story.plan().notices.into_iter().find(|notice| notice.number.digits() == 1218).unwrap().values;
    assert!(told.iter().any(|(name, value)| name == "amount" && value.starts_with("31.00")), "{told:?}");
}

#[test]
fn r16_an_authorisation_that_ended_without_a_trace_is_asked_for_whole() {
    let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]);
    story = story.answer(Kind::Capture, refused(RefusalKind::Final)).settle();
    (story.facts.reauthorize_asked, story.facts.retry_at) = (true, Some(story.now));
    assert_eq!(authorised(&story), [(119_00, Some("100234-R1".into()))]);
    let mut busy = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]);
    busy = busy.answer(Kind::Capture, refused(RefusalKind::Passing));
    while busy.take() {}
    (busy.facts.reauthorize_asked, busy.facts.retry_at) = (true, Some(busy.now));
    assert_eq!(authorised(&busy), [], "it may well be there");
}

#[test]
fn r16_what_was_captured_stays_in_a_changed_authorisation() {
    let mut story = order("4711").method("pdd").authorized(119_00, crate::unzer::TransactionStatus::Success);
    story.terms.payment_type.reauthorize = Reauthorize::OnHold;
    let story = story.settle().shipped("RE1", &[1]).settle().total(150_00).on_hold_again();
    assert_eq!(authorised(&story), [(150_00, None)]);
}

#[test]
fn r16_each_new_authorisation_has_a_number_and_an_order_id_of_its_own() {
    let story = lost("crd", Reauthorize::OnHold).answer(Kind::Reauthorize, crate::policy::story::not_sent());
    let story = story.answer(Kind::Reauthorize, refused(RefusalKind::Hard)).on_hold_again().settle();
    let story = story.on_hold_again().settle();
    let ids: Vec<_> = authorised(&story).into_iter().filter_map(|(_, id)| id).collect();
    assert_eq!(ids, ["100234-R1", "100234-R1", "100234-R2"], "what never left has used up no number");
}

#[test]
fn r16_a_refusal_holds_until_somebody_asks_after_it() {
    let mut story = lost("crd", Reauthorize::Ask);
    (story.facts.reauthorize_asked, story.facts.retry_at) = (true, Some(story.now));
    story = story.after(1).answer(Kind::Reauthorize, refused(RefusalKind::Hard));
    while story.take() {}
    let refused_at = story.facts.past.iter().find(|past| past.effect.kind() == Kind::Reauthorize).unwrap().at;
    let mut asks = |asked| {
        story.facts.last_seen_released = Some(refused_at);
        story.facts.retry_at = Some(asked);
        story.next().contains(&"reauthorize#2".to_owned())
    };
    assert_eq!((asks(refused_at), asks(refused_at + chrono::TimeDelta::seconds(1))), (false, true));
}

#[test]
fn r16_nothing_is_asked_for_again_while_an_order_is_not_on_hold_and_nobody_asks() {
    let story = lost("crd", Reauthorize::OnHold);
    assert_eq!(authorised(&story), []);
    let mut held = lost("crd", Reauthorize::Ask).on_hold_again();
    held.facts.reauthorize_asked = true;
    held.facts.retry_at = Some(held.now);
    assert_eq!(held.next(), ["reauthorize#1"], "on hold it is asked for in its place");
}

/// Authorised anew over 150.00, the old payment still holding its 119.00.
fn raised(setting: Reauthorize) -> Story {
    let mut story = order("4711").card(119_00).expert();
    story.terms.payment_type.reauthorize = setting;
    story.settle().total(150_00).settle()
}

#[test]
fn r16_a_refused_capture_of_the_old_payment_says_nothing_of_the_new_one() {
    let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]);
    story = story.answer(Kind::Capture, refused(RefusalKind::Final)).settle();
    (story.facts.reauthorize_asked, story.facts.retry_at) = (true, Some(story.now));
    assert!(story.take());
    assert_eq!(authorised(&story).len(), 1, "not asked for twice: {:?}", story.next());
}

#[test]
fn r16_an_order_pixi_has_never_shown_released_was_put_back_by_nobody() {
    let mut story = order("4711").card(119_00).expert();
    story.terms.payment_type.reauthorize = Reauthorize::OnHold;
    while story.take() {}
    story.facts.lines.iter_mut().for_each(|line| line.state = crate::policy::facts::LineState::Hal);
    (story.facts.last_seen_released, story.facts.last_auth_code) = (None, None);
    let story = story.reversed_by_hand(119_00).after(11);
    assert_eq!((authorised(&story), story.problems()), (vec![], vec![1204]));
}

#[test]
fn r16_the_old_payment_is_reversed_after_pixi_names_the_new_one() {
    let mut story = raised(Reauthorize::Ask);
    (story.facts.reauthorize_asked, story.facts.retry_at) = (true, Some(story.now));
    assert!(story.take());
    story.facts.reauthorize_asked = false;
    let story = story.after(10);
    assert!(!story.facts.on_hold());
    assert!(!story.next().iter().any(|key| key.starts_with("reverse")), "{:?}", story.next());
    assert_eq!(story.settle().did.last().unwrap(), "reverse:s-pay-31:119.00");
}

#[test]
fn r16_an_old_payment_that_cannot_be_reversed_keeps_its_order_from_being_settled() {
    let shipped = |story: Story| story.on_hold_again().settle().shipped("RE1", &[1, 2]).settle();
    assert_eq!(shipped(raised(Reauthorize::OnHold)).plan().rule, "settled");
    let refused = shipped(raised(Reauthorize::OnHold).answer(Kind::Reverse, refused(RefusalKind::Final)));
    assert_ne!(refused.plan().rule, "settled", "{:?}", refused.did);
}
