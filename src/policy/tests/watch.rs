//! When open steps are looked for, when a person is asked, and when an order is looked at again.

use chrono::TimeDelta;

use crate::policy::story::{Story, not_sent, order, refused, unknown};
use crate::policy::{NextCheck, Past, PaymentView};
use crate::steps::{Evidence, Kind, Outcome, RefusalKind};
use crate::text::PhraseKey;
use crate::unzer::{TransactionKind, TransactionStatus};

const SECOND: TimeDelta = TimeDelta::seconds(1);

/// A capture of which it is not known how it ended, on an order that did not change for ten days, so long after the capture.
fn open(outcome: Outcome, after: TimeDelta) -> Story {
    let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).answer(Kind::Capture, outcome);
    while story.take() {}
    let sent = story.facts.past.iter().find(|past| past.effect.kind() == Kind::Capture).unwrap().at;
    story.facts.stable_since = sent - TimeDelta::days(10);
    story.now = sent + after;
    story
}

fn says(story: &Story, key: PhraseKey) -> bool {
    story.plan().said.iter().any(|phrase| phrase.key == key)
}

#[test]
fn look_the_pauses_between_looks_grow() {
    let pause = |after| {
        let mut story = open(unknown(), after);
        // The problem's comment is written.
        while story.take() {}
        let NextCheck::At(at) = story.plan().next_check else { panic!("looked at again") };
        at - story.now
    };
    let (hour, day) = (TimeDelta::hours(1), TimeDelta::days(1));
    assert_eq!((pause(SECOND), pause(hour - SECOND)), (TimeDelta::minutes(5), TimeDelta::minutes(5)));
    assert_eq!((pause(hour), pause(day - TimeDelta::minutes(1))), (hour, hour));
    assert_eq!((pause(day), pause(day * 3)), (TimeDelta::hours(6), TimeDelta::hours(6)));
}

#[test]
fn look_a_person_is_asked_after_two_hours_or_a_day_or_at_once() {
    let asked = |outcome: &Outcome, after| open(outcome.clone(), after).problems().contains(&1701);
    let two = TimeDelta::hours(2);
    assert_eq!((asked(&unknown(), two - SECOND), asked(&unknown(), two)), (false, true));
    let (taken, day) = (Outcome::Pending(Evidence::default()), TimeDelta::days(1));
    assert_eq!((asked(&taken, day - SECOND), asked(&taken, day)), (false, true));
    let mut story = open(unknown(), SECOND);
    assert!(!story.problems().contains(&1701));
    story.facts.past.last_mut().unwrap().asks_person = true;
    story.facts.past.iter_mut().for_each(|past| past.asks_person = true);
    assert!(story.problems().contains(&1701));
    let done = order("4711").card(119_00).expert().settle().shipped("RE1", &[1]).settle();
    assert!(done.after(60 * 24 * 3).problems().is_empty(), "what is done asks nobody");
}

#[test]
fn look_a_comment_of_which_nobody_knows_holds_nothing_up() {
    let mut story = order("4711").card(119_00).expert().answer(Kind::Comment, unknown());
    while story.take() {}
    assert!(story.facts.past.iter().any(Past::is_open));
    story.facts.stable_since = story.now - TimeDelta::hours(5);
    assert_eq!(story.plan().next_check, NextCheck::At(story.now + TimeDelta::hours(1)), "nobody looks for it");
    let story = story.after(60 * 24 * 2);
    assert_eq!(story.problems(), Vec::<u16>::new());
    let story = story.shipped("RE1", &[1, 2]);
    assert_eq!(story.next(), ["capture:RE1"]);
    assert_eq!(story.settle().plan().rule, "settled");
}

#[test]
fn given_back_is_waited_for_a_quarter_of_an_hour() {
    let hidden = |kind, mut story: Story| {
        let PaymentView::Known(payment) = &mut story.facts.payment else { panic!("no payment") };
        let entry = payment.transactions.iter_mut().find(|entry| entry.kind == kind).unwrap();
        entry.status = TransactionStatus::Error;
        let group = crate::policy::sums::group(payment);
        payment.charged = story.facts.currency.of(crate::policy::sums::UnzerSums::of(payment, group).net);
        story
    };
    let paid = order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]).settle();
    let mut story = hidden(TransactionKind::CancelCharge, paid.returned("GS1", &[1]).settle());
    let refund = story.facts.past.iter().find(|past| past.effect.kind() == Kind::Refund).unwrap();
    let shown_by = refund.settled_at.unwrap() + TimeDelta::minutes(15);
    story.facts.stable_since = shown_by - TimeDelta::hours(10);
    story.now = shown_by - SECOND;
    assert_eq!((story.problems(), story.plan().next_check), (vec![], NextCheck::At(shown_by)));
    story.now = shown_by;
    assert_eq!(story.problems(), [1511], "what ended in an error was not given back");
}

#[test]
fn r15_cover_may_lack_as_much_as_the_tolerance() {
    let raised = |total| order("4711").card(119_00).expert().settle().total(total).problems();
    assert_eq!((raised(119_02), raised(119_03)), (vec![], vec![1209]));
}

#[test]
fn an_order_is_looked_at_again_after_a_fifth_of_the_time_unchanged() {
    let pause = |minutes| {
        let story = order("4711").card(119_00).expert().settle();
        let mut story = story.clone();
        story.now = story.facts.stable_since + TimeDelta::minutes(minutes);
        let NextCheck::At(at) = story.plan().next_check else { panic!("looked at again") };
        (at - story.now).num_minutes()
    };
    assert_eq!((pause(1), pause(60), pause(60 * 24 * 10)), (2, 12, 6 * 60));
}

#[test]
fn settled_orders_are_watched_for_thirty_days() {
    let mut story = order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]).settle();
    let end = story.facts.stable_since + TimeDelta::days(30);
    story.now = end;
    assert!(matches!(story.plan().next_check, NextCheck::At(_)));
    story.now = end + SECOND;
    assert_eq!(story.plan().next_check, NextCheck::Ended);
}

#[test]
fn settled_is_no_order_whose_invoice_is_missing_and_it_is_told_after_a_day() {
    let mut story = order("4711").card(119_00).expert().settle();
    story.facts.lines.iter_mut().for_each(|line| line.state = crate::policy::facts::LineState::Aus);
    story.now = story.facts.stable_since + TimeDelta::days(1) - SECOND;
    assert_eq!((story.plan().rule, story.problems()), ("waiting", vec![]));
    story.now += SECOND;
    assert_eq!(story.problems(), [1609]);
}

#[test]
fn what_has_to_wait_is_said_of_bookings_and_not_of_captures_and_comments() {
    let ended = |kind, story: Story| {
        let mut story = story.answer(kind, not_sent());
        while story.take() {}
        story
    };
    let booking = ended(Kind::BookInvoice, order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]));
    assert_eq!((says(&booking, PhraseKey::StepLater), booking.plan().rule), (true, "book"));
    let capture = ended(Kind::Capture, order("4711").card(119_00).expert().settle().shipped("RE1", &[1, 2]));
    assert_eq!((says(&capture, PhraseKey::StepLater), says(&capture, PhraseKey::CaptureLater)), (false, true));
    let comment = ended(Kind::Comment, order("4711").sofort(119_00));
    assert!(!says(&comment, PhraseKey::StepLater), "{:?}", comment.plan().said);
}

#[test]
fn a_person_is_named_only_where_nothing_else_is_said_of_a_problem() {
    let settled = order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]).settle();
    assert!(!says(&settled, PhraseKey::AwaitingPerson));
    let later = order("4711").card(119_00).expert().settle().shipped("RE1", &[1, 2]);
    let mut later = later.answer(Kind::Capture, refused(RefusalKind::Soft));
    while later.take() {}
    assert_eq!(later.problems(), [1303]);
    assert_eq!((says(&later, PhraseKey::AwaitingPerson), says(&later, PhraseKey::CaptureLater)), (false, true));
    let given_up = order("4711").sofort(200_00).settle().invoiced("RE1", &[1, 2], 119_03).settle();
    assert_eq!((given_up.problems(), says(&given_up, PhraseKey::AwaitingPerson)), (vec![1305], true));
}

#[test]
fn settled_is_no_order_with_a_step_to_take_or_a_problem() {
    let to_book = order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]);
    assert_eq!((to_book.next(), says(&to_book, PhraseKey::Settled)), (vec!["book:RE1".to_owned()], false));
    let wrong = order("4711").sofort(200_00).settle().invoiced("RE1", &[1, 2], 119_03).settle();
    assert_eq!((wrong.problems(), says(&wrong, PhraseKey::Settled)), (vec![1305], false));
    assert!(matches!(wrong.after(60 * 24 * 31).plan().next_check, NextCheck::At(_)));
    let mut later = order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]);
    later = later.answer(Kind::BookInvoice, not_sent());
    while later.take() {}
    assert_eq!((later.next(), says(&later, PhraseKey::Settled)), (vec![], false));
    let unpaid = order("4711").on_invoice(119_00).settle().shipped("RE1", &[1, 2]).settle();
    assert!(!says(&unpaid, PhraseKey::Settled));
    assert!(matches!(unpaid.after(60 * 24 * 31).plan().next_check, NextCheck::At(_)), "the money is still to come");
}

#[test]
fn moments_are_told_as_the_clock_on_the_wall_shows_them() {
    let story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1, 2]).settle();
    let waiting = story.returned("GS1", &[1]).plan().said;
    let at = waiting.iter().find(|phrase| phrase.key == PhraseKey::GiveBackWaits).unwrap();
    let text = at.text(crate::text::Language::En);
    assert!(text.contains(':') && text.contains("2026") && !text.contains("xyzzy"), "{text}");
}
