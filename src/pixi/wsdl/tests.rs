//! The committed WSDL is written from the table of calls; a stale one fails. `UPDATE_WSDL=1` writes it anew.

use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::pixi::assumptions;
use crate::pixi::calls::table::{CALLS, CallSpec, ParamSpec, XsdType};
use crate::pixi::envelope::encode_name;

fn xsd_type(param: &ParamSpec) -> &'static str {
    match param.xsd {
        XsdType::Integer => "xsd:integer",
        XsdType::String => "xsd:string",
        XsdType::Boolean => "xsd:boolean",
        XsdType::Money => assumptions::XSD_MONEY,
    }
}

fn inferred(xml: &mut String, indent: &str, what: &str) {
    let _ = writeln!(
        xml,
        "{indent}<xsd:annotation><xsd:documentation>Inferred: {what}.</xsd:documentation></xsd:annotation>"
    );
}

fn request(xml: &mut String, call: &CallSpec) {
    let name = call.name;
    let _ = writeln!(xml, "      <xsd:element name=\"{name}\">");
    if call.order_inferred {
        inferred(xml, "        ", "the order of the parameters");
    }
    let _ = writeln!(xml, "        <xsd:complexType>\n          <xsd:sequence>");
    for param in call.params {
        let element = encode_name(param.name);
        let head = format!("            <xsd:element name=\"{element}\" type=\"{}\" minOccurs=\"0\"", xsd_type(param));
        let doubt = match (param.inferred, param.xsd) {
            (true, _) => Some("name, type and place"),
            (false, XsdType::Money) => Some("the type"),
            (false, _) => None,
        };
        if let Some(doubt) = doubt {
            let _ = writeln!(xml, "{head}>");
            inferred(xml, "              ", doubt);
            let _ = writeln!(xml, "            </xsd:element>");
        } else {
            let _ = writeln!(xml, "{head}/>");
        }
    }
    let _ = writeln!(xml, "          </xsd:sequence>\n        </xsd:complexType>\n      </xsd:element>");
}

fn response(xml: &mut String, call: &CallSpec) {
    let name = call.name;
    let _ = writeln!(xml, "      <xsd:element name=\"{name}Response\">");
    if call.answer_inferred {
        inferred(xml, "        ", "that rows or a result code come back at all");
    }
    let _ = writeln!(
        xml,
        "        <xsd:complexType>\n          <xsd:sequence>\n            \
         <xsd:element name=\"{name}Result\" type=\"xsd:anyType\" form=\"qualified\" minOccurs=\"0\"/>\n          \
         </xsd:sequence>\n        </xsd:complexType>\n      </xsd:element>"
    );
}

fn generate() -> String {
    let mut xml = format!(
        r#"<?xml version="1.0" encoding="utf-8"?>
<!-- Written from the table of calls in src/pixi/calls/table.rs; do not edit by hand. -->
<wsdl:definitions name="pixi" targetNamespace="{PLACEHOLDER}"
    xmlns:tns="{PLACEHOLDER}"
    xmlns:wsdl="http://schemas.xmlsoap.org/wsdl/"
    xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"
    xmlns:xsd="http://www.w3.org/2001/XMLSchema">
  <wsdl:documentation>
    The calls of a pixi ERP that pixi-payd uses. The address of an installation is also its namespace.
    Inferred: this description as a whole. The server speaks rpc style; it is described as document/literal wrapped
    because every part of an rpc message would be required, while a parameter of pixi is NULL when it is left out.
    A result is the XML of the database server: messages, row sets with an inline schema, a result code, or a bare value.
  </wsdl:documentation>
  <wsdl:types>
    <xsd:schema targetNamespace="{PLACEHOLDER}" elementFormDefault="unqualified">
"#
    );
    for call in CALLS {
        request(&mut xml, call);
        response(&mut xml, call);
    }
    xml.push_str("    </xsd:schema>\n  </wsdl:types>\n");
    for CallSpec { name, .. } in CALLS {
        let _ = writeln!(
            xml,
            "  <wsdl:message name=\"{name}In\"><wsdl:part name=\"parameters\" element=\"tns:{name}\"/></wsdl:message>\n  \
             <wsdl:message name=\"{name}Out\"><wsdl:part name=\"parameters\" element=\"tns:{name}Response\"/></wsdl:message>"
        );
    }
    xml.push_str("  <wsdl:portType name=\"pixiPort\">\n");
    for CallSpec { name, .. } in CALLS {
        let _ = writeln!(
            xml,
            "    <wsdl:operation name=\"{name}\">\n      <wsdl:input message=\"tns:{name}In\"/>\n      \
             <wsdl:output message=\"tns:{name}Out\"/>\n    </wsdl:operation>"
        );
    }
    xml.push_str("  </wsdl:portType>\n  <wsdl:binding name=\"pixiBinding\" type=\"tns:pixiPort\">\n");
    xml.push_str("    <soap:binding style=\"document\" transport=\"http://schemas.xmlsoap.org/soap/http\"/>\n");
    for CallSpec { name, .. } in CALLS {
        let _ = writeln!(
            xml,
            "    <wsdl:operation name=\"{name}\">\n      <soap:operation soapAction=\"{PLACEHOLDER}{name}\"/>\n      \
             <wsdl:input><soap:body use=\"literal\"/></wsdl:input>\n      \
             <wsdl:output><soap:body use=\"literal\"/></wsdl:output>\n    </wsdl:operation>"
        );
    }
    let _ = write!(
        xml,
        "  </wsdl:binding>\n  <wsdl:service name=\"pixi\">\n    <wsdl:port name=\"pixiPort\" binding=\"tns:pixiBinding\">\n      \
         <soap:address location=\"{PLACEHOLDER}\"/>\n    </wsdl:port>\n  </wsdl:service>\n</wsdl:definitions>\n"
    );
    xml
}

#[test]
fn the_committed_file_is_that_of_the_table() {
    let fresh = generate();
    if std::env::var_os("UPDATE_WSDL").is_some() {
        std::fs::write(Path::new(env!("CARGO_MANIFEST_DIR")).join("wsdl/pixi.wsdl"), &fresh).unwrap();
        return;
    }
    assert!(fresh == COMMITTED, "wsdl/pixi.wsdl is stale: run this test with UPDATE_WSDL=1");
}

#[test]
fn another_address_takes_the_place_of_the_committed_one_everywhere() {
    let here = wsdl("http://127.0.0.1:8080/soap/pixiTST/?a=1&b");
    assert!(!here.contains(PLACEHOLDER));
    assert!(here.contains("targetNamespace=\"http://127.0.0.1:8080/soap/pixiTST/?a=1&amp;b\""));
}
