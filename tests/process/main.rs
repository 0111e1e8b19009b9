//! The built binary under real blows: killed in the middle of its work, its disk full, its store read-only or locked, two
//! processes on one store, three on one PostgreSQL. The simulated peers live in the test's process and survive all of it; what is checked stands
//! in their books.
//!
//! `tests/soak --kills N` kills more often than a plain run of the tests does.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test that cannot be set up has failed")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "counts are what is asked for")]

mod books;
#[path = "../simulation/dice.rs"]
#[allow(dead_code, reason = "the simulation rolls in more ways")]
mod dice;
mod disk;
mod gate;
mod house;
mod instances;
mod kill;
#[path = "../shared/number.rs"]
mod number;
mod people;
mod store;
mod two;
