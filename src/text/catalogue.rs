//! Every numbered message a person can see, in both languages, with what to do now.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Language;

macro_rules! catalogue {
    ($($(#[$doc:meta])* $name:ident = $number:literal { de: $de:literal, en: $en:literal, now_de: $now_de:literal, now_en: $now_en:literal })*) => {
        /// Error number shown to people (`PP-1203`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Number {
            $($(#[$doc])* $name,)*
        }

        impl Number {
            /// All numbers.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The digits.
            pub fn digits(self) -> u16 {
                match self {
                    $(Self::$name => $number,)*
                }
            }

            /// What happened, with `{placeholders}`.
            pub fn text(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::De) => $de, (Self::$name, Language::En) => $en,)*
                }
            }

            /// What to do now, with `{placeholders}`.
            pub fn what_now(self, language: Language) -> &'static str {
                match (self, language) {
                    $((Self::$name, Language::De) => $now_de, (Self::$name, Language::En) => $now_en,)*
                }
            }
        }
    };
}

catalogue! {
    /// R2: no payment id anywhere.
    NoPaymentId = 1101 {
        de: "Keine Unzer Payment ID an der Bestellung gefunden.",
        en: "No Unzer payment id found on the order.",
        now_de: "Shop-Schnittstelle prüfen: Die Payment ID gehört in das Feld KK-ID. Bestellung von Hand klären.",
        now_en: "Check the shop interface: the payment id belongs into the field KK-ID. Settle the order by hand."
    }
}

impl Number {
    /// The number with these digits.
    pub fn from_digits(digits: u16) -> Option<Self> {
        Self::ALL.iter().copied().find(|number| number.digits() == digits)
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PP-{:04}", self.digits())
    }
}

impl Serialize for Number {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let digits = text.strip_prefix("PP-").and_then(|digits| digits.parse().ok());
        digits
            .and_then(Self::from_digits)
            .ok_or_else(|| serde::de::Error::custom(format!("\"{text}\" is not an error number")))
    }
}
