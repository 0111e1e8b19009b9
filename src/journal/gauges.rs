//! How much waits, and for how long: what a monitoring system asks for. Reads alone, each of them over an index.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use sqlx::any::AnyRow;

use super::rows::Columns;
use super::store::Tx;
use super::{Journal, JournalError, sql};
use crate::clock::{self, Time};
use crate::config::ids::{ApiName, MandantId};
use crate::steps::Outcome;

/// Something that waits.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waiting {
    /// How many.
    pub count: i64,
    /// Since when the oldest waits.
    pub since: Option<Time>,
}

impl Waiting {
    /// Takes in others that wait for the same.
    fn and(self, other: Self) -> Self {
        let since = match (self.since, other.since) {
            (Some(one), Some(two)) => Some(one.min(two)),
            (one, two) => one.or(two),
        };
        Self { count: self.count + other.count, since }
    }
}

/// What waits in the orders of one pixi API, by mandant.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiGauges {
    /// Orders that have not ended.
    pub open: BTreeMap<MandantId, Waiting>,
    /// Orders whose next check has come.
    pub due: BTreeMap<MandantId, Waiting>,
    /// Orders with a line on HOLD.
    pub on_hold: BTreeMap<MandantId, Waiting>,
    /// Orders invoiced over more than was captured, unchanged since the moment asked for.
    pub captures: BTreeMap<MandantId, Waiting>,
}

/// What waits in the whole store.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoreGauges {
    /// Steps of which it is not known how they ended, by mandant and state.
    pub open_steps: BTreeMap<(MandantId, String), Waiting>,
    /// Marks no person has settled, by mandant and severity.
    pub marks: BTreeMap<(MandantId, String), Waiting>,
    /// Hints of webhooks nobody has followed yet.
    pub hints: Waiting,
    /// Requests of people without an answer.
    pub requests: Waiting,
}

/// How often steps ended, by kind and outcome, since this process opened the store.
#[derive(Debug, Default)]
pub(super) struct StepCounts(Mutex<BTreeMap<(String, &'static str), u64>>);

impl StepCounts {
    pub(super) fn add(&self, kind: String, outcome: &Outcome) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        *counts.entry((kind, outcome.name())).or_default() += 1;
    }
}

impl Journal {
    /// How often steps ended, by kind and outcome, since this process opened the store. One that was unknown and was found
    /// later counts as both.
    pub fn step_counts(&self) -> BTreeMap<(String, &'static str), u64> {
        self.0.counts.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What waits in the orders of an API; `overdue_since`: invoices that stand without a capture since before then.
    pub async fn api_gauges(&self, api: &ApiName, overdue_since: Time) -> Result<ApiGauges, JournalError> {
        let now = clock::to_millis(self.0.clock.now());
        let (api, overdue_since) = (api.0.clone(), clock::to_millis(overdue_since));
        let read = self.0.lanes.read(move |tx| Box::pin(of_api(tx, api, now, overdue_since))).await;
        let (mut gauges, due) = read?;
        // An order that showed nothing new is not written again: its next check is in memory.
        for (mandant, id, stored) in due {
            let at = self.0.postponed.get(id, Some(stored)).unwrap_or(stored);
            if at <= now {
                let entry = gauges.due.entry(mandant).or_default();
                *entry = entry.and(Waiting { count: 1, since: Some(clock::from_millis(at)) });
            }
        }
        Ok(gauges)
    }

    /// What waits in the whole store.
    pub async fn store_gauges(&self) -> Result<StoreGauges, JournalError> {
        self.0.lanes.read(move |tx| Box::pin(of_store(tx))).await
    }
}

type Due = Vec<(MandantId, i64, i64)>;

async fn of_api(tx: &mut Tx, api: String, now: i64, overdue_since: i64) -> Result<(ApiGauges, Due), JournalError> {
    let open = sqlx::query(sql::OPEN_ORDERS_COUNT).bind(&api).fetch_all(&mut tx.conn).await?;
    let on_hold = sqlx::query(sql::ON_HOLD).bind(&api).fetch_all(&mut tx.conn).await?;
    let captures = sqlx::query(sql::CAPTURES_OVERDUE).bind(&api).bind(overdue_since).fetch_all(&mut tx.conn).await?;
    let due = sqlx::query(sql::DUE_QUEUE).bind(&api).bind(now).fetch_all(&mut tx.conn).await?;
    let due = due.iter().map(|row| Ok((mandant(row)?, row.int("id")?, row.int("next_check_ms")?)));
    let due = due.collect::<Result<Due, JournalError>>()?;
    let gauges = ApiGauges {
        open: by_mandant(&open)?,
        due: BTreeMap::new(),
        on_hold: by_mandant(&on_hold)?,
        captures: by_mandant(&captures)?,
    };
    Ok((gauges, due))
}

async fn of_store(tx: &mut Tx) -> Result<StoreGauges, JournalError> {
    let steps = sqlx::query(sql::OPEN_STEPS).fetch_all(&mut tx.conn).await?;
    let marks = sqlx::query(sql::MARKED_ORDERS).fetch_all(&mut tx.conn).await?;
    let hints = sqlx::query(sql::HINTS_WAITING).fetch_one(&mut tx.conn).await?;
    let requests = sqlx::query(sql::REQUESTS_WAITING).fetch_one(&mut tx.conn).await?;
    Ok(StoreGauges {
        open_steps: by_mandant_and(&steps, "state")?,
        marks: by_mandant_and(&marks, "mark")?,
        hints: waiting(&hints)?,
        requests: waiting(&requests)?,
    })
}

fn mandant(row: &AnyRow) -> Result<MandantId, JournalError> {
    Ok(row.text("mandant")?.as_str().into())
}

fn waiting(row: &AnyRow) -> Result<Waiting, JournalError> {
    Ok(Waiting { count: row.int("orders")?, since: row.time_opt("oldest_ms")? })
}

fn by_mandant(rows: &[AnyRow]) -> Result<BTreeMap<MandantId, Waiting>, JournalError> {
    rows.iter().map(|row| Ok((mandant(row)?, waiting(row)?))).collect()
}

fn by_mandant_and(rows: &[AnyRow], name: &str) -> Result<BTreeMap<(MandantId, String), Waiting>, JournalError> {
    rows.iter().map(|row| Ok(((mandant(row)?, row.text(name)?), waiting(row)?))).collect()
}
