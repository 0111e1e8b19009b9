//! When the next cycle runs, and why then.

use chrono_tz::Tz;
use serde::Serialize;

use crate::clock::Time;
use crate::config::Schedule;
use crate::config::quiet::quiet_until;

mod cron;
mod timer;

pub use cron::{InvalidPattern, Pattern};
pub use timer::Timer;

/// The next cycle.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct NextRun {
    /// When; a moment not after now means at once.
    pub at: Time,
    /// Why then.
    pub reason: NextReason,
}

/// Why the next cycle runs when it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum NextReason {
    /// The pattern of the schedule.
    Cron,
    /// It was due earlier and waits for the quiet hours to end.
    QuietHoursUntil,
}

/// When an order that is due at `check` is looked at: in the quiet hours no order is, so it waits for their end.
pub fn looked_at(schedule: &Schedule, zone: Tz, check: Time) -> NextRun {
    match schedule.quiet_hours.and_then(|hours| quiet_until(hours, zone, check)) {
        Some(until) => NextRun { at: until, reason: NextReason::QuietHoursUntil },
        None => NextRun { at: check, reason: NextReason::Cron },
    }
}

/// When the next cycle runs.
///
/// `last` is when the last one started. However many runs were missed since (a long cycle, a suspended machine), they
/// are made up for by one, at once; a clock set back counts as if the last run were now, so that it never stalls.
/// Without a last one (the daemon has just started) the next run is the pattern's. A run due in the quiet hours waits
/// until they end. None where the pattern names no further date.
pub fn next_cycle(schedule: &Schedule, pattern: &Pattern, tz: Tz, last: Option<Time>, now: Time) -> Option<NextRun> {
    let since = last.map_or(now, |last| last.min(now));
    let due = pattern.next_after(tz, since)?.max(now);
    Some(looked_at(schedule, tz, due))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::QuietHours;

    const BERLIN: Tz = Tz::Europe__Berlin;

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn next(cycle: &str, last: Option<&str>, now: &str) -> NextRun {
        let quiet_hours = QuietHours { from: "00:00:00".parse().unwrap(), until: "04:00:00".parse().unwrap() };
        let schedule = Schedule { cycle: cycle.to_owned(), quiet_hours: Some(quiet_hours) };
        next_cycle(&schedule, &Pattern::parse(cycle).unwrap(), BERLIN, last.map(time), time(now)).unwrap()
    }

    #[test]
    fn a_run_by_day_is_the_patterns() {
        let run = next("0 */2 * * * *", None, "2026-03-03T09:00:30Z");
        assert_eq!(run, NextRun { at: time("2026-03-03T09:02:00Z"), reason: NextReason::Cron });
    }

    #[test]
    fn a_run_in_the_quiet_hours_waits_for_their_end() {
        let run = next("0 */2 * * * *", None, "2026-03-02T22:59:00Z");
        assert_eq!(run, NextRun { at: time("2026-03-03T03:00:00Z"), reason: NextReason::QuietHoursUntil });
        let run = next("0 30 2 * * *", None, "2026-10-24T12:00:00Z");
        assert_eq!(run, NextRun { at: time("2026-10-25T03:00:00Z"), reason: NextReason::QuietHoursUntil });
    }

    #[test]
    fn an_order_due_in_the_quiet_hours_is_looked_at_after_them() {
        let quiet_hours = QuietHours { from: "00:00:00".parse().unwrap(), until: "04:00:00".parse().unwrap() };
        let schedule = Schedule { cycle: String::new(), quiet_hours: Some(quiet_hours) };
        for (due, at, reason) in [
            ("2026-03-02T22:59:00Z", "2026-03-02T22:59:00Z", NextReason::Cron),
            ("2026-03-02T23:00:00Z", "2026-03-03T03:00:00Z", NextReason::QuietHoursUntil),
            ("2026-03-29T00:30:00Z", "2026-03-29T02:00:00Z", NextReason::QuietHoursUntil),
            ("2026-10-25T02:30:00Z", "2026-10-25T03:00:00Z", NextReason::QuietHoursUntil),
        ] {
            assert_eq!(looked_at(&schedule, BERLIN, time(due)), NextRun { at: time(at), reason }, "{due}");
        }
    }

    #[test]
    fn missed_runs_collapse_into_one_at_once() {
        let run = next("0 */2 * * * *", Some("2026-03-03T09:00:00Z"), "2026-03-03T11:31:07Z");
        assert_eq!(run, NextRun { at: time("2026-03-03T11:31:07Z"), reason: NextReason::Cron });
        let run = next("0 */2 * * * *", Some("2026-03-03T11:31:07Z"), "2026-03-03T11:31:09Z");
        assert_eq!(run.at, time("2026-03-03T11:32:00Z"), "and the rhythm is kept");
    }

    #[test]
    fn missed_runs_still_respect_the_quiet_hours() {
        let run = next("0 */2 * * * *", Some("2026-03-02T20:00:00Z"), "2026-03-03T01:00:00Z");
        assert_eq!(run, NextRun { at: time("2026-03-03T03:00:00Z"), reason: NextReason::QuietHoursUntil });
    }

    #[test]
    fn a_clock_set_back_does_not_stall_the_schedule() {
        let run = next("0 */2 * * * *", Some("2026-03-03T12:00:00Z"), "2026-03-03T09:00:30Z");
        assert_eq!(run.at, time("2026-03-03T09:02:00Z"));
    }
}
