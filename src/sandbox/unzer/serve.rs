//! Two ways to the simulated Unzer: in-process as a transport, and over HTTP for any other client.

use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::extract::State;
use bytes::Bytes;
use http::{HeaderMap, Method, Uri, header};

use super::UnzerSim;
use super::router::{call_name, segments};
use crate::sandbox::faults::{SimResponse, play};
use crate::wire::{Deadlines, Peer, Request, Response, SendError, Wire};

/// The simulated Unzer as a transport: no socket, no other thread.
#[derive(Debug, Clone)]
pub struct UnzerSimWire {
    sim: UnzerSim,
}

impl UnzerSimWire {
    /// A way to `sim`.
    pub fn new(sim: UnzerSim) -> Self {
        Self { sim }
    }
}

#[async_trait]
impl Wire for UnzerSimWire {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let sim = self.sim.clone();
        let Request { method, url, headers, body, .. } = request;
        let handle = move || sim.handle(&method, url.path(), &headers, &body);
        play(&self.sim.faults, &self.sim.clock, Peer::Unzer, request.call, request.deadlines, handle).await
    }
}

/// How long a client over HTTP is left hanging at most.
const PATIENCE: Deadlines =
    Deadlines { connect: Duration::from_secs(10), idle: Duration::from_mins(2), total: Duration::from_mins(2) };

impl UnzerSim {
    /// The simulated Unzer over HTTP, to be served on loopback: the API below `/v1` and `/v2`, and the page a buyer
    /// is sent to (`/redirect/<payment>`), which confirms at once and leads back to the shop.
    pub fn router(&self) -> Router {
        Router::new().fallback(serve).with_state(self.clone())
    }

    fn buyer_page(&self, payment: &str) -> SimResponse {
        let done = self.finish_redirect(payment, None);
        let back = self.lock().accounts.iter().find(|account| account.id == payment).map(|a| a.return_url.clone());
        let back = escape(&back.unwrap_or_default());
        let said = if done.is_ok() { "Paid." } else { "Nothing to pay here." };
        let page = format!(
            "<!doctype html><title>Unzer (simulated)</title><p>{said} <a href=\"{back}\">Back to the shop</a></p>"
        );
        SimResponse { status: 200, content_type: "text/html; charset=utf-8", body: page.into_bytes() }
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;")
}

async fn serve(
    State(sim): State<UnzerSim>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> http::Response<Body> {
    let path = segments(uri.path());
    if let [page, payment] = path.as_slice()
        && page == "redirect"
    {
        return to_http(sim.buyer_page(payment));
    }
    let call = call_name(&method, &path);
    let handler = sim.clone();
    let handle = move || handler.handle(&method, uri.path(), &headers, &body);
    match play(&sim.faults, &sim.clock, Peer::Unzer, call, PATIENCE, handle).await {
        Ok(answer) => {
            let mut response = http::Response::new(Body::from_stream(answer.body));
            *response.status_mut() = answer.status;
            *response.headers_mut() = answer.headers;
            response
        }
        // A body that fails before its first byte makes the server cut the connection.
        Err(lost) => http::Response::new(Body::from_stream(futures_util::stream::iter([Err::<Bytes, _>(lost)]))),
    }
}

fn to_http(answer: SimResponse) -> http::Response<Body> {
    let mut response = http::Response::new(Body::from(answer.body));
    *response.status_mut() = http::StatusCode::from_u16(answer.status).unwrap_or_default();
    response.headers_mut().insert(header::CONTENT_TYPE, http::HeaderValue::from_static(answer.content_type));
    response
}
