//! 3.3: whole orders and single lines, for every group in both modes.

use std::time::Duration;

use super::{plays, plays_in_both_modes};
use crate::config::Mode;
use crate::sandbox::stage::{Astray, Stage, Told};
use crate::unzer::Group;

const AUTH: [&str; 3] = ["card", "paypal", "applepay"];
const PAID: [&str; 7] = [
    "sofort",
    "eps",
    "ideal",
    "alipay",
    "sepa-direct-debit",
    "sepa-direct-debit-secured",
    "sepa-direct-debit-guaranteed",
];
const SECURED: [&str; 3] = ["invoice-secured", "invoice-guaranteed", "invoice-factoring"];
const PAY_LATER: [&str; 3] = ["paylater-invoice", "paylater-installment", "paylater-direct-debit"];

/// Sold for 55.00 and let go, then the whole order is cancelled: ends so.
async fn whole(stage: Stage, slug: &str, captured: i64, refunded: i64, reversed: i64) -> Told {
    let sold = stage.sell(slug, &[30_00, 20_00], 5_00)?;
    stage.released(sold.nr).await?;
    stage.cancel_all(sold.nr)?;
    stage.ends_with(&sold.payment, captured, refunded, reversed).await?;
    stage.same("bookings", &stage.world.pixi.bookings().len(), &0)
}

/// Sold for 60.00, one line of 15.00 cancelled, the rest shipped and booked: ends so.
async fn one_line(stage: Stage, slug: &str, captured: i64, refunded: i64, reversed: i64) -> Told {
    let sold = stage.sell(slug, &[40_00, 15_00], 5_00)?;
    stage.released(sold.nr).await?;
    stage.cancel(sold.nr, &[1])?;
    stage.pause(Duration::from_mins(10)).await;
    // Nothing before the order is closed.
    let ledger = stage.ledger(&sold.payment)?;
    stage.same("given back while open", &(ledger.refunded, ledger.reversed), &(0, 0))?;
    let invoice = stage.ship(sold.nr, &[0])?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, captured, refunded, reversed).await?;
    stage.booked_once(&invoice, 45_00)
}

#[tokio::test(start_paused = true)]
async fn cancelled_auth_expert_reverses_what_is_authorised() {
    for slug in AUTH {
        plays(Mode::Expert, |stage| whole(stage, slug, 0, 0, 55_00)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_auth_standard_pays_back_what_was_taken() {
    for slug in AUTH {
        plays(Mode::Standard, |stage| whole(stage, slug, 55_00, 55_00, 0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_auth_reverses_the_rest_and_pays_back_the_net() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.authorize("card", &[50_00], 0)?;
        stage.world.unzer.portal_capture(&sold.payment, stage.money(20_00))?;
        // Cancelled before the daemon has seen it.
        stage.cancel_all(sold.nr)?;
        stage.ends_with(&sold.payment, 20_00, 20_00, 30_00).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn cancelled_paid_pays_back_what_was_paid_in_the_shop() {
    for slug in PAID {
        plays_in_both_modes(|stage| whole(stage, slug, 55_00, 55_00, 0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_transfer_cancelled_secured_reverses_the_claim() {
    for slug in ["prepayment", "invoice"].into_iter().chain(SECURED) {
        plays_in_both_modes(|stage| whole(stage, slug, 0, 0, 55_00)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_transfer_pays_back_the_receipts_and_reverses_the_rest_of_the_claim() {
    for slug in ["prepayment", "invoice"] {
        plays_in_both_modes(|stage| async move {
            let sold = stage.sell(slug, &[55_00], 0)?;
            stage.transfer(&sold.payment, 10_00)?;
            stage.transfer(&sold.payment, 20_00)?;
            stage.released(sold.nr).await?;
            stage.cancel_all(sold.nr)?;
            stage.ends_with(&sold.payment, 30_00, 30_00, 25_00).await?;
            // Late money goes back as well.
            stage.transfer(&sold.payment, 25_00)?;
            stage.ends_with(&sold.payment, 55_00, 55_00, 25_00).await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_secured_after_the_notice_pays_the_claim_back() {
    for slug in SECURED {
        plays_in_both_modes(|stage| async move {
            let sold = stage.sell(slug, &[55_00], 0)?;
            stage.released(sold.nr).await?;
            let path = format!("/v1/payments/{}/shipments", sold.payment);
            stage.shop().post(&path, &serde_json::json!({"invoiceId": "by hand"}))?;
            stage.cancel_all(sold.nr)?;
            stage.ends_with(&sold.payment, 55_00, 55_00, 0).await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_paylater_before_the_first_capture_is_reversed() {
    for slug in PAY_LATER {
        plays_in_both_modes(|stage| whole(stage, slug, 0, 0, 55_00)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_paylater_after_a_capture_is_a_problem() {
    for slug in PAY_LATER {
        plays_in_both_modes(|stage| async move {
            let sold = stage.authorize(slug, &[55_00], 0)?;
            stage.released(sold.nr).await?;
            stage.world.unzer.portal_capture(&sold.payment, stage.money(10_00))?;
            stage.cancel_all(sold.nr)?;
            stage.commented(sold.nr, "PP-1501").await?;
            stage.ends_with(&sold.payment, 10_00, 0, 0).await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_auth_cancelled_paid_cancelled_transfer_cancelled_secured_cancelled_paylater_refused_is_a_problem() {
    for (slug, call, number) in [
        ("card", "reverse", "PP-1503"),
        ("paylater-invoice", "reverse", "PP-1503"),
        ("eps", "refund", "PP-1502"),
        ("prepayment", "reverse", "PP-1508"),
        ("invoice", "reverse", "PP-1508"),
        ("invoice-secured", "reverse", "PP-1508"),
    ] {
        plays(Mode::Expert, |stage| async move {
            let sold = stage.sell(slug, &[55_00], 0)?;
            stage.released(sold.nr).await?;
            stage.world.unzer.refuse_next(&sold.payment, call, "API.340.000.004");
            stage.cancel_all(sold.nr)?;
            stage.commented(sold.nr, number).await?;
            stage.pause(Duration::from_mins(30)).await;
            let ledger = stage.ledger(&sold.payment)?;
            stage.same(slug, &(ledger.refunded, ledger.reversed), &(0, 0))
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_auth_cancelled_paid_by_hand_at_unzer_is_taken_for_ours() {
    plays(Mode::Expert, |stage| async move {
        let sold = stage.authorize("card", &[55_00], 0)?;
        stage.released(sold.nr).await?;
        stage.cancel_all(sold.nr)?;
        stage.world.unzer.portal_reverse(&sold.payment, stage.money(55_00))?;
        stage.ends_with(&sold.payment, 0, 0, 55_00).await
    })
    .await;
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("eps", &[55_00], 0)?;
        stage.released(sold.nr).await?;
        stage.cancel_all(sold.nr)?;
        stage.world.unzer.portal_refund(&sold.payment, Some("s-chg-1"), stage.money(55_00))?;
        stage.ends_with(&sold.payment, 55_00, 55_00, 0).await?;
        let comments = stage.order(sold.nr)?.comments;
        stage.same("problems", &comments.iter().filter(|comment| comment.text.contains("PP-")).count(), &0)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn cancellation_auth_expert_reverses_the_rest() {
    for slug in AUTH {
        plays(Mode::Expert, |stage| one_line(stage, slug, 45_00, 0, 15_00)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancellation_auth_standard_pays_it_back() {
    for slug in AUTH {
        plays(Mode::Standard, |stage| one_line(stage, slug, 60_00, 15_00, 0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancellation_paid_in_the_shop_pays_it_back() {
    for slug in PAID {
        plays_in_both_modes(|stage| one_line(stage, slug, 60_00, 15_00, 0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancellation_secured_lowers_the_claim_at_the_close() {
    for slug in SECURED {
        plays_in_both_modes(|stage| one_line(stage, slug, 45_00, 0, 15_00)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancellation_paylater_sends_nothing() {
    for slug in PAY_LATER {
        plays_in_both_modes(|stage| one_line(stage, slug, 45_00, 0, 0)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancellation_transfer_of_a_line_that_was_not_paid_lowers_the_claim() {
    for (slug, group) in [("prepayment", Group::Wait), ("invoice", Group::Invoice)] {
        plays_in_both_modes(|stage| async move {
            let sold = stage.sell(slug, &[40_00, 15_00], 5_00)?;
            stage.released(sold.nr).await?;
            stage.cancel(sold.nr, &[1])?;
            stage.pause(Duration::from_mins(10)).await;
            stage.moved(&sold.payment, 0, 0, 0)?;
            let invoice = if group == Group::Wait {
                // With the money the claim falls to what is left.
                stage.transfer(&sold.payment, 45_00)?;
                stage.unlocks(sold.nr).await?;
                stage.ship(sold.nr, &[0])?
            } else {
                // With the close it does.
                let invoice = stage.ship(sold.nr, &[0])?;
                stage.until("the claim falls", |stage| stage.moved(&sold.payment, 0, 0, 15_00).is_ok()).await?;
                stage.transfer(&sold.payment, 45_00)?;
                invoice
            };
            stage.booked(&invoice).await?;
            stage.ends_with(&sold.payment, 45_00, 0, 15_00).await?;
            stage.booked_once(&invoice, 45_00)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancellation_transfer_of_a_line_that_was_paid_goes_back_from_the_receipts() {
    for slug in ["prepayment", "invoice"] {
        plays_in_both_modes(|stage| async move {
            let sold = stage.sell(slug, &[40_00, 15_00], 5_00)?;
            stage.transfer(&sold.payment, 60_00)?;
            stage.released(sold.nr).await?;
            stage.cancel(sold.nr, &[1])?;
            stage.until("it is paid back", |stage| stage.moved(&sold.payment, 60_00, 15_00, 0).is_ok()).await?;
            let invoice = stage.ship(sold.nr, &[0])?;
            stage.booked(&invoice).await?;
            stage.ends_with(&sold.payment, 60_00, 15_00, 0).await?;
            stage.booked_once(&invoice, 45_00)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancellation_transfer_of_a_line_that_was_paid_in_part_takes_the_open_claim_first() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("invoice", &[40_00, 20_00], 0)?;
        stage.released(sold.nr).await?;
        stage.transfer(&sold.payment, 50_00)?;
        stage.cancel(sold.nr, &[1])?;
        let invoice = stage.ship(sold.nr, &[0])?;
        stage.booked(&invoice).await?;
        stage.ends_with(&sold.payment, 50_00, 10_00, 10_00).await?;
        stage.booked_once(&invoice, 40_00)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn cancellation_transfer_cancellation_secured_refused_is_a_problem_and_nothing_is_booked_on_it() {
    for (slug, call, number) in [
        ("prepayment", "refund", "PP-1502"),
        ("invoice", "reverse", "PP-1508"),
        ("invoice-secured", "reverse", "PP-1508"),
    ] {
        plays(Mode::Standard, |stage| async move {
            let sold = stage.sell(slug, &[40_00, 15_00], 0)?;
            if slug == "prepayment" {
                stage.transfer(&sold.payment, 55_00)?;
            }
            stage.released(sold.nr).await?;
            stage.world.unzer.refuse_next(&sold.payment, call, "API.340.000.004");
            stage.cancel(sold.nr, &[1])?;
            let invoice = stage.ship(sold.nr, &[0])?;
            stage.commented(sold.nr, number).await?;
            stage.pause(Duration::from_mins(20)).await;
            stage.not_booked(&invoice)?;
            let ledger = stage.ledger(&sold.payment)?;
            stage.same(slug, &(ledger.refunded, ledger.reversed, ledger.shipments.len()), &(0, 0, 0))
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancellation_paid_within_the_tolerance_is_not_chased() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("eps", &[40_00, 2], 0)?;
        stage.released(sold.nr).await?;
        stage.cancel(sold.nr, &[1])?;
        let invoice = stage.ship(sold.nr, &[0])?;
        stage.booked(&invoice).await?;
        stage.ends_with(&sold.payment, 40_02, 0, 0).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn cancellation_paid_of_a_not_available_line_counts_the_same() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("eps", &[40_00, 15_00], 0)?;
        stage.released(sold.nr).await?;
        let keys = stage.order(sold.nr)?.line_keys();
        let gone = crate::sandbox::pixi::LineState::Nlb;
        stage.world.pixi.cancel_lines(sold.nr, &keys[1..], gone).map_err(|error| Astray(error.to_string()))?;
        let invoice = stage.ship(sold.nr, &[0])?;
        stage.booked(&invoice).await?;
        stage.ends_with(&sold.payment, 55_00, 15_00, 0).await
    })
    .await;
}
