//! A transport that keeps a copy of what comes back, for `pixi call --raw`.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use futures_util::StreamExt as _;

use crate::wire::{Request, Response, SendError, SharedWire, Wire};

/// Keeps the bodies of all answers.
pub struct Tee {
    inner: SharedWire,
    kept: Arc<Mutex<Vec<u8>>>,
}

impl Tee {
    /// Around `inner`.
    pub fn new(inner: SharedWire) -> Self {
        Self { inner, kept: Arc::default() }
    }

    /// What came back so far.
    pub fn kept(&self) -> Vec<u8> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Wire for Tee {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let response = self.inner.send(request).await?;
        let kept = Arc::clone(&self.kept);
        let body = response.body.inspect(move |chunk| {
            if let Ok(bytes) = chunk {
                kept.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
            }
        });
        Ok(Response { body: Box::pin(body), ..response })
    }
}
