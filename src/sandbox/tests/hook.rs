//! Webhooks: from the simulated Unzer's message to what the daemon does.

use std::collections::BTreeSet;
use std::time::Duration;

use http::{Method, StatusCode};

use super::http::{HOOK, Http, message, with_web};
use super::scene::{Act, Scene};
use crate::config::QuietHours;
use crate::engine::subscriptions::{self, HookAddress, Standing};
use crate::sandbox::stage::{Sold, Stage};
use crate::sandbox::world::Seller;
use crate::steps::OrderId;
use crate::text::Number;
use crate::unzer::{EVENTS, UnzerClient};

async fn scene() -> (Scene, Http) {
    let scene = Scene::with(with_web).await;
    let http = Http::of(&scene);
    (scene, http)
}

fn client(scene: &Scene, seller: Seller) -> UnzerClient {
    let code = seller.payment_type(crate::config::Mode::Expert);
    let ring = scene.daemon.shop().peers.ring(&seller.shop().into(), &code.into()).unwrap();
    ring.clients().next().unwrap().clone()
}

fn address(scene: &Scene) -> HookAddress {
    HookAddress::of(&scene.daemon.shop().settings.web).unwrap()
}

/// Payments that wait to be looked at.
async fn hints(scene: &Scene) -> Vec<String> {
    let hints = scene.journal.take_hints(&"sandbox".into(), 10_000).await.unwrap();
    hints.into_iter().map(|hint| hint.payment).collect()
}

async fn subscribed(scene: &Scene, seller: Seller) {
    subscriptions::register(&client(scene, seller), &address(scene)).await.unwrap();
}

/// Released behind its lock, and waiting for the buyer's transfer for more than a day.
async fn prepaid(stage: &Stage, scene: &Scene) -> Sold {
    let sold = stage.sell("prepayment", &[60_00], 0).unwrap();
    scene.minutes(3).await;
    stage.locked(sold.nr, true).unwrap();
    sold
}

#[tokio::test(start_paused = true)]
async fn a_transfer_is_noticed_by_webhook_long_before_polling_would_notice_it() {
    let (scene, http) = scene().await;
    // The first mandant has subscribed, the second has not.
    subscribed(&scene, Seller::First).await;
    let told = scene.stage(1);
    let untold = Stage { seller: Seller::Second, ..scene.stage(2) };
    let (first, second) = (prepaid(&told, &scene).await, prepaid(&untold, &scene).await);
    let courier = http.courier(&scene);
    courier.round().await;
    scene.hours(30).await;
    let waits = async |stage: &Stage, sold: &Sold| {
        let order = OrderId { api: "sandbox".into(), mandant: stage.seller.shop().into(), nr: sold.nr };
        scene.journal.load_order(&order).await.unwrap().unwrap().next_check.unwrap() - scene.world.clock.now()
    };
    // Until polling has just looked, and will not look again for hours.
    let long = chrono::TimeDelta::hours(2);
    while waits(&told, &first).await < long || waits(&untold, &second).await < long {
        scene.cycle().await;
        scene.world.clock.sleep(Duration::from_mins(10)).await;
    }
    for (stage, sold) in [(&told, &first), (&untold, &second)] {
        stage.transfer(&sold.payment, 60_00).unwrap();
    }
    assert!(courier.round().await >= 1, "the receipt is told");
    assert_eq!(hints(&scene).await, [first.payment.as_str()]);
    scene.minutes(2).await;
    told.locked(first.nr, false).unwrap();
    assert_eq!(scene.row(first.nr).await.payment_status, "PAID");
    untold.locked(second.nr, true).unwrap();
    assert_eq!(hints(&scene).await, [""; 0]);
    scene.hours(7).await;
    untold.locked(second.nr, false).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_chargeback_of_an_order_that_has_ended_is_noticed() {
    let (scene, http) = scene().await;
    subscribed(&scene, Seller::First).await;
    let stage = scene.stage(1);
    let sold = stage.charge("eps", &[45_00], 0).unwrap();
    scene.minutes(3).await;
    stage.ship_all(sold.nr).unwrap();
    scene.minutes(3).await;
    let courier = http.courier(&scene);
    courier.round().await;
    for _ in 0..40 {
        scene.world.clock.sleep(Duration::from_hours(24)).await;
        scene.cycle().await;
    }
    assert_eq!(scene.row(sold.nr).await.next_check, None, "it has ended");
    scene.world.unzer.charge_back(&sold.payment, "s-chg-1", stage.money(45_00)).unwrap();
    scene.minutes(1).await;
    assert_eq!(scene.mark(sold.nr).await, None, "not by itself");
    courier.round().await;
    scene.minutes(1).await;
    assert_eq!(scene.mark(sold.nr).await, Some(Number::Chargeback.digits()));
}

#[tokio::test(start_paused = true)]
async fn a_message_is_on_disk_before_it_is_answered() {
    let (scene, http) = scene().await;
    let sold = scene.stage(1).charge("eps", &[45_00], 0).unwrap();
    scene.minutes(2).await;
    let body = message("charge.succeeded", &sold.payment).body;
    let watch = scene.world.clock.stopwatch();
    assert_eq!(http.post(HOOK, &body).await.status, StatusCode::OK);
    assert_eq!(watch.elapsed(), Duration::ZERO, "nothing is waited for but the store");
    assert_eq!(hints(&scene).await, [sold.payment.as_str()]);
    // A store that takes nothing: Unzer sends it again.
    scene.journal.close();
    let answer = http.post(HOOK, &body).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer.headers.contains_key("retry-after"));
}

#[tokio::test(start_paused = true)]
async fn messages_that_were_not_taken_come_again_and_the_order_they_come_in_does_not_matter() {
    let (scene, http) = scene().await;
    subscribed(&scene, Seller::First).await;
    let stage = scene.stage(1);
    let sold = prepaid(&stage, &scene).await;
    // Nobody listens at first.
    let nobody = crate::sandbox::unzer::Courier::new(
        scene.world.unzer.clone(),
        scene.world.clock.clone(),
        std::sync::Arc::new(Deaf),
    );
    stage.transfer(&sold.payment, 20_00).unwrap();
    stage.transfer(&sold.payment, 40_00).unwrap();
    assert_eq!(nobody.round().await, 0);
    assert!(nobody.under_way() >= 4);
    let all = [
        message("payment.completed", &sold.payment),
        message("charge.succeeded", &sold.payment),
        message("payment.partly", &sold.payment),
        message("charge.succeeded", &sold.payment),
        message("charge.pending", &sold.payment),
    ];
    let courier = http.courier(&scene);
    for delivery in all.iter().rev().chain(&all) {
        assert_eq!(courier.bring(delivery).await, Some(StatusCode::OK));
    }
    assert_eq!(hints(&scene).await, [sold.payment.as_str()], "ten messages are one hint");
    scene.minutes(2).await;
    stage.locked(sold.nr, false).unwrap();
    // And once more, long after.
    courier.bring(&all[4]).await;
    scene.minutes(2).await;
    stage.locked(sold.nr, false).unwrap();
    stage.moved(&sold.payment, 60_00, 0, 0).unwrap();
}

/// Nobody answers.
struct Deaf;

#[async_trait::async_trait]
impl crate::wire::Wire for Deaf {
    async fn send(&self, _: crate::wire::Request) -> Result<crate::wire::Response, crate::wire::SendError> {
        Err(crate::wire::SendError::NotSent(crate::wire::Cause::Connect))
    }
}

#[tokio::test(start_paused = true)]
async fn nonsense_strangers_and_wrong_addresses_do_nothing() {
    let (scene, http) = scene().await;
    let sold = scene.stage(1).charge("eps", &[45_00], 0).unwrap();
    scene.minutes(2).await;
    let foreign = message("payment", &sold.payment).body.replace("s-pub-sandbox1", "s-pub-of-somebody-else");
    let long = format!("{{\"event\":\"{}\"}}", "x".repeat(20_000));
    let injected = message("payment'; DROP TABLE hints; --", "s-pay-1' OR '1'='1").body;
    for body in [
        "",
        "null",
        "[1,2]",
        "%PDF-1.4",
        "{\"event\":",
        "{\"event\":\"types\",\"publicKey\":\"s-pub-sandbox1\"}",
        "{\"paymentId\":{\"$gt\":\"\"}}",
        &"[".repeat(10_000),
        &foreign,
        &long,
        &injected,
    ] {
        let answer = http.post(HOOK, body).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::OK, ""), "{body:.60}");
    }
    assert_eq!(hints(&scene).await, [""; 0]);
    let body = message("payment", &sold.payment).body;
    let wrong = [
        "/hooks/unzer/hook-token-of-the-scen",
        "/hooks/unzer/hook-token-of-the-scenes",
        "/hooks/unzer/x",
        "/hooks/unzer/%FF",
        "/hooks/unzer/HOOK-TOKEN-OF-THE-SCENE",
    ];
    let mut answers = Vec::new();
    for path in wrong {
        let answer = http.post(path, &body).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        answers.push((answer.headers, answer.body));
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "no address tells more than another");
    assert_eq!(http.send(Method::GET, HOOK, &[], b"").await.status, StatusCode::METHOD_NOT_ALLOWED);
    assert_eq!(hints(&scene).await, [""; 0]);
    scene.line.take_sent();
    scene.cycle().await;
    assert!(!scene.line.take_sent().iter().any(|sent| sent.write));
}

#[tokio::test(start_paused = true)]
async fn without_a_token_no_address_fits() {
    let scene = Scene::new().await;
    let http = Http::of(&scene);
    for path in ["/hooks/unzer/", "/hooks/unzer/x", HOOK] {
        assert_eq!(http.post(path, "{}").await.status, StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_flood_is_bounded_and_nothing_of_ours_is_lost_in_it() {
    let (scene, http) = scene().await;
    let stage = scene.stage(1);
    let sold = prepaid(&stage, &scene).await;
    stage.transfer(&sold.payment, 60_00).unwrap();
    scene.line.take_sent();
    let strangers = |count: u32| (0..count).map(|nr| message("payment", &format!("s-pay-9{nr:06}")).body);
    let mut answers: Vec<StatusCode> = Vec::new();
    for _ in 0..3 {
        answers.extend(http.flood(HOOK, strangers(4_000)).await);
    }
    let kinds: BTreeSet<u16> = answers.iter().map(StatusCode::as_u16).collect();
    assert!(kinds.is_subset(&BTreeSet::from([200, 503])), "taken, or to be sent again: {kinds:?}");
    assert!(answers.iter().filter(|status| **status == StatusCode::OK).count() >= 2_000);
    // A payment of an order known here is taken even now.
    assert_eq!(http.post(HOOK, &message("payment.completed", &sold.payment).body).await.status, StatusCode::OK);
    let waiting = hints(&scene).await;
    assert!(waiting.contains(&sold.payment) && waiting.len() <= 1_001, "{}", waiting.len());
    // It costs no request: neither now nor in the cycle, which forgets what it does not know.
    assert!(scene.line.take_sent().is_empty());
    scene.minutes(2).await;
    assert!(scene.line.count("payment") < 5);
    assert_eq!(hints(&scene).await, [""; 0]);
    stage.locked(sold.nr, false).unwrap();
}

#[tokio::test(start_paused = true)]
async fn in_the_quiet_hours_unzer_is_read_and_pixi_is_left_alone() {
    let night = QuietHours { from: "00:00:00".parse().unwrap(), until: "04:00:00".parse().unwrap() };
    let scene = Scene::with(|settings| {
        with_web(settings);
        settings.schedule.quiet_hours = Some(night);
    })
    .await;
    let http = Http::of(&scene);
    subscribed(&scene, Seller::First).await;
    let (stage, other) = (scene.stage(1), scene.stage(2));
    let waiting = prepaid(&stage, &scene).await;
    let paid = other.charge("eps", &[45_00], 0).unwrap();
    scene.minutes(3).await;
    // 01:00
    scene.world.clock.sleep(Duration::from_hours(16)).await;
    assert!(scene.daemon.quiet_until().is_some());
    let courier = http.courier(&scene);
    courier.round().await;
    stage.transfer(&waiting.payment, 60_00).unwrap();
    scene.world.unzer.charge_back(&paid.payment, "s-chg-1", other.money(45_00)).unwrap();
    assert!(courier.round().await >= 2, "taken at night too");
    scene.line.take_sent();
    // One payment cannot be read: the other is told of all the same.
    let silent = waiting.payment.clone();
    scene.line.rule(move |request| if request.url.path().contains(&silent) { Act::Lose } else { Act::Pass });
    scene.daemon.look_at_hints().await.unwrap();
    assert_eq!(scene.row(paid.nr).await.payment_status, "CHARGEBACK");
    assert_eq!(scene.row(waiting.nr).await.payment_status, "UNPAID");
    scene.line.clear();
    scene.world.clock.sleep(Duration::from_mins(2)).await;
    scene.daemon.look_at_hints().await.unwrap();
    let sent = scene.line.take_sent();
    assert!(!sent.is_empty() && sent.iter().all(|sent| !sent.write && !sent.call.starts_with("pixi")), "{sent:?}");
    assert_eq!(scene.row(waiting.nr).await.payment_status, "PAID");
    assert_eq!(scene.mark(paid.nr).await, Some(Number::Chargeback.digits()), "told at once");
    assert_eq!(scene.row(paid.nr).await.payment_status, "CHARGEBACK");
    stage.locked(waiting.nr, true).unwrap();
    // Looked at once, and not again for the same word.
    scene.daemon.look_at_hints().await.unwrap();
    assert!(scene.line.take_sent().is_empty());
    assert_eq!(hints(&scene).await.len(), 2, "what needs pixi is still to be done");
    // 04:01
    scene.world.clock.sleep(Duration::from_mins(181)).await;
    scene.minutes(2).await;
    stage.locked(waiting.nr, false).unwrap();
    other.locked(paid.nr, true).unwrap();
    assert_eq!(hints(&scene).await, [""; 0]);
}

#[tokio::test(start_paused = true)]
async fn subscriptions_are_made_mended_and_removed_and_a_shops_are_left_alone() {
    let (scene, _) = scene().await;
    let (client, now) = (client(&scene, Seller::First), address(&scene));
    let shops = "https://shop.example.org/unzer".parse().unwrap();
    client.create_webhook(&shops, "payment").await.unwrap();
    let made = subscriptions::register(&client, &now).await.unwrap();
    assert_eq!(made.created, EVENTS);
    let again = subscriptions::register(&client, &now).await.unwrap();
    assert_eq!(again, subscriptions::Changed::default());
    // Another token: the same subscriptions lead elsewhere.
    let mut web = scene.daemon.shop().settings.web.clone();
    web.hook_token = Some("another-token-for-hooks".into());
    let later = HookAddress::of(&web).unwrap();
    let stale = subscriptions::list(&client, &later).await.unwrap();
    let of = |standing| stale.iter().filter(|one| one.standing == standing).count();
    assert_eq!((of(Standing::Stale), of(Standing::Missing), of(Standing::Foreign), of(Standing::Good)), (4, 4, 1, 0));
    let mended = subscriptions::register(&client, &later).await.unwrap();
    assert_eq!((mended.moved.len(), mended.created.len(), mended.removed.len()), (4, 0, 0));
    let gone = subscriptions::remove(&client, &later).await.unwrap();
    assert_eq!(gone.removed.len(), 4);
    let left: Vec<String> = client.webhooks().await.unwrap().into_iter().map(|hook| hook.url).collect();
    assert_eq!(left, ["https://shop.example.org/unzer"]);
}
