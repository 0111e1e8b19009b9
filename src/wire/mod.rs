//! One way out: request bytes go in, answer bytes come out, or the knowledge of how they were lost.
//!
//! Everything the daemon says to pixi and Unzer passes a [`Wire`]. In production that is [`http::HttpWire`] inside the
//! layers of this module ([`stack()`]: limits, quiet hours, circuits); in simulations the simulated peers are wires themselves.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use ::http::{HeaderMap, Method, StatusCode};
use async_trait::async_trait;
use bytes::Bytes;
use futures_util::{Stream, StreamExt as _};
use thiserror::Error;
use url::Url;

pub mod circuit;
pub mod http;
pub mod limits;
pub mod metered;
pub mod quiet;
pub mod stack;
#[cfg(test)]
mod testing;

pub use stack::{Stack, stack};

/// Which of the two outside systems a request is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Peer {
    /// The ERP.
    Pixi,
    /// The payment provider.
    Unzer,
}

impl fmt::Display for Peer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pixi => "pixi",
            Self::Unzer => "unzer",
        })
    }
}

/// What a request does at its peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Effect {
    /// Nothing; may be sent again at will.
    Read,
    /// Changes something; sent on a fresh connection, never again by itself.
    Write,
}

/// How long each part of a request may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// Until the connection stands.
    pub connect: Duration,
    /// Without a single byte of the answer.
    pub idle: Duration,
    /// From the first byte sent to the last byte read.
    pub total: Duration,
}

/// One request.
#[derive(Clone)]
pub struct Request {
    /// The outside system.
    pub peer: Peer,
    /// What limits and circuits count by: the pixi API's name, or the public key of the Unzer key pair.
    pub endpoint: Arc<str>,
    /// The operation, for logs, metrics and faults: `pixiGetOrderline`, `capture`.
    pub call: &'static str,
    /// Whether it changes anything.
    pub effect: Effect,
    /// HTTP method.
    pub method: Method,
    /// Full address.
    pub url: Url,
    /// Headers; credentials are marked sensitive.
    pub headers: HeaderMap,
    /// Body.
    pub body: Bytes,
    /// Time allowed.
    pub deadlines: Deadlines,
}

impl fmt::Debug for Request {
    /// Names the call only: address, headers and body can hold secrets and personal data.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ({})", self.peer, self.call, self.endpoint)
    }
}

/// Bytes of an answer as they come in.
pub type BodyStream = Pin<Box<dyn Stream<Item = Result<Bytes, SendError>> + Send>>;

/// The answer to a request.
pub struct Response {
    /// HTTP status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body, not read yet.
    pub body: BodyStream,
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "HTTP {}", self.status)
    }
}

impl Response {
    /// An answer whose body is at hand.
    pub fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(::http::header::CONTENT_TYPE, ::http::HeaderValue::from_static(content_type));
        let body: Bytes = body.into();
        Self { status, headers, body: Box::pin(futures_util::stream::iter([Ok(body)])) }
    }

    /// The content type without parameters, in lower case; empty where none was sent.
    pub fn content_type(&self) -> String {
        let value = self.headers.get(::http::header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).unwrap_or_default();
        value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
    }

    /// Reads the whole body, at most `limit` bytes of it.
    pub async fn bytes(mut self, limit: usize) -> Result<Vec<u8>, SendError> {
        let mut all = Vec::new();
        while let Some(chunk) = self.body.next().await {
            let chunk = chunk?;
            if all.len() + chunk.len() > limit {
                return Err(SendError::unknown(Cause::TooLarge));
            }
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }
}

/// What kept an answer from arriving.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum Cause {
    /// Name not resolved, connection refused, TLS not agreed: no byte of the request left.
    #[error("no connection")]
    Connect,
    /// The connection broke.
    #[error("connection lost")]
    ConnectionLost,
    /// A deadline passed.
    #[error("time-out")]
    TimeOut,
    /// More bytes than the daemon takes.
    #[error("answer too large")]
    TooLarge,
    /// No request to pixi starts in the quiet hours.
    #[error("quiet hours")]
    QuietHours,
    /// The endpoint failed too often lately and is given a rest.
    #[error("circuit open")]
    CircuitOpen,
    /// The connection is switched off.
    #[error("connection disabled")]
    Disabled,
    /// The daemon is stopping.
    #[error("stopping")]
    Stopping,
    /// The lease or the permit was no longer good right before sending.
    #[error("lease or permit expired")]
    Expired,
    /// The request could not be built or the transport refused it.
    #[error("request invalid")]
    Invalid,
}

/// A request without an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error)]
pub enum SendError {
    /// Surely not received by the peer.
    #[error("not sent: {0}")]
    NotSent(Cause),
    /// Perhaps received and acted on.
    #[error("outcome unknown: {0}")]
    Unknown(Cause),
}

impl SendError {
    /// Perhaps received.
    pub fn unknown(cause: Cause) -> Self {
        Self::Unknown(cause)
    }

    /// What happened.
    pub fn cause(self) -> Cause {
        match self {
            Self::NotSent(cause) | Self::Unknown(cause) => cause,
        }
    }
}

/// A transport.
#[async_trait]
pub trait Wire: Send + Sync {
    /// Sends `request` once and waits for the head of the answer.
    async fn send(&self, request: Request) -> Result<Response, SendError>;
}

/// A transport that can be shared.
pub type SharedWire = Arc<dyn Wire>;
