//! The line between a daemon and its peers, and the commits of its store: everything is recorded, one thing goes wrong.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use http::StatusCode;
use tokio::sync::Notify;

use crate::cases::{At, Case, Fault, Moment};
use crate::wire::{Answer, asked, told};
use pixi_payd::clock::Clock;
use pixi_payd::journal::{CommitFault, CommitFaults};
use pixi_payd::sandbox::World;
use pixi_payd::sandbox::faults::{self, Faults, Matcher};
use pixi_payd::wire::{Cause, Effect, Peer, Request, Response, SendError, SharedWire, Wire};

/// What kind of step it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    Write,
    Read,
    Commit,
}

/// One step of a recorded run.
#[derive(Debug, Clone, Copy)]
pub struct Event {
    pub what: What,
    /// The call; empty for a commit.
    pub call: &'static str,
    /// The cycle it is part of; 0 before the first.
    pub cycle: usize,
    /// A read alike was answered before.
    pub asked_before: bool,
}

/// A request that was given up and has not arrived yet.
struct Limbo {
    request: Request,
    moment: Moment,
}

/// What is shared by all daemons of a run.
pub struct Stage {
    /// What happened so far.
    pub events: Vec<Event>,
    /// Lines for a reader; none where nobody reads.
    pub trace: Option<Vec<String>>,
    /// The cycle that runs.
    pub cycle: usize,
    /// The fault has happened.
    pub is_met: bool,
    /// All is played; what is asked now is no part of it.
    pub is_over: bool,
    planned: Option<Case>,
    counts: [usize; 3],
    limbo: Option<Limbo>,
    /// The last answer to each read, where answers are to be repeated.
    known: BTreeMap<String, Answer>,
    /// Answers that are given once more.
    stale: BTreeMap<String, Answer>,
}

/// The shared part; cheap to clone.
#[derive(Clone)]
pub struct Line {
    stage: Arc<Mutex<Stage>>,
    peers: SharedWire,
    faults: Faults,
    clock: Clock,
}

impl Line {
    pub fn new(world: &World, planned: Option<Case>, kept: bool) -> Self {
        let stage = Stage {
            events: Vec::new(),
            trace: kept.then(Vec::new),
            cycle: 0,
            is_met: false,
            is_over: false,
            planned,
            counts: [0; 3],
            limbo: None,
            known: BTreeMap::new(),
            stale: BTreeMap::new(),
        };
        let (faults, clock) = (world.faults.clone(), world.clock.clone());
        Self { stage: Arc::new(Mutex::new(stage)), peers: world.wire(), faults, clock }
    }

    pub fn lock(&self) -> MutexGuard<'_, Stage> {
        self.stage.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a line for a reader.
    pub fn note(&self, text: impl FnOnce() -> String) {
        let now = self.clock.now();
        if let Some(trace) = &mut self.lock().trace {
            trace.push(format!("{} {}", now.format("%d %H:%M:%S"), text()));
        }
    }

    /// A daemon's end of the line.
    pub fn instance(&self) -> Instance {
        Instance { line: self.clone(), is_dead: Arc::default(), died: Arc::default() }
    }

    /// The moment a given-up request still waits for.
    pub fn waits_for(&self) -> Option<Moment> {
        self.lock().limbo.as_ref().map(|limbo| limbo.moment)
    }

    /// The given-up request arrives, and nobody hears the answer.
    pub async fn arrives(&self) {
        let Some(limbo) = self.lock().limbo.take() else { return };
        self.note(|| format!("  late: {} takes effect", limbo.request.call));
        let _ = self.peers.send(limbo.request).await;
    }
}

impl Stage {
    fn count(&mut self, what: What, call: &'static str, asked_before: bool) -> usize {
        let at = match what {
            What::Write => 0,
            What::Read => 1,
            What::Commit => 2,
        };
        self.counts[at] += 1;
        self.events.push(Event { what, call, cycle: self.cycle, asked_before });
        self.counts[at] - 1
    }

    /// The fault planned for this step.
    fn due(&mut self, at: At) -> Option<(Moment, Fault)> {
        let case = self.planned.filter(|case| case.at == at)?;
        self.is_met = true;
        Some((case.moment, case.fault))
    }

    fn repeats(&self) -> bool {
        self.planned.is_none_or(|case| case.fault == Fault::Repeated)
    }
}

/// One daemon's end of the line. Dead, it sends and stores nothing any more.
#[derive(Clone)]
pub struct Instance {
    line: Line,
    is_dead: Arc<AtomicBool>,
    died: Arc<Notify>,
}

impl std::fmt::Debug for Instance {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Instance")
    }
}

impl Instance {
    /// Waits for the daemon's death.
    pub async fn died(&self) {
        if !self.is_dead() {
            self.died.notified().await;
        }
    }

    /// It was killed.
    pub fn is_dead(&self) -> bool {
        self.is_dead.load(Ordering::Relaxed)
    }

    /// It is killed.
    pub fn dies(&self) {
        self.is_dead.store(true, Ordering::Relaxed);
        self.died.notify_one();
    }

    /// Passes a request to the simulated peer, which plays `fault`.
    async fn through(&self, request: Request, fault: faults::Fault) -> Result<Response, SendError> {
        self.line.faults.plan(Matcher::next(request.peer, request.call), fault);
        self.line.peers.send(request).await
    }

    async fn never<T>(&self) -> T {
        std::future::pending().await
    }

    async fn write(&self, request: Request, due: Option<(Moment, Fault)>) -> Result<Response, SendError> {
        let Some((moment, fault)) = due else {
            return self.line.peers.send(request).await;
        };
        self.line.note(|| format!("!! {} {}", moment.name(), fault.name()));
        match moment {
            Moment::BeforeSend => self.before_send(request, fault).await,
            Moment::BeforeAnswer => self.before_answer(request, fault).await,
            Moment::BeforeCommit => {
                self.forget_changes();
                self.line.peers.send(request).await
            }
            Moment::AfterGivingUp | Moment::AfterFirstLook | Moment::JustInTime => {
                self.late(request, moment, fault).await
            }
        }
    }

    async fn before_send(&self, request: Request, fault: Fault) -> Result<Response, SendError> {
        match fault {
            Fault::Crash => {
                self.dies();
                self.never().await
            }
            Fault::NoConnection => self.through(request, faults::Fault::NoConnection).await,
            Fault::ConnectionLost => self.through(request, faults::Fault::DropBefore).await,
            Fault::TimeOut => self.through(request, faults::Fault::Hang).await,
            Fault::ServerError => self.through(request, faults::Fault::Status(503)).await,
            fault => panic!("{} before sending", fault.name()),
        }
    }

    async fn before_answer(&self, request: Request, fault: Fault) -> Result<Response, SendError> {
        match fault {
            Fault::Crash => {
                let _ = self.line.peers.send(request).await;
                self.dies();
                self.never().await
            }
            Fault::ConnectionLost => self.through(request, faults::Fault::DropAfter).await,
            Fault::TimeOut => self.through(request, faults::Fault::HangAfter).await,
            Fault::SlowDrip => self.through(request, faults::Fault::SlowDrip).await,
            Fault::ServerError => self.through(request, faults::Fault::StatusAfterEffect(500)).await,
            Fault::Garbage => self.through(request, faults::Fault::Garbage).await,
            Fault::Truncated => self.through(request, faults::Fault::TruncatedBody).await,
            Fault::Repeated => {
                self.forget_changes();
                self.through(request, faults::Fault::DropAfter).await
            }
            Fault::NoConnection => panic!("no connection, and an effect"),
        }
    }

    /// The request takes effect later; `limbo` holds it until then.
    async fn late(&self, request: Request, moment: Moment, fault: Fault) -> Result<Response, SendError> {
        let patience = request.deadlines.total.min(request.deadlines.idle);
        if fault == Fault::Repeated {
            self.forget_changes();
        }
        self.line.lock().limbo = Some(Limbo { request, moment });
        match fault {
            Fault::Crash => {
                self.dies();
                self.never().await
            }
            Fault::ConnectionLost | Fault::Repeated => Err(SendError::Unknown(Cause::ConnectionLost)),
            Fault::ServerError => {
                Ok(Response::new(StatusCode::GATEWAY_TIMEOUT, "text/plain", Bytes::from_static(b"gateway time-out")))
            }
            Fault::TimeOut => {
                self.line.clock.sleep(patience).await;
                Err(SendError::Unknown(Cause::TimeOut))
            }
            fault => panic!("{} and a late effect", fault.name()),
        }
    }

    /// From now on each read is answered once more as it was.
    fn forget_changes(&self) {
        let stage = &mut *self.line.lock();
        stage.stale = stage.known.clone();
    }

    async fn read(&self, request: Request, due: Option<(Moment, Fault)>) -> Result<Response, SendError> {
        if let Some((_, fault)) = due {
            self.line.note(|| format!("!! {}", fault.name()));
            match fault {
                Fault::Crash => {
                    self.dies();
                    return self.never().await;
                }
                Fault::ConnectionLost => return self.through(request, faults::Fault::DropBefore).await,
                Fault::TimeOut => return self.through(request, faults::Fault::Hang).await,
                Fault::ServerError => return self.through(request, faults::Fault::Status(503)).await,
                Fault::Truncated => return self.through(request, faults::Fault::TruncatedBody).await,
                Fault::Repeated => {
                    let stage = &mut *self.line.lock();
                    let key = asked(&request);
                    if let Some(answer) = stage.known.get(&key).cloned() {
                        stage.stale.insert(key, answer);
                    }
                }
                fault => panic!("{} at a read", fault.name()),
            }
        }
        if !self.line.lock().repeats() {
            return self.line.peers.send(request).await;
        }
        let key = asked(&request);
        let stale = {
            let stage = &mut *self.line.lock();
            // Only answers to what was asked before the fault are old.
            stage.stale.remove(&key).filter(|_| stage.is_met)
        };
        if let Some(answer) = stale {
            self.line.note(|| format!("  repeated: {}", request.call));
            return Ok(answer.response());
        }
        let answer = Answer::whole(self.line.peers.send(request).await?).await?;
        self.line.lock().known.insert(key, answer.clone());
        Ok(answer.response())
    }
}

#[async_trait]
impl Wire for Instance {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        if self.is_dead() {
            return self.never().await;
        }
        if self.line.waits_for() == Some(Moment::AfterGivingUp) {
            self.line.arrives().await;
        }
        let is_write = request.effect == Effect::Write;
        let due = {
            let stage = &mut *self.line.lock();
            let what = if is_write { What::Write } else { What::Read };
            // Recorded alone: what is disturbed is known from the run without faults.
            let asked_before = stage.planned.is_none() && !is_write && stage.known.contains_key(&asked(&request));
            let nth = stage.count(what, request.call, asked_before);
            stage.due(if is_write { At::Write(nth) } else { At::Read(nth) })
        };
        self.line.note(|| {
            let what = match (is_write, request.peer) {
                (true, _) => format!("<< {}", told(&request)),
                (false, Peer::Unzer) => request.url.path().to_owned(),
                (false, Peer::Pixi) => String::new(),
            };
            format!("  {} {} {what}", request.peer, request.call)
        });
        if is_write { self.write(request, due).await } else { self.read(request, due).await }
    }
}

impl CommitFaults for Instance {
    fn at_commit(&self) -> CommitFault {
        if self.is_dead() {
            return CommitFault::Refuse;
        }
        let due = {
            let stage = &mut *self.line.lock();
            if stage.is_over {
                return CommitFault::None;
            }
            let nth = stage.count(What::Commit, "", false);
            stage.due(At::Commit(nth))
        };
        let Some((moment, fault)) = due else { return CommitFault::None };
        self.line.note(|| format!("!! commit {} {}", moment.name(), fault.name()));
        if fault == Fault::Crash {
            self.dies();
        }
        if moment == Moment::BeforeSend { CommitFault::FailBefore } else { CommitFault::LoseAnswer }
    }
}
