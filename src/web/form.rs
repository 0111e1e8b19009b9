//! Forms as browsers send them, and addresses with filters.

use std::collections::BTreeMap;

use axum::body::Bytes;
use http::header::{CONTENT_TYPE, HeaderMap};

/// The fields of a form, or of an address; a field given twice counts once, as given first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Form(BTreeMap<String, String>);

impl Form {
    /// Reads `a=1&b=2`.
    pub fn parse(text: &[u8]) -> Self {
        let mut fields = BTreeMap::new();
        for (name, value) in url::form_urlencoded::parse(text) {
            fields.entry(name.into_owned()).or_insert_with(|| value.into_owned());
        }
        Self(fields)
    }

    /// Reads a request's body; none where it is no form.
    pub fn of_body(headers: &HeaderMap, body: &Bytes) -> Option<Self> {
        let kind = headers.get(CONTENT_TYPE)?.to_str().ok()?;
        let is_form = kind.split(';').next()?.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded");
        is_form.then(|| Self::parse(body))
    }

    /// A field without the space around it; empty where it is not there.
    pub fn get(&self, name: &str) -> &str {
        self.0.get(name).map_or("", |value| value.trim())
    }

    /// A field as it was sent.
    pub fn raw(&self, name: &str) -> &str {
        self.0.get(name).map_or("", String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_once_and_as_sent() {
        let form = Form::parse("a=%201%20&b=%3Cb%3E&a=2&=x&c".as_bytes());
        assert_eq!((form.get("a"), form.raw("a"), form.get("b"), form.get("c")), ("1", " 1 ", "<b>", ""));
        assert_eq!(form.get("missing"), "");
    }
}
