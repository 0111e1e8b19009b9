//! C3 to C5: goods whose buyers transfer the money.

use std::time::Duration;

use super::plays_in_both_modes;
use crate::sandbox::Stage;
use crate::sandbox::stage::{Astray, Told};

fn refused<T: std::fmt::Display>(error: T) -> Astray {
    Astray(error.to_string())
}

/// No problem is told in pixi; that prepaid goods are locked for is none.
fn no_problem(stage: &Stage, nr: i64) -> Told {
    let comments = stage.order(nr)?.comments;
    let is_problem = |text: &str| text.contains("PP-") && !text.contains("PP-1213");
    let problems: Vec<_> = comments.iter().map(|comment| &comment.text).filter(|text| is_problem(text)).collect();
    stage.same("problems", &problems, &Vec::new())
}

#[tokio::test(start_paused = true)]
async fn c3_prepaid_goods_are_booked_when_closed_and_paid() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("prepayment", &[60_00, 40_00], 0)?;
        stage.transfer(&sold.payment, 100_00)?;
        stage.released(sold.nr).await?;
        let first = stage.ship(sold.nr, &[0])?;
        stage.pause(Duration::from_mins(10)).await;
        stage.not_booked(&first)?;
        let second = stage.ship(sold.nr, &[1])?;
        stage.booked(&first).await?;
        stage.booked(&second).await?;
        stage.booked_once(&first, 60_00)?;
        stage.booked_once(&second, 40_00)?;
        stage.ends_with(&sold.payment, 100_00, 0, 0).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn c3_goods_sent_before_the_money_are_booked_when_it_comes() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("prepayment", &[60_00], 0)?;
        stage.released(sold.nr).await?;
        stage.world.pixi.unlock_order(sold.nr).map_err(refused)?;
        let invoice = stage.ship_all(sold.nr)?;
        stage.transfer(&sold.payment, 59_97)?;
        stage.pause(Duration::from_mins(15)).await;
        stage.not_booked(&invoice)?;
        no_problem(&stage, sold.nr)?;
        stage.transfer(&sold.payment, 1)?;
        stage.booked(&invoice).await?;
        stage.booked_once(&invoice, 60_00)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn c4_an_invoice_is_booked_when_the_buyer_has_paid() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("invoice", &[60_00, 40_00], 0)?;
        stage.released(sold.nr).await?;
        let invoice = stage.ship_all(sold.nr)?;
        stage.transfer(&sold.payment, 50_00)?;
        stage.pause(Duration::from_mins(15)).await;
        stage.not_booked(&invoice)?;
        no_problem(&stage, sold.nr)?;
        stage.transfer(&sold.payment, 50_00)?;
        stage.booked(&invoice).await?;
        stage.booked_once(&invoice, 100_00)?;
        stage.ends_with(&sold.payment, 100_00, 0, 0).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn c4_what_a_person_has_settled_in_pixi_is_not_booked() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("invoice", &[60_00], 0)?;
        stage.released(sold.nr).await?;
        let invoice = stage.ship_all(sold.nr)?;
        stage.pause(Duration::from_mins(5)).await;
        stage.world.pixi.pay_by_hand(&invoice).map_err(refused)?;
        stage.pause(Duration::from_mins(15)).await;
        // The buyer pays as well: a person's matter, too.
        stage.transfer(&sold.payment, 60_00)?;
        stage.pause(Duration::from_mins(15)).await;
        stage.not_booked(&invoice)?;
        no_problem(&stage, sold.nr)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn c5_cancellations_notice_returns_and_bookings_come_in_this_order() {
    for slug in ["invoice-secured", "invoice-guaranteed", "invoice-factoring"] {
        plays_in_both_modes(|stage| async move {
            let sold = stage.sell(slug, &[60_00, 25_00, 15_00], 0)?;
            stage.released(sold.nr).await?;
            stage.cancel(sold.nr, &[2])?;
            stage.pause(Duration::from_mins(10)).await;
            stage.moved(&sold.payment, 0, 0, 0)?;
            let first = stage.ship(sold.nr, &[0])?;
            stage.pause(Duration::from_mins(10)).await;
            stage.same("notices", &stage.ledger(&sold.payment)?.shipments.len(), &0)?;
            let last = stage.ship(sold.nr, &[1])?;
            let credit_note = stage.take_back(sold.nr, &[1])?;
            stage.noticed(&sold.payment, 85_00).await?;
            stage.moved(&sold.payment, 85_00, 0, 15_00)?;
            stage.not_booked(&first)?;
            stage.not_booked(&last)?;
            let notice = &stage.ledger(&sold.payment)?.shipments[0];
            stage.same("invoice of the notice", &notice.invoice_id, &last)?;
            stage.booked(&credit_note).await?;
            stage.booked(&first).await?;
            stage.booked(&last).await?;
            stage.ends_with(&sold.payment, 85_00, 25_00, 15_00).await?;
            stage.noticed(&sold.payment, 85_00).await?;
            stage.booked_once(&first, 60_00)?;
            stage.booked_once(&last, 25_00)?;
            stage.booked_once(&credit_note, 25_00)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn c5_a_refused_notice_is_a_problem_and_nothing_is_booked() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("invoice-secured", &[60_00], 0)?;
        stage.released(sold.nr).await?;
        stage.world.unzer.refuse_next(&sold.payment, "ship", "API.360.000.004");
        let invoice = stage.ship_all(sold.nr)?;
        stage.commented(sold.nr, "PP-1307").await?;
        stage.pause(Duration::from_mins(30)).await;
        stage.same("notices", &stage.ledger(&sold.payment)?.shipments.len(), &0)?;
        stage.not_booked(&invoice)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn c5_invoices_above_the_claim_are_a_problem_before_the_notice() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("invoice-secured", &[60_00], 0)?;
        stage.released(sold.nr).await?;
        let line = crate::sandbox::pixi::NewLine { item: "ART-9".to_owned(), qty: 1, price: 5_00 };
        stage.world.pixi.raise_order(sold.nr, &line).map_err(refused)?;
        stage.locks(sold.nr).await?;
        stage.world.pixi.unlock_order(sold.nr).map_err(refused)?;
        let invoice = stage.ship_all(sold.nr)?;
        stage.commented(sold.nr, "PP-1302").await?;
        stage.pause(Duration::from_mins(20)).await;
        stage.same("notices", &stage.ledger(&sold.payment)?.shipments.len(), &0)?;
        stage.not_booked(&invoice)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn c5_cents_above_or_below_the_claim_are_evened_out() {
    plays_in_both_modes(|stage| async move {
        for (number, claimed) in [(1, 59_98), (2, 60_02)] {
            let stage = stage.another(number);
            let payment = stage.shop().charge("invoice-secured", stage.money(claimed), &stage.external())?;
            let nr = stage.import(&[60_00], 0, Some(&payment))?;
            stage.released(nr).await?;
            stage.locked(nr, false)?;
            let invoice = stage.ship_all(nr)?;
            stage.booked(&invoice).await?;
            stage.booked_once(&invoice, 60_00)?;
            stage.noticed(&payment, claimed).await?;
            stage.ends_with(&payment, claimed, 0, 0).await?;
        }
        Ok(())
    })
    .await;
}
