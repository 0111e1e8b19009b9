//! Every row of the capability table (`unzer/NOTES` 4), tried out.

use super::*;
use crate::steps::ReasonCode;

const OK: &str = "";
/// No way to get there with this method.
const NA: &str = "-";

/// What a method answers to: authorize, direct charge, partial capture, second capture, partial reversal, rest of the
/// reversal, partial refund, rest of the refund, shipment.
struct Row {
    slug: &'static str,
    authorize: &'static str,
    charge: &'static str,
    captures: &'static str,
    reversals: &'static str,
    refunds: &'static str,
    shipment: &'static str,
}

const fn row(
    slug: &'static str,
    [authorize, charge, captures, reversals, refunds, shipment]: [&'static str; 6],
) -> Row {
    Row { slug, authorize, charge, captures, reversals, refunds, shipment }
}

const NO_AUT: &str = "API.320.000.004";
const NO_CHG: &str = "API.330.000.004";
const NO_CNL: &str = "API.340.000.004";
const NO_SHP: &str = "API.360.000.004";
const INSURED: &str = "COR.700.400.800";

const ROWS: [Row; 20] = [
    row("card", [OK, OK, OK, OK, OK, NO_SHP]),
    row("applepay", [OK, OK, OK, OK, OK, NO_SHP]),
    row("paypal", [OK, OK, OK, OK, OK, NO_SHP]),
    row("sofort", [NO_AUT, OK, NA, NO_CNL, OK, NO_SHP]),
    row("eps", [NO_AUT, OK, NA, NO_CNL, OK, NO_SHP]),
    row("ideal", [NO_AUT, OK, NA, NO_CNL, OK, NO_SHP]),
    row("alipay", [NO_AUT, OK, NA, NO_CNL, OK, NO_SHP]),
    row("przelewy24", [NO_AUT, OK, NA, NO_CNL, OK, NO_SHP]),
    row("giropay", [NO_AUT, NO_CHG, NA, NO_CNL, NO_CNL, NO_SHP]),
    row("sepa-direct-debit", [NO_AUT, OK, NA, NO_CNL, OK, NO_SHP]),
    row("sepa-direct-debit-secured", [NO_AUT, OK, NA, NO_CNL, OK, INSURED]),
    row("sepa-direct-debit-guaranteed", [NO_AUT, OK, NA, NO_CNL, OK, INSURED]),
    row("prepayment", [NO_AUT, OK, NA, OK, OK, NO_SHP]),
    row("invoice", [NO_AUT, OK, NA, OK, OK, NO_SHP]),
    row("invoice-secured", [NO_AUT, OK, NA, OK, OK, OK]),
    row("invoice-guaranteed", [NO_AUT, OK, NA, OK, OK, OK]),
    row("invoice-factoring", [NO_AUT, OK, NA, OK, OK, OK]),
    row("paylater-invoice", [OK, NO_CHG, OK, OK, OK, NO_SHP]),
    row("paylater-installment", [OK, NO_CHG, OK, OK, OK, NO_SHP]),
    row("paylater-direct-debit", [OK, NO_CHG, OK, OK, OK, NO_SHP]),
];

fn total(slug: &str) -> Money {
    let currency = if slug == "przelewy24" { "PLN".parse().unwrap() } else { Currency::EUR };
    currency.of(10_000)
}

fn part(slug: &str, minor: i64) -> Money {
    total(slug).currency.of(minor)
}

fn code(outcome: &Outcome) -> &str {
    match outcome {
        Outcome::Done(_) => OK,
        Outcome::Refused(refusal) => &refusal.code,
        other => panic!("{other:?}"),
    }
}

fn is_claim(slug: &str) -> bool {
    slug == "prepayment" || slug.starts_with("invoice")
}

/// A payment with its money still open: authorised, or a claim, or whatever the method has.
fn open_payment(scene: &Scene, slug: &str) -> String {
    let authorized = scene.shop.authorize(slug, total(slug), "SO-1");
    authorized.or_else(|_| scene.shop.charge(slug, total(slug), "SO-1")).unwrap_or_else(|_| {
        let old = scene.shop.create_type(slug).unwrap();
        scene.sim.charge_of_old(&old, total(slug), "SO-1").unwrap()
    })
}

#[tokio::test(start_paused = true)]
async fn how_each_method_begins() {
    for row in ROWS {
        let scene = scene();
        let code = |result: Result<String, String>| result.err().unwrap_or_default();
        assert_eq!(code(scene.shop.authorize(row.slug, total(row.slug), "SO-1")), row.authorize, "{}", row.slug);
        assert_eq!(code(scene.shop.charge(row.slug, total(row.slug), "SO-2")), row.charge, "{}", row.slug);
    }
}

#[tokio::test(start_paused = true)]
async fn what_each_method_lets_capture() {
    for row in ROWS.iter().filter(|row| row.captures == OK) {
        let scene = scene();
        let payment = open_payment(&scene, row.slug);
        for minor in [4000, 6000] {
            assert_eq!(code(&scene.capture(&payment, minor).await), OK, "{}", row.slug);
        }
        assert_eq!(code(&scene.capture(&payment, 1).await), "API.330.100.007", "{}", row.slug);
    }
    for row in ROWS.iter().filter(|row| row.captures == NA) {
        let scene = scene();
        let payment = open_payment(&scene, row.slug);
        let outcome = scene.client.bare().capture(&payment, part(row.slug, 100), None, None, "RE1 token").await;
        assert_eq!(code(&outcome), NO_CHG, "{}", row.slug);
    }
}

#[tokio::test(start_paused = true)]
async fn what_each_method_lets_reverse() {
    for row in ROWS {
        let scene = scene();
        let payment = open_payment(&scene, row.slug);
        let at = if is_claim(row.slug) {
            ReverseAt::Claim { charge: "s-chg-1".to_owned() }
        } else {
            ReverseAt::Authorization
        };
        for minor in [4000, 6000] {
            let reason = Some(ReasonCode::Cancel);
            let outcome = scene.client.bare().reverse(&payment, part(row.slug, minor), &at, reason, "x token").await;
            assert_eq!(code(&outcome), row.reversals, "{} {minor}", row.slug);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_each_method_lets_refund_and_in_which_form() {
    for row in ROWS {
        let scene = scene();
        let payment = open_payment(&scene, row.slug);
        let is_pay_later = row.slug.starts_with("paylater");
        let mut charge = "s-chg-1";
        if row.captures == OK {
            done(scene.capture(&payment, 10_000).await);
        } else if row.shipment == OK {
            done(scene.client.bare().ship(&payment, "RE1").await);
        } else if is_claim(row.slug) {
            scene.sim.receive_transfer(&payment, total(row.slug)).unwrap();
            charge = "s-chg-2";
        }
        let by_charge = RefundAt::Charge { charge: charge.to_owned() };
        let (right, wrong) = if is_pay_later { (RefundAt::Payment, Some(by_charge)) } else { (by_charge, None) };
        let reason = Some(ReasonCode::Return);
        if let Some(wrong) = wrong {
            let outcome = scene.client.bare().refund(&payment, euro(100), &wrong, reason, "GS1 token").await;
            assert_eq!(code(&outcome), NO_CNL, "{}", row.slug);
        }
        for minor in [4000, 6000] {
            let outcome =
                scene.client.bare().refund(&payment, part(row.slug, minor), &right, reason, "GS1 token").await;
            assert_eq!(code(&outcome), row.refunds, "{} {minor}", row.slug);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_shipment_notice_does_for_each_method() {
    for row in ROWS {
        let scene = scene();
        let payment = open_payment(&scene, row.slug);
        assert_eq!(code(&scene.client.bare().ship(&payment, "RE1").await), row.shipment, "{}", row.slug);
    }
}

#[tokio::test(start_paused = true)]
async fn who_may_change_an_authorisation() {
    for (slug, expected) in [
        ("paylater-invoice", OK),
        ("paylater-installment", OK),
        ("paylater-direct-debit", OK),
        ("paypal", OK),
        ("card", NO_AUT),
        ("prepayment", NO_AUT),
    ] {
        let scene = scene();
        let payment = open_payment(&scene, slug);
        assert_eq!(code(&scene.client.bare().change_authorization(&payment, euro(12_000)).await), expected, "{slug}");
        if expected == OK {
            assert_eq!(scene.client.payment(&payment).await.unwrap().remaining, euro(12_000));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn every_method_has_a_row_here() {
    let beyond = ["googlepay"];
    for method in super::super::methods::METHODS {
        assert!(beyond.contains(&method.slug) || ROWS.iter().any(|row| row.slug == method.slug), "{}", method.slug);
    }
}
