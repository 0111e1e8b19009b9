//! The calls, one file per family; [`table`] says how each is sent.

pub mod account;
pub mod addresses;
pub mod comments;
pub mod imports;
pub mod invoices;
pub mod items;
pub mod locks;
pub mod orders;
pub mod pay;
pub mod setup;
pub mod table;
pub mod work_lists;
