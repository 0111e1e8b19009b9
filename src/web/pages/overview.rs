//! What stands beside the list of orders: how the daemon is doing, how many orders are in which state, the last days.

use std::collections::{BTreeMap, BTreeSet};

use super::filter::Filter;
use super::picture::{self, Picture};
use super::words::{Pen, tone};
use crate::clock::Time;
use crate::config::{MandantId, MandantKind, Settings};
use crate::engine::Daemon;
use crate::journal::{Cell, JournalError, MailState};
use crate::money::Currency;
use crate::text::Severity;
use crate::web::Web;
use crate::wire::Peer;
use crate::wire::circuit::ConnectionState;

/// How the daemon is doing.
#[expect(clippy::struct_excessive_bools, reason = "each is the look of one of its facts")]
pub struct Operation {
    /// When the last cycle began, and how it went.
    pub last: Option<(When, String)>,
    /// True where its last cycle left something undone.
    pub last_bad: bool,
    /// When the next one begins.
    pub next: Option<When>,
    /// A cycle runs, or an order is worked on.
    pub busy: bool,
    /// Quiet hours, and whether they are now.
    pub quiet: String,
    /// Whether they are now.
    pub quiet_now: bool,
    /// pixi APIs and key pairs.
    pub connections: Vec<Connection>,
    /// Mails that are not delivered.
    pub mails: String,
    /// Whether there are some.
    pub mails_bad: bool,
}

/// A moment, for people and machines.
pub struct When {
    /// As people read it.
    pub text: String,
    /// For `datetime`.
    pub stamp: String,
}

/// A connection as it is shown.
pub struct Connection {
    /// `pixi live`, `Unzer LEO`.
    pub name: String,
    /// Whole name, for the curious.
    pub detail: String,
    /// How it is, in a word.
    pub word: &'static str,
    /// As the contract names it.
    pub state: &'static str,
    /// Look of it.
    pub tone: &'static str,
    /// Since when and what went wrong.
    pub more: String,
}

/// How many orders are in a state, as a link that shows them.
pub struct Count {
    /// State in a word.
    pub word: &'static str,
    /// As stored.
    pub code: String,
    /// Orders.
    pub orders: i64,
    /// Address of the list, from `?` on.
    pub query: String,
    /// Look of it.
    pub tone: &'static str,
}

/// Money that waits, of one kind and currency.
pub struct Waiting {
    /// What for.
    pub word: &'static str,
    /// How much.
    pub amount: String,
    /// Share of the largest, of 100.
    pub share: i64,
    /// Key for styles and tests.
    pub kind: &'static str,
}

/// Pictures of the last days.
pub struct Days {
    /// One per currency.
    pub pictures: Vec<Picture>,
    /// There are only test mandants.
    pub is_test: bool,
}

/// Which mandants sums are made of: never test mandants together with others.
fn counted<'a>(settings: &'a Settings, only: &'a str) -> impl Fn(&MandantId) -> bool + 'a {
    let has_production = settings.mandants.values().any(|mandant| mandant.kind == MandantKind::Production);
    move |mandant| {
        if only.is_empty() { !has_production || !settings.is_test(mandant) } else { mandant.0 == only }
    }
}

/// How the daemon is doing.
pub async fn operation(web: &Web, pen: &Pen) -> Result<Operation, JournalError> {
    let (daemon, settings, now) = (web.daemon(), web.settings(), web.clock().now());
    let (words, when) = (pen.words, |time: Time| When { text: pen.soon(time, now), stamp: pen.stamp(time) });
    let last = daemon.last_cycle();
    let went = |cycle: &crate::engine::LastCycle| {
        let mut parts = vec![words.cycle_orders.replace("{orders}", &cycle.report.orders.to_string())];
        if cycle.report.failed > 0 {
            parts.push(words.cycle_failed.replace("{failed}", &cycle.report.failed.to_string()));
        }
        if !cycle.report.unreachable.is_empty() {
            parts.push(words.cycle_unreachable.replace("{names}", &cycle.report.unreachable.join(", ")));
        }
        parts.join(", ")
    };
    let quiet = match settings.schedule.quiet_hours {
        None => words.quiet_none.to_owned(),
        Some(window) => format!("{} – {}", window.from.format("%H:%M"), window.until.format("%H:%M")),
    };
    let quiet_until = daemon.quiet_until();
    let mails = web.journal().mail_state().await?;
    let has_mail = settings.mail.is_some() || settings.mandants.values().any(|mandant| mandant.mail.is_some());
    Ok(Operation {
        last_bad: last.as_ref().is_some_and(|cycle| cycle.report.failed > 0 || !cycle.report.unreachable.is_empty()),
        last: last.as_ref().map(|cycle| (when(cycle.began), went(cycle))),
        next: daemon.next_run().map(|next| when(next.at.max(now))),
        busy: daemon.is_busy(),
        quiet: match quiet_until {
            Some(until) => words.quiet_now.replace("{until}", &pen.soon(until, now)),
            None => quiet,
        },
        quiet_now: quiet_until.is_some(),
        connections: connections(daemon, &settings, pen, now),
        mails: mail_words(&mails, has_mail, pen, now),
        mails_bad: mails.unsent > 0 || mails.servers.iter().any(|server| !server.works()),
    })
}

fn mail_words(mails: &MailState, has_mail: bool, pen: &Pen, now: Time) -> String {
    match mails.unsent_since {
        Some(since) => {
            let text = pen.words.mails_unsent.replace("{count}", &mails.unsent.to_string());
            text.replace("{since}", &pen.soon(since, now))
        }
        None if has_mail => pen.words.mails_none.to_owned(),
        None => pen.words.mails_off.to_owned(),
    }
}

/// pixi APIs and Unzer key pairs, as the last requests went.
fn connections(daemon: &Daemon, settings: &Settings, pen: &Pen, now: Time) -> Vec<Connection> {
    let mut all: Vec<Connection> = Vec::new();
    for (name, api) in &settings.pixi {
        let label = format!("pixi {name}");
        all.push(connection(daemon, Peer::Pixi, (&name.0, label, name.0.clone()), api.active, pen, now));
    }
    let mut pairs: BTreeMap<&str, (BTreeSet<&str>, bool)> = BTreeMap::new();
    for (id, mandant) in &settings.mandants {
        for payment_type in mandant.payment_types.values() {
            for key in payment_type.keys.iter().map(|pair| pair.public_key.as_str()) {
                let (mandants, active) = pairs.entry(key).or_default();
                mandants.insert(&id.0);
                *active |= payment_type.active;
            }
        }
    }
    for (key, (mandants, active)) in pairs {
        let mandants: Vec<&str> = mandants.into_iter().collect();
        let label = format!("Unzer {}", mandants.join(", "));
        all.push(connection(daemon, Peer::Unzer, (key, label, key.to_owned()), active, pen, now));
    }
    all
}

fn connection(
    daemon: &Daemon,
    peer: Peer,
    (endpoint, name, detail): (&str, String, String),
    active: bool,
    pen: &Pen,
    now: Time,
) -> Connection {
    let found = daemon.stack().circuits.connection(peer, endpoint);
    let words = pen.words;
    let (word, state, tone) = match found.state {
        _ if !active => (words.connection_off, "DISABLED", "still"),
        ConnectionState::NotConnected => (words.connection_open, "NOT_CONNECTED", "still"),
        ConnectionState::Connected => (words.connection_good, "CONNECTED", "good"),
        ConnectionState::ConnectedError => (words.connection_bad, "CONNECTED_ERROR", "bad"),
    };
    let since = found.since.filter(|_| active);
    let since = since.map(|since| words.since.replace("{time}", &pen.soon(since, now)));
    let error = found.last_error.filter(|_| state == "CONNECTED_ERROR");
    let more: Vec<String> = since.into_iter().chain(error).collect();
    Connection { name, detail, word, state, tone, more: more.join(": ") }
}

/// Orders by mark and payment status.
pub fn counts(cells: &[Cell], filter: &Filter, pen: &Pen) -> Vec<Count> {
    let words = pen.words;
    let here: Vec<&Cell> =
        cells.iter().filter(|cell| filter.mandant.is_empty() || filter.mandant == cell.mandant.0).collect();
    let only = Filter { mandant: filter.mandant.clone(), ..Filter::default() };
    let of_mark = |severity| here.iter().filter(|cell| cell.mark == Some(severity)).map(|cell| cell.orders).sum();
    let mark = |word, code: &str, severity, tone| {
        let query = Filter { mark: code.to_owned(), ..only.clone() }.query();
        Count { word, code: code.to_owned(), orders: of_mark(severity), query, tone }
    };
    let mut all = vec![
        mark(words.problems, "problem", Severity::Problem, "bad"),
        mark(words.hints, "hint", Severity::Hint, "hint"),
    ];
    let mut states: BTreeMap<&str, i64> = BTreeMap::new();
    for cell in here {
        *states.entry(&cell.payment_status).or_default() += cell.orders;
    }
    let known = |code: &str| crate::policy::PaymentStatus::from_name(code);
    let mut states: Vec<(&str, i64)> = states.into_iter().filter(|(code, _)| known(code).is_some()).collect();
    states.sort_by_key(|(code, _)| known(code));
    all.extend(states.into_iter().map(|(code, orders)| Count {
        word: pen.payment_status(code),
        code: code.to_owned(),
        orders,
        query: Filter { status: code.to_owned(), ..only.clone() }.query(),
        tone: tone(code),
    }));
    all
}

/// Money that waits, by what it waits for.
pub fn waiting(cells: &[Cell], settings: &Settings, filter: &Filter, pen: &Pen) -> Vec<Waiting> {
    let is_counted = counted(settings, &filter.mandant);
    let mut sums: BTreeMap<&str, (Currency, [i64; 3])> = BTreeMap::new();
    for cell in cells.iter().filter(|cell| is_counted(&cell.mandant)) {
        let (_, sum) = sums.entry(cell.currency.code()).or_insert((cell.currency, [0; 3]));
        for (sum, more) in sum.iter_mut().zip([cell.awaiting, cell.capturable, cell.unbooked]) {
            *sum = sum.saturating_add(more);
        }
    }
    let kinds =
        [("awaiting", pen.words.awaiting), ("capturable", pen.words.capturable), ("unbooked", pen.words.unbooked)];
    let mut all = Vec::new();
    for (currency, sum) in sums.into_values() {
        let most = sum.into_iter().max().unwrap_or(0);
        for ((kind, word), minor) in kinds.into_iter().zip(sum).filter(|(_, minor)| *minor > 0) {
            let share = picture::scaled(minor, 100, most);
            all.push(Waiting { word, amount: pen.money(minor, currency), share, kind });
        }
    }
    all
}

/// The last days.
pub async fn days(web: &Web, settings: &Settings, filter: &Filter, pen: &Pen) -> Result<Days, JournalError> {
    let last = web.clock().now().with_timezone(&pen.zone).date_naive();
    let totals = web.journal().totals(&picture::first_day(last).to_string(), &last.to_string()).await?;
    let is_counted = counted(settings, &filter.mandant);
    let totals: Vec<_> = totals.into_iter().filter(|row| is_counted(&row.mandant)).collect();
    let is_test = !totals.is_empty() && totals.iter().all(|row| settings.is_test(&row.mandant));
    Ok(Days { pictures: picture::draw(&totals, last, pen), is_test })
}
