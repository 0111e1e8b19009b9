//! Prepayment and invoice: the buyer transfers the money.

use std::time::Duration;

use super::{Played, Story, story};
use crate::sandbox::stage::Stage;

/// The family's stories.
pub(super) const STORIES: &[Story] = &[
    story!("paid after a while", "Prepayment", Standard, paid_late),
    story!("paid in two parts", "Prepayment", Expert, paid_in_parts),
    story!("overpaid", "Prepayment", Standard, overpaid).second(),
    story!("cancelled before payment", "Prepayment", Expert, |stage| cancelled_unpaid(stage, "prepayment")),
    story!("cancelled after payment", "Prepayment", Standard, cancelled_paid),
    story!("paid after cancellation", "Prepayment", Expert, late_money),
    story!("line cancelled, rest paid", "Prepayment", Standard, line_cancelled),
    story!("paid and returned", "Prepayment", Expert, prepaid_returned).second(),
    story!("shipped, then paid", "Invoice", Standard, shipped_then_paid),
    story!("returned before payment", "Invoice", Expert, returned_unpaid).second(),
    story!("part returned, rest paid", "Invoice", Expert, part_returned),
    story!("settled by hand in pixi", "Invoice", Standard, settled_by_hand),
    story!("cancelled before shipping", "Invoice", Standard, |stage| cancelled_unpaid(stage, "invoice")),
];

async fn paid_late(stage: Stage) -> Played {
    let sold = stage.sell("prepayment", &[60_00, 20_00], 4_90)?;
    stage.released(sold.nr).await?;
    stage.locked(sold.nr, true)?;
    stage.pause(Duration::from_mins(8)).await;
    stage.locked(sold.nr, true)?;
    stage.transfer(&sold.payment, 84_90)?;
    stage.unlocks(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 84_90, 0, 0).await?;
    stage.booked_once(&invoice, 84_90)?;
    Ok((sold.nr, "locked until paid, then booked"))
}

async fn paid_in_parts(stage: Stage) -> Played {
    let sold = stage.sell("prepayment", &[80_00], 0)?;
    stage.released(sold.nr).await?;
    stage.transfer(&sold.payment, 30_00)?;
    stage.pause(Duration::from_mins(8)).await;
    stage.locked(sold.nr, true)?;
    stage.transfer(&sold.payment, 50_00)?;
    stage.unlocks(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 80_00, 0, 0).await?;
    stage.booked_once(&invoice, 80_00)?;
    Ok((sold.nr, "unlocked with the second transfer"))
}

async fn overpaid(stage: Stage) -> Played {
    let sold = stage.sell("prepayment", &[40_00], 0)?;
    stage.released(sold.nr).await?;
    stage.transfer(&sold.payment, 50_00)?;
    stage.unlocks(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 50_00, 0, 0).await?;
    stage.booked_once(&invoice, 40_00)?;
    Ok((sold.nr, "hint, the excess stays"))
}

async fn cancelled_unpaid(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.sell(slug, &[25_00, 10_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel_all(sold.nr)?;
    stage.ends_with(&sold.payment, 0, 0, 35_00).await?;
    Ok((sold.nr, "claim reversed"))
}

async fn cancelled_paid(stage: Stage) -> Played {
    let sold = stage.sell("prepayment", &[25_00, 10_00], 0)?;
    stage.released(sold.nr).await?;
    stage.transfer(&sold.payment, 20_00)?;
    stage.pause(Duration::from_mins(3)).await;
    stage.cancel_all(sold.nr)?;
    stage.ends_with(&sold.payment, 20_00, 20_00, 15_00).await?;
    Ok((sold.nr, "paid back, rest of the claim reversed"))
}

async fn late_money(stage: Stage) -> Played {
    let sold = stage.sell("prepayment", &[25_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel_all(sold.nr)?;
    stage.until("the claim is reversed", |stage| stage.moved(&sold.payment, 0, 0, 25_00).is_ok()).await?;
    stage.transfer(&sold.payment, 25_00)?;
    stage.ends_with(&sold.payment, 25_00, 25_00, 25_00).await?;
    Ok((sold.nr, "late money paid back"))
}

async fn line_cancelled(stage: Stage) -> Played {
    let sold = stage.sell("prepayment", &[40_00, 15_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel(sold.nr, &[1])?;
    stage.pause(Duration::from_mins(6)).await;
    stage.moved(&sold.payment, 0, 0, 0)?;
    stage.transfer(&sold.payment, 40_00)?;
    stage.unlocks(sold.nr).await?;
    let invoice = stage.ship(sold.nr, &[0])?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 40_00, 0, 15_00).await?;
    stage.booked_once(&invoice, 40_00)?;
    Ok((sold.nr, "claim lowered, what is left is paid"))
}

async fn prepaid_returned(stage: Stage) -> Played {
    let sold = stage.sell("prepayment", &[40_00, 15_00], 0)?;
    stage.transfer(&sold.payment, 20_00)?;
    stage.transfer(&sold.payment, 35_00)?;
    stage.released(sold.nr).await?;
    stage.locked(sold.nr, false)?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    let credit_note = stage.take_back(sold.nr, &[0])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 55_00, 40_00, 0).await?;
    stage.booked_once(&credit_note, 40_00)?;
    Ok((sold.nr, "refunded from both receipts"))
}

async fn shipped_then_paid(stage: Stage) -> Played {
    let sold = stage.sell("invoice", &[50_00, 9_00], 0)?;
    stage.released(sold.nr).await?;
    stage.locked(sold.nr, false)?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.pause(Duration::from_mins(8)).await;
    stage.not_booked(&invoice)?;
    stage.transfer(&sold.payment, 59_00)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 59_00, 0, 0).await?;
    stage.booked_once(&invoice, 59_00)?;
    Ok((sold.nr, "booked when the money came"))
}

async fn returned_unpaid(stage: Stage) -> Played {
    let sold = stage.sell("invoice", &[50_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.pause(Duration::from_mins(5)).await;
    let credit_note = stage.take_back(sold.nr, &[0])?;
    stage.booked(&credit_note).await?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 0, 0, 50_00).await?;
    stage.booked_once(&invoice, 50_00)?;
    stage.booked_once(&credit_note, 50_00)?;
    Ok((sold.nr, "claim reversed, both documents booked"))
}

async fn part_returned(stage: Stage) -> Played {
    let sold = stage.sell("invoice", &[50_00, 30_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.pause(Duration::from_mins(5)).await;
    let credit_note = stage.take_back(sold.nr, &[1])?;
    stage.until("the claim is lowered", |stage| stage.moved(&sold.payment, 0, 0, 30_00).is_ok()).await?;
    stage.not_booked(&invoice)?;
    stage.transfer(&sold.payment, 50_00)?;
    stage.booked(&invoice).await?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 50_00, 0, 30_00).await?;
    stage.booked_once(&invoice, 80_00)?;
    stage.booked_once(&credit_note, 30_00)?;
    Ok((sold.nr, "claim lowered, the rest paid and booked"))
}

async fn settled_by_hand(stage: Stage) -> Played {
    let sold = stage.sell("invoice", &[33_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.pause(Duration::from_mins(5)).await;
    stage.world.pixi.pay_by_hand(&invoice).map_err(|error| error.to_string())?;
    stage.pause(Duration::from_mins(15)).await;
    stage.moved(&sold.payment, 0, 0, 0)?;
    stage.not_booked(&invoice)?;
    Ok((sold.nr, "nothing booked on top"))
}
