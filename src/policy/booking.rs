//! Booking of documents in pixi's customer account, once the money behind them has moved.

use crate::config::BookingSign;
use crate::steps::{Effect, Guards, RefusalKind};
use crate::text::{Notice, Number, Phrase, PhraseKey};
use crate::unzer::{Payment, TransactionKind, TransactionStatus};

use super::attempts::{Attempt, GIVE_UP_TRANSFER};
use super::capture::{Covered, covered, paid_by_others};
use super::draft::Draft;
use super::facts::Document;
use super::{claim, returns, sums};

/// Books every document whose money is where it belongs.
pub(super) fn book(draft: &mut Draft<'_>) {
    let facts = draft.facts;
    let Some(payment) = facts.payment.known() else { return };
    if draft.money_held || !claim::may_book(draft, payment) || !within_order(draft) {
        return;
    }
    let by_transfer = sums::group(payment).awaits_transfer();
    for (invoice, covered) in covered(facts, &draft.sums, draft.tolerance()) {
        if (by_transfer || covered == Covered::Yes) && invoice.total > 0 && !paid_by_others(facts, invoice) {
            book_invoice(draft, payment, invoice);
        }
    }
    for note in facts.credit_notes() {
        let given = draft.sums.refunds.by_credit_note.get(&note.nr).copied().unwrap_or(0);
        let given_back = given > 0 && given >= note.total - draft.tolerance();
        // What was not paid yet needs no giving back: the claim was lowered.
        if note.total > 0 && (by_transfer || given_back) && !paid_by_others(facts, note) {
            book_return(draft, note);
        }
    }
}

/// C2: the invoices exceed neither what was paid nor what was ordered.
fn within_order(draft: &mut Draft<'_>) -> bool {
    let pixi = draft.sums.pixi;
    let limit = pixi.first_ordered.max(pixi.ordered);
    let exceeds = pixi.invoiced > limit + draft.tolerance() && draft.sums.unzer.rest == 0;
    if exceeds {
        draft.rule("C2");
        let notice = Notice::problem(Number::InvoicesExceedOrder)
            .with("invoiced", draft.amount(pixi.invoiced))
            .with("limit", draft.amount(limit));
        draft.notice(notice);
    }
    !exceeds
}

fn book_invoice(draft: &mut Draft<'_>, payment: &Payment, invoice: &Document) {
    let event = draft.terms.payment_type.event_invoice.clone();
    let effect = Effect::BookInvoice {
        invoice: invoice.nr.clone(),
        amount: draft.facts.money(invoice.total),
        pay_id: unique_id(draft, payment, &invoice.nr),
        event: event.clone(),
    };
    let attempt = draft.step("book", format!("book:{}", invoice.nr), effect, Guards::default());
    said_or_noticed(draft, invoice, attempt, &event, PhraseKey::BookInvoice);
}

fn book_return(draft: &mut Draft<'_>, note: &Document) {
    let event = draft.terms.payment_type.event_return.clone();
    let Some(customer) = draft.facts.customer else {
        draft.notice(Notice::problem(Number::CustomerMissing).with("document", &note.nr));
        return;
    };
    let minor = match draft.terms.payment_type.booking_sign {
        BookingSign::Positive => note.total,
        BookingSign::Event => -note.total,
    };
    let amount = draft.facts.money(minor);
    let effect = Effect::BookReturn { credit_note: note.nr.clone(), amount, customer, event: event.clone() };
    let attempt = draft.step("book", format!("book:{}", note.nr), effect, Guards::default());
    said_or_noticed(draft, note, attempt, &event, PhraseKey::BookReturn);
}

fn said_or_noticed(draft: &mut Draft<'_>, document: &Document, attempt: Attempt<'_>, event: &str, phrase: PhraseKey) {
    let amount = draft.amount(document.total);
    if attempt.goes() {
        draft.say(Phrase::new(phrase).with("document", &document.nr).with("amount", &amount));
    }
    match attempt {
        Attempt::Refused(_) | Attempt::GivenUp => {
            let notice = Notice::problem(Number::BookingGivenUp).with("document", &document.nr).with("amount", amount);
            draft.notice(notice);
        }
        Attempt::Later { refusal: Some(refusal), .. } | Attempt::Go { after: Some(refusal) }
            if refusal.kind != RefusalKind::Passing =>
        {
            draft.rule("book");
            let notice = Notice::problem(Number::BookingRefused)
                .with("document", &document.nr)
                .with("amount", amount)
                .with("code", &refusal.code)
                .with("event", event);
            draft.notice(notice);
        }
        Attempt::Done(_) | Attempt::Open(_) | Attempt::Later { .. } | Attempt::Go { .. } => {}
    }
}

/// Unzer's unique id of the charge behind an invoice: its own, else the latest one; the charge's id where that is all
/// there is to see.
fn unique_id(draft: &Draft<'_>, payment: &Payment, invoice: &str) -> String {
    let own = returns::charge_of(draft.facts, invoice);
    let charges: Vec<_> = draft
        .facts
        .payments()
        .flat_map(|payment| payment.transactions.iter().map(move |entry| (payment, entry)))
        .filter(|(_, entry)| entry.kind == TransactionKind::Charge && entry.status == TransactionStatus::Success)
        .collect();
    let is_own =
        |payment: &Payment, id: &str| own.as_ref().is_some_and(|(of, charge)| *of == payment.id && charge == id);
    let charge = charges.iter().find(|(payment, entry)| is_own(payment, &entry.id)).or_else(|| charges.last());
    charge.map_or_else(
        || payment.id.clone(),
        |(payment, entry)| {
            let unique = entry.detail.as_ref().and_then(|detail| detail.unique_id.clone());
            unique.unwrap_or_else(|| format!("{}/{}", payment.id, entry.id))
        },
    )
}

/// Bookings that failed longer than this are given up.
pub(super) const GIVEN_UP_AFTER: chrono::TimeDelta = GIVE_UP_TRANSFER;
