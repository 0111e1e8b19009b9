//! The audit trail: append-only, one hash chain per mandant and one for configuration and logins.

use std::fmt::{self, Write as _};

use serde::Serialize;
use serde_json::Value;
use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;

use super::rows::{Columns, to_json};
use super::store::Tx;
use super::{Journal, JournalError, sql};
use crate::clock::Time;
use crate::config::ids::{ApiName, MandantId};
use crate::steps::OrderId;

/// Rows read at a time while a chain is proven.
const PAGE: i64 = 500;

/// Which chain an entry belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Chain {
    /// Of a mandant.
    Mandant(ApiName, MandantId),
    /// Of the configuration and of logins.
    Configuration,
}

impl Chain {
    /// The chain of the order's mandant.
    pub fn of(order: &OrderId) -> Self {
        Self::Mandant(order.api.clone(), order.mandant.clone())
    }
}

impl fmt::Display for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mandant(api, mandant) => write!(f, "mandant:{api}/{mandant}"),
            Self::Configuration => f.write_str("configuration"),
        }
    }
}

/// An entry of the trail.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AuditRow {
    /// Number within its chain, from 1.
    pub seq: i64,
    /// When.
    pub at: Time,
    /// What.
    pub entry: Value,
    /// Its hash.
    pub hash: String,
}

/// Proof of one chain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ChainReport {
    /// Name of the chain.
    pub chain: String,
    /// Entries up to the end or the first broken one.
    pub entries: i64,
    /// First number that is missing, changed or cut off; none: the chain is whole.
    pub broken_at: Option<i64>,
}

impl Journal {
    /// Adds an entry: object with `what` and, where a person acts, `actor` and `reason`. No secrets, no personal data.
    pub async fn append_audit(&self, chain: Chain, entry: Value) -> Result<(), JournalError> {
        self.0.lanes.write(move |tx| Box::pin(async move { append(tx, &chain, &entry).await })).await
    }

    /// Entries of a chain, latest first; `before`: number of the last one of the page before.
    pub async fn audit_entries(
        &self,
        chain: Chain,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<AuditRow>, JournalError> {
        self.0
            .lanes
            .read(move |tx| {
                Box::pin(async move {
                    let query = sqlx::query(sql::LATEST_AUDIT).bind(chain.to_string());
                    let query = query.bind(before.unwrap_or(i64::MAX)).bind(limit);
                    let rows = query.fetch_all(&mut tx.conn).await?;
                    let read = rows.iter().map(|row| {
                        let (seq, at, hash) = (row.int("seq")?, row.time("at_ms")?, row.text("hash")?);
                        Ok(AuditRow { seq, at, entry: row.json("entry")?, hash })
                    });
                    read.collect()
                })
            })
            .await
    }

    /// Proves every chain from its first entry to its head.
    pub async fn verify_chains(&self) -> Result<Vec<ChainReport>, JournalError> {
        // Entries and heads have to be of one moment.
        self.0.lanes.read_whole(self.0.dialect, |tx| Box::pin(verify(tx))).await
    }
}

/// Adds an entry in the caller's transaction; the database moves the head with it.
pub(super) async fn append(tx: &mut Tx, chain: &Chain, entry: &Value) -> Result<(), JournalError> {
    let head = sqlx::query(sql::CHAIN_HEAD).bind(chain.to_string()).fetch_optional(&mut tx.conn).await?;
    let head = head.map(|row| Ok::<_, JournalError>((row.int("seq")?, row.text("hash")?))).transpose()?;
    append_after(tx, chain, head, entry).await
}

/// The same after a head that was read in this transaction.
pub(super) async fn append_after(
    tx: &mut Tx,
    chain: &Chain,
    head: Option<(i64, String)>,
    entry: &Value,
) -> Result<(), JournalError> {
    let chain = chain.to_string();
    let (last, previous) = head.unwrap_or_default();
    let (seq, at, entry) = (last + 1, tx.now_ms(), to_json(entry)?);
    let hash = link(&chain, seq, at, &previous, &entry);
    let add = sqlx::query(sql::ADD_AUDIT).bind(chain).bind(seq).bind(at).bind(entry).bind(previous);
    add.bind(hash).execute(&mut tx.conn).await?;
    Ok(())
}

fn link(chain: &str, seq: i64, at: i64, previous: &str, entry: &str) -> String {
    let digest = Sha256::digest(format!("{chain}\n{seq}\n{at}\n{previous}\n{entry}"));
    digest.iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

async fn verify(tx: &mut Tx) -> Result<Vec<ChainReport>, JournalError> {
    let mut reports = Vec::new();
    for row in sqlx::query(sql::ALL_CHAINS).fetch_all(&mut tx.conn).await? {
        let chain = row.text("chain")?;
        let head = sqlx::query(sql::CHAIN_HEAD).bind(&chain).fetch_optional(&mut tx.conn).await?;
        let head = head.map(|row| Ok::<_, JournalError>((row.int("seq")?, row.text("hash")?))).transpose()?;
        let (last, broken_at) = walk(tx, &chain).await?;
        let at_head = head.as_ref().is_some_and(|(seq, hash)| (*seq, hash) == (last.0, &last.1));
        let broken_at = broken_at.or((!at_head).then_some(last.0 + 1));
        reports.push(ChainReport { chain, entries: last.0, broken_at });
    }
    Ok(reports)
}

/// Last sound entry with its hash, and the number of the first broken one.
async fn walk(tx: &mut Tx, chain: &str) -> Result<((i64, String), Option<i64>), JournalError> {
    let mut last = (0, String::new());
    loop {
        let query = sqlx::query(sql::AUDIT_ROWS).bind(chain).bind(last.0).bind(PAGE);
        let rows = query.fetch_all(&mut tx.conn).await?;
        if rows.is_empty() {
            return Ok((last, None));
        }
        for row in &rows {
            match sound(chain, &last, row)? {
                Some(next) => last = next,
                None => return Ok((last.clone(), Some(last.0 + 1))),
            }
        }
    }
}

fn sound(chain: &str, last: &(i64, String), row: &AnyRow) -> Result<Option<(i64, String)>, JournalError> {
    let (seq, at, previous) = (row.int("seq")?, row.int("at_ms")?, row.text("previous")?);
    let hash = link(chain, seq, at, &previous, &row.text("entry")?);
    let whole = seq == last.0 + 1 && previous == last.1 && hash == row.text("hash")?;
    Ok(whole.then_some((seq, hash)))
}
