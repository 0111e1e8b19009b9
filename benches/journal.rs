//! Journaled steps per second: one after another and with eight in flight, beside the bare floor of the same two commits; and
//! what a cycle reads of a store with a million settled orders. On SQLite, and on a PostgreSQL of its own that waits for the
//! disk, where Debian's `postgresql` is installed.
//!
//! A journaled step is two durable commits: its intent, and its outcome with audit entry and totals.
//! The disk under the build directory is measured; `BENCH_DIR` names another. `SETTLED=0` leaves the million out.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops at the first error")]

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use pixi_payd::clock::Clock;
use pixi_payd::config::Database;
use pixi_payd::journal::{Journal, Limits, Management, Options, OrderSeen, Owner};
use pixi_payd::money::Currency;
use pixi_payd::steps::{Effect, Evidence, Guards, OrderId, Outcome, Step, StepKey};
use sqlx::{AnyConnection, Connection};

const STEPS: i64 = 3000;
const ORDERS: i64 = 2000;
const IN_FLIGHT: i64 = 8;
/// Settled orders beside the open ones.
const SETTLED: i64 = 1_000_000;
/// Seconds pgbench runs.
const FLOOR_FOR: &str = "5";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let place = std::env::var("BENCH_DIR").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned());
    let dir = tempfile::tempdir_in(place).unwrap();
    let clock = Clock::system();
    sqlx::any::install_default_drivers();
    runtime.block_on(async {
        println!("{:<44} {:>10} {:>8}", "SQLite", "steps/s", "goal");
        line("bare sqlx, two commits of one statement", floor(&dir.path().join("floor.db"), &clock).await, "");
        let journal = Arc::new(Bench::open(dir.path().join("journal.db").into(), &clock).await);
        line("journal, one after another", journal.steps(1).await, "700");
        line("journal, eight in flight", journal.steps(IN_FLIGHT).await, "1500");
        journal.readings("DROP TRIGGER board_sees_a_new_order").await;
        journal.journal.close();
        let Some(server) = Server::start(dir.path()) else {
            println!("PostgreSQL is not installed: not measured");
            return;
        };
        println!("{:<44} {:>10} {:>8}", "PostgreSQL", "steps/s", "goal");
        line("pgbench, eight clients, the same statements", server.floor().await, "");
        let journal = Arc::new(Bench::open(Database::Postgres(server.address.clone()), &clock).await);
        line("journal, one after another", journal.steps(1).await, "");
        line("journal, eight in flight", journal.steps(IN_FLIGHT).await, "600");
        journal.readings("ALTER TABLE orders DISABLE TRIGGER USER").await;
        journal.journal.close();
    });
}

/// A PostgreSQL of its own.
struct Server {
    home: PathBuf,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Option<Self> {
        // It runs as another user where this is root.
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o711)).unwrap();
        let home = folder.join("pg");
        let output = tool(&["start", home.to_str().unwrap(), "--durable"]);
        let address = String::from_utf8(output.stdout).unwrap().trim().to_owned();
        output.status.success().then_some(Self { home, address })
    }

    /// What the database does by itself with two commits for each step, one of them with the head of a chain.
    async fn floor(&self) -> f64 {
        let mut conn = AnyConnection::connect(&self.address).await.unwrap();
        let tables = "CREATE TABLE floor_steps (id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY, key TEXT UNIQUE, \
                      outcome TEXT); CREATE TABLE floor_chain (seq BIGINT, hash TEXT); INSERT INTO floor_chain VALUES (0, '')";
        sqlx::raw_sql(tables).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        let script = self.home.with_extension("sql");
        let text = "BEGIN;\nINSERT INTO floor_steps (key) VALUES ('capture:' || gen_random_uuid()) RETURNING id \\gset\n\
                    COMMIT;\nBEGIN;\nUPDATE floor_steps SET outcome = 'done' WHERE id = :id;\n\
                    UPDATE floor_chain SET seq = seq + 1, hash = md5(hash);\nCOMMIT;\n";
        std::fs::write(&script, text).unwrap();
        let bench = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
        let bench = bench.map(|version| version.path().join("bin/pgbench")).find(|path| path.exists());
        let mut command = Command::new(bench.unwrap_or_else(|| "pgbench".into()));
        command
            .args(["-n", "-M", "prepared", "-c", "8", "-j", "2", "-T", FLOOR_FOR, "-f"])
            .arg(&script)
            .arg(&self.address);
        let said = String::from_utf8(command.output().unwrap().stdout).unwrap();
        let rate = said.lines().find_map(|line| line.strip_prefix("tps = "));
        rate.and_then(|rate| rate.split(' ').next()?.parse().ok()).unwrap_or(f64::NAN)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        tool(&["stop", self.home.to_str().unwrap()]);
    }
}

fn tool(args: &[&str]) -> std::process::Output {
    Command::new(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres")).args(args).output().unwrap()
}

fn line(name: &str, per_second: f64, goal: &str) {
    println!("{name:<44} {per_second:>10.0} {goal:>8}");
}

fn rate(steps: i64, time: Duration) -> f64 {
    f64::from(i32::try_from(steps).unwrap()) / time.as_secs_f64()
}

async fn floor(path: &std::path::Path, clock: &Clock) -> f64 {
    let mut conn = AnyConnection::connect(&format!("sqlite://{}?mode=rwc", path.display())).await.unwrap();
    for text in [
        "PRAGMA journal_mode = WAL",
        "PRAGMA synchronous = FULL",
        "CREATE TABLE steps (id INTEGER PRIMARY KEY, key TEXT NOT NULL UNIQUE, outcome TEXT) STRICT",
    ] {
        sqlx::raw_sql(text).execute(&mut conn).await.unwrap();
    }
    let watch = clock.stopwatch();
    for step in 0..STEPS {
        let insert = sqlx::query("INSERT INTO steps (id, key) VALUES ($1, $2)").bind(step);
        insert.bind(format!("capture:{step}")).execute(&mut conn).await.unwrap();
        let update = sqlx::query("UPDATE steps SET outcome = $2 WHERE id = $1").bind(step);
        update.bind("done").execute(&mut conn).await.unwrap();
    }
    rate(STEPS, watch.elapsed())
}

struct Bench {
    place: Database,
    clock: Clock,
    journal: Journal,
    owner: Owner,
    next: AtomicI64,
}

fn order(nr: i64) -> OrderId {
    OrderId { api: "live".into(), mandant: "SHP".into(), nr }
}

impl Bench {
    async fn open(place: Database, clock: &Clock) -> Self {
        let journal = Journal::open(Options::new(&place, clock.clone()).migrating()).await.unwrap();
        let owner = journal.register_process("bench").await.unwrap();
        journal.acquire_lease(owner, &"live".into()).await.unwrap();
        for nr in 0..ORDERS {
            if nr % 100 == 0 {
                journal.heartbeat(owner).await.unwrap();
            }
            let seen = OrderSeen {
                order: order(nr),
                nr_external: format!("W{nr}"),
                payment_code: "U".into(),
                currency: Currency::EUR,
                mode: "standard".into(),
                management: Management::Managed,
                next_check: clock.now(),
            };
            journal.see_order(seen).await.unwrap();
            journal.claim_payment(&order(nr), &format!("s-pay-{nr}")).await.unwrap();
        }
        Self { place, clock: clock.clone(), journal, owner, next: AtomicI64::new(0) }
    }

    async fn steps(self: &Arc<Self>, in_flight: i64) -> f64 {
        self.journal.acquire_lease(self.owner, &"live".into()).await.unwrap();
        let watch = self.clock.stopwatch();
        let tasks = (0..in_flight).map(|_| {
            let bench = Arc::clone(self);
            tokio::spawn(async move {
                for _ in 0..STEPS / in_flight {
                    bench.step(bench.next.fetch_add(1, Ordering::Relaxed)).await;
                }
            })
        });
        for task in futures_util::future::join_all(tasks).await {
            task.unwrap();
        }
        rate(STEPS, watch.elapsed())
    }

    async fn step(&self, number: i64) {
        if number % 100 == 0 {
            self.journal.heartbeat(self.owner).await.unwrap();
        }
        let nr = number % ORDERS;
        let step = Step {
            key: StepKey(format!("capture:RE{number}")),
            effect: Effect::Capture {
                payment: format!("s-pay-{nr}"),
                amount: Currency::EUR.of(10_00),
                invoice: Some(format!("RE{number}")),
                shipping: None,
            },
            rule: "C1".into(),
            guards: Guards { capturable: 10_000_000, ..Guards::default() },
        };
        let limits = Limits { deadline: Duration::from_secs(65), refund_per_day: None };
        let permit = self.journal.intend(self.owner, &order(nr), &step, &[], limits).await.unwrap();
        let evidence = Evidence { transaction: Some(format!("charges/s-chg-{number}")), ..Evidence::default() };
        self.journal.settle(self.owner, permit.step_id(), &Outcome::Done(evidence)).await.unwrap();
    }
    /// What a cycle reads of the store: the orders that are due and those that are open, before and after a million settled
    /// ones came to them. `quiet`: the triggers of the board rest while these are made.
    async fn readings(&self, quiet: &'static str) {
        let settled = std::env::var("SETTLED").ok().and_then(|number| number.parse().ok()).unwrap_or(SETTLED);
        if settled == 0 {
            return;
        }
        let before = self.read().await;
        let address = match &self.place {
            Database::Sqlite(path) => format!("sqlite://{}?mode=rw", path.display()),
            Database::Postgres(address) => address.clone(),
        };
        let mut conn = AnyConnection::connect(&address).await.unwrap();
        sqlx::raw_sql(quiet).execute(&mut conn).await.unwrap();
        let fill = "INSERT INTO orders (api, mandant, nr, nr_external, payment_code, currency, mode, first_seen_ms, management, \
                    payment, method, payment_group, payment_status, transfer_status, reason, mark, waits, total, authorized, \
                    captured, refunded, invoiced, credited, facts_digest, digest_since_ms, settings_digest, changed_ms) \
                    WITH RECURSIVE n (i) AS (SELECT CAST(1 AS BIGINT) UNION ALL SELECT i + 1 FROM n WHERE i < $1) \
                    SELECT 'live', 'SHP', 1000000 + i, 'W' || CAST(1000000 + i AS TEXT), 'U', 'EUR', 'standard', i, 'managed', \
                    's-pay-x' || CAST(i AS TEXT), 'crd', 'AUTH', 'PAID', 'TRANSFERRED', 'C1: captured.', 'none', 'end', 10000, \
                    10000, 10000, 0, 10000, 0, 'd', i, 's', i FROM n";
        sqlx::query(fill).bind(settled).execute(&mut conn).await.unwrap();
        sqlx::raw_sql("ANALYZE").execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
        let after = self.read().await;
        println!(
            "a cycle's readings of {ORDERS} open orders: {before:.1} ms; beside {settled} settled ones: {after:.1} ms"
        );
    }

    /// Milliseconds for what a cycle asks the store; the best of several.
    async fn read(&self) -> f64 {
        let api = "live".into();
        let mut best = f64::MAX;
        for _ in 0..5 {
            let watch = self.clock.stopwatch();
            self.journal.due_orders(&api, 5000).await.unwrap();
            self.journal.open_orders(&api, None, 5000).await.unwrap();
            self.journal.take_hints(&api, 1000).await.unwrap();
            for nr in 0..20 {
                self.journal.load_order(&order(nr)).await.unwrap();
                self.journal.steps_of(&order(nr)).await.unwrap();
            }
            best = best.min(watch.elapsed().as_secs_f64() * 1000.0);
        }
        best
    }
}
