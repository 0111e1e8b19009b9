//! When pixi rests: a daily window of wall-clock time, and what that means in real time.
//!
//! Pure functions, used by the schedule (when does the next cycle run?) and by the wire (may this request start?).

use chrono::{Days, NaiveDate};
use chrono_tz::Tz;

use crate::clock::{Time, zone};
use crate::config::settings::QuietHours;

/// True if no request to pixi may start at `now`.
///
/// The window runs from the first moment the wall clock shows `from` to the last moment it shows `until`: on the day
/// clocks are set forward over an hour of it, it is an hour shorter, on the other an hour longer. A window whose start
/// equals its end is empty.
pub fn is_quiet(hours: QuietHours, tz: Tz, now: Time) -> bool {
    end_of_window(hours, tz, now).is_some()
}

/// The moment the quiet hours that hold at `now` end; none outside them.
pub fn quiet_until(hours: QuietHours, tz: Tz, now: Time) -> Option<Time> {
    let mut end = end_of_window(hours, tz, now)?;
    // A window of nearly a day can, on the day clocks are set back, reach into the next one.
    while let Some(later) = end_of_window(hours, tz, end) {
        end = later;
    }
    Some(end)
}

fn end_of_window(hours: QuietHours, tz: Tz, now: Time) -> Option<Time> {
    let today = zone::local(tz, now).date();
    // Tomorrow's too: clocks set back at 00:01 show yesterday again after its midnight has passed.
    let days = [today.checked_sub_days(Days::new(1)), Some(today), today.checked_add_days(Days::new(1))];
    days.into_iter()
        .flatten()
        .filter_map(|day| window(hours, tz, day))
        .filter(|(from, until)| (*from..*until).contains(&now))
        .map(|(_, until)| until)
        .max()
}

/// The window that starts on `day`.
fn window(hours: QuietHours, tz: Tz, day: NaiveDate) -> Option<(Time, Time)> {
    if hours.from == hours.until {
        return None;
    }
    let last_day = if hours.from < hours.until { day } else { day.checked_add_days(Days::new(1))? };
    let from = zone::moments(tz, day.and_time(hours.from)).first;
    let until = zone::moments(tz, last_day.and_time(hours.until)).last;
    Some((from, until))
}

#[cfg(test)]
mod tests {
    use chrono::{NaiveTime, TimeDelta};
    use proptest::prelude::*;

    use super::*;

    fn hours(from: &str, until: &str) -> QuietHours {
        QuietHours { from: from.parse().unwrap(), until: until.parse().unwrap() }
    }

    fn time(text: &str) -> Time {
        text.parse().unwrap()
    }

    fn length(hours: QuietHours, tz: Tz, day: &str) -> TimeDelta {
        let (from, until) = window(hours, tz, day.parse().unwrap()).unwrap();
        until - from
    }

    const BERLIN: Tz = Tz::Europe__Berlin;

    #[test]
    fn the_usual_night_starts_at_midnight_and_ends_at_four() {
        let night = hours("00:00:00", "04:00:00");
        assert!(!is_quiet(night, BERLIN, time("2026-07-01T21:59:59.999Z")));
        assert!(is_quiet(night, BERLIN, time("2026-07-01T22:00:00Z")));
        assert!(is_quiet(night, BERLIN, time("2026-07-02T01:59:59.999Z")));
        assert!(!is_quiet(night, BERLIN, time("2026-07-02T02:00:00Z")));
        assert_eq!(quiet_until(night, BERLIN, time("2026-07-01T23:11:00Z")), Some(time("2026-07-02T02:00:00Z")));
        assert_eq!(quiet_until(night, BERLIN, time("2026-07-02T02:00:00Z")), None);
    }

    #[test]
    fn the_pause_is_three_hours_in_march_and_five_in_october() {
        let night = hours("00:00:00", "04:00:00");
        assert_eq!(length(night, BERLIN, "2026-03-28"), TimeDelta::hours(4));
        assert_eq!(length(night, BERLIN, "2026-03-29"), TimeDelta::hours(3));
        assert_eq!(length(night, BERLIN, "2026-10-25"), TimeDelta::hours(5));
    }

    #[test]
    fn both_passes_of_the_doubled_hour_are_quiet() {
        let night = hours("00:00:00", "04:00:00");
        for minute in 0..300 {
            let now = time("2026-10-24T22:00:00Z") + TimeDelta::minutes(minute);
            assert_eq!(quiet_until(night, BERLIN, now), Some(time("2026-10-25T03:00:00Z")), "{now}");
        }
    }

    #[test]
    fn a_window_may_span_midnight() {
        let night = hours("23:30:00", "04:15:00");
        assert_eq!(quiet_until(night, BERLIN, time("2026-01-10T22:30:00Z")), Some(time("2026-01-11T03:15:00Z")));
        assert_eq!(quiet_until(night, BERLIN, time("2026-01-11T03:14:00Z")), Some(time("2026-01-11T03:15:00Z")));
        assert!(!is_quiet(night, BERLIN, time("2026-01-11T12:00:00Z")));
        assert_eq!(length(night, BERLIN, "2026-03-28"), TimeDelta::minutes(3 * 60 + 45));
    }

    #[test]
    fn an_end_in_the_doubled_hour_is_its_last_showing_and_a_start_in_the_gap_the_end_of_the_gap() {
        assert_eq!(length(hours("00:00:00", "02:30:00"), BERLIN, "2026-10-25"), TimeDelta::minutes(210));
        let (from, _) = window(hours("02:30:00", "04:00:00"), BERLIN, "2026-03-29".parse().unwrap()).unwrap();
        assert_eq!(from, time("2026-03-29T01:00:00Z"));
    }

    #[test]
    fn a_day_that_never_was_has_no_quiet_hours_of_its_own() {
        assert_eq!(length(hours("00:00:00", "04:00:00"), Tz::Pacific__Apia, "2011-12-30"), TimeDelta::zero());
    }

    #[test]
    fn an_empty_window_is_never_quiet() {
        assert!(!is_quiet(hours("00:00:00", "00:00:00"), BERLIN, time("2026-01-10T23:00:00Z")));
    }

    #[test]
    fn a_window_begun_before_a_midnight_shown_twice_goes_on() {
        // St. John's set its clocks from 00:01 back to 23:01 of the day before.
        let night = hours("00:00:00", "04:00:00");
        let second_pass = time("2010-11-07T02:31:30Z");
        assert_eq!(zone::local(Tz::America__St_Johns, second_pass).to_string(), "2010-11-06 23:01:30");
        assert!(is_quiet(night, Tz::America__St_Johns, second_pass));
    }

    const ZONES: [Tz; 9] = [
        Tz::Europe__Berlin,
        Tz::Europe__London,
        Tz::America__New_York,
        Tz::Australia__Lord_Howe,
        Tz::America__Sao_Paulo,
        Tz::Asia__Tehran,
        Tz::Africa__Casablanca,
        Tz::Pacific__Apia,
        Tz::UTC,
    ];

    proptest! {
        #[test]
        fn whenever_the_wall_clock_is_in_the_window_it_is_quiet_and_ends_soon(
            zone in 0..ZONES.len(), second in 946_684_800_i64..2_208_988_800, from in 0_u32..1440, length in 1_u32..720,
        ) {
            let tz = ZONES[zone];
            let clock = |minutes: u32| NaiveTime::from_hms_opt(minutes / 60 % 24, minutes % 60, 0).unwrap();
            let hours = QuietHours { from: clock(from), until: clock(from + length) };
            let now = crate::clock::from_millis(second * 1000);
            let shown = zone::local(tz, now).time();
            let in_window = if hours.from < hours.until {
                hours.from <= shown && shown < hours.until
            } else {
                shown >= hours.from || shown < hours.until
            };
            let until = quiet_until(hours, tz, now);
            prop_assert_eq!(until.is_some(), is_quiet(hours, tz, now));
            prop_assert!(!in_window || until.is_some());
            if let Some(until) = until {
                prop_assert!(until > now && until - now <= TimeDelta::hours(13));
                prop_assert!(!is_quiet(hours, tz, until));
            }
        }
    }
}
