//! What a cycle takes up, puts off, holds back and leaves for the next one.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::scene::{Act, Scene, is_about, with_cell};
use crate::config::{MandantId, PaymentCode};
use crate::engine::requests::retry_request;
use crate::engine::{Only, Scope};
use crate::journal::{Journal, Management, Options, OrderFilter, OrderSeen};
use crate::money::Currency;
use crate::sandbox::world::{MANDANT, STANDARD, start};
use crate::steps::{Kind, OrderId};
use crate::text::Number;

const CURSOR: &str = "changed_orders";

#[tokio::test(start_paused = true)]
async fn a_cycle_of_one_mandant_leaves_the_cursor_of_changed_orders_where_it_is() {
    let scene = Scene::new().await;
    let api = "sandbox".into();
    scene.stage(1).authorize("card", &[10_00], 0).unwrap();
    scene.minutes(3).await;
    let before = scene.journal.cursor(&api, CURSOR).await.unwrap();
    assert!(before.is_some());
    let scope = Scope { mandant: Some(MANDANT.into()), ..Scope::default() };
    scene.daemon.run_cycle(&scope).await.unwrap();
    assert_eq!(scene.journal.cursor(&api, CURSOR).await.unwrap(), before);
    scene.stage(2).authorize("card", &[10_00], 0).unwrap();
    scene.cycle().await;
    assert_ne!(scene.journal.cursor(&api, CURSOR).await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_hint_stays_until_its_order_was_worked_on() {
    let scene = Scene::new().await;
    let sold = scene.stage(1).authorize("card", &[10_00], 0).unwrap();
    scene.minutes(3).await;
    let waiting = async || scene.journal.take_hints(&"sandbox".into(), 10).await.unwrap().len();
    scene.journal.add_hint(&sold.payment, "charge.succeeded").await.unwrap();
    scene.cycle().await;
    assert_eq!(waiting().await, 0);
    scene.journal.add_hint(&sold.payment, "charge.succeeded").await.unwrap();
    // The daemon is told to stop while it still collects what there is to do.
    let stop = scene.stop.clone();
    scene.line.rule(move |request| {
        if request.call == "pixiGetChangedOrders" {
            stop.now();
        }
        Act::Pass
    });
    scene.line.take_sent();
    assert!(scene.cycle().await.stopped);
    assert_eq!(scene.line.count("pixiGetOrderHeader"), 0);
    assert_eq!(waiting().await, 1);
}

/// First row of an answer, with the places where its rows begin and end.
fn rows(answer: &str) -> Option<(&str, usize, usize)> {
    let (begin, end) = answer.find("<row>").zip(answer.rfind("</row>"))?;
    let first = answer[begin..].split_inclusive("</row>").next()?;
    Some((first, begin, end + "</row>".len()))
}

#[tokio::test(start_paused = true)]
async fn a_change_that_pixi_shows_late_is_found_in_the_next_window() {
    fn without_rows(answer: &str) -> String {
        rows(answer)
            .map_or_else(|| answer.to_owned(), |(_, begin, end)| format!("{}{}", &answer[..begin], &answer[end..]))
    }
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let nr = stage.authorize("card", &[10_00, 20_00], 0).unwrap().nr;
    scene.minutes(3).await;
    // Written before the window ends, and not in it yet.
    stage.cancel(nr, &[1]).unwrap();
    scene.world.clock.sleep(Duration::from_secs(1)).await;
    scene.line.rule(
        |request| {
            if request.call == "pixiGetChangedOrders" { Act::Spoil(without_rows) } else { Act::Pass }
        },
    );
    let changes = Scope { only: Some(Only::Changes), ..Scope::default() };
    scene.line.take_sent();
    scene.daemon.run_cycle(&changes).await.unwrap();
    assert!(!scene.line.take_sent().iter().any(|sent| sent.is_about(nr)), "nothing else may take it up");
    scene.line.clear();
    scene.world.clock.sleep(Duration::from_secs(1)).await;
    scene.daemon.run_cycle(&changes).await.unwrap();
    assert!(scene.line.take_sent().iter().any(|sent| sent.is_about(nr)));
}

#[tokio::test(start_paused = true)]
async fn shipped_invoices_are_read_page_by_page_to_the_end() {
    /// A page as full as it can be, of another shop's invoices.
    fn full(answer: &str) -> String {
        let Some((first, begin, end)) = rows(answer) else { return answer.to_owned() };
        format!("{}{}{}", &answer[..begin], with_cell(first, "ShopID", "ZZZ").repeat(500), &answer[end..])
    }
    let scene = Scene::new().await;
    let payments = shipped(&scene, &[1, 2]).await;
    scene.line.rule(|request| {
        let first_page = request.call == "pixiPayGetInvoicesToCapture" && is_about(request, 0);
        if first_page { Act::Spoil(full) } else { Act::Pass }
    });
    let scope = Scope { only: Some(Only::Capture), ..Scope::default() };
    scene.daemon.run_cycle(&scope).await.unwrap();
    assert_eq!(captured(&scene, &payments)[1], 60_00);
}

/// Orders of 60.00 that were shipped and wait for their capture.
async fn shipped(scene: &Scene, numbers: &[usize]) -> Vec<String> {
    let sold: Vec<_> =
        numbers.iter().map(|number| scene.stage(*number).authorize("card", &[60_00], 0).unwrap()).collect();
    scene.minutes(1).await;
    for order in &sold {
        scene.stage(1).ship_all(order.nr).unwrap();
    }
    sold.into_iter().map(|order| order.payment).collect()
}

fn captured(scene: &Scene, payments: &[String]) -> Vec<i64> {
    payments.iter().map(|payment| scene.world.unzer.ledger(payment).unwrap().captured).collect()
}

#[tokio::test(start_paused = true)]
async fn brake_the_capture_limit_counts_what_other_orders_are_about_to_take() {
    let scene = Scene::with(|settings| settings.safety.max_capture_per_cycle = Some(100_00)).await;
    let payments = shipped(&scene, &[1, 2, 3]).await;
    // All three are under way at the same time.
    scene.line.rule(|request| if request.call == "capture" { Act::Wait(Duration::from_secs(1)) } else { Act::Pass });
    scene.cycle().await;
    assert_eq!(captured(&scene, &payments).iter().sum::<i64>(), 60_00);
    let rows = scene.journal.list_orders(OrderFilter { limit: 10, ..OrderFilter::default() }).await.unwrap();
    let told =
        rows.iter().filter(|row| row.mark.as_ref().is_some_and(|mark| mark.number == Number::BrakeHolds)).count();
    assert_eq!(told, 2, "the orders held back say so");
    scene.minutes(15).await;
    assert_eq!(captured(&scene, &payments), [60_00, 60_00, 60_00]);
}

#[tokio::test(start_paused = true)]
async fn brake_a_capture_that_took_nothing_gives_back_its_part_of_the_limit() {
    let scene = Scene::with(|settings| settings.safety.max_capture_per_cycle = Some(100_00)).await;
    let payments = shipped(&scene, &[1, 2]).await;
    scene.world.unzer.decline_next(&payments[0], "COR.800.100.171");
    scene.cycle().await;
    assert_eq!(captured(&scene, &payments), [0, 60_00]);
}

#[tokio::test(start_paused = true)]
async fn due_orders_of_a_type_that_is_switched_off_do_not_crowd_out_the_others() {
    let scene = Scene::with(|settings| {
        let mandant = settings.mandants.get_mut(&MandantId::from(MANDANT)).unwrap();
        mandant.payment_types.get_mut(&PaymentCode::from(STANDARD)).unwrap().active = false;
    })
    .await;
    for nr in 1..=5_001 {
        let seen = OrderSeen {
            order: OrderId { api: "sandbox".into(), mandant: MANDANT.into(), nr },
            nr_external: String::new(),
            payment_code: STANDARD.into(),
            currency: Currency::EUR,
            mode: "standard".to_owned(),
            management: Management::Managed,
            next_check: start(),
        };
        scene.journal.see_order(seen).await.unwrap();
    }
    let sold = scene.stage(1).authorize("card", &[10_00], 0).unwrap();
    scene.minutes(2).await;
    // Only the due list names it now.
    scene.line.rule(|request| if request.call == "pixiGetChangedOrders" { Act::Lose } else { Act::Pass });
    scene.journal.wake_order(&Scene::id(sold.nr)).await.unwrap();
    scene.line.take_sent();
    let report = scene.daemon.run_cycle(&Scope { only: Some(Only::Changes), ..Scope::default() }).await.unwrap();
    assert_eq!(report.orders, 1);
    assert!(scene.line.take_sent().iter().any(|sent| sent.is_about(sold.nr)));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_another_process_wakes_is_taken_up_though_its_next_check_was_put_off() {
    let scene = Scene::new().await;
    let sold = scene.stage(1).authorize("card", &[10_00], 0).unwrap();
    scene.minutes(90).await;
    let taken_up = async || {
        scene.line.take_sent();
        scene.cycle().await;
        scene.line.take_sent().iter().any(|sent| sent.is_about(sold.nr))
    };
    while taken_up().await {
        scene.world.clock.sleep(Duration::from_mins(1)).await;
    }
    let clock = scene.world.clock.clone();
    let other = Journal::open(Options::new(&scene.store, clock).simulated(8)).await.unwrap();
    other.wake_order(&Scene::id(sold.nr)).await.unwrap();
    assert!(taken_up().await);
    assert!(!taken_up().await);
}

/// Lets the daemon run on its schedule until it has answered a request to try an order again, which is made once
/// `moment` has come.
async fn retry(scene: &Scene, nr: i64, moment: impl Fn() -> bool) -> serde_json::Value {
    let daemon = scene.daemon.clone();
    let running = tokio::spawn(async move { daemon.run().await });
    while !moment() {
        scene.world.clock.sleep(Duration::from_secs(1)).await;
    }
    let request = scene.journal.enqueue_request(retry_request("anna", &Scene::id(nr), "")).await.unwrap();
    let answer = loop {
        scene.world.clock.sleep(Duration::from_secs(1)).await;
        if let Some(answer) = scene.journal.load_request(request).await.unwrap().unwrap().answer {
            break answer;
        }
    };
    scene.stop.now();
    running.await.unwrap().unwrap();
    answer
}

#[tokio::test(start_paused = true)]
async fn brake_another_try_that_a_person_asks_for_meets_the_brakes() {
    let scene = Scene::with(|settings| settings.safety.max_givebacks_per_cycle = Some(0)).await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[10_00], 0).unwrap();
    scene.minutes(1).await;
    stage.cancel_all(sold.nr).unwrap();
    scene.minutes(15).await;
    assert_eq!(scene.mark(sold.nr).await, Some(1801));
    let answer = retry(&scene, sold.nr, || true).await;
    assert_eq!(answer["done"], true);
    stage.moved(&sold.payment, 0, 0, 0).unwrap();
    assert!(scene.steps(sold.nr, Kind::Reverse).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_try_that_a_person_asks_for_waits_until_the_cycle_has_let_go_of_the_order() {
    let scene = Scene::new().await;
    let sold = scene.stage(1).authorize("card", &[10_00], 0).unwrap();
    scene.cycle().await;
    let reading = Arc::new(AtomicBool::new(false));
    let begun = reading.clone();
    scene.line.rule(move |request| {
        let first = request.call == "pixiGetOrderHeader"
            && is_about(request, sold.nr)
            && !reading.swap(true, Ordering::Relaxed);
        if first { Act::Wait(Duration::from_secs(20)) } else { Act::Pass }
    });
    scene.line.take_sent();
    retry(&scene, sold.nr, || begun.load(Ordering::Relaxed)).await;
    let about: Vec<&str> =
        scene.line.take_sent().iter().filter(|sent| sent.is_about(sold.nr)).map(|sent| sent.call).collect();
    assert_eq!(about[..2], ["pixiGetOrderHeader", "pixiGetInvoice"]);
    assert!(about.iter().filter(|call| **call == "pixiGetOrderHeader").count() >= 2);
}

#[tokio::test(start_paused = true)]
async fn brake_a_refund_over_the_limit_of_a_day_is_told_once_and_goes_the_next_day() {
    let scene = Scene::with(|settings| settings.safety.max_refund_per_day = Some(25_00)).await;
    let stage = scene.stage(1);
    let sold = [1, 2].map(|number| scene.stage(number).charge("sofort", &[20_00], 0).unwrap());
    scene.minutes(1).await;
    for order in &sold {
        stage.cancel_all(order.nr).unwrap();
    }
    scene.hours(3).await;
    let [first, second] = &sold;
    stage.moved(&first.payment, 20_00, 20_00, 0).unwrap();
    stage.moved(&second.payment, 20_00, 0, 0).unwrap();
    let mark = scene.row(second.nr).await.mark.unwrap();
    let told = mark.text(crate::text::Language::De);
    assert!(told.contains("20,00 EUR") && told.contains("25,00 EUR"), "{told}");
    let comments = stage.order(second.nr).unwrap().comments;
    assert_eq!(comments.iter().filter(|comment| comment.text.contains("PP-1803")).count(), 1);
    scene.hours(24).await;
    stage.moved(&second.payment, 20_00, 20_00, 0).unwrap();
    assert_eq!(scene.mark(second.nr).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_first_window_reaches_back_to_the_first_start_at_most_thirty_days() {
    for (days, missed) in [(3, false), (29, false), (32, true)] {
        let scene = Scene::new().await;
        let stage = scene.stage(1);
        // Released by hand and cancelled, while the list of changes cannot be read: no work list shows the order.
        let sold = stage.authorize("card", &[60_00], 0).unwrap();
        scene.world.pixi.release_by_hand(sold.nr).unwrap();
        stage.cancel_all(sold.nr).unwrap();
        scene.line.rule(|request| if request.call == "pixiGetChangedOrders" { Act::Lose } else { Act::Pass });
        scene.cycle().await;
        scene.world.clock.sleep(Duration::from_hours(24 * days)).await;
        scene.line.clear();
        // The process slept as well: it takes its lease anew.
        scene.journal.heartbeat(scene.daemon.owner()).await.ok();
        scene.minutes(10).await;
        let reversed = stage.moved(&sold.payment, 0, 0, 60_00).is_ok();
        assert_eq!(reversed, !missed, "{days} days");
    }
}
