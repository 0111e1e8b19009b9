//! The listener itself: TLS with a certificate that is read again, and clients that talk nonsense.

use std::path::PathBuf;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use super::super::scene::Scene;
use super::visitor::with_logins;
use crate::config::{Settings, Tls};
use crate::web::{Server, Web};

/// Nothing here takes so long.
const PATIENCE: Duration = Duration::from_secs(30);

fn pair(name: &str) -> Tls {
    let file = |what: &str| PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("fixtures/tls/{name}-{what}.pem"));
    Tls { cert: file("cert"), key: file("key") }
}

fn listening(settings: &mut Settings) {
    with_logins(settings);
    settings.web.listen = "127.0.0.1:0".parse().unwrap();
}

fn server(scene: &Scene) -> Server {
    Server::start(Web::new(scene.daemon.clone(), scene.journal.clone(), scene.world.clock.clone())).unwrap()
}

#[expect(clippy::disallowed_methods, reason = "a browser's part, not the product's")]
fn browser(trusts: &str) -> reqwest::Client {
    let certificate = std::fs::read(pair(trusts).cert).unwrap();
    let certificate = reqwest::Certificate::from_pem(&certificate).unwrap();
    reqwest::Client::builder().tls_certs_only([certificate]).timeout(PATIENCE).build().unwrap()
}

#[tokio::test]
async fn the_certificate_is_read_again_and_a_bad_one_changes_nothing() {
    let scene = Scene::with(|settings| {
        listening(settings);
        settings.web.tls = Some(pair("first"));
    })
    .await;
    let server = server(&scene);
    let url = format!("https://localhost:{}/login", server.address().port());
    let answer = browser("first").get(&url).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    let header = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    assert!(header("set-cookie").unwrap().starts_with("__Host-pixi-payd-login="), "{:?}", header("set-cookie"));
    assert!(header("set-cookie").unwrap().contains("; Secure"));
    assert_eq!(header("strict-transport-security").as_deref(), Some("max-age=31536000"));
    assert!(browser("second").get(&url).send().await.is_err(), "another certificate is not trusted");
    let mut settings = (*scene.daemon.shop().settings).clone();
    settings.web.tls = Some(Tls { cert: pair("second").cert, key: pair("first").key });
    server.reload(&settings).unwrap_err();
    assert_eq!(browser("first").get(&url).send().await.unwrap().status(), 200, "the old one stays");
    settings.web.tls = Some(pair("second"));
    server.reload(&settings).unwrap();
    assert_eq!(browser("second").get(&url).send().await.unwrap().status(), 200);
    server.stop().await;
    assert!(browser("second").get(&url).send().await.is_err(), "nobody answers any more");
}

#[tokio::test]
async fn nonsense_and_large_heads_are_turned_away_and_others_are_served() {
    let scene = Scene::with(listening).await;
    let server = server(&scene);
    let say = async |text: &[u8]| {
        let mut stream = TcpStream::connect(server.address()).await.unwrap();
        let mut answer = Vec::new();
        // A connection that is cut in the middle of nonsense is an answer too.
        let _ = stream.write_all(text).await;
        let _ = scene.world.clock.timeout(PATIENCE, stream.read_to_end(&mut answer)).await.expect("an end");
        String::from_utf8_lossy(&answer).into_owned()
    };
    assert!(!say(b"\x16\x03\x01nonsense\r\n\r\n").await.contains("200 OK"));
    let many = "X-Y: z\r\n".repeat(100);
    let answer = say(format!("GET /login HTTP/1.1\r\nHost: x\r\n{many}\r\n").as_bytes()).await;
    assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
    let long = "x".repeat(40_000);
    let answer = say(format!("GET /login HTTP/1.1\r\nHost: x\r\nX-Y: {long}\r\n\r\n").as_bytes()).await;
    assert!(!answer.contains("200 OK"), "{answer}");
    let answer = say(b"GET /login HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").await;
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
    server.stop().await;
}

#[tokio::test]
async fn the_pages_are_found_under_the_path_of_the_public_address_too() {
    let scene = Scene::with(|settings| {
        listening(settings);
        settings.web.public_url = Some("http://127.0.0.1/payd".parse().unwrap());
    })
    .await;
    let server = server(&scene);
    let browser = browser("first");
    for path in ["/payd/login", "/login"] {
        let answer = browser.get(format!("http://{}{path}", server.address())).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
        let text = answer.text().await.unwrap();
        assert!(text.contains("action=\"/payd/login\"") && text.contains("href=\"/payd/static/"), "{text}");
        let style = text.split("stylesheet\" href=\"").nth(1).unwrap().split('"').next().unwrap();
        let answer = browser.get(format!("http://{}{style}", server.address())).send().await.unwrap();
        assert_eq!(answer.headers()["cache-control"], "public, max-age=31536000, immutable");
    }
    let strange = browser.get(format!("http://{}/paydlogin", server.address())).send().await.unwrap();
    assert_eq!(strange.status(), 404);
    server.stop().await;
}
