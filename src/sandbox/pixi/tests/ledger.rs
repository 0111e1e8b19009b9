//! Lists, windows, pages and what people do.

use chrono::TimeDelta;

use super::*;

#[tokio::test(start_paused = true)]
async fn work_lists_hold_thirty_rows_and_invoices_page_by_id() {
    let sim = sim();
    for nr in 0..35 {
        let order = NewOrder::new("DEM", "V").external(&format!("V{nr}")).line("SHOE", 1, 10_00);
        let order = sim.import_order(order).unwrap();
        sim.ship_all(order, None).unwrap();
        card_order(&sim, &format!("U{nr}"));
    }
    assert_eq!(call(&sim, "pixiPayGetOrdersToAuthorize", &[("PaymentCode", "U")]).rows().len(), 30);
    let page = call(&sim, "pixiPayGetInvoicesToCapture", &[("PaymentCode", "V")]);
    assert_eq!(page.rows().len(), 30);
    let last = page.rows()[29]["InvoiceKey"].clone();
    let rest = call(&sim, "pixiPayGetInvoicesToCapture", &[("PaymentCode", "V"), ("FromInvoiceId", &last)]);
    assert_eq!((rest.rows().len(), &rest.rows()[0]["InvoiceKey"]), (6, &last));
    sim.change_quirks(|quirks| quirks.behaviour.from_invoice_inclusive = false);
    let rest = call(&sim, "pixiPayGetInvoicesToCapture", &[("PaymentCode", "V"), ("FromInvoiceId", &last)]);
    assert_eq!(rest.rows().len(), 5);
    let keyed = call(&sim, "pixiGetInvoice", &[("ShopID", "DEM"), ("RowCount", "10"), ("StartKey", &last)]);
    assert_eq!((keyed.rows().len(), keyed.rows()[0]["TotalRows"].as_str()), (5, "5"));
}

#[tokio::test(start_paused = true)]
async fn changed_orders_are_those_since_the_given_local_time() {
    let sim = sim();
    let first = card_order(&sim, "4711");
    sim.0.clock.jump(TimeDelta::minutes(10));
    let second = card_order(&sim, "4712");
    let since = |time: &str| {
        let reply = call(&sim, "pixiGetChangedOrders", &[("DateTimeFrom", time)]);
        reply.rows().iter().map(|row| row["OrderNr"].parse::<i64>().unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(since("2026-03-03 09:00:00"), [first, second]);
    assert_eq!(since("2026-03-03T09:05:00.000"), [second]);
    assert_eq!(since("20260303 09:11:00"), [] as [i64; 0]);
    let reply = call(&sim, "pixiGetChangedOrders", &[("DateTimeFrom", "2026-03-03 09:05:00")]);
    assert_eq!(reply.row()["DateTimeTo"], "2026-03-03T09:10:00");
    sim.0.clock.jump(TimeDelta::minutes(1));
    call(&sim, "pixiCreateOrderComment", &[("OrderNr", &first.to_string()), ("Comment", "x")]).row();
    assert_eq!(since("2026-03-03 09:11:00"), [] as [i64; 0], "a comment is no change");
    sim.cancel_order(first).unwrap();
    assert_eq!(since("2026-03-03 09:11:00"), [first]);
}

#[tokio::test(start_paused = true)]
async fn totals_leave_out_what_is_cancelled() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    let total = |sim: &PixiSim| {
        let reply = call(sim, "pixiGetOrderTotals", &[("OrderNr", &nr.to_string())]);
        reply.rows().first().map(|row| (reply.rows().len(), row["OrderTotal"].clone()))
    };
    assert_eq!(total(&sim), Some((2, "119.0000".into())));
    let lines = sim.order(nr).unwrap().line_keys();
    sim.cancel_lines(nr, &lines[1..], LineState::Nlb).unwrap();
    assert_eq!(total(&sim), Some((1, "43.9000".into())));
    assert_eq!(sim.cancel_lines(nr, &lines[1..], LineState::Sto), Err(MerchantError::WrongState(lines[1], "NLB")));
    sim.cancel_order(nr).unwrap();
    assert_eq!(total(&sim), None);
    assert_eq!(sim.order(nr).unwrap().state(), OrderState::Closed);
    assert_eq!(call(&sim, "pixiGetOrderHeader", &[("OrderNr", &nr.to_string())]).row()["OrderTotal"], "0.0000");
}

#[tokio::test(start_paused = true)]
async fn another_currency_shows_in_its_own_columns() {
    let sim = sim();
    let order = NewOrder::new("DEM", "U").external("1").line("SHOE", 1, 10_000).currency("USD".parse().unwrap());
    let nr = sim.import_order(order).unwrap();
    let header = call(&sim, "pixiGetOrderHeader", &[("OrderNrExternal", "1")]);
    assert_eq!(
        (header.row()["OrderTotal"].as_str(), header.row()["OrderTotal_OrderCurr"].as_str()),
        ("90.0000", "100.0000")
    );
    sim.release_by_hand(nr).unwrap();
    let invoice = sim.ship_all(nr, None).unwrap();
    let row = call(&sim, "pixiGetInvoice", &[("InvoiceNr", &invoice)]);
    assert_eq!((row.row()["Total"].as_str(), row.row()["Total_OrderCurr"].as_str()), ("90.0000", "100.0000"));
    assert_eq!(row.row()["OrderCurrency"], "USD");
}

#[tokio::test(start_paused = true)]
async fn credit_notes_show_the_face_that_is_set() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    sim.release_by_hand(nr).unwrap();
    sim.ship_all(nr, None).unwrap();
    let lines = sim.order(nr).unwrap().line_keys();
    let credit = sim.return_with_shipping(nr, &lines, 3_90).unwrap();
    let listed = |sim: &PixiSim| call(sim, "pixiPayGetInvoicesToCapture", &[]).rows().len();
    assert_eq!(listed(&sim), 1);
    sim.change_quirks(|quirks| {
        quirks.credit_notes = CreditNotes { negative_total: false, type_column: false, in_capture_list: true };
    });
    assert_eq!(listed(&sim), 2);
    let row = call(&sim, "pixiGetInvoice", &[("InvoiceNr", &credit)]);
    assert_eq!(row.row()["Total"], "119.0000");
    assert!(!row.row().contains_key("InvoiceType") && row.schema.iter().all(|(name, ..)| name != "InvoiceType"));
}

#[tokio::test(start_paused = true)]
async fn people_merge_delete_raise_and_hold() {
    let sim = sim();
    let (into, from) = (card_order(&sim, "4711"), card_order(&sim, "4712"));
    sim.merge(into, from).unwrap();
    assert_eq!((sim.order(into).unwrap().lines.len(), sim.order(from).unwrap().lines.len()), (4, 0));
    assert_eq!(sim.order(from).unwrap().state(), OrderState::Open, "no lines is not closed");
    sim.delete_order(from).unwrap();
    assert!(call(&sim, "pixiGetOrderHeader", &[("OrderNr", &from.to_string())]).rows().is_empty());
    sim.release_by_hand(into).unwrap();
    sim.raise_order(into, &NewLine { item: "HAT".into(), qty: 1, price: 9_00 }).unwrap();
    assert_eq!(sim.order(into).unwrap().lines[4].state, LineState::Ang);
    let invoice = sim.ship_all(into, None).unwrap();
    sim.pay_by_hand(&invoice).unwrap();
    assert!(call(&sim, "pixiPayGetInvoicesToCapture", &[]).rows().is_empty());
    sim.delete_document(&invoice).unwrap();
    assert_eq!(sim.order(into).unwrap().state(), OrderState::Open);
    sim.put_on_hold(into).unwrap();
    assert_eq!(sim.order(into).unwrap().state(), OrderState::Hold);
    sim.set_payment_type(into, "V").unwrap();
    assert!(call(&sim, "pixiPayGetOrdersToAuthorize", &[("PaymentCode", "U")]).rows().is_empty());
}

#[tokio::test(start_paused = true)]
async fn an_order_made_by_hand_is_numbered_after_itself() {
    let sim = sim();
    let nr = sim.import_order(NewOrder::new("DEM", "U").line("SHOE", 1, 1_00)).unwrap();
    assert_eq!(sim.order(nr).unwrap().external, format!("P{nr}"));
    let found = call(&sim, "pixiImportFindXML", &[("Id", &format!("P{nr}")), ("Type", "order")]);
    assert!(found.rows().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_reference_may_stand_where_only_the_card_call_shows_it() {
    let sim = sim();
    let order = NewOrder::new("DEM", "U").external("1").line("SHOE", 1, 1_00).card_info("s-pay-9");
    let nr = sim.import_order(order).unwrap().to_string();
    assert_eq!(call(&sim, "pixiGetCreditCardInfo", &[("OrderNr", &nr)]).row()["ccpPayID"], "s-pay-9");
    assert!(!call(&sim, "pixiGetOrderHeader", &[("OrderNr", &nr)]).row().contains_key("ccpPayID"));
}

#[tokio::test(start_paused = true)]
async fn a_customer_comment_is_kept() {
    let sim = sim();
    let customer = sim.order(card_order(&sim, "4711")).unwrap().customer;
    let params = [("CustKey", &*customer.to_string()), ("Comment", "locked")].map(|(n, v)| (n, v.to_owned()));
    let params: Vec<(&str, &str)> = params.iter().map(|(n, v)| (*n, v.as_str())).collect();
    assert_eq!(call(&sim, "pixiAddCustomerComment", &params).row()["ReturnCode"], "OK");
    assert_eq!(sim.customer(customer).unwrap().comments[0].text, "locked");
}

#[test]
fn all_twenty_calls_and_the_set_up_calls_are_there() {
    let needed = "pixiPayGetOrdersToAuthorize pixiPayGetInvoicesToCapture pixiGetOrderline pixiGetInvoice \
        pixiGetInvoiceLines pixiGetChangedOrders pixiImportFindXML pixiCACreateManualBooking pixiPaySetInvoiceCapture \
        pixiPaySetAuthorizationStatus pixiGetOrderTotals pixiGetOrderHeader pixiAddCustomerComment pixiGetAddress \
        pixiSetShippingLock pixiCreateOrderComment pixiSetOrderShippingLock pixiCanChangeAddress pixiGetItemInfo \
        pixiGetCreditCardInfo pixiGetShops pixiGetPaymenttypes pixiGetServerTime pixiSysGetCurrentRevision \
        pixiSysGetCallInfo pixiGetCurrency pixiGetCustomerEvents pixiCAGetEvents pixiCAGetInvoiceMatch \
        pixiChangeAddress pixiReleaseOrder pixiGetOrderComments";
    let known = PixiSim::calls();
    for name in needed.split_whitespace() {
        assert!(known.contains(name), "{name}");
    }
}
