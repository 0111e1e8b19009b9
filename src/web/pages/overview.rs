//! What stands beside the list of orders: how the daemon is doing, how many orders are in which state, the last days.

use std::collections::BTreeMap;

use super::filter::Filter;
use super::picture::{self, Picture};
use super::row::Mark;
use super::words::{Pen, tone};
use crate::clock::Time;
use crate::config::{MandantId, MandantKind, Settings};
use crate::engine::connections::{self, Shown};
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
    /// What is wrong with connections, mail servers and recipients.
    pub troubles: Vec<Mark>,
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
        let mut parts = vec![match cycle.report.orders {
            1 => words.cycle_one_order.to_owned(),
            orders => words.cycle_orders.replace("{orders}", &orders.to_string()),
        }];
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
    // What has left the configuration is nobody's concern here; `connection list` shows it.
    let mut known = connections::shown(&settings, web.journal().connections().await?);
    known.retain(|shown| shown.state != ConnectionState::Deregistered);
    let troubles =
        connections::troubles(&known, settings.timezone).into_iter().chain(crate::mail::troubles(&mails, &settings));
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
        connections: known.iter().map(|shown| connection(shown, pen, now)).collect(),
        troubles: troubles.map(|notice| Mark::of(&notice, "", pen)).collect(),
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

/// A connection of the configuration, as the store knows it.
fn connection(shown: &Shown, pen: &Pen, now: Time) -> Connection {
    let (words, link) = (pen.words, &shown.link);
    let (word, tone) = match shown.state {
        ConnectionState::Disabled | ConnectionState::Deregistered => (words.connection_off, "still"),
        ConnectionState::NotConnected => (words.connection_open, "still"),
        ConnectionState::Connected => (words.connection_good, "good"),
        ConnectionState::ConnectedError => (words.connection_bad, "bad"),
    };
    let mandants: Vec<&str> = link.mandants.keys().map(|id| id.0.as_str()).collect();
    let name = match link.peer {
        Peer::Pixi => format!("pixi {}", link.name),
        Peer::Unzer => format!("Unzer {}", mandants.join(", ")),
    };
    // What the configuration says goes before what the store remembers.
    let row = shown.row.as_ref().filter(|_| link.active);
    let since = row.map(|row| words.since.replace("{time}", &pen.soon(row.since, now)));
    let why = row.and_then(|row| match shown.state {
        ConnectionState::ConnectedError => row.last_error.clone(),
        ConnectionState::Disabled => row.changed_reason.clone(),
        _ => None,
    });
    let more: Vec<String> = since.into_iter().chain(why).collect();
    Connection { name, detail: link.name.clone(), word, state: shown.state.name(), tone, more: more.join(": ") }
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
