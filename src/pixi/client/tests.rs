use super::*;
use std::collections::BTreeMap;
use std::sync::Mutex;

use async_trait::async_trait;
use bytes::Bytes;
use chrono_tz::Europe::Berlin;

use crate::config::ids::PaymentCode;
use crate::pixi::columns::CellProblem;
use crate::pixi::{AuthorizationStatus, ErrorClass, LineStatus, ManualBooking};
use crate::steps::RefusalKind;
use crate::wire::{Cause, SendError, Wire};

/// Answers every request with the same thing and keeps the last request.
struct Canned {
    status: StatusCode,
    body: Result<Vec<u8>, SendError>,
    broken_after: Option<usize>,
    last: Mutex<Option<Request>>,
}

#[async_trait]
impl Wire for Canned {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        *self.last.lock().unwrap() = Some(request);
        let body = self.body.clone()?;
        let mut chunks: Vec<Result<Bytes, SendError>> =
            body.chunks(7).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
        if let Some(after) = self.broken_after {
            chunks.truncate(after);
            chunks.push(Err(SendError::Unknown(Cause::ConnectionLost)));
        }
        let mut response = Response::new(self.status, "text/xml", Bytes::new());
        response.body = Box::pin(futures_util::stream::iter(chunks));
        Ok(response)
    }
}

fn fixture(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/fixtures/pixi/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn settings() -> PixiApi {
    PixiApi {
        active: true,
        endpoint: "https://api.pixi.eu/soap/pixiAPP/".parse().unwrap(),
        username: "pixiAPP".to_owned(),
        password: "geheim".to_owned().into(),
        max_parallel: 1,
        timeout: Duration::from_mins(1),
        columns: BTreeMap::new(),
    }
}

fn client_on(wire: Canned, settings: &PixiApi) -> (PixiClient, Arc<Canned>) {
    let wire = Arc::new(wire);
    let shared: SharedWire = Arc::<Canned>::clone(&wire);
    (PixiClient::new(ApiName("live".to_owned()), settings, shared, Clock::system(), Berlin), wire)
}

fn answering(status: u16, body: &[u8]) -> Canned {
    let status = StatusCode::from_u16(status).unwrap();
    Canned { status, body: Ok(body.to_vec()), broken_after: None, last: Mutex::new(None) }
}

fn client(name: &str) -> PixiClient {
    client_on(answering(200, &fixture(name)), &settings()).0
}

fn code() -> PaymentCode {
    PaymentCode("K".to_owned())
}

fn authorization() -> AuthorizationStatus {
    AuthorizationStatus {
        order_nr: 4711,
        success: true,
        auth_id: "s-pay-17".to_owned(),
        auth_code: "authorized".to_owned(),
        message: String::new(),
    }
}

async fn authorize(wire: Canned) -> Outcome {
    client_on(wire, &settings()).0.set_authorization_status(&authorization()).await
}

fn is_unknown(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Unknown { .. })
}

fn refusal(outcome: Outcome) -> (RefusalKind, String) {
    match outcome {
        Outcome::Refused(refusal) => (refusal.kind, refusal.code),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_request_carries_login_action_and_type() {
    let (client, wire) = client_on(answering(200, &fixture("hold_orders.xml")), &settings());
    client.orders_to_authorize(&code(), 200).await.unwrap();
    let request = wire.last.lock().unwrap().take().unwrap();
    assert_eq!(request.headers["soapaction"], "\"https://api.pixi.eu/soap/pixiAPP/pixiPayGetOrdersToAuthorize\"");
    assert_eq!(request.headers["content-type"], "text/xml; charset=utf-8");
    assert_eq!(request.headers["authorization"], "Basic cGl4aUFQUDpnZWhlaW0=");
    assert!(request.headers["authorization"].is_sensitive());
    assert_eq!(request.effect, Effect::Read);
    assert_eq!(request.method, Method::POST);
}

#[tokio::test]
async fn one_unreadable_row_does_not_hide_the_others() {
    let listing = client("hold_orders.xml").orders_to_authorize(&code(), 200).await.unwrap();
    assert_eq!(listing.rows.len(), 2);
    assert_eq!(listing.rows[0].ccp_pay_id.as_deref(), Some("s-pay-17"));
    assert_eq!(listing.rows[1].shop_id.0, "D");
    assert_eq!(listing.bad.len(), 1);
    assert_eq!((listing.bad[0].row, listing.bad[0].error.problem), (3, CellProblem::NotANumber));
}

#[tokio::test]
async fn no_rows_are_no_rows_however_they_are_said() {
    for name in ["no_rows.xml", "no_rows_no_schema.xml", "no_row_set.xml"] {
        assert!(client(name).orders_to_authorize(&code(), 200).await.unwrap().rows.is_empty(), "{name}");
    }
}

#[tokio::test]
async fn a_missing_column_names_call_column_columns_seen_and_the_setting() {
    let error = client("renamed_column.xml").orders_to_authorize(&code(), 200).await.unwrap_err();
    insta::assert_snapshot!(error.to_string());
    assert_eq!(error.class(), ErrorClass::Configuration);
}

#[tokio::test]
async fn the_setting_mends_a_missing_column() {
    let mut settings = settings();
    let names = BTreeMap::from([("OrderNr".to_owned(), "OrderNumber".to_owned())]);
    settings.columns.insert("pixiPayGetOrdersToAuthorize".to_owned(), names);
    let (client, _) = client_on(answering(200, &fixture("renamed_column.xml")), &settings);
    assert!(client.orders_to_authorize(&code(), 200).await.is_ok());
}

#[tokio::test]
async fn amounts_are_those_in_order_currency_where_there_are_such() {
    let rows = client("invoices.xml").invoices_of_order(4711).await.unwrap();
    let franc: Currency = "CHF".parse().unwrap();
    assert_eq!(rows[0].total, franc.of(13_050));
    assert!(rows[0].in_order_currency && !rows[0].rounded);
    assert_eq!(rows[0].ship_date, None);
    let date = rows[0].invoice_date.unwrap();
    assert_eq!((date.latest() - date.earliest()).num_hours(), 1);
    assert_eq!(rows[1].total, Currency::EUR.of(-1901));
    assert!(!rows[1].in_order_currency && rows[1].rounded);
}

#[tokio::test]
async fn an_answer_that_may_have_been_cut_is_asked_for_again() {
    let row = "<row><OrderlineKey>1</OrderlineKey><OrderNr>4711</OrderNr><Status>ANG</Status><Qty>1</Qty><Price>1.0000</Price></row>";
    for (rows, again) in [(999, false), (1000, true)] {
        let xml = format!(
            "<E:Envelope><E:Body><R><cResult><SqlRowSet><diffgram><S>{}</S></diffgram></SqlRowSet></cResult></R></E:Body></E:Envelope>",
            row.repeat(rows)
        );
        let (client, wire) = client_on(answering(200, xml.as_bytes()), &settings());
        assert_eq!(client.order_lines(4711).await.unwrap().len(), rows);
        let body = wire.last.lock().unwrap().as_ref().unwrap().body.clone();
        assert_eq!(String::from_utf8_lossy(&body).contains("<RowCount"), again);
    }
}

#[tokio::test]
async fn rows_of_another_order_are_not_taken() {
    let error = client("invoices.xml").invoices_of_order(4712).await.unwrap_err();
    assert!(matches!(error, PixiError::WrongRow { .. }));
}

#[tokio::test]
async fn the_row_set_with_the_columns_is_the_one() {
    let listing = client("two_sets.xml").orders_to_authorize(&code(), 1).await.unwrap();
    assert_eq!(listing.rows.len(), 1);
}

#[tokio::test]
async fn a_reading_call_that_is_refused_in_a_row_says_so() {
    let error = client("status_error.xml").orders_to_authorize(&code(), 1).await.unwrap_err();
    assert!(matches!(error, PixiError::Status { ref code, .. } if code == "ERROR"), "{error:?}");
    let error = client("code_one.xml").orders_to_authorize(&code(), 1).await.unwrap_err();
    assert!(matches!(error, PixiError::ResultCode { code: 1, .. }), "{error:?}");
}

#[tokio::test]
async fn a_function_answers_a_bare_value() {
    assert!(client("scalar.xml").can_change_address(4711).await.unwrap());
    assert!(client("no_row_set.xml").can_change_address(4711).await.is_err());
}

#[tokio::test]
async fn an_effect_is_done_only_where_pixi_says_so() {
    let done = authorize(answering(200, &fixture("code_only.xml"))).await;
    assert!(matches!(done, Outcome::Done(_)), "{done:?}");
    let lock = client("status_info.xml").set_order_shipping_lock(1, true, "payd", "x").await;
    assert!(matches!(&lock, Outcome::Done(evidence) if evidence.code.as_deref() == Some("INFO")), "{lock:?}");
    assert_eq!(refusal(client("result_one.xml").set_shipping_lock(1, true, "payd").await).0, RefusalKind::Final);
    let booking = ManualBooking {
        cust_key: 1,
        event_id: "UZR".to_owned(),
        amount: Currency::EUR.of(100),
        event_date: None,
        comment: "x".to_owned(),
        match_to_invoice_nr: None,
        currency_id: None,
    };
    let refused = client("status_error.xml").bare_manual_booking(&booking, "t=1").await;
    assert_eq!(refusal(refused), (RefusalKind::Final, "ERROR".to_owned()));
}

#[tokio::test]
async fn whatever_is_unclear_after_sending_is_unknown() {
    for name in
        ["code_one.xml", "sql_deadlock.xml", "fault12.xml", "gateway_error.html", "entity_bomb.xml", "scalar.xml"]
    {
        let outcome = authorize(answering(200, &fixture(name))).await;
        assert!(is_unknown(&outcome), "{name}: {outcome:?}");
    }
    for status in [302, 400, 408, 500, 502, 503, 504] {
        let outcome = authorize(answering(status, b"<html/>")).await;
        assert!(is_unknown(&outcome), "{status}: {outcome:?}");
        let outcome = authorize(answering(status, &fixture("code_only.xml"))).await;
        assert!(is_unknown(&outcome), "{status}: {outcome:?}");
    }
    assert!(is_unknown(&authorize(answering(200, b"")).await));
    let whole = fixture("code_only.xml");
    for pieces in [0, 1, whole.len() / 7] {
        let wire = Canned { broken_after: Some(pieces), ..answering(200, &whole) };
        assert!(is_unknown(&authorize(wire).await));
    }
    for end in 0..whole.len() - 2 {
        assert!(is_unknown(&authorize(answering(200, &whole[..end])).await), "cut at {end}");
    }
}

#[tokio::test]
async fn refusals_are_told_from_what_is_unclear() {
    let fault = authorize(answering(500, &fixture("fault11.xml"))).await;
    assert_eq!(refusal(fault), (RefusalKind::Configuration, "Client".to_owned()));
    let parameter = authorize(answering(200, &fixture("sql_unknown_parameter.xml"))).await;
    assert_eq!(refusal(parameter), (RefusalKind::Configuration, "SQL 8145".to_owned()));
    for status in [401, 403, 404] {
        let refused = authorize(answering(status, b"no")).await;
        assert_eq!(
            refusal(refused),
            (RefusalKind::Configuration, format!("HTTP {}", StatusCode::from_u16(status).unwrap()))
        );
    }
    let lost = Canned { body: Err(SendError::NotSent(Cause::Connect)), ..answering(200, b"") };
    assert_eq!(authorize(lost).await, Outcome::not_sent(Cause::Connect));
    let control = AuthorizationStatus { auth_code: "\u{0}".to_owned(), ..authorization() };
    let outcome = client("code_only.xml").set_authorization_status(&control).await;
    assert!(matches!(outcome, Outcome::NotSent { .. }), "{outcome:?}");
}

#[tokio::test]
async fn errors_say_how_long_they_last() {
    let case = async |wire: Canned| client_on(wire, &settings()).0.shops().await.unwrap_err().class();
    assert_eq!(case(answering(401, b"")).await, ErrorClass::Configuration);
    assert_eq!(case(answering(503, b"")).await, ErrorClass::Passing);
    assert_eq!(case(answering(404, b"")).await, ErrorClass::Configuration);
    assert_eq!(case(answering(200, &fixture("fault11.xml"))).await, ErrorClass::Configuration);
    assert_eq!(case(answering(200, &fixture("fault12.xml"))).await, ErrorClass::Passing);
    assert_eq!(case(answering(200, &fixture("sql_deadlock.xml"))).await, ErrorClass::Passing);
    assert_eq!(case(answering(200, &fixture("sql_unknown_parameter.xml"))).await, ErrorClass::Configuration);
    assert_eq!(case(answering(200, &fixture("status_error.xml"))).await, ErrorClass::Final);
}

#[tokio::test]
async fn any_call_can_be_sent_by_hand() {
    let (client, wire) = client_on(answering(200, &fixture("two_sets.xml")), &settings());
    let given = [("Since".to_owned(), "2026-01-01".to_owned())];
    let answer = client.call_raw("pixiGetUpdatedInvoices", &given, 1).await.unwrap();
    assert_eq!(wire.last.lock().unwrap().as_ref().unwrap().effect, Effect::Write, "an unknown call may do anything");
    assert_eq!(answer.row_sets.len(), 2);
    assert!(answer.row_sets[1].cut);
    assert_eq!(answer.row_sets[1].columns[0].name, "OrderNr");
    let unordered = [("Locked".to_owned(), "1".to_owned()), ("OrderNr".to_owned(), "5".to_owned())];
    client.call_raw("pixiSetOrderShippingLock", &unordered, 1).await.unwrap();
    let body = wire.last.lock().unwrap().as_ref().unwrap().body.clone();
    let body = std::str::from_utf8(&body).unwrap();
    assert!(body.contains("<OrderNr xsi:type=\"xsd:integer\">5</OrderNr><Locked xsi:type=\"xsd:boolean\">1</Locked>"));
}

#[tokio::test]
async fn imports_tell_the_payment_id() {
    let imports = client("import_xml.xml").import_of_order("A-1").await.unwrap();
    assert!(imports[0].imported() && !imports[1].imported());
    assert_eq!(imports[0].log_key, Some(5));
    let id = crate::pixi::payment_id_in_xml(imports[0].request.as_deref().unwrap(), "PAY_ID");
    assert_eq!(id, crate::pixi::ImportPaymentId::One("s-pay-17".to_owned()));
}

#[test]
fn nothing_personal_is_printed() {
    let params = Params::new().text("IBAN", "DE00");
    assert!(!format!("{params:?}").contains("DE00"));
    let address = crate::pixi::Address { iban: Some("DE00".to_owned()), ..Default::default() };
    assert!(!format!("{address:?}").contains("DE00"));
    assert_eq!(LineStatus::from_code("ang "), LineStatus::Ang);
}
