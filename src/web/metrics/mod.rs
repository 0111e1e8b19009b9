//! `/metrics`: what there is to count, as Prometheus reads it. No label holds a secret, a person or an order.

mod exposition;
mod gather;
mod write;

use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::TimeDelta;
use http::header::CONTENT_TYPE;
use tokio::sync::Mutex;

use super::Web;
use crate::clock::Time;

/// A page is made no more often than this, in real seconds, however many ask: each takes a moment of the store's reader.
const FRESH_SECONDS: i64 = 5;

/// The page made last.
#[derive(Default)]
pub struct Last(Mutex<Option<(Time, String)>>);

/// The page.
pub async fn page(State(web): State<Web>) -> Response {
    let now = web.clock().now();
    let fresh = TimeDelta::seconds(FRESH_SECONDS * i64::from(web.clock().speed()));
    // Whoever asks meanwhile waits for the same page.
    let mut last = web.last_metrics().0.lock().await;
    let text = match &*last {
        Some((at, text)) if (now - *at).abs() < fresh => text.clone(),
        _ => {
            let text = write::page(&gather::gather(&web).await);
            *last = Some((now, text.clone()));
            text
        }
    };
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text).into_response()
}
