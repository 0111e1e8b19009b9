//! What people see in the browser, what Unzer and programs reach over HTTP.
//!
//! [`access`] declares each route with who may open it; `pages` are for people, `hooks` for Unzer, `api` for programs,
//! `health` for monitoring. Nothing here sends to pixi or Unzer: what a person asks for is stored as a request, and the
//! daemon acts on it.

use std::future::{Ready, ready};
use std::sync::Arc;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request, State};
use axum::middleware::{from_fn, from_fn_with_state, map_request_with_state};

use crate::clock::Clock;
use crate::config::{ApiName, MandantId, Settings};
use crate::engine::Daemon;
use crate::journal::{Journal, OrderRow};

pub mod access;
pub mod api;
mod assets;
mod cookies;
mod fault;
mod form;
mod headers;
mod health;
mod hooks;
pub mod login;
mod metrics;
mod pages;
mod server;

pub use fault::Fault;
pub use server::{Server, ServerError};

use access::{Declared, Routes};

/// Largest body of a request, in bytes.
const LARGEST_BODY: usize = 64 * 1024;

/// What every handler is given; cheap to clone.
#[derive(Clone)]
pub struct Web(Arc<Inner>);

struct Inner {
    daemon: Arc<Daemon>,
    journal: Journal,
    clock: Clock,
    gate: login::Gate,
    inbox: hooks::Inbox,
    last_metrics: metrics::Last,
}

impl Web {
    /// The pages of a daemon.
    pub fn new(daemon: Arc<Daemon>, journal: Journal, clock: Clock) -> Self {
        let gate = login::Gate::new(clock.clone());
        let inbox = hooks::Inbox::new(journal.clone());
        Self(Arc::new(Inner { daemon, journal, clock, gate, inbox, last_metrics: metrics::Last::default() }))
    }

    /// The daemon: its state is shown, and requests of people are stored for it.
    pub fn daemon(&self) -> &Daemon {
        &self.0.daemon
    }

    /// The settings in force now.
    pub fn settings(&self) -> Arc<Settings> {
        self.0.daemon.shop().settings.clone()
    }

    /// The store.
    pub fn journal(&self) -> &Journal {
        &self.0.journal
    }

    /// Time.
    pub fn clock(&self) -> &Clock {
        &self.0.clock
    }

    /// Path under which the pages are reached from outside (`/payd`); empty where they are at the root.
    pub fn base(&self) -> String {
        let settings = self.settings();
        settings.web.public_url.as_ref().map_or_else(String::new, |url| url.path().trim_end_matches('/').to_owned())
    }

    /// Messages of the webhook on their way to the store.
    pub(crate) fn inbox(&self) -> &hooks::Inbox {
        &self.0.inbox
    }

    /// The metrics as they were shown last.
    pub(crate) fn last_metrics(&self) -> &metrics::Last {
        &self.0.last_metrics
    }

    /// Who checks passwords, one at a time.
    pub(crate) fn gate(&self) -> &login::Gate {
        &self.0.gate
    }
}

/// The order of a mandant. Where several pixi APIs have shown one of its number: of the API asked for, else of the mandant's
/// own, else the one seen first.
fn pick(settings: &Settings, rows: Vec<OrderRow>, mandant: &MandantId, api: Option<&ApiName>) -> Option<OrderRow> {
    let own = settings.mandants.get(mandant).map(|block| &block.pixi);
    let mut rows: Vec<OrderRow> = rows.into_iter().filter(|row| row.order.mandant == *mandant).collect();
    let wanted = |row: &OrderRow| api.or(own).is_none_or(|api| row.order.api == *api);
    let at = rows.iter().position(wanted).or((api.is_none() && !rows.is_empty()).then_some(0))?;
    Some(rows.swap_remove(at))
}

fn routes() -> Routes {
    let people = pages::routes().and(login::routes()).and(assets::routes());
    people.and(hooks::routes()).and(api::routes()).and(health::routes())
}

/// Every route with its access.
pub fn table() -> Vec<Declared> {
    routes().table()
}

/// Everything that is served, under its plain paths.
pub fn router(web: Web) -> Router {
    routes()
        .into_router(&web)
        .fallback(fault::not_found)
        .method_not_allowed_fallback(fault::not_allowed)
        .layer(DefaultBodyLimit::max(LARGEST_BODY))
        .layer(from_fn_with_state(web.clone(), headers::in_time))
        .layer(from_fn(headers::bounded))
        .layer(from_fn_with_state(web.clone(), fault::dressed))
        .layer(from_fn_with_state(web.clone(), headers::secure))
        .with_state(web)
}

/// The same, also under the path of `web.public_url`: some proxies take it off, some leave it on.
fn service(web: Web) -> Router {
    let inner = router(web.clone());
    Router::new().fallback_service(inner).layer(map_request_with_state(web, without_base))
}

fn without_base(State(web): State<Web>, mut request: Request) -> Ready<Request> {
    let base = web.base();
    let path = request.uri().path_and_query().map_or("/", |path| path.as_str());
    let rest = path.strip_prefix(base.as_str()).filter(|_| !base.is_empty());
    let inside = rest.filter(|rest| rest.is_empty() || rest.starts_with(['/', '?']));
    let shorter = inside.map(|rest| if rest.starts_with('/') { rest.to_owned() } else { format!("/{rest}") });
    if let Some(uri) = shorter.and_then(|path| path.parse().ok()) {
        *request.uri_mut() = uri;
    }
    ready(request)
}
