//! The first booking with each event is read back before a second one is sent: a wrong event or sign shows once, and not
//! in a thousand customers' accounts.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::journal::JournalError;
use crate::pixi::{ErrorClass, PixiClient};
use crate::steps::{Effect, OrderId, Outcome};

use super::read_back::{event_of, read_back};
use super::work::Workshop;

/// How long the others wait for a first booking that is not known to have ended: after that it is told to a person, and
/// its order may be gone for good.
const PATIENCE: TimeDelta = TimeDelta::hours(2);

/// Cursor of an event, below the pixi API.
fn cursor(event: &str) -> String {
    format!("first_booking:{event}")
}

/// How far an event has been proven.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Proof {
    /// This booking goes first.
    First { order: OrderId, document: String },
    /// Its first booking was seen in pixi, or pixi shows none at all here.
    Seen,
}

/// Whether a booking may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Turn {
    /// Yes.
    Now,
    /// Another booking with this event goes first, and it is not known yet how it ended.
    Later,
    /// pixi does not show the first booking with this event.
    NotSeen {
        /// Event.
        event: String,
        /// Document that was booked first.
        document: String,
    },
}

/// What the read-back showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Seen {
    Yes,
    No,
    /// This installation shows no bookings.
    CannotTell,
    /// pixi could not be asked.
    NotYet,
}

/// Whether `effect` of `order` may be booked now. Everything that is no booking may.
pub async fn turn(shop: &Workshop, pixi: &PixiClient, order: &OrderId, effect: &Effect) -> Result<Turn, JournalError> {
    let (Some(event), Some(document)) = (event_of(effect), effect.document()) else { return Ok(Turn::Now) };
    let (api, name) = (&order.api, cursor(event));
    // One at a time: two orders must not both be the first.
    let one = shop.hands.first_booking(api);
    let _one = one.lock().await;
    let stored = shop.journal.cursor(api, &name).await?;
    let proof: Option<Proof> = stored.and_then(|text| serde_json::from_str(&text).ok());
    let claim = || Proof::First { order: order.clone(), document: document.to_owned() };
    let next = match proof {
        Some(Proof::Seen) => return Ok(Turn::Now),
        None => claim(),
        Some(Proof::First { order: of, document: first }) => {
            if of == *order && first == document {
                return Ok(Turn::Now);
            }
            let steps = shop.journal.steps_of(&of).await?;
            let now = shop.clock.now();
            let tries = || steps.iter().filter(|step| event_of(&step.effect).is_some());
            let of_first = || tries().filter(|step| step.effect.document() == Some(first.as_str()));
            if let Some(done) = of_first().find(|step| matches!(step.outcome, Some(Outcome::Done(_)))) {
                match seen(pixi, &done.effect, &done.token).await {
                    Seen::Yes => Proof::Seen,
                    Seen::CannotTell => {
                        tracing::warn!(
                            pixi.api = %api,
                            "pixi API {api} shows no bookings: the first one with event {event} could not be read back",
                        );
                        Proof::Seen
                    }
                    Seen::No => return Ok(Turn::NotSeen { event: event.to_owned(), document: first }),
                    Seen::NotYet => return Ok(Turn::Later),
                }
            } else if let Some(open) = of_first().find(|step| step.state.is_open()) {
                if now - open.intended_at < PATIENCE {
                    return Ok(Turn::Later);
                }
                // A person's by now. It is no proof where it is not seen: then this one goes first.
                match seen(pixi, &open.effect, &open.token).await {
                    Seen::Yes => Proof::Seen,
                    Seen::NotYet => return Ok(Turn::Later),
                    Seen::No | Seen::CannotTell => claim(),
                }
            } else {
                // It was refused or never sent: this one goes first.
                claim()
            }
        }
    };
    let text = serde_json::to_string(&next).unwrap_or_default();
    shop.journal.set_cursor(api, &name, &text).await?;
    Ok(Turn::Now)
}

/// Whether pixi shows the booking as it was asked for.
async fn seen(pixi: &PixiClient, effect: &Effect, token: &str) -> Seen {
    let Some(amount) = effect.amount() else { return Seen::CannotTell };
    let Ok(shown) = read_back(pixi, effect, token).await else { return Seen::NotYet };
    let matched = shown.matches.is_some_and(|trace| trace.fits);
    match (effect, shown.events) {
        _ if matched || shown.events.is_some_and(|trace| trace.as_asked) => Seen::Yes,
        (Effect::BookInvoice { invoice, .. }, _) => match pixi.invoice(invoice).await {
            Ok(Some(invoice)) => match invoice.paid_sum {
                Some(paid) if paid.minor == amount.minor => Seen::Yes,
                Some(_) => Seen::No,
                None => Seen::CannotTell,
            },
            Err(error) if error.class() == ErrorClass::Passing => Seen::NotYet,
            Ok(None) | Err(_) => Seen::CannotTell,
        },
        (_, Some(_)) => Seen::No,
        (_, None) => Seen::CannotTell,
    }
}
