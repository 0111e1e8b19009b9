//! A rest for endpoints that are out of order, and the state of each connection.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::Poll;
use std::time::Duration;

use async_trait::async_trait;
use futures_util::StreamExt as _;
use http::StatusCode;
use serde::Serialize;

use crate::clock::{Clock, Stopwatch, Time};
use crate::wire::{Cause, Effect, Peer, Request, Response, SendError, SharedWire, Wire};

mod pause;

pub use pause::Pause;

/// Failures one after another that open a circuit.
const FAILURES: u32 = 5;

/// Stops asking an endpoint that failed several times in a row, and tries again after a growing pause with one read.
///
/// What counts as a failure is passing by nature: no connection, a lost one, a time-out, a server error. A SOAP fault
/// is an answer, whatever its HTTP status: it is about one request, and one bad order must not stop the others.
/// A write never tries an endpoint out: it is not sent until a read went well.
pub struct Circuit {
    inner: SharedWire,
    clock: Clock,
    circuits: Arc<Circuits>,
}

/// The circuits of all endpoints, to be read by whoever shows them.
#[derive(Debug)]
pub struct Circuits {
    pause: Pause,
    endpoints: Mutex<BTreeMap<(Peer, Arc<str>), Endpoint>>,
    /// Connections that get no request at all.
    off: Mutex<BTreeSet<(Peer, Arc<str>)>>,
}

/// How a connection is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ConnectionState {
    /// Not asked yet.
    NotConnected,
    /// The last request was answered.
    Connected,
    /// The last request failed, or the login was refused.
    ConnectedError,
    /// Switched off: it gets no request.
    Disabled,
    /// No longer in the configuration.
    Deregistered,
}

impl ConnectionState {
    const ALL: [Self; 5] =
        [Self::NotConnected, Self::Connected, Self::ConnectedError, Self::Disabled, Self::Deregistered];

    /// The word users see.
    pub fn name(self) -> &'static str {
        match self {
            Self::NotConnected => "NOT_CONNECTED",
            Self::Connected => "CONNECTED",
            Self::ConnectedError => "CONNECTED_ERROR",
            Self::Disabled => "DISABLED",
            Self::Deregistered => "DEREGISTERED",
        }
    }

    /// The state with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// State of one connection, for tables and pages.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// How it is.
    pub state: ConnectionState,
    /// Since when.
    pub since: Option<Time>,
    /// The last failure in words, also after it was cured.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<Time>,
}

#[derive(Debug)]
struct Endpoint {
    mode: Mode,
    failures: u32,
    /// Times opened since it last went well: what the pause grows by.
    opened: u32,
    connection: Connection,
}

#[derive(Debug)]
enum Mode {
    Closed,
    Open { since: Stopwatch, pause: Duration },
    Trying,
}

/// Why a request counts as failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Failure {
    Lost(Cause),
    Status(u16),
}

impl Default for Endpoint {
    fn default() -> Self {
        let connection =
            Connection { state: ConnectionState::NotConnected, since: None, last_error: None, last_error_at: None };
        Self { mode: Mode::Closed, failures: 0, opened: 0, connection }
    }
}

impl Endpoint {
    fn show(&mut self, state: ConnectionState, now: Time) {
        if self.connection.state != state {
            self.connection.state = state;
            self.connection.since = Some(now);
        }
    }
}

impl Circuits {
    /// Circuits with this pause.
    pub fn new(pause: Pause) -> Arc<Self> {
        Arc::new(Self { pause, endpoints: Mutex::default(), off: Mutex::default() })
    }

    /// State of the connection to `endpoint` (pixi API name or public key).
    pub fn connection(&self, peer: Peer, endpoint: &str) -> Connection {
        let endpoints = self.lock();
        let found = endpoints.get(&(peer, Arc::from(endpoint)));
        found.map_or_else(|| Endpoint::default().connection, |endpoint| endpoint.connection.clone())
    }

    /// True while requests to `endpoint` are refused or only tried out.
    pub fn is_open(&self, peer: Peer, endpoint: &str) -> bool {
        self.lock().get(&(peer, Arc::from(endpoint))).is_some_and(|endpoint| !matches!(endpoint.mode, Mode::Closed))
    }

    /// Exactly these connections get no request from now on. One that was among them and is not any more begins anew.
    pub fn switch_off(&self, off: BTreeSet<(Peer, Arc<str>)>) {
        let mut before = self.off.lock().unwrap_or_else(PoisonError::into_inner);
        let mut endpoints = self.lock();
        for back in before.difference(&off) {
            endpoints.remove(back);
        }
        *before = off;
    }

    /// True while a connection gets no request.
    pub fn is_off(&self, peer: Peer, endpoint: &str) -> bool {
        let off = self.off.lock().unwrap_or_else(PoisonError::into_inner);
        off.contains(&(peer, Arc::from(endpoint)))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(Peer, Arc<str>), Endpoint>> {
        self.endpoints.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets a request through, or not.
    fn admit(self: &Arc<Self>, clock: &Clock, request: &Request) -> Result<Attempt, SendError> {
        let key = (request.peer, request.endpoint.clone());
        if self.off.lock().unwrap_or_else(PoisonError::into_inner).contains(&key) {
            return Err(SendError::NotSent(Cause::Disabled));
        }
        let mut endpoints = self.lock();
        let endpoint = endpoints.entry(key.clone()).or_default();
        let trying = match &endpoint.mode {
            Mode::Closed => false,
            Mode::Open { since, pause } if since.elapsed() >= *pause && request.effect == Effect::Read => true,
            Mode::Open { .. } | Mode::Trying => return Err(SendError::NotSent(Cause::CircuitOpen)),
        };
        if trying {
            endpoint.mode = Mode::Trying;
        }
        Ok(Attempt { circuits: self.clone(), clock: clock.clone(), key, trying })
    }
}

/// A request let through. Dropped without a word (its task was given up), it leaves the circuit as it was.
struct Attempt {
    circuits: Arc<Circuits>,
    clock: Clock,
    key: (Peer, Arc<str>),
    trying: bool,
}

impl Attempt {
    /// The head of an answer came in: the endpoint is there. A whole answer has to follow before failures are forgotten.
    /// A login that is refused is shown as an error, and is no reason to pause.
    fn answered(&mut self, status: StatusCode) {
        let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        let now = self.clock.now();
        let trying = std::mem::take(&mut self.trying);
        self.with_endpoint(|endpoint, _| {
            if trying {
                endpoint.mode = Mode::Closed;
                endpoint.failures = FAILURES - 1;
            }
            if refused {
                endpoint.show(ConnectionState::ConnectedError, now);
                let error = format!("HTTP {}: the login is refused", status.as_u16());
                endpoint.connection.last_error = Some(error);
                endpoint.connection.last_error_at = Some(now);
            } else {
                endpoint.show(ConnectionState::Connected, now);
            }
        });
        if trying {
            let (peer, endpoint) = &self.key;
            tracing::info!(peer = %peer, endpoint = %endpoint, "{peer} {endpoint} answers again");
        }
    }

    /// The answer is whole.
    fn ended(&mut self) {
        self.with_endpoint(|endpoint, _| {
            endpoint.failures = 0;
            endpoint.opened = 0;
        });
    }

    fn failed(&mut self, failure: Failure) {
        let (now, since, name) = (self.clock.now(), self.clock.stopwatch(), self.key.1.clone());
        let trying = std::mem::take(&mut self.trying);
        let opened = self.with_endpoint(|endpoint, pause| {
            endpoint.show(ConnectionState::ConnectedError, now);
            endpoint.connection.last_error = Some(failure.text());
            endpoint.connection.last_error_at = Some(now);
            endpoint.failures = endpoint.failures.saturating_add(1);
            // Requests that were under way when it opened change nothing any more.
            let opens = trying || (matches!(endpoint.mode, Mode::Closed) && endpoint.failures >= FAILURES);
            if opens {
                let pause = pause.after(&name, endpoint.opened);
                endpoint.opened = endpoint.opened.saturating_add(1);
                endpoint.mode = Mode::Open { since, pause };
            }
            opens && !trying
        });
        if opened {
            let (peer, endpoint) = &self.key;
            let error = failure.text();
            tracing::warn!(peer = %peer, endpoint = %endpoint, error, "{peer} {endpoint} does not answer ({error}), pausing");
        }
    }

    fn with_endpoint<T>(&self, change: impl FnOnce(&mut Endpoint, &Pause) -> T) -> T {
        change(self.circuits.lock().entry(self.key.clone()).or_default(), &self.circuits.pause)
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        if self.trying {
            let since = self.clock.stopwatch();
            self.with_endpoint(|endpoint, _| endpoint.mode = Mode::Open { since, pause: Duration::ZERO });
        }
    }
}

impl Failure {
    fn of_error(error: SendError) -> Option<Self> {
        match error.cause() {
            cause @ (Cause::Connect | Cause::ConnectionLost | Cause::TimeOut) => Some(Self::Lost(cause)),
            _ => None,
        }
    }

    fn of_answer(peer: Peer, answer: &Response) -> Option<Self> {
        let is_fault = peer == Peer::Pixi && answer.content_type().ends_with("xml");
        (answer.status.is_server_error() && !is_fault).then(|| Self::Status(answer.status.as_u16()))
    }

    fn text(self) -> String {
        match self {
            Self::Lost(cause) => cause.to_string(),
            Self::Status(status) => format!("HTTP {status}"),
        }
    }
}

impl Circuit {
    /// Guards `inner` by `circuits`.
    pub fn new(inner: SharedWire, clock: Clock, circuits: Arc<Circuits>) -> Self {
        Self { inner, clock, circuits }
    }
}

#[async_trait]
impl Wire for Circuit {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let peer = request.peer;
        let mut attempt = self.circuits.admit(&self.clock, &request)?;
        match self.inner.send(request).await {
            Ok(answer) => {
                if let Some(failure) = Failure::of_answer(peer, &answer) {
                    attempt.failed(failure);
                    return Ok(answer);
                }
                attempt.answered(answer.status);
                Ok(watch(answer, attempt))
            }
            Err(error) => {
                if let Some(failure) = Failure::of_error(error) {
                    attempt.failed(failure);
                }
                Err(error)
            }
        }
    }
}

/// Sees how the body ends.
fn watch(response: Response, mut attempt: Attempt) -> Response {
    let Response { status, headers, mut body } = response;
    let body = futures_util::stream::poll_fn(move |cx| {
        let chunk = body.poll_next_unpin(cx);
        match &chunk {
            Poll::Ready(None) => attempt.ended(),
            Poll::Ready(Some(Err(error))) => {
                if let Some(failure) = Failure::of_error(*error) {
                    attempt.failed(failure);
                }
            }
            Poll::Ready(Some(Ok(_))) | Poll::Pending => {}
        }
        chunk
    });
    Response { status, headers, body: Box::pin(body) }
}

#[cfg(test)]
mod tests;
