//! The simulated Unzer and the client, each against the other.

mod capabilities;
mod faults;
mod invariants;
mod over_http;
mod refusals;
mod stories;

use url::Url;

use super::{Shop, UnzerSim};
use crate::clock::Clock;
use crate::money::{Currency, Money};
use crate::sandbox::faults::Faults;
use crate::steps::{Evidence, Outcome, RefundAt, ReverseAt};
use crate::unzer::UnzerClient;

fn euro(minor: i64) -> Money {
    Currency::EUR.of(minor)
}

/// A simulated Unzer with a shop and the daemon's client.
struct Scene {
    sim: UnzerSim,
    shop: Shop,
    client: UnzerClient,
    clock: Clock,
}

fn scene() -> Scene {
    let clock = Clock::simulated("2026-03-03T09:00:00Z".parse().unwrap(), 1);
    let sim = UnzerSim::new(clock.clone(), Faults::new());
    let url = Url::parse("https://sbx-api.unzer.com").unwrap();
    let client = UnzerClient::new(&url, &sim.key_pair(0).unwrap(), sim.wire(), clock.clone());
    Scene { shop: sim.shop(0), sim, client, clock }
}

impl Scene {
    async fn capture(&self, payment: &str, minor: i64) -> Outcome {
        self.client.bare().capture(payment, euro(minor), Some("RE1"), None, "RE1 token").await
    }

    async fn reverse(&self, payment: &str, minor: i64) -> Outcome {
        self.client.bare().reverse(payment, euro(minor), &ReverseAt::Authorization, None, "cancel token").await
    }

    async fn refund(&self, payment: &str, charge: &str, minor: i64) -> Outcome {
        let at = RefundAt::Charge { charge: charge.to_owned() };
        self.client.bare().refund(payment, euro(minor), &at, None, "GS1 token").await
    }
}

#[track_caller]
fn done(outcome: Outcome) -> Evidence {
    match outcome {
        Outcome::Done(evidence) => evidence,
        other => panic!("{other:?}"),
    }
}

#[track_caller]
fn refused(outcome: Outcome) -> String {
    match outcome {
        Outcome::Refused(refusal) => refusal.code,
        other => panic!("{other:?}"),
    }
}
