//! JSON as Unzer writes it: amounts as strings or numbers, booleans as strings, "not there" as an empty string, an
//! empty object, null or nothing at all (`unzer/NOTES` 1). Numbers stay text: none is ever a float.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::money::{Currency, Money};

/// A value that could not be used: the field's name, never its content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Unusable(pub &'static str);

/// The fields of a JSON object; an empty one stands for everything that is none.
#[derive(Default)]
pub(crate) struct Fields(BTreeMap<String, Box<RawValue>>);

impl Fields {
    /// The object these bytes are; none where they are anything else.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok().map(Self)
    }

    fn of(raw: &RawValue) -> Self {
        serde_json::from_str(raw.get()).map(Self).unwrap_or_default()
    }

    /// True where no field is there.
    #[cfg(test)]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A string, number or boolean as text; none where it is missing or empty.
    pub fn text(&self, name: &str) -> Option<String> {
        let raw = self.0.get(name)?.get();
        let text = match raw.as_bytes().first()? {
            b'"' => serde_json::from_str::<String>(raw).ok()?,
            b'{' | b'[' | b'n' => return None,
            _ => raw.to_owned(),
        };
        let text = text.trim();
        (!text.is_empty()).then(|| text.to_owned())
    }

    /// The same, with an empty text for "not there".
    pub fn text_or_empty(&self, name: &str) -> String {
        self.text(name).unwrap_or_default()
    }

    /// True where the field says true in either spelling.
    pub fn flag(&self, name: &str) -> bool {
        self.text(name).is_some_and(|text| text.eq_ignore_ascii_case("true"))
    }

    /// The object in this field, empty where there is none.
    pub fn object(&self, name: &str) -> Self {
        self.0.get(name).map(|raw| Self::of(raw)).unwrap_or_default()
    }

    /// The objects of the list in this field; entries that are none come as empty ones.
    pub fn list(&self, name: &str) -> Vec<Self> {
        let Some(raw) = self.0.get(name) else { return Vec::new() };
        let entries: Vec<Box<RawValue>> = serde_json::from_str(raw.get()).unwrap_or_default();
        entries.iter().map(|entry| Self::of(entry)).collect()
    }

    /// The texts of the list in this field.
    pub fn texts(&self, name: &str) -> Vec<String> {
        let Some(raw) = self.0.get(name) else { return Vec::new() };
        serde_json::from_str(raw.get()).unwrap_or_default()
    }

    /// The amount in this field; none where there is none. More decimals than the currency has make it unusable,
    /// unless they are zero: rounding would hide money.
    pub fn amount(&self, name: &'static str, currency: Currency) -> Result<Option<Money>, Unusable> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match Money::parse(&text, currency) {
            Ok(parsed) if !parsed.rounded => Ok(Some(parsed.money)),
            _ => Err(Unusable(name)),
        }
    }

    /// The currency in this field.
    pub fn currency(&self, name: &'static str) -> Result<Currency, Unusable> {
        self.text_or_empty(name).parse().map_err(|_| Unusable(name))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn takes_every_spelling_of_a_value_and_of_nothing() {
        let json = br#"{"a": "119.0000", "b": 119.10, "c": "false", "d": true, "e": "", "f": null, "g": {}, "h": [], "i": " x "}"#;
        let fields = Fields::parse(json).unwrap();
        assert_eq!(fields.amount("a", Currency::EUR), Ok(Some(Currency::EUR.of(11_900))));
        assert_eq!(fields.amount("b", Currency::EUR), Ok(Some(Currency::EUR.of(11_910))));
        assert!(!fields.flag("c"));
        assert!(fields.flag("d"));
        for nothing in ["e", "f", "g", "h", "missing"] {
            assert_eq!(fields.text(nothing), None, "{nothing}");
            assert_eq!(fields.amount(nothing, Currency::EUR), Ok(None), "{nothing}");
            assert!(fields.object(nothing).is_empty(), "{nothing}");
            assert!(fields.list(nothing).is_empty(), "{nothing}");
        }
        assert_eq!(fields.text("i").as_deref(), Some("x"));
    }

    #[test]
    fn an_amount_is_exact_beyond_what_a_float_holds() {
        let fields = Fields::parse(br#"{"a": 90071992547.41, "b": 0.1000, "c": 0.005}"#).unwrap();
        assert_eq!(fields.amount("a", Currency::EUR), Ok(Some(Currency::EUR.of(9_007_199_254_741))));
        assert_eq!(fields.amount("b", Currency::EUR), Ok(Some(Currency::EUR.of(10))));
        assert_eq!(fields.amount("c", Currency::EUR), Err(Unusable("c")));
    }

    #[test]
    fn no_depth_of_nesting_breaks_it() {
        let deep = format!("{{\"a\": {}1{}, \"b\": 2}}", "[".repeat(200_000), "]".repeat(200_000));
        if let Some(fields) = Fields::parse(deep.as_bytes()) {
            assert_eq!(fields.text("b").as_deref(), Some("2"));
            let _ = (fields.list("a").len(), fields.texts("a"), fields.object("a"));
        }
    }

    proptest! {
        #[test]
        fn no_bytes_panic_it(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            let _ = Fields::parse(&bytes);
        }
    }
}
