//! Client of the Unzer API: typed, over [`crate::wire`], without a thought about pixi.
//!
//! Reads answer `Result<_, UnzerError>`; whatever moves money answers [`crate::steps::Outcome`]. Amounts never pass
//! through floating point, and nothing personal leaves this module except in types that do not show it.
#![deny(clippy::float_arithmetic)]

mod answer;
#[cfg(test)]
mod bare;
mod client;
pub mod codes;
mod error;
mod key_ring;
pub(crate) mod lenient;
mod merchant;
pub mod model;
mod money_moves;
mod payment;
mod resources;
mod webhook;

pub use answer::{BankData, TransactionDetail};
pub use client::UnzerClient;
pub use error::UnzerError;
pub use key_ring::{Hint, KeyRing};
pub use merchant::{KeyPairInfo, SupportedType, Webhook};
pub use model::*;
pub use money_moves::NewAuthorization;
pub use resources::{Basket, DeliveryAddress, PaymentTypeInfo, Resources};
pub use webhook::{EVENTS, Word};
