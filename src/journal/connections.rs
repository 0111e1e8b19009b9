//! How each pixi API and Unzer key pair is doing, and what people said of it: kept over restarts.

use serde::Serialize;
use sqlx::any::AnyRow;

use super::outbox::{self, NewMail};
use super::rows::{Columns, named};
use super::store::Tx;
use super::{Chain, Journal, JournalError, audit, sql};
use crate::clock::{self, Time};
use crate::config::ids::ApiName;
use crate::wire::Peer;
use crate::wire::circuit::ConnectionState;

/// A connection as the store has it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ConnectionRow {
    /// The outside system.
    pub peer: Peer,
    /// Name of the pixi API, or public key of the Unzer key pair.
    pub name: String,
    /// How it is.
    pub state: ConnectionState,
    /// Since when it is so.
    pub since: Time,
    /// Begin of an outage that is not over.
    pub failing_since: Option<Time>,
    /// The last failure in words, also after it was cured.
    pub last_error: Option<String>,
    /// When that was seen last.
    pub last_error_at: Option<Time>,
    /// Who switched it off or on last; none where nobody did.
    pub changed_by: Option<String>,
    /// Why.
    pub changed_reason: Option<String>,
    /// It was taken up again, and what came in meanwhile was not yet.
    pub catch_up: bool,
}

impl ConnectionRow {
    /// A connection of which nothing is known yet.
    pub fn new(peer: Peer, name: &str, now: Time) -> Self {
        Self {
            peer,
            name: name.to_owned(),
            state: ConnectionState::NotConnected,
            since: now,
            failing_since: None,
            last_error: None,
            last_error_at: None,
            changed_by: None,
            changed_reason: None,
            catch_up: false,
        }
    }

    fn read(row: &AnyRow) -> Result<Self, JournalError> {
        let (peer, state) = (row.text("peer")?, row.text("state")?);
        Ok(Self {
            peer: named([Peer::Pixi, Peer::Unzer].into_iter().find(|known| known.to_string() == peer), &peer)?,
            name: row.text("name")?,
            state: named(ConnectionState::from_name(&state), &state)?,
            since: row.time("since_ms")?,
            failing_since: row.time_opt("failing_since_ms")?,
            last_error: row.text_opt("last_error")?,
            last_error_at: row.time_opt("last_error_ms")?,
            changed_by: row.text_opt("changed_by")?,
            changed_reason: row.text_opt("changed_reason")?,
            catch_up: row.int("catch_up")? != 0,
        })
    }
}

/// Who changes the state of a connection, and what is told of it in the same transaction.
#[derive(Debug, Clone)]
pub struct Switched {
    /// Person, or the daemon itself (`pixi-payd`).
    pub by: String,
    /// Why.
    pub reason: String,
    /// What people are told, each with the pixi API it is about.
    pub mails: Vec<(ApiName, NewMail)>,
}

impl Journal {
    /// All connections that were ever used, by peer and name.
    pub async fn connections(&self) -> Result<Vec<ConnectionRow>, JournalError> {
        self.0
            .lanes
            .read(|tx| {
                Box::pin(async move {
                    let rows = sqlx::query(sql::CONNECTIONS).fetch_all(&mut tx.conn).await?;
                    rows.iter().map(ConnectionRow::read).collect()
                })
            })
            .await
    }

    /// Stores how a connection was seen. What a person or a long outage has switched off stays so.
    pub async fn observe_connection(&self, row: ConnectionRow) -> Result<(), JournalError> {
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let stored = load(tx, row.peer, &row.name).await?;
                    match stored {
                        Some(stored) if stored.state == ConnectionState::Disabled => Ok(()),
                        stored => {
                            let catch_up = stored.is_some_and(|stored| stored.catch_up);
                            save(tx, &ConnectionRow { catch_up, ..row }).await
                        }
                    }
                })
            })
            .await
    }

    /// Switches a connection off; false where it is off already.
    pub async fn disable_connection(&self, peer: Peer, name: &str, switched: Switched) -> Result<bool, JournalError> {
        self.switch(peer, name, ConnectionState::Disabled, switched).await
    }

    /// Takes a connection up again that was off; false where it is not off.
    pub async fn enable_connection(&self, peer: Peer, name: &str, switched: Switched) -> Result<bool, JournalError> {
        self.switch(peer, name, ConnectionState::NotConnected, switched).await
    }

    async fn switch(
        &self,
        peer: Peer,
        name: &str,
        state: ConnectionState,
        switched: Switched,
    ) -> Result<bool, JournalError> {
        let (name, message) = (name.to_owned(), self.0.tokens.number()?);
        self.0.lanes.write(move |tx| Box::pin(switch(tx, peer, name, state, switched, message))).await
    }

    /// What came in while the connection was off has been taken up.
    pub async fn connection_caught_up(&self, peer: Peer, name: &str) -> Result<(), JournalError> {
        let name = name.to_owned();
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let cursors = sqlx::query(sql::DROP_CURSORS).bind(caught_up_name(peer, &name));
                    cursors.execute(&mut tx.conn).await?;
                    let query = sqlx::query(sql::CONNECTION_CAUGHT_UP).bind(peer.to_string()).bind(name);
                    query.execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// Methods of the orders with a payment type, by mandant and payment type: what its key pairs must be able to do.
    pub async fn methods_seen(&self) -> Result<Vec<(String, String, String)>, JournalError> {
        self.0
            .lanes
            .read(|tx| {
                Box::pin(async move {
                    let rows = sqlx::query(sql::METHODS_SEEN).fetch_all(&mut tx.conn).await?;
                    let read =
                        |row: &AnyRow| Ok((row.text("mandant")?, row.text("payment_code")?, row.text("method")?));
                    rows.iter().map(read).collect()
                })
            })
            .await
    }
}

/// Name of the cursor that says of a pixi API: what came in while this connection was off has been taken up.
pub fn caught_up_name(peer: Peer, name: &str) -> String {
    format!("caught_up {peer} {name}")
}

async fn load(tx: &mut Tx, peer: Peer, name: &str) -> Result<Option<ConnectionRow>, JournalError> {
    let query = sqlx::query(sql::LOAD_CONNECTION).bind(peer.to_string()).bind(name);
    query.fetch_optional(&mut tx.conn).await?.map(|row| ConnectionRow::read(&row)).transpose()
}

async fn save(tx: &mut Tx, row: &ConnectionRow) -> Result<(), JournalError> {
    sqlx::query(sql::SAVE_CONNECTION)
        .bind(row.peer.to_string())
        .bind(row.name.as_str())
        .bind(row.state.name())
        .bind(clock::to_millis(row.since))
        .bind(row.failing_since.map(clock::to_millis))
        .bind(row.last_error.as_deref())
        .bind(row.last_error_at.map(clock::to_millis))
        .bind(row.changed_by.as_deref())
        .bind(row.changed_reason.as_deref())
        .bind(i64::from(row.catch_up))
        .execute(&mut tx.conn)
        .await?;
    Ok(())
}

async fn switch(
    tx: &mut Tx,
    peer: Peer,
    name: String,
    state: ConnectionState,
    switched: Switched,
    message: u64,
) -> Result<bool, JournalError> {
    let now = tx.now();
    let row = load(tx, peer, &name).await?.unwrap_or_else(|| ConnectionRow::new(peer, &name, now));
    let off = state == ConnectionState::Disabled;
    if (row.state == ConnectionState::Disabled) == off {
        return Ok(false);
    }
    let Switched { by, reason, mails } = switched;
    let entry = serde_json::json!({
        "what": if off { "disable_connection" } else { "enable_connection" },
        "connection": format!("{peer} {name}"), "actor": by, "reason": reason,
    });
    let changed = ConnectionRow {
        state,
        since: now,
        // An outage is counted anew once it was taken up again.
        failing_since: row.failing_since.filter(|_| off),
        changed_by: Some(by),
        changed_reason: Some(reason),
        catch_up: !off,
        ..row
    };
    save(tx, &changed).await?;
    sqlx::query(sql::DROP_CURSORS).bind(caught_up_name(peer, &name)).execute(&mut tx.conn).await?;
    let mut number = message;
    for (api, mail) in mails {
        // What ends was told when it began; what was not told needs no end.
        if off || outbox::is_told(tx, &api.0, &mail).await? {
            outbox::enqueue(tx, &api.0, None, mail, number).await?;
            number = number.wrapping_add(1);
        }
    }
    audit::append(tx, &Chain::Configuration, &entry).await?;
    Ok(true)
}
