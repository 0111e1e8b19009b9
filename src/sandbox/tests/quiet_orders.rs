//! What orders cost to which nothing happens, and whom a silent peer slows down.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::scene::{Act, Scene};
use crate::clock::Time;
use crate::sandbox::faults::{Fault, Matcher};
use crate::sandbox::stage::Stage;
use crate::sandbox::world::Seller;
use crate::steps::Kind;
use crate::wire::Peer;

#[tokio::test(start_paused = true)]
async fn an_unchanged_order_costs_three_reads_of_pixi_and_one_of_unzer_and_writes_nothing() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let mut all = Vec::new();
    for number in 1..=5 {
        all.push(stage.another(number).authorize("card", &[60_00], 0).unwrap());
    }
    scene.hours(3).await;
    let before: Vec<_> = futures_util::future::join_all(all.iter().map(|sold| scene.row(sold.nr))).await;
    // Everything is due.
    scene.world.clock.sleep(Duration::from_hours(7)).await;
    scene.line.take_sent();
    let report = scene.cycle().await;
    assert_eq!(report.orders, all.len());
    let sent = scene.line.take_sent();
    assert!(sent.iter().all(|sent| !sent.write));
    for sold in &all {
        let pixi = sent.iter().filter(|sent| sent.is_about(sold.nr)).count();
        assert!(pixi <= 3, "order {}: {pixi} requests to pixi", sold.nr);
    }
    let unzer = sent.iter().filter(|sent| !sent.call.starts_with("pixi")).count();
    assert_eq!(unzer, all.len(), "one request to Unzer for each");
    let after: Vec<_> = futures_util::future::join_all(all.iter().map(|sold| scene.row(sold.nr))).await;
    for (before, after) in before.iter().zip(&after) {
        assert_eq!((before.changed, &before.facts_digest), (after.changed, &after.facts_digest), "not written");
    }
}

#[tokio::test(start_paused = true)]
async fn looking_asks_nothing_more_where_the_facts_answer_already() {
    // How often a call is sent for an order whose release meets a fault.
    let calls = async |fault: Option<Fault>, call: &'static str, peer: Peer| {
        let scene = Scene::new().await;
        let stage = scene.stage(1);
        let sold = stage.authorize("card", &[60_00], 0).unwrap();
        if let Some(fault) = fault {
            scene.world.faults.plan(Matcher::next(peer, call), fault);
        }
        scene.line.take_sent();
        scene.minutes(3).await;
        let sent = scene.line.take_sent();
        assert_eq!(scene.steps(sold.nr, Kind::Release).await.len(), 1);
        sent.iter().filter(|sent| sent.call == call).count()
    };
    let release = "pixiPaySetAuthorizationStatus";
    assert_eq!(calls(None, release, Peer::Pixi).await, 1);
    assert_eq!(calls(Some(Fault::DropAfter), release, Peer::Pixi).await, 1, "nothing is sent again");

    // A booking whose answer was lost: the order's invoices, which are read anyway, show it as paid.
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.charge("eps", &[45_00], 0).unwrap();
    scene.minutes(3).await;
    stage.ship_all(sold.nr).unwrap();
    scene.world.faults.plan(Matcher::next(Peer::Pixi, "pixiPaySetInvoiceCapture"), Fault::DropAfter);
    scene.line.take_sent();
    scene.minutes(3).await;
    // Paid, and off the capture list: the matches are not asked for.
    assert_eq!(scene.line.count("pixiCAGetInvoiceMatch"), 0);
    assert_eq!(scene.line.count("pixiGetCustomerEvents"), 0);
    assert_eq!(scene.steps(sold.nr, Kind::BookInvoice).await.len(), 1);
}

/// When each capture of the first mandant left, while Unzer is silent for the second one's keys or not.
async fn captured_at(silent: bool) -> Vec<Time> {
    let scene = Scene::new().await;
    let first = scene.stage(1);
    let second = Stage { seller: Seller::Second, ..scene.stage(100) };
    let mut shipped = Vec::new();
    for number in 1..=8 {
        shipped.push((first.another(number), first.another(number).authorize("card", &[60_00], 0).unwrap()));
        shipped
            .push((second.another(100 + number), second.another(100 + number).authorize("card", &[60_00], 0).unwrap()));
    }
    scene.minutes(3).await;
    for (stage, sold) in &shipped {
        stage.ship_all(sold.nr).unwrap();
    }
    let keys = second.world.unzer.key_pair(Seller::Second.merchant()).unwrap().public_key;
    let (clock, seen) = (scene.world.clock.clone(), Arc::new(Mutex::new(Vec::new())));
    let begun = clock.now();
    let times = Arc::clone(&seen);
    scene.line.rule(move |request| {
        if request.peer == Peer::Unzer && *request.endpoint == *keys {
            return if silent { Act::Wait(Duration::from_secs(20)) } else { Act::Pass };
        }
        if request.call == "capture" {
            times.lock().unwrap().push(clock.now());
        }
        Act::Pass
    });
    scene.cycle().await;
    let seen = seen.lock().unwrap().clone();
    assert_eq!(seen.len(), 8, "all of the first mandant");
    seen.into_iter().map(|at| Time::UNIX_EPOCH + (at - begun)).collect()
}

#[tokio::test(start_paused = true)]
async fn the_outage_of_one_mandant_leaves_the_others_latency_unchanged() {
    assert_eq!(captured_at(true).await, captured_at(false).await);
}

#[tokio::test(start_paused = true)]
async fn a_passing_fault_is_backed_off_and_a_booking_given_up_after_seven_days() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.charge("eps", &[45_00], 0).unwrap();
    scene.minutes(3).await;
    let invoice = stage.ship_all(sold.nr).unwrap();
    let book = "pixiPaySetInvoiceCapture";
    scene.world.faults.plan(Matcher { times: u32::MAX, ..Matcher::next(Peer::Pixi, book) }, Fault::NoConnection);
    scene.minutes(30).await;
    let first = scene.steps(sold.nr, Kind::BookInvoice).await;
    assert!((3..=8).contains(&first.len()), "1, 2, 4, 8 minutes apart: {}", first.len());
    scene.hours(24 * 8).await;
    assert_eq!(scene.mark(sold.nr).await, Some(1402));
    assert_eq!(scene.row(sold.nr).await.transfer_status, "CANCELLED");
    let tries = scene.steps(sold.nr, Kind::BookInvoice).await.len();
    assert!(tries < 60, "{tries}");
    stage.not_booked(&invoice).unwrap();
    scene.hours(48).await;
    assert_eq!(scene.steps(sold.nr, Kind::BookInvoice).await.len(), tries, "given up");
}
