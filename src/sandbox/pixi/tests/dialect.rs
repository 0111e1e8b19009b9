//! What stands on the wire.

use super::*;

#[tokio::test(start_paused = true)]
async fn every_column_stands_in_the_schema_with_its_length_and_whether_it_may_be_null() {
    let sim = sim();
    let shops = call(&sim, "pixiGetShops", &[]);
    assert_eq!(shops.schema[0], ("ShopID".into(), Some(3), false));
    assert_eq!(shops.schema[1], ("ShopName".into(), Some(150), false));
    assert_eq!(shops.schema[2], ("ShopURL".into(), Some(50), true));
    assert_eq!(shops.row()["ShopID"], "DEM");
    assert!(!shops.row().contains_key("ShopURL"), "NULL is a missing element");
    assert_eq!((shops.status, shops.result_code), (200, Some(0)));
}

#[tokio::test(start_paused = true)]
async fn rows_carry_blanks_four_decimals_and_local_times() {
    let sim = sim();
    sim.change_quirks(|quirks| quirks.dialect.padded = true);
    let nr = card_order(&sim, "4711").to_string();
    let header = call(&sim, "pixiGetOrderHeader", &[("OrderNr", &nr)]);
    let row = header.row();
    assert_eq!(row["OrderTotal"], "119.0000");
    assert_eq!(row["ShipCost_OrderCurr"], "3.9000");
    assert_eq!(row["OrderDate"], "2026-03-03T09:00:00");
    assert_eq!(row["WholeOrderState"], "HOLD");
    assert_eq!(row["OrderLocked"], "N");
    let shops = call(&sim, "pixiGetShops", &[]);
    assert_eq!(shops.row()["Country"], "D  ");
    assert_eq!(call(&sim, "pixiGetServerTime", &[]).row()["ServerTime"], "2026-03-03T09:00:00");
}

#[tokio::test(start_paused = true)]
async fn names_change_their_case_by_call_and_names_in_xml_are_escaped() {
    let sim = sim();
    sim.change_quirks(|quirks| quirks.dialect.case_variants = true);
    let nr = card_order(&sim, "4711").to_string();
    assert!(call(&sim, "pixiGetOrderline", &[("OrderNR", &nr)]).rows()[0].contains_key("OrderNR"));
    assert!(call(&sim, "pixiGetOrderHeader", &[("OrderNr", &nr)]).row().contains_key("OrderNr"));
    assert_eq!(call(&sim, "pixiGetPaymenttypes", &[("Code", "U")]).row()["_x0058_MLTag"], "UNZER");
    let found = call(&sim, "pixiImportFindXML", &[("Id", "4711"), ("Type", "order")]);
    assert!(found.row().contains_key("_x0058_MLLogKey"));
    assert!(found.row()["Request"].contains("<ORDER_ID>4711</ORDER_ID>"));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_an_empty_diffgram_or_no_row_set() {
    let sim = sim();
    let ask = |no_rows| {
        sim.change_quirks(|quirks| quirks.dialect.no_rows = no_rows);
        call(&sim, "pixiGetOrderline", &[("OrderNR", "1")])
    };
    let empty = ask(NoRows::EmptyDiffgram);
    assert_eq!((empty.sets.len(), empty.rows().len(), empty.result_code), (1, 0, Some(0)));
    assert!(!empty.schema.is_empty());
    let none = ask(NoRows::NoRowSet);
    assert_eq!((none.sets.len(), none.result_code), (0, Some(0)));
    assert_ne!(ask(NoRows::Alternate).sets.len(), ask(NoRows::Alternate).sets.len());
}

#[tokio::test(start_paused = true)]
async fn a_warning_may_stand_before_good_rows() {
    let sim = sim();
    sim.change_quirks(|quirks| quirks.dialect.warn_every = 2);
    let warned: Vec<bool> = (0..4).map(|_| !call(&sim, "pixiGetShops", &[]).messages.is_empty()).collect();
    assert_eq!(warned, [false, true, false, true]);
    let answers = [call(&sim, "pixiGetShops", &[]), call(&sim, "pixiGetShops", &[])];
    assert_eq!((answers[1].messages[0].0, answers[1].messages[0].1), (0, 8153));
    assert_eq!(answers[1].rows().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn no_date_may_be_the_first_of_january_1970() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    sim.release_by_hand(nr).unwrap();
    sim.ship_all(nr, None).unwrap();
    let paid = |sim: &PixiSim| call(sim, "pixiGetInvoice", &[]).row().get("PaidDate").cloned();
    assert_eq!(paid(&sim), None);
    sim.change_quirks(|quirks| quirks.dialect.sentinel_dates = true);
    assert_eq!(paid(&sim), Some("1970-01-01T00:00:00".into()));
}

#[tokio::test(start_paused = true)]
async fn further_row_sets_are_numbered() {
    let sim = sim();
    sim.change_quirks(|quirks| quirks.dialect.second_row_set = true);
    let reply = call(&sim, "pixiGetCurrency", &[]);
    assert_eq!((reply.sets[0].len(), reply.sets[1].len()), (4, 1));
    assert!(reply.raw.contains(r#"<SqlRowSet2 xmlns="urn:schemas-microsoft-com:sql:SqlRowSet2">"#));
}

#[tokio::test(start_paused = true)]
async fn a_function_answers_a_bare_value() {
    let sim = sim();
    let nr = card_order(&sim, "4711").to_string();
    let can = |nr: &str| call(&sim, "pixiCanChangeAddress", &[("OrderNr", nr)]).scalar;
    assert_eq!((can(&nr), can("1")), ("1".into(), "0".into()));
    assert!(call(&sim, "pixiCanChangeAddress", &[]).sets.is_empty());
}

#[tokio::test(start_paused = true)]
async fn texts_are_escaped_both_ways() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    let text = "<b>\"Müller\" & 'Söhne' ]]></b>";
    call(&sim, "pixiCreateOrderComment", &[("OrderNr", &nr.to_string()), ("Comment", text)]).row();
    assert_eq!(sim.order(nr).unwrap().comments[0].text, text);
    assert_eq!(call(&sim, "pixiGetOrderComments", &[("OrderNr", &nr.to_string())]).row()["Comment"], text);
}

#[tokio::test(start_paused = true)]
async fn an_envelope_stays_as_it_is() {
    let sim = sim();
    let body = envelope(ENDPOINT, "pixiGetServerTime", &[]);
    let answer = sim.handle(None, &login("pixiAPP", "secret"), body.as_bytes());
    let text = String::from_utf8(answer.body).unwrap();
    let expected = concat!(
        r#"<SOAP-ENV:Body><method:pixiGetServerTimeResponse><method:pixiGetServerTimeResult xmlns="">"#,
        r#"<sqlresultstream:SqlRowSet xsi:type="sqlsoaptypes:SqlRowSet""#
    );
    assert!(text.contains(expected), "{text}");
    let end = concat!(
        r#"<diffgr:diffgram xmlns:diffgr="urn:schemas-microsoft-com:xml-diffgram-v1">"#,
        r#"<SqlRowSet1 xmlns="urn:schemas-microsoft-com:sql:SqlRowSet1">"#,
        "<row><ServerTime>2026-03-03T09:00:00</ServerTime></row></SqlRowSet1></diffgr:diffgram>",
        "</sqlresultstream:SqlRowSet>",
        r#"<sqlresultstream:SqlResultCode xsi:type="sqlsoaptypes:SqlResultCode">0</sqlresultstream:SqlResultCode>"#,
        "</method:pixiGetServerTimeResult></method:pixiGetServerTimeResponse></SOAP-ENV:Body></SOAP-ENV:Envelope>"
    );
    assert!(text.ends_with(end), "{text}");
}
