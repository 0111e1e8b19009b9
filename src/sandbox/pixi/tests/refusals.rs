//! What is refused, and on which layer (pixi/NOTES 5).

use super::*;

#[tokio::test(start_paused = true)]
async fn a_wrong_login_is_401() {
    let sim = sim();
    let body = envelope(ENDPOINT, "pixiGetShops", &[]);
    for headers in [HeaderMap::new(), login("pixiAPP", "wrong"), login("other", "secret")] {
        assert_eq!(sim.handle(None, &headers, body.as_bytes()).status, 401);
    }
}

#[tokio::test(start_paused = true)]
async fn unknown_calls_foreign_namespaces_and_what_is_not_installed_are_faults() {
    let sim = sim();
    let reply = call(&sim, "pixiGetShop", &[]);
    assert_eq!(reply.status, 500);
    assert!(reply.fault.unwrap().contains("pixiGetShop"));
    assert!(reply.raw.contains("http://www.w3.org/2003/05/soap-envelope"));
    sim.uninstall("pixiGetShops");
    assert!(call(&sim, "pixiGetShops", &[]).fault.is_some());
    let told =
        |sim: &PixiSim| call(sim, "pixiSysGetCallInfo", &[("CallName", "pixiGetShops")]).row()["StatusMessage"].clone();
    assert!(told(&sim).contains("not installed"));
    sim.install("pixiGetShops");
    assert!(!told(&sim).contains("not installed"));
    let body = envelope("https://pixi.example/soap/other/", "pixiGetShops", &[]);
    assert_eq!(sim.handle(None, &login("pixiAPP", "secret"), body.as_bytes()).status, 500);
    let body = envelope(ENDPOINT, "pixiGetShops", &[]);
    let wrong_action = sim.handle(Some("\"pixiGetCurrency\""), &login("pixiAPP", "secret"), body.as_bytes());
    assert_eq!(wrong_action.status, 500);
}

#[tokio::test(start_paused = true)]
async fn parameters_keep_the_documented_order() {
    let sim = sim();
    let nr = card_order(&sim, "4711").to_string();
    let right = call(&sim, "pixiSetOrderShippingLock", &[("OrderNr", &nr), ("Locked", "1"), ("Reason", "x")]);
    assert_eq!(right.row()["ReturnCode"], "OK");
    let wrong = call(&sim, "pixiSetOrderShippingLock", &[("Locked", "0"), ("OrderNr", &nr)]);
    assert_eq!(wrong.error().0, 8144);
    assert!(sim.order(nr.parse().unwrap()).unwrap().lock.is_some(), "a refused call has no effect");
    let lists = call(&sim, "pixiPayGetOrdersToAuthorize", &[("RowCount", "5"), ("PaymentCode", "U")]);
    assert_eq!(lists.error().0, 8144);
}

#[tokio::test(start_paused = true)]
async fn unknown_doubled_missing_and_untypable_parameters_are_errors_of_the_third_layer() {
    let sim = sim();
    assert_eq!(call(&sim, "pixiGetShops", &[("Shop", "DEM")]).error().0, 8145);
    assert_eq!(call(&sim, "pixiGetShops", &[("ShopID", "DEM"), ("ShopID", "DEM")]).error().0, 8143);
    assert_eq!(call(&sim, "pixiGetAddress", &[]).error().0, 201);
    assert_eq!(call(&sim, "pixiGetAddress", &[("AddrKey", "one")]).error().0, 8114);
    assert_eq!(call(&sim, "pixiPaySetAuthorizationStatus", &[("Success", "yes")]).error().0, 8114);
    assert_eq!(call(&sim, "pixiGetChangedOrders", &[("DateTimeFrom", "yesterday")]).error().0, 8114);
    sim.change_quirks(|quirks| quirks.dialect.error_status = 400);
    assert_eq!(call(&sim, "pixiGetAddress", &[]).status, 400);
}

#[tokio::test(start_paused = true)]
async fn texts_are_cut_to_their_length() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    let long = "x".repeat(300);
    let params = [("Message", long.as_str()), ("OrderNr", &nr.to_string()), ("Success", "1"), ("AuthCode", &long)];
    call(&sim, "pixiPaySetAuthorizationStatus", &params).rows();
    assert_eq!(sim.order(nr).unwrap().last_auth_code.unwrap().len(), 50);
    assert_eq!(sim.ccp_log()[0].message.len(), 200);
}

#[tokio::test(start_paused = true)]
async fn the_pay_calls_refuse_what_does_not_exist() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    sim.release_by_hand(nr).unwrap();
    let invoice = sim.ship_all(nr, None).unwrap();
    for (invoice, sum, event) in [
        ("RE1", "119.00", "UZE"),
        (invoice.as_str(), "119.00", "XXX"),
        (invoice.as_str(), "119.00", "UZR"),
        (invoice.as_str(), "119.00", ""),
        (invoice.as_str(), "0.00", "UZE"),
    ] {
        assert_eq!(capture(&sim, invoice, sum, event).error().0, 50_000);
    }
    let unknown = [("OrderNr", "1"), ("Success", "1")];
    assert_eq!(call(&sim, "pixiPaySetAuthorizationStatus", &unknown).error().0, 50_000);
    assert!(sim.bookings().is_empty() && sim.captures().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_manual_booking_needs_customer_event_document_and_currency() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    let other = sim.order(card_order(&sim, "4712")).unwrap().customer.to_string();
    sim.release_by_hand(nr).unwrap();
    let invoice = sim.ship_all(nr, None).unwrap();
    let own = sim.order(nr).unwrap().customer.to_string();
    let book = |customer: &str, event: &str, amount: &str, more: &[(&str, &str)]| {
        let mut params = vec![("CustKey", customer), ("EventID", event), ("Amount", amount)];
        params.extend(more);
        call(&sim, "pixiCACreateManualBooking", &params).row()["ReturnCode"].clone()
    };
    assert_eq!(book("1", "UZR", "1.00", &[]), "ERROR");
    assert_eq!(book(&own, "XXX", "1.00", &[]), "ERROR");
    assert_eq!(book(&own, "UZR", "0", &[]), "ERROR");
    assert_eq!(book(&own, "UZR", "1.00", &[("MatchToInvoiceNr", "RE1")]), "ERROR");
    assert_eq!(book(&other, "UZR", "1.00", &[("MatchToInvoiceNr", &invoice)]), "ERROR");
    assert_eq!(book(&own, "UZR", "1.00", &[("CurrencyId", "99")]), "ERROR");
    sim.change_quirks(|quirks| quirks.behaviour.signed_bookings = true);
    assert_eq!(book(&own, "UZR", "1.00", &[]), "ERROR");
    assert!(sim.bookings().is_empty());
    assert_eq!(book(&own, "UZR", "-1.00", &[]), "OK");
    assert_eq!(sim.bookings()[0].amount, -100);
}

#[tokio::test(start_paused = true)]
async fn what_is_locked_or_on_hold_does_not_ship() {
    let sim = sim();
    let nr = card_order(&sim, "4711");
    assert_eq!(sim.ship_all(nr, None), Err(MerchantError::OnHold));
    sim.release_by_hand(nr).unwrap();
    sim.lock_order(nr, "anna", "asks").unwrap();
    assert_eq!(sim.ship_all(nr, None), Err(MerchantError::Locked));
    sim.unlock_order(nr).unwrap();
    let customer = sim.order(nr).unwrap().customer.to_string();
    let lock = call(&sim, "pixiSetShippingLock", &[("CustKey", &customer), ("Locked", "1")]);
    assert_eq!(lock.row()["Result"], "0");
    assert_eq!(sim.ship_all(nr, None), Err(MerchantError::Locked));
    assert_eq!(call(&sim, "pixiSetShippingLock", &[("CustKey", "1")]).row()["Result"], "1");
    call(&sim, "pixiSetShippingLock", &[("CustKey", &customer), ("Locked", "0")]).row();
    assert!(sim.ship_all(nr, None).is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_shop_number_is_imported_once_per_shop() {
    let sim = sim();
    card_order(&sim, "4711");
    let again = NewOrder::new("DEM", "U").external("4711").line("SHOE", 1, 1_00);
    assert_eq!(sim.import_order(again), Err(MerchantError::Duplicate("4711".into())));
    assert!(matches!(sim.import_order(NewOrder::new("XXX", "U")), Err(MerchantError::NotSetUp(_))));
    assert_eq!(sim.import_order(NewOrder::new("DEM", "U")), Err(MerchantError::NoLines));
}
