//! Money a person asks to be moved: a part captured or paid back by a click on the order's page.
//!
//! A request has a key of its own and is tried once: what cannot be done now is answered to the person, never tried again
//! later. What is captured so counts as captured. What is paid back so is goodwill, owed by nobody, and is never taken for
//! anything else: while something is to be paid back by the rules it is declined, and what comes due after it asks a person.

use std::ops::ControlFlow;

use crate::steps::{Effect, Outcome, ReasonCode, RefundAt, StepKey};
use crate::text::{Phrase, PhraseKey};
use crate::unzer::{Group, Payment};

use super::cancel::{self, ChargeWithMoney};
use super::capture::{self, guards};
use super::draft::Draft;
use super::facts::{AskedMove, Direction, Facts, Past};
use super::{by_hand, held, returns, sums};
use crate::journal::Guard;

/// Key of the step a request is carried out by.
pub fn key(asked: &AskedMove) -> StepKey {
    let kind = match asked.direction {
        Direction::Capture => "capture",
        Direction::Refund => "refund",
    };
    StepKey(format!("{kind}:asked#{}", asked.request))
}

/// The step was asked for by a person.
pub fn is_asked(key: &StepKey) -> bool {
    key.0.split_once(':').is_some_and(|(_, what)| what.starts_with("asked#"))
}

/// Why a limit of the store forbids the step.
pub fn forbidden(facts: &Facts, guard: &Guard) -> Phrase {
    Phrase::new(PhraseKey::AskedForbidden).with("guard", held::words(facts, guard))
}

/// Plans what a person asks for, or says why it cannot be done.
pub(super) fn plan(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let Some(asked) = draft.facts.asked else { return ControlFlow::Continue(()) };
    let Some(payment) = draft.facts.payment.known() else { return ControlFlow::Continue(()) };
    let key = key(&asked);
    // However a try has ended: it was the only one.
    if draft.facts.past.iter().any(|past| past.key == key) {
        return ControlFlow::Continue(());
    }
    match step(draft, &asked, &key, payment) {
        Ok(()) => {
            // The other rules have not been asked: what was wrong before still is.
            draft.undecided = true;
            ControlFlow::Break(())
        }
        Err(why) => {
            draft.declined = Some(why);
            ControlFlow::Continue(())
        }
    }
}

fn step(draft: &mut Draft<'_>, asked: &AskedMove, key: &StepKey, payment: &Payment) -> Result<(), Phrase> {
    if let Some(open) = draft.facts.past.iter().find(|past| past.is_open() && past.effect.kind().moves_money()) {
        return Err(Phrase::new(PhraseKey::AwaitingLook).with("step", &open.key));
    }
    let (effect, guards, phrase) = match asked.direction {
        Direction::Capture => {
            let effect = capture(draft, asked.amount, payment)?;
            (effect, guards(draft, payment, 0), PhraseKey::AskedCapture)
        }
        Direction::Refund => {
            let (effect, from) = refund(draft, asked.amount)?;
            (effect, guards(draft, from, 0), PhraseKey::AskedRefund)
        }
    };
    draft.step("asked", key.0.clone(), effect, guards);
    draft.say(Phrase::new(phrase).with("amount", draft.amount(asked.amount)));
    Ok(())
}

/// A part of what is authorised, for no invoice.
fn capture(draft: &Draft<'_>, amount: i64, payment: &Payment) -> Result<Effect, Phrase> {
    if let Some(entry) = capture::undecided_charge(draft, payment) {
        return Err(Phrase::new(PhraseKey::AwaitingLook).with("step", entry));
    }
    if let Some(unseen) = unseen_capture(draft, payment) {
        return Err(Phrase::new(PhraseKey::AwaitingLook).with("step", &unseen.key));
    }
    if draft.sums.pixi.dead {
        return Err(PhraseKey::AskedGivesBackAnyway.into());
    }
    // Pay-later methods are captured for invoices alone: what is taken too much has no way back.
    let left = if sums::group(payment) == Group::Auth { draft.sums.unzer.rest } else { 0 };
    within(draft, amount, left)?;
    Ok(Effect::Capture {
        payment: payment.id.clone(),
        amount: draft.facts.money(amount),
        invoice: None,
        shipping: None,
    })
}

/// A capture of ours Unzer does not show yet: what is left of the authorisation cannot be told.
pub(super) fn unseen_capture<'a>(draft: &Draft<'a>, payment: &Payment) -> Option<&'a Past> {
    let captures = draft.facts.done().filter(|past| matches!(past.effect, Effect::Capture { .. }));
    let names_one = |past: &&Past| {
        matches!(&past.outcome, Some(Outcome::Done(evidence)) if evidence.transaction.is_some())
            && past.effect.payment() == Some(&payment.id)
    };
    let is_shown = |past: &Past| payment.transactions.iter().any(|entry| by_hand::made(past, entry));
    captures.filter(names_one).find(|past| !is_shown(past))
}

/// A part of what was charged: of the oldest charge that holds so much.
fn refund<'a>(draft: &Draft<'a>, amount: i64) -> Result<(Effect, &'a Payment), Phrase> {
    if let Some(open) = cancel::not_clear(draft) {
        return Err(open);
    }
    if gives_back_anyway(draft) {
        return Err(PhraseKey::AskedGivesBackAnyway.into());
    }
    let charges = cancel::charges_with_money(draft.facts);
    let most = |charge: &ChargeWithMoney<'_>| match sums::group(charge.payment) {
        // On payment level Unzer takes it from whichever charge there is.
        Group::PayLater => sums::UnzerSums::of(charge.payment, Group::PayLater).net,
        _ => charge.left,
    };
    within(draft, amount, charges.iter().map(most).max().unwrap_or(0))?;
    let charge = charges.into_iter().find(|charge| most(charge) >= amount).ok_or(PhraseKey::AskedNothingThere)?;
    let at = match sums::group(charge.payment) {
        Group::PayLater => RefundAt::Payment,
        _ => RefundAt::Charge { charge: charge.id },
    };
    let effect = Effect::Refund {
        payment: charge.payment.id.clone(),
        amount: draft.facts.money(amount),
        at,
        credit_note: None,
        reason: cancel::reason(charge.payment, ReasonCode::Credit),
        goodwill: true,
    };
    Ok((effect, charge.payment))
}

/// Something is to be paid back by the rules, now, after a brake, or after a person's word: on top of it a gift would be
/// paid twice.
fn gives_back_anyway(draft: &Draft<'_>) -> bool {
    let is_pay_later = draft.facts.payment.known().is_some_and(|payment| sums::group(payment) == Group::PayLater);
    let cancelled = !is_pay_later && draft.sums.cancellation_due() > draft.tolerance();
    draft.sums.pixi.dead || cancelled || returns::open(draft) > 0
}

fn within(draft: &Draft<'_>, amount: i64, left: i64) -> Result<(), Phrase> {
    if left <= 0 {
        return Err(PhraseKey::AskedNothingThere.into());
    }
    if amount <= 0 || amount > left {
        return Err(Phrase::new(PhraseKey::AskedTooMuch).with("left", draft.amount(left)));
    }
    Ok(())
}
