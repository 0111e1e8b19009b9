//! Somebody with a browser: asks for pages, keeps cookies, sends forms.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use axum::Router;
use axum::body::{Body, to_bytes};
use http::header::{CONTENT_TYPE, COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use http::{Request, StatusCode};
use secrecy::SecretString;
use tower::ServiceExt as _;

use super::super::scene::Scene;
use crate::config::{Settings, User};
use crate::web::login::password;
use crate::web::{Web, router};

pub const NAME: &str = "anna";
pub const PASSWORD: &str = "correct horse battery";
pub const ERROR_PAGE: &str = "token-of-the-error-page";
pub const API: &str = "token-of-the-api";

static HASH: LazyLock<String> = LazyLock::new(|| password::hash(PASSWORD).unwrap());

/// Settings with a login and tokens.
pub fn with_logins(settings: &mut Settings) {
    let hash = SecretString::from(HASH.clone());
    settings.web.users = vec![User { name: NAME.to_owned(), password_hash: hash }];
    settings.web.error_page_token = Some(ERROR_PAGE.into());
    settings.web.api_token = Some(API.into());
}

/// An answer as a browser has it.
pub struct Page {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
}

impl Page {
    /// Where it leads.
    pub fn leads_to(&self) -> &str {
        self.headers.get(LOCATION).map_or("", |location| location.to_str().unwrap())
    }

    /// Value of the first hidden field of a name.
    pub fn field(&self, name: &str) -> String {
        let at =
            self.text.find(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("{name}: {}", self.text));
        let rest = &self.text[at..];
        let escaped = [("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")];
        let value = rest.split('"').nth(3).unwrap().to_owned();
        escaped.iter().fold(value, |value, (entity, sign)| value.replace(entity, sign))
    }
}

/// Somebody with a browser.
pub struct Visitor {
    router: Router,
    pub cookies: BTreeMap<String, String>,
}

impl Visitor {
    /// A stranger.
    pub fn of(scene: &Scene) -> Self {
        Self::at(Web::new(scene.daemon.clone(), scene.journal.clone(), scene.world.clock.clone()))
    }

    /// A stranger at these pages.
    pub fn at(web: Web) -> Self {
        Self { router: router(web), cookies: BTreeMap::new() }
    }

    /// Somebody who has logged in.
    pub async fn known(scene: &Scene) -> Self {
        let mut visitor = Self::of(scene);
        let page = visitor.log_in(NAME, PASSWORD).await;
        assert_eq!((page.status, page.leads_to()), (StatusCode::SEE_OTHER, "/"));
        visitor
    }

    pub async fn log_in(&mut self, name: &str, password: &str) -> Page {
        let form = self.get("/login").await;
        self.post("/login", &[("csrf", &form.field("csrf")), ("name", name), ("password", password)]).await
    }

    pub async fn get(&mut self, path: &str) -> Page {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Page {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let request = Request::post(path).header(CONTENT_TYPE, "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(body)).unwrap()).await
    }

    pub async fn send(&mut self, mut request: Request<Body>) -> Page {
        if !self.cookies.is_empty() {
            let all: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
            request.headers_mut().insert(COOKIE, all.join("; ").parse().unwrap());
        }
        let answer = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = answer.into_parts();
        for set in parts.headers.get_all(SET_COOKIE) {
            let (name, value) = set.to_str().unwrap().split(';').next().unwrap().split_once('=').unwrap();
            self.cookies.insert(name.to_owned(), value.to_owned());
        }
        self.cookies.retain(|_, value| !value.is_empty());
        let text = String::from_utf8(to_bytes(body, usize::MAX).await.unwrap().to_vec()).unwrap();
        Page { status: parts.status, headers: parts.headers, text }
    }
}
