//! `orders`: the orders the daemon knows.

use std::num::NonZeroUsize;
use std::str::FromStr;

use chrono::{DateTime, NaiveDate, NaiveTime};
use chrono_tz::Tz;

use crate::cli::context::{Context, Schema};
use crate::cli::output::{self, Tone, cell, toned};
use crate::cli::{Failure, once, words};
use crate::clock::{Time, zone};
use crate::config::{MandantId, Settings};
use crate::engine::OrderShown;
use crate::journal::{Journal, OrderFilter, OrderRow};
use crate::policy::PaymentStatus;
use crate::text::Severity;
use crate::text::amounts::amount;
use crate::unzer::MethodPrefix;

/// Orders read from the store at a time.
const PAGE: i64 = 200;
/// Payment statuses, and transfer statuses (CANCELLED is one of both).
const STATUSES: &str = "UNPAID, PAID_PARTIAL, PAID, CANCELLED, REFUNDED_PARTIAL, REFUNDED, CHARGEBACK, COLLECTION, \
                        LEGACY, DISAPPEARED, MANUAL, MERGED; INITIAL, NOT_TRANSFERRED, TRANSFERRED, ERROR, NO_TRANSFER";

/// Arguments of `orders`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Examples:\n  pixi-payd orders --problems\n  pixi-payd orders --mandant LEO --status PAID --since 2026-11-01\n  \
                        pixi-payd orders --limit all --json | jq '.[].order_nr'"
)]
pub struct Args {
    /// Only those where a person must act
    #[arg(long)]
    problems: bool,
    /// Only of this mandant
    #[arg(long, value_name = "SHOPID")]
    mandant: Option<String>,
    /// Only of this payment type
    #[arg(long, value_name = "CODE")]
    payment_type: Option<String>,
    /// Only with this payment or transfer status (UNPAID, PAID, TRANSFERRED, …)
    #[arg(long, value_name = "STATUS")]
    status: Option<String>,
    /// Only those with something new since then: 2026-11-01, or a time with offset
    #[arg(long, value_name = "DAY")]
    since: Option<String>,
    /// At most so many, the latest first; `all` streams
    #[arg(long, value_name = "N|all", default_value = "200")]
    limit: Limit,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// How many rows a list shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limit(Option<NonZeroUsize>);

impl Limit {
    /// The most rows; none: all.
    pub fn most(self) -> Option<usize> {
        self.0.map(NonZeroUsize::get)
    }
}

impl FromStr for Limit {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text.eq_ignore_ascii_case("all") {
            return Ok(Self(None));
        }
        text.parse().map(|count| Self(Some(count))).map_err(|_| "give a number above zero, or all".to_owned())
    }
}

/// What is wanted beyond what the store selects by.
struct Wanted {
    payment_type: Option<String>,
    status: Option<String>,
    since: Option<Time>,
}

impl Wanted {
    fn of(args: &Args, zone: Tz) -> Result<Self, Failure> {
        let status = args.status.as_ref().map(|status| status.to_ascii_uppercase());
        if let Some(status) = &status
            && PaymentStatus::from_name(status).is_none()
            && crate::policy::TransferStatus::from_name(status).is_none()
        {
            return Err(Failure::usage(format!("--status {status}: no such status; one of {STATUSES}")));
        }
        let since = args.since.as_deref().map(|text| since(text, zone)).transpose()?;
        Ok(Self { payment_type: args.payment_type.clone(), status, since })
    }

    fn takes(&self, row: &OrderRow) -> bool {
        self.payment_type.as_ref().is_none_or(|code| *code == row.payment_code.0)
            && self.status.as_ref().is_none_or(|status| *status == row.payment_status || *status == row.transfer_status)
            && self.since.is_none_or(|since| row.changed >= since)
    }
}

/// A day in `zone`, or a moment with offset.
fn since(text: &str, tz: Tz) -> Result<Time, Failure> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.to_utc());
    }
    let day: NaiveDate = text.parse().map_err(|_| {
        Failure::usage(format!("--since {text}: give a day like 2026-11-01 or a time like 2026-11-01T08:00:00+01:00"))
    })?;
    Ok(zone::moments(tz, day.and_time(NaiveTime::MIN)).first)
}

/// Lists orders.
pub async fn run(context: Context, args: Args) -> Result<(), Failure> {
    let settings = context.settings()?;
    let wanted = Wanted::of(&args, settings.timezone)?;
    let mandant = args.mandant.as_deref().map(MandantId::from);
    if let Some(mandant) = &mandant {
        once::known(&settings, mandant)?;
    }
    let journal = context.journal(&settings, Schema::Keep).await?;
    let filter = OrderFilter {
        mandant,
        mark: args.problems.then_some(Severity::Problem),
        unresolved: args.problems,
        limit: PAGE,
        ..OrderFilter::default()
    };
    let mut rows = Rows { journal, filter, wanted, left: args.limit.0.map(NonZeroUsize::get), ended: false };
    if args.json { as_json(&settings, &mut rows).await } else { as_table(&settings, &mut rows).await }
}

/// The rows, a page at a time.
struct Rows {
    journal: Journal,
    filter: OrderFilter,
    wanted: Wanted,
    /// Rows still to be given; none: all.
    left: Option<usize>,
    ended: bool,
}

impl Rows {
    async fn next(&mut self) -> Result<Option<Vec<OrderRow>>, Failure> {
        if self.ended {
            return Ok(None);
        }
        let mut page = self.journal.list_orders(self.filter.clone()).await?;
        self.filter.before = page.last().map(|row| row.id);
        self.ended = self.filter.before.is_none();
        page.retain(|row| self.wanted.takes(row));
        if let Some(left) = &mut self.left {
            page.truncate(*left);
            *left -= page.len();
            self.ended |= *left == 0;
        }
        Ok(Some(page))
    }
}

async fn as_json(settings: &Settings, rows: &mut Rows) -> Result<(), Failure> {
    let mut opening = "[";
    while let Some(page) = rows.next().await? {
        for row in &page {
            let json = serde_json::to_string(&shown(settings, row)).map_err(Failure::failed)?;
            output::raw(format!("{opening}\n{json}").as_bytes())?;
            opening = ",";
        }
    }
    output::line(if opening == "[" { "[]" } else { "\n]" })
}

fn shown(settings: &Settings, row: &OrderRow) -> OrderShown {
    OrderShown::with(row, settings)
}

async fn as_table(settings: &Settings, rows: &mut Rows) -> Result<(), Failure> {
    let mut count = 0;
    while let Some(page) = rows.next().await? {
        if page.is_empty() {
            continue;
        }
        count += page.len();
        let mut table = output::table(&[
            "order",
            "shop's nr",
            "type",
            "payment",
            "transfer",
            "ordered",
            "captured",
            "mark",
            "next check",
        ]);
        for row in &page {
            table.add_row(cells(settings, row));
        }
        output::print(&table)?;
    }
    if count == 0 {
        output::line("no orders")?;
    }
    Ok(())
}

fn cells(settings: &Settings, row: &OrderRow) -> Vec<comfy_table::Cell> {
    let shown = |minor| amount(row.currency.of(minor), settings.language);
    let method = row.method.as_ref().map(|prefix| MethodPrefix(prefix.clone()).display_name().to_owned());
    let mark = row.mark.as_ref().filter(|_| !row.is_resolved());
    let tone = match mark.map(|mark| mark.severity) {
        Some(Severity::Problem) => Tone::Bad,
        Some(Severity::Hint) => Tone::Notice,
        None => Tone::Plain,
    };
    vec![
        cell(format!("{} {}", words::mandant(settings, &row.order.mandant), row.order.nr)),
        cell(&row.nr_external),
        cell(method.map_or_else(|| row.payment_code.0.clone(), |method| format!("{} {method}", row.payment_code))),
        cell(&row.payment_status),
        cell(&row.transfer_status),
        cell(shown(row.amounts.total)),
        cell(shown(row.amounts.captured)),
        toned(mark.map(|mark| format!("{} {}", mark.number, mark.text(settings.language))).unwrap_or_default(), tone),
        cell(row.next_check.map(|at| output::wall(at, settings.timezone)).unwrap_or_default()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_begins_at_midnight_of_the_zone() {
        let berlin = chrono_tz::Europe::Berlin;
        assert_eq!(since("2026-11-01", berlin).unwrap(), "2026-10-31T23:00:00Z".parse::<Time>().unwrap());
        assert_eq!(
            since("2026-11-01T08:00:00+02:00", berlin).unwrap(),
            "2026-11-01T06:00:00Z".parse::<Time>().unwrap()
        );
        assert_eq!(since("yesterday", berlin).unwrap_err().status(), 2);
    }

    #[test]
    fn every_status_named_to_people_is_one() {
        for name in STATUSES.split([',', ';']).map(str::trim) {
            assert!(
                PaymentStatus::from_name(name).is_some() || crate::policy::TransferStatus::from_name(name).is_some(),
                "{name}"
            );
        }
    }

    #[test]
    fn a_limit_is_a_number_above_zero_or_all() {
        assert_eq!("all".parse(), Ok(Limit(None)));
        assert_eq!("7".parse(), Ok(Limit(NonZeroUsize::new(7))));
        assert!("0".parse::<Limit>().is_err() && "-1".parse::<Limit>().is_err() && "many".parse::<Limit>().is_err());
    }

    #[tokio::test(start_paused = true)]
    async fn a_test_mandant_is_shown_as_one() {
        use crate::config::MandantKind;
        let theatre = crate::sandbox::tests::theatre().await;
        crate::sandbox::tests::play(&theatre, &[0]).await;
        for (kind, is_test) in [(MandantKind::Test, true), (MandantKind::Production, false)] {
            let shop = theatre.workshop(|settings| settings.mandants.values_mut().for_each(|one| one.kind = kind));
            let row = shop.journal.list_orders(OrderFilter::default()).await.unwrap().remove(0);
            assert_eq!(cells(&shop.settings, &row)[0].content().contains("TEST"), is_test);
            assert_eq!(shown(&shop.settings, &row).test, is_test);
        }
    }
}
