//! The same over a socket, as foreign clients come.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

use super::super::router::{call_name, segments};
use super::*;
use crate::sandbox::faults::{Fault, Matcher};
use crate::wire::Peer;

async fn exchange(address: std::net::SocketAddr, request: &str) -> String {
    let mut socket = TcpStream::connect(address).await.unwrap();
    socket.write_all(request.as_bytes()).await.unwrap();
    let mut answer = Vec::new();
    let _ = socket.read_to_end(&mut answer).await;
    String::from_utf8_lossy(&answer).into_owned()
}

#[tokio::test]
async fn a_foreign_client_pays_reads_and_is_cut_off_when_planned() {
    let scene = scene();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let router = scene.sim.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    let login = "Basic cy1wcml2LXNhbmRib3gxOg==";
    let get =
        |path: &str| format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: {login}\r\n\r\n");

    let payment = scene.shop.charge_and_wait("sofort", euro(11_900), "SO-1").unwrap();
    let answer = exchange(address, &get(&format!("/v1/payments/{payment}"))).await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("\"total\":\"119.0000\""), "{answer}");

    let page = exchange(address, &get(&format!("/redirect/{payment}"))).await;
    assert!(page.contains("https://shop.example.org/back"), "{page}");
    assert_eq!(scene.sim.ledger(&payment).unwrap().captured, 11_900);

    scene.sim.faults().plan(Matcher::next(Peer::Unzer, "payment"), Fault::DropBefore);
    let cut = exchange(address, &get(&format!("/v1/payments/{payment}"))).await;
    assert!(!cut.contains(&payment), "{cut}");
    let unknown = exchange(address, "GET /v1/keypair HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(unknown.starts_with("HTTP/1.1 401"), "{unknown}");
}

#[test]
fn calls_have_the_names_the_client_gives_them() {
    for (method, path, name) in [
        ("GET", "/v1/payments/s-pay-1", "payment"),
        ("GET", "/v1/payments/s-pay-1/charges/s-chg-1", "transaction"),
        ("POST", "/v1/payments/authorize", "authorize"),
        ("PATCH", "/v1/payments/s-pay-1/authorize", "change_authorization"),
        ("POST", "/v1/payments/s-pay-1/charges/", "capture"),
        ("POST", "/v1/payments/s-pay-1/authorize/cancels", "reverse"),
        ("POST", "/v1/payments/s-pay-1/authorize/s-aut-1/cancels", "reverse"),
        ("POST", "/v1/payments/s-pay-1/charges/cancels", "refund"),
        ("POST", "/v1/payments/s-pay-1/charges/s-chg-1/cancels", "refund"),
        ("POST", "/v1/payments/s-pay-1/shipments", "ship"),
        ("GET", "/v2/baskets/s-bsk-1", "basket"),
    ] {
        assert_eq!(call_name(&method.parse().unwrap(), &segments(path)), name, "{method} {path}");
    }
    assert_eq!(segments("/v1/payments/SO%201%2F2/"), ["v1", "payments", "SO 1/2"]);
}
