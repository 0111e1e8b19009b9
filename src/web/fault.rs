//! Answers that are not what was asked for.

use std::future::{Ready, ready};

use axum::Json;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http::StatusCode;
use serde_json::json;

use super::{Web, pages};
use crate::journal::JournalError;

/// Why a request is not answered as asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// No such page, or not for this visitor.
    NotFound,
    /// The page is only read, or only written to.
    NotAllowed,
    /// The form does not come from a page of ours, or from one that is too old.
    Stale,
    /// Not a form, or not one that can be read.
    Unreadable,
    /// The store did not answer.
    Store,
    /// The request took too long.
    TooSlow,
    /// The address or the body is too long.
    TooLong,
    /// A page could not be written.
    Broken,
}

impl Fault {
    /// The status of the answer.
    pub fn status(self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::NotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Stale => StatusCode::FORBIDDEN,
            Self::Unreadable => StatusCode::BAD_REQUEST,
            Self::Store => StatusCode::SERVICE_UNAVAILABLE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::TooLong => StatusCode::URI_TOO_LONG,
            Self::Broken => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

impl Fault {
    /// What is wrong, for people who read what a program was answered.
    fn word(self) -> &'static str {
        match self {
            Self::NotFound => "there is no such path",
            Self::NotAllowed => "this path is only read, or only written to",
            Self::Stale => "the form does not come from a page of this daemon",
            Self::Unreadable => "the request cannot be read",
            Self::Store => "the store does not answer",
            Self::TooSlow => "the request took too long",
            Self::TooLong => "the address or the body is too long",
            Self::Broken => "the answer could not be written",
        }
    }
}

impl From<JournalError> for Fault {
    fn from(error: JournalError) -> Self {
        tracing::error!("pages: {error}");
        Self::Store
    }
}

impl From<askama::Error> for Fault {
    fn from(error: askama::Error) -> Self {
        tracing::error!("pages: {error}");
        Self::Broken
    }
}

impl IntoResponse for Fault {
    /// The bare answer; `dressed` makes a page of it.
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// What is answered where there is no route.
pub fn not_found() -> Ready<Fault> {
    ready(Fault::NotFound)
}

/// What is answered where there is a route, but not for this method.
pub fn not_allowed() -> Ready<Fault> {
    ready(Fault::NotAllowed)
}

/// Makes pages of bare faults, in the language of the settings.
pub async fn dressed(State(web): State<Web>, request: Request, next: Next) -> Response {
    // Programs read a status, and a word; not a page.
    let path = request.uri().path();
    let (of_api, of_hook) = (path.starts_with("/api/"), path.starts_with("/hooks/"));
    let response = next.run(request).await;
    let Some(fault) = response.extensions().get::<Fault>().copied().filter(|_| !of_hook) else { return response };
    if of_api {
        return (fault.status(), Json(json!({"error": fault.word()}))).into_response();
    }
    match pages::fault(&web, fault) {
        Ok(page) => (fault.status(), page).into_response(),
        Err(_) => response,
    }
}
