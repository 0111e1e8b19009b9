//! Migrations, each over a filled store of the version before, and the copy made before the schema changes.
//!
//! `migrations/data/NNNN_*.sql` fills what migration NNNN added; the next migrations run over it. A new migration brings its
//! own file, with rows for each table and column it adds.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use sqlx::Connection;

use std::path::Path;

use super::sqlite::backup_path;
use super::*;
use crate::clock::Clock;
use crate::journal::tests::{On, on_both_databases};
use crate::journal::{Journal, Mode};

/// Rows of every table, as text: table, then its columns.
pub(in crate::journal) type Rows = BTreeMap<String, Vec<BTreeMap<String, String>>>;

fn data_of(version: i64) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/data");
    let mut found = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let prefix = format!("{version:04}_");
    let file = found.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&prefix));
    std::fs::read_to_string(file.unwrap_or_else(|| panic!("migration {version} has no data file"))).unwrap()
}

fn options(on: On, folder: &Path) -> Options {
    let clock = Clock::simulated("2026-03-03T12:00:00Z".parse().unwrap(), 1);
    Options { mode: Mode::Inline, durable: false, ..Options::new(on.place(folder, "store.db"), clock) }
}

/// The file of a SQLite store.
fn file_of(options: &Options) -> PathBuf {
    match &options.place {
        Database::Sqlite(path) => path.clone(),
        Database::Postgres(_) => panic!("not a file"),
    }
}

/// Runs `work` where a connection to a server can be used, with a connection that changes no schema.
pub(in crate::journal) fn with<T: Send>(
    options: &Options,
    work: impl AsyncFnOnce(&mut AnyConnection) -> T + Send,
) -> T {
    let run = || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            DRIVERS.call_once(sqlx::any::install_default_drivers);
            let mut conn = match &options.place {
                Database::Sqlite(path) => {
                    sqlite::create_private(path).unwrap();
                    sqlite::open(path, options, Access::Write).await.unwrap()
                }
                Database::Postgres(address) => postgres::open(address, options, Access::Write).await.unwrap(),
            };
            let done = work(&mut conn).await;
            conn.close().await.unwrap();
            done
        })
    };
    std::thread::scope(|scope| scope.spawn(run).join().unwrap())
}

/// A store as version `version` left it, filled.
pub(in crate::journal) fn store_of(version: i64, options: &Options) {
    with(options, async |conn| {
        for migration in MIGRATIONS.iter().filter(|migration| migration.version <= version) {
            apply(conn, migration, options).await.unwrap();
            let data = data_of(migration.version);
            sqlx::raw_sql(sqlx::AssertSqlSafe(data)).execute(&mut *conn).await.unwrap();
        }
    });
}

/// The columns of every table, without those the database computes.
async fn columns(conn: &mut AnyConnection, dialect: Dialect) -> BTreeMap<String, Vec<(String, bool)>> {
    crate::journal::copy::tables(conn, dialect).await.unwrap()
}

async fn all_rows(conn: &mut AnyConnection, dialect: Dialect) -> Rows {
    let mut all = Rows::new();
    for (table, columns) in columns(conn, dialect).await {
        let list: Vec<String> =
            columns.iter().map(|(name, _)| format!("COALESCE(CAST({name} AS TEXT), 'NULL') AS {name}")).collect();
        let text = format!("SELECT {} FROM {table}", list.join(", "));
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&mut *conn).await.unwrap();
        let read = |row: &sqlx::any::AnyRow| {
            columns.iter().map(|(name, _)| (name.clone(), row.get::<String, _>(name.as_str()))).collect()
        };
        let mut rows: Vec<_> = rows.iter().map(read).collect();
        rows.sort();
        all.insert(table, rows);
    }
    all
}

pub(in crate::journal) fn rows_of(options: &Options) -> Rows {
    with(options, async |conn| all_rows(conn, Dialect::of(&options.place)).await)
}

/// True where `after` holds all that `before` held: rows in any place, columns and tables may be new. `but`: columns that
/// may be others.
fn keeps(before: &Rows, after: &Rows, but: &[(&str, &str)]) -> bool {
    before.iter().filter(|(table, _)| *table != "meta").all(|(table, rows)| {
        let now = after.get(table).map(Vec::as_slice).unwrap_or_default();
        let kept = |name: &str| !but.contains(&(table.as_str(), name));
        let same = |row: &BTreeMap<String, String>, other: &BTreeMap<String, String>| {
            row.iter().filter(|(name, _)| kept(name)).all(|(name, value)| other.get(name) == Some(value))
        };
        rows.iter().all(|row| now.iter().any(|other| same(row, other)))
    })
}

/// What a migration changes on purpose.
fn changed_by(version: i64) -> &'static [(&'static str, &'static str)] {
    match version {
        3 => &[("outbox", "state"), ("outbox", "last_error"), ("outbox", "settled_ms")],
        _ => &[],
    }
}

async fn each_migration_keeps_what_a_filled_store_of_the_version_before_holds(on: On) {
    for migration in MIGRATIONS {
        let folder = tempfile::tempdir().unwrap();
        let options = options(on, folder.path());
        let dialect = Dialect::of(&options.place);
        store_of(migration.version - 1, &options);
        with(&options, async |conn| {
            let before = all_rows(conn, dialect).await;
            apply(conn, migration, &options).await.unwrap();
            let after = all_rows(conn, dialect).await;
            let but = changed_by(migration.version);
            assert!(keeps(&before, &after, but), "migration {} loses something", migration.version);
            assert_eq!(version(conn, dialect).await.unwrap(), (migration.version, migration.runs_from));
        });
    }
}

async fn what_was_queued_before_there_were_mails_is_told_to_nobody(on: On) {
    let folder = tempfile::tempdir().unwrap();
    let options = options(on, folder.path());
    store_of(2, &options);
    let states = || rows_of(&options)["outbox"].iter().map(|row| row["state"].clone()).collect::<Vec<_>>();
    assert!(states().contains(&"queued".to_owned()));
    with(&options, async |conn| apply(conn, &MIGRATIONS[2], &options).await.unwrap());
    let after = states();
    assert!(after.contains(&"sent".to_owned()) && !after.contains(&"queued".to_owned()), "{after:?}");
    let journal = Journal::open(options.clone().migrating()).await.unwrap();
    assert!(journal.waiting_news(10).await.unwrap().is_empty());
    journal.close();
}

async fn the_data_files_fill_every_table_and_every_column(on: On) {
    let folder = tempfile::tempdir().unwrap();
    let options = options(on, folder.path());
    store_of(SCHEMA_VERSION, &options);
    for (table, rows) in rows_of(&options) {
        assert!(!rows.is_empty(), "{table} has no row");
        for column in rows[0].keys() {
            let filled = rows.iter().any(|row| row[column] != "NULL");
            assert!(filled, "{table}.{column} is never filled");
        }
    }
}

async fn a_store_of_any_older_schema_is_brought_up_to_date(on: On) {
    for older in 1..SCHEMA_VERSION {
        let folder = tempfile::tempdir().unwrap();
        let options = options(on, folder.path());
        store_of(older, &options);
        let refused = Journal::open(options.clone()).await;
        assert!(matches!(refused, Err(JournalError::Schema { found, .. }) if found == older), "{refused:?}");
        let journal = Journal::open(options.clone().migrating()).await.unwrap();
        assert!(journal.verify_store().await.unwrap().iter().all(|check| check.offenders.is_empty()));
        assert!(journal.verify_chains().await.unwrap().iter().all(|chain| chain.broken_at.is_none()));
        journal.close();
    }
}

on_both_databases! {
    paused:
        each_migration_keeps_what_a_filled_store_of_the_version_before_holds,
        what_was_queued_before_there_were_mails_is_told_to_nobody,
        the_data_files_fill_every_table_and_every_column,
        a_store_of_any_older_schema_is_brought_up_to_date;
}

/// Filled alike, the twins hold the same to the last column: what the database computes is proven by the journal's checks.
#[tokio::test(start_paused = true)]
async fn a_filled_store_is_the_same_on_postgres() {
    let folder = tempfile::tempdir().unwrap();
    let filled = |on: On| {
        let options = options(on, folder.path());
        store_of(SCHEMA_VERSION, &options);
        with(&options, async |conn| (columns(conn, Dialect::of(&options.place)).await, rows_of(&options)))
    };
    let (on_sqlite, on_postgres) = (filled(On::Sqlite), filled(On::Postgres));
    assert_eq!(on_sqlite.0, on_postgres.0, "the same tables and columns");
    for (table, rows) in on_sqlite.1 {
        // The schemas were made one after the other.
        let is_then = |row: &&BTreeMap<String, String>| row.get("name").is_none_or(|name| name != "schema_since_ms");
        let (rows, twins) = (rows.iter().filter(is_then), on_postgres.1[&table].iter().filter(is_then));
        assert_eq!(rows.collect::<Vec<_>>(), twins.collect::<Vec<_>>(), "{table}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_file_of_any_older_schema_is_copied_first() {
    for older in 1..SCHEMA_VERSION {
        let folder = tempfile::tempdir().unwrap();
        let options = options(On::Sqlite, folder.path());
        store_of(older, &options);
        let before = rows_of(&options);
        let copy = backup_path(&file_of(&options), 1);
        Journal::open(options.clone()).await.unwrap_err();
        assert!(!copy.exists(), "what may not change the schema makes no copy");
        Journal::open(options.clone().migrating()).await.unwrap().close();
        let name = copy.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(name, format!("store.db.before-schema-{SCHEMA_VERSION}.backup"));
        assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600, "private");
        let of_copy = Options { place: copy.into(), ..options.clone() };
        assert_eq!(with(&of_copy, async |conn| version(conn, Dialect::Sqlite).await.unwrap().0), older);
        assert_eq!(rows_of(&of_copy), before, "the copy is what was there before");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_there_is_not_overwritten_and_a_store_that_fits_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(On::Sqlite, folder.path());
    let file = file_of(&options);
    store_of(1, &options);
    std::fs::write(backup_path(&file, 1), "of yesterday").unwrap();
    Journal::open(options.clone().migrating()).await.unwrap().close();
    assert_eq!(std::fs::read_to_string(backup_path(&file, 1)).unwrap(), "of yesterday");
    assert!(backup_path(&file, 2).exists());
    Journal::open(options.clone().migrating()).await.unwrap().close();
    assert!(!backup_path(&file, 3).exists());
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_cannot_be_made_keeps_the_schema_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    // The copy's name is longer than a file's name may be; the store's is not.
    let place = folder.path().join(format!("{}.db", "s".repeat(240))).into();
    let long = Options { place, ..options(On::Sqlite, folder.path()) };
    store_of(1, &long);
    let refused = Journal::open(long.clone().migrating()).await;
    assert!(matches!(refused, Err(JournalError::File { .. })), "{refused:?}");
    assert_eq!(with(&long, async |conn| version(conn, Dialect::Sqlite).await.unwrap().0), 1);
}
