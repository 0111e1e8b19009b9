//! What moves orders on: the schedule, the cycle, gathering facts, taking steps, settling what is not known, and what
//! people ask for.

mod address;
pub mod adopt;
mod bank_data;
pub mod brakes;
pub mod connections;
pub mod cycle;
pub mod daemon;
pub mod detail;
mod documents;
mod first_booking;
mod gone;
mod hands;
pub mod health;
mod hinted;
mod instances;
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
pub mod subscriptions;
mod take;
pub mod told;
pub mod words;
pub mod work;

pub use brakes::Brakes;
pub use cycle::{CycleReport, Only, Scope};
pub use daemon::{Daemon, DaemonError, LastCycle, Stop};
pub use detail::OrderDetail;
pub use hands::{Hands, Progress};
pub use health::Health;
pub use look::asks_person;
pub use shown::OrderShown;
pub use work::{WorkError, Workshop};
