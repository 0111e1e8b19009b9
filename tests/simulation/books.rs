//! What must hold on the books of the simulated peers: always, and when everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};

use crate::cast::{Cast, Sold, goodwill, is_closed};
use crate::excuses::{Lack, explains};
use crate::watch::TOLERANCE;
use pixi_payd::engine::asks_person;
use pixi_payd::journal::{Management, OrderRow, StepRecord, Waits};
use pixi_payd::sandbox::pixi::{Document, DocumentKind};
use pixi_payd::sandbox::unzer::{Ledger, Movement};
use pixi_payd::text::Number;

/// What must hold after each step.
pub fn always(cast: &Cast) -> Vec<String> {
    let mut wrong = Vec::new();
    for ledger in cast.world.unzer.all_ledgers() {
        captured_once(cast, &ledger, &mut wrong);
        refunded_once(cast, &ledger, &mut wrong);
    }
    let mut booked: BTreeMap<(String, String), usize> = BTreeMap::new();
    for booking in cast.world.pixi.bookings() {
        let Some(document) = booking.document else { continue };
        *booked.entry((document, booking.event)).or_default() += 1;
    }
    for ((document, event), times) in booked {
        if times > 1 {
            wrong.push(format!("{document} is booked {times} times with {event}"));
        }
    }
    wrong
}

/// Sums of this daemon's movements by what they are for.
fn ours<'a>(of: &'a [Movement], by: impl Fn(&'a Movement) -> &'a str) -> BTreeMap<&'a str, (usize, i64)> {
    let mut sums: BTreeMap<&str, (usize, i64)> = BTreeMap::new();
    for movement in of.iter().filter(|movement| !movement.reference.is_empty()) {
        let name = by(movement);
        if !name.is_empty() {
            let sum = sums.entry(name).or_default();
            *sum = (sum.0 + 1, sum.1 + movement.amount);
        }
    }
    sums
}

fn captured_once(cast: &Cast, ledger: &Ledger, wrong: &mut Vec<String>) {
    if ledger.authorized > 0 && ledger.captured > ledger.authorized {
        wrong.push(format!("{}: {} captured of {}", ledger.payment, ledger.captured, ledger.authorized));
    }
    for (invoice, (times, amount)) in ours(&ledger.charges, |charge| &charge.invoice_id) {
        if times > 1 {
            wrong.push(format!("{invoice} is captured {times} times"));
        }
        if cast.world.pixi.document(invoice).is_some_and(|document| amount > document.total + TOLERANCE) {
            wrong.push(format!("{invoice} is captured with {amount}"));
        }
    }
}

fn refunded_once(cast: &Cast, ledger: &Ledger, wrong: &mut Vec<String>) {
    if ledger.refunded > ledger.captured {
        wrong.push(format!("{}: {} refunded of {}", ledger.payment, ledger.refunded, ledger.captured));
    }
    let document = |refund: &Movement| refund.reference.split(' ').next().unwrap_or_default().len();
    let by_document = ours(&ledger.refunds, |refund| &refund.reference[..document(refund)]);
    for (credit, (_, amount)) in by_document {
        let known = cast.world.pixi.document(credit);
        if known.is_some_and(|document| amount > document.total.abs() + TOLERANCE) {
            wrong.push(format!("{credit} is refunded with {amount}"));
        }
    }
}

/// What must hold once all is well and nothing moves any more.
pub fn at_rest(cast: &Cast, rows: &[OrderRow]) -> Vec<String> {
    let mut wrong = always(cast);
    let all = cast.world.unzer.all_ledgers();
    for sold in &cast.sold {
        let Some(row) = rows.iter().find(|row| row.order.nr == sold.nr) else {
            if !sold.is_gone && cast.is_handled(sold) {
                wrong.push(format!("order {} was never seen", sold.nr));
            }
            continue;
        };
        // Removed before it could be read once: nothing is known of it but its number.
        if sold.is_gone && row.payment_status == "NEW" {
            continue;
        }
        if row.waits == Waits::Check && row.next_check.is_none() {
            wrong.push(format!("order {} has neither next check nor end", sold.nr));
        }
        let mark = row.mark.as_ref().map(|mark| mark.number);
        if matches!(mark, Some(Number::InternalError | Number::Unreadable)) {
            wrong.push(format!("order {} is marked {}", sold.nr, row.reason));
        }
        if row.management != Management::Managed || row.payment_status == "MANUAL" || sold.is_borrowed {
            continue;
        }
        let told = told(row);
        let is_told = |lack: Lack| told.iter().any(|number| explains(*number, lack));
        let lost = lost(cast, sold, row, &Cast::ledgers(sold, &all));
        for (lack, what) in lost.into_iter().filter(|(lack, _)| !is_told(*lack)) {
            wrong.push(format!("order {} {} {told:?} {}: {lack:?}: {what}", sold.nr, sold.slug, row.reason));
        }
    }
    wrong
}

/// What is told of an order: its mark, and what stands behind the mark.
fn told(row: &OrderRow) -> Vec<Number> {
    let behind = |number: &&Number| row.reason.contains(&number.to_string());
    row.mark.iter().map(|mark| mark.number).chain(Number::ALL.iter().filter(behind).copied()).collect()
}

/// Steps of which it is not known how they ended, though nobody is asked and their order is worked on.
pub fn undecided(cast: &Cast, rows: &[OrderRow], steps: &[StepRecord]) -> Vec<String> {
    let is_left = |row: &&OrderRow| {
        let order = cast.world.pixi.order(row.order.nr);
        let is_there = order.is_some_and(|order| order.payment_code == row.payment_code.0);
        !is_there || row.management != Management::Managed || told(row).contains(&Number::OutcomeUnknown)
    };
    let left: BTreeSet<i64> = rows.iter().filter(is_left).map(|row| row.order.nr).collect();
    let open = steps.iter().filter(|step| step.state.is_open() && !asks_person(step));
    let open = open.filter(|step| !left.contains(&step.order.nr));
    open.map(|step| format!("order {}: {} is still open, and nobody is asked", step.order.nr, step.key)).collect()
}

/// What an order still lacks.
fn lost(cast: &Cast, sold: &Sold, row: &OrderRow, ledgers: &[Ledger]) -> Vec<(Lack, String)> {
    let mut lost = Vec::new();
    let net: i64 = ledgers.iter().map(|ledger| ledger.captured - ledger.refunded - ledger.charged_back).sum();
    let rest: i64 = ledgers
        .iter()
        .filter(|ledger| ledger.authorized > 0)
        .map(|ledger| ledger.authorized - ledger.reversed - ledger.captured)
        .sum();
    let order = cast.world.pixi.order(sold.nr);
    // An order that is gone, or another payment type's by now: the money is a person's.
    let Some(order) = order.filter(|order| order.payment_code == row.payment_code.0) else {
        if net > TOLERANCE || rest > TOLERANCE {
            lost.push((Lack::Abandoned, format!("gone with {net} taken and {rest} open")));
        }
        return lost;
    };
    let documents = cast.world.pixi.documents_of(sold.nr);
    let sum = |kind: DocumentKind| -> i64 {
        documents.iter().filter(|document| document.kind == kind).map(|document| document.total.abs()).sum()
    };
    let (invoiced, credited) = (sum(DocumentKind::Invoice), sum(DocumentKind::Credit));
    let is_dead = invoiced == 0 && !order.lines.is_empty() && order.lines.iter().all(|line| line.state.is_cancelled());
    if is_dead {
        if net != 0 || rest != 0 && !ledgers.is_empty() {
            lost.push((Lack::Dead, format!("cancelled, {net} taken and {rest} open")));
        }
        return lost;
    }
    if invoiced == 0 {
        return lost;
    }
    // What a person has set paid is a person's to settle.
    if documents.iter().any(|document| cast.paid_by_hand.contains(&document.nr)) {
        return lost;
    }
    // The buyer has not transferred the money yet: nothing can be booked.
    let given_away: i64 = ledgers.iter().map(goodwill).sum();
    let is_unpaid = sold.waits_for_transfer() && net + given_away < invoiced - credited - TOLERANCE;
    if is_unpaid {
        if sold.slug == "prepayment" {
            lost.push((Lack::Unpaid, "shipped without money, and nobody is told".to_owned()));
        }
        return lost;
    }
    let waits = sold.waits_for_transfer() && !is_closed(&order);
    if !waits {
        let unbooked = documents.iter().filter_map(|document| not_booked(cast, document));
        lost.extend(unbooked);
    }
    if sold.is_touched {
        return lost;
    }
    if net < invoiced - credited - TOLERANCE {
        lost.push((Lack::TooLittle, format!("{net} taken for {invoiced} less {credited}")));
    }
    // What the buyer paid too much is hinted at, never sent back by itself.
    let captured: i64 = ledgers.iter().map(|ledger| ledger.captured).sum();
    let overpaid = row.o0.map_or(0, |o0| (captured - o0).max(0));
    if is_closed(&order) && net > invoiced - credited + overpaid + TOLERANCE {
        lost.push((Lack::TooMuch, format!("{net} kept for {invoiced} less {credited}")));
    }
    if is_closed(&order) && rest > TOLERANCE && !sold.is_pay_later() {
        lost.push((Lack::Held, format!("{rest} still authorised")));
    }
    lost
}

fn not_booked(cast: &Cast, document: &Document) -> Option<(Lack, String)> {
    let total = document.total.abs();
    if total == 0 || cast.paid_by_hand.contains(&document.nr) {
        return None;
    }
    let bookings: Vec<i64> = cast.world.pixi.bookings_for(&document.nr).iter().map(|b| b.amount.abs()).collect();
    let lack = if document.kind == DocumentKind::Credit { Lack::ReturnUnbooked } else { Lack::InvoiceUnbooked };
    (bookings != [total]).then(|| (lack, format!("{} over {total} has bookings {bookings:?}", document.nr)))
}
