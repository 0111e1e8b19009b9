//! One key pair's way to Unzer: requests, deadlines, payments and single transactions.

use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use secrecy::ExposeSecret as _;
use serde_json::Value;
use url::Url;

use super::answer::{self, TransactionDetail};
use super::error::UnzerError;
use super::lenient::Fields;
use super::model::Payment;
use super::payment;
use crate::clock::Clock;
use crate::config::KeyPair;
use crate::wire::{Cause, Deadlines, Effect, Peer, Request, SendError, SharedWire};

/// Largest answer taken.
const MAX_ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// Client of the Unzer API with one key pair; cheap to clone.
#[derive(Clone)]
pub struct UnzerClient {
    base: Url,
    public_key: Arc<str>,
    authorization: HeaderValue,
    wire: SharedWire,
    clock: Clock,
}

impl std::fmt::Debug for UnzerClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UnzerClient({})", self.public_key)
    }
}

/// A call before it is sent.
pub(super) struct Call<'a> {
    pub name: &'static str,
    pub effect: Effect,
    pub method: Method,
    /// Segments below the base address, version first.
    pub path: &'a [&'a str],
    pub body: Option<Value>,
}

impl UnzerClient {
    /// A client that signs in with `pair` at `url` (`https://api.unzer.com`).
    pub fn new(url: &Url, pair: &KeyPair, wire: SharedWire, clock: Clock) -> Self {
        let login = STANDARD.encode(format!("{}:", pair.private_key.expose_secret()));
        // Base64 is always a valid header value.
        let mut authorization =
            HeaderValue::from_str(&format!("Basic {login}")).unwrap_or_else(|_| HeaderValue::from_static("Basic"));
        authorization.set_sensitive(true);
        Self { base: url.clone(), public_key: pair.public_key.as_str().into(), authorization, wire, clock }
    }

    /// Public key of the pair: names it in logs and tables.
    pub fn public_key(&self) -> &str {
        &self.public_key
    }

    /// The payment with this id. `UnzerError::Invalid` where the answer is about another one.
    pub async fn payment(&self, id: &str) -> Result<Payment, UnzerError> {
        let payment = self.payment_by(id).await?;
        if payment.id == id { Ok(payment) } else { Err(UnzerError::invalid("id")) }
    }

    /// The payment with this order id, which only finds what this daemon created: shops may use an order id twice.
    pub async fn payment_by_order_id(&self, order_id: &str) -> Result<Payment, UnzerError> {
        let payment = self.payment_by(order_id).await?;
        if payment.order_id == order_id { Ok(payment) } else { Err(UnzerError::invalid("orderId")) }
    }

    async fn payment_by(&self, id: &str) -> Result<Payment, UnzerError> {
        let fields = self.read("payment", &["v1", "payments", id]).await?;
        Ok(payment::parse(&fields, &self.public_key)?)
    }

    /// One transaction by its path below the payment (`charges/s-chg-1/cancels/s-cnl-1`).
    pub async fn transaction(&self, payment: &str, path: &str) -> Result<TransactionDetail, UnzerError> {
        let mut segments = vec!["v1", "payments", payment];
        segments.extend(path.split('/'));
        let detail = answer::detail(&self.read("transaction", &segments).await?)?;
        let asked = path.rsplit('/').next().unwrap_or_default();
        // Asked without an id (`authorize`), any answer is the one.
        if detail.id == asked || !asked.contains('-') { Ok(detail) } else { Err(UnzerError::invalid("id")) }
    }

    /// Reads an object.
    pub(super) async fn read(&self, name: &'static str, path: &[&str]) -> Result<Fields, UnzerError> {
        self.ask(Call { name, effect: Effect::Read, method: Method::GET, path, body: None }).await
    }

    /// Sends a call that moves no money and gives the object it answers with.
    pub(super) async fn ask(&self, call: Call<'_>) -> Result<Fields, UnzerError> {
        let (status, body) = self.exchange(call).await?;
        // A stored refusal can be read like any transaction: its flags are its content, not an error of the reading.
        let fields = Fields::parse(&body);
        let is_refused = fields.as_ref().is_none_or(|fields| !fields.list("errors").is_empty());
        match fields {
            Some(fields) if status.is_success() && !is_refused => Ok(fields),
            None if status.is_success() => Err(UnzerError::Passing { code: "answer without JSON".to_owned() }),
            _ => Err(UnzerError::of_answer(status, &body)),
        }
    }

    /// Sends a call and reads its whole answer.
    pub(super) async fn exchange(&self, call: Call<'_>) -> Result<(StatusCode, Vec<u8>), SendError> {
        let request = self.request(call).ok_or(SendError::NotSent(Cause::Invalid))?;
        let total = request.deadlines.total;
        let response = self.wire.send(request).await?;
        let status = response.status;
        match self.clock.timeout(total, response.bytes(MAX_ANSWER_BYTES)).await {
            Ok(body) => Ok((status, body?)),
            Err(_) => Err(SendError::Unknown(Cause::TimeOut)),
        }
    }

    fn request(&self, call: Call<'_>) -> Option<Request> {
        let mut url = self.base.clone();
        // An empty segment or a step upwards would turn one resource's address into another's.
        if call.path.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return None;
        }
        url.path_segments_mut().ok()?.pop_if_empty().extend(call.path);
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        headers.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        headers.insert(header::USER_AGENT, HeaderValue::from_static(concat!("pixi-payd/", env!("CARGO_PKG_VERSION"))));
        let body = match &call.body {
            Some(body) => {
                headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Bytes::from(body.to_string())
            }
            None => Bytes::new(),
        };
        let answer = Duration::from_secs(if call.effect == Effect::Read { 20 } else { 65 });
        Some(Request {
            peer: Peer::Unzer,
            endpoint: self.public_key.clone(),
            call: call.name,
            effect: call.effect,
            method: call.method,
            url,
            headers,
            body,
            deadlines: Deadlines { connect: Duration::from_secs(10), idle: answer, total: answer },
        })
    }
}
