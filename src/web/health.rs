//! What monitoring asks: is the process alive, does it do its work, and what does it count?

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse as _, Response};
use chrono::SecondsFormat;
use chrono_tz::Tz;
use http::StatusCode;
use schemars::JsonSchema;
use serde::Serialize;

use super::Web;
use super::access::{Access, Routes};
use crate::clock::Time;
use crate::engine::Health;
use crate::engine::schedule::NextReason;

/// The store answers within this time.
const PATIENCE: Duration = Duration::from_secs(5);

/// Routes for monitoring.
pub fn routes() -> Routes {
    Routes::new().get("/healthz", Access::Public, alive).get("/readyz", Access::Public, ready).get(
        "/metrics",
        Access::Public,
        super::metrics::page,
    )
}

/// The process answers.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Alive {
    /// Always `alive`.
    pub status: &'static str,
    /// Version of the program.
    pub version: &'static str,
}

/// Whether the daemon does its work.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the fields are named as they are answered")]
pub struct Ready {
    /// The store answers and no cycle is overdue.
    pub ready: bool,
    /// One line for people: what is wrong, or when the next cycle runs and why then.
    pub reason: String,
    /// The store answers.
    pub store: bool,
    /// When a cycle ended last; none since the start.
    #[schemars(extend("format" = "date-time"))]
    pub last_cycle: Option<String>,
    /// When the next one runs.
    #[schemars(extend("format" = "date-time"))]
    pub next_cycle: Option<String>,
    /// End of the quiet hours, while they last.
    #[schemars(extend("format" = "date-time"))]
    pub quiet_until: Option<String>,
    /// Since when a cycle should have begun, where that is too long ago.
    #[schemars(extend("format" = "date-time"))]
    pub overdue_since: Option<String>,
}

async fn alive() -> Json<Alive> {
    Json(Alive { status: "alive", version: env!("CARGO_PKG_VERSION") })
}

async fn ready(State(web): State<Web>) -> Response {
    let told = look(&web).await;
    let status = if told.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(told)).into_response()
}

/// How the daemon stands now.
pub async fn look(web: &Web) -> Ready {
    let store = matches!(web.clock().timeout(PATIENCE, web.journal().processes()).await, Ok(Ok(_)));
    let health = web.daemon().health();
    let zone = web.settings().timezone;
    let stamp = |at: Time| at.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false);
    Ready {
        ready: store && health.overdue_since.is_none(),
        reason: reason(store, &health, zone),
        store,
        last_cycle: health.last.map(stamp),
        next_cycle: health.next.map(|next| stamp(next.at)),
        quiet_until: health.quiet_until.map(stamp),
        overdue_since: health.overdue_since.map(stamp),
    }
}

fn reason(store: bool, health: &Health, zone: Tz) -> String {
    let wall = |at: Time| at.with_timezone(&zone).format("%H:%M").to_string();
    if !store {
        return "the store does not answer".to_owned();
    }
    if let Some(since) = health.overdue_since {
        let busy = if health.busy { "; one is still running" } else { "" };
        return format!("a cycle is overdue since {}{busy}", wall(since));
    }
    match (health.quiet_until, health.next) {
        (Some(until), _) => format!("quiet hours until {}", wall(until)),
        (None, Some(next)) if next.reason == NextReason::QuietHoursUntil => {
            format!("next cycle at {}, after the quiet hours", wall(next.at))
        }
        (None, Some(_)) if health.busy => "a cycle is running".to_owned(),
        (None, Some(next)) => format!("next cycle at {}", wall(next.at)),
        (None, None) => "schedule.cycle names no further time".to_owned(),
    }
}
