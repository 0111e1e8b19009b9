//! Whole stories through the real engine, journal and codecs, against the simulated peers' books.

mod already;
mod api;
mod asked;
mod bad_orders;
mod bookings;
mod connections;
mod cycles;
mod fairness;
mod hook;
mod http;
mod looks;
mod mails;
mod metrics;
mod pages;
mod people;
mod quiet_orders;
mod rules;
mod scene;
mod seeds;
mod sending;
mod surroundings;

use std::collections::BTreeSet;
use std::sync::Arc;

use super::faults::{Fault, Matcher};
use super::stories::STORIES;
use super::world::{Seller, World, start};
use crate::clock::Clock;
use crate::config::{self, Mode, Settings};
use crate::engine::peers::Peers;
use crate::engine::{Daemon, Stop, Workshop};
use crate::journal::{Journal, Options};
use crate::wire::Peer;

pub(crate) struct Theatre {
    pub(crate) world: World,
    daemon: Arc<Daemon>,
    settings: Arc<Settings>,
    journal: Journal,
    stop: Stop,
    _folder: tempfile::TempDir,
}

pub(crate) async fn theatre() -> Theatre {
    theatre_with(|configuration| configuration).await
}

/// A theatre under another configuration than the sandbox's.
async fn theatre_with(change: impl FnOnce(String) -> String) -> Theatre {
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
    let daemon = Daemon::start(settings.clone(), world.wire(), journal.clone(), clock, 7, stop.clone()).await.unwrap();
    Theatre { world, daemon: Arc::new(daemon), settings, journal, stop, _folder: folder }
}

impl Theatre {
    /// What a command that looks at an order works with, under other settings than the daemon's.
    pub(crate) fn workshop(&self, change: impl FnOnce(&mut Settings)) -> Workshop {
        let mut settings = Settings::clone(&self.settings);
        change(&mut settings);
        let peers = Peers::new(&settings, &self.world.wire(), &self.world.clock);
        Workshop {
            settings: Arc::new(settings),
            peers,
            journal: self.journal.clone(),
            clock: self.world.clock.clone(),
            hands: Arc::default(),
        }
    }
}

/// Plays the stories at once, with the daemon on its schedule.
pub(crate) async fn play(theatre: &Theatre, numbers: &[usize]) -> Vec<(usize, Result<(i64, &'static str), String>)> {
    let daemon = theatre.daemon.clone();
    let running = tokio::spawn(async move { daemon.run().await });
    let played = numbers.iter().map(|number| {
        let (story, world) = (STORIES[*number], theatre.world.clone());
        async move { (*number, story.play(&world, *number, Arc::default()).await.map_err(|astray| astray.to_string())) }
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

#[test]
fn every_method_is_sold_in_both_modes_and_both_mandants_sell() {
    let methods: BTreeSet<&str> = STORIES.iter().map(|story| story.method).filter(|method| *method != "-").collect();
    assert!(methods.len() > 20, "{methods:?}");
    for method in methods {
        for mode in [Mode::Standard, Mode::Expert] {
            let sold = STORIES.iter().any(|story| story.method == method && story.mode == mode);
            assert!(sold, "{method} is not sold in {mode:?}");
        }
    }
    for seller in [Seller::First, Seller::Second] {
        assert!(STORIES.iter().filter(|story| story.seller == seller).count() > 10, "{seller:?}");
    }
}

/// Plays one story with one fault on its way: whatever breaks, it ends as it is told, with money moved and documents
/// booked exactly once.
async fn ends_as_told_in_spite_of(matcher: Matcher, fault: Fault, number: usize) -> Result<(), String> {
    let theatre = theatre().await;
    theatre.world.faults.plan(matcher, fault);
    let ended = play(&theatre, &[number]).await;
    let left = theatre.world.faults.left();
    match &ended[0].1 {
        Ok(_) if left == 0 => Ok(()),
        Ok(_) => Err(format!("{fault:?}: the fault was never met")),
        Err(astray) => Err(format!("{fault:?}: {astray}")),
    }
}

/// Every fault at one call with an effect, in a story that makes it.
async fn every_fault_at(peer: Peer, call: &str, nth: u32, name: &str, method: &str) {
    let number = STORIES.iter().position(|story| story.name == name && story.method == method).unwrap();
    let mut astray = Vec::new();
    for fault in Fault::ALL {
        if let Err(why) = ends_as_told_in_spite_of(Matcher::nth(peer, call, nth), fault, number).await {
            astray.push(why);
        }
    }
    assert!(astray.is_empty(), "{call}\n{}", astray.join("\n"));
}

// One test for each kind of effect.

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_capture() {
    every_fault_at(Peer::Unzer, "capture", 1, "shipped in two parts", "Card").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_capture_before_the_release() {
    every_fault_at(Peer::Unzer, "capture", 1, "captured at import", "Card").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_refund_of_a_charge() {
    every_fault_at(Peer::Unzer, "refund", 1, "cancelled after capture", "Card").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_the_second_refund_of_a_credit_note() {
    every_fault_at(Peer::Unzer, "refund", 2, "everything returned", "PayPal").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_refund_on_the_payment() {
    every_fault_at(Peer::Unzer, "refund", 1, "captured per invoice", "Paylater Invoice").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_reversal() {
    every_fault_at(Peer::Unzer, "reverse", 1, "cancelled before shipping", "Card").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_reversal_of_a_claim() {
    every_fault_at(Peer::Unzer, "reverse", 1, "part returned, rest paid", "Invoice").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_shipment_notice() {
    every_fault_at(Peer::Unzer, "ship", 1, "shipped and reported", "Invoice Secured").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_release() {
    every_fault_at(Peer::Pixi, "pixiPaySetAuthorizationStatus", 1, "paid in the shop", "SOFORT").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_booking_of_an_invoice() {
    every_fault_at(Peer::Pixi, "pixiPaySetInvoiceCapture", 1, "shipped, then paid", "Invoice").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_booking_of_a_return() {
    every_fault_at(Peer::Pixi, "pixiCACreateManualBooking", 1, "paid and returned", "EPS").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_lock() {
    every_fault_at(Peer::Pixi, "pixiSetOrderShippingLock", 1, "too little money", "Card").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_bank_data() {
    every_fault_at(Peer::Pixi, "pixiCreateOrderComment", 1, "paid after a while", "Prepayment").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_new_authorisation() {
    every_fault_at(Peer::Unzer, "authorize", 1, "expired, put back on hold", "Card").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_a_changed_authorisation() {
    every_fault_at(Peer::Unzer, "change_authorization", 1, "raised, put back on hold", "Paylater Installment").await;
}

#[tokio::test(start_paused = true)]
async fn look_every_fault_at_an_unlock() {
    every_fault_at(Peer::Pixi, "pixiSetOrderShippingLock", 2, "paid after a while", "Prepayment").await;
}
