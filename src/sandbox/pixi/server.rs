//! The two doors: the daemon's own transport and HTTP.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use axum::Router;
use axum::extract::{RawQuery, State as Shared};
use axum::http::header::{AUTHORIZATION, CONTENT_TYPE, WWW_AUTHENTICATE};
use axum::response::{IntoResponse, Response as HttpResponse};
use axum::routing::{get, post};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode};
use serde::de::DeserializeOwned;
use serde_json::json;

use super::action::Action;
use super::calls::{self, Signature};
use super::dialect::{self, Answer, Cell, RowSet, Sql, Style};
use super::order::{MerchantError, NewOrder};
use super::params::Args;
use super::quirks::NoRows;
use super::soap::{self, Call};
use super::state::State;
use super::{Access, PixiSim};
use crate::sandbox::faults::{SimResponse, play};
use crate::wire::{Deadlines, Peer, Request, Response, SendError, Wire};

const XML: &str = "text/xml; charset=utf-8";

/// Gives the WSDL for the address at which this pixi is reached; the address is its namespace.
pub type WsdlText = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// One request, one answer.
pub(super) fn answer(sim: &PixiSim, soap_action: Option<&str>, headers: &HeaderMap, body: &[u8]) -> SimResponse {
    let now = sim.now();
    let mut state = sim.state();
    if !logged_in(&state.access, headers) {
        let page = "<html><head><title>401 Unauthorized</title></head><body>Unauthorized</body></html>";
        return SimResponse { status: 401, content_type: "text/html", body: page.into() };
    }
    let (call, signature) = match recognise(&state, soap_action, body) {
        Ok(found) => found,
        Err(why) => return xml(500, dialect::write_fault(&why)),
    };
    *state.calls.entry(signature.name).or_default() += 1;
    let zone = sim.0.zone;
    let result = Args::check(&call, signature.params, zone)
        .and_then(|args| (signature.run)(&mut calls::Context { state: &mut state, now, zone }, &args));
    let result = result.map(|answer| if state.quirks.dialect.second_row_set { with_second(answer) } else { answer });
    let style = style(&mut state, signature.name, zone, result.as_ref().ok());
    let endpoint = state.access.endpoint.to_string();
    let style = Style { endpoint: &endpoint, ..style };
    match result {
        Ok(answer) => xml(200, dialect::write(style, &answer)),
        Err(error) => xml(state.quirks.dialect.error_status, dialect::write_error(style, &error)),
    }
}

fn xml(status: u16, text: String) -> SimResponse {
    SimResponse { status, content_type: XML, body: text.into_bytes() }
}

fn logged_in(access: &Access, headers: &HeaderMap) -> bool {
    let expected = format!("Basic {}", STANDARD.encode(format!("{}:{}", access.user, access.password)));
    headers.get(AUTHORIZATION).is_some_and(|value| value.as_bytes() == expected.as_bytes())
}

/// Reads the call and finds its procedure, or says what is wrong with it as a fault.
fn recognise(state: &State, soap_action: Option<&str>, body: &[u8]) -> Result<(Call, &'static Signature), String> {
    let call =
        soap::read(body).map_err(|why| format!("There was an error in the incoming SOAP request packet: {}", why.0))?;
    let unknown = || format!("Procedure or function '{}' is not available on this endpoint.", call.name);
    if call.namespace != state.access.endpoint.as_str() {
        return Err(unknown());
    }
    let action = soap_action.map(|action| action.trim().trim_matches('"')).filter(|action| !action.is_empty());
    if action.is_some_and(|action| action != format!("{}{}", call.namespace, call.name)) {
        return Err("The SOAPAction header does not name the call in the body.".to_owned());
    }
    let signature = calls::find(&call.name).filter(|found| !state.not_installed.contains(found.name));
    let signature = signature.ok_or_else(unknown)?;
    Ok((call, signature))
}

/// The answer with one more row set than documented.
fn with_second(answer: Answer) -> Answer {
    match answer {
        Answer::Rows(mut sets, code) if !sets.is_empty() => {
            sets.push(RowSet::new([0], &[("Elapsed", Sql::Int, |elapsed| Cell::Int(*elapsed))]));
            Answer::Rows(sets, code)
        }
        other => other,
    }
}

/// How the next answer is written; counts the answers, so that alternating quirks alternate.
fn style(state: &mut State, call: &'static str, zone: chrono_tz::Tz, answer: Option<&Answer>) -> Style<'static> {
    let quirks = state.quirks.dialect;
    if matches!(answer, Some(Answer::Rows(..))) {
        state.answers = state.answers.wrapping_add(1);
    }
    Style {
        endpoint: "",
        call,
        zone,
        case_variants: quirks.case_variants,
        padded: quirks.padded,
        empty_diffgram: match quirks.no_rows {
            NoRows::EmptyDiffgram => true,
            NoRows::NoRowSet => false,
            NoRows::Alternate => state.answers.is_multiple_of(2),
        },
        sentinel_dates: quirks.sentinel_dates,
        warning: quirks.warn_every > 0 && state.answers.is_multiple_of(quirks.warn_every),
    }
}

/// The simulated pixi behind the daemon's own transport, in the same process.
#[derive(Debug, Clone)]
pub struct PixiSimWire(PixiSim);

#[async_trait]
impl Wire for PixiSimWire {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let sim = self.0.clone();
        let (call, deadlines) = (request.call, request.deadlines);
        let handle = move || {
            if request.method != Method::POST || request.url != sim.endpoint() {
                return SimResponse { status: 404, content_type: "text/html", body: b"<html>404</html>".to_vec() };
            }
            let action = request.headers.get("soapaction").and_then(|value| value.to_str().ok());
            sim.handle(action, &request.headers, &request.body)
        };
        play(self.0.faults(), &self.0.0.clock, Peer::Pixi, call, deadlines, handle).await
    }
}

/// Deadlines of a caller that does not name any; what a fault on the HTTP door waits for.
const HTTP_DEADLINES: Deadlines =
    Deadlines { connect: Duration::from_secs(10), idle: Duration::from_mins(2), total: Duration::from_mins(10) };

#[derive(Clone)]
struct Doors {
    sim: PixiSim,
    wsdl: WsdlText,
}

impl PixiSim {
    /// Puts it behind the daemon's own transport.
    pub fn wire(&self) -> PixiSimWire {
        PixiSimWire(self.clone())
    }

    /// Puts it behind HTTP: `POST` to the endpoint's path for calls, `GET` with `?wsdl` there for the WSDL,
    /// `POST /import` (JSON, see [`NewOrder`]; answers `{"OrderNr": …, "OrderNrExternal": …}`) for orders from a shop,
    /// `POST /merchant` (JSON, see [`Action`]; answers `{"done": number or null}`) for what people do in pixi. The last
    /// two answer 422 `{"error": …}` where pixi refuses. All need the login.
    pub fn router(&self, wsdl: WsdlText) -> Router {
        let path = self.endpoint().path().to_owned();
        Router::new()
            .route(&path, get(serve_wsdl).post(serve_call))
            .route("/import", post(serve_import))
            .route("/merchant", post(serve_merchant))
            .with_state(Doors { sim: self.clone(), wsdl })
    }
}

fn unauthorized() -> HttpResponse {
    (StatusCode::UNAUTHORIZED, [(WWW_AUTHENTICATE, "Basic realm=\"pixi\"")], "Unauthorized").into_response()
}

async fn serve_wsdl(Shared(doors): Shared<Doors>, RawQuery(query): RawQuery, headers: HeaderMap) -> HttpResponse {
    if !logged_in(&doors.sim.state().access, &headers) {
        return unauthorized();
    }
    if !query.is_some_and(|query| query.eq_ignore_ascii_case("wsdl")) {
        return StatusCode::NOT_FOUND.into_response();
    }
    let text = (doors.wsdl)(doors.sim.endpoint().as_str());
    ([(CONTENT_TYPE, XML)], text).into_response()
}

async fn serve_call(Shared(doors): Shared<Doors>, headers: HeaderMap, body: Bytes) -> HttpResponse {
    let sim = doors.sim.clone();
    // Faults go by the call's name, which on this door only the body tells.
    let name = soap::read(&body).map(|call| call.name).unwrap_or_default();
    let handle = move || {
        let action = headers.get("soapaction").and_then(|value| value.to_str().ok());
        sim.handle(action, &headers, &body)
    };
    match play(doors.sim.faults(), &doors.sim.0.clock, Peer::Pixi, &name, HTTP_DEADLINES, handle).await {
        Ok(Response { status, headers, body }) => {
            (status, headers, axum::body::Body::from_stream(body)).into_response()
        }
        // A server cannot undo a connection it has: the nearest is a gateway that lost its peer.
        Err(_) => StatusCode::GATEWAY_TIMEOUT.into_response(),
    }
}

async fn serve_import(Shared(doors): Shared<Doors>, headers: HeaderMap, body: Bytes) -> HttpResponse {
    taken(&doors, &headers, &body, |sim, order: NewOrder| {
        let nr = sim.import_order(order)?;
        Ok(json!({ "OrderNr": nr, "OrderNrExternal": sim.order(nr).map(|order| order.external) }))
    })
}

async fn serve_merchant(Shared(doors): Shared<Doors>, headers: HeaderMap, body: Bytes) -> HttpResponse {
    taken(&doors, &headers, &body, |sim, action: Action| Ok(json!({ "done": sim.act(&action)? })))
}

/// Reads JSON, acts, answers JSON.
fn taken<T: DeserializeOwned>(
    doors: &Doors,
    headers: &HeaderMap,
    body: &[u8],
    act: impl FnOnce(&PixiSim, T) -> Result<serde_json::Value, MerchantError>,
) -> HttpResponse {
    if !logged_in(&doors.sim.state().access, headers) {
        return unauthorized();
    }
    let acted = serde_json::from_slice::<T>(body)
        .map_err(|error| error.to_string())
        .and_then(|sent| act(&doors.sim, sent).map_err(|error| error.to_string()));
    match acted {
        Ok(answer) => axum::Json(answer).into_response(),
        Err(error) => (StatusCode::UNPROCESSABLE_ENTITY, axum::Json(json!({ "error": error }))).into_response(),
    }
}
