//! Nudges of webhooks, and cursors of the lists that are read in windows.

use super::rows::Columns;
use super::{Journal, JournalError, sql};
use crate::clock::Time;
use crate::config::ids::ApiName;

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
}

impl Journal {
    /// Stores a nudge; several for one payment are one.
    pub async fn add_hint(&self, payment: &str, event: &str) -> Result<(), JournalError> {
        let (payment, event) = (payment.to_owned(), event.to_owned());
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::ADD_HINT).bind(payment).bind(event).bind(tx.now_ms());
                    query.execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Nudges that wait, oldest first. They stay until [`Journal::drop_hint`].
    pub async fn take_hints(&self, limit: i64) -> Result<Vec<HintRow>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let rows = sqlx::query(sql::LOAD_HINTS).bind(limit).fetch_all(&mut tx.conn).await?;
                    let read = rows.iter().map(|row| {
                        let (payment, event) = (row.text("payment")?, row.text("event")?);
                        Ok(HintRow { payment, event, received: row.time("received_ms")?, times: row.int("times")? })
                    });
                    read.collect()
                })
            })
            .await
    }

    /// The nudge was followed; one that came again meanwhile stays.
    pub async fn drop_hint(&self, hint: &HintRow) -> Result<(), JournalError> {
        let (payment, times) = (hint.payment.clone(), hint.times);
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query(sql::DROP_HINT).bind(payment).bind(times).execute(&mut tx.conn).await?;
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

    /// Remembers where reading a list of the API goes on.
    pub async fn set_cursor(&self, api: &ApiName, name: &str, value: &str) -> Result<(), JournalError> {
        let (api, name, value) = (api.0.clone(), name.to_owned(), value.to_owned());
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query(sql::SET_CURSOR).bind(api).bind(name).bind(value).execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }
}
