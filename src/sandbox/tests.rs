//! Whole stories through the real engine, journal and codecs, against the simulated peers' books.

use std::sync::Arc;

use super::stories::STORIES;
use super::world::{World, start};
use crate::clock::Clock;
use crate::config::{self, Settings};
use crate::engine::{Daemon, Stop};
use crate::journal::{Journal, Options};

struct Theatre {
    world: World,
    daemon: Arc<Daemon>,
    journal: Journal,
    stop: Stop,
    _folder: tempfile::TempDir,
}

async fn theatre() -> Theatre {
    let clock = Clock::simulated(start(), 1);
    let folder = tempfile::tempdir().unwrap();
    let world = World::new(clock.clone());
    let file = folder.path().join("pixi-payd.yaml");
    std::fs::write(&file, world.configuration(folder.path(), "http://127.0.0.1:9")).unwrap();
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
