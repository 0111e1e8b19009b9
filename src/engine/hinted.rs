//! Payments hinted at in the quiet hours. pixi rests, so nothing is done and nothing is planned from what it showed before;
//! but Unzer may be read: what the buyer paid shows at once, and a chargeback is told at once. The hint stays, and the
//! first cycle after the quiet hours takes the order up whole.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::clock::Time;
use crate::config::ApiName;
use crate::journal::{HintRow, JournalError, Management, OrderRow};
use crate::policy::{self, Facts, PaymentView, Standing};
use crate::steps::OrderId;

use super::payment::{self, Purpose};
use super::work::Workshop;
use super::{peers, record};

/// Hints looked at in one go.
const MOST: i64 = 1_000;
/// Unzer did not answer for a payment: it is asked for it again after this pause.
const PAUSE: TimeDelta = TimeDelta::minutes(1);

/// Which hints were looked at in these quiet hours.
#[derive(Debug, Default)]
pub(super) struct Looked {
    /// How often each payment had been told of, and when last.
    times: BTreeMap<String, (i64, Time)>,
    /// Payments that could not be read are left alone until then; all others are looked at meanwhile.
    rest_until: BTreeMap<String, Time>,
}

/// The payments hinted at that were not looked at yet and do not rest.
pub(super) async fn fresh(shop: &Workshop, api: &ApiName, looked: &Looked) -> Result<Vec<HintRow>, JournalError> {
    let now = shop.clock.now();
    let hints = shop.journal.take_hints(api, MOST).await?;
    let is_fresh = |hint: &HintRow| {
        looked.times.get(&hint.payment).is_none_or(|seen| *seen != (hint.times, hint.received))
            && looked.rest_until.get(&hint.payment).is_none_or(|until| *until <= now)
    };
    Ok(hints.into_iter().filter(is_fresh).collect())
}

/// Looks at these payments.
pub(super) async fn look(
    shop: &Workshop,
    hints: Vec<HintRow>,
    looked: &mut Looked,
    stopping: impl Fn() -> bool,
) -> Result<(), JournalError> {
    for hint in hints {
        let _hand = match &hint.order {
            Some(order) => Some(shop.hands.take(order).await),
            None => None,
        };
        let now = shop.clock.now();
        if stopping() {
            return Ok(());
        }
        if let Some(order) = &hint.order
            && !look_at(shop, order, &hint, now).await?
        {
            looked.rest_until.insert(hint.payment.clone(), now + PAUSE);
            continue;
        }
        looked.times.insert(hint.payment.clone(), (hint.times, hint.received));
    }
    Ok(())
}

/// Reads one payment, and stores what it shows by itself. False: Unzer did not answer.
async fn look_at(shop: &Workshop, order: &OrderId, hint: &HintRow, now: Time) -> Result<bool, JournalError> {
    let Some((row, before)) = known(shop, order).await? else { return Ok(true) };
    let payment_type = peers::payment_type(&shop.settings, &order.mandant, &row.payment_code);
    let ring = shop.peers.ring(&order.mandant, &row.payment_code);
    let (Some(payment_type), Some(ring)) = (payment_type.filter(|block| block.active), ring) else { return Ok(true) };
    let view = payment::read(
        &shop.journal,
        &ring,
        order,
        &before.external_nr,
        &hint.payment,
        Some(&before),
        None,
        Purpose::Look,
        now,
    );
    let view = match view.await? {
        PaymentView::Unreachable { configuration: false, .. } => return Ok(false),
        view => view,
    };
    let Some(facts) = with_payment(before, &row, view) else { return Ok(true) };
    let plan = policy::plan(&facts, &shop.terms(payment_type), now);
    record::glimpse(shop, &row, &plan).await?;
    Ok(true)
}

/// The order as it was read last, where it is one this daemon handles.
async fn known(shop: &Workshop, order: &OrderId) -> Result<Option<(OrderRow, Facts)>, JournalError> {
    let Some(row) = shop.journal.load_order(order).await? else { return Ok(None) };
    if !matches!(row.management, Management::Managed | Management::Adopted) {
        return Ok(None);
    }
    let steps = shop.journal.steps_of(order).await?;
    let facts = shop.stored_facts(order, &steps).await?;
    Ok(facts.filter(|facts| facts.standing == Standing::Managed).map(|facts| (row, facts)))
}

/// The facts with the payment as it was read now, wherever it stood.
fn with_payment(mut facts: Facts, row: &OrderRow, view: PaymentView) -> Option<Facts> {
    let id = view.known()?.id.clone();
    if let Some(place) = facts.earlier.iter().position(|payment| payment.id == id) {
        facts.earlier[place] = view.known()?.clone();
        return Some(facts);
    }
    let current = facts.payment.known().map(|payment| payment.id.clone()).or_else(|| row.payment.clone());
    if current.as_ref() != Some(&id) {
        return None;
    }
    facts.payment = view;
    Some(facts)
}
