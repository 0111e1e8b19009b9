//! What moves orders on: the schedule, the cycle, gathering facts, taking steps, settling what is not known, and what
//! people ask for.

mod address;
mod bank_data;
pub mod brakes;
pub mod cycle;
pub mod daemon;
mod documents;
mod first_booking;
mod gone;
mod look;
mod payment;
pub mod peers;
pub mod preview;
pub mod read_back;
mod reading;
mod reauthorize;
mod record;
pub mod requests;
pub mod schedule;
pub mod shown;
mod take;
pub mod told;
pub mod words;
pub mod work;

pub use brakes::Brakes;
pub use cycle::{CycleReport, Only, Scope};
pub use daemon::{Daemon, DaemonError, LastCycle, Stop};
pub use look::asks_person;
pub use shown::OrderShown;
pub use work::{WorkError, Workshop};
