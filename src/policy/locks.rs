//! Shipping locks and releases: a lock always comes before a release that is not covered by money.
//!
//! Our unlock only ever follows our own lock. What a person has unlocked is not locked again for the same cause.

use std::ops::ControlFlow;

use crate::steps::{Effect, Guards, Outcome};
use crate::text::{Notice, Number, PhraseKey};

use crate::unzer::{Payment, TransactionKind, TransactionStatus};

use super::draft::Draft;
use super::facts::Past;
use super::release::earlier_release;

/// Return code of a release in spite of a problem.
pub(super) const PROBLEM: &str = "PROBLEM";

/// Problem, lock, release: the order leaves HOLD, but not the house.
pub(super) fn lock_and_release(draft: &mut Draft<'_>, rule: &'static str, notice: Notice) -> ControlFlow<()> {
    draft.rule(rule);
    let secured = lock(draft, rule, &notice);
    draft.notice(notice);
    if draft.facts.on_hold() && secured {
        draft.say(PhraseKey::ReleasedWithLock);
        // A problem release leaves on the order what was there.
        let there = draft.facts.pay_id.clone().unwrap_or_default();
        release(draft, rule, there, PROBLEM);
    } else {
        draft.say(PhraseKey::AwaitingPerson);
    }
    ControlFlow::Break(())
}

/// Locks what is not shipped yet. True where the lock stands or is planned.
pub(super) fn lock(draft: &mut Draft<'_>, rule: &'static str, notice: &Notice) -> bool {
    if draft.facts.locked == Some(true) {
        return true;
    }
    if !draft.facts.unshipped() {
        return false;
    }
    let cause = cause(draft, notice);
    if let Some(last) = last_lock_step(draft) {
        let same = matches!(&last.effect, Effect::Lock { cause: before, .. } if covers(before, &cause));
        if same {
            // Where pixi does not show locks, ours is taken to stand; where it does, a person has lifted it.
            return draft.facts.locked.is_none();
        }
    }
    let reason = format!("{}: {}", notice.number, notice.text(draft.terms.language));
    let key = format!("lock#{}", generation(draft));
    let attempt = draft.step(rule, key, Effect::Lock { reason, cause }, Guards::default());
    if let Some(refusal) = attempt.refusal() {
        let code = refusal.code.clone();
        draft.notice(Notice::problem(Number::PixiRefused).with("step", "lock").with("code", code));
    }
    attempt.goes()
}

/// What a lock is set for: the problem, and how bad it is where that can grow.
fn cause(draft: &Draft<'_>, notice: &Notice) -> String {
    let missing = draft.sums.pixi.needed() - draft.sums.cover();
    let charged_back: i64 = draft
        .facts
        .payments()
        .flat_map(|payment| &payment.transactions)
        .filter(|entry| entry.kind == TransactionKind::Chargeback && entry.status == TransactionStatus::Success)
        .map(|entry| entry.amount.minor)
        .sum();
    match notice.number {
        Number::CoverLost | Number::TooLittleMoney => format!("{}:{missing}", notice.number),
        Number::Chargeback => format!("{}:{charged_back}", notice.number),
        number => number.to_string(),
    }
}

/// What a person has unlocked at `before` they have unlocked for `now`: the same problem, and no worse.
fn covers(before: &str, now: &str) -> bool {
    let parts = |cause: &str| {
        let (number, extent) = cause.split_once(':').unwrap_or((cause, ""));
        (number.to_owned(), extent.parse::<i64>().ok())
    };
    let ((number, extent), (now_number, now_extent)) = (parts(before), parts(now));
    number == now_number && extent.is_none_or(|extent| now_extent.is_none_or(|now| now <= extent))
}

/// A person has lifted the lock this problem was set for.
pub(super) fn lifted_by_person(draft: &Draft<'_>, notice: &Notice) -> bool {
    let cause = cause(draft, notice);
    draft.facts.locked == Some(false)
        && last_lock_step(draft)
            .is_some_and(|past| matches!(&past.effect, Effect::Lock { cause: before, .. } if covers(before, &cause)))
}

/// Lifts our own lock once its cause is gone. Where a person has lifted it before, lifting it again does no harm and closes
/// the matter: the next time the cause comes up it locks anew. Once there was a chargeback a person unlocks, and nothing is taken for
/// cured while it is not known how a money step ended.
pub(super) fn unlock_if_cured(draft: &mut Draft<'_>) {
    if draft.has_problem() || draft.money_held || draft.keep_lock || draft.facts.on_hold() {
        return;
    }
    let charged_back = |payment: &Payment| payment.transactions.iter().any(|t| t.kind == TransactionKind::Chargeback);
    if draft.facts.payments().any(charged_back) {
        return;
    }
    let Some(Effect::Lock { cause, .. }) = last_lock_step(draft).map(|last| &last.effect) else {
        return perhaps_ours(draft);
    };
    if cause.starts_with(&Number::Chargeback.to_string()) {
        return;
    }
    let reason = crate::text::Phrase::new(PhraseKey::UnlockReason).text(draft.terms.language);
    draft.step("cured", format!("unlock#{}", generation(draft)), Effect::Unlock { reason }, Guards::default());
}

/// A lock that stands, and that nobody knows whose it is: one of ours was lost and may have taken effect since. Lifting
/// what a person has set would send goods they hold back, so they are asked.
fn perhaps_ours(draft: &mut Draft<'_>) {
    let lost = |past: &Past| matches!(past.effect, Effect::Lock { .. }) && past.may_still_arrive();
    let is_settled =
        |past: &&Past| past.is_done() && matches!(past.effect, Effect::Lock { .. } | Effect::Unlock { .. });
    // What was lost before a lock or unlock of ours went through has long been overtaken.
    let mut since = draft.facts.past.iter().rev().take_while(|past| !is_settled(past));
    if draft.facts.locked == Some(true) && draft.facts.unshipped() && since.any(lost) {
        draft.notice(Notice::problem(Number::LockPerhapsOurs));
    }
}

/// Releases the order: `there` becomes its payment reference, `code` its last return code.
pub(super) fn release(draft: &mut Draft<'_>, rule: &'static str, there: String, code: &str) {
    if draft.facts.on_hold() && earlier_release(draft).is_continue() {
        write_authorization(draft, rule, there, code);
    }
}

/// Makes `payment` the payment reference of an order that is not on hold.
pub(super) fn write_payment(draft: &mut Draft<'_>, rule: &'static str, payment: String) {
    if !draft.facts.on_hold() {
        write_authorization(draft, rule, payment, "AUTHORIZED");
    }
}

fn write_authorization(draft: &mut Draft<'_>, rule: &'static str, there: String, code: &str) {
    let done = draft.facts.done().filter(|past| matches!(past.effect, Effect::Release { .. })).count();
    let (key, effect) = if draft.by_lines {
        (
            format!("release_lines#{done}"),
            Effect::ReleaseLines { nr_external: draft.facts.external_nr.clone(), auth_code: code.to_owned() },
        )
    } else {
        let message = format!("pixi-payd {rule}");
        (format!("release#{}", done + 1), Effect::Release { auth_id: there, auth_code: code.to_owned(), message })
    };
    let kind = effect.kind();
    let attempt = draft.step(rule, key, effect, Guards::default());
    if let Some(refusal) = attempt.refusal() {
        let code = refusal.code.clone();
        draft.notice(Notice::problem(Number::PixiRefused).with("step", kind).with("code", code));
    }
}

/// The last release is one that let the order go in spite of a problem. One of which it is not known how it ended counts:
/// it may have taken effect since it was looked for.
pub(super) fn released_with_problem(draft: &Draft<'_>) -> bool {
    let may_stand = |past: &&Past| !matches!(past.outcome, Some(Outcome::Refused(_) | Outcome::NotSent { .. }));
    let mut releases = draft.facts.past.iter().rev().filter(may_stand).filter_map(|past| match &past.effect {
        Effect::Release { auth_code, .. } | Effect::ReleaseLines { auth_code, .. } => Some(auth_code == PROBLEM),
        _ => None,
    });
    releases.next().unwrap_or(false)
}

/// The last lock or unlock of ours that is done.
fn last_lock_step<'a>(draft: &Draft<'a>) -> Option<&'a Past> {
    draft.facts.done().filter(|past| matches!(past.effect, Effect::Lock { .. } | Effect::Unlock { .. })).last()
}

/// Number of the next lock or unlock: each change of state has its own.
fn generation(draft: &Draft<'_>) -> usize {
    draft.facts.done().filter(|past| matches!(past.effect, Effect::Lock { .. } | Effect::Unlock { .. })).count() + 1
}
