//! What the store says, read beside the daemon. Only counts for the report and for waiting come from here; whether all is
//! right stands in the peers' books.

use std::collections::BTreeMap;
use std::path::Path;

use sqlx::any::{AnyConnectOptions, install_default_drivers};
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _, Row as _};

async fn open(file: &Path) -> AnyConnection {
    install_default_drivers();
    let url: url::Url = format!("sqlite://{}?mode=rw", file.display()).parse().unwrap();
    let mut conn = AnyConnectOptions::from_url(&url).unwrap().disable_statement_logging().connect().await.unwrap();
    sqlx::raw_sql("PRAGMA busy_timeout = 10000").execute(&mut conn).await.unwrap();
    conn
}

/// A connection that holds the store's write lock until it is dropped.
pub async fn lock(file: &Path) -> AnyConnection {
    let mut conn = open(file).await;
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut conn).await.unwrap();
    conn
}

/// Steps that the process which died last had begun and not ended, by kind. Read from a copy: the next daemon has to
/// find the files as its predecessor left them.
pub async fn cut_off(file: &Path) -> BTreeMap<String, u64> {
    if !file.exists() {
        return BTreeMap::new();
    }
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    std::fs::copy(file, &copy).unwrap();
    let beside = |path: &Path| {
        let mut path = path.as_os_str().to_owned();
        path.push("-wal");
        path
    };
    let _ = std::fs::copy(beside(file), beside(&copy));
    let mut conn = open(&copy).await;
    let rows = sqlx::query(
        "SELECT kind, count(*) AS n FROM steps \
         WHERE state = 'intended' AND fence = (SELECT max(fence) FROM processes) GROUP BY kind",
    );
    // Killed before there was a schema.
    let Ok(rows) = rows.fetch_all(&mut conn).await else { return BTreeMap::new() };
    let read = rows.iter().map(|row| (row.get::<String, _>("kind"), row.get::<i64, _>("n").unsigned_abs()));
    let found = read.collect();
    conn.close().await.unwrap();
    found
}

/// Steps of which it is not known yet how they ended.
pub async fn open_steps(file: &Path) -> i64 {
    let mut conn = open(file).await;
    let query = "SELECT count(*) AS n FROM steps WHERE state IN ('intended', 'pending', 'unknown')";
    let count = sqlx::query(query).fetch_one(&mut conn).await.unwrap().get("n");
    conn.close().await.unwrap();
    count
}

/// How steps ended that were looked for and never arrived.
#[derive(Debug, Default)]
pub struct Absent {
    pub count: usize,
    /// Shortest time between a request's deadline and its being taken for absent, in sandbox seconds; Unzer and pixi.
    pub soonest: [Option<i64>; 2],
    /// Longest time between intent and end, in sandbox seconds.
    pub longest: i64,
}

/// Steps that a look has proven absent.
pub async fn absent(file: &Path) -> Absent {
    let mut conn = open(file).await;
    let query = "SELECT moves_money, intended_ms, deadline_ms, settled_ms FROM steps \
                 WHERE state = 'not_sent' AND outcome LIKE '%two looks%'";
    let rows = sqlx::query(query).fetch_all(&mut conn).await.unwrap();
    let mut absent = Absent { count: rows.len(), ..Absent::default() };
    for row in &rows {
        let at = |name: &str| row.get::<i64, _>(name) / 1000;
        let waited = at("settled_ms") - at("deadline_ms");
        let soonest = &mut absent.soonest[usize::from(row.get::<i64, _>("moves_money") == 0)];
        *soonest = Some(soonest.map_or(waited, |before| before.min(waited)));
        absent.longest = absent.longest.max(at("settled_ms") - at("intended_ms"));
    }
    conn.close().await.unwrap();
    absent
}
