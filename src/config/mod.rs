//! Configuration.
pub mod ids;
pub mod quiet;
pub mod settings;
pub use ids::*;
pub use settings::*;
