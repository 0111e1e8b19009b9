//! Faults of a network and of the peers behind it, planned per call and played by both simulated peers.
//!
//! A simulated peer is a pure function from request to answer. [`play`] stands between it and the daemon and lets the
//! planned fault happen: before the effect, after it, or long after the daemon has given up.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, StatusCode};

use crate::clock::Clock;
use crate::wire::{BodyStream, Cause, Deadlines, Peer, Response, SendError};

/// What goes wrong with one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// No connection: not a byte leaves.
    NoConnection,
    /// The connection breaks before the peer acts.
    DropBefore,
    /// The peer acts and the connection breaks before its answer arrives.
    DropAfter,
    /// Silence until the deadline; nothing happens at the peer.
    Hang,
    /// The peer acts and then stays silent until the deadline.
    HangAfter,
    /// A bare HTTP status without effect.
    Status(u16),
    /// The peer acts and answers with a bare HTTP status.
    StatusAfterEffect(u16),
    /// The peer acts; the answer is HTTP 200 with bytes that are neither JSON nor XML.
    Garbage,
    /// The peer acts; the answer ends in the middle, as if it were whole.
    TruncatedBody,
    /// The gateway in front refuses with a page of HTML; nothing happens at the peer.
    Html403,
    /// The peer acts; the answer comes a few bytes at a time, too slow for the deadline.
    SlowDrip,
    /// The peer acts and answers well, this much later; past the deadline nobody waits for it any more.
    SlowAnswer(Duration),
    /// Silence until the deadline; the peer acts this long after the request was sent.
    LateEffect(Duration),
}

impl Fault {
    /// One of each kind, for tests that go through them all.
    pub const ALL: [Self; 13] = [
        Self::NoConnection,
        Self::DropBefore,
        Self::DropAfter,
        Self::Hang,
        Self::HangAfter,
        Self::Status(503),
        Self::StatusAfterEffect(500),
        Self::Garbage,
        Self::TruncatedBody,
        Self::Html403,
        Self::SlowDrip,
        Self::SlowAnswer(Duration::from_mins(2)),
        Self::LateEffect(Duration::from_mins(3)),
    ];

    /// True where the request takes effect at the peer, sooner or later.
    pub fn takes_effect(self) -> bool {
        match self {
            Self::NoConnection | Self::DropBefore | Self::Hang | Self::Status(_) | Self::Html403 => false,
            Self::DropAfter
            | Self::HangAfter
            | Self::StatusAfterEffect(_)
            | Self::Garbage
            | Self::TruncatedBody
            | Self::SlowDrip
            | Self::SlowAnswer(_)
            | Self::LateEffect(_) => true,
        }
    }
}

/// Which calls a fault is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matcher {
    /// The peer.
    pub peer: Peer,
    /// The call's name (`capture`, `pixiGetOrderline`); any call of the peer where none is given.
    pub call: Option<String>,
    /// Which of the matching calls from now on: 1 is the next.
    pub nth: u32,
    /// How many calls it lasts for.
    pub times: u32,
}

impl Matcher {
    /// The next call of this name.
    pub fn next(peer: Peer, call: &str) -> Self {
        Self::nth(peer, call, 1)
    }

    /// The `nth` call of this name from now on.
    pub fn nth(peer: Peer, call: &str, nth: u32) -> Self {
        Self { peer, call: Some(call.to_owned()), nth, times: 1 }
    }

    /// Every call of the peer, until cleared: an outage.
    pub fn outage(peer: Peer) -> Self {
        Self { peer, call: None, nth: 1, times: u32::MAX }
    }

    /// The same, for this many calls.
    pub fn times(mut self, times: u32) -> Self {
        self.times = times;
        self
    }
}

/// The faults to come, shared by the simulated peers and whoever plans them; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Faults(Arc<Mutex<VecDeque<(Matcher, Fault)>>>);

impl Faults {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Plans a fault.
    pub fn plan(&self, matcher: Matcher, fault: Fault) {
        self.lock().push_back((matcher, fault));
    }

    /// Forgets all that has not happened yet.
    pub fn clear(&self) {
        self.lock().clear();
    }

    /// How many planned faults have not (wholly) happened yet.
    pub fn left(&self) -> usize {
        self.lock().len()
    }

    /// Counts a call and gives the fault planned for it; the first planned wins where several fit.
    pub fn take(&self, peer: Peer, call: &str) -> Option<Fault> {
        let mut planned = self.lock();
        let mut found = None;
        planned.retain_mut(|(matcher, fault)| {
            let fits = matcher.peer == peer && matcher.call.as_deref().is_none_or(|name| name == call);
            if !fits {
                return true;
            }
            if matcher.nth > 1 {
                matcher.nth -= 1;
                return true;
            }
            if found.is_some() {
                return true;
            }
            found = Some(*fault);
            matcher.times = matcher.times.saturating_sub(u32::from(matcher.times != u32::MAX));
            matcher.times > 0
        });
        found
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<(Matcher, Fault)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A simulated peer's answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimResponse {
    /// HTTP status.
    pub status: u16,
    /// Content type.
    pub content_type: &'static str,
    /// Body.
    pub body: Vec<u8>,
}

impl SimResponse {
    fn into_wire(self) -> Response {
        Response::new(status(self.status), self.content_type, self.body)
    }
}

/// Sends one call to a simulated peer through the faults planned for it. `handle` is the peer: it runs once, or not at
/// all, or later than this function returns. Deadlines are real time, as they are on a network.
pub async fn play<F>(
    faults: &Faults,
    clock: &Clock,
    peer: Peer,
    call: &str,
    deadlines: Deadlines,
    handle: F,
) -> Result<Response, SendError>
where
    F: FnOnce() -> SimResponse + Send + 'static,
{
    let Some(fault) = faults.take(peer, call) else {
        return Ok(handle().into_wire());
    };
    match fault {
        Fault::NoConnection => Err(SendError::NotSent(Cause::Connect)),
        Fault::DropBefore => Err(SendError::Unknown(Cause::ConnectionLost)),
        Fault::DropAfter => {
            handle();
            Err(SendError::Unknown(Cause::ConnectionLost))
        }
        Fault::Hang => Err(silence(clock, deadlines).await),
        Fault::HangAfter => {
            handle();
            Err(silence(clock, deadlines).await)
        }
        Fault::Status(code) => Ok(Response::new(status(code), "text/plain", Bytes::new())),
        Fault::StatusAfterEffect(code) => {
            handle();
            Ok(Response::new(status(code), "text/plain", Bytes::new()))
        }
        Fault::Garbage => {
            let content_type = handle().content_type;
            Ok(Response::new(StatusCode::OK, content_type, Bytes::from_static(b"\x00\xff<{\"garbage\": \xfe")))
        }
        Fault::TruncatedBody => {
            let mut answer = handle();
            answer.body.truncate(answer.body.len() / 2);
            Ok(answer.into_wire())
        }
        Fault::Html403 => Ok(Response::new(
            StatusCode::FORBIDDEN,
            "text/html",
            "<html><head><title>403 Forbidden</title></head><body><h1>403 Forbidden</h1></body></html>",
        )),
        Fault::SlowDrip => Ok(drip(clock.clone(), deadlines, &handle())),
        Fault::SlowAnswer(after) => {
            let answer = handle();
            let patience = deadlines.total.min(deadlines.idle);
            let _ = clock.timeout(after.min(patience), std::future::pending::<()>()).await;
            if after < patience { Ok(answer.into_wire()) } else { Err(SendError::Unknown(Cause::TimeOut)) }
        }
        Fault::LateEffect(after) => {
            let clock_of_effect = clock.clone();
            tokio::spawn(async move {
                clock_of_effect.sleep(after).await;
                handle();
            });
            Err(silence(clock, deadlines).await)
        }
    }
}

/// Waits out the deadline.
async fn silence(clock: &Clock, deadlines: Deadlines) -> SendError {
    let _ = clock.timeout(deadlines.total.min(deadlines.idle), std::future::pending::<()>()).await;
    SendError::Unknown(Cause::TimeOut)
}

/// An answer a few bytes at a time: never silent for the idle deadline, and not whole at the total one.
fn drip(clock: Clock, deadlines: Deadlines, answer: &SimResponse) -> Response {
    let pause = (deadlines.idle / 2).min(deadlines.total / 4);
    let size = answer.body.len().div_ceil(8).max(1);
    let chunks: VecDeque<Bytes> = answer.body.chunks(size).map(Bytes::copy_from_slice).collect();
    let state = (clock, chunks, Duration::ZERO, false);
    let body: BodyStream =
        Box::pin(futures_util::stream::unfold(state, move |(clock, mut chunks, waited, over)| async move {
            let chunk = if over { None } else { chunks.pop_front() }?;
            let _ = clock.timeout(pause, std::future::pending::<()>()).await;
            let waited = waited + pause;
            if waited >= deadlines.total {
                return Some((Err(SendError::Unknown(Cause::TimeOut)), (clock, chunks, waited, true)));
            }
            Some((Ok(chunk), (clock, chunks, waited, false)))
        }));
    let mut headers = HeaderMap::new();
    headers.insert(http::header::CONTENT_TYPE, HeaderValue::from_static(answer.content_type));
    Response { status: status(answer.status), headers, body }
}

fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    const DEADLINES: Deadlines =
        Deadlines { connect: Duration::from_secs(10), idle: Duration::from_secs(65), total: Duration::from_secs(65) };

    #[test]
    fn a_fault_waits_for_its_call() {
        let faults = Faults::new();
        faults.plan(Matcher::nth(Peer::Unzer, "capture", 2), Fault::DropAfter);
        assert_eq!(faults.take(Peer::Unzer, "refund"), None);
        assert_eq!(faults.take(Peer::Pixi, "capture"), None);
        assert_eq!(faults.take(Peer::Unzer, "capture"), None);
        assert_eq!(faults.take(Peer::Unzer, "capture"), Some(Fault::DropAfter));
        assert_eq!(faults.take(Peer::Unzer, "capture"), None);
        assert_eq!(faults.left(), 0);
    }

    #[test]
    fn an_outage_lasts_until_it_is_cleared() {
        let faults = Faults::new();
        faults.plan(Matcher::outage(Peer::Pixi), Fault::Status(503));
        for _ in 0..100 {
            assert_eq!(faults.take(Peer::Pixi, "any"), Some(Fault::Status(503)));
        }
        faults.clear();
        assert_eq!(faults.take(Peer::Pixi, "any"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn every_fault_takes_effect_as_it_says_and_shows_the_sender_what_a_network_would() {
        for fault in Fault::ALL {
            let clock = Clock::simulated("2026-03-03T09:00:00Z".parse().unwrap(), 1);
            let faults = Faults::new();
            faults.plan(Matcher::next(Peer::Unzer, "capture"), fault);
            let effects = Arc::new(AtomicU32::new(0));
            let counted = effects.clone();
            let handle = move || {
                counted.fetch_add(1, Ordering::Relaxed);
                SimResponse { status: 201, content_type: "application/json", body: br#"{"id": "s-chg-1"}"#.to_vec() }
            };
            let answer = match play(&faults, &clock, Peer::Unzer, "capture", DEADLINES, handle).await {
                Ok(response) => response.bytes(1000).await.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()),
                Err(error) => Err(error),
            };
            match fault {
                Fault::NoConnection => assert_eq!(answer, Err(SendError::NotSent(Cause::Connect))),
                Fault::DropBefore | Fault::DropAfter => {
                    assert_eq!(answer, Err(SendError::Unknown(Cause::ConnectionLost)));
                }
                Fault::Hang | Fault::HangAfter | Fault::SlowDrip | Fault::SlowAnswer(_) | Fault::LateEffect(_) => {
                    assert_eq!(answer, Err(SendError::Unknown(Cause::TimeOut)), "{fault:?}");
                }
                _ => assert!(!answer.unwrap().contains("s-chg-1"), "{fault:?}"),
            }
            clock.sleep(Duration::from_mins(5)).await;
            assert_eq!(effects.load(Ordering::Relaxed), u32::from(fault.takes_effect()), "{fault:?}");
        }
    }
}
