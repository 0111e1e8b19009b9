//! Release of orders on hold (R4–R9): checked, captured where the mode says so, and let go.

use std::ops::ControlFlow;

use chrono::TimeDelta;

use crate::clock::Time;
use crate::config::Mode;
use crate::steps::{Effect, Outcome, RefusalKind};
use crate::text::{Notice, Number, Phrase, PhraseKey, amounts};
use crate::unzer::{Group, Payment, PaymentState, TransactionKind, TransactionStatus};

use super::attempts::Attempt;
use super::draft::Draft;
use super::facts::{Facts, Past};
use super::{asked, capture, claim, identity, locks, reauthorize, sums};

/// A buyer who has not finished is worth a hint after this long …
const HINT_AFTER: TimeDelta = TimeDelta::minutes(15);
/// … and is taken for gone after this long.
const GONE_AFTER: TimeDelta = TimeDelta::hours(24);
/// pixi may take this long to show a release.
const RELEASE_SHOWS_AFTER: TimeDelta = TimeDelta::minutes(10);
/// So long after a release without effect pixi is asked for another call before a person is.
const RELEASE_LINES_ASKED: TimeDelta = TimeDelta::hours(2);

/// So many releases without effect are enough.
pub(super) const RELEASES_IN_VAIN: usize = 3;

/// What a payment shows, whatever its amounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shows {
    /// The buyer is still at it.
    Unfinished,
    /// Refused.
    Refused,
    /// Was good once, all given back.
    Cancelled,
    /// Authorised or charged.
    Good,
}

/// Decides on the lines on hold; does nothing where there is none.
pub(super) fn release(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let Some(payment) = draft.facts.payment.known() else { return ControlFlow::Break(()) };
    if !draft.facts.on_hold() {
        return ControlFlow::Continue(());
    }
    let group = sums::group(payment);
    let decided = let_go(draft, payment, group);
    // Goods that are out are captured, whatever becomes of the lines on hold.
    if draft.facts.invoices().next().is_some() { ControlFlow::Continue(()) } else { decided }
}

fn let_go(draft: &mut Draft<'_>, payment: &Payment, group: Group) -> ControlFlow<()> {
    earlier_release(draft)?;
    reauthorize::put_back_on_hold(draft, payment)?;
    money_there(draft, payment)?;
    enough_money(draft)?;
    match (group, draft.facts.mode) {
        (group, _) if group.claims() => claim::release(draft, payment, group),
        (Group::Auth, Mode::Standard) => capture_at_release(draft, payment),
        (Group::Auth | Group::PayLater, _) if draft.sums.unzer.rest > 0 => {
            let amount = draft.amount(draft.sums.unzer.rest);
            draft.say(Phrase::new(PhraseKey::AuthorizedExpert).with("amount", amount));
            locks::release(draft, "R8", payment.id.clone(), "AUTHORIZED");
        }
        _ => paid_in_full(draft, payment),
    }
    ControlFlow::Continue(())
}

/// A release of ours that pixi has taken, and since which no reading has shown the order off hold; with the time it was
/// done.
fn unshown(facts: &Facts) -> Option<(&Past, Time)> {
    let last = facts.done().filter(|past| matches!(past.effect, Effect::Release { .. })).last()?;
    let released_at = last.settled_at.unwrap_or(last.at);
    let shown = facts.last_seen_released.is_some_and(|seen| seen >= released_at);
    (facts.on_hold() && !shown).then_some((last, released_at))
}

/// pixi has had time to show the release of this order, and shows it on hold: worth asking what else could let it go.
pub fn had_no_effect(facts: &Facts, now: Time) -> bool {
    unshown(facts).is_some_and(|(_, released_at)| now >= released_at + RELEASE_SHOWS_AFTER)
}

/// An order this daemon has released is on hold: either pixi has not shown it yet, or a person has put it back.
pub(super) fn earlier_release(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let Some((last, released_at)) = unshown(draft.facts) else { return ControlFlow::Continue(()) };
    let ours = draft.facts.last_auth_code.as_deref().is_some_and(|code| code.contains(&last.token));
    let shows_at = released_at + RELEASE_SHOWS_AFTER;
    if draft.now < shows_at {
        draft.rule("release");
        draft.wake(shows_at);
        return ControlFlow::Break(());
    }
    // Where pixi does not show the code, some tries in vain say the same.
    let seen = draft.facts.last_seen_released;
    let in_vain = draft.facts.done().filter(|past| {
        matches!(past.effect, Effect::Release { .. })
            && seen.is_none_or(|seen| past.settled_at.unwrap_or(past.at) > seen)
    });
    if ours || in_vain.count() >= RELEASES_IN_VAIN {
        return let_lines_go(draft, last);
    }
    ControlFlow::Continue(())
}

/// The release was taken and did nothing. Where pixi has a call that lets the lines go, it is used once, in the place of a
/// further release: behind the same checks of money and lock. Else, or where that has no effect either, a person's turn.
fn let_lines_go(draft: &mut Draft<'_>, last: &Past) -> ControlFlow<()> {
    let tried = draft.facts.past.iter().rev().find(|past| {
        past.at >= last.at && matches!(past.effect, Effect::ReleaseLines { .. }) && (past.is_done() || past.is_open())
    });
    if let Some(tried) = tried {
        let shows_at = tried.settled_at.unwrap_or(tried.at) + RELEASE_SHOWS_AFTER;
        if tried.is_open() || draft.now < shows_at {
            draft.rule("release");
            draft.wake(shows_at.max(draft.now + RELEASE_SHOWS_AFTER / 2));
            return ControlFlow::Break(());
        }
    } else if !draft.facts.external_nr.is_empty() {
        match draft.facts.surroundings.release_lines {
            Some(true) => {
                draft.by_lines = true;
                return ControlFlow::Continue(());
            }
            // Whether pixi has the call could not be asked; it is asked again before a person is.
            None if draft.now < last.settled_at.unwrap_or(last.at) + RELEASE_LINES_ASKED => {
                draft.rule("release");
                draft.wake(draft.now + RELEASE_SHOWS_AFTER / 2);
                return ControlFlow::Break(());
            }
            Some(false) | None => {}
        }
    }
    draft.rule("release");
    draft.notice(Notice::problem(Number::ReleaseWithoutEffect));
    ControlFlow::Break(())
}

/// R4 and R5: the buyer has finished and the payment is good.
fn money_there(draft: &mut Draft<'_>, payment: &Payment) -> ControlFlow<()> {
    if draft.sums.pixi.ordered == 0 {
        return ControlFlow::Continue(());
    }
    if in_review(draft, payment) {
        return locks::lock_and_release(draft, "R5", Notice::problem(Number::PaymentInReview));
    }
    match shows(draft, payment) {
        Shows::Good => ControlFlow::Continue(()),
        Shows::Refused => locks::lock_and_release(draft, "R5", Notice::problem(Number::PaymentRefused)),
        Shows::Cancelled => locks::lock_and_release(draft, "R5", Notice::problem(Number::PaymentCancelled)),
        Shows::Unfinished => {
            let waited = draft.now - draft.facts.first_seen;
            if waited >= GONE_AFTER {
                return locks::lock_and_release(draft, "R4", Notice::problem(Number::BuyerGone));
            }
            draft.rule("R4");
            draft.say(PhraseKey::BuyerNotFinished);
            draft.wake(draft.facts.first_seen + GONE_AFTER);
            if waited >= HINT_AFTER {
                draft.notice(Notice::hint(Number::BuyerPending));
            } else {
                draft.wake(draft.facts.first_seen + HINT_AFTER);
            }
            ControlFlow::Break(())
        }
    }
}

/// Why an order that was let go with a problem is short of money: as it was said when it was released.
pub(super) fn shortage(draft: &Draft<'_>) -> Option<(&'static str, Notice)> {
    let payment = draft.facts.payment.known()?;
    if in_review(draft, payment) {
        return Some(("R5", Notice::problem(Number::PaymentInReview)));
    }
    Some(match shows(draft, payment) {
        Shows::Refused => ("R5", Notice::problem(Number::PaymentRefused)),
        Shows::Cancelled => ("R5", Notice::problem(Number::PaymentCancelled)),
        Shows::Unfinished => ("R4", Notice::problem(Number::BuyerGone)),
        Shows::Good => ("R6", cover_notice(draft, Number::TooLittleMoney)),
    })
}

/// R7: the order was let go locked because the capture was refused, and the money has not come since.
pub(super) fn refused_at_release(draft: &Draft<'_>) -> Option<Notice> {
    let needed = draft.sums.pixi.needed();
    if draft.facts.mode != Mode::Standard
        || !locks::released_with_problem(draft)
        || draft.sums.kept() >= needed - draft.tolerance()
    {
        return None;
    }
    let last = draft.facts.past.iter().rfind(|past| takes_at_release(past))?;
    match (&last.effect, &last.outcome) {
        (Effect::Capture { amount, .. }, Some(Outcome::Refused(refusal))) => {
            Some(refused_notice(amounts::neutral(*amount), &refusal.code))
        }
        _ => None,
    }
}

/// A capture of R7, not one of an invoice or of a person's choice.
fn takes_at_release(past: &Past) -> bool {
    matches!(past.effect, Effect::Capture { invoice: None, .. }) && !asked::is_asked(&past.key)
}

fn refused_notice(amount: String, code: &str) -> Notice {
    Notice::problem(Number::CaptureAtReleaseRefused).with("amount", amount).with("code", code)
}

fn cover_notice(draft: &Draft<'_>, number: Number) -> Notice {
    let needed = draft.sums.pixi.needed();
    let cover = draft.amount(draft.sums.cover());
    Notice::problem(number).with("cover", cover).with("needed", draft.amount(needed))
}

/// Unzer examines the payment, and what is there without its leave is not enough.
pub(super) fn in_review(draft: &Draft<'_>, payment: &Payment) -> bool {
    let needed = draft.sums.pixi.needed();
    let there = draft.sums.kept() + draft.sums.unzer.rest;
    payment.state == PaymentState::PaymentReview && there < needed - draft.tolerance()
}

fn shows(draft: &Draft<'_>, payment: &Payment) -> Shows {
    let begins = |status: &[TransactionStatus]| {
        payment.transactions.iter().any(|entry| {
            matches!(entry.kind, TransactionKind::Authorize | TransactionKind::Charge) && status.contains(&entry.status)
        })
    };
    if draft.sums.cover() > 0 {
        Shows::Good
    } else if begins(&[TransactionStatus::Success]) {
        Shows::Cancelled
    } else if begins(&[TransactionStatus::Pending, TransactionStatus::Resumed]) {
        Shows::Unfinished
    } else if begins(&[TransactionStatus::Error]) {
        Shows::Refused
    } else if payment.state == PaymentState::Canceled {
        Shows::Cancelled
    } else {
        Shows::Unfinished
    }
}

/// R6: the money covers the order within the tolerance. Too much is only said.
fn enough_money(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let cover = draft.sums.cover();
    let needed = draft.sums.pixi.needed();
    if cover < needed - draft.tolerance() {
        let notice = cover_notice(draft, Number::TooLittleMoney);
        return locks::lock_and_release(draft, "R6", notice);
    }
    if cover > draft.sums.pixi.ordered + draft.tolerance() {
        let hint = Notice { severity: crate::text::Severity::Hint, ..cover_notice(draft, Number::TooMuchMoney) };
        draft.notice(hint);
    }
    ControlFlow::Continue(())
}

/// R7: in standard mode authorised money is taken before the order is let go.
fn capture_at_release(draft: &mut Draft<'_>, payment: &Payment) {
    let sums = draft.sums.unzer;
    let amount = (draft.sums.pixi.ordered - sums.captured).max(0).min(sums.rest);
    if amount <= 0 {
        return paid_in_full(draft, payment);
    }
    if draft.money_held {
        return;
    }
    if let Some(entry) = capture::undecided_charge(draft, payment) {
        draft.rule("look");
        draft.say(Phrase::new(PhraseKey::AwaitingLook).with("step", entry));
        return;
    }
    if capture::awaits_asked(draft, payment) {
        return;
    }
    let written = draft.amount(amount);
    draft.say(Phrase::new(PhraseKey::CaptureAtRelease).with("amount", &written));
    let target = draft.facts.money(sums.captured + amount).decimal();
    let effect = Effect::Capture {
        payment: payment.id.clone(),
        amount: draft.facts.money(amount),
        invoice: None,
        shipping: None,
    };
    let key = format!("capture:order:{target}");
    let attempt = draft.step("R7", key.clone(), effect, capture::guards(draft, payment, 0));
    draft.rule("R7");
    if !matches!(attempt, Attempt::Done(_)) {
        silent_capture(draft, &key);
    }
    match attempt {
        Attempt::Go { .. } => locks::release(draft, "R7", payment.id.clone(), "CHARGED"),
        Attempt::Refused(refusal) | Attempt::Later { refusal: Some(refusal), .. } => match refusal.kind {
            RefusalKind::Hard | RefusalKind::Soft | RefusalKind::Final | RefusalKind::AlreadySo => {
                let _ = locks::lock_and_release(draft, "R7", refused_notice(written, &refusal.code));
            }
            // R13: not the buyer's money is in question; the order stays on hold and it is tried again.
            RefusalKind::Configuration => {
                draft.notice(Notice::problem(Number::UnzerConfiguration).with("code", &refusal.code));
            }
            RefusalKind::Passing | RefusalKind::Stale => {}
        },
        Attempt::Done(_) | Attempt::Open(_) | Attempt::Later { .. } | Attempt::GivenUp => {}
    }
}

/// R13: a capture that has found no ear for a while is worth a hint.
fn silent_capture(draft: &mut Draft<'_>, key: &str) {
    let tries = || draft.facts.past.iter().filter(|past| past.key.0 == key);
    let (Some(first), Some(last)) = (tries().next(), tries().next_back()) else { return };
    let code = match &last.outcome {
        Some(Outcome::NotSent { cause }) => cause.clone(),
        Some(Outcome::Refused(no)) if matches!(no.kind, RefusalKind::Passing | RefusalKind::Stale) => no.code.clone(),
        _ => return,
    };
    if draft.now - first.at >= identity::SILENCE {
        let since = draft.moment(first.at);
        draft.notice(Notice::hint(Number::UnzerSilent).with("since", since).with("code", code));
    }
}

/// R9: charged in full.
fn paid_in_full(draft: &mut Draft<'_>, payment: &Payment) {
    if draft.money_held {
        return;
    }
    let amount = draft.amount(draft.sums.unzer.net);
    draft.say(Phrase::new(PhraseKey::PaidInFull).with("amount", amount));
    locks::release(draft, "R9", payment.id.clone(), "CHARGED");
}
