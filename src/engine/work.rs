//! One order: facts are gathered, the plan is made and stored, its first step is taken, and all over again until there
//! is nothing to do now.

use std::sync::Arc;
use std::time::Duration;

use chrono::TimeDelta;

use crate::clock::{Clock, Time};
use crate::config::{Mode, PaymentCode, PaymentType, Settings};
use crate::journal::{Guard, Journal, JournalError, Known, Management, OrderRow, OrderSeen, Owner, StepRecord};
use crate::pixi::{ErrorClass, OrderHeader, PixiClient, PixiError};
use crate::policy::facts::{AskedMove, GoneHow, Held, Unclear};
use crate::policy::{self, Facts, Past, PaymentView, Plan, Standing, Surroundings, Terms};
use crate::steps::{ApiName, Kind, MandantId, OrderId, Step};
use crate::text::{Notice, Phrase, PhraseKey};
use crate::unzer::{KeyRing, Payment, TransactionKind};

use super::hands::Hands;
use super::payment::{self, FoundId, Purpose};
use super::peers::{self, Peers};
use super::reading::{self, PixiReading};
use super::take::{self, Taken};
use super::{address, brakes, gone, look, reauthorize, record};

/// Facts older than this move no money.
const FRESH: Duration = Duration::from_mins(5);
/// Most steps taken for one order in one go; the rest waits for the next cycle.
const MOST_STEPS: usize = 40;

/// Everything the work on orders needs, shared by all of them.
#[derive(Clone)]
pub struct Workshop {
    /// Configuration in force.
    pub settings: Arc<Settings>,
    /// Clients.
    pub peers: Peers,
    /// Store.
    pub journal: Journal,
    /// Time.
    pub clock: Clock,
    /// What is in hand in this process.
    pub hands: Arc<Hands>,
}

/// Why an order could not be worked on.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    /// pixi gave no usable answer.
    #[error(transparent)]
    Pixi(#[from] PixiError),
    /// The store failed.
    #[error(transparent)]
    Journal(#[from] JournalError),
    /// The order's mandant or payment type is not configured.
    #[error("mandant or payment type is not configured")]
    NotConfigured,
}

/// How the work on an order ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Worked {
    /// Nothing more to do now.
    Rests,
    /// The next step has to wait for what the rest of the cycle shows.
    Deferred(brakes::Deferred),
    /// What a person asked for was not done, and nothing is remembered of it.
    Declined(Phrase),
    /// Stopped at a step boundary: the daemon is ending, or the quiet hours have begun.
    Stopped,
}

/// What a person asked for, where one did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// When.
    pub at: Time,
    /// What for.
    pub wish: Wish,
}

/// What for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// What was refused before is tried again.
    Retry,
    /// A new authorisation (R16).
    Reauthorize,
    /// Money is moved, once.
    Move(AskedMove),
}

impl Asked {
    /// Since when what was refused before may be tried again. A person who moves an amount speaks of that amount alone.
    fn retry_at(self) -> Option<Time> {
        (!matches!(self.wish, Wish::Move(_))).then_some(self.at)
    }
}

/// One order in hand.
pub struct Work<'a> {
    shop: &'a Workshop,
    owner: Owner,
    pixi: Arc<PixiClient>,
    ring: Arc<KeyRing>,
    payment_type: PaymentType,
    order: OrderId,
    code: PaymentCode,
    asked: Option<Asked>,
    /// Looked at as if a person had taken it over already.
    adopting: bool,
}

/// How to go on after a step.
enum Next {
    /// With fresh facts.
    Again,
    /// Not now.
    Rest,
    /// Not before a person has looked: this limit forbids the step.
    Held(Guard),
}

/// What was read of both sides, each valid until it is written to.
#[derive(Default)]
struct Readings {
    pixi: Option<PixiReading>,
    payment: Option<(PaymentView, Vec<Payment>)>,
    at: Option<Time>,
    /// What surrounds the order, looked at once for each time it is taken in hand.
    surroundings: Option<Surroundings>,
}

impl Workshop {
    /// Rules' settings for a payment type.
    pub fn terms(&self, payment_type: &PaymentType) -> Terms {
        let settings = &self.settings;
        Terms {
            payment_type: payment_type.clone(),
            safety: settings.safety,
            language: settings.language,
            zone: settings.timezone,
        }
    }

    /// The facts last stored, with the steps and people's words as they are now. None where nothing was read yet, or an older
    /// version wrote them.
    pub async fn stored_facts(&self, order: &OrderId, steps: &[StepRecord]) -> Result<Option<Facts>, JournalError> {
        let Some(json) = self.journal.load_facts(order).await? else { return Ok(None) };
        let Some(facts) = serde_json::from_str::<Facts>(&json).ok() else { return Ok(None) };
        let (past, said) = (steps.iter().map(into_past).collect(), self.journal.said_of(order).await?);
        Ok(Some(Facts { past, accepted: said.done, collection: said.collection, ..facts }))
    }

    /// Takes an order in hand.
    pub fn work<'a>(
        &'a self,
        owner: Owner,
        api: &ApiName,
        mandant: &MandantId,
        code: &PaymentCode,
        nr: i64,
        asked: Option<Asked>,
    ) -> Result<Work<'a>, WorkError> {
        let payment_type = peers::payment_type(&self.settings, mandant, code).ok_or(WorkError::NotConfigured)?;
        Ok(Work {
            shop: self,
            owner,
            pixi: self.peers.pixi(api).ok_or(WorkError::NotConfigured)?,
            ring: self.peers.ring(mandant, code).ok_or(WorkError::NotConfigured)?,
            payment_type: payment_type.clone(),
            order: OrderId { api: api.clone(), mandant: mandant.clone(), nr },
            code: code.clone(),
            asked,
            adopting: false,
        })
    }
}

impl Work<'_> {
    /// Works on the order until nothing is to be done now.
    pub async fn run(&self, brakes: &brakes::Brakes) -> Result<Worked, WorkError> {
        let mut readings = Readings::default();
        for _ in 0..MOST_STEPS {
            if brakes.stopping() {
                return Ok(Worked::Stopped);
            }
            let Some((row, mut facts)) = self.gather(&mut readings, Purpose::Act).await? else {
                return Ok(Worked::Rests);
            };
            // Looks are made on what pixi and Unzer show now, never on what they showed once.
            let gone = policy::disappeared::is_missing(&facts);
            let open = facts.past.iter().any(Past::is_open);
            if !gone && open && look::settle_open(self.shop, self.owner, &self.pixi, &self.ring, &facts, &row).await? {
                // What was not known is known now: pixi or Unzer may show more than what was read before.
                readings = Readings::default();
                continue;
            }
            let mut plan = policy::plan(&facts, &self.shop.terms(&self.payment_type), self.shop.clock.now());
            if let Some(why) = plan.declined {
                // Nothing else is done on the strength of it: after a step of the rules the wish would fit something else.
                return Ok(Worked::Declined(why));
            }
            if let Some(deferred) = brakes.check(&self.order, &facts, &mut plan, self.shop.clock.now()) {
                if !matches!(deferred, brakes::Deferred::Held) {
                    return Ok(Worked::Deferred(deferred));
                }
                if plan.steps.first().is_some_and(|step| policy::asked::is_asked(&step.key)) {
                    return Ok(Worked::Declined(PhraseKey::AskedBraked.into()));
                }
                plan.steps.clear();
            }
            record::store(self.shop, &row, &facts, &plan, &self.payment_type, false).await?;
            let Some(step) = plan.steps.first().cloned() else { return Ok(Worked::Rests) };
            match self.take(&mut readings, &facts, &step, brakes).await? {
                Next::Again => {}
                Next::Rest => return Ok(Worked::Rests),
                Next::Held(guard) if policy::asked::is_asked(&step.key) => {
                    return Ok(Worked::Declined(policy::asked::forbidden(&facts, &guard)));
                }
                Next::Held(guard) => {
                    let now = self.shop.clock.now();
                    facts.held = Some(Held { key: step.key, guard, until: now + policy::HELD_PAUSE });
                    let plan = policy::plan(&facts, &self.shop.terms(&self.payment_type), now);
                    let row = self.shop.journal.load_order(&self.order).await?.unwrap_or(row);
                    // What is left to do beside it is done now: people are told.
                    record::store(self.shop, &row, &facts, &plan, &self.payment_type, true).await?;
                }
            }
        }
        Ok(Worked::Rests)
    }

    /// The order in hand.
    pub(super) fn order(&self) -> &OrderId {
        &self.order
    }

    /// Marks the order and puts it off; the plan that failed is not trusted for anything else.
    pub(super) async fn broken(&self, mark: &Notice) -> Result<(), WorkError> {
        record::mark(self.shop, &self.order, &self.code, mark.clone()).await?;
        Ok(())
    }

    /// The same order, looked at as if a person had taken it over.
    pub(super) fn adopting(mut self) -> Self {
        self.adopting = true;
        self
    }

    /// Makes the plan without taking or storing anything.
    pub async fn look_only(&self) -> Result<Option<(Facts, Plan)>, WorkError> {
        let mut readings = Readings::default();
        let Some((_, facts)) = self.gather(&mut readings, Purpose::Look).await? else { return Ok(None) };
        let plan = policy::plan(&facts, &self.shop.terms(&self.payment_type), self.shop.clock.now());
        Ok(Some((facts, plan)))
    }

    /// Takes one step.
    async fn take(
        &self,
        readings: &mut Readings,
        facts: &Facts,
        step: &Step,
        brakes: &brakes::Brakes,
    ) -> Result<Next, WorkError> {
        let kind = step.effect.kind();
        let now = self.shop.clock.now();
        let age = readings.at.map_or(TimeDelta::MAX, |at| now - at);
        if kind.moves_money() && age > TimeDelta::from_std(FRESH).unwrap_or(TimeDelta::MAX) {
            brakes.give_back(&self.order.mandant, step);
            *readings = Readings::default();
            return Ok(Next::Again);
        }
        if kind.is_pixi() && brakes.pixi_rests(now) {
            return Ok(Next::Rest);
        }
        let taken = take::step(self.shop, &self.pixi, &self.ring, self.owner, facts, step).await?;
        let outcome = match taken {
            Taken::Sent(outcome) => outcome,
            Taken::Held(guard) => {
                brakes.give_back(&self.order.mandant, step);
                return Ok(Next::Held(guard));
            }
            Taken::NotNow => {
                brakes.give_back(&self.order.mandant, step);
                return Ok(Next::Rest);
            }
        };
        brakes.count(&self.order.mandant, step, &outcome);
        match kind {
            Kind::Comment | Kind::CustomerComment => {}
            kind if kind.is_pixi() => readings.pixi = None,
            _ => readings.payment = None,
        }
        Ok(Next::Again)
    }

    /// Reads what is not at hand and puts the facts together. None where the order is not ours to handle.
    async fn gather(&self, readings: &mut Readings, purpose: Purpose) -> Result<Option<(OrderRow, Facts)>, WorkError> {
        let journal = &self.shop.journal;
        let now = self.shop.clock.now();
        let known = journal.known(&self.order).await?;
        let before = known.as_ref().and_then(facts_before);
        let claimed = known.as_ref().and_then(Known::claimed).map(str::to_owned);
        let (stored, past) = known.map_or_else(|| (None, Vec::new()), |known| (Some(known.row), known.steps));
        if past.iter().any(|step| is_decided_since(step, readings.at)) {
            // What a person knows to have happened may be younger than what was read.
            *readings = Readings::default();
        }
        if readings.at.is_none() {
            readings.at = Some(now);
        }
        if readings.pixi.is_none() {
            let tolerance = self.payment_type.rounding_tolerance;
            let reading = reading::read(&self.pixi, self.order.nr, before.as_ref(), tolerance, now).await?;
            let Some(reading) = reading.filter(|reading| reading.header.shop_id == self.order.mandant) else {
                // Rare, and large: kept off the way of all the others.
                return Box::pin(self.missing(stored.zip(before), purpose, now)).await;
            };
            readings.pixi = Some(reading);
        }
        let Some(pixi) = readings.pixi.clone() else { return Ok(None) };
        let row = match stored {
            Some(row) if !row.is_unread() || purpose == Purpose::Look => row,
            _ if purpose == Purpose::Act => journal.see_order(self.seen(&pixi, now)).await?,
            _ => record::fresh_row(self.seen(&pixi, now), now),
        };
        let known_id = row.payment.clone();
        let chain = reauthorize::chain(&past.iter().map(into_past).collect::<Vec<_>>());
        let found = payment::find_id(&self.pixi, &pixi.header, &self.payment_type, known_id.as_deref()).await?;
        let named = found.clone();
        let found = reauthorize::current(found, &chain);
        let adopted = self.adopting || row.management == Management::Adopted;
        let manual = !adopted && payment::is_manual(&pixi.header, &found);
        // What a person has taken over is neither old nor made by hand any more.
        let left_alone = manual || !adopted && self.is_legacy(&pixi.header);
        if readings.payment.is_none() {
            let claimed = claimed.as_deref();
            let view = self.read_payment(&pixi, &found, left_alone, before.as_ref(), claimed, purpose, now).await?;
            let both = reauthorize::read_earlier(&self.ring, &chain, view, before.as_ref(), now).await;
            readings.payment = Some(both);
        }
        let payment = readings.payment.clone().unwrap_or((PaymentView::NoId, Vec::new()));
        let header = pixi.header.clone();
        let mut facts = self.assemble(&row, pixi, payment, named, manual, before.as_ref(), &past, now);
        // Read last: a person may have spoken while pixi and Unzer were asked.
        let said = journal.said_of(&self.order).await?;
        (facts.accepted, facts.collection) = (said.done, said.collection);
        Box::pin(self.look_around(readings, &header, before.as_ref(), &mut facts, now)).await?;
        confirm(&mut facts, &row);
        Ok(Some((row, facts)))
    }

    /// What surrounds the order: the insured address, its customer, whether it is still this daemon's. Little of it is
    /// asked for more than once.
    async fn look_around(
        &self,
        readings: &mut Readings,
        header: &OrderHeader,
        before: Option<&Facts>,
        facts: &mut Facts,
        now: Time,
    ) -> Result<(), WorkError> {
        let known = before.map(|facts| facts.surroundings.clone()).unwrap_or_default();
        let looked = readings.surroundings.is_some();
        let last = readings.surroundings.take().unwrap_or(known);
        let around = &mut facts.surroundings;
        (around.address, around.customer_elsewhere) = (last.address, last.customer_elsewhere);
        around.manual_orders = last.manual_orders;
        around.release_lines = last.release_lines;
        if !looked && last.release_lines != Some(true) && policy::release_had_no_effect(facts, now) {
            facts.surroundings.release_lines = match self.pixi.is_proven("pixiReleaseOrder").await {
                Ok(is_proven) => Some(is_proven),
                // Nothing else of the order waits for this.
                Err(error) if error.class() == ErrorClass::Passing => None,
                Err(error) => return Err(error.into()),
            };
        }
        let around = &mut facts.surroundings;
        if header.payment_type.as_ref().is_some_and(|code| *code != facts.payment_type) {
            // The answer about the order itself shows that pixi answers.
            let sure = std::future::ready(Ok(true));
            around.gone = Some(gone::count(last.gone.as_ref(), GoneHow::PaymentType, now, sure).await?);
        }
        if !looked && facts.standing == Standing::Managed {
            let check = self.payment_type.address_check;
            facts.surroundings.address =
                address::look(check, &self.pixi, &self.ring, header, facts, last.address).await;
            facts.surroundings.customer_elsewhere = self.customer_elsewhere(facts).await?;
            facts.surroundings.manual_orders = self.manual_orders(facts).await?;
        }
        readings.surroundings = Some(facts.surroundings.clone());
        Ok(())
    }

    /// Exchange orders of the customer; asked only where something was credited.
    async fn manual_orders(&self, facts: &Facts) -> Result<Vec<(i64, Time)>, WorkError> {
        match facts.customer.filter(|_| facts.credit_notes().next().is_some()) {
            Some(customer) => Ok(self.shop.journal.manual_orders(&self.order.api, customer).await?),
            None => Ok(Vec::new()),
        }
    }

    /// Whether another mandant still has goods to ship to the customer; asked only where a chargeback may lock them.
    async fn customer_elsewhere(&self, facts: &Facts) -> Result<bool, WorkError> {
        let charged_back = facts
            .payment
            .known()
            .is_some_and(|payment| payment.transactions.iter().any(|entry| entry.kind == TransactionKind::Chargeback));
        let Some(customer) = facts.customer.filter(|_| charged_back && self.payment_type.lock_customer_on_chargeback)
        else {
            return Ok(false);
        };
        let others = self.shop.journal.facts_elsewhere(&self.order.api, &self.order.mandant, customer).await?;
        let to_ship = |json: &String| {
            // Facts that cannot be read may be of an order that is open.
            serde_json::from_str::<Facts>(json).map_or(true, |facts| facts.on_hold() || facts.unshipped())
        };
        Ok(others.iter().any(to_ship))
    }

    /// pixi does not show the order any more, or as another mandant's: nothing is done on the strength of what was seen
    /// before, but its money at Unzer is still looked at.
    async fn missing(
        &self,
        known: Option<(OrderRow, Facts)>,
        purpose: Purpose,
        now: Time,
    ) -> Result<Option<(OrderRow, Facts)>, WorkError> {
        let Some((row, before)) = known else { return Ok(None) };
        let mut facts = before.clone();
        facts.standing = self.standing(row.management, facts.standing == Standing::Manual);
        let said = self.shop.journal.said_of(&self.order).await?;
        (facts.accepted, facts.collection) = (said.done, said.collection);
        facts.unclear = vec![Unclear::Vanished(format!("order {}", self.order.nr))];
        (facts.retry_at, facts.stable_since) = (self.asked.and_then(Asked::retry_at), now);
        let journal = &self.shop.journal;
        let others = gone::others_answer(journal, &self.pixi, &self.order);
        let known = before.surroundings.gone.as_ref();
        facts.surroundings.gone = Some(gone::count(known, GoneHow::Missing, now, others).await?);
        let current = before.payment.known().map(|payment| payment.id.as_str()).or(row.payment.as_deref());
        // Unzer may never have answered while the order was there.
        let current = current.or(before.pay_id.as_deref());
        if let Some(id) = current.filter(|_| facts.standing == Standing::Managed) {
            let external = facts.external_nr.clone();
            let read =
                payment::read(journal, &self.ring, &self.order, &external, id, Some(&before), None, purpose, now)
                    .await?;
            facts.payment = read;
        }
        confirm(&mut facts, &row);
        Ok(Some((row, facts)))
    }

    fn seen(&self, pixi: &PixiReading, now: Time) -> OrderSeen {
        OrderSeen {
            order: self.order.clone(),
            nr_external: pixi.header.order_nr_external.clone().unwrap_or_default(),
            payment_code: self.code.clone(),
            currency: pixi.currency,
            mode: mode_name(self.payment_type.mode).to_owned(),
            management: if self.is_legacy(&pixi.header) { Management::Legacy } else { Management::Managed },
            next_check: now,
        }
    }

    fn standing(&self, management: Management, manual: bool) -> Standing {
        let management = if self.adopting { Management::Adopted } else { management };
        standing(management, manual && management != Management::Adopted, self.payment_type.active)
    }

    fn is_legacy(&self, header: &OrderHeader) -> bool {
        let from = self.shop.settings.mandants.get(&self.order.mandant).and_then(|mandant| mandant.process_from);
        match (from, header.order_date) {
            (Some(from), Some(date)) => date.naive.date() < from,
            _ => false,
        }
    }

    #[expect(clippy::too_many_arguments, reason = "all that is known of the order takes part")]
    async fn read_payment(
        &self,
        pixi: &PixiReading,
        found: &FoundId,
        left_alone: bool,
        before: Option<&Facts>,
        claimed: Option<&str>,
        purpose: Purpose,
        now: Time,
    ) -> Result<PaymentView, WorkError> {
        let id = match found {
            FoundId::One(id) => id,
            FoundId::Several => return Ok(PaymentView::SeveralIds),
            FoundId::None => return Ok(PaymentView::NoId),
        };
        if left_alone {
            return Ok(PaymentView::NoId);
        }
        let external = pixi.header.order_nr_external.as_deref().unwrap_or_default();
        let journal = &self.shop.journal;
        Ok(payment::read(journal, &self.ring, &self.order, external, id, before, claimed, purpose, now).await?)
    }

    #[expect(clippy::too_many_arguments, reason = "facts are made of everything")]
    fn assemble(
        &self,
        row: &OrderRow,
        pixi: PixiReading,
        (payment, earlier): (PaymentView, Vec<Payment>),
        found: FoundId,
        manual: bool,
        before: Option<&Facts>,
        past: &[StepRecord],
        now: Time,
    ) -> Facts {
        let header = pixi.header;
        let on_hold = pixi.lines.iter().any(|line| line.state == policy::facts::LineState::Hal);
        let mut unclear = pixi.unclear;
        if header.payment_type.as_ref().is_some_and(|code| *code != row.payment_code) {
            unclear.push(Unclear::Vanished(format!("payment type {}", row.payment_code)));
        }
        let pay_id = match found {
            FoundId::One(id) => Some(id),
            _ => header.ccp_pay_id.clone(),
        };
        Facts {
            order: self.order.clone(),
            external_nr: header.order_nr_external.clone().unwrap_or_default(),
            payment_type: row.payment_code.clone(),
            currency: pixi.currency,
            first_seen: row.first_seen,
            standing: self.standing(row.management, manual),
            mode: mode_from(&row.mode),
            customer: header.cust_key,
            locked: header.order_locked,
            pay_id,
            last_auth_code: header.ccp_last_auth_code.clone(),
            last_seen_released: if on_hold { before.and_then(|facts| facts.last_seen_released) } else { Some(now) },
            total: pixi.total,
            first_total: row.o0,
            shipping: pixi.shipping,
            lines: pixi.lines,
            documents: pixi.documents,
            unclear,
            payment,
            earlier,
            past: past.iter().map(into_past).collect(),
            stable_since: now,
            readings: 1,
            retry_at: self.asked.and_then(Asked::retry_at),
            reauthorize_asked: self.asked.is_some_and(|asked| asked.wish == Wish::Reauthorize),
            asked: self.asked.and_then(|asked| match asked.wish {
                Wish::Move(asked) => Some(asked),
                Wish::Retry | Wish::Reauthorize => None,
            }),
            surroundings: Surroundings {
                lost_lines: pixi.lost_lines,
                spanning: pixi.spanning,
                ..Surroundings::default()
            },
            held: before.and_then(|facts| facts.held.clone()),
            accepted: Vec::new(),
            collection: None,
        }
    }
}

/// The facts last stored, with the steps as they are now. Facts written by an older version that cannot be read any more are
/// read anew from both sides.
fn facts_before(known: &Known) -> Option<Facts> {
    let facts: Option<Facts> = serde_json::from_str(known.facts.as_deref()?).ok();
    facts.map(|facts| Facts { past: known.steps.iter().map(into_past).collect(), ..facts })
}

/// Equal to the reading before: confirmed for as long as nothing changes.
pub(super) fn confirm(facts: &mut Facts, row: &OrderRow) {
    let same = record::digest(facts) == row.facts_digest;
    facts.readings = if same { 2 } else { 1 };
    if same {
        facts.stable_since = row.digest_since;
    } else if let Some(held) = &mut facts.held {
        // Something changed: it may be tried again at once.
        held.until = held.until.min(facts.stable_since);
    }
}

fn standing(management: Management, manual: bool, active: bool) -> Standing {
    match management {
        Management::Managed | Management::Adopted if manual => Standing::Manual,
        Management::Managed | Management::Adopted if !active => Standing::SwitchedOff,
        Management::Managed | Management::Adopted => Standing::Managed,
        Management::Legacy => Standing::Legacy,
        Management::Manual => Standing::Manual,
        Management::Ignored | Management::Adopting => Standing::Ignored,
    }
}

/// The word a mode is stored by.
pub fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Standard => "standard",
        Mode::Expert => "expert",
    }
}

fn mode_from(name: &str) -> Mode {
    if name == "expert" { Mode::Expert } else { Mode::Standard }
}

/// A person has said how the step ended, after `at`.
fn is_decided_since(record: &StepRecord, at: Option<Time>) -> bool {
    let settled = record.decided_by.as_ref().and(record.settled_at);
    at.zip(settled).is_some_and(|(at, settled)| settled >= at)
}

/// A step as the rules see it.
pub fn into_past(record: &StepRecord) -> Past {
    Past {
        key: record.key.clone(),
        effect: record.effect.clone(),
        attempt: u32::try_from(record.attempt).unwrap_or(u32::MAX),
        outcome: record.outcome.clone(),
        at: record.intended_at,
        settled_at: record.settled_at,
        token: record.token.clone(),
        asks_person: look::asks_person(record),
        snapshot: record.snapshot.clone(),
    }
}
