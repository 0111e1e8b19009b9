//! Release of orders on hold (R4–R9): checked, captured where the mode says so, and let go.

use std::ops::ControlFlow;

use chrono::TimeDelta;

use crate::config::Mode;
use crate::steps::Effect;
use crate::text::{Notice, Number, Phrase, PhraseKey};
use crate::unzer::{Group, Payment, PaymentState, TransactionKind, TransactionStatus};

use super::attempts::Attempt;
use super::draft::Draft;
use super::{capture, locks, sums};

/// A buyer who has not finished is worth a hint after this long …
const HINT_AFTER: TimeDelta = TimeDelta::minutes(15);
/// … and is taken for gone after this long.
const GONE_AFTER: TimeDelta = TimeDelta::hours(24);
/// pixi may take this long to show a release.
const RELEASE_SHOWS_AFTER: TimeDelta = TimeDelta::minutes(10);

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
    if matches!(group, Group::Wait | Group::Invoice | Group::Secured) {
        draft.rule("method");
        draft.notice(Notice::problem(Number::MethodUnknown).with("method", payment.method.display_name()));
        return ControlFlow::Break(());
    }
    earlier_release(draft)?;
    money_there(draft, payment)?;
    enough_money(draft)?;
    match (group, draft.facts.mode) {
        (Group::Auth, Mode::Standard) => capture_at_release(draft, payment),
        (Group::Auth | Group::PayLater, _) if draft.sums.unzer.rest > 0 => {
            let amount = draft.amount(draft.sums.unzer.rest);
            draft.say(Phrase::new(PhraseKey::AuthorizedExpert).with("amount", amount));
            locks::release(draft, "R8", payment.id.clone(), "AUTHORIZED");
        }
        _ => paid_in_full(draft, payment),
    }
    locks::unlock_if_cured(draft);
    ControlFlow::Continue(())
}

/// An order this daemon has released is on hold: either pixi has not shown it yet, or a person has put it back.
fn earlier_release(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let Some(last) = draft.facts.done().filter(|past| matches!(past.effect, Effect::Release { .. })).last() else {
        return ControlFlow::Continue(());
    };
    let released_at = last.settled_at.unwrap_or(last.at);
    if draft.facts.last_seen_released.is_some_and(|seen| seen >= released_at) {
        return ControlFlow::Continue(());
    }
    let ours = draft.facts.last_auth_code.as_deref().is_some_and(|code| code.contains(&last.token));
    let shows_at = released_at + RELEASE_SHOWS_AFTER;
    if draft.now < shows_at {
        draft.rule("release");
        draft.wake(shows_at);
        return ControlFlow::Break(());
    }
    if ours {
        draft.rule("release");
        draft.notice(Notice::problem(Number::ReleaseWithoutEffect));
        return ControlFlow::Break(());
    }
    ControlFlow::Continue(())
}

/// R4 and R5: the buyer has finished and the payment is good.
fn money_there(draft: &mut Draft<'_>, payment: &Payment) -> ControlFlow<()> {
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

/// R6: the money covers the order within the tolerance. Too much is only said; in payment review it is R5.
fn enough_money(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let cover = draft.sums.cover();
    let needed = draft.sums.pixi.ordered - draft.sums.pixi.credited;
    let notice =
        |number| Notice::problem(number).with("cover", draft.amount(cover)).with("needed", draft.amount(needed));
    if cover < needed - draft.tolerance() {
        let notice = notice(Number::TooLittleMoney);
        return locks::lock_and_release(draft, "R6", notice);
    }
    if cover > draft.sums.pixi.ordered + draft.tolerance() {
        let hint = Notice { severity: crate::text::Severity::Hint, ..notice(Number::TooMuchMoney) };
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
    let written = draft.amount(amount);
    draft.say(Phrase::new(PhraseKey::CaptureAtRelease).with("amount", &written));
    let target = draft.facts.money(sums.captured + amount).decimal();
    let effect = Effect::Capture {
        payment: payment.id.clone(),
        amount: draft.facts.money(amount),
        invoice: None,
        shipping: None,
    };
    let attempt = draft.step("R7", format!("capture:order:{target}"), effect, capture::guards(draft));
    match attempt {
        Attempt::Go => locks::release(draft, "R7", payment.id.clone(), "CHARGED"),
        Attempt::Refused(_) | Attempt::Later { refusal: Some(_), .. } => {
            let code = attempt.refusal().map(|refusal| refusal.code.clone()).unwrap_or_default();
            let notice = Notice::problem(Number::CaptureAtReleaseRefused).with("amount", written).with("code", code);
            let _ = locks::lock_and_release(draft, "R7", notice);
        }
        Attempt::Done(_) | Attempt::Open(_) | Attempt::Later { .. } => draft.rule("R7"),
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
