//! The calls: one file per family, each call with its parameters in the documented order.
#![allow(clippy::unnecessary_wraps, reason = "all procedures share one shape, and some of them raise errors")]

use chrono_tz::Tz;

use super::dialect::Answer;
use super::params::{Args, Param, SqlError};
use super::state::State;
use crate::clock::Time;

mod account;
mod comments;
mod customers;
mod documents;
mod imports;
mod orders;
mod pay;
mod setup;
mod views;
mod work_lists;

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
pub(super) const ALL: &[Signature] = &[
    work_lists::ORDERS_TO_AUTHORIZE,
    work_lists::INVOICES_TO_CAPTURE,
    work_lists::CHANGED_ORDERS,
    orders::HEADER,
    orders::LINES,
    orders::TOTALS,
    orders::LOCK,
    orders::RELEASE,
    orders::CAN_CHANGE_ADDRESS,
    documents::INVOICES,
    documents::LINES,
    pay::SET_AUTHORIZATION,
    pay::SET_CAPTURE,
    pay::CREDIT_CARD_INFO,
    account::BOOK,
    account::EVENTS,
    account::FILTERED_EVENTS,
    account::CUSTOMER_EVENTS,
    account::MATCHES,
    customers::LOCK,
    customers::COMMENT,
    customers::ADDRESS,
    customers::CHANGE_ADDRESS,
    comments::CREATE,
    comments::ADD,
    comments::LIST,
    imports::FIND_XML,
    imports::ITEM_INFO,
    setup::SHOPS,
    setup::PAYMENT_TYPES,
    setup::SERVER_TIME,
    setup::REVISION,
    setup::CALL_INFO,
    setup::CURRENCIES,
];

/// The call of this name.
pub(super) fn find(name: &str) -> Option<&'static Signature> {
    ALL.iter().find(|signature| signature.name == name)
}
