//! Mails to operators: what is to be told is gathered into mails, these are stored, sent, and what became of them is noted.
//!
//! `gather` decides which news go into which mail, `pages` says what stands in it, `render` writes text and HTML,
//! `message` makes a signed message of it, a [`Carrier`] brings it to the mail server, and [`Post`] moves it all on,
//! beside the cycles and never in their way.

mod accounts;
mod carrier;
mod daily;
pub mod dkim;
mod gather;
mod health;
mod message;
mod pages;
mod post;
pub mod records;
mod render;
mod smtp;
mod tidy;

#[cfg(test)]
mod tests;

pub use carrier::{Carrier, CarryError, Fate, Parcel, Stage};
pub use health::troubles;
pub use message::{TestMail, parcel_of_test};
pub use post::{Post, Sent, beside};
pub use smtp::{Probed, SmtpCarrier};
