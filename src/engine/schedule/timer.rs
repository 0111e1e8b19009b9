//! Waiting for the next cycle, whatever the wall clock does meanwhile.

use std::time::Duration;

use chrono_tz::Tz;

use crate::clock::{Clock, Time};
use crate::config::Schedule;
use crate::engine::schedule::{InvalidPattern, NextRun, Pattern, next_cycle};

/// A clock that was set, or a machine that slept, is noticed within this time.
const LOOK_AGAIN: Duration = Duration::from_secs(10);

/// Tells when cycles run.
#[derive(Debug)]
pub struct Timer {
    clock: Clock,
    tz: Tz,
    schedule: Schedule,
    pattern: Pattern,
    last: Time,
}

impl Timer {
    /// A timer that starts now.
    pub fn new(clock: Clock, tz: Tz, schedule: Schedule) -> Result<Self, InvalidPattern> {
        let pattern = Pattern::parse(&schedule.cycle)?;
        let last = clock.now();
        Ok(Self { clock, tz, schedule, pattern, last })
    }

    /// Takes another schedule; what was missed under the old one is not made up for.
    pub fn set(&mut self, schedule: Schedule) -> Result<(), InvalidPattern> {
        self.pattern = Pattern::parse(&schedule.cycle)?;
        self.schedule = schedule;
        self.last = self.clock.now();
        Ok(())
    }

    /// The next cycle as things stand; none where the pattern names no further date.
    pub fn next(&self) -> Option<NextRun> {
        next_cycle(&self.schedule, &self.pattern, self.tz, Some(self.last), self.clock.now())
    }

    /// Waits until the next cycle is due and counts it as run. Giving up on the wait loses nothing.
    pub async fn wait(&mut self) -> Option<NextRun> {
        loop {
            let now = self.clock.now();
            // Set back for good: what is due from here on counts anew.
            self.last = self.last.min(now);
            let next = self.next()?;
            if next.at <= now {
                self.last = now;
                return Some(next);
            }
            self.clock.sleep_until(next.at, LOOK_AGAIN).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::config::QuietHours;
    use crate::engine::schedule::NextReason;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn schedule(cycle: &str) -> Schedule {
        let quiet_hours = QuietHours { from: "00:00:00".parse().unwrap(), until: "04:00:00".parse().unwrap() };
        Schedule { cycle: cycle.to_owned(), quiet_hours: Some(quiet_hours) }
    }

    fn timer(cycle: &str, start: &str) -> (Clock, Timer) {
        let clock = Clock::simulated(time(start), 1);
        let timer = Timer::new(clock.clone(), Tz::Europe__Berlin, schedule(cycle)).unwrap();
        (clock, timer)
    }

    async fn run(timer: &mut Timer) -> Time {
        timer.wait().await.unwrap();
        timer.clock.now()
    }

    #[tokio::test(start_paused = true)]
    async fn runs_keep_their_rhythm_and_pause_five_hours_in_the_october_night() {
        let (clock, mut timer) = timer("0 */30 * * * *", "2026-10-24T21:15:00Z");
        let mut runs = Vec::new();
        for _ in 0..4 {
            runs.push(run(&mut timer).await);
            // A cycle takes its time; the next still starts on the mark.
            clock.sleep(Duration::from_secs(77)).await;
        }
        let expected = ["21:30:00", "03:00:00", "03:30:00", "04:00:00"].map(|at| {
            let day = if at == "21:30:00" { "2026-10-24" } else { "2026-10-25" };
            time(&format!("{day}T{at}Z"))
        });
        assert_eq!(runs, expected);
    }

    #[tokio::test(start_paused = true)]
    async fn while_it_is_quiet_the_next_run_says_so() {
        let (_, timer) = timer("0 */30 * * * *", "2026-03-28T23:10:00Z");
        let next = timer.next().unwrap();
        assert_eq!(next, NextRun { at: time("2026-03-29T02:00:00Z"), reason: NextReason::QuietHoursUntil });
    }

    #[tokio::test(start_paused = true)]
    async fn after_a_long_sleep_of_the_machine_there_is_one_run_at_once() {
        let (clock, mut timer) = timer("0 */2 * * * *", "2026-03-03T09:01:00Z");
        assert_eq!(run(&mut timer).await, time("2026-03-03T09:02:00Z"));
        clock.jump(TimeDelta::hours(3) + TimeDelta::seconds(5));
        assert_eq!(run(&mut timer).await, time("2026-03-03T12:02:05Z"));
        assert_eq!(run(&mut timer).await, time("2026-03-03T12:04:00Z"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_set_back_or_forward_during_the_wait_is_noticed() {
        let (clock, mut timer) = timer("0 0 * * * *", "2026-03-03T09:01:00Z");
        for (jump, expected) in [(-3, "2026-03-03T07:00:00Z"), (2, "2026-03-03T09:01:00Z")] {
            let jumper = clock.clone();
            let jump = async {
                jumper.sleep(Duration::from_mins(1)).await;
                jumper.jump(TimeDelta::hours(jump));
            };
            let (at, ()) = tokio::join!(run(&mut timer), jump);
            assert!(at - time(expected) <= TimeDelta::seconds(10), "{at} instead of {expected}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn another_schedule_holds_at_once() {
        let (_, mut timer) = timer("0 0 12 * * *", "2026-03-03T09:01:00Z");
        timer.set(schedule("0 */5 * * * *")).unwrap();
        assert_eq!(run(&mut timer).await, time("2026-03-03T09:05:00Z"));
        assert!(timer.set(schedule("now and then")).is_err());
        assert_eq!(run(&mut timer).await, time("2026-03-03T09:10:00Z"), "a broken one changes nothing");
    }

    #[tokio::test(start_paused = true)]
    async fn a_schedule_that_has_ended_says_so() {
        let (_, mut timer) = timer("0 0 12 * * * 2025", "2026-03-03T09:01:00Z");
        assert_eq!(timer.wait().await, None);
    }
}
