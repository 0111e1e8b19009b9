//! What the page is made of, read in one go.

use std::collections::BTreeMap;
use std::sync::Arc;

use chrono::TimeDelta;

use crate::clock::Time;
use crate::config::{ApiName, MandantId, Settings};
use crate::engine::connections;
use crate::engine::health::ApiCycles;
use crate::engine::{Health, Progress};
use crate::journal::{ApiGauges, ConnectionRow, DayTotals, JournalError, MailState, StoreGauges};
use crate::web::Web;
use crate::web::hooks::Fate;
use crate::wire::Peer;
use crate::wire::circuit::ConnectionState;
use crate::wire::metered::CallStats;

/// An invoice without its capture is overdue after so long: a cycle or two have passed over it.
const CAPTURED_WITHIN: TimeDelta = TimeDelta::minutes(30);

/// Everything the page shows.
pub struct Seen {
    pub now: Time,
    pub started: Time,
    pub settings: Arc<Settings>,
    pub health: Health,
    pub cycles: BTreeMap<ApiName, ApiCycles>,
    /// How far the cycles over each mandant have come.
    pub progress: BTreeMap<MandantId, Progress>,
    pub calls: BTreeMap<(Peer, &'static str), CallStats>,
    pub steps: BTreeMap<(String, &'static str), u64>,
    pub webhooks: Vec<(Fate, u64)>,
    /// None: the store did not answer.
    pub stored: Option<Stored>,
}

/// What the store holds.
pub struct Stored {
    pub apis: BTreeMap<ApiName, ApiGauges>,
    pub whole: StoreGauges,
    pub mails: MailState,
    pub today: Vec<DayTotals>,
    /// How many connections of a peer are in which state.
    pub connections: BTreeMap<(Peer, &'static str), usize>,
}

pub async fn gather(web: &Web) -> Seen {
    let (settings, daemon, now) = (web.settings(), web.daemon(), web.clock().now());
    let stored = match stored(web, &settings, now).await {
        Ok(stored) => Some(stored),
        Err(error) => {
            tracing::error!("metrics: {error}");
            None
        }
    };
    Seen {
        now,
        started: daemon.started(),
        health: daemon.health(),
        cycles: daemon.cycles().snapshot(),
        progress: daemon.progress(),
        calls: daemon.stack().stats.snapshot(),
        steps: web.journal().step_counts(),
        webhooks: web.inbox().fates().to_vec(),
        stored,
        settings,
    }
}

async fn stored(web: &Web, settings: &Settings, now: Time) -> Result<Stored, JournalError> {
    let journal = web.journal();
    let mut apis = BTreeMap::new();
    for api in settings.pixi.keys() {
        apis.insert(api.clone(), journal.api_gauges(api, now - CAPTURED_WITHIN).await?);
    }
    let today = now.with_timezone(&settings.timezone).date_naive().to_string();
    Ok(Stored {
        apis,
        whole: journal.store_gauges().await?,
        mails: journal.mail_state().await?,
        connections: connection_counts(settings, journal.connections().await?),
        today: journal.totals(&today, &today).await?.into_iter().filter(|day| is_current(settings, day)).collect(),
    })
}

/// Totals of a pixi API the mandant is not with any more are history.
fn is_current(settings: &Settings, day: &DayTotals) -> bool {
    settings.mandants.get(&day.mandant).is_some_and(|mandant| mandant.pixi == day.api)
}

fn connection_counts(settings: &Settings, rows: Vec<ConnectionRow>) -> BTreeMap<(Peer, &'static str), usize> {
    let mut counts = BTreeMap::new();
    for peer in [Peer::Pixi, Peer::Unzer] {
        for state in ["not_connected", "connected", "error", "disabled"] {
            counts.insert((peer, state), 0);
        }
    }
    // What the configuration switches off, or no longer names, is nothing to watch.
    for shown in connections::shown(settings, rows).into_iter().filter(|shown| shown.link.active) {
        let state = match shown.state {
            ConnectionState::NotConnected => "not_connected",
            ConnectionState::Connected => "connected",
            ConnectionState::ConnectedError => "error",
            ConnectionState::Disabled | ConnectionState::Deregistered => "disabled",
        };
        *counts.entry((shown.link.peer, state)).or_default() += 1;
    }
    counts
}
