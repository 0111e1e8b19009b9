//! Money a person asks for on the page: moved as asked, once, whatever breaks, by the books of the simulated peers.

use serde_json::Value;

use super::pages::visitor::{Visitor, with_logins};
use super::scene::Scene;
use crate::engine::requests::{move_request, why_declined};
use crate::policy::facts::Direction;
use crate::sandbox::faults::{Fault, Matcher};
use crate::sandbox::stage::Sold;
use crate::text::Language;
use crate::wire::Peer;

/// What a form's fields are filled with, beside those it brings.
async fn fill(anna: &mut Visitor, path: &str, typed: &[(&str, &str)]) -> super::pages::visitor::Page {
    let form = anna.get(path).await;
    let (csrf, seen) = (form.field("csrf"), form.field("seen"));
    let mut fields = vec![("csrf", csrf.as_str()), ("seen", seen.as_str())];
    fields.extend_from_slice(typed);
    anna.post(path, &fields).await
}

impl Scene {
    /// What the daemon answers to a person who asks for money to be moved.
    async fn moves(&self, nr: i64, direction: Direction, minor: i64) -> Value {
        let row = self.row(nr).await;
        self.answer(move_request("web:anna", &row, direction, minor, "by phone")).await
    }

    /// An order paid in the shop and let go.
    async fn paid(&self) -> Sold {
        let sold = self.stage(1).charge("eps", &[45_00], 0).unwrap();
        self.minutes(3).await;
        sold
    }

    /// An authorised order, let go in expert mode.
    async fn authorized(&self) -> Sold {
        let sold = self.stage(1).authorize("card", &[45_00], 0).unwrap();
        self.minutes(3).await;
        sold
    }
}

#[tokio::test(start_paused = true)]
async fn asked_a_refund_goes_from_the_page_to_the_buyer_once() {
    let scene = Scene::with(with_logins).await;
    let sold = scene.paid().await;
    let (stage, nr) = (scene.stage(1), sold.nr);
    let mut anna = Visitor::known(&scene).await;
    let page = anna.get(&format!("/orders/DEM/{nr}")).await;
    assert!(page.text.contains("data-action=\"refund\"") && !page.text.contains("data-action=\"capture\""));
    let path = format!("/orders/DEM/{nr}/refund");
    let form = anna.get(&path).await;
    assert!(form.text.contains("höchstens 45,00 EUR") && form.text.contains("Teilbetrag erstatten"), "{}", form.text);
    for (amount, reason) in [("", "gift"), ("0", "gift"), ("45,01", "gift"), ("1.000", "gift"), ("10,00", " ")] {
        let page = fill(&mut anna, &path, &[("amount", amount), ("reason", reason), ("sure", "yes")]).await;
        assert!(page.text.contains("role=\"alert\""), "{amount} {reason}: {}", page.text);
    }
    let typed = [("amount", "10,00"), ("reason", "late <b>parcel</b>")];
    let sure = fill(&mut anna, &path, &typed).await;
    assert!(
        sure.text.contains("10,00 EUR an den Käufer zurückzahlen?") && !sure.text.contains("<b>parcel"),
        "{}",
        sure.text
    );
    assert!(scene.journal.requests_of(&Scene::id(nr), 9).await.unwrap().is_empty(), "not before the yes");
    let (csrf, seen) = (sure.field("csrf"), sure.field("seen"));
    let yes: [(&str, &str); 5] = [
        ("csrf", &csrf),
        ("seen", &seen),
        ("amount", &sure.field("amount")),
        ("reason", &sure.field("reason")),
        ("sure", &sure.field("sure")),
    ];
    assert!(anna.post(&path, &yes).await.leads_to().ends_with("?said=asked"));
    assert!(anna.post(&path, &yes).await.leads_to().ends_with("?said=busy"), "the form sent twice");
    scene.journal.heartbeat(scene.daemon.owner()).await.unwrap();
    scene.daemon.answer_requests().await.unwrap();
    stage.moved(&sold.payment, 45_00, 10_00, 0).unwrap();
    let page = anna.get(&format!("/orders/DEM/{nr}")).await;
    for part in ["data-request=\"done\"", "Teilbetrag erstatten: 10,00 EUR", "late &#60;b&#62;parcel"] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    assert!(anna.post(&path, &yes).await.leads_to().ends_with("?said=stale"), "and a third time");
    let invoice = stage.ship_all(nr).unwrap();
    scene.hours(3).await;
    stage.moved(&sold.payment, 45_00, 10_00, 0).unwrap();
    stage.booked_once(&invoice, 45_00).unwrap();
    assert_eq!((scene.mark(nr).await, stage.order(nr).unwrap().lock.is_some()), (None, false));
    let comments: Vec<String> = stage.order(nr).unwrap().comments.into_iter().map(|comment| comment.text).collect();
    assert_eq!(
        comments.iter().filter(|text| text.contains("10,00 EUR von Hand zurückgezahlt")).count(),
        1,
        "{comments:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn asked_a_capture_counts_for_the_invoice() {
    let scene = Scene::with(with_logins).await;
    let sold = scene.authorized().await;
    let mut anna = Visitor::known(&scene).await;
    let page = anna.get(&format!("/orders/DEM/{}", sold.nr)).await;
    assert!(page.text.contains("data-action=\"capture\"") && !page.text.contains("data-action=\"refund\""));
    assert_eq!(scene.moves(sold.nr, Direction::Capture, 20_00).await["done"], true);
    let stage = scene.stage(1);
    stage.moved(&sold.payment, 20_00, 0, 0).unwrap();
    let invoice = stage.ship_all(sold.nr).unwrap();
    scene.minutes(5).await;
    stage.moved(&sold.payment, 45_00, 0, 0).unwrap();
    stage.booked_once(&invoice, 45_00).unwrap();
}

#[tokio::test(start_paused = true)]
async fn asked_nothing_moves_where_the_order_is_another_than_was_seen() {
    let scene = Scene::new().await;
    let sold = scene.paid().await;
    let before = scene.row(sold.nr).await;
    let stage = scene.stage(1);
    scene.world.unzer.portal_refund(&sold.payment, None, stage.money(5_00)).unwrap();
    let request = move_request("web:anna", &before, Direction::Refund, 10_00, "by phone");
    let answer = scene.answer(request.clone()).await;
    assert!(answer["error"].as_str().unwrap().contains("changed"), "{answer}");
    let unread = crate::journal::NewRequest { amounts_seen: Value::Null, ..request };
    assert!(scene.answer(unread).await["error"].is_string(), "nobody knows what was seen");
    stage.moved(&sold.payment, 45_00, 5_00, 0).unwrap();
    scene.minutes(5).await;
    let answer = scene.moves(sold.nr, Direction::Refund, 40_01).await;
    assert_eq!(why_declined(&answer, Language::De).unwrap(), "Es gehen höchstens 40,00 EUR auf einmal.");
    stage.moved(&sold.payment, 45_00, 5_00, 0).unwrap();
}

#[tokio::test(start_paused = true)]
async fn asked_beside_a_credit_note_that_is_just_due_nothing_more_moves() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.charge("eps", &[45_00, 30_00], 0).unwrap();
    scene.minutes(3).await;
    stage.ship_all(sold.nr).unwrap();
    scene.minutes(3).await;
    stage.take_back(sold.nr, &[0]).unwrap();
    scene.minutes(1).await;
    // Its brakes end between two cycles.
    scene.world.clock.sleep(std::time::Duration::from_mins(30)).await;
    let answer = scene.moves(sold.nr, Direction::Refund, 20_00).await;
    assert!(why_declined(&answer, Language::En).unwrap().contains("still to be paid back"), "{answer}");
    scene.minutes(10).await;
    stage.moved(&sold.payment, 75_00, 45_00, 0).unwrap();
}

#[tokio::test(start_paused = true)]
async fn asked_long_ago_moves_nothing() {
    let scene = Scene::new().await;
    let sold = scene.paid().await;
    let request = move_request("web:anna", &scene.row(sold.nr).await, Direction::Refund, 10_00, "by phone");
    let id = scene.journal.enqueue_request(request).await.unwrap();
    scene.world.clock.sleep(std::time::Duration::from_mins(11)).await;
    scene.cycle().await;
    scene.daemon.answer_requests().await.unwrap();
    let answer = scene.journal.load_request(id).await.unwrap().unwrap().answer.unwrap();
    assert!(why_declined(&answer, Language::De).unwrap().contains("zu alt"), "{answer}");
    scene.stage(1).moved(&sold.payment, 45_00, 0, 0).unwrap();
}

/// Every fault, at each of the two calls: the money moves as often as Unzer got to hear of it, which is once at most.
#[tokio::test(start_paused = true)]
async fn asked_whatever_breaks_money_moves_once() {
    for (direction, call) in [(Direction::Capture, "capture"), (Direction::Refund, "refund")] {
        for fault in Fault::ALL {
            let scene = Scene::new().await;
            let sold = if call == "capture" { scene.authorized().await } else { scene.paid().await };
            scene.world.faults.plan(Matcher::next(Peer::Unzer, call), fault);
            let answer = scene.moves(sold.nr, direction, 10_00).await;
            scene.hours(30).await;
            let ledger = scene.stage(1).ledger(&sold.payment).unwrap();
            let moved = if call == "capture" { ledger.captured } else { ledger.refunded };
            assert_eq!(moved, if fault.takes_effect() { 10_00 } else { 0 }, "{call} {fault:?}");
            assert!(answer["done"] != true || moved == 10_00, "{call} {fault:?}: {answer}");
            let steps = scene.journal.steps_of(&Scene::id(sold.nr)).await.unwrap();
            let asked: Vec<_> = steps.iter().filter(|step| step.effect.amount().is_some()).collect();
            assert!(asked.len() == 1 && !asked[0].state.is_open(), "{call} {fault:?}: {asked:?}");
            let told = scene.mark(sold.nr).await;
            assert_eq!(told, None, "{call} {fault:?}: settled, and nothing is wrong");
        }
    }
}
