//! Plays of many seeds. `tests/soak` runs any number of them.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::kind::Kind;
use crate::line;
use crate::number::number;
use crate::play::{Played, play};

/// Failures that are told before the rest is given up.
const MOST: usize = 200;

/// The command that shows a seed.
fn replay_of(seed: u64) -> String {
    format!("SEED={seed} cargo test --test simulation replay -- --nocapture")
}

fn told(played: &Played) -> String {
    let seed = played.seed;
    format!("seed {seed}: {}\n  {}", played.trace.wrong.join("\n    "), replay_of(seed))
}

/// Plays seeds on all cores; answers what went wrong and prints what was done.
fn play_all(from: u64, count: u64) -> Vec<String> {
    let next = AtomicU64::new(from);
    let (wrong, faults) = (Mutex::new(BTreeMap::new()), Mutex::new(BTreeMap::<Kind, u32>::new()));
    let sums = Mutex::new((0_u64, 0_u64, 0_u64, 0_u64));
    let threads = number("THREADS").map(|number| usize::try_from(number).unwrap());
    let threads = threads.unwrap_or_else(|| std::thread::available_parallelism().map_or(2, std::num::NonZero::get));
    let cores = core_affinity::get_core_ids().unwrap_or_default();
    std::thread::scope(|scope| {
        for thread in 0..threads {
            let core = cores.get(thread % cores.len().max(1)).copied();
            let (next, wrong, faults, sums) = (&next, &wrong, &faults, &sums);
            scope.spawn(move || {
                // A play and the thread of its store take turns: handing over within one core costs the least.
                let _ = core.map(core_affinity::set_for_current);
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= from + count || wrong.lock().unwrap().len() >= MOST {
                        break;
                    }
                    sums.lock().unwrap().0 += 1;
                    let played = std::panic::catch_unwind(|| play(seed, false));
                    let Ok(played) = played else {
                        wrong.lock().unwrap().insert(seed, format!("seed {seed} panicked\n  {}", replay_of(seed)));
                        continue;
                    };
                    line::add(&mut faults.lock().unwrap(), &played.trace.faults);
                    {
                        let mut sums = sums.lock().unwrap();
                        sums.1 += u64::from(played.trace.cycles);
                        sums.2 += u64::from(played.trace.requests);
                        sums.3 += u64::from(played.trace.writes);
                    }
                    if !played.is_right() {
                        wrong.lock().unwrap().insert(seed, told(&played));
                    }
                }
            });
        }
    });
    let (faults, sums) = (faults.into_inner().unwrap(), sums.into_inner().unwrap());
    let (seeds, cycles, requests, writes) = sums;
    assert!(seeds == count || wrong.lock().unwrap().len() >= MOST, "{seeds} of {count} seeds were played");
    println!("{seeds} seeds, {cycles} cycles, {requests} requests, {writes} steps; faults by kind:");
    println!(
        "{}",
        Kind::ALL
            .iter()
            .map(|kind| format!("{kind:?} {}", faults.get(kind).unwrap_or(&0)))
            .collect::<Vec<_>>()
            .join(", ")
    );
    wrong.into_inner().unwrap().into_values().collect()
}

/// `SEEDS` and `FROM` say which; `tests/soak` gives them.
#[test]
fn seeds_leave_the_books_right() {
    let wrong = play_all(number("FROM").unwrap_or(1), number("SEEDS").unwrap_or(60));
    assert!(wrong.is_empty(), "{} seeds failed\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn fifty_seeds_played_twice_give_equal_traces() {
    for seed in 1..=50 {
        let (first, second) = (play(seed, true), play(seed, true));
        assert_eq!(first.trace.lines(), second.trace.lines(), "seed {seed}");
    }
}

/// Plays `SEED` and shows what happened.
#[test]
fn replay() {
    let played = play(number("SEED").unwrap_or(1), true);
    for line in played.trace.lines() {
        println!("{line}");
    }
    assert!(played.is_right(), "{}", told(&played));
}
