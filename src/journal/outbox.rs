//! What people are to be told: stored in the transaction of what it tells of, gathered into mails later.

use serde::Serialize;
use serde_json::Value;

use super::rows::{Columns, to_json};
use super::store::Tx;
use super::{Journal, JournalError, OrderRow, sql};
use crate::clock::Time;
use crate::config::ids::{ApiName, MandantId};
use crate::text::{Notice, Severity};

/// Something to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// Mandant whose people are told.
    pub mandant: MandantId,
    /// What kind (`problem`, `solved`, `summary`).
    pub kind: String,
    /// What it tells: the same is told once a day.
    pub fingerprint: String,
    /// Values for its texts; no secrets, no bank data. `number` holds the error number, where it has one.
    pub params: Value,
}

/// Something that waits to be told.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct News {
    /// Row.
    pub id: i64,
    /// pixi API.
    pub api: ApiName,
    /// Mandant.
    pub mandant: MandantId,
    /// What kind.
    pub kind: String,
    /// What it tells.
    pub fingerprint: String,
    /// Day in the store's zone.
    pub day: String,
    /// Left part of the Message-ID, should this become the first of a mail.
    pub message_id: String,
    /// What it is about: the error number.
    pub topic: Option<String>,
    /// True where an order is told of.
    pub of_order: bool,
    /// Values for its texts.
    pub params: Value,
    /// When it was stored.
    pub created: Time,
}

/// The same was told before, on whatever day.
pub(super) async fn was_told(tx: &mut Tx, api: &str, mail: &NewMail) -> Result<bool, JournalError> {
    let query = sqlx::query(sql::NEWS_TOLD).bind(api).bind(&mail.mandant.0).bind(&mail.kind).bind(&mail.fingerprint);
    Ok(query.fetch_optional(&mut tx.conn).await?.is_some())
}

impl Journal {
    /// Stores something to be told, unless the same was stored today. True where it was new.
    pub async fn enqueue_mail(&self, api: &ApiName, mail: NewMail) -> Result<bool, JournalError> {
        let (api, message) = (api.0.clone(), self.0.tokens.number()?);
        self.0.lanes.write(move |tx| Box::pin(async move { enqueue(tx, &api, None, mail, message).await })).await
    }

    /// What waits to be told and is in no mail yet, oldest first.
    pub async fn waiting_news(&self, limit: i64) -> Result<Vec<News>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let rows = sqlx::query(sql::WAITING_NEWS).bind(limit).fetch_all(&mut tx.conn).await?;
                    rows.iter().map(read).collect()
                })
            })
            .await
    }

    /// These are told to nobody, and why.
    pub async fn drop_news(&self, news: &[i64], why: &str) -> Result<(), JournalError> {
        if news.is_empty() {
            return Ok(());
        }
        let (news, why) = (news.to_vec(), why.to_owned());
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let now = tx.now_ms();
                    for id in news {
                        let query = sqlx::query(sql::NEWS_DROPPED).bind(id).bind(why.as_str()).bind(now);
                        query.execute(&mut tx.conn).await?;
                    }
                    Ok(())
                })
            })
            .await
    }

    /// Error numbers a mandant's people were mailed of on a day (`2026-03-03`).
    pub async fn topics_told(&self, mandant: &MandantId, day: &str) -> Result<Vec<String>, JournalError> {
        let (mandant, day) = (mandant.0.clone(), day.to_owned());
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::TOPICS_TOLD).bind(mandant).bind(day);
                    query.fetch_all(&mut tx.conn).await?.iter().map(|row| row.text("topic")).collect()
                })
            })
            .await
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<News, JournalError> {
    Ok(News {
        id: row.int("id")?,
        api: row.text("api")?.as_str().into(),
        mandant: row.text("mandant")?.as_str().into(),
        kind: row.text("kind")?,
        fingerprint: row.text("fingerprint")?,
        day: row.text("day")?,
        message_id: row.text("message_id")?,
        topic: row.text_opt("topic")?,
        of_order: row.int_opt("order_id")?.is_some(),
        params: row.json("params")?,
        created: row.time("created_ms")?,
    })
}

/// What tells that an order's problem is no more; none where it had none, or a person has settled it before.
pub(super) fn solved(row: &OrderRow, by_person: bool) -> Option<NewMail> {
    let mark = row.mark.as_ref().filter(|mark| mark.severity == Severity::Problem && !row.is_resolved())?;
    let mut told = telling("solved", row, mark);
    told.params["by_person"] = by_person.into();
    Some(told)
}

/// Tells of a problem that is no more, if it was told while it was there.
pub(super) async fn enqueue_solved(
    tx: &mut Tx,
    row: &OrderRow,
    solved: NewMail,
    message: u64,
) -> Result<(), JournalError> {
    let problem = NewMail { kind: "problem".to_owned(), ..solved.clone() };
    if was_told(tx, &row.order.api.0, &problem).await? {
        enqueue(tx, &row.order.api.0, Some(row.id), solved, message).await?;
    }
    Ok(())
}

/// What tells of a notice of an order, with the order's amounts as they are known.
pub fn telling(kind: &str, row: &OrderRow, notice: &Notice) -> NewMail {
    NewMail {
        mandant: row.order.mandant.clone(),
        kind: kind.to_owned(),
        fingerprint: format!("{}|{}", row.order, notice.fingerprint()),
        params: serde_json::json!({
            "number": notice.number,
            "values": notice.values,
            "order_nr": row.order.nr,
            "order_nr_external": row.nr_external,
            "currency": row.currency,
            "amounts": row.amounts,
        }),
    }
}

/// Stores what is to be told in the caller's transaction. False where the same was stored today.
pub(super) async fn enqueue(
    tx: &mut Tx,
    api: &str,
    order: Option<i64>,
    mail: NewMail,
    message: u64,
) -> Result<bool, JournalError> {
    let now = tx.now_ms();
    let topic = mail.params.get("number").and_then(Value::as_str).map(str::to_owned);
    let stored = sqlx::query(sql::ADD_NEWS)
        .bind(api)
        .bind(mail.mandant.0)
        .bind(mail.kind)
        .bind(mail.fingerprint)
        .bind(tx.today())
        .bind(format!("{now:x}.{message:016x}"))
        .bind(to_json(&mail.params)?)
        .bind(now)
        .bind(order)
        .bind(topic)
        .execute(&mut tx.conn)
        .await?;
    Ok(stored.rows_affected() > 0)
}
