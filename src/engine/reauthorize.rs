//! New authorisations (R16): which payment stands for an order now, which stood before, and how a new one is asked for.

use url::Url;

use crate::journal::StepPermit;
use crate::policy::{Facts, Past, PaymentView};
use crate::steps::{Effect, Outcome, Refusal, RefusalKind};
use crate::unzer::{Hint, KeyRing, NewAuthorization, Payment, UnzerClient, UnzerError};
use crate::wire::Cause;

use super::payment::{self, FoundId};
use super::take::Leave;

/// Where a buyer would come back to. Nobody is sent there, but Unzer wants an address that is not private.
const RETURN_URL: &str = "https://www.unzer.com/";
/// Code people are shown where the bank wants a step of the buyer's.
const BUYERS_STEP: &str = "buyer's step";

/// The payments an order had, by what the journal says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Chain {
    /// Payments that a new authorisation has replaced, with the new one, oldest first.
    replaced: Vec<(String, String)>,
    /// Payments on which this daemon has moved money, and those new authorisations made, oldest first.
    ids: Vec<String>,
}

/// Reads an order's payments off its steps: those a new authorisation replaced, and those money was moved on before a person
/// wrote another one on the order.
pub fn chain(past: &[Past]) -> Chain {
    let mut chain = Chain::default();
    let add = |ids: &mut Vec<String>, id: &str| {
        if !ids.iter().any(|known| known == id) {
            ids.push(id.to_owned());
        }
    };
    for past in past {
        let Some(Outcome::Done(evidence)) = &past.outcome else { continue };
        match &past.effect {
            Effect::Capture { payment, .. } | Effect::Refund { payment, .. } => add(&mut chain.ids, payment),
            Effect::Reauthorize { payment, .. } => {
                if let Some(new) = evidence.transaction.as_deref().and_then(payment_of) {
                    add(&mut chain.ids, payment);
                    add(&mut chain.ids, &new);
                    chain.replaced.push((payment.clone(), new));
                }
            }
            _ => {}
        }
    }
    chain
}

/// The payment in `payments/s-pay-9/authorize/s-aut-1`.
fn payment_of(path: &str) -> Option<String> {
    let (_, after) = path.split_once("payments/")?;
    after.split('/').next().filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The payment id that stands for the order now: the newest authorisation's while pixi still names one it replaced. What
/// a person has written since is taken as it is.
pub fn current(found: FoundId, chain: &Chain) -> FoundId {
    let newest = |id: &str| {
        let mut id = id.to_owned();
        // Each replacement leads on once; a person may have gone in a circle.
        for _ in 0..chain.replaced.len() {
            let Some((_, new)) = chain.replaced.iter().rfind(|(old, _)| *old == id) else { break };
            id.clone_from(new);
        }
        id
    };
    match &found {
        FoundId::One(id) => FoundId::One(newest(id)),
        FoundId::None => chain.replaced.last().map_or(found, |(_, new)| FoundId::One(newest(new))),
        FoundId::Several => found,
    }
}

/// Reads the payments that stood for the order before the current one. One that cannot be read makes the whole picture
/// unknown: its money still counts.
pub async fn read_earlier(
    ring: &KeyRing,
    chain: &Chain,
    view: PaymentView,
    before: Option<&Facts>,
    now: crate::clock::Time,
) -> (PaymentView, Vec<Payment>) {
    let Some(current) = view.known() else { return (view, Vec::new()) };
    let hint = Hint { public_key: Some(&current.public_key), method: Some(&current.method) };
    let mut earlier = Vec::new();
    for id in chain.ids.iter().filter(|id| **id != current.id) {
        let read = async {
            let mut payment = ring.payment(id, hint).await?;
            let known = before.and_then(|facts| facts.payment_with(id));
            payment::fill_details(ring, &mut payment, known, before).await?;
            Ok(payment)
        };
        match read.await {
            Ok(payment) => earlier.push(payment),
            Err(error) => return (unreadable(&error, id, before, now), Vec::new()),
        }
    }
    (view, earlier)
}

/// An earlier payment that cannot be read says nothing of the current one: the money is not known for now.
fn unreadable(error: &UnzerError, id: &str, before: Option<&Facts>, now: crate::clock::Time) -> PaymentView {
    match payment::without_payment(error, before, now) {
        PaymentView::Unreachable { since, code, configuration } => {
            PaymentView::Unreachable { since, code: format!("{id}: {code}"), configuration }
        }
        _ => PaymentView::Unreachable { since: now, code: format!("{id}: {error}"), configuration: true },
    }
}

/// Authorises a new payment on the type of the old one.
pub(super) async fn send(client: &UnzerClient, facts: &Facts, permit: StepPermit, leave: Leave<'_>) -> Outcome {
    let Effect::Reauthorize { payment, amount, order_id } = permit.effect().clone() else {
        return Outcome::not_sent(Cause::Invalid);
    };
    let Some(old) = facts.payment_with(&payment) else { return Outcome::not_sent(Cause::Invalid) };
    let resources = match client.resources(&payment).await {
        Ok(resources) => resources,
        Err(error) => return Outcome::NotSent { cause: error.to_string() },
    };
    // Unzer was asked for them, which took its time.
    if !leave.is_good_after_reading(&permit).await {
        return Outcome::not_sent(Cause::Expired);
    }
    let Ok(return_url) = Url::parse(RETURN_URL) else { return Outcome::not_sent(Cause::Invalid) };
    let new = NewAuthorization {
        type_id: &old.type_id,
        customer_id: resources.customer_id.as_deref(),
        basket_id: None,
        amount,
        order_id: &order_id,
        return_url: &return_url,
    };
    match client.authorize(permit, &new).await {
        // The bank wants the buyer, who is not there: this payment never comes to anything.
        Outcome::Pending(_) => refused_for_buyer(),
        outcome => outcome,
    }
}

/// The outcome of an authorisation that waits for a buyer who is not there.
pub fn refused_for_buyer() -> Outcome {
    Outcome::Refused(Refusal { kind: RefusalKind::Final, code: BUYERS_STEP.to_owned(), message: String::new() })
}
