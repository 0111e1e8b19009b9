//! Amounts and states after each story (`unzer/NOTES` 3.3, 3.4), read through the client.

use super::*;
use crate::unzer::{PaymentState, TransactionKind as Kind, TransactionStatus as Status};

/// remaining, charged, total, canceled, state.
type Picture = (i64, i64, i64, i64, PaymentState);

async fn picture(scene: &Scene, payment: &str) -> Picture {
    let seen = scene.client.payment(payment).await.unwrap();
    (seen.remaining.minor, seen.charged.minor, seen.total.minor, seen.canceled.minor, seen.state)
}

fn authorized(scene: &Scene) -> String {
    scene.shop.authorize("card", euro(10_000), "SO-1").unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_authorisation_leaves_the_payment_pending() {
    let scene = scene();
    let payment = authorized(&scene);
    assert_eq!(picture(&scene, &payment).await, (10_000, 0, 10_000, 0, PaymentState::Pending));
}

#[tokio::test(start_paused = true)]
async fn reversals_lower_the_total() {
    let scene = scene();
    let payment = authorized(&scene);
    done(scene.reverse(&payment, 1000).await);
    assert_eq!(picture(&scene, &payment).await, (9000, 0, 9000, 0, PaymentState::Pending));
    done(scene.reverse(&payment, 9000).await);
    assert_eq!(picture(&scene, &payment).await, (0, 0, 0, 0, PaymentState::Canceled));
}

#[tokio::test(start_paused = true)]
async fn captures_and_refunds_leave_the_total() {
    let scene = scene();
    let payment = authorized(&scene);
    done(scene.capture(&payment, 1000).await);
    assert_eq!(picture(&scene, &payment).await, (9000, 1000, 10_000, 0, PaymentState::Partly));
    done(scene.capture(&payment, 9000).await);
    assert_eq!(picture(&scene, &payment).await, (0, 10_000, 10_000, 0, PaymentState::Completed));
    done(scene.refund(&payment, "s-chg-1", 1000).await);
    assert_eq!(picture(&scene, &payment).await, (0, 9000, 10_000, 1000, PaymentState::Completed));
    done(scene.refund(&payment, "s-chg-2", 9000).await);
    assert_eq!(picture(&scene, &payment).await, (0, 0, 10_000, 10_000, PaymentState::Canceled));
}

#[tokio::test(start_paused = true)]
async fn a_reversal_after_a_part_was_captured() {
    let scene = scene();
    let payment = authorized(&scene);
    done(scene.capture(&payment, 2500).await);
    done(scene.reverse(&payment, 2000).await);
    assert_eq!(picture(&scene, &payment).await, (5500, 2500, 8000, 0, PaymentState::Partly));
}

#[tokio::test(start_paused = true)]
async fn a_refund_between_captures() {
    let scene = scene();
    let payment = authorized(&scene);
    done(scene.capture(&payment, 1000).await);
    done(scene.capture(&payment, 1000).await);
    done(scene.refund(&payment, "s-chg-1", 1000).await);
    assert_eq!(picture(&scene, &payment).await, (8000, 1000, 10_000, 1000, PaymentState::Partly));
}

#[tokio::test(start_paused = true)]
async fn everything_given_back_after_half_was_captured() {
    let scene = scene();
    let payment = authorized(&scene);
    done(scene.capture(&payment, 5000).await);
    done(scene.refund(&payment, "s-chg-1", 5000).await);
    done(scene.reverse(&payment, 5000).await);
    assert_eq!(picture(&scene, &payment).await, (0, 0, 5000, 5000, PaymentState::Canceled));
}

#[tokio::test(start_paused = true)]
async fn a_chargeback_and_its_reversal() {
    let scene = scene();
    let payment = scene.shop.charge("card", euro(100), "SO-1").unwrap();
    scene.sim.charge_back(&payment, "s-chg-1", euro(100)).unwrap();
    assert_eq!(picture(&scene, &payment).await, (0, 0, 100, 100, PaymentState::Chargeback));
    scene.sim.reverse_chargeback(&payment, "s-chg-1", euro(100)).unwrap();
    assert_eq!(picture(&scene, &payment).await, (0, 100, 100, 0, PaymentState::Completed));
    let seen = scene.client.payment(&payment).await.unwrap();
    let kinds: Vec<_> = seen.transactions.iter().map(|t| (t.kind, t.parent.as_deref())).collect();
    assert_eq!(
        kinds,
        [(Kind::Charge, None), (Kind::Chargeback, Some("s-chg-1")), (Kind::ChargebackReversal, Some("s-chg-1"))]
    );
}

#[tokio::test(start_paused = true)]
async fn transfers_come_as_further_charges_beside_the_claim() {
    let scene = scene();
    let payment = scene.shop.charge("prepayment", euro(10_000), "SO-1").unwrap();
    assert_eq!(picture(&scene, &payment).await, (10_000, 0, 10_000, 0, PaymentState::Pending));
    assert_eq!(scene.sim.receive_transfer(&payment, euro(4000)).unwrap(), "charges/s-chg-2");
    assert_eq!(picture(&scene, &payment).await, (6000, 4000, 10_000, 0, PaymentState::Partly));
    scene.sim.receive_transfer(&payment, euro(6500)).unwrap();
    assert_eq!(picture(&scene, &payment).await, (0, 10_500, 10_000, 0, PaymentState::PaymentReview));
    done(scene.refund(&payment, "s-chg-3", 500).await);
    assert_eq!(picture(&scene, &payment).await, (0, 10_000, 10_000, 500, PaymentState::Completed));
    let claim = &scene.client.payment(&payment).await.unwrap().transactions[0];
    assert_eq!((claim.id.as_str(), claim.status), ("s-chg-1", Status::Pending));
}

#[tokio::test(start_paused = true)]
async fn a_lowered_claim_is_listed_as_a_reversal_under_the_charge() {
    let scene = scene();
    let payment = scene.shop.charge("invoice", euro(10_000), "SO-1").unwrap();
    let at = ReverseAt::Claim { charge: "s-chg-1".to_owned() };
    for minor in [3000, 7000] {
        done(scene.client.bare().reverse(&payment, euro(minor), &at, None, "x token").await);
    }
    let seen = scene.client.payment(&payment).await.unwrap();
    assert_eq!(seen.transactions[1].kind, Kind::CancelAuthorize);
    assert_eq!(seen.transactions[2].path, "charges/s-chg-1/cancels/s-cnl-2");
    assert_eq!(picture(&scene, &payment).await, (0, 0, 0, 0, PaymentState::Canceled));
}

#[tokio::test(start_paused = true)]
async fn c5_a_shipment_notice_completes_an_insured_claim() {
    let scene = scene();
    let payment = scene.shop.charge("invoice-secured", euro(10_000), "SO-1").unwrap();
    let at = ReverseAt::Claim { charge: "s-chg-1".to_owned() };
    let reason = Some(crate::steps::ReasonCode::Cancel);
    done(scene.client.bare().reverse(&payment, euro(2000), &at, reason, "x token").await);
    done(scene.client.bare().ship(&payment, "RE1").await);
    assert_eq!(picture(&scene, &payment).await, (0, 8000, 8000, 0, PaymentState::Completed));
    let refund = RefundAt::Charge { charge: "s-chg-1".to_owned() };
    let reason = Some(crate::steps::ReasonCode::Return);
    done(scene.client.bare().refund(&payment, euro(8000), &refund, reason, "GS1 token").await);
    assert_eq!(picture(&scene, &payment).await, (0, 0, 8000, 8000, PaymentState::Canceled));
}

#[tokio::test(start_paused = true)]
async fn cancels_count_under_their_parents_and_are_found_by_their_reference() {
    let scene = scene();
    let payment = authorized(&scene);
    done(scene.capture(&payment, 1000).await);
    done(scene.capture(&payment, 1000).await);
    for charge in ["s-chg-1", "s-chg-2"] {
        let evidence = done(scene.refund(&payment, charge, 100).await);
        assert_eq!(evidence.transaction.unwrap(), format!("charges/{charge}/cancels/s-cnl-1"));
    }
    done(scene.reverse(&payment, 100).await);
    let seen = scene.client.payment(&payment).await.unwrap();
    for transaction in &seen.transactions {
        let single = scene.client.transaction(&payment, &transaction.path).await.unwrap();
        let expected = match transaction.kind {
            Kind::Charge => Some("RE1 token"),
            Kind::CancelCharge => Some("GS1 token"),
            Kind::CancelAuthorize => Some("cancel token"),
            _ => None,
        };
        assert_eq!(single.detail.payment_reference.as_deref(), expected, "{}", transaction.path);
        assert_eq!(single.amount, Some(transaction.amount));
        assert_eq!(single.status, Status::Success);
    }
    let single = scene.client.transaction(&payment, "charges/s-chg-1").await.unwrap();
    assert_eq!(single.detail.invoice_id.as_deref(), Some("RE1"));
    assert!(single.detail.unique_id.is_some() && single.short_id.is_some());
}

#[tokio::test(start_paused = true)]
async fn what_a_person_does_in_the_portal_is_seen() {
    let scene = scene();
    let payment = authorized(&scene);
    let captured = scene.sim.portal_capture(&payment, euro(3000)).unwrap();
    let refunded = scene.sim.portal_refund(&payment, Some("s-chg-1"), euro(1000)).unwrap();
    scene.sim.portal_reverse(&payment, euro(500)).unwrap();
    assert_eq!(picture(&scene, &payment).await, (6500, 2000, 9500, 1000, PaymentState::Partly));
    for path in [captured, refunded] {
        let single = scene.client.transaction(&payment, &path).await.unwrap();
        assert_eq!(single.detail.payment_reference, None);
    }
    assert_eq!(scene.sim.portal_capture(&payment, euro(99_999)).unwrap_err(), "API.330.100.007");
}

#[tokio::test(start_paused = true)]
async fn an_expired_authorisation_shows_or_shows_only_when_used() {
    let scene = scene();
    let (shown, hidden) = (authorized(&scene), authorized(&scene));
    scene.sim.expire_authorization(&shown).unwrap();
    scene.sim.expire_silently(&hidden).unwrap();
    assert_eq!(picture(&scene, &shown).await.0, 0);
    assert_eq!(picture(&scene, &hidden).await.0, 10_000);
    for payment in [shown, hidden] {
        assert_eq!(refused(scene.capture(&payment, 100).await), "API.330.000.004");
    }
}

#[tokio::test(start_paused = true)]
async fn r4_a_buyer_who_is_away_leaves_the_payment_pending_until_they_return() {
    let scene = scene();
    let stays = scene.shop.charge_and_wait("sofort", euro(100), "SO-1").unwrap();
    let fails = scene.shop.charge_and_wait("paypal", euro(100), "SO-2").unwrap();
    let status = async |payment: &str| scene.client.payment(payment).await.unwrap().transactions[0].status;
    assert_eq!(status(&stays).await, Status::Pending);
    scene.sim.finish_redirect(&stays, None).unwrap();
    assert_eq!(status(&stays).await, Status::Success);
    scene.sim.finish_redirect(&fails, Some("COR.800.100.152")).unwrap();
    assert_eq!(status(&fails).await, Status::Error);
    assert_eq!(picture(&scene, &fails).await.1, 0);
}

#[tokio::test(start_paused = true)]
async fn bank_data_stands_where_each_method_tells_it() {
    let scene = scene();
    let prepaid = scene.shop.charge("prepayment", euro(100), "SO-1").unwrap();
    let later = scene.shop.authorize("paylater-invoice", euro(100), "SO-2").unwrap();
    let card = scene.shop.authorize("card", euro(100), "SO-3").unwrap();
    assert!(scene.client.transaction(&prepaid, "charges/s-chg-1").await.unwrap().bank.is_some());
    assert!(scene.client.transaction(&later, "authorize/s-aut-1").await.unwrap().bank.is_some());
    assert!(scene.client.transaction(&card, "authorize").await.unwrap().bank.is_none());
}

#[tokio::test(start_paused = true)]
async fn the_books_show_what_was_asked_for() {
    let scene = scene();
    let payment = authorized(&scene);
    done(scene.capture(&payment, 6000).await);
    done(scene.refund(&payment, "s-chg-1", 1000).await);
    done(scene.reverse(&payment, 500).await);
    let ledger = scene.sim.ledger(&payment).unwrap();
    assert_eq!((ledger.authorized, ledger.captured, ledger.refunded, ledger.reversed), (10_000, 6000, 1000, 500));
    assert_eq!((ledger.charges[0].invoice_id.as_str(), ledger.charges[0].reference.as_str()), ("RE1", "RE1 token"));
    assert_eq!(ledger.refunds[0].reference, "GS1 token");
    assert_eq!(scene.sim.all_ledgers(), [ledger]);
}

#[tokio::test(start_paused = true)]
async fn two_runs_give_the_same_ids() {
    let run = || {
        let scene = scene();
        let payment = authorized(&scene);
        let seen = scene.sim.ledger(&payment).unwrap();
        (payment, seen)
    };
    assert_eq!(run(), run());
}

#[tokio::test(start_paused = true)]
async fn currencies_without_decimals_keep_their_amounts() {
    let scene = scene();
    let yen: Currency = "JPY".parse().unwrap();
    let payment = scene.shop.authorize("card", yen.of(1200), "SO-1").unwrap();
    done(scene.client.bare().capture(&payment, yen.of(1200), None, None, "RE1 token").await);
    let seen = scene.client.payment(&payment).await.unwrap();
    assert_eq!((seen.charged, seen.remaining), (yen.of(1200), yen.of(0)));
}
