//! Readers of single values: text → checked value, or why not.

use std::net::{IpAddr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use chrono::{NaiveDate, NaiveTime};
use chrono_tz::Tz;
use url::{Host, Url};

use crate::config::finding::nearest;
use crate::config::settings::QuietHours;
use crate::money::{Currency, Money};

/// Longest length of time a setting may have.
const LONGEST: Duration = Duration::from_hours(366 * 24);

/// Why a text is not the value wanted; the text itself is added by the caller where it may be shown.
#[derive(Debug, PartialEq, Eq)]
pub struct Complaint {
    /// Follows the text: `is not a length of time`.
    pub what: String,
    /// What to write.
    pub mend: String,
}

/// Result of a reader.
pub type Read<T> = Result<T, Complaint>;

/// A complaint.
pub fn complain<T>(what: impl Into<String>, mend: impl Into<String>) -> Read<T> {
    Err(Complaint { what: what.into(), mend: mend.into() })
}

/// A zone by its IANA name.
pub fn zone(text: &str) -> Read<Tz> {
    text.parse().or_else(|_| {
        let names = || chrono_tz::TZ_VARIANTS.iter().map(|zone| zone.name());
        // "Berlin" alone is nearer to its own city than to any whole name.
        let city = names().find(|name| name.rsplit('/').next().is_some_and(|city| city.eq_ignore_ascii_case(text)));
        let near = city.or_else(|| nearest(text, names())).unwrap_or("Europe/Berlin");
        complain("is not a time zone", format!("write an IANA name (nearest: {near})"))
    })
}

/// A cron pattern with seconds.
pub fn cron_pattern(text: &str) -> Read<String> {
    if cron::Schedule::from_str(text).is_ok() {
        return Ok(text.to_owned());
    }
    if text.split_whitespace().count() == 5 && cron::Schedule::from_str(&format!("0 {text}")).is_ok() {
        return complain("has no seconds", format!("put them in front: \"0 {text}\""));
    }
    complain("is not a cron pattern with seconds", "write second, minute, hour, day, month, weekday: \"0 */2 * * * *\"")
}

/// `HH:MM-HH:MM`, or `none`.
pub fn quiet_hours(text: &str) -> Read<Option<QuietHours>> {
    if text == "none" {
        return Ok(None);
    }
    let time = |text: &str| {
        let shaped = text.len() == 5 && text.is_char_boundary(2) && text.as_bytes()[2] == b':';
        shaped.then(|| NaiveTime::parse_from_str(text, "%H:%M").ok()).flatten()
    };
    let window = text.split_once('-').and_then(|(from, until)| Some((time(from.trim())?, time(until.trim())?)));
    match window {
        Some((from, until)) if from == until => {
            complain("is empty or the whole day", "write two different times, or none")
        }
        Some((from, until)) => Ok(Some(QuietHours { from, until })),
        None => complain("is not a window of time", "write \"HH:MM-HH:MM\", such as \"00:00-04:00\", or none"),
    }
}

/// `HH:MM`
pub fn time_of_day(text: &str) -> Read<NaiveTime> {
    let time = NaiveTime::parse_from_str(text, "%H:%M").ok().filter(|_| text.len() == 5);
    time.map_or_else(|| complain("is not a time of day", "write HH:MM, such as \"08:00\""), Ok)
}

/// `30s`, `5m`, `2h`, `7d`.
pub fn duration(text: &str) -> Read<Duration> {
    let wrong = || complain("is not a length of time", "write a whole number and s, m, h or d, such as 30s, 5m or 7d");
    let Some((number, unit)) = text.char_indices().next_back().map(|(last, _)| text.split_at(last)) else {
        return wrong();
    };
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return wrong(),
    };
    if number.is_empty() || !number.bytes().all(|digit| digit.is_ascii_digit()) {
        return wrong();
    }
    let time = number.parse::<u64>().ok().and_then(|number| number.checked_mul(seconds)).map(Duration::from_secs);
    time.filter(|time| *time <= LONGEST).map_or_else(|| complain("is too long", "write at most 366d"), Ok)
}

/// A length of time; `off` is none at all.
pub fn duration_or_off(text: &str) -> Read<Duration> {
    if text == "off" { Ok(Duration::ZERO) } else { duration(text) }
}

/// A whole number; `off` is no limit.
pub fn count_or_off(text: &str) -> Read<Option<u32>> {
    match text {
        "off" => Ok(None),
        number if !number.starts_with('+') && number.parse::<u32>().is_ok() => Ok(number.parse().ok()),
        _ => complain("is neither a whole number nor off", "write a number such as 25, or off"),
    }
}

/// An amount with at most two decimals in hundredths; `off` is no limit.
pub fn amount_or_off(text: &str) -> Read<Option<i64>> {
    if text == "off" {
        return Ok(None);
    }
    let plain = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit() || b == b'.');
    match Money::parse(text, Currency::EUR) {
        Ok(parsed) if plain && !parsed.rounded => Ok(Some(parsed.money.minor)),
        _ => complain("is neither an amount nor off", "write an amount such as 5000 or 5000.00, or off"),
    }
}

/// `YYYY-MM-DD`.
pub fn date(text: &str) -> Read<NaiveDate> {
    let day = NaiveDate::parse_from_str(text, "%Y-%m-%d").ok().filter(|_| text.len() == 10);
    day.map_or_else(|| complain("is not a day", "write YYYY-MM-DD, such as 2026-11-01"), Ok)
}

/// IP address and port.
pub fn listen(text: &str) -> Read<SocketAddr> {
    text.parse().or_else(|_| {
        complain(
            "is not an address to listen on",
            "write an IP address and a port, such as 127.0.0.1:8080 or [::1]:8080",
        )
    })
}

/// True for addresses that never leave the machine.
pub fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

/// A web address without login, query and fragment.
pub fn web_address(text: &str) -> Read<Url> {
    let wrong = |what: &str| complain(what, "write an address such as https://host/path");
    let Ok(url) = Url::parse(text) else { return wrong("is not an address") };
    if !matches!(url.scheme(), "https" | "http") || url.host().is_none() {
        return wrong("is not a web address");
    }
    if !url.username().is_empty() || url.password().is_some() {
        return complain("must not hold a login", "use the keys meant for it");
    }
    if url.query().is_some() || url.fragment().is_some() {
        return wrong("has a part after ? or #");
    }
    Ok(url)
}

/// A web address that is `https`, or on this machine.
pub fn safe_address(text: &str) -> Read<Url> {
    let url = web_address(text)?;
    if url.scheme() == "http" && !is_loopback(&url) {
        return complain("is not encrypted", "write https:// (http is for this machine alone)");
    }
    Ok(url)
}

/// A mail address that can be right: one @, a domain, no name around it.
pub fn mail_address(text: &str) -> Read<String> {
    let wrong = || complain("is not a mail address", "write name@example.org, without a name or brackets around it");
    let Some((local, domain)) = text.rsplit_once('@') else { return wrong() };
    let local_fine = !local.is_empty()
        && local.len() <= 64
        && local.bytes().all(|b| b.is_ascii_graphic() && !b"<>()[],;:\\\"@".contains(&b));
    if !local_fine || local.starts_with('.') || local.ends_with('.') || host(domain).is_err() {
        return wrong();
    }
    Ok(text.to_owned())
}

/// A host name or IP address.
pub fn host(text: &str) -> Read<String> {
    let label = |label: &str| {
        let letters = label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        letters && !label.is_empty() && label.len() <= 63 && !label.starts_with('-') && !label.ends_with('-')
    };
    let name = text.len() <= 253 && text.split('.').all(label);
    if name || text.parse::<IpAddr>().is_ok() {
        return Ok(text.to_owned());
    }
    complain("is not a host name", "write a name such as smtp.example.org, without port and scheme")
}

/// A pixi booking event.
pub fn event(text: &str) -> Read<String> {
    if (1..=3).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric()) {
        return Ok(text.to_owned());
    }
    complain("is not a booking event", "write the event's id in pixi, one to three letters, spelled exactly as there")
}

/// The name of an XML element.
pub fn xml_tag(text: &str) -> Read<String> {
    let mut bytes = text.bytes();
    let first = bytes.next().is_some_and(|b| b.is_ascii_alphabetic() || b == b'_');
    if first && text.len() <= 64 && bytes.all(|b| b.is_ascii_alphanumeric() || b"_-.".contains(&b)) {
        return Ok(text.to_owned());
    }
    complain("is not the name of an XML tag", "write the tag's plain name, such as unzer, without < > and prefix")
}

/// A method's type-id prefix.
pub fn method(text: &str) -> Read<String> {
    if text.len() == 3 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit()) {
        return Ok(text.to_owned());
    }
    complain("is not a method", "write the three letters its type ids begin with, such as piv, pit or pdd")
}

/// Where a key belongs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyEnvironment {
    /// `s-…`
    Sandbox,
    /// `p-…`
    Production,
}

/// Environment of an Unzer key that is of the sort wanted (`pub` or `priv`).
pub fn unzer_key(text: &str, sort: &str) -> Read<KeyEnvironment> {
    let parts = text.split_once('-').and_then(|(environment, rest)| {
        let body = rest.strip_prefix(sort)?.strip_prefix('-')?;
        let fine = !body.is_empty() && body.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        fine.then_some(environment)
    });
    match parts {
        Some("s") => Ok(KeyEnvironment::Sandbox),
        Some("p") => Ok(KeyEnvironment::Production),
        _ => {
            let name = if sort == "pub" { "public" } else { "private" };
            complain(
                format!("is not an Unzer {name} key"),
                format!("copy it whole from Unzer: s-{sort}-… (test) or p-{sort}-… (production)"),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_have_a_nearest_name() {
        assert_eq!(zone("Europe/Berlin").unwrap(), Tz::Europe__Berlin);
        assert!(zone("Europe/Berln").unwrap_err().mend.contains("Europe/Berlin"));
        assert!(zone("berlin").unwrap_err().mend.contains("Europe/Berlin"));
    }

    #[test]
    fn cron_without_seconds_is_told_apart() {
        assert!(cron_pattern("0 */2 * * * *").is_ok());
        assert!(cron_pattern("*/2 * * * *").unwrap_err().mend.contains("\"0 */2 * * * *\""));
        assert!(cron_pattern("often").is_err());
    }

    #[test]
    fn quiet_hours_may_span_midnight_but_not_the_day() {
        let window = quiet_hours("23:30-04:00").unwrap().unwrap();
        assert!(window.from > window.until);
        assert_eq!(quiet_hours("none").unwrap(), None);
        for text in ["04:00-04:00", "4-5", "25:00-04:00", "0:00-4:00", "", "ä0:00-04:00", "00:00"] {
            assert!(quiet_hours(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_time_of_day_has_hours_and_minutes() {
        assert_eq!(time_of_day("08:05").unwrap(), NaiveTime::from_hms_opt(8, 5, 0).unwrap());
        for text in ["8:05", "24:00", "08:60", "0805", "", "08:05:00", "+8:05"] {
            assert!(time_of_day(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_have_one_unit_and_an_end() {
        assert_eq!(duration("5m").unwrap(), Duration::from_mins(5));
        assert_eq!(duration("0s").unwrap(), Duration::ZERO);
        assert_eq!(duration_or_off("off").unwrap(), Duration::ZERO);
        for text in ["", "5", "m", "-5m", "5 m", "1h30m", "400d", "99999999999999999999d", "5ä"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn limits_are_numbers_or_off() {
        assert_eq!(count_or_off("0").unwrap(), Some(0));
        assert_eq!(count_or_off("off").unwrap(), None);
        assert_eq!(amount_or_off("5000.5").unwrap(), Some(500_050));
        assert_eq!(amount_or_off("off").unwrap(), None);
        for text in ["-1", "1.005", "1,50", "1e3", "", "no"] {
            assert!(amount_or_off(text).is_err(), "{text}");
        }
    }

    #[test]
    fn addresses_are_encrypted_or_local() {
        for text in ["https://api.pixi.eu/soap/", "http://127.0.0.1:81/", "http://localhost/x", "http://[::1]/"] {
            assert!(safe_address(text).is_ok(), "{text}");
        }
        for text in ["http://api.pixi.eu/", "https://u:p@h/", "ftp://h/", "h", "https://h/?wsdl", "file:///x"] {
            assert!(safe_address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn mail_addresses_are_bare() {
        assert!(mail_address("it@example.org").is_ok());
        for text in ["it", "IT <it@example.org>", "it@", "@x.org", "a@b@c", "it@exa mple.org", "a\nb@x.org", "a@-x.org"]
        {
            assert!(mail_address(text).is_err(), "{text}");
        }
    }

    #[test]
    fn keys_tell_their_environment() {
        assert_eq!(unzer_key("s-pub-xxxx", "pub"), Ok(KeyEnvironment::Sandbox));
        assert_eq!(unzer_key("p-priv-1", "priv"), Ok(KeyEnvironment::Production));
        for text in ["s-priv-x", "x-pub-x", "s-pub-", "s-pub-x x", "pub"] {
            assert!(unzer_key(text, "pub").is_err(), "{text}");
        }
    }

    #[test]
    fn small_codes_are_plain() {
        assert!(event("UZR").is_ok() && event("UZRX").is_err() && event("").is_err());
        assert!(xml_tag("unzer").is_ok() && xml_tag("<u>").is_err() && xml_tag("1a").is_err());
        assert!(method("piv").is_ok() && method("PIV").is_err());
        assert!(date("2026-11-01").is_ok() && date("2026-02-30").is_err() && date("01.11.2026").is_err());
    }
}
