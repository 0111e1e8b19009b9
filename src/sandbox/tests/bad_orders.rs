//! One bad order never stops the others.

use std::sync::Arc;

use super::scene::{Act, Scene, is_about, with_cell};
use crate::sandbox::stories::STORIES;

/// Stories that are played beside the bad order.
const BESIDE: [usize; 6] = [0, 1, 2, 4, 6, 12];

/// Lets the daemon run on its schedule while other orders play their stories; tells which of them went astray.
async fn others(scene: &Scene) -> Vec<String> {
    let daemon = scene.daemon.clone();
    let running = tokio::spawn(async move { daemon.run().await });
    let played = BESIDE.iter().map(|number| async move {
        let ended = STORIES[*number].play(&scene.world, *number, Arc::default()).await;
        ended.err().map(|astray| format!("{:?}: {astray}", STORIES[*number]))
    });
    let astray = futures_util::future::join_all(played).await;
    scene.stop.now();
    running.await.unwrap().unwrap();
    astray.into_iter().flatten().collect()
}

#[tokio::test(start_paused = true)]
async fn an_order_that_makes_the_daemon_panic_is_marked_and_the_others_end_as_told() {
    let scene = Scene::new().await;
    let bad = scene.stage(900).authorize("card", &[10_00], 0).unwrap().nr;
    scene.line.rule(
        move |request| {
            if request.call == "pixiGetOrderline" && is_about(request, bad) { Act::Panic } else { Act::Pass }
        },
    );
    assert_eq!(others(&scene).await, Vec::<String>::new());
    assert_eq!(scene.mark(bad).await, Some(1901));
    assert!(scene.journal.steps_of(&Scene::id(bad)).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_order_whose_rows_never_decode_is_marked_and_the_others_end_as_told() {
    let scene = Scene::new().await;
    let bad = scene.stage(900).authorize("card", &[10_00], 0).unwrap().nr;
    scene.line.rule(move |request| {
        let of_bad = request.call == "pixiGetOrderline" && is_about(request, bad);
        if of_bad { Act::Spoil(|answer| with_cell(answer, "OrderlineKey", "one")) } else { Act::Pass }
    });
    assert_eq!(others(&scene).await, Vec::<String>::new());
    assert_eq!(scene.mark(bad).await, Some(1607));
    assert!(scene.journal.steps_of(&Scene::id(bad)).await.unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_bad_order_is_not_read_in_each_cycle_and_goes_its_way_once_it_can_be_read() {
    let scene = Scene::new().await;
    let stage = scene.stage(900);
    let bad = stage.authorize("card", &[10_00], 0).unwrap().nr;
    scene.line.rule(move |request| {
        let of_bad = request.call == "pixiGetOrderline" && is_about(request, bad);
        if of_bad { Act::Spoil(|answer| with_cell(answer, "OrderlineKey", "one")) } else { Act::Pass }
    });
    scene.cycle().await;
    scene.line.take_sent();
    // Still named as changed for a while by pixi's windows that overlap; after that only its next check takes it up.
    scene.minutes(12).await;
    scene.line.take_sent();
    scene.minutes(10).await;
    assert!(scene.line.count("pixiGetOrderline") <= 1);
    scene.line.clear();
    scene.minutes(35).await;
    stage.locked(bad, false).unwrap();
    let row = scene.row(bad).await;
    assert_eq!((row.mark, row.nr_external), (None, stage.external()));
    assert!(stage.order(bad).unwrap().lines.iter().all(|line| line.state != crate::sandbox::pixi::LineState::Hal));
}

/// The answer without its last row.
fn cut(answer: &str) -> String {
    let last = answer.rfind("<row>").zip(answer.rfind("</row>"));
    last.map_or_else(
        || answer.to_owned(),
        |(begin, end)| format!("{}{}", &answer[..begin], &answer[end + "</row>".len()..]),
    )
}

#[tokio::test(start_paused = true)]
async fn facts_a_line_that_pixi_shows_no_more_is_no_cancellation() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[40_00, 20_00], 0).unwrap();
    scene.minutes(3).await;
    stage.ship(sold.nr, &[0]).unwrap();
    scene.minutes(3).await;
    stage.moved(&sold.payment, 40_00, 0, 0).unwrap();
    scene.line.rule(|request| if request.call == "pixiGetOrderline" { Act::Spoil(cut) } else { Act::Pass });
    scene.hours(30).await;
    stage.moved(&sold.payment, 40_00, 0, 0).unwrap();
    assert_eq!(scene.mark(sold.nr).await, Some(1605), "moved to another order, as far as can be told");
}
