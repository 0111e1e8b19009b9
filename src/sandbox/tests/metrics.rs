//! What monitoring is told, and the alerts and the dashboard that go by it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use http::StatusCode;

use super::http::{HOOK, HOOK_TOKEN, Http, message, with_web};
use super::scene::{Act, Scene};
use crate::config::QuietHours;
use crate::sandbox::faults::{Fault, Matcher};
use crate::sandbox::stage::Sold;
use crate::wire::Peer;

/// Samples by name and labels, as they stand on the page.
fn samples(page: &str) -> BTreeMap<String, String> {
    let lines = page.lines().filter(|line| !line.starts_with('#'));
    lines.map(|line| line.rsplit_once(' ').map(|(name, value)| (name.to_owned(), value.to_owned())).unwrap()).collect()
}

/// Names of the families of the page, with what their samples are.
fn families(page: &str) -> BTreeMap<String, String> {
    let heads = page.lines().filter_map(|line| line.strip_prefix("# TYPE "));
    heads.map(|head| head.split_once(' ').map(|(name, kind)| (name.to_owned(), kind.to_owned())).unwrap()).collect()
}

async fn metrics(scene: &Scene, http: &Http) -> String {
    // Past what is remembered of the page before.
    scene.world.clock.sleep(Duration::from_secs(6)).await;
    let answer = http.get("/metrics").await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.headers["content-type"], "text/plain; version=0.0.4; charset=utf-8");
    answer.body
}

fn value(page: &str, sample: &str) -> String {
    samples(page).remove(sample).unwrap_or_else(|| panic!("{sample} is not in\n{page}"))
}

fn number(page: &str, sample: &str) -> f64 {
    value(page, sample).parse().unwrap()
}

/// A shop in which something of everything is wrong.
async fn troubled() -> (Scene, Http, Vec<String>) {
    let scene = Scene::with(with_web).await;
    let stages: Vec<_> = (1..=4).map(|nr| scene.stage(nr)).collect();
    // Waits on HOLD: the buyer has not come back.
    let away = stages[0].shop().charge_and_wait("sofort", stages[0].money(20_00), &stages[0].external()).unwrap();
    let away = Sold { nr: stages[0].import(&[20_00], 0, Some(&away)).unwrap(), payment: away };
    let declined = stages[1].authorize("card", &[30_00], 0).unwrap();
    let fine = stages[2].charge("eps", &[45_00], 0).unwrap();
    scene.minutes(2).await;
    scene.world.unzer.decline_next(&declined.payment, "COR.800.100.153");
    stages[1].ship_all(declined.nr).unwrap();
    stages[2].ship_all(fine.nr).unwrap();
    scene.minutes(45).await;
    let lost = stages[3].authorize("card", &[10_00], 0).unwrap();
    scene.minutes(2).await;
    scene.world.faults.plan(Matcher::next(Peer::Unzer, "capture"), Fault::DropBefore);
    stages[3].ship_all(lost.nr).unwrap();
    scene.minutes(3).await;
    let http = Http::of(&scene);
    let secrets = [away, declined, fine, lost].into_iter().flat_map(|sold| [sold.nr.to_string(), sold.payment]);
    let secrets = secrets.chain(["SHOP-1001", HOOK_TOKEN, "s-priv-sandbox1"].map(str::to_owned)).collect();
    (scene, http, secrets)
}

#[tokio::test(start_paused = true)]
async fn metrics_tell_what_is_wrong_and_name_nobody() {
    let (scene, http, secrets) = troubled().await;
    http.post(HOOK, "nonsense").await;
    http.post(HOOK, &message("payment", "s-pay-424242").body).await;
    http.post("/hooks/unzer/wrong", "{}").await;
    let page = metrics(&scene, &http).await;
    for (sample, wanted) in [
        ("pixi_payd_steps_total{kind=\"capture\",outcome=\"refused\"}", "1"),
        ("pixi_payd_steps_total{kind=\"capture\",outcome=\"unknown\"}", "1"),
        ("pixi_payd_steps_total{kind=\"book_invoice\",outcome=\"done\"}", "1"),
        ("pixi_payd_steps_total{kind=\"refund\",outcome=\"done\"}", "0"),
        ("pixi_payd_steps_open{mandant=\"DEM\",state=\"unknown\"}", "1"),
        ("pixi_payd_steps_open{mandant=\"OUT\",state=\"unknown\"}", "0"),
        ("pixi_payd_hold_orders{mandant=\"DEM\"}", "1"),
        ("pixi_payd_captures_overdue{mandant=\"DEM\"}", "1"),
        ("pixi_payd_orders_marked{mandant=\"DEM\",mark=\"problem\"}", "1"),
        ("pixi_payd_orders_open{mandant=\"DEM\"}", "4"),
        ("pixi_payd_webhooks_total{outcome=\"stored\"}", "1"),
        ("pixi_payd_webhooks_total{outcome=\"nonsense\"}", "1"),
        ("pixi_payd_webhooks_total{outcome=\"wrong_token\"}", "1"),
        ("pixi_payd_webhook_hints", "1"),
        ("pixi_payd_store_up", "1"),
        ("pixi_payd_connections{peer=\"pixi\",state=\"connected\"}", "1"),
        ("pixi_payd_requests_total{peer=\"unzer\",call=\"capture\",outcome=\"unknown\"}", "1"),
        ("pixi_payd_problems_today{mandant=\"DEM\",currency=\"EUR\"}", "1"),
    ] {
        assert_eq!(value(&page, sample), wanted, "{sample}\n{page}");
    }
    let hold = number(&page, "pixi_payd_hold_oldest_seconds{mandant=\"DEM\"}");
    assert!((2_900.0..4_000.0).contains(&hold), "since it came in: {hold}");
    assert!(number(&page, "pixi_payd_captures_overdue_oldest_seconds{mandant=\"DEM\"}") >= 1_800.0);
    assert!(number(&page, "pixi_payd_cycle_age_seconds{mandant=\"OUT\"}") < 100.0);
    assert!(number(&page, "pixi_payd_cycles_total{api=\"sandbox\",outcome=\"whole\"}") > 40.0);
    // Nobody is named, and nothing secret stands there.
    for secret in secrets {
        assert!(!page.contains(&secret), "{secret} in\n{page}");
    }
    // The buckets of a histogram grow, and the last holds all.
    let name = "pixi_payd_request_duration_seconds";
    let labels = "peer=\"pixi\",call=\"pixiGetOrderHeader\"";
    let all = number(&page, &format!("{name}_count{{{labels}}}"));
    let count = value(&page, &format!("{name}_count{{{labels}}}"));
    assert_eq!(value(&page, &format!("{name}_bucket{{{labels},le=\"+Inf\"}}")), count);
    assert!(number(&page, &format!("{name}_bucket{{{labels},le=\"0.05\"}}")) <= all);
    assert!(all > 10.0);
}

#[tokio::test(start_paused = true)]
async fn the_page_is_well_formed_and_the_same_for_the_same_state() {
    let (scene, http, _) = troubled().await;
    let page = metrics(&scene, &http).await;
    let again = Http::of(&scene).get("/metrics").await.body;
    let without_hooks = |page: &str| {
        let lines = page.lines().filter(|line| !line.contains("webhooks_total"));
        lines.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(without_hooks(&again), without_hooks(&page));
    let families = families(&page);
    let mut seen = BTreeSet::new();
    for line in page.lines().filter(|line| !line.starts_with('#')) {
        let (name, value) = line.rsplit_once(' ').unwrap();
        assert!(value.parse::<f64>().is_ok(), "{line}");
        assert!(seen.insert(name), "twice: {name}");
        let name = name.split('{').next().unwrap();
        let known = families.keys().any(|family| {
            let rest = name.strip_prefix(family.as_str());
            rest.is_some_and(|rest| ["", "_bucket", "_sum", "_count"].contains(&rest))
        });
        assert!(known, "{line}");
    }
    for (name, kind) in &families {
        assert!(name.starts_with("pixi_payd_"), "{name}");
        assert_eq!(kind == "counter", name.ends_with("_total"), "{name}");
    }
}

#[tokio::test(start_paused = true)]
async fn however_many_ask_the_store_is_asked_once() {
    let scene = Scene::with(with_web).await;
    let http = Http::of(&scene);
    let first = http.get("/metrics").await.body;
    scene.stage(1).charge("eps", &[45_00], 0).unwrap();
    scene.cycle().await;
    assert_eq!(http.get("/metrics").await.body, first, "for five seconds the same page");
    assert_ne!(metrics(&scene, &http).await, first);
}

#[tokio::test(start_paused = true)]
async fn without_a_store_what_is_in_memory_is_still_told() {
    let (scene, http, _) = troubled().await;
    scene.journal.close();
    let page = metrics(&scene, &http).await;
    assert_eq!(value(&page, "pixi_payd_store_up"), "0");
    assert_eq!(value(&page, "pixi_payd_steps_total{kind=\"capture\",outcome=\"refused\"}"), "1");
    let ready = http.get("/readyz").await;
    assert_eq!(ready.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(ready.json()["reason"], "the store does not answer");
    assert_eq!(http.get("/healthz").await.status, StatusCode::OK);
}

#[tokio::test(start_paused = true)]
async fn readiness_knows_the_quiet_hours_and_when_a_cycle_is_overdue() {
    let rest = QuietHours { from: "10:00:00".parse().unwrap(), until: "10:30:00".parse().unwrap() };
    let scene = Scene::with(|settings| settings.schedule.quiet_hours = Some(rest)).await;
    let http = Http::of(&scene);
    let daemon = scene.daemon.clone();
    let running = tokio::spawn(async move { daemon.run().await });
    scene.world.clock.sleep(Duration::from_mins(5)).await;
    let by_day = http.get("/readyz").await;
    assert_eq!(by_day.status, StatusCode::OK);
    assert!(by_day.json()["reason"].as_str().unwrap().starts_with("next cycle at 09:0"), "{}", by_day.body);
    assert!(by_day.json()["last_cycle"].is_string());
    // 10:20
    scene.world.clock.sleep(Duration::from_mins(75)).await;
    let at_rest = http.get("/readyz").await;
    assert_eq!(at_rest.status, StatusCode::OK, "{}", at_rest.body);
    assert_eq!(at_rest.json()["reason"], "quiet hours until 10:30");
    assert_eq!(at_rest.json()["next_cycle"], "2026-03-03T10:30:00+01:00");
    assert_eq!(value(&metrics(&scene, &http).await, "pixi_payd_quiet_hours"), "1");
    // 10:40, and from now on nobody answers for five hours.
    scene.world.clock.sleep(Duration::from_mins(20)).await;
    scene.line.rule(|_| Act::Wait(Duration::from_hours(5)));
    scene.world.clock.sleep(Duration::from_mins(50)).await;
    assert_eq!(http.get("/readyz").await.status, StatusCode::OK, "a long cycle is not late yet");
    scene.world.clock.sleep(Duration::from_mins(30)).await;
    let late = http.get("/readyz").await;
    assert_eq!(late.status, StatusCode::SERVICE_UNAVAILABLE, "{}", late.body);
    assert!(late.json()["reason"].as_str().unwrap().starts_with("a cycle is overdue since 10:4"), "{}", late.body);
    assert_eq!(value(&metrics(&scene, &http).await, "pixi_payd_cycle_overdue"), "1");
    running.abort();
}

/// Words of a text that are names of our metrics.
fn named(text: &str) -> BTreeSet<String> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let words = text.split(|c: char| !is_part(c)).filter(|word| word.starts_with("pixi_payd_"));
    words.map(str::to_owned).collect()
}

/// Every metric the alerts, the dashboard and the paper name is on the page, and the paper names all of them.
#[tokio::test(start_paused = true)]
async fn what_is_deployed_names_metrics_that_exist() {
    let (scene, http, _) = troubled().await;
    let page = metrics(&scene, &http).await;
    let families = families(&page);
    let exists = |name: &String| {
        families.iter().any(|(family, kind)| match name.strip_prefix(family.as_str()) {
            Some("") => kind != "histogram",
            Some("_bucket" | "_sum" | "_count") => kind == "histogram",
            _ => false,
        })
    };
    let read = |path: &str| std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let rules = read("deploy/prometheus/pixi-payd.rules.yml");
    let dashboard = read("deploy/grafana/pixi-payd.json");
    for (file, text) in [("the rules", &rules), ("the dashboard", &dashboard)] {
        let names = named(text);
        assert!(names.len() > 10, "{file}: {names:?}");
        let wrong: Vec<&String> = names.iter().filter(|name| !exists(name)).collect();
        assert!(wrong.is_empty(), "{file}: {wrong:?}");
    }
    let paper = named(&read("docs/http.md"));
    let missing: Vec<&String> = families.keys().filter(|name| !paper.contains(*name)).collect();
    assert!(missing.is_empty(), "docs/http.md does not explain {missing:?}");
    let wrong: Vec<&String> = paper.iter().filter(|name| !families.contains_key(*name) && !exists(name)).collect();
    assert!(wrong.is_empty(), "docs/http.md explains {wrong:?}");
    // Both can be read by those they are for.
    let rules: serde_json::Value = serde_saphyr::from_str(&rules).unwrap();
    for rule in rules["groups"][0]["rules"].as_array().unwrap() {
        for part in ["alert", "expr", "labels", "annotations"] {
            assert!(!rule[part].is_null(), "{part} of {rule}");
        }
    }
    let dashboard: serde_json::Value = serde_json::from_str(&dashboard).unwrap();
    let panels = dashboard["panels"].as_array().unwrap();
    let ids: BTreeSet<i64> = panels.iter().map(|panel| panel["id"].as_i64().unwrap()).collect();
    assert_eq!(ids.len(), panels.len());
}
