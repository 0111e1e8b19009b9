//! Capture per shipped invoice (C0, C1, C2, C6, C7, C8).

use crate::steps::{Effect, Guards, RefusalKind, Shipping};
use crate::text::{Notice, Number, Phrase, PhraseKey};
use crate::unzer::Group;

use super::attempts::Attempt;
use super::draft::Draft;
use super::facts::{Document, Facts};
use super::sums;

/// Limits of a capture: Σ captures never above what is authorised and not given free.
pub(super) fn guards(draft: &Draft<'_>) -> Guards {
    let unzer = draft.sums.unzer;
    Guards {
        capturable: unzer.authorized - unzer.reversed,
        captured: unzer.captured,
        refunded: unzer.refunded + unzer.charged_back,
        must_stay: 0,
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
/// Whatever the shop, a release in standard mode or an invoice deleted since has taken already counts.
pub(super) fn covered<'a>(facts: &'a Facts, sums: &sums::Sums, tolerance: i64) -> Vec<(&'a Document, Covered)> {
    let taken = sums.unzer.captured - sums.cancellation_refunds();
    let rest = sums.unzer.rest;
    let mut invoiced = 0;
    facts
        .invoices()
        .map(|invoice| {
            invoiced += invoice.total;
            let missing = (invoiced - taken).clamp(0, invoice.total.max(0));
            // C7: the last cents are not chased once nothing is left to take them from.
            let even = missing == 0 || (missing <= tolerance && rest == 0);
            (invoice, if even { Covered::Yes } else { Covered::Missing(missing) })
        })
        .collect()
}

/// True where the invoice shows money that this daemon has not booked (C0).
pub(super) fn paid_by_others(facts: &Facts, invoice: &Document) -> bool {
    invoice.paid != 0
        && !facts.past.iter().any(|past| {
            matches!(&past.effect, Effect::BookInvoice { invoice: nr, .. } if *nr == invoice.nr)
                && (past.is_done() || past.is_open())
        })
}

/// Takes what each shipped invoice is still short of, oldest first.
pub(super) fn capture_invoices(draft: &mut Draft<'_>) {
    let Some(payment) = draft.facts.payment.known() else { return };
    let group = sums::group(payment);
    if matches!(group, Group::Wait | Group::Invoice | Group::Secured) || draft.money_held {
        return;
    }
    let mut rest = draft.sums.unzer.rest;
    for (invoice, covered) in covered(draft.facts, &draft.sums, draft.tolerance()) {
        if paid_by_others(draft.facts, invoice) {
            let paid = draft.amount(invoice.paid);
            let notice = Notice::problem(Number::AlreadyPaidInPixi).with("document", &invoice.nr).with("paid", paid);
            draft.rule("C0");
            draft.notice(notice);
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
        if capture(draft, &payment.id, group, invoice, amount) {
            rest -= amount;
        }
    }
}

/// C2 and C7: more invoiced than there is money.
fn exceeds(draft: &mut Draft<'_>, invoice: &Document, short: i64) {
    draft.rule("C7");
    let notice =
        Notice::problem(Number::InvoiceExceedsMoney).with("document", &invoice.nr).with("missing", draft.amount(short));
    draft.notice(notice);
}

/// C1: one capture for one invoice. True where it is planned.
fn capture(draft: &mut Draft<'_>, payment: &str, group: Group, invoice: &Document, amount: i64) -> bool {
    let rule = if group == Group::PayLater { "C6" } else { "C1" };
    let effect = Effect::Capture {
        payment: payment.to_owned(),
        amount: draft.facts.money(amount),
        invoice: Some(invoice.nr.clone()),
        shipping: invoice.tracking.clone().map(|tracking| Shipping { carrier: invoice.carrier.clone(), tracking }),
    };
    let written = draft.amount(amount);
    let attempt = draft.step(rule, format!("capture:{}", invoice.nr), effect, guards(draft));
    match attempt {
        Attempt::Go => {
            draft.say(Phrase::new(PhraseKey::CaptureInvoice).with("document", &invoice.nr).with("amount", written));
            true
        }
        Attempt::Later { at, refusal: None } => {
            draft.rule("C8");
            let at = at.format("%Y-%m-%d %H:%M UTC");
            draft.say(Phrase::new(PhraseKey::CaptureLater).with("document", &invoice.nr).with("at", at));
            if let Some(first) = first_try(draft.facts, &invoice.nr) {
                let since = first.format("%Y-%m-%d %H:%M UTC");
                let notice = Notice::problem(Number::CaptureOverdue)
                    .with("document", &invoice.nr)
                    .with("amount", written)
                    .with("since", since);
                draft.notice(notice);
            }
            false
        }
        Attempt::Refused(refusal) | Attempt::Later { refusal: Some(refusal), .. } => {
            draft.rule("C8");
            if refusal.kind != RefusalKind::Passing {
                let notice = Notice::problem(Number::CaptureRefused)
                    .with("document", &invoice.nr)
                    .with("amount", written)
                    .with("code", &refusal.code);
                draft.notice(notice);
            }
            false
        }
        // Captured once and still short: an invoice is captured once, the rest is a person's.
        Attempt::Done(_) => {
            exceeds(draft, invoice, amount);
            false
        }
        Attempt::Open(_) => false,
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
