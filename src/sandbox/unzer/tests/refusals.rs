//! Every refusal, by the code the real Unzer gives.

use http::{HeaderMap, Method};
use secrecy::SecretString;
use serde_json::{Value, json};

use super::*;
use crate::config::KeyPair;
use crate::sandbox::faults::{Fault, Matcher};
use crate::steps::{ReasonCode, RefusalKind};
use crate::unzer::{Hint, KeyRing, NewAuthorization, UnzerError};
use crate::wire::Peer;

fn client_with(scene: &Scene, key: &str) -> UnzerClient {
    let pair =
        KeyPair { public_key: "s-pub-x".into(), private_key: SecretString::from(key.to_owned()), methods: vec![] };
    let url = Url::parse("https://sbx-api.unzer.com").unwrap();
    UnzerClient::new(&url, &pair, scene.sim.wire(), scene.clock.clone())
}

#[tokio::test(start_paused = true)]
async fn giving_back_twice_or_too_much() {
    let scene = scene();
    let payment = scene.shop.authorize("card", euro(10_000), "SO-1").unwrap();
    assert_eq!(refused(scene.reverse(&payment, 10_001).await), "API.340.100.017");
    done(scene.reverse(&payment, 10_000).await);
    assert_eq!(refused(scene.reverse(&payment, 1).await), "API.340.100.014");

    let payment = scene.shop.authorize("card", euro(10_000), "SO-2").unwrap();
    done(scene.capture(&payment, 10_000).await);
    assert_eq!(refused(scene.reverse(&payment, 1).await), "API.340.100.018");
    assert_eq!(refused(scene.refund(&payment, "s-chg-1", 10_001).await), "API.340.100.017");
    done(scene.refund(&payment, "s-chg-1", 10_000).await);
    assert_eq!(refused(scene.refund(&payment, "s-chg-1", 1).await), "API.340.100.014");
    assert_eq!(refused(scene.refund(&payment, "s-chg-9", 1).await), "API.310.100.003");

    let payment = scene.shop.charge("card", euro(10_000), "SO-3").unwrap();
    scene.sim.charge_back(&payment, "s-chg-1", euro(10_000)).unwrap();
    assert_eq!(refused(scene.refund(&payment, "s-chg-1", 1).await), "API.340.100.015");
}

#[tokio::test(start_paused = true)]
async fn capturing_too_much() {
    let scene = scene();
    let payment = scene.shop.authorize("card", euro(10_000), "SO-1").unwrap();
    assert_eq!(refused(scene.capture(&payment, 10_001).await), "API.330.100.007");
    done(scene.capture(&payment, 10_000).await);
    assert_eq!(refused(scene.capture(&payment, 1).await), "API.330.100.007");
    assert_eq!(refused(scene.capture("s-pay-99", 1).await), "API.310.100.003");
    assert_eq!(scene.sim.ledger(&payment).unwrap().captured, 10_000);
}

#[tokio::test(start_paused = true)]
async fn pay_later_is_reversed_only_before_the_first_capture() {
    let scene = scene();
    let payment = scene.shop.authorize("paylater-invoice", euro(10_000), "SO-1").unwrap();
    done(scene.capture(&payment, 1000).await);
    assert_eq!(refused(scene.reverse(&payment, 9000).await), "API.340.100.018");
    let over = scene.client.bare().refund(&payment, euro(1001), &RefundAt::Payment, None, "GS1 token").await;
    assert_eq!(refused(over), "API.340.100.017");
    let by_id = scene.shop.post(&format!("/v1/payments/{payment}/authorize/s-aut-1/cancels"), &json!({"amount": 1}));
    assert_eq!(by_id.unwrap_err(), "API.340.000.004");
}

#[tokio::test(start_paused = true)]
async fn secured_methods_want_a_reason_and_an_invoice() {
    let scene = scene();
    let payment = scene.shop.charge("invoice-secured", euro(10_000), "SO-1").unwrap();
    let at = ReverseAt::Claim { charge: "s-chg-1".to_owned() };
    assert_eq!(refused(scene.client.bare().reverse(&payment, euro(1), &at, None, "x").await), "API.340.100.024");
    let path = format!("/v1/payments/{payment}/shipments");
    assert_eq!(scene.shop.post(&path, &json!({})).unwrap_err(), "API.360.100.025");
    done(scene.client.bare().ship(&payment, "RE1").await);
    assert_eq!(refused(scene.refund(&payment, "s-chg-1", 1).await), "API.340.100.024");
    let Outcome::Refused(twice) = scene.client.bare().ship(&payment, "RE1").await else { panic!() };
    assert_eq!((twice.code.as_str(), twice.kind), ("COR.700.400.800", RefusalKind::AlreadySo));
}

#[tokio::test(start_paused = true)]
async fn c8_a_declined_capture_is_listed_and_takes_nothing() {
    let scene = scene();
    let payment = scene.shop.authorize("card", euro(10_000), "SO-1").unwrap();
    for (code, kind) in [("COR.800.100.151", RefusalKind::Hard), ("COR.800.100.153", RefusalKind::Soft)] {
        scene.sim.decline_next(&payment, code);
        let Outcome::Refused(refusal) = scene.capture(&payment, 100).await else { panic!() };
        assert_eq!((refusal.code.as_str(), refusal.kind), (code, kind));
    }
    let seen = scene.client.payment(&payment).await.unwrap();
    assert_eq!((seen.transactions.len(), seen.charged), (3, euro(0)));
    assert_eq!(done(scene.capture(&payment, 100).await).transaction.unwrap(), "charges/s-chg-3");
}

#[tokio::test(start_paused = true)]
async fn r16_a_refused_change_leaves_the_former_amount() {
    let scene = scene();
    let payment = scene.shop.authorize("paylater-direct-debit", euro(10_000), "SO-1").unwrap();
    scene.sim.decline_next(&payment, "SDM.LIMIT_EXCEEDED");
    assert_eq!(refused(scene.client.bare().change_authorization(&payment, euro(90_000)).await), "SDM.LIMIT_EXCEEDED");
    assert_eq!(scene.client.payment(&payment).await.unwrap().remaining, euro(10_000));
}

#[tokio::test(start_paused = true)]
async fn r16_a_new_authorisation_is_found_by_its_order_id() {
    let scene = scene();
    let old = scene.shop.authorize("card", euro(100), "SO-1").unwrap();
    let type_id = scene.client.resources(&old).await.unwrap().type_id.unwrap();
    let return_url = Url::parse("https://shop.example.org/").unwrap();
    let new = NewAuthorization {
        type_id: &type_id,
        customer_id: None,
        basket_id: None,
        amount: euro(5000),
        order_id: "4711-R1",
        return_url: &return_url,
    };
    let evidence = done(scene.client.bare().authorize(&new, "R1 token").await);
    let found = scene.client.payment_by_order_id("4711-R1").await.unwrap();
    assert_eq!(evidence.transaction.unwrap(), format!("payments/{}/authorize/s-aut-1", found.id));
    assert_eq!(found.remaining, euro(5000));
    assert!(matches!(scene.client.payment_by_order_id("4711-R2").await, Err(UnzerError::NotFound { .. })));
}

#[tokio::test(start_paused = true)]
async fn wrong_keys() {
    let scene = scene();
    let payment = scene.shop.authorize("card", euro(100), "SO-1").unwrap();
    for (key, code) in [("s-priv-unknown", "API.710.000.002"), ("s-pub-sandbox1", "API.710.000.003")] {
        let client = client_with(&scene, key);
        assert_eq!(client.payment(&payment).await, Err(UnzerError::Configuration { code: code.into() }));
        let Outcome::Refused(refusal) = client.bare().capture(&payment, euro(1), None, None, "x").await else {
            panic!()
        };
        assert_eq!(refusal.kind, RefusalKind::Configuration);
    }
    let bare = scene.sim.handle(&Method::GET, "/v1/keypair", &HeaderMap::new(), b"");
    assert_eq!(bare.status, 401);
}

#[tokio::test(start_paused = true)]
async fn r3_a_payment_answers_only_to_its_own_key_pair() {
    let scene = scene();
    scene.sim.add_merchant("s-pub-b", "s-priv-b", "B");
    let url = Url::parse("https://sbx-api.unzer.com").unwrap();
    let pairs = [scene.sim.key_pair(0).unwrap(), scene.sim.key_pair(1).unwrap()];
    let ring = KeyRing::new(&url, &pairs, &scene.sim.wire(), &scene.clock);
    let second = scene.sim.shop(1).authorize("card", euro(100), "SO-1").unwrap();

    let foreign = ring.client("s-pub-sandbox1").unwrap().payment(&second).await;
    assert_eq!(foreign, Err(UnzerError::OtherMerchant { code: "API.320.200.145".into() }));
    assert_eq!(ring.payment(&second, Hint::default()).await.unwrap().public_key, "s-pub-b");
    assert!(matches!(ring.payment("s-pay-99", Hint::default()).await, Err(UnzerError::NotFound { .. })));

    let alone = KeyRing::new(&url, &pairs[..1], &scene.sim.wire(), &scene.clock);
    assert!(matches!(alone.payment(&second, Hint::default()).await, Err(UnzerError::OtherMerchant { .. })));
    // A bad key beside a good one is no reason to believe that there is no such payment.
    let bad = KeyPair {
        public_key: "s-pub-bad".into(),
        private_key: SecretString::from("s-priv-bad".to_owned()),
        methods: vec![],
    };
    let mixed = KeyRing::new(&url, &[pairs[0].clone(), bad], &scene.sim.wire(), &scene.clock);
    assert!(matches!(mixed.payment("s-pay-99", Hint::default()).await, Err(UnzerError::Configuration { .. })));
}

#[tokio::test(start_paused = true)]
async fn the_likeliest_key_pair_is_asked_first_and_an_outage_asks_no_other() {
    let scene = scene();
    scene.sim.add_merchant("s-pub-b", "s-priv-b", "B");
    let url = Url::parse("https://sbx-api.unzer.com").unwrap();
    let mut pairs = [scene.sim.key_pair(0).unwrap(), scene.sim.key_pair(1).unwrap()];
    pairs[0].methods = vec!["piv".to_owned()];
    let ring = KeyRing::new(&url, &pairs, &scene.sim.wire(), &scene.clock);
    let payment = scene.sim.shop(1).authorize("card", euro(100), "SO-1").unwrap();
    let card = crate::unzer::MethodPrefix("crd".to_owned());
    let hints = [Hint { public_key: Some("s-pub-b"), method: None }, Hint { public_key: None, method: Some(&card) }];
    for hint in hints {
        // A second request would meet the fault.
        scene.sim.faults().plan(Matcher::nth(Peer::Unzer, "payment", 2), Fault::Status(503));
        assert_eq!(ring.payment(&payment, hint).await.unwrap().public_key, "s-pub-b");
        scene.sim.faults().clear();
    }
    scene.sim.faults().plan(Matcher::next(Peer::Unzer, "payment"), Fault::Status(503));
    let error = ring.payment(&payment, Hint::default()).await.unwrap_err();
    assert!(matches!(error, UnzerError::Passing { .. }), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn an_amount_that_is_nothing_never_leaves() {
    let scene = scene();
    let payment = scene.shop.authorize("card", euro(100), "SO-1").unwrap();
    for minor in [0, -1] {
        assert!(matches!(scene.capture(&payment, minor).await, Outcome::NotSent { .. }));
        assert!(matches!(scene.reverse(&payment, minor).await, Outcome::NotSent { .. }));
        assert!(matches!(scene.refund(&payment, "s-chg-1", minor).await, Outcome::NotSent { .. }));
    }
    for payment in ["", "..", "."] {
        assert!(matches!(scene.capture(payment, 100).await, Outcome::NotSent { .. }), "{payment}");
    }
    assert_eq!(scene.sim.ledger(&payment).unwrap().charges, []);
}

#[tokio::test(start_paused = true)]
async fn what_a_shop_may_leave_out_and_what_not() {
    let scene = scene();
    let card = scene.shop.create_type("card").unwrap();
    let secured = scene.shop.create_type("invoice-secured").unwrap();
    let later = scene.shop.create_type("paylater-invoice").unwrap();
    let polish = scene.shop.create_type("przelewy24").unwrap();
    let id = |value: Value| value["id"].as_str().unwrap().to_owned();
    let customer = id(scene.shop.post("/v1/customers", &json!({"lastname": "M"})).unwrap());
    let basket = id(scene.shop.post("/v1/baskets", &json!({"basketItems": []})).unwrap());
    let ask = |how: &str, resources: Value, change: Value| {
        let mut body =
            json!({"amount": "10.00", "currency": "EUR", "returnUrl": "https://s.example/", "resources": resources});
        body.as_object_mut().unwrap().extend(change.as_object().unwrap().clone());
        scene.shop.post(&format!("/v1/payments/{how}/"), &body).err().unwrap_or_default()
    };
    assert_eq!(ask("authorize", json!({"typeId": card}), json!({})), "");
    assert_eq!(ask("authorize", json!({"typeId": card}), json!({"returnUrl": ""})), "API.320.100.203");
    assert_eq!(ask("authorize", json!({}), json!({})), "API.320.200.143");
    assert_eq!(ask("authorize", json!({"typeId": "s-crd-none"}), json!({})), "API.500.100.001");
    assert_eq!(ask("authorize", json!({"typeId": card}), json!({"amount": ""})), "API.710.200.100");
    assert_eq!(ask("authorize", json!({"typeId": card}), json!({"amount": -1})), "API.500.300.999");
    assert_eq!(ask("authorize", json!({"typeId": later}), json!({})), "API.320.100.008");
    assert_eq!(ask("charges", json!({"typeId": secured}), json!({})), "API.330.100.008");
    assert_eq!(ask("charges", json!({"typeId": secured, "customerId": customer}), json!({})), "API.330.100.023");
    assert_eq!(ask("charges", json!({"typeId": polish}), json!({})), "API.330.100.202");
    let whole = json!({"typeId": secured, "customerId": customer, "basketId": basket});
    assert_eq!(ask("charges", whole.clone(), json!({})), "");
    assert_eq!(ask("charges", whole, json!({})), "API.330.200.152");
    let unknown = json!({"typeId": secured, "customerId": "s-cst-none", "basketId": basket});
    assert_eq!(ask("charges", unknown, json!({})), "API.410.100.100");
}

#[tokio::test(start_paused = true)]
async fn a_secured_debit_wants_one_address() {
    let scene = scene();
    let customer = json!({"billingAddress": {"street": "A 1", "zip": "1", "city": "X", "country": "DE"},
        "shippingAddress": {"street": "B 2", "zip": "1", "city": "X", "country": "DE"}});
    let shop = scene.shop.clone().selling_to(customer);
    assert_eq!(shop.charge("sepa-direct-debit-secured", euro(100), "SO-1").unwrap_err(), "API.330.100.106");
}

#[tokio::test(start_paused = true)]
async fn linked_resources_can_be_read() {
    let scene = scene();
    let payment = scene.shop.authorize("paylater-invoice", euro(10_000), "SO-1").unwrap();
    let resources = scene.client.resources(&payment).await.unwrap();
    let kind = scene.client.payment_type(&resources.type_id.unwrap()).await.unwrap();
    assert_eq!(kind.method, "paylater-invoice");
    let address = scene.client.customer_address(&resources.customer_id.unwrap()).await.unwrap().unwrap();
    assert_eq!(address.zip, "60386");
    assert_eq!(format!("{address:?}"), "DeliveryAddress(…)");
    let basket = scene.client.basket(&resources.basket_id.unwrap()).await.unwrap();
    assert_eq!(basket.total, Some(euro(10_000)));
    for missing in [
        scene.client.payment_type("s-crd-none").await.err(),
        scene.client.customer_address("s-cst-none").await.err(),
        scene.client.basket("s-bsk-none").await.err(),
    ] {
        assert!(matches!(missing, Some(UnzerError::NotFound { .. })), "{missing:?}");
    }
    let pair = scene.client.keypair().await.unwrap();
    assert_eq!(pair.public_key, "s-pub-sandbox1");
    assert!(pair.payment_types.iter().any(|kind| kind == "card"));
    assert!(scene.client.keypair_types().await.unwrap().iter().any(|kind| kind.currencies == ["PLN"]));
}

#[tokio::test(start_paused = true)]
async fn webhooks_are_registered_once_and_told() {
    let scene = scene();
    let url = Url::parse("https://daemon.example/hook").unwrap();
    let first = scene.client.create_webhook(&url, "payment").await.unwrap().unwrap();
    assert_eq!(scene.client.create_webhook(&url, "payment").await, Ok(None));
    scene.client.create_webhook(&url, "charge").await.unwrap();
    let payment = scene.shop.charge("prepayment", euro(100), "SO-1").unwrap();
    scene.sim.take_deliveries();
    scene.sim.receive_transfer(&payment, euro(100)).unwrap();
    let events: Vec<Value> =
        scene.sim.take_deliveries().iter().map(|message| serde_json::from_str(&message.body).unwrap()).collect();
    assert_eq!(events[0]["event"], "charge.succeeded");
    assert_eq!(events[1]["event"], "payment.completed");
    assert_eq!(events[1]["paymentId"], json!(payment));
    let moved = Url::parse("https://other.example/hook").unwrap();
    assert_eq!(scene.client.update_webhook(&first.id, &moved).await.unwrap().url, moved.as_str());
    scene.client.delete_webhook(&first.id).await.unwrap();
    scene.client.delete_webhook(&first.id).await.unwrap();
    assert_eq!(scene.client.webhooks().await.unwrap().len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_order_id_may_be_used_twice_and_finds_the_latest() {
    let scene = scene();
    scene.shop.authorize("card", euro(100), "SO 1/2").unwrap();
    let latest = scene.shop.authorize("card", euro(200), "SO 1/2").unwrap();
    assert_eq!(scene.client.payment_by_order_id("SO 1/2").await.unwrap().id, latest);
}

#[tokio::test(start_paused = true)]
async fn the_payment_level_refund_of_other_methods_lands_under_a_charge() {
    let scene = scene();
    let payment = scene.shop.authorize("card", euro(10_000), "SO-1").unwrap();
    done(scene.capture(&payment, 1000).await);
    done(scene.capture(&payment, 9000).await);
    done(scene.client.bare().refund(&payment, euro(5000), &RefundAt::Payment, Some(ReasonCode::Return), "GS1 x").await);
    assert_eq!(scene.sim.ledger(&payment).unwrap().refunds[0].path, "charges/s-chg-2/cancels/s-cnl-1");
}
