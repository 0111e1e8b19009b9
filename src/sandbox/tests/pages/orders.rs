//! What people see of orders and do with them.

use http::StatusCode;

use super::super::scene::Scene;
use super::door::nothing_inline;
use super::visitor::{Visitor, with_logins};
use crate::config::Mode;
use crate::journal::{Chain, Management, OrderSeen};
use crate::money::Currency;
use crate::steps::OrderId;

/// A scene with an order whose capture was refused: number of the order.
async fn with_problem() -> (Scene, i64) {
    let scene = Scene::with(with_logins).await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[30_00], 0).unwrap();
    scene.minutes(2).await;
    scene.world.unzer.decline_next(&sold.payment, "COR.800.100.153");
    stage.ship_all(sold.nr).unwrap();
    scene.minutes(3).await;
    assert_eq!(scene.mark(sold.nr).await, Some(1303));
    (scene, sold.nr)
}

async fn seen(scene: &Scene, nr: i64, mandant: &str, external: &str) {
    let seen = OrderSeen {
        order: OrderId { api: "sandbox".into(), mandant: mandant.into(), nr },
        nr_external: external.to_owned(),
        payment_code: "U".into(),
        currency: Currency::EUR,
        mode: "expert".to_owned(),
        management: Management::Managed,
        next_check: scene.world.clock.now(),
    };
    scene.journal.see_order(seen).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn the_dashboard_shows_a_problem_and_clears_its_mark_alone() {
    let (scene, nr) = with_problem().await;
    let mut anna = Visitor::known(&scene).await;
    let page = anna.get("/?mark=problem").await;
    for part in ["data-total=\"1\"", "Problem PP-1303", "Problem gelöst", "30,00 EUR", "Letzter Lauf", "TEST"] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    nothing_inline(&page.text);
    let (csrf, fingerprint) = (page.field("csrf"), page.field("fingerprint"));
    let (steps, answers) = (scene.journal.steps_of(&Scene::id(nr)).await.unwrap(), scene.line.take_sent().len());
    assert!(answers > 0);
    let path = format!("/orders/DEM/{nr}/solved");
    let stale = [("csrf", csrf.as_str()), ("fingerprint", "PP-1303|another"), ("here", "/?mark=problem")];
    assert_eq!(anna.post(&path, &stale).await.leads_to(), "/?mark=problem&said=stale");
    let fields = [("csrf", csrf.as_str()), ("fingerprint", fingerprint.as_str()), ("here", "/?mark=problem")];
    let done = anna.post(&path, &fields).await;
    assert_eq!(done.leads_to(), "/?mark=problem&said=resolved");
    let after = anna.get(done.leads_to()).await;
    assert!(after.text.contains("Die Markierung ist gelöscht.") && after.text.contains("data-empty"), "{}", after.text);
    assert!(anna.get("/").await.text.contains(&format!("DEM/{nr}")), "the order is still listed");
    let row = scene.row(nr).await;
    let resolved = row.resolved.unwrap();
    assert_eq!((resolved.by.as_str(), resolved.reason.as_str()), ("web:anna", "Problem gelöst"));
    let audit = scene.journal.audit_entries(Chain::of(&Scene::id(nr)), None, 1).await.unwrap();
    assert!(audit[0].entry.to_string().contains("web:anna"), "{:?}", audit[0].entry);
    assert_eq!(scene.journal.steps_of(&Scene::id(nr)).await.unwrap(), steps, "nothing else was done");
    assert!(scene.line.take_sent().is_empty(), "nothing was sent");
    assert_eq!(anna.post(&path, &fields).await.leads_to(), "/?mark=problem&said=stale", "a second time");
    let away = [("csrf", csrf.as_str()), ("fingerprint", ""), ("here", "//evil.example")];
    assert_eq!(anna.post(&path, &away).await.leads_to(), "/?said=stale");
}

#[tokio::test(start_paused = true)]
async fn the_page_of_an_order_tells_what_was_done_and_what_comes_next() {
    let (scene, nr) = with_problem().await;
    let mut anna = Visitor::known(&scene).await;
    let page = anna.get(&format!("/orders/DEM/{nr}")).await;
    assert_eq!(page.status, StatusCode::OK);
    let parts = [
        "data-amount=\"authorized\"",
        "data-amount=\"open\"",
        "Autorisiert",
        "COR.800.100.153",
        "einziehen",
        "abgelehnt",
        "freigeben",
        "Was ist zu tun?",
        "Nächste Prüfung",
        "https://sbx-insights.unzer.com/",
        "data-action=\"retry\"",
        "data-action=\"ignore\"",
    ];
    for part in parts {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
    nothing_inline(&page.text);
    for nowhere in ["/orders/OUT/100001", "/orders/DEM/1", "/orders/DEM/x", "/orders/DEM/100001/burn"] {
        assert_eq!(anna.get(nowhere).await.status, StatusCode::NOT_FOUND, "{nowhere}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_person_lets_the_daemon_try_again_with_a_reason_and_what_they_saw() {
    let (scene, nr) = with_problem().await;
    let mut anna = Visitor::known(&scene).await;
    let path = format!("/orders/DEM/{nr}/retry");
    let form = anna.get(&path).await;
    let (csrf, as_seen) = (form.field("csrf"), form.field("seen"));
    let with =
        |seen: &str, reason: &str| [("csrf", csrf.clone()), ("seen", seen.to_owned()), ("reason", reason.to_owned())];
    let borrow = |fields: &[(&'static str, String); 3]| -> Vec<(&'static str, String)> { fields.to_vec() };
    let send = async |anna: &mut Visitor, seen: &str, reason: &str| {
        let fields = borrow(&with(seen, reason));
        let fields: Vec<(&str, &str)> = fields.iter().map(|(name, value)| (*name, value.as_str())).collect();
        anna.post(&path, &fields).await
    };
    let without = send(&mut anna, &as_seen, "  ").await;
    assert!(without.text.contains("Bitte einen Grund angeben."), "{}", without.text);
    assert!(send(&mut anna, "something else", "the bank says yes").await.leads_to().ends_with("?said=stale"));
    assert!(scene.journal.requests_of(&Scene::id(nr), 9).await.unwrap().is_empty(), "nothing was asked yet");
    let asked = send(&mut anna, &as_seen, "the bank says yes").await;
    assert!(asked.leads_to().ends_with("?said=asked"), "{}", asked.leads_to());
    let waiting = anna.get(asked.leads_to()).await;
    assert!(waiting.text.contains("data-request=\"waiting\"") && waiting.text.contains("http-equiv=\"refresh\""));
    // A cycle renews the lease that requests are taken under.
    scene.cycle().await;
    scene.daemon.answer_requests().await.unwrap();
    let done = anna.get(&format!("/orders/DEM/{nr}")).await;
    assert!(done.text.contains("data-request=\"done\"") && done.text.contains("the bank says yes"), "{}", done.text);
    assert!(!done.text.contains("http-equiv=\"refresh\""), "nothing is waited for any more");
    let request = scene.journal.requests_of(&Scene::id(nr), 9).await.unwrap().remove(0);
    assert_eq!((request.actor.as_str(), request.kind.as_str()), ("web:anna", "retry"));
    let payment = scene.row(nr).await.payment.unwrap();
    scene.stage(1).moved(&payment, 30_00, 0, 0).unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_request_is_refused_where_the_amounts_have_changed_on_its_way() {
    let (scene, nr) = with_problem().await;
    let request = crate::engine::requests::retry_request("web:anna", &Scene::id(nr), "because");
    let mut row = scene.row(nr).await;
    row.amounts.total += 1;
    let id = scene.journal.enqueue_request(request.seeing(&row)).await.unwrap();
    scene.cycle().await;
    scene.line.take_sent();
    scene.daemon.answer_requests().await.unwrap();
    let answer = scene.journal.load_request(id).await.unwrap().unwrap().answer.unwrap();
    assert!(answer["error"].as_str().unwrap().contains("amounts have changed"), "{answer}");
    assert!(scene.line.take_sent().iter().all(|sent| !sent.write));
}

#[tokio::test(start_paused = true)]
async fn an_order_is_left_alone_or_looked_at_by_a_persons_word() {
    let (scene, nr) = with_problem().await;
    let mut anna = Visitor::known(&scene).await;
    for (action, said) in [("recheck", "recheck"), ("resolve", "resolved"), ("ignore", "ignored")] {
        let path = format!("/orders/DEM/{nr}/{action}");
        let form = anna.get(&path).await;
        assert_eq!(form.status, StatusCode::OK, "{action}");
        nothing_inline(&form.text);
        let (csrf, seen) = (form.field("csrf"), form.field("seen"));
        let fields = [("csrf", csrf.as_str()), ("seen", seen.as_str()), ("reason", "told by phone")];
        let done = anna.post(&path, &fields).await;
        assert_eq!(done.leads_to(), format!("/orders/DEM/{nr}?said={said}"));
        if action == "recheck" {
            let next = scene.row(nr).await.next_check;
            assert!(next.is_some_and(|at| at <= scene.world.clock.now()), "looked at in the next cycle: {next:?}");
        }
    }
    let row = scene.row(nr).await;
    assert_eq!((row.management, row.management_by.as_deref()), (Management::Ignored, Some("web:anna")));
    assert_eq!(anna.get(&format!("/orders/DEM/{nr}/ignore")).await.status, StatusCode::NOT_FOUND, "not twice");
}

#[tokio::test(start_paused = true)]
async fn fifty_orders_stand_on_a_page_and_filters_stay() {
    let scene = Scene::with(with_logins).await;
    for nr in 1..=120 {
        seen(&scene, nr, if nr % 2 == 0 { "DEM" } else { "OUT" }, &format!("W-{nr}")).await;
    }
    let mut anna = Visitor::known(&scene).await;
    let count = |text: &str| text.matches("<tbody role=\"rowgroup\" data-order=").count();
    let first = anna.get("/").await;
    assert_eq!((count(&first.text), first.text.contains("data-total=\"120\"")), (50, true));
    assert!(first.text.find("OUT/119").unwrap() > first.text.find("DEM/120").unwrap(), "latest first");
    let only = anna.get("/?mandant=DEM").await;
    assert_eq!((count(&only.text), only.text.contains("data-total=\"60\"")), (50, true));
    assert!(!only.text.contains("data-order=\"OUT/"));
    let link = only.text.split("data-page-link=\"older\"").next().unwrap().rsplit("href=\"").next().unwrap();
    let link = link.split('"').next().unwrap().replace("&#38;", "&");
    assert!(link.contains("mandant=DEM"), "{link}");
    let next = anna.get(&link).await;
    assert_eq!(count(&next.text), 10);
    assert!(next.text.contains("data-page-link=\"newest\"") && !next.text.contains("data-page-link=\"older\""));
    for (search, found) in
        [("77", 1), ("W-7", 11), ("W-77", 1), ("w-77", 0), ("s-pay-1", 0), ("99999999999999999999", 0)]
    {
        assert_eq!(count(&anna.get(&format!("/?q={search}")).await.text), found, "{search}");
    }
    let day = scene.world.clock.now().date_naive();
    let (before, after) = (day.pred_opt().unwrap(), day.succ_opt().unwrap());
    for (query, found) in [
        (format!("from={day}"), 50),
        (format!("from={after}"), 0),
        (format!("until={before}"), 0),
        (format!("from={before}&until={day}&mandant=OUT&q=W-11"), 6),
    ] {
        assert_eq!(count(&anna.get(&format!("/?{query}")).await.text), found, "{query}");
    }
}

#[tokio::test(start_paused = true)]
async fn injection_in_every_filter_finds_nothing_and_does_nothing() {
    let (scene, nr) = with_problem().await;
    let mut anna = Visitor::known(&scene).await;
    let evil = [
        "' OR '1'='1",
        "\" OR 1=1 --",
        "'; DROP TABLE orders; --",
        "%",
        "_",
        "1) UNION SELECT password_hash FROM users --",
        "\"><script>alert(1)</script>",
        "{{7*7}}",
        "\u{0}\u{202e}\r\nSet-Cookie: x=1",
        "-1",
        "9223372036854775808",
    ];
    for name in ["mandant", "type", "method", "status", "transfer", "mark", "from", "until", "q", "before"] {
        for text in evil {
            let query = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, text).finish();
            let page = anna.get(&format!("/?{query}")).await;
            assert_eq!(page.status, StatusCode::OK, "{name}={text}");
            assert!(!page.headers.contains_key("set-cookie"), "{name}={text}");
            assert!(!page.text.contains("<script>") && !page.text.contains("argon2id"), "{name}={text}");
            nothing_inline(&page.text);
            // What is no value of a choice filters nothing; a name nobody has finds nothing.
            let listed = page.text.contains(&format!("data-order=\"DEM/{nr}\""));
            let finds_nothing = ["mandant", "type", "method", "q"].contains(&name);
            assert!(!(listed && finds_nothing), "{name}={text}");
        }
    }
    let proof = scene.journal.verify_store().await.unwrap();
    assert!(proof.iter().all(|checked| checked.offenders.is_empty()), "{proof:?}");
}

#[tokio::test(start_paused = true)]
async fn markup_in_names_from_pixi_is_shown_as_it_is() {
    let scene = Scene::with(with_logins).await;
    let markup = "<img src=x onerror=alert(1)>\"'&";
    seen(&scene, 100_777, "DEM", markup).await;
    seen(&scene, 100_778, "<b>&\"/", "W1").await;
    let mut anna = Visitor::known(&scene).await;
    let page = anna.get("/").await;
    assert!(page.text.contains("&#60;img src=x onerror=alert(1)&#62;&#34;&#39;&#38;"), "{}", page.text);
    assert!(!page.text.contains("<img") && !page.text.contains("<b>"));
    let link = page.text.split("class=\"order\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    assert_eq!(link, "/orders/%3Cb%3E%26%22%2F/100778");
    for path in [link, "/orders/DEM/100777", "/orders/DEM/100777/ignore"] {
        let page = anna.get(path).await;
        assert_eq!(page.status, StatusCode::OK, "{path}");
        assert!(!page.text.contains("<img") && !page.text.contains("<b>"), "{path}");
        nothing_inline(&page.text);
    }
}

#[tokio::test(start_paused = true)]
async fn the_counts_of_states_follow_every_order() {
    let scene = Scene::with(with_logins).await;
    for (number, slug) in ["card", "prepayment", "sofort"].into_iter().enumerate() {
        let stage = crate::sandbox::stage::Stage::new(&scene.world, Mode::Expert, number + 1);
        let sold = stage.sell(slug, &[45_00, 5_00], 0).unwrap();
        scene.minutes(3).await;
        if slug != "prepayment" {
            stage.ship_all(sold.nr).unwrap();
        }
        scene.minutes(3).await;
    }
    let cells = scene.journal.cells().await.unwrap();
    assert_eq!(cells.iter().map(|cell| cell.orders).sum::<i64>(), 3);
    let waiting: i64 = cells.iter().filter(|cell| cell.method == "ppy").map(|cell| cell.awaiting).sum();
    assert_eq!(waiting, 50_00, "{cells:?}");
    let proof = scene.journal.verify_store().await.unwrap();
    assert!(proof.iter().all(|checked| checked.offenders.is_empty()), "{proof:?}");
    let page = Visitor::known(&scene).await.get("/").await;
    for part in ["data-waiting=\"awaiting\"", "data-part=\"days\"", "<svg viewBox=\"0 0 692", "data-count=\"PAID\""] {
        assert!(page.text.contains(part), "{part} in {}", page.text);
    }
}
