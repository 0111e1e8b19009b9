use super::*;
use crate::money::Currency;
use crate::pixi::calls::table::call_spec;
use proptest::prelude::*;
use quick_xml::Reader;
use quick_xml::events::Event;

const NS: &str = "https://api.pixi.eu/soap/pixiAPP/";

fn encoded(call: &str, params: &Params) -> String {
    encode(NS, call_spec(call).unwrap(), params).unwrap()
}

/// Reads an envelope back with a reader that knows nothing of the encoder: call and parameters with type and value.
fn read_back(xml: &str) -> (String, Vec<(String, String, String)>) {
    let mut reader = Reader::from_str(xml);
    let mut path: Vec<String> = Vec::new();
    let mut call = String::new();
    let mut params = Vec::new();
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => {
                path.push(start.name().into_inner().to_owned());
                match path.len() {
                    3 => call = start.local_name().into_inner().to_owned(),
                    4 => {
                        let kind = start.try_get_attribute("xsi:type").unwrap().unwrap().value.to_string();
                        params.push((path[3].clone(), kind, String::new()));
                    }
                    _ => {}
                }
            }
            Event::End(_) => drop(path.pop()),
            Event::Text(text) if path.len() == 4 => {
                params.last_mut().unwrap().2.push_str(&text.xml10_content());
            }
            Event::GeneralRef(name) => {
                let text = quick_xml::escape::unescape(&format!("&{};", &*name)).unwrap().into_owned();
                params.last_mut().unwrap().2.push_str(&text);
            }
            Event::Eof => return (call, params),
            _ => {}
        }
    }
}

#[test]
fn the_envelope_of_a_reading_call() {
    let params = Params::new().int("RowCount", 200).flag("ShowAll", true).text("PaymentCode", "K");
    insta::assert_snapshot!(encoded("pixiPayGetOrdersToAuthorize", &params));
}

#[test]
fn the_envelope_of_a_booking() {
    let params = Params::new()
        .int("CustKey", 77)
        .text("EventID", "UZR")
        .money("Amount", Currency::EUR.of(11_900))
        .free_text("Comment", "Gutschrift <GS812> & Rückgabe\u{1}\u{7}", 512)
        .text("MatchToInvoiceNr", "GS812");
    insta::assert_snapshot!(encoded("pixiCACreateManualBooking", &params));
}

#[test]
fn parameters_go_out_in_the_order_of_the_table_and_nulls_not_at_all() {
    let params = Params::new().text("Reason", "r").flag("Locked", false).int("OrderNr", 4711);
    let (call, params) = read_back(&encoded("pixiSetOrderShippingLock", &params));
    assert_eq!(call, "pixiSetOrderShippingLock");
    let names: Vec<_> = params.iter().map(|(name, _, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(names, [("OrderNr", "4711"), ("Locked", "0"), ("Reason", "r")]);
}

#[test]
fn what_the_call_does_not_know_is_refused() {
    let spec = call_spec("pixiGetAddress").unwrap();
    let wrong = Params::new().int("AddressKey", 1);
    assert_eq!(encode(NS, spec, &wrong), Err(EncodeError::UnknownParameter("AddressKey".to_owned())));
    let twice = Params::new().int("AddrKey", 1).int("AddrKey", 2);
    assert_eq!(encode(NS, spec, &twice), Err(EncodeError::Twice("AddrKey".to_owned())));
    let control = Params::new().text("InvoiceNr", "RE\u{0}1");
    let spec = call_spec("pixiGetInvoiceLines").unwrap();
    assert_eq!(encode(NS, spec, &control), Err(EncodeError::ControlCharacter("InvoiceNr".to_owned())));
    for name in ["", "1x", "a b", "a>b", "ä"] {
        assert!(encode_unknown(NS, name, &Params::new()).is_err(), "{name}");
    }
}

#[test]
fn names_that_start_with_xml_hide_their_first_letter() {
    assert_eq!(encode_name("XMLLogKey"), "_x0058_MLLogKey");
    assert_eq!(encode_name("xmlTag"), "_x0078_mlTag");
    assert_eq!(encode_name("TagXML"), "TagXML");
    assert_eq!(crate::pixi::answer::decode_name(&encode_name("XMLLogKey")), "XMLLogKey");
}

#[test]
fn a_text_is_shortened_before_its_end() {
    assert_eq!(fit_keeping_end("charged 119.00 EUR", "t=abc", 20), "charged 119.00 t=abc");
    assert_eq!(fit_keeping_end("short", "t=abc", 200), "short t=abc");
    assert_eq!(fit_keeping_end(&"ä".repeat(300), "t=abc", 200).chars().count(), 200);
}

#[test]
fn the_namespace_ends_with_a_slash() {
    assert_eq!(namespace(&"https://api.pixi.eu/soap/pixiAPP".parse().unwrap()), NS);
    assert_eq!(namespace(&NS.parse().unwrap()), NS);
}

proptest! {
    #[test]
    fn a_foreign_reader_reads_back_what_was_written(
        values in proptest::collection::vec("[\t\n\r -\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]{0,40}", 1..8),
    ) {
        let names = ["BIC", "BLZ", "Fax", "ZIP", "City", "Fax2", "IBAN", "Note"];
        let params = names.iter().zip(&values).fold(Params::new(), |params, (name, value)| params.text(name, value));
        let xml = encoded("pixiChangeAddress", &params);
        let (call, back) = read_back(&xml);
        prop_assert_eq!(call, "pixiChangeAddress");
        let back: Vec<_> = back.into_iter().map(|(name, _, value)| (name, value)).collect();
        let sent: Vec<_> = names.iter().zip(&values).map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        prop_assert_eq!(back, sent);
    }

    #[test]
    fn free_text_of_any_kind_can_be_sent(text in "\\PC{0,20}[\u{0}-\u{1f}\u{7f}\u{fffe}\u{ffff}]{0,5}") {
        let xml = encoded("pixiCreateOrderComment", &Params::new().free_text("Comment", &text, 4000));
        prop_assert_eq!(read_back(&xml).1.len(), 1);
    }
}
