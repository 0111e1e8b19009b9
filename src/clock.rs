//! The only place that reads time.
//!
//! Everything that wants to know the time, to wait, or to give up after a while takes a [`Clock`]. `clippy.toml` bans
//! the global functions elsewhere, so that a test or the sandbox can run the whole daemon on another clock.
#![allow(clippy::disallowed_methods, reason = "this module is the one that may")]

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};

pub mod zone;

/// A moment.
pub type Time = DateTime<Utc>;

/// A source of time that can be read and waited on; cheap to clone, all clones show the same time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Source>);

#[derive(Debug)]
enum Source {
    System,
    Simulated { start: Time, base: tokio::time::Instant, speed: u32, shift_ms: AtomicI64 },
}

/// The time given to [`Clock::timeout`] ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the time ran out")]
pub struct Elapsed;

/// Measures how long something took, unmoved by jumps of the wall clock.
#[derive(Debug, Clone)]
pub struct Stopwatch {
    since: tokio::time::Instant,
    speed: u32,
}

impl Clock {
    /// The machine's clock.
    pub fn system() -> Self {
        Self(Arc::new(Source::System))
    }

    /// A clock that starts at `start` and runs `speed` times as fast as tokio's time. Under tokio's paused time it only
    /// moves when everything waits, which is what tests and simulations want.
    pub fn simulated(start: Time, speed: u32) -> Self {
        let base = tokio::time::Instant::now();
        Self(Arc::new(Source::Simulated { start, base, speed: speed.max(1), shift_ms: AtomicI64::new(0) }))
    }

    /// Now.
    pub fn now(&self) -> Time {
        match &*self.0 {
            Source::System => Utc::now(),
            Source::Simulated { start, base, speed, shift_ms } => {
                let run = base.elapsed().saturating_mul(*speed);
                let run = TimeDelta::from_std(run).unwrap_or(TimeDelta::MAX);
                let shift = TimeDelta::milliseconds(shift_ms.load(Ordering::Relaxed));
                start.checked_add_signed(run).and_then(|t| t.checked_add_signed(shift)).unwrap_or(Time::MAX_UTC)
            }
        }
    }

    /// True where it is not the machine's clock.
    pub fn is_simulated(&self) -> bool {
        matches!(&*self.0, Source::Simulated { .. })
    }

    /// Moves a simulated clock by `by`, forward or back, at once; the machine's clock is left alone.
    pub fn jump(&self, by: TimeDelta) {
        if let Source::Simulated { shift_ms, .. } = &*self.0 {
            shift_ms.fetch_add(by.num_milliseconds(), Ordering::Relaxed);
        }
    }

    /// Waits for `time` to pass on this clock.
    pub async fn sleep(&self, time: Duration) {
        tokio::time::sleep(self.real(time)).await;
    }

    /// Waits until this clock shows `moment`, at most `at_most` (so that a jump of the clock is noticed in time).
    pub async fn sleep_until(&self, moment: Time, at_most: Duration) {
        let left = (moment - self.now()).to_std().unwrap_or(Duration::ZERO);
        self.sleep(left.min(at_most)).await;
    }

    /// Gives up on `future` after `time`. Deadlines guard real I/O and so are real time at every speed.
    pub async fn timeout<F: Future>(&self, time: Duration, future: F) -> Result<F::Output, Elapsed> {
        tokio::time::timeout(time, future).await.map_err(|_| Elapsed)
    }

    /// Starts measuring.
    pub fn stopwatch(&self) -> Stopwatch {
        Stopwatch { since: tokio::time::Instant::now(), speed: self.speed() }
    }

    /// Seconds of this clock per second of tokio's time.
    pub fn speed(&self) -> u32 {
        match &*self.0 {
            Source::System => 1,
            Source::Simulated { speed, .. } => *speed,
        }
    }

    fn real(&self, time: Duration) -> Duration {
        time / self.speed()
    }
}

impl Stopwatch {
    /// Time since the start, on the clock it came from.
    pub fn elapsed(&self) -> Duration {
        self.since.elapsed().saturating_mul(self.speed)
    }
}

/// Milliseconds since 1970, the form in which the store keeps moments.
pub fn to_millis(time: Time) -> i64 {
    time.timestamp_millis()
}

/// A moment from the store; beyond the calendar's range its nearest end.
pub fn from_millis(millis: i64) -> Time {
    DateTime::from_timestamp_millis(millis).unwrap_or(if millis < 0 { Time::MIN_UTC } else { Time::MAX_UTC })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Time {
        "2026-03-03T12:00:00Z".parse().unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_simulated_clock_moves_with_its_waits_and_its_speed() {
        let clock = Clock::simulated(noon(), 60);
        let watch = clock.stopwatch();
        clock.sleep(Duration::from_mins(2)).await;
        assert_eq!(clock.now() - noon(), TimeDelta::minutes(2));
        assert_eq!(watch.elapsed(), Duration::from_mins(2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_jump_moves_the_wall_clock_but_no_stopwatch() {
        let clock = Clock::simulated(noon(), 1);
        let watch = clock.stopwatch();
        clock.jump(TimeDelta::hours(-1));
        assert_eq!(clock.now(), noon() - TimeDelta::hours(1));
        assert_eq!(watch.elapsed(), Duration::ZERO);
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_ends_with_the_time_given() {
        let clock = Clock::simulated(noon(), 1);
        assert_eq!(clock.timeout(Duration::from_secs(5), std::future::pending::<()>()).await, Err(Elapsed));
        assert_eq!(clock.now() - noon(), TimeDelta::seconds(5));
    }

    #[test]
    fn millis_survive_a_round_trip() {
        assert_eq!(from_millis(to_millis(noon())), noon());
        assert_eq!(from_millis(i64::MIN), Time::MIN_UTC);
    }
}
