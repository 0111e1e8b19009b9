//! Opening SQLite, and copying its file.

use std::path::{Path, PathBuf};

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions};

use super::{Access, SCHEMA_VERSION};
use crate::journal::{JournalError, Options};

pub(super) async fn open(path: &Path, options: &Options, access: Access) -> Result<AnyConnection, JournalError> {
    if options.migrate && access == Access::Write {
        create_private(path)?;
    }
    let mode = if path.exists() || access == Access::Read { "rw" } else { "rwc" };
    if !options.migrate && !path.exists() {
        return Err(JournalError::Schema { found: 0, needed: SCHEMA_VERSION });
    }
    let url = format!("sqlite:{}?mode={mode}", encode(path)?);
    let url: url::Url = url.parse().map_err(|_| file(path, "not a usable path"))?;
    let mut conn = AnyConnectOptions::from_url(&url)?.disable_statement_logging().connect().await?;
    let synchronous = if options.durable { "PRAGMA synchronous = FULL" } else { "PRAGMA synchronous = OFF" };
    for pragma in ["PRAGMA busy_timeout = 5000", "PRAGMA journal_mode = WAL", synchronous, "PRAGMA foreign_keys = ON"] {
        sqlx::raw_sql(pragma).execute(&mut conn).await?;
    }
    if access == Access::Read {
        sqlx::raw_sql("PRAGMA query_only = ON").execute(&mut conn).await?;
    }
    Ok(conn)
}

/// Copies a store of an older schema beside itself before it is changed. A copy that is there is never overwritten.
pub(super) async fn back_up(conn: &mut AnyConnection, store: &Path, found: i64) -> Result<(), JournalError> {
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
pub(in crate::journal) fn backup_path(store: &Path, number: u32) -> PathBuf {
    let number = if number > 1 { format!(".{number}") } else { String::new() };
    let mut name = store.as_os_str().to_owned();
    name.push(format!(".before-schema-{SCHEMA_VERSION}{number}.backup"));
    PathBuf::from(name)
}

/// Copies the store to a file that must not exist: of one moment, private, and on the disk when this returns.
pub(in crate::journal) async fn copy_to(conn: &mut AnyConnection, target: &Path) -> Result<(), JournalError> {
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

/// The store holds customers' orders: nobody else reads it.
pub(in crate::journal) fn create_private(path: &Path) -> Result<(), JournalError> {
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

pub(in crate::journal) fn encode(path: &Path) -> Result<String, JournalError> {
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
pub(in crate::journal) fn file(path: &Path, cause: impl ToString) -> JournalError {
    JournalError::File { path: path.to_owned(), cause: cause.to_string() }
}
