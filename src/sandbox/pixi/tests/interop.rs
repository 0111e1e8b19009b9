//! The daemon's own client against the simulated pixi.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::config::settings::PixiApi;
use crate::money::Currency;
use crate::pixi::{
    AuthorizationStatus, CALLS, CustomerEventFilter, InvoiceCapture, LocalTime, ManualBooking, PixiClient,
};
use crate::steps::Outcome;

fn client(sim: &PixiSim) -> PixiClient {
    let settings = PixiApi {
        active: true,
        endpoint: ENDPOINT.parse().unwrap(),
        username: "pixiAPP".into(),
        password: "secret".to_owned().into(),
        max_parallel: 4,
        timeout: Duration::from_secs(30),
        columns: std::collections::BTreeMap::new(),
    };
    let wire = Arc::new(sim.wire());
    PixiClient::new("live".into(), &settings, wire, sim.0.clock.clone(), chrono_tz::Europe::Berlin)
}

fn done(outcome: &Outcome) {
    assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
}

#[test]
fn the_client_sends_parameters_the_simulated_pixi_takes_in_that_order() {
    for signature in super::calls::ALL {
        let spec = CALLS.iter().find(|spec| spec.name == signature.name);
        let Some(spec) = spec else {
            assert_eq!(signature.name, "pixiAddOrderComment", "the client does not know it");
            continue;
        };
        let mut last = 0;
        for param in spec.params {
            let place = signature.params.iter().position(|known| known.name == param.name);
            let place = place.unwrap_or_else(|| panic!("{} {}", spec.name, param.name));
            if signature.params[place].placed {
                assert!(place >= last, "{} {}", spec.name, param.name);
                last = place;
            }
        }
    }
}

#[expect(clippy::too_many_lines, reason = "one order's whole life")]
#[tokio::test(start_paused = true)]
async fn an_order_lives_through_the_client() {
    for quirks in [
        Quirks::default(),
        Quirks {
            credit_notes: CreditNotes { negative_total: false, type_column: true, in_capture_list: true },
            ..Quirks::default()
        },
    ] {
        let sim = sim();
        sim.change_quirks(|known| {
            *known = quirks;
            known.dialect.warn_every = 2;
            known.dialect.second_row_set = false;
            known.dialect.sentinel_dates = true;
        });
        let pixi = client(&sim);
        let nr = card_order(&sim, "4711");
        assert_eq!(pixi.shops().await.unwrap().len(), 1);
        assert_eq!(pixi.payment_types().await.unwrap().len(), 2);
        assert_eq!(pixi.currencies().await.unwrap().len(), 4);
        assert!(pixi.server_time().await.unwrap().is_some());
        assert!(pixi.current_revision().await.unwrap().is_some());
        assert!(pixi.call_info("pixiGetInvoice").await.unwrap().unwrap().installed());
        sim.uninstall("pixiGetItemInfo");
        assert!(!pixi.call_info("pixiGetItemInfo").await.unwrap().unwrap().installed());
        assert!(pixi.item_info("SHOE").await.is_err());
        sim.install("pixiGetItemInfo");
        assert_eq!(pixi.item_info("SHOE").await.unwrap().len(), 1);

        let hold = pixi.orders_to_authorize(&"U".into(), 30).await.unwrap();
        assert_eq!((hold.rows[0].order_nr, hold.rows[0].ccp_pay_id.as_deref()), (nr, Some("s-pay-1")));
        let header = pixi.order_header(nr).await.unwrap().unwrap();
        assert_eq!(header.order_total, Some(Currency::EUR.of(11_900)));
        assert!(pixi.order_header(1).await.unwrap().is_none());
        let totals = pixi.order_totals(nr).await.unwrap();
        assert_eq!((totals.total, totals.items.len()), (Some(Currency::EUR.of(11_900)), 2));
        assert_eq!(pixi.order_lines(nr).await.unwrap().len(), 2);
        assert_eq!(pixi.import_of_order("4711").await.unwrap().len(), 1);
        assert!(pixi.credit_card_info(nr).await.unwrap().is_none_or(|info| info.pay_id.is_none()));
        assert!(pixi.can_change_address(nr).await.unwrap());
        let address = pixi.address(sim.order(nr).unwrap().payment_address).await.unwrap().unwrap();
        done(&pixi.change_address(nr, &address).await);

        done(&pixi.set_order_shipping_lock(nr, true, "payd", "x").await);
        done(&pixi.set_order_shipping_lock(nr, true, "payd", "x").await);
        done(&pixi.set_order_shipping_lock(nr, false, "payd", "x").await);
        done(&pixi.create_order_comment(nr, "x & y").await);
        assert_eq!(pixi.order_comments(nr).await.unwrap().len(), 1);
        let customer = sim.order(nr).unwrap().customer;
        done(&pixi.add_customer_comment(customer, "x").await);
        done(&pixi.set_shipping_lock(customer, true, "payd").await);
        done(&pixi.set_shipping_lock(customer, false, "payd").await);
        let status = AuthorizationStatus {
            order_nr: nr,
            success: true,
            auth_id: "s-pay-1".into(),
            auth_code: "authorized".into(),
            message: "ok".into(),
        };
        done(&pixi.set_authorization_status(&status).await);
        assert_eq!(sim.order(nr).unwrap().state(), OrderState::Open);

        let invoice = sim.ship_all(nr, Some("0034")).unwrap();
        let listed = pixi.invoices_to_capture(&"U".into(), 0, 30).await.unwrap();
        assert!(listed.bad.is_empty());
        assert_eq!(listed.rows[0].total, Some(Currency::EUR.of(11_900)));
        let capture = InvoiceCapture {
            invoice_nr: invoice.clone(),
            capture_sum: Currency::EUR.of(11_900),
            pay_id: "x".into(),
            event_id: "UZE".into(),
            message: "m".into(),
        };
        done(&pixi.bare_invoice_capture(&capture, "t0ken").await);
        assert_eq!(pixi.invoice_match(&invoice).await.unwrap().len(), 1);
        let read = pixi.invoice(&invoice).await.unwrap().unwrap();
        assert_eq!((read.paid_sum, read.paid), (Some(Currency::EUR.of(11_900)), Some(true)));

        let lines = sim.order(nr).unwrap().line_keys();
        let credit = sim.return_lines(nr, &lines[..1]).unwrap();
        let documents = pixi.invoices_of_order(nr).await.unwrap();
        assert_eq!(documents.len(), 2);
        let sign = if quirks.credit_notes.negative_total { -1 } else { 1 };
        assert_eq!(documents[1].total, Currency::EUR.of(sign * 40_00));
        assert_eq!(pixi.invoice_lines(&credit, false).await.unwrap().len(), 1);
        assert_eq!(pixi.invoices_after(&"DEM".into(), 0, 10).await.unwrap().rows.len(), 2);
        let booking = ManualBooking {
            cust_key: customer,
            event_id: "UZR".into(),
            amount: Currency::EUR.of(40_00),
            event_date: None,
            comment: "back".into(),
            match_to_invoice_nr: Some(credit.clone()),
            currency_id: Some(1),
        };
        done(&pixi.bare_manual_booking(&booking, "t0ken").await);
        assert_eq!(sim.bookings_for(&credit)[0].amount, -40_00);
        let filter = CustomerEventFilter { cust_key: Some(customer), ..CustomerEventFilter::default() };
        assert_eq!(pixi.customer_events(&filter).await.unwrap().rows.len(), 2);
        assert_eq!(pixi.account_of_customer(customer).await.unwrap().rows.len(), 2);
        let since = LocalTime::at(sim.now() - chrono::TimeDelta::hours(1), chrono_tz::Europe::Berlin);
        let changed = pixi.changed_orders(since).await.unwrap();
        assert!(format!("{changed:?}").contains(&nr.to_string()));
        let wrong = ManualBooking { event_id: "XXX".into(), ..booking };
        assert!(matches!(pixi.bare_manual_booking(&wrong, "t0ken").await, Outcome::Refused(_)));
    }
}
