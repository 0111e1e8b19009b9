//! `check --online`: pixi's clock against ours, and whether it shows the configured zone.

use chrono_tz::Tz;

use crate::cli::check::bad;
use crate::clock::Time;
use crate::config::check::CheckRow;
use crate::pixi::LocalTime;

/// pixi's clock may differ from ours by this much, in seconds.
const APART: i64 = 120;
/// Zones differ by quarters of an hour.
const QUARTER: i64 = 15 * 60;

/// The rows of clock and zone; `shown` is what pixi's clock shows, read in `zone`.
pub fn rows(area: &str, shown: Option<LocalTime>, zone: Tz, now: Time) -> Vec<CheckRow> {
    const CLOCK: &str = "clock";
    const ZONE: &str = "time zone";
    let Some(shown) = shown else {
        return vec![CheckRow::good(area, CLOCK, "cannot tell: pixiGetServerTime is not there or shows no time")];
    };
    let apart = [shown.earliest(), shown.latest()].map(|at| (at - now).num_seconds());
    let apart = if apart[0].abs() <= apart[1].abs() { apart[0] } else { apart[1] };
    let quarters = (apart + apart.signum() * QUARTER / 2) / QUARTER;
    let rest = (apart - quarters * QUARTER).abs();
    if quarters != 0 && rest <= APART && quarters.abs() <= 26 * 4 {
        let minutes = quarters.abs() * 15;
        let by = format!("{}:{:02} h {}", minutes / 60, minutes % 60, if quarters > 0 { "ahead" } else { "behind" });
        let mend = "set timezone to the zone pixi's server shows; its times would all be read wrongly";
        return vec![bad(area, ZONE, format!("pixi shows {shown}, {by} of {zone}"), mend)];
    }
    if apart.abs() <= APART {
        return vec![
            CheckRow::good(area, CLOCK, format!("{} s apart", apart.abs())),
            CheckRow::good(area, ZONE, format!("{zone}, as pixi's clock shows it")),
        ];
    }
    let detail = format!("pixi shows {shown}, {} s apart from here", apart.abs());
    vec![bad(area, CLOCK, detail, "set this machine's clock by NTP; if it is right, have pixi's server set")]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wrong_zone_is_told_from_a_wrong_clock() {
        let zone = chrono_tz::Europe::Berlin;
        let now: Time = "2026-03-03T12:00:00Z".parse().unwrap();
        let shows = |seconds: i64| {
            let shown = LocalTime::at(now + chrono::TimeDelta::seconds(seconds), zone);
            rows("pixi live", Some(shown), zone, now)
        };
        for (seconds, what, ok) in [
            (0, "clock", true),
            (-119, "clock", true),
            (400, "clock", false),
            (3600, "time zone", false),
            (-3590, "time zone", false),
            (5 * 3600 + 1800, "time zone", false),
            (86_400 * 40, "clock", false),
        ] {
            let found = shows(seconds);
            assert_eq!((found[0].what.as_str(), found[0].ok), (what, ok), "{seconds}: {found:?}");
            assert_eq!(found[0].ok, found[0].mend.is_empty());
        }
        assert_eq!(shows(0)[1].what, "time zone");
        assert!(shows(-3600)[0].detail.contains("1:00 h behind of Europe/Berlin"));
        assert_eq!(rows("pixi live", None, zone, now).len(), 1);
    }
}
