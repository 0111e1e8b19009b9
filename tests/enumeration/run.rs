//! One run of a flow: a world, a store, daemons that come and go, and at most one fault.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;

use crate::books::Books;
use crate::cases::{Case, Fault, Moment, person_may_be_asked};
use crate::comments::{ASKED, Struck};
use crate::flows::{Flow, Installed};
use crate::house::{self, alive, rows_of, steps_of, unproven};
use crate::line::{Event, Instance, Line};
use crate::store::Store;
use pixi_payd::clock::Clock;
use pixi_payd::config::{self, Settings};
use pixi_payd::engine::{Scope, asks_person};
use pixi_payd::journal::{Decision, JournalError, StepRecord};
use pixi_payd::sandbox::World;
use pixi_payd::sandbox::world::START;
use pixi_payd::steps::{Effect, Kind, Outcome};
use pixi_payd::text::Number;

/// Shortest time between two cycles.
const GLANCE: Duration = Duration::from_secs(30);
/// Time to the next cycle while nothing changes.
const IDLE: [u64; 2] = [60, 900];
/// A daemon that was killed is started again after this time.
const RESTART: Duration = Duration::from_secs(20);
/// Minutes before each cycle of the rest: after the restart, once every look is over, the day after.
const REST: [u64; 3] = [1, 20, 1500];
/// More cycles where something is still open.
const MORE: usize = 12;

/// How a run ended.
pub struct Ended {
    /// What it did.
    pub events: Vec<Event>,
    /// Kinds of the steps the store knows, in order.
    pub kinds: Vec<Kind>,
    /// The peers' books at rest.
    pub books: Books,
    /// The planned fault has happened.
    pub is_met: bool,
    /// Steps a person decided.
    pub asked: Vec<Kind>,
    /// What must not be.
    pub wrong: Vec<String>,
    /// Lines for a reader.
    pub trace: Vec<String>,
}

/// Plays a flow with a fault, or without one. `kept`: lines are kept for a reader.
pub fn run(flow: &Flow, case: Option<Case>, kept: bool) -> Ended {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let clock = Clock::simulated(START.parse().unwrap(), 1);
        let world = World::new(clock.clone());
        for call in flow.installed.lacks() {
            world.pixi.uninstall(call);
        }
        if flow.installed == Installed::ReleaseByLines {
            world.pixi.change_quirks(|quirks| quirks.behaviour.authorization_releases = false);
        }
        let line = Line::new(&world, case, kept);
        let told = flow.story.play(&world, flow.told, Arc::default());
        let mut run = Run {
            flow,
            settings: settings(&world, flow),
            store: Store::new(),
            clock,
            world: world.clone(),
            line,
            house: None,
            begun: 0,
            asked: Vec::new(),
            astray: None,
            wrong: Vec::new(),
        };
        let over = RefCell::new(None);
        let tell = async {
            let ended = told.await;
            *over.borrow_mut() = Some(ended);
        };
        futures_util::future::join(tell, run.drive(&over)).await;
        run.astray = over.into_inner().and_then(Result::err).map(|astray| astray.0);
        run.rest().await
    })
}

/// The configuration of a flow: the sandbox's, with everything switched on that makes steps, and with the flow's own
/// payment type alone: the others would be asked for in each cycle and have no order.
fn settings(world: &World, flow: &Flow) -> Arc<Settings> {
    static READ: Mutex<BTreeMap<String, Arc<Settings>>> = Mutex::new(BTreeMap::new());
    let (seller, mode) = (flow.story.seller, flow.story.mode);
    let code = seller.payment_type(mode);
    let mut read = READ.lock().unwrap();
    let settings = read.entry(code.to_owned()).or_insert_with(|| {
        let folder = tempfile::tempdir().unwrap();
        let text = world.configuration(folder.path(), "http://127.0.0.1:9");
        let defaults = "defaults: {rounding_tolerance: 2";
        let all = format!("{defaults}, report_failed_capture: true");
        let text = text.replace(defaults, &all);
        // One mandant locks customers and has bank data in comments, the other has them on the address.
        let at = text.rfind(&all).unwrap();
        let (first, second) = text.split_at(at);
        let first = first.replace(&all, &format!("{all}, lock_customer_on_chargeback: true"));
        let text = format!("{first}{}", second.replace(&all, &format!("{all}, write_bank_data: address")));
        let file = folder.path().join("pixi-payd.yaml");
        std::fs::write(&file, text).unwrap();
        let mut settings = config::load(&file).unwrap_or_else(|findings| panic!("{findings}")).settings;
        for (name, mandant) in &mut settings.mandants {
            for (known, payment_type) in &mut mandant.payment_types {
                payment_type.active = name.0 == seller.shop() && known.0 == code;
            }
        }
        Arc::new(settings)
    });
    settings.clone()
}

type House = house::House<Instance>;

struct Run<'a> {
    flow: &'a Flow,
    settings: Arc<Settings>,
    store: Store,
    clock: Clock,
    world: World,
    line: Line,
    house: Option<House>,
    begun: u64,
    asked: Vec<Kind>,
    /// Why the story went astray.
    astray: Option<String>,
    wrong: Vec<String>,
}

/// What the world looks like, to see that something has changed.
type Look = (Vec<pixi_payd::sandbox::pixi::SimOrder>, Vec<pixi_payd::sandbox::unzer::Ledger>, usize);

impl Run<'_> {
    /// Runs cycles until the story is over: soon after something changed, else ever more seldom.
    async fn drive<T>(&mut self, over: &RefCell<Option<T>>) {
        let mut idle = 0;
        self.cycle().await;
        loop {
            let seen = self.look();
            let mut waited = Duration::ZERO;
            let patience = Duration::from_secs(IDLE[idle.min(IDLE.len() - 1)]);
            let mut news = false;
            while waited < patience && !news {
                self.clock.sleep(GLANCE).await;
                waited += GLANCE;
                if over.borrow().is_some() {
                    return;
                }
                news = self.look() != seen;
            }
            let before = self.look();
            self.cycle().await;
            idle = if news || self.look() != before { 0 } else { idle + 1 };
        }
    }

    fn look(&self) -> Look {
        let documents = self.world.pixi.bookings().len();
        (self.world.pixi.orders(), self.world.unzer.all_ledgers(), documents)
    }

    /// Nothing goes wrong any more; after a restart the daemon gets the time it needs, and then all must be right.
    async fn rest(mut self) -> Ended {
        self.house = None;
        self.line.note(|| "rest".to_owned());
        for minutes in REST {
            self.clock.sleep(Duration::from_secs(minutes * 60)).await;
            self.cycle().await;
        }
        for _ in 0..MORE {
            if self.open_steps().await.is_empty() && self.line.waits_for().is_none() {
                break;
            }
            self.clock.sleep(Duration::from_mins(30)).await;
            self.cycle().await;
        }
        if !self.open().await {
            self.wrong.push("the daemon does not begin".to_owned());
        }
        self.line.lock().is_over = true;
        let (mut rows, mut kinds) = (Vec::new(), Vec::new());
        if let Some(house) = &self.house {
            rows = rows_of(&house.journal).await;
            let steps = self.steps().await;
            kinds = steps.iter().map(|step| step.effect.kind()).collect();
            self.wrong.extend(self.astray.as_deref().and_then(|astray| gone_astray(astray, &steps)));
            self.wrong.extend(self.open_steps().await.iter().map(|step| format!("{} is still open", step.key)));
            self.wrong.extend(unproven(&house.journal).await);
            house.instance.dies();
        }
        if self.line.waits_for().is_some() {
            self.wrong.push("the late request never took effect".to_owned());
        }
        for row in &rows {
            self.line.note(|| format!("at rest: {} {} {}", row.payment_status, row.transfer_status, row.reason));
        }
        let books = Books::of(&self.world, &rows);
        let stage = &mut *self.line.lock();
        Ended {
            events: std::mem::take(&mut stage.events),
            kinds,
            books,
            is_met: stage.is_met,
            asked: self.asked,
            wrong: self.wrong,
            trace: stage.trace.take().unwrap_or_default(),
        }
    }

    /// A daemon is there, unless its store fails at its start.
    async fn open(&mut self) -> bool {
        if self.house.is_none() {
            self.house = self.begin().await.ok();
        }
        self.house.is_some()
    }

    async fn begin(&mut self) -> Result<House, String> {
        self.begun += 1;
        let instance = self.line.instance();
        let seeds = (self.begun, self.begun);
        let house = House::begin(&self.store, &self.clock, self.settings.clone(), instance, seeds).await?;
        self.line.note(|| "daemon begins".to_owned());
        Ok(house)
    }

    /// One cycle, with what comes late before it and what people decide after it.
    async fn cycle(&mut self) {
        if !self.open().await {
            return;
        }
        self.late().await;
        let Some(house) = &self.house else { return };
        self.line.lock().cycle += 1;
        self.line.note(|| "cycle".to_owned());
        let daemon = house.daemon.clone();
        let running = async move { daemon.run_cycle(&Scope::default()).await.map(|_| ()) };
        let died = self.until_it_ends(Box::pin(running)).await;
        if died {
            self.line.note(|| "killed".to_owned());
            self.house = None;
            self.clock.sleep(RESTART).await;
        } else if self.line.lock().is_met {
            self.person().await;
        }
    }

    /// True where the daemon was killed.
    async fn until_it_ends(&self, mut running: Pin<Box<dyn Future<Output = Result<(), JournalError>> + '_>>) -> bool {
        let Some(house) = &self.house else { return false };
        tokio::select! {
            biased;
            () = house.instance.died() => true,
            () = alive(house.journal.clone(), self.clock.clone(), house.daemon.owner()) => true,
            ended = &mut running => {
                if let Err(error) = ended {
                    self.line.note(|| format!("cycle ended early: {error}"));
                }
                house.instance.is_dead()
            }
        }
    }

    /// A request that takes effect after the first look, or right before it would count as absent, arrives.
    async fn late(&mut self) {
        let moment = self.line.waits_for();
        let Some(moment) = moment.filter(|moment| *moment != Moment::AfterGivingUp) else { return };
        let open = self.open_steps().await;
        let Some(step) = open.first() else { return self.line.arrives().await };
        match moment {
            Moment::AfterFirstLook if step.looks > 0 => self.line.arrives().await,
            Moment::JustInTime => {
                let wait = if step.effect.kind().is_pixi() {
                    TimeDelta::minutes(10)
                } else {
                    TimeDelta::from_std(self.settings.safety.absent_after).unwrap()
                };
                let last = step.deadline + wait - TimeDelta::seconds(1);
                // The daemon looks once more before: the moment is right before the look that could prove it absent.
                if last - self.clock.now() <= TimeDelta::seconds(310) && step.looks > 0 {
                    self.clock.sleep((last - self.clock.now()).to_std().unwrap_or_default()).await;
                    self.line.arrives().await;
                    self.clock.sleep(Duration::from_secs(1)).await;
                }
            }
            _ => {}
        }
    }

    async fn steps(&self) -> Vec<StepRecord> {
        let Some(house) = &self.house else { return Vec::new() };
        steps_of(&house.journal, &rows_of(&house.journal).await).await
    }

    async fn open_steps(&self) -> Vec<StepRecord> {
        self.steps().await.into_iter().filter(|step| step.state.is_open()).collect()
    }

    /// A person who is asked looks at the books of both peers and says how it ended.
    async fn person(&mut self) {
        let Some(house) = &self.house else { return };
        let journal = house.journal.clone();
        for row in rows_of(&journal).await {
            let number = row.mark.as_ref().map(|mark| mark.number);
            if number == Some(Number::LockPerhapsOurs) && self.line.waits_for().is_none() {
                self.line.note(|| "a person lifts the lock".to_owned());
                self.world.pixi.unlock_order(row.order.nr).unwrap();
                journal.wake_order(&row.order).await.unwrap();
                continue;
            }
            if number != Some(Number::OutcomeUnknown) {
                continue;
            }
            for step in journal.steps_of(&row.order).await.unwrap() {
                let asks = asks_person(&step);
                // A person looks once nothing can be under way any more.
                let early = self.clock.now() < step.intended_at + TimeDelta::minutes(15);
                if !asks || early || self.line.waits_for().is_some() {
                    continue;
                }
                let kind = step.effect.kind();
                if !person_may_be_asked(self.flow, kind) {
                    self.wrong.push(format!("a person is asked about {}", step.key));
                }
                let decision = if self.has_happened(&step) { Decision::Done } else { Decision::NotDone };
                self.line.note(|| format!("a person says that {} is {decision:?}", step.key));
                self.asked.push(kind);
                journal.decide(step.id, decision, "anna", "looked").await.unwrap();
                journal.wake_order(&row.order).await.unwrap();
            }
        }
    }

    fn has_happened(&self, step: &StepRecord) -> bool {
        match &step.effect {
            Effect::BookInvoice { invoice: document, .. } | Effect::BookReturn { credit_note: document, .. } => {
                !self.world.pixi.bookings_for(document).is_empty()
            }
            _ => false,
        }
    }
}

/// A comment is written at most once: a story may wait in vain for one whose answer was lost, and for nothing else.
fn gone_astray(astray: &str, steps: &[StepRecord]) -> Option<String> {
    let is_lost = |step: &StepRecord| match &step.outcome {
        Some(Outcome::Done(evidence)) => evidence.note.as_deref() == Some("maybe written"),
        Some(Outcome::Refused(_)) => true,
        _ => false,
    };
    let lost = steps.iter().any(|step| step.effect.kind() == Kind::Comment && is_lost(step));
    (!lost || !astray.contains("until a comment says")).then(|| format!("the story went astray: {astray}"))
}

impl Ended {
    /// What is wrong with it, beside the same flow without a fault.
    pub fn wrong(&self, flow: &Flow, case: Option<Case>, faultless: &Ended) -> Vec<String> {
        let mut wrong = self.wrong.clone();
        if case.is_some() && !self.is_met {
            wrong.push("the fault never happened".to_owned());
        }
        let struck = case.map(|case| Struck::of(case, &faultless.events, &faultless.kinds, flow.story.name));
        wrong.extend(self.books.differ(&faultless.books, struck.as_ref()));
        let told = self.books.commented(ASKED);
        let asked = usize::from(!self.asked.is_empty());
        // What was asked may answer itself: a later look finds what an old answer hid (decision 0018).
        let found_later = case.is_some_and(|case| case.fault == Fault::Repeated) && asked == 0 && told == 1;
        if told != asked && !found_later || flow.installed != Installed::NoReadBack && told > 0 {
            wrong.push(format!("{ASKED} was told {told} times, a person was asked about {:?}", self.asked));
        }
        wrong
    }
}
