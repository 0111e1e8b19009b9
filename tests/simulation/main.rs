//! Simulation by seed: the real policy, engine, codecs and journal against the simulated peers, and everything that can
//! go wrong, drawn from one number.
//!
//! A play is one thread: a current-thread runtime whose clock is paused, peers in this process, and a store that runs
//! each operation to its end in place on a real SQLite file. The same seed therefore plays the same way everywhere.
//! Crashes are simulated above the store, so nothing waits for the disk. What must hold is looked up in the books of the
//! simulated peers (`books`, `watch`), never in what the daemon believes.
//!
//! Replay a seed: `SEED=123 cargo test --test simulation replay -- --nocapture`.

#![allow(clippy::unwrap_used, missing_docs, reason = "a play that cannot begin has failed")]
#![allow(clippy::print_stdout, reason = "counts and traces are what is asked for")]
#![allow(clippy::too_many_lines, reason = "a list of deeds is as long as there are deeds")]
#![allow(clippy::items_after_statements, clippy::type_complexity, reason = "they stand where they are used")]

mod books;
mod cast;
mod dice;
mod excuses;
#[path = "../shared/house.rs"]
mod house;
mod kind;
mod line;
#[path = "../shared/number.rs"]
mod number;
mod play;
#[path = "../shared/store.rs"]
mod store;
mod tests;
mod trace;
mod watch;
#[path = "../shared/wire.rs"]
mod wire;

/// A play allocates little things all the time; the system's allocator is slower at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;
