//! The daemon: a process that holds the store, runs cycles on schedule and does what people ask for.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::TimeDelta;
use futures_util::StreamExt as _;
use futures_util::future::join_all;
use futures_util::stream::FuturesUnordered;
use tokio::sync::{Mutex, Notify, RwLockReadGuard, mpsc};

use crate::clock::{Clock, Time};
use crate::config::quiet::quiet_until;
use crate::config::{ApiName, MandantId, Settings};
use crate::journal::{ConnectionRow, Journal, JournalError, Lease, Owner};
use crate::steps::OrderId;
use crate::wire::stack::{Stack, stack};
use crate::wire::{Peer, SharedWire};

use super::brakes::Brakes;
use super::connections;
use super::cycle::{self, CycleReport, Scope};
use super::hands::{Hand, Hands, InHand, Progress};
use super::health::{self, Cycles, Health};
use super::hinted;
use super::instances::label;
use super::peers::{self, Peers};
use super::requests::Requests;
use super::schedule::{InvalidPattern, NextRun, Pattern, next_cycle};
use super::work::{Work, WorkError, Worked, Workshop};

/// Sign of life and renewal of the leases.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How often it is looked whether leases are free, where several processes share a store.
const LEASES: Duration = Duration::from_secs(2);
/// How often hints are looked for in the quiet hours.
const HINTS: Duration = Duration::from_secs(5);
/// Cycles over some of a pixi API's mandants are begun for so long after the last one over all of them has ended.
const WITHOUT_A_WHOLE_ONE: TimeDelta = TimeDelta::hours(6);
/// How often requests of people and the clock are looked at.
const TICK: Duration = Duration::from_secs(1);

/// Why the daemon cannot run.
#[derive(Debug, thiserror::Error)]
pub enum DaemonError {
    /// The store failed, or another process holds it.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The schedule's pattern.
    #[error(transparent)]
    Pattern(#[from] InvalidPattern),
}

/// Ends the daemon: no new step is begun, the one in hand is finished.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    flag: Arc<AtomicBool>,
    notify: Arc<Notify>,
}

impl Stop {
    /// Asks the daemon to end.
    pub fn now(&self) {
        self.flag.store(true, Ordering::Relaxed);
        self.notify.notify_waiters();
    }

    /// True once asked.
    pub fn is_set(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
    }

    /// Waits until `moment`, at most `at_most` (so that a jump of the clock is noticed); ends at once where asked to end.
    pub async fn wait_until(&self, clock: &Clock, moment: Time, at_most: Duration) {
        let stopped = self.notify.notified();
        if self.is_set() {
            return;
        }
        futures_util::future::select(std::pin::pin!(stopped), std::pin::pin!(clock.sleep_until(moment, at_most))).await;
    }
}

/// How the last cycle ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LastCycle {
    /// When it began.
    pub began: Time,
    /// When it ended.
    pub ended: Time,
    /// What it did.
    pub report: CycleReport,
}

/// A daemon that holds its store.
pub struct Daemon {
    shop: RwLock<Arc<Workshop>>,
    stack: Stack,
    pub(super) journal: Journal,
    pub(super) clock: Clock,
    pub(super) owner: RwLock<Owner>,
    /// pixi APIs whose leases this process holds, on a store it shares with others.
    pub(super) held: RwLock<BTreeSet<ApiName>>,
    /// This process's clock and the database's are too far apart to trust: it stands back.
    pub(super) astray: AtomicBool,
    stop: Stop,
    /// Set once this process was taken for dead: what it has in hand ends at the next step boundary.
    pub(super) replaced: RwLock<Arc<AtomicBool>>,
    pub(super) hands: Arc<Hands>,
    last_start: RwLock<Option<Time>>,
    /// When the last cycle over each pixi API was begun by schedule.
    begun: RwLock<BTreeMap<ApiName, Time>>,
    last_cycles: RwLock<BTreeMap<ApiName, LastCycle>>,
    /// The process before this one did not end by itself: what it left half done does not wait for the schedule.
    pub(super) interrupted: AtomicBool,
    started: Time,
    cycles: Cycles,
    /// Hints looked at in these quiet hours.
    looked: Mutex<hinted::Looked>,
}

/// Held by whoever works on an order.
pub(super) struct Turn<'a> {
    _work: RwLockReadGuard<'a, ()>,
    _hand: Hand,
}

/// How the schedule stands with a pixi API.
#[derive(Debug, Default)]
struct Pace {
    /// A cycle was due and none could begin.
    owed: bool,
    whole: Whole,
}

/// The last cycle over all mandants of a pixi API.
#[derive(Debug, Default)]
enum Whole {
    #[default]
    Never,
    Runs,
    Ended(Time),
}

/// The mandants of each pixi API.
fn mandants_of(settings: &Settings) -> BTreeMap<ApiName, BTreeSet<MandantId>> {
    let mut all: BTreeMap<ApiName, BTreeSet<MandantId>> =
        settings.pixi.keys().map(|api| (api.clone(), BTreeSet::new())).collect();
    for (id, mandant) in &settings.mandants {
        all.entry(mandant.pixi.clone()).or_default().insert(id.clone());
    }
    all
}

impl Daemon {
    /// Registers this process with the store and builds everything it needs. `seed` draws pauses of failing connections.
    ///
    /// # Errors
    /// [`JournalError::AlreadyRunning`] while another process runs on the store.
    pub async fn start(
        settings: Arc<Settings>,
        transport: SharedWire,
        journal: Journal,
        clock: Clock,
        seed: u64,
        stop: Stop,
    ) -> Result<Self, DaemonError> {
        Pattern::parse(&settings.schedule.cycle)?;
        let interrupted = AtomicBool::new(!journal.processes().await?.is_empty());
        let owner = journal.register_process(&label()).await?;
        let stack = stack(transport, &settings, &clock, seed);
        let started = clock.now();
        let hands = Arc::<Hands>::default();
        let workshop = Self::workshop(settings, &stack, &journal, &clock, hands.clone());
        Ok(Self {
            shop: RwLock::new(Arc::new(workshop)),
            stack,
            journal,
            clock,
            owner: RwLock::new(owner),
            held: RwLock::default(),
            astray: AtomicBool::new(false),
            stop,
            replaced: RwLock::default(),
            hands,
            last_start: RwLock::new(None),
            begun: RwLock::default(),
            last_cycles: RwLock::default(),
            interrupted,
            started,
            cycles: Cycles::default(),
            looked: Mutex::default(),
        })
    }

    fn workshop(
        settings: Arc<Settings>,
        stack: &Stack,
        journal: &Journal,
        clock: &Clock,
        hands: Arc<Hands>,
    ) -> Workshop {
        let peers = Peers::new(&settings, &stack.wire, clock);
        Workshop { settings, peers, journal: journal.clone(), clock: clock.clone(), hands }
    }

    /// What the next work is done with.
    pub fn shop(&self) -> Arc<Workshop> {
        self.shop.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// This process.
    pub fn owner(&self) -> Owner {
        *self.owner.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// True where this process does what concerns the store as a whole: of several that share a store, one.
    pub async fn acts_for_all(&self) -> bool {
        self.journal.acts_for_all(self.owner()).await.unwrap_or_else(|error| {
            tracing::error!("store: {}", error.told());
            false
        })
    }

    /// True while a pixi API is switched off.
    pub(super) fn is_off(&self, api: &ApiName) -> bool {
        self.stack.circuits.is_off(Peer::Pixi, &api.0)
    }

    /// How far the cycles over each mandant have come since the start.
    pub fn progress(&self) -> BTreeMap<MandantId, Progress> {
        self.hands.progress()
    }

    /// Layers around the transport, for states and counts.
    pub fn stack(&self) -> &Stack {
        &self.stack
    }

    /// Takes another configuration from the next cycle on. The time zone and the database stay until a restart.
    pub fn reload(&self, settings: Arc<Settings>) -> Result<(), DaemonError> {
        Pattern::parse(&settings.schedule.cycle)?;
        self.stack.apply(&settings);
        let shop = Self::workshop(settings, &self.stack, &self.journal, &self.clock, self.hands.clone());
        *self.shop.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shop);
        Ok(())
    }

    /// When the next cycle runs, and why then.
    pub fn next_run(&self) -> Option<NextRun> {
        let shop = self.shop();
        let pattern = Pattern::parse(&shop.settings.schedule.cycle).ok()?;
        let last = *self.last_start.read().unwrap_or_else(PoisonError::into_inner);
        next_cycle(&shop.settings.schedule, &pattern, shop.settings.timezone, last, self.clock.now())
    }

    /// How the last cycles of this process over each pixi API ended, taken together; none before the first.
    pub fn last_cycle(&self) -> Option<LastCycle> {
        let all = self.last_cycles.read().unwrap_or_else(PoisonError::into_inner);
        all.values().cloned().reduce(|mut sum, one| {
            (sum.began, sum.ended) = (sum.began.max(one.began), sum.ended.max(one.ended));
            sum.report.add(one.report);
            sum
        })
    }

    /// True while a cycle runs, or an order is worked on.
    pub fn is_busy(&self) -> bool {
        self.hands.are_busy()
    }

    /// End of the quiet hours, while they last.
    pub fn quiet_until(&self) -> Option<Time> {
        let shop = self.shop();
        shop.settings
            .schedule
            .quiet_hours
            .and_then(|window| quiet_until(window, shop.settings.timezone, self.clock.now()))
    }

    /// When this process took the store.
    pub fn started(&self) -> Time {
        self.started
    }

    /// The cycles since the start.
    pub fn cycles(&self) -> &Cycles {
        &self.cycles
    }

    /// How the schedule stands.
    pub fn health(&self) -> Health {
        Health {
            last: self.cycles.snapshot().values().filter_map(|cycles| cycles.ended).max(),
            next: self.next_run(),
            quiet_until: self.quiet_until(),
            busy: self.is_busy(),
            overdue_since: self.overdue_since(),
        }
    }

    /// Since when a cycle over a pixi API should have begun, where that is too long ago.
    fn overdue_since(&self) -> Option<Time> {
        let (shop, now) = (self.shop(), self.clock.now());
        let last = *self.last_start.read().unwrap_or_else(PoisonError::into_inner);
        let begun = self.begun.read().unwrap_or_else(PoisonError::into_inner);
        let since = |api| {
            let last = begun.get(api).copied().or(last);
            health::overdue_since(&shop.settings, last, self.hands.hold_some_of(api), now)
        };
        shop.settings.pixi.keys().filter_map(since).min()
    }

    /// Looks at the payments Unzer has hinted at, while pixi rests; outside the quiet hours they are part of a cycle.
    pub async fn look_at_hints(&self) -> Result<(), JournalError> {
        let mut looked = self.looked.lock().await;
        if self.quiet_until().is_none() {
            *looked = hinted::Looked::default();
            return Ok(());
        }
        if self.astray.load(Ordering::Relaxed) {
            return Ok(());
        }
        let shop = self.shop();
        for api in peers::active_apis(&shop.settings) {
            // Mostly there is none, and then nothing is written.
            let hints = hinted::fresh(&shop, &api, &looked).await?;
            if hints.is_empty() {
                continue;
            }
            let _work = self.hands.work().await;
            if let Lease::Ours { .. } = self.journal.acquire_lease(self.owner(), &api).await? {
                let replaced = self.replaced.read().unwrap_or_else(PoisonError::into_inner).clone();
                let ends = || self.stop.is_set() || replaced.load(Ordering::Relaxed) || self.quiet_until().is_none();
                hinted::look(&shop, hints, &mut looked, ends).await?;
            }
        }
        Ok(())
    }

    /// One cycle over every active pixi API. What other cycles have in hand is waited for, at each pixi API by itself.
    pub async fn run_cycle(&self, scope: &Scope) -> Result<CycleReport, JournalError> {
        let apis: Vec<ApiName> = self.shop().settings.pixi.keys().cloned().collect();
        let mut report = CycleReport::default();
        let mut failed = None;
        for ended in join_all(apis.iter().map(|api| self.cycle_of(api, scope))).await {
            match ended {
                Ok(ended) => report.add(ended),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(report), Err)
    }

    async fn cycle_of(&self, api: &ApiName, scope: &Scope) -> Result<CycleReport, JournalError> {
        loop {
            let shop = self.shop();
            let mut mandants = mandants_of(&shop.settings).remove(api).unwrap_or_default();
            mandants.retain(|mandant| scope.covers(mandant));
            let in_hand = self.hands.take_all(api, &mandants).await;
            // Another configuration may have come meanwhile.
            if Arc::ptr_eq(&shop, &self.shop()) {
                return self.round(&shop, in_hand, scope).await;
            }
        }
    }

    /// One cycle over the mandants in hand.
    async fn round(&self, shop: &Workshop, in_hand: InHand, scope: &Scope) -> Result<CycleReport, JournalError> {
        let _work = self.hands.work().await;
        if self.stop.is_set() {
            return Ok(CycleReport { stopped: true, ..CycleReport::default() });
        }
        let (began, watch, api) = (self.clock.now(), self.clock.stopwatch(), in_hand.api().clone());
        let is_active = peers::active_apis(&shop.settings).contains(&api);
        let connections = connections::apply(&self.journal, &self.stack.circuits).await?;
        let scope = Scope { left_out: in_hand.left_out().clone(), ..scope.clone() };
        let Some(report) = self.run_api(shop, &in_hand, is_active, &scope, &connections).await? else {
            // Another process holds its lease: that one takes up what waits.
            tracing::debug!("another process works on pixi {api}: this one stands by");
            return Ok(CycleReport::default());
        };
        if scope.is_whole() && report.unreachable.is_empty() && !report.stopped {
            connections::caught_up(&self.journal, &connections, &shop.settings, &api).await?;
        }
        // How the connections are is worth no cycle: it is stored with the next one.
        let held = self.held.read().unwrap_or_else(PoisonError::into_inner).clone();
        let held = self.journal.is_shared().then_some(&held);
        if let Err(error) = connections::record(shop, &self.stack.circuits, held).await {
            tracing::warn!("connections: {}", error.told());
        }
        tracing::info!(
            pixi.api = %api,
            orders = report.orders,
            failed = report.failed,
            unreachable = report.unreachable.len(),
            duration_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX),
            "cycle over {} orders ended, {} failed",
            report.orders,
            report.failed,
        );
        let last = LastCycle { began, ended: self.clock.now(), report: report.clone() };
        self.last_cycles.write().unwrap_or_else(PoisonError::into_inner).insert(api, last);
        Ok(report)
    }

    /// Waits until nobody else has the order in hand.
    pub(super) async fn turn(&self, order: &OrderId) -> Turn<'_> {
        Turn { _work: self.hands.work().await, _hand: self.hands.take(order).await }
    }

    /// Works on one order at once.
    pub(super) async fn run_order(
        &self,
        shop: &Workshop,
        work: &Work<'_>,
        _turn: Turn<'_>,
    ) -> Result<Worked, WorkError> {
        connections::apply(&self.journal, &self.stack.circuits).await?;
        let brakes = self.brakes(shop);
        brakes.decide(&work.order().mandant);
        cycle::run_guarded(work, &brakes).await
    }

    fn brakes(&self, shop: &Workshop) -> Brakes {
        let schedule = &shop.settings.schedule;
        let replaced = self.replaced.read().unwrap_or_else(PoisonError::into_inner).clone();
        let stops = [self.stop.flag.clone(), replaced];
        Brakes::new(shop.settings.safety, shop.settings.timezone, schedule.quiet_hours, stops)
    }

    async fn run_api(
        &self,
        shop: &Workshop,
        in_hand: &InHand,
        is_active: bool,
        scope: &Scope,
        connections: &[ConnectionRow],
    ) -> Result<Option<CycleReport>, JournalError> {
        let (owner, api) = (self.owner(), in_hand.api());
        if self.astray.load(Ordering::Relaxed) {
            return Ok(None);
        }
        if let Lease::HeldBy { .. } = self.journal.acquire_lease(owner, api).await? {
            return Ok(None);
        }
        let off = connections::off_hint(connections, api, shop.settings.timezone);
        if !is_active || off.is_some() {
            cycle::run_asleep(shop, api, scope, off.as_ref()).await?;
            return Ok(Some(CycleReport::default()));
        }
        let catches_up =
            scope.is_whole() && connections::catches_up(&self.journal, connections, &shop.settings, api).await?;
        let all = Scope { all: true, catches_up: true, ..Scope::default() };
        let watch = self.clock.stopwatch();
        let ended = cycle::run(shop, owner, if catches_up { &all } else { scope }, &self.brakes(shop), in_hand).await;
        if scope.is_whole() && !ended.as_ref().is_ok_and(|report| report.stopped) {
            self.cycles.ended(api, ended.as_ref().ok(), self.clock.now(), watch.elapsed());
        }
        ended.map(Some)
    }

    /// Runs cycles on schedule and requests of people until asked to stop.
    pub async fn run(&self) -> Result<(), DaemonError> {
        // What is due is counted from the start on; a run missed before it is made up for by the first one.
        *self.last_start.write().unwrap_or_else(PoisonError::into_inner) = Some(self.clock.now());
        tokio::select! {
            biased;
            ended = self.beat() => ended?,
            ended = self.serve() => ended?,
        }
        self.journal.end_process(self.owner()).await?;
        Ok(())
    }

    /// One cycle, with the sign of life that goes with it, for a process that ends afterwards.
    pub async fn run_once(&self, scope: &Scope) -> Result<CycleReport, DaemonError> {
        self.take_leases().await?;
        let report = tokio::select! {
            biased;
            ended = self.beat() => return ended.map(|()| CycleReport::default()),
            report = self.run_cycle(scope) => report?,
        };
        self.journal.end_process(self.owner()).await?;
        // The mails it caused are still to be sent.
        self.journal.act_for_nobody();
        Ok(report)
    }

    /// Takes the requests of people that wait and answers them, for whoever drives the daemon without [`Self::run`].
    pub async fn answer_requests(&self) -> Result<(), JournalError> {
        let (cycles, mut asked) = mpsc::unbounded_channel();
        let in_hand = Requests::default();
        in_hand.serve(self, &self.journal, &cycles).await?;
        while let Ok(request) = asked.try_recv() {
            in_hand.answer(self, &self.journal, &request).await?;
        }
        Ok(())
    }

    /// Sign of life for as long as the daemon runs.
    async fn beat(&self) -> Result<(), DaemonError> {
        loop {
            self.clock.sleep(HEARTBEAT).await;
            match self.journal.heartbeat(self.owner()).await {
                // What a person has switched off or on meanwhile.
                Ok(store) => {
                    self.compare_clocks(store).await;
                    if let Err(error) = connections::apply(&self.journal, &self.stack.circuits).await {
                        tracing::error!("store: {}", error.told());
                    }
                }
                Err(JournalError::NotOwner) if self.journal.is_shared() => self.start_over().await,
                // Another process has taken over: nothing more may be sent from here.
                Err(error @ JournalError::NotOwner) => return Err(error.into()),
                Err(error) => tracing::error!("store: {}", error.told()),
            }
        }
    }

    /// Begins cycles on schedule. The pixi APIs go their own pace, and so do the mandants of each: while one is still at work
    /// (it has very many orders, or its peers are slow), the next cycle is over the others.
    async fn run_cycles(&self) {
        let mut rounds = FuturesUnordered::new();
        let mut pace: BTreeMap<ApiName, Pace> = BTreeMap::new();
        // Those whose next cycle does not wait for the schedule.
        let mut at_once: BTreeSet<ApiName> = BTreeSet::new();
        let mut patience = self.clock.now();
        while !self.stop.is_set() {
            let (shop, quiet) = (self.shop(), self.quiet_until().is_some());
            // What was missed is due now, which therefore has to be asked for last.
            let next = self.next_run().map(|next| next.at);
            let now = self.clock.now();
            let is_due = next.is_some_and(|next| next <= now);
            if is_due {
                *self.last_start.write().unwrap_or_else(PoisonError::into_inner) = Some(now);
            }
            let all = mandants_of(&shop.settings);
            // What is taken over while a cycle runs is not in it, and asks for another one.
            if self.interrupted.swap(false, Ordering::Relaxed) {
                at_once.extend(all.keys().cloned());
            }
            for (api, mandants) in all {
                let pace = pace.entry(api.clone()).or_default();
                let may_now = !quiet && now >= patience;
                let made_up = (pace.owed || at_once.contains(&api)) && may_now && !self.hands.hold_some_of(&api);
                if !is_due && !made_up {
                    continue;
                }
                let Some(in_hand) = self.begins(&api, &mandants, pace, now) else { continue };
                self.begun.write().unwrap_or_else(PoisonError::into_inner).insert(api.clone(), now);
                let (is_whole, shop) = (in_hand.is_whole(), shop.clone());
                let is_urgent = is_whole && at_once.remove(&api);
                rounds.push(Box::pin(async move {
                    let ended = self.round(&shop, in_hand, &Scope::default()).await;
                    (api, is_whole, is_urgent, ended)
                }));
            }
            let until = next.filter(|next| *next > now).unwrap_or(now + TICK);
            tokio::select! {
                biased;
                Some((api, is_whole, is_urgent, ended)) = rounds.next(), if !rounds.is_empty() => {
                    if is_whole {
                        pace.entry(api.clone()).or_default().whole = Whole::Ended(self.clock.now());
                    }
                    if let Err(error) = ended {
                        tracing::error!("cycle ended early: {}", error.told());
                        if is_urgent {
                            at_once.insert(api);
                        }
                        // The store may still be as it was when the daemon before this one ended.
                        patience = self.clock.now() + TICK;
                    }
                },
                () = self.wait_until(until) => {}
            }
        }
        while let Some((_, _, _, ended)) = rounds.next().await {
            if let Err(error) = ended {
                tracing::error!("cycle ended early: {}", error.told());
            }
        }
    }

    /// What a cycle over a pixi API that begins now is over; none where nothing is free: then it is made up for. Each mandant
    /// is in one cycle for each time of the schedule at most, so that what the brakes allow in a cycle is allowed no more
    /// often.
    fn begins(&self, api: &ApiName, mandants: &BTreeSet<MandantId>, pace: &mut Pace, now: Time) -> Option<InHand> {
        let in_hand = self.hands.take_free(api, mandants);
        if in_hand.is_whole() {
            *pace = Pace { owed: false, whole: Whole::Runs };
            return Some(in_hand);
        }
        // Only a cycle over all of them moves on the window of changed orders, and several that take turns would never let
        // it begin.
        let waits_for_whole = matches!(pace.whole, Whole::Ended(at) if now - at > WITHOUT_A_WHOLE_ONE);
        if in_hand.is_empty() || waits_for_whole {
            pace.owed = true;
            return None;
        }
        pace.owed = false;
        Some(in_hand)
    }

    /// Takes what people ask for. Cycles are run one after another, while what concerns an order is done at once.
    async fn serve_requests(&self) {
        let (cycles, mut asked) = mpsc::unbounded_channel();
        let in_hand = Requests::default();
        let takes = async {
            // Dropped in the end, which ends the other one.
            let cycles = cycles;
            while !self.stop.is_set() {
                if let Err(error) = in_hand.serve(self, &self.journal, &cycles).await {
                    tracing::error!("requests: {}", error.told());
                }
                self.tick().await;
            }
        };
        let runs = async {
            while let Some(request) = asked.recv().await {
                if let Err(error) = in_hand.answer(self, &self.journal, &request).await {
                    tracing::error!("requests: {}", error.told());
                }
            }
        };
        futures_util::future::join(Box::pin(takes), Box::pin(runs)).await;
    }

    async fn serve(&self) -> Result<(), DaemonError> {
        let cycles = Box::pin(self.run_cycles());
        let requests = Box::pin(self.serve_requests());
        let hints = Box::pin(async {
            while !self.stop.is_set() {
                if let Err(error) = self.look_at_hints().await {
                    tracing::error!("hints: {error}");
                }
                self.stop.wait_until(&self.clock, self.clock.now() + HINTS, HINTS).await;
            }
        });
        let leases = async {
            while self.journal.is_shared() && !self.stop.is_set() {
                if let Err(error) = self.take_leases().await {
                    tracing::error!("leases: {}", error.told());
                }
                self.stop.wait_until(&self.clock, self.clock.now() + LEASES, LEASES).await;
            }
        };
        futures_util::future::join4(cycles, requests, hints, leases).await;
        Ok(())
    }

    async fn tick(&self) {
        self.wait_until(self.clock.now() + TICK).await;
    }

    /// Waits, at most a tick: a jump of the clock is noticed, and a stop at once.
    async fn wait_until(&self, moment: Time) {
        self.stop.wait_until(&self.clock, moment, TICK).await;
    }
}
