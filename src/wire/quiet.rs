//! No request to pixi starts in the quiet hours, whoever asks.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use chrono_tz::Tz;

use crate::clock::Clock;
use crate::config;
use crate::wire::{Cause, Peer, Request, Response, SendError, SharedWire, Wire};

/// Refuses requests to pixi that would start in the quiet hours; what runs when they begin may end.
pub struct QuietHours {
    inner: SharedWire,
    clock: Clock,
    tz: Tz,
    window: Arc<Window>,
}

/// The window in force; can be changed while requests run.
#[derive(Debug)]
pub struct Window(Mutex<Option<config::QuietHours>>);

impl Window {
    /// A daily window, or none.
    pub fn new(hours: Option<config::QuietHours>) -> Arc<Self> {
        Arc::new(Self(Mutex::new(hours)))
    }

    /// Takes another window for the requests to come.
    pub fn set(&self, hours: Option<config::QuietHours>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = hours;
    }

    fn get(&self) -> Option<config::QuietHours> {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl QuietHours {
    /// Guards `inner` by `window` on the wall clock of `tz`.
    pub fn new(inner: SharedWire, clock: Clock, tz: Tz, window: Arc<Window>) -> Self {
        Self { inner, clock, tz, window }
    }
}

#[async_trait]
impl Wire for QuietHours {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let quiet = |hours| config::quiet::is_quiet(hours, self.tz, self.clock.now());
        if request.peer == Peer::Pixi && self.window.get().is_some_and(quiet) {
            return Err(SendError::NotSent(Cause::QuietHours));
        }
        self.inner.send(request).await
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::wire::testing::{Told, read, write};

    #[tokio::test(start_paused = true)]
    async fn a_request_to_pixi_starts_only_outside_the_quiet_hours() {
        let told = Arc::new(Told::default());
        let clock = Clock::simulated("2026-10-24T21:59:59Z".parse().unwrap(), 1);
        let hours = config::QuietHours { from: "00:00:00".parse().unwrap(), until: "04:00:00".parse().unwrap() };
        let window = Window::new(Some(hours));
        let wire = QuietHours::new(told.clone(), clock.clone(), Tz::Europe__Berlin, window.clone());

        assert!(wire.send(read(Peer::Pixi, "live")).await.is_ok());
        clock.jump(TimeDelta::seconds(1));
        let refused = SendError::NotSent(Cause::QuietHours);
        assert_eq!(wire.send(write(Peer::Pixi, "live")).await.unwrap_err(), refused);
        assert!(wire.send(write(Peer::Unzer, "s-pub-1")).await.is_ok(), "Unzer knows no quiet hours");
        clock.jump(TimeDelta::hours(5) - TimeDelta::milliseconds(1));
        assert_eq!(wire.send(read(Peer::Pixi, "live")).await.unwrap_err(), refused, "five hours that night");
        clock.jump(TimeDelta::milliseconds(1));
        assert!(wire.send(read(Peer::Pixi, "live")).await.is_ok());
        assert_eq!(told.seen(), ["live", "s-pub-1", "live"], "refused requests never reach the transport");

        clock.jump(TimeDelta::hours(-1));
        window.set(None);
        assert!(wire.send(read(Peer::Pixi, "live")).await.is_ok(), "switched off");
    }
}
