//! The day summed up, and what is still open: once a day for each mandant.

use chrono::{Days, NaiveDate, NaiveTime};
use serde_json::json;

use super::gather::Kind;
use super::pages::{Block, Desk, Line, Page, Tone};
use super::tidy::tidy;
use crate::clock::Time;
use crate::config::{DailySummary, Mail, MandantId, Settings};
use crate::journal::{DayTotals, InWork, Journal, JournalError, NewMail, OrderFilter, OrderRow};
use crate::money::Currency;
use crate::text::Severity;
use crate::text::amounts::amount;

/// Open problems listed at most; the rest is counted.
const MOST_LISTED: usize = 200;

/// Stores the news of the day for each mandant whose time has come. Once a day: what comes up later has its own mail, and
/// stands in the next day's.
pub async fn enqueue(journal: &Journal, settings: &Settings, now: Time) -> Result<(), JournalError> {
    let local = now.with_timezone(&settings.timezone).naive_local();
    let day = local.date().to_string();
    for (id, mandant) in &settings.mandants {
        let Some(mail) = mandant.mail.as_ref().or(settings.mail.as_ref()) else { continue };
        let cursor = format!("daily_mail/{id}");
        if !has_come(mail, local.time()) || journal.cursor(&mandant.pixi, &cursor).await?.as_ref() == Some(&day) {
            continue;
        }
        if let Some(kind) = wanted(mail, journal.problems_open(id).await?) {
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

/// Which of the two is sent.
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
    /// Open problems, oldest first, at most so many as are listed.
    pub open: Vec<OrderRow>,
    /// How many there are.
    pub problems: usize,
}

impl Day {
    /// Looks it all up. Of one mandant alone: sums of test and production never meet.
    pub async fn of(journal: &Journal, mandant: &MandantId, day: NaiveDate) -> Result<Self, JournalError> {
        let before = day.checked_sub_days(Days::new(1)).unwrap_or(day).to_string();
        let mut totals = journal.totals(&before, &before).await?;
        totals.retain(|total| total.mandant == *mandant);
        let filter = OrderFilter {
            mandant: Some(mandant.clone()),
            mark: Some(Severity::Problem),
            unresolved: true,
            limit: i64::try_from(MOST_LISTED).unwrap_or(i64::MAX),
            ..OrderFilter::default()
        };
        let mut open = journal.list_orders(filter).await?;
        open.sort_by_key(|row| (row.mark_since, row.order.nr));
        let problems = usize::try_from(journal.problems_open(mandant).await?).unwrap_or_default();
        Ok(Self { date: day, totals, in_work: journal.in_work(mandant).await?, open, problems })
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
        let open = if day.problems == 0 {
            words.all_well.to_owned()
        } else {
            format!("{}: {}", words.open_problems, day.problems)
        };
        if kind == Kind::Reminder {
            let mut page = self.page(Tone::Problem, words.reminder, &open);
            page.lead.push(words.reminder_lead.to_owned());
            page.blocks.push(self.open(day));
            return page;
        }
        let tone = if day.problems == 0 { Tone::Solved } else { Tone::Problem };
        let subject = format!("{} {} – {open}", words.summary, date(day.date));
        let mut page = self.page(tone, &format!("{} {}", words.summary, date(day.date)), &subject);
        if day.problems == 0 {
            page.lead.push(words.all_well.to_owned());
        }
        page.blocks.push(self.moved(day));
        page.blocks.push(self.waiting(day));
        if day.problems > 0 {
            page.blocks.push(self.open(day));
        }
        page
    }

    fn moved(&self, day: &Day) -> Block {
        let words = self.words();
        let sum = |name: &str, minor: fn(&DayTotals) -> i64, count: fn(&DayTotals) -> i64| {
            let told = day.totals.iter().filter(|total| count(total) > 0);
            let told: Vec<String> =
                told.map(|total| format!("{} ({})", self.money(total.currency, minor(total)), count(total))).collect();
            let told = if told.is_empty() { words.nothing.to_owned() } else { told.join(", ") };
            (name.to_owned(), told)
        };
        Block {
            heading: words.day_before.replace("{day}", &self.date(day.before())),
            facts: vec![
                sum(words.captured, |total| total.captured, |total| total.captures),
                sum(words.refunded, |total| total.refunded, |total| total.refunds),
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
                    count.map_or_else(|| money.clone(), |count| format!("{money} ({})", count(work)))
                })
                .collect();
            if told.is_empty() { words.nothing.to_owned() } else { told.join(", ") }
        };
        Block {
            heading: words.now.to_owned(),
            facts: vec![
                (words.in_work.to_owned(), orders.to_string()),
                (words.awaiting_money.to_owned(), sum(|work| work.awaited, Some(|work| work.awaiting))),
                (words.capturable.to_owned(), sum(|work| work.capturable, None)),
                (words.open_problems.to_owned(), day.problems.to_string()),
            ],
            ..Block::default()
        }
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
        let more = day.problems.saturating_sub(day.open.len());
        let command = format!("pixi-payd orders --problems --mandant {}", self.mandant);
        Block {
            heading: words.open_problems.to_owned(),
            lines: day.open.iter().map(line).collect(),
            more: (more > 0).then(|| words.more.replace("{count}", &more.to_string()).replace("{command}", &command)),
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
