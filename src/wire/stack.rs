//! The layers in their order.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::clock::Clock;
use crate::config::Settings;
use crate::wire::SharedWire;
use crate::wire::circuit::{Circuit, Circuits, Pause};
use crate::wire::limits::{Limits, Queues};
use crate::wire::metered::{Metered, WireStats};
use crate::wire::quiet::{QuietHours, Window};

/// A transport with all its layers, and what can be read and changed in them.
#[derive(Clone)]
pub struct Stack {
    /// What everything is sent through.
    pub wire: SharedWire,
    /// States of the connections.
    pub circuits: Arc<Circuits>,
    /// Counts.
    pub stats: Arc<WireStats>,
    window: Arc<Window>,
    queues: Arc<Queues>,
}

/// Puts the layers around `transport`: from the outside, count, wait for a turn, ask the quiet hours and the circuit.
/// A request that has waited for its turn meets the quiet hours as they are when it leaves.
///
/// `seed` draws the circuits' pauses.
pub fn stack(transport: SharedWire, settings: &Settings, clock: &Clock, seed: u64) -> Stack {
    let circuits = Circuits::new(Pause::new(seed));
    let window = Window::new(settings.schedule.quiet_hours);
    let queues = Queues::new(limits(settings));
    let stats = Arc::new(WireStats::default());

    let wire = Circuit::new(transport, clock.clone(), circuits.clone());
    let wire = QuietHours::new(Arc::new(wire), clock.clone(), settings.timezone, window.clone());
    let wire = Limits::new(Arc::new(wire), clock.clone(), queues.clone());
    let wire = Metered::new(Arc::new(wire), clock.clone(), stats.clone());
    Stack { wire: Arc::new(wire), circuits, stats, window, queues }
}

impl Stack {
    /// Takes other settings for the requests to come: quiet hours and limits. The zone stays until a restart.
    pub fn apply(&self, settings: &Settings) {
        self.window.set(settings.schedule.quiet_hours);
        self.queues.set(limits(settings));
    }
}

fn limits(settings: &Settings) -> BTreeMap<String, usize> {
    settings.pixi.iter().map(|(name, api)| (name.0.clone(), api.max_parallel)).collect()
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::time::Duration;

    use chrono_tz::Tz;
    use secrecy::SecretString;

    use super::*;
    use crate::config::{self, ApiName, Database, PixiApi, Safety, Schedule, Web};
    use crate::text::Language;
    use crate::wire::testing::{Told, read};
    use crate::wire::{Cause, Peer, SendError};

    fn settings(quiet: bool) -> Settings {
        let hours = config::QuietHours { from: "00:00:00".parse().unwrap(), until: "04:00:00".parse().unwrap() };
        let api = PixiApi {
            active: true,
            endpoint: "http://127.0.0.1:1/".parse().unwrap(),
            username: "u".to_owned(),
            password: SecretString::from("p"),
            max_parallel: 1,
            timeout: Duration::from_secs(30),
            columns: BTreeMap::new(),
        };
        Settings {
            timezone: Tz::Europe__Berlin,
            language: Language::default(),
            database: Database::Sqlite(PathBuf::from("unused.db")),
            schedule: Schedule { cycle: "0 */2 * * * *".to_owned(), quiet_hours: quiet.then_some(hours) },
            safety: Safety {
                confirm_after: Duration::ZERO,
                refund_delay: Duration::ZERO,
                absent_after: Duration::ZERO,
                max_givebacks_per_cycle: None,
                max_capture_per_cycle: None,
                max_refund_per_day: None,
                disable_after: Duration::ZERO,
            },
            web: Web {
                listen: "127.0.0.1:0".parse().unwrap(),
                tls: None,
                public_url: None,
                users: Vec::new(),
                error_page_token: None,
                hook_token: None,
                api_token: None,
            },
            mail: None,
            pixi: BTreeMap::from([(ApiName::from("live"), api)]),
            mandants: BTreeMap::new(),
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_waited_into_the_quiet_hours_does_not_leave() {
        let told = Arc::new(Told::default());
        let clock = Clock::simulated("2026-03-03T22:59:30Z".parse().unwrap(), 1);
        let stack = stack(told.clone(), &settings(true), &clock, 1);
        let held = stack.wire.send(read(Peer::Pixi, "live")).await.unwrap();
        let waiting = stack.wire.send(read(Peer::Pixi, "live"));
        let release = async {
            clock.sleep(Duration::from_secs(30)).await;
            drop(held);
        };
        let (answer, ()) = tokio::join!(waiting, release);
        assert_eq!(answer.unwrap_err(), SendError::NotSent(Cause::QuietHours));
        assert_eq!(told.seen().len(), 1);
        assert_eq!(stack.stats.snapshot()[&(Peer::Pixi, "look")].requests(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn other_settings_hold_for_the_next_request() {
        let clock = Clock::simulated("2026-03-03T23:30:00Z".parse().unwrap(), 1);
        let stack = stack(Arc::new(Told::default()), &settings(true), &clock, 1);
        assert!(stack.wire.send(read(Peer::Pixi, "live")).await.is_err());
        stack.apply(&settings(false));
        assert!(stack.wire.send(read(Peer::Pixi, "live")).await.is_ok());
    }
}
