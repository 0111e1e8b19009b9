//! Opening PostgreSQL: deadlines, durability, and what makes write transactions come one after another.

use std::time::Duration;

use sqlx::any::AnyConnectOptions;
use sqlx::{AnyConnection, ConnectOptions, Row};

use super::Access;
use crate::journal::{JournalError, Options};

macro_rules! now {
    () => {
        "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT) AS now_ms"
    };
}

/// The store's own number, the same for each role that finds its tables, whatever its search path; 0 while there is none.
macro_rules! key {
    () => {
        "COALESCE(hashtext(CAST(CAST(to_regclass('payment_claims') AS OID) AS TEXT)), 0)"
    };
}

/// Longest it may take until a connection stands.
const CONNECT: Duration = Duration::from_secs(10);

/// Longest an operation may take before its connection is given up. The server's own limits below end sooner; this one is
/// for a server, or a network, that no longer answers at all.
pub(in crate::journal) const DEADLINE: Duration = Duration::from_secs(30);

/// Limits the server keeps for us. A process that sleeps in the middle of a transaction loses it, and with it the turn to
/// write, after 5 s. A client that is gone is noticed.
const SETTINGS: &str = "SET application_name = 'pixi-payd'; SET client_min_messages = warning; SET timezone = 'UTC'; \
    SET lock_timeout = '10s'; SET statement_timeout = '20s'; SET idle_in_transaction_session_timeout = '5s'; \
    SET default_transaction_isolation = 'read committed'; SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; \
    SET tcp_keepalives_count = 3";

/// What is said of a server that is set to forget: an intent that is not on its disk is none.
const DURABILITY: &str = "SELECT current_setting('server_encoding') AS encoding, current_setting('fsync') AS fsync, \
    current_setting('synchronous_commit') AS commits";

/// One writer at a time, whichever process it is in: what an operation reads is then what the one before it left, as on
/// SQLite. Answers the store's time. One message to the server.
pub(in crate::journal) const BEGIN_WRITE: &str =
    concat!("BEGIN; SELECT pg_advisory_xact_lock(7100, ", key!(), "); ", now!());

/// The same for a change of the schema, which may take long.
pub(in crate::journal) const BEGIN_SCHEMA: &str = concat!(
    "BEGIN; SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = '60s'; SELECT pg_advisory_xact_lock(7100, ",
    key!(),
    ")"
);

/// A reading of one moment, which may take long.
pub(in crate::journal) const BEGIN_WHOLE: &str =
    "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL statement_timeout = 0";

/// For one transaction that takes long and may pause.
pub(in crate::journal) const PATIENT: &str =
    "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// Nobody writes until the connection ends.
pub(in crate::journal) const LOCK_OUT: &str = concat!("SELECT pg_advisory_lock(7100, ", key!(), ")");

/// Commits. PostgreSQL answers a commit after a failed statement with a rollback and no error: the statement before it
/// makes that an error.
pub(in crate::journal) const COMMIT: &str = "SELECT 1; COMMIT";

/// The store's time, milliseconds since 1970.
pub(in crate::journal) const NOW: &str = now!();

pub(super) async fn open(address: &str, options: &Options, access: Access) -> Result<AnyConnection, JournalError> {
    let url: url::Url = address.parse().map_err(|_| unusable("the address cannot be read"))?;
    let connecting = AnyConnectOptions::from_url(&url)?.disable_statement_logging();
    let prepared = async {
        let mut conn = connecting.connect().await?;
        sqlx::raw_sql(SETTINGS).execute(&mut conn).await?;
        if access == Access::Read {
            sqlx::raw_sql("SET default_transaction_read_only = on").execute(&mut conn).await?;
        }
        let row = sqlx::query(DURABILITY).fetch_one(&mut conn).await?;
        Ok::<_, sqlx::Error>((conn, row.try_get("encoding")?, row.try_get("fsync")?, row.try_get("commits")?))
    };
    let prepared = options.clock.timeout(CONNECT, prepared).await;
    let (mut conn, encoding, fsync, commits): (_, String, String, String) =
        prepared.map_err(|_| unusable("no connection within 10 s"))??;
    if encoding != "UTF8" {
        return Err(unusable(&format!("the database's encoding is {encoding}, and has to be UTF8")));
    }
    if access == Access::Write {
        durable(&mut conn, options, &fsync, &commits).await?;
    }
    Ok(conn)
}

/// Makes a commit wait for the disk, whatever the server's default is.
async fn durable(conn: &mut AnyConnection, options: &Options, fsync: &str, commits: &str) -> Result<(), JournalError> {
    if !options.durable {
        sqlx::raw_sql("SET synchronous_commit = off").execute(conn).await?;
        return Ok(());
    }
    // What waits for standbys stays as it is.
    if matches!(commits, "off" | "local" | "remote_write") {
        sqlx::raw_sql("SET synchronous_commit = on").execute(conn).await?;
    }
    if fsync == "off" {
        tracing::warn!(
            "PostgreSQL runs with fsync off: when its machine fails, what was stored may be lost, and be sent again"
        );
    }
    Ok(())
}

fn unusable(why: &str) -> JournalError {
    JournalError::Unavailable(format!("PostgreSQL: {why}"))
}
