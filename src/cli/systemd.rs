//! What systemd is told; without systemd nothing of it does anything.

use std::time::Duration;

use sd_notify::NotifyState;

use crate::clock::{Clock, Time};
use crate::engine::Daemon;

/// Without a watchdog the pulse still beats, to notice when one is missing.
const SELDOM: Duration = Duration::from_hours(1);

fn tell(states: &[NotifyState<'_>]) {
    if let Err(error) = sd_notify::notify(states) {
        tracing::warn!("systemd cannot be told: {error}");
    }
}

/// The daemon is ready, or ready again.
pub fn ready() {
    tell(&[NotifyState::Ready]);
}

/// The configuration is being read again.
pub fn reloading() {
    match NotifyState::monotonic_usec_now() {
        Ok(now) => tell(&[NotifyState::Reloading, now]),
        Err(error) => tracing::warn!("systemd cannot be told: {error}"),
    }
}

/// The daemon is ending.
pub fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Feeds the watchdog, by progress of the schedule and not by a timer.
pub struct Pulse {
    watchdog: Option<Duration>,
    /// Answers counted so far, and the cycle that was next, at the last beat.
    seen: Option<(u64, Option<Time>)>,
}

impl Pulse {
    /// A pulse as systemd asks for it.
    pub fn new() -> Self {
        Self { watchdog: sd_notify::watchdog_enabled(), seen: None }
    }

    /// Until the next beat.
    pub async fn wait(&self, clock: &Clock) {
        clock.sleep(self.watchdog.map_or(SELDOM, |limit| limit / 3)).await;
    }

    /// Tells systemd that the daemon lives, where the schedule has moved: the next cycle is still to come, or it is
    /// another one than before, or requests have been answered meanwhile.
    pub fn beat(&mut self, daemon: &Daemon, clock: &Clock) {
        if self.watchdog.is_none() {
            return;
        }
        let requests = daemon.stack().stats.snapshot().values().map(crate::wire::metered::CallStats::requests).sum();
        let next = daemon.next_run().map(|next| next.at);
        let to_come = next.is_some_and(|at| at > clock.now());
        if to_come || self.seen != Some((requests, next)) {
            tell(&[NotifyState::Watchdog]);
        } else {
            tracing::warn!("no progress since the last sign of life: the watchdog is not fed");
        }
        self.seen = Some((requests, next));
    }
}
