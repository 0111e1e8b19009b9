//! Cancellation: whole orders, single lines, and the rest of an authorisation nobody needs (C9).

use std::ops::ControlFlow;

use chrono::TimeDelta;

use crate::clock::Time;
use crate::steps::{Effect, Guards, ReasonCode, RefundAt, ReverseAt};
use crate::text::{Notice, Number, Phrase, PhraseKey};
use crate::unzer::{Group, Payment, Transaction, TransactionKind, TransactionStatus};

use super::capture::{Covered, covered, guards};
use super::draft::Draft;
use super::facts::{Document, Facts};
use super::{claim, reauthorize, sums};

/// The whole order is cancelled and nothing was invoiced: the authorisation is reversed, the money paid back.
pub(super) fn dead(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let Some(payment) = draft.facts.payment.known() else { return ControlFlow::Break(()) };
    if !draft.sums.pixi.dead {
        return ControlFlow::Continue(());
    }
    let group = sums::group(payment);
    draft.rule("cancelled");
    draft.say(PhraseKey::OrderCancelled);
    let unzer = draft.sums.unzer;
    if group == Group::PayLater && unzer.captured > 0 {
        // What is captured has a buyer's term running: a person decides.
        let notice = Notice::problem(Number::CancellationUnclear)
            .with("amount", draft.amount(unzer.net))
            .with("dropped", draft.amount(draft.sums.pixi.dropped));
        draft.notice(notice);
        return ControlFlow::Break(());
    }
    if group.claims() {
        claim::dead(draft, payment, group);
    } else if unzer.rest > 0 {
        reverse(draft, payment, "cancelled", Number::CancelRefused, false);
    }
    if unzer.net > 0 && foreign_refunds_clear(draft) && goodwill_clear(draft, unzer.net) {
        refund_for_cancellation(draft, unzer.net);
    }
    reauthorize::reverse_earlier(draft);
    draft.settle();
    ControlFlow::Break(())
}

/// Some lines are cancelled and the rest is shipped: what was taken for them is paid back.
pub(super) fn cancellation_refund(draft: &mut Draft<'_>) {
    let Some(payment) = draft.facts.payment.known() else { return };
    let due_now = match sums::group(payment) {
        Group::Auth | Group::Paid => draft.sums.pixi.closed,
        Group::Wait | Group::Invoice => draft.sums.pixi.closed || draft.sums.unzer.captured > 0,
        Group::Secured => draft.sums.pixi.closed && sums::is_shipped(payment),
        // Nothing is sent: what was not captured expires.
        Group::PayLater => false,
    };
    if !due_now || draft.money_held {
        return;
    }
    let due = draft.sums.cancellation_due();
    if due <= draft.tolerance() {
        return;
    }
    draft.gives_back = true;
    if !foreign_refunds_clear(draft) {
        return;
    }
    if !goodwill_clear(draft, due) {
        return;
    }
    if due > draft.sums.pixi.dropped + draft.tolerance() {
        draft.rule("cancellation");
        let notice = Notice::problem(Number::CancellationUnclear)
            .with("amount", draft.amount(due))
            .with("dropped", draft.amount(draft.sums.pixi.dropped));
        draft.notice(notice);
        return;
    }
    refund_for_cancellation(draft, due);
}

/// C9: everything is shipped and captured; the exact rest of the authorisation is given free.
pub(super) fn reverse_rest(draft: &mut Draft<'_>) {
    let Some(payment) = draft.facts.payment.known() else { return };
    // What a person has settled was paid elsewhere: nothing is captured for it any more.
    let is_covered = |(invoice, covered): &(&Document, Covered)| {
        *covered == Covered::Yes || draft.facts.accepted.contains(&invoice.nr)
    };
    let all_covered = covered(draft.facts, &draft.sums, draft.tolerance()).iter().all(is_covered);
    let due = sums::group(payment) == Group::Auth && draft.sums.pixi.closed && all_covered;
    if due && draft.sums.unzer.rest > 0 && !draft.money_held && draft.steps().is_empty() {
        reverse(draft, payment, "C9", Number::ReversalRefused, true);
    }
}

/// Reverses the whole rest of an authorisation.
fn reverse(draft: &mut Draft<'_>, payment: &Payment, rule: &'static str, refused: Number, only_hint: bool) {
    let unzer = draft.sums.unzer;
    let amount = unzer.rest;
    if draft.money_held || !confirmed(draft, amount) {
        return;
    }
    let target = draft.facts.money(unzer.reversed + amount).decimal();
    let effect = Effect::Reverse {
        payment: payment.id.clone(),
        amount: draft.facts.money(amount),
        at: ReverseAt::Authorization,
        reason: None,
    };
    let needed = draft.sums.pixi.invoiced - (unzer.captured - draft.sums.cancellation_refunds());
    // What other payments hold is in `needed` already.
    let elsewhere = unzer.net - sums::UnzerSums::of(payment, sums::group(payment)).net;
    let guards = guards(draft, payment, needed - draft.tolerance() + elsewhere);
    let written = draft.amount(amount);
    let attempt = draft.step(rule, format!("reverse:{target}"), effect, guards);
    if attempt.goes() {
        draft.say(Phrase::new(PhraseKey::ReverseRest).with("amount", &written));
    }
    if let Some(refusal) = attempt.refusal() {
        let mut notice = Notice::problem(refused).with("amount", written).with("code", &refusal.code);
        if only_hint {
            notice.severity = crate::text::Severity::Hint;
        }
        draft.notice(notice);
    }
}

fn refund_for_cancellation(draft: &mut Draft<'_>, amount: i64) {
    draft.gives_back = true;
    if draft.money_held || !confirmed(draft, amount) {
        return;
    }
    draft.rule("cancellation");
    let so_far = draft.sums.cancellation_refunds();
    let Some(charge) = charges_with_money(draft.facts).into_iter().next() else {
        return no_charge(draft, amount, super::CANCELLATION_REFERENCE);
    };
    let part = charge.left.min(amount);
    let target = draft.facts.money(so_far + part).decimal();
    let key = format!("refund:cancel:{target}:{}", charge.id);
    let group = sums::group(charge.payment);
    let at = match group {
        Group::PayLater => RefundAt::Payment,
        _ => RefundAt::Charge { charge: charge.id },
    };
    let effect = Effect::Refund {
        payment: charge.payment.id.clone(),
        amount: draft.facts.money(part),
        at,
        credit_note: None,
        reason: reason(charge.payment, ReasonCode::Cancel),
        goodwill: false,
    };
    let guards = refund_guards(draft, charge.payment, draft.sums.pixi.credited);
    let attempt = draft.step("cancellation", key, effect, guards);
    let written = draft.amount(part);
    if attempt.goes() {
        draft.say(Phrase::new(PhraseKey::RefundCancellation).with("amount", &written));
    }
    if let Some(refusal) = attempt.refusal() {
        let notice = Notice::problem(Number::RefundRefused)
            .with("amount", written)
            .with("document", super::CANCELLATION_REFERENCE)
            .with("code", &refusal.code);
        draft.notice(notice);
    }
}

/// Money is to be paid back, and no charge at Unzer holds any: the two disagree.
pub(super) fn no_charge(draft: &mut Draft<'_>, amount: i64, document: &str) {
    let notice = Notice::problem(Number::RefundRefused).with("amount", draft.amount(amount)).with("document", document);
    draft.notice(notice.with("code", "-"));
}

/// Limits of a refund: never more than was captured, and what shipped invoices still need has to stay.
pub(super) fn refund_guards(draft: &Draft<'_>, payment: &Payment, credited: i64) -> Guards {
    guards(draft, payment, draft.sums.pixi.invoiced - credited - draft.tolerance())
}

/// The reason a give-back is sent with, where the method is a secured one and wants it.
pub(super) fn reason(payment: &Payment, reason: ReasonCode) -> Option<ReasonCode> {
    (sums::group(payment) == Group::Secured || payment.method.is_debit_secured()).then_some(reason)
}

/// A charge with money left on it.
#[derive(Debug, Clone)]
pub(super) struct ChargeWithMoney<'a> {
    pub payment: &'a Payment,
    pub id: String,
    pub left: i64,
}

/// Charges with money left on them, oldest first. A claim that is not due yet holds none.
pub(super) fn charges_with_money(facts: &Facts) -> Vec<ChargeWithMoney<'_>> {
    facts.payments().flat_map(charges_of).collect()
}

fn charges_of(payment: &Payment) -> Vec<ChargeWithMoney<'_>> {
    let group = sums::group(payment);
    let is_claim = |id: &str| match group {
        Group::Wait | Group::Invoice => sums::claim_charge(payment).is_some_and(|claim| claim.id == id),
        Group::Secured => !sums::is_shipped(payment),
        Group::Auth | Group::Paid | Group::PayLater => false,
    };
    let takes_away = |kind: TransactionKind, status: TransactionStatus| {
        // What a claim was lowered by before its notice is gone from it as well.
        let gives_back = matches!(kind, TransactionKind::CancelCharge | TransactionKind::Chargeback)
            || kind == TransactionKind::CancelAuthorize && group == Group::Secured;
        gives_back && matches!(status, TransactionStatus::Success | TransactionStatus::Pending)
    };
    payment
        .transactions
        .iter()
        .filter(|entry| entry.kind == TransactionKind::Charge && entry.status == TransactionStatus::Success)
        .filter(|entry| !is_claim(&entry.id))
        .map(|charge| {
            let under = || payment.transactions.iter().filter(|entry| entry.parent.as_deref() == Some(&charge.id));
            let sum = |test: &dyn Fn(&Transaction) -> bool| -> i64 {
                under().filter(|entry| test(entry)).map(|entry| entry.amount.minor).sum()
            };
            let taken = sum(&|entry| takes_away(entry.kind, entry.status));
            // A chargeback that was won puts the money back on its charge.
            let won = sum(&|entry| {
                entry.kind == TransactionKind::ChargebackReversal && entry.status == TransactionStatus::Success
            });
            ChargeWithMoney { payment, id: charge.id.clone(), left: charge.amount.minor - taken + won }
        })
        .filter(|charge| charge.left > 0)
        .collect()
}

/// Brake: money is given back only after two equal whole readings `confirm_after` apart.
pub(super) fn confirmed(draft: &mut Draft<'_>, amount: i64) -> bool {
    if let Some(open) = not_clear(draft) {
        draft.rule(if draft.unseen_give_back.is_some() { "given back" } else { "look" });
        draft.say(open);
        return false;
    }
    let wait = TimeDelta::from_std(draft.terms.safety.confirm_after).unwrap_or(TimeDelta::MAX);
    if wait.is_zero() {
        return true;
    }
    let ripe: Time = draft.facts.stable_since.checked_add_signed(wait).unwrap_or(Time::MAX_UTC);
    if draft.now >= ripe && draft.facts.readings >= 2 {
        return true;
    }
    wait_until(draft, ripe.max(draft.now + TimeDelta::seconds(1)), amount);
    false
}

/// What was given back before and is not clear yet: nothing is given back on top of it.
pub(super) fn not_clear(draft: &Draft<'_>) -> Option<Phrase> {
    let awaited = |step: &str| Phrase::new(PhraseKey::AwaitingLook).with("step", step);
    let undecided = draft.facts.payments().find_map(undecided).map(|entry| awaited(&entry.path));
    undecided.or_else(|| draft.unseen_give_back.as_ref().map(|step| awaited(&step.0)))
}

/// A give-back at Unzer that is not decided yet: another one may be for the same cause.
fn undecided(payment: &Payment) -> Option<&Transaction> {
    let gives_back = |kind| matches!(kind, TransactionKind::CancelCharge | TransactionKind::CancelAuthorize);
    payment.transactions.iter().find(|entry| gives_back(entry.kind) && entry.status == TransactionStatus::Pending)
}

/// Says that a give-back waits, and looks again then.
pub(super) fn wait_until(draft: &mut Draft<'_>, at: Time, amount: i64) {
    draft.rule("brake");
    let written = draft.amount(amount);
    let shown = draft.moment(at);
    draft.say(Phrase::new(PhraseKey::GiveBackWaits).with("amount", written).with("at", shown));
    draft.wake(at);
}

/// A refund nobody can explain stops every automatic refund of the order.
pub(super) fn foreign_refunds_clear(draft: &mut Draft<'_>) -> bool {
    let foreign: i64 = draft.sums.refunds.foreign.iter().map(|(_, amount)| amount).sum();
    if foreign == 0 {
        return true;
    }
    draft.rule("foreign refund");
    draft.notice(Notice::problem(Number::ForeignRefund).with("amount", draft.amount(foreign)));
    false
}

/// What a person gave back may have been meant for what is due now: it is not paid back on top, they are asked.
pub(super) fn goodwill_clear(draft: &mut Draft<'_>, due: i64) -> bool {
    let given = draft.sums.refunds.goodwill;
    if given == 0 {
        return true;
    }
    draft.rule("asked");
    let notice = Notice::problem(Number::DueAfterGoodwill).with("amount", draft.amount(due));
    draft.notice(notice.with("given", draft.amount(given)));
    false
}
