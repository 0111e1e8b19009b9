//! The first booking with each event is read back before a second one is sent: a wrong event or sign shows once, and not
//! in a thousand customers' accounts.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::journal::JournalError;
use crate::pixi::{CustomerEventFilter, ErrorClass, PixiClient};
use crate::steps::{Effect, OrderId, Outcome};

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
    let _one = shop.first_bookings.lock().await;
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
                match read_back(pixi, &done.effect, &done.token).await {
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
            } else if of_first().any(|step| step.state.is_open() && now - step.intended_at < PATIENCE) {
                return Ok(Turn::Later);
            } else {
                // It was refused or never sent, or is a person's by now: this one goes first.
                claim()
            }
        }
    };
    let text = serde_json::to_string(&next).unwrap_or_default();
    shop.journal.set_cursor(api, &name, &text).await?;
    Ok(Turn::Now)
}

fn event_of(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::BookInvoice { event, .. } | Effect::BookReturn { event, .. } => Some(event),
        _ => None,
    }
}

async fn read_back(pixi: &PixiClient, effect: &Effect, token: &str) -> Seen {
    let (Some(event), Some(document), Some(amount)) = (event_of(effect), effect.document(), effect.amount()) else {
        return Seen::CannotTell;
    };
    let fits = |id: &str, booked: i64| id == event && booked.abs() == amount.minor.abs();
    match pixi.invoice_match(document).await {
        Ok(rows) if rows.iter().any(|row| fits(&row.event_id, row.amount.minor)) => return Seen::Yes,
        Err(error) if error.class() == ErrorClass::Passing => return Seen::NotYet,
        Ok(_) | Err(_) => {}
    }
    match effect {
        Effect::BookInvoice { .. } => match pixi.invoice(document).await {
            Ok(Some(invoice)) => match invoice.paid_sum {
                Some(paid) if paid.minor == amount.minor => Seen::Yes,
                Some(_) => Seen::No,
                None => Seen::CannotTell,
            },
            Err(error) if error.class() == ErrorClass::Passing => Seen::NotYet,
            Ok(None) | Err(_) => Seen::CannotTell,
        },
        Effect::BookReturn { customer, .. } => {
            let filter = CustomerEventFilter {
                cust_key: Some(*customer),
                event_id: Some(event.to_owned()),
                ..CustomerEventFilter::default()
            };
            match pixi.customer_events(&filter).await {
                Ok(events) => {
                    let ours = |text: Option<&str>| text.is_none_or(|text| text.is_empty() || text.contains(token));
                    let seen = events
                        .rows
                        .iter()
                        .any(|row| fits(&row.event_id, row.amount.minor) && ours(row.reference.as_deref()));
                    if seen { Seen::Yes } else { Seen::No }
                }
                Err(error) if error.class() == ErrorClass::Passing => Seen::NotYet,
                Err(_) => Seen::CannotTell,
            }
        }
        _ => Seen::CannotTell,
    }
}
