use chrono::{Datelike as _, Offset as _, TimeZone as _, Timelike as _};

use super::*;

const ZONES: [Tz; 10] = [
    Tz::Europe__Berlin,
    Tz::Europe__London,
    Tz::America__New_York,
    Tz::Australia__Lord_Howe,
    Tz::America__Sao_Paulo,
    Tz::Asia__Tehran,
    Tz::Africa__Casablanca,
    Tz::Pacific__Apia,
    Tz::America__St_Johns,
    Tz::UTC,
];

const PATTERNS: [&str; 8] = [
    "0 */2 * * * *",
    "0 15 * * * *",
    "0 */20 */2 * * *",
    "0 30 2 * * *",
    "0 0 0 * * *",
    "30 10,40 0-4 * * *",
    "0 30 23 * * *",
    "0 5 1 * * Sun",
];

fn time(text: &str) -> Time {
    text.parse().unwrap()
}

fn runs(pattern: &str, tz: Tz, from: Time, until: Time) -> Vec<Time> {
    let pattern = Pattern::parse(pattern).unwrap();
    std::iter::successors(pattern.next_after(tz, from), |last| pattern.next_after(tz, *last))
        .take_while(|run| *run < until)
        .collect()
}

fn offset(tz: Tz, at: Time) -> i64 {
    i64::from(tz.offset_from_utc_datetime(&at.naive_utc()).fix().local_minus_utc())
}

/// Every moment from 2000 to 2040 at which the clocks of `tz` are set.
fn switches(tz: Tz) -> Vec<Time> {
    let day = TimeDelta::days(1);
    let mut found = Vec::new();
    let mut at = time("2000-01-01T00:00:00Z");
    while at.year() <= 2040 {
        if offset(tz, at) != offset(tz, at + day) {
            let (mut low, mut high) = (0, day.num_seconds());
            while high - low > 1 {
                let middle = i64::midpoint(low, high);
                let same = offset(tz, at + TimeDelta::seconds(middle)) == offset(tz, at);
                if same { low = middle } else { high = middle }
            }
            found.push(at + TimeDelta::seconds(high));
        }
        at += day;
    }
    found
}

#[test]
fn every_zone_with_switches_has_its_switches() {
    let counts = ZONES.map(|tz| switches(tz).len());
    assert_eq!(counts[0], 82, "Berlin, twice in each of 41 years");
    assert!(counts[..9].iter().all(|count| *count > 10), "{counts:?}");
    assert_eq!(counts[9], 0, "UTC");
}

/// What the wall clock shows at a moment, and what it skipped right before.
struct Shown {
    at: Time,
    time: NaiveDateTime,
    skipped: Vec<NaiveDateTime>,
    again: bool,
}

/// Real time in steps of half a minute: all patterns and switches fall on them.
fn walk(tz: Tz, from: Time, until: Time) -> Vec<Shown> {
    let step = TimeDelta::seconds(30);
    std::iter::successors(Some(from), |at| Some(*at + step))
        .take_while(|at| *at < until)
        .map(|at| {
            let time = zone::local(tz, at);
            let jump = i32::try_from((offset(tz, at) - offset(tz, at - step)).max(0) / 30).unwrap();
            let skipped = (1..=jump).map(|n| time - step * n).collect();
            Shown { at, time, skipped, again: zone::moments(tz, time).first != at }
        })
        .collect()
}

/// What a pattern means, said the slow way: look at each moment and at what the wall clock shows there.
fn expected(pattern: &Pattern, walk: &[Shown]) -> Vec<Time> {
    let names = |shown: &NaiveDateTime| pattern.schedule.includes(shown.and_utc());
    let once = pattern.rhythm == Rhythm::Daily;
    walk.iter()
        .filter(|shown| (names(&shown.time) && !(shown.again && once)) || shown.skipped.iter().any(names))
        .map(|shown| shown.at)
        .collect()
}

#[test]
fn around_every_switch_runs_are_what_the_wall_clock_shows() {
    let mut seen = 0;
    for tz in ZONES {
        for switch in switches(tz) {
            // Seven hours hold the switch, the doubled or skipped stretch, and ordinary time on either side.
            let (from, until) = (switch - TimeDelta::hours(3), switch + TimeDelta::hours(4));
            let walk = walk(tz, from, until);
            for pattern in PATTERNS {
                let parsed = Pattern::parse(pattern).unwrap();
                let before = from - TimeDelta::seconds(1);
                assert_eq!(runs(pattern, tz, before, until), expected(&parsed, &walk), "{pattern} {tz} {switch}");
            }
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen} switches");
}

#[test]
fn from_any_second_around_a_switch_the_next_run_is_the_same_one() {
    for tz in [Tz::Europe__Berlin, Tz::Australia__Lord_Howe, Tz::America__St_Johns] {
        for switch in switches(tz).into_iter().take(6) {
            let (from, until) = (switch - TimeDelta::hours(2), switch + TimeDelta::hours(2));
            for pattern in PATTERNS {
                let all = runs(pattern, tz, from - TimeDelta::seconds(1), until + TimeDelta::days(8));
                let parsed = Pattern::parse(pattern).unwrap();
                let mut now = from;
                while now < until {
                    let next = all.iter().find(|run| **run > now);
                    assert_eq!(parsed.next_after(tz, now).as_ref(), next, "{pattern} {tz} {now}");
                    now += TimeDelta::seconds(97);
                }
            }
        }
    }
}

#[test]
fn where_the_rules_agree_croner_gives_the_same_runs() {
    // croner leaves skipped times of an interval out and takes another view of daily times with several minutes, so
    // it is asked about intervals below the hour, and about single daily times.
    let parser = croner::parser::CronParser::builder().seconds(croner::parser::Seconds::Required).build();
    let mut compared = 0;
    for tz in ZONES {
        for pattern in ["0 */2 * * * *", "0 0 * * * *", "0 30 12 * * *", "0 45 5 * * *"] {
            let oracle = parser.parse(pattern).unwrap();
            let parsed = Pattern::parse(pattern).unwrap();
            for switch in switches(tz) {
                // Apia's lost day is beyond croner's rule; half-hour switches make it skip an hour's interval.
                let half = switch.minute() != 0 || tz == Tz::Australia__Lord_Howe || tz == Tz::America__St_Johns;
                if (tz == Tz::Pacific__Apia && switch.year() == 2011) || (half && pattern == "0 0 * * * *") {
                    continue;
                }
                let mut now = switch - TimeDelta::hours(3);
                while now < switch + TimeDelta::hours(3) {
                    let theirs = oracle.find_next_occurrence(&now.with_timezone(&tz), false).unwrap().to_utc();
                    assert_eq!(parsed.next_after(tz, now), Some(theirs), "{pattern} {tz} after {now}");
                    now += TimeDelta::minutes(13);
                    compared += 1;
                }
            }
        }
    }
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn a_daily_time_in_the_gap_runs_in_the_first_valid_minute() {
    let run = runs("0 30 2 * * *", Tz::Europe__Berlin, time("2026-03-28T12:00:00Z"), time("2026-03-29T12:00:00Z"));
    assert_eq!(run, [time("2026-03-29T01:00:00Z")]);
}

#[test]
fn a_daily_time_in_the_doubled_hour_runs_once_and_an_interval_in_both() {
    let (from, until) = (time("2026-10-24T23:59:59Z"), time("2026-10-25T02:00:00Z"));
    assert_eq!(runs("0 30 2 * * *", Tz::Europe__Berlin, from, until), [time("2026-10-25T00:30:00Z")]);
    let both = [time("2026-10-25T00:30:00Z"), time("2026-10-25T01:30:00Z")];
    assert_eq!(runs("0 30 * * * *", Tz::Europe__Berlin, from, until), both);
}

#[test]
fn a_doubled_hour_on_the_last_day_a_pattern_names_is_not_forgotten() {
    // Sao Paulo showed 23:15 of that day twice; the pattern's next day is a year away.
    let from = time("2018-02-18T01:30:00Z");
    let run = Pattern::parse("0 15 * 17 2 *").unwrap().next_after(Tz::America__Sao_Paulo, from);
    assert_eq!(run, Some(time("2018-02-18T02:15:00Z")));
}

#[test]
fn runs_fall_on_whole_seconds_whatever_the_moment_asked_from() {
    let next = Pattern::parse("*/5 * * * * *").unwrap().next_after(Tz::UTC, time("2026-01-01T00:00:04.999Z"));
    assert_eq!(next, Some(time("2026-01-01T00:00:05Z")));
}

#[test]
fn an_interval_is_known_by_its_hour_field() {
    for (pattern, rhythm) in [
        ("0 */2 * * * *", Rhythm::Interval),
        ("0 0 */3 * * *", Rhythm::Interval),
        ("@hourly", Rhythm::Interval),
        ("0 */2 4-23 * * *", Rhythm::Daily),
        ("0 0 2 * * *", Rhythm::Daily),
        ("@daily", Rhythm::Daily),
    ] {
        assert_eq!(Pattern::parse(pattern).unwrap().rhythm, rhythm, "{pattern}");
    }
}

#[test]
fn a_pattern_that_names_no_further_date_has_no_next_run() {
    assert_eq!(Pattern::parse("0 0 0 1 1 * 2020").unwrap().next_after(Tz::UTC, time("2026-01-01T00:00:00Z")), None);
}

#[test]
fn what_is_not_a_pattern_is_refused() {
    for text in ["", "* * *", "0 61 * * * *", "soon"] {
        assert_eq!(Pattern::parse(text).unwrap_err(), InvalidPattern(text.to_owned()));
    }
}
