//! Capture per shipped invoice (C0, C1, C2, C6, C7, C8).

use crate::steps::{Effect, Guards, RefusalKind, Shipping};
use crate::text::{Notice, Number, Phrase, PhraseKey};
use crate::unzer::{Group, Payment, Transaction, TransactionKind, TransactionStatus};

use super::asked;
use super::attempts::Attempt;
use super::draft::Draft;
use super::facts::{Document, Facts, Past};
use super::sums::{self, UnzerSums};

/// Limits of a money step on `payment` as Unzer shows them; what is pending there is taken for done. Of what has to stay,
/// the order's other payments hold their part.
pub(super) fn guards(draft: &Draft<'_>, payment: &Payment, must_stay: i64) -> Guards {
    let unzer = UnzerSums::of(payment, sums::group(payment));
    let pending = |kind| sums::pending(payment, kind);
    let elsewhere = draft.sums.unzer.net - unzer.net;
    Guards {
        capturable: unzer.authorized
            - unzer.reversed
            - pending(TransactionKind::CancelAuthorize)
            - pending(TransactionKind::Charge),
        captured: unzer.captured,
        refunded: unzer.refunded + unzer.charged_back + pending(TransactionKind::CancelCharge),
        must_stay: (must_stay - elsewhere).max(0),
    }
}

/// Whether the money for an invoice has been taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Covered {
    /// Yes; the invoice may be booked.
    Yes,
    /// So much is still to be taken.
    Missing(i64),
}

/// `Iᵢ − (cap − cref)`, clamped to 0…total: what is still to be taken for each invoice, oldest first.
///
/// Whatever the shop, a release in standard mode or an invoice deleted since has taken already counts. Invoices that
/// were captured come first: where a later number was shipped earlier, what is missing is the other one's.
pub(super) fn covered<'a>(facts: &'a Facts, sums: &sums::Sums, tolerance: i64) -> Vec<(&'a Document, Covered)> {
    let taken = sums.unzer.captured - sums.cancellation_refunds();
    let rest = sums.unzer.rest;
    let mut invoiced = 0;
    let captured = |nr: &str| {
        facts.done().any(|past| matches!(&past.effect, Effect::Capture { invoice: Some(of), .. } if of == nr))
    };
    let (before, since): (Vec<_>, Vec<_>) = facts.invoices().partition(|invoice| captured(&invoice.nr));
    before
        .into_iter()
        .chain(since)
        .map(|invoice| {
            invoiced += invoice.total;
            let missing = (invoiced - taken).clamp(0, invoice.total.max(0));
            // C7: the last cents are not chased once nothing is left to take them from.
            let even = missing == 0 || (missing <= tolerance && rest == 0);
            (invoice, if even { Covered::Yes } else { Covered::Missing(missing) })
        })
        .collect()
}

/// True where a document shows money that this daemon has not booked (C0), or a person has accepted it as done.
pub(super) fn paid_by_others(facts: &Facts, document: &Document) -> bool {
    if facts.accepted.contains(&document.nr) {
        return true;
    }
    let books = |past: &Past| matches!(past.effect, Effect::BookInvoice { .. } | Effect::BookReturn { .. });
    document.paid.is_some_and(|paid| paid != 0)
        && !facts.past.iter().any(|past| {
            books(past) && past.effect.document() == Some(&document.nr) && (past.is_done() || past.is_open())
        })
}

/// C0: no money and no booking for a document somebody else has paid.
pub(super) fn say_paid_by_others(draft: &mut Draft<'_>, document: &Document) {
    if draft.facts.accepted.contains(&document.nr) {
        return;
    }
    let paid = draft.amount(document.paid.unwrap_or_default());
    draft.rule("C0");
    draft.notice(Notice::problem(Number::AlreadyPaidInPixi).with("document", &document.nr).with("paid", paid));
}

/// Takes what each shipped invoice is still short of, oldest first.
pub(super) fn capture_invoices(draft: &mut Draft<'_>) {
    let Some(payment) = draft.facts.payment.known() else { return };
    let group = sums::group(payment);
    if group == Group::Secured {
        for invoice in draft.facts.invoices() {
            if paid_by_others(draft.facts, invoice) {
                say_paid_by_others(draft, invoice);
            }
        }
    }
    if group.claims() || draft.money_held {
        return;
    }
    // R7 takes the invoices' money together with the rest.
    if draft.steps().iter().any(|step| matches!(step.effect, Effect::Capture { .. })) {
        return;
    }
    if let Some(entry) = undecided_charge(draft, payment) {
        draft.rule("look");
        draft.say(Phrase::new(PhraseKey::AwaitingLook).with("step", entry));
        return;
    }
    if awaits_asked(draft, payment) {
        return;
    }
    let mut rest = draft.sums.unzer.rest;
    for (invoice, covered) in covered(draft.facts, &draft.sums, draft.tolerance()) {
        if paid_by_others(draft.facts, invoice) {
            say_paid_by_others(draft, invoice);
            continue;
        }
        let Covered::Missing(missing) = covered else { continue };
        let amount = missing.min(rest);
        if missing > rest + draft.tolerance() {
            exceeds(draft, invoice, missing - rest);
            continue;
        }
        if amount <= 0 {
            continue;
        }
        if capture(draft, payment, group, invoice, amount) {
            rest -= amount;
        }
    }
}

/// What was captured for a person counts for these goods, and Unzer does not show it yet: it is waited for.
pub(super) fn awaits_asked(draft: &mut Draft<'_>, payment: &Payment) -> bool {
    let Some(unseen) = asked::unseen_capture(draft, payment).filter(|past| asked::is_asked(&past.key)) else {
        return false;
    };
    draft.rule("look");
    draft.say(Phrase::new(PhraseKey::AwaitingLook).with("step", &unseen.key));
    true
}

/// A charge on an authorisation that is not decided yet: what it takes is taken for these goods.
pub(super) fn undecided_charge(draft: &Draft<'_>, payment: &Payment) -> Option<String> {
    let pending =
        |entry: &&Transaction| entry.kind == TransactionKind::Charge && entry.status == TransactionStatus::Pending;
    let authorized = draft.sums.unzer.authorized > 0;
    payment.transactions.iter().find(pending).filter(|_| authorized).map(|entry| entry.path.clone())
}

/// C2 and C7: more invoiced than there is money.
fn exceeds(draft: &mut Draft<'_>, invoice: &Document, short: i64) {
    draft.rule("C7");
    let notice =
        Notice::problem(Number::InvoiceExceedsMoney).with("document", &invoice.nr).with("missing", draft.amount(short));
    draft.notice(notice);
}

/// C1: one capture for one invoice. True where it is planned.
fn capture(draft: &mut Draft<'_>, payment: &Payment, group: Group, invoice: &Document, amount: i64) -> bool {
    let rule = if group == Group::PayLater { "C6" } else { "C1" };
    let effect = Effect::Capture {
        payment: payment.id.clone(),
        amount: draft.facts.money(amount),
        invoice: Some(invoice.nr.clone()),
        shipping: invoice.tracking.clone().map(|tracking| Shipping { carrier: invoice.carrier.clone(), tracking }),
    };
    let written = draft.amount(amount);
    let attempt = draft.step(rule, format!("capture:{}", invoice.nr), effect, guards(draft, payment, 0));
    if let Some(refusal) = attempt.refusal().filter(|refusal| refusal.kind != RefusalKind::Passing) {
        draft.rule("C8");
        let notice = Notice::problem(Number::CaptureRefused)
            .with("document", &invoice.nr)
            .with("amount", &written)
            .with("code", &refusal.code);
        draft.notice(notice);
        report_failed(draft, &payment.id, invoice, &refusal.code);
    } else if let Some(first) = first_try(draft.facts, &invoice.nr).filter(|_| !matches!(attempt, Attempt::Done(_))) {
        let since = draft.moment(first);
        let notice = Notice::problem(Number::CaptureOverdue)
            .with("document", &invoice.nr)
            .with("amount", &written)
            .with("since", since);
        draft.notice(notice);
    }
    match attempt {
        Attempt::Go { .. } => {
            draft.say(Phrase::new(PhraseKey::CaptureInvoice).with("document", &invoice.nr).with("amount", written));
        }
        Attempt::Later { at, .. } => {
            draft.rule("C8");
            let at = draft.moment(at);
            draft.say(Phrase::new(PhraseKey::CaptureLater).with("document", &invoice.nr).with("at", at));
        }
        // Captured once and still short: an invoice is captured once, the rest is a person's.
        Attempt::Done(_) => exceeds(draft, invoice, amount),
        Attempt::Refused(_) | Attempt::GivenUp => draft.rule("C8"),
        Attempt::Open(_) => {}
    }
    attempt.goes()
}

/// C8: tells pixi of the refusal, once, where that is wanted. In pixi this undoes a payment, so it is never sent for an
/// invoice with any money or booking behind it.
fn report_failed(draft: &mut Draft<'_>, payment: &str, invoice: &Document, code: &str) {
    let wanted = draft.terms.payment_type.report_failed_capture;
    let untouched = draft.sums.unzer.captured == 0
        && invoice.paid.unwrap_or(0) == 0
        && !draft
            .facts
            .past
            .iter()
            .any(|past| matches!(&past.effect, Effect::BookInvoice { invoice: nr, .. } if *nr == invoice.nr));
    if wanted && untouched {
        let effect = Effect::ReportFailedCapture {
            invoice: invoice.nr.clone(),
            pay_id: payment.to_owned(),
            message: format!("pixi-payd {}: {code}", invoice.nr),
        };
        draft.step("C8", format!("report:{}", invoice.nr), effect, Guards::default());
    }
}

/// When the first of at least three tries in vain was made.
fn first_try(facts: &Facts, nr: &str) -> Option<crate::clock::Time> {
    let mut tries = facts
        .past
        .iter()
        .filter(|past| matches!(&past.effect, Effect::Capture { invoice: Some(invoice), .. } if invoice == nr));
    let first = tries.next()?;
    (tries.count() >= 2).then_some(first.at)
}
