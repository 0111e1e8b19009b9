//! One cycle over one pixi API: what pixi lists, what changed, what Unzer hinted at, what is due.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;

use chrono::TimeDelta;
use futures_util::stream::FuturesUnordered;
use futures_util::{FutureExt as _, StreamExt as _};
use serde::Serialize;

use crate::clock::{self, Time};
use crate::config::{ApiName, MandantId, PaymentCode};
use crate::journal::{HintRow, JournalError, Known, OrderRow, Owner, Waits};
use crate::pixi::{LocalTime, PixiClient, PixiError};
use crate::steps::OrderId;
use crate::text::{Notice, Number};

use super::brakes::Brakes;
use super::hands::InHand;
use super::peers;
use super::record;
use super::work::{Work, WorkError, Worked, Workshop};

/// First size of a work list; it is asked for again so many times as large while it comes back full, for it has no offset.
const FIRST_ROWS: u32 = 500;
const MORE_ROWS: u32 = 8;
const MOST_ROWS: u32 = 64_000;
/// Rows of a page of shipped invoices.
const PAGE: u32 = 500;
/// Changed-order windows overlap by this much: pixi's clock, its transactions, the doubled hour.
const OVERLAP: TimeDelta = TimeDelta::minutes(10);
/// The first window reaches back this far at least …
const FIRST_WINDOW: TimeDelta = TimeDelta::days(1);
/// … and any window at most this far: where the daemon was there before without ever reading the list, and after a
/// connection was off for long.
const LONGEST_WINDOW: TimeDelta = TimeDelta::days(30);
/// Due orders of a mandant taken up in one cycle.
const MOST_DUE: usize = 5_000;
/// Payment hints taken up in one cycle.
const MOST_HINTS: i64 = 1_000;
/// Orders worked on at the same time, per mandant. What reaches a peer at the same time is limited below.
const PARALLEL: usize = 4;
/// Name of the changed-orders cursor.
const CURSOR: &str = "changed_orders";

/// Part of a cycle (`run --once --only`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, serde::Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Only {
    /// Orders on hold.
    Release,
    /// Shipped invoices.
    Capture,
    /// Changed orders and those due.
    Changes,
}

/// What a cycle is limited to.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct Scope {
    /// One part only.
    pub only: Option<Only>,
    /// One mandant only.
    pub mandant: Option<MandantId>,
    /// Also orders whose next check is not due.
    pub all: bool,
    /// After the connection was switched off: changes are asked for so far back and no further.
    #[serde(default)]
    pub catches_up: bool,
    /// Mandants another cycle has in hand.
    #[serde(skip)]
    pub left_out: BTreeSet<MandantId>,
}

impl Scope {
    /// Every mandant and every part.
    pub(super) fn is_whole(&self) -> bool {
        self.only.is_none() && self.has_all_mandants()
    }

    fn has_all_mandants(&self) -> bool {
        self.mandant.is_none() && self.left_out.is_empty()
    }

    /// The cycle is about the mandant's orders.
    pub(super) fn covers(&self, mandant: &MandantId) -> bool {
        self.mandant.as_ref().is_none_or(|only| only == mandant) && !self.left_out.contains(mandant)
    }
}

/// What a cycle did.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, serde::Deserialize)]
pub struct CycleReport {
    /// Orders looked at.
    pub orders: usize,
    /// Orders that could not be worked on.
    pub failed: usize,
    /// Lists or peers that could not be reached, in words.
    pub unreachable: Vec<String>,
    /// Ended early: the daemon is stopping, or the quiet hours have begun.
    pub stopped: bool,
}

impl CycleReport {
    /// Adds another API's report.
    pub fn add(&mut self, other: Self) {
        self.orders += other.orders;
        self.failed += other.failed;
        for name in other.unreachable {
            if !self.unreachable.contains(&name) {
                self.unreachable.push(name);
            }
        }
        self.stopped |= other.stopped;
    }
}

/// An order to be worked on.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    mandant: MandantId,
    nr: i64,
    code: PaymentCode,
}

/// Runs one cycle over one pixi API. `in_hand`: the mandants it has in hand; it lets go of each as soon as nothing is left to
/// do for it.
pub async fn run(
    shop: &Workshop,
    owner: Owner,
    scope: &Scope,
    brakes: &Brakes,
    in_hand: &InHand,
) -> Result<CycleReport, JournalError> {
    let api = in_hand.api();
    let mut report = CycleReport::default();
    let Some(pixi) = shop.peers.pixi(api) else { return Ok(report) };
    let mut found = Found {
        shop,
        api,
        scope,
        brakes,
        candidates: BTreeSet::new(),
        asleep: Vec::new(),
        hints: Vec::new(),
        report: &mut report,
    };
    let wanted = |part: Only| scope.only.is_none_or(|only| only == part);
    if wanted(Only::Release) {
        found.on_hold(&pixi).await?;
    }
    if wanted(Only::Capture) {
        found.shipped(&pixi).await?;
    }
    let mut window = None;
    if wanted(Only::Changes) {
        window = found.changed(&pixi).await?;
        found.hinted().await?;
        found.due().await?;
    }
    let hints = std::mem::take(&mut found.hints);
    let asleep = std::mem::take(&mut found.asleep);
    let candidates = found.candidates;
    // While nobody else has them in hand.
    tell_asleep(shop, &asleep, None).await?;
    let lanes = Lanes { shop, owner, in_hand, brakes, window, counts: scope.only.is_none() };
    lanes.work(candidates, &mut report).await?;
    if report.stopped {
        return Ok(report);
    }
    // Only now: what was listed has been taken up, and what failed was woken.
    shop.journal.drop_hints(api, &hints).await?;
    if let Some(window) = window.filter(|window| window.moved && scope.has_all_mandants()) {
        shop.journal.set_cursor(api, CURSOR, &clock::to_millis(window.until).to_string()).await?;
    }
    Ok(report)
}

/// Tells of the open orders of a pixi API that is switched off, or has no active payment type left. `off`: what they are
/// hinted at where its connection is off.
pub async fn run_asleep(
    shop: &Workshop,
    api: &ApiName,
    scope: &Scope,
    off: Option<&Notice>,
) -> Result<(), JournalError> {
    let rows = shop.journal.due_orders(api, usize::MAX).await?;
    let asleep: Vec<OrderRow> = rows.into_iter().filter(|row| scope.covers(&row.order.mandant)).collect();
    tell_asleep(shop, &asleep, off).await
}

async fn tell_asleep(shop: &Workshop, rows: &[OrderRow], off: Option<&Notice>) -> Result<(), JournalError> {
    for row in rows {
        match record::switched_off(shop, row, off).await {
            Err(error) if error.is_of_one_order() => {
                tracing::error!(order.nr = row.order.nr, "order {} could not be marked: {error}", row.order.nr);
            }
            ended => ended?,
        }
    }
    Ok(())
}

/// The orders a full cycle would take up now, with what could not be reached. Nothing is written, and hints stay where
/// they are.
pub async fn listed(
    shop: &Workshop,
    api: &ApiName,
    mandant: Option<&MandantId>,
) -> Result<(Vec<(MandantId, PaymentCode, i64)>, CycleReport), JournalError> {
    let mut report = CycleReport::default();
    let Some(pixi) = shop.peers.pixi(api) else { return Ok((Vec::new(), report)) };
    let scope = Scope { mandant: mandant.cloned(), all: true, ..Scope::default() };
    let settings = &shop.settings;
    let brakes = Brakes::new(settings.safety, settings.timezone, settings.schedule.quiet_hours, Default::default());
    let mut found = Found {
        shop,
        api,
        scope: &scope,
        brakes: &brakes,
        candidates: BTreeSet::new(),
        asleep: Vec::new(),
        hints: Vec::new(),
        report: &mut report,
    };
    found.on_hold(&pixi).await?;
    found.shipped(&pixi).await?;
    found.changed(&pixi).await?;
    found.due().await?;
    let orders = found.candidates.into_iter().map(|order| (order.mandant, order.code, order.nr)).collect();
    Ok((orders, report))
}

/// Works on orders side by side. Each mandant has places of its own and goes its own pace: where the peer of one is silent,
/// or one has very many orders, those of the others do not wait.
struct Lanes<'a> {
    shop: &'a Workshop,
    owner: Owner,
    in_hand: &'a InHand,
    brakes: &'a Brakes,
    window: Option<Window>,
    /// Every part of a cycle was looked for.
    counts: bool,
}

impl Lanes<'_> {
    async fn work(&self, candidates: BTreeSet<Candidate>, report: &mut CycleReport) -> Result<(), JournalError> {
        let is_reached = report.unreachable.is_empty();
        let mut by_mandant: BTreeMap<MandantId, Vec<Candidate>> = BTreeMap::new();
        for candidate in candidates {
            by_mandant.entry(candidate.mandant.clone()).or_default().push(candidate);
        }
        for idle in self.in_hand.mandants().iter().filter(|mandant| !by_mandant.contains_key(*mandant)) {
            self.note(idle, is_reached);
            self.in_hand.done(idle);
        }
        let lane = |(mandant, candidates)| {
            Box::pin(async move {
                let (lane, ended) =
                    work_on(self.shop, self.owner, self.in_hand.api(), &mandant, candidates, self.brakes).await;
                if ended.is_ok() && !lane.stopped {
                    self.note(&mandant, is_reached && lane.unreachable.is_empty());
                }
                self.in_hand.done(&mandant);
                (lane, ended)
            })
        };
        let mut lanes: FuturesUnordered<_> = by_mandant.into_iter().map(lane).collect();
        let mut store_failed = None;
        // Run to the end whatever happens: a request in flight is never cut off.
        while let Some((lane, ended)) = lanes.next().await {
            report.add(lane);
            store_failed = ended.err().or(store_failed);
        }
        store_failed.map_or(Ok(()), Err)
    }

    /// Notes that nothing is left to do for a mandant.
    fn note(&self, mandant: &MandantId, is_whole: bool) {
        if self.counts {
            self.in_hand.note(mandant, self.shop.clock.now(), is_whole, self.window.map(|window| window.until));
        }
    }
}

/// Works on the orders of one mandant, and then on those that had to wait for what the others showed.
async fn work_on(
    shop: &Workshop,
    owner: Owner,
    api: &ApiName,
    mandant: &MandantId,
    candidates: Vec<Candidate>,
    brakes: &Brakes,
) -> (CycleReport, Result<(), JournalError>) {
    let mut report = CycleReport::default();
    let ended = async {
        let deferred = work_some(shop, owner, api, candidates, brakes, &mut report).await?;
        // Everything has been counted: what was put off is decided now.
        brakes.decide(mandant);
        work_some(shop, owner, api, deferred, brakes, &mut report).await.map(drop)
    };
    let ended = ended.await;
    (report, ended)
}

/// Works on orders of one mandant side by side; answers those that have to wait for what the rest of the cycle shows.
async fn work_some(
    shop: &Workshop,
    owner: Owner,
    api: &ApiName,
    candidates: Vec<Candidate>,
    brakes: &Brakes,
    report: &mut CycleReport,
) -> Result<Vec<Candidate>, JournalError> {
    let mut deferred = Vec::new();
    let mut store_failed = None;
    let working = futures_util::stream::iter(candidates).map(|candidate| async move {
        let ended = work_one(shop, owner, api, &candidate, brakes).await;
        (candidate, ended)
    });
    let mut running = Box::pin(working.buffer_unordered(PARALLEL));
    // Run to the end whatever happens: a request in flight is never cut off.
    while let Some((candidate, ended)) = running.next().await {
        report.orders += 1;
        match ended {
            Ok(Worked::Rests | Worked::Declined(_)) => {}
            Ok(Worked::Deferred(_)) => {
                report.orders -= 1;
                deferred.push(candidate);
            }
            Ok(Worked::Stopped) => report.stopped = true,
            Err(WorkError::Journal(error)) if !error.is_of_one_order() => {
                if matches!(error, JournalError::NotOwner) {
                    // Another process has taken the API over: what was not begun is its to do.
                    brakes.lease_is_lost();
                }
                store_failed = Some(error);
            }
            Err(error) => {
                if let Err(error) = failed(shop, api, &candidate, &error, report).await {
                    store_failed = Some(error);
                }
            }
        }
    }
    match store_failed {
        Some(error) => Err(error),
        None => Ok(deferred),
    }
}

async fn work_one(
    shop: &Workshop,
    owner: Owner,
    api: &ApiName,
    candidate: &Candidate,
    brakes: &Brakes,
) -> Result<Worked, WorkError> {
    let work = shop.work(owner, api, &candidate.mandant, &candidate.code, candidate.nr, None)?;
    let _hand = shop.hands.take(work.order()).await;
    run_guarded(&work, brakes).await
}

/// Works on one order. A panic is that order's problem, not the daemon's end.
pub(super) async fn run_guarded(work: &Work<'_>, brakes: &Brakes) -> Result<Worked, WorkError> {
    if let Ok(ended) = AssertUnwindSafe(work.run(brakes)).catch_unwind().await {
        return ended;
    }
    let order = work.order();
    tracing::error!(
        mandant = %order.mandant,
        order.nr = order.nr,
        number = %Number::InternalError,
        "working on order {} failed inside: {}",
        order.nr,
        Number::InternalError,
    );
    work.broken(&Notice::problem(Number::InternalError).with("detail", "panic")).await?;
    Ok(Worked::Rests)
}

/// An order that could not be worked on is woken for the next cycle; one whose answers cannot be used is marked.
async fn failed(
    shop: &Workshop,
    api: &ApiName,
    candidate: &Candidate,
    error: &WorkError,
    report: &mut CycleReport,
) -> Result<(), JournalError> {
    tracing::warn!(
        mandant = %candidate.mandant,
        order.nr = candidate.nr,
        "order {} could not be worked on: {error}",
        candidate.nr,
    );
    report.failed += 1;
    let order = OrderId { api: api.clone(), mandant: candidate.mandant.clone(), nr: candidate.nr };
    let WorkError::Pixi(error) = error else { return Ok(()) };
    if error.class() == crate::pixi::ErrorClass::Passing {
        if report.unreachable.is_empty() {
            report.unreachable.push(error.to_string());
        }
        // Stored even though nothing could be read of it: what named it is not asked a second time.
        if record::stored_or_unread(shop, &order, &candidate.code).await?.is_some() {
            shop.journal.wake_order(&order).await?;
        }
        return Ok(());
    }
    let detail: String = error.to_string().chars().take(200).collect();
    record::mark(shop, &order, &candidate.code, Notice::problem(Number::Unreadable).with("detail", detail)).await
}

/// Collects the orders a cycle takes up.
struct Found<'a> {
    shop: &'a Workshop,
    api: &'a ApiName,
    scope: &'a Scope,
    brakes: &'a Brakes,
    candidates: BTreeSet<Candidate>,
    /// Open orders of payment types that are switched off: they get a hint, and stay due.
    asleep: Vec<OrderRow>,
    /// Hints whose orders are taken up; dropped once these have been worked on.
    hints: Vec<HintRow>,
    report: &'a mut CycleReport,
}

impl Found<'_> {
    fn codes(&self) -> BTreeSet<PaymentCode> {
        peers::active_types(&self.shop.settings, self.api).into_iter().map(|(_, code)| code.clone()).collect()
    }

    fn is_ours(&self, mandant: &MandantId, code: &PaymentCode) -> bool {
        self.scope.covers(mandant)
            && self.shop.settings.mandants.get(mandant).is_some_and(|block| block.pixi == *self.api)
            && peers::payment_type(&self.shop.settings, mandant, code).is_some_and(|block| block.active)
    }

    fn take_up(&mut self, mandant: &MandantId, code: &PaymentCode, nr: i64) {
        if self.is_ours(mandant, code) {
            self.candidates.insert(Candidate { mandant: mandant.clone(), nr, code: code.clone() });
        }
    }

    fn unreachable(&mut self, error: &PixiError) {
        tracing::warn!(pixi.api = %self.api, "pixi API {}: {error}", self.api);
        self.report.unreachable.push(format!("{}: {error}", self.api));
    }

    /// The order is new, or due, or shows something its stored facts do not show.
    async fn is_news(&self, mandant: &MandantId, nr: i64, shows: &Shows<'_>) -> Result<bool, JournalError> {
        let order = OrderId { api: self.api.clone(), mandant: mandant.clone(), nr };
        let Some(Known { row, facts, .. }) = self.shop.journal.row_and_facts(&order).await? else { return Ok(true) };
        let now = self.shop.clock.now();
        if self.scope.all || (row.waits == Waits::Check && row.next_check.is_none_or(|at| at <= now)) {
            return Ok(true);
        }
        // What could not be read yet waits for its next check.
        let Some(facts) = facts else { return Ok(false) };
        let Ok(facts) = serde_json::from_str::<crate::policy::Facts>(&facts) else { return Ok(true) };
        Ok(match shows {
            Shows::OnHold => !facts.on_hold(),
            Shows::Document(document) => !facts.documents.iter().any(|known| known.nr == **document),
        })
    }

    /// Orders on hold.
    async fn on_hold(&mut self, pixi: &PixiClient) -> Result<(), JournalError> {
        for code in self.codes() {
            if self.brakes.stopping() {
                break;
            }
            let mut rows = FIRST_ROWS;
            let listed = loop {
                match pixi.orders_to_authorize(&code, rows).await {
                    Ok(listing) if listing.rows.len() >= rows as usize && rows < MOST_ROWS => {
                        rows = (rows * MORE_ROWS).min(MOST_ROWS);
                    }
                    Ok(listing) => break listing.rows,
                    Err(error) => {
                        self.unreachable(&error);
                        break Vec::new();
                    }
                }
            };
            for row in listed {
                if self.is_ours(&row.shop_id, &code) && self.is_news(&row.shop_id, row.order_nr, &Shows::OnHold).await?
                {
                    self.take_up(&row.shop_id, &code, row.order_nr);
                }
            }
        }
        Ok(())
    }

    /// Shipped invoices, page by page. Whether the lower bound is part of the page is not known, so it may come again.
    async fn shipped(&mut self, pixi: &PixiClient) -> Result<(), JournalError> {
        for code in self.codes() {
            let mut from = 0;
            while !self.brakes.stopping() {
                let page = match pixi.invoices_to_capture(&code, from, PAGE).await {
                    Ok(listing) => listing.rows,
                    Err(error) => {
                        self.unreachable(&error);
                        break;
                    }
                };
                let last = page.iter().map(|row| row.invoice_key).max();
                let full = page.len() >= PAGE as usize;
                for row in page {
                    let shows = Shows::Document(&row.invoice_nr);
                    if self.is_ours(&row.shop_id, &code) && self.is_news(&row.shop_id, row.order_nr, &shows).await? {
                        self.take_up(&row.shop_id, &code, row.order_nr);
                    }
                }
                match last {
                    Some(last) if full && last > from => from = last,
                    _ => break,
                }
            }
        }
        Ok(())
    }

    /// Changed orders since the last window, with overlap. Answers the window they were looked for in.
    async fn changed(&mut self, pixi: &PixiClient) -> Result<Option<Window>, JournalError> {
        let now = self.shop.clock.now();
        let zone = self.shop.settings.timezone;
        let stored = self.shop.journal.cursor(self.api, CURSOR).await?;
        let was_stored = stored.is_some();
        let from = match stored.and_then(|text| text.parse().ok()) {
            Some(millis) if self.scope.catches_up => clock::from_millis(millis).max(now - LONGEST_WINDOW),
            Some(millis) => clock::from_millis(millis),
            None => self.first_window(now).await?,
        };
        // The stored window waits for those another cycle has in hand; what was taken up for these is not taken up again.
        let from = if self.scope.left_out.is_empty() { from } else { self.taken_up_until().unwrap_or(from).max(from) };
        let changed = match pixi.changed_orders(LocalTime::at(from - OVERLAP, zone)).await {
            Ok(changed) => changed,
            Err(error) => {
                self.unreachable(&error);
                return Ok(None);
            }
        };
        let until = changed.date_time_to.map_or(now, LocalTime::earliest).min(now);
        // Nothing changed: within the overlap the next window may as well begin where this one did, and nothing is written.
        let moved = !changed.orders.rows.is_empty() || !was_stored || (until - from).abs() >= OVERLAP / 2;
        for row in changed.orders.rows {
            let order = OrderId { api: self.api.clone(), mandant: row.shop_id.clone(), nr: row.order_nr };
            // An order whose payment type was changed is still ours to look at.
            let known = self.shop.journal.load_order(&order).await?.map(|row| row.payment_code);
            if let Some(code) = known.or(row.payment_type) {
                self.take_up(&row.shop_id, &code, row.order_nr);
            }
        }
        Ok(Some(Window { until, moved }))
    }

    /// Until when changes were taken up for all mandants this cycle is about.
    fn taken_up_until(&self) -> Option<Time> {
        let mandants =
            self.shop.settings.mandants.iter().filter(|(id, block)| block.pixi == *self.api && self.scope.covers(id));
        mandants.map(|(id, _)| self.shop.hands.changes_until(id)).min().flatten()
    }

    /// Where the first window begins: with the daemon's first start on this store, for what was cancelled since then is in
    /// no work list any more.
    async fn first_window(&self, now: Time) -> Result<Time, JournalError> {
        let began = self.shop.journal.began().await?.unwrap_or(now);
        Ok(began.min(now - FIRST_WINDOW).max(now - LONGEST_WINDOW))
    }

    /// Payments Unzer has sent a word about.
    async fn hinted(&mut self) -> Result<(), JournalError> {
        let mut strangers = Vec::new();
        // Those of mandants that are left out must not crowd out the others.
        let most = if self.scope.left_out.is_empty() { MOST_HINTS } else { i64::MAX };
        for hint in self.shop.journal.take_hints(self.api, most).await? {
            let Some(order) = hint.order.clone() else {
                // A payment of no order known here: the order comes by the work list.
                strangers.push(hint);
                continue;
            };
            if !self.scope.covers(&order.mandant) {
                continue;
            }
            if let Some(row) = self.shop.journal.load_order(&order).await? {
                self.take_up(&order.mandant, &row.payment_code, order.nr);
            }
            self.hints.push(hint);
        }
        self.shop.journal.drop_hints(self.api, &strangers).await
    }

    /// Orders whose next check has come; all open ones where everything is asked for.
    async fn due(&mut self) -> Result<(), JournalError> {
        let rows = if self.scope.all {
            self.all_open().await?
        } else {
            self.shop.journal.due_orders(self.api, usize::MAX).await?
        };
        // Orders of payment types that are switched off stay due and must not crowd out the others.
        let (ours, others): (Vec<OrderRow>, Vec<OrderRow>) =
            rows.into_iter().partition(|row| self.is_ours(&row.order.mandant, &row.payment_code));
        let mut taken: BTreeMap<MandantId, usize> = BTreeMap::new();
        for row in ours {
            let of_mandant = taken.entry(row.order.mandant.clone()).or_default();
            if *of_mandant < MOST_DUE {
                *of_mandant += 1;
                self.take_up(&row.order.mandant, &row.payment_code, row.order.nr);
            }
        }
        self.asleep = others.into_iter().filter(|row| self.scope.covers(&row.order.mandant)).collect();
        Ok(())
    }

    async fn all_open(&self) -> Result<Vec<OrderRow>, JournalError> {
        let mut all = Vec::new();
        loop {
            let page =
                self.shop.journal.open_orders(self.api, all.last().map(|row: &OrderRow| row.id), MOST_HINTS).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }
}

/// Changed orders were looked for until then.
#[derive(Debug, Clone, Copy)]
struct Window {
    until: Time,
    /// It is worth storing.
    moved: bool,
}

/// What a work list shows of an order.
enum Shows<'a> {
    OnHold,
    Document(&'a String),
}
