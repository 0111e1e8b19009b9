//! Orders as JSON for other programs: the same fields as `orders --json` and `order show --json`.

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, RawQuery, State};
use axum::response::{IntoResponse, Response};
use http::header::{HeaderName, HeaderValue, LINK};
use http::{HeaderMap, StatusCode};
use schemars::JsonSchema;
use serde::Serialize;

use super::Web;
use super::access::{Access, Routes};
use crate::config::MandantId;
use crate::engine::{OrderDetail, OrderShown};
use crate::journal::JournalError;

pub mod openapi;
mod query;

use query::Query;

/// Routes of the API.
pub fn routes() -> Routes {
    Routes::new().get("/api/v1/orders", Access::Api, list).get("/api/v1/orders/{mandant}/{nr}", Access::Api, one).get(
        "/api/v1/openapi.json",
        Access::Api,
        openapi::document,
    )
}

/// Why there is no answer.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
struct Wrong {
    /// What is wrong, for people.
    error: String,
    #[serde(skip)]
    status: StatusCode,
}

impl Wrong {
    /// The request cannot be understood.
    fn request(error: String) -> Self {
        Self { error, status: StatusCode::BAD_REQUEST }
    }

    fn no_order() -> Self {
        Self { error: "there is no such order".to_owned(), status: StatusCode::NOT_FOUND }
    }
}

impl From<JournalError> for Wrong {
    fn from(error: JournalError) -> Self {
        tracing::error!("API: {error}");
        Self { error: "the store does not answer".to_owned(), status: StatusCode::SERVICE_UNAVAILABLE }
    }
}

impl IntoResponse for Wrong {
    fn into_response(self) -> Response {
        (self.status, Json(self)).into_response()
    }
}

/// Orders, the latest first; a header leads to the next page.
async fn list(State(web): State<Web>, RawQuery(text): RawQuery) -> Result<(HeaderMap, Json<Vec<OrderShown>>), Wrong> {
    let settings = web.settings();
    let query = Query::read(text.as_deref().unwrap_or_default(), settings.timezone).map_err(Wrong::request)?;
    // One more than asked for tells whether there is a next page.
    let mut rows = web.journal().board(query.filter(), query.limit + 1).await?;
    let most = usize::try_from(query.limit).unwrap_or(usize::MAX);
    let mut headers = HeaderMap::new();
    if rows.len() > most {
        rows.truncate(most);
        let next = rows.last().map(|row| query.next_page(&web.base(), row.id));
        if let Some(value) = next.and_then(|next| HeaderValue::from_str(&format!("<{next}>; rel=\"next\"")).ok()) {
            headers.insert(LINK, value);
        }
    }
    headers.insert(HeaderName::from_static("vary"), HeaderValue::from_static("authorization, cookie"));
    Ok((headers, Json(rows.iter().map(|row| OrderShown::with(row, &settings)).collect())))
}

/// One order with its steps and mails.
async fn one(
    State(web): State<Web>,
    path: Result<Path<(String, i64)>, PathRejection>,
    RawQuery(text): RawQuery,
) -> Result<Json<OrderDetail>, Wrong> {
    let Ok(Path((mandant, nr))) = path else { return Err(Wrong::no_order()) };
    let settings = web.settings();
    let api = query::only_api(text.as_deref().unwrap_or_default()).map_err(Wrong::request)?;
    let rows = web.journal().find_orders_by_nr(nr).await?;
    let found = super::pick(&settings, rows, &MandantId(mandant), api.as_ref()).ok_or_else(Wrong::no_order)?;
    // Read by its identity, its next check is the one the daemon goes by.
    let row = web.journal().load_order(&found.order).await?.ok_or_else(Wrong::no_order)?;
    Ok(Json(OrderDetail::load(web.journal(), &settings, &row).await?))
}
