//! What can go wrong with a call, in six layers (`pixi/NOTES` 5), and what it means for an effect.

use http::StatusCode;
use thiserror::Error;

use crate::pixi::answer::AnswerError;
use crate::pixi::assumptions;
use crate::pixi::columns::CellError;
use crate::pixi::envelope::EncodeError;
use crate::steps::{Outcome, Refusal, RefusalKind};
use crate::wire::SendError;

/// How long an error will last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorClass {
    /// Goes away by itself.
    Passing,
    /// Comes again with the same request.
    Final,
    /// Goes away when somebody mends login, rights, address or settings.
    Configuration,
}

/// A call that brought no usable answer. Texts never hold cell values: those can be personal.
#[derive(Debug, Error)]
pub enum PixiError {
    /// The request could not be written.
    #[error("{call}: {error}")]
    Request {
        /// Call.
        call: String,
        /// Why.
        error: EncodeError,
    },
    /// Layer 1, network.
    #[error("{call}: {error}")]
    Send {
        /// Call.
        call: String,
        /// How it was lost.
        error: SendError,
    },
    /// Layer 1, login.
    #[error(
        "{call}: pixi refuses the login (HTTP {status}); check username and password of the pixi API and its rights"
    )]
    Login {
        /// Call.
        call: String,
        /// HTTP status.
        status: StatusCode,
    },
    /// Layer 1, HTTP status without a SOAP answer.
    #[error(
        "{call}: pixi answers HTTP {status} and no SOAP message; check the endpoint of the pixi API, or try again later"
    )]
    Http {
        /// Call.
        call: String,
        /// HTTP status.
        status: StatusCode,
    },
    /// Layer 1, bytes that are no answer.
    #[error("{call}: {error}")]
    Answer {
        /// Call.
        call: String,
        /// What they are.
        error: AnswerError,
    },
    /// Layer 2.
    #[error("{call}: SOAP fault {code}: {text}; a fault usually means that the call is not installed on this database")]
    Fault {
        /// Call.
        call: String,
        /// `faultcode` or `Code/Value`, without prefix.
        code: String,
        /// `faultstring` or `Reason/Text`.
        text: String,
    },
    /// Layers 3 and 4: an error of the database.
    #[error("{call}: database error {number}, class {class}: {text}")]
    Sql {
        /// Call.
        call: String,
        /// Number.
        number: i64,
        /// Class.
        class: i64,
        /// Text.
        text: String,
    },
    /// Layer 5.
    #[error("{call}: the procedure returned {code} instead of 0")]
    ResultCode {
        /// Call.
        call: String,
        /// Its return value.
        code: i64,
    },
    /// Layer 6.
    #[error("{call}: pixi says {code}: {text}")]
    Status {
        /// Call.
        call: String,
        /// The call's own word or number.
        code: String,
        /// Its text.
        text: String,
    },
    /// A needed column is not in the answer.
    #[error(
        "{call}: the answer has no column {column}; columns seen: {}; if one of them is meant, set {setting}: <its name>",
        if seen.is_empty() { "none".to_owned() } else { seen.join(", ") }
    )]
    MissingColumn {
        /// Call.
        call: String,
        /// Needed column.
        column: &'static str,
        /// Columns of the answer.
        seen: Vec<String>,
        /// Key that mends it: `pixi.<api>.columns.<call>.<column>`.
        setting: String,
    },
    /// A needed value is missing or not what it should be.
    #[error("{call}: row {row}: {error}")]
    Cell {
        /// Call.
        call: String,
        /// Row in the answer, from 1.
        row: u64,
        /// What is wrong.
        error: CellError,
    },
    /// A row of something that was not asked for.
    #[error("{call}: the answer holds rows of something else than was asked for")]
    WrongRow {
        /// Call.
        call: String,
    },
    /// Neither rows nor a result: cannot be told from a lost one.
    #[error("{call}: the answer is empty, without rows and without a result")]
    Empty {
        /// Call.
        call: String,
    },
}

impl PixiError {
    /// How long it will last.
    pub fn class(&self) -> ErrorClass {
        match self {
            Self::Send { error, .. } if error.cause() == crate::wire::Cause::Invalid => ErrorClass::Configuration,
            Self::Send { .. } | Self::Empty { .. } => ErrorClass::Passing,
            Self::Login { .. } | Self::MissingColumn { .. } => ErrorClass::Configuration,
            Self::Http { status, .. } => match *status {
                StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS => ErrorClass::Passing,
                status if status.is_server_error() => ErrorClass::Passing,
                _ => ErrorClass::Configuration,
            },
            Self::Answer { error, .. } => match error {
                AnswerError::Html | AnswerError::Truncated => ErrorClass::Passing,
                _ => ErrorClass::Final,
            },
            Self::Fault { code, text, .. } => {
                if is_sender_fault(code) || names_missing_call(text) {
                    ErrorClass::Configuration
                } else {
                    ErrorClass::Passing
                }
            }
            Self::Sql { number, .. } => match number {
                // Deadlock victim, lock time-out, time-out, out of resources.
                1205 | 1222 | -2 | 701 | 8645 | 8651 => ErrorClass::Passing,
                number if assumptions::SQL_BEFORE_RUNNING.contains(number) => ErrorClass::Configuration,
                _ => ErrorClass::Final,
            },
            Self::Request { .. }
            | Self::ResultCode { .. }
            | Self::Status { .. }
            | Self::Cell { .. }
            | Self::WrongRow { .. } => ErrorClass::Final,
        }
    }

    /// What the error of a writing call says about its effect. Whatever leaves room for doubt once bytes have left is
    /// [`Outcome::Unknown`].
    pub fn outcome(&self) -> Outcome {
        let refused = |kind, code: String, message: &str| {
            Outcome::Refused(Refusal { kind, code, message: shorten(message, 200) })
        };
        match self {
            Self::Request { error, .. } => Outcome::NotSent { cause: format!("request invalid: {error}") },
            Self::Send { error, .. } => (*error).into(),
            Self::Login { status, .. } => {
                refused(RefusalKind::Configuration, format!("HTTP {status}"), "login refused")
            }
            Self::Http { status, .. } => match status.as_u16() {
                301 | 307 | 308 | 404 | 405 | 413 | 415 => {
                    refused(RefusalKind::Configuration, format!("HTTP {status}"), "not taken")
                }
                429 => refused(RefusalKind::Passing, format!("HTTP {status}"), "too many requests"),
                _ => Outcome::Unknown { cause: format!("HTTP {status}") },
            },
            Self::Fault { code, text, .. } if is_sender_fault(code) => {
                refused(RefusalKind::Configuration, code.clone(), text)
            }
            Self::Sql { number, text, .. } if assumptions::SQL_BEFORE_RUNNING.contains(number) => {
                refused(RefusalKind::Configuration, format!("SQL {number}"), text)
            }
            Self::Status { code, text, .. } => refused(RefusalKind::Final, code.clone(), text),
            other => Outcome::Unknown { cause: shorten(&other.to_string(), 200) },
        }
    }
}

/// True for faults that blame the request: it was not carried out.
fn is_sender_fault(code: &str) -> bool {
    let first = code.split('.').next().unwrap_or_default();
    first.eq_ignore_ascii_case("client") || first.eq_ignore_ascii_case("sender")
}

fn names_missing_call(text: &str) -> bool {
    let text = text.to_ascii_lowercase();
    ["not installed", "not found", "unknown", "does not exist", "not defined", "not a valid method"]
        .iter()
        .any(|hint| text.contains(hint))
}

/// The first `limit` characters of a text, on one line.
pub(in crate::pixi) fn shorten(text: &str, limit: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(limit).collect()
}
