//! Configuration.
pub mod ids;
pub mod settings;
pub use ids::*;
pub use settings::*;
