//! A peer that misbehaves on a real socket. Time is real here: every wait is on a condition, and deadlines are short.

use std::time::Duration;

use ::http::{HeaderMap, Method};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;

use super::*;
use crate::wire::{Deadlines, Peer};

/// Long enough for anything that should work on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);
/// Short: what these tests expect to pass.
const SHORT: Duration = Duration::from_millis(150);

/// A listener and its address.
async fn listen() -> (TcpListener, Url) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/pixi", listener.local_addr().unwrap()).parse().unwrap();
    (listener, url)
}

fn request(url: Url, effect: Effect) -> Request {
    Request {
        peer: Peer::Pixi,
        endpoint: "live".into(),
        call: "look",
        effect,
        method: Method::POST,
        url,
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"<order/>"),
        deadlines: Deadlines { connect: PATIENCE, idle: PATIENCE, total: PATIENCE },
    }
}

fn wire() -> HttpWire {
    HttpWire::new(Clock::system())
}

/// Reads one whole request; its text.
async fn take(stream: &mut TcpStream) -> String {
    let mut all = Vec::new();
    while !all.ends_with(b"<order/>") {
        let mut part = [0; 4096];
        let read = stream.read(&mut part).await.unwrap();
        assert!(read > 0, "closed in the middle of a request");
        all.extend_from_slice(&part[..read]);
    }
    String::from_utf8(all).unwrap()
}

/// A peer that takes one request, says `answer`, and closes.
async fn says(answer: &'static [u8]) -> Url {
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        take(&mut stream).await;
        stream.write_all(answer).await.unwrap();
    });
    url
}

/// A peer that takes one request, says `answer`, and then keeps the line open in silence.
async fn hangs_after(answer: &'static [u8]) -> (Url, mpsc::Receiver<TcpStream>) {
    let (listener, url) = listen().await;
    let (sender, receiver) = mpsc::channel(1);
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        take(&mut stream).await;
        stream.write_all(answer).await.unwrap();
        sender.send(stream).await.unwrap();
    });
    (url, receiver)
}

#[tokio::test]
async fn a_good_answer_arrives_whole() {
    let url = says(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml; charset=utf-8\r\nContent-Length: 4\r\n\r\n<a/>").await;
    let answer = wire().send(request(url, Effect::Read)).await.unwrap();
    assert_eq!((answer.status.as_u16(), answer.content_type().as_str()), (200, "text/xml"));
    assert_eq!(answer.bytes(100).await.unwrap(), b"<a/>");
}

#[tokio::test]
async fn a_refused_connection_is_not_sent() {
    let (listener, url) = listen().await;
    drop(listener);
    let error = wire().send(request(url, Effect::Write)).await.unwrap_err();
    assert_eq!(error, SendError::NotSent(Cause::Connect));
}

#[tokio::test]
async fn tls_that_does_not_come_about_is_not_sent() {
    let (listener, mut url) = listen().await;
    url.set_scheme("https").unwrap();
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.write_all(b"this is no TLS").await.unwrap();
    });
    let error = wire().send(request(url, Effect::Write)).await.unwrap_err();
    assert_eq!(error, SendError::NotSent(Cause::Connect));
}

#[tokio::test]
async fn a_connection_that_takes_too_long_is_not_sent() {
    // The TCP connection stands, but the TLS greeting is never answered.
    let (listener, mut url) = listen().await;
    url.set_scheme("https").unwrap();
    let mut request = request(url, Effect::Write);
    request.deadlines = Deadlines { connect: SHORT, idle: SHORT, total: PATIENCE };
    let wire = wire();
    let (answer, _held) = tokio::join!(wire.send(request), listener.accept());
    assert_eq!(answer.unwrap_err(), SendError::NotSent(Cause::TimeOut));
}

#[tokio::test]
async fn closing_before_the_answer_is_unknown() {
    for effect in [Effect::Read, Effect::Write] {
        let url = says(b"").await;
        let error = wire().send(request(url, effect)).await.unwrap_err();
        assert_eq!(error, SendError::Unknown(Cause::ConnectionLost));
    }
}

#[tokio::test]
async fn closing_without_reading_is_unknown() {
    let (listener, url) = listen().await;
    tokio::spawn(async move { drop(listener.accept().await.unwrap()) });
    let error = wire().send(request(url, Effect::Write)).await.unwrap_err();
    assert_eq!(error, SendError::Unknown(Cause::ConnectionLost));
}

#[tokio::test]
async fn closing_in_the_middle_of_the_body_is_unknown() {
    let url = says(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n<a>").await;
    let answer = wire().send(request(url, Effect::Write)).await.unwrap();
    assert_eq!(answer.bytes(1000).await.unwrap_err(), SendError::Unknown(Cause::ConnectionLost));
}

#[tokio::test]
async fn a_chunked_body_without_its_end_is_unknown() {
    let url = says(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n<a>\r\n").await;
    let answer = wire().send(request(url, Effect::Write)).await.unwrap();
    assert_eq!(answer.bytes(1000).await.unwrap_err(), SendError::Unknown(Cause::ConnectionLost));
}

#[tokio::test]
async fn silence_instead_of_an_answer_is_unknown() {
    let (url, _held) = hangs_after(b"").await;
    let mut request = request(url, Effect::Write);
    request.deadlines = Deadlines { connect: SHORT, idle: SHORT, total: PATIENCE };
    assert_eq!(wire().send(request).await.unwrap_err(), SendError::Unknown(Cause::TimeOut));
}

#[tokio::test]
async fn the_total_deadline_ends_the_wait_for_an_answer() {
    let (url, _held) = hangs_after(b"").await;
    let mut request = request(url, Effect::Write);
    request.deadlines.total = SHORT;
    assert_eq!(wire().send(request).await.unwrap_err(), SendError::Unknown(Cause::TimeOut));
}

#[tokio::test]
async fn silence_in_the_middle_of_the_body_is_unknown() {
    let (url, _held) = hangs_after(b"HTTP/1.1 200 OK\r\nContent-Length: 400\r\n\r\n<a>").await;
    let mut request = request(url, Effect::Write);
    request.deadlines = Deadlines { connect: PATIENCE, idle: SHORT, total: PATIENCE };
    let mut answer = wire().send(request).await.unwrap();
    assert_eq!(answer.body.next().await, Some(Ok(Bytes::from_static(b"<a>"))));
    assert_eq!(answer.body.next().await, Some(Err(SendError::Unknown(Cause::TimeOut))));
    assert_eq!(answer.body.next().await, None);
}

#[tokio::test]
async fn a_slow_drip_ends_with_the_total_deadline() {
    let (listener, url) = listen().await;
    let dripping = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        take(&mut stream).await;
        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n").await.unwrap();
        // A byte at a time, as long as somebody listens: never idle for long, and never done.
        while stream.write_all(b" ").await.is_ok() {
            tokio::task::yield_now().await;
        }
    });
    let mut request = request(url, Effect::Read);
    request.deadlines.total = SHORT;
    let answer = wire().send(request).await.unwrap();
    assert_eq!(answer.bytes(usize::MAX).await.unwrap_err(), SendError::Unknown(Cause::TimeOut));
    Clock::system().timeout(PATIENCE, dripping).await.expect("the connection is closed").unwrap();
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_not_followed() {
    let url = says(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n").await;
    let answer = wire().send(request(url, Effect::Write)).await.unwrap();
    assert_eq!(answer.status.as_u16(), 307);
}

#[tokio::test]
async fn garbage_is_unknown() {
    let url = says(b"\x00\x01\x02 what? \r\n\r\n").await;
    let error = wire().send(request(url, Effect::Write)).await.unwrap_err();
    assert_eq!(error, SendError::Unknown(Cause::ConnectionLost));
}

#[tokio::test]
async fn headers_without_end_are_unknown() {
    let (listener, url) = listen().await;
    tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        take(&mut stream).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX-Long: ").await;
        while stream.write_all(&[b'x'; 4096]).await.is_ok() {}
    });
    let error = wire().send(request(url, Effect::Write)).await.unwrap_err();
    assert_eq!(error, SendError::Unknown(Cause::ConnectionLost));
}

#[tokio::test]
async fn plain_http_leaves_for_this_machine_only() {
    let error = wire().send(request("http://example.org/".parse().unwrap(), Effect::Read)).await.unwrap_err();
    assert_eq!(error, SendError::NotSent(Cause::Invalid));
    for (url, allowed) in [
        ("https://example.org/", true),
        ("http://localhost:8080/", true),
        ("http://127.4.5.6/", true),
        ("http://[::1]:80/", true),
        ("http://10.0.0.1/", false),
        ("http://localhost.example.org/", false),
        ("ftp://localhost/", false),
    ] {
        assert_eq!(is_allowed(&url.parse().unwrap()), allowed, "{url}");
    }
}

/// Serves any number of connections; the channel tells, per request, which connection it came on.
async fn counts_connections() -> (Url, mpsc::UnboundedReceiver<usize>) {
    let (listener, url) = listen().await;
    let (sender, receiver) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        for number in 0.. {
            let (mut stream, _) = listener.accept().await.unwrap();
            let sender = sender.clone();
            tokio::spawn(async move {
                let mut part = [0; 4096];
                let mut all = Vec::new();
                while let Ok(read @ 1..) = stream.read(&mut part).await {
                    all.extend_from_slice(&part[..read]);
                    if all.ends_with(b"<order/>") {
                        all.clear();
                        sender.send(number).unwrap();
                        stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok").await.unwrap();
                    }
                }
            });
        }
    });
    (url, receiver)
}

#[tokio::test]
async fn reads_share_a_connection_and_each_write_gets_its_own() {
    let (url, mut connections) = counts_connections().await;
    let wire = wire();
    let mut seen = Vec::new();
    for effect in [Effect::Read, Effect::Read, Effect::Write, Effect::Write, Effect::Read] {
        let answer = wire.send(request(url.clone(), effect)).await.unwrap();
        assert_eq!(answer.bytes(10).await.unwrap(), b"ok");
        seen.push(connections.recv().await.unwrap());
        // The connection goes back to the pool in a task of its own.
        tokio::task::yield_now().await;
    }
    assert_eq!(seen[2..4], [seen[1] + 1, seen[1] + 2], "writes: a fresh connection each");
    assert_eq!(seen[0], seen[1], "reads: shared");
    assert_eq!(seen[4], seen[0], "a write takes no pooled connection away");
}

#[tokio::test]
async fn nothing_is_sent_twice() {
    // The shared connection is closed right after the second request arrived: a client of its own mind would resend.
    let (listener, url) = listen().await;
    let (sender, mut requests) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            sender.send(take(&mut stream).await).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n").await.unwrap();
            sender.send(take(&mut stream).await).unwrap();
        }
    });
    let wire = wire();
    wire.send(request(url.clone(), Effect::Read)).await.unwrap().bytes(10).await.unwrap();
    let error = wire.send(request(url, Effect::Read)).await.unwrap_err();
    assert_eq!(error, SendError::Unknown(Cause::ConnectionLost));
    let first = requests.recv().await.unwrap();
    assert!(first.starts_with("POST /pixi HTTP/1.1\r\n") && first.contains("user-agent: pixi-payd/"), "{first}");
    assert!(requests.recv().await.is_some() && requests.try_recv().is_err(), "two requests, no third");
}
