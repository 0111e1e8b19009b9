//! Moments as people read them.

use chrono_tz::Tz;

use super::Language;
use crate::clock::Time;

/// `03.03.2026 09:05`, in English `2026-03-03 09:05`: what the clock on the wall shows.
pub fn minute(at: Time, zone: Tz, language: Language) -> String {
    write(at, zone, language, "%d.%m.%Y %H:%M", "%Y-%m-%d %H:%M")
}

/// The same with seconds.
pub fn second(at: Time, zone: Tz, language: Language) -> String {
    write(at, zone, language, "%d.%m.%Y %H:%M:%S", "%Y-%m-%d %H:%M:%S")
}

fn write(at: Time, zone: Tz, language: Language, german: &str, english: &str) -> String {
    let format = if language == Language::De { german } else { english };
    at.with_timezone(&zone).format(format).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_what_the_wall_shows() {
        let at: Time = "2026-07-03T22:05:09Z".parse().unwrap();
        let zone = chrono_tz::Europe::Berlin;
        assert_eq!(minute(at, zone, Language::De), "04.07.2026 00:05");
        assert_eq!(second(at, zone, Language::En), "2026-07-04 00:05:09");
    }
}
