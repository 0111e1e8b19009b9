//! Calls a connection test and the set-up use (pixi/NOTES 13).

use super::super::dialect::{Answer, Cell, RowSet, Sql};
use super::super::params::Args;
use super::{Context, Result, Signature};

pub(super) const SERVER_TIME: Signature = Signature { name: "pixiGetServerTime", params: &[], run: server_time };

fn server_time(context: &mut Context<'_>, _: &Args) -> Result {
    Ok(Answer::rows(RowSet::new([context.now], &[("ServerTime", Sql::DateTime, |now| Cell::Time(*now))])))
}
