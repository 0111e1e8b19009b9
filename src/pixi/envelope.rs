//! Writes requests: rpc style, parameters unqualified, typed, in the documented order, NULLs left out (`pixi/NOTES` 3).

use std::borrow::Cow;
use std::fmt::Write as _;

use thiserror::Error;
use url::Url;

use crate::money::Money;
use crate::pixi::assumptions;
use crate::pixi::calls::table::{CallSpec, XsdType};
use crate::pixi::local_time::LocalTime;

/// Why a request cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EncodeError {
    /// A character that XML has no way to write.
    #[error("parameter {0} holds a control character that XML cannot carry")]
    ControlCharacter(String),
    /// Not a parameter of this call.
    #[error("there is no parameter {0}")]
    UnknownParameter(String),
    /// The same parameter twice.
    #[error("parameter {0} is given twice")]
    Twice(String),
    /// Not a name for an element.
    #[error("\"{0}\" is no name")]
    BadName(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Param {
    name: Cow<'static, str>,
    xsd: XsdType,
    value: String,
}

/// Parameters of a call, in any order; a parameter not given is NULL.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Params(Vec<Param>);

impl std::fmt::Debug for Params {
    /// Names only.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|param| &param.name)).finish()
    }
}

impl Params {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    fn with(mut self, name: impl Into<Cow<'static, str>>, xsd: XsdType, value: String) -> Self {
        self.0.push(Param { name: name.into(), xsd, value });
        self
    }

    /// A whole number.
    pub fn int(self, name: &'static str, value: i64) -> Self {
        self.with(name, XsdType::Integer, value.to_string())
    }

    /// A code or number, sent exactly as given.
    pub fn text(self, name: &'static str, value: &str) -> Self {
        self.with(name, XsdType::String, value.to_owned())
    }

    /// A sentence: control characters become blanks, and it is cut after `limit` characters.
    pub fn free_text(self, name: &'static str, value: &str, limit: usize) -> Self {
        let value = value.chars().map(|c| if is_xml(c) && c != '\u{7f}' { c } else { ' ' }).take(limit).collect();
        self.with(name, XsdType::String, value)
    }

    /// Yes or no.
    pub fn flag(self, name: &'static str, value: bool) -> Self {
        self.with(name, XsdType::Boolean, String::from(if value { "1" } else { "0" }))
    }

    /// An amount.
    pub fn money(self, name: &'static str, value: Money) -> Self {
        self.with(name, XsdType::Money, value.decimal())
    }

    /// A time.
    pub fn time(self, name: &'static str, value: LocalTime) -> Self {
        self.with(name, XsdType::String, value.to_string())
    }

    /// A value typed by hand, for `pixi call`: the type is the call's own where the call is known.
    pub fn raw(self, name: &str, value: &str) -> Self {
        self.with(name.to_owned(), XsdType::String, value.to_owned())
    }
}

/// `text`, shortened in its middle so that it ends with `end` and has at most `limit` characters.
pub fn fit_keeping_end(text: &str, end: &str, limit: usize) -> String {
    let room = limit.saturating_sub(end.chars().count() + 1);
    let start: String = text.chars().take(room).collect();
    format!("{} {end}", start.trim_end())
}

/// The namespace of an endpoint: its address with a slash at the end.
pub fn namespace(endpoint: &Url) -> String {
    let text = endpoint.as_str();
    if text.ends_with('/') { text.to_owned() } else { format!("{text}/") }
}

/// The envelope of a call the daemon knows, parameters in its order.
pub fn encode(namespace: &str, spec: &CallSpec, params: &Params) -> Result<String, EncodeError> {
    if let Some(param) = params.0.iter().find(|given| !spec.params.iter().any(|known| known.name == given.name)) {
        return Err(EncodeError::UnknownParameter(param.name.to_string()));
    }
    let mut ordered = Vec::with_capacity(params.0.len());
    for known in spec.params {
        let mut given = params.0.iter().filter(|given| given.name == known.name);
        ordered.extend(given.next().map(|param| (param, known.xsd)));
        if given.next().is_some() {
            return Err(EncodeError::Twice(known.name.to_owned()));
        }
    }
    write_envelope(namespace, spec.name, ordered.into_iter())
}

/// The envelope of any call, parameters as given.
pub fn encode_unknown(namespace: &str, call: &str, params: &Params) -> Result<String, EncodeError> {
    for name in params.0.iter().map(|param| &*param.name).chain([call]) {
        let good = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'));
        if !good {
            return Err(EncodeError::BadName(name.to_owned()));
        }
    }
    write_envelope(namespace, call, params.0.iter().map(|param| (param, param.xsd)))
}

fn write_envelope<'p>(
    namespace: &str,
    call: &str,
    params: impl Iterator<Item = (&'p Param, XsdType)>,
) -> Result<String, EncodeError> {
    let mut xml = String::with_capacity(1024);
    xml.push_str(concat!(
        r#"<?xml version="1.0" encoding="utf-8"?>"#,
        "\n",
        r#"<SOAP-ENV:Envelope xmlns:SOAP-ENV="http://schemas.xmlsoap.org/soap/envelope/""#,
        r#" xmlns:SOAP-ENC="http://schemas.xmlsoap.org/soap/encoding/""#,
        r#" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance""#,
        r#" xmlns:ns1=""#
    ));
    escape(&mut xml, namespace, "namespace")?;
    xml.push_str(r#"" SOAP-ENV:encodingStyle="http://schemas.xmlsoap.org/soap/encoding/"><SOAP-ENV:Body><ns1:"#);
    xml.push_str(call);
    xml.push('>');
    for (param, xsd) in params {
        let name = encode_name(&param.name);
        let _ = write!(xml, r#"<{name} xsi:type="{}">"#, xsd_name(xsd));
        escape(&mut xml, &param.value, &param.name)?;
        let _ = write!(xml, "</{name}>");
    }
    let _ = write!(xml, "</ns1:{call}></SOAP-ENV:Body></SOAP-ENV:Envelope>");
    Ok(xml)
}

/// A type's name on the wire.
pub fn xsd_name(xsd: XsdType) -> &'static str {
    match xsd {
        XsdType::Integer => "xsd:integer",
        XsdType::String => "xsd:string",
        XsdType::Boolean => "xsd:boolean",
        XsdType::Money => assumptions::XSD_MONEY,
    }
}

/// A parameter's name on the wire: names that start with XML hide their first letter (`pixi/NOTES` 3).
pub fn encode_name(name: &str) -> Cow<'_, str> {
    match (name.get(..3), name.chars().next()) {
        (Some(start), Some(first)) if start.eq_ignore_ascii_case("xml") => {
            Cow::Owned(format!("_x{:04X}_{}", u32::from(first), &name[1..]))
        }
        _ => Cow::Borrowed(name),
    }
}

/// Appends `text` with everything escaped that text or a quoted attribute cannot hold.
fn escape(xml: &mut String, text: &str, parameter: &str) -> Result<(), EncodeError> {
    for c in text.chars() {
        match c {
            '<' => xml.push_str("&lt;"),
            '>' => xml.push_str("&gt;"),
            '&' => xml.push_str("&amp;"),
            '"' => xml.push_str("&quot;"),
            // A bare one would be read as a line feed.
            '\r' => xml.push_str("&#13;"),
            c if is_xml(c) => xml.push(c),
            _ => return Err(EncodeError::ControlCharacter(parameter.to_owned())),
        }
    }
    Ok(())
}

/// True for the characters of XML 1.0.
fn is_xml(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

#[cfg(test)]
mod tests;
