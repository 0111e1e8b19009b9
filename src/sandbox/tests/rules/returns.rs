//! 3.4: credit notes.

use std::time::Duration;

use super::{plays, plays_in_both_modes};
use crate::config::Mode;
use crate::sandbox::pixi::NewOrder;
use crate::sandbox::stage::{Astray, Sold, Stage, Told};

fn refused<T: std::fmt::Display>(error: T) -> Astray {
    Astray(error.to_string())
}

/// Refunds: under which charge, how much, and the credit note they name.
fn refunds(stage: &Stage, payment: &str) -> Told<Vec<(String, i64, String)>> {
    let refunds = stage.ledger(payment)?.refunds;
    let charge = |path: &str| path.trim_start_matches("charges/").split('/').next().unwrap_or_default().to_owned();
    let note = |reference: &str| reference.split(' ').next().unwrap_or_default().to_owned();
    Ok(refunds.iter().map(|entry| (charge(&entry.path), entry.amount, note(&entry.reference))).collect())
}

/// Sold by a slug, paid where it has to be, shipped in two parts and booked.
async fn delivered(stage: &Stage, slug: &str, lines: [i64; 2]) -> Told<Sold> {
    let sold = stage.sell(slug, &lines, 0)?;
    if slug == "prepayment" {
        stage.transfer(&sold.payment, lines[0])?;
        stage.transfer(&sold.payment, lines[1])?;
    }
    stage.released(sold.nr).await?;
    let first = stage.ship(sold.nr, &[0])?;
    if stage.mode == Mode::Expert && matches!(slug, "card" | "paypal" | "paylater-invoice") {
        stage.booked(&first).await?;
    }
    let second = stage.ship(sold.nr, &[1])?;
    stage.booked(&second).await?;
    Ok(sold)
}

#[tokio::test(start_paused = true)]
async fn returns_are_refunded_from_the_charge_of_their_invoice_and_booked() {
    plays(Mode::Expert, |stage| async move {
        let sold = delivered(&stage, "card", [70_00, 30_00]).await?;
        let note = stage.take_back(sold.nr, &[1])?;
        stage.booked(&note).await?;
        stage.ends_with(&sold.payment, 100_00, 30_00, 0).await?;
        stage.same("refunds", &refunds(&stage, &sold.payment)?, &vec![("s-chg-2".to_owned(), 30_00, note.clone())])?;
        stage.booked_once(&note, 30_00)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn returns_of_every_group_end_paid_back_and_booked_once() {
    for slug in ["card", "paypal", "sofort", "ideal", "sepa-direct-debit-secured", "prepayment", "invoice-secured"] {
        plays_in_both_modes(|stage| async move {
            let sold = delivered(&stage, slug, [70_00, 30_00]).await?;
            let note = stage.take_back(sold.nr, &[0])?;
            stage.booked(&note).await?;
            stage.ends_with(&sold.payment, 100_00, 70_00, 0).await?;
            stage.booked_once(&note, 70_00)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn returns_of_pay_later_are_refunded_on_the_payment() {
    for slug in ["paylater-invoice", "paylater-installment", "paylater-direct-debit"] {
        plays_in_both_modes(|stage| async move {
            let sold = delivered(&stage, slug, [70_00, 30_00]).await?;
            let note = stage.take_back(sold.nr, &[0, 1])?;
            stage.booked(&note).await?;
            stage.ends_with(&sold.payment, 100_00, 100_00, 0).await?;
            let paths: Vec<_> = stage.ledger(&sold.payment)?.refunds.iter().map(|entry| entry.path.clone()).collect();
            stage.same("refunds", &paths, &vec!["charges/cancels/s-cnl-1".to_owned()])
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn returns_larger_than_one_charge_are_split() {
    for slug in ["card", "prepayment"] {
        plays(Mode::Expert, |stage| async move {
            let sold = delivered(&stage, slug, [70_00, 30_00]).await?;
            let note = stage.take_back(sold.nr, &[0, 1])?;
            stage.booked(&note).await?;
            stage.ends_with(&sold.payment, 100_00, 100_00, 0).await?;
            let amounts: Vec<_> = refunds(&stage, &sold.payment)?.iter().map(|refund| refund.1).collect();
            stage.same("refunds", &amounts, &vec![70_00, 30_00])?;
            stage.booked_once(&note, 100_00)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn returns_at_once_are_each_refunded_once() {
    for slug in ["card", "eps", "paylater-invoice", "invoice-secured"] {
        plays_in_both_modes(|stage| async move {
            let sold = stage.sell(slug, &[50_00, 30_00, 20_00], 0)?;
            stage.released(sold.nr).await?;
            let invoice = stage.ship_all(sold.nr)?;
            stage.booked(&invoice).await?;
            let one = stage.take_back(sold.nr, &[2])?;
            let two = stage.take_back(sold.nr, &[1])?;
            let three = stage.take_back(sold.nr, &[0])?;
            for (note, amount) in [(one, 20_00), (two, 30_00), (three, 50_00)] {
                stage.booked(&note).await?;
                stage.booked_once(&note, amount)?;
            }
            stage.ends_with(&sold.payment, 100_00, 100_00, 0).await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn returns_give_shipping_cost_back_where_the_credit_note_does() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("card", &[50_00], 4_90)?;
        stage.released(sold.nr).await?;
        let invoice = stage.ship_all(sold.nr)?;
        stage.booked(&invoice).await?;
        let keys = stage.order(sold.nr)?.line_keys();
        let note = stage.world.pixi.return_with_shipping(sold.nr, &keys, 4_90).map_err(refused)?;
        stage.booked(&note).await?;
        stage.booked_once(&note, 54_90)?;
        stage.ends_with(&sold.payment, 54_90, 54_90, 0).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn returns_wait_for_their_delay() {
    plays_in_both_modes(|stage| async move {
        let sold = delivered(&stage, "eps", [70_00, 30_00]).await?;
        let note = stage.take_back(sold.nr, &[1])?;
        // The sandbox's refund_delay is five minutes.
        stage.pause(Duration::from_mins(4)).await;
        stage.moved(&sold.payment, 100_00, 0, 0)?;
        stage.booked(&note).await?;
        stage.moved(&sold.payment, 100_00, 30_00, 0)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn returns_transfer_of_unpaid_goods_lower_the_claim_and_book_both_documents() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("invoice", &[70_00, 30_00], 0)?;
        stage.released(sold.nr).await?;
        let invoice = stage.ship_all(sold.nr)?;
        let note = stage.take_back(sold.nr, &[0, 1])?;
        stage.booked(&invoice).await?;
        stage.booked(&note).await?;
        stage.ends_with(&sold.payment, 0, 0, 100_00).await?;
        stage.booked_once(&invoice, 100_00)?;
        stage.booked_once(&note, 100_00)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn returns_transfer_of_goods_paid_in_part_take_the_open_claim_first_and_the_receipts_then() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("invoice", &[60_00, 40_00], 0)?;
        stage.released(sold.nr).await?;
        stage.transfer(&sold.payment, 70_00)?;
        let invoice = stage.ship_all(sold.nr)?;
        stage.pause(Duration::from_mins(4)).await;
        let note = stage.take_back(sold.nr, &[1])?;
        stage.booked(&note).await?;
        stage.booked(&invoice).await?;
        stage.ends_with(&sold.payment, 70_00, 10_00, 30_00).await?;
        stage.booked_once(&invoice, 100_00)?;
        stage.booked_once(&note, 40_00)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn returns_never_take_what_another_shipped_invoice_needs() {
    plays(Mode::Expert, |stage| async move {
        let sold = stage.authorize("card", &[60_00, 40_00], 0)?;
        stage.released(sold.nr).await?;
        let first = stage.ship(sold.nr, &[0])?;
        stage.booked(&first).await?;
        stage.world.unzer.decline_next(&sold.payment, "COR.800.100.171");
        stage.ship(sold.nr, &[1])?;
        stage.commented(sold.nr, "PP-1303").await?;
        let note = stage.take_back(sold.nr, &[1])?;
        stage.pause(Duration::from_mins(40)).await;
        stage.moved(&sold.payment, 60_00, 0, 0)?;
        stage.not_booked(&note)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn returns_refused_by_unzer_are_a_problem_and_not_booked() {
    for slug in ["card", "prepayment", "invoice-secured", "paylater-invoice"] {
        plays_in_both_modes(|stage| async move {
            let sold = delivered(&stage, slug, [70_00, 30_00]).await?;
            stage.world.unzer.refuse_next(&sold.payment, "refund", "API.340.000.004");
            let note = stage.take_back(sold.nr, &[1])?;
            stage.commented(sold.nr, "PP-1502").await?;
            stage.pause(Duration::from_mins(30)).await;
            stage.moved(&sold.payment, 100_00, 0, 0)?;
            stage.not_booked(&note)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn facts_a_credit_note_without_lines_of_the_order_is_a_problem() {
    plays_in_both_modes(|stage| async move {
        let sold = delivered(&stage, "eps", [70_00, 30_00]).await?;
        let note = stage.world.pixi.credit_manual(sold.nr, 10_00, "goodwill").map_err(refused)?;
        stage.commented(sold.nr, "PP-1606").await?;
        stage.pause(Duration::from_mins(20)).await;
        stage.moved(&sold.payment, 100_00, 0, 0)?;
        stage.not_booked(&note)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn redelivery_a_credited_invoice_beside_an_exchange_order_is_a_persons() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("eps", &[70_00], 0)?;
        stage.released(sold.nr).await?;
        let invoice = stage.ship_all(sold.nr)?;
        stage.booked(&invoice).await?;
        let exchange = stage.another(1);
        let customer = Some(stage.order(sold.nr)?.customer);
        let by_hand = NewOrder { external: None, customer, ..exchange.new_order(&[70_00], 0, None) };
        exchange.take_in(by_hand)?;
        stage.pause(Duration::from_mins(3)).await;
        let note = stage.take_back(sold.nr, &[0])?;
        stage.pause(Duration::from_mins(40)).await;
        stage.moved(&sold.payment, 70_00, 0, 0)?;
        stage.not_booked(&note)
    })
    .await;
}
