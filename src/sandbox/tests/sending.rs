//! What keeps a step from being sent.

use std::time::Duration;

use chrono::TimeDelta;

use super::scene::{Act, Scene};
use crate::config::Mode;
use crate::journal::StepState;
use crate::money::Currency;
use crate::sandbox::faults::{Fault, Matcher};
use crate::sandbox::pixi::{CurrencyRow, LineState, NewOrder};
use crate::sandbox::stage::Stage;
use crate::sandbox::world::{EXPERT, MANDANT};
use crate::steps::{Kind, Outcome};
use crate::wire::{Cause, Peer};

const BOOK_RETURN: &str = "pixiCACreateManualBooking";

#[tokio::test(start_paused = true)]
async fn book_a_return_is_not_booked_while_pixi_knows_no_number_of_its_currency() {
    let scene = Scene::new().await;
    let stage = Stage { currency: "PLN".parse().unwrap(), ..scene.stage(1) };
    let sold = stage.charge("przelewy24", &[50_00], 0).unwrap();
    scene.minutes(1).await;
    stage.ship_all(sold.nr).unwrap();
    scene.minutes(2).await;
    let credit_note = stage.take_back(sold.nr, &[0]).unwrap();
    let currency = |code: &str| CurrencyRow { id: 5, currency: code.parse().unwrap(), active: true, per_mille: 234 };
    scene.world.pixi.add_currency(currency("NOK"));
    scene.minutes(20).await;
    stage.moved(&sold.payment, 50_00, 50_00, 0).unwrap();
    let steps = scene.steps(sold.nr, Kind::BookReturn).await;
    assert!(!steps.is_empty() && steps.iter().all(|step| step.state == StepState::NotSent), "{steps:?}");
    assert_eq!(scene.line.count(BOOK_RETURN), 0);
    scene.world.pixi.add_currency(currency("PLN"));
    scene.hours(3).await;
    stage.booked_once(&credit_note, 50_00).unwrap();
    assert_eq!(scene.world.pixi.bookings_for(&credit_note)[0].currency, stage.currency);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_on_a_permit_older_than_five_seconds() {
    let scene = Scene::with_store_behind(TimeDelta::seconds(6)).await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[10_00], 0).unwrap();
    scene.minutes(2).await;
    let steps = scene.steps(sold.nr, Kind::Release).await;
    let expired = Outcome::not_sent(Cause::Expired);
    assert!(!steps.is_empty() && steps.iter().all(|step| step.outcome.as_ref() == Some(&expired)), "{steps:?}");
    assert!(stage.order(sold.nr).unwrap().lines.iter().all(|line| line.state == LineState::Hal));
    assert!(scene.line.take_sent().iter().all(|sent| !sent.write));
}

#[tokio::test(start_paused = true)]
async fn r7_facts_older_than_five_minutes_move_no_money() {
    let scene = Scene::new().await;
    let stage = Stage::new(&scene.world, Mode::Standard, 1);
    let sold = stage.authorize("card", &[60_00, 40_00], 0).unwrap();
    // Unzer takes its time after pixi was read, and meanwhile a line is cancelled.
    let mut slow = true;
    scene.line.rule(move |request| {
        let first = request.peer == Peer::Unzer && std::mem::take(&mut slow);
        if first { Act::Wait(Duration::from_mins(6)) } else { Act::Pass }
    });
    let (journal, owner, clock) = (scene.journal.clone(), scene.daemon.owner(), scene.world.clock.clone());
    let lives = tokio::spawn(async move {
        loop {
            clock.sleep(Duration::from_secs(5)).await;
            journal.heartbeat(owner).await.unwrap();
        }
    });
    let cancels = async {
        scene.world.clock.sleep(Duration::from_mins(3)).await;
        stage.cancel(sold.nr, &[1]).unwrap();
    };
    tokio::join!(scene.cycle(), cancels);
    lives.abort();
    stage.moved(&sold.payment, 60_00, 0, 0).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_permit_of_four_seconds_is_good() {
    let scene = Scene::with_store_behind(TimeDelta::seconds(4)).await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[10_00], 0).unwrap();
    scene.minutes(2).await;
    assert!(stage.order(sold.nr).unwrap().lines.iter().all(|line| line.state == LineState::Ang));
}

#[tokio::test(start_paused = true)]
async fn book_one_return_booking_of_a_customer_is_under_way_at_a_time() {
    let scene = Scene::new().await;
    let first = scene.stage(1).charge("sofort", &[30_00], 0).unwrap().nr;
    let customer = scene.stage(1).order(first).unwrap().customer;
    let stage = scene.stage(2);
    let payment = scene.world.unzer.shop(0).charge("sofort", Currency::EUR.of(20_00), &stage.external()).unwrap();
    let new = NewOrder::new(MANDANT, EXPERT).external(&stage.external()).line("ART-1", 1, 20_00);
    let second = scene.world.pixi.import_order(new.pay_id(&payment).customer(customer)).unwrap();
    scene.minutes(1).await;
    for nr in [first, second] {
        stage.ship_all(nr).unwrap();
    }
    scene.minutes(1).await;
    let notes = [first, second].map(|nr| stage.take_back(nr, &[0]).unwrap());
    scene.world.faults.plan(Matcher::next(Peer::Pixi, BOOK_RETURN), Fault::DropBefore);
    scene.minutes(12).await;
    assert_eq!(scene.line.count(BOOK_RETURN), 1);
    assert_eq!(scene.steps(first, Kind::BookReturn).await[0].state, StepState::Unknown);
    assert!(scene.steps(second, Kind::BookReturn).await.is_empty());
    assert_eq!(scene.mark(second).await, None);
    scene.minutes(30).await;
    stage.booked_once(&notes[0], 30_00).unwrap();
    stage.booked_once(&notes[1], 20_00).unwrap();
}

#[tokio::test(start_paused = true)]
async fn r3_a_payment_is_claimed_only_once_it_was_read() {
    let scene = Scene::new().await;
    // A typing error: the number belongs to no payment yet.
    let known = scene.world.unzer.shop(0).authorize("card", Currency::EUR.of(1_00), "OTHER").unwrap();
    let next = format!("s-pay-{}", known.trim_start_matches("s-pay-").parse::<i64>().unwrap() + 1);
    let mistaken = scene.stage(1).import(&[10_00], 0, Some(&next)).unwrap();
    scene.minutes(3).await;
    scene.world.pixi.set_pay_id(mistaken, Some("s-pay-4711")).unwrap();
    let stage = scene.stage(2);
    let sold = stage.authorize("card", &[20_00], 0).unwrap();
    assert_eq!(sold.payment, next);
    scene.minutes(2).await;
    stage.locked(sold.nr, false).unwrap();
    assert_eq!(scene.mark(sold.nr).await, None);
    assert!(stage.order(sold.nr).unwrap().lines.iter().all(|line| line.state == LineState::Ang));
}
