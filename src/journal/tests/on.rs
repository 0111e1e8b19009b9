//! The databases a test runs on.
//!
//! `PIXI_PAYD_TEST_POSTGRES` holds the address of a PostgreSQL database in which tests may make and drop schemas;
//! `tests/postgres run COMMAND` starts one and throws it away afterwards. Each test gets a schema of its own.

use std::path::Path;

use sqlx::any::AnyConnectOptions;
use sqlx::{ConnectOptions, Connection};

use crate::config::Database;

const ADDRESS: &str = "PIXI_PAYD_TEST_POSTGRES";

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Sqlite,
    Postgres,
}

impl On {
    /// A place where no store is yet: a file of this name in the folder, or an empty schema.
    pub(crate) fn place(self, folder: &Path, file: &str) -> Database {
        match self {
            Self::Sqlite => folder.join(file).into(),
            Self::Postgres => empty_schema(),
        }
    }
}

/// A schema of its own in the database tests may use.
fn empty_schema() -> Database {
    let Ok(address) = std::env::var(ADDRESS) else {
        panic!(
            "{ADDRESS} is not set: run `tests/postgres run cargo nextest run`, or leave these tests out with -E 'not test(on_postgres)'"
        );
    };
    let schema = format!("t{:016x}", getrandom::u64().unwrap());
    let mut url: url::Url = address.parse().unwrap();
    let statement = format!("CREATE SCHEMA {schema}");
    let bare = url.clone();
    // A runtime and a thread of its own: the test's clock may stand still.
    let made = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            sqlx::any::install_default_drivers();
            let mut conn = AnyConnectOptions::from_url(&bare)?.connect().await?;
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut conn).await?;
            conn.close().await
        })
    });
    made.join().unwrap().unwrap();
    url.query_pairs_mut().append_pair("options", &format!("-csearch_path={schema}"));
    Database::Postgres(url.into())
}

/// Runs each test on both databases: those of one list with a clock that stands still, those of the other on threads.
macro_rules! on_both_databases {
    (paused: $($paused:ident),* $(,)?; $(threads: $($threads:ident),* $(,)?;)?) => {
        mod on_sqlite {
            $(#[tokio::test(start_paused = true)]
            async fn $paused() {
                Box::pin(super::$paused($crate::journal::tests::On::Sqlite)).await;
            })*
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $threads() {
                Box::pin(super::$threads($crate::journal::tests::On::Sqlite)).await;
            })*)?
        }

        mod on_postgres {
            $(#[tokio::test(start_paused = true)]
            async fn $paused() {
                Box::pin(super::$paused($crate::journal::tests::On::Postgres)).await;
            })*
            $($(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $threads() {
                Box::pin(super::$threads($crate::journal::tests::On::Postgres)).await;
            })*)?
        }
    };
}

pub(crate) use on_both_databases;
