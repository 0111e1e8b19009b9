//! Simulated pixi and Unzer: for users without an account, and for every test.

pub mod faults;
pub mod pixi;
pub mod unzer;
