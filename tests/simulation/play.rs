//! One play: from one seed, orders of all kinds over thirty days, a daemon, and everything that can go wrong.

use std::fmt::Write as _;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use chrono::{NaiveTime, TimeDelta};

use crate::books;
use crate::cast::{CODES, Cast, MANDANTS, Sold};
use crate::dice::Dice;
use crate::house::{self, alive, rows_of, steps_of, unproven};
use crate::kind::Kind;
use crate::line::{Armed, Event, Instance, Place, Shared, arm};
use crate::store::Store;
use crate::trace::Trace;
use pixi_payd::clock::{Clock, Time};
use pixi_payd::config::{self, QuietHours, Settings};
use pixi_payd::engine::requests::{move_request, reauthorize_request, retry_request};
use pixi_payd::engine::{Scope, Stop, asks_person};
use pixi_payd::journal::{Decision, Journal, JournalError, LetterState, Management, Options, OrderRow};
use pixi_payd::mail::Post;
use pixi_payd::money::Currency;
use pixi_payd::policy::facts::Direction;
use pixi_payd::sandbox::World;
use pixi_payd::sandbox::mailbox::{MailFault, Mailbox};
use pixi_payd::sandbox::pixi::Shop;
use pixi_payd::steps::{Effect, OrderId};
use pixi_payd::text::Severity;

/// Length of a play.
const DAYS: i64 = 30;
/// Orders of a play, at least.
const ORDERS: usize = 5;
/// Every so many seeds one plays a long life.
const LONG_EVERY: u64 = 25;
/// Faults of a play, at least.
const FAULTS: u32 = 3;
/// Begins of plays: with the night in March, with the night in October, with neither.
const BEGINS: [&str; 3] = ["2026-03-05T08:00:00Z", "2026-10-01T07:00:00Z", "2026-06-02T07:00:00Z"];
/// The nights with another length, as UTC instants of the change.
const SPRING: &str = "2026-03-29T01:00:00Z";
const AUTUMN: &str = "2026-10-25T01:00:00Z";

/// How much happens in a play. Most lives are short, for there are to be many.
struct Length {
    /// Times at which people act.
    moments: usize,
    /// Seconds between the cycles that follow: confirmed after 5 min, refunded after 30, absent after 15.
    pauses: &'static [(i64, i64)],
    /// Minutes between the cycles once all is well.
    rest: &'static [u64],
    /// Cycles of these at least.
    least: usize,
    /// The last of them do nothing.
    quiet: usize,
    /// Mails are sent too.
    mails: bool,
}

const SHORT: Length = Length {
    moments: 2,
    pauses: &[(0, 120), (1860, 2700)],
    rest: &[35, 1620, 60, 540, 1500, 15, 1500],
    least: 1,
    quiet: 1,
    mails: false,
};
const LONG: Length = Length {
    moments: 8,
    pauses: &[(0, 120), (310, 700), (1300, 2400)],
    rest: &[6, 16, 35, 70, 70, 180, 540, 15, 60, 1500, 15, 60, 1500],
    least: 8,
    quiet: 2,
    mails: true,
};

/// How a play ended.
#[derive(Debug)]
pub struct Played {
    /// Its seed.
    pub seed: u64,
    /// What happened.
    pub trace: Trace,
}

impl Played {
    /// True where all invariants held.
    pub fn is_right(&self) -> bool {
        self.trace.wrong.is_empty()
    }
}

/// The quiet hours of a play.
pub fn quiet_hours() -> QuietHours {
    QuietHours { from: NaiveTime::MIN, until: NaiveTime::from_hms_opt(4, 0, 0).unwrap_or(NaiveTime::MIN) }
}

/// Plays a seed from begin to end. `kept`: its trace is kept.
pub fn play(seed: u64, kept: bool) -> Played {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async {
        let mut dice = Dice::new(seed);
        let begin: Time = dice.pick(&BEGINS).parse().unwrap();
        let clock = Clock::simulated(begin, 1);
        let world = World::new(clock.clone());
        world.pixi.add_shop(Shop { id: MANDANTS[1].to_owned(), name: "Zwo".to_owned(), currency: Currency::EUR });
        // Each payment type is asked for in each cycle: most shops have one.
        let one_code = !seed.is_multiple_of(4);
        let shared = Shared::new(Cast::new(world.clone(), one_code), Trace::new(clock.clone(), kept), dice.fork());
        let store = Store::new();
        if dice.chance(20) {
            let lacks = dice.pick(&["pixiCAGetInvoiceMatch", "pixiGetCustomerEvents"]);
            world.pixi.uninstall(lacks);
            shared.lock().trace.met(Kind::CallNotInstalled);
        }
        let length = if seed.is_multiple_of(LONG_EVERY) { LONG } else { SHORT };
        let play = Play {
            seed,
            settings: settings(&world, one_code),
            mailbox: Arc::new(Mailbox::new(clock.clone(), None)),
            clock,
            world,
            shared: shared.clone(),
            dice,
            store,
            length,
            house: None,
            is_locked: false,
            begun: 0,
            acted: 0,
            well_since: None,
        };
        play.run(begin).await;
        let mut stage = shared.lock();
        let empty = Trace::new(stage.cast.world.clock.clone(), false);
        Played { seed, trace: std::mem::replace(&mut stage.trace, empty) }
    })
}

/// Key pairs of the mandants: those of the world's first two merchants.
const KEYS: [(&str, &str); 2] = [("s-pub-sandbox1", "s-priv-sandbox1"), ("s-pub-sandbox2", "s-priv-sandbox2")];

/// The configurations of all plays, read once: each shop has one payment type, or all.
fn settings(world: &World, one_code: bool) -> Arc<Settings> {
    static READ: [OnceLock<Arc<Settings>>; 2] = [OnceLock::new(), OnceLock::new()];
    READ[usize::from(one_code)].get_or_init(|| {
        let (user, password) = world.pixi_login();
        let mut text = format!(
            "timezone: Europe/Berlin\nlanguage: de\ndatabase: sqlite://unused.db\n\
             schedule:\n  cycle: \"0 * * * * *\"\n  quiet_hours: \"00:00-04:00\"\n\
             mail: {{from: pixi-payd@example.org, to: [it@example.org], smtp: {{host: mail.example.org, port: 587, \
             security: starttls}}}}\n\
             safety:\n  confirm_after: 5m\n  refund_delay: 30m\n  absent_after: 15m\n\
             pixi:\n  sandbox:\n    active: true\n    endpoint: {}\n    username: {user}\n    password: {password}\n\
             mandants:\n",
            world.pixi.endpoint()
        );
        for (at, mandant) in MANDANTS.iter().enumerate() {
            let (public, private) = KEYS[at];
            let _ = write!(
                text,
                "  {mandant}:\n    name: {mandant}\n    pixi: sandbox\n    kind: test\n    \
                 defaults: {{rounding_tolerance: 2, lock_customer_on_chargeback: {}}}\n    payment_types:\n",
                at == 1
            );
            let types = CODES.iter().zip(["expert", "standard"]).enumerate();
            for (_, (code, mode)) in types.filter(|(number, _)| !one_code || *number == at) {
                let _ = write!(
                    text,
                    "      {code}:\n        active: true\n        mode: {mode}\n        event_invoice: UZE\n        \
                     event_return: UZR\n        xml_tag: unzer\n        public_key: {public}\n        \
                     private_key: {private}\n        unzer_url: http://127.0.0.1:9\n"
                );
            }
        }
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pixi-payd.yaml");
        std::fs::write(&file, text).unwrap();
        let loaded = config::load(&file).unwrap_or_else(|findings| panic!("{findings}"));
        Arc::new(loaded.settings)
    })
    .clone()
}

type House = house::House<Instance>;

struct Play {
    seed: u64,
    settings: Arc<Settings>,
    clock: Clock,
    world: World,
    shared: Shared,
    dice: Dice,
    store: Store,
    length: Length,
    mailbox: Arc<Mailbox>,
    house: Option<House>,
    /// The store's lock file is the living daemon's.
    is_locked: bool,
    /// Daemons begun so far.
    begun: u64,
    /// Writes seen at the last count.
    acted: u32,
    /// Nothing goes wrong any more.
    well_since: Option<Time>,
}

type Running = Pin<Box<dyn Future<Output = Result<(), JournalError>>>>;

impl Play {
    async fn run(mut self, begin: Time) {
        let end = begin + TimeDelta::days(DAYS);
        // From now on the daemon knows since when it looks for changed orders.
        self.cycle().await;
        let moments = self.moments(begin);
        for (at, moment) in moments.iter().copied().enumerate() {
            let wait = (moment - self.clock.now()).to_std().unwrap_or_default();
            self.clock.sleep(wait).await;
            self.moment(at + 1 == moments.len()).await;
            if !self.shared.lock().trace.wrong.is_empty() {
                return;
            }
        }
        let wait = (end - self.clock.now()).to_std().unwrap_or_default();
        self.clock.sleep(wait).await;
        self.rest(begin).await;
    }

    /// When people act: by day, sometimes by night, and in the nights of the clock change.
    fn moments(&mut self, begin: Time) -> Vec<Time> {
        let mut moments: Vec<Time> = vec![begin];
        for _ in 1..self.length.moments {
            let day = begin + TimeDelta::days(self.dice.between(0, DAYS - 2));
            let hour = if self.dice.chance(15) { self.dice.between(-11, -3) } else { self.dice.between(0, 12) };
            moments.push(day + TimeDelta::hours(hour.max(0)) + TimeDelta::minutes(self.dice.between(0, 59)));
        }
        for change in [SPRING, AUTUMN] {
            let change: Time = change.parse().unwrap();
            if change > begin && change < begin + TimeDelta::days(DAYS) {
                moments.push(change + TimeDelta::minutes(self.dice.between(-90, 240)));
            }
        }
        moments.sort_unstable();
        moments
    }

    async fn moment(&mut self, is_last: bool) {
        {
            let stage = &mut *self.shared.lock();
            let (cast, trace, dice) = (&mut stage.cast, &mut stage.trace, &mut self.dice);
            let now = self.clock.now();
            trace.note(|| "-- moment".to_owned());
            for (night, kind) in [(SPRING, Kind::SpringNight), (AUTUMN, Kind::AutumnNight)] {
                if (now - night.parse::<Time>().unwrap()).abs() < TimeDelta::hours(5) {
                    trace.met(kind);
                }
            }
            let sales = match cast.sold.len() {
                0 => 3,
                known if known < ORDERS => 2.max(if is_last { ORDERS - known } else { 0 }),
                _ => usize::from(dice.chance(25)),
            };
            for _ in 0..sales {
                cast.sell(dice, trace);
            }
            for _ in 0..dice.roll(5) {
                cast.act(dice, trace);
            }
            let mut wanted = dice.weighted(&[(3, 1), (4, 2), (3, 3), (1, 4)]);
            while wanted > 0 {
                wanted -= 1;
                let armed = arm(dice);
                trace.note(|| format!("  armed: {:?} at {:?} after {}", armed.kind, armed.place, armed.after));
                stage.armed.push(armed);
            }
            let met: u32 = trace.faults.values().sum();
            if is_last && met < FAULTS {
                // A seed without faults tells nothing: these meet the first reads.
                for after in 0..(FAULTS - met) as usize {
                    stage.armed.push(Armed { kind: Kind::AnswerLost, place: Place::Read, after, times: 1 });
                }
            }
            if dice.chance(6) {
                let until = now + TimeDelta::minutes(dice.between(3, 90));
                if dice.chance(50) {
                    stage.outage(Kind::PixiOutage, None, until);
                } else {
                    let endpoint = KEYS[dice.roll(2)].0.to_owned();
                    stage.outage(Kind::MandantOutage, Some(endpoint), until);
                }
            }
        }
        self.hints().await;
        for (low, high) in self.length.pauses.iter().copied() {
            let pause = self.dice.seconds(low, high);
            self.clock.sleep(pause).await;
            self.cycle().await;
            if self.dice.chance(15) {
                let stage = &mut *self.shared.lock();
                stage.cast.act(&mut self.dice, &mut stage.trace);
            }
            if self.dice.chance(12) {
                self.click().await;
            }
            if self.dice.chance(3) {
                self.second_instance().await;
            }
            if self.dice.chance(3) {
                self.jump();
            }
        }
    }

    /// The wall clock jumps, while no late effect is on its way: what is sure by the clock would not be.
    fn jump(&mut self) {
        let mut stage = self.shared.lock();
        if stage.armed.iter().any(|armed| armed.kind == Kind::LateEffect)
            || stage.trace.faults.contains_key(&Kind::LateEffect)
        {
            return;
        }
        let by = TimeDelta::minutes(self.dice.pick(&[-60, -7, -1, 1, 9, 60, 180]));
        self.clock.jump(by);
        stage.trace.met(Kind::ClockJump);
    }

    /// Webhooks tell of payments; some are lost, some come twice.
    async fn hints(&mut self) {
        let told = std::mem::take(&mut self.shared.lock().cast.told);
        let Some(journal) = self.house.as_ref().map(|house| house.journal.clone()) else { return };
        for payment in told {
            let times = self.dice.weighted(&[(5, 1), (3, 0), (1, 2)]);
            if times != 1 {
                self.shared.lock().trace.met(Kind::Webhook);
            }
            for _ in 0..times {
                let _ = journal.add_hint(&payment, "charge.succeeded").await;
            }
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
        let instance = self.shared.instance(self.world.wire());
        let seeds = (self.begun, self.seed.wrapping_add(self.begun << 32));
        let house = House::begin(&self.store, &self.clock, self.settings.clone(), instance, seeds).await?;
        self.is_locked = true;
        self.shared.lock().trace.note(|| "daemon begins".to_owned());
        Ok(house)
    }

    /// One cycle, if the schedule lets one run.
    async fn cycle(&mut self) {
        if !self.open().await {
            return;
        }
        let Some(house) = &self.house else { return };
        // The schedule starts nothing in the quiet hours; somebody else may try.
        if house.daemon.quiet_until().is_some() && !self.dice.chance(10) {
            return;
        }
        let daemon = house.daemon.clone();
        self.shared.lock().trace.note(|| "cycle".to_owned());
        self.drive(Box::pin(async move { daemon.run_cycle(&Scope::default()).await.map(|_| ()) })).await;
        self.send_mails().await;
        let stage = &mut *self.shared.lock();
        stage.trace.cycles += 1;
        stage.watch.edited = false;
        for wrong in books::always(&stage.cast) {
            stage.trace.wrong(wrong);
        }
    }

    /// What the cycle told is mailed, if the mail server lets it.
    async fn send_mails(&mut self) {
        let Some(house) = self.house.as_ref().filter(|_| self.length.mails) else { return };
        if self.well_since.is_some() {
            self.mailbox.fault(MailFault::None);
        } else if self.dice.chance(10) {
            let faults = [MailFault::Down, MailFault::RefuseLogin, MailFault::NotNow, MailFault::LoseAnswer];
            self.mailbox.fault(faults[self.dice.roll(faults.len())].clone());
            self.shared.lock().trace.met(Kind::MailServerDown);
        } else if self.dice.chance(50) {
            self.mailbox.fault(MailFault::None);
        }
        let post = Post::new(house.journal.clone(), self.clock.clone(), self.mailbox.clone(), Stop::default());
        let _ = post.turn(&self.settings).await;
    }

    /// Every problem that stands has been mailed, and nothing waits.
    async fn check_mails(&self, house: &House, rows: &[OrderRow]) -> Vec<String> {
        let mut wrong = Vec::new();
        // A mail that waited for days is given up; then the day's mail tells what is open.
        let told_since = self.mailbox.taken().iter().any(|taken| self.well_since.is_some_and(|at| taken.at > at));
        for row in rows.iter().filter(|row| row.mark.as_ref().is_some_and(|mark| mark.severity == Severity::Problem)) {
            let letters = house.journal.mails_of(&row.order).await.unwrap_or_default();
            let given_up = letters.iter().any(|letter| letter.state == LetterState::Failed) && told_since;
            if !given_up && !letters.iter().any(|letter| letter.state == LetterState::Sent) {
                let states: Vec<_> = letters.iter().map(|letter| (letter.kind.as_str(), letter.state)).collect();
                wrong.push(format!("nobody was mailed about order {}: {} {states:?}", row.order.nr, row.reason));
            }
        }
        match house.journal.mail_state().await {
            Ok(state) if state.unsent > 0 => wrong.push(format!("{} mails are not sent", state.unsent)),
            Ok(_) => {}
            Err(error) => wrong.push(error.to_string()),
        }
        wrong
    }

    /// Drives the daemon until it is done, dead, or put out of office.
    async fn drive(&mut self, mut running: Running) {
        let Some(house) = &self.house else { return };
        let mut alive = Box::pin(alive(house.journal.clone(), self.clock.clone(), house.daemon.owner()));
        let shared = self.shared.clone();
        let mut successor = None;
        loop {
            let event = tokio::select! {
                biased;
                event = shared.event() => event,
                () = &mut alive => Event::Died,
                ended = &mut running => {
                    if let Err(error) = ended {
                        shared.lock().trace.note(|| format!("cycle ended early: {error}"));
                    }
                    break;
                }
            };
            match event {
                Event::Died => {
                    shared.lock().trace.note(|| "daemon is dead".to_owned());
                    drop(running);
                    drop(alive);
                    self.house = None;
                    break;
                }
                Event::Hangs => {
                    successor = self.take_over().await;
                    shared.go_on();
                }
            }
        }
        if let Some(successor) = successor {
            self.house = Some(successor);
        }
    }

    /// While the first daemon hangs, a second one begins where the file system knows no locks, and works.
    async fn take_over(&mut self) -> Option<House> {
        self.clock.sleep(Duration::from_secs(30)).await;
        self.store.unlock();
        self.is_locked = false;
        let second = self.begin().await.ok()?;
        let daemon = second.daemon.clone();
        // Its own faults wait for the first to be gone.
        let armed = std::mem::take(&mut self.shared.lock().armed);
        let ended = daemon.run_cycle(&Scope::default()).await;
        self.shared.lock().armed = armed;
        self.shared.lock().trace.note(|| format!("the second has run: {}", ended.is_ok()));
        Some(second)
    }

    /// A second daemon on a store that is in use refuses to begin.
    async fn second_instance(&mut self) {
        if self.house.is_none() || !self.is_locked {
            return;
        }
        let options = Options::new(self.store.path(), self.clock.clone()).simulated(1);
        let Ok(journal) = Journal::open(options).await else { return };
        let begun = journal.register_process("second").await;
        let stage = &mut *self.shared.lock();
        stage.trace.met(Kind::SecondInstance);
        if !matches!(begun, Err(JournalError::AlreadyRunning)) {
            stage.trace.wrong(format!("a second instance began: {begun:?}"));
        }
    }

    /// A person does something on a page.
    async fn click(&mut self) {
        if !self.open().await {
            return;
        }
        let Some(journal) = self.house.as_ref().map(|house| house.journal.clone()) else { return };
        let rows = rows_of(&journal).await;
        if rows.is_empty() {
            return;
        }
        let row = &rows[self.dice.roll(rows.len())];
        let order = row.order.clone();
        let kind = self.dice.weighted(&[
            (4, Kind::ClickRetry),
            (2, Kind::ClickResolve),
            (1, Kind::ClickIgnore),
            (2, Kind::ClickReauthorize),
            (2, Kind::ClickDecide),
            (1, Kind::ClickCapture),
            (1, Kind::ClickRefund),
        ]);
        self.shared.lock().trace.note(|| format!("click {kind:?} on {}", order.nr));
        match kind {
            Kind::ClickResolve => {
                let Some(fingerprint) = &row.mark_fingerprint else { return };
                let _ = journal.resolve(&order, fingerprint, "anna", "seen to").await;
            }
            Kind::ClickIgnore => {
                let now = if row.management == Management::Ignored { Management::Managed } else { Management::Ignored };
                let _ = journal.set_management(&order, now, "anna", "so").await;
            }
            Kind::ClickDecide => return self.decide_all().await,
            Kind::ClickCapture | Kind::ClickRefund => {
                let (authorized, captured) = (row.amounts.authorized, row.amounts.captured);
                let (direction, left) = match kind {
                    Kind::ClickCapture => (Direction::Capture, authorized - captured),
                    _ => (Direction::Refund, captured - row.amounts.refunded),
                };
                if left <= 0 {
                    return;
                }
                let amount = self.dice.between(1, left);
                let _ = journal.enqueue_request(move_request("anna", row, direction, amount, "please")).await;
                {
                    let stage = &mut *self.shared.lock();
                    stage.watch.on_request = true;
                    // What a person moves is theirs to account for, as by hand.
                    let of_order = |sold: &&mut Sold| sold.nr == order.nr;
                    if let Some(sold) = stage.cast.sold.iter_mut().find(of_order) {
                        sold.is_touched = true;
                    }
                }
                if let Some(house) = &self.house {
                    let daemon = house.daemon.clone();
                    self.drive(Box::pin(async move { daemon.answer_requests().await })).await;
                }
                self.shared.lock().watch.on_request = false;
            }
            _ => {
                let asks = if kind == Kind::ClickRetry { retry_request } else { reauthorize_request };
                let _ = journal.enqueue_request(asks("anna", &order, "please")).await;
                if let Some(house) = &self.house {
                    let daemon = house.daemon.clone();
                    self.drive(Box::pin(async move { daemon.answer_requests().await })).await;
                }
            }
        }
        self.shared.lock().trace.met(kind);
    }

    /// A person answers every question the daemon asks.
    async fn decide_all(&mut self) {
        let Some(journal) = self.house.as_ref().map(|house| house.journal.clone()) else { return };
        for row in rows_of(&journal).await {
            if row.mark.is_some() && self.decide(&journal, &row.order).await {
                self.shared.lock().trace.met(Kind::ClickDecide);
            }
        }
    }

    /// A person looks at the books of both peers and says how a step ended that the daemon asks about.
    async fn decide(&mut self, journal: &Journal, order: &OrderId) -> bool {
        let Ok(steps) = journal.steps_of(order).await else { return false };
        let asked = steps.into_iter().find(asks_person);
        let Some(step) = asked else { return false };
        let is_done = {
            let stage = self.shared.lock();
            let ledgers = stage.cast.world.unzer.all_ledgers();
            let has_token = |reference: &str| reference.contains(&step.token);
            match &step.effect {
                Effect::BookInvoice { invoice: document, .. } | Effect::BookReturn { credit_note: document, .. } => {
                    !stage.cast.world.pixi.bookings_for(document).is_empty()
                }
                Effect::Ship { payment, .. } => {
                    ledgers.iter().any(|ledger| ledger.payment == *payment && !ledger.shipments.is_empty())
                }
                effect if effect.kind().is_pixi() => true,
                _ => ledgers.iter().any(|ledger| {
                    let all = ledger.charges.iter().chain(&ledger.refunds).chain(&ledger.reversals);
                    all.into_iter().any(|movement| has_token(&movement.reference))
                }),
            }
        };
        let decision = if is_done { Decision::Done } else { Decision::NotDone };
        let decided = journal.decide(step.id, decision, "anna", "looked").await;
        let mut stage = self.shared.lock();
        stage.trace.note(|| format!("  {} is {decision:?}: {decided:?}", step.key));
        stage.watch.decided(&step);
        decided.is_ok()
    }

    /// All is well again: the daemon gets the time it needs, and then the books must be right.
    async fn rest(&mut self, begin: Time) {
        self.shared.heal();
        self.well_since = Some(self.clock.now());
        let (mut quiet, mut before) = (0, Vec::new());
        for (round, minutes) in (0..).zip(self.length.rest.iter().copied()) {
            self.clock.sleep(Duration::from_secs(minutes * 60)).await;
            while self.house.as_ref().is_some_and(|house| house.daemon.quiet_until().is_some()) {
                self.clock.sleep(Duration::from_hours(1)).await;
            }
            self.decide_all().await;
            self.cycle().await;
            if !self.shared.lock().trace.wrong.is_empty() {
                return;
            }
            let writes = self.shared.lock().trace.writes;
            let said = self.said().await;
            quiet = if writes == self.acted && said == before { quiet + 1 } else { 0 };
            (self.acted, before) = (writes, said);
            // That an order is gone is believed after three readings within a day.
            let is_in_doubt = before.iter().any(|reason| reason.contains("von 3 Abfragen"));
            if round >= self.length.least && quiet >= self.length.quiet && !is_in_doubt {
                break;
            }
        }
        if quiet < self.length.quiet {
            self.shared.lock().trace.wrong("it does not come to rest: a cycle still writes".to_owned());
        }
        self.check_rest(begin).await;
    }

    /// What the daemon says of each order.
    async fn said(&self) -> Vec<String> {
        let Some(house) = &self.house else { return Vec::new() };
        rows_of(&house.journal).await.into_iter().map(|row| row.reason).collect()
    }

    async fn check_rest(&mut self, begin: Time) {
        if !self.open().await {
            self.shared.lock().trace.wrong("the daemon does not begin".to_owned());
            return;
        }
        let Some(house) = &self.house else { return };
        let rows = rows_of(&house.journal).await;
        let unmailed = if self.length.mails { self.check_mails(house, &rows).await } else { Vec::new() };
        let unproven = unproven(&house.journal).await;
        let steps = steps_of(&house.journal, &rows).await;
        let lived = self.clock.now() - begin;
        let stage = &mut *self.shared.lock();
        for row in &rows {
            stage.trace.note(|| {
                let mark = row.mark.as_ref().map(|mark| mark.number.to_string()).unwrap_or_default();
                format!(
                    "at rest: {} {} {} {mark} {}",
                    row.order.nr, row.payment_status, row.transfer_status, row.reason
                )
            });
        }
        for wrong in unproven.into_iter().chain(unmailed) {
            stage.trace.wrong(wrong);
        }
        let undecided = books::undecided(&stage.cast, &rows, &steps);
        for wrong in books::at_rest(&stage.cast, &rows).into_iter().chain(undecided) {
            stage.trace.wrong(wrong);
        }
        let (orders, faults) = (stage.cast.sold.len(), stage.trace.faults.values().sum::<u32>());
        if orders < ORDERS || faults < FAULTS || lived < TimeDelta::days(DAYS) {
            stage.trace.wrong(format!("only {orders} orders, {faults} faults and {} days", lived.num_days()));
        }
        house.instance.dies();
    }
}
