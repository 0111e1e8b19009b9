//! pixi-payd: the payment daemon for the pixi ERP and Unzer.
//!
//! `docs/architecture.md` tells how the parts fit together. A module uses only those above it in this list.

pub mod cli;
pub mod clock;
pub mod config;
pub mod engine;
pub mod journal;
pub mod mail;
pub mod money;
pub mod pixi;
pub mod policy;
pub mod sandbox;
pub mod steps;
pub mod text;
pub mod unzer;
pub mod web;
pub mod wire;
