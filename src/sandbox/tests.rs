//! Whole stories through the real engine, journal and codecs, against the simulated peers' books.

mod bad_orders;
mod bookings;
mod cycles;
mod looks;
mod scene;
mod sending;

use std::sync::Arc;

use super::faults::{Fault, Matcher};
use super::stories::STORIES;
use super::world::{World, start};
use crate::clock::Clock;
use crate::config::{self, Settings};
use crate::engine::{Daemon, Stop};
use crate::journal::{Journal, Options};
use crate::wire::Peer;

mod surroundings;

struct Theatre {
    world: World,
    daemon: Arc<Daemon>,
    journal: Journal,
    stop: Stop,
    _folder: tempfile::TempDir,
}

async fn theatre() -> Theatre {
    theatre_with(|configuration| configuration).await
}

/// A theatre whose configuration was changed.
async fn theatre_with(change: impl Fn(String) -> String) -> Theatre {
    let clock = Clock::simulated(start(), 1);
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(clock.clone());
    let file = folder.path().join("pixi-payd.yaml");
    std::fs::write(&file, change(world.configuration(folder.path(), "http://127.0.0.1:9"))).unwrap();
    let settings = match config::load(&file) {
        Ok(loaded) => loaded.settings,
        Err(findings) => panic!("{findings}"),
    };
    let settings: Arc<Settings> = Arc::new(settings);
    let store = folder.path().join("pixi-payd.db");
    let journal = Journal::open(Options::new(store, clock.clone()).simulated(7)).await.unwrap();
    let stop = Stop::default();
    let daemon = Daemon::start(settings, world.wire(), journal.clone(), clock, 7, stop.clone()).await.unwrap();
    Theatre { world, daemon: Arc::new(daemon), journal, stop, _folder: folder }
}

/// Plays the stories at once, with the daemon on its schedule.
async fn play(theatre: &Theatre, numbers: &[usize]) -> Vec<(usize, Result<(i64, &'static str), String>)> {
    let daemon = theatre.daemon.clone();
    let running = tokio::spawn(async move { daemon.run().await });
    let played = numbers.iter().map(|number| {
        let (story, world) = (STORIES[*number], theatre.world.clone());
        async move { (*number, story.play(&world, *number).await.map_err(|astray| astray.to_string())) }
    });
    let ended = futures_util::future::join_all(played).await;
    theatre.stop.now();
    running.await.unwrap().unwrap();
    ended
}

#[tokio::test(start_paused = true)]
async fn every_story_ends_as_it_is_told() {
    let theatre = theatre().await;
    let all: Vec<usize> = (0..STORIES.len()).collect();
    let astray: Vec<String> = play(&theatre, &all)
        .await
        .into_iter()
        .filter_map(|(number, ended)| ended.err().map(|astray| format!("{number} {:?}: {astray}", STORIES[number])))
        .collect();
    assert!(astray.is_empty(), "\n{}", astray.join("\n"));
    let chains = theatre.journal.verify_chains().await.unwrap();
    assert!(chains.iter().all(|chain| chain.broken_at.is_none()), "{chains:?}");
}

/// Faults that a step can meet, at the calls that have an effect: whatever breaks, the story ends as it is told, with
/// money moved and documents booked exactly once.
async fn ends_as_told_in_spite_of(peer: Peer, call: &str, fault: Fault, number: usize) -> Result<(), String> {
    let theatre = theatre().await;
    theatre.world.faults.plan(Matcher::next(peer, call), fault);
    let ended = play(&theatre, &[number]).await;
    let left = theatre.world.faults.left();
    match &ended[0].1 {
        Ok(_) if left == 0 => Ok(()),
        Ok(_) => Err(format!("{call} {fault:?}: the fault was never met")),
        Err(astray) => Err(format!("{call} {fault:?}: {astray}")),
    }
}

/// Calls with an effect, each with a story that makes it.
const EFFECTS: &[(Peer, &str, &str)] = &[
    (Peer::Unzer, "capture", "shipped in two parts"),
    (Peer::Unzer, "capture", "captured at import"),
    (Peer::Unzer, "refund", "one line returned"),
    (Peer::Unzer, "refund", "cancelled after capture"),
    (Peer::Unzer, "reverse", "cancelled before shipping"),
    (Peer::Pixi, "pixiPaySetAuthorizationStatus", "shipped in two parts"),
    (Peer::Pixi, "pixiPaySetInvoiceCapture", "shipped in two parts"),
    (Peer::Pixi, "pixiCACreateManualBooking", "one line returned"),
    (Peer::Pixi, "pixiSetOrderShippingLock", "too little money"),
];

#[tokio::test(start_paused = true)]
async fn every_fault_at_every_effect_leaves_the_books_exact() {
    let mut astray = Vec::new();
    for (peer, call, name) in EFFECTS {
        let number = STORIES.iter().position(|story| story.name == *name).unwrap();
        for fault in Fault::ALL {
            if let Err(why) = ends_as_told_in_spite_of(*peer, call, fault, number).await {
                astray.push(why);
            }
        }
    }
    assert!(astray.is_empty(), "\n{}", astray.join("\n"));
}
