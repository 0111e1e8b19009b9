//! Telling invoices, credit notes and everything else apart (DESIGN 2 "Documents").

use std::collections::BTreeMap;

use crate::clock::Time;
use crate::pixi::{Invoice, InvoiceLine, OrderHeader, assumptions};
use crate::policy::Facts;
use crate::policy::facts::{Document, DocumentKind, Line, LineState, Unclear};

/// The documents of an order, oldest first. Invoices whose goods have not left yet are not in it: they demand nothing
/// before they are shipped.
#[expect(clippy::too_many_arguments, reason = "everything pixi shows of the order takes part")]
pub fn classify(
    header: &OrderHeader,
    lines: &[Line],
    invoices: &[Invoice],
    document_lines: &BTreeMap<String, Option<Vec<InvoiceLine>>>,
    shipping: i64,
    before: Option<&Facts>,
    now: Time,
    unclear: &mut Vec<Unclear>,
) -> Vec<Document> {
    let mut sorted: Vec<&Invoice> = invoices.iter().collect();
    sorted.sort_by_key(|invoice| invoice.invoice_key);
    let mut documents: Vec<Document> = Vec::new();
    for invoice in sorted {
        let known = before.and_then(|facts| facts.documents.iter().find(|known| known.nr == invoice.invoice_nr));
        if let Some(known) = known.filter(|known| known.kind != DocumentKind::Unclear) {
            let paid = paid(invoice);
            documents.push(Document { paid, total: invoice.total.minor.abs(), ..known.clone() });
            continue;
        }
        let rows = document_lines.get(&invoice.invoice_nr).and_then(Option::as_deref).unwrap_or_default();
        let keys = line_keys(rows);
        let kind = kind(invoice, keys.as_deref(), lines, &documents);
        if kind == DocumentKind::Invoice && !shipped(invoice, keys.as_deref(), lines) {
            continue;
        }
        if kind == DocumentKind::Unclear {
            unclear.push(Unclear::Document(invoice.invoice_nr.clone()));
        }
        documents.push(Document {
            nr: invoice.invoice_nr.clone(),
            key: invoice.invoice_key,
            kind,
            total: invoice.total.minor.abs(),
            paid: paid(invoice),
            has_shipping: carries_shipping(invoice, rows, shipping),
            lines: keys,
            first_seen: known.map_or(now, |known| known.first_seen),
            carrier: header.carrier.clone(),
            tracking: invoice.tracking.clone().or_else(|| header.tracking.clone()),
        });
    }
    for document in documents.iter().filter(|document| document.kind == DocumentKind::Unclear) {
        let notice = Unclear::Document(document.nr.clone());
        if !unclear.contains(&notice) {
            unclear.push(notice);
        }
    }
    documents
}

/// What pixi counts as paid: the sum, else what its mark says; none where it shows neither.
fn paid(invoice: &Invoice) -> Option<i64> {
    let by_mark = |paid: bool| if paid { invoice.total.minor.abs() } else { 0 };
    invoice.paid_sum.map(|paid| paid.minor).or_else(|| invoice.paid.map(by_mark))
}

/// Order lines a document is for; none where this installation does not tell.
fn line_keys(rows: &[InvoiceLine]) -> Option<Vec<i64>> {
    if rows.is_empty() {
        return None;
    }
    rows.iter().map(|row| row.orderline_ref).collect()
}

fn kind(invoice: &Invoice, keys: Option<&[i64]>, lines: &[Line], earlier: &[Document]) -> DocumentKind {
    let state = |key: i64| lines.iter().find(|line| line.key == key).map(|line| &line.state);
    let all = |test: &dyn Fn(&LineState) -> bool| {
        keys.is_none_or(|keys| keys.iter().all(|key| state(*key).is_some_and(test)))
    };
    let invoiced_before = |key: &i64| {
        earlier.iter().any(|document| {
            document.kind == DocumentKind::Invoice && document.lines.as_ref().is_some_and(|lines| lines.contains(key))
        })
    };
    let typed = invoice.invoice_type.as_deref().map(assumptions::type_means_credit);
    let credit = match typed {
        Some(credit) => credit,
        // Without a type a credit note shows by its sign, or by giving back what was invoiced before.
        None => {
            invoice.total.minor < 0 || keys.is_some_and(|keys| !keys.is_empty() && keys.iter().all(invoiced_before))
        }
    };
    if credit {
        let returned = all(&|state| *state == LineState::Ret);
        return if returned && keys.is_some() { DocumentKind::CreditNote } else { DocumentKind::Unclear };
    }
    let twice = keys.is_some_and(|keys| keys.iter().any(invoiced_before));
    let of_this_order = keys.is_none_or(|keys| keys.iter().all(|key| state(*key).is_some()));
    if invoice.total.minor < 0 || twice || !of_this_order { DocumentKind::Unclear } else { DocumentKind::Invoice }
}

fn shipped(invoice: &Invoice, keys: Option<&[i64]>, lines: &[Line]) -> bool {
    match keys {
        Some(keys) => lines.iter().filter(|line| keys.contains(&line.key)).all(|line| line.state.is_shipped()),
        None => invoice.ship_date.is_some(),
    }
}

fn carries_shipping(invoice: &Invoice, rows: &[InvoiceLine], shipping: i64) -> bool {
    if shipping == 0 {
        return false;
    }
    if rows.iter().any(|row| row.ship_cost.is_some_and(|cost| cost.minor > 0)) {
        return true;
    }
    let goods: Option<i64> = rows.iter().map(|row| row.price.map(|price| price.minor.saturating_mul(row.qty))).sum();
    goods.is_some_and(|goods| invoice.total.minor.abs() - goods >= shipping)
}
