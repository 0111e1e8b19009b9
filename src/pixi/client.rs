//! The client of one pixi API.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use base64::Engine as _;
use chrono_tz::Tz;
use futures_util::StreamExt as _;
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use secrecy::ExposeSecret as _;

use crate::clock::Clock;
use crate::config::ids::ApiName;
use crate::config::settings::PixiApi;
use crate::money::Currency;
use crate::pixi::answer::{AnswerError, Decoder, Schemas, Sink, Tail};
use crate::pixi::assumptions;
use crate::pixi::calls::table::{CallSpec, call_spec};
use crate::pixi::columns::{CellError, FromRow, RowContext};
use crate::pixi::envelope::{self, Params};
use crate::pixi::error::{PixiError, shorten};
use crate::pixi::typed::{RawSink, StatusRow, StatusSink, TypedSink};
use crate::steps::{Evidence, Outcome};
use crate::wire::{Deadlines, Effect, Peer, Request, Response, SharedWire};

pub use crate::pixi::typed::{RawAnswer, RawRowSet};

/// Until the connection stands (DESIGN 4.9).
const CONNECT: Duration = Duration::from_secs(10);
/// For a whole answer (DESIGN 4.9).
const TOTAL: Duration = Duration::from_mins(10);
/// Rows handed on at a time.
const BLOCK: usize = 256;

/// Rows of a list. A row that cannot be read does not hide the others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing<T> {
    /// Rows read.
    pub rows: Vec<T>,
    /// Rows not read.
    pub bad: Vec<BadRow>,
}

/// A row that could not be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRow {
    /// Its place in the answer, from 1.
    pub row: u64,
    /// Its order number, where that could be read.
    pub order_nr: Option<i64>,
    /// What is wrong with it.
    pub error: CellError,
}

/// One pixi API.
#[derive(Clone)]
pub struct PixiClient(Arc<Inner>);

struct Inner {
    api: ApiName,
    endpoint_name: Arc<str>,
    settings: PixiApi,
    namespace: String,
    headers: HeaderMap,
    wire: SharedWire,
    clock: Clock,
    context: RowContext,
    /// Calls pixi has said to be installed.
    proven: Arc<Mutex<BTreeSet<&'static str>>>,
    /// Inline schemas of its answers so far.
    schemas: Arc<Schemas>,
}

impl std::fmt::Debug for PixiClient {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "PixiClient({})", self.0.api)
    }
}

impl PixiClient {
    /// A client for the API called `api`; `timezone` is the zone of pixi's clock.
    pub fn new(api: ApiName, settings: &PixiApi, wire: SharedWire, clock: Clock, timezone: Tz) -> Self {
        let login = format!("{}:{}", settings.username, settings.password.expose_secret());
        let login = format!("Basic {}", base64::engine::general_purpose::STANDARD.encode(login));
        let mut headers = HeaderMap::new();
        // Base64 is always a good header value.
        if let Ok(mut value) = HeaderValue::from_str(&login) {
            value.set_sensitive(true);
            headers.insert(header::AUTHORIZATION, value);
        }
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/xml; charset=utf-8"));
        headers.insert(header::ACCEPT, HeaderValue::from_static("text/xml, application/soap+xml"));
        Self(Arc::new(Inner {
            endpoint_name: Arc::from(api.0.as_str()),
            api,
            namespace: envelope::namespace(&settings.endpoint),
            settings: settings.clone(),
            headers,
            wire,
            clock,
            context: RowContext { zone: timezone, base_currency: assumptions::BASE_CURRENCY },
            proven: Arc::default(),
            schemas: Arc::default(),
        }))
    }

    /// The same client with another currency for amounts that name none.
    pub fn with_base_currency(&self, currency: Currency) -> Self {
        let inner = &self.0;
        Self(Arc::new(Inner {
            api: inner.api.clone(),
            endpoint_name: Arc::clone(&inner.endpoint_name),
            settings: inner.settings.clone(),
            namespace: inner.namespace.clone(),
            headers: inner.headers.clone(),
            wire: Arc::clone(&inner.wire),
            clock: inner.clock.clone(),
            context: RowContext { base_currency: currency, ..inner.context },
            proven: Arc::clone(&inner.proven),
            schemas: Arc::clone(&inner.schemas),
        }))
    }

    /// Calls pixi has said to be installed.
    pub(in crate::pixi) fn proven(&self) -> MutexGuard<'_, BTreeSet<&'static str>> {
        self.0.proven.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Name of the API.
    pub fn api(&self) -> &ApiName {
        &self.0.api
    }

    /// Currency of amounts whose row names none.
    pub fn base_currency(&self) -> Currency {
        self.0.context.base_currency
    }

    /// What this installation calls a column of a call, by the configuration.
    pub fn column_name<'a>(&'a self, call: &str, column: &'a str) -> &'a str {
        self.0.settings.columns.get(call).and_then(|names| names.get(column)).map_or(column, String::as_str)
    }

    /// Zone of pixi's clock.
    pub fn zone(&self) -> Tz {
        self.0.context.zone
    }

    /// Sends any call, known or not, and keeps the whole answer, at most `max_rows` rows of it. Parameters of known
    /// calls are put into order and typed; those of others are sent as given, as text.
    pub async fn call_raw(
        &self,
        name: &str,
        params: &[(String, String)],
        max_rows: usize,
    ) -> Result<RawAnswer, PixiError> {
        let params = params.iter().fold(Params::new(), |all, (name, value)| all.raw(name, value));
        let mut sink = RawSink::new(max_rows);
        let tail = if let Some(spec) = call_spec(name) {
            self.exchange(spec, params, &mut sink).await?
        } else {
            let body = envelope::encode_unknown(&self.0.namespace, name, &params)
                .map_err(|error| PixiError::Request { call: name.to_owned(), error })?;
            self.send(name, "other", Effect::Write, body, &mut sink).await?
        };
        if tail.row_sets == 0 {
            check_messages(name, &tail, false)?;
        }
        Ok(sink.finish(tail))
    }

    /// Reads rows and hands them on in blocks while the answer streams in. Rows that cannot be read come back.
    pub async fn for_each_block<T: FromRow>(
        &self,
        call: &'static str,
        params: Params,
        on_block: &mut (dyn FnMut(Vec<T>) + Send),
    ) -> Result<Vec<BadRow>, PixiError> {
        let spec = known(call)?;
        let aliases = self.0.settings.columns.get(call);
        let mut sink = TypedSink::<T>::new(self.0.context, aliases, BLOCK, on_block);
        let tail = self.exchange(spec, params, &mut sink).await?;
        sink.finish(call, &self.0.api.0, &tail)
    }

    /// All rows of a list; rows that cannot be read come beside the others.
    pub async fn list<T: FromRow>(&self, call: &'static str, params: Params) -> Result<Listing<T>, PixiError> {
        let mut rows = Vec::new();
        let bad = self.for_each_block(call, params, &mut |mut block| rows.append(&mut block)).await?;
        Ok(Listing { rows, bad })
    }

    /// All rows, or an error if one of them cannot be read: facts are whole or not at all.
    pub async fn all<T: FromRow>(&self, call: &'static str, params: Params) -> Result<Vec<T>, PixiError> {
        let listing = self.list(call, params).await?;
        match listing.bad.into_iter().next() {
            Some(bad) => Err(PixiError::Cell { call: call.to_owned(), row: bad.row, error: bad.error }),
            None => Ok(listing.rows),
        }
    }

    /// As [`Self::all`], for calls that cut a long answer unless told otherwise: a full one is asked for again.
    pub(in crate::pixi) async fn all_uncut<T: FromRow>(
        &self,
        call: &'static str,
        params: Params,
    ) -> Result<Vec<T>, PixiError> {
        let rows = self.all(call, params.clone()).await?;
        if rows.len() < assumptions::DEFAULT_ROWS {
            return Ok(rows);
        }
        self.all(call, params.int("RowCount", assumptions::ALL_ROWS)).await
    }

    /// `rows`, if each is of what was asked for.
    pub(in crate::pixi) fn only_of<T>(
        call: &'static str,
        rows: Vec<T>,
        asked_for: impl Fn(&T) -> bool,
    ) -> Result<Vec<T>, PixiError> {
        if rows.iter().all(asked_for) { Ok(rows) } else { Err(PixiError::WrongRow { call: call.to_owned() }) }
    }

    /// A yes or no of a database function.
    pub(in crate::pixi) async fn scalar_flag(&self, call: &'static str, params: Params) -> Result<bool, PixiError> {
        let mut sink = RawSink::new(1);
        let tail = self.exchange(known(call)?, params, &mut sink).await?;
        check_messages(call, &tail, tail.row_sets > 0)?;
        let answer = sink.finish(tail);
        // A function answers a bare value; one wrapped in a row or an output parameter is taken as well.
        let value = answer.first_value().unwrap_or_default();
        match value.trim() {
            "1" | "true" => Ok(true),
            "0" | "false" => Ok(false),
            "" => Err(PixiError::Empty { call: call.to_owned() }),
            other => Err(PixiError::Status { call: call.to_owned(), code: shorten(other, 20), text: String::new() }),
        }
    }

    /// Sends a call that changes something and says what became of it.
    pub(in crate::pixi) async fn write(&self, call: &'static str, params: Params) -> Outcome {
        match self.write_checked(call, params).await {
            Ok(outcome) => outcome,
            Err(error) => error.outcome(),
        }
    }

    async fn write_checked(&self, call: &'static str, params: Params) -> Result<Outcome, PixiError> {
        let mut sink = StatusSink::default();
        let tail = self.exchange(known(call)?, params, &mut sink).await?;
        let status = sink.finish();
        if let Some(StatusRow { good: Some(false), code, text }) = status {
            return Err(PixiError::Status { call: call.to_owned(), code, text });
        }
        check_messages(call, &tail, status.is_some())?;
        check_result_code(call, &tail)?;
        match status {
            Some(StatusRow { good: None, code, .. }) => {
                Ok(Outcome::Unknown { cause: format!("{call}: answer \"{code}\" is not understood") })
            }
            Some(status) => Ok(Outcome::Done(Evidence { code: Some(status.code), ..Evidence::default() })),
            None if tail.result_code == Some(0) => {
                Ok(Outcome::Done(Evidence { code: Some(String::from("0")), ..Evidence::default() }))
            }
            None => Err(PixiError::Empty { call: call.to_owned() }),
        }
    }

    async fn exchange(&self, spec: &'static CallSpec, params: Params, sink: &mut dyn Sink) -> Result<Tail, PixiError> {
        let body = envelope::encode(&self.0.namespace, spec, &params)
            .map_err(|error| PixiError::Request { call: spec.name.to_owned(), error })?;
        self.send(spec.name, spec.name, spec.effect, body, sink).await
    }

    async fn send(
        &self,
        call: &str,
        call_label: &'static str,
        effect: Effect,
        body: String,
        sink: &mut dyn Sink,
    ) -> Result<Tail, PixiError> {
        let watch = self.0.clock.stopwatch();
        let mut headers = self.0.headers.clone();
        // Names of calls and addresses are visible ASCII; a header that cannot be made is left out rather than guessed.
        if let Ok(action) = HeaderValue::from_str(&format!("\"{}{call}\"", self.0.namespace)) {
            headers.insert("soapaction", action);
        }
        let request = Request {
            peer: Peer::Pixi,
            endpoint: Arc::clone(&self.0.endpoint_name),
            call: call_label,
            effect,
            method: Method::POST,
            url: self.0.settings.endpoint.clone(),
            headers,
            body: body.into(),
            deadlines: Deadlines { connect: CONNECT, idle: self.0.settings.timeout, total: TOTAL },
        };
        let answer = self.0.wire.send(request).await.map_err(|error| PixiError::Send { call: call.to_owned(), error });
        let result = match answer {
            Ok(response) => receive(call, response, &self.0.schemas, sink).await,
            Err(error) => Err(error),
        };
        let duration_ms = u64::try_from(watch.elapsed().as_millis()).unwrap_or(u64::MAX);
        tracing::debug!(pixi.api = %self.0.api, pixi.call = call, duration_ms, ok = result.is_ok(), "pixi called");
        result
    }
}

/// Reads an answer while it streams in.
async fn receive(
    call: &str,
    mut response: Response,
    schemas: &Schemas,
    sink: &mut dyn Sink,
) -> Result<Tail, PixiError> {
    let status = response.status;
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Err(PixiError::Login { call: call.to_owned(), status });
    }
    // Without a good status only a SOAP message says more than the status itself.
    let unreadable = |error: AnswerError| {
        if status.is_success() {
            PixiError::Answer { call: call.to_owned(), error }
        } else {
            PixiError::Http { call: call.to_owned(), status }
        }
    };
    let mut decoder = Decoder::new(schemas);
    while let Some(chunk) = response.body.next().await {
        let chunk = chunk.map_err(|error| PixiError::Send { call: call.to_owned(), error })?;
        decoder.feed(&chunk, sink).map_err(unreadable)?;
    }
    let mut tail = decoder.finish(sink).map_err(unreadable)?;
    if let Some(fault) = &tail.fault {
        return Err(PixiError::Fault {
            call: call.to_owned(),
            code: shorten(&fault.code, 60),
            text: shorten(&fault.text, 300),
        });
    }
    tail.http_error = (!status.is_success()).then_some(status);
    Ok(tail)
}

fn known(call: &'static str) -> Result<&'static CallSpec, PixiError> {
    call_spec(call).ok_or_else(|| PixiError::Request {
        call: call.to_owned(),
        error: envelope::EncodeError::BadName(call.to_owned()),
    })
}

/// Layers 3 and 4: an error of the database, or a remark that comes with nothing else.
pub(in crate::pixi) fn check_messages(call: &str, tail: &Tail, with_rows: bool) -> Result<(), PixiError> {
    let alone = !with_rows && tail.result_code.is_none() && tail.scalar.is_none() && tail.outputs.is_empty();
    let error = tail.messages.iter().find(|message| match message.class {
        Some(class) => class > assumptions::LAST_WARNING_CLASS || alone,
        None => !with_rows,
    });
    match (error, tail.http_error) {
        (None, None) => Ok(()),
        (None, Some(status)) => Err(PixiError::Http { call: call.to_owned(), status }),
        (Some(message), _) => Err(PixiError::Sql {
            call: call.to_owned(),
            number: message.number.unwrap_or_default(),
            class: message.class.unwrap_or_default(),
            text: shorten(&message.text, 300),
        }),
    }
}

/// Layer 5.
pub(in crate::pixi) fn check_result_code(call: &str, tail: &Tail) -> Result<(), PixiError> {
    match tail.result_code {
        None | Some(0) => Ok(()),
        Some(code) => Err(PixiError::ResultCode { call: call.to_owned(), code }),
    }
}

#[cfg(test)]
mod tests;
