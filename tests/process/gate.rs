//! What stands between the daemon and the simulated peers: it counts requests, and kills the daemon in the middle of one.

use std::collections::BTreeMap;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State as Shared};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use http::{Method, StatusCode};
use pixi_payd::clock::{Clock, Stopwatch};
use pixi_payd::sandbox::World;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use url::Url;

/// Calls of pixi that only read begin so. A call that is not known may do anything.
const PIXI_READS: [&str; 6] = ["pixiGet", "pixiPayGet", "pixiCAGet", "pixiSysGet", "pixiCan", "pixiImportFind"];

/// When the daemon dies, seen from one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// The request never arrives.
    Before,
    /// The request arrives once the daemon is dead.
    Late,
    /// The peer has acted, and its answer finds nobody.
    Effect,
    /// The answer is on its way for so long.
    Answered(Duration),
}

/// Kills at the `nth` request whose call has this name; with none, at any request that writes.
#[derive(Debug, Clone)]
pub struct Blow {
    pub call: Option<&'static str>,
    pub nth: u32,
    pub moment: Moment,
}

/// The gate; cheap to clone.
#[derive(Clone)]
pub struct Gate(Arc<Inner>);

struct Inner {
    state: Mutex<State>,
    struck: Notify,
    asked: Notify,
    real: Clock,
}

struct State {
    daemon: Option<Child>,
    blow: Option<Blow>,
    since: Stopwatch,
    seen: Seen,
    held: Option<(&'static str, Arc<Held>)>,
}

/// What came through since the daemon began.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// All requests.
    pub requests: u64,
    /// Those that write, by call.
    pub writes: BTreeMap<String, u64>,
    /// How long after its start the daemon asked first.
    pub first_request: Option<Duration>,
    /// How long after its start it wrote first.
    pub first_write: Option<Duration>,
}

impl Seen {
    /// All requests that write.
    pub fn written(&self) -> u64 {
        self.writes.values().sum()
    }
}

/// A request that has taken effect and whose answer waits.
#[derive(Default)]
pub struct Held {
    arrived: Notify,
    go_on: Notify,
}

impl Held {
    /// Waits until the request is there.
    pub async fn arrived(&self) {
        self.arrived.notified().await;
    }

    /// Lets the answer go.
    pub fn let_go(&self) {
        self.go_on.notify_one();
    }
}

/// Where the peers are reached.
pub struct Doors {
    pub unzer: String,
}

impl Gate {
    /// Serves the peers behind a new gate on free ports of this machine.
    pub async fn serve(world: &World) -> (Self, Doors) {
        let real = Clock::system();
        let state = State { daemon: None, blow: None, since: real.stopwatch(), seen: Seen::default(), held: None };
        let gate =
            Self(Arc::new(Inner { state: Mutex::new(state), struck: Notify::new(), asked: Notify::new(), real }));
        let pixi = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let unzer = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let doors = Doors { unzer: format!("http://{}", unzer.local_addr().unwrap()) };
        let endpoint = format!("http://{}/soap/pixiSIM/", pixi.local_addr().unwrap());
        world.pixi.set_endpoint(Url::parse(&endpoint).unwrap());
        world.unzer.set_base(&doors.unzer);
        let pixi_router = gate.guard(world.pixi.router(Arc::new(pixi_payd::pixi::wsdl)));
        let unzer_router = gate.guard(world.unzer.router());
        tokio::spawn(async move { axum::serve(pixi, pixi_router).await });
        tokio::spawn(async move { axum::serve(unzer, unzer_router).await });
        (gate, doors)
    }

    fn guard(&self, router: Router) -> Router {
        router.layer(from_fn_with_state(self.clone(), through))
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap()
    }

    /// A daemon has been started: counts begin anew.
    pub fn watch(&self, daemon: Child) {
        let mut state = self.lock();
        (state.daemon, state.seen, state.since) = (Some(daemon), Seen::default(), self.0.real.stopwatch());
    }

    /// Plans the next blow.
    pub fn arm(&self, blow: Blow) {
        self.lock().blow = Some(blow);
    }

    /// Waits until the daemon was struck, at most so long. True where it was.
    pub async fn struck(&self, at_most: Duration) -> bool {
        self.0.real.timeout(at_most, self.0.struck.notified()).await.is_ok()
    }

    /// Waits until something holds of what came through since the daemon began, at most so long after its start by the
    /// wall's clock. True where it did.
    pub async fn comes(&self, at_most: Duration, holds: impl Fn(&Seen) -> bool) -> bool {
        let left = at_most.saturating_sub(self.lock().since.elapsed());
        let comes = async {
            loop {
                let asked = self.0.asked.notified();
                if holds(&self.lock().seen) {
                    return;
                }
                asked.await;
            }
        };
        self.0.real.timeout(left, comes).await.is_ok()
    }

    /// What came through since the daemon began.
    pub fn seen(&self) -> Seen {
        self.lock().seen.clone()
    }

    /// Holds the answer of the next request of this call back.
    pub fn hold(&self, call: &'static str) -> Arc<Held> {
        let held = Arc::new(Held::default());
        self.lock().held = Some((call, held.clone()));
        held
    }

    /// The daemon's process id.
    pub fn pid(&self) -> u32 {
        self.lock().daemon.as_ref().unwrap().id()
    }

    /// How the daemon ended, if it has.
    pub fn ended(&self) -> Option<ExitStatus> {
        self.lock().daemon.as_mut().and_then(|daemon| daemon.try_wait().unwrap())
    }

    /// Sends the daemon a signal.
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.pid().to_string()]).status().unwrap();
        assert!(sent.success());
    }

    /// Waits for the daemon's end, at most so long.
    pub async fn wait(&self, real: &Clock, at_most: Duration) -> Option<ExitStatus> {
        let ended = async {
            loop {
                if let Some(status) = self.ended() {
                    return status;
                }
                real.sleep(Duration::from_millis(20)).await;
            }
        };
        real.timeout(at_most, ended).await.ok()
    }

    fn kill(&self) {
        if let Some(daemon) = &mut self.lock().daemon {
            daemon.kill().unwrap();
        }
    }

    /// Kills the daemon, where it still lives, and waits for its end.
    pub fn finish(&self) -> ExitStatus {
        self.kill();
        let mut daemon = {
            let mut state = self.lock();
            state.blow = None;
            state.daemon.take().unwrap()
        };
        daemon.wait().unwrap()
    }

    /// A request has come. Answers when the daemon is to die of it, and whether its answer is to be held.
    fn arrived(&self, call: &str, is_write: bool) -> (Option<Moment>, Option<Arc<Held>>) {
        let mut state = self.lock();
        let elapsed = state.since.elapsed();
        state.seen.requests += 1;
        state.seen.first_request.get_or_insert(elapsed);
        if is_write {
            *state.seen.writes.entry(call.to_owned()).or_default() += 1;
            state.seen.first_write.get_or_insert(elapsed);
        }
        let held = state.held.take_if(|(name, _)| *name == call).map(|(_, held)| held);
        let fits = |blow: &Blow| blow.call.map_or(is_write, |name| name == call);
        let Some(blow) = state.blow.as_mut().filter(|blow| fits(blow)) else { return (None, held) };
        blow.nth = blow.nth.saturating_sub(1);
        if blow.nth > 0 {
            return (None, held);
        }
        (state.blow.take().map(|blow| blow.moment), held)
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // A test that failed leaves no daemon behind.
        if let Some(daemon) = self.state.get_mut().ok().and_then(|state| state.daemon.as_mut()) {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

async fn through(Shared(gate): Shared<Gate>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    // Cut off in the middle: it never arrived.
    let Ok(body) = to_bytes(body, usize::MAX).await else { return StatusCode::BAD_REQUEST.into_response() };
    let call = name_of(&parts.method, parts.uri.path(), &body);
    let is_write = if call.starts_with("pixi") { writes(&call) } else { parts.method != Method::GET };
    let (moment, held) = gate.arrived(&call, is_write);
    gate.0.asked.notify_waiters();
    let request = Request::from_parts(parts, Body::from(body));
    let response = match moment {
        Some(Moment::Before) => {
            gate.kill();
            StatusCode::BAD_GATEWAY.into_response()
        }
        Some(Moment::Late) => {
            gate.kill();
            next.run(request).await
        }
        Some(Moment::Effect) => {
            let response = next.run(request).await;
            gate.kill();
            response
        }
        Some(Moment::Answered(after)) => {
            let response = next.run(request).await;
            let gate = gate.clone();
            tokio::spawn(async move {
                gate.0.real.sleep(after).await;
                gate.kill();
                gate.0.struck.notify_one();
            });
            return response;
        }
        None => next.run(request).await,
    };
    if moment.is_some() {
        gate.0.struck.notify_one();
    }
    if let Some(held) = held {
        held.arrived.notify_one();
        held.go_on.notified().await;
    }
    response
}

/// True for calls of pixi that change something.
fn writes(call: &str) -> bool {
    !PIXI_READS.iter().any(|prefix| call.starts_with(prefix))
}

#[test]
fn every_call_that_writes_is_taken_for_one() {
    use pixi_payd::wire::Effect;
    for call in pixi_payd::pixi::CALLS {
        assert_eq!(writes(call.name), call.effect == Effect::Write, "{}", call.name);
    }
    assert!(writes("pixiReleaseOrder") && writes("pixiDoesWhatNobodyKnows"));
}

/// The call's name: pixi's stands in the body, Unzer's follows from the address.
fn name_of(method: &Method, path: &str, body: &[u8]) -> String {
    if path.starts_with("/soap/") {
        let text = String::from_utf8_lossy(body);
        let at = text.find("Body>").unwrap_or(0);
        let name = text[at..].find("pixi").map_or("", |start| &text[at + start..]);
        return name.chars().take_while(char::is_ascii_alphanumeric).collect();
    }
    let parts: Vec<&str> = path.split('/').collect();
    let name = match (method.as_str(), parts.last().copied().unwrap_or_default()) {
        ("GET", _) => "read",
        (_, "charges") => "capture",
        (_, "shipments") => "ship",
        (_, "cancels") if parts.contains(&"authorize") => "reverse",
        (_, "cancels") => "refund",
        _ => "other",
    };
    name.to_owned()
}
