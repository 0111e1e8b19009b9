//! How often a login may fail: by the name it is for and by where it comes from.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use chrono::TimeDelta;

use crate::clock::{Clock, Time};

/// Failures that are free within [`WINDOW`].
const FREE: usize = 5;
/// Failures are remembered for so long.
const WINDOW: TimeDelta = TimeDelta::minutes(15);
/// First pause after the free ones; each further failure doubles it.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// Longest pause: whoever tries another's name holds that person up no longer than this.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(2);
/// Names and addresses remembered; beyond, the oldest are forgotten.
const MOST: usize = 4096;

/// Counts failures.
pub struct Limiter {
    clock: Clock,
    failures: Mutex<BTreeMap<String, Failures>>,
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: usize,
    last: Time,
}

impl Failures {
    fn pause(self) -> TimeDelta {
        let over = self.count.saturating_sub(FREE);
        if over == 0 {
            return TimeDelta::zero();
        }
        let doubled = u32::try_from(over - 1).unwrap_or(u32::MAX).min(10);
        (FIRST_PAUSE * 2_i32.saturating_pow(doubled)).min(LONGEST_PAUSE)
    }
}

impl Limiter {
    /// Nothing has failed yet.
    pub fn new(clock: Clock) -> Self {
        Self { clock, failures: Mutex::default() }
    }

    /// How long the next try must wait; zero: not at all.
    pub fn wait(&self, keys: &[String]) -> TimeDelta {
        let (now, scale) = (self.clock.now(), self.scale());
        let failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        let left = |found: &Failures| found.last + found.pause() * scale - now;
        let longest = keys.iter().filter_map(|key| failures.get(key)).map(left).max();
        longest.unwrap_or_default().max(TimeDelta::zero()) / scale
    }

    /// A try failed.
    pub fn failed(&self, keys: &[String]) {
        let (now, scale) = (self.clock.now(), self.scale());
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        failures.retain(|_, found| now - found.last < WINDOW * scale);
        for key in keys {
            let found = failures.entry(key.clone()).or_insert(Failures { count: 0, last: now });
            *found = Failures { count: found.count + 1, last: now };
        }
        while failures.len() > MOST {
            let oldest = failures.iter().min_by_key(|(_, found)| found.last).map(|(key, _)| key.clone());
            let Some(oldest) = oldest else { break };
            failures.remove(&oldest);
        }
    }

    /// A login went well: what failed before for the name is forgotten.
    pub fn passed(&self, key: &str) {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner).remove(key);
    }

    /// People live in real time, whatever the clock's speed.
    fn scale(&self) -> i32 {
        i32::try_from(self.clock.speed()).unwrap_or(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn failures_cost_ever_longer_pauses_and_are_forgotten() {
        let clock = Clock::simulated("2026-03-03T12:00:00Z".parse().unwrap(), 1);
        let limiter = Limiter::new(clock.clone());
        let anna = ["user:anna".to_owned()];
        for _ in 0..FREE {
            assert_eq!(limiter.wait(&anna), TimeDelta::zero());
            limiter.failed(&anna);
        }
        let pauses: Vec<i64> = (0..7)
            .map(|_| {
                limiter.failed(&anna);
                limiter.wait(&anna).num_seconds()
            })
            .collect();
        assert_eq!(pauses, [5, 10, 20, 40, 80, 120, 120]);
        assert_eq!(limiter.wait(&["user:bert".to_owned()]), TimeDelta::zero(), "others are not held up");
        clock.sleep(std::time::Duration::from_mins(2)).await;
        assert_eq!(limiter.wait(&anna), TimeDelta::zero());
        clock.sleep(std::time::Duration::from_mins(15)).await;
        limiter.failed(&anna);
        assert_eq!(limiter.wait(&anna), TimeDelta::zero(), "what was long ago is forgotten");
    }

    #[tokio::test(start_paused = true)]
    async fn not_more_is_remembered_than_fits() {
        let limiter = Limiter::new(Clock::simulated("2026-03-03T12:00:00Z".parse().unwrap(), 1));
        for number in 0..MOST + 10 {
            limiter.failed(&[format!("from:{number}")]);
        }
        assert_eq!(limiter.failures.lock().unwrap().len(), MOST);
    }
}
