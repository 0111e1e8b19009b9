//! What must stand in the books of the simulated peers in the end: everything once, nothing open.

use std::collections::{BTreeMap, BTreeSet};

use pixi_payd::sandbox::World;
use pixi_payd::sandbox::pixi::{Booking, CaptureCall, DocumentKind, LineState};
use pixi_payd::sandbox::unzer::{Ledger, Movement};

use crate::people::{Captures, Sold, moved};

/// All that is wrong, in words, after the daemon was killed or could not store what it did. Bank data may then stand there
/// twice, for the buyer has to get them; everything else once.
pub fn wrong(world: &World, sold: &[Sold]) -> Vec<String> {
    let mut wrong = Vec::new();
    let (mut bookings, mut calls) =
        (BTreeMap::<String, Vec<Booking>>::new(), BTreeMap::<String, Vec<CaptureCall>>::new());
    for booking in world.pixi.bookings() {
        bookings.entry(booking.document.clone().unwrap_or_default()).or_default().push(booking);
    }
    for call in world.pixi.captures() {
        calls.entry(call.invoice.clone()).or_default().push(call);
    }
    let mut known = BTreeSet::new();
    for sold in sold {
        let mut say = |what: String| {
            let kind = sold.kind;
            wrong.push(format!("order {} {} {:?} {}: {what}", sold.nr, kind.method, kind.mode, sold.payment));
        };
        money(world, sold, &mut say);
        let order = world.pixi.order(sold.nr).unwrap();
        if order.lines.iter().any(|line| line.state == LineState::Hal) {
            say("is on hold".to_owned());
        }
        if order.lock.is_some() != sold.kind.locked {
            say(format!("lock: {:?}", order.lock));
        }
        let mut comments = BTreeMap::<&str, usize>::new();
        for comment in &order.comments {
            *comments.entry(&comment.text).or_default() += 1;
        }
        for (comment, times) in comments {
            let most = if comment.contains("IBAN") { 2 } else { 1 };
            if times > most {
                say(format!("is told {times} times: {comment}"));
            }
        }
        for document in world.pixi.documents_of(sold.nr) {
            let amounts = |of: &[Booking]| of.iter().map(|booking| booking.amount.abs()).collect::<Vec<_>>();
            let booked = bookings.get(&document.nr).map(|of| amounts(of)).unwrap_or_default();
            if booked != [document.total.abs()] {
                say(format!("{} over {} is booked with {booked:?}", document.nr, document.total));
            }
            let told = calls.get(&document.nr).map_or(0, Vec::len);
            if told != usize::from(document.kind == DocumentKind::Invoice) {
                say(format!("pixiPaySetInvoiceCapture for {}: {told} times", document.nr));
            }
            known.insert(document.nr);
        }
    }
    wrong.extend(bookings.keys().filter(|nr| !known.contains(*nr)).map(|nr| format!("a booking of nothing: {nr:?}")));
    wrong
}

/// Sums by the first word of the reference: the invoice or credit note, `ORDER`, `STORNO`.
fn by_word(movements: &[Movement]) -> BTreeMap<&str, Vec<i64>> {
    let mut sums = BTreeMap::<&str, Vec<i64>>::new();
    for movement in movements.iter().filter(|movement| !movement.reference.is_empty()) {
        sums.entry(movement.reference.split(' ').next().unwrap_or_default()).or_default().push(movement.amount);
    }
    sums
}

fn money(world: &World, sold: &Sold, say: &mut impl FnMut(String)) {
    let ledger: Ledger = world.unzer.ledger(&sold.payment).unwrap();
    if moved(&ledger) != sold.kind.moved {
        say(format!("captured, refunded, reversed: {:?} instead of {:?}", moved(&ledger), sold.kind.moved));
    }
    if ledger.shipments.len() != sold.kind.notices {
        say(format!("{} shipment notices", ledger.shipments.len()));
    }
    let documents = world.pixi.documents_of(sold.nr);
    let captures = by_word(&ledger.charges);
    let expected: BTreeMap<&str, Vec<i64>> = match sold.kind.captures {
        Captures::PerInvoice => documents
            .iter()
            .filter(|document| document.kind == DocumentKind::Invoice)
            .map(|document| (document.nr.as_str(), vec![document.total]))
            .collect(),
        Captures::AtRelease => [("ORDER", vec![sold.kind.moved.0])].into(),
        Captures::None => BTreeMap::new(),
    };
    if captures != expected {
        say(format!("captures {captures:?} instead of {expected:?}"));
    }
    let refunds = by_word(&ledger.refunds);
    for document in documents.iter().filter(|document| document.kind == DocumentKind::Credit) {
        let sum: i64 = refunds.get(document.nr.as_str()).into_iter().flatten().sum();
        if sum != document.total.abs() {
            say(format!("{} over {} is refunded with {sum}", document.nr, document.total));
        }
    }
    let paths = ledger.refunds.iter().chain(&ledger.reversals).map(|movement| movement.path.as_str());
    if paths.clone().collect::<BTreeSet<_>>().len() != paths.count() {
        say("a give-back stands there twice".to_owned());
    }
}
