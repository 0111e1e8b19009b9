//! Logging in and out.

use std::net::{IpAddr, SocketAddr};

use axum::Extension;
use axum::body::Bytes;
use axum::extract::{ConnectInfo, RawQuery, State};
use axum::response::{IntoResponse as _, Redirect, Response};
use chrono::TimeDelta;
use http::header::{HeaderMap, RETRY_AFTER, SET_COOKIE};
use http::{HeaderValue, StatusCode};
use secrecy::ExposeSecret as _;

use super::access::{Access, Routes};
use super::form::Form;
use super::pages::{self, LoginFault};
use super::{Fault, Web, cookies};
use crate::clock::Clock;

mod limiter;
mod origin;
pub mod password;
mod session;
pub mod token;

pub use origin::is_own as is_own_origin;
pub use session::{ApiAccess, Session};

use limiter::Limiter;
use password::{Checker, Crowded};

/// A session ends after so long whatever happens.
const LASTS: TimeDelta = TimeDelta::days(7);

/// Where logins are checked.
pub struct Gate {
    checker: Checker,
    limiter: Limiter,
}

impl Gate {
    /// Nobody has tried yet.
    pub fn new(clock: Clock) -> Self {
        Self { checker: Checker::default(), limiter: Limiter::new(clock) }
    }
}

/// Routes of the login.
pub fn routes() -> Routes {
    Routes::new().get("/login", Access::Public, form).post("/login", Access::Public, log_in).post(
        "/logout",
        Access::Session,
        log_out,
    )
}

/// Sessions are for people, who live in real time, whatever the clock's speed.
fn scale(clock: &Clock) -> i32 {
    i32::try_from(clock.speed()).unwrap_or(1)
}

/// A way within these pages; anything else leads to the first page.
pub(super) fn local(next: &str) -> &str {
    let inside = next.starts_with('/') && !next[1..].starts_with(['/', '\\']);
    if inside && next.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') { next } else { "/" }
}

async fn form(State(web): State<Web>, RawQuery(query): RawQuery, headers: HeaderMap) -> Result<Response, Fault> {
    let query = Form::parse(query.unwrap_or_default().as_bytes());
    if Session::of(&web, &headers).await?.is_some() {
        return Ok(Redirect::to(&format!("{}{}", web.base(), local(query.get("next")))).into_response());
    }
    ask(&web, &headers, query.get("next"), "", None)
}

/// The login form, with a cookie that ties it to this browser.
fn ask(web: &Web, headers: &HeaderMap, next: &str, name: &str, fault: Option<LoginFault>) -> Result<Response, Fault> {
    let secure = cookies::is_secure(&web.settings());
    let known = cookies::read(headers, cookies::LOGIN, secure).filter(|cookie| cookie.len() == 43);
    let cookie = match known {
        Some(cookie) => cookie,
        None => token::random().map_err(|_| Fault::Broken)?,
    };
    let page = pages::login(web, &token::derived("login", &cookie), local(next), name, fault)?;
    let status = match fault {
        None => StatusCode::OK,
        Some(LoginFault::Wrong) => StatusCode::UNAUTHORIZED,
        Some(LoginFault::TooOften(_)) => StatusCode::TOO_MANY_REQUESTS,
        Some(LoginFault::Crowded) => StatusCode::SERVICE_UNAVAILABLE,
    };
    let mut response = (status, page).into_response();
    let headers = response.headers_mut();
    headers.extend(cookies::set(cookies::LOGIN, &cookie, secure).map(|value| (SET_COOKIE, value)));
    if let Some(LoginFault::TooOften(seconds)) = fault {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    Ok(response)
}

async fn log_in(
    State(web): State<Web>,
    peer: Option<Extension<ConnectInfo<SocketAddr>>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Response, Fault> {
    let settings = web.settings();
    let secure = cookies::is_secure(&settings);
    let form = Form::of_body(&headers, &body).ok_or(Fault::Unreadable)?;
    let cookie = cookies::read(&headers, cookies::LOGIN, secure).ok_or(Fault::Stale)?;
    if !is_own_origin(&headers, &settings) || !token::same(form.raw("csrf"), &token::derived("login", &cookie)) {
        return Err(Fault::Stale);
    }
    let (name, next) = (form.get("name").to_owned(), form.get("next"));
    let from = origin::client(&headers, peer.map(|Extension(ConnectInfo(peer))| peer.ip()));
    match check(&web, &name, form.raw("password"), from).await? {
        Ok(password_hash) => {
            let session = token::random().map_err(|_| Fault::Broken)?;
            let until = web.clock().now() + LASTS * scale(web.clock());
            let login_hash = token::hash(&password_hash);
            web.journal().begin_session(&token::hash(&session), &name, &login_hash, until).await?;
            tracing::info!(user = %name, "{name} has logged in");
            let mut response = Redirect::to(&format!("{}{}", web.base(), local(next))).into_response();
            let set = [cookies::set(cookies::SESSION, &session, secure), cookies::clear(cookies::LOGIN, secure)];
            for value in set.into_iter().flatten() {
                response.headers_mut().append(SET_COOKIE, value);
            }
            Ok(response)
        }
        Err(fault) => ask(&web, &headers, next, &name, Some(fault)),
    }
}

/// Checks a password. Answers the hash it fits.
async fn check(
    web: &Web,
    name: &str,
    password: &str,
    from: Option<IpAddr>,
) -> Result<Result<String, LoginFault>, Fault> {
    let gate = web.gate();
    // A name that is too long is nobody's and would only fill memory.
    let by_name = format!("user:{}", name.chars().take(64).collect::<String>());
    let keys: Vec<String> =
        [Some(by_name.clone()), from.map(|from| format!("from:{from}"))].into_iter().flatten().collect();
    let wait = gate.limiter.wait(&keys);
    if wait > TimeDelta::zero() {
        return Ok(Err(LoginFault::TooOften(u64::try_from(wait.num_seconds()).unwrap_or(0) + 1)));
    }
    let settings = web.settings();
    let of_file = settings.web.users.iter().find(|user| user.name == name);
    let hash = match of_file {
        Some(user) => Some(user.password_hash.expose_secret().to_owned()),
        None => web.journal().stored_password(name).await?,
    };
    match gate.checker.fits(password.to_owned(), hash.clone()).await {
        Err(Crowded) => Ok(Err(LoginFault::Crowded)),
        Ok(true) => {
            gate.limiter.passed(&by_name);
            Ok(hash.ok_or(LoginFault::Wrong))
        }
        Ok(false) => {
            gate.limiter.failed(&keys);
            tracing::warn!(from = from.map(tracing::field::display), "a login failed");
            Ok(Err(LoginFault::Wrong))
        }
    }
}

async fn log_out(State(web): State<Web>, session: Session) -> Result<Response, Fault> {
    web.journal().end_session(&session.token_hash).await?;
    let mut response = Redirect::to(&format!("{}/login", web.base())).into_response();
    let cleared = cookies::clear(cookies::SESSION, cookies::is_secure(&web.settings()));
    response.headers_mut().extend(cleared.map(|value| (SET_COOKIE, value)));
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_led_away_from_these_pages() {
        for inside in ["/", "/orders/LEO/4711", "/?mark=problem&q=a%2Fb"] {
            assert_eq!(local(inside), inside);
        }
        let away =
            ["", "https://evil.example", "//evil.example", "/\\evil.example", "/a\\b", "evil", "/a b", "/\r\nX: y"];
        for away in away {
            assert_eq!(local(away), "/", "{away}");
        }
    }
}
