//! Who is logged in, and which program may use the API.

use axum::extract::FromRequestParts;
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::TimeDelta;
use http::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use http::request::Parts;
use http::{Method, StatusCode};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::token;
use crate::journal::JournalError;
use crate::web::{Fault, Web, cookies};

/// A session ends when nobody was there for so long.
const IDLE: TimeDelta = TimeDelta::hours(12);
/// It is noted no more often than this that somebody is still there.
const NOTED: TimeDelta = TimeDelta::minutes(5);

/// Somebody who is logged in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Login name.
    pub user: String,
    /// What forms of this session carry.
    pub csrf: String,
    /// Hash of the cookie.
    pub(super) token_hash: String,
}

impl Session {
    /// Who acts, for the audit trail.
    pub fn actor(&self) -> String {
        format!("web:{}", self.user)
    }

    /// Whoever sends these headers, where somebody is logged in.
    pub async fn of(web: &Web, headers: &HeaderMap) -> Result<Option<Self>, JournalError> {
        let settings = web.settings();
        let Some(cookie) = cookies::read(headers, cookies::SESSION, cookies::is_secure(&settings)) else {
            return Ok(None);
        };
        let token_hash = token::hash(&cookie);
        let Some(row) = web.journal().session(&token_hash).await? else { return Ok(None) };
        let of_file = settings.web.users.iter().find(|user| user.name == row.user);
        let password = of_file.map(|user| user.password_hash.expose_secret().to_owned()).or(row.stored_password);
        let unchanged = password.is_some_and(|password| token::same(&token::hash(&password), &row.login_hash));
        let (now, scale) = (web.clock().now(), super::scale(web.clock()));
        if !unchanged || now >= row.until || now - row.seen >= IDLE * scale {
            return Ok(None);
        }
        if now - row.seen >= NOTED * scale {
            web.journal().session_seen(&token_hash).await?;
        }
        Ok(Some(Self { user: row.user, csrf: token::derived("form", &cookie), token_hash }))
    }
}

impl FromRequestParts<Web> for Session {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        if let Some(session) = parts.extensions.get::<Self>() {
            return Ok(session.clone());
        }
        match Self::of(web, &parts.headers).await {
            Ok(Some(session)) => Ok(session),
            Ok(None) => Err(to_login(web, parts)),
            Err(error) => Err(Fault::from(error).into_response()),
        }
    }
}

/// Leads to the login, and back to where the person wanted to go.
fn to_login(web: &Web, parts: &Parts) -> Response {
    let base = web.base();
    let wanted = parts.uri.path_and_query().map_or("/", |path| path.as_str());
    if parts.method != Method::GET || wanted == "/" {
        return Redirect::to(&format!("{base}/login")).into_response();
    }
    let next: String = url::form_urlencoded::byte_serialize(wanted.as_bytes()).collect();
    Redirect::to(&format!("{base}/login?next={next}")).into_response()
}

/// Who may use the API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiAccess {
    /// Somebody who is logged in, reading.
    Person(Session),
    /// A program with the API token.
    Program,
}

impl FromRequestParts<Web> for ApiAccess {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, web: &Web) -> Result<Self, Response> {
        if let Some(access) = parts.extensions.get::<Self>() {
            return Ok(access.clone());
        }
        if let Some(given) = bearer(&parts.headers) {
            let settings = web.settings();
            let known = settings.web.api_token.as_ref().map(|known| token::hash(known.expose_secret()));
            let fits = known.is_some_and(|known| token::same(&token::hash(given), &known));
            return if fits { Ok(Self::Program) } else { Err(unauthorized()) };
        }
        match Session::of(web, &parts.headers).await {
            // A page elsewhere could make a browser send the cookie: with it the API is only read.
            Ok(Some(session)) if parts.method.is_safe() => Ok(Self::Person(session)),
            Ok(_) => Err(unauthorized()),
            Err(error) => Err(Fault::from(error).into_response()),
        }
    }
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn unauthorized() -> Response {
    let body = axum::Json(json!({"error": "log in, or send the API token as Authorization: Bearer"}));
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Bearer")], body).into_response()
}
