//! Requests and answers, as a line that records and disturbs them needs them.

use bytes::Bytes;
use http::{HeaderMap, StatusCode};

use pixi_payd::wire::{Peer, Request, Response, SendError};

/// A whole answer, which can be given more than once.
#[derive(Clone)]
pub struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    /// Reads an answer to its end.
    ///
    /// # Errors
    /// Where it does not come whole.
    pub async fn whole(response: Response) -> Result<Self, SendError> {
        let (status, headers) = (response.status, response.headers.clone());
        let body = Bytes::from(response.bytes(usize::MAX / 2).await?);
        Ok(Self { status, headers, body })
    }

    /// The answer for whoever asks.
    pub fn response(self) -> Response {
        let body = Box::pin(futures_util::stream::iter([Ok(self.body)]));
        Response { status: self.status, headers: self.headers, body }
    }
}

/// What a request asks, whoever asks it.
pub fn asked(request: &Request) -> String {
    format!("{} {} {}", request.call, request.url, String::from_utf8_lossy(&request.body))
}

/// A write in a few words, for a trace: where to and what.
pub fn told(request: &Request) -> String {
    let body = String::from_utf8_lossy(&request.body);
    if request.peer == Peer::Unzer {
        return format!("{} {body}", request.url.path());
    }
    let inner = body.split_once("Body>").map_or(&*body, |(_, rest)| rest);
    let texts = inner.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim());
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join("|")
}
