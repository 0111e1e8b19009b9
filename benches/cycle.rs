//! A cycle over 10,000 orders to which nothing happens: what it costs besides what the peers take, and what it writes.
//!
//! `cargo bench --bench cycle`. Goal: 3 s, 0 writes. The simulated peers answer in the same process; what they take is measured
//! in the same run and taken off. `ORDERS` names another number.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, measures real time, and stops at the first error"
)]

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use pixi_payd::clock::Clock;
use pixi_payd::config::{self, Mode};
use pixi_payd::engine::{Daemon, Scope, Stop};
use pixi_payd::journal::{CommitFault, CommitFaults, Journal, Options};
use pixi_payd::sandbox::stage::Stage;
use pixi_payd::sandbox::world::{World, start};
use pixi_payd::wire::{Request, Response, SendError, SharedWire, Wire};

const ORDERS: usize = 10_000;

/// The peers, with the time they take and the requests they get.
struct Timed {
    peers: SharedWire,
    nanos: AtomicU64,
    requests: AtomicU64,
}

#[async_trait]
impl Wire for Timed {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let since = Instant::now();
        let answer = self.peers.send(request).await;
        self.nanos.fetch_add(u64::try_from(since.elapsed().as_nanos()).unwrap(), Ordering::Relaxed);
        self.requests.fetch_add(1, Ordering::Relaxed);
        answer
    }
}

/// Counts the commits of the store.
#[derive(Debug, Default)]
struct Commits(AtomicU64);

impl CommitFaults for Commits {
    fn at_commit(&self) -> CommitFault {
        self.0.fetch_add(1, Ordering::Relaxed);
        CommitFault::None
    }
}

fn main() {
    let orders = std::env::var("ORDERS").ok().and_then(|text| text.parse().ok()).unwrap_or(ORDERS);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build().unwrap();
    runtime.block_on(measure(orders));
}

async fn measure(orders: usize) {
    let clock = Clock::simulated(start(), 1);
    let world = World::new(clock.clone());
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("pixi-payd.yaml");
    std::fs::write(&file, world.configuration(folder.path(), "http://127.0.0.1:9")).unwrap();
    let settings = config::load(&file).unwrap_or_else(|findings| panic!("{findings}")).settings;
    let commits = Arc::new(Commits::default());
    let store = folder.path().join("store.db");
    let settings = Arc::new(settings);
    let wire = Arc::new(Timed { peers: world.wire(), nanos: AtomicU64::new(0), requests: AtomicU64::new(0) });
    // What comes before is played on a paused clock, and every operation of the store in place.
    let journal = Journal::open(Options::new(&store, clock.clone()).simulated(7)).await.unwrap();
    let daemon = Daemon::start(settings.clone(), wire.clone(), journal.clone(), clock.clone(), 7, Stop::default());
    let daemon = daemon.await.unwrap();
    for number in 0..orders {
        Stage::new(&world, Mode::Expert, number).authorize("card", &[60_00], 0).unwrap();
    }
    // Released, and looked at until nothing is new about them.
    for _ in 0..6 {
        daemon.run_cycle(&Scope::default()).await.unwrap();
        clock.sleep(Duration::from_hours(7)).await;
    }
    journal.close();
    drop((daemon, journal));
    // What is measured runs as it does at a merchant's: the clock goes on by itself, the store has its threads.
    tokio::time::resume();
    let counted: Arc<dyn CommitFaults> = commits.clone();
    let options = Options { faults: Some(counted), ..Options::new(&store, clock.clone()).migrating() };
    let journal = Journal::open(options).await.unwrap();
    let daemon = Daemon::start(settings, wire.clone(), journal, clock.clone(), 8, Stop::default()).await.unwrap();
    println!("{:<28} {:>8} {:>9} {:>10} {:>10} {:>8}", "", "orders", "requests", "peers s", "besides s", "commits");
    let mut besides = 0.0;
    let mut worked = 0;
    for round in 1.. {
        let (nanos, requests, before) = (
            wire.nanos.load(Ordering::Relaxed),
            wire.requests.load(Ordering::Relaxed),
            commits.0.load(Ordering::Relaxed),
        );
        let since = Instant::now();
        let report = daemon.run_cycle(&Scope::default()).await.unwrap();
        let whole = since.elapsed();
        let peers = Duration::from_nanos(wire.nanos.load(Ordering::Relaxed) - nanos);
        let own = whole.saturating_sub(peers).as_secs_f64();
        println!(
            "{:<28} {:>8} {:>9} {:>10.2} {:>10.2} {:>8}",
            format!("cycle {round}"),
            report.orders,
            wire.requests.load(Ordering::Relaxed) - requests,
            peers.as_secs_f64(),
            own,
            commits.0.load(Ordering::Relaxed) - before,
        );
        besides += own;
        worked += report.orders;
        if report.orders == 0 || worked >= orders {
            break;
        }
        clock.sleep(Duration::from_secs(1)).await;
    }
    println!("{:<28} {worked:>8} {:>9} {:>10} {besides:>10.2} {:>8}", "all (goal 3 s, 0 of orders)", "", "", "");
}
