//! Migrations, each over a filled store of the version before, and the copy made before the schema changes.
//!
//! `migrations/data/NNNN_*.sql` fills what migration NNNN added; the next migrations run over it. A new migration brings its
//! own file, with rows for each table and column it adds.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;

use sqlx::Connection;

use super::*;
use crate::clock::Clock;
use crate::journal::{Journal, Mode};

/// Rows of every table, as text: table, then its columns.
type Rows = BTreeMap<String, Vec<BTreeMap<String, String>>>;

fn data_of(version: i64) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations/data");
    let mut found = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let prefix = format!("{version:04}_");
    let file = found.find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&prefix));
    std::fs::read_to_string(file.unwrap_or_else(|| panic!("migration {version} has no data file"))).unwrap()
}

fn options(folder: &Path) -> Options {
    let clock = Clock::simulated("2026-03-03T12:00:00Z".parse().unwrap(), 1);
    Options { mode: Mode::Inline, durable: false, ..Options::new(folder.join("store.db"), clock) }
}

async fn bare(options: &Options) -> AnyConnection {
    DRIVERS.call_once(sqlx::any::install_default_drivers);
    create_private(&options.path).unwrap();
    let url = format!("sqlite:{}?mode=rw", encode(&options.path).unwrap());
    let url: url::Url = url.parse().unwrap();
    let mut conn = AnyConnectOptions::from_url(&url).unwrap().connect().await.unwrap();
    sqlx::raw_sql("PRAGMA foreign_keys = ON").execute(&mut conn).await.unwrap();
    conn
}

/// A store as version `version` left it, filled.
async fn store_of(version: i64, options: &Options) {
    let mut conn = bare(options).await;
    for migration in MIGRATIONS.iter().filter(|migration| migration.version <= version) {
        apply(&mut conn, migration, options).await.unwrap();
        let data = data_of(migration.version);
        sqlx::raw_sql(sqlx::AssertSqlSafe(data)).execute(&mut conn).await.unwrap();
    }
    conn.close().await.unwrap();
}

async fn all_rows(conn: &mut AnyConnection) -> Rows {
    let names = "SELECT m.name AS t, p.name AS c FROM sqlite_master m, pragma_table_info(m.name) p WHERE m.type = 'table' \
                 AND m.name NOT LIKE 'sqlite_%'";
    let mut columns: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in sqlx::query(names).fetch_all(&mut *conn).await.unwrap() {
        columns.entry(row.get("t")).or_default().push(row.get("c"));
    }
    let mut all = Rows::new();
    for (table, columns) in columns {
        let list: Vec<String> =
            columns.iter().map(|name| format!("COALESCE(CAST({name} AS TEXT), 'NULL') AS {name}")).collect();
        let text = format!("SELECT {} FROM {table} ORDER BY 1, 2", list.join(", "));
        let rows = sqlx::query(sqlx::AssertSqlSafe(text)).fetch_all(&mut *conn).await.unwrap();
        let read = |row: &sqlx::any::AnyRow| {
            columns.iter().map(|name| (name.clone(), row.get::<String, _>(name.as_str()))).collect()
        };
        all.insert(table, rows.iter().map(read).collect());
    }
    all
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

#[tokio::test(start_paused = true)]
async fn each_migration_keeps_what_a_filled_store_of_the_version_before_holds() {
    for migration in MIGRATIONS {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        store_of(migration.version - 1, &options).await;
        let mut conn = bare(&options).await;
        let before = all_rows(&mut conn).await;
        apply(&mut conn, migration, &options).await.unwrap();
        let after = all_rows(&mut conn).await;
        let but = changed_by(migration.version);
        assert!(keeps(&before, &after, but), "migration {} loses something", migration.version);
        assert_eq!(version(&mut conn).await.unwrap(), (migration.version, migration.runs_from));
        conn.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_queued_before_there_were_mails_is_told_to_nobody() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    store_of(2, &options).await;
    let mut conn = bare(&options).await;
    let states = async |conn: &mut AnyConnection| {
        let rows = all_rows(conn).await.remove("outbox").unwrap();
        rows.iter().map(|row| row["state"].clone()).collect::<Vec<_>>()
    };
    assert!(states(&mut conn).await.contains(&"queued".to_owned()));
    apply(&mut conn, &MIGRATIONS[2], &options).await.unwrap();
    let after = states(&mut conn).await;
    assert!(after.contains(&"sent".to_owned()) && !after.contains(&"queued".to_owned()), "{after:?}");
    conn.close().await.unwrap();
    let journal = Journal::open(options.clone().migrating()).await.unwrap();
    assert!(journal.waiting_news(10).await.unwrap().is_empty());
    journal.close();
}

#[tokio::test(start_paused = true)]
async fn the_data_files_fill_every_table_and_every_column() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    store_of(SCHEMA_VERSION, &options).await;
    let mut conn = bare(&options).await;
    for (table, rows) in all_rows(&mut conn).await {
        assert!(!rows.is_empty(), "{table} has no row");
        for column in rows[0].keys() {
            let filled = rows.iter().any(|row| row[column] != "NULL");
            assert!(filled, "{table}.{column} is never filled");
        }
    }
    conn.close().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_store_of_any_older_schema_is_copied_and_then_brought_up_to_date() {
    for older in 1..SCHEMA_VERSION {
        let folder = tempfile::tempdir().unwrap();
        let options = options(folder.path());
        store_of(older, &options).await;
        let mut conn = bare(&options).await;
        let before = all_rows(&mut conn).await;
        conn.close().await.unwrap();
        let refused = Journal::open(options.clone()).await;
        assert!(matches!(refused, Err(JournalError::Schema { found, .. }) if found == older), "{refused:?}");
        let copy = backup_path(&options.path, 1);
        assert!(!copy.exists(), "what may not change the schema makes no copy");
        let journal = Journal::open(options.clone().migrating()).await.unwrap();
        assert!(journal.verify_store().await.unwrap().iter().all(|check| check.offenders.is_empty()));
        assert!(journal.verify_chains().await.unwrap().iter().all(|chain| chain.broken_at.is_none()));
        journal.close();
        let name = copy.file_name().unwrap().to_str().unwrap().to_owned();
        assert_eq!(name, format!("store.db.before-schema-{SCHEMA_VERSION}.backup"));
        assert_eq!(std::fs::metadata(&copy).unwrap().permissions().mode() & 0o777, 0o600, "private");
        let of_copy = Options { path: copy, ..options.clone() };
        let mut conn = bare(&of_copy).await;
        assert_eq!(version(&mut conn).await.unwrap().0, older);
        assert_eq!(all_rows(&mut conn).await, before, "the copy is what was there before");
        conn.close().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_is_there_is_not_overwritten_and_a_store_that_fits_is_not_copied() {
    let folder = tempfile::tempdir().unwrap();
    let options = options(folder.path());
    store_of(1, &options).await;
    std::fs::write(backup_path(&options.path, 1), "of yesterday").unwrap();
    Journal::open(options.clone().migrating()).await.unwrap().close();
    assert_eq!(std::fs::read_to_string(backup_path(&options.path, 1)).unwrap(), "of yesterday");
    assert!(backup_path(&options.path, 2).exists());
    Journal::open(options.clone().migrating()).await.unwrap().close();
    assert!(!backup_path(&options.path, 3).exists());
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_cannot_be_made_keeps_the_schema_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    // The copy's name is longer than a file's name may be; the store's is not.
    let long = Options { path: folder.path().join(format!("{}.db", "s".repeat(240))), ..options(folder.path()) };
    store_of(1, &long).await;
    let refused = Journal::open(long.clone().migrating()).await;
    assert!(matches!(refused, Err(JournalError::File { .. })), "{refused:?}");
    let mut conn = bare(&long).await;
    assert_eq!(version(&mut conn).await.unwrap().0, 1);
    conn.close().await.unwrap();
}
