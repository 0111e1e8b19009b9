//! Nudges of webhooks, and cursors of the lists that are read in windows.

use sqlx::any::AnyRow;

use super::rows::Columns;
use super::{Journal, JournalError, process, sql};
use crate::clock::{self, Time};
use crate::config::ids::ApiName;
use crate::steps::OrderId;

/// Hints that may wait while payments of no known order are among them. More of those are not kept: their orders come by
/// the work lists. Payments of known orders are always kept, one row each.
const MOST_STRANGERS: i64 = 1_000;

/// A payment a webhook told of. Only a nudge: what happened is read from Unzer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HintRow {
    /// Unzer payment id.
    pub payment: String,
    /// Event last told (`charge.succeeded`).
    pub event: String,
    /// When.
    pub received: Time,
    /// How often.
    pub times: i64,
    /// The order the payment belongs to; none: none known here.
    pub order: Option<OrderId>,
}

impl Journal {
    /// Stores a nudge; several for one payment are one.
    pub async fn add_hint(&self, payment: &str, event: &str) -> Result<(), JournalError> {
        self.add_hints(vec![(payment.to_owned(), event.to_owned())]).await
    }

    /// Stores nudges, payment and event of each, in one transaction.
    pub async fn add_hints(&self, hints: Vec<(String, String)>) -> Result<(), JournalError> {
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let now = tx.now_ms();
                    for (payment, event) in hints {
                        let query = sqlx::query(sql::ADD_HINT).bind(payment).bind(event).bind(now);
                        query.bind(MOST_STRANGERS).execute(&mut tx.conn).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Nudges that wait for orders of this API, and those for no known order, oldest first. They stay until
    /// [`Journal::drop_hints`].
    pub async fn take_hints(&self, api: &ApiName, limit: i64) -> Result<Vec<HintRow>, JournalError> {
        let api = api.0.clone();
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let rows = sqlx::query(sql::LOAD_HINTS).bind(api).bind(limit).fetch_all(&mut tx.conn).await?;
                    rows.iter().map(read).collect()
                })
            })
            .await
    }

    /// The nudges were followed by who works on the API; one that came again meanwhile stays.
    pub async fn drop_hints(&self, api: &ApiName, hints: &[HintRow]) -> Result<(), JournalError> {
        if hints.is_empty() {
            return Ok(());
        }
        let hints: Vec<(String, i64, i64)> =
            hints.iter().map(|hint| (hint.payment.clone(), hint.times, clock::to_millis(hint.received))).collect();
        let (api, fence) = (api.clone(), self.fence());
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    process::fenced(tx, fence, &api).await?;
                    for (payment, times, received) in hints {
                        let drop = sqlx::query(sql::DROP_HINT).bind(payment).bind(times).bind(received);
                        drop.execute(&mut tx.conn).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// When the daemon first ran on this store, or first saw an order; none on a store nobody has worked on.
    pub async fn began(&self) -> Result<Option<Time>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let row = sqlx::query(sql::BEGAN).fetch_optional(&mut tx.conn).await?;
                    row.map_or(Ok(None), |row| row.time_opt("at_ms"))
                })
            })
            .await
    }

    /// Where reading a list of the API goes on.
    pub async fn cursor(&self, api: &ApiName, name: &str) -> Result<Option<String>, JournalError> {
        let (api, name) = (api.0.clone(), name.to_owned());
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::LOAD_CURSOR).bind(api).bind(name);
                    query.fetch_optional(&mut tx.conn).await?.map(|row| row.text("value")).transpose()
                })
            })
            .await
    }

    /// Remembers where reading a list of the API goes on. For whoever works on the API, or does what concerns the store as
    /// a whole.
    pub async fn set_cursor(&self, api: &ApiName, name: &str, value: &str) -> Result<(), JournalError> {
        let (api, name, value, fence) = (api.clone(), name.to_owned(), value.to_owned(), self.fence());
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    process::fenced_or_whole(tx, fence, &api).await?;
                    sqlx::query(sql::SET_CURSOR).bind(api.0).bind(name).bind(value).execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }
}

fn read(row: &AnyRow) -> Result<HintRow, JournalError> {
    let order = if row.text_opt("api")?.is_some() { Some(row.order()?) } else { None };
    Ok(HintRow {
        payment: row.text("payment")?,
        event: row.text("event")?,
        received: row.time("received_ms")?,
        times: row.int("times")?,
        order,
    })
}

#[cfg(test)]
mod tests {
    use super::super::Mode;
    use super::super::tests::{On, Shop, nr, on_both_databases};
    use super::*;

    async fn strangers_are_bounded_and_each_api_gets_its_own(on: On) {
        let shop = Shop::open(on, Mode::Inline).await;
        shop.order(4711).await;
        shop.journal.claim_payment(&nr(4711), "s-pay-1").await.unwrap();
        let hint = |payment: String| (payment, "payment".to_owned());
        let strangers = usize::try_from(MOST_STRANGERS).unwrap();
        shop.journal.add_hints((0..2 * strangers).map(|nr| hint(format!("s-pay-9{nr}"))).collect()).await.unwrap();
        shop.journal.add_hints(vec![hint("s-pay-1".to_owned())]).await.unwrap();
        let ours = shop.journal.take_hints(&"live".into(), 10_000).await.unwrap();
        assert_eq!(ours.len(), strangers + 1, "a payment of an order known here is always kept");
        let of_order: Vec<&HintRow> = ours.iter().filter(|hint| hint.order.is_some()).collect();
        assert_eq!((of_order.len(), of_order[0].order.as_ref()), (1, Some(&nr(4711))));
        let others = shop.journal.take_hints(&"test".into(), 10_000).await.unwrap();
        assert!(others.len() == strangers && others.iter().all(|hint| hint.order.is_none()));
        assert_eq!(shop.journal.store_gauges().await.unwrap().hints.count, MOST_STRANGERS + 1);
        shop.journal.drop_hints(&"live".into(), &others).await.unwrap();
        assert_eq!(shop.journal.take_hints(&"live".into(), 10).await.unwrap().len(), 1);
    }

    on_both_databases! {
        paused: strangers_are_bounded_and_each_api_gets_its_own;
    }
}
