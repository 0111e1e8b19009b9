//! New authorisations (R16): which payment stands for an order now, which stood before, and how a new one is asked for.

use url::Url;

use crate::journal::StepPermit;
use crate::policy::{Facts, Past, PaymentView};
use crate::steps::{Effect, Outcome, Refusal, RefusalKind};
use crate::unzer::{Hint, KeyRing, NewAuthorization, Payment, UnzerClient};
use crate::wire::Cause;

use super::payment::{self, FoundId};

/// Where a buyer would come back to. Nobody is sent there, but Unzer wants an address that is not private.
const RETURN_URL: &str = "https://www.unzer.com/";
/// Code people are shown where the bank wants a step of the buyer's.
const BUYERS_STEP: &str = "buyer's step";

/// Ids of an order's payments, as its new authorisations made them: oldest first, the current one last. Empty where it
/// was never authorised anew.
pub fn chain(past: &[Past]) -> Vec<String> {
    let mut ids: Vec<String> = Vec::new();
    for past in past {
        let (Effect::Reauthorize { payment, .. }, Some(Outcome::Done(evidence))) = (&past.effect, &past.outcome) else {
            continue;
        };
        let Some(new) = evidence.transaction.as_deref().and_then(payment_of) else { continue };
        ids.retain(|id| id != payment && *id != new);
        ids.push(payment.clone());
        ids.push(new);
    }
    ids
}

/// The payment in `payments/s-pay-9/authorize/s-aut-1`.
fn payment_of(path: &str) -> Option<String> {
    let (_, after) = path.split_once("payments/")?;
    after.split('/').next().filter(|id| !id.is_empty()).map(str::to_owned)
}

/// The payment id that stands for the order now: the newest authorisation's while pixi still names one it replaced. What
/// a person has written since is taken as it is.
pub fn current(found: FoundId, chain: &[String]) -> FoundId {
    match (&found, chain.last()) {
        (FoundId::One(id), Some(current)) if chain.contains(id) => FoundId::One(current.clone()),
        (FoundId::None, Some(current)) => FoundId::One(current.clone()),
        _ => found,
    }
}

/// Reads the payments that stood for the order before the current one. One that cannot be read makes the whole picture
/// unknown: its money still counts.
pub async fn read_earlier(
    ring: &KeyRing,
    chain: &[String],
    view: PaymentView,
    before: Option<&Facts>,
    now: crate::clock::Time,
) -> (PaymentView, Vec<Payment>) {
    let Some(current) = view.known() else { return (view, Vec::new()) };
    let hint = Hint { public_key: Some(&current.public_key), method: Some(&current.method) };
    let mut earlier = Vec::new();
    for id in chain.iter().filter(|id| **id != current.id) {
        let read = async {
            let mut payment = ring.payment(id, hint).await?;
            let known = before.and_then(|facts| facts.payment_with(id));
            payment::fill_details(ring, &mut payment, known, before).await?;
            Ok(payment)
        };
        match read.await {
            Ok(payment) => earlier.push(payment),
            Err(error) => return (payment::without_payment(&error, before, now), Vec::new()),
        }
    }
    (view, earlier)
}

/// Authorises a new payment on the type of the old one.
pub async fn send(client: &UnzerClient, facts: &Facts, permit: StepPermit) -> Outcome {
    let Effect::Reauthorize { payment, amount, order_id } = permit.effect().clone() else {
        return Outcome::not_sent(Cause::Invalid);
    };
    let Some(old) = facts.payment_with(&payment) else { return Outcome::not_sent(Cause::Invalid) };
    let resources = match client.resources(&payment).await {
        Ok(resources) => resources,
        Err(error) => return Outcome::NotSent { cause: error.to_string() },
    };
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
