//! Several key pairs of one merchant: a payment answers only to the pair that created it (`unzer/NOTES` 1).

use url::Url;

use super::client::UnzerClient;
use super::error::UnzerError;
use super::model::{MethodPrefix, Payment};
use crate::clock::Clock;
use crate::config::KeyPair;
use crate::wire::{Cause, SharedWire};

/// The key pairs of a payment type, its own first.
#[derive(Debug, Clone)]
pub struct KeyRing {
    pairs: Vec<Member>,
}

#[derive(Debug, Clone)]
struct Member {
    client: UnzerClient,
    /// Prefixes the pair is for; empty means any.
    methods: Vec<String>,
}

/// What is known of a payment before it is read, to ask the right pair first.
#[derive(Debug, Clone, Copy, Default)]
pub struct Hint<'a> {
    /// Public key of the pair it answered to last time.
    pub public_key: Option<&'a str>,
    /// Its method.
    pub method: Option<&'a MethodPrefix>,
}

impl KeyRing {
    /// The pairs, all at the same address.
    pub fn new(url: &Url, pairs: &[KeyPair], wire: &SharedWire, clock: &Clock) -> Self {
        let member = |pair: &KeyPair| Member {
            client: UnzerClient::new(url, pair, wire.clone(), clock.clone()),
            methods: pair.methods.clone(),
        };
        Self { pairs: pairs.iter().map(member).collect() }
    }

    /// The clients of all pairs.
    pub fn clients(&self) -> impl Iterator<Item = &UnzerClient> {
        self.pairs.iter().map(|member| &member.client)
    }

    /// The client of a pair, by its public key.
    pub fn client(&self, public_key: &str) -> Option<&UnzerClient> {
        self.clients().find(|client| client.public_key() == public_key)
    }

    /// Reads a payment with the pair it answers to, which is named in it.
    ///
    /// `NotFound` only where every pair says so. One pair out of order leaves the question open, for they all talk to the
    /// same server: no other is asked then.
    pub async fn payment(&self, id: &str, hint: Hint<'_>) -> Result<Payment, UnzerError> {
        let mut worst = None;
        for client in self.likeliest_first(hint) {
            let error = match client.payment(id).await {
                Ok(payment) => return Ok(payment),
                // A pair that is switched off says nothing about the server: it may be another's payment.
                Err(error) if is_off(&error) => error,
                Err(error @ (UnzerError::Passing { .. } | UnzerError::Invalid { .. })) => return Err(error),
                Err(error) => error,
            };
            worst = match worst {
                Some(known) if weight(&known) >= weight(&error) => Some(known),
                _ => Some(error),
            };
        }
        Err(worst.unwrap_or_else(|| UnzerError::Configuration { code: "no key pair".to_owned() }))
    }

    fn likeliest_first(&self, hint: Hint<'_>) -> Vec<&UnzerClient> {
        let rank = |member: &&Member| {
            let is_last = hint.public_key == Some(member.client.public_key());
            let fits = |method: &MethodPrefix| member.methods.is_empty() || member.methods.contains(&method.0);
            (!is_last, !hint.method.is_none_or(fits))
        };
        let mut members: Vec<&Member> = self.pairs.iter().collect();
        members.sort_by_key(rank);
        members.into_iter().map(|member| &member.client).collect()
    }
}

/// The pair was not asked: its connection is switched off.
fn is_off(error: &UnzerError) -> bool {
    matches!(error, UnzerError::Passing { code } if *code == Cause::Disabled.to_string())
}

/// How much an error says against "there is no such payment".
fn weight(error: &UnzerError) -> u8 {
    match error {
        UnzerError::NotFound { .. } => 0,
        UnzerError::OtherMerchant { .. } => 1,
        UnzerError::Configuration { .. } => 2,
        UnzerError::Invalid { .. } | UnzerError::Passing { .. } => 3,
    }
}
