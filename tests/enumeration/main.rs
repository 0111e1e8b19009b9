//! Exhaustive enumeration of failures: every flow × every step, durable or remote × every moment × every fault.
//!
//! A flow is a story of the sandbox (method × process × mode). Each is run once without faults and its requests and
//! commits are recorded; then once for each fault that can happen at each of them, in a fresh world, up to rest after a
//! restart. The books of the simulated peers have to end as they did without the fault. Nothing is drawn by chance, and
//! nothing here knows which steps there are: what a flow does is what is disturbed.
//!
//! `cases` holds the rules: what is left out and why, and where a person may be asked.
//! Replay one: `CASE=12/write:3/before-answer/crash cargo test --test enumeration replay -- --nocapture`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a run that cannot begin has failed")]
#![allow(clippy::print_stdout, reason = "counts and traces are what is asked for")]

mod books;
mod cases;
mod comments;
mod flows;
#[path = "../shared/house.rs"]
mod house;
mod line;
#[path = "../shared/number.rs"]
mod number;
mod run;
#[path = "../shared/store.rs"]
mod store;
mod tests;
#[path = "../shared/wire.rs"]
mod wire;

/// A run allocates little things all the time; the system's allocator is slower at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
