//! Each rule against the simulated peers' books: what moved at Unzer, what pixi booked, locked and was told.
//!
//! Nothing here asks the store: a rule holds where both ledgers show it.

mod cancel;
mod capture;
mod claim;
mod release;
mod rest;
mod returns;
mod watch;

use std::future::Future;

use super::{Theatre, theatre_with};
use crate::config::Mode;
use crate::sandbox::stage::{Stage, Told};

/// Plays a scene before the real daemon, which makes a cycle each minute.
async fn plays<F: Future<Output = Told>>(mode: Mode, scene: impl FnOnce(Stage) -> F) {
    plays_under(|configuration| configuration, mode, scene).await;
}

/// The same under another configuration than the sandbox's.
async fn plays_under<F: Future<Output = Told>>(
    change: impl FnOnce(String) -> String,
    mode: Mode,
    scene: impl FnOnce(Stage) -> F,
) {
    let Theatre { world, daemon, stop, _folder, .. } = theatre_with(change).await;
    let at_work = tokio::spawn(async move { daemon.run().await });
    let told = scene(Stage::new(&world, mode, 0)).await;
    stop.now();
    at_work.await.unwrap().unwrap();
    if let Err(astray) = told {
        panic!("{mode:?}: {astray}");
    }
}

/// The same scene in both modes.
async fn plays_in_both_modes<F: Future<Output = Told>>(scene: impl Fn(Stage) -> F) {
    plays(Mode::Standard, &scene).await;
    plays(Mode::Expert, &scene).await;
}
