//! Bookings and refunds that wait for what another order shows.

use super::scene::{Act, Scene};
use crate::sandbox::pixi::NewOrder;
use crate::sandbox::world::{EXPERT, MANDANT};
use crate::steps::Kind;

#[tokio::test(start_paused = true)]
async fn book_no_second_document_with_an_event_before_the_first_is_seen_in_pixi() {
    let scene = Scene::new().await;
    let (one, two) = (scene.stage(1), scene.stage(2));
    let first = one.charge("sofort", &[30_00], 0).unwrap();
    let second = two.charge("sofort", &[20_00], 0).unwrap();
    scene.minutes(2).await;
    // pixi books something else than it was asked for.
    scene.line.rule(|request| {
        if request.call == "pixiPaySetInvoiceCapture" {
            request.body = String::from_utf8_lossy(&request.body).replace(">30.00<", ">15.00<").into();
        }
        Act::Pass
    });
    let invoice = one.ship_all(first.nr).unwrap();
    scene.minutes(2).await;
    one.booked_once(&invoice, 15_00).unwrap();
    scene.line.clear();
    let other = two.ship_all(second.nr).unwrap();
    scene.minutes(4).await;
    assert!(scene.world.pixi.bookings_for(&other).is_empty());
    assert!(scene.steps(second.nr, Kind::BookInvoice).await.is_empty());
    assert_eq!(scene.mark(second.nr).await, Some(1803));
    scene.world.pixi.pay_by_hand(&invoice).unwrap();
    scene.hours(2).await;
    two.booked_once(&other, 20_00).unwrap();
    assert_eq!(scene.mark(second.nr).await, None);
}

#[tokio::test(start_paused = true)]
async fn redelivery_in_an_exchange_order_leaves_the_refund_to_a_person() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.charge("sofort", &[30_00], 0).unwrap();
    scene.minutes(2).await;
    stage.ship_all(sold.nr).unwrap();
    scene.minutes(2).await;
    let customer = stage.order(sold.nr).unwrap().customer;
    let exchange = NewOrder::new(MANDANT, EXPERT).line("ART-1", 1, 30_00).customer(customer);
    scene.world.pixi.import_order(exchange).unwrap();
    scene.minutes(2).await;
    let credit_note = stage.take_back(sold.nr, &[0]).unwrap();
    scene.minutes(45).await;
    stage.moved(&sold.payment, 30_00, 0, 0).unwrap();
    assert_eq!(scene.mark(sold.nr).await, Some(1509));
    scene.world.unzer.portal_refund(&sold.payment, Some("s-chg-1"), stage.money(30_00)).unwrap();
    scene.hours(3).await;
    stage.moved(&sold.payment, 30_00, 30_00, 0).unwrap();
    stage.booked_once(&credit_note, 30_00).unwrap();
}
