//! The payment behind an order: its id, wherever the shop has put it, and what Unzer shows of it.

use crate::clock::Time;
use crate::config::PaymentType;
use crate::journal::{Claim, Journal, JournalError, OrderFilter};
use crate::pixi::{ImportPaymentId, OrderHeader, PixiClient, PixiError, is_payment_id, payment_id_in_xml};
use crate::policy::{Facts, PaymentView};
use crate::steps::{Effect, OrderId, Outcome};
use crate::unzer::{Hint, KeyRing, Payment, TransactionKind, TransactionStatus, UnzerError};

/// A payment id as far as pixi shows one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FoundId {
    /// None anywhere.
    None,
    /// The import XML holds different ones.
    Several,
    /// This one.
    One(String),
}

/// Looks for the payment id: on the order, with its card data, in its import XML.
pub async fn find_id(
    pixi: &PixiClient,
    header: &OrderHeader,
    payment_type: &PaymentType,
    known: Option<&str>,
) -> Result<FoundId, PixiError> {
    if let Some(id) = header.ccp_pay_id.as_deref().filter(|id| is_payment_id(id)) {
        return Ok(FoundId::One(id.to_owned()));
    }
    if let Some(id) = known {
        return Ok(FoundId::One(id.to_owned()));
    }
    let card = pixi.credit_card_info(header.order_nr).await?.and_then(|card| card.pay_id);
    if let Some(id) = card.filter(|id| is_payment_id(id)) {
        return Ok(FoundId::One(id));
    }
    let (Some(tag), Some(external)) = (&payment_type.xml_tag, &header.order_nr_external) else {
        return Ok(FoundId::None);
    };
    let mut found = ImportPaymentId::None;
    for import in pixi.import_of_order(external).await? {
        if let (true, Some(xml)) = (import.imported(), &import.request) {
            found = found.and(payment_id_in_xml(xml, tag));
        }
    }
    if found == ImportPaymentId::None {
        return Ok(FoundId::None);
    }
    // The log does not tell the shop: where several use the number, the document may be another shop's.
    let same_number = pixi.order_headers_by_external(external).await?;
    if same_number.iter().any(|other| other.shop_id != header.shop_id) {
        return Ok(FoundId::Several);
    }
    Ok(match found {
        ImportPaymentId::None => FoundId::None,
        ImportPaymentId::One(id) => FoundId::One(id),
        ImportPaymentId::Several => FoundId::Several,
    })
}

/// What a reading of Unzer may change in the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// The daemon: a payment id is claimed for the order.
    Act,
    /// A dry run: nothing is written.
    Look,
}

/// Reads the payment `id` for an order. `claimed`: a payment known to be this order's; a claim is for good.
#[expect(clippy::too_many_arguments, reason = "the order's whole surroundings take part")]
pub async fn read(
    journal: &Journal,
    ring: &KeyRing,
    order: &OrderId,
    external_nr: &str,
    id: &str,
    before: Option<&Facts>,
    claimed: Option<&str>,
    purpose: Purpose,
    now: Time,
) -> Result<PaymentView, JournalError> {
    let holder = if claimed == Some(id) { Some(order.clone()) } else { journal.order_of_payment(id).await? };
    let is_ours = holder.as_ref() == Some(order);
    if let Some(other) = holder.filter(|holder| holder != order) {
        return Ok(PaymentView::TakenBy(other.to_string()));
    }
    let last = before.and_then(|facts| facts.payment.known());
    let hint = Hint { public_key: last.map(|p| p.public_key.as_str()), method: last.map(|p| &p.method) };
    let mut payment = match ring.payment(id, hint).await {
        Ok(payment) => payment,
        Err(error) => return Ok(without_payment(&error, before, now)),
    };
    if let Some(other) = other_order(journal, order, external_nr, &payment).await? {
        return Ok(PaymentView::OtherOrder(other.to_string()));
    }
    if let Err(error) = fill_details(ring, &mut payment, last, before).await {
        return Ok(without_payment(&error, before, now));
    }
    // Claimed only now: a wrong id that was never this order's must not keep the right order from it.
    if !is_ours && let Some(other) = taken_by(journal, order, id, purpose).await? {
        return Ok(PaymentView::TakenBy(other.to_string()));
    }
    Ok(PaymentView::Known(Box::new(payment)))
}

async fn taken_by(
    journal: &Journal,
    order: &OrderId,
    id: &str,
    purpose: Purpose,
) -> Result<Option<OrderId>, JournalError> {
    match purpose {
        Purpose::Act => match journal.claim_payment(order, id).await? {
            Claim::Ours => Ok(None),
            Claim::TakenBy(other) => Ok(Some(other)),
        },
        Purpose::Look => Ok(journal.order_of_payment(id).await?.filter(|holder| holder != order)),
    }
}

/// R3: the payment's order id is that of another order known here.
async fn other_order(
    journal: &Journal,
    order: &OrderId,
    external_nr: &str,
    payment: &Payment,
) -> Result<Option<OrderId>, JournalError> {
    if payment.order_id.is_empty() || payment.order_id == external_nr {
        return Ok(None);
    }
    let filter = OrderFilter { search: Some(payment.order_id.clone()), ..OrderFilter::default() };
    let rows = journal.list_orders(filter).await?;
    Ok(rows.into_iter().find(|row| row.order != *order && row.nr_external == payment.order_id).map(|row| row.order))
}

/// What is known where a payment could not be read.
pub(super) fn without_payment(error: &UnzerError, before: Option<&Facts>, now: Time) -> PaymentView {
    let since = match before.map(|facts| &facts.payment) {
        Some(PaymentView::Unreachable { since, .. }) => *since,
        _ => now,
    };
    match error {
        UnzerError::NotFound { .. } => PaymentView::NotFound,
        UnzerError::OtherMerchant { .. } => PaymentView::OtherMerchant,
        UnzerError::Configuration { code } => {
            PaymentView::Unreachable { since, code: code.clone(), configuration: true }
        }
        UnzerError::Passing { code } | UnzerError::Invalid { code } => {
            PaymentView::Unreachable { since, code: code.clone(), configuration: false }
        }
    }
}

/// Reads the single transactions the rules need: charges, for their invoice and unique id, and refunds this daemon has
/// not made itself. A transaction that was read once does not change any more: `known` is the reading before.
pub(super) async fn fill_details(
    ring: &KeyRing,
    payment: &mut Payment,
    known: Option<&Payment>,
    before: Option<&Facts>,
) -> Result<(), UnzerError> {
    let Some(client) = ring.client(&payment.public_key) else {
        return Err(UnzerError::Configuration { code: "no key pair".to_owned() });
    };
    let id = payment.id.clone();
    let known = known.filter(|known| known.id == id);
    let ours = |path: &str| before.is_some_and(|facts| facts.past.iter().any(|past| refunded_by(past, &id, path)));
    for entry in &mut payment.transactions {
        let wanted = entry.status == TransactionStatus::Success
            && match entry.kind {
                TransactionKind::Charge => true,
                TransactionKind::CancelCharge => !ours(&entry.path),
                _ => false,
            };
        if !wanted {
            continue;
        }
        let seen = known.and_then(|payment| payment.transactions.iter().find(|seen| seen.path == entry.path));
        entry.detail = match seen.and_then(|seen| seen.detail.clone()) {
            Some(detail) => Some(detail),
            None => Some(client.transaction(&id, &entry.path).await?.detail),
        };
    }
    Ok(())
}

fn refunded_by(past: &crate::policy::Past, id: &str, path: &str) -> bool {
    matches!(&past.effect, Effect::Refund { payment, .. } if payment == id)
        && matches!(&past.outcome, Some(Outcome::Done(evidence)) if evidence.transaction.as_deref() == Some(path))
}

/// True where an order is an exchange or manual order: no payment id, and the shop's number is "P" and pixi's own.
pub fn is_manual(header: &OrderHeader, found: &FoundId) -> bool {
    *found == FoundId::None
        && header.order_nr_external.as_deref().is_some_and(|external| external == format!("P{}", header.order_nr))
}
