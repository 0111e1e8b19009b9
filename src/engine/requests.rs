//! What people ask the running daemon for: pages and commands store a request, the daemon answers in the same row.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::TimeDelta;
use serde_json::{Value, json};
use tokio::sync::mpsc::UnboundedSender;

use crate::journal::{Amounts, Journal, JournalError, NewRequest, OrderRow, Request, StepRecord};
use crate::policy::facts::{AskedMove, Direction};
use crate::policy::{self, Plan};
use crate::steps::{OrderId, Outcome, StepKey};
use crate::text::{Language, Phrase, PhraseKey, amounts};

use super::cycle::Scope;
use super::daemon::{Daemon, Turn};
use super::record;
use super::work::{Asked, Wish, Work, Worked, Workshop};

/// Money is moved only while the person who asked may still be waiting for it.
pub const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(10);
/// Requests taken at a time.
const BATCH: i64 = 10;
/// A full cycle, now.
pub const CYCLE: &str = "cycle";
/// Another try at one order, now.
pub const RETRY: &str = "retry";
/// A new authorisation for one order, now.
pub const REAUTHORIZE: &str = "reauthorize";

/// The capture of a part of what is authorised.
pub const CAPTURE: &str = "capture";
/// The refund of a part of what was charged.
pub const REFUND: &str = "refund";

/// Asks the daemon for a cycle.
pub fn cycle_request(actor: &str, scope: &Scope) -> NewRequest {
    NewRequest {
        order: None,
        actor: actor.to_owned(),
        kind: CYCLE.to_owned(),
        args: json!(scope),
        reason: String::new(),
        amounts_seen: Value::Null,
    }
}

/// Asks the daemon to try an order again.
pub fn retry_request(actor: &str, order: &OrderId, reason: &str) -> NewRequest {
    of_order(RETRY, actor, order, reason)
}

/// Asks the daemon to authorise an order's payment anew (R16).
pub fn reauthorize_request(actor: &str, order: &OrderId, reason: &str) -> NewRequest {
    of_order(REAUTHORIZE, actor, order, reason)
}

/// Asks the daemon to move an amount of an order's payment, in minor units of its currency. Carried out once, whatever
/// breaks, and only while the order's amounts are as the person saw them.
pub fn move_request(actor: &str, row: &OrderRow, direction: Direction, minor: i64, reason: &str) -> NewRequest {
    let kind = match direction {
        Direction::Capture => CAPTURE,
        Direction::Refund => REFUND,
    };
    NewRequest { args: json!({"amount_minor": minor}), ..of_order(kind, actor, &row.order, reason) }.seeing(row)
}

/// The amount a request is to move.
pub fn amount_of(request: &Request) -> Option<i64> {
    request.args.get("amount_minor").and_then(Value::as_i64)
}

fn of_order(kind: &str, actor: &str, order: &OrderId, reason: &str) -> NewRequest {
    NewRequest {
        order: Some(order.clone()),
        actor: actor.to_owned(),
        kind: kind.to_owned(),
        args: Value::Null,
        reason: reason.to_owned(),
        amounts_seen: Value::Null,
    }
}

impl NewRequest {
    /// With the amounts the person saw: where they have changed since, the request is refused. Of an order of which
    /// nothing was read yet there are none.
    #[must_use]
    pub fn seeing(mut self, row: &OrderRow) -> Self {
        if !row.is_unread() {
            self.amounts_seen = json!(row.amounts);
        }
        self
    }
}

/// Requests a process has taken and not answered yet.
#[derive(Debug, Default)]
pub(super) struct Requests(Mutex<BTreeSet<i64>>);

impl Requests {
    /// Takes the requests that wait. Those about an order are answered, one after another; cycles, which may take long, are
    /// handed on.
    pub(super) async fn serve(
        &self,
        daemon: &Daemon,
        journal: &Journal,
        cycles: &UnboundedSender<Request>,
    ) -> Result<(), JournalError> {
        let mut lost = None;
        let in_hand = self.ids().clone();
        for request in journal.take_requests(daemon.owner(), BATCH, &in_hand).await? {
            self.ids().insert(request.id);
            if request.kind == CYCLE {
                // Nobody takes it any more only where the daemon is ending: then it waits for the next one.
                let _ = cycles.send(request);
            } else if let Err(error) = self.answer(daemon, journal, &request).await {
                // One answer that cannot be stored leaves none of the others waiting.
                lost = Some(error);
            }
        }
        lost.map_or(Ok(()), Err)
    }

    /// Does what is asked for and answers. Where the answer cannot be stored the request is taken again.
    pub(super) async fn answer(
        &self,
        daemon: &Daemon,
        journal: &Journal,
        request: &Request,
    ) -> Result<(), JournalError> {
        let said = match answer(daemon, request).await {
            Ok(said) => said,
            Err(error) => json!({"error": error.to_string()}),
        };
        let stored = journal.answer_request(request.id, said).await;
        self.ids().remove(&request.id);
        stored
    }

    fn ids(&self) -> MutexGuard<'_, BTreeSet<i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn answer(daemon: &Daemon, request: &Request) -> Result<Value, super::WorkError> {
    match (request.kind.as_str(), &request.order) {
        (CYCLE, _) => {
            if let Some(until) = daemon.quiet_until() {
                return Ok(json!({"quiet_until": until}));
            }
            let scope: Scope = serde_json::from_value(request.args.clone()).unwrap_or_default();
            Ok(json!({"report": daemon.run_cycle(&scope).await?}))
        }
        (RETRY, Some(order)) => act_on(daemon, request, order, Wish::Retry).await,
        (REAUTHORIZE, Some(order)) => act_on(daemon, request, order, Wish::Reauthorize).await,
        (CAPTURE, Some(order)) => move_money(daemon, request, order, Direction::Capture).await,
        (REFUND, Some(order)) => move_money(daemon, request, order, Direction::Refund).await,
        (kind, _) => Ok(declined(Phrase::new(PhraseKey::AskedUnknown).with("kind", kind))),
    }
}

/// Moves money because a person asks for it.
async fn move_money(
    daemon: &Daemon,
    request: &Request,
    order: &OrderId,
    direction: Direction,
) -> Result<Value, super::WorkError> {
    match amount_of(request) {
        // Without the amounts the person saw nobody could tell what they meant.
        Some(amount) if !request.amounts_seen.is_null() => {
            let asked = AskedMove { request: request.id, direction, amount };
            act_on(daemon, request, order, Wish::Move(asked)).await
        }
        _ => Ok(declined(PhraseKey::AskedUnreadable)),
    }
}

/// Works on one order at once; what was refused before may be tried again. Where the person saw other amounts than the
/// order has now, nothing is done.
async fn act_on(daemon: &Daemon, request: &Request, order: &OrderId, wish: Wish) -> Result<Value, super::WorkError> {
    // Nothing else works on the order between the comparison and the work.
    let turn = daemon.turn(order).await;
    if let Some(until) = daemon.quiet_until() {
        return Ok(json!({"quiet_until": until}));
    }
    let shop = daemon.shop();
    let Some(row) = shop.journal.load_order(order).await? else {
        return Ok(declined(Phrase::new(PhraseKey::AskedOrderUnknown).with("order", order)));
    };
    if daemon.is_off(&order.api) {
        return Ok(declined(Phrase::new(PhraseKey::AskedConnectionOff).with("name", &order.api)));
    }
    let asked = Asked { at: shop.clock.now(), wish };
    let work = shop.work(daemon.owner(), &order.api, &order.mandant, &row.payment_code, order.nr, Some(asked))?;
    if let Wish::Move(asked) = wish {
        return carry_out(daemon, &shop, &work, request, &row, &asked, turn).await;
    }
    if let Some(changed) = changed_since(&work, &row, &request.amounts_seen).await? {
        // The next cycle stores what is so now.
        shop.journal.wake_order(order).await?;
        return Ok(declined(changed));
    }
    daemon.run_order(&shop, &work, turn).await?;
    Ok(json!({"done": true}))
}

/// Moves money once, and tells what became of it. A request that was begun before a restart is not begun again: what is
/// open of it is looked for, and told.
async fn carry_out(
    daemon: &Daemon,
    shop: &Workshop,
    work: &Work<'_>,
    request: &Request,
    row: &OrderRow,
    asked: &AskedMove,
    turn: Turn<'_>,
) -> Result<Value, super::WorkError> {
    let key = policy::asked::key(asked);
    if last_try(shop, work, &key).await?.is_none() {
        if shop.clock.now() - request.created > LONGEST_WAIT {
            return Ok(declined(PhraseKey::AskedTooLate));
        }
        if let Some(changed) = changed_since(work, row, &request.amounts_seen).await? {
            shop.journal.wake_order(work.order()).await?;
            return Ok(declined(changed));
        }
    }
    let worked = daemon.run_order(shop, work, turn).await;
    // Whatever happened afterwards: what was sent was sent.
    let why = match last_try(shop, work, &key).await?.map(|step| step.outcome) {
        Some(Some(Outcome::Done(_))) => return Ok(json!({"done": true})),
        Some(None | Some(Outcome::Pending(_) | Outcome::Unknown { .. })) => {
            return Ok(json!({"open": Phrase::from(PhraseKey::AskedOpen).as_value()}));
        }
        Some(Some(Outcome::Refused(no))) => Phrase::new(PhraseKey::AskedRefused).with("code", &no.code),
        Some(Some(Outcome::NotSent { .. })) => PhraseKey::AskedNotSent.into(),
        None => match worked? {
            Worked::Declined(why) => why,
            Worked::Stopped => PhraseKey::AskedStopping.into(),
            Worked::Rests | Worked::Deferred(_) => why_not(work).await?,
        },
    };
    Ok(declined(why))
}

async fn last_try(shop: &Workshop, work: &Work<'_>, key: &StepKey) -> Result<Option<StepRecord>, super::WorkError> {
    let steps = shop.journal.steps_of(work.order()).await?;
    Ok(steps.into_iter().rfind(|step| step.key == *key))
}

/// Why the rules do not plan what a person asks for.
async fn why_not(work: &Work<'_>) -> Result<Phrase, super::WorkError> {
    Ok(match work.look_only().await? {
        Some((_, Plan { declined: Some(why), .. })) => why,
        Some((_, plan)) if plan.steps.is_empty() => {
            let first = plan.said.first().map(Phrase::as_value).unwrap_or_default();
            Phrase::new(PhraseKey::AskedNotNow).with("reason", first)
        }
        Some(_) => PhraseKey::AskedStopping.into(),
        None => PhraseKey::AskedNotShown.into(),
    })
}

/// The answer to what is not done: for the commands in English, for the pages in whichever language they are written.
fn declined(why: impl Into<Phrase>) -> Value {
    let why = why.into();
    json!({"error": why.text(Language::En), "why": why.as_value()})
}

/// Why a request was not done, in a language; none where it was.
pub fn why_declined(answer: &Value, language: Language) -> Option<String> {
    let error = answer.get("error").and_then(Value::as_str)?;
    let why = answer.get("why").and_then(Value::as_str).and_then(Phrase::of_value);
    Some(why.map_or_else(|| error.to_owned(), |why| why.text(language)))
}

/// Why it is not done as the person saw it: what has changed since, or why that cannot be told. None where nothing has,
/// or no amounts were given.
async fn changed_since(work: &Work<'_>, row: &OrderRow, seen: &Value) -> Result<Option<Phrase>, super::WorkError> {
    if seen.is_null() {
        return Ok(None);
    }
    let Ok(seen) = serde_json::from_value::<Amounts>(seen.clone()) else {
        return Ok(Some(PhraseKey::AskedUnreadable.into()));
    };
    let Some((facts, plan)) = work.look_only().await? else {
        return Ok(Some(PhraseKey::AskedNotShown.into()));
    };
    if facts.payment.known().is_none() && row.payment.is_some() {
        return Ok(Some(PhraseKey::AskedUnzerSilent.into()));
    }
    let now = record::amounts(&plan.sums);
    let pairs = [
        (PhraseKey::AskedOrdered, seen.total, now.total),
        (PhraseKey::AskedAuthorized, seen.authorized, now.authorized),
        (PhraseKey::AskedCaptured, seen.captured, now.captured),
        (PhraseKey::AskedRefunded, seen.refunded, now.refunded),
        (PhraseKey::AskedInvoiced, seen.invoiced, now.invoiced),
        (PhraseKey::AskedCredited, seen.credited, now.credited),
    ];
    let money = |minor: i64| amounts::neutral(facts.money(minor));
    let changed = pairs.into_iter().find(|(_, then, now)| then != now);
    Ok(changed.map(|(which, then, now)| {
        let what = Phrase::new(which).with("now", money(now)).with("then", money(then));
        Phrase::new(PhraseKey::AskedChanged).with("what", what.as_value())
    }))
}
