//! Pictures of the last days and of the money that waits, drawn here as SVG: whole numbers only.

use std::collections::BTreeMap;

use chrono::{Days, NaiveDate};

use super::words::Pen;
use crate::journal::DayTotals;
use crate::money::Currency;
use crate::text::Language;

/// Days shown.
pub const DAYS: u64 = 30;
/// Size of the picture, without the marks of problems below.
const WIDTH: i64 = 720;
const HEIGHT: i64 = 150;
/// Room beside the first bar and the last.
const ASIDE: i64 = 4;
/// Between two bars.
const GAP: i64 = 6;

/// The last days in one currency.
pub struct Picture {
    /// Currency.
    pub currency: Currency,
    /// Each day, oldest first.
    pub days: Vec<DayDrawn>,
    /// Where bars stand: captured above, refunded below.
    pub base: i64,
    /// Σ captured, Σ refunded, as texts, and problems.
    pub captured: String,
    /// As above.
    pub refunded: String,
    /// As above.
    pub problems: i64,
    /// First and last day, as texts.
    pub first: String,
    /// As above.
    pub last: String,
    /// Bars and gaps.
    pub width: i64,
    /// Height of bars and marks.
    pub height: i64,
}

/// A day as it is drawn.
pub struct DayDrawn {
    /// `03.03.2026`
    pub day: String,
    /// Left edge of its bar.
    pub x: i64,
    /// Width of its bar.
    pub bar: i64,
    /// Top edge and height of what was captured.
    pub up: (i64, i64),
    /// Height of what was refunded, below the base.
    pub down: i64,
    /// Problems that came up.
    pub problems: i64,
    /// Amounts as texts.
    pub captured: String,
    /// As above.
    pub refunded: String,
}

#[derive(Default, Clone, Copy)]
struct Sums {
    captured: i64,
    refunded: i64,
    problems: i64,
}

/// First day of a picture that ends with `last`.
pub fn first_day(last: NaiveDate) -> NaiveDate {
    last.checked_sub_days(Days::new(DAYS - 1)).unwrap_or(last)
}

/// Draws the days up to `last`, one picture per currency, the one with most money first.
pub fn draw(totals: &[DayTotals], last: NaiveDate, pen: &Pen) -> Vec<Picture> {
    let mut found: BTreeMap<&str, (Currency, BTreeMap<&str, Sums>)> = BTreeMap::new();
    for row in totals {
        let (_, days) = found.entry(row.currency.code()).or_insert_with(|| (row.currency, BTreeMap::new()));
        let day = days.entry(row.day.as_str()).or_default();
        day.captured = day.captured.saturating_add(row.captured);
        day.refunded = day.refunded.saturating_add(row.refunded);
        day.problems += row.problems;
    }
    let mut drawn: Vec<(i64, Picture)> = found
        .into_values()
        .map(|(currency, days)| (days.values().map(|day| day.captured).sum(), one(currency, &days, last, pen)))
        .collect();
    drawn.sort_by_key(|(captured, _)| std::cmp::Reverse(*captured));
    drawn.into_iter().map(|(_, picture)| picture).collect()
}

fn one(currency: Currency, days: &BTreeMap<&str, Sums>, last: NaiveDate, pen: &Pen) -> Picture {
    let highest = days.values().map(|day| day.captured).max().unwrap_or(0).max(0);
    let lowest = days.values().map(|day| day.refunded).max().unwrap_or(0).max(0);
    let sum = |of: fn(&Sums) -> i64| days.values().map(of).fold(0, i64::saturating_add);
    let (captured, refunded) = (sum(|day| day.captured), sum(|day| day.refunded));
    let problems = sum(|day| day.problems);
    // Both halves share one scale, so that what came in and what went out can be compared.
    let scale = highest.saturating_add(lowest).max(1);
    let drawn = |minor: i64| scaled(minor, HEIGHT, scale);
    let base = drawn(highest);
    let count = i64::try_from(DAYS).unwrap_or(30);
    let step = (WIDTH - 2 * ASIDE + GAP) / count;
    let written =
        |day: NaiveDate| day.format(if pen.language == Language::De { "%d.%m.%Y" } else { "%Y-%m-%d" }).to_string();
    let first = first_day(last);
    let days: Vec<DayDrawn> = first
        .iter_days()
        .take(usize::try_from(DAYS).unwrap_or(30))
        .enumerate()
        .map(|(place, day)| {
            let sums = days.get(day.to_string().as_str()).copied().unwrap_or_default();
            let up = drawn(sums.captured);
            DayDrawn {
                day: written(day),
                x: ASIDE + step * i64::try_from(place).unwrap_or(0),
                bar: step - GAP,
                up: (base - up, up),
                down: drawn(sums.refunded),
                problems: sums.problems,
                captured: pen.money(sums.captured, currency),
                refunded: pen.money(sums.refunded, currency),
            }
        })
        .collect();
    Picture {
        currency,
        base,
        captured: pen.money(captured, currency),
        refunded: pen.money(refunded, currency),
        problems,
        first: written(first),
        last: written(last),
        // Days are whole numbers wide; the last one ends where the picture does.
        width: 2 * ASIDE + step * count - GAP,
        height: HEIGHT + 22,
        days,
    }
}

/// `minor` of `most`, on a length.
pub fn scaled(minor: i64, length: i64, most: i64) -> i64 {
    let drawn = i128::from(minor.max(0)) * i128::from(length) / i128::from(most.max(1));
    let drawn = i64::try_from(drawn).unwrap_or(length).min(length);
    // What is there is seen, however small.
    if minor > 0 { drawn.max(2) } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Labels;

    fn totals(day: &str, captured: i64, refunded: i64, problems: i64, currency: Currency) -> DayTotals {
        DayTotals {
            day: day.to_owned(),
            api: "live".into(),
            mandant: "LEO".into(),
            currency,
            captured,
            captures: 1,
            refunded,
            refunds: 1,
            problems,
        }
    }

    #[test]
    fn the_days_are_drawn_to_one_scale() {
        let pen = Pen { language: Language::De, words: Labels::of(Language::De), zone: chrono_tz::Europe::Berlin };
        let last = NaiveDate::from_ymd_opt(2026, 3, 31).unwrap();
        let rows = [
            totals("2026-03-31", 100_00, 0, 0, Currency::EUR),
            totals("2026-03-30", 50_00, 50_00, 2, Currency::EUR),
            totals("2026-03-30", 1, 0, 1, "CHF".parse().unwrap()),
        ];
        let pictures = draw(&rows, last, &pen);
        let codes: Vec<&str> = pictures.iter().map(|picture| picture.currency.code()).collect();
        assert_eq!(codes, ["EUR", "CHF"]);
        let euro = &pictures[0];
        assert_eq!((euro.days.len(), euro.first.as_str(), euro.last.as_str()), (30, "02.03.2026", "31.03.2026"));
        assert_eq!((euro.captured.as_str(), euro.refunded.as_str(), euro.problems), ("150,00 EUR", "50,00 EUR", 2));
        let (before, today) = (&euro.days[28], &euro.days[29]);
        assert_eq!((today.up, today.down), ((0, 100), 0));
        assert_eq!((before.up, before.down, before.problems), ((50, 50), 50, 2));
        assert!(euro.days.iter().all(|day| day.up.0 + day.up.1 == euro.base && day.x + day.bar <= euro.width));
        assert_eq!(today.x + today.bar + ASIDE, euro.width);
    }

    #[test]
    fn nothing_overflows_and_little_is_seen() {
        assert_eq!(scaled(i64::MAX, 100, 1), 100);
        assert_eq!((scaled(1, 100, i64::MAX), scaled(0, 100, 0), scaled(-5, 100, 10)), (2, 0, 0));
    }
}
