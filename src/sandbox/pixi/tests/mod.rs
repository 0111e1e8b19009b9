//! A small reader of the dialect, written apart from the writer, and the stories it is used in.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use base64::Engine as _;
use http::HeaderMap;
use http::header::AUTHORIZATION;
use quick_xml::Reader;
use quick_xml::events::Event;

use super::*;

mod dialect;
mod doors;
mod interop;
mod ledger;
mod life;
mod refusals;

pub(super) const ENDPOINT: &str = "https://pixi.example/soap/pixiAPP/";

pub(super) type Row = BTreeMap<String, String>;

/// An answer as read back.
#[derive(Debug, Default)]
pub(super) struct Reply {
    pub status: u16,
    /// Row sets; a row set with an empty diffgram is an empty one.
    pub sets: Vec<Vec<Row>>,
    /// Class and text of each SqlMessage.
    pub messages: Vec<(u8, u32, String)>,
    pub result_code: Option<i32>,
    /// Text directly in the result element.
    pub scalar: String,
    /// Text of a fault.
    pub fault: Option<String>,
    /// Columns of the schema, with maxLength and whether NULL is allowed.
    pub schema: Vec<(String, Option<u32>, bool)>,
    pub raw: String,
}

impl Reply {
    pub fn rows(&self) -> &[Row] {
        assert!(self.fault.is_none() && self.messages.iter().all(|(class, ..)| *class == 0), "{self:?}");
        self.sets.first().map_or(&[], Vec::as_slice)
    }

    pub fn row(&self) -> &Row {
        assert_eq!(self.rows().len(), 1, "{}", self.raw);
        &self.rows()[0]
    }

    /// The error of the third layer.
    pub fn error(&self) -> (u32, &str) {
        assert!(self.sets.is_empty() && self.messages.len() == 1, "{}", self.raw);
        let (class, number, text) = &self.messages[0];
        assert!(*class > 0);
        (*number, text)
    }
}

pub(super) fn sim() -> PixiSim {
    let clock = Clock::simulated("2026-03-03T08:00:00Z".parse().unwrap(), 1);
    let access = Access { endpoint: ENDPOINT.parse().unwrap(), user: "pixiAPP".into(), password: "secret".into() };
    let sim = PixiSim::new(clock, chrono_tz::Europe::Berlin, access);
    // Plain spelling for tests that are not about it.
    sim.change_quirks(|quirks| {
        quirks.dialect.case_variants = false;
        quirks.dialect.padded = false;
        quirks.dialect.warn_every = 0;
    });
    sim
}

pub(super) fn login(user: &str, password: &str) -> HeaderMap {
    let mut headers = HeaderMap::new();
    let value = base64::engine::general_purpose::STANDARD.encode(format!("{user}:{password}"));
    headers.insert(AUTHORIZATION, format!("Basic {value}").parse().unwrap());
    headers
}

pub(super) fn envelope(namespace: &str, call: &str, params: &[(&str, &str)]) -> String {
    let mut body = String::new();
    for (name, value) in params {
        let _ = write!(body, "<{name}>{}</{name}>", quick_xml::escape::escape(*value));
    }
    format!(
        r#"<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"><e:Body><n:{call} xmlns:n="{namespace}">{body}</n:{call}></e:Body></e:Envelope>"#
    )
}

pub(super) fn call(sim: &PixiSim, name: &str, params: &[(&str, &str)]) -> Reply {
    let body = envelope(ENDPOINT, name, params);
    let answer = sim.handle(Some(&format!("\"{ENDPOINT}{name}\"")), &login("pixiAPP", "secret"), body.as_bytes());
    assert_eq!(answer.content_type, "text/xml; charset=utf-8");
    read(answer.status, std::str::from_utf8(&answer.body).unwrap())
}

pub(super) fn read(status: u16, text: &str) -> Reply {
    let mut reply = Reply { status, raw: text.to_owned(), ..Reply::default() };
    let mut reader = Reader::from_str(text);
    reader.config_mut().expand_empty_elements = true;
    let mut path: Vec<String> = Vec::new();
    let mut value = String::new();
    let mut message = (0, 0, String::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                let name = start.local_name().into_inner().to_owned();
                let attribute = |key: &str| start.try_get_attribute(key).unwrap().map(|a| a.value.into_owned());
                match name.as_str() {
                    "diffgram" => reply.sets.push(Vec::new()),
                    "row" => reply.sets.last_mut().unwrap().push(Row::new()),
                    "element" if path.iter().filter(|known| *known == "element").count() == 2 => {
                        reply.schema.push((attribute("name").unwrap(), None, attribute("minOccurs").is_some()));
                    }
                    "maxLength" => {
                        reply.schema.last_mut().unwrap().1 = attribute("value").map(|v| v.parse().unwrap());
                    }
                    _ => {}
                }
                path.push(name);
                value.clear();
            }
            Event::End(_) => {
                let name = path.pop().unwrap();
                let parent = path.last().map_or("", String::as_str);
                let text = std::mem::take(&mut value);
                match (parent, name.as_str()) {
                    ("row", _) => {
                        let row = reply.sets.last_mut().unwrap().last_mut().unwrap();
                        assert_eq!(row.insert(name, text), None);
                    }
                    ("SqlMessage", "Class") => message.0 = text.parse().unwrap(),
                    ("SqlMessage", "Number") => message.1 = text.parse().unwrap(),
                    ("SqlMessage", "Message") => message.2 = text,
                    (_, "SqlMessage") => reply.messages.push(std::mem::take(&mut message)),
                    (_, "SqlResultCode") => reply.result_code = Some(text.parse().unwrap()),
                    ("Reason", "Text") => reply.fault = Some(text),
                    (parent, name) if parent.ends_with("Response") && name.ends_with("Result") => reply.scalar = text,
                    _ => {}
                }
            }
            Event::Text(text) => value.push_str(&text),
            Event::GeneralRef(reference) => value.push(match &*reference {
                "amp" => '&',
                "lt" => '<',
                "gt" => '>',
                "quot" => '"',
                "apos" => '\'',
                other => panic!("{other}"),
            }),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(path.is_empty());
    reply
}

/// A card order of two lines: 2 × 20.00 and 1 × 75.10, shipping 3.90: 119.00 in all.
pub(super) fn card_order(sim: &PixiSim, external: &str) -> i64 {
    let order = NewOrder::new("DEM", "U").external(external).line("SHOE", 2, 20_00).line("COAT", 1, 75_10);
    sim.import_order(order.shipping(3_90).pay_id("s-pay-1")).unwrap()
}

/// Success=1 for this invoice, over the sum.
pub(super) fn capture(sim: &PixiSim, invoice: &str, sum: &str, event: &str) -> Reply {
    let params = [
        ("PayID", "31HA07BC8142C5A171745D00AD63D182"),
        ("EventID", event),
        ("Message", "captured"),
        ("PayCode", "CC"),
        ("Success", "1"),
        ("InvoiceNr", invoice),
        ("CaptureSum", sum),
        ("SetRemainingOrdersToHAL", "0"),
    ];
    call(sim, "pixiPaySetInvoiceCapture", &params)
}
