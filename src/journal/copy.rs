//! Copying a store into another database, and proving that both hold the same.
//!
//! Tables and columns come from the databases' own catalogs, and nothing of a caller's text becomes SQL.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use futures_util::TryStreamExt as _;
use serde::Serialize;
use sha2::{Digest, Sha256};
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _, Row as _};

use super::connect::{self, Access, Dialect, postgres};
use super::process::{self, FileLock};
use super::rows::Columns;
use super::{JournalError, Options};
use crate::clock;

/// Every table but `meta`, those that are referred to first, with the columns its rows are read in the order of. The last
/// two are kept by triggers of the others: what these made is replaced.
const TABLES: &[(&str, &str)] = &[
    ("processes", "id"),
    ("leases", "api"),
    ("orders", "id"),
    ("facts", "order_id"),
    ("payment_claims", "payment"),
    ("steps", "id"),
    ("requests", "id"),
    ("outbox", "id"),
    ("hints", "payment"),
    ("cursors", "api, name"),
    ("totals", "day, api, mandant, currency"),
    ("audit", "chain, seq"),
    ("mails", "id"),
    ("mail_recipients", "mail_id, address"),
    ("mail_servers", "name"),
    ("connections", "peer, name"),
    ("accepted_documents", "order_id, document"),
    ("collections", "order_id"),
    ("users", "name"),
    ("sessions", "token_hash"),
    ("page_tokens", "scope"),
    ("chains", "chain"),
    ("board", "api, mandant, payment_code, method, payment_status, transfer_status, mark, currency"),
];

/// Rows that are inserted by one statement at most, and parameters it has at most.
const MOST_ROWS: usize = 500;
const MOST_PARAMETERS: usize = 30_000;

/// A table that was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Copied {
    /// Its name.
    pub table: &'static str,
    /// Its rows.
    pub rows: u64,
    /// SHA-256 over all values of all rows in the order of their keys: the same in both.
    pub digest: String,
}

/// A column and whether it holds text; else it holds whole numbers.
type Column = (String, bool);

enum Value {
    Number(Option<i64>),
    Text(Option<String>),
}

/// Copies the store at `from` into the one at `to`, in one transaction, and compares both table by table before it commits.
/// `to` is made where it is not there, and has to be empty and of this program's schema.
///
/// # Errors
/// [`JournalError::AlreadyRunning`] while a daemon runs on one of them; [`JournalError::NotEmpty`];
/// [`JournalError::Schema`] where one of them is of another schema.
pub async fn copy(from: &Options, to: &Options) -> Result<Vec<Copied>, JournalError> {
    let locks = [FileLock::new(&from.place), FileLock::new(&to.place)];
    let mut source = connect::connection(from, Access::Write).await?;
    for lock in &locks {
        lock.alone()?;
    }
    // What holds another schema is another version's, and is not touched.
    let mut target = match connect::connection(&Options { migrate: false, ..to.clone() }, Access::Write).await {
        Err(JournalError::Schema { found: 0, .. }) => {
            connect::connection(&to.clone().migrating(), Access::Write).await?
        }
        opened => opened?,
    };
    begin(&mut source, Dialect::of(&from.place), false).await?;
    begin(&mut target, Dialect::of(&to.place), true).await?;
    for (conn, options) in [(&mut source, from), (&mut target, to)] {
        let now = now_ms(conn, options).await?;
        process::no_one_lives(conn, now).await?;
    }
    let copied = copy_all(&mut source, Dialect::of(&from.place), &mut target, Dialect::of(&to.place)).await;
    let end = if copied.is_ok() { "COMMIT" } else { "ROLLBACK" };
    let ended = sqlx::raw_sql(end).execute(&mut target).await;
    let _ = sqlx::raw_sql("ROLLBACK").execute(&mut source).await;
    let _ = (source.close().await, target.close().await);
    for lock in &locks {
        lock.release();
    }
    let copied = copied?;
    ended?;
    Ok(copied)
}

/// One moment of the source; all of the target or nothing. Both may take long, and nobody writes meanwhile.
async fn begin(conn: &mut AnyConnection, dialect: Dialect, writes: bool) -> Result<(), JournalError> {
    let statements: &[&'static str] = match (dialect, writes) {
        (Dialect::Sqlite, true) => &["BEGIN IMMEDIATE"],
        (Dialect::Sqlite, false) => &["BEGIN"],
        (Dialect::Postgres, true) => &[postgres::BEGIN_SCHEMA, postgres::PATIENT],
        (Dialect::Postgres, false) => &[postgres::LOCK_OUT, postgres::BEGIN_WHOLE, postgres::PATIENT],
    };
    for statement in statements.iter().copied() {
        sqlx::raw_sql(statement).execute(&mut *conn).await?;
    }
    Ok(())
}

/// The time by which the processes on a store live: its server's, or this machine's.
async fn now_ms(conn: &mut AnyConnection, options: &Options) -> Result<i64, JournalError> {
    match Dialect::of(&options.place) {
        Dialect::Postgres if !options.clock.is_simulated() => {
            sqlx::query(postgres::NOW).fetch_one(conn).await?.int("now_ms")
        }
        _ => Ok(clock::to_millis(options.clock.now())),
    }
}

async fn copy_all(
    source: &mut AnyConnection,
    from: Dialect,
    target: &mut AnyConnection,
    to: Dialect,
) -> Result<Vec<Copied>, JournalError> {
    let (columns, theirs) = (tables(source, from).await?, tables(target, to).await?);
    if columns != theirs || columns.len() != TABLES.len() + 1 {
        return Err(JournalError::Corrupt("the two stores have different tables".to_owned()));
    }
    for (table, _) in TABLES {
        if count(target, table).await? > 0 {
            return Err(JournalError::NotEmpty);
        }
    }
    let mut copied = Vec::new();
    for &(table, key) in TABLES {
        let columns = columns.get(table).ok_or_else(|| JournalError::Corrupt(format!("no table {table}")))?;
        match table {
            "chains" => {
                sqlx::raw_sql("DELETE FROM chains").execute(&mut *target).await?;
            }
            "board" => {
                sqlx::raw_sql("DELETE FROM board").execute(&mut *target).await?;
            }
            _ => {}
        }
        let read = copy_table(source, target, table, key, columns).await?;
        let stored = digest_of(target, table, key, columns).await?;
        if read != stored {
            return Err(JournalError::Corrupt(format!("{table} is not the same in both after it was copied")));
        }
        if to == Dialect::Postgres && columns.iter().any(|(name, _)| name == "id") {
            go_on_counting(target, table).await?;
        }
        copied.push(Copied { table, rows: read.0, digest: read.1 });
    }
    Ok(copied)
}

/// Rows to come get numbers above those that are there.
async fn go_on_counting(target: &mut AnyConnection, table: &str) -> Result<(), JournalError> {
    let text = format!(
        "SELECT setval(pg_get_serial_sequence('{table}', 'id'), COALESCE(MAX(id), 0) + 1, false) AS n FROM {table}"
    );
    sqlx::query(sqlx::AssertSqlSafe(text)).fetch_one(target).await?;
    Ok(())
}

async fn count(conn: &mut AnyConnection, table: &str) -> Result<i64, JournalError> {
    let text = format!("SELECT COUNT(*) AS n FROM {table}");
    sqlx::query(sqlx::AssertSqlSafe(text)).fetch_one(conn).await?.int("n")
}

async fn copy_table(
    source: &mut AnyConnection,
    target: &mut AnyConnection,
    table: &str,
    key: &str,
    columns: &[Column],
) -> Result<(u64, String), JournalError> {
    let most = MOST_ROWS.min(MOST_PARAMETERS / columns.len().max(1));
    let mut digest = TableDigest::default();
    let mut batch = Vec::new();
    let text = select(table, key, columns);
    let mut rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch(source);
    while let Some(row) = rows.try_next().await? {
        let values = values_of(&row, columns)?;
        digest.add(&values);
        batch.push(values);
        if batch.len() == most {
            insert(target, table, columns, std::mem::take(&mut batch)).await?;
        }
    }
    insert(target, table, columns, batch).await?;
    Ok(digest.end())
}

async fn digest_of(
    conn: &mut AnyConnection,
    table: &str,
    key: &str,
    columns: &[Column],
) -> Result<(u64, String), JournalError> {
    let mut digest = TableDigest::default();
    let text = select(table, key, columns);
    let mut rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch(conn);
    while let Some(row) = rows.try_next().await? {
        digest.add(&values_of(&row, columns)?);
    }
    Ok(digest.end())
}

fn names(columns: &[Column]) -> String {
    columns.iter().map(|(name, _)| name.as_str()).collect::<Vec<_>>().join(", ")
}

fn select(table: &str, key: &str, columns: &[Column]) -> String {
    format!("SELECT {} FROM {table} ORDER BY {key}", names(columns))
}

async fn insert(
    target: &mut AnyConnection,
    table: &str,
    columns: &[Column],
    batch: Vec<Vec<Value>>,
) -> Result<(), JournalError> {
    if batch.is_empty() {
        return Ok(());
    }
    let mut text = format!("INSERT INTO {table} ({}) VALUES ", names(columns));
    let mut number = 0;
    for row in 0..batch.len() {
        text.push_str(if row == 0 { "(" } else { ", (" });
        for column in 0..columns.len() {
            number += 1;
            let _ = write!(text, "{}${number}", if column == 0 { "" } else { ", " });
        }
        text.push(')');
    }
    let mut query = sqlx::query(sqlx::AssertSqlSafe(text));
    for value in batch.into_iter().flatten() {
        query = match value {
            Value::Number(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
        };
    }
    query.execute(target).await?;
    Ok(())
}

fn values_of(row: &AnyRow, columns: &[Column]) -> Result<Vec<Value>, JournalError> {
    let value = |(name, is_text): &Column| {
        Ok::<_, JournalError>(if *is_text {
            Value::Text(row.text_opt(name)?)
        } else {
            Value::Number(row.int_opt(name)?)
        })
    };
    columns.iter().map(value).collect()
}

/// Over the length and the bytes of each value, so that no two tables look the same that are not.
#[derive(Default)]
struct TableDigest {
    rows: u64,
    hash: Sha256,
}

impl TableDigest {
    fn add(&mut self, values: &[Value]) {
        self.rows += 1;
        for value in values {
            match value {
                Value::Number(None) | Value::Text(None) => self.hash.update([0]),
                Value::Number(Some(number)) => {
                    self.hash.update([1]);
                    self.hash.update(number.to_be_bytes());
                }
                Value::Text(Some(text)) => {
                    self.hash.update([2]);
                    self.hash.update((text.len() as u64).to_be_bytes());
                    self.hash.update(text.as_bytes());
                }
            }
        }
    }

    fn end(self) -> (u64, String) {
        let hex = self.hash.finalize().iter().fold(String::with_capacity(64), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        (self.rows, hex)
    }
}

/// The columns of every table in the order of their names, without those the database computes.
pub(super) async fn tables(
    conn: &mut AnyConnection,
    dialect: Dialect,
) -> Result<BTreeMap<String, Vec<Column>>, JournalError> {
    let statement = match dialect {
        Dialect::Sqlite => {
            "SELECT m.name AS t, p.name AS c, p.type AS kind FROM sqlite_master m, pragma_table_info(m.name) p \
             WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite_%' ORDER BY m.name, p.name"
        }
        Dialect::Postgres => {
            "SELECT CAST(table_name AS TEXT) AS t, CAST(column_name AS TEXT) AS c, CAST(data_type AS TEXT) AS kind \
             FROM information_schema.columns WHERE table_schema = current_schema() AND is_generated = 'NEVER' \
             ORDER BY CAST(table_name AS TEXT) COLLATE \"C\", CAST(column_name AS TEXT) COLLATE \"C\""
        }
    };
    let mut columns: BTreeMap<String, Vec<Column>> = BTreeMap::new();
    for row in sqlx::query(statement).fetch_all(&mut *conn).await? {
        let kind: String = row.try_get("kind")?;
        columns.entry(row.text("t")?).or_default().push((row.text("c")?, kind.eq_ignore_ascii_case("text")));
    }
    Ok(columns)
}

#[cfg(test)]
mod tests;
