//! What the tests of this module share.

use std::sync::Mutex;
use std::time::Duration;

use ::http::{HeaderMap, Method, StatusCode};
use async_trait::async_trait;
use bytes::Bytes;

use super::{Deadlines, Effect, Peer, Request, Response, SendError, Wire};

/// A read of `endpoint`.
pub fn read(peer: Peer, endpoint: &str) -> Request {
    Request {
        peer,
        endpoint: endpoint.into(),
        call: "look",
        effect: Effect::Read,
        method: Method::POST,
        url: "http://127.0.0.1:1/".parse().unwrap(),
        headers: HeaderMap::new(),
        body: Bytes::from_static(b"secret body"),
        deadlines: Deadlines {
            connect: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            total: Duration::from_mins(1),
        },
    }
}

/// A write to `endpoint`.
pub fn write(peer: Peer, endpoint: &str) -> Request {
    Request { effect: Effect::Write, ..read(peer, endpoint) }
}

type Answer = Box<dyn Fn() -> Result<Response, SendError> + Send>;

/// A peer that answers as told and counts what reaches it.
#[derive(Default)]
pub struct Told {
    answer: Mutex<Option<Answer>>,
    seen: Mutex<Vec<String>>,
}

impl Told {
    /// From now on it answers so.
    pub fn answer(&self, answer: impl Fn() -> Result<Response, SendError> + Send + 'static) {
        *self.answer.lock().unwrap() = Some(Box::new(answer));
    }

    /// From now on it answers with this status.
    pub fn status(&self, status: u16) {
        let status = StatusCode::from_u16(status).unwrap();
        self.answer(move || Ok(Response::new(status, "text/plain", "answer")));
    }

    /// From now on it fails so.
    pub fn fail(&self, error: SendError) {
        self.answer(move || Err(error));
    }

    /// Endpoints of the requests that reached it.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

#[async_trait]
impl Wire for Told {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        self.seen.lock().unwrap().push(request.endpoint.to_string());
        let answer = self.answer.lock().unwrap();
        answer.as_ref().map_or_else(|| Ok(Response::new(StatusCode::OK, "text/plain", "answer")), |answer| answer())
    }
}
