//! What can go wrong in the store.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::money::Money;
use crate::steps::OrderId;
use crate::text::{Language, Notice, Number};

use super::{StepId, StepRecord};

/// A store operation that did not come back with an answer.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// The database refused or failed; nothing of this operation is stored.
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// The database could not be reached or takes no writes; nothing of this operation is stored.
    #[error("the database is not available: {0}")]
    Unavailable(String),
    /// The answer of the commit was lost: the operation may stand or not. Read again before acting.
    #[error("it is not known whether the database has stored this; read again")]
    CommitUnknown,
    /// The store is closed.
    #[error("the store is closed")]
    Closed,
    /// Another process runs on this SQLite file.
    #[error("another process already runs on this store")]
    AlreadyRunning,
    /// The process or its lease is no longer good: another may have taken over.
    #[error("this process no longer holds the lease of the pixi API")]
    NotOwner,
    /// A copy overwrites nothing.
    #[error("the database copied into holds something already; name an empty one")]
    NotEmpty,
    /// The command copies a file, and a PostgreSQL database is none.
    #[error("the store is in PostgreSQL: copy it with `pg_dump --format=custom`, and prove it with `pixi-payd verify`")]
    OnlySqlite,
    /// The schema is older or newer than this program can work with.
    #[error("the store has schema {found}, this program needs {needed}")]
    Schema {
        /// Version in the store; 0 for an empty file.
        found: i64,
        /// Version of this program.
        needed: i64,
    },
    /// A file of the store cannot be used.
    #[error("{path}: {cause}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        cause: String,
    },
    /// No such row.
    #[error("{0} is not in the store")]
    NotFound(String),
    /// The step has another outcome already, or may not take this one.
    #[error("step {0} already ended as {1}")]
    AlreadySettled(StepId, &'static str),
    /// A stored value that this program cannot read.
    #[error("the store holds a value that cannot be read: {0}")]
    Corrupt(String),
    /// A value too large to be stored.
    #[error("{0} is too large for the store")]
    TooLarge(&'static str),
}

impl JournalError {
    /// The numbered problem it is for people; none where it concerns one request, or is no failure of the store.
    pub fn notice(&self) -> Option<Notice> {
        let detail = match self {
            Self::Schema { found, needed } => {
                return Some(Notice::problem(Number::StoreSchema).with("found", found).with("needed", needed));
            }
            Self::Database(error) => error.to_string(),
            Self::Unavailable(cause) => cause.clone(),
            Self::File { path, cause } => format!("{}: {cause}", path.display()),
            Self::CommitUnknown | Self::Corrupt(_) => self.to_string(),
            Self::Closed
            | Self::AlreadyRunning
            | Self::NotOwner
            | Self::OnlySqlite
            | Self::NotEmpty
            | Self::NotFound(_)
            | Self::AlreadySettled(..)
            | Self::TooLarge(_) => return None,
        };
        let said = detail.to_ascii_lowercase();
        let holds = |words: &[&str]| words.iter().any(|word| said.contains(word));
        // Of a server: refused, ended or silent connections, a wrong password, one connection too many.
        let away =
            ["postgresql: no ", "connection refused", "connection reset", "terminating connection", "broken pipe"];
        let closed = [
            "unexpected end of file",
            "the database system is",
            "password authentication",
            "too many clients",
            "statement timeout",
        ];
        let unknown = ["failed to lookup address", "no route to host", "network is unreachable", "timed out"];
        let number = if [away.as_slice(), &closed, &unknown].into_iter().any(holds) {
            Number::StoreAway
        } else if holds(&["is full", "no space", "quota", "disk i/o"]) {
            Number::StoreFull
        } else if holds(&["locked", "busy", "lock timeout"]) {
            Number::StoreLocked
        } else if holds(&["readonly", "read-only", "unable to open", "permission denied", "no such file"]) {
            Number::StoreNotWritable
        } else {
            Number::StoreFails
        };
        Some(Notice::problem(number).with("detail", detail))
    }

    /// The error for the log: with its number, where it has one.
    pub fn told(&self) -> String {
        match self.notice() {
            Some(notice) => format!("{} {}", notice.number, notice.text(Language::En)),
            None => self.to_string(),
        }
    }

    /// True where it concerns the one order that was worked on, and not the store.
    pub fn is_of_one_order(&self) -> bool {
        matches!(self, Self::Corrupt(_) | Self::TooLarge(_) | Self::NotFound(_) | Self::AlreadySettled { .. })
    }
}

/// Why no permit was given.
#[derive(Debug, thiserror::Error)]
pub enum IntendError {
    /// The same step was taken already, is open, or is done.
    #[error("the step was taken already")]
    AlreadyThere(Box<StepRecord>),
    /// A limit would be broken.
    #[error("guard: {0}")]
    Guard(Guard),
    /// The payment belongs to another order.
    #[error("the payment belongs to order {0}")]
    PaymentTaken(OrderId),
    /// Another money step of the same payment is intended, Pending or Unknown.
    #[error("step {0} of the same payment is still open")]
    PaymentBusy(StepId),
    /// Another booking in the same customer's account is open.
    #[error("another booking in the account of the same customer is still open")]
    CustomerBusy,
    /// The process or its lease is no longer good.
    #[error("this process no longer holds the lease of the pixi API")]
    NotOwner,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] JournalError),
}

/// The limit a step would break (DESIGN 3.0, 3.7, 4.5). Amounts in minor units of the step's currency.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Guard {
    /// Money moves only in explicit amounts above zero.
    #[error("the amount must be above zero")]
    Amount,
    /// Σ captures would exceed what is authorised.
    #[error("{wanted} more to capture, {left} left of the authorisation")]
    Captures {
        /// This step.
        wanted: i64,
        /// What is left.
        left: i64,
    },
    /// Σ refunds would exceed Σ captures.
    #[error("{wanted} more to refund, {left} left of the captures")]
    Refunds {
        /// This step.
        wanted: i64,
        /// What is left.
        left: i64,
    },
    /// Less would stay than shipped goods need.
    #[error("{left} would stay, {must_stay} has to")]
    MustStay {
        /// What would be left.
        left: i64,
        /// What has to.
        must_stay: i64,
    },
    /// One capture per invoice, one refund per credit note and charge, one booking per document and event, one open
    /// booking per customer.
    #[error("it was done for this document already")]
    OncePerDocument,
    /// pixi does not show the first booking with the event.
    #[error("the first booking with event {event}, of {document}, is not seen in pixi")]
    FirstBookingUnseen {
        /// Event.
        event: String,
        /// Document that was booked first.
        document: String,
    },
    /// `max_refund_per_day` is reached.
    #[error("the limit of refunds of a day is {limit}, {today} are done")]
    RefundsPerDay {
        /// The setting.
        limit: Money,
        /// Refunded and reserved today.
        today: Money,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_failure_of_the_store_has_its_number_in_both_languages() {
        let number = |error: JournalError| error.notice().map(|notice| notice.number);
        let unavailable = |cause: &str| number(JournalError::Unavailable(cause.to_owned()));
        assert_eq!(unavailable("(code: 13) database or disk is full"), Some(Number::StoreFull));
        assert_eq!(unavailable("(code: 5) database is locked"), Some(Number::StoreLocked));
        assert_eq!(unavailable("(code: 8) attempt to write a readonly database"), Some(Number::StoreNotWritable));
        assert_eq!(unavailable("(code: 14) unable to open database file"), Some(Number::StoreNotWritable));
        assert_eq!(unavailable("(code: 11) database disk image is malformed"), Some(Number::StoreFails));
        assert_eq!(unavailable("Connection refused (os error 111)"), Some(Number::StoreAway));
        assert_eq!(unavailable("PostgreSQL: no connection within 10 s"), Some(Number::StoreAway));
        assert_eq!(unavailable("terminating connection due to administrator command"), Some(Number::StoreAway));
        assert_eq!(number(JournalError::Schema { found: 9, needed: 4 }), Some(Number::StoreSchema));
        assert_eq!(number(JournalError::NotOwner), None);
        let notice = JournalError::Unavailable("database or disk is full".to_owned()).notice().unwrap();
        for language in [Language::De, Language::En] {
            assert!(notice.text(language).ends_with("database or disk is full"), "{notice:?}");
            assert!(!notice.what_now(language).contains('{'), "{notice:?}");
        }
        let told = JournalError::Unavailable("database is locked".to_owned()).told();
        assert_eq!(told, "PP-1932 The store is locked by another program: database is locked");
    }
}
