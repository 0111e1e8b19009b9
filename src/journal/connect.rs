//! Opening a store: its schema and versions, whatever the database.

use std::sync::Once;

use sqlx::{AnyConnection, Row};

use super::{JournalError, Options, sql};
use crate::clock;
use crate::config::Database;

pub(super) mod postgres;
pub(super) mod sqlite;

pub(super) use sqlite::{copy_to, file};

/// Whether a connection may write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Access {
    Write,
    Read,
}

/// The databases, where they differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    Sqlite,
    Postgres,
}

impl Dialect {
    pub(super) fn of(place: &Database) -> Self {
        match place {
            Database::Sqlite(_) => Self::Sqlite,
            Database::Postgres(_) => Self::Postgres,
        }
    }
}

/// One change of the schema, in the words of both databases. Migrations only add, so that the version before still runs
/// on it.
struct Migration {
    version: i64,
    /// Oldest program schema that works on a store of this version.
    runs_from: i64,
    sqlite: &'static str,
    postgres: &'static str,
}

macro_rules! migration {
    ($version:literal, $runs_from:literal, $name:literal) => {
        Migration {
            version: $version,
            runs_from: $runs_from,
            sqlite: include_str!(concat!("../../migrations/sqlite/", $name, ".sql")),
            postgres: include_str!(concat!("../../migrations/postgres/", $name, ".sql")),
        }
    };
}

const MIGRATIONS: &[Migration] = &[
    migration!(1, 1, "0001_start"),
    migration!(2, 1, "0002_customer"),
    migration!(3, 1, "0003_mail"),
    migration!(4, 1, "0004_connections"),
    migration!(5, 1, "0005_web"),
];

impl Migration {
    fn text(&self, dialect: Dialect) -> &'static str {
        match dialect {
            Dialect::Sqlite => self.sqlite,
            Dialect::Postgres => self.postgres,
        }
    }
}

/// Schema version this program is made for.
pub const SCHEMA_VERSION: i64 = 5;

static DRIVERS: Once = Once::new();

/// Opens a connection; the first one of a store also brings the schema up to date where that is asked for.
pub(super) async fn connection(options: &Options, access: Access) -> Result<AnyConnection, JournalError> {
    DRIVERS.call_once(sqlx::any::install_default_drivers);
    let mut conn = match &options.place {
        Database::Sqlite(path) => sqlite::open(path, options, access).await?,
        Database::Postgres(address) => postgres::open(address, options, access).await?,
    };
    if access == Access::Write {
        schema(&mut conn, options).await?;
    }
    Ok(conn)
}

async fn schema(conn: &mut AnyConnection, options: &Options) -> Result<(), JournalError> {
    let dialect = Dialect::of(&options.place);
    let (found, runs_from) = version(conn, dialect).await?;
    if found >= SCHEMA_VERSION {
        return if runs_from <= SCHEMA_VERSION { Ok(()) } else { Err(wrong(found)) };
    }
    if !options.migrate {
        return Err(wrong(found));
    }
    if let (Database::Sqlite(path), 1..) = (&options.place, found) {
        sqlite::back_up(conn, path, found).await?;
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
        apply(conn, migration, options).await?;
    }
    Ok(())
}

async fn apply(conn: &mut AnyConnection, migration: &Migration, options: &Options) -> Result<(), JournalError> {
    let dialect = Dialect::of(&options.place);
    let begin = match dialect {
        Dialect::Sqlite => "BEGIN IMMEDIATE",
        Dialect::Postgres => postgres::BEGIN_SCHEMA,
    };
    sqlx::raw_sql(begin).execute(&mut *conn).await?;
    // Another process may have been faster.
    if version(conn, dialect).await?.0 < migration.version {
        sqlx::raw_sql(migration.text(dialect)).execute(&mut *conn).await?;
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

fn wrong(found: i64) -> JournalError {
    JournalError::Schema { found, needed: SCHEMA_VERSION }
}

/// Version of the schema and the oldest program version that runs on it; zeros for an empty store.
async fn version(conn: &mut AnyConnection, dialect: Dialect) -> Result<(i64, i64), JournalError> {
    // Whether there is a table is asked of each database in its own words.
    let tables = match dialect {
        Dialect::Sqlite => sqlx::query("SELECT name FROM sqlite_master WHERE type = 'table' AND name = 'meta'"),
        Dialect::Postgres => sqlx::query("SELECT 1 AS found WHERE to_regclass('meta') IS NOT NULL"),
    };
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

#[cfg(test)]
pub(super) mod tests;
