//! What plays by seed have shown.

use super::scene::{Act, Scene};
use crate::wire::Peer;

#[tokio::test(start_paused = true)]
async fn book_goes_on_for_others_when_the_first_booking_with_an_event_is_lost_for_good() {
    let scene = Scene::new().await;
    let (one, two) = (scene.stage(1), scene.stage(2));
    let first = one.charge("sofort", &[30_00], 0).unwrap();
    let second = two.charge("sofort", &[20_00], 0).unwrap();
    scene.minutes(2).await;
    scene.line.rule(|request| if request.call == "pixiPaySetInvoiceCapture" { Act::Lose } else { Act::Pass });
    one.ship_all(first.nr).unwrap();
    scene.minutes(1).await;
    // Nothing can be looked for at an order that is not there any more.
    scene.world.pixi.delete_order(first.nr).unwrap();
    scene.line.clear();
    let other = two.ship_all(second.nr).unwrap();
    scene.minutes(5).await;
    assert!(scene.world.pixi.bookings_for(&other).is_empty());
    scene.hours(4).await;
    two.booked_once(&other, 20_00).unwrap();
}

#[tokio::test(start_paused = true)]
async fn disappeared_money_that_unzer_never_told_while_the_order_was_there_is_told_afterwards() {
    let scene = Scene::new().await;
    scene.stage(1).authorize("card", &[10_00], 0).unwrap();
    let sold = scene.stage(2).authorize("card", &[20_00], 0).unwrap();
    scene.line.rule(|request| if request.peer == Peer::Unzer { Act::Lose } else { Act::Pass });
    scene.minutes(3).await;
    scene.world.pixi.delete_order(sold.nr).unwrap();
    scene.line.clear();
    scene.hours(8).await;
    assert_eq!(scene.mark(sold.nr).await, Some(1608));
}
