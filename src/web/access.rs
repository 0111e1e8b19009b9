//! Who may open which route: every route is declared with its access, and there is no other way to add one.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{FromRequestParts, Request, State};
use axum::handler::Handler;
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{MethodRouter, get, post};

use super::form::Form;
use super::login::{ApiAccess, Session, is_own_origin, token};
use super::{Fault, LARGEST_BODY, Web};

/// Who may open a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone; what is behind it checks a token of its own, or tells nothing of any order.
    Public,
    /// People who have logged in; others are led to the login.
    Session,
    /// People who have logged in, or programs with the API token; others get 401 as JSON.
    Api,
}

/// The two methods routes have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verb {
    /// Reads; `HEAD` with it.
    Get,
    /// Changes something.
    Post,
}

/// A route as it is declared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Declared {
    /// Method.
    pub verb: Verb,
    /// Path with `{placeholders}`.
    pub path: &'static str,
    /// Who may open it.
    pub access: Access,
}

/// Routes with their access.
#[derive(Default)]
pub struct Routes {
    all: Vec<(Declared, MethodRouter<Web>)>,
}

impl Routes {
    /// None yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// A route that reads.
    pub fn get<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.with(Declared { verb: Verb::Get, path, access }, get(handler))
    }

    /// A route that changes something.
    pub fn post<H, T>(self, path: &'static str, access: Access, handler: H) -> Self
    where
        H: Handler<T, Web>,
        T: 'static,
    {
        self.with(Declared { verb: Verb::Post, path, access }, post(handler))
    }

    fn with(mut self, declared: Declared, route: MethodRouter<Web>) -> Self {
        self.all.push((declared, route));
        self
    }

    /// These and those.
    pub fn and(mut self, others: Self) -> Self {
        self.all.extend(others.all);
        self
    }

    /// Everything declared.
    pub fn table(&self) -> Vec<Declared> {
        self.all.iter().map(|(declared, _)| *declared).collect()
    }

    /// The routes, each behind its access.
    pub(super) fn into_router(self, web: &Web) -> Router<Web> {
        let mut router = Router::new();
        for (declared, route) in self.all {
            let guarded = match declared.access {
                Access::Public => route,
                Access::Session => route.layer(from_fn_with_state(web.clone(), with_session)),
                Access::Api => route.layer(from_fn_with_state(web.clone(), with_api_access)),
            };
            router = router.route(declared.path, guarded);
        }
        router
    }
}

/// Lets people through who have logged in; the handler finds their [`Session`] among the request's extensions. What
/// changes something must come as a form of a page of this session, and is found as a [`Form`] there too.
async fn with_session(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let session = match Session::from_request_parts(&mut parts, &web).await {
        Ok(session) => session,
        Err(refusal) => return refusal,
    };
    if parts.method.is_safe() {
        parts.extensions.insert(session);
        return next.run(Request::from_parts(parts, body)).await;
    }
    let Ok(bytes) = to_bytes(body, LARGEST_BODY).await else { return Fault::Unreadable.into_response() };
    let Some(form) = Form::of_body(&parts.headers, &bytes) else { return Fault::Unreadable.into_response() };
    if !is_own_origin(&parts.headers, &web.settings()) || !token::same(form.raw("csrf"), &session.csrf) {
        return Fault::Stale.into_response();
    }
    parts.extensions.insert(session);
    parts.extensions.insert(form);
    next.run(Request::from_parts(parts, Body::empty())).await
}

async fn with_api_access(State(web): State<Web>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    match ApiAccess::from_request_parts(&mut parts, &web).await {
        Ok(access) => {
            parts.extensions.insert(access);
            next.run(Request::from_parts(parts, body)).await
        }
        Err(refusal) => refusal,
    }
}
