//! Mails as they go out, what became of them for each recipient, and how the mail servers are doing.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use serde::Serialize;
use sqlx::any::AnyRow;

use super::rows::{Columns, named};
use super::store::Tx;
use super::{Journal, JournalError, OrderRow, orders, process, sql};
use crate::clock::{self, Time};
use crate::config::ids::{ApiName, MandantId};
use crate::money::Currency;
use crate::steps::OrderId;

/// A refused recipient counts for so long, unless a later mail to them was taken.
const REFUSALS_COUNT_FOR: TimeDelta = TimeDelta::days(7);

/// A mail that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewLetter {
    /// Mandant it is about.
    pub mandant: MandantId,
    /// What kind: `problem`, `digest`, `solved`, `summary`, `reminder`.
    pub kind: String,
    /// Left part of the Message-ID: the same at every try, so that a mail sent twice shows once.
    pub message_id: String,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
    /// Recipients.
    pub to: Vec<String>,
    /// What it tells, by rows of the outbox.
    pub news: Vec<i64>,
}

/// What became of a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum LetterState {
    /// Not every recipient's part is settled.
    Queued,
    /// At least one recipient's part was accepted.
    Sent,
    /// Nobody gets it.
    Failed,
}

/// What became of a recipient's part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecipientState {
    /// Not sent yet, or sent without an answer.
    Waiting,
    /// The mail server took it.
    Accepted,
    /// The mail server will not take it.
    Refused,
    /// No longer tried: the server never took it, for reasons of its own.
    GivenUp,
}

/// A recipient of a mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Recipient {
    /// Address.
    pub address: String,
    /// What became of their part.
    pub state: RecipientState,
    /// The mail server's words, or why it was given up.
    pub answer: Option<String>,
    /// When that was.
    pub at: Option<Time>,
}

/// A mail with what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    /// Row.
    pub id: i64,
    /// Mandant it is about.
    pub mandant: MandantId,
    /// What kind.
    pub kind: String,
    /// Left part of the Message-ID.
    pub message_id: String,
    /// Subject.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// HTML.
    #[serde(skip)]
    pub html: String,
    /// What became of it.
    pub state: LetterState,
    /// Tries so far.
    pub tries: i64,
    /// What went wrong at the last try.
    pub last_error: Option<String>,
    /// When it was written.
    pub created: Time,
    /// When it is tried next, while it is queued.
    pub next_try: Time,
    /// When the last recipient's part was settled.
    pub settled: Option<Time>,
    /// Recipients.
    pub recipients: Vec<Recipient>,
}

/// A mail that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DueMail {
    /// Row.
    pub id: i64,
    /// Mandant it is about.
    pub mandant: MandantId,
}

/// How a mail server is doing; named by login, host and port.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailServer {
    /// `user@smtp.example.org:587`, or without a login `smtp.example.org:587`.
    pub name: String,
    /// Failures in a row; 0: it works.
    pub failures: i64,
    /// Since when it works, or does not.
    pub since: Time,
    /// What went wrong last; stays for the record after it works again.
    pub last_error: Option<String>,
    /// When it took a mail last.
    pub last_success: Option<Time>,
    /// It is left alone until then.
    pub next_try: Time,
}

impl MailServer {
    /// Its last answer was good.
    pub fn works(&self) -> bool {
        self.failures == 0
    }
}

/// Mails that are not delivered, at a glance.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct MailState {
    /// Mails waiting for their server.
    pub unsent: i64,
    /// When the oldest of them was written.
    pub unsent_since: Option<Time>,
    /// Addresses that were refused within a week and of which no later mail was taken, with their latest refusal.
    pub refused: Vec<RefusedRecipient>,
    /// The servers.
    pub servers: Vec<MailServer>,
}

/// An address a mail server refuses.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefusedRecipient {
    /// Address.
    pub address: String,
    /// The server's words.
    pub answer: String,
    /// When it said so last.
    pub at: Time,
}

/// What stands of a mandant's orders.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Standing {
    /// Problems nobody settled.
    pub problems: i64,
    /// Problems a person has settled, and that are still there.
    pub settled: i64,
    /// Hints, of orders that are not ended.
    pub hints: i64,
    /// Steps of which it is not known how they ended.
    pub unknown: i64,
}

/// A mandant's open orders of one currency, in minor units.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct InWork {
    /// Currency.
    pub currency: Currency,
    /// Orders that are not ended.
    pub orders: i64,
    /// Those that wait for the buyer's money.
    pub awaiting: i64,
    /// How much they wait for.
    pub awaited: i64,
    /// Authorised and not captured.
    pub capturable: i64,
}

impl Journal {
    /// Stores a mail; what it tells waits no longer.
    ///
    /// # Errors
    /// [`JournalError::NotOwner`] where another process writes the mails of a shared store: what this one read may be told.
    pub async fn write_mail(&self, letter: NewLetter) -> Result<i64, JournalError> {
        let fence = self.fence();
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    process::fenced_whole(tx, fence).await?;
                    write(tx, letter).await
                })
            })
            .await
    }

    /// Mails that are due, whatever their server's state; at most so many of each mandant, so that none waits behind
    /// another's.
    pub async fn due_mails(&self, limit: i64) -> Result<Vec<DueMail>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::DUE_MAILS).bind(tx.now_ms()).bind(limit);
                    let rows = query.fetch_all(&mut tx.conn).await?;
                    let one = |row: &AnyRow| {
                        Ok(DueMail { id: row.int("id")?, mandant: row.text("mandant")?.as_str().into() })
                    };
                    rows.iter().map(one).collect()
                })
            })
            .await
    }

    /// One mail. [`JournalError::Corrupt`] where it cannot be read.
    pub async fn load_mail(&self, id: i64) -> Result<Option<Letter>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let rows = sqlx::query(sql::LOAD_MAIL).bind(id).fetch_all(&mut tx.conn).await?;
                    Ok(read_all(tx, rows).await?.pop())
                })
            })
            .await
            .map_err(unreadable)
    }

    /// Leave to send a mail, for as long as a try may take: no other process on a shared store sends it meanwhile. False
    /// where another does, or has.
    pub async fn claim_mail(&self, id: i64, until: Time) -> Result<bool, JournalError> {
        if !self.is_shared() {
            return Ok(true);
        }
        let fence = self.fence();
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    process::fenced_whole(tx, fence).await?;
                    let query = sqlx::query(sql::CLAIM_MAIL).bind(id).bind(clock::to_millis(until)).bind(tx.now_ms());
                    Ok(query.execute(&mut tx.conn).await?.rows_affected() > 0)
                })
            })
            .await
    }

    /// The mails that told of an order, oldest first.
    pub async fn mails_of(&self, order: &OrderId) -> Result<Vec<Letter>, JournalError> {
        let order = order.clone();
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::MAILS_OF_ORDER).bind(order.api.0).bind(order.mandant.0).bind(order.nr);
                    let rows = query.fetch_all(&mut tx.conn).await?;
                    read_all(tx, rows).await
                })
            })
            .await
    }

    /// The latest mails, latest first; `before` another mail, for pages.
    pub async fn latest_mails(&self, before: Option<i64>, limit: i64) -> Result<Vec<Letter>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::LATEST_MAILS).bind(before.unwrap_or(i64::MAX)).bind(limit);
                    let rows = query.fetch_all(&mut tx.conn).await?;
                    read_all(tx, rows).await
                })
            })
            .await
    }

    /// Stores what the server said of some recipients. A mail with recipients left is tried again at `next`; without it,
    /// they are given up.
    pub async fn mail_tried(
        &self,
        id: i64,
        answers: &[(String, RecipientState, String)],
        error: Option<&str>,
        next: Option<Time>,
    ) -> Result<(), JournalError> {
        let (answers, error) = (answers.to_vec(), error.map(str::to_owned));
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let now = tx.now_ms();
                    for (address, state, answer) in answers {
                        let query = sqlx::query(sql::RECIPIENT_ANSWERED).bind(id).bind(address);
                        query.bind(name(state)).bind(answer).bind(now).execute(&mut tx.conn).await?;
                    }
                    let at = next.map_or(now, clock::to_millis);
                    sqlx::query(sql::MAIL_TRIED).bind(id).bind(error.clone()).bind(at).execute(&mut tx.conn).await?;
                    if next.is_none() {
                        let why = error.unwrap_or_else(|| "given up".to_owned());
                        sqlx::query(sql::RECIPIENTS_LEFT).bind(id).bind(why).bind(now).execute(&mut tx.conn).await?;
                        sqlx::query(sql::MAIL_GIVEN_UP).bind(id).bind(now).execute(&mut tx.conn).await?;
                    }
                    sqlx::query(sql::MAIL_SETTLED).bind(id).bind(now).execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// How many mails of a mandant were written since `since`, daily ones aside.
    pub async fn mails_written(&self, mandant: &MandantId, since: Time) -> Result<i64, JournalError> {
        let mandant = mandant.0.clone();
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::MAILS_WRITTEN).bind(mandant).bind(clock::to_millis(since));
                    query.fetch_one(&mut tx.conn).await?.int("mails")
                })
            })
            .await
    }

    /// Notes that a server took what it was given.
    pub async fn mail_server_worked(&self, server: &str) -> Result<(), JournalError> {
        let server = server.to_owned();
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::MAIL_SERVER_WORKED).bind(server).bind(tx.now_ms());
                    query.execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Notes that a server did not work; it is left alone until `next`.
    pub async fn mail_server_failed(&self, server: &str, error: &str, next: Time) -> Result<(), JournalError> {
        let (server, error) = (server.to_owned(), error.to_owned());
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::MAIL_SERVER_FAILED).bind(server).bind(tx.now_ms()).bind(error);
                    query.bind(clock::to_millis(next)).execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// No server is left alone any longer: the settings are others now.
    pub async fn mail_servers_ready(&self) -> Result<(), JournalError> {
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    sqlx::query(sql::MAIL_SERVERS_READY).execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// What is not delivered, and how the servers are doing.
    pub async fn mail_state(&self) -> Result<MailState, JournalError> {
        self.0.lanes.read(move |tx| Box::pin(state(tx))).await
    }

    /// A mandant's open orders at an API: what was tried at another is not mixed in.
    pub async fn in_work(&self, api: &ApiName, mandant: &MandantId) -> Result<Vec<InWork>, JournalError> {
        let (api, mandant) = (api.0.clone(), mandant.0.clone());
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::ORDERS_IN_WORK).bind(api).bind(mandant);
                    let rows = query.fetch_all(&mut tx.conn).await?;
                    let read = rows.iter().map(|row| {
                        let currency = row.text("currency")?;
                        Ok(InWork {
                            currency: named(currency.parse().ok(), &currency)?,
                            orders: row.int("orders")?,
                            awaiting: row.int("awaiting")?,
                            awaited: row.int("awaited")?,
                            capturable: row.int("capturable")?,
                        })
                    });
                    read.collect()
                })
            })
            .await
    }

    /// What stands of a mandant's orders at an API.
    pub async fn standing(&self, api: &ApiName, mandant: &MandantId) -> Result<Standing, JournalError> {
        let (api, mandant) = (api.0.clone(), mandant.0.clone());
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let row = sqlx::query(sql::STANDING).bind(api).bind(mandant).fetch_one(&mut tx.conn).await?;
                    Ok(Standing {
                        problems: row.int("problems")?,
                        settled: row.int("settled")?,
                        hints: row.int("hints")?,
                        unknown: row.int("unknown")?,
                    })
                })
            })
            .await
    }

    /// A mandant's problems nobody settled, the newest first.
    pub async fn newest_problems(
        &self,
        api: &ApiName,
        mandant: &MandantId,
        limit: i64,
    ) -> Result<Vec<OrderRow>, JournalError> {
        let (api, mandant) = (api.0.clone(), mandant.0.clone());
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::NEWEST_PROBLEMS).bind(api).bind(mandant).bind(limit);
                    orders::read_all(&query.fetch_all(&mut tx.conn).await?)
                })
            })
            .await
    }
}

async fn write(tx: &mut Tx, letter: NewLetter) -> Result<i64, JournalError> {
    let now = tx.now_ms();
    let row = sqlx::query(sql::ADD_MAIL)
        .bind(letter.mandant.0)
        .bind(letter.kind)
        .bind(letter.message_id)
        .bind(letter.subject)
        .bind(letter.text)
        .bind(letter.html)
        .bind(now)
        .fetch_one(&mut tx.conn)
        .await?;
    let id = row.int("id")?;
    for (place, address) in (0_i64..).zip(letter.to) {
        sqlx::query(sql::ADD_RECIPIENT).bind(id).bind(place).bind(address).execute(&mut tx.conn).await?;
    }
    for news in letter.news {
        sqlx::query(sql::NEWS_IN_MAIL).bind(news).bind(id).bind(now).execute(&mut tx.conn).await?;
    }
    Ok(id)
}

async fn state(tx: &mut Tx) -> Result<MailState, JournalError> {
    let unsent = sqlx::query(sql::MAILS_UNSENT).fetch_one(&mut tx.conn).await?;
    let since = tx.now_ms() - REFUSALS_COUNT_FOR.num_milliseconds();
    let answers = sqlx::query(sql::LAST_ANSWERS).bind(since).fetch_all(&mut tx.conn).await?;
    // Of several answers of one moment the later mail's counts.
    let mut latest: BTreeMap<String, Option<RefusedRecipient>> = BTreeMap::new();
    for row in &answers {
        let address = row.text("address")?;
        let is_refused = row.text("state")? == name(RecipientState::Refused);
        let answer = row.text_opt("answer")?.unwrap_or_default();
        let refused = RefusedRecipient { address: address.clone(), answer, at: row.time("answered_ms")? };
        latest.insert(address, is_refused.then_some(refused));
    }
    let servers = sqlx::query(sql::LOAD_MAIL_SERVERS).fetch_all(&mut tx.conn).await?;
    let server = |row: &AnyRow| {
        Ok::<_, JournalError>(MailServer {
            name: row.text("name")?,
            failures: row.int("failures")?,
            since: row.time("since_ms")?,
            last_error: row.text_opt("last_error")?,
            last_success: row.time_opt("last_success_ms")?,
            next_try: row.time("next_try_ms")?,
        })
    };
    Ok(MailState {
        unsent: unsent.int("mails")?,
        unsent_since: unsent.time_opt("oldest_ms")?,
        refused: latest.into_values().flatten().collect(),
        servers: servers.iter().map(server).collect::<Result<_, _>>()?,
    })
}

/// What is not text is as spoiled as a word that is not known.
fn unreadable(error: JournalError) -> JournalError {
    match error {
        JournalError::Database(sqlx::Error::Decode(cause)) => JournalError::Corrupt(cause.to_string()),
        JournalError::Database(sqlx::Error::ColumnDecode { index, source }) => {
            JournalError::Corrupt(format!("{index}: {source}"))
        }
        other => other,
    }
}

fn name(state: RecipientState) -> &'static str {
    match state {
        // What is given up still waits in its row: its mail is settled.
        RecipientState::Waiting | RecipientState::GivenUp => "waiting",
        RecipientState::Accepted => "accepted",
        RecipientState::Refused => "refused",
    }
}

fn state_of(text: &str) -> Option<RecipientState> {
    [RecipientState::Waiting, RecipientState::Accepted, RecipientState::Refused]
        .into_iter()
        .find(|state| name(*state) == text)
}

async fn read_all(tx: &mut Tx, rows: Vec<AnyRow>) -> Result<Vec<Letter>, JournalError> {
    let mut letters = Vec::with_capacity(rows.len());
    for row in rows {
        let id = row.int("id")?;
        let mut recipients = Vec::new();
        for one in sqlx::query(sql::RECIPIENTS_OF).bind(id).fetch_all(&mut tx.conn).await? {
            let state = one.text("state")?;
            let known = match named(state_of(&state), &state)? {
                RecipientState::Waiting if row.text("state")? != "queued" => RecipientState::GivenUp,
                known => known,
            };
            recipients.push(Recipient {
                address: one.text("address")?,
                state: known,
                answer: one.text_opt("answer")?,
                at: one.time_opt("answered_ms")?,
            });
        }
        letters.push(letter(&row, id, recipients)?);
    }
    Ok(letters)
}

fn letter(row: &AnyRow, id: i64, recipients: Vec<Recipient>) -> Result<Letter, JournalError> {
    let state = row.text("state")?;
    let known = match state.as_str() {
        "queued" => Some(LetterState::Queued),
        "sent" => Some(LetterState::Sent),
        "failed" => Some(LetterState::Failed),
        _ => None,
    };
    Ok(Letter {
        id,
        mandant: row.text("mandant")?.as_str().into(),
        kind: row.text("kind")?,
        message_id: row.text("message_id")?,
        subject: row.text("subject")?,
        text: row.text("body_text")?,
        html: row.text("body_html")?,
        state: named(known, &state)?,
        tries: row.int("tries")?,
        last_error: row.text_opt("last_error")?,
        created: row.time("created_ms")?,
        next_try: row.time("next_try_ms")?,
        settled: row.time_opt("settled_ms")?,
        recipients,
    })
}
