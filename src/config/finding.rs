//! What is wrong with a configuration, where, and how to mend it.

use std::fmt;

use serde::Serialize;

use crate::config::yaml::Place;

/// How bad a [`Finding`] is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// The configuration cannot be used.
    Error,
    /// It can, but a person should look.
    Warning,
    /// Evened out by itself.
    Note,
}

/// One thing found, in words that never hold a secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// File as named to people.
    pub file: String,
    /// Line, from 1; 0 where the file as a whole is meant.
    pub line: u64,
    /// Column, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub column: Option<u64>,
    /// Key with its parents (`mandants.LEO.payment_types.U.mode`), empty where none is meant.
    pub key: String,
    /// What is wrong.
    pub message: String,
    /// What to do, may be empty.
    pub mend: String,
    /// How bad it is.
    pub severity: Severity,
}

/// What makes a configuration unusable, in the order of the files, at least one [`Severity::Error`] among it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Findings(pub Vec<Finding>);

impl Finding {
    /// A finding at `place`.
    pub fn new(
        severity: Severity,
        place: &Place,
        key: impl Into<String>,
        message: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            file: place.file.to_string(),
            line: place.line,
            column: (place.column > 0).then_some(place.column),
            key: key.into(),
            message: message.into(),
            mend: mend.into(),
            severity,
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.file)?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        if !self.key.is_empty() {
            write!(f, ": {}", self.key)?;
        }
        write!(f, ": {}", self.message)?;
        if !self.mend.is_empty() {
            write!(f, "; {}", self.mend)?;
        }
        Ok(())
    }
}

impl fmt::Display for Findings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, finding) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{finding}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Findings {}

/// The one of `known` that is spelled most like `given`, if any is near enough to be meant.
pub fn nearest<'a>(given: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let given = given.to_lowercase();
    let likeness = |candidate: &str| strsim::jaro_winkler(&given, &candidate.to_lowercase());
    let best = known.into_iter().map(|candidate| (likeness(candidate), candidate));
    let best = best.fold(None, |best: Option<(f64, &str)>, next| match best {
        Some(best) if best.0 >= next.0 => Some(best),
        _ => Some(next),
    });
    best.filter(|(likeness, _)| *likeness >= 0.7).map(|(_, candidate)| candidate)
}

/// `given` in quotes if it may be shown: short, on one line, and nothing that looks like a secret put under the wrong key.
pub fn shown(given: &str) -> Option<String> {
    let lower = given.to_lowercase();
    let secretive = ["-priv-", "pass", "token", "secret", "key", "@", "argon2", "-----"];
    let fine = !given.is_empty()
        && given.chars().count() <= 40
        && !given.chars().any(char::is_control)
        && !secretive.iter().any(|part| lower.contains(part));
    fine.then(|| format!("\"{given}\""))
}

/// A key if it may be shown: a plain word, and nothing that looks like a secret.
pub fn shown_key(key: &str) -> Option<&str> {
    let plain = !key.is_empty() && key.chars().count() <= 40;
    let word = key.chars().all(|c| c.is_alphanumeric() || "_-.".contains(c));
    (plain && word && !key.contains("-priv-")).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::yaml::start;

    #[test]
    fn prints_place_key_what_and_mend() {
        let place = Place { file: "pixi-payd.yaml".into(), line: 12, column: 15 };
        let finding = Finding::new(
            Severity::Error,
            &place,
            "mandants.LEO.payment_types.U.mode",
            "\"expart\" is not a mode",
            "write one of standard, expert (nearest: expert)",
        );
        assert_eq!(
            finding.to_string(),
            "pixi-payd.yaml:12: mandants.LEO.payment_types.U.mode: \"expart\" is not a mode; \
             write one of standard, expert (nearest: expert)"
        );
        let whole = Finding::new(Severity::Error, &start(&"a.yaml".into()), "", "cannot be read", "");
        assert_eq!(whole.to_string(), "a.yaml: cannot be read");
    }

    #[test]
    fn the_nearest_name_is_found_or_none() {
        let known = ["standard", "expert"];
        assert_eq!(nearest("expart", known), Some("expert"));
        assert_eq!(nearest("EXPERT", known), Some("expert"));
        assert_eq!(nearest("zzz", known), None);
    }

    #[test]
    fn what_looks_like_a_secret_is_not_shown() {
        for text in ["s-priv-123", "587 password:x", "postgres://u:p@h/d", "a\nb", ""] {
            assert_eq!(shown(text), None, "{text}");
        }
        assert_eq!(shown("0 */2 * * *").as_deref(), Some("\"0 */2 * * *\""));
    }
}
