//! Brings the simulated Unzer's messages to the webhooks, as the real one does (`unzer/NOTES` 6): JSON sent as text,
//! again after a while where no 200 comes back, and never in a sure order.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::TimeDelta;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};

use super::{Delivery, UnzerSim};
use crate::clock::{Clock, Time};
use crate::wire::{Deadlines, Effect, Peer, Request, SharedWire};

/// How often it looks for messages.
const ROUND: Duration = Duration::from_secs(2);
/// An answer later than this is none.
const PATIENCE: Duration = Duration::from_secs(20);
/// After so long a message is sent again; then it is given up.
const AGAIN: [TimeDelta; 3] = [TimeDelta::minutes(1), TimeDelta::minutes(5), TimeDelta::minutes(10)];

/// A message under way.
#[derive(Debug, Clone)]
struct Parcel {
    delivery: Delivery,
    due: Time,
    tries: usize,
}

/// Carries messages to webhooks; clones share what is under way.
#[derive(Clone)]
pub struct Courier {
    sim: UnzerSim,
    clock: Clock,
    door: SharedWire,
    parcels: Arc<Mutex<Vec<Parcel>>>,
}

impl Courier {
    /// A courier for `sim`; `door` is the way to who listens.
    pub fn new(sim: UnzerSim, clock: Clock, door: SharedWire) -> Self {
        Self { sim, clock, door, parcels: Arc::default() }
    }

    /// Brings messages for as long as it is not dropped.
    pub async fn run(&self) {
        loop {
            self.round().await;
            self.clock.sleep(ROUND).await;
        }
    }

    /// Brings what is due, the newest first: nobody may count on an order. Answers how many were taken with a 200.
    pub async fn round(&self) -> usize {
        let now = self.clock.now();
        let due = {
            let mut parcels = self.parcels.lock().unwrap_or_else(PoisonError::into_inner);
            let new = self.sim.take_deliveries().into_iter();
            parcels.extend(new.map(|delivery| Parcel { delivery, due: now, tries: 0 }));
            let mut due: Vec<Parcel> = parcels.extract_if(.., |parcel| parcel.due <= now).collect();
            due.reverse();
            due
        };
        let mut taken = 0;
        for mut parcel in due {
            if self.bring(&parcel.delivery).await == Some(StatusCode::OK) {
                taken += 1;
                continue;
            }
            if let Some(pause) = AGAIN.get(parcel.tries) {
                parcel.due = now + *pause;
                parcel.tries += 1;
                self.parcels.lock().unwrap_or_else(PoisonError::into_inner).push(parcel);
            }
        }
        taken
    }

    /// Messages that were not taken yet.
    pub fn under_way(&self) -> usize {
        self.parcels.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// Brings one message. Answers the status; none where nobody answered.
    pub async fn bring(&self, delivery: &Delivery) -> Option<StatusCode> {
        let mut headers = HeaderMap::new();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain;charset=UTF-8"));
        let request = Request {
            peer: Peer::Unzer,
            endpoint: "webhook".into(),
            call: "webhook",
            effect: Effect::Write,
            method: Method::POST,
            url: delivery.url.parse().ok()?,
            headers,
            body: Bytes::from(delivery.body.clone()),
            deadlines: Deadlines { connect: PATIENCE, idle: PATIENCE, total: PATIENCE },
        };
        let answer = self.clock.timeout(PATIENCE, self.door.send(request)).await.ok()?.ok()?;
        Some(answer.status)
    }
}
