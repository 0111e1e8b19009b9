//! What people ask the running daemon for: pages and commands store a request, the daemon answers in the same row.

use serde_json::{Value, json};

use crate::journal::{Amounts, Journal, JournalError, NewRequest, OrderRow, Request};
use crate::steps::OrderId;

use super::cycle::Scope;
use super::daemon::Daemon;
use super::record;
use super::work::{Asked, Work};

/// Requests taken at a time.
const BATCH: i64 = 10;
/// A full cycle, now.
pub const CYCLE: &str = "cycle";
/// Another try at one order, now.
pub const RETRY: &str = "retry";
/// A new authorisation for one order, now.
pub const REAUTHORIZE: &str = "reauthorize";

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

/// Takes the requests that wait and answers them.
pub(super) async fn serve(daemon: &Daemon, journal: &Journal) -> Result<(), JournalError> {
    for request in journal.take_requests(daemon.owner(), BATCH).await? {
        let answer = match answer(daemon, &request).await {
            Ok(answer) => answer,
            Err(error) => json!({"error": error.to_string()}),
        };
        journal.answer_request(request.id, answer).await?;
    }
    Ok(())
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
        (RETRY, Some(order)) => act_on(daemon, request, order, false).await,
        (REAUTHORIZE, Some(order)) => act_on(daemon, request, order, true).await,
        (kind, _) => Ok(json!({"error": format!("this daemon does not know the request \"{kind}\"")})),
    }
}

/// Works on one order at once; what was refused before may be tried again. Where the person saw other amounts than the
/// order has now, nothing is done.
async fn act_on(
    daemon: &Daemon,
    request: &Request,
    order: &OrderId,
    reauthorize: bool,
) -> Result<Value, super::WorkError> {
    if let Some(until) = daemon.quiet_until() {
        return Ok(json!({"quiet_until": until}));
    }
    let shop = daemon.shop();
    let Some(row) = shop.journal.load_order(order).await? else {
        return Ok(json!({"error": format!("order {order} is not known")}));
    };
    if daemon.is_off(&order.api) {
        let name = &order.api;
        let mend = format!("pixi-payd connection enable {name} --reason TEXT");
        return Ok(
            json!({"error": format!("the connection pixi {name} is switched off; take it up again with: {mend}")}),
        );
    }
    let asked = Asked { at: shop.clock.now(), reauthorize };
    let work = shop.work(daemon.owner(), &order.api, &order.mandant, &row.payment_code, order.nr, Some(asked))?;
    // Nothing else works on the order between the comparison and the work.
    let turn = daemon.turn().await;
    if let Some(changed) = changed_since(&work, &row, &request.amounts_seen).await? {
        // The next cycle stores what is so now.
        shop.journal.wake_order(order).await?;
        return Ok(json!({"error": changed}));
    }
    daemon.run_order(&shop, &work, turn).await?;
    Ok(json!({"done": true}))
}

/// Why it is not done as the person saw it, in words: what has changed since, or why that cannot be told. None where
/// nothing has, or no amounts were given.
async fn changed_since(work: &Work<'_>, row: &OrderRow, seen: &Value) -> Result<Option<String>, super::WorkError> {
    if seen.is_null() {
        return Ok(None);
    }
    let Ok(seen) = serde_json::from_value::<Amounts>(seen.clone()) else {
        return Ok(Some("the amounts of the request cannot be read".to_owned()));
    };
    let Some((facts, plan)) = work.look_only().await? else {
        return Ok(Some("pixi does not show the order now; nothing was done".to_owned()));
    };
    if facts.payment.known().is_none() && row.payment.is_some() {
        return Ok(Some("Unzer does not answer for its payment now; nothing was done".to_owned()));
    }
    let now = record::amounts(&plan.sums);
    let pairs = [
        ("ordered", seen.total, now.total),
        ("authorised", seen.authorized, now.authorized),
        ("captured", seen.captured, now.captured),
        ("refunded", seen.refunded, now.refunded),
        ("invoiced", seen.invoiced, now.invoiced),
        ("credited", seen.credited, now.credited),
    ];
    let money = |minor: i64| facts.money(minor).decimal();
    let changed = pairs.iter().filter(|(_, then, now)| then != now);
    let changed: Vec<String> =
        changed.map(|(name, then, now)| format!("{name} {} instead of {}", money(*now), money(*then))).collect();
    let words = changed.join(", ");
    Ok((!changed.is_empty()).then(|| format!("the amounts have changed since you looked ({words}); look again")))
}
