//! The life of an order, call by call.

use super::*;

#[tokio::test(start_paused = true)]
async fn import_release_ship_capture_return_booked() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    let waiting = call(&sim, "pixiPayGetOrdersToAuthorize", &[("PaymentCode", "U")]);
    assert_eq!(waiting.row()["OrderNr"], nr.to_string());
    assert!(!waiting.row().contains_key("CustKey") && !waiting.row().contains_key("Total"));

    let release = [("AuthID", "s-pay-1"), ("OrderNr", &nr.to_string()), ("Success", "1"), ("AuthCode", "authorized")];
    assert!(call(&sim, "pixiPaySetAuthorizationStatus", &release).sets.is_empty());
    let order = sim.order(nr).unwrap();
    assert_eq!((order.state(), order.last_auth_code.as_deref()), (OrderState::Open, Some("authorized")));
    assert!(call(&sim, "pixiPayGetOrdersToAuthorize", &[("PaymentCode", "U")]).rows().is_empty());

    let lines = order.line_keys();
    let first = sim.ship(nr, &lines[..1], Some("00340")).unwrap();
    let second = sim.ship(nr, &lines[1..], None).unwrap();
    let listed = call(&sim, "pixiPayGetInvoicesToCapture", &[("PaymentCode", "U")]);
    let totals: Vec<&str> = listed.rows().iter().map(|row| row["Total_OrderCurr"].as_str()).collect();
    assert_eq!(totals, ["43.9000", "75.1000"], "the first invoice carries shipping cost");
    assert_eq!(listed.rows()[0]["ccpPayID"], "s-pay-1");

    capture(&sim, &first, "43.90", "UZE").rows();
    let listed = call(&sim, "pixiPayGetInvoicesToCapture", &[("PaymentCode", "U")]);
    assert_eq!(listed.row()["InvoiceNr"], second);
    let matched = call(&sim, "pixiCAGetInvoiceMatch", &[("InvoiceNr", &first)]);
    assert_eq!((matched.row()["Amount"].as_str(), matched.row()["EventID"].as_str()), ("43.9000", "UZE"));
    assert_eq!(sim.order(nr).unwrap().state(), OrderState::Closed);

    let credit = sim.return_lines(nr, &lines[..1]).unwrap();
    let documents = call(&sim, "pixiGetInvoice", &[("OrderNR", &nr.to_string())]);
    let row = documents.rows().iter().find(|row| row["InvoiceNr"] == credit).unwrap();
    assert_eq!((row["InvoiceType"].as_str(), row["Total"].as_str()), ("C", "-40.0000"));
    assert_eq!(row["TotalRows"], "3");
    let parts = call(&sim, "pixiGetInvoiceLines", &[("InvoiceNr", &credit)]);
    assert_eq!(parts.row()["OrderLineRef"], lines[0].to_string());
    assert_eq!(parts.row()["Status"], "RET");

    let customer = sim.order(nr).unwrap().customer.to_string();
    let back = [
        ("CustKey", customer.as_str()),
        ("EventID", "UZR"),
        ("Amount", "40.00"),
        ("Comment", "returned"),
        ("MatchToInvoiceNr", &credit),
    ];
    assert_eq!(call(&sim, "pixiCACreateManualBooking", &back).row()["ReturnCode"], "OK");
    let bookings = sim.bookings();
    assert_eq!(bookings.iter().map(|booking| booking.amount).collect::<Vec<_>>(), [43_90, -40_00]);
    let credit = sim.document(&credit).unwrap();
    assert_eq!((credit.paid, credit.paid_sum), (true, 40_00));
    let events = call(&sim, "pixiGetCustomerEvents", &[("CustKey", &customer), ("EventID", "UZR")]);
    assert_eq!(events.row()["Reference"], "returned");
}

#[tokio::test(start_paused = true)]
async fn nothing_keeps_a_second_booking_away() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    sim.release_by_hand(nr).unwrap();
    let invoice = sim.ship_all(nr, None).unwrap();
    capture(&sim, &invoice, "119.00", "UZE").rows();
    capture(&sim, &invoice, "119.00", "UZE").rows();
    assert_eq!(sim.bookings_for(&invoice).len(), 2);
    assert_eq!(sim.document(&invoice).unwrap().paid_sum, 23_800);
    let customer = sim.order(nr).unwrap().customer.to_string();
    let credit = sim.credit_manual(nr, 10_00, "goodwill").unwrap();
    let params = [("CustKey", customer.as_str()), ("EventID", "UZR"), ("Amount", "10"), ("MatchToInvoiceNr", &credit)];
    call(&sim, "pixiCACreateManualBooking", &params).row();
    call(&sim, "pixiCACreateManualBooking", &params).row();
    assert_eq!(sim.bookings_for(&credit).len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_failed_capture_undoes_a_paid_invoice() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    sim.release_by_hand(nr).unwrap();
    let invoice = sim.ship_all(nr, None).unwrap();
    capture(&sim, &invoice, "119.00", "UZE").rows();
    let params = [
        ("PayID", "x"),
        ("Message", "failed"),
        ("PayCode", "CC"),
        ("Success", "0"),
        ("InvoiceNr", invoice.as_str()),
        ("CaptureSum", "0"),
        ("SetRemainingOrdersToHAL", "0"),
    ];
    call(&sim, "pixiPaySetInvoiceCapture", &params).rows();
    let document = sim.document(&invoice).unwrap();
    assert_eq!((document.paid, document.paid_sum), (false, 0));
    assert!(call(&sim, "pixiCAGetInvoiceMatch", &[("InvoiceNr", &invoice)]).rows().is_empty());
    assert_eq!(call(&sim, "pixiPayGetInvoicesToCapture", &[]).rows().len(), 1);
    for _ in 0..3 {
        call(&sim, "pixiPaySetInvoiceCapture", &params).rows();
    }
    assert!(call(&sim, "pixiPayGetInvoicesToCapture", &[]).rows().is_empty());
    assert_eq!(call(&sim, "pixiPayGetInvoicesToCapture", &[("ShowAll", "1")]).rows().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_rest_of_a_part_delivery_can_go_back_on_hold() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    sim.release_by_hand(nr).unwrap();
    let lines = sim.order(nr).unwrap().line_keys();
    let invoice = sim.ship(nr, &lines[..1], None).unwrap();
    let params = [
        ("PayID", "x"),
        ("EventID", "UZE"),
        ("Message", ""),
        ("PayCode", "CC"),
        ("Success", "1"),
        ("InvoiceNr", invoice.as_str()),
        ("CaptureSum", "43.90"),
        ("SetRemainingOrdersToHAL", "1"),
    ];
    call(&sim, "pixiPaySetInvoiceCapture", &params).rows();
    assert_eq!(sim.order(nr).unwrap().lines[1].state, LineState::Hal);
    assert_eq!(call(&sim, "pixiPayGetOrdersToAuthorize", &[]).row()["OrderNr"], nr.to_string());
}

#[tokio::test(start_paused = true)]
async fn failed_authorisations_hide_an_order_after_the_third() {
    let sim = sim();
    let nr = card_order(&sim, "4711").to_string();
    for tries in 1..=4 {
        call(&sim, "pixiPaySetAuthorizationStatus", &[("OrderNr", &nr), ("Success", "0")]).rows();
        let listed = call(&sim, "pixiPayGetOrdersToAuthorize", &[("PaymentCode", "U")]);
        assert_eq!(listed.rows().len(), usize::from(tries <= 3));
    }
    let all = call(&sim, "pixiPayGetOrdersToAuthorize", &[("PaymentCode", "U"), ("ShowAll", "1")]);
    assert_eq!(all.row()["ccpSetFailTries"], "4");
}

#[tokio::test(start_paused = true)]
async fn an_order_is_locked_once_and_says_so() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    let lock = |locked: &str| {
        let params = [("OrderNr", &*nr.to_string()), ("Locked", locked), ("UserName", "payd"), ("Reason", "")]
            .map(|(name, value)| (name, value.to_owned()));
        let params: Vec<(&str, &str)> = params.iter().map(|(name, value)| (*name, value.as_str())).collect();
        call(&sim, "pixiSetOrderShippingLock", &params).row()["ReturnCode"].clone()
    };
    assert_eq!([lock("1"), lock("1")], ["OK", "INFO"]);
    assert_eq!(sim.order(nr).unwrap().lock.unwrap().reason, "Shipping lock set by payd");
    assert_eq!([lock("0"), lock("0")], ["OK", "INFO"]);
    assert_eq!(call(&sim, "pixiSetOrderShippingLock", &[("OrderNr", "1")]).row()["ReturnCode"], "ERROR");
}

#[tokio::test(start_paused = true)]
async fn without_the_release_on_authorisation_there_is_a_call_for_it() {
    let sim = sim();
    sim.change_quirks(|quirks| quirks.behaviour.authorization_releases = false);
    let nr = card_order(&sim, "4711");
    call(&sim, "pixiPaySetAuthorizationStatus", &[("OrderNr", &nr.to_string()), ("Success", "1")]).rows();
    assert_eq!(sim.order(nr).unwrap().state(), OrderState::Hold);
    let release = call(&sim, "pixiReleaseOrder", &[("ShopId", "DEM"), ("OrderNrExternal", "4711")]);
    assert_eq!((release.row()["ReturnCode"].as_str(), release.row()["AffectedRows"].as_str()), ("OK", "2"));
    assert_eq!(sim.order(nr).unwrap().state(), OrderState::Open);
}

#[tokio::test(start_paused = true)]
async fn bank_data_is_written_until_the_first_line_ships() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    let key = sim.order(nr).unwrap().payment_address;
    let text = nr.to_string();
    let params = [("BIC", "BIC1"), ("IBAN", "DE1"), ("AddrType", "B"), ("OrderNr", &text), ("BankName", "ref")];
    assert_eq!(call(&sim, "pixiChangeAddress", &params).row()["ReturnCode"], "OK");
    let address = call(&sim, "pixiGetAddress", &[("AddrKey", &key.to_string())]);
    assert_eq!((address.row()["IBAN"].as_str(), address.row()["BankName"].as_str()), ("DE1", "ref"));
    sim.release_by_hand(nr).unwrap();
    sim.ship_all(nr, None).unwrap();
    assert_eq!(call(&sim, "pixiChangeAddress", &params).row()["ReturnCode"], "ERROR");
    assert_eq!(call(&sim, "pixiCanChangeAddress", &[("OrderNr", &text)]).scalar, "0");
}
