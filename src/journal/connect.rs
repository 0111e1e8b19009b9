//! Opening SQLite: settings, schema, versions.

use std::path::{Path, PathBuf};
use std::sync::Once;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Row};

use super::{JournalError, Options, sql};
use crate::clock;

/// Whether a connection may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

/// One change of the schema. Migrations only add, so that the version before still runs on it.
struct Migration {
    version: i64,
    /// Oldest program schema that works on a store of this version.
    runs_from: i64,
    text: &'static str,
}

const MIGRATIONS: &[Migration] = &[
    Migration { version: 1, runs_from: 1, text: include_str!("../../migrations/sqlite/0001_start.sql") },
    Migration { version: 2, runs_from: 1, text: include_str!("../../migrations/sqlite/0002_customer.sql") },
    Migration { version: 3, runs_from: 1, text: include_str!("../../migrations/sqlite/0003_mail.sql") },
    Migration { version: 4, runs_from: 1, text: include_str!("../../migrations/sqlite/0004_connections.sql") },
    Migration { version: 5, runs_from: 1, text: include_str!("../../migrations/sqlite/0005_web.sql") },
];

/// Schema version this program is made for.
pub const SCHEMA_VERSION: i64 = 5;

static DRIVERS: Once = Once::new();

/// Opens a connection; the first one of a store also brings the schema up to date where that is asked for.
pub(super) async fn connection(options: &Options, access: Access) -> Result<AnyConnection, JournalError> {
    DRIVERS.call_once(sqlx::any::install_default_drivers);
    if options.migrate && access == Access::Write {
        create_private(&options.path)?;
    }
    let mode = if options.path.exists() || access == Access::Read { "rw" } else { "rwc" };
    if !options.migrate && !options.path.exists() {
        return Err(JournalError::Schema { found: 0, needed: SCHEMA_VERSION });
    }
    let url = format!("sqlite:{}?mode={mode}", encode(&options.path)?);
    let url: url::Url = url.parse().map_err(|_| file(&options.path, "not a usable path"))?;
    let mut conn = AnyConnectOptions::from_url(&url)?.disable_statement_logging().connect().await?;
    let synchronous = if options.durable { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = OFF" };
    for pragma in ["PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = WAL", synchronous, "PRAGMA foreign_keys = ON"] {
        sqlx::raw_sql(pragma).execute(&mut conn).await?;
    }
    if access == Access::Read {
        sqlx::raw_sql("PRAGMA query_only = ON").execute(&mut conn).await?;
        return Ok(conn);
    }
    schema(&mut conn, options).await?;
    Ok(conn)
}

async fn schema(conn: &mut AnyConnection, options: &Options) -> Result<(), JournalError> {
    let (found, runs_from) = version(conn).await?;
    if found >= SCHEMA_VERSION {
        return if runs_from <= SCHEMA_VERSION { Ok(()) } else { Err(wrong(found)) };
    }
    if !options.migrate {
        return Err(wrong(found));
    }
    if found > 0 {
        back_up(conn, &options.path, found).await?;
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
        apply(conn, migration, options).await?;
    }
    Ok(())
}

async fn apply(conn: &mut AnyConnection, migration: &Migration, options: &Options) -> Result<(), JournalError> {
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut *conn).await?;
    // Another process may have been faster.
    if version(conn).await?.0 < migration.version {
        sqlx::raw_sql(migration.text).execute(&mut *conn).await?;
        let now = clock::to_millis(options.clock.now()).to_string();
        let values = [
            ("schema", migration.version.to_string()),
            ("schema_runs_from", migration.runs_from.to_string()),
            ("schema_since_ms", now),
        ];
        for (name, value) in values {
            sqlx::query(sql::SET_META).bind(name).bind(value).execute(&mut *conn).await?;
        }
    }
    sqlx::raw_sql("COMMIT").execute(&mut *conn).await?;
    Ok(())
}

/// Copies a store of an older schema beside itself before it is changed. A copy that is there is never overwritten.
async fn back_up(conn: &mut AnyConnection, store: &Path, found: i64) -> Result<(), JournalError> {
    let copy = (1..1000)
        .map(|number| backup_path(store, number))
        .find(|path| !path.exists())
        .ok_or_else(|| file(store, "no name left for a backup"))?;
    copy_to(conn, &copy).await?;
    tracing::info!(
        backup = %copy.display(),
        schema = found,
        "copied the store to {} before its schema {found} is brought to {SCHEMA_VERSION}",
        copy.display(),
    );
    Ok(())
}

/// `STORE.before-schema-3.backup`, and with a number where a migration before did not end.
pub(super) fn backup_path(store: &Path, number: u32) -> PathBuf {
    let number = if number > 1 { format!(".{number}") } else { String::new() };
    let mut name = store.as_os_str().to_owned();
    name.push(format!(".before-schema-{SCHEMA_VERSION}{number}.backup"));
    PathBuf::from(name)
}

/// Copies the store to a file that must not exist: of one moment, private, and on the disk when this returns.
pub(super) async fn copy_to(conn: &mut AnyConnection, target: &Path) -> Result<(), JournalError> {
    let text = target.to_str().ok_or_else(|| file(target, "the path is not UTF-8"))?;
    create_private(target)?;
    let copied = async {
        // The name goes in as a value of the statement: no text of a caller's becomes SQL.
        sqlx::query("VACUUM INTO $1").bind(text).execute(&mut *conn).await?;
        let copy = std::fs::File::open(target).map_err(|error| file(target, error))?;
        copy.sync_all().map_err(|error| file(target, error))
    };
    let copied = copied.await;
    if copied.is_err() {
        // Half a copy must not be taken for one.
        let _ = std::fs::remove_file(target);
    }
    copied
}

fn wrong(found: i64) -> JournalError {
    JournalError::Schema { found, needed: SCHEMA_VERSION }
}

/// Version of the schema and the oldest program version that runs on it; zeros for an empty file.
async fn version(conn: &mut AnyConnection) -> Result<(i64, i64), JournalError> {
    // The one statement that is SQLite's alone.
    let tables = sqlx::query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'meta'");
    if tables.fetch_optional(&mut *conn).await?.is_none() {
        return Ok((0, 0));
    }
    let mut found = (0, 0);
    for row in sqlx::query(sql::ALL_META).fetch_all(&mut *conn).await? {
        let name: String = row.try_get("name")?;
        let value: String = row.try_get("value")?;
        let number = || value.parse().map_err(|_| JournalError::Corrupt(format!("meta {name} = {value}")));
        match name.as_str() {
            "schema" => found.0 = number()?,
            "schema_runs_from" => found.1 = number()?,
            _ => {}
        }
    }
    Ok(found)
}

/// The store holds customers' orders: nobody else reads it.
pub(super) fn create_private(path: &Path) -> Result<(), JournalError> {
    use std::os::unix::fs::OpenOptionsExt;
    if path.exists() {
        return Ok(());
    }
    std::fs::OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map(drop)
        .map_err(|error| file(path, error))
}

fn encode(path: &Path) -> Result<String, JournalError> {
    use std::fmt::Write as _;
    let absolute = std::path::absolute(path).map_err(|error| file(path, error))?;
    let text = absolute.to_str().ok_or_else(|| file(path, "the path is not UTF-8"))?;
    let mut url = String::from("//");
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"/._-".contains(&byte) {
            url.push(char::from(byte));
        } else {
            let _ = write!(url, "%{byte:02X}");
        }
    }
    Ok(url)
}

#[expect(clippy::needless_pass_by_value, reason = "a text or an error, whichever is at hand")]
pub(super) fn file(path: &Path, cause: impl ToString) -> JournalError {
    JournalError::File { path: path.to_owned(), cause: cause.to_string() }
}

#[cfg(test)]
mod tests;
