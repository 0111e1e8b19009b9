//! Client of the Unzer API.
pub mod model;
pub use model::*;
