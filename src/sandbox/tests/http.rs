//! The pages of a scene, asked in this process.

use async_trait::async_trait;
use axum::body::Body;
use futures_util::future::join_all;
use http::{HeaderMap, Method, StatusCode, header};
use tower::ServiceExt as _;

use super::scene::Scene;
use crate::config::Settings;
use crate::sandbox::unzer::{Courier, Delivery};
use crate::web::{Web, router};
use crate::wire::{Request, Response, SendError, Wire};

pub const HOOK_TOKEN: &str = "hook-token-of-the-scene";
pub const API_TOKEN: &str = "api-token-of-the-scene";
pub const HOOK: &str = "/hooks/unzer/hook-token-of-the-scene";

/// Settings with everything of the web that a test needs.
pub fn with_web(settings: &mut Settings) {
    settings.web.public_url = Some("https://pay.example.org".parse().unwrap());
    settings.web.hook_token = Some(HOOK_TOKEN.into());
    settings.web.api_token = Some(API_TOKEN.into());
}

/// The way to the pages.
#[derive(Clone)]
pub struct Http(axum::Router);

/// An answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl Answer {
    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }
}

impl Http {
    pub fn of(scene: &Scene) -> Self {
        Self(router(Web::new(scene.daemon.clone(), scene.journal.clone(), scene.world.clock.clone())))
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let answer = self.0.clone().oneshot(request.body(Body::from(body.to_vec())).unwrap()).await.unwrap();
        let (status, headers) = (answer.status(), answer.headers().clone());
        let body = axum::body::to_bytes(answer.into_body(), usize::MAX).await.unwrap();
        Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Nobody in particular asks.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &[], b"").await
    }

    /// A program with the token asks.
    pub async fn api(&self, path: &str) -> Answer {
        let login = format!("Bearer {API_TOKEN}");
        self.send(Method::GET, path, &[("authorization", &login)], b"").await
    }

    /// Unzer posts.
    pub async fn post(&self, path: &str, body: &str) -> Answer {
        self.send(Method::POST, path, &[("content-type", "text/plain;charset=UTF-8")], body.as_bytes()).await
    }

    /// Many posts at once.
    pub async fn flood(&self, path: &str, bodies: impl IntoIterator<Item = String>) -> Vec<StatusCode> {
        let posts = bodies.into_iter().map(|body| async move { self.post(path, &body).await.status });
        join_all(posts).await
    }

    /// A courier that brings the simulated Unzer's messages here.
    pub fn courier(&self, scene: &Scene) -> Courier {
        let door = std::sync::Arc::new(self.clone());
        Courier::new(scene.world.unzer.clone(), scene.world.clock.clone(), door)
    }
}

#[async_trait]
impl Wire for Http {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let kind = request.headers.get(header::CONTENT_TYPE).unwrap().to_str().unwrap().to_owned();
        let path = request.url.path();
        let answer = Self::send(self, request.method, path, &[("content-type", &kind)], &request.body).await;
        Ok(Response::new(answer.status, "text/plain", answer.body))
    }
}

/// A message as Unzer writes it.
pub fn message(event: &str, payment: &str) -> Delivery {
    let body = serde_json::json!({
        "event": event, "publicKey": "s-pub-sandbox1", "paymentId": payment,
        "retrieveUrl": format!("https://api.unzer.com/v1/payments/{payment}"),
    });
    Delivery { url: format!("https://pay.example.org{HOOK}"), body: body.to_string() }
}
