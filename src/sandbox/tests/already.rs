//! Codes by which Unzer says "already so": nothing counts as done before it was looked at (DESIGN 4.3).

use super::scene::{Act, Scene};
use crate::journal::StepState;
use crate::sandbox::stage::{Sold, Stage};
use crate::steps::{Kind, Outcome, RefusalKind};

async fn refusals(scene: &Scene, nr: i64, kind: Kind) -> Vec<(RefusalKind, String)> {
    let steps = scene.steps(nr, kind).await;
    let refused = steps.iter().filter(|step| step.state == StepState::Refused);
    refused
        .map(|step| match &step.outcome {
            Some(Outcome::Refused(no)) => (no.kind, no.code.clone()),
            other => panic!("{other:?}"),
        })
        .collect()
}

#[tokio::test(start_paused = true)]
async fn look_already_cancelled_is_done_once_the_refund_is_found() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let (sold, note) = scene.given_back(&stage).await;
    // A person pays it back in the portal in the same moment.
    let (unzer, payment, amount) = (scene.world.unzer.clone(), sold.payment.clone(), stage.money(45_00));
    scene.line.rule(move |request| {
        if request.call == "refund" {
            unzer.portal_refund(&payment, Some("s-chg-1"), amount).unwrap();
        }
        Act::Pass
    });
    scene.minutes(40).await;
    let already = (RefusalKind::AlreadySo, "API.340.100.014".to_owned());
    assert_eq!(refusals(&scene, sold.nr, Kind::Refund).await, [already]);
    stage.moved(&sold.payment, 45_00, 45_00, 0).unwrap();
    stage.booked_once(&note, 45_00).unwrap();
}

#[tokio::test(start_paused = true)]
async fn look_already_cancelled_without_a_refund_to_be_found_is_a_problem_and_books_nothing() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let (sold, note) = scene.given_back(&stage).await;
    scene.world.unzer.refuse_next(&sold.payment, "refund", "API.340.100.014");
    scene.line.take_sent();
    scene.minutes(40).await;
    scene.hours(24).await;
    assert_eq!(scene.line.count("refund"), 1, "not again before the payment changes");
    assert_eq!(scene.mark(sold.nr).await, Some(1502));
    stage.not_booked(&note).unwrap();
    stage.moved(&sold.payment, 45_00, 0, 0).unwrap();
}

#[tokio::test(start_paused = true)]
async fn look_already_charged_back_is_a_chargeback_once_it_is_found() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let (sold, note) = scene.given_back(&stage).await;
    let (unzer, payment, amount) = (scene.world.unzer.clone(), sold.payment.clone(), stage.money(45_00));
    scene.line.rule(move |request| {
        if request.call == "refund" {
            unzer.charge_back(&payment, "s-chg-1", amount).unwrap();
        }
        Act::Pass
    });
    scene.minutes(40).await;
    let already = (RefusalKind::AlreadySo, "API.340.100.015".to_owned());
    assert_eq!(refusals(&scene, sold.nr, Kind::Refund).await, [already]);
    assert_eq!(scene.mark(sold.nr).await, Some(1205));
    assert_eq!(scene.row(sold.nr).await.payment_status, "CHARGEBACK");
    stage.not_booked(&note).unwrap();
    scene.hours(24).await;
    assert_eq!(scene.steps(sold.nr, Kind::Refund).await.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn look_already_charged_is_planned_anew() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[60_00], 0).unwrap();
    scene.minutes(3).await;
    stage.cancel_all(sold.nr).unwrap();
    // Captured in the portal in the moment it was to be given free.
    let (unzer, payment, amount) = (scene.world.unzer.clone(), sold.payment.clone(), stage.money(60_00));
    scene.line.rule(move |request| {
        if request.call == "reverse" {
            unzer.portal_capture(&payment, amount).unwrap();
        }
        Act::Pass
    });
    scene.minutes(30).await;
    let replanned = (RefusalKind::Stale, "API.340.100.018".to_owned());
    assert_eq!(refusals(&scene, sold.nr, Kind::Reverse).await, [replanned]);
    stage.moved(&sold.payment, 60_00, 60_00, 0).unwrap();
}

/// A secured invoice whose goods are out; the notice is next.
async fn to_notify(scene: &Scene, stage: &Stage) -> Sold {
    let sold = stage.sell("invoice-secured", &[40_00], 0).unwrap();
    scene.minutes(3).await;
    sold
}

#[tokio::test(start_paused = true)]
async fn look_insurance_already_active_is_done_once_a_shipment_is_found() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = to_notify(&scene, &stage).await;
    // The notice arrives, and is answered as if it had been there before.
    scene.line.rule(|request| match request.call {
        "ship" => {
            Act::Spoil(|_| r#"{"isSuccess":false,"isError":true,"errors":[{"code":"COR.700.400.800"}]}"#.to_owned())
        }
        _ => Act::Pass,
    });
    let invoice = stage.ship_all(sold.nr).unwrap();
    scene.minutes(10).await;
    let already = (RefusalKind::AlreadySo, "COR.700.400.800".to_owned());
    assert_eq!(refusals(&scene, sold.nr, Kind::Ship).await, [already]);
    assert_eq!(scene.steps(sold.nr, Kind::Ship).await.len(), 1);
    stage.booked_once(&invoice, 40_00).unwrap();
}

#[tokio::test(start_paused = true)]
async fn look_insurance_already_active_without_a_shipment_is_a_problem_and_books_nothing() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = to_notify(&scene, &stage).await;
    scene.world.unzer.refuse_next(&sold.payment, "ship", "COR.700.400.800");
    let invoice = stage.ship_all(sold.nr).unwrap();
    scene.minutes(10).await;
    scene.hours(24).await;
    assert_eq!(scene.steps(sold.nr, Kind::Ship).await.len(), 1);
    assert!(scene.mark(sold.nr).await.is_some());
    stage.not_booked(&invoice).unwrap();
}
