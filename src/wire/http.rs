//! The production transport: HTTPS through reqwest.

use std::collections::BTreeMap;
use std::future::{Future, pending};
use std::net::IpAddr;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use futures_util::future::{Either, select};
use futures_util::{Stream, StreamExt as _, stream};
use reqwest::{Client, redirect, retry};
use url::{Host, Url};

use crate::clock::Clock;
use crate::wire::{BodyStream, Cause, Effect, Request, Response, SendError, Wire};

/// Sends requests over the network, each exactly once.
///
/// No redirect is followed (a 307 would post the body and the login again), nothing is retried, no proxy is taken from
/// the environment, HTTP/1 only, https only but on loopback. Reads share connections; a write gets a connection of its
/// own, so that it can never meet one the peer is just closing.
pub struct HttpWire {
    clock: Clock,
    /// By connect deadline and whether connections are shared: reqwest knows the former per client only.
    clients: Mutex<BTreeMap<(Duration, bool), Client>>,
}

impl HttpWire {
    /// A transport whose deadlines run on `clock`.
    pub fn new(clock: Clock) -> Self {
        Self { clock, clients: Mutex::default() }
    }

    fn client(&self, connect: Duration, shared: bool) -> Result<Client, SendError> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&(connect, shared)) {
            return Ok(client.clone());
        }
        let client = build(connect, shared).map_err(|error| {
            tracing::error!(error = %error, "HTTPS cannot be set up: are the system's root certificates installed?");
            SendError::NotSent(Cause::Invalid)
        })?;
        clients.insert((connect, shared), client.clone());
        Ok(client)
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place where a client is built, inside wire")]
fn build(connect: Duration, shared: bool) -> reqwest::Result<Client> {
    let builder = Client::builder()
        .user_agent(concat!("pixi-payd/", env!("CARGO_PKG_VERSION")))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .referer(false)
        .no_proxy()
        .http1_only()
        // Shorter than servers keep a silent connection, so that a read seldom meets one just being closed.
        .pool_idle_timeout(Duration::from_secs(20))
        .connect_timeout(connect);
    if shared { builder } else { builder.pool_max_idle_per_host(0) }.build()
}

#[async_trait]
impl Wire for HttpWire {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        if !is_allowed(&request.url) {
            return Err(SendError::NotSent(Cause::Invalid));
        }
        let deadlines = request.deadlines;
        let client = self.client(deadlines.connect, request.effect == Effect::Read)?;
        let message = client
            .request(request.method, request.url)
            .headers(request.headers)
            .body(request.body)
            .build()
            .map_err(|_| SendError::NotSent(Cause::Invalid))?;

        let mut total = Deadline::new(&self.clock, deadlines.total);
        // Connecting has a deadline of its own, inside the client: were the silence counted from the start, a slow
        // connection could end as Unknown although nothing left.
        let silence = deadlines.connect.saturating_add(deadlines.idle);
        let answer = self.clock.timeout(silence, client.execute(message));
        let answer = total.bound(answer).await?.map_err(|_| SendError::Unknown(Cause::TimeOut))?;
        let answer = answer.map_err(|error| judge(&error))?;

        let status = answer.status();
        let headers = answer.headers().clone();
        let body =
            Body { chunks: Box::pin(answer.bytes_stream()), total, idle: deadlines.idle, clock: self.clock.clone() };
        Ok(Response { status, headers, body: body.into_stream() })
    }
}

/// https, or http to this very machine.
fn is_allowed(url: &Url) -> bool {
    let is_loopback = match url.host() {
        Some(Host::Domain(name)) => name.eq_ignore_ascii_case("localhost"),
        Some(Host::Ipv4(ip)) => IpAddr::from(ip).is_loopback(),
        Some(Host::Ipv6(ip)) => IpAddr::from(ip).is_loopback(),
        None => return false,
    };
    match url.scheme() {
        "https" => true,
        "http" => is_loopback,
        _ => false,
    }
}

/// Only a connection that never stood proves that nothing left.
fn judge(error: &reqwest::Error) -> SendError {
    match (error.is_connect(), error.is_timeout()) {
        (true, true) => SendError::NotSent(Cause::TimeOut),
        (true, false) => SendError::NotSent(Cause::Connect),
        (false, true) => SendError::Unknown(Cause::TimeOut),
        (false, false) => SendError::Unknown(Cause::ConnectionLost),
    }
}

/// A deadline that spans several waits.
struct Deadline(Pin<Box<dyn Future<Output = ()> + Send>>);

impl Deadline {
    fn new(clock: &Clock, time: Duration) -> Self {
        let clock = clock.clone();
        Self(Box::pin(async move {
            // Nothing to wait for: only the end of the time counts.
            let _elapsed = clock.timeout(time, pending::<()>()).await;
        }))
    }

    /// The result of `future`, unless the deadline comes first.
    async fn bound<F: Future>(&mut self, future: F) -> Result<F::Output, SendError> {
        match select(std::pin::pin!(future), &mut self.0).await {
            Either::Left((output, _)) => Ok(output),
            Either::Right(((), _)) => Err(SendError::Unknown(Cause::TimeOut)),
        }
    }
}

/// A body being read under its deadlines.
struct Body {
    chunks: Pin<Box<dyn Stream<Item = reqwest::Result<Bytes>> + Send>>,
    total: Deadline,
    idle: Duration,
    clock: Clock,
}

impl Body {
    async fn next(&mut self) -> Result<Option<Bytes>, SendError> {
        let chunk = self.clock.timeout(self.idle, self.chunks.next());
        let chunk = self.total.bound(chunk).await?.map_err(|_| SendError::Unknown(Cause::TimeOut))?;
        chunk.transpose().map_err(|error| judge(&error))
    }

    /// Ends after the first error.
    fn into_stream(self) -> BodyStream {
        Box::pin(stream::unfold(Some(self), async |body| {
            let mut body = body?;
            match body.next().await {
                Ok(Some(chunk)) => Some((Ok(chunk), Some(body))),
                Ok(None) => None,
                Err(error) => Some((Err(error), None)),
            }
        }))
    }
}

#[cfg(test)]
mod tests;
