//! Orders as the pages list them, and how many are in which state.

use sqlx::any::AnyRow;

use super::rows::{Columns, named};
use super::store::Tx;
use super::{Journal, JournalError, OrderRow, sql};
use crate::clock::{self, Time};
use crate::config::ids::{ApiName, MandantId, PaymentCode};
use crate::money::Currency;
use crate::steps::OrderId;
use crate::text::Severity;

use super::Request;

/// Prefixes shorter than this find whole numbers only.
const SHORTEST_PREFIX: usize = 3;

/// Which orders a page lists; nothing set: all, latest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BoardFilter {
    /// Mandant.
    pub mandant: Option<MandantId>,
    /// pixi PaymentCode.
    pub payment_code: Option<PaymentCode>,
    /// Type-id prefix of the payment.
    pub method: Option<String>,
    /// Status of the payment.
    pub payment_status: Option<String>,
    /// Status of the transfers to pixi.
    pub transfer_status: Option<String>,
    /// Only with this mark, not settled by a person.
    pub mark: Option<Severity>,
    /// First seen at this time or later.
    pub from: Option<Time>,
    /// First seen before this time.
    pub until: Option<Time>,
    /// Order number, or the beginning of the shop's number or of a payment id.
    pub search: Option<String>,
    /// Rows below this one: the last of the page before.
    pub before: Option<i64>,
}

/// How many orders are in one state, and how much money waits in it. Amounts in minor units.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cell {
    /// pixi API.
    pub api: ApiName,
    /// Mandant.
    pub mandant: MandantId,
    /// pixi PaymentCode.
    pub payment_code: PaymentCode,
    /// Type-id prefix of the payment; empty before it was read.
    pub method: String,
    /// Status of the payment.
    pub payment_status: String,
    /// Status of the transfers to pixi.
    pub transfer_status: String,
    /// Mark nobody has settled.
    pub mark: Option<Severity>,
    /// Currency of the amounts.
    pub currency: Currency,
    /// Orders.
    pub orders: i64,
    /// Awaited from buyers who transfer the money.
    pub awaiting: i64,
    /// Authorised and not captured.
    pub capturable: i64,
    /// Captured and not booked in pixi.
    pub unbooked: i64,
}

/// Which index a list is read by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Lead {
    Search,
    Mark,
    Status,
    Transfer,
    Method,
    Mandant,
    All,
}

impl Lead {
    fn of(filter: &BoardFilter) -> Self {
        // What leaves the fewest orders comes first.
        let leads = [
            (filter.search.is_some(), Self::Search),
            (filter.mark.is_some(), Self::Mark),
            (filter.transfer_status.is_some(), Self::Transfer),
            (filter.payment_status.is_some(), Self::Status),
            (filter.method.is_some(), Self::Method),
            (filter.mandant.is_some(), Self::Mandant),
        ];
        leads.into_iter().find(|(is_set, _)| *is_set).map_or(Self::All, |(_, lead)| lead)
    }

    fn statement(self) -> &'static str {
        match self {
            Self::Search => sql::BOARD_BY_SEARCH,
            Self::Mark => sql::BOARD_BY_MARK,
            Self::Status => sql::BOARD_BY_STATUS,
            Self::Transfer => sql::BOARD_BY_TRANSFER,
            Self::Method => sql::BOARD_BY_METHOD,
            Self::Mandant => sql::BOARD_BY_MANDANT,
            Self::All => sql::BOARD_BY_ID,
        }
    }
}

impl Journal {
    /// Orders of a page, latest first; at most `limit`.
    pub async fn board(&self, filter: BoardFilter, limit: i64) -> Result<Vec<OrderRow>, JournalError> {
        let rows = self.0.lanes.read(move |tx| Box::pin(list(tx, filter, limit))).await?;
        Ok(rows.into_iter().map(|row| self.with_postponed(row)).collect())
    }

    /// How many orders are in which state; states without an order are left out.
    pub async fn cells(&self) -> Result<Vec<Cell>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let rows = sqlx::query(sql::ALL_CELLS).fetch_all(&mut tx.conn).await?;
                    rows.iter().map(read_cell).collect()
                })
            })
            .await
    }

    /// The latest requests of people about an order, latest first.
    pub async fn requests_of(&self, order: &OrderId, limit: i64) -> Result<Vec<Request>, JournalError> {
        let order = order.clone();
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::REQUESTS_OF).bind(order.api.0).bind(order.mandant.0);
                    let rows = query.bind(order.nr).bind(limit).fetch_all(&mut tx.conn).await?;
                    rows.iter().map(super::requests::read).collect()
                })
            })
            .await
    }
}

async fn list(tx: &mut Tx, filter: BoardFilter, limit: i64) -> Result<Vec<OrderRow>, JournalError> {
    let from = filter.from.map_or(i64::MIN, clock::to_millis);
    let until = filter.until.map_or(i64::MAX, clock::to_millis);
    // Orders are numbered as they are seen: a range of days is a range of rows.
    let (mut lowest, mut below) = (0, filter.before.unwrap_or(i64::MAX));
    if filter.from.is_some() {
        let first = sqlx::query(sql::FIRST_SEEN_SINCE).bind(from).fetch_optional(&mut tx.conn).await?;
        let Some(first) = first else { return Ok(Vec::new()) };
        lowest = first.int("id")?;
    }
    if filter.until.is_some() {
        let last = sqlx::query(sql::LAST_SEEN_BEFORE).bind(until).fetch_optional(&mut tx.conn).await?;
        let Some(last) = last else { return Ok(Vec::new()) };
        below = below.min(last.int("id")? + 1);
    }
    let mut query = sqlx::query(Lead::of(&filter).statement())
        .bind(filter.mandant.as_ref().map(|mandant| mandant.0.clone()))
        .bind(filter.payment_code.as_ref().map(|code| code.0.clone()))
        .bind(filter.method.clone())
        .bind(filter.payment_status.clone())
        .bind(filter.transfer_status.clone())
        .bind(filter.mark.map(mark_name))
        .bind(from)
        .bind(until)
        .bind(lowest)
        .bind(below)
        .bind(limit);
    if let Some(search) = filter.search {
        let is_prefix = search.chars().count() >= SHORTEST_PREFIX;
        let last = if is_prefix { format!("{search}\u{10ffff}") } else { search.clone() };
        let nr = search.parse::<i64>().unwrap_or(i64::MIN);
        query = query.bind(search).bind(last).bind(nr);
    }
    let rows = query.fetch_all(&mut tx.conn).await?;
    rows.iter().map(OrderRow::read).collect()
}

fn mark_name(mark: Severity) -> &'static str {
    match mark {
        Severity::Hint => "hint",
        Severity::Problem => "problem",
    }
}

fn read_cell(row: &AnyRow) -> Result<Cell, JournalError> {
    let (mark, currency) = (row.text("mark")?, row.text("currency")?);
    Ok(Cell {
        api: row.text("api")?.as_str().into(),
        mandant: row.text("mandant")?.as_str().into(),
        payment_code: row.text("payment_code")?.as_str().into(),
        method: row.text("method")?,
        payment_status: row.text("payment_status")?,
        transfer_status: row.text("transfer_status")?,
        mark: [Severity::Hint, Severity::Problem].into_iter().find(|severity| mark_name(*severity) == mark),
        currency: named(currency.parse().ok(), &currency)?,
        orders: row.int("orders")?,
        awaiting: row.int("awaiting")?,
        capturable: row.int("capturable")?,
        unbooked: row.int("unbooked")?,
    })
}
