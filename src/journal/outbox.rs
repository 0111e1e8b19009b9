//! What people are to be told: stored in the transaction of what it tells of, gathered into mails later.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

use super::rows::{Columns, to_json};
use super::store::Tx;
use super::{Amounts, Journal, JournalError, OrderRow, sql};
use crate::clock::Time;
use crate::config::ids::{ApiName, MandantId};
use crate::steps::OrderId;
use crate::text::{Notice, Number};

/// How often a problem may be told on one day. Its end is told once a day, so that more than two cannot be.
const MOST_A_DAY: u32 = 9;

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

/// Something that waits to be told. What cannot be read of it is empty: one spoiled row keeps no other from being told.
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
    /// Day in the store's zone; `2026-03-03+2` where it is told for the second time that day.
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

/// The same problem was told before, or waits to be, and its end was not.
pub(super) async fn is_told(tx: &mut Tx, api: &str, problem: &NewMail) -> Result<bool, JournalError> {
    let query = sqlx::query(sql::NEWS_TOLD).bind(api).bind(&problem.mandant.0).bind(&problem.fingerprint);
    Ok(query.fetch_optional(&mut tx.conn).await?.is_some())
}

impl Journal {
    /// Stores something to be told, unless the same was stored today. True where it was new.
    pub async fn enqueue_mail(&self, api: &ApiName, mail: NewMail) -> Result<bool, JournalError> {
        let (api, message) = (api.0.clone(), self.0.tokens.number()?);
        self.0.lanes.write(move |tx| Box::pin(async move { enqueue(tx, &api, None, mail, message).await })).await
    }

    /// What waits to be told and is in no mail yet, oldest first; at most so many of each mandant.
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
        params: row.json("params").unwrap_or_else(|error| {
            tracing::error!(
                "what is to be told in row {} of the outbox cannot be read: {error}",
                row.int("id").unwrap_or(0)
            );
            Value::Null
        }),
        created: row.time("created_ms")?,
    })
}

/// Tells of the problems of an order that are no more: each that was told and is not among `standing` (fingerprints as
/// told). `settled`: what a person has settled; the end of it is told to nobody. Answers how many numbers it used.
pub(super) async fn enqueue_solved(
    tx: &mut Tx,
    row: &OrderRow,
    standing: &BTreeSet<String>,
    amounts: &Amounts,
    message: u64,
) -> Result<(), JournalError> {
    let settled = row.resolved.as_ref().map(|resolved| told_as(&row.order, &resolved.fingerprint));
    let told = sqlx::query(sql::NEWS_OPEN).bind(row.id).fetch_all(&mut tx.conn).await?;
    let mut over: BTreeMap<String, Value> = BTreeMap::new();
    for one in &told {
        let fingerprint = one.text("fingerprint")?;
        let topic = one.text_opt("topic")?;
        let topic = topic.and_then(|topic| serde_json::from_value::<Number>(Value::String(topic)).ok());
        // A hint that is mailed tells of something that happened: it has no end.
        let ends = topic.is_none_or(|number| !number.is_mailed());
        if ends && !standing.contains(&fingerprint) && settled.as_ref() != Some(&fingerprint) {
            over.insert(fingerprint, one.json("params").unwrap_or_default());
        }
    }
    for (number, (fingerprint, mut params)) in (0_u64..).zip(over) {
        if let Some(params) = params.as_object_mut() {
            params.insert("amounts".to_owned(), serde_json::json!(amounts));
        }
        let mandant = row.order.mandant.clone();
        let solved = NewMail { mandant, kind: "solved".to_owned(), fingerprint, params };
        // With another amount it is told as another, but nobody would call the first one solved.
        let about = subject_of(&solved.fingerprint);
        if standing.iter().any(|other| subject_of(other) == about) {
            end_quietly(tx, row, solved, "stands with other values", message.wrapping_add(number)).await?;
        } else {
            enqueue(tx, &row.order.api.0, Some(row.id), solved, message.wrapping_add(number)).await?;
        }
    }
    Ok(())
}

/// What a fingerprint is about, whatever the amounts: order, number, and the document or step, where it names one.
fn subject_of(fingerprint: &str) -> Vec<&str> {
    let names = |part: &str| part.starts_with("document=") || part.starts_with("step=");
    let parts = fingerprint.split('|').enumerate();
    parts.filter(|(place, part)| *place < 2 || names(part)).map(|(_, part)| part).collect()
}

/// Notes the end of what was told, and tells nobody.
async fn end_quietly(
    tx: &mut Tx,
    row: &OrderRow,
    solved: NewMail,
    why: &str,
    message: u64,
) -> Result<(), JournalError> {
    let api = row.order.api.0.as_str();
    let fingerprint = solved.fingerprint.clone();
    if enqueue(tx, api, Some(row.id), solved, message).await? {
        let query = sqlx::query(sql::NEWS_SETTLED).bind(api).bind(&row.order.mandant.0).bind(fingerprint);
        query.bind(why).bind(tx.now_ms()).execute(&mut tx.conn).await?;
    }
    Ok(())
}

/// A person has settled what was told: its end is noted, and told to nobody.
pub(super) async fn close(tx: &mut Tx, row: &OrderRow, mark: &Notice, message: u64) -> Result<(), JournalError> {
    let api = row.order.api.0.as_str();
    let solved = telling("solved", row, mark);
    if !is_told(tx, api, &solved).await? {
        return Ok(());
    }
    end_quietly(tx, row, solved, "settled by a person", message).await
}

/// A notice's fingerprint as it is told: with its order.
pub(super) fn told_as(order: &OrderId, fingerprint: &str) -> String {
    format!("{order}|{fingerprint}")
}

/// What tells of a notice of an order, with the order's amounts as they are known.
pub fn telling(kind: &str, row: &OrderRow, notice: &Notice) -> NewMail {
    NewMail {
        mandant: row.order.mandant.clone(),
        kind: kind.to_owned(),
        fingerprint: told_as(&row.order, &notice.fingerprint()),
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

/// Stores what is to be told in the caller's transaction. False where nothing is to be told: the same was stored today.
///
/// Rows of a fingerprint are in the order of their ids: what was dropped is stored anew. A problem that comes back while
/// its end waits to be told was never away, as far as people know. One whose end was mailed today is told again today.
pub(super) async fn enqueue(
    tx: &mut Tx,
    api: &str,
    order: Option<i64>,
    mail: NewMail,
    message: u64,
) -> Result<bool, JournalError> {
    let of_problem = mail.kind == "problem";
    let mandant = mail.mandant.0.as_str();
    if of_problem {
        let query = sqlx::query(sql::NEWS_TAKEN_BACK).bind(api).bind(mandant).bind(&mail.fingerprint);
        let taken_back = query.execute(&mut tx.conn).await?.rows_affected() > 0;
        if taken_back && is_told(tx, api, &mail).await? {
            return Ok(false);
        }
    }
    let today = tx.today();
    let query = sqlx::query(sql::NEWS_DROPPED_BEFORE).bind(api).bind(mandant).bind(&mail.kind);
    query.bind(&mail.fingerprint).bind(&today).execute(&mut tx.conn).await?;
    if add(tx, api, order, &mail, &today, message).await? {
        return Ok(true);
    }
    let query = sqlx::query(sql::NEWS_MAILED_SOLVED).bind(api).bind(mandant).bind(&mail.fingerprint);
    if !of_problem || query.fetch_optional(&mut tx.conn).await?.is_none() {
        return Ok(false);
    }
    // Its row of the day stays: it is a mail's.
    for time in 2..=MOST_A_DAY {
        if add(tx, api, order, &mail, &format!("{today}+{time}"), message).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

async fn add(
    tx: &mut Tx,
    api: &str,
    order: Option<i64>,
    mail: &NewMail,
    day: &str,
    message: u64,
) -> Result<bool, JournalError> {
    let now = tx.now_ms();
    let topic = mail.params.get("number").and_then(Value::as_str).map(str::to_owned);
    let stored = sqlx::query(sql::ADD_NEWS)
        .bind(api)
        .bind(&mail.mandant.0)
        .bind(&mail.kind)
        .bind(&mail.fingerprint)
        .bind(day)
        .bind(format!("{now:x}.{message:016x}"))
        .bind(to_json(&mail.params)?)
        .bind(now)
        .bind(order)
        .bind(topic)
        .execute(&mut tx.conn)
        .await?;
    Ok(stored.rows_affected() > 0)
}
