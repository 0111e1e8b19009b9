//! What requests cost: counted per peer and call, and told to the log.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use serde::Serialize;

use crate::clock::{Clock, Stopwatch};
use crate::wire::{Peer, Request, Response, SendError, SharedWire, Wire};

/// Bounds of the buckets durations are counted in, in milliseconds; what took longer is in none of them.
pub const BUCKETS_MS: [u64; 11] = [50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000, 60_000, 120_000];

/// Counts what passes through.
pub struct Metered {
    inner: SharedWire,
    clock: Clock,
    stats: Arc<WireStats>,
}

/// Counts by peer and call, since the start.
#[derive(Debug, Default)]
pub struct WireStats(Mutex<BTreeMap<(Peer, &'static str), CallStats>>);

/// What one call cost so far.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct CallStats {
    /// Requests, by what became of them: `2xx` … `5xx`, `not sent`, `unknown`.
    pub outcomes: BTreeMap<&'static str, u64>,
    /// Bytes of request bodies.
    pub bytes_out: u64,
    /// Bytes of answers' bodies.
    pub bytes_in: u64,
    /// Time from the call to the last byte read, waiting for a turn included.
    pub duration: Duration,
    /// The longest such time.
    pub longest: Duration,
    /// Requests that took no longer than the bound of the same place in [`BUCKETS_MS`], and longer than the one before.
    pub buckets: [u64; BUCKETS_MS.len()],
}

impl CallStats {
    /// Requests in all.
    pub fn requests(&self) -> u64 {
        self.outcomes.values().sum()
    }
}

impl WireStats {
    /// The counts so far.
    pub fn snapshot(&self) -> BTreeMap<(Peer, &'static str), CallStats> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn add(&self, peer: Peer, call: &'static str, outcome: &'static str, bytes: (u64, u64), duration: Duration) {
        let mut stats = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let stats = stats.entry((peer, call)).or_default();
        *stats.outcomes.entry(outcome).or_default() += 1;
        stats.bytes_out = stats.bytes_out.saturating_add(bytes.0);
        stats.bytes_in = stats.bytes_in.saturating_add(bytes.1);
        stats.duration = stats.duration.saturating_add(duration);
        stats.longest = stats.longest.max(duration);
        let bucket = BUCKETS_MS.iter().position(|bound| duration <= Duration::from_millis(*bound));
        if let Some(count) = bucket.and_then(|bucket| stats.buckets.get_mut(bucket)) {
            *count += 1;
        }
    }
}

impl Metered {
    /// Counts what reaches `inner` into `stats`.
    pub fn new(inner: SharedWire, clock: Clock, stats: Arc<WireStats>) -> Self {
        Self { inner, clock, stats }
    }
}

/// One request's account, closed when it is dropped: at the end of the body, or wherever the caller lost interest.
struct Account {
    stats: Arc<WireStats>,
    watch: Stopwatch,
    peer: Peer,
    call: &'static str,
    endpoint: Arc<str>,
    outcome: &'static str,
    bytes_out: u64,
    bytes_in: u64,
}

impl Drop for Account {
    fn drop(&mut self) {
        let duration = self.watch.elapsed();
        self.stats.add(self.peer, self.call, self.outcome, (self.bytes_out, self.bytes_in), duration);
        let duration_ms = u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        let (peer, call, endpoint, outcome) = (self.peer, self.call, &self.endpoint, self.outcome);
        // Never address, headers or body: they hold keys, names and amounts.
        tracing::debug!(
            peer = %peer, call, endpoint = %endpoint, outcome, duration_ms, bytes_in = self.bytes_in,
            "{peer} {call}: {outcome} in {duration_ms} ms"
        );
    }
}

#[async_trait]
impl Wire for Metered {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let mut account = Account {
            stats: self.stats.clone(),
            watch: self.clock.stopwatch(),
            peer: request.peer,
            call: request.call,
            endpoint: request.endpoint.clone(),
            // What it is if the caller gives up in between.
            outcome: "unknown",
            bytes_out: u64::try_from(request.body.len()).unwrap_or(u64::MAX),
            bytes_in: 0,
        };
        match self.inner.send(request).await {
            Ok(answer) => {
                account.outcome = class(answer.status.as_u16());
                Ok(count(answer, account))
            }
            Err(error) => {
                account.outcome = name(error);
                Err(error)
            }
        }
    }
}

fn count(response: Response, account: Account) -> Response {
    let Response { status, headers, mut body } = response;
    let mut account = Some(account);
    let body = futures_util::stream::poll_fn(move |cx| {
        let chunk = body.poll_next_unpin(cx);
        match (&chunk, &mut account) {
            (Poll::Ready(Some(Ok(bytes))), Some(account)) => {
                account.bytes_in += u64::try_from(bytes.len()).unwrap_or(u64::MAX);
            }
            (Poll::Ready(Some(Err(error))), Some(open)) => {
                open.outcome = name(*error);
                account = None;
            }
            (Poll::Ready(None), _) => account = None,
            _ => {}
        }
        chunk
    });
    Response { status, headers, body: Box::pin(body) }
}

fn class(status: u16) -> &'static str {
    match status / 100 {
        1 | 2 => "2xx",
        3 => "3xx",
        4 => "4xx",
        _ => "5xx",
    }
}

fn name(error: SendError) -> &'static str {
    match error {
        SendError::NotSent(_) => "not sent",
        SendError::Unknown(_) => "unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::Cause;
    use crate::wire::testing::{Told, read};

    fn metered() -> (Arc<Told>, Metered, Arc<WireStats>) {
        let told = Arc::new(Told::default());
        let stats = Arc::new(WireStats::default());
        let clock = Clock::simulated("2026-03-03T09:00:00Z".parse().unwrap(), 1);
        (told.clone(), Metered::new(told, clock, stats.clone()), stats)
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_is_counted_once_its_body_has_ended() {
        let (_, wire, stats) = metered();
        let answer = wire.send(read(Peer::Pixi, "live")).await.unwrap();
        assert!(stats.snapshot().is_empty());
        wire.clock.sleep(Duration::from_secs(2)).await;
        answer.bytes(100).await.unwrap();
        let expected = CallStats {
            outcomes: BTreeMap::from([("2xx", 1)]),
            bytes_out: 11,
            bytes_in: 6,
            duration: Duration::from_secs(2),
            longest: Duration::from_secs(2),
            // 2.5 s is the first bound that is not below.
            buckets: [0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
        };
        assert_eq!(stats.snapshot(), BTreeMap::from([((Peer::Pixi, "look"), expected)]));
    }

    #[tokio::test(start_paused = true)]
    async fn the_log_line_names_the_call_and_nothing_it_carries() {
        let log = Log::default();
        let shared = log.clone();
        let subscriber = tracing_subscriber::fmt()
            .with_max_level(tracing::Level::TRACE)
            .with_ansi(false)
            .with_writer(move || shared.clone())
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        let (_, wire, _) = metered();
        let mut request = read(Peer::Pixi, "live");
        request.url.set_query(Some("token=secret"));
        request.headers.insert("authorization", "Basic secret".parse().unwrap());
        wire.send(request).await.unwrap().bytes(100).await.unwrap();
        drop(guard);
        let log = String::from_utf8(log.0.lock().unwrap().clone()).unwrap();
        assert!(log.contains("pixi look: 2xx in 0 ms") && log.contains("endpoint=live"), "{log}");
        assert!(!log.contains("secret") && !log.contains("127.0.0.1"), "{log}");
    }

    /// A log kept in memory.
    #[derive(Clone, Default)]
    struct Log(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Log {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            self.0.lock().unwrap().extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn outcomes_are_told_apart() {
        let (told, wire, stats) = metered();
        for status in [200, 307, 404, 500] {
            told.status(status);
            drop(wire.send(read(Peer::Unzer, "s-pub-1")).await.unwrap());
        }
        told.fail(SendError::NotSent(Cause::Connect));
        wire.send(read(Peer::Unzer, "s-pub-1")).await.unwrap_err();
        told.fail(SendError::Unknown(Cause::TimeOut));
        wire.send(read(Peer::Unzer, "s-pub-1")).await.unwrap_err();
        told.answer(|| {
            let body = Box::pin(futures_util::stream::iter([Err(SendError::Unknown(Cause::ConnectionLost))]));
            Ok(Response { body, ..Response::new(::http::StatusCode::OK, "text/xml", "") })
        });
        wire.send(read(Peer::Unzer, "s-pub-1")).await.unwrap().bytes(10).await.unwrap_err();

        let stats = &stats.snapshot()[&(Peer::Unzer, "look")];
        let outcomes = [("2xx", 1), ("3xx", 1), ("4xx", 1), ("5xx", 1), ("not sent", 1), ("unknown", 2)];
        assert_eq!(stats.outcomes, BTreeMap::from(outcomes));
        assert_eq!(stats.requests(), 7);
    }
}
