//! Configuration: YAML → [`Settings`].
//!
//! `yaml` reads a tree that knows its lines, `load` merges the files, `shape` looks at it along the schema of `file`,
//! `inherit` fills in what is inherited, `read` makes [`Settings`] of it. Everything wrong is reported in one run, with
//! its line and the mend, and never with a secret in it.

mod at;
pub mod check;
mod copy;
pub mod file;
pub mod finding;
pub mod ids;
mod inherit;
mod load;
pub mod quiet;
mod read;
pub mod settings;
mod shape;
mod show;
mod start;
mod value;
mod yaml;

pub use at::{Environment, Origins};
pub use copy::{CopyError, copy_payment_type};
pub use file::schema;
pub use finding::{Finding, Findings, Severity};
pub use ids::*;
pub use load::{Loaded, find_file, load, load_with};
pub use read::database_named;
pub use settings::*;
pub use show::{show, show_json};
pub use start::{FoundAtPixi, FoundMandant, FoundType, start_from};

/// A commented file to start from; it loads as it is, with everything that needs a secret switched off.
pub const STARTER: &str = include_str!("starter.yaml");

#[cfg(test)]
mod tests;
