//! Webhooks as Unzer sends them (`unzer/NOTES` 6): JSON sent as text, unsigned, repeated, in any order. Each is a hint to
//! look and no more: what happened is read anew with the own key.

use super::lenient::Fields;

/// Events that are subscribed to. Each stands for all of its kind (`charge` for `charge.succeeded` …); what moves on a
/// payment shows in one of them.
pub const EVENTS: [&str; 4] = ["authorize", "charge", "chargeback", "payment"];

/// Longest name of an event that is kept.
const LONGEST_EVENT: usize = 40;
/// Longest payment id that is kept.
const LONGEST_ID: usize = 40;

/// A word from Unzer about a payment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Word {
    /// Event (`charge.succeeded`); `other` where it is no name of an event.
    pub event: String,
    /// Public key of the pair it is for; may be missing.
    pub public_key: Option<String>,
    /// Payment it is about; none where it is about something else.
    pub payment: Option<String>,
}

impl Word {
    /// Reads a body; none where it is no JSON object.
    pub fn read(body: &[u8]) -> Option<Self> {
        let fields = Fields::parse(body)?;
        let event = fields.text("event").filter(|event| is_event(event));
        Some(Self {
            event: event.unwrap_or_else(|| "other".to_owned()),
            public_key: fields.text("publicKey"),
            payment: fields.text("paymentId").filter(|id| is_payment_id(id)),
        })
    }
}

fn is_event(event: &str) -> bool {
    event.len() <= LONGEST_EVENT && event.bytes().all(|byte| byte.is_ascii_lowercase() || matches!(byte, b'.' | b'_'))
}

/// `s-pay-31337`, `p-pay-31337`
fn is_payment_id(id: &str) -> bool {
    let number = id.strip_prefix("s-pay-").or_else(|| id.strip_prefix("p-pay-"));
    id.len() <= LONGEST_ID && number.is_some_and(|nr| !nr.is_empty() && nr.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_word_names_event_key_and_payment() {
        let body = br#"{"event":"charge.succeeded","publicKey":"s-pub-1","retrieveUrl":"https://evil.example/x","paymentId":"s-pay-9"}"#;
        let word = Word {
            event: "charge.succeeded".into(),
            public_key: Some("s-pub-1".into()),
            payment: Some("s-pay-9".into()),
        };
        assert_eq!(Word::read(body), Some(word));
    }

    #[test]
    fn what_does_not_look_like_a_payment_is_none() {
        for id in
            ["", "9", "s-pay-", "s-pay-9a", "s-pay-9/../x", "x-pay-9", "s-pay-٣", &format!("s-pay-{}", "9".repeat(50))]
        {
            let body = serde_json::json!({"event": "payment", "paymentId": id}).to_string();
            assert_eq!(Word::read(body.as_bytes()).unwrap().payment, None, "{id}");
        }
        for body in ["[]", "null", "", "paymentId=s-pay-9", "{\"paymentId\": \"s-pay-9\"", "\u{feff}{}"] {
            assert_eq!(Word::read(body.as_bytes()), None, "{body}");
        }
        assert_eq!(Word::read(br#"{"paymentId": {"a": []}, "event": 7}"#).unwrap().payment, None);
        assert_eq!(Word::read(br#"{"event": "<script>"}"#).unwrap().event, "other");
    }

    proptest! {
        #[test]
        fn no_body_panics_it(body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Word::read(&body);
        }
    }
}
