//! Whatever anybody asks for in whatever order, the books stay whole and no money comes from nowhere.

use proptest::prelude::*;

use super::*;
use crate::steps::ReasonCode;
use crate::unzer::{TransactionKind as Kind, TransactionStatus as Status};

#[derive(Debug, Clone)]
enum Act {
    Capture(i64),
    Reverse(i64),
    ReverseClaim(i64),
    Refund(u8, i64),
    RefundPayment(i64),
    Ship,
    Change(i64),
    Transfer(i64),
    Decline,
}

fn act() -> impl Strategy<Value = Act> {
    let amount = || prop_oneof![Just(1_i64), Just(10_000), 1..12_000_i64];
    prop_oneof![
        amount().prop_map(Act::Capture),
        amount().prop_map(Act::Reverse),
        amount().prop_map(Act::ReverseClaim),
        (1u8..5, amount()).prop_map(|(charge, minor)| Act::Refund(charge, minor)),
        amount().prop_map(Act::RefundPayment),
        Just(Act::Ship),
        amount().prop_map(Act::Change),
        amount().prop_map(Act::Transfer),
        Just(Act::Decline),
    ]
}

async fn perform(scene: &Scene, payment: &str, act: &Act) -> Option<Outcome> {
    let reason = Some(ReasonCode::Return);
    let client = &scene.client;
    Some(match act {
        Act::Capture(minor) => scene.capture(payment, *minor).await,
        Act::Reverse(minor) => {
            client.bare().reverse(payment, euro(*minor), &ReverseAt::Authorization, reason, "x token").await
        }
        Act::ReverseClaim(minor) => {
            let at = ReverseAt::Claim { charge: "s-chg-1".to_owned() };
            client.bare().reverse(payment, euro(*minor), &at, reason, "x token").await
        }
        Act::Refund(charge, minor) => {
            let at = RefundAt::Charge { charge: format!("s-chg-{charge}") };
            client.bare().refund(payment, euro(*minor), &at, reason, "GS1 token").await
        }
        Act::RefundPayment(minor) => {
            client.bare().refund(payment, euro(*minor), &RefundAt::Payment, reason, "GS1 token").await
        }
        Act::Ship => client.bare().ship(payment, "RE1").await,
        Act::Change(minor) => client.bare().change_authorization(payment, euro(*minor)).await,
        Act::Transfer(minor) => {
            let _ = scene.sim.receive_transfer(payment, euro(*minor));
            return None;
        }
        Act::Decline => {
            scene.sim.decline_next(payment, "COR.800.100.153");
            return None;
        }
    })
}

async fn run(slug: &str, acts: &[Act]) {
    let scene = scene();
    let payment =
        scene.shop.authorize(slug, euro(10_000), "SO-1").or_else(|_| scene.shop.charge(slug, euro(10_000), "SO-1"));
    let payment = payment.unwrap();
    let takes_transfers = matches!(slug, "prepayment" | "invoice");
    for act in acts.iter().filter(|act| takes_transfers || !matches!(act, Act::Transfer(_))) {
        let before = scene.sim.ledger(&payment).unwrap();
        let outcome = perform(&scene, &payment, act).await;
        let after = scene.sim.ledger(&payment).unwrap();
        if let Some(Outcome::Refused(_)) = outcome {
            assert_eq!(before, after, "{slug} {act:?}: a refusal moves nothing");
        }
        assert!(after.refunded + after.charged_back <= after.captured, "{slug} {act:?}: {after:?}");
        if after.authorized > 0 {
            assert!(after.captured + after.reversed <= after.authorized, "{slug} {act:?}: {after:?}");
        }
        let seen = scene.client.payment(&payment).await.unwrap();
        let net: i64 = seen
            .transactions
            .iter()
            .filter(|transaction| transaction.status == Status::Success)
            .map(|transaction| match transaction.kind {
                Kind::Charge => transaction.amount.minor,
                Kind::CancelCharge => -transaction.amount.minor,
                // A claim lowered before it came due is charged that much less.
                Kind::CancelAuthorize if slug == "invoice-secured" && after.captured > 0 => -transaction.amount.minor,
                _ => 0,
            })
            .sum();
        assert_eq!(seen.charged.minor, net, "{slug} {act:?}: what is listed adds up to what is charged");
        let mut paths: Vec<_> = seen.transactions.iter().map(|transaction| &transaction.path).collect();
        paths.sort();
        paths.dedup();
        assert_eq!(paths.len(), seen.transactions.len(), "{slug} {act:?}: every transaction has a name of its own");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn the_books_stay_whole(acts in proptest::collection::vec(act(), 1..14)) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        for slug in ["card", "paypal", "sofort", "prepayment", "invoice", "invoice-secured", "paylater-invoice", "paylater-installment"] {
            runtime.block_on(run(slug, &acts));
        }
    }
}
