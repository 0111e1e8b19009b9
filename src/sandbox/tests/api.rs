//! The API: the same as the commands' JSON, and what its description says.

use http::{Method, StatusCode};
use serde_json::{Value, json};

use super::http::{Http, with_web};
use super::scene::Scene;
use crate::engine::{OrderDetail, OrderShown};
use crate::journal::OrderFilter;
use crate::sandbox::stage::Stage;
use crate::sandbox::world::Seller;
use crate::web::access::Verb;
use crate::web::api::openapi::describe;

/// Some orders with steps, marks, mails to be written, and two mandants.
async fn shop() -> (Scene, Http) {
    let scene = Scene::with(with_web).await;
    let stages: Vec<Stage> = (1..=4).map(|number| scene.stage(number)).collect();
    let paid = stages[0].charge("eps", &[45_00], 0).unwrap();
    let declined = stages[1].authorize("card", &[30_00], 0).unwrap();
    stages[2].sell("prepayment", &[60_00], 0).unwrap();
    let second = Stage { seller: Seller::Second, ..stages[3].clone() };
    second.authorize("paypal", &[12_50], 0).unwrap();
    scene.minutes(3).await;
    scene.world.unzer.decline_next(&declined.payment, "COR.800.100.153");
    for (stage, sold) in [(&stages[0], &paid), (&stages[1], &declined)] {
        stage.ship_all(sold.nr).unwrap();
    }
    scene.minutes(3).await;
    let http = Http::of(&scene);
    (scene, http)
}

/// Checks a value by a schema. Words it does not know are no excuse: it fails on them.
fn fits(document: &Value, schema: &Value, value: &Value) -> Result<(), String> {
    const SILENT: [&str; 6] = ["description", "title", "format", "default", "$ref", "pattern"];
    if let Some(path) = schema.get("$ref").and_then(Value::as_str) {
        let target = document.pointer(path.trim_start_matches('#')).ok_or_else(|| format!("{path} leads nowhere"))?;
        fits(document, target, value)?;
    }
    let Some(words) = schema.as_object() else {
        return if schema == &json!(true) { Ok(()) } else { Err(format!("{value} is not allowed")) };
    };
    for (word, wanted) in words {
        let is_right = match word.as_str() {
            word if SILENT.contains(&word) => true,
            "type" => {
                let kinds: Vec<&str> = match wanted {
                    Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
                    wanted => wanted.as_str().into_iter().collect(),
                };
                let kind = match value {
                    Value::Null => "null",
                    Value::Bool(_) => "boolean",
                    Value::Number(number) if number.is_i64() || number.is_u64() => "integer",
                    Value::Number(_) => "number",
                    Value::String(_) => "string",
                    Value::Array(_) => "array",
                    Value::Object(_) => "object",
                };
                kinds.contains(&kind)
            }
            "enum" => wanted.as_array().unwrap().contains(value),
            "const" => wanted == value,
            "anyOf" | "oneOf" => wanted.as_array().unwrap().iter().any(|one| fits(document, one, value).is_ok()),
            "items" => {
                let wrong = value.as_array().into_iter().flatten().find_map(|item| fits(document, wanted, item).err());
                return wrong.map_or(Ok(()), Err);
            }
            "properties" => {
                for (name, schema) in wanted.as_object().unwrap() {
                    if let Some(field) = value.get(name) {
                        fits(document, schema, field).map_err(|wrong| format!("{name}: {wrong}"))?;
                    }
                }
                true
            }
            "required" => {
                let missing =
                    wanted.as_array().unwrap().iter().find(|name| value.get(name.as_str().unwrap()).is_none());
                match missing {
                    Some(name) => return Err(format!("{name} is missing")),
                    None => true,
                }
            }
            "additionalProperties" | "unevaluatedProperties" => {
                assert_eq!(wanted, &json!(false));
                let known = |name: &String| schema["properties"].get(name).is_some();
                match value.as_object().and_then(|fields| fields.keys().find(|name| !known(name))) {
                    Some(name) => return Err(format!("{name} is not described")),
                    None => true,
                }
            }
            word => return Err(format!("this test does not know {word}")),
        };
        if !is_right {
            return Err(format!("{value} breaks {word}: {wanted}"));
        }
    }
    Ok(())
}

/// What the description says of an answer.
fn schema_of<'a>(document: &'a Value, path: &str, status: StatusCode) -> &'a Value {
    let answer = &document["paths"][path]["get"]["responses"][status.as_str()];
    assert!(answer.is_object(), "{path} does not tell of {status}");
    &answer["content"]["application/json"]["schema"]
}

#[tokio::test(start_paused = true)]
async fn every_answer_is_as_the_description_says() {
    let (scene, http) = shop().await;
    let document = http.api("/api/v1/openapi.json").await.json();
    let orders = scene.journal.list_orders(OrderFilter::default()).await.unwrap();
    let mut asked = vec![
        ("/api/v1/orders", "/api/v1/orders".to_owned(), StatusCode::OK),
        ("/api/v1/orders", "/api/v1/orders?mark=problem".to_owned(), StatusCode::OK),
        ("/api/v1/orders", "/api/v1/orders?nothing=1".to_owned(), StatusCode::BAD_REQUEST),
        ("/api/v1/orders/{mandant}/{nr}", "/api/v1/orders/DEM/1".to_owned(), StatusCode::NOT_FOUND),
        ("/api/v1/orders/{mandant}/{nr}", "/api/v1/orders/DEM/x".to_owned(), StatusCode::NOT_FOUND),
        ("/api/v1/openapi.json", "/api/v1/openapi.json".to_owned(), StatusCode::OK),
        ("/healthz", "/healthz".to_owned(), StatusCode::OK),
        ("/readyz", "/readyz".to_owned(), StatusCode::OK),
    ];
    for row in &orders {
        let path = format!("/api/v1/orders/{}/{}", row.order.mandant, row.order.nr);
        asked.push(("/api/v1/orders/{mandant}/{nr}", path, StatusCode::OK));
    }
    for (path, address, status) in &asked {
        let answer = http.api(address).await;
        assert_eq!(answer.status, *status, "{address}: {}", answer.body);
        let value = answer.json();
        if let Err(wrong) = fits(&document, schema_of(&document, path, *status), &value) {
            panic!("{address}: {wrong}\n{value:#}");
        }
    }
    let unknown = http.get("/api/v1/orders").await;
    assert_eq!(unknown.status, StatusCode::UNAUTHORIZED);
    fits(&document, schema_of(&document, "/api/v1/orders", StatusCode::UNAUTHORIZED), &unknown.json()).unwrap();
    // The check sees what is wrong.
    let schema = schema_of(&document, "/api/v1/orders/{mandant}/{nr}", StatusCode::OK);
    let good = http.api(&asked.last().unwrap().1).await.json();
    for spoil in [
        |value: &mut Value| drop(value.as_object_mut().unwrap().remove("reason")),
        |value: &mut Value| value["one_more"] = json!(1),
        |value: &mut Value| value["amounts"]["captured"] = json!(1),
        |value: &mut Value| value["management"] = json!("somehow"),
        |value: &mut Value| value["steps"][0]["state"] = json!("odd"),
    ] {
        let mut bad = good.clone();
        spoil(&mut bad);
        assert!(fits(&document, schema, &bad).is_err(), "{bad:#}");
    }
}

#[test]
fn every_route_for_programs_is_described_and_no_other() {
    let document = describe("/");
    let described: Vec<&str> = document["paths"].as_object().unwrap().keys().map(String::as_str).collect();
    let is_for_programs = |path: &str| path.starts_with("/api/") || ["/healthz", "/readyz", "/metrics"].contains(&path);
    let mut routes: Vec<&str> = crate::web::table()
        .into_iter()
        .filter(|route| is_for_programs(route.path))
        .inspect(|route| assert_eq!(route.verb, Verb::Get, "{}", route.path))
        .map(|route| route.path)
        .collect();
    let mut described_sorted = described.clone();
    routes.sort_unstable();
    described_sorted.sort_unstable();
    assert_eq!(described_sorted, routes);
}

#[tokio::test(start_paused = true)]
async fn orders_are_the_same_as_the_commands_show() {
    let (scene, http) = shop().await;
    let settings = scene.daemon.shop().settings.clone();
    let rows = scene.journal.list_orders(OrderFilter::default()).await.unwrap();
    assert_eq!(rows.len(), 4);
    let shown: Vec<OrderShown> = rows.iter().map(|row| OrderShown::with(row, &settings)).collect();
    assert_eq!(http.api("/api/v1/orders").await.json(), json!(shown));
    for row in &rows {
        let detail = OrderDetail::load(&scene.journal, &settings, row).await.unwrap();
        let path = format!("/api/v1/orders/{}/{}", row.order.mandant, row.order.nr);
        let answer = http.api(&path).await.json();
        assert_eq!(answer, json!(detail));
        assert!(!answer["steps"].as_array().unwrap().is_empty());
    }
    // An order of one mandant is not found as another's.
    let first = rows.iter().find(|row| row.order.mandant.0 == "DEM").unwrap();
    let path = format!("/api/v1/orders/OUT/{}", first.order.nr);
    assert_eq!(http.api(&path).await.status, StatusCode::NOT_FOUND);
    let nowhere = http.api("/api/v1/nothing").await;
    assert_eq!((nowhere.status, nowhere.json()), (StatusCode::NOT_FOUND, json!({"error": "there is no such path"})));
}

#[tokio::test(start_paused = true)]
async fn filters_and_pages() {
    let (_scene, http) = shop().await;
    let list = async |path: &str| {
        let answer = http.api(path).await;
        assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
        answer.json().as_array().unwrap().clone()
    };
    let all = list("/api/v1/orders").await;
    let own = |field: &str, value: &str| all.iter().filter(|order| order[field] == value).cloned().collect::<Vec<_>>();
    for (query, field, value) in [
        ("mandant=OUT", "mandant", "OUT"),
        ("mark=problem", "mark", "problem"),
        ("method=eps", "method", "eps"),
        ("payment_status=PAID", "payment_status", "PAID"),
        ("transfer_status=TRANSFERRED&mandant=DEM", "transfer_status", "TRANSFERRED"),
    ] {
        let found = list(&format!("/api/v1/orders?{query}")).await;
        assert!(!found.is_empty() && found.len() < all.len(), "{query}");
        assert_eq!(found, own(field, value), "{query}");
    }
    assert_eq!(list("/api/v1/orders?from=2026-03-03&until=2026-03-03").await, all);
    assert_eq!(list("/api/v1/orders?from=2026-03-04").await, [0; 0]);
    assert_eq!(list(&format!("/api/v1/orders?q={}", all[1]["order_nr"])).await, all[1..2]);
    assert_eq!(list("/api/v1/orders?q=SHOP-100").await, all);
    assert_eq!(list("/api/v1/orders?q=%27%20OR%201%3D1%20--").await, [0; 0]);
    // Page by page, as the header says.
    let mut path = "/api/v1/orders?limit=1&mandant=DEM".to_owned();
    let mut paged = Vec::new();
    loop {
        let answer = http.api(&path).await;
        paged.extend(answer.json().as_array().unwrap().iter().cloned());
        let Some(link) = answer.headers.get("link").map(|link| link.to_str().unwrap().to_owned()) else { break };
        path = link.split(['<', '>']).nth(1).unwrap().to_owned();
        assert!(link.ends_with("; rel=\"next\"") && path.contains("mandant=DEM"), "{link}");
    }
    assert_eq!(paged, own("mandant", "DEM"));
    assert_eq!(paged.len(), 3);
}

#[tokio::test(start_paused = true)]
async fn the_api_is_only_read() {
    let (_scene, http) = shop().await;
    let login = format!("Bearer {}", super::http::API_TOKEN);
    for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH] {
        let answer = http.send(method, "/api/v1/orders", &[("authorization", &login)], b"{}").await;
        assert_eq!(answer.status, StatusCode::METHOD_NOT_ALLOWED);
    }
    let wrong = http.send(Method::GET, "/api/v1/orders", &[("authorization", "Bearer api-token-of-the-scenes")], b"");
    assert_eq!(wrong.await.status, StatusCode::UNAUTHORIZED);
}
