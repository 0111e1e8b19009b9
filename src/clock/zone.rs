//! Wall-clock times of a zone, on every day of the year.

use chrono::{LocalResult, NaiveDateTime, TimeDelta, TimeZone as _, Timelike as _};
use chrono_tz::Tz;

use crate::clock::Time;

/// The longest gap looked over: a zone that moves over the date line skips a whole day (Apia, 2011-12-30).
const LONGEST_GAP_MINUTES: i64 = 26 * 60;

/// When a wall clock shows a time: the first and the last moment, which differ where the clock is set back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moments {
    /// The first, or the only one.
    pub first: Time,
    /// The last, or the only one.
    pub last: Time,
}

impl Moments {
    /// True where the wall clock shows the time twice.
    pub fn is_doubled(self) -> bool {
        self.first != self.last
    }
}

/// When the wall clock of `tz` shows `local`. A time that is skipped, because the clock is set forward over it, stands
/// for the first minute after the gap.
pub fn moments(tz: Tz, local: NaiveDateTime) -> Moments {
    let mut shown = local;
    for _ in 0..LONGEST_GAP_MINUTES {
        match tz.from_local_datetime(&shown) {
            LocalResult::Single(at) => return Moments { first: at.to_utc(), last: at.to_utc() },
            LocalResult::Ambiguous(first, last) if shown == local => {
                return Moments { first: first.to_utc(), last: last.to_utc() };
            }
            LocalResult::Ambiguous(first, _) => return Moments { first: first.to_utc(), last: first.to_utc() },
            LocalResult::None => shown = next_minute(shown),
        }
    }
    // No zone skips more than a day; were there one, its times would be taken for UTC.
    Moments { first: local.and_utc(), last: local.and_utc() }
}

/// What the wall clock of `tz` shows at `at`.
pub fn local(tz: Tz, at: Time) -> NaiveDateTime {
    tz.from_utc_datetime(&at.naive_utc()).naive_local()
}

fn next_minute(time: NaiveDateTime) -> NaiveDateTime {
    let into = TimeDelta::seconds(i64::from(time.second())) + TimeDelta::nanoseconds(i64::from(time.nanosecond()));
    time - into + TimeDelta::minutes(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(tz: Tz, time: &str) -> (String, String) {
        let moments = moments(tz, time.parse().unwrap());
        (moments.first.to_rfc3339(), moments.last.to_rfc3339())
    }

    #[test]
    fn an_ordinary_time_is_one_moment() {
        let (first, last) = at(Tz::Europe__Berlin, "2026-07-01T12:00:00");
        assert_eq!((first.as_str(), &first), ("2026-07-01T10:00:00+00:00", &last));
    }

    #[test]
    fn a_doubled_time_is_two_moments() {
        let expected = ("2026-10-25T00:30:00+00:00".to_owned(), "2026-10-25T01:30:00+00:00".to_owned());
        assert_eq!(at(Tz::Europe__Berlin, "2026-10-25T02:30:00"), expected);
    }

    #[test]
    fn a_skipped_time_is_the_first_minute_after_the_gap() {
        assert_eq!(at(Tz::Europe__Berlin, "2026-03-29T02:17:31").0, "2026-03-29T01:00:00+00:00");
        assert_eq!(at(Tz::Australia__Lord_Howe, "2026-10-04T02:10:00").0, "2026-10-03T15:30:00+00:00");
        assert_eq!(at(Tz::Pacific__Apia, "2011-12-30T00:00:00").0, "2011-12-30T10:00:00+00:00");
    }
}
