//! How many requests an endpoint gets at once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::clock::Clock;
use crate::wire::{Cause, Effect, Peer, Request, Response, SendError, SharedWire, Wire};

/// Requests in flight per Unzer key pair.
pub const UNZER_PARALLEL: usize = 4;

/// Requests in flight to a pixi API the configuration does not name.
const PIXI_PARALLEL: usize = 1;

/// A request that writes waits no longer than this for its turn.
const WRITE_WAITS: Duration = Duration::from_secs(5);

/// Lets a limited number of requests through to each endpoint; the rest waits its turn, in the order it came.
///
/// A request counts until its answer's body is read to the end or dropped. One that waits too long is
/// given up: surely not sent. What writes gives up within seconds, what reads at its total deadline.
pub struct Limits {
    inner: SharedWire,
    clock: Clock,
    queues: Arc<Queues>,
}

/// The endpoints' limits in force; can be changed while requests run.
#[derive(Debug)]
pub struct Queues {
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    pixi: BTreeMap<String, usize>,
    queues: BTreeMap<(Peer, Arc<str>), (usize, Arc<Semaphore>)>,
}

impl Queues {
    /// Limits of the pixi APIs by name.
    pub fn new(pixi: BTreeMap<String, usize>) -> Arc<Self> {
        Arc::new(Self { state: Mutex::new(State { pixi, queues: BTreeMap::new() }) })
    }

    /// Takes other limits. An endpoint whose limit changes gets a new queue; requests in the old one end there.
    pub fn set(&self, pixi: BTreeMap<String, usize>) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).pixi = pixi;
    }

    fn queue(&self, peer: Peer, endpoint: &Arc<str>) -> Arc<Semaphore> {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let limit = match peer {
            Peer::Pixi => state.pixi.get(endpoint.as_ref()).copied().unwrap_or(PIXI_PARALLEL).max(1),
            Peer::Unzer => UNZER_PARALLEL,
        };
        let fresh = || (limit, Arc::new(Semaphore::new(limit)));
        let entry = state.queues.entry((peer, endpoint.clone())).or_insert_with(fresh);
        if entry.0 != limit {
            *entry = fresh();
        }
        entry.1.clone()
    }
}

impl Limits {
    /// Limits what reaches `inner`.
    pub fn new(inner: SharedWire, clock: Clock, queues: Arc<Queues>) -> Self {
        Self { inner, clock, queues }
    }
}

#[async_trait]
impl Wire for Limits {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let queue = self.queues.queue(request.peer, &request.endpoint);
        // What writes leaves soon or not at all: the leave to send it is not good for long.
        let (patience, cause) = match request.effect {
            Effect::Read => (request.deadlines.total, Cause::TimeOut),
            Effect::Write => (WRITE_WAITS.min(request.deadlines.total), Cause::Expired),
        };
        let asked = self.clock.now();
        let turn = self.clock.timeout(patience, queue.acquire_owned()).await;
        let turn = turn.map_err(|_| SendError::NotSent(cause))?;
        // A process that slept meanwhile finds its turn and its time-out at once.
        let waited = (self.clock.now() - asked).to_std().unwrap_or_default();
        if request.effect == Effect::Write && waited > patience.saturating_mul(self.clock.speed()) {
            return Err(SendError::NotSent(cause));
        }
        let turn = turn.map_err(|_| SendError::NotSent(Cause::Stopping))?;
        Ok(hold(self.inner.send(request).await?, turn))
    }
}

/// Keeps the turn until the body has ended.
fn hold(response: Response, turn: OwnedSemaphorePermit) -> Response {
    let Response { status, headers, mut body } = response;
    let mut turn = Some(turn);
    let body = futures_util::stream::poll_fn(move |cx| {
        let chunk = body.poll_next_unpin(cx);
        if matches!(chunk, std::task::Poll::Ready(None | Some(Err(_)))) {
            drop(turn.take());
        }
        chunk
    });
    Response { status, headers, body: Box::pin(body) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::testing::{Told, read};

    fn limits(told: &Arc<Told>, pixi: usize) -> (Limits, Arc<Queues>) {
        let clock = Clock::simulated("2026-03-03T09:00:00Z".parse().unwrap(), 1);
        let queues = Queues::new(BTreeMap::from([("live".to_owned(), pixi)]));
        (Limits::new(told.clone(), clock, queues.clone()), queues)
    }

    #[tokio::test(start_paused = true)]
    async fn a_turn_lasts_until_the_body_is_read() {
        let told = Arc::new(Told::default());
        let (wire, _) = limits(&told, 1);
        let first = wire.send(read(Peer::Pixi, "live")).await.unwrap();
        let gave_up = wire.send(read(Peer::Pixi, "live")).await.unwrap_err();
        assert_eq!(gave_up, SendError::NotSent(Cause::TimeOut));
        first.bytes(100).await.unwrap();
        assert!(wire.send(read(Peer::Pixi, "live")).await.is_ok());
        assert_eq!(told.seen().len(), 2, "the one that gave up never left");
    }

    #[tokio::test(start_paused = true)]
    async fn what_writes_waits_five_seconds_for_its_turn() {
        let told = Arc::new(Told::default());
        let (wire, _) = limits(&told, 1);
        let first = wire.send(read(Peer::Pixi, "live")).await.unwrap();
        let write = Request { effect: Effect::Write, ..read(Peer::Pixi, "live") };
        let since = wire.clock.now();
        assert_eq!(wire.send(write).await.unwrap_err(), SendError::NotSent(Cause::Expired));
        assert_eq!(wire.clock.now() - since, chrono::TimeDelta::seconds(5));
        drop(first);
        let write = Request { effect: Effect::Write, ..read(Peer::Pixi, "live") };
        assert!(wire.send(write).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_dropped_answer_and_a_failure_give_the_turn_back() {
        let told = Arc::new(Told::default());
        let (wire, _) = limits(&told, 1);
        drop(wire.send(read(Peer::Pixi, "live")).await.unwrap());
        told.fail(SendError::Unknown(Cause::TimeOut));
        assert_eq!(wire.send(read(Peer::Pixi, "live")).await.unwrap_err().cause(), Cause::TimeOut);
        told.status(200);
        assert!(wire.send(read(Peer::Pixi, "live")).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn each_endpoint_has_a_queue_of_its_own() {
        let told = Arc::new(Told::default());
        let (wire, _) = limits(&told, 1);
        let _held = wire.send(read(Peer::Pixi, "live")).await.unwrap();
        assert!(wire.send(read(Peer::Pixi, "test")).await.is_ok());
        let mut held = Vec::new();
        for _ in 0..UNZER_PARALLEL {
            held.push(wire.send(read(Peer::Unzer, "live")).await.unwrap());
        }
        let fifth = tokio::select! {
            biased;
            answer = wire.send(read(Peer::Unzer, "live")) => Some(answer),
            () = wire.clock.sleep(Duration::from_secs(59)) => None,
        };
        assert!(fifth.is_none(), "the fifth waits");
        assert!(wire.send(read(Peer::Unzer, "other")).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_raised_limit_holds_at_once() {
        let told = Arc::new(Told::default());
        let (wire, queues) = limits(&told, 1);
        let _held = wire.send(read(Peer::Pixi, "live")).await.unwrap();
        queues.set(BTreeMap::from([("live".to_owned(), 2)]));
        assert!(wire.send(read(Peer::Pixi, "live")).await.is_ok());
    }
}
