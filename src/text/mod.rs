//! German and English texts: everything a person reads that is not a log line.

use std::fmt::{self, Write as _};

use serde::{Deserialize, Serialize};

pub mod amounts;
mod catalogue;
mod phrases;

pub use catalogue::Number;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
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
/// "resolved by a person" go by. Values are order and document numbers, amounts, dates and codes, never names or bank data.
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
        fill(self.number.text(language), &self.values)
    }

    /// What to do now.
    pub fn what_now(&self, language: Language) -> String {
        fill(self.number.what_now(language), &self.values)
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

/// Puts values into a text's `{placeholders}`.
pub fn fill(template: &str, values: &[(String, String)]) -> String {
    let mut text = template.to_owned();
    for (name, value) in values {
        text = text.replace(&format!("{{{name}}}"), value);
    }
    text
}
