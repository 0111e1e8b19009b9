//! Making the outcome of a step durable, and the looks and decisions that lead to one.

use serde::Serialize;
use sqlx::any::AnyRow;

use super::audit::{self, Chain};
use super::rows::{Columns, named, to_json};
use super::store::Tx;
use super::{Journal, JournalError, Owner, StepId, StepRecord, StepState, sql};
use crate::clock::{self, Time};
use crate::config::ids::{ApiName, MandantId};
use crate::money::Currency;
use crate::steps::{Evidence, Kind, OrderId, Outcome, StepKey};

/// A person's word on a step of which nothing is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It happened.
    Done,
    /// It did not.
    NotDone,
}

/// Sums of a day, mandant and currency, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DayTotals {
    /// Day in the store's zone, `2026-03-03`.
    pub day: String,
    /// pixi API.
    pub api: ApiName,
    /// Mandant.
    pub mandant: MandantId,
    /// Currency.
    pub currency: Currency,
    /// Captured.
    pub captured: i64,
    /// Captures.
    pub captures: i64,
    /// Refunded.
    pub refunded: i64,
    /// Refunds.
    pub refunds: i64,
    /// New problems.
    pub problems: i64,
}

/// What the totals count.
pub(super) enum Counted {
    Captured(i64),
    Refunded(i64),
    Problem,
}

impl Journal {
    /// Stores the outcome of a step, with its audit entry and the totals. Storing the same outcome again is fine.
    ///
    /// The process that sent it may always tell; another only while it holds the lease of the API.
    ///
    /// # Errors
    /// [`JournalError::AlreadySettled`] where it already ended otherwise: a problem for a person if this outcome is Done.
    pub async fn settle(&self, owner: Owner, step: StepId, outcome: &Outcome) -> Result<(), JournalError> {
        let stored = outcome.clone();
        let kind = self.0.lanes.write(move |tx| Box::pin(settle(tx, owner, step, stored))).await?;
        if let Some(kind) = kind {
            self.0.counts.add(kind, outcome);
        }
        Ok(())
    }

    /// Notes a look that did not see the step's effect, and when to look again; none: a person's turn.
    pub async fn record_look(&self, owner: Owner, step: StepId, next: Option<Time>) -> Result<(), JournalError> {
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let now = tx.now_ms();
                    let query = sqlx::query(sql::RECORD_LOOK).bind(step.0).bind(now).bind(next.map(clock::to_millis));
                    let row = query.bind(owner.id).bind(owner.fence).fetch_optional(&mut tx.conn).await?;
                    match row {
                        Some(_) => Ok(()),
                        None => Err(why_not(tx, step, None).await?.unwrap_or(JournalError::NotOwner)),
                    }
                })
            })
            .await
    }

    /// A person settles a step that is Unknown or Pending.
    pub async fn decide(&self, step: StepId, decision: Decision, by: &str, why: &str) -> Result<(), JournalError> {
        let (by, why) = (by.to_owned(), why.to_owned());
        let (kind, outcome) = self.0.lanes.write(move |tx| Box::pin(decide(tx, step, decision, by, why))).await?;
        self.0.counts.add(kind, &outcome);
        Ok(())
    }

    /// The step, if there is one.
    pub async fn load_step(&self, step: StepId) -> Result<Option<StepRecord>, JournalError> {
        self.0.lanes.read(move |tx| Box::pin(load(tx, step))).await
    }

    /// All steps of the order, oldest first.
    pub async fn steps_of(&self, order: &OrderId) -> Result<Vec<StepRecord>, JournalError> {
        let order = order.clone();
        self.0.lanes.read(move |tx| Box::pin(async move { of_order(tx, &order).await })).await
    }

    /// Totals of the days `from..=to` (`2026-03-03`).
    pub async fn totals(&self, from: &str, to: &str) -> Result<Vec<DayTotals>, JournalError> {
        let (from, to) = (from.to_owned(), to.to_owned());
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let rows = sqlx::query(sql::LOAD_TOTALS).bind(from).bind(to).fetch_all(&mut tx.conn).await?;
                    rows.iter().map(read_totals).collect()
                })
            })
            .await
    }
}

fn read_totals(row: &AnyRow) -> Result<DayTotals, JournalError> {
    let currency = row.text("currency")?;
    Ok(DayTotals {
        day: row.text("day")?,
        api: row.text("api")?.as_str().into(),
        mandant: row.text("mandant")?.as_str().into(),
        currency: named(currency.parse().ok(), &currency)?,
        captured: row.int("captured")?,
        captures: row.int("captures")?,
        refunded: row.int("refunded")?,
        refunds: row.int("refunds")?,
        problems: row.int("problems")?,
    })
}

async fn load(tx: &mut Tx, step: StepId) -> Result<Option<StepRecord>, JournalError> {
    let row = sqlx::query(sql::LOAD_STEP).bind(step.0).fetch_optional(&mut tx.conn).await?;
    row.map(|row| read(&row)).transpose()
}

pub(super) async fn of_order(tx: &mut Tx, order: &OrderId) -> Result<Vec<StepRecord>, JournalError> {
    let query = sqlx::query(sql::STEPS_OF).bind(&order.api.0).bind(&order.mandant.0).bind(order.nr);
    query.fetch_all(&mut tx.conn).await?.iter().map(read).collect()
}

fn read(row: &AnyRow) -> Result<StepRecord, JournalError> {
    let state = row.text("state")?;
    Ok(StepRecord {
        id: StepId(row.int("id")?),
        order: row.order()?,
        key: StepKey(row.text("step_key")?),
        attempt: row.int("attempt")?,
        effect: row.json("effect")?,
        rule: row.text("rule")?,
        guards: row.json("guards")?,
        snapshot: row.json("snapshot")?,
        token: row.text("token")?,
        owner: Owner { id: row.int("owner")?, fence: row.int("fence")? },
        intended_at: row.time("intended_ms")?,
        deadline: row.time("deadline_ms")?,
        state: named(StepState::from_name(&state), &state)?,
        outcome: row.json_opt("outcome")?,
        settled_at: row.time_opt("settled_ms")?,
        looks: row.int("looks")?,
        first_look_at: row.time_opt("first_look_ms")?,
        next_look_at: row.time_opt("next_look_ms")?,
        decided_by: row.text_opt("decided_by")?,
        decided_reason: row.text_opt("decided_reason")?,
    })
}

/// The step's kind, where its outcome is news.
async fn settle(tx: &mut Tx, owner: Owner, step: StepId, outcome: Outcome) -> Result<Option<String>, JournalError> {
    let now = tx.now_ms();
    let (path, next_look) = match &outcome {
        Outcome::Done(evidence) => (evidence.transaction.as_deref(), None),
        Outcome::Pending(evidence) => (evidence.transaction.as_deref(), Some(now)),
        Outcome::Unknown { .. } => (None, Some(now)),
        Outcome::Refused(_) | Outcome::NotSent { .. } => (None, None),
    };
    let row = sqlx::query(sql::SETTLE)
        .bind(step.0)
        .bind(outcome.name())
        .bind(to_json(&outcome)?)
        .bind(path)
        .bind(now)
        .bind(next_look)
        .bind(owner.id)
        .bind(owner.fence)
        .fetch_optional(&mut tx.conn)
        .await?;
    match row {
        Some(row) => close(tx, &row, &outcome, None).await.map(Some),
        None => why_not(tx, step, Some(&outcome)).await?.map_or(Ok(None), Err),
    }
}

/// Why a step could not be changed; none where it has just this outcome already.
async fn why_not(tx: &mut Tx, step: StepId, outcome: Option<&Outcome>) -> Result<Option<JournalError>, JournalError> {
    let Some(record) = load(tx, step).await? else { return Ok(Some(JournalError::NotFound(format!("step {step}")))) };
    if outcome.is_some() && record.outcome.as_ref() == outcome {
        return Ok(None);
    }
    if record.state.is_open() {
        return Ok(Some(JournalError::NotOwner));
    }
    Ok(Some(JournalError::AlreadySettled(step, record.state.name())))
}

async fn decide(
    tx: &mut Tx,
    step: StepId,
    decision: Decision,
    by: String,
    why: String,
) -> Result<(String, Outcome), JournalError> {
    let note = format!("decided by {by}");
    let outcome = match decision {
        Decision::Done => Outcome::Done(Evidence { note: Some(note), ..Evidence::default() }),
        Decision::NotDone => Outcome::NotSent { cause: note },
    };
    let row = sqlx::query(sql::DECIDE)
        .bind(step.0)
        .bind(outcome.name())
        .bind(to_json(&outcome)?)
        .bind(tx.now_ms())
        .bind(&by)
        .bind(&why)
        .fetch_optional(&mut tx.conn)
        .await?;
    match row {
        Some(row) => Ok((close(tx, &row, &outcome, Some((&by, &why))).await?, outcome)),
        None => match load(tx, step).await? {
            Some(record) => Err(JournalError::AlreadySettled(step, record.state.name())),
            None => Err(JournalError::NotFound(format!("step {step}"))),
        },
    }
}

/// Audit entry and totals of an outcome. Answers the step's kind.
async fn close(
    tx: &mut Tx,
    row: &AnyRow,
    outcome: &Outcome,
    decided: Option<(&str, &str)>,
) -> Result<String, JournalError> {
    let order = row.order()?;
    let effect: serde_json::Value = row.json("effect")?;
    let mut entry = serde_json::json!({
        "what": "step",
        "order": order.to_string(),
        "step": row.text("step_key")?,
        "attempt": row.int("attempt")?,
        "token": row.text("token")?,
        "effect": effect,
        "result": outcome,
    });
    if let Some((by, why)) = decided {
        entry["actor"] = by.into();
        entry["reason"] = why.into();
    }
    let head = row.int_opt("head_seq")?.zip(row.text_opt("head_hash")?);
    audit::append_after(tx, &Chain::of(&order), head, &entry).await?;
    let kind = row.text("kind")?;
    if let (Outcome::Done(_), Some(amount), Some(currency)) =
        (outcome, row.int_opt("amount_minor")?, row.text_opt("currency")?)
    {
        match named(Kind::from_name(&kind), &kind)? {
            Kind::Capture => count(tx, &order, &currency, Counted::Captured(amount)).await?,
            Kind::Refund => count(tx, &order, &currency, Counted::Refunded(amount)).await?,
            _ => {}
        }
    }
    Ok(kind)
}

/// Adds to the totals of today.
pub(super) async fn count(tx: &mut Tx, order: &OrderId, currency: &str, counted: Counted) -> Result<(), JournalError> {
    // Captured, captures, refunded, refunds, problems.
    let added: [i64; 5] = match counted {
        Counted::Captured(amount) => [amount, 1, 0, 0, 0],
        Counted::Refunded(amount) => [0, 0, amount, 1, 0],
        Counted::Problem => [0, 0, 0, 0, 1],
    };
    let query =
        sqlx::query(sql::COUNT_TOTALS).bind(tx.today()).bind(&order.api.0).bind(&order.mandant.0).bind(currency);
    added.into_iter().fold(query, sqlx::query::Query::bind).execute(&mut tx.conn).await?;
    Ok(())
}
