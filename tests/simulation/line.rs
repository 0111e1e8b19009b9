//! The line between the daemon and its peers: where requests are lost, where the daemon dies, where people come in
//! between, and where what is sent is watched.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use http::StatusCode;
use tokio::sync::Notify;

use crate::cast::Cast;
use crate::dice::Dice;
use crate::kind::Kind;
use crate::trace::Trace;
use crate::watch::Watch;
use crate::wire::{Answer, asked, told};
use pixi_payd::clock::{Clock, Time};
use pixi_payd::journal::{CommitFault, CommitFaults};
use pixi_payd::sandbox::faults::{Fault, Faults, Matcher};
use pixi_payd::wire::{Effect, Peer, Request, Response, SendError, SharedWire, Wire};

/// Where a fault waits for its moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// At a request that changes something.
    Write,
    /// At a request that reads.
    Read,
    /// At any request.
    Any,
    /// At a commit of the store.
    Commit,
}

/// A fault that waits.
#[derive(Debug, Clone, Copy)]
pub struct Armed {
    /// What.
    pub kind: Kind,
    /// Where.
    pub place: Place,
    /// So many pass before.
    pub after: usize,
    /// Times it happens.
    pub times: usize,
}

/// What the line tells whoever drives the daemon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// The daemon is dead.
    Died,
    /// The daemon hangs with a request in hand.
    Hangs,
}

/// An outage.
#[derive(Debug, Clone)]
pub struct Outage {
    peer: Peer,
    /// Public key; none: all.
    endpoint: Option<String>,
    until: Time,
    fault: Fault,
}

/// Everything that is shared by the line, the store's faults and the driver.
pub struct Backstage {
    /// The cast.
    pub cast: Cast,
    /// The trace.
    pub trace: Trace,
    /// Faults that wait.
    pub armed: Vec<Armed>,
    /// Outages.
    pub outages: Vec<Outage>,
    /// What is watched at each request.
    pub watch: Watch,
    dice: Dice,
    event: Option<Event>,
    /// A read whose answer comes again: what was asked, what was answered.
    repeated: Option<(String, Answer)>,
}

/// The shared part; cheap to clone.
#[derive(Clone)]
pub struct Shared {
    inner: Arc<Mutex<Backstage>>,
    told: Arc<Notify>,
    go_on: Arc<Notify>,
    clock: Clock,
    faults: Faults,
}

impl std::fmt::Debug for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Shared")
    }
}

impl Shared {
    /// Nothing has happened yet.
    pub fn new(cast: Cast, trace: Trace, dice: Dice) -> Self {
        let (clock, faults) = (cast.world.clock.clone(), cast.world.faults.clone());
        let backstage = Backstage {
            cast,
            trace,
            armed: Vec::new(),
            outages: Vec::new(),
            watch: Watch::default(),
            dice,
            event: None,
            repeated: None,
        };
        let inner = Arc::new(Mutex::new(backstage));
        Self { inner, told: Arc::default(), go_on: Arc::default(), clock, faults }
    }

    /// The shared part, for a moment.
    pub fn lock(&self) -> MutexGuard<'_, Backstage> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits for something that the driver has to see to.
    pub async fn event(&self) -> Event {
        loop {
            self.told.notified().await;
            if let Some(event) = self.lock().event.take() {
                return event;
            }
        }
    }

    /// The daemon that hangs goes on.
    pub fn go_on(&self) {
        self.go_on.notify_one();
    }

    /// Everything works from now on.
    pub fn heal(&self) {
        let mut stage = self.lock();
        stage.armed.clear();
        stage.outages.clear();
        stage.repeated = None;
        stage.trace.note(|| "all is well from here on".to_owned());
    }

    /// A daemon's end of the line.
    pub fn instance(&self, peers: SharedWire) -> Instance {
        Instance { shared: self.clone(), peers, is_dead: Arc::default() }
    }

    fn tell(&self, stage: &mut Backstage, event: Event) {
        stage.event = Some(event);
        self.told.notify_one();
    }
}

impl Backstage {
    /// The first fault that has its moment here.
    fn due(&mut self, fits: impl Fn(Place) -> bool) -> Option<Kind> {
        let mut found = None;
        self.armed.retain_mut(|armed| {
            if !fits(armed.place) {
                return true;
            }
            if armed.after > 0 {
                armed.after -= 1;
                return true;
            }
            if found.is_some() {
                return true;
            }
            found = Some(armed.kind);
            armed.times -= 1;
            armed.times > 0
        });
        found
    }

    /// Begins an outage.
    pub fn outage(&mut self, kind: Kind, endpoint: Option<String>, until: Time) {
        let peer = if kind == Kind::PixiOutage { Peer::Pixi } else { Peer::Unzer };
        let fault = self.dice.pick(&[Fault::NoConnection, Fault::Status(503), Fault::Hang, Fault::DropBefore]);
        self.trace.met(kind);
        self.outages.push(Outage { peer, endpoint, until, fault });
    }

    fn outage_of(&mut self, request: &Request, now: Time) -> Option<Fault> {
        self.outages.retain(|outage| outage.until > now);
        let here = |outage: &&Outage| {
            outage.peer == request.peer && outage.endpoint.as_deref().is_none_or(|key| key == &*request.endpoint)
        };
        self.outages.iter().find(here).map(|outage| outage.fault)
    }

    fn fault(&mut self, kind: Kind) -> Option<Fault> {
        Some(match kind {
            Kind::NoConnection => Fault::NoConnection,
            Kind::RequestLost => Fault::DropBefore,
            Kind::AnswerLost => Fault::DropAfter,
            Kind::Silence => Fault::Hang,
            Kind::SilenceAfterEffect => Fault::HangAfter,
            Kind::Unavailable => Fault::Status(503),
            Kind::ErrorAfterEffect => Fault::StatusAfterEffect(500),
            Kind::Garbage => Fault::Garbage,
            Kind::Truncated => Fault::TruncatedBody,
            Kind::Gateway => Fault::Html403,
            Kind::SlowDrip => Fault::SlowDrip,
            Kind::LateAnswer => Fault::SlowAnswer(self.dice.seconds(5, 90)),
            // Sooner than a request may be taken for never arrived: 10 min after pixi's deadline of 40 s.
            Kind::LateEffect => Fault::LateEffect(self.dice.seconds(70, 600)),
            _ => return None,
        })
    }
}

/// One daemon's end of the line. Dead, it sends and stores nothing any more.
#[derive(Clone)]
pub struct Instance {
    shared: Shared,
    peers: SharedWire,
    is_dead: Arc<AtomicBool>,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Instance")
    }
}

impl Instance {
    /// It stops working at once.
    pub fn dies(&self) {
        self.is_dead.store(true, Ordering::Relaxed);
    }

    fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Relaxed)
    }

    fn die(&self, kind: Kind) {
        self.dies();
        let mut stage = self.shared.lock();
        stage.trace.met(kind);
        self.shared.tell(&mut stage, Event::Died);
    }

    /// Waits for ever: whoever sent this is dead.
    async fn never<T>(&self) -> T {
        std::future::pending().await
    }

    async fn through(&self, request: Request, fault: Option<Fault>) -> Result<Response, SendError> {
        if let Some(fault) = fault {
            // The peer takes it in the same breath.
            self.shared.faults.plan(Matcher::next(request.peer, request.call), fault);
        }
        self.peers.send(request).await
    }
}

#[async_trait]
impl Wire for Instance {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        if self.is_dead() {
            return self.never().await;
        }
        let write = request.effect == Effect::Write;
        let now = self.shared.clock.now();
        let (kind, fault, sent) = {
            let stage = &mut *self.shared.lock();
            stage.trace.requests += 1;
            stage.trace.writes += u32::from(write);
            let kind = stage.due(|place| match place {
                Place::Write => write,
                Place::Read => !write,
                Place::Any => true,
                Place::Commit => false,
            });
            if kind == Some(Kind::EditInBetween) {
                stage.trace.met(Kind::EditInBetween);
                stage.watch.edited = true;
                stage.cast.act(&mut stage.dice, &mut stage.trace);
            }
            let sent = stage.watch.sends(&request, &stage.cast, &mut stage.trace, now);
            let outage = stage.outage_of(&request, now);
            let fault = outage.or_else(|| kind.and_then(|kind| stage.fault(kind)));
            stage.trace.note(|| {
                let what = if write { told(&request) } else { String::new() };
                format!("  {} {} {what} {}", request.peer, request.call, if write { "<<" } else { "" })
            });
            if let (Some(kind), Some(_), None) = (kind, fault, outage) {
                stage.trace.met(kind);
            }
            (kind, fault, sent)
        };
        match kind {
            Some(Kind::CrashBeforeSend) => {
                self.shared.lock().watch.uncertain(sent);
                self.die(Kind::CrashBeforeSend);
                return self.never().await;
            }
            Some(Kind::CrashAfterSend) => {
                let _ = self.through(request, None).await;
                self.shared.lock().watch.uncertain(sent);
                self.die(Kind::CrashAfterSend);
                return self.never().await;
            }
            Some(Kind::TakeOver) => {
                {
                    let mut stage = self.shared.lock();
                    stage.watch.uncertain(sent.clone());
                    stage.trace.met(Kind::TakeOver);
                    self.shared.tell(&mut stage, Event::Hangs);
                }
                self.shared.go_on.notified().await;
                return self.through(request, None).await;
            }
            Some(Kind::FaultInside200) => {
                self.shared.lock().trace.met(Kind::FaultInside200);
                return Ok(fault_inside_200(request.peer));
            }
            Some(Kind::RepeatedAnswer) if !write => return self.repeat(request).await,
            _ => {}
        }
        if let Some(answer) = self.repeated(&request) {
            return Ok(answer.response());
        }
        let answer = self.through(request, fault).await;
        let lost = match (&answer, fault) {
            (Err(SendError::NotSent(_)), _) | (Ok(_), None | Some(Fault::SlowAnswer(_) | Fault::Html403)) => false,
            (Err(SendError::Unknown(_)), _) | (Ok(_), Some(_)) => true,
        };
        if lost {
            self.shared.lock().watch.uncertain(sent);
        }
        answer
    }
}

impl Instance {
    /// Passes a read and keeps its answer for the next one alike.
    async fn repeat(&self, request: Request) -> Result<Response, SendError> {
        let key = asked(&request);
        let answer = Answer::whole(self.peers.send(request).await?).await?;
        self.shared.lock().repeated = Some((key, answer.clone()));
        Ok(answer.response())
    }

    /// The answer of the last time, where it is to come once more.
    fn repeated(&self, request: &Request) -> Option<Answer> {
        let stage = &mut *self.shared.lock();
        let is_asked_again = |(key, _): &mut (String, Answer)| request.effect == Effect::Read && *key == asked(request);
        let (_, answer) = stage.repeated.take_if(is_asked_again)?;
        stage.trace.met(Kind::RepeatedAnswer);
        Some(answer)
    }
}

impl CommitFaults for Instance {
    fn at_commit(&self) -> CommitFault {
        if self.is_dead() {
            return CommitFault::Refuse;
        }
        let kind = self.shared.lock().due(|place| place == Place::Commit);
        let Some(kind) = kind else { return CommitFault::None };
        match kind {
            Kind::CrashBeforeCommit => {
                self.die(kind);
                CommitFault::FailBefore
            }
            Kind::CrashAfterCommit => {
                self.die(kind);
                CommitFault::LoseAnswer
            }
            _ => {
                self.shared.lock().trace.met(kind);
                match kind {
                    Kind::DiskFull => CommitFault::Refuse,
                    Kind::DatabaseBusy => CommitFault::FailBefore,
                    _ => CommitFault::LoseAnswer,
                }
            }
        }
    }
}

/// HTTP 200 that says no: nothing has happened at the peer.
fn fault_inside_200(peer: Peer) -> Response {
    match peer {
        Peer::Pixi => Response::new(
            StatusCode::OK,
            "text/xml; charset=utf-8",
            "<?xml version=\"1.0\"?><SOAP-ENV:Envelope xmlns:SOAP-ENV=\"http://schemas.xmlsoap.org/soap/envelope/\">\
             <SOAP-ENV:Body><SOAP-ENV:Fault><faultcode>SOAP-ENV:Server</faultcode><faultstring>There was an error in \
             the incoming SOAP request packet</faultstring></SOAP-ENV:Fault></SOAP-ENV:Body></SOAP-ENV:Envelope>",
        ),
        Peer::Unzer => Response::new(
            StatusCode::OK,
            "application/json",
            "{\"isSuccess\":false,\"isPending\":false,\"isResumed\":false,\"isError\":true,\
             \"errors\":[{\"code\":\"API.000.000.999\",\"merchantMessage\":\"internal\"}]}",
        ),
    }
}

/// Kinds that wait on the line or in the store, with where, and their weight.
pub const ARMABLE: &[(usize, (Kind, Place))] = &[
    (3, (Kind::NoConnection, Place::Any)),
    (4, (Kind::RequestLost, Place::Write)),
    (6, (Kind::AnswerLost, Place::Write)),
    (3, (Kind::AnswerLost, Place::Read)),
    (2, (Kind::Silence, Place::Write)),
    (3, (Kind::SilenceAfterEffect, Place::Write)),
    (2, (Kind::Unavailable, Place::Any)),
    (4, (Kind::ErrorAfterEffect, Place::Write)),
    (3, (Kind::Garbage, Place::Write)),
    (2, (Kind::Garbage, Place::Read)),
    (3, (Kind::Truncated, Place::Write)),
    (4, (Kind::Truncated, Place::Read)),
    (2, (Kind::Gateway, Place::Any)),
    (2, (Kind::SlowDrip, Place::Any)),
    (3, (Kind::LateAnswer, Place::Any)),
    (5, (Kind::LateEffect, Place::Write)),
    (3, (Kind::FaultInside200, Place::Any)),
    (3, (Kind::RepeatedAnswer, Place::Read)),
    (4, (Kind::EditInBetween, Place::Any)),
    (5, (Kind::CrashBeforeSend, Place::Write)),
    (6, (Kind::CrashAfterSend, Place::Write)),
    (1, (Kind::CrashAfterSend, Place::Read)),
    (5, (Kind::CrashBeforeCommit, Place::Commit)),
    (6, (Kind::CrashAfterCommit, Place::Commit)),
    (3, (Kind::DiskFull, Place::Commit)),
    (4, (Kind::DatabaseBusy, Place::Commit)),
    (4, (Kind::CommitAnswerLost, Place::Commit)),
    (4, (Kind::TakeOver, Place::Write)),
];

/// Draws a fault that waits.
pub fn arm(dice: &mut Dice) -> Armed {
    let (kind, place) = dice.weighted(ARMABLE);
    let after = match place {
        Place::Write => dice.roll(5),
        Place::Read | Place::Any => dice.roll(30),
        Place::Commit => dice.roll(20),
    };
    let times = match kind {
        Kind::DiskFull => 1 + dice.roll(12),
        Kind::NoConnection | Kind::Unavailable | Kind::RequestLost => 1 + dice.roll(3),
        _ => 1,
    };
    Armed { kind, place, after, times }
}

/// Counts by kind, added up.
pub fn add(all: &mut BTreeMap<Kind, u32>, more: &BTreeMap<Kind, u32>) {
    for (kind, count) in more {
        *all.entry(*kind).or_default() += count;
    }
}
