//! How the daemon is doing: its cycles so far, the next one, and whether that is overdue.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use chrono::TimeDelta;

use crate::clock::Time;
use crate::config::{ApiName, Settings};

use super::cycle::CycleReport;
use super::schedule::{NextRun, Pattern, next_cycle};

/// A cycle may begin so much after its time before it counts as overdue …
const LATE: TimeDelta = TimeDelta::minutes(15);
/// … and so much while another one is still running: the first one over a full pixi takes its time.
const LATE_WHILE_BUSY: TimeDelta = TimeDelta::hours(1);

/// The cycles of one pixi API since the start.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApiCycles {
    /// When the last one ended.
    pub ended: Option<Time>,
    /// How long the last one took.
    pub duration: Duration,
    /// Orders the last one worked on.
    pub orders: usize,
    /// Cycles that reached everything.
    pub whole: u64,
    /// Cycles in which something could not be reached.
    pub partial: u64,
    /// Cycles the store ended early.
    pub failed: u64,
}

/// The cycles of all APIs.
#[derive(Debug, Default)]
pub struct Cycles(Mutex<BTreeMap<ApiName, ApiCycles>>);

impl Cycles {
    /// Notes a full cycle over an API; none: the store ended it.
    pub fn ended(&self, api: &ApiName, report: Option<&CycleReport>, now: Time, duration: Duration) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let cycles = all.entry(api.clone()).or_default();
        let Some(report) = report else {
            cycles.failed += 1;
            return;
        };
        (cycles.ended, cycles.duration, cycles.orders) = (Some(now), duration, report.orders);
        if report.unreachable.is_empty() {
            cycles.whole += 1;
        } else {
            cycles.partial += 1;
        }
    }

    /// As they stand.
    pub fn snapshot(&self) -> BTreeMap<ApiName, ApiCycles> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// The schedule as it stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// When a cycle ended last.
    pub last: Option<Time>,
    /// When the next one runs, and why then.
    pub next: Option<NextRun>,
    /// End of the quiet hours, while they last.
    pub quiet_until: Option<Time>,
    /// A cycle runs, or an order is worked on.
    pub busy: bool,
    /// Since when a cycle should have begun, where it is too long ago.
    pub overdue_since: Option<Time>,
}

/// Since when a cycle should have begun, where that is too long ago. `last`: when one began last.
pub(super) fn overdue_since(settings: &Settings, last: Option<Time>, busy: bool, now: Time) -> Option<Time> {
    let last = last?;
    let pattern = Pattern::parse(&settings.schedule.cycle).ok()?;
    // As it looked when the last one began: what was due in the quiet hours was due at their end.
    let due = next_cycle(&settings.schedule, &pattern, settings.timezone, Some(last), last)?.at;
    let late = if busy { LATE_WHILE_BUSY } else { LATE };
    (now - due > late).then_some(due)
}
