//! Reading requests, as tolerant as SQL Server is (pixi/NOTES 3) and no more.

use std::fmt;

use quick_xml::NsReader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::name::ResolveResult;

const SOAP_11: &str = "http://schemas.xmlsoap.org/soap/envelope/";
const SOAP_12: &str = "http://www.w3.org/2003/05/soap-envelope";
const XSI: &str = "http://www.w3.org/2001/XMLSchema-instance";

/// One call as it stood on the wire.
#[derive(PartialEq, Eq)]
pub(super) struct Call {
    pub name: String,
    pub namespace: String,
    pub arguments: Vec<Argument>,
}

impl fmt::Debug for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}({} arguments)", self.name, self.arguments.len())
    }
}

/// One parameter, in the order sent.
#[derive(PartialEq, Eq)]
pub(super) struct Argument {
    pub name: String,
    /// Namespace of its element; empty where unqualified.
    pub namespace: String,
    /// None for xsi:nil.
    pub value: Option<String>,
}

/// A request that is no call.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoCall(pub String);

impl<E: std::error::Error> From<E> for NoCall {
    fn from(error: E) -> Self {
        Self(error.to_string())
    }
}

fn no_call<T>(why: &str) -> Result<T, NoCall> {
    Err(NoCall(why.to_owned()))
}

/// An element as the reader below needs it.
struct Element {
    namespace: String,
    name: String,
    nil: bool,
}

/// Reads `Envelope / Body / call / parameters`.
pub(super) fn read(body: &[u8]) -> Result<Call, NoCall> {
    let text = std::str::from_utf8(body)?;
    let mut reader = NsReader::from_str(text.trim_start_matches('\u{feff}'));
    reader.config_mut().expand_empty_elements = true;
    let mut path: Vec<Element> = Vec::new();
    let mut call: Option<Call> = None;
    let mut value = String::new();
    loop {
        match reader.read_event()? {
            Event::Start(start) => {
                let element = element(&reader, &start)?;
                enter(&path, &element, &mut call)?;
                path.push(element);
                value.clear();
            }
            Event::End(_) => {
                let Some(element) = path.pop() else { return no_call("unbalanced") };
                if path.len() == 3
                    && let Some(call) = call.as_mut()
                {
                    let value = (!element.nil).then(|| std::mem::take(&mut value));
                    call.arguments.push(Argument { name: decode(&element.name), namespace: element.namespace, value });
                }
            }
            Event::Text(text) => value.push_str(&text.xml10_content()),
            Event::CData(data) => value.push_str(&data.xml10_content()),
            Event::GeneralRef(reference) => value.push(character(&reference)?),
            Event::DocType(_) => return no_call("a document type is not allowed"),
            Event::Eof => break,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
        }
    }
    match call {
        Some(call) if path.is_empty() => Ok(call),
        _ => no_call("no call in the body"),
    }
}

fn element(reader: &NsReader<&[u8]>, start: &BytesStart<'_>) -> Result<Element, NoCall> {
    let (namespace, local) = reader.resolver().resolve_element(start.name());
    let namespace = match namespace {
        ResolveResult::Bound(namespace) => namespace.0.to_owned(),
        ResolveResult::Unbound => String::new(),
        ResolveResult::Unknown(_) => return no_call("a prefix is not declared"),
    };
    let mut nil = false;
    for attribute in start.attributes() {
        let attribute = attribute?;
        let (bound, name) = reader.resolver().resolve_attribute(attribute.key);
        if matches!(bound, ResolveResult::Bound(bound) if bound.0 == XSI) && name.into_inner() == "nil" {
            nil = matches!(attribute.value.trim(), "1" | "true");
        }
    }
    Ok(Element { namespace, name: local.into_inner().to_owned(), nil })
}

/// Checks that `element` may stand where it does and starts the call.
fn enter(path: &[Element], element: &Element, call: &mut Option<Call>) -> Result<(), NoCall> {
    let soap = |name: &str| element.name == name && [SOAP_11, SOAP_12].contains(&element.namespace.as_str());
    let in_header = path.get(1).is_some_and(|second| second.name == "Header");
    match path.len() {
        0 if soap("Envelope") => Ok(()),
        1 if soap("Body") || soap("Header") => Ok(()),
        _ if in_header => Ok(()),
        2 if call.is_none() => {
            let (name, namespace) = (element.name.clone(), element.namespace.clone());
            *call = Some(Call { name, namespace, arguments: Vec::new() });
            Ok(())
        }
        3 => Ok(()),
        _ => no_call("unexpected element"),
    }
}

fn character(reference: &BytesRef<'_>) -> Result<char, NoCall> {
    if let Some(character) = reference.resolve_char_ref()? {
        return Ok(character);
    }
    match &**reference {
        "lt" => Ok('<'),
        "gt" => Ok('>'),
        "amp" => Ok('&'),
        "apos" => Ok('\''),
        "quot" => Ok('"'),
        _ => no_call("an entity is not declared"),
    }
}

/// Undoes SQL Server's `_xHHHH_` in a name.
fn decode(name: &str) -> String {
    let mut decoded = String::new();
    let mut rest = name;
    while let Some(at) = rest.find("_x") {
        let (before, escaped) = rest.split_at(at);
        decoded.push_str(before);
        let code = escaped.get(2..6).filter(|_| escaped.get(6..7) == Some("_"));
        let character = code.and_then(|hex| u32::from_str_radix(hex, 16).ok()).and_then(char::from_u32);
        if let Some(character) = character {
            decoded.push(character);
            rest = &escaped[7..];
        } else {
            decoded.push_str("_x");
            rest = &escaped[2..];
        }
    }
    decoded + rest
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(inner: &str) -> String {
        format!(
            r#"<e:Envelope xmlns:e="{SOAP_11}" xmlns:p="http://x/"><e:Header><a><b/></a></e:Header><e:Body>{inner}</e:Body></e:Envelope>"#
        )
    }

    fn values(inner: &str) -> Vec<(String, String, Option<String>)> {
        let call = read(body(inner).as_bytes()).unwrap();
        assert_eq!((call.name.as_str(), call.namespace.as_str()), ("c", "http://x/"));
        call.arguments.into_iter().map(|a| (a.name, a.namespace, a.value)).collect()
    }

    #[test]
    fn qualified_and_bare_typed_and_untyped_parameters_are_read_in_order() {
        let typed = r#"xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xsd:string""#;
        let found = values(&format!("<p:c><A {typed}>1&amp;2</A><p:B><![CDATA[<x/>]]></p:B><C/></p:c>"));
        let some = |text: &str| Some(text.to_owned());
        assert_eq!(found[0], ("A".into(), String::new(), some("1&2")));
        assert_eq!(found[1], ("B".into(), "http://x/".into(), some("<x/>")));
        assert_eq!(found[2], ("C".into(), String::new(), some("")));
    }

    #[test]
    fn nil_is_nothing_and_escaped_names_are_decoded() {
        let nil = r#"<p:c><_x0058_MLLogKey xmlns:i="http://www.w3.org/2001/XMLSchema-instance" i:nil="true"/></p:c>"#;
        assert_eq!(values(nil), [("XMLLogKey".into(), String::new(), None)]);
        assert_eq!(decode("a_xZZ_b_x"), "a_xZZ_b_x");
    }

    #[test]
    fn what_is_no_call_is_refused() {
        for inner in ["", "<p:c><A><B/></A></p:c>", "<p:c/><p:c/>", "<q:c/>", "<p:c>&nope;</p:c>", "<p:c>"] {
            assert!(read(body(inner).as_bytes()).is_err(), "{inner}");
        }
        assert!(read(b"<!DOCTYPE x []><x/>").is_err());
        assert!(read(b"\xff").is_err());
        assert!(read(b"<Envelope/>").is_err());
    }
}
