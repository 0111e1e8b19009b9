//! The pages in a real browser: Debian's chromium against the sandbox of the built binary.
//!
//! `tests/browser/run` fetches axe-core and runs these tests; it says what is missing. Tests that run side by side share
//! one sandbox, each with orders of its own.

#![allow(clippy::unwrap_used, missing_docs, reason = "a test that cannot be set up has failed")]

mod alone;
mod chrome;
mod keyboard;
mod looks;
mod pictures;
mod reload;
mod stage;
mod work;
