//! What people ask the running daemon for: stored by pages and commands, taken by the daemon, answered in the same row.

use std::collections::BTreeSet;

use serde::Serialize;
use serde_json::Value;
use sqlx::any::AnyRow;

use super::rows::{Columns, to_json};
use super::store::Tx;
use super::{Journal, JournalError, Owner, sql};
use crate::clock::Time;
use crate::steps::OrderId;

/// A request that was taken and is in nobody's hand is taken again after this time.
const TAKEN_AGAIN_MS: i64 = 60_000;

/// A request to be stored.
#[derive(Debug, Clone, PartialEq)]
pub struct NewRequest {
    /// Order it is about; none: the whole daemon.
    pub order: Option<OrderId>,
    /// Who asks.
    pub actor: String,
    /// What for (`capture`, `refund`, `run_cycle`).
    pub kind: String,
    /// Values of it.
    pub args: Value,
    /// Why.
    pub reason: String,
    /// Amounts the person saw: where they changed since, the request is refused.
    pub amounts_seen: Value,
}

/// A stored request.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Request {
    /// Row.
    pub id: i64,
    /// Order it is about.
    pub order: Option<OrderId>,
    /// Who asks.
    pub actor: String,
    /// What for.
    pub kind: String,
    /// Values of it.
    pub args: Value,
    /// Why.
    pub reason: String,
    /// Amounts the person saw.
    pub amounts_seen: Value,
    /// When it was stored.
    pub created: Time,
    /// When the daemon took it.
    pub taken: Option<Time>,
    /// When it was answered.
    pub answered: Option<Time>,
    /// The answer.
    pub answer: Option<Value>,
}

impl Journal {
    /// Stores a request; the daemon takes it within two seconds.
    pub async fn enqueue_request(&self, request: NewRequest) -> Result<i64, JournalError> {
        self.0.lanes.write(move |tx| Box::pin(add(tx, request))).await
    }

    /// Takes waiting requests for the APIs the owner holds, and those of no API, oldest first. One that was taken and is not
    /// answered is taken again where its process has ended; and a minute later where it is the owner's own and not `in_hand`:
    /// the store's answer to its taking was lost, or its own answer was.
    pub async fn take_requests(
        &self,
        owner: Owner,
        limit: i64,
        in_hand: &BTreeSet<i64>,
    ) -> Result<Vec<Request>, JournalError> {
        let limit = limit.saturating_add(i64::try_from(in_hand.len()).unwrap_or(i64::MAX));
        let (held, again) = (in_hand.clone(), in_hand.clone());
        // Mostly there is none, and then nothing is written.
        let waiting = self.0.lanes.read(move |tx| Box::pin(waiting(tx, owner, limit, held))).await?;
        if waiting.is_empty() {
            return Ok(waiting);
        }
        self.0.lanes.write(move |tx| Box::pin(take(tx, owner, limit, again))).await
    }

    /// Answers a request; only the first answer counts.
    pub async fn answer_request(&self, id: i64, answer: Value) -> Result<(), JournalError> {
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::ANSWER_REQUEST).bind(id).bind(tx.now_ms()).bind(to_json(&answer)?);
                    query.execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// The request with its answer, once there is one.
    pub async fn load_request(&self, id: i64) -> Result<Option<Request>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let row = sqlx::query(sql::LOAD_REQUEST).bind(id).fetch_optional(&mut tx.conn).await?;
                    row.map(|row| read(&row)).transpose()
                })
            })
            .await
    }
}

pub(super) fn read(row: &AnyRow) -> Result<Request, JournalError> {
    let order = if row.text_opt("api")?.is_some() { Some(row.order()?) } else { None };
    Ok(Request {
        id: row.int("id")?,
        order,
        actor: row.text("actor")?,
        kind: row.text("kind")?,
        args: row.json("args")?,
        reason: row.text("reason")?,
        amounts_seen: row.json("amounts_seen")?,
        created: row.time("created_ms")?,
        taken: row.time_opt("taken_ms")?,
        answered: row.time_opt("answered_ms")?,
        answer: row.json_opt("answer")?,
    })
}

async fn add(tx: &mut Tx, request: NewRequest) -> Result<i64, JournalError> {
    let (api, mandant, nr) = match request.order {
        Some(order) => (Some(order.api.0), Some(order.mandant.0), Some(order.nr)),
        None => (None, None, None),
    };
    let row = sqlx::query(sql::ADD_REQUEST)
        .bind(api)
        .bind(mandant)
        .bind(nr)
        .bind(request.actor)
        .bind(request.kind)
        .bind(to_json(&request.args)?)
        .bind(request.reason)
        .bind(to_json(&request.amounts_seen)?)
        .bind(tx.now_ms())
        .fetch_one(&mut tx.conn)
        .await?;
    row.int("id")
}

async fn waiting(tx: &mut Tx, owner: Owner, limit: i64, in_hand: BTreeSet<i64>) -> Result<Vec<Request>, JournalError> {
    tx.ask_time().await?;
    let now = tx.now_ms();
    let query = sqlx::query(sql::WAITING_REQUESTS).bind(owner.id).bind(owner.fence).bind(now).bind(limit);
    let query = query.bind(now - TAKEN_AGAIN_MS);
    let rows = query.fetch_all(&mut tx.conn).await?;
    let read = rows.iter().map(read).filter(|request| request.as_ref().map_or(true, |one| !in_hand.contains(&one.id)));
    read.collect()
}

async fn take(tx: &mut Tx, owner: Owner, limit: i64, in_hand: BTreeSet<i64>) -> Result<Vec<Request>, JournalError> {
    let requests = waiting(tx, owner, limit, in_hand).await?;
    let now = tx.now_ms();
    for request in &requests {
        let query = sqlx::query(sql::TAKE_REQUEST).bind(request.id).bind(owner.id).bind(now);
        query.execute(&mut tx.conn).await?;
    }
    Ok(requests)
}
