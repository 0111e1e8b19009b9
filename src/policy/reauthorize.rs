//! R16: a new authorisation where the old one is gone or too small and a person asks for one.
//!
//! The request is an order this daemon released and somebody put back on hold in pixi, or `order reauthorize`. A card is
//! authorised again as a new payment on the same type, without a step of the buyer's; instalments and pay-later debits
//! are changed. Other methods cannot, and say so.

use std::ops::ControlFlow;

use crate::config::Reauthorize;
use crate::steps::{Effect, Guards, Outcome, RefusalKind};
use crate::text::{Notice, Number, Phrase, PhraseKey, amounts};
use crate::unzer::{Group, Payment};

use super::attempts::Attempt;
use super::cancel;
use super::capture;
use super::draft::Draft;
use super::facts::Past;
use super::sums::{self, UnzerSums};
use super::{locks, release};

/// How a method is authorised again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    /// A new payment on the same type.
    NewPayment,
    /// The amount of the open authorisation is changed.
    Change,
    /// Not without the buyer.
    None,
}

fn way(payment: &Payment) -> Way {
    match payment.method.0.as_str() {
        "crd" => Way::NewPayment,
        "pit" | "pdd" => Way::Change,
        _ => Way::None,
    }
}

/// Decides on an order on hold before anything else is made of its missing cover.
pub(super) fn put_back_on_hold(draft: &mut Draft<'_>, payment: &Payment) -> ControlFlow<()> {
    let Some(missing) = missing(draft) else { return ControlFlow::Continue(()) };
    let wanted =
        draft.facts.reauthorize_asked || put_back(draft) && draft.terms.payment_type.reauthorize == Reauthorize::OnHold;
    if wanted {
        return authorize(draft, payment, missing);
    }
    if put_back(draft) {
        advise(draft);
    }
    ControlFlow::Continue(())
}

/// Says whether a new authorisation would cure what is missing, where the settings allow one.
pub(super) fn advise(draft: &mut Draft<'_>) {
    let Some(payment) = draft.facts.payment.known() else { return };
    let authorized = matches!(sums::group(payment), Group::Auth | Group::PayLater);
    let Some(missing) = missing(draft).filter(|_| authorized) else { return };
    if draft.terms.payment_type.reauthorize == Reauthorize::Never {
        return;
    }
    let notice = match way(payment) {
        Way::None => Notice::hint(Number::CannotReauthorize).with("method", payment.method.display_name()),
        Way::NewPayment | Way::Change => Notice::hint(Number::MayReauthorize)
            .with("order", draft.facts.order.nr)
            .with("amount", draft.amount(missing)),
    };
    draft.notice(notice);
}

/// After the release only a person's word asks for it.
pub(super) fn asked_after_release(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let Some(payment) = draft.facts.payment.known() else { return ControlFlow::Continue(()) };
    match missing(draft) {
        Some(missing) if draft.facts.reauthorize_asked && !draft.facts.on_hold() => authorize(draft, payment, missing),
        _ => ControlFlow::Continue(()),
    }
}

/// What the cover lacks, beyond the tolerance.
fn missing(draft: &Draft<'_>) -> Option<i64> {
    let pixi = draft.sums.pixi;
    let lost = draft.sums.unzer.rest - usable_rest(draft);
    let missing = pixi.still_owed() - (draft.sums.cover() - lost);
    (missing > draft.tolerance()).then_some(missing)
}

/// What is left of the authorisation, as far as it can still be taken: an authorisation may have ended without a trace
/// but the refusal of its last capture.
fn usable_rest(draft: &Draft<'_>) -> i64 {
    let current = draft.facts.payment.known().map(|payment| payment.id.as_str());
    let last = draft
        .facts
        .past
        .iter()
        .rfind(|past| matches!(past.effect, Effect::Capture { .. }) && past.effect.payment() == current);
    let refused = last.is_some_and(|past| {
        matches!(&past.outcome, Some(Outcome::Refused(no)) if matches!(no.kind, RefusalKind::Final | RefusalKind::Hard))
    });
    if refused { 0 } else { draft.sums.unzer.rest }
}

/// This daemon released the order, pixi showed it so, and it is on hold again.
fn put_back(draft: &Draft<'_>) -> bool {
    let released = |past: &&Past| matches!(past.effect, Effect::Release { .. });
    let last = draft.facts.done().filter(released).last();
    last.is_some_and(|last| {
        let at = last.settled_at.unwrap_or(last.at);
        draft.facts.on_hold() && draft.facts.last_seen_released.is_some_and(|seen| seen >= at)
    })
}

fn authorize(draft: &mut Draft<'_>, payment: &Payment, missing: i64) -> ControlFlow<()> {
    if draft.money_held {
        draft.rule("R16");
        return ControlFlow::Break(());
    }
    let unzer = UnzerSums::of(payment, sums::group(payment));
    let (key, effect) = match way(payment) {
        Way::NewPayment => {
            // What can still be captured moves to the new payment as well: the old one is reversed afterwards.
            let amount = draft.facts.money(missing + usable_rest(draft));
            let number = 1 + decided(draft).count();
            let order_id = format!("{}-R{number}", draft.facts.order.nr);
            let effect = Effect::Reauthorize { payment: payment.id.clone(), amount, order_id };
            (format!("reauthorize#{number}"), effect)
        }
        Way::Change => {
            let amount = draft.facts.money(unzer.captured + unzer.rest + missing);
            let key = format!("change:{}:{}", payment.id, amount.decimal());
            (key, Effect::ChangeAuthorization { payment: payment.id.clone(), amount })
        }
        Way::None => {
            advise(draft);
            return ControlFlow::Continue(());
        }
    };
    let written = effect.amount().map_or_else(String::new, amounts::neutral);
    draft.rule("R16");
    if let Some(refused) = last_refusal(draft) {
        // Asked once and refused: the buyer has to act, until somebody asks again.
        let notice = Notice::problem(Number::ReauthorizationRefused).with("amount", written).with("code", refused);
        return locks::lock_and_release(draft, "R16", notice);
    }
    let attempt = draft.step("R16", key, effect, Guards::default());
    if matches!(attempt, Attempt::Done(_)) {
        // Granted, and still not enough: as any payment that does not cover the order.
        return ControlFlow::Continue(());
    }
    if let Some(refusal) = attempt.refusal() {
        let notice =
            Notice::problem(Number::ReauthorizationRefused).with("amount", written).with("code", &refusal.code);
        return locks::lock_and_release(draft, "R16", notice);
    }
    if matches!(attempt, Attempt::Go { .. }) {
        draft.say(Phrase::new(PhraseKey::Reauthorize).with("amount", written));
    }
    ControlFlow::Break(())
}

fn reauthorizes(past: &Past) -> bool {
    matches!(past.effect, Effect::Reauthorize { .. } | Effect::ChangeAuthorization { .. })
}

/// New authorisations that were granted or refused: each has an order id of its own, by which it is found again.
fn decided<'a>(draft: &Draft<'a>) -> impl Iterator<Item = &'a Past> {
    draft
        .facts
        .past
        .iter()
        .filter(|past| reauthorizes(past))
        .filter(|past| !matches!(past.outcome, Some(Outcome::NotSent { .. })))
}

/// Code of the refusal the last try since the order was put back ended in.
fn last_refusal(draft: &Draft<'_>) -> Option<String> {
    let last = decided(draft).last()?;
    let Some(Outcome::Refused(refusal)) = &last.outcome else { return None };
    let asked_since = draft.facts.reauthorize_asked && draft.facts.retry_at.is_some_and(|asked| asked > last.at);
    let since = draft.facts.last_seen_released.is_none_or(|seen| seen <= last.at);
    (since && !asked_since).then(|| refusal.code.clone())
}

/// The order's reference in pixi follows the payment that stands for it now.
pub(super) fn tell_pixi(draft: &mut Draft<'_>) {
    let Some(payment) = draft.facts.payment.known() else { return };
    let known = draft.facts.pay_id.as_deref().is_none_or(|id| id == payment.id);
    let renewed = draft.facts.done().any(|past| matches!(past.effect, Effect::Reauthorize { .. }));
    if !renewed || known {
        return;
    }
    let written = draft
        .facts
        .done()
        .filter(|past| matches!(&past.effect, Effect::Release { auth_id, .. } if *auth_id == payment.id));
    if written.count() >= release::RELEASES_IN_VAIN {
        draft.rule("R16");
        draft.notice(Notice::problem(Number::ReleaseWithoutEffect));
    } else {
        locks::write_payment(draft, "R16", payment.id.clone());
    }
}

/// Once pixi names the new payment, what is left of the old ones is given free.
pub(super) fn reverse_earlier(draft: &mut Draft<'_>) {
    let current = draft.facts.payment.known().map(|payment| payment.id.as_str());
    let told = draft.facts.pay_id.is_none() || draft.facts.pay_id.as_deref() == current;
    if (told && !draft.facts.on_hold()) || draft.sums.pixi.dead {
        reverse_replaced(draft);
    }
}

fn reverse_replaced(draft: &mut Draft<'_>) {
    let facts = draft.facts;
    if draft.money_held {
        return;
    }
    for payment in &facts.earlier {
        let replaced = facts
            .done()
            .any(|past| matches!(&past.effect, Effect::Reauthorize { payment: old, .. } if *old == payment.id));
        if !replaced {
            continue;
        }
        let unzer = UnzerSums::of(payment, sums::group(payment));
        if unzer.rest > 0 {
            draft.gives_back = true;
        }
        if unzer.rest <= 0 || !cancel::confirmed(draft, unzer.rest) {
            continue;
        }
        let target = facts.money(unzer.reversed + unzer.rest).decimal();
        let effect = Effect::Reverse {
            payment: payment.id.clone(),
            amount: facts.money(unzer.rest),
            at: crate::steps::ReverseAt::Authorization,
            reason: None,
        };
        let written = draft.amount(unzer.rest);
        let guards = capture::guards(draft, payment, 0);
        let attempt = draft.step("R16", format!("reverse:{}:{target}", payment.id), effect, guards);
        if let Some(refusal) = attempt.refusal() {
            draft.notice(Notice::hint(Number::ReversalRefused).with("amount", written).with("code", &refusal.code));
        }
    }
}
