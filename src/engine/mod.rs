//! What moves orders on: the schedule so far.
pub mod schedule;
