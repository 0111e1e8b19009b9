//! Why a read gave nothing, and what the bodies of refusals say.

use http::StatusCode;
use thiserror::Error;

use super::codes::{self, Class};
use super::lenient::{Fields, Unusable};
use crate::steps::RefusalKind;
use crate::wire::SendError;

/// Why Unzer gave no usable answer. Carries codes, never a body.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UnzerError {
    /// It does not exist, as far as this key pair can see.
    #[error("not found at Unzer ({code})")]
    NotFound {
        /// Unzer's code.
        code: String,
    },
    /// It exists and belongs to another merchant: the wrong key pair.
    #[error("belongs to another merchant at Unzer ({code})")]
    OtherMerchant {
        /// Unzer's code.
        code: String,
    },
    /// Keys, rights or set-up are wrong.
    #[error("key or set-up refused by Unzer ({code})")]
    Configuration {
        /// Unzer's code.
        code: String,
    },
    /// Unreachable or out of order: try again later.
    #[error("Unzer is out of order ({code})")]
    Passing {
        /// Unzer's code, the HTTP status or what happened to the connection.
        code: String,
    },
    /// An answer that cannot be used, or a refusal that none of the other classes fits.
    #[error("answer of Unzer unusable ({code})")]
    Invalid {
        /// Unzer's code, or the field that could not be read.
        code: String,
    },
}

impl UnzerError {
    /// The code, status or field.
    pub fn code(&self) -> &str {
        match self {
            Self::NotFound { code }
            | Self::OtherMerchant { code }
            | Self::Configuration { code }
            | Self::Passing { code }
            | Self::Invalid { code } => code,
        }
    }

    pub(super) fn invalid(what: &str) -> Self {
        Self::Invalid { code: what.to_owned() }
    }

    /// The error a refused or unusable answer to a read means.
    pub(super) fn of_answer(status: StatusCode, body: &[u8]) -> Self {
        let said = Fields::parse(body).and_then(|fields| Said::read(&fields, status));
        let Some(said) = said else {
            // Without a word in Unzer's own format the answer is a gateway's: nothing is known about the thing itself.
            return Self::Passing { code: format!("HTTP {}", status.as_u16()) };
        };
        let code = said.code;
        match said.class {
            _ if status.is_server_error() => Self::Passing { code },
            Class::NotFound => Self::NotFound { code },
            Class::OtherMerchant => Self::OtherMerchant { code },
            Class::Refused(RefusalKind::Configuration) => Self::Configuration { code },
            Class::Refused(RefusalKind::Passing) | Class::Unclear => Self::Passing { code },
            Class::Refused(_) => Self::Invalid { code },
        }
    }
}

impl From<SendError> for UnzerError {
    fn from(error: SendError) -> Self {
        Self::Passing { code: error.cause().to_string() }
    }
}

impl From<Unusable> for UnzerError {
    fn from(Unusable(field): Unusable) -> Self {
        Self::invalid(field)
    }
}

/// The no of a body: its most telling code, and the text for staff.
pub(super) struct Said {
    pub code: String,
    pub class: Class,
    pub message: String,
}

impl Said {
    /// What the body of a refusal says; none where it is not one. The order of `errors` is not fixed, so the most
    /// cautious reading of all entries counts.
    pub fn read(fields: &Fields, status: StatusCode) -> Option<Self> {
        let mut all: Vec<Self> = fields
            .list("errors")
            .iter()
            .filter_map(|entry| {
                let code = entry.text("code")?;
                let class = codes::classify(&code, status);
                Some(Self { class, message: shorten(&entry.text_or_empty("merchantMessage")), code: tidy_code(&code) })
            })
            .collect();
        if all.is_empty() && fields.flag("isError") {
            let message = fields.object("message");
            let code = message.text("code")?;
            let class = codes::classify(&code, status);
            all.push(Self { class, message: shorten(&message.text_or_empty("merchant")), code: tidy_code(&code) });
        }
        all.into_iter().min_by_key(|said| caution(said.class))
    }
}

fn caution(class: Class) -> u8 {
    match class {
        Class::Unclear => 0,
        Class::OtherMerchant => 1,
        Class::Refused(RefusalKind::Configuration) => 2,
        Class::NotFound => 3,
        Class::Refused(RefusalKind::Hard) => 4,
        Class::Refused(RefusalKind::AlreadySo) => 5,
        Class::Refused(RefusalKind::Stale) => 6,
        Class::Refused(RefusalKind::Final) => 7,
        Class::Refused(RefusalKind::Soft) => 8,
        Class::Refused(RefusalKind::Passing) => 9,
    }
}

/// A code as far as it looks like one.
fn tidy_code(code: &str) -> String {
    code.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-')).take(40).collect()
}

/// A text for staff in one short line, without words that could be an account, a card or an e-mail address.
fn shorten(text: &str) -> String {
    let personal = |word: &str| word.contains('@') || word.chars().filter(char::is_ascii_digit).count() >= 8;
    let words = text.split_whitespace().map(|word| if personal(word) { "…" } else { word });
    words.collect::<Vec<_>>().join(" ").chars().take(160).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(codes: &[&str]) -> Vec<u8> {
        let errors: Vec<_> =
            codes.iter().map(|code| serde_json::json!({"code": code, "merchantMessage": "no"})).collect();
        serde_json::json!({"isError": true, "errors": errors}).to_string().into_bytes()
    }

    #[test]
    fn r3_a_gateways_404_is_not_a_missing_payment() {
        let gateway = UnzerError::of_answer(StatusCode::NOT_FOUND, b"<html>not found</html>");
        assert_eq!(gateway, UnzerError::Passing { code: "HTTP 404".into() });
        let own = UnzerError::of_answer(StatusCode::NOT_FOUND, &body(&["API.310.100.003"]));
        assert_eq!(own, UnzerError::NotFound { code: "API.310.100.003".into() });
    }

    #[test]
    fn r13_errors_of_the_server_are_passing_whatever_they_say() {
        let error = UnzerError::of_answer(StatusCode::INTERNAL_SERVER_ERROR, &body(&["API.310.100.003"]));
        assert_eq!(error, UnzerError::Passing { code: "API.310.100.003".into() });
    }

    #[test]
    fn the_order_of_several_errors_does_not_matter() {
        let status = StatusCode::BAD_REQUEST;
        for codes in [["API.500.300.999", "API.320.200.145"], ["API.320.200.145", "API.500.300.999"]] {
            let error = UnzerError::of_answer(status, &body(&codes));
            assert_eq!(error, UnzerError::OtherMerchant { code: "API.320.200.145".into() });
        }
    }

    #[test]
    fn a_text_for_staff_keeps_no_account_and_no_address() {
        assert_eq!(
            shorten("IBAN DE89370400440532013000 of a@b.example\n\tis s-pay-31337"),
            "IBAN … of … is s-pay-31337"
        );
        assert!(shorten(&"long ".repeat(100)).chars().count() <= 160);
    }
}
