//! A step as the store keeps it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Owner;
use crate::clock::Time;
use crate::steps::{Effect, Guards, OrderId, Outcome, StepKey};

/// Row of a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepId(pub i64);

impl fmt::Display for StepId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// How far a step is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepState {
    /// Durable, and nothing is known of what became of it. After a crash: perhaps it was sent.
    Intended,
    /// The effect holds.
    Done,
    /// The peer decides later.
    Pending,
    /// The peer said no.
    Refused,
    /// It never left, or it was proven absent.
    NotSent,
    /// Perhaps it happened.
    Unknown,
}

impl StepState {
    /// The word for it in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Done => "done",
            Self::Pending => "pending",
            Self::Refused => "refused",
            Self::NotSent => "not_sent",
            Self::Unknown => "unknown",
        }
    }

    pub(super) fn from_name(name: &str) -> Option<Self> {
        [Self::Intended, Self::Done, Self::Pending, Self::Refused, Self::NotSent, Self::Unknown]
            .into_iter()
            .find(|state| state.name() == name)
    }

    /// True while it is not known what became of it.
    pub fn is_open(self) -> bool {
        matches!(self, Self::Intended | Self::Pending | Self::Unknown)
    }

    /// True where the same step may be tried again.
    pub fn leaves_room(self) -> bool {
        matches!(self, Self::Refused | Self::NotSent)
    }
}

/// A step as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct StepRecord {
    /// Row.
    pub id: StepId,
    /// Order.
    pub order: OrderId,
    /// Natural key.
    pub key: StepKey,
    /// How often it was tried, from 1.
    pub attempt: i64,
    /// What was to be done.
    pub effect: Effect,
    /// Rule that asked for it.
    pub rule: String,
    /// Limits it was checked against.
    pub guards: Guards,
    /// Paths of the payment's transactions before it was sent.
    pub snapshot: Vec<String>,
    /// Word that went with the request.
    pub token: String,
    /// Process that intended it.
    pub owner: Owner,
    /// When the intent was stored.
    pub intended_at: Time,
    /// Until when the request may have been under way.
    pub deadline: Time,
    /// How far it is.
    pub state: StepState,
    /// What became of it; none while intended.
    pub outcome: Option<Outcome>,
    /// When its outcome was stored last.
    pub settled_at: Option<Time>,
    /// How often it was looked for without an answer.
    pub looks: i64,
    /// First look that did not see it.
    pub first_look_at: Option<Time>,
    /// When to look next; none: a person's turn, or ended.
    pub next_look_at: Option<Time>,
    /// Person who decided it.
    pub decided_by: Option<String>,
    /// Why.
    pub decided_reason: Option<String>,
}
