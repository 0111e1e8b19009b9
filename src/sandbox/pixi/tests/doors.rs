//! The wire, its faults, and HTTP.

use std::sync::Arc;
use std::time::Duration;

use http::Method;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;
use crate::sandbox::faults::{Fault, Matcher};
use crate::wire::{Cause, Deadlines, Effect, Peer, Request, SendError, Wire as _};

fn request(call: &'static str, params: &[(&str, &str)]) -> Request {
    Request {
        peer: Peer::Pixi,
        endpoint: "live".into(),
        call,
        effect: Effect::Write,
        method: Method::POST,
        url: ENDPOINT.parse().unwrap(),
        headers: login("pixiAPP", "secret"),
        body: envelope(ENDPOINT, call, params).into(),
        deadlines: Deadlines {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            total: Duration::from_mins(1),
        },
    }
}

#[tokio::test(start_paused = true)]
async fn the_wire_answers_and_knows_only_its_own_address() {
    let sim = sim();
    let response = sim.wire().send(request("pixiGetShops", &[])).await.unwrap();
    assert_eq!(response.content_type(), "text/xml");
    let body = response.bytes(100_000).await.unwrap();
    assert_eq!(read(200, std::str::from_utf8(&body).unwrap()).row()["ShopName"], "Demo-Shop");
    let elsewhere = Request { url: "https://pixi.example/".parse().unwrap(), ..request("pixiGetShops", &[]) };
    assert_eq!(sim.wire().send(elsewhere).await.unwrap().status, 404);
}

#[tokio::test(start_paused = true)]
async fn a_lost_answer_leaves_its_effect_in_the_ledger() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    let text = nr.to_string();
    for (fault, comments, error) in [
        (Fault::NoConnection, 0, SendError::NotSent(Cause::Connect)),
        (Fault::DropBefore, 0, SendError::Unknown(Cause::ConnectionLost)),
        (Fault::DropAfter, 1, SendError::Unknown(Cause::ConnectionLost)),
    ] {
        sim.faults().plan(Matcher::next(Peer::Pixi, "pixiCreateOrderComment"), fault);
        let params = [("OrderNr", text.as_str()), ("Comment", "x")];
        let sent = sim.wire().send(request("pixiCreateOrderComment", &params)).await;
        assert_eq!(sent.err(), Some(error));
        assert_eq!(sim.order(nr).unwrap().comments.len(), comments);
    }
}

/// Sends bytes to a router over loopback and gives the whole answer as text.
async fn over_http(sim: &PixiSim, request: &str) -> String {
    let wsdl: WsdlText = Arc::new(|address: &str| format!("<definitions targetNamespace=\"{address}\"/>"));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = tokio::spawn(axum::serve(listener, sim.router(wsdl)).into_future());
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    server.abort();
    answer
}

fn http(method: &str, path: &str, body: &str) -> String {
    let login = login("pixiAPP", "secret");
    let login = login[AUTHORIZATION].to_str().unwrap();
    let length = body.len();
    format!(
        "{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {login}\r\nContent-Length: {length}\r\n\r\n{body}"
    )
}

#[tokio::test]
async fn http_serves_calls_the_wsdl_and_imports() {
    let sim = sim();
    let answer = over_http(&sim, &http("POST", "/soap/pixiAPP/", &envelope(ENDPOINT, "pixiGetShops", &[]))).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("<ShopName>Demo-Shop</ShopName>"), "{answer}");
    let wsdl = over_http(&sim, &http("GET", "/soap/pixiAPP/?wsdl", "")).await;
    assert!(wsdl.contains(&format!("targetNamespace=\"{ENDPOINT}\"")), "{wsdl}");
    let order = r#"{"shop": "DEM", "payment_code": "U", "external": "9", "lines": [{"item": "HAT", "price": 900}]}"#;
    let imported = over_http(&sim, &http("POST", "/import", order)).await;
    assert!(imported.contains(r#""OrderNrExternal":"9""#), "{imported}");
    assert_eq!(sim.orders()[0].total(), 9_00);
    let again = over_http(&sim, &http("POST", "/import", order)).await;
    assert!(again.starts_with("HTTP/1.1 422") && again.contains("imported before"), "{again}");
    let nr = sim.orders()[0].nr;
    let act =
        async |action: &str| over_http(&sim, &http("POST", "/merchant", &action.replace("NR", &nr.to_string()))).await;
    let held = act(r#"{"do": "ship", "order": NR}"#).await;
    assert!(held.starts_with("HTTP/1.1 422") && held.contains("on hold"), "{held}");
    assert!(act(r#"{"do": "release", "order": NR}"#).await.contains(r#"{"done":null}"#));
    assert!(act(r#"{"do": "ship", "order": NR, "tracking": "00340"}"#).await.contains(r#"{"done":"RE4001"}"#));
    assert!(act(r#"{"do": "return", "order": NR}"#).await.contains(r#"{"done":"GS801"}"#));
    assert_eq!(sim.order(nr).unwrap().lines[0].state, LineState::Ret);
    let stranger = over_http(&sim, "GET /soap/pixiAPP/?wsdl HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(stranger.starts_with("HTTP/1.1 401"), "{stranger}");
}
