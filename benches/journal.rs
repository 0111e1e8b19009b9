//! Journaled steps per second: one after another and with eight in flight, beside the bare floor of the same two commits.
//!
//! A journaled step is two durable commits: its intent, and its outcome with audit entry and totals.
//! The disk under the build directory is measured; `BENCH_DIR` names another.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a benchmark prints, and stops at the first error")]

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use pixi_payd::clock::Clock;
use pixi_payd::journal::{Journal, Limits, Management, Options, OrderSeen, Owner};
use pixi_payd::money::Currency;
use pixi_payd::steps::{Effect, Evidence, Guards, OrderId, Outcome, Step, StepKey};
use sqlx::{AnyConnection, Connection};

const STEPS: i64 = 3000;
const ORDERS: i64 = 2000;
const IN_FLIGHT: i64 = 8;

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let place = std::env::var("BENCH_DIR").unwrap_or_else(|_| env!("CARGO_TARGET_TMPDIR").to_owned());
    let dir = tempfile::tempdir_in(place).unwrap();
    let clock = Clock::system();
    runtime.block_on(async {
        println!("{:<44} {:>10} {:>8}", "", "steps/s", "goal");
        let floor = floor(&dir.path().join("floor.db"), &clock).await;
        line("bare sqlx, two commits of one statement", floor, "");
        let journal = Arc::new(Bench::open(&dir.path().join("journal.db"), clock).await);
        line("journal, one after another", journal.steps(1).await, "700");
        line("journal, eight in flight", journal.steps(IN_FLIGHT).await, "1500");
        journal.journal.close();
    });
}

fn line(name: &str, per_second: f64, goal: &str) {
    println!("{name:<44} {per_second:>10.0} {goal:>8}");
}

fn rate(steps: i64, time: Duration) -> f64 {
    f64::from(i32::try_from(steps).unwrap()) / time.as_secs_f64()
}

async fn floor(path: &std::path::Path, clock: &Clock) -> f64 {
    sqlx::any::install_default_drivers();
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
    clock: Clock,
    journal: Journal,
    owner: Owner,
    next: AtomicI64,
}

fn order(nr: i64) -> OrderId {
    OrderId { api: "live".into(), mandant: "SHP".into(), nr }
}

impl Bench {
    async fn open(path: &std::path::Path, clock: Clock) -> Self {
        let journal = Journal::open(Options::new(path, clock.clone()).migrating()).await.unwrap();
        let owner = journal.register_process("bench").await.unwrap();
        for nr in 0..ORDERS {
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
        Self { clock, journal, owner, next: AtomicI64::new(0) }
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
}
