//! Words of tables and explanations.

pub use crate::engine::words::{effect, mandant, outcome, pick};
