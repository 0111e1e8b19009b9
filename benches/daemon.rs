//! The real binary at rest: how long until it is ready, and how much memory it keeps.
//!
//! `cargo bench --bench daemon`. Goals: ready in 250 ms, 20 MB resident.
#![allow(
    clippy::print_stdout,
    clippy::expect_used,
    clippy::cast_precision_loss,
    clippy::disallowed_methods,
    reason = "a benchmark prints, waits in real time, and stops at the first error"
)]

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Starts made; the median counts.
const STARTS: usize = 7;
/// Time to come to rest before memory is read.
const REST: Duration = Duration::from_secs(3);

/// A configuration whose peers are never asked: the next cycle is far away.
const CONFIGURATION: &str = "\
timezone: Europe/Berlin
database: sqlite://pixi-payd.db
web: {listen: \"127.0.0.1:0\"}
schedule: {cycle: \"0 0 0 1 1 *\"}
pixi:
  live: {endpoint: \"http://127.0.0.1:9/soap/pixiACM/\", username: pixiACM, password: bench}
mandants:
  LEO:
    name: Leo Sport GmbH
    pixi: live
    payment_types:
      U: {mode: expert, event_invoice: UZR, event_return: UZG, public_key: s-pub-bench, private_key: s-priv-bench, unzer_url: \"http://127.0.0.1:9\"}
";

fn main() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("pixi-payd.yaml");
    std::fs::write(&file, CONFIGURATION).expect("a configuration");
    // The first start makes the store; it is not what a restart costs.
    drop(Daemon::start(&file));
    let mut ready: Vec<Duration> = (0..STARTS).map(|_| Daemon::start(&file).ready).collect();
    ready.sort();
    let resting = Daemon::start(&file);
    std::thread::sleep(REST);
    println!("ready      {:>8.1} ms (median of {STARTS}; goal 250 ms)", ready[STARTS / 2].as_secs_f64() * 1000.0);
    println!("resident   {:>8.1} MB (goal 20 MB)", resting.resident_kb() as f64 / 1000.0);
}

struct Daemon {
    child: Child,
    ready: Duration,
}

impl Daemon {
    fn start(file: &Path) -> Self {
        let since = Instant::now();
        let mut child = Command::new(env!("CARGO_BIN_EXE_pixi-payd"))
            .args(["--config".as_ref(), file.as_os_str(), "run".as_ref()])
            .stderr(Stdio::piped())
            .spawn()
            .expect("the daemon");
        let log = BufReader::new(child.stderr.take().expect("its log"));
        let mut lines = log.lines();
        let is_ready = lines.by_ref().map_while(Result::ok).any(|line| line.contains("ready"));
        assert!(is_ready, "the daemon ended before it was ready");
        let ready = since.elapsed();
        // What it goes on to say is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, ready }
    }

    fn resident_kb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).expect("its status");
        let line = status.lines().find(|line| line.starts_with("VmRSS:")).expect("its memory");
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).expect("a number")
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
