//! The webhook of Unzer.
//!
//! A message is a hint to look and no more (`unzer/NOTES` 6): it is unsigned, comes twice, late and in any order, and
//! anybody may have written it who knows the address. So all it can do is to have a payment of an order known here read
//! again. It is on disk before it is answered with 200; what is not taken Unzer sends again, and polling finds in any case.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use axum::body::{Body, to_bytes};
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::{IntoResponse as _, Response};
use futures_util::FutureExt as _;
use http::StatusCode;
use http::header::RETRY_AFTER;
use secrecy::ExposeSecret;
use tokio::sync::oneshot;

use super::access::{Access, Routes};
use super::login::token;
use super::{Fault, Web};
use crate::config::Settings;
use crate::journal::Journal;
use crate::unzer::Word;

/// Largest body that is read, in bytes; Unzer's are a few hundred.
const LARGEST_BODY: usize = 16 * 1024;
/// Messages that wait for the store at most; those above are refused, and Unzer sends them again.
const MOST_WAITING: usize = 2_000;
/// Messages stored in one transaction at most: a flood never holds the store up for a step.
const BATCH: usize = 256;
/// Unzer tries again by its own table; this is for everybody else.
const RETRY_SECONDS: &str = "60";

/// Routes of the webhook.
pub fn routes() -> Routes {
    Routes::new().post("/hooks/unzer/{token}", Access::Public, take)
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// On disk.
    Stored,
    /// Another merchant's key.
    ForeignKey,
    /// About no payment.
    NoPayment,
    /// No message of Unzer's.
    Nonsense,
    /// The address is not the one in force.
    WrongToken,
    /// Too many wait already.
    Refused,
    /// The store did not take it.
    Failed,
}

impl Fate {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Stored,
        Self::ForeignKey,
        Self::NoPayment,
        Self::Nonsense,
        Self::WrongToken,
        Self::Refused,
        Self::Failed,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::ForeignKey => "foreign_key",
            Self::NoPayment => "no_payment",
            Self::Nonsense => "nonsense",
            Self::WrongToken => "wrong_token",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

/// Messages on their way to the store; clones are the same inbox.
#[derive(Clone)]
pub struct Inbox(Arc<Inner>);

struct Inner {
    journal: Journal,
    waiting: Mutex<Waiting>,
    fates: [AtomicU64; Fate::ALL.len()],
}

#[derive(Default)]
struct Waiting {
    messages: Vec<Message>,
    /// Somebody is storing what waits.
    is_served: bool,
}

struct Message {
    payment: String,
    event: String,
    stored: oneshot::Sender<bool>,
}

impl Inbox {
    /// An empty inbox before a store.
    pub fn new(journal: Journal) -> Self {
        Self(Arc::new(Inner { journal, waiting: Mutex::default(), fates: Default::default() }))
    }

    /// Messages so far, by what became of them.
    pub fn fates(&self) -> [(Fate, u64); Fate::ALL.len()] {
        std::array::from_fn(|at| (Fate::ALL[at], self.0.fates[at].load(Ordering::Relaxed)))
    }

    /// Puts a hint on disk.
    async fn store(&self, payment: String, event: String) -> Fate {
        let (stored, answer) = oneshot::channel();
        {
            let mut waiting = self.waiting();
            if waiting.messages.len() >= MOST_WAITING {
                return Fate::Refused;
            }
            waiting.messages.push(Message { payment, event, stored });
            if !std::mem::replace(&mut waiting.is_served, true) {
                // Of its own: whoever sent the message may go away before it is stored.
                tokio::spawn(self.clone().serve());
            }
        }
        if answer.await.unwrap_or(false) { Fate::Stored } else { Fate::Failed }
    }

    /// Stores what waits, many messages in one transaction and one row for each payment, until nothing waits any more.
    async fn serve(self) {
        loop {
            let batch: Vec<Message> = {
                let mut waiting = self.waiting();
                let many = waiting.messages.len().min(BATCH);
                waiting.is_served = many > 0;
                waiting.messages.drain(..many).collect()
            };
            if batch.is_empty() {
                return;
            }
            let hints: BTreeMap<String, String> =
                batch.iter().map(|message| (message.payment.clone(), message.event.clone())).collect();
            // A panic must not leave the door closed: what was not stored is answered so, and the next batch comes.
            let storing = AssertUnwindSafe(self.0.journal.add_hints(hints.into_iter().collect())).catch_unwind();
            let stored = storing.await;
            match &stored {
                Ok(Ok(())) => {}
                Ok(Err(error)) => tracing::error!("webhooks: {error}"),
                Err(_) => tracing::error!("webhooks: storing panicked"),
            }
            let is_stored = matches!(stored, Ok(Ok(())));
            for message in batch {
                // Whoever does not wait any more is told nothing.
                let _ = message.stored.send(is_stored);
            }
        }
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.0.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, fate: Fate) {
        if let Some(at) = Fate::ALL.iter().position(|each| *each == fate) {
            self.0.fates[at].fetch_add(1, Ordering::Relaxed);
        }
    }
}

async fn take(State(web): State<Web>, given: Result<Path<String>, PathRejection>, body: Body) -> Response {
    let settings = web.settings();
    let is_ours = is_token(&settings, given.as_ref().map_or("", |given| given.as_str()));
    let fate = if is_ours { receive(&web, &settings, body).await } else { Fate::WrongToken };
    web.inbox().count(fate);
    match fate {
        Fate::WrongToken => Fault::NotFound.into_response(),
        Fate::Refused | Fate::Failed => {
            (StatusCode::SERVICE_UNAVAILABLE, [(RETRY_AFTER, RETRY_SECONDS)]).into_response()
        }
        _ => StatusCode::OK.into_response(),
    }
}

/// Takes the same time whatever is given, and where no token is set at all.
fn is_token(settings: &Settings, given: &str) -> bool {
    let set = settings.web.hook_token.as_ref().map(ExposeSecret::expose_secret);
    let fits = token::same(&token::hash(given), &token::hash(set.unwrap_or_default()));
    fits && set.is_some_and(|set| !set.is_empty())
}

async fn receive(web: &Web, settings: &Settings, body: Body) -> Fate {
    let Ok(body) = to_bytes(body, LARGEST_BODY).await else { return Fate::Nonsense };
    let Some(word) = Word::read(&body) else { return Fate::Nonsense };
    if word.public_key.as_ref().is_some_and(|key| !is_our_key(settings, key)) {
        return Fate::ForeignKey;
    }
    let Some(payment) = word.payment else { return Fate::NoPayment };
    web.inbox().store(payment, word.event).await
}

fn is_our_key(settings: &Settings, key: &str) -> bool {
    let types = settings.mandants.values().flat_map(|mandant| mandant.payment_types.values());
    types.flat_map(|block| &block.keys).any(|pair| pair.public_key == key)
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;
    use crate::clock::Clock;
    use crate::journal::Options;

    #[tokio::test(start_paused = true)]
    async fn what_waits_for_the_store_is_bounded_and_goes_there_together() {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::simulated("2026-03-03T09:00:00Z".parse().unwrap(), 1);
        let journal =
            Journal::open(Options::new(folder.path().join("s.db"), clock.clone()).simulated(7)).await.unwrap();
        let inbox = Inbox::new(journal.clone());
        let hint = |nr: usize| inbox.store(format!("s-pay-{nr}"), "payment".to_owned());
        // Nobody has had a turn to store anything yet; who sent these does not wait for the answer.
        for nr in 0..MOST_WAITING {
            assert_eq!(hint(nr % 300).now_or_never(), None);
        }
        assert_eq!(hint(7).now_or_never(), Some(Fate::Refused));
        clock.sleep(std::time::Duration::from_secs(1)).await;
        let stored = journal.take_hints(&"live".into(), 10_000).await.unwrap();
        assert_eq!(stored.len(), 300);
        let transactions = MOST_WAITING.div_ceil(BATCH);
        assert!(stored.iter().all(|hint| hint.times <= i64::try_from(transactions).unwrap()), "shared transactions");
        assert_eq!(hint(8).await, Fate::Stored, "and there is room again");
    }
}
