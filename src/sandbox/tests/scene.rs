//! A daemon in a simulated world whose cycles a test starts one by one, and a line between them that can be listened to
//! and disturbed for one order alone.

use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use chrono::TimeDelta;

use crate::clock::Clock;
use crate::config::{self, Mode, Settings};
use crate::engine::{CycleReport, Daemon, Scope, Stop};
use crate::journal::{Journal, Options, OrderRow, StepRecord};
use crate::sandbox::faults::{Fault, Matcher};
use crate::sandbox::stage::{Sold, Stage};
use crate::sandbox::world::{MANDANT, World, start};
use crate::steps::{Kind, OrderId};
use crate::wire::{Cause, Effect, Peer, Request, Response, SendError, SharedWire, Wire};

/// What happens to a request.
pub enum Act {
    /// It passes.
    Pass,
    /// The daemon itself breaks.
    Panic,
    /// It is lost on the way.
    Lose,
    /// It passes this much later.
    Wait(Duration),
    /// It passes, and its answer is changed.
    Spoil(fn(&str) -> String),
}

type Rule = Box<dyn FnMut(&mut Request) -> Act + Send>;

/// A request that was sent.
#[derive(Debug, Clone)]
pub struct Sent {
    pub call: &'static str,
    pub write: bool,
    /// Path and body.
    text: String,
}

impl Sent {
    /// True where it is about a pixi order.
    pub fn is_about(&self, nr: i64) -> bool {
        self.text.contains(&format!(">{nr}<"))
    }
}

/// True where a request is about a pixi order.
pub fn is_about(request: &Request, nr: i64) -> bool {
    String::from_utf8_lossy(&request.body).contains(&format!(">{nr}<"))
}

/// The line between the daemon and the simulated peers.
pub struct Line {
    peers: SharedWire,
    clock: Clock,
    rule: Mutex<Rule>,
    sent: Mutex<Vec<Sent>>,
}

impl Line {
    fn new(peers: SharedWire, clock: Clock) -> Self {
        Self { peers, clock, rule: Mutex::new(Box::new(|_| Act::Pass)), sent: Mutex::default() }
    }

    /// From now on each request meets this rule.
    pub fn rule(&self, rule: impl FnMut(&mut Request) -> Act + Send + 'static) {
        *self.rule.lock().unwrap() = Box::new(rule);
    }

    /// Nothing is disturbed any more.
    pub fn clear(&self) {
        self.rule(|_| Act::Pass);
    }

    /// Takes what was sent since the last call.
    pub fn take_sent(&self) -> Vec<Sent> {
        std::mem::take(&mut *self.sent.lock().unwrap())
    }

    /// How often a call was sent since [`Self::take_sent`].
    pub fn count(&self, call: &str) -> usize {
        self.sent.lock().unwrap().iter().filter(|sent| sent.call == call).count()
    }
}

#[async_trait]
impl Wire for Line {
    async fn send(&self, mut request: Request) -> Result<Response, SendError> {
        let text = format!("{} {}", request.url.path(), String::from_utf8_lossy(&request.body));
        self.sent.lock().unwrap().push(Sent { call: request.call, write: request.effect == Effect::Write, text });
        let act = {
            let mut rule = self.rule.lock().unwrap();
            rule(&mut request)
        };
        match act {
            Act::Pass => self.peers.send(request).await,
            Act::Panic => panic!("a bad order"),
            Act::Lose => Err(SendError::Unknown(Cause::ConnectionLost)),
            Act::Wait(time) => {
                self.clock.sleep(time).await;
                self.peers.send(request).await
            }
            Act::Spoil(change) => {
                let answer = self.peers.send(request).await?;
                let (status, headers) = (answer.status, answer.headers.clone());
                let body = String::from_utf8_lossy(&answer.bytes(usize::MAX / 2).await?).into_owned();
                let body = Bytes::from(change(&body));
                Ok(Response { status, headers, body: Box::pin(futures_util::stream::iter([Ok(body)])) })
            }
        }
    }
}

/// An answer in which every cell of a column holds `value`; the column is found in any case.
pub fn with_cell(answer: &str, column: &str, value: &str) -> String {
    let lower = answer.to_ascii_lowercase();
    let (open, close) = (format!("<{}>", column.to_ascii_lowercase()), format!("</{}>", column.to_ascii_lowercase()));
    let mut changed = String::new();
    let mut at = 0;
    while let Some(found) = lower[at..].find(&open) {
        let begin = at + found + open.len();
        let Some(length) = lower[begin..].find(&close) else { break };
        changed.push_str(&answer[at..begin]);
        changed.push_str(value);
        at = begin + length;
    }
    changed + &answer[at..]
}

/// A daemon that runs a cycle when told to.
pub struct Scene {
    pub world: World,
    pub daemon: Arc<Daemon>,
    pub journal: Journal,
    pub line: Arc<Line>,
    pub stop: Stop,
    pub store: PathBuf,
    _folder: tempfile::TempDir,
}

impl Scene {
    pub async fn new() -> Self {
        Self::with(|_| {}).await
    }

    /// A paid order over 45.00 whose goods were shipped and booked and came back: what was sold, and its credit note.
    pub async fn given_back(&self, stage: &Stage) -> (Sold, String) {
        let sold = stage.charge("eps", &[45_00], 0).unwrap();
        self.minutes(3).await;
        let invoice = stage.ship_all(sold.nr).unwrap();
        self.minutes(3).await;
        stage.booked_once(&invoice, 45_00).unwrap();
        let note = stage.take_back(sold.nr, &[0]).unwrap();
        (sold, note)
    }

    /// The answer to the next capture is lost, and from then on nothing is heard of Unzer.
    pub fn silent_after_capture(&self) {
        self.world.faults.plan(Matcher::next(Peer::Unzer, "capture"), Fault::DropAfter);
        let captured = Arc::new(AtomicBool::new(false));
        self.line.rule(move |request| {
            let silent = request.peer == Peer::Unzer && captured.load(Ordering::Relaxed);
            captured.fetch_or(request.call == "capture", Ordering::Relaxed);
            if silent { Act::Lose } else { Act::Pass }
        });
    }

    /// With other settings than the sandbox's.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        Self::build(change, TimeDelta::zero()).await
    }

    /// The store's clock shows this much less than the daemon's.
    pub async fn with_store_behind(by: TimeDelta) -> Self {
        Self::build(|_| {}, by).await
    }

    async fn build(change: impl FnOnce(&mut Settings), behind: TimeDelta) -> Self {
        let clock = Clock::simulated(start(), 1);
        let world = World::new(clock.clone());
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pixi-payd.yaml");
        std::fs::write(&file, world.configuration(folder.path(), "http://127.0.0.1:9")).unwrap();
        let mut settings = config::load(&file).unwrap_or_else(|findings| panic!("{findings}")).settings;
        change(&mut settings);
        let store = folder.path().join("pixi-payd.db");
        let store_clock = Clock::simulated(start() - behind, 1);
        let journal = Journal::open(Options::new(&store, store_clock).simulated(7)).await.unwrap();
        let line = Arc::new(Line::new(world.wire(), clock.clone()));
        let stop = Stop::default();
        let daemon = Daemon::start(Arc::new(settings), line.clone(), journal.clone(), clock, 7, stop.clone());
        let daemon = Arc::new(daemon.await.unwrap());
        Self { world, daemon, journal, line, stop, store, _folder: folder }
    }

    /// A stage for expert orders in euros, its number of the shop made from `number`.
    pub fn stage(&self, number: usize) -> Stage {
        Stage::new(&self.world, Mode::Expert, number)
    }

    /// One cycle.
    pub async fn cycle(&self) -> CycleReport {
        self.daemon.run_cycle(&Scope::default()).await.unwrap()
    }

    /// A cycle each minute.
    pub async fn minutes(&self, minutes: u32) {
        for _ in 0..minutes {
            self.cycle().await;
            self.world.clock.sleep(Duration::from_mins(1)).await;
        }
    }

    /// A cycle each hour.
    pub async fn hours(&self, hours: u32) {
        for _ in 0..hours {
            self.cycle().await;
            self.world.clock.sleep(Duration::from_hours(1)).await;
        }
    }

    /// The order's identity.
    pub fn id(nr: i64) -> OrderId {
        OrderId { api: "sandbox".into(), mandant: MANDANT.into(), nr }
    }

    /// The order as the store has it.
    pub async fn row(&self, nr: i64) -> OrderRow {
        self.journal.load_order(&Self::id(nr)).await.unwrap().unwrap()
    }

    /// Digits of the order's mark.
    pub async fn mark(&self, nr: i64) -> Option<u16> {
        self.row(nr).await.mark.map(|mark| mark.number.digits())
    }

    /// Steps of a kind, oldest first.
    pub async fn steps(&self, nr: i64, kind: Kind) -> Vec<StepRecord> {
        let all = self.journal.steps_of(&Self::id(nr)).await.unwrap();
        all.into_iter().filter(|step| step.effect.kind() == kind).collect()
    }
}
