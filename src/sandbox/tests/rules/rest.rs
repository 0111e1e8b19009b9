//! What no single order's story shows: answers that do not fit together, and orders nothing is to be done for.

use std::time::Duration;

use super::plays_in_both_modes;
use crate::sandbox::tests::scene::{Act, Scene, with_cell};

#[tokio::test(start_paused = true)]
async fn facts_a_credit_note_seen_before_its_lines_is_clear_once_they_are() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let (sold, note) = scene.given_back(&stage).await;
    scene.line.rule(|request| match request.call {
        "pixiGetOrderline" => Act::Spoil(|answer| with_cell(answer, "Status", "AUS")),
        _ => Act::Pass,
    });
    scene.cycle().await;
    assert_eq!(scene.mark(sold.nr).await, Some(1606));
    scene.line.clear();
    scene.minutes(40).await;
    stage.booked_once(&note, 45_00).unwrap();
    stage.moved(&sold.payment, 45_00, 45_00, 0).unwrap();
}

#[tokio::test(start_paused = true)]
async fn sums_that_do_not_fit_unzers_own_move_nothing() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.charge("eps", &[45_00], 0).unwrap();
    scene.minutes(3).await;
    scene.line.rule(|request| match request.call {
        "payment" => Act::Spoil(|answer| answer.replace("\"charged\":\"45.0000\"", "\"charged\":\"44.0000\"")),
        _ => Act::Pass,
    });
    let invoice = stage.ship_all(sold.nr).unwrap();
    scene.minutes(10).await;
    assert_eq!(scene.mark(sold.nr).await, Some(1601));
    stage.not_booked(&invoice).unwrap();
    scene.line.clear();
    scene.minutes(10).await;
    stage.booked_once(&invoice, 45_00).unwrap();
}

#[tokio::test(start_paused = true)]
async fn release_without_effect_is_a_problem_and_not_tried_for_ever() {
    plays_in_both_modes(|stage| async move {
        stage.world.pixi.change_quirks(|quirks| quirks.behaviour.authorization_releases = false);
        stage.world.pixi.uninstall("pixiReleaseOrder");
        let sold = stage.charge("eps", &[45_00], 0)?;
        stage.commented(sold.nr, "PP-1210").await?;
        stage.pause(Duration::from_hours(1)).await;
        let releases = stage.world.pixi.ccp_log().iter().filter(|entry| entry.order == sold.nr).count();
        stage.same("releases within reason", &(releases <= 3), &true)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn release_without_effect_lets_the_lines_go_where_pixi_has_the_call() {
    plays_in_both_modes(|stage| async move {
        stage.world.pixi.change_quirks(|quirks| quirks.behaviour.authorization_releases = false);
        let sold = stage.charge("eps", &[45_00], 0)?;
        stage.released(sold.nr).await?;
        let releases = stage.world.pixi.ccp_log().iter().filter(|entry| entry.order == sold.nr).count();
        stage.same("releases", &releases, &1)?;
        let invoice = stage.ship_all(sold.nr)?;
        stage.booked(&invoice).await?;
        let comments = stage.order(sold.nr)?.comments;
        stage.same("problems", &comments.iter().any(|comment| comment.text.contains("PP-")), &false)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn release_of_the_lines_is_sent_once_and_looked_for() {
    use crate::sandbox::faults::{Fault, Matcher};
    use crate::steps::Kind;
    use crate::wire::Peer;
    for (fault, calls) in [(Fault::DropAfter, 1), (Fault::DropBefore, 2), (Fault::StatusAfterEffect(500), 1)] {
        let scene = Scene::new().await;
        scene.world.pixi.change_quirks(|quirks| quirks.behaviour.authorization_releases = false);
        scene.world.faults.plan(Matcher::next(Peer::Pixi, "pixiReleaseOrder"), fault);
        let sold = scene.stage(1).charge("eps", &[45_00], 0).unwrap();
        scene.line.take_sent();
        scene.minutes(12).await;
        assert_eq!(scene.line.count("pixiReleaseOrder"), 1, "{fault:?}");
        scene.minutes(20).await;
        assert_eq!(scene.line.count("pixiReleaseOrder"), calls, "{fault:?}");
        assert_eq!(scene.line.count("pixiPaySetAuthorizationStatus"), 1, "{fault:?}");
        assert!(scene.steps(sold.nr, Kind::ReleaseLines).await.last().unwrap().state.name() == "done", "{fault:?}");
        assert_eq!(scene.mark(sold.nr).await, None, "{fault:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn release_of_the_lines_does_not_let_go_what_lost_its_money_meanwhile() {
    let scene = Scene::new().await;
    scene.world.pixi.change_quirks(|quirks| quirks.behaviour.authorization_releases = false);
    let stage = scene.stage(1);
    let sold = stage.charge("eps", &[45_00], 0).unwrap();
    scene.minutes(5).await;
    scene.world.unzer.portal_refund(&sold.payment, Some("s-chg-1"), stage.money(45_00)).unwrap();
    scene.minutes(20).await;
    let order = stage.order(sold.nr).unwrap();
    assert!(
        order.lock.is_some()
            || order.lines.iter().all(|line| format!("{:?}", line.state).to_uppercase().contains("HAL")),
        "{order:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn returns_secured_before_the_notice_wait_for_it() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("invoice-secured", &[40_00, 15_00], 0)?;
        stage.released(sold.nr).await?;
        stage.ship(sold.nr, &[0])?;
        stage.pause(Duration::from_mins(3)).await;
        let note = stage.take_back(sold.nr, &[0])?;
        stage.pause(Duration::from_mins(15)).await;
        stage.moved(&sold.payment, 0, 0, 0)?;
        stage.not_booked(&note)?;
        stage.ship(sold.nr, &[1])?;
        stage.booked(&note).await?;
        stage.noticed(&sold.payment, 55_00).await?;
        stage.ends_with(&sold.payment, 55_00, 40_00, 0).await?;
        stage.booked_once(&note, 40_00)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn waiting_for_shipment_moves_nothing() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("paylater-invoice", &[40_00], 0)?;
        stage.released(sold.nr).await?;
        stage.pause(Duration::from_mins(5)).await;
        let comments = stage.order(sold.nr)?.comments.len();
        stage.pause(Duration::from_hours(3)).await;
        stage.same("comments", &stage.order(sold.nr)?.comments.len(), &comments)?;
        stage.moved(&sold.payment, 0, 0, 0)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn settled_orders_are_left_as_they_are() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("card", &[40_00, 15_00], 0)?;
        stage.released(sold.nr).await?;
        let invoice = stage.ship_all(sold.nr)?;
        stage.booked(&invoice).await?;
        let note = stage.take_back(sold.nr, &[1])?;
        stage.booked(&note).await?;
        stage.pause(Duration::from_mins(5)).await;
        let comments = stage.order(sold.nr)?.comments.len();
        stage.pause(Duration::from_hours(3)).await;
        stage.same("comments", &stage.order(sold.nr)?.comments.len(), &comments)?;
        stage.booked_once(&invoice, 55_00)?;
        stage.booked_once(&note, 15_00)?;
        stage.moved(&sold.payment, 55_00, 15_00, 0)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn given_back_and_the_credit_note_deleted_is_a_problem_with_the_amount() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let (sold, note) = scene.given_back(&stage).await;
    scene.minutes(45).await;
    stage.moved(&sold.payment, 45_00, 45_00, 0).unwrap();
    stage.booked_once(&note, 45_00).unwrap();
    assert_eq!(scene.mark(sold.nr).await, None);
    scene.world.pixi.delete_document(&note).unwrap();
    scene.hours(8).await;
    assert_eq!(scene.mark(sold.nr).await, Some(1510));
    stage.moved(&sold.payment, 45_00, 45_00, 0).unwrap();
    // Made anew, nothing is paid back a second time.
    stage.take_back(sold.nr, &[0]).unwrap();
    scene.hours(8).await;
    stage.moved(&sold.payment, 45_00, 45_00, 0).unwrap();
}

/// The payment as if nothing had been paid back.
fn without_refunds(answer: &str) -> String {
    let Ok(mut whole) = serde_json::from_str::<serde_json::Value>(answer) else { return answer.to_owned() };
    if let Some(entries) = whole["transactions"].as_array_mut() {
        entries.retain(|entry| entry["type"] != "cancel-charge");
    }
    whole["amount"]["charged"] = whole["amount"]["total"].clone();
    whole["amount"]["canceled"] = "0.0000".into();
    whole.to_string()
}

#[tokio::test(start_paused = true)]
async fn given_back_by_the_journal_and_absent_at_unzer_is_a_problem_and_not_repeated() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let (sold, note) = scene.given_back(&stage).await;
    scene.minutes(45).await;
    stage.booked_once(&note, 45_00).unwrap();
    scene.line.rule(|request| if request.call == "payment" { Act::Spoil(without_refunds) } else { Act::Pass });
    scene.line.take_sent();
    scene.hours(8).await;
    assert_eq!(scene.mark(sold.nr).await, Some(1511));
    assert_eq!(scene.line.count("refund"), 0);
    scene.line.clear();
    scene.hours(8).await;
    assert_eq!(scene.mark(sold.nr).await, None, "shown again");
}

#[tokio::test(start_paused = true)]
async fn switched_off_types_leave_a_hint_on_open_orders_and_go_on_when_on_again() {
    use std::sync::Arc;

    use crate::config::{MandantId, PaymentCode};
    use crate::sandbox::world::{EXPERT, MANDANT};
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[60_00], 0).unwrap();
    scene.minutes(5).await;
    let on = scene.daemon.shop().settings.clone();
    let mut off = (*on).clone();
    let block = off.mandants.get_mut(&MandantId::from(MANDANT)).unwrap();
    block.payment_types.get_mut(&PaymentCode::from(EXPERT)).unwrap().active = false;
    scene.daemon.reload(Arc::new(off)).unwrap();
    let invoice = stage.ship_all(sold.nr).unwrap();
    scene.hours(8).await;
    assert_eq!(scene.mark(sold.nr).await, Some(1610));
    let hinted = scene.row(sold.nr).await;
    scene.line.take_sent();
    scene.hours(2).await;
    assert!(!scene.line.take_sent().iter().any(|sent| sent.is_about(sold.nr)), "no request for it");
    assert_eq!(scene.row(sold.nr).await.changed, hinted.changed, "written once");
    stage.moved(&sold.payment, 0, 0, 0).unwrap();
    scene.daemon.reload(on).unwrap();
    scene.minutes(3).await;
    assert_eq!(scene.mark(sold.nr).await, None);
    stage.moved(&sold.payment, 60_00, 0, 0).unwrap();
    stage.booked_once(&invoice, 60_00).unwrap();
}
