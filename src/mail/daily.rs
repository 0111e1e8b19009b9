//! The day summed up, and what is still open: once a day for each mandant.

use chrono::{Days, NaiveDate, NaiveTime};
use serde_json::json;

use super::gather::Kind;
use super::pages::{Block, Desk, Line, Page, Tone};
use super::tidy::tidy;
use crate::clock::Time;
use crate::config::{ApiName, DailySummary, Mail, MandantId, Settings};
use crate::journal::{DayTotals, InWork, Journal, JournalError, NewMail, OrderRow, Standing};
use crate::money::Currency;
use crate::text::amounts::amount;

/// Open problems listed at most, the newest; the rest is counted.
const MOST_LISTED: i64 = 200;

/// Stores the news of the day for each mandant whose time has come. Once a day: what comes up later has its own mail, and
/// stands in the next day's.
pub async fn enqueue(journal: &Journal, settings: &Settings, now: Time) -> Result<(), JournalError> {
    let local = now.with_timezone(&settings.timezone).naive_local();
    let day = local.date().to_string();
    for (id, mandant) in &settings.mandants {
        let Some(mail) = settings.mail_of(id) else { continue };
        let cursor = format!("daily_mail/{id}");
        if !has_come(mail, local.time()) || journal.cursor(&mandant.pixi, &cursor).await?.as_ref() == Some(&day) {
            continue;
        }
        if let Some(kind) = wanted(mail, journal.standing(&mandant.pixi, id).await?.problems) {
            let news = NewMail {
                mandant: id.clone(),
                kind: kind.name().to_owned(),
                fingerprint: format!("daily {day}"),
                params: json!({"day": day}),
            };
            journal.enqueue_mail(&mandant.pixi, news).await?;
        }
        journal.set_cursor(&mandant.pixi, &cursor, &day).await?;
    }
    Ok(())
}

fn has_come(mail: &Mail, time: NaiveTime) -> bool {
    time >= mail.daily_at
}

/// Which of the two is sent. Neither counts by `max_per_hour`.
fn wanted(mail: &Mail, problems: i64) -> Option<Kind> {
    match mail.summary {
        DailySummary::Always => Some(Kind::Summary),
        DailySummary::Problems if problems > 0 => Some(Kind::Summary),
        DailySummary::Problems => None,
        DailySummary::Off => (mail.reminder && problems > 0).then_some(Kind::Reminder),
    }
}

/// What a daily mail tells.
pub struct Day {
    /// The day it is sent.
    pub date: NaiveDate,
    /// What was moved the day before.
    pub totals: Vec<DayTotals>,
    /// What waits.
    pub in_work: Vec<InWork>,
    /// Open problems, the newest first, at most so many as are listed.
    pub open: Vec<OrderRow>,
    /// How many there are of all that stands.
    pub standing: Standing,
}

impl Day {
    /// Looks it all up. Of one mandant at one pixi API alone: sums of test and production never meet.
    pub async fn of(
        journal: &Journal,
        api: &ApiName,
        mandant: &MandantId,
        day: NaiveDate,
    ) -> Result<Self, JournalError> {
        let before = day.checked_sub_days(Days::new(1)).unwrap_or(day).to_string();
        let mut totals = journal.totals(&before, &before).await?;
        totals.retain(|total| total.mandant == *mandant && total.api == *api);
        // Where one cannot be read the mail still says how many there are.
        let open = journal.newest_problems(api, mandant, MOST_LISTED).await.unwrap_or_else(|error| {
            tracing::error!(mandant = %mandant, "open problems are not listed in the daily mail: {error}");
            Vec::new()
        });
        let standing = journal.standing(api, mandant).await?;
        Ok(Self { date: day, totals, in_work: journal.in_work(api, mandant).await?, open, standing })
    }

    /// Nothing is open, not even what a person has settled or what will mend itself.
    fn is_all_well(&self) -> bool {
        self.standing == Standing::default()
    }

    fn before(&self) -> NaiveDate {
        self.date.checked_sub_days(Days::new(1)).unwrap_or(self.date)
    }
}

impl Desk<'_> {
    /// The page of a daily mail.
    pub fn daily(&self, kind: Kind, day: &Day) -> Page {
        let words = self.words();
        let date = |day: NaiveDate| self.date(day);
        let problems = day.standing.problems;
        let off = self.is_switched_off();
        let open = match problems {
            0 if off => words.switched_off.to_owned(),
            0 if day.is_all_well() => words.all_well.to_owned(),
            0 => words.no_problem.to_owned(),
            _ => format!("{}: {problems}", words.open_problems),
        };
        if kind == Kind::Reminder {
            let mut page = self.page(Tone::Problem, words.reminder, &open);
            page.lead.push(words.reminder_lead.to_owned());
            page.blocks.push(self.open(day));
            return page;
        }
        let tone = match problems {
            0 if off || !day.is_all_well() => Tone::Plain,
            0 => Tone::Solved,
            _ => Tone::Problem,
        };
        let subject = format!("{} {} – {}", words.summary, date(day.date), open.trim_end_matches('.'));
        let mut page = self.page(tone, &format!("{} {}", words.summary, date(day.date)), &subject);
        if problems == 0 {
            page.lead.push(open);
        } else if off {
            page.lead.push(words.switched_off.to_owned());
        }
        page.blocks.push(self.moved(day));
        page.blocks.push(self.waiting(day));
        if problems > 0 {
            page.blocks.push(self.open(day));
        }
        page
    }

    /// Nothing of the mandant is processed: its pixi API is off, or all of its payment types are.
    fn is_switched_off(&self) -> bool {
        self.settings.mandants.get(self.mandant).is_some_and(|mandant| {
            let api = self.settings.pixi.get(&mandant.pixi).is_some_and(|api| api.active);
            !api || !mandant.payment_types.is_empty() && mandant.payment_types.values().all(|one| !one.active)
        })
    }

    fn moved(&self, day: &Day) -> Block {
        let words = self.words();
        let sum = |name: &str, minor: fn(&DayTotals) -> i64, count: fn(&DayTotals) -> i64, of: [&str; 2]| {
            let told = day.totals.iter().filter(|total| count(total) > 0);
            let one = |total: &DayTotals| {
                let money = self.money(total.currency, minor(total));
                let many = count(total);
                format!("{money} ({many} {})", of[usize::from(many != 1)])
            };
            let told: Vec<String> = told.map(one).collect();
            let told = if told.is_empty() { words.nothing.to_owned() } else { told.join(", ") };
            (name.to_owned(), told)
        };
        Block {
            heading: words.day_before.replace("{day}", &self.date(day.before())),
            facts: vec![
                sum(words.captured, |total| total.captured, |total| total.captures, [words.capture, words.captures]),
                sum(words.refunded, |total| total.refunded, |total| total.refunds, [words.refund, words.refunds]),
            ],
            ..Block::default()
        }
    }

    fn waiting(&self, day: &Day) -> Block {
        let words = self.words();
        let orders: i64 = day.in_work.iter().map(|work| work.orders).sum();
        let sum = |minor: fn(&InWork) -> i64, count: Option<fn(&InWork) -> i64>| {
            let told = day.in_work.iter().filter(|work| minor(work) > 0);
            let told: Vec<String> = told
                .map(|work| {
                    let money = self.money(work.currency, minor(work));
                    let of = |many: i64| if many == 1 { words.one_order } else { words.orders };
                    count
                        .map_or_else(|| money.clone(), |count| format!("{money} ({} {})", count(work), of(count(work))))
                })
                .collect();
            if told.is_empty() { words.nothing.to_owned() } else { told.join(", ") }
        };
        let mut facts = vec![
            (words.in_work.to_owned(), orders.to_string()),
            (words.awaiting_money.to_owned(), sum(|work| work.awaited, Some(|work| work.awaiting))),
            (words.capturable.to_owned(), sum(|work| work.capturable, None)),
            (words.open_problems.to_owned(), day.standing.problems.to_string()),
        ];
        let also = [
            (words.settled_problems, day.standing.settled),
            (words.unknown_steps, day.standing.unknown),
            (words.hints, day.standing.hints),
        ];
        facts.extend(
            also.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| (name.to_owned(), count.to_string())),
        );
        Block { heading: words.now.to_owned(), facts, ..Block::default() }
    }

    fn open(&self, day: &Day) -> Block {
        let words = self.words();
        let zone = self.settings.timezone;
        let line = |row: &OrderRow| {
            let mark = row.mark.as_ref();
            let what = mark.map(|mark| format!("{} {}", mark.number, tidy(&mark.text(self.language()))));
            let since = row.mark_since.map(|at| {
                let day = self.date(at.with_timezone(&zone).date_naive());
                words.open_since.replace("{day}", &day)
            });
            let shop = tidy(&row.nr_external);
            let order = if shop.is_empty() { row.order.nr.to_string() } else { format!("{} ({shop})", row.order.nr) };
            let total = self.money(row.currency, row.amounts.total);
            let text: Vec<String> = [what, since, Some(total)].into_iter().flatten().collect();
            Line { order, text: text.join(" · "), url: self.url(row.order.nr) }
        };
        let problems = usize::try_from(day.standing.problems).unwrap_or_default();
        Block {
            heading: words.open_problems.to_owned(),
            lines: day.open.iter().map(line).collect(),
            more: self.more(words.older, problems.saturating_sub(day.open.len())),
            ..Block::default()
        }
    }

    fn money(&self, currency: Currency, minor: i64) -> String {
        amount(currency.of(minor), self.language())
    }

    fn date(&self, day: NaiveDate) -> String {
        match self.language() {
            crate::text::Language::De => day.format("%d.%m.%Y").to_string(),
            crate::text::Language::En => day.format("%-d %B %Y").to_string(),
        }
    }
}
