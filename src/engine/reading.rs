//! One whole reading of an order in pixi: header, lines, documents with their lines, totals.
//!
//! Three requests for an order that did not change: what cannot change (lines of a document) or did not (totals of
//! unchanged lines) is taken from the reading before.

use std::collections::BTreeMap;

use crate::clock::Time;
use crate::money::{Currency, Money};
use crate::pixi::{Invoice, InvoiceLine, OrderHeader, OrderLine, PixiClient, PixiError};
use crate::policy::Facts;
use crate::policy::facts::{Document, DocumentKind, Line, LineState, Unclear};

use super::documents;

/// What pixi shows of an order.
#[derive(Debug, Clone)]
pub struct PixiReading {
    /// Header.
    pub header: OrderHeader,
    /// Order currency.
    pub currency: Currency,
    /// Lines.
    pub lines: Vec<Line>,
    /// Documents, oldest first.
    pub documents: Vec<Document>,
    /// Confirmed order total without cancelled lines.
    pub total: Option<i64>,
    /// Shipping cost.
    pub shipping: i64,
    /// What does not fit together.
    pub unclear: Vec<Unclear>,
    /// Lines known before and missing now.
    pub lost_lines: Vec<i64>,
    /// Documents that also hold lines of other orders.
    pub spanning: Vec<String>,
}

/// Reads an order; none where pixi has no such order (any more).
pub async fn read(
    pixi: &PixiClient,
    order_nr: i64,
    before: Option<&Facts>,
    tolerance: i64,
    now: Time,
) -> Result<Option<PixiReading>, PixiError> {
    let Some(header) = pixi.order_header(order_nr).await? else { return Ok(None) };
    // Documents first: what happens in between is then seen on the lines alone, and no document is read beside lines
    // that are older than it.
    let invoices = pixi.invoices_of_order(order_nr).await?;
    let rows = pixi.order_lines(order_nr).await?;
    let mut unclear = Vec::new();
    let currency = header.order_currency.unwrap_or_else(|| pixi.base_currency());
    if currency != pixi.base_currency() && !all_in_order_currency(&rows, &invoices) {
        unclear.push(Unclear::Currency);
    }
    let lines = rows.iter().map(line).collect::<Vec<_>>();
    let lost_lines = lost_lines(before, &lines, &mut unclear);
    let shipping = header.ship_cost.map_or(0, |cost| cost.minor);
    let document_lines = lines_of_documents(pixi, &invoices, before).await?;
    let documents =
        documents::classify(&header, &lines, &invoices, &document_lines, shipping, before, now, &mut unclear);
    vanished_documents(pixi, before, &invoices, &mut unclear).await?;
    let spanning = spanning(order_nr, &document_lines, &invoices, before);
    if !spanning.is_empty() {
        unclear.push(Unclear::Merged);
    }
    // Of several things unclear the merging is what explains the others.
    if let Some(at) = unclear.iter().position(|what| *what == Unclear::Merged) {
        unclear.swap(0, at);
    }
    let total = total(pixi, &header, &lines, shipping, before, tolerance).await?;
    if total.is_none() {
        unclear.push(Unclear::Total);
    }
    Ok(Some(PixiReading { header, currency, lines, documents, total, shipping, unclear, lost_lines, spanning }))
}

fn line(row: &OrderLine) -> Line {
    Line {
        key: row.orderline_key,
        state: LineState::from_code(row.status.code()),
        total: row.price.minor.saturating_mul(row.qty),
    }
}

fn all_in_order_currency(rows: &[OrderLine], invoices: &[Invoice]) -> bool {
    rows.iter().all(|row| row.in_order_currency) && invoices.iter().all(|invoice| invoice.in_order_currency)
}

/// A line known before must still be there, cancelled or not: one that is missing for a second time was moved to another
/// order, and is no cancellation. Answers the missing ones; they are remembered until they come back.
fn lost_lines(before: Option<&Facts>, lines: &[Line], unclear: &mut Vec<Unclear>) -> Vec<i64> {
    let remembered = before.map(|facts| facts.surroundings.lost_lines.as_slice()).unwrap_or_default();
    let known = before.map(|facts| facts.lines.as_slice()).unwrap_or_default();
    let mut lost: Vec<i64> = known.iter().map(|line| line.key).chain(remembered.iter().copied()).collect();
    lost.retain(|key| !lines.iter().any(|line| line.key == *key));
    lost.sort_unstable();
    lost.dedup();
    match lost.iter().find(|key| !remembered.contains(key)) {
        // The first time the answer may just be cut off.
        Some(new) if remembered.is_empty() => unclear.push(Unclear::Vanished(format!("line {new}"))),
        _ if !lost.is_empty() || lines.is_empty() => unclear.push(Unclear::Merged),
        _ => {}
    }
    lost
}

/// Documents that hold lines of other orders too: merged by hand. Lines of a document never change, so one that was
/// seen to span orders does as long as it is there.
fn spanning(
    order_nr: i64,
    document_lines: &BTreeMap<String, Option<Vec<InvoiceLine>>>,
    invoices: &[Invoice],
    before: Option<&Facts>,
) -> Vec<String> {
    let remembered = before.map(|facts| facts.surroundings.spanning.as_slice()).unwrap_or_default();
    let spans = |invoice: &&Invoice| {
        let rows = document_lines.get(&invoice.invoice_nr).and_then(Option::as_deref).unwrap_or_default();
        remembered.contains(&invoice.invoice_nr) || rows.iter().any(|row| row.order_nr != order_nr)
    };
    invoices.iter().filter(spans).map(|invoice| invoice.invoice_nr.clone()).collect()
}

/// A document known before and missing now was deleted only if pixi says so when asked for it by number.
async fn vanished_documents(
    pixi: &PixiClient,
    before: Option<&Facts>,
    invoices: &[Invoice],
    unclear: &mut Vec<Unclear>,
) -> Result<(), PixiError> {
    let known = before.map(|facts| facts.documents.as_slice()).unwrap_or_default();
    for document in known {
        if !invoices.iter().any(|invoice| invoice.invoice_nr == document.nr)
            && pixi.invoice(&document.nr).await?.is_some()
        {
            unclear.push(Unclear::Vanished(format!("document {}", document.nr)));
        }
    }
    Ok(())
}

/// Lines of each document. They never change, so those of a known document are not asked for again; of one that could
/// not be told they are, for it is told by the state of the order's lines, and that changes.
async fn lines_of_documents(
    pixi: &PixiClient,
    invoices: &[Invoice],
    before: Option<&Facts>,
) -> Result<BTreeMap<String, Option<Vec<InvoiceLine>>>, PixiError> {
    let mut all = BTreeMap::new();
    for invoice in invoices {
        let told = |known: &Document| known.nr == invoice.invoice_nr && known.kind != DocumentKind::Unclear;
        let known = before.is_some_and(|facts| facts.documents.iter().any(told));
        let lines = if known { None } else { Some(pixi.invoice_lines(&invoice.invoice_nr, false).await?) };
        all.insert(invoice.invoice_nr.clone(), lines);
    }
    Ok(all)
}

/// The order total without cancelled lines, where two sources agree on it within the tolerance.
async fn total(
    pixi: &PixiClient,
    header: &OrderHeader,
    lines: &[Line],
    shipping: i64,
    before: Option<&Facts>,
    tolerance: i64,
) -> Result<Option<i64>, PixiError> {
    let all_dropped = !lines.is_empty() && lines.iter().all(|line| line.state.is_dropped());
    if all_dropped {
        return Ok(Some(0));
    }
    if let Some(before) = before
        && before.total.is_some()
        && before.shipping == shipping
        && same_amounts(&before.lines, lines)
    {
        return Ok(before.total);
    }
    let minor = |money: Option<Money>| money.map(|money| money.minor);
    let from_lines: i64 =
        lines.iter().filter(|line| !line.state.is_dropped()).map(|line| line.total).sum::<i64>() + shipping;
    let from_header = minor(header.order_total);
    let from_totals = minor(pixi.order_totals(header.order_nr).await?.total);
    let near = |one: i64, other: i64| (one - other).abs() <= tolerance;
    Ok(match (from_totals, from_header) {
        (Some(totals), _) if near(totals, from_lines) => Some(totals),
        (Some(totals), Some(header)) if near(totals, header) => Some(totals),
        (None, Some(header)) if near(header, from_lines) => Some(header),
        _ => None,
    })
}

fn same_amounts(before: &[Line], now: &[Line]) -> bool {
    before.len() == now.len()
        && before
            .iter()
            .zip(now)
            .all(|(a, b)| a.key == b.key && a.total == b.total && a.state.is_dropped() == b.state.is_dropped())
}
