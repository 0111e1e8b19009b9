//! What people say of an order beside the rules: take it over, hand it to collection, act on what was seen.

use chrono::NaiveDate;
use serde_json::Value;

use super::scene::{Act, Scene};
use crate::engine::adopt::{self, Adoptable};
use crate::engine::requests::retry_request;
use crate::journal::{Accepted, Management, NewRequest, Settled};
use crate::policy::facts::Document;
use crate::sandbox::stage::Sold;
use crate::steps::Kind;

impl Scene {
    /// Every order of the first mandant is older than the day the daemon is in charge from.
    async fn too_early() -> Self {
        Self::with(|settings| {
            let mandant = settings.mandants.get_mut("DEM").unwrap();
            mandant.process_from = NaiveDate::from_ymd_opt(2026, 3, 10);
        })
        .await
    }

    async fn look(&self, nr: i64) -> Adoptable {
        let look = adopt::look(&self.daemon.shop(), &Self::id(nr), &"U".into()).await;
        look.unwrap().unwrap()
    }

    async fn adopt(&self, seen: &Adoptable, done: &[&str]) {
        let is_done = |document: &Document| done.contains(&document.nr.as_str());
        let settled = |document: &Document| if is_done(document) { Settled::Done } else { Settled::Open };
        let words: Vec<Accepted> = seen.documents().map(|it| adopt::accepted(it, settled(it))).collect();
        let shop = self.daemon.shop();
        adopt::adopt(&self.journal, &shop.settings, seen, words, "cli:anna", "ours now").await.unwrap();
    }

    /// What the daemon answers to a request.
    pub(super) async fn answer(&self, request: NewRequest) -> Value {
        // Requests are taken under the lease, which time in a scene outlives.
        self.journal.heartbeat(self.daemon.owner()).await.unwrap();
        let id = self.journal.enqueue_request(request).await.unwrap();
        self.daemon.answer_requests().await.unwrap();
        self.journal.load_request(id).await.unwrap().unwrap().answer.unwrap()
    }
}

/// An order whose first half was shipped, captured and booked by people, and whose second half was just shipped.
async fn half_done(scene: &Scene) -> (Sold, String, String) {
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[40_00, 30_00], 0).unwrap();
    scene.minutes(2).await;
    scene.world.pixi.release_by_hand(sold.nr).unwrap();
    let first = stage.ship(sold.nr, &[0]).unwrap();
    scene.world.unzer.portal_capture(&sold.payment, stage.money(40_00)).unwrap();
    scene.world.pixi.pay_by_hand(&first).unwrap();
    let second = stage.ship(sold.nr, &[1]).unwrap();
    (sold, first, second)
}

#[tokio::test(start_paused = true)]
async fn a_legacy_order_is_taken_over_with_its_documents_and_nothing_moves_twice() {
    let scene = Scene::too_early().await;
    let (stage, (sold, first, second)) = (scene.stage(1), half_done(&scene).await);
    scene.hours(3).await;
    let row = scene.row(sold.nr).await;
    assert_eq!((row.payment_status.as_str(), row.management), ("LEGACY", Management::Legacy));
    assert!(adopt::is_left_alone(&row));
    stage.moved(&sold.payment, 40_00, 0, 0).unwrap();

    scene.line.take_sent();
    let seen = scene.look(sold.nr).await;
    assert!(scene.line.take_sent().iter().all(|sent| !sent.write), "looking changes nothing");
    let paid: Vec<(&str, bool)> =
        seen.documents().map(|document| (document.nr.as_str(), Adoptable::is_paid(document))).collect();
    assert_eq!(paid, [(first.as_str(), true), (second.as_str(), false)]);
    assert_eq!(seen.plan.sums.unzer.captured, 40_00, "what was captured is read from Unzer");
    let plan = seen.plan_with(&scene.daemon.shop(), vec![first.clone()], scene.world.clock.now()).unwrap();
    assert_eq!(plan.steps[0].key.0, format!("capture:{second}"));

    scene.adopt(&seen, &[&first]).await;
    scene.minutes(5).await;
    stage.moved(&sold.payment, 70_00, 0, 0).unwrap();
    stage.booked_once(&second, 30_00).unwrap();
    assert_eq!(scene.steps(sold.nr, Kind::Capture).await.len(), 1);
    assert!(scene.steps(sold.nr, Kind::BookInvoice).await.iter().all(|step| step.effect.document() == Some(&second)));
    let row = scene.row(sold.nr).await;
    assert_eq!((row.management, row.payment_status.as_str()), (Management::Adopted, "PAID"));
    assert_eq!(row.mark, None, "a document that is done is no problem");
    assert!(!adopt::is_left_alone(&row));
}

#[tokio::test(start_paused = true)]
async fn an_order_that_was_never_seen_is_taken_over_too_and_a_credit_note_that_is_done_is_not_refunded() {
    let scene = Scene::too_early().await;
    let stage = scene.stage(1);
    let sold = stage.charge("eps", &[20_00, 25_00], 0).unwrap();
    scene.world.pixi.release_by_hand(sold.nr).unwrap();
    let invoice = stage.ship_all(sold.nr).unwrap();
    let done = stage.take_back(sold.nr, &[0]).unwrap();
    let open = stage.take_back(sold.nr, &[1]).unwrap();
    assert_eq!(scene.journal.load_order(&Scene::id(sold.nr)).await.unwrap(), None);
    let seen = scene.look(sold.nr).await;
    scene.adopt(&seen, &[&done]).await;
    scene.minutes(60).await;
    stage.moved(&sold.payment, 45_00, 25_00, 0).unwrap();
    stage.not_booked(&done).unwrap();
    stage.booked_once(&open, 25_00).unwrap();
    stage.booked_once(&invoice, 45_00).unwrap();
}

#[tokio::test(start_paused = true)]
async fn taken_over_a_second_time_the_last_word_on_a_document_counts() {
    let scene = Scene::too_early().await;
    let stage = scene.stage(1);
    let sold = stage.charge("eps", &[20_00, 25_00], 0).unwrap();
    scene.world.pixi.release_by_hand(sold.nr).unwrap();
    let invoice = stage.ship_all(sold.nr).unwrap();
    let note = stage.take_back(sold.nr, &[0]).unwrap();
    scene.adopt(&scene.look(sold.nr).await, &[]).await;
    // The person changes their mind before the refund is due, and pays the buyer back by bank.
    scene.journal.set_management(&Scene::id(sold.nr), Management::Ignored, "cli:anna", "by bank").await.unwrap();
    scene.adopt(&scene.look(sold.nr).await, &[&note]).await;
    scene.minutes(60).await;
    stage.moved(&sold.payment, 45_00, 0, 0).unwrap();
    stage.not_booked(&note).unwrap();
    stage.booked_once(&invoice, 45_00).unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_was_paid_stays_paid_while_unzer_is_silent() {
    let scene = Scene::new().await;
    let sold = scene.stage(1).charge("eps", &[45_00], 0).unwrap();
    scene.minutes(3).await;
    let before = scene.row(sold.nr).await;
    scene.line.rule(|request| if request.call.starts_with("pixi") { Act::Pass } else { Act::Lose });
    scene.hours(8).await;
    let silent = scene.row(sold.nr).await;
    assert_eq!(silent.mark.map(|mark| mark.number.digits()), Some(1108), "the outage is told");
    assert_eq!(
        (silent.payment_status, silent.transfer_status, silent.amounts, silent.method, silent.group),
        (before.payment_status, before.transfer_status, before.amounts, before.method, before.group)
    );
}

#[tokio::test(start_paused = true)]
async fn debt_collection_does_not_hide_a_chargeback_that_comes_later() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.charge("eps", &[50_00], 0).unwrap();
    scene.minutes(3).await;
    scene.journal.hand_to_collection(&Scene::id(sold.nr), 50_00, "cli:anna", "file 47/11").await.unwrap();
    scene.world.unzer.charge_back(&sold.payment, "s-chg-1", stage.money(50_00)).unwrap();
    scene.hours(8).await;
    assert_eq!(scene.row(sold.nr).await.payment_status, "CHARGEBACK");
}

#[tokio::test(start_paused = true)]
async fn debt_collection_lasts_until_money_comes() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.charge("prepayment", &[50_00], 0).unwrap();
    scene.minutes(3).await;
    let id = Scene::id(sold.nr);
    assert_eq!(scene.row(sold.nr).await.payment_status, "UNPAID");
    scene.journal.hand_to_collection(&id, 0, "cli:anna", "file 47/11").await.unwrap();
    assert_eq!(scene.row(sold.nr).await.payment_status, "COLLECTION", "at once");
    scene.hours(30).await;
    assert_eq!(scene.row(sold.nr).await.payment_status, "COLLECTION");
    stage.transfer(&sold.payment, 20_00).unwrap();
    scene.hours(8).await;
    assert_eq!(scene.row(sold.nr).await.payment_status, "PAID_PARTIAL");
    assert!(scene.journal.end_collection(&id, "cli:anna", "paid").await.unwrap());
    assert!(!scene.journal.end_collection(&id, "cli:anna", "paid").await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn a_request_is_refused_where_the_amounts_have_changed_since_the_person_looked() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[30_00], 0).unwrap();
    scene.minutes(3).await;
    let looked = scene.row(sold.nr).await;
    stage.ship_all(sold.nr).unwrap();
    let request = |row| retry_request("cli:anna", &Scene::id(sold.nr), "now").seeing(row);
    let answer = scene.answer(request(&looked)).await;
    let error = answer["error"].as_str().unwrap();
    assert!(error.contains("invoiced 30.00 EUR instead of 0.00 EUR") && error.contains("look again"), "{error}");
    stage.moved(&sold.payment, 0, 0, 0).unwrap();
    scene.minutes(3).await;
    let answer = scene.answer(request(&scene.row(sold.nr).await)).await;
    assert_eq!(answer["done"], true, "{answer}");
    stage.moved(&sold.payment, 30_00, 0, 0).unwrap();
    let answer = scene.answer(retry_request("cli:anna", &Scene::id(sold.nr), "")).await;
    assert_eq!(answer["done"], true, "who names no amounts is not held to any: {answer}");
}
