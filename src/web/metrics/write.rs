//! The families of the page. Names end with their unit; `_total` are counters since the start of the process.

use super::exposition::{Kind, Page, millis, seconds};
use super::gather::{Seen, Stored};
use crate::clock::Time;
use crate::config::MandantId;
use crate::journal::{ApiGauges, DayTotals, Waiting};
use crate::steps::Kind as StepKind;
use crate::wire::metered::BUCKETS_MS;

/// Outcomes of steps.
const OUTCOMES: [&str; 5] = ["done", "pending", "refused", "not_sent", "unknown"];
/// States of steps of which it is not known how they ended.
const OPEN: [&str; 3] = ["intended", "pending", "unknown"];

/// When the last cycle over a mandant ended.
type EndOf = fn(&Seen, &MandantId) -> Option<Time>;
/// An amount of a day.
type AmountOf = fn(&DayTotals) -> i64;

/// Writes the page.
pub fn page(seen: &Seen) -> String {
    let mut page = Page::default();
    process(&mut page, seen);
    cycles(&mut page, seen);
    if let Some(stored) = &seen.stored {
        connections(&mut page, stored);
        orders(&mut page, seen, stored);
        open_steps(&mut page, seen, stored);
        people(&mut page, seen, stored);
        today(&mut page, stored);
    }
    steps(&mut page, seen);
    webhooks(&mut page, seen);
    requests(&mut page, seen);
    page.text()
}

fn process(page: &mut Page, seen: &Seen) {
    page.family("pixi_payd_build_info", Kind::Gauge, "Version of the program; always 1.")
        .sample(&[("version", env!("CARGO_PKG_VERSION"))], 1);
    page.family("pixi_payd_start_time_seconds", Kind::Gauge, "When this process took the store, as Unix time.")
        .sample(&[], millis(seen.started.timestamp_millis()));
    page.family("pixi_payd_store_up", Kind::Gauge, "1 while the store answers.")
        .sample(&[], u8::from(seen.stored.is_some()));
    page.family("pixi_payd_quiet_hours", Kind::Gauge, "1 in the quiet hours, in which nothing is sent to pixi.")
        .sample(&[], u8::from(seen.health.quiet_until.is_some()));
}

fn connections(page: &mut Page, stored: &Stored) {
    let mut family = page.family(
        "pixi_payd_connections",
        Kind::Gauge,
        "pixi APIs and Unzer key pairs by how their last request ended: connected, error, not_connected (none yet), disabled (switched off).",
    );
    for ((peer, state), count) in &stored.connections {
        family.sample(&[("peer", &peer.to_string()), ("state", state)], count);
    }
}

fn cycles(page: &mut Page, seen: &Seen) {
    page.family("pixi_payd_cycle_overdue", Kind::Gauge, "1 where a cycle should have begun long ago; see /readyz.")
        .sample(&[], u8::from(seen.health.overdue_since.is_some()));
    let next = seen.health.next.map(|next| millis((next.at - seen.now).num_milliseconds().max(0)));
    let mut family = page.family("pixi_payd_next_cycle_seconds", Kind::Gauge, "Time until the next cycle.");
    if let Some(next) = next {
        family.sample(&[], next);
    }
    let ages: [(&str, &str, EndOf); 2] = [
        ("pixi_payd_cycle_age_seconds", "Time since the last cycle over the mandant ended.", |seen, mandant| {
            seen.progress.get(mandant)?.ended
        }),
        (
            "pixi_payd_cycle_whole_age_seconds",
            "Time since the last cycle over the mandant that reached everything it had to.",
            |seen, mandant| seen.progress.get(mandant)?.ended_whole,
        ),
    ];
    for (name, help, ended) in ages {
        let mut family = page.family(name, Kind::Gauge, help);
        for mandant in seen.settings.mandants.keys() {
            // Before the first one: since the start.
            let since = ended(seen, mandant).unwrap_or(seen.started);
            family.sample(&[("mandant", &mandant.0)], age(seen, Some(since)));
        }
    }
    let mut family = page.family("pixi_payd_cycles_total", Kind::Counter, "Cycles by pixi API and how they ended.");
    for api in seen.settings.pixi.keys() {
        let cycles = seen.cycles.get(api).cloned().unwrap_or_default();
        for (outcome, count) in [("whole", cycles.whole), ("partial", cycles.partial), ("failed", cycles.failed)] {
            family.sample(&[("api", &api.0), ("outcome", outcome)], count);
        }
    }
    let mut family = page.family("pixi_payd_cycle_duration_seconds", Kind::Gauge, "How long the last cycle took.");
    for (api, cycles) in &seen.cycles {
        family.sample(&[("api", &api.0)], seconds(cycles.duration));
    }
    let mut family = page.family("pixi_payd_cycle_orders", Kind::Gauge, "Orders the last cycle progress on.");
    for (api, cycles) in &seen.cycles {
        family.sample(&[("api", &api.0)], cycles.orders);
    }
}

/// A number and an age for each mandant.
fn by_mandant(
    page: &mut Page,
    seen: &Seen,
    stored: &Stored,
    names: [(&'static str, &'static str); 2],
    pick: fn(&ApiGauges, &MandantId) -> Option<Waiting>,
) {
    let of = |mandant: &MandantId| {
        let api = &seen.settings.mandants.get(mandant)?.pixi;
        pick(stored.apis.get(api)?, mandant)
    };
    let all: Vec<(&MandantId, Waiting)> =
        seen.settings.mandants.keys().map(|mandant| (mandant, of(mandant).unwrap_or_default())).collect();
    let mut family = page.family(names[0].0, Kind::Gauge, names[0].1);
    for (mandant, waiting) in &all {
        family.sample(&[("mandant", &mandant.0)], waiting.count);
    }
    let mut family = page.family(names[1].0, Kind::Gauge, names[1].1);
    for (mandant, waiting) in &all {
        family.sample(&[("mandant", &mandant.0)], age(seen, waiting.since));
    }
}

fn orders(page: &mut Page, seen: &Seen, stored: &Stored) {
    let mut family = page.family("pixi_payd_orders_open", Kind::Gauge, "Orders that have not ended.");
    for (id, mandant) in &seen.settings.mandants {
        let open = stored.apis.get(&mandant.pixi).and_then(|api| api.open.get(id)).copied().unwrap_or_default();
        family.sample(&[("mandant", &id.0)], open.count);
    }
    by_mandant(
        page,
        seen,
        stored,
        [
            ("pixi_payd_queue_orders", "Orders whose next check has come."),
            ("pixi_payd_queue_age_seconds", "How long the order that is due longest has been due; 0 where none is."),
        ],
        |api, mandant| api.due.get(mandant).copied(),
    );
    by_mandant(
        page,
        seen,
        stored,
        [
            ("pixi_payd_hold_orders", "Orders with a line on HOLD."),
            ("pixi_payd_hold_oldest_seconds", "How long the oldest order on HOLD has been there; 0 where none is."),
        ],
        |api, mandant| api.on_hold.get(mandant).copied(),
    );
    by_mandant(
        page,
        seen,
        stored,
        [
            (
                "pixi_payd_captures_overdue",
                "Orders shipped and invoiced for half an hour or more without the money captured.",
            ),
            (
                "pixi_payd_captures_overdue_oldest_seconds",
                "How long the oldest of them has been unchanged; 0 where none is.",
            ),
        ],
        |api, mandant| api.captures.get(mandant).copied(),
    );
    for (name, help, is_age) in [
        ("pixi_payd_orders_marked", "Orders with a mark nobody has settled: problem or hint.", false),
        ("pixi_payd_orders_marked_oldest_seconds", "How long the oldest of these marks has been there.", true),
    ] {
        let mut family = page.family(name, Kind::Gauge, help);
        for mandant in seen.settings.mandants.keys() {
            for mark in ["hint", "problem"] {
                let waiting = stored.whole.marks.get(&(mandant.clone(), mark.to_owned())).copied().unwrap_or_default();
                let labels = [("mandant", mandant.0.as_str()), ("mark", mark)];
                family.sample(&labels, number(seen, waiting, is_age));
            }
        }
    }
}

fn open_steps(page: &mut Page, seen: &Seen, stored: &Stored) {
    for (name, help, is_age) in [
        (
            "pixi_payd_steps_open",
            "Steps of which it is not known how they ended: intended (under way, or cut off), pending, unknown.",
            false,
        ),
        ("pixi_payd_steps_open_oldest_seconds", "How long ago the oldest of them began; 0 where none is.", true),
    ] {
        let mut family = page.family(name, Kind::Gauge, help);
        for mandant in seen.settings.mandants.keys() {
            for state in OPEN {
                let key = (mandant.clone(), state.to_owned());
                let waiting = stored.whole.open_steps.get(&key).copied().unwrap_or_default();
                let labels = [("mandant", mandant.0.as_str()), ("state", state)];
                family.sample(&labels, number(seen, waiting, is_age));
            }
        }
    }
}

fn people(page: &mut Page, seen: &Seen, stored: &Stored) {
    page.family("pixi_payd_mails_unsent", Kind::Gauge, "Mails that wait for their server.")
        .sample(&[], stored.mails.unsent);
    page.family("pixi_payd_mails_unsent_oldest_seconds", Kind::Gauge, "How long the oldest of them has been waiting.")
        .sample(&[], age(seen, stored.mails.unsent_since));
    let down = stored.mails.servers.iter().filter(|server| !server.works()).count();
    page.family("pixi_payd_mail_servers_down", Kind::Gauge, "Mail servers that took nothing last.").sample(&[], down);
    page.family("pixi_payd_commands_waiting", Kind::Gauge, "What people asked for and the daemon has not answered.")
        .sample(&[], stored.whole.requests.count);
    page.family("pixi_payd_commands_oldest_seconds", Kind::Gauge, "How long the oldest of it has been waiting.")
        .sample(&[], age(seen, stored.whole.requests.since));
    page.family("pixi_payd_webhook_hints", Kind::Gauge, "Payments Unzer told of that were not looked at yet.")
        .sample(&[], stored.whole.hints.count);
    page.family(
        "pixi_payd_webhook_hints_oldest_seconds",
        Kind::Gauge,
        "How long ago Unzer told of the oldest of them.",
    )
    .sample(&[], age(seen, stored.whole.hints.since));
}

fn today(page: &mut Page, stored: &Stored) {
    let amounts: [(&str, &str, AmountOf); 2] = [
        ("pixi_payd_captured_today", "Captured since midnight, in units of the currency.", |day| day.captured),
        ("pixi_payd_refunded_today", "Refunded since midnight, in units of the currency.", |day| day.refunded),
    ];
    for (name, help, pick) in amounts {
        let mut family = page.family(name, Kind::Gauge, help);
        for day in &stored.today {
            let labels = [("mandant", day.mandant.0.as_str()), ("currency", day.currency.code())];
            family.sample(&labels, day.currency.of(pick(day)).decimal());
        }
    }
    let mut family = page.family("pixi_payd_problems_today", Kind::Gauge, "Problems that came up since midnight.");
    for day in &stored.today {
        family.sample(&[("mandant", &day.mandant.0), ("currency", day.currency.code())], day.problems);
    }
}

fn steps(page: &mut Page, seen: &Seen) {
    let mut family = page.family("pixi_payd_steps_total", Kind::Counter, "Steps by kind and outcome.");
    for kind in StepKind::ALL {
        for outcome in OUTCOMES {
            let count = seen.steps.get(&(kind.name().to_owned(), outcome)).copied().unwrap_or_default();
            family.sample(&[("kind", kind.name()), ("outcome", outcome)], count);
        }
    }
}

fn webhooks(page: &mut Page, seen: &Seen) {
    let mut family =
        page.family("pixi_payd_webhooks_total", Kind::Counter, "Messages to the webhook by what became of them.");
    for (fate, count) in &seen.webhooks {
        family.sample(&[("outcome", fate.name())], count);
    }
}

fn requests(page: &mut Page, seen: &Seen) {
    let calls: Vec<(String, &str, &crate::wire::metered::CallStats)> =
        seen.calls.iter().map(|((peer, call), stats)| (peer.to_string(), *call, stats)).collect();
    let mut family = page.family(
        "pixi_payd_request_duration_seconds",
        Kind::Histogram,
        "Requests from the call to the last byte read, waiting for a turn included.",
    );
    for (peer, call, stats) in &calls {
        let buckets = BUCKETS_MS.into_iter().zip(stats.buckets);
        family.histogram(&[("peer", peer), ("call", call)], buckets, stats.requests(), stats.duration);
    }
    let mut family = page.family(
        "pixi_payd_requests_total",
        Kind::Counter,
        "Requests by what came back: a class of status, not_sent, or unknown (the answer was lost).",
    );
    for (peer, call, stats) in &calls {
        for (outcome, count) in &stats.outcomes {
            family.sample(&[("peer", peer), ("call", call), ("outcome", &outcome.replace(' ', "_"))], count);
        }
    }
    let mut family = page.family("pixi_payd_request_bytes_total", Kind::Counter, "Bytes of bodies, sent and read.");
    for (peer, call, stats) in &calls {
        family.sample(&[("peer", peer), ("call", call), ("direction", "sent")], stats.bytes_out);
        family.sample(&[("peer", peer), ("call", call), ("direction", "read")], stats.bytes_in);
    }
}

fn number(seen: &Seen, waiting: Waiting, is_age: bool) -> String {
    if is_age { age(seen, waiting.since) } else { waiting.count.to_string() }
}

/// Seconds since a moment; 0 where there is none.
fn age(seen: &Seen, since: Option<Time>) -> String {
    millis(since.map_or(0, |since| (seen.now - since).num_milliseconds().max(0)))
}
