//! Cron patterns on the wall clock of a zone.
//!
//! The `cron` crate parses; this layer decides which moments a pattern means, as the crate misplaces runs on the days
//! clocks are set: it knows dates and times without a zone here, and the zone is applied afterwards.

use chrono::{NaiveDateTime, TimeDelta};
use chrono_tz::Tz;
use thiserror::Error;

use crate::clock::{Time, zone};

/// The longest stretch of wall-clock time any zone has shown twice since 2000 is three hours (Casey).
const LONGEST_FOLD: TimeDelta = TimeDelta::hours(3);

/// A cron pattern with seconds: `0 */2 * * * *`.
#[derive(Debug, Clone)]
pub struct Pattern {
    schedule: ::cron::Schedule,
    rhythm: Rhythm,
}

/// What a pattern means on the night clocks are set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rhythm {
    /// Hour field `*` or `*/n`: goes on through both passes of the doubled hour.
    Interval,
    /// Anything else names times of day: once, in the first pass.
    Daily,
}

/// Not a cron pattern.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("not a cron pattern with seconds: {0}")]
pub struct InvalidPattern(String);

impl Pattern {
    /// Reads a pattern of six or seven fields (seconds first, years last and optional), or `@daily` and its like.
    pub fn parse(pattern: &str) -> Result<Self, InvalidPattern> {
        let schedule = pattern.parse().map_err(|_| InvalidPattern(pattern.to_owned()))?;
        Ok(Self { schedule, rhythm: Rhythm::of(pattern) })
    }

    /// The first moment after `now` that the pattern means; none where it names no further date.
    ///
    /// A time skipped by setting clocks forward is made up for in the first minute after the gap; a time shown twice
    /// runs once, in its first showing, or in both for an interval. The result depends on nothing but the arguments, so
    /// runs neither drift nor pile up.
    pub fn next_after(&self, tz: Tz, now: Time) -> Option<Time> {
        let shown = zone::local(tz, now);
        match self.rhythm {
            Rhythm::Daily => self.first_showing_after(tz, shown, now),
            Rhythm::Interval => {
                let here = zone::moments(tz, shown);
                let first_pass = here.is_doubled() && here.first == now;
                let second = if first_pass { self.second_showing_after(tz, shown, now) } else { None };
                let next = self.any_showing_after(tz, shown, now);
                [second, next].into_iter().flatten().min()
            }
        }
    }

    fn first_showing_after(&self, tz: Tz, shown: NaiveDateTime, now: Time) -> Option<Time> {
        self.times_after(shown).map(|time| zone::moments(tz, time).first).find(|first| *first > now)
    }

    fn any_showing_after(&self, tz: Tz, shown: NaiveDateTime, now: Time) -> Option<Time> {
        self.times_after(shown).find_map(|time| {
            let moments = zone::moments(tz, time);
            [moments.first, moments.last].into_iter().find(|moment| *moment > now)
        })
    }

    /// The first time of the doubled hour that `now` is in the first pass of, in its second pass.
    fn second_showing_after(&self, tz: Tz, shown: NaiveDateTime, now: Time) -> Option<Time> {
        self.times_after(shown - LONGEST_FOLD - TimeDelta::seconds(1))
            .take_while(|time| *time <= shown)
            .map(|time| zone::moments(tz, time))
            .find(|moments| moments.is_doubled() && moments.last > now)
            .map(|moments| moments.last)
    }

    /// Dates and times the pattern names after `time`, as if there were no zones.
    fn times_after(&self, time: NaiveDateTime) -> impl Iterator<Item = NaiveDateTime> {
        self.schedule.after_owned(time.and_utc()).map(|time| time.naive_utc())
    }
}

impl Rhythm {
    fn of(pattern: &str) -> Self {
        let hour = pattern.split_whitespace().nth(2);
        let steps = hour.and_then(|field| field.strip_prefix("*/"));
        if hour == Some("*") || steps.is_some_and(|n| n.parse::<u8>().is_ok()) || pattern.trim() == "@hourly" {
            Self::Interval
        } else {
            Self::Daily
        }
    }
}

#[cfg(test)]
mod tests;
