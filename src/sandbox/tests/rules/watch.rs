//! 3.5 to 3.7: receipts, chargebacks, what people do by hand, brakes.

use std::time::Duration;

use super::{plays, plays_in_both_modes, plays_under};
use crate::config::Mode;
use crate::sandbox::stage::{Astray, Stage, Told};

fn refused<T: std::fmt::Display>(error: T) -> Astray {
    Astray(error.to_string())
}

fn problems(stage: &Stage, nr: i64) -> Told<usize> {
    Ok(stage.order(nr)?.comments.iter().filter(|comment| comment.text.contains("PP-")).count())
}

#[tokio::test(start_paused = true)]
async fn c3_c4_money_paid_in_excess_stays() {
    for slug in ["prepayment", "invoice"] {
        plays_in_both_modes(|stage| async move {
            let sold = stage.sell(slug, &[40_00], 0)?;
            stage.transfer(&sold.payment, 50_00)?;
            stage.released(sold.nr).await?;
            stage.locked(sold.nr, false)?;
            let invoice = stage.ship_all(sold.nr)?;
            stage.booked(&invoice).await?;
            stage.ends_with(&sold.payment, 50_00, 0, 0).await?;
            stage.same("problems", &problems(&stage, sold.nr)?, &0)?;
            stage.booked_once(&invoice, 40_00)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn r5_chargeback_locks_and_stops_everything_until_it_is_won() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("sepa-direct-debit", &[40_00, 20_00], 0)?;
        stage.released(sold.nr).await?;
        let first = stage.ship(sold.nr, &[0])?;
        stage.booked(&first).await?;
        stage.world.unzer.charge_back(&sold.payment, "s-chg-1", stage.money(60_00))?;
        stage.locks(sold.nr).await?;
        stage.commented(sold.nr, "PP-1205").await?;
        stage.world.pixi.unlock_order(sold.nr).map_err(refused)?;
        let second = stage.ship(sold.nr, &[1])?;
        let note = stage.take_back(sold.nr, &[0])?;
        stage.pause(Duration::from_mins(30)).await;
        stage.not_booked(&second)?;
        stage.not_booked(&note)?;
        stage.moved(&sold.payment, 60_00, 0, 0)?;
        stage.world.unzer.reverse_chargeback(&sold.payment, "s-chg-1", stage.money(60_00))?;
        stage.booked(&second).await?;
        stage.booked(&note).await?;
        stage.ends_with(&sold.payment, 60_00, 40_00, 0).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r5_chargeback_stops_captures() {
    plays(Mode::Expert, |stage| async move {
        let sold = stage.authorize("card", &[40_00, 20_00], 0)?;
        stage.released(sold.nr).await?;
        let first = stage.ship(sold.nr, &[0])?;
        stage.booked(&first).await?;
        stage.world.unzer.charge_back(&sold.payment, "s-chg-1", stage.money(40_00))?;
        let second = stage.ship(sold.nr, &[1])?;
        stage.commented(sold.nr, "PP-1205").await?;
        stage.pause(Duration::from_mins(30)).await;
        stage.moved(&sold.payment, 40_00, 0, 0)?;
        stage.not_booked(&second)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r5_chargeback_lock_is_lifted_by_people_alone() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("sepa-direct-debit", &[40_00], 0)?;
        stage.released(sold.nr).await?;
        stage.world.unzer.charge_back(&sold.payment, "s-chg-1", stage.money(40_00))?;
        stage.locks(sold.nr).await?;
        stage.world.unzer.reverse_chargeback(&sold.payment, "s-chg-1", stage.money(40_00))?;
        stage.pause(Duration::from_mins(40)).await;
        stage.locked(sold.nr, true)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn foreign_refund_by_hand_of_a_credit_note_is_adopted_and_booked() {
    for (slug, charge) in [("card", Some("s-chg-1")), ("eps", Some("s-chg-1")), ("paylater-invoice", None)] {
        plays_in_both_modes(|stage| async move {
            let sold = stage.sell(slug, &[50_00, 30_00], 0)?;
            stage.released(sold.nr).await?;
            let invoice = stage.ship_all(sold.nr)?;
            stage.booked(&invoice).await?;
            let note = stage.take_back(sold.nr, &[1])?;
            stage.world.unzer.portal_refund(&sold.payment, charge, stage.money(29_99))?;
            stage.booked(&note).await?;
            stage.ends_with(&sold.payment, 80_00, 29_99, 0).await?;
            stage.booked_once(&note, 30_00)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn foreign_refund_by_hand_that_fits_nothing_stops_refunds() {
    for slug in ["card", "prepayment", "invoice-secured"] {
        plays_in_both_modes(|stage| async move {
            let sold = stage.sell(slug, &[50_00, 30_00], 0)?;
            if slug == "prepayment" {
                stage.transfer(&sold.payment, 80_00)?;
            }
            stage.released(sold.nr).await?;
            let invoice = stage.ship_all(sold.nr)?;
            stage.booked(&invoice).await?;
            let charge = if slug == "prepayment" { "s-chg-2" } else { "s-chg-1" };
            stage.world.unzer.portal_refund(&sold.payment, Some(charge), stage.money(7_77))?;
            let note = stage.take_back(sold.nr, &[1])?;
            stage.commented(sold.nr, "PP-1506").await?;
            stage.pause(Duration::from_mins(20)).await;
            stage.moved(&sold.payment, 80_00, 7_77, 0)?;
            stage.not_booked(&note)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn foreign_refund_of_a_cancelled_line_by_hand_is_not_paid_back_again() {
    for slug in ["card", "eps"] {
        plays(Mode::Standard, |stage| async move {
            let sold = stage.sell(slug, &[50_00, 30_00], 0)?;
            stage.released(sold.nr).await?;
            stage.cancel(sold.nr, &[1])?;
            let invoice = stage.ship(sold.nr, &[0])?;
            stage.world.unzer.portal_refund(&sold.payment, Some("s-chg-1"), stage.money(30_00))?;
            stage.booked(&invoice).await?;
            stage.ends_with(&sold.payment, 80_00, 30_00, 0).await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn c1_c6_a_capture_by_hand_counts() {
    for slug in ["card", "paylater-invoice"] {
        plays(Mode::Expert, |stage| async move {
            let sold = stage.authorize(slug, &[50_00, 30_00], 0)?;
            stage.released(sold.nr).await?;
            stage.world.unzer.portal_capture(&sold.payment, stage.money(50_00))?;
            let first = stage.ship(sold.nr, &[0])?;
            stage.booked(&first).await?;
            stage.moved(&sold.payment, 50_00, 0, 0)?;
            let second = stage.ship(sold.nr, &[1])?;
            stage.booked(&second).await?;
            stage.ends_with(&sold.payment, 80_00, 0, 0).await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn cancellation_auth_cancellation_secured_a_reversal_by_hand_of_a_cancelled_line_counts() {
    for (slug, captured) in [("card", 50_00), ("invoice-secured", 50_00)] {
        plays(Mode::Expert, |stage| async move {
            let sold = stage.sell(slug, &[50_00, 30_00], 0)?;
            stage.released(sold.nr).await?;
            stage.cancel(sold.nr, &[1])?;
            stage.world.unzer.portal_reverse(&sold.payment, stage.money(30_00))?;
            let invoice = stage.ship(sold.nr, &[0])?;
            stage.booked(&invoice).await?;
            stage.ends_with(&sold.payment, captured, 0, 30_00).await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn brake_nothing_is_given_back_before_two_equal_readings_apart() {
    for slug in ["card", "eps", "prepayment", "invoice-secured", "paylater-invoice"] {
        plays(Mode::Expert, |stage| async move {
            let sold = stage.sell(slug, &[55_00], 0)?;
            stage.released(sold.nr).await?;
            stage.pause(Duration::from_mins(5)).await;
            stage.cancel_all(sold.nr)?;
            // The sandbox's confirm_after is two minutes.
            stage.pause(Duration::from_secs(115)).await;
            let ledger = stage.ledger(&sold.payment)?;
            stage.same(slug, &(ledger.refunded, ledger.reversed), &(0, 0))?;
            stage
                .until("it is given back", |stage| {
                    stage.ledger(&sold.payment).is_ok_and(|ledger| ledger.refunded + ledger.reversed == 55_00)
                })
                .await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn brake_more_give_backs_than_allowed_and_none_is_sent() {
    let few = |text: String| text.replace("safety:\n", "safety:\n  max_givebacks_per_cycle: 2\n");
    plays_under(few, Mode::Expert, |stage| async move {
        let slugs = ["card", "eps", "prepayment", "invoice-secured"];
        let mut all = Vec::new();
        for (number, slug) in slugs.into_iter().enumerate() {
            all.push(stage.another(number).sell(slug, &[55_00], 0)?);
        }
        for sold in &all {
            stage.released(sold.nr).await?;
        }
        for sold in &all {
            stage.cancel_all(sold.nr)?;
        }
        stage.pause(Duration::from_mins(30)).await;
        for sold in &all {
            let ledger = stage.ledger(&sold.payment)?;
            stage.same("given back", &(ledger.refunded, ledger.reversed), &(0, 0))?;
        }
        Ok(())
    })
    .await;
}
