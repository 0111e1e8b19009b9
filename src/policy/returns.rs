//! Returns: credit notes are refunded one by one, never with money another shipped invoice still needs.

use chrono::TimeDelta;

use crate::clock::Time;
use crate::steps::{Effect, Outcome, ReasonCode, RefundAt};
use crate::text::{Notice, Number, Phrase, PhraseKey};
use crate::unzer::{Group, TransactionKind};

use super::cancel::{self, ChargeWithMoney};
use super::capture;
use super::draft::Draft;
use super::facts::{Document, Facts};
use super::{claim, sums};

/// An exchange order belongs to a credit note that is no older or younger than this.
const REDELIVERY_WITHIN: TimeDelta = TimeDelta::days(7);

/// Refunds every credit note that is not refunded yet, by number.
pub(super) fn refund_credit_notes(draft: &mut Draft<'_>) {
    let facts = draft.facts;
    let Some(payment) = facts.payment.known() else { return };
    if draft.money_held {
        return;
    }
    // Whether the money is due yet or not: such documents need a person.
    let pixi = draft.sums.pixi;
    if pixi.credited > pixi.invoiced + draft.tolerance() {
        draft.gives_back = true;
        draft.rule("returns");
        let notice = Notice::problem(Number::CreditsExceedInvoices)
            .with("credited", draft.amount(pixi.credited))
            .with("invoiced", draft.amount(pixi.invoiced));
        draft.notice(notice);
        return;
    }
    if !claim::may_refund(draft, payment) {
        return;
    }
    let by_transfer = sums::group(payment).awaits_transfer();
    if facts.credit_notes().next().is_none() {
        // A refund by hand without any credit note is nobody's either.
        cancel::foreign_refunds_clear(draft);
        return;
    }
    if !cancel::foreign_refunds_clear(draft) {
        // What is not given back is not booked either.
        draft.gives_back = true;
        return;
    }
    let given = |draft: &Draft<'_>, nr: &str| draft.sums.refunds.by_credit_note.get(nr).copied().unwrap_or(0);
    let due = open(draft);
    if due > 0 && !cancel::goodwill_clear(draft, due) {
        draft.gives_back = true;
        return;
    }
    // G up to and including g, and what a later one, refunded before this, has taken already.
    let mut credited: i64 = facts.credit_notes().map(|note| given(draft, &note.nr).min(note.total)).sum();
    for credit_note in facts.credit_notes() {
        let given = given(draft, &credit_note.nr);
        credited += credit_note.total - given.min(credit_note.total);
        if capture::paid_by_others(facts, credit_note) {
            if !by_transfer {
                capture::say_paid_by_others(draft, credit_note);
            }
            continue;
        }
        let amount = credit_note.total - given;
        if amount <= 0 {
            continue;
        }
        if let Some(order) = redelivery(facts, credit_note, draft.tolerance()).filter(|_| given == 0) {
            draft.rule("redelivery");
            draft.gives_back = true;
            let notice = Notice::problem(Number::Redelivery).with("document", &credit_note.nr).with("order", order);
            draft.notice(notice.with("amount", draft.amount(amount)));
            continue;
        }
        if amount > draft.tolerance().min(credit_note.total - 1) {
            refund(draft, credit_note, amount, credited, by_transfer);
        }
    }
}

/// What is still to be paid back for credit notes, beyond the tolerance of each.
pub(super) fn open(draft: &Draft<'_>) -> i64 {
    let given = |note: &Document| draft.sums.refunds.by_credit_note.get(&note.nr).copied().unwrap_or(0);
    let notes = draft.facts.credit_notes().filter(|note| !capture::paid_by_others(draft.facts, note));
    notes.map(|note| note.total - given(note)).filter(|open| *open > draft.tolerance()).sum()
}

/// One credit note: what is left of it, from the charge of the credited invoice where that has enough.
fn refund(draft: &mut Draft<'_>, note: &Document, amount: i64, credited: i64, by_transfer: bool) {
    // Credits above the invoices within the tolerance are no leave to give back more than there is.
    let limit = draft.sums.unzer.net - (draft.sums.pixi.invoiced - credited).max(0);
    // What the buyer has not transferred is not paid back: the claim is lowered instead.
    if by_transfer && limit <= draft.tolerance() && limit < amount {
        let at = ripe_at(draft, note);
        if draft.now < at {
            cancel::wait_until(draft, at, amount);
        }
        return;
    }
    if !by_transfer && limit < amount - draft.tolerance() {
        draft.rule("returns");
        // While an invoice is not captured yet its own problem says enough.
        if draft.sums.unzer.net >= draft.sums.pixi.invoiced - draft.sums.pixi.credited - draft.tolerance() {
            let notice = Notice::problem(Number::CreditNoteTooLarge)
                .with("document", &note.nr)
                .with("amount", draft.amount(amount))
                .with("limit", draft.amount(limit.max(0)));
            draft.notice(notice);
        }
        return;
    }
    let given = note.total - amount;
    let amount = amount.min(limit);
    draft.gives_back |= amount > 0;
    if amount <= 0 || !ripe(draft, note, amount) || !cancel::confirmed(draft, amount) {
        return;
    }
    let Some(charge) = charge_for(draft.facts, note, amount) else { return cancel::no_charge(draft, amount, &note.nr) };
    let payment = charge.payment;
    let (at, part) = match sums::group(payment) {
        // On payment level any of its charges will do.
        Group::PayLater => (RefundAt::Payment, amount.min(sums::UnzerSums::of(payment, Group::PayLater).net)),
        _ => (RefundAt::Charge { charge: charge.id.clone() }, charge.left.min(amount)),
    };
    let target = draft.facts.money(given + part).decimal();
    let key = match at {
        RefundAt::Payment => format!("refund:{}:{target}", note.nr),
        RefundAt::Charge { .. } => format!("refund:{}:{target}:{}", note.nr, charge.id),
    };
    let effect = Effect::Refund {
        payment: payment.id.clone(),
        amount: draft.facts.money(part),
        at,
        credit_note: Some(note.nr.clone()),
        reason: cancel::reason(payment, ReasonCode::Return),
        goodwill: false,
    };
    let guards = cancel::refund_guards(draft, payment, credited);
    let attempt = draft.step("returns", key, effect, guards);
    let written = draft.amount(part);
    if attempt.goes() {
        draft.say(Phrase::new(PhraseKey::RefundCreditNote).with("document", &note.nr).with("amount", &written));
    }
    if let Some(refusal) = attempt.refusal() {
        draft.rule("returns");
        let notice = Notice::problem(Number::RefundRefused)
            .with("amount", written)
            .with("document", &note.nr)
            .with("code", &refusal.code);
        draft.notice(notice);
    }
}

/// An exchange or manual order of the same customer that appeared around the credit of a whole invoice: the goods may
/// have been sent again, and the money be due after all.
fn redelivery(facts: &Facts, note: &Document, tolerance: i64) -> Option<i64> {
    let invoice = credited_invoice(facts, note)?;
    if (note.total - invoice.total).abs() > tolerance {
        return None;
    }
    let near = |seen: Time| (seen - note.first_seen).abs() <= REDELIVERY_WITHIN;
    facts.surroundings.manual_orders.iter().find(|(_, seen)| near(*seen)).map(|(nr, _)| *nr)
}

/// When a credit note is old enough to be given back (`refund_delay`).
fn ripe_at(draft: &Draft<'_>, note: &Document) -> Time {
    let delay = TimeDelta::from_std(draft.terms.safety.refund_delay).unwrap_or(TimeDelta::MAX);
    note.first_seen.checked_add_signed(delay).unwrap_or(Time::MAX_UTC)
}

/// Brake: a credit note is not refunded before it is `refund_delay` old.
fn ripe(draft: &mut Draft<'_>, note: &Document, amount: i64) -> bool {
    let at = ripe_at(draft, note);
    if draft.now >= at {
        return true;
    }
    cancel::wait_until(draft, at, amount);
    false
}

/// Σ of the credit notes a claim may be lowered for: what holds back a refund holds this back as well.
pub(super) fn claimable(draft: &Draft<'_>) -> i64 {
    let (facts, tolerance) = (draft.facts, draft.tolerance());
    if draft.sums.pixi.credited > draft.sums.pixi.invoiced + tolerance {
        return 0;
    }
    let held_back = |note: &Document| {
        let given = draft.sums.refunds.by_credit_note.contains_key(&note.nr);
        capture::paid_by_others(facts, note)
            || draft.now < ripe_at(draft, note)
            || !given && redelivery(facts, note, tolerance).is_some()
    };
    facts.credit_notes().filter(|note| !held_back(note)).map(|note| note.total).sum()
}

/// Σ of the credit notes a person has settled in pixi.
pub(super) fn by_others(draft: &Draft<'_>) -> i64 {
    let others = |note: &&Document| capture::paid_by_others(draft.facts, note);
    draft.facts.credit_notes().filter(others).map(|note| note.total).sum()
}

/// The charge to pay back from: that of the credited invoice if it has enough left, else the oldest that has, else the
/// oldest with anything, for a part.
fn charge_for<'a>(facts: &'a Facts, note: &Document, amount: i64) -> Option<ChargeWithMoney<'a>> {
    let charges = cancel::charges_with_money(facts);
    let own = credited_invoice(facts, note).and_then(|invoice| charge_of(facts, &invoice.nr));
    let enough = |charge: &&ChargeWithMoney<'_>| charge.left >= amount;
    let is_own = |charge: &&ChargeWithMoney<'_>| {
        own.as_ref().is_some_and(|(payment, id)| *payment == charge.payment.id && *id == charge.id)
    };
    let chosen = charges
        .iter()
        .filter(is_own)
        .find(enough)
        .or_else(|| charges.iter().find(enough))
        .or_else(|| charges.first())?;
    Some(chosen.clone())
}

/// The invoice whose order lines the credit note gives back.
fn credited_invoice<'a>(facts: &'a Facts, note: &Document) -> Option<&'a Document> {
    let lines = note.lines.as_ref()?;
    facts
        .invoices()
        .find(|invoice| invoice.lines.as_ref().is_some_and(|invoiced| lines.iter().any(|line| invoiced.contains(line))))
}

/// Payment and charge that were taken for an invoice: by the journal, else by its invoice id at Unzer.
pub(super) fn charge_of(facts: &Facts, invoice: &str) -> Option<(String, String)> {
    let ours = facts.done().find_map(|past| match (&past.effect, &past.outcome) {
        (Effect::Capture { invoice: Some(nr), payment, .. }, Some(Outcome::Done(evidence))) if nr == invoice => {
            let id = evidence.transaction.as_deref().and_then(|path| path.rsplit('/').next());
            id.map(|id| (payment.clone(), id.to_owned()))
        }
        _ => None,
    });
    ours.or_else(|| {
        facts.payments().find_map(|payment| {
            let charge = payment.transactions.iter().find(|entry| {
                entry.kind == TransactionKind::Charge
                    && entry.detail.as_ref().is_some_and(|detail| detail.invoice_id.as_deref() == Some(invoice))
            });
            charge.map(|entry| (payment.id.clone(), entry.id.clone()))
        })
    })
}
