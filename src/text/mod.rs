//! German and English texts: everything a person reads that is not a log line.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

pub mod amounts;
mod catalogue;
mod labels;
mod letters;
pub mod moments;
mod phrases;

pub use catalogue::Number;
pub use labels::Labels;
pub use letters::Letters;
pub use phrases::{Phrase, PhraseKey};

/// Language of pages, mails and of comments written into pixi.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Language {
    /// German.
    #[default]
    De,
    /// English.
    En,
}

/// How much a [`Notice`] asks of people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    /// Nothing to do yet.
    Hint,
    /// A person must act; mailed.
    Problem,
}

/// Something a person is told about an order: a number of the catalogue with its values.
///
/// Two notices with the same number and values are the same notice: [`Notice::fingerprint`] is what "told already" and
/// "resolved by a person" go by. Values are order and document numbers, amounts, dates and codes, never names or bank data;
/// they are written for no language ([`amounts::neutral`], [`Phrase::as_value`]), so that another language tells nothing anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Notice {
    /// Error number.
    pub number: Number,
    /// Hint or problem.
    pub severity: Severity,
    /// Values of the text's `{placeholders}`.
    pub values: Vec<(String, String)>,
}

impl Notice {
    /// A person must act.
    pub fn problem(number: Number) -> Self {
        Self { number, severity: Severity::Problem, values: Vec::new() }
    }

    /// Nothing to do yet.
    pub fn hint(number: Number) -> Self {
        Self { number, severity: Severity::Hint, values: Vec::new() }
    }

    /// With a value for a placeholder.
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.values.push((name.to_owned(), value.to_string()));
        self
    }

    /// What happened.
    pub fn text(&self, language: Language) -> String {
        fill(self.number.text(language), &self.values, language)
    }

    /// What to do now.
    pub fn what_now(&self, language: Language) -> String {
        fill(self.number.what_now(language), &self.values, language)
    }

    /// Identity of this notice among those of one order.
    pub fn fingerprint(&self) -> String {
        let mut text = self.number.to_string();
        for (name, value) in &self.values {
            let _ = write!(text, "|{name}={value}");
        }
        text
    }
}

/// Puts values into a text's `{placeholders}`: amounts and sentences among them in the text's language.
pub fn fill(template: &str, values: &[(String, String)], language: Language) -> String {
    let mut text = String::with_capacity(template.len());
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        text.push_str(before);
        let named = after.split_once('}');
        let value = named.and_then(|(name, _)| values.iter().find(|(known, _)| known == name));
        if let (Some((_, behind)), Some((_, value))) = (named, value) {
            text.push_str(&spoken(value, language));
            rest = behind;
        } else {
            text.push('{');
            rest = after;
        }
    }
    text.push_str(rest);
    text
}

/// A value as people read it.
pub fn spoken(value: &str, language: Language) -> Cow<'_, str> {
    if let Some(money) = amounts::read_neutral(value) {
        return amounts::amount(money, language).into();
    }
    Phrase::of_value(value).map_or(Cow::Borrowed(value), |phrase| phrase.text(language).into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;

    #[test]
    fn a_notice_reads_in_both_languages_and_is_the_same_notice() {
        let guard = Phrase::new(PhraseKey::GuardCaptures).with("left", amounts::neutral(Currency::EUR.of(1_234_50)));
        let notice = Notice::problem(Number::GuardHolds)
            .with("step", "capture")
            .with("amount", amounts::neutral(Currency::EUR.of(2_000_00)))
            .with("guard", guard.as_value());
        assert_eq!(
            notice.text(Language::De),
            "capture über 2.000,00 EUR wurde nicht gesendet: von der Autorisierung sind 1.234,50 EUR übrig."
        );
        assert_eq!(
            notice.text(Language::En),
            "capture of 2,000.00 EUR was not sent: 1,234.50 EUR of the authorisation are left."
        );
        assert!(!notice.fingerprint().contains("übrig") && !notice.fingerprint().contains("left of"));
    }

    #[test]
    fn a_value_is_never_taken_for_a_placeholder() {
        let values = [("a".to_owned(), "{b}".to_owned()), ("b".to_owned(), "{a".to_owned())];
        assert_eq!(fill("{a} {b} {c} {", &values, Language::En), "{b} {a {c} {");
    }

    fn placeholders(text: &str) -> Vec<&str> {
        let mut found: Vec<&str> = text.split('{').skip(1).filter_map(|part| Some(part.split_once('}')?.0)).collect();
        found.sort_unstable();
        found.dedup();
        found
    }

    #[test]
    fn both_languages_say_the_same_with_the_same_values() {
        for number in Number::ALL {
            let (de, en) = (number.text(Language::De), number.text(Language::En));
            assert_eq!(placeholders(de), placeholders(en), "{number}");
            let (now_de, now_en) = (number.what_now(Language::De), number.what_now(Language::En));
            assert_eq!(placeholders(now_de), placeholders(now_en), "{number}");
            for text in [de, en, now_de, now_en] {
                assert!(text.trim() == text && text.len() > 10 && text.ends_with(['.', '?', '}']), "{number}: {text}");
            }
            assert!(de != en && now_de != now_en, "{number}");
        }
        for key in PhraseKey::ALL {
            let (de, en) = (key.template(Language::De), key.template(Language::En));
            assert_eq!(placeholders(de), placeholders(en), "{key:?}");
            assert!(!de.is_empty() && !en.is_empty(), "{key:?}");
        }
    }
}
