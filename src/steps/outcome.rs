//! What became of a step.

use serde::{Deserialize, Serialize};

use crate::wire::Cause;

/// What became of a request that was to have an effect. There is no sixth case, and none that may be sent again by
/// itself: only `NotSent` and `Refused` leave room for another attempt.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "outcome")]
pub enum Outcome {
    /// The effect holds.
    Done(Evidence),
    /// The peer has taken it and will decide later.
    Pending(Evidence),
    /// The peer said no; nothing happened.
    Refused(Refusal),
    /// Never reached the peer.
    NotSent {
        /// Why, in a word.
        cause: String,
    },
    /// Perhaps it happened. Never resent: looked for.
    Unknown {
        /// Why, in a word.
        cause: String,
    },
}

/// Causes that a look writes, and that later plans and looks go by.
const MAY_STILL_ARRIVE: &str = "may be sent again";
const CANNOT_BE_TOLD: &str = "looking cannot tell";

impl Outcome {
    /// The word for it in the store, in logs and in tables.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Done(_) => "done",
            Self::Pending(_) => "pending",
            Self::Refused(_) => "refused",
            Self::NotSent { .. } => "not_sent",
            Self::Unknown { .. } => "unknown",
        }
    }

    /// Not sent, for this cause.
    pub fn not_sent(cause: Cause) -> Self {
        Self::NotSent { cause: cause.to_string() }
    }

    /// Unknown, for this cause.
    pub fn unknown(cause: Cause) -> Self {
        Self::Unknown { cause: cause.to_string() }
    }

    /// Not seen by a look, of a step that may be sent again without harm: its first request may still take effect.
    pub fn lost() -> Self {
        Self::NotSent { cause: MAY_STILL_ARRIVE.to_owned() }
    }

    /// As [`Self::lost`].
    pub fn is_lost(&self) -> bool {
        matches!(self, Self::NotSent { cause } if cause == MAY_STILL_ARRIVE)
    }

    /// A look has shown that looking does not tell: a person is asked.
    pub fn cannot_be_told() -> Self {
        Self::Unknown { cause: CANNOT_BE_TOLD.to_owned() }
    }

    /// As [`Self::cannot_be_told`].
    pub fn asks_person(&self) -> bool {
        matches!(self, Self::Unknown { cause } if cause == CANNOT_BE_TOLD)
    }
}

impl From<crate::wire::SendError> for Outcome {
    fn from(error: crate::wire::SendError) -> Self {
        match error {
            crate::wire::SendError::NotSent(cause) => Self::not_sent(cause),
            crate::wire::SendError::Unknown(cause) => Self::unknown(cause),
        }
    }
}

/// What the peer answered, as far as it is worth keeping: ids and codes, no personal data.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// Id of the transaction with its parent (`charges/s-chg-1/cancels/s-cnl-2`), for Unzer steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub transaction: Option<String>,
    /// Unzer's unique id (`31HA07BC…`), for booking.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_id: Option<String>,
    /// The peer's code (`COR.000.100.112`, `OK`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub code: Option<String>,
    /// How it is known, where not from the answer itself: `read back`, `decided by anna`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// How final a refusal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefusalKind {
    /// No, until facts change or a person says so.
    Final,
    /// A decline that may be tried again later (soft card decline).
    Soft,
    /// A decline that must never be tried again.
    Hard,
    /// Already so, says the peer: done only once the effect has been found.
    AlreadySo,
    /// Our picture was wrong: read again, plan again.
    Stale,
    /// Keys, rights or set-up are wrong.
    Configuration,
    /// Passing: the peer is busy or out of order and surely did nothing.
    Passing,
}

/// The peer's no.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// How final.
    pub kind: RefusalKind,
    /// The peer's code (`API.330.100.007`).
    pub code: String,
    /// The peer's text for staff, shortened; may be empty.
    pub message: String,
}
