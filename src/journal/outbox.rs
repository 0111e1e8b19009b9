//! Mails on their way: stored with what they tell, sent later, as often as it takes.

use serde::Serialize;
use serde_json::Value;

use super::rows::{Columns, to_json};
use super::store::Tx;
use super::{Journal, JournalError, sql};
use crate::clock::{self, Time};
use crate::config::ids::{ApiName, MandantId};

/// A mail to be stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewMail {
    /// Mandant whose people get it.
    pub mandant: MandantId,
    /// What kind (`problem`, `summary`).
    pub kind: String,
    /// What it tells: the same is told once a day.
    pub fingerprint: String,
    /// Values for its texts; no secrets, no bank data.
    pub params: Value,
}

/// A mail on its way.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Mail {
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
    /// Left part of the Message-ID: the same at every try, so that a mail sent twice shows once.
    pub message_id: String,
    /// Values for its texts.
    pub params: Value,
    /// Tries so far.
    pub tries: i64,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was stored.
    pub created: Time,
}

/// The same was told before, on whatever day.
pub(super) async fn was_told(tx: &mut Tx, api: &str, mail: &NewMail) -> Result<bool, JournalError> {
    let query = sqlx::query(sql::MAIL_TOLD).bind(api).bind(&mail.mandant.0).bind(&mail.kind).bind(&mail.fingerprint);
    Ok(query.fetch_optional(&mut tx.conn).await?.is_some())
}

impl Journal {
    /// Stores a mail, unless the same was stored today.
    pub async fn enqueue_mail(&self, api: &ApiName, mail: NewMail) -> Result<(), JournalError> {
        let (api, message) = (api.0.clone(), self.0.tokens.number()?);
        self.0.lanes.write(move |tx| Box::pin(async move { enqueue(tx, &api, mail, message).await })).await
    }

    /// Mails that are due.
    pub async fn due_mails(&self, limit: i64) -> Result<Vec<Mail>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::DUE_MAILS).bind(tx.now_ms()).bind(limit);
                    let rows = query.fetch_all(&mut tx.conn).await?;
                    let read = rows.iter().map(|row| {
                        Ok(Mail {
                            id: row.int("id")?,
                            api: row.text("api")?.as_str().into(),
                            mandant: row.text("mandant")?.as_str().into(),
                            kind: row.text("kind")?,
                            fingerprint: row.text("fingerprint")?,
                            day: row.text("day")?,
                            message_id: row.text("message_id")?,
                            params: row.json("params")?,
                            tries: row.int("tries")?,
                            last_error: row.text_opt("last_error")?,
                            created: row.time("created_ms")?,
                        })
                    });
                    read.collect()
                })
            })
            .await
    }

    /// The mail server took it.
    pub async fn mail_sent(&self, id: i64) -> Result<(), JournalError> {
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::MAIL_SENT).bind(id).bind(tx.now_ms());
                    query.execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// The mail was not taken: try again at `next`, or never (none).
    pub async fn mail_failed(&self, id: i64, error: &str, next: Option<Time>) -> Result<(), JournalError> {
        let error = error.to_owned();
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let (text, at) = match next {
                        Some(next) => (sql::MAIL_AGAIN, clock::to_millis(next)),
                        None => (sql::MAIL_FAILED, tx.now_ms()),
                    };
                    sqlx::query(text).bind(id).bind(error).bind(at).execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }
}

/// Stores a mail in the caller's transaction.
pub(super) async fn enqueue(tx: &mut Tx, api: &str, mail: NewMail, message: u64) -> Result<(), JournalError> {
    let now = tx.now_ms();
    sqlx::query(sql::ADD_MAIL)
        .bind(api)
        .bind(mail.mandant.0)
        .bind(mail.kind)
        .bind(mail.fingerprint)
        .bind(tx.today())
        .bind(format!("{now:x}.{message:016x}"))
        .bind(to_json(&mail.params)?)
        .bind(now)
        .execute(&mut tx.conn)
        .await?;
    Ok(())
}
