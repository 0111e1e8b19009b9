use std::collections::BTreeSet;
use std::path::Path;

use super::*;
use crate::clock::Clock;
use crate::journal::connect::tests::{rows_of, store_of, with};
use crate::journal::tests::On;
use crate::journal::{Journal, Mode, SCHEMA_VERSION};

/// A day after what the data files tell: nobody in them lives.
fn options(on: On, folder: &Path, file: &str) -> Options {
    let clock = Clock::simulated("2026-03-04T12:00:00Z".parse().unwrap(), 1);
    Options { mode: Mode::Inline, durable: false, ..Options::new(on.place(folder, file), clock) }
}

/// Where sockets can be used, whatever the test's clock does.
fn copied(from: &Options, to: &Options) -> Result<Vec<Copied>, JournalError> {
    with(from, async |_| copy(from, to).await)
}

#[tokio::test(start_paused = true)]
async fn a_store_goes_to_postgres_and_back_and_is_the_same_everywhere() {
    let folder = tempfile::tempdir().unwrap();
    let from = options(On::Sqlite, folder.path(), "from.db");
    let there = options(On::Postgres, folder.path(), "");
    let back = options(On::Sqlite, folder.path(), "back.db");
    store_of(SCHEMA_VERSION, &from);
    let first = copied(&from, &there).unwrap();
    let second = copied(&there, &back).unwrap();
    assert_eq!(first, second);
    assert!(first.iter().all(|table| table.rows > 0), "{first:?}");
    let (mut before, mut on_server, mut after) = (rows_of(&from), rows_of(&there), rows_of(&back));
    for rows in [&mut before, &mut on_server, &mut after] {
        // Since when a store has its schema is its own.
        rows.remove("meta");
    }
    assert_eq!(before, on_server);
    assert_eq!(before, after);
    let tables: BTreeSet<&str> = before.keys().map(String::as_str).collect();
    assert_eq!(tables, TABLES.iter().map(|(table, _)| *table).collect(), "no table is forgotten");

    // It is worked on as it was before: rows to come are numbered on.
    let journal = Journal::open(there.clone()).await.unwrap();
    assert!(journal.verify_store().await.unwrap().iter().all(|check| check.offenders.is_empty()));
    assert!(journal.verify_chains().await.unwrap().iter().all(|chain| chain.broken_at.is_none()));
    let owner = journal.register_process("next").await.unwrap();
    assert!(owner.id > 2 && owner.fence > 2, "{owner:?}");
    journal.close();
}

#[tokio::test(start_paused = true)]
async fn nothing_is_copied_over_what_is_there_nor_away_from_a_daemon() {
    let folder = tempfile::tempdir().unwrap();
    let from = options(On::Sqlite, folder.path(), "from.db");
    let there = options(On::Postgres, folder.path(), "");
    store_of(SCHEMA_VERSION, &from);
    let journal = Journal::open(from.clone()).await.unwrap();
    let owner = journal.register_process("works").await.unwrap();
    assert!(matches!(copied(&from, &there), Err(JournalError::AlreadyRunning)));
    journal.end_process(owner).await.unwrap();
    journal.close();
    copied(&from, &there).unwrap();
    assert!(matches!(copied(&from, &there), Err(JournalError::NotEmpty)));
    // The other way, too: a process on the server lives by its heartbeat.
    let journal = Journal::open(there.clone()).await.unwrap();
    journal.register_process("works").await.unwrap();
    let back = options(On::Sqlite, folder.path(), "back.db");
    assert!(matches!(copied(&there, &back), Err(JournalError::AlreadyRunning)));
    journal.close();
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_differs_does_not_stand() {
    let folder = tempfile::tempdir().unwrap();
    let from = options(On::Sqlite, folder.path(), "from.db");
    let there = options(On::Postgres, folder.path(), "");
    store_of(SCHEMA_VERSION, &from);
    Journal::open(there.clone().migrating()).await.unwrap().close();
    with(&there, async |conn| {
        let meddle = "CREATE FUNCTION meddle() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN new.event := 'other'; RETURN new; END $$; \
                      CREATE TRIGGER meddle BEFORE INSERT ON hints FOR EACH ROW EXECUTE FUNCTION meddle()";
        sqlx::raw_sql(meddle).execute(conn).await.unwrap();
    });
    let differs = copied(&from, &there);
    assert!(matches!(&differs, Err(JournalError::Corrupt(what)) if what.starts_with("hints")), "{differs:?}");
    assert!(rows_of(&there).iter().all(|(table, rows)| table == "meta" || rows.is_empty()));
}
