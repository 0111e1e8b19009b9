//! Money a buyer transfers by hand (R10–R12, C3–C5): prepayment, invoice, secured invoice.
//!
//! Such a payment begins with a claim, the first charge. It is lowered while the money is not there, and for a secured
//! invoice comes due with the shipment notice; receipts are further charges.

use crate::steps::{Effect, Guards, ReasonCode, ReverseAt};
use crate::text::{Notice, Number, Phrase, PhraseKey};
use crate::unzer::{Group, Payment, TransactionKind};

use super::cancel;
use super::capture;
use super::draft::Draft;
use super::facts::Document;
use super::{locks, returns, sums};

/// Return code of a release before the money is there.
const AWAITED: &str = "AWAITED";

/// R10 to R12: an order whose buyer transfers the money is let go; prepaid goods stay locked until it is there.
pub(super) fn release(draft: &mut Draft<'_>, payment: &Payment, group: Group) {
    if received(draft) {
        let amount = draft.amount(draft.sums.unzer.net);
        draft.say(Phrase::new(PhraseKey::PaidInFull).with("amount", amount));
        return locks::release(draft, "R11", payment.id.clone(), "CHARGED");
    }
    if group == Group::Wait {
        // Prepaid goods go behind the lock or not at all.
        if await_prepayment(draft) {
            locks::release(draft, "R10", payment.id.clone(), AWAITED);
        }
        return;
    }
    let amount = draft.amount(draft.sums.unzer.claim);
    draft.say(Phrase::new(PhraseKey::ClaimStands).with("amount", amount));
    locks::release(draft, "R12", payment.id.clone(), AWAITED);
}

/// Enough money is there for everything ordered and not returned.
fn received(draft: &Draft<'_>) -> bool {
    draft.sums.kept() >= draft.sums.pixi.still_owed() - draft.tolerance()
}

/// R10: says how much of the prepayment is there, and keeps the goods locked until all of it is. True where the lock
/// stands or is planned.
fn await_prepayment(draft: &mut Draft<'_>) -> bool {
    draft.rule("R10");
    draft.say(await_phrase(draft));
    let notice = awaited(draft, Number::AwaitingMoney);
    let locked = locks::lock(draft, "R10", &notice);
    draft.keep_lock = true;
    // Some of it has left already: that is what has to be told, the rest stays locked for the same reason as before.
    let notice = if left_unpaid(draft) { awaited(draft, Number::ShippedWithoutMoney) } else { notice };
    draft.notice(notice);
    locked
}

/// Goods have left that nobody has paid: neither by transfer, nor in some other way that a person told pixi of.
fn left_unpaid(draft: &Draft<'_>) -> bool {
    let (pixi, kept) = (draft.sums.pixi, draft.sums.kept());
    kept < pixi.invoiced - pixi.credited - draft.tolerance() && !settled_by_hand(draft)
}

/// A person has got the money of each invoice in some other way and told pixi. So it is where nothing is invoiced.
fn settled_by_hand(draft: &Draft<'_>) -> bool {
    draft.facts.invoices().all(|invoice| capture::paid_by_others(draft.facts, invoice))
}

fn awaited(draft: &Draft<'_>, number: Number) -> Notice {
    let needed = draft.sums.pixi.still_owed();
    Notice::hint(number).with("paid", draft.amount(draft.sums.kept())).with("needed", draft.amount(needed))
}

fn await_phrase(draft: &Draft<'_>) -> Phrase {
    let needed = draft.sums.pixi.still_owed();
    let paid = draft.amount(draft.sums.kept());
    Phrase::new(PhraseKey::AwaitingMoney).with("paid", paid).with("needed", draft.amount(needed))
}

/// 3.5: what is still awaited after the release, and what came in excess.
pub(super) fn watch(draft: &mut Draft<'_>) {
    let Some(payment) = draft.facts.payment.known() else { return };
    let group = sums::group(payment);
    if !group.awaits_transfer() {
        return;
    }
    let excess = draft.sums.overpaid();
    if excess > draft.tolerance() {
        draft.notice(Notice::hint(Number::Overpaid).with("amount", draft.amount(excess)));
    }
    if draft.facts.on_hold() || received(draft) {
        return;
    }
    if group == Group::Wait && draft.facts.unshipped() {
        await_prepayment(draft);
    } else if !settled_by_hand(draft) {
        draft.rule(if group == Group::Wait { "C3" } else { "C4" });
        draft.say(await_phrase(draft));
        draft.keep_open = true;
        let notice = awaited(draft, Number::ShippedWithoutMoney);
        draft.notice(notice);
    }
}

/// Cancelled and returned goods are not waited for any longer: the claim falls to what the buyer still owes.
///
/// Prepayment and invoice: once the order is closed or money is in. Secured invoice: once it is closed, before the notice.
pub(super) fn reverse_not_owed(draft: &mut Draft<'_>) {
    let Some(payment) = draft.facts.payment.known() else { return };
    let group = sums::group(payment);
    let (pixi, unzer) = (draft.sums.pixi, draft.sums.unzer);
    let due = match group {
        Group::Wait | Group::Invoice if pixi.closed || unzer.captured > 0 => not_owed(draft),
        Group::Secured if pixi.closed && !sums::is_shipped(payment) => unzer.claim - pixi.owed,
        _ => return,
    };
    if due > draft.tolerance() {
        reverse(draft, payment, group, due, "cancellation");
    }
}

/// `min(claim − cap, claim − (closed or dead ? W − G : O))`; of G only what may be given back now.
fn not_owed(draft: &Draft<'_>) -> i64 {
    let (pixi, unzer) = (draft.sums.pixi, draft.sums.unzer);
    let credits = returns::claimable(draft);
    let owed = if pixi.closed || pixi.dead { pixi.owed - credits } else { pixi.ordered };
    (unzer.claim - unzer.captured).min(unzer.claim - owed)
}

/// The whole order is cancelled: nothing is waited for any longer. Money that came all the same is told by mail.
pub(super) fn dead(draft: &mut Draft<'_>, payment: &Payment, group: Group) {
    let unzer = draft.sums.unzer;
    let open = match group {
        Group::Secured if sums::is_shipped(payment) => 0,
        _ => unzer.claim - unzer.captured,
    };
    if open > 0 {
        reverse(draft, payment, group, open, "cancelled");
    }
    if unzer.net > 0 {
        draft.notice(Notice::hint(Number::LateMoney).with("amount", draft.amount(unzer.net)));
    }
}

fn reverse(draft: &mut Draft<'_>, payment: &Payment, group: Group, amount: i64, rule: &'static str) {
    draft.gives_back = true;
    if draft.money_held || !cancel::confirmed(draft, amount) {
        return;
    }
    let Some(claim) = sums::claim_charge(payment) else { return };
    let (pixi, unzer) = (draft.sums.pixi, draft.sums.unzer);
    let target = draft.facts.money(unzer.reversed + amount).decimal();
    let effect = Effect::Reverse {
        payment: payment.id.clone(),
        amount: draft.facts.money(amount),
        at: ReverseAt::Claim { charge: claim.id.clone() },
        reason: cancel::reason(payment, ReasonCode::Cancel),
    };
    // What is shipped and not paid yet has to stay claimed; a secured claim is given back only after its notice.
    let stays = if group == Group::Secured {
        pixi.invoiced
    } else {
        pixi.invoiced - returns::claimable(draft) - draft.sums.kept()
    };
    let guards = Guards {
        capturable: unzer.claim - sums::pending(payment, TransactionKind::CancelAuthorize),
        captured: unzer.captured,
        refunded: 0,
        must_stay: (stays - draft.tolerance()).max(0),
    };
    let written = draft.amount(amount);
    let attempt = draft.step(rule, format!("reverse:claim:{target}"), effect, guards);
    if attempt.goes() {
        draft.say(Phrase::new(PhraseKey::ReverseClaim).with("amount", &written));
    }
    if let Some(refusal) = attempt.refusal() {
        draft.rule(rule);
        draft.notice(Notice::problem(Number::ClaimReversalRefused).with("amount", written).with("code", &refusal.code));
    }
}

/// C5: the order is closed and the claim is what the invoices demand: the buyer's term starts.
pub(super) fn ship(draft: &mut Draft<'_>) {
    let Some(payment) = draft.facts.payment.known() else { return };
    let due = sums::group(payment) == Group::Secured && draft.sums.pixi.closed && !sums::is_shipped(payment);
    let Some(invoice) = draft.facts.invoices().last().filter(|_| due) else { return };
    let (pixi, unzer) = (draft.sums.pixi, draft.sums.unzer);
    if pixi.invoiced > unzer.claim + draft.tolerance() {
        draft.rule("C5");
        let missing = draft.amount(pixi.invoiced - unzer.claim);
        let notice = Notice::problem(Number::InvoiceExceedsMoney).with("document", &invoice.nr);
        draft.notice(notice.with("missing", missing));
        return;
    }
    // The claim is lowered first: with the notice all of it comes due.
    let too_high = unzer.claim - pixi.owed > draft.tolerance();
    // What a person has settled needs no notice; one that is left does.
    let is_settled = |invoice: &Document| draft.facts.accepted.contains(&invoice.nr);
    let paid_by_others =
        draft.facts.invoices().any(|invoice| !is_settled(invoice) && capture::paid_by_others(draft.facts, invoice));
    let all_settled = draft.facts.invoices().all(is_settled);
    if draft.money_held || too_high || paid_by_others || all_settled || pixi.owed <= 0 {
        return;
    }
    let effect = Effect::Ship { payment: payment.id.clone(), invoice: invoice.nr.clone() };
    let written = draft.amount(unzer.claim);
    let attempt = draft.step("C5", format!("ship:{}", payment.id), effect, Guards::default());
    if attempt.goes() {
        draft.say(Phrase::new(PhraseKey::ShipmentNotice).with("document", &invoice.nr).with("amount", &written));
    }
    if let Some(refusal) = attempt.refusal() {
        draft.rule("C5");
        let notice = Notice::problem(Number::ShipmentRefused).with("document", &invoice.nr);
        draft.notice(notice.with("amount", written).with("code", &refusal.code));
    }
}

/// Whether documents may be booked: C3, C4: closed, the money in and nothing to give back; C5: after the notice and the
/// credit notes.
pub(super) fn may_book(draft: &Draft<'_>, payment: &Payment) -> bool {
    let pixi = draft.sums.pixi;
    match sums::group(payment) {
        Group::Wait | Group::Invoice => {
            let money_in = draft.sums.kept() >= pixi.invoiced - pixi.credited - draft.tolerance();
            let nothing_waits = returns::claimable(draft) >= pixi.credited - returns::by_others(draft);
            pixi.closed && nothing_waits && money_in && not_owed(draft) <= draft.tolerance() && !draft.gives_back
        }
        Group::Secured => pixi.closed && sums::is_shipped(payment) && !draft.gives_back,
        Group::Auth | Group::Paid | Group::PayLater => true,
    }
}

/// Whether credit notes are paid back now: from closed or money in; secured after the notice.
pub(super) fn may_refund(draft: &Draft<'_>, payment: &Payment) -> bool {
    match sums::group(payment) {
        Group::Wait | Group::Invoice => draft.sums.pixi.closed || draft.sums.unzer.captured > 0,
        Group::Secured => sums::is_shipped(payment),
        Group::Auth | Group::Paid | Group::PayLater => true,
    }
}
