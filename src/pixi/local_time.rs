//! pixi's times: local, without a zone (`pixi/NOTES` 6).

use std::fmt;

use chrono::{MappedLocalTime, NaiveDate, NaiveDateTime, TimeDelta, TimeZone as _};
use chrono_tz::Tz;

use crate::clock::Time;
use crate::pixi::assumptions;

/// A moment as pixi writes it: wall-clock time of the configured zone. In the hour that a clock change repeats it
/// stands for two moments, in the hour one skips for none; [`LocalTime::earliest`] and [`LocalTime::latest`] give the
/// bounds, so that a window read with them leaves nothing out.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct LocalTime {
    /// What the wall clock shows.
    pub naive: NaiveDateTime,
    /// Zone of the wall clock.
    pub zone: Tz,
}

impl LocalTime {
    /// What a wall clock in `zone` shows at `time`.
    pub fn at(time: Time, zone: Tz) -> Self {
        Self { naive: time.with_timezone(&zone).naive_local(), zone }
    }

    /// Reads `2014-12-23T13:25:02.030`, with a blank for the `T`, without the fraction, or a bare date.
    /// `None` for anything else and for the value pixi writes where there is no date.
    pub fn parse(text: &str, zone: Tz) -> Option<Self> {
        let text = text.trim();
        let naive = text
            .parse::<NaiveDateTime>()
            .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S%.f"))
            .ok()
            .or_else(|| NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0))?;
        (!assumptions::means_no_date(naive)).then_some(Self { naive, zone })
    }

    /// The first moment at which the wall clock shows this.
    pub fn earliest(self) -> Time {
        self.bounds().0
    }

    /// The last moment at which the wall clock shows this.
    pub fn latest(self) -> Time {
        self.bounds().1
    }

    fn bounds(self) -> (Time, Time) {
        match self.zone.from_local_datetime(&self.naive) {
            MappedLocalTime::Single(time) => (time.to_utc(), time.to_utc()),
            MappedLocalTime::Ambiguous(first, last) => (first.to_utc(), last.to_utc()),
            MappedLocalTime::None => {
                // No clock ever showed it: the offsets of the day before and after enclose what was meant.
                let day = TimeDelta::days(1);
                let before = self.zone.offset_from_utc_datetime(&(self.naive - day));
                let after = self.zone.offset_from_utc_datetime(&(self.naive + day));
                let one = (self.naive - chrono::Offset::fix(&before)).and_utc();
                let other = (self.naive - chrono::Offset::fix(&after)).and_utc();
                (one.min(other), one.max(other))
            }
        }
    }
}

impl fmt::Display for LocalTime {
    /// As it is sent to pixi.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.naive.format(assumptions::REQUEST_TIME))
    }
}

impl fmt::Debug for LocalTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self} {}", self.zone)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono_tz::Europe::Berlin;

    fn utc(text: &str) -> Time {
        text.parse().unwrap()
    }

    #[test]
    fn reads_every_spelling() {
        for text in ["2014-12-23T13:25:02.030", "2014-12-23 13:25:02.03", " 2014-12-23T13:25:02.030 "] {
            assert_eq!(LocalTime::parse(text, Berlin).unwrap().earliest(), utc("2014-12-23T12:25:02.030Z"));
        }
        assert_eq!(LocalTime::parse("2014-07-01", Berlin).unwrap().earliest(), utc("2014-06-30T22:00:00Z"));
        assert_eq!(LocalTime::parse("1970-01-01T00:00:00", Berlin), None);
        assert_eq!(LocalTime::parse("yesterday", Berlin), None);
    }

    #[test]
    fn the_doubled_hour_is_two_moments_and_the_skipped_one_lies_between_its_neighbours() {
        let doubled = LocalTime::parse("2026-10-25T02:30:00", Berlin).unwrap();
        assert_eq!(doubled.earliest(), utc("2026-10-25T00:30:00Z"));
        assert_eq!(doubled.latest(), utc("2026-10-25T01:30:00Z"));
        let skipped = LocalTime::parse("2026-03-29T02:30:00", Berlin).unwrap();
        assert_eq!(skipped.earliest(), utc("2026-03-29T00:30:00Z"));
        assert_eq!(skipped.latest(), utc("2026-03-29T01:30:00Z"));
    }

    #[test]
    fn prints_what_it_reads() {
        let time = LocalTime::at(utc("2026-03-03T08:00:00.030Z"), Berlin);
        assert_eq!(time.to_string(), "2026-03-03T09:00:00.030");
        assert_eq!(LocalTime::parse(&time.to_string(), Berlin), Some(time));
    }

    #[test]
    fn no_date_at_the_calendar_ends_panics() {
        for text in ["0001-01-01T00:00:00", "9999-12-31T23:59:59.997", "+262142-12-31T23:59:59"] {
            if let Some(time) = LocalTime::parse(text, Berlin) {
                let _ = (time.earliest(), time.latest(), time.to_string());
            }
        }
    }
}
