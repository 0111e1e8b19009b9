//! Several daemons on one store: who works on which pixi API, and what becomes of one that slept.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};

use chrono::TimeDelta;

use crate::clock::Time;
use crate::config::ApiName;
use crate::journal::JournalError;

use super::daemon::Daemon;

/// So far apart may the clocks of a process and of its database be. Quiet hours and waits go by the former, leases by the
/// latter.
const CLOCKS_APART: TimeDelta = TimeDelta::seconds(10);

/// Host and process id, for people.
pub(super) fn label() -> String {
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    format!("pixi-payd {} {}", host.trim(), std::process::id()).replace("  ", " ")
}

impl Daemon {
    /// Takes the leases that are free. What a process before this one left half done does not wait for the schedule. On a
    /// store with one process there is nothing to share: its cycles take what they need.
    pub(super) async fn take_leases(&self) -> Result<(), JournalError> {
        if !self.journal.is_shared() || self.astray.load(Ordering::Relaxed) {
            return Ok(());
        }
        let apis: BTreeSet<ApiName> = self.shop().settings.pixi.keys().cloned().collect();
        let now = match self.journal.take_leases(self.owner(), &apis).await {
            // The heartbeat says so too, and starts over.
            Err(JournalError::NotOwner) => BTreeSet::new(),
            taken => taken?,
        };
        let before = self.note_held(now.clone());
        for api in now.difference(&before) {
            tracing::info!(pixi = %api, "this process works on the orders of pixi {api} from now on");
            self.interrupted.store(true, Ordering::Relaxed);
        }
        for api in before.difference(&now) {
            tracing::warn!(pixi = %api, "another process works on the orders of pixi {api} from now on");
        }
        Ok(())
    }

    fn note_held(&self, now: BTreeSet<ApiName>) -> BTreeSet<ApiName> {
        std::mem::replace(&mut *self.held.write().unwrap_or_else(PoisonError::into_inner), now)
    }

    /// This process gave no sign of life for so long that it was taken for dead (it slept, or the database was away). What
    /// it holds is another's by now; it goes on as a new process, with a new fence.
    pub(super) async fn start_over(&self) {
        tracing::warn!("this process was taken for dead, its leases are given to others; it starts over");
        self.note_held(BTreeSet::new());
        // What the old process had in hand ends first, at the next step boundary: none of it may look like the new one's.
        self.replaced.read().unwrap_or_else(PoisonError::into_inner).store(true, Ordering::Relaxed);
        let _rest = self.hands.rest().await;
        match self.journal.register_process(&label()).await {
            Ok(owner) => {
                *self.owner.write().unwrap_or_else(PoisonError::into_inner) = owner;
                *self.replaced.write().unwrap_or_else(PoisonError::into_inner) = Arc::default();
            }
            Err(error) => tracing::error!("store: {}", error.told()),
        }
    }

    /// Stands back while this machine's clock and the database's are too far apart.
    pub(super) async fn compare_clocks(&self, store: Time) {
        if !self.journal.is_shared() {
            return;
        }
        let apart = (self.clock.now() - store).abs();
        let astray = apart > CLOCKS_APART;
        let was = self.astray.swap(astray, Ordering::Relaxed);
        if astray {
            tracing::error!(
                "the clocks of this machine and of the database are {} s apart: this process stands back until they agree",
                apart.num_seconds(),
            );
            self.note_held(BTreeSet::new());
            if let Err(error) = self.journal.release_leases(self.owner()).await {
                tracing::error!("store: {}", error.told());
            }
        } else if was {
            tracing::info!("the clocks of this machine and of the database agree again");
        }
    }
}
