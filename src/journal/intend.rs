//! Making a step durable before its request leaves.

use std::time::Duration;

use chrono::TimeZone;

use super::guards::{self, Earlier};
use super::rows::{Columns, to_json};
use super::store::Tx;
use super::{Guard, IntendError, Journal, JournalError, Owner, StepId, StepPermit, sql};
use crate::clock;
use crate::money::Money;
use crate::steps::{Effect, OrderId, RefundAt, ReverseAt, Step};

/// What a step is held to beside its guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The request's deadline: `absent_after` counts from its end.
    pub deadline: Duration,
    /// `max_refund_per_day` of the mandant, in the step's currency.
    pub refund_per_day: Option<Money>,
}

/// Why the transaction gave no permit.
enum No {
    AlreadyThere(StepId),
    Guard(Guard),
    PaymentTaken(i64),
    PaymentBusy(StepId),
    NotOwner,
}

#[derive(Clone)]
struct Intent {
    owner: Owner,
    order: OrderId,
    step: Step,
    snapshot: Vec<String>,
    limits: Limits,
    token: String,
}

struct Stored {
    id: StepId,
    attempt: i64,
    deadline_ms: i64,
}

impl Journal {
    /// Stores the intent of a step; only then there is a permit to send it.
    ///
    /// `snapshot`: paths of the payment's transactions in the facts the step and its guards were planned from.
    ///
    /// # Errors
    /// No permit: the step is there already, a guard would break, the payment is another's or busy, the lease is gone.
    /// [`JournalError::CommitUnknown`]: the intent may stand; [`Journal::steps_of`] tells.
    pub async fn intend(
        &self,
        owner: Owner,
        order: &OrderId,
        step: &Step,
        snapshot: &[String],
        limits: Limits,
    ) -> Result<StepPermit, IntendError> {
        let token = self.0.tokens.token()?;
        let intent = Intent {
            owner,
            order: order.clone(),
            step: step.clone(),
            snapshot: snapshot.to_vec(),
            limits,
            token: token.clone(),
        };
        let stored = match self.0.lanes.write(move |tx| Box::pin(store(tx, intent))).await {
            Ok(Ok(stored)) => stored,
            Ok(Err(no)) => return Err(self.explain(no).await),
            // Another order or process holds the document: its row is not among those read before.
            // Another return booking of the same customer is open: its turn comes when that has ended.
            Err(JournalError::Database(error)) if is_duplicate(&error) && names_customer(&error) => {
                return Err(IntendError::CustomerBusy);
            }
            Err(JournalError::Database(error)) if is_duplicate(&error) => {
                return Err(IntendError::Guard(Guard::OncePerDocument));
            }
            Err(error) => return Err(error.into()),
        };
        Ok(StepPermit {
            id: stored.id,
            token,
            order: order.clone(),
            attempt: stored.attempt,
            step: step.clone(),
            issued_at: self.0.clock.now(),
            deadline: clock::from_millis(stored.deadline_ms),
        })
    }

    async fn explain(&self, no: No) -> IntendError {
        match no {
            No::AlreadyThere(id) => match self.load_step(id).await {
                Ok(Some(record)) => IntendError::AlreadyThere(Box::new(record)),
                Ok(None) => IntendError::Store(JournalError::NotFound(format!("step {id}"))),
                Err(error) => error.into(),
            },
            No::Guard(guard) => IntendError::Guard(guard),
            No::PaymentTaken(id) => match self.load_order_row(id).await {
                Ok(Some(row)) => IntendError::PaymentTaken(row.order),
                Ok(None) => IntendError::Store(JournalError::NotFound(format!("order row {id}"))),
                Err(error) => error.into(),
            },
            No::PaymentBusy(id) => IntendError::PaymentBusy(id),
            No::NotOwner => IntendError::NotOwner,
        }
    }
}

fn names_customer(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.message().contains("customer"))
}

fn is_duplicate(error: &sqlx::Error) -> bool {
    error.as_database_error().is_some_and(|error| error.is_unique_violation() && !error.message().contains("token"))
}

async fn store(tx: &mut Tx, intent: Intent) -> Result<Result<Stored, No>, JournalError> {
    let now = tx.now_ms();
    let effect = &intent.step.effect;
    let money = effect.kind().moves_money();
    let payment = effect.payment().filter(|_| money);
    let rows = sqlx::query(sql::INTEND_CONTEXT)
        .bind(&intent.order.api.0)
        .bind(&intent.order.mandant.0)
        .bind(intent.order.nr)
        .bind(intent.owner.id)
        .bind(intent.owner.fence)
        .bind(now)
        .bind(payment)
        .bind(&intent.step.key.0)
        .fetch_all(&mut tx.conn)
        .await?;
    let context = rows.first().ok_or_else(|| JournalError::NotFound(intent.order.to_string()))?;
    let order_id = context.int("this_order")?;
    let claimed_by = context.int_opt("claimed_by")?;
    if context.int("held")? == 0 {
        return Ok(Err(No::NotOwner));
    }
    if let Some(other) = claimed_by.filter(|by| *by != order_id) {
        return Ok(Err(No::PaymentTaken(other)));
    }
    let earlier = rows.iter().map(Earlier::read).filter_map(Result::transpose).collect::<Result<Vec<_>, _>>()?;
    let attempt = match allowed(&intent, order_id, payment, &earlier) {
        Ok(attempt) => attempt,
        Err(no) => return Ok(Err(no)),
    };
    if let Err(guard) = refunds_of_the_day(tx, &intent).await? {
        return Ok(Err(No::Guard(guard)));
    }
    if let (Some(payment), None) = (payment, claimed_by) {
        super::orders::claim(tx, intent.order.clone(), payment.to_owned()).await?;
    }
    let deadline = i64::try_from(intent.limits.deadline.as_millis()).unwrap_or(i64::MAX);
    let deadline_ms = now.saturating_add(deadline);
    let id = insert(tx, &intent, order_id, attempt, now, deadline_ms).await?;
    Ok(Ok(Stored { id, attempt, deadline_ms }))
}

/// The number of this attempt, if it may be made.
fn allowed(intent: &Intent, order_id: i64, payment: Option<&str>, earlier: &[Earlier]) -> Result<i64, No> {
    let same = |step: &&Earlier| step.order_id == order_id && step.key == intent.step.key.0;
    if let Some(there) = earlier.iter().filter(same).find(|step| !step.state.leaves_room()) {
        return Err(No::AlreadyThere(there.id));
    }
    let busy = |step: &&Earlier| step.moves_money && step.payment.as_deref() == payment && step.state.is_open();
    if payment.is_some()
        && let Some(open) = earlier.iter().find(busy)
    {
        return Err(No::PaymentBusy(open.id));
    }
    guards::check(&intent.step, earlier, &intent.snapshot).map_err(No::Guard)?;
    Ok(1 + earlier.iter().filter(same).map(|step| step.attempt).max().unwrap_or(0))
}

async fn refunds_of_the_day(tx: &mut Tx, intent: &Intent) -> Result<Result<(), Guard>, JournalError> {
    let (Effect::Refund { amount, .. }, Some(limit)) = (&intent.step.effect, intent.limits.refund_per_day) else {
        return Ok(Ok(()));
    };
    let day = tx.now().with_timezone(&tx.zone).date_naive().and_time(chrono::NaiveTime::MIN);
    let start = tx.zone.from_local_datetime(&day).earliest().map_or(0, |start| start.timestamp_millis());
    let row = sqlx::query(sql::REFUNDS_SINCE)
        .bind(&intent.order.api.0)
        .bind(&intent.order.mandant.0)
        .bind(start)
        .bind(amount.currency.code().to_owned())
        .fetch_one(&mut tx.conn)
        .await?;
    let today = row.int("refunded")?;
    let fits = limit.currency == amount.currency && today.saturating_add(amount.minor) <= limit.minor;
    Ok(if fits { Ok(()) } else { Err(Guard::RefundsPerDay { limit, today: amount.currency.of(today) }) })
}

async fn insert(
    tx: &mut Tx,
    intent: &Intent,
    order_id: i64,
    attempt: i64,
    now: i64,
    deadline_ms: i64,
) -> Result<StepId, JournalError> {
    let effect = &intent.step.effect;
    let (event, customer) = match effect {
        Effect::BookInvoice { event, .. } => (Some(event.as_str()), None),
        Effect::BookReturn { event, customer, .. } => (Some(event.as_str()), Some(*customer)),
        _ => (None, None),
    };
    let charge = match effect {
        Effect::Refund { at: RefundAt::Charge { charge }, .. }
        | Effect::Reverse { at: ReverseAt::Claim { charge }, .. } => charge.as_str(),
        _ => "",
    };
    let row = sqlx::query(sql::ADD_STEP)
        .bind(order_id)
        .bind(&intent.order.api.0)
        .bind(&intent.order.mandant.0)
        .bind(intent.order.nr)
        .bind(&intent.step.key.0)
        .bind(attempt)
        .bind(effect.kind().name())
        .bind(&intent.step.rule)
        .bind(to_json(effect)?)
        .bind(to_json(&intent.step.guards)?)
        .bind(i64::from(effect.kind().moves_money()))
        .bind(effect.payment())
        .bind(effect.document())
        .bind(charge)
        .bind(event)
        .bind(customer)
        .bind(effect.amount().map(|amount| amount.minor))
        .bind(effect.amount().map(|amount| amount.currency.code().to_owned()))
        .bind(to_json(&intent.snapshot)?)
        .bind(&intent.token)
        .bind(intent.owner.id)
        .bind(intent.owner.fence)
        .bind(now)
        .bind(deadline_ms)
        .fetch_one(&mut tx.conn)
        .await?;
    Ok(StepId(row.int("id")?))
}
