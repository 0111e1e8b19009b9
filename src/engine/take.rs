//! Taking one step: the intent is durable, the request leaves, the outcome is durable.

use std::time::Duration;

use chrono::TimeDelta;

use crate::config::ApiName;
use crate::journal::{Guard, IntendError, JournalError, Limits, Owner, StepPermit};
use crate::money::Currency;
use crate::pixi::{AuthorizationStatus, PixiClient};
use crate::policy::Facts;
use crate::steps::{Effect, Kind, Outcome, Step};
use crate::unzer::KeyRing;
use crate::wire::Cause;

use super::first_booking::{self, Turn};
use super::reauthorize;
use super::work::Workshop;
use super::{bank_data, peers};

/// Name pixi shows as the author of locks.
const USER: &str = "pixi-payd";

/// A permit older than this is not used: the process may have slept, and another may hold the lease.
const PERMIT_GOOD_FOR: TimeDelta = TimeDelta::seconds(5);

/// Longest a reading from Unzer may take, its turn and its answer.
const READING: TimeDelta = TimeDelta::seconds(130);

/// What became of an attempt to take a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Taken {
    /// It was sent, and this came of it.
    Sent(Outcome),
    /// A limit in the store forbids it: a person has to look.
    Held(Guard),
    /// No permit now; the facts are read anew later.
    NotNow,
}

/// Takes a step.
pub async fn step(
    shop: &Workshop,
    pixi: &PixiClient,
    ring: &KeyRing,
    owner: Owner,
    facts: &Facts,
    step: &Step,
) -> Result<Taken, JournalError> {
    let snapshot: Vec<String> = facts
        .payment_with(step.effect.payment().unwrap_or_default())
        .or_else(|| facts.payment.known())
        .map(|payment| payment.transactions.iter().map(|entry| entry.path.clone()).collect())
        .unwrap_or_default();
    match first_booking::turn(shop, pixi, &facts.order, &step.effect).await? {
        Turn::Now => {}
        Turn::Later => return Ok(Taken::NotNow),
        Turn::NotSeen { event, document } => {
            return Ok(Taken::Held(Guard::FirstBookingUnseen { event, document }));
        }
    }
    let limits = limits(shop, facts.currency, &step.effect);
    let permit = match shop.journal.intend(owner, &facts.order, step, &snapshot, limits).await {
        Ok(permit) => permit,
        Err(IntendError::Store(error)) => return Err(error),
        Err(refused) => {
            tracing::warn!(
                mandant = %facts.order.mandant,
                order.nr = facts.order.nr,
                step.key = %step.key,
                reason = %refused,
                "step {} of order {} not permitted: {refused}",
                step.key,
                facts.order.nr,
            );
            return Ok(match refused {
                IntendError::Guard(guard) => Taken::Held(guard),
                _ => Taken::NotNow,
            });
        }
    };
    let id = permit.step_id();
    let watch = shop.clock.stopwatch();
    let leave = Leave { shop, owner };
    let outcome = if leave.is_good(&permit).await {
        send(leave, pixi, ring, facts, permit).await
    } else {
        Outcome::not_sent(Cause::Expired)
    };
    let duration_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(
        mandant = %facts.order.mandant,
        order.nr = facts.order.nr,
        step.key = %step.key,
        amount_minor = step.effect.amount().map(|amount| amount.minor),
        outcome = outcome.name(),
        duration_ms,
        "{} of order {}: {}",
        step.key,
        facts.order.nr,
        outcome.name(),
    );
    shop.journal.settle(owner, id, &outcome).await?;
    Ok(Taken::Sent(outcome))
}

/// Asked right before a request leaves; again where something was read since.
#[derive(Clone, Copy)]
pub(super) struct Leave<'a> {
    shop: &'a Workshop,
    owner: Owner,
}

impl Leave<'_> {
    /// The permit is young, and no other process works on the API. A store that does not answer gives no leave.
    pub(super) async fn is_good(&self, permit: &StepPermit) -> bool {
        self.is_good_for(permit, PERMIT_GOOD_FOR).await
    }

    /// The same for a permit that may be older, for Unzer was asked for something first.
    pub(super) async fn is_good_after_reading(&self, permit: &StepPermit) -> bool {
        self.is_good_for(permit, PERMIT_GOOD_FOR + READING).await
    }

    async fn is_good_for(&self, permit: &StepPermit, time: TimeDelta) -> bool {
        // The age comes last: a process that slept while it asked sees it.
        self.is_ours(&permit.order().api).await && self.shop.clock.now() - permit.issued_at() <= time
    }

    /// No other process works on the API, as was heard just now. For what takes longer to read than a permit is good for
    /// and does no harm when it is done twice.
    pub(super) async fn is_ours(&self, api: &ApiName) -> bool {
        let asked = self.shop.clock.now();
        let may = self.shop.journal.may_send(self.owner, api).await.unwrap_or_else(|error| {
            tracing::error!("store: {}", error.told());
            false
        });
        may && self.shop.clock.now() - asked <= PERMIT_GOOD_FOR
    }
}

/// Longest a request to Unzer that moves money may be under way: its turn and its answer have 65 s each.
const UNZER_DEADLINE: Duration = Duration::from_secs(140);

fn limits(shop: &Workshop, currency: Currency, effect: &Effect) -> Limits {
    let pixi = shop.settings.pixi.values().map(|api| api.timeout).max().unwrap_or_default();
    let deadline = if effect.kind().moves_money() { UNZER_DEADLINE } else { pixi + CONNECT };
    let refund_per_day = shop.settings.safety.max_refund_per_day.map(|minor| currency.of(minor));
    Limits { deadline, refund_per_day }
}

/// Longest it may take until a connection to pixi stands.
const CONNECT: Duration = Duration::from_secs(10);

/// Sends what the permit is for.
async fn send(leave: Leave<'_>, pixi: &PixiClient, ring: &KeyRing, facts: &Facts, permit: StepPermit) -> Outcome {
    let shop = leave.shop;
    if permit.effect().kind().moves_money() {
        let of_step = permit.effect().payment().and_then(|id| facts.payment_with(id));
        let client = of_step.and_then(|payment| ring.client(&payment.public_key));
        return match client {
            Some(client) if permit.effect().kind() == Kind::Reauthorize => {
                reauthorize::send(client, facts, permit, leave).await
            }
            Some(client) => client.carry_out(permit).await,
            None => Outcome::not_sent(Cause::Invalid),
        };
    }
    if let Effect::BankData { payment } = permit.effect() {
        let block = peers::payment_type(&shop.settings, &facts.order.mandant, &facts.payment_type);
        let place = block.map(|block| block.write_bank_data).unwrap_or_default();
        let writing = bank_data::write(pixi, ring, facts, payment, place, shop.settings.language, leave);
        return Box::pin(writing).await;
    }
    to_pixi(leave, pixi, facts, permit).await
}

async fn to_pixi(leave: Leave<'_>, pixi: &PixiClient, facts: &Facts, permit: StepPermit) -> Outcome {
    let nr = facts.order.nr;
    let token = permit.token().to_owned();
    let effect = permit.effect().clone();
    match effect {
        Effect::Lock { reason, .. } => pixi.set_order_shipping_lock(nr, true, USER, &reason).await,
        Effect::Unlock { reason } => pixi.set_order_shipping_lock(nr, false, USER, &reason).await,
        Effect::Release { auth_id, auth_code, message } => {
            let status = AuthorizationStatus {
                order_nr: nr,
                success: true,
                auth_id,
                auth_code: format!("{auth_code} {token}"),
                message,
            };
            pixi.set_authorization_status(&status).await
        }
        Effect::ReleaseLines { nr_external, .. } => pixi.release_order(permit, &nr_external).await,
        Effect::Comment { text } => pixi.create_order_comment(nr, &text).await,
        Effect::CustomerComment { customer, text } => pixi.add_customer_comment(customer, &text).await,
        Effect::LockCustomer { customer } => pixi.set_shipping_lock(customer, true, USER).await,
        Effect::BookInvoice { .. } => pixi.book(permit, None).await,
        Effect::ReportFailedCapture { invoice, pay_id, message } => {
            pixi.report_failed_capture(permit, &invoice, &pay_id, facts.currency, &message).await
        }
        Effect::BookReturn { .. } => {
            // Without its number pixi would take the shop's currency, and the amount would be another.
            match currency_id(pixi, facts.currency).await {
                // pixi may have been asked for it, which takes its time.
                Ok(Some(_)) if !leave.is_good(&permit).await => Outcome::not_sent(Cause::Expired),
                Ok(currency) => pixi.book(permit, currency).await,
                Err(cause) => Outcome::NotSent { cause },
            }
        }
        _ => Outcome::not_sent(Cause::Invalid),
    }
}

/// pixi's number of a currency; none for the shop's own, which is pixi's default.
async fn currency_id(pixi: &PixiClient, currency: Currency) -> Result<Option<i64>, String> {
    if currency == pixi.base_currency() {
        return Ok(None);
    }
    let rows = pixi.currencies().await.map_err(|error| error.to_string())?;
    let row = rows.into_iter().find(|row| row.code == currency);
    row.map(|row| Some(row.id)).ok_or_else(|| format!("pixi knows no number of the currency {currency}"))
}
