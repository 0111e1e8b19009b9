//! The state of each pixi API and Unzer key pair: what the layers around the transport saw of them goes into the store, and
//! what the store says is off gets no request.
//!
//! A connection that only ever failed for `safety.disable_after` is switched off, and people are told. What came in
//! meanwhile is taken up once it is on again.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use chrono::TimeDelta;
use chrono_tz::Tz;
use serde_json::json;

use crate::clock::Time;
use crate::config::{ApiName, MandantId, Settings};
use crate::journal::{ConnectionRow, Journal, JournalError, NewMail, Switched, caught_up_name};
use crate::text::{Notice, Number};
use crate::wire::Peer;
use crate::wire::circuit::{Circuits, Connection, ConnectionState};

use super::work::Workshop;

/// The daemon's own name where it switches a connection off.
pub const DAEMON: &str = "pixi-payd";
/// Failures further apart are not one outage: nothing was asked in between.
const ONE_OUTAGE: TimeDelta = TimeDelta::days(1);
/// A failure that goes on is stored again after this long.
const STORED_EVERY: TimeDelta = TimeDelta::hours(1);

/// A pixi API or Unzer key pair of the configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The outside system.
    pub peer: Peer,
    /// Name of the API, or public key of the pair.
    pub name: String,
    /// Address.
    pub endpoint: String,
    /// Mandants that use it, with the pixi API each lives on.
    pub mandants: BTreeMap<MandantId, ApiName>,
    /// Switched on in the configuration.
    pub active: bool,
}

impl Link {
    /// `pixi live`, `unzer s-pub-…`.
    pub fn title(&self) -> String {
        title(self.peer, &self.name)
    }
}

/// `pixi live`, `unzer s-pub-…`.
pub fn title(peer: Peer, name: &str) -> String {
    format!("{peer} {name}")
}

/// The connections of the configuration, pixi APIs first, each once.
pub fn links(settings: &Settings) -> Vec<Link> {
    let mut all: BTreeMap<(Peer, String), Link> = BTreeMap::new();
    for (name, api) in &settings.pixi {
        let users = settings.mandants.iter().filter(|(_, mandant)| mandant.pixi == *name);
        let link = Link {
            peer: Peer::Pixi,
            name: name.0.clone(),
            endpoint: api.endpoint.to_string(),
            mandants: users.map(|(id, mandant)| (id.clone(), mandant.pixi.clone())).collect(),
            active: api.active,
        };
        all.insert((Peer::Pixi, name.0.clone()), link);
    }
    for (id, mandant) in &settings.mandants {
        let api_on = settings.pixi.get(&mandant.pixi).is_some_and(|api| api.active);
        for payment_type in mandant.payment_types.values() {
            for pair in &payment_type.keys {
                let link = all.entry((Peer::Unzer, pair.public_key.clone())).or_insert_with(|| Link {
                    peer: Peer::Unzer,
                    name: pair.public_key.clone(),
                    endpoint: payment_type.unzer_url.to_string(),
                    mandants: BTreeMap::new(),
                    active: false,
                });
                link.mandants.insert(id.clone(), mandant.pixi.clone());
                link.active |= payment_type.active && api_on;
            }
        }
    }
    all.into_values().collect()
}

/// A connection with its state, as commands and pages show it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The connection; of one that is no longer in the configuration only peer and name are known.
    pub link: Link,
    /// State.
    pub state: ConnectionState,
    /// What the store knows of it.
    pub row: Option<ConnectionRow>,
}

/// All connections of configuration and store with their states.
pub fn shown(settings: &Settings, rows: Vec<ConnectionRow>) -> Vec<Shown> {
    let mut rows: BTreeMap<(Peer, String), ConnectionRow> =
        rows.into_iter().map(|row| ((row.peer, row.name.clone()), row)).collect();
    let mut all: Vec<Shown> = Vec::new();
    for link in links(settings) {
        let row = rows.remove(&(link.peer, link.name.clone()));
        let state = match &row {
            _ if !link.active => ConnectionState::Disabled,
            Some(row) if row.state != ConnectionState::Deregistered => row.state,
            _ => ConnectionState::NotConnected,
        };
        all.push(Shown { link, state, row });
    }
    for ((peer, name), row) in rows {
        let link = Link { peer, name, endpoint: String::new(), mandants: BTreeMap::new(), active: false };
        all.push(Shown { link, state: ConnectionState::Deregistered, row: Some(row) });
    }
    all
}

/// What is wrong with connections, for pages: a hint while one fails, a problem where one is switched off. What the
/// configuration switches off is nobody's problem.
pub fn troubles(all: &[Shown], zone: Tz) -> Vec<Notice> {
    all.iter()
        .filter(|shown| shown.link.active)
        .filter_map(|shown| {
            let row = shown.row.as_ref()?;
            match shown.state {
                ConnectionState::ConnectedError => Some(failing(row, zone)),
                ConnectionState::Disabled => Some(off(Notice::problem(Number::ConnectionDisabled), row, zone)),
                _ => None,
            }
        })
        .collect()
}

fn failing(row: &ConnectionRow, zone: Tz) -> Notice {
    Notice::hint(Number::ConnectionFails)
        .with("connection", title(row.peer, &row.name))
        .with("since", wall(row.failing_since.unwrap_or(row.since), zone))
        .with("detail", row.last_error.as_deref().unwrap_or("-"))
}

/// Why it is off: a person's words, or the last failure.
fn why_off(row: &ConnectionRow) -> String {
    match (&row.changed_by, &row.changed_reason) {
        (Some(by), Some(reason)) if by != DAEMON => format!("{by}: {reason}"),
        _ => row.last_error.clone().unwrap_or_else(|| "-".to_owned()),
    }
}

fn wall(time: Time, zone: Tz) -> String {
    time.with_timezone(&zone).format("%Y-%m-%d %H:%M").to_string()
}

/// Hint for the open orders of a pixi API that is switched off.
pub(super) fn off_hint(rows: &[ConnectionRow], api: &ApiName, zone: Tz) -> Option<Notice> {
    let is_off =
        |row: &&ConnectionRow| row.peer == Peer::Pixi && row.name == api.0 && row.state == ConnectionState::Disabled;
    let row = rows.iter().find(is_off)?;
    Some(off(Notice::hint(Number::ConnectionDisabled), row, zone))
}

fn off(notice: Notice, row: &ConnectionRow, zone: Tz) -> Notice {
    notice
        .with("connection", title(row.peer, &row.name))
        .with("name", &row.name)
        .with("since", wall(row.since, zone))
        .with("detail", why_off(row))
}

/// Lets the layers around the transport know what is off. Answers the connections as the store has them.
pub(super) async fn apply(journal: &Journal, circuits: &Circuits) -> Result<Vec<ConnectionRow>, JournalError> {
    let rows = journal.connections().await?;
    let off: BTreeSet<(Peer, Arc<str>)> = rows
        .iter()
        .filter(|row| row.state == ConnectionState::Disabled)
        .map(|row| (row.peer, Arc::from(row.name.as_str())))
        .collect();
    circuits.switch_off(off);
    Ok(rows)
}

/// True where what came in while a connection of this pixi API was off is still to be taken up.
pub(super) async fn catches_up(
    journal: &Journal,
    rows: &[ConnectionRow],
    settings: &Settings,
    api: &ApiName,
) -> Result<bool, JournalError> {
    let all = links(settings);
    for row in rows.iter().filter(|row| row.catch_up) {
        let uses = |link: &&Link| link.peer == row.peer && link.name == row.name;
        let is_used = all.iter().find(uses).is_some_and(|link| link.mandants.values().any(|of| of == api));
        if is_used && journal.cursor(api, &caught_up_name(row.peer, &row.name)).await?.is_none() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Notes what was taken up: a cycle over the pixi API `done` reached everything. The APIs that share a connection are taken
/// up at different times, and maybe by different processes.
pub(super) async fn caught_up(
    journal: &Journal,
    rows: &[ConnectionRow],
    settings: &Settings,
    done: &ApiName,
) -> Result<(), JournalError> {
    let all = links(settings);
    for row in rows.iter().filter(|row| row.catch_up) {
        let link = all.iter().find(|link| link.peer == row.peer && link.name == row.name);
        let Some(link) = link.filter(|link| link.active) else { continue };
        let name = caught_up_name(row.peer, &row.name);
        let mut is_all = true;
        for api in link.mandants.values().collect::<BTreeSet<_>>() {
            if journal.cursor(api, &name).await?.is_some() {
                continue;
            }
            if api == done {
                journal.set_cursor(api, &name, "1").await?;
            } else {
                is_all = false;
            }
        }
        if is_all {
            journal.connection_caught_up(row.peer, &row.name).await?;
        }
    }
    Ok(())
}

/// Stores how the connections were seen, and switches off what has failed for too long. `held`: the pixi APIs this process
/// works on, where several share a store: the connections of the others are theirs to judge.
pub(super) async fn record(
    shop: &Workshop,
    circuits: &Circuits,
    held: Option<&BTreeSet<ApiName>>,
) -> Result<(), JournalError> {
    let rows = shop.journal.connections().await?;
    let all = links(&shop.settings);
    let now = shop.clock.now();
    let is_ours = |link: &Link| {
        let holds = |held: &BTreeSet<ApiName>| match link.peer {
            Peer::Pixi => held.iter().any(|api| api.0 == link.name),
            Peer::Unzer => link.mandants.values().any(|api| held.contains(api)),
        };
        held.is_none_or(holds)
    };
    for link in all.iter().filter(|link| is_ours(link)) {
        let stored = rows.iter().find(|row| row.peer == link.peer && row.name == link.name);
        if stored.is_some_and(|row| row.state == ConnectionState::Disabled) {
            continue;
        }
        let seen = circuits.connection(link.peer, &link.name);
        let Some(row) = next(stored, &seen, link, now) else { continue };
        let too_long = is_too_long(&row, shop.settings.safety.disable_after);
        shop.journal.observe_connection(row.clone()).await?;
        if too_long {
            give_up(shop, link, &row).await?;
        }
    }
    let gone = rows.into_iter().filter(|row| !all.iter().any(|link| link.peer == row.peer && link.name == row.name));
    for row in gone {
        if !matches!(row.state, ConnectionState::Deregistered | ConnectionState::Disabled) {
            let row = ConnectionRow { state: ConnectionState::Deregistered, since: now, failing_since: None, ..row };
            shop.journal.observe_connection(row).await?;
        }
    }
    Ok(())
}

/// What is to be stored of a connection; none where the store knows it.
fn next(stored: Option<&ConnectionRow>, seen: &Connection, link: &Link, now: Time) -> Option<ConnectionRow> {
    let before = stored.cloned().unwrap_or_else(|| ConnectionRow::new(link.peer, &link.name, now));
    let since = seen.since.unwrap_or(now);
    match seen.state {
        ConnectionState::Connected => {
            let row = ConnectionRow { state: seen.state, since, failing_since: None, ..before.clone() };
            (before.state != seen.state).then_some(row)
        }
        ConnectionState::ConnectedError => {
            let at = seen.last_error_at.unwrap_or(now);
            let goes_on =
                before.failing_since.is_some() && before.last_error_at.is_some_and(|last| at - last <= ONE_OUTAGE);
            let begun = if goes_on { before.failing_since } else { Some(since.max(at - ONE_OUTAGE)) };
            let known = goes_on
                && before.state == seen.state
                && before.last_error == seen.last_error
                && before.last_error_at.is_some_and(|last| at - last < STORED_EVERY);
            let row = ConnectionRow {
                state: seen.state,
                since: if goes_on && before.state == seen.state { before.since } else { since },
                failing_since: begun,
                last_error: seen.last_error.clone(),
                last_error_at: Some(at),
                ..before
            };
            (!known).then_some(row)
        }
        // Not asked since the start: what was known before still stands, but for what came back into the configuration.
        _ => {
            let back = before.state == ConnectionState::Deregistered;
            back.then_some(ConnectionRow { state: ConnectionState::NotConnected, since: now, ..before })
        }
    }
}

/// Failures were seen over the whole of this time, and nothing else.
fn is_too_long(row: &ConnectionRow, limit: std::time::Duration) -> bool {
    let limit = TimeDelta::from_std(limit).unwrap_or(TimeDelta::MAX);
    let failed_for = row.last_error_at.zip(row.failing_since).map(|(last, first)| last - first);
    row.state == ConnectionState::ConnectedError
        && limit > TimeDelta::zero()
        && failed_for.is_some_and(|time| time >= limit)
}

/// Switches a connection off after a long outage, and tells the people of every mandant that uses it.
async fn give_up(shop: &Workshop, link: &Link, row: &ConnectionRow) -> Result<(), JournalError> {
    let error = row.last_error.clone().unwrap_or_default();
    let begun = wall(row.failing_since.unwrap_or(row.since), shop.settings.timezone);
    let reason = format!("no usable answer since {begun}: {error}");
    let since = wall(shop.clock.now(), shop.settings.timezone);
    let mails = news("problem", link, &since, &error);
    let switched = Switched { by: DAEMON.to_owned(), reason, mails };
    if shop.journal.disable_connection(link.peer, &link.name, switched).await? {
        tracing::error!(
            peer = %link.peer,
            endpoint = link.name,
            number = %Number::ConnectionDisabled,
            "{}: no usable answer since {begun} ({error}); switched off until: pixi-payd connection enable {}",
            link.title(),
            link.name,
        );
    }
    Ok(())
}

/// Stores what a person's test of a connection showed; one that is off stays off.
pub async fn tested(journal: &Journal, link: &Link, error: Option<String>, now: Time) -> Result<(), JournalError> {
    let rows = journal.connections().await?;
    let stored = rows.iter().find(|row| row.peer == link.peer && row.name == link.name);
    let state = if error.is_some() { ConnectionState::ConnectedError } else { ConnectionState::Connected };
    let last_error_at = error.as_ref().map(|_| now);
    let seen = Connection { state, since: Some(now), last_error: error, last_error_at };
    match next(stored, &seen, link, now) {
        Some(row) => journal.observe_connection(row).await,
        None => Ok(()),
    }
}

/// What is told of a connection, one for each mandant that uses it.
fn news(kind: &str, link: &Link, since: &str, detail: &str) -> Vec<(ApiName, NewMail)> {
    let title = link.title();
    let values = [("connection", title.as_str()), ("name", link.name.as_str()), ("since", since), ("detail", detail)];
    let told = link.mandants.iter().map(|(mandant, api)| {
        let mail = NewMail {
            mandant: mandant.clone(),
            kind: kind.to_owned(),
            fingerprint: format!("connection|{title}"),
            params: json!({"number": Number::ConnectionDisabled, "values": values}),
        };
        (api.clone(), mail)
    });
    told.collect()
}

/// Switches a connection off at a person's word. False where it is off.
pub async fn disable(journal: &Journal, link: &Link, by: &str, reason: &str) -> Result<bool, JournalError> {
    let switched = Switched { by: by.to_owned(), reason: reason.to_owned(), mails: Vec::new() };
    journal.disable_connection(link.peer, &link.name, switched).await
}

/// Takes a connection up again at a person's word. The daemon notices within seconds, and takes up what came in
/// meanwhile with its next cycle. False where it is not off.
pub async fn enable(journal: &Journal, link: &Link, zone: Tz, by: &str, reason: &str) -> Result<bool, JournalError> {
    let rows = journal.connections().await?;
    let row = rows.iter().find(|row| row.peer == link.peer && row.name == link.name);
    // What the daemon has told of is told to be over.
    let told = row.filter(|row| row.changed_by.as_deref() == Some(DAEMON));
    let mails = told.map(|row| news("solved", link, &wall(row.since, zone), &why_off(row))).unwrap_or_default();
    let switched = Switched { by: by.to_owned(), reason: reason.to_owned(), mails };
    journal.enable_connection(link.peer, &link.name, switched).await
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn at(hour: i64) -> Time {
        "2026-03-03T12:00:00Z".parse::<Time>().unwrap() + TimeDelta::hours(hour)
    }

    fn link() -> Link {
        let mandants = BTreeMap::from([("LEO".into(), "live".into())]);
        Link { peer: Peer::Pixi, name: "live".into(), endpoint: String::new(), mandants, active: true }
    }

    fn seen(state: ConnectionState, since: i64, error_at: Option<i64>) -> Connection {
        let last_error = error_at.map(|_| "time-out".to_owned());
        Connection { state, since: Some(at(since)), last_error, last_error_at: error_at.map(at) }
    }

    #[test]
    fn an_outage_lasts_from_its_first_failure_and_ends_with_an_answer() {
        use ConnectionState::{Connected, ConnectedError};
        let row = next(None, &seen(ConnectedError, 0, Some(0)), &link(), at(0)).unwrap();
        assert_eq!((row.state, row.since, row.failing_since), (ConnectedError, at(0), Some(at(0))));
        assert_eq!(next(Some(&row), &seen(ConnectedError, 0, Some(0)), &link(), at(5)), None, "nothing new is seen");
        // Another process goes on with the same outage.
        let later = next(Some(&row), &seen(ConnectedError, 10, Some(12)), &link(), at(12)).unwrap();
        assert_eq!((later.since, later.failing_since, later.last_error_at), (at(0), Some(at(0)), Some(at(12))));
        let back = next(Some(&later), &seen(Connected, 13, Some(12)), &link(), at(13)).unwrap();
        assert_eq!((back.state, back.since, back.failing_since), (Connected, at(13), None));
        assert_eq!(back.last_error.as_deref(), Some("time-out"), "it is still known what was wrong");
        assert_eq!(next(Some(&back), &seen(Connected, 13, None), &link(), at(14)), None);
    }

    #[test]
    fn only_failures_seen_over_the_whole_time_count() {
        use ConnectionState::ConnectedError;
        let week = Duration::from_hours(168);
        let mut row = next(None, &seen(ConnectedError, 0, Some(0)), &link(), at(0)).unwrap();
        for hour in 1..168 {
            assert!(!is_too_long(&row, week), "{hour}");
            row = next(Some(&row), &seen(ConnectedError, 0, Some(hour)), &link(), at(hour)).unwrap();
        }
        let week_later = next(Some(&row), &seen(ConnectedError, 0, Some(168)), &link(), at(168)).unwrap();
        assert!(is_too_long(&week_later, week) && !is_too_long(&week_later, Duration::ZERO), "off: never");
        // Nobody asked for three days: what fails then is another outage.
        let pause = next(Some(&row), &seen(ConnectedError, 0, Some(250)), &link(), at(250)).unwrap();
        assert!(!is_too_long(&pause, week), "{pause:?}");
    }
}
