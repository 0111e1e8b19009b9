//! The calls: one file per family, each call with its parameters in the documented order.

use chrono_tz::Tz;

use super::dialect::Answer;
use super::params::{Args, Param, SqlError};
use super::state::State;
use crate::clock::Time;

mod setup;

/// What a procedure works on.
pub(super) struct Context<'a> {
    pub state: &'a mut State,
    pub now: Time,
    pub zone: Tz,
}

/// What a procedure gives.
pub(super) type Result<T = Answer> = std::result::Result<T, SqlError>;

/// A call: name, parameters, procedure.
pub(super) struct Signature {
    pub name: &'static str,
    pub params: &'static [Param],
    pub run: fn(&mut Context<'_>, &Args) -> Result,
}

/// Every call.
pub(super) const ALL: &[Signature] = &[setup::SERVER_TIME];

/// The call of this name.
pub(super) fn find(name: &str) -> Option<&'static Signature> {
    ALL.iter().find(|signature| signature.name == name)
}
