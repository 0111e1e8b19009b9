//! Declines, chargebacks, changes after the release, and what people do by hand at Unzer.

use std::time::Duration;

use super::{Played, Story, story};
use crate::sandbox::pixi::NewLine;
use crate::sandbox::stage::Stage;

/// The family's stories.
pub(super) const STORIES: &[Story] = &[
    story!("capture declined at import", "Card", Standard, declined_at_import),
    story!("capture declined after shipping", "Card", Expert, declined_after_shipping),
    story!("too little money", "Card", Expert, too_little),
    story!("raised after release", "Card", Expert, raised),
    story!("authorisation expired", "Card", Expert, expired),
    story!("expired, put back on hold", "Card", Expert, authorised_anew),
    story!("raised, put back on hold", "Paylater Installment", Expert, changed).second(),
    story!("charged back", "Direct Debit", Standard, charged_back),
    story!("charged back and won", "Direct Debit", Expert, charged_back_and_won).second(),
    story!("captured by hand at Unzer", "Card", Expert, captured_by_hand),
    story!("refunded by hand at Unzer", "Card", Expert, refunded_by_hand),
    story!("refund nobody can place", "PayPal", Standard, unplaced_refund),
];

async fn declined_at_import(stage: Stage) -> Played {
    let total = stage.money(66_00);
    let payment = stage.shop().authorize("card", total, &stage.external())?;
    stage.world.unzer.decline_next(&payment, "COR.800.100.152");
    let nr = stage.import(&[66_00], 0, Some(&payment))?;
    stage.released(nr).await?;
    stage.locked(nr, true)?;
    stage.commented(nr, "PP-1208").await?;
    stage.moved(&payment, 0, 0, 0)?;
    Ok((nr, "released with a shipping lock, problem"))
}

async fn declined_after_shipping(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[77_00], 0)?;
    stage.released(sold.nr).await?;
    stage.world.unzer.decline_next(&sold.payment, "COR.800.100.171");
    let invoice = stage.ship_all(sold.nr)?;
    stage.commented(sold.nr, "PP-1303").await?;
    stage.pause(Duration::from_mins(30)).await;
    stage.moved(&sold.payment, 0, 0, 0)?;
    stage.same("bookings", &stage.world.pixi.bookings_for(&invoice).len(), &0)?;
    Ok((sold.nr, "not captured, not booked, problem"))
}

async fn too_little(stage: Stage) -> Played {
    let payment = stage.shop().authorize("card", stage.money(50_00), &stage.external())?;
    let nr = stage.import(&[55_00], 0, Some(&payment))?;
    stage.released(nr).await?;
    stage.locked(nr, true)?;
    stage.commented(nr, "PP-1206").await?;
    Ok((nr, "released with a shipping lock, problem"))
}

async fn charged_back(stage: Stage) -> Played {
    let sold = stage.charge("sepa-direct-debit", &[27_00, 27_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship(sold.nr, &[0])?;
    stage.booked(&invoice).await?;
    stage.world.unzer.charge_back(&sold.payment, "s-chg-1", stage.money(54_00))?;
    stage.until("the order is locked", |stage| stage.order(sold.nr).is_ok_and(|order| order.lock.is_some())).await?;
    stage.commented(sold.nr, "PP-1205").await?;
    Ok((sold.nr, "chargeback noticed, rest locked"))
}

async fn raised(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[50_00], 0)?;
    stage.released(sold.nr).await?;
    stage.locked(sold.nr, false)?;
    let line = NewLine { item: "ART-9".to_owned(), qty: 1, price: 12_00 };
    stage.world.pixi.raise_order(sold.nr, &line).map_err(|error| error.to_string())?;
    stage.locks(sold.nr).await?;
    stage.commented(sold.nr, "PP-1209").await?;
    stage.moved(&sold.payment, 0, 0, 0)?;
    Ok((sold.nr, "locked, problem"))
}

async fn expired(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[50_00], 0)?;
    stage.released(sold.nr).await?;
    stage.world.unzer.expire_authorization(&sold.payment)?;
    stage.locks(sold.nr).await?;
    stage.commented(sold.nr, "PP-1209").await?;
    Ok((sold.nr, "locked, problem"))
}

async fn charged_back_and_won(stage: Stage) -> Played {
    let sold = stage.charge("sepa-direct-debit", &[27_00, 27_00], 0)?;
    stage.released(sold.nr).await?;
    stage.world.unzer.charge_back(&sold.payment, "s-chg-1", stage.money(54_00))?;
    stage.locks(sold.nr).await?;
    stage.world.unzer.reverse_chargeback(&sold.payment, "s-chg-1", stage.money(54_00))?;
    stage.pause(Duration::from_mins(20)).await;
    stage.locked(sold.nr, true)?;
    // Unlocking is a person's.
    stage.world.pixi.unlock_order(sold.nr).map_err(|error| error.to_string())?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.booked_once(&invoice, 54_00)?;
    Ok((sold.nr, "goes on once a person has unlocked it"))
}

async fn captured_by_hand(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[50_00, 8_00], 0)?;
    stage.released(sold.nr).await?;
    stage.world.unzer.portal_capture(&sold.payment, stage.money(58_00))?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 58_00, 0, 0).await?;
    stage.booked_once(&invoice, 58_00)?;
    Ok((sold.nr, "not captured again, booked"))
}

async fn refunded_by_hand(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[50_00, 30_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    let credit_note = stage.take_back(sold.nr, &[1])?;
    stage.world.unzer.portal_refund(&sold.payment, Some("s-chg-1"), stage.money(30_00))?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 80_00, 30_00, 0).await?;
    stage.booked_once(&credit_note, 30_00)?;
    Ok((sold.nr, "taken for the credit note, booked"))
}

async fn unplaced_refund(stage: Stage) -> Played {
    let sold = stage.authorize("paypal", &[50_00, 30_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.world.unzer.portal_refund(&sold.payment, Some("s-chg-1"), stage.money(7_77))?;
    let credit_note = stage.take_back(sold.nr, &[1])?;
    stage.commented(sold.nr, "PP-1506").await?;
    stage.pause(Duration::from_mins(15)).await;
    stage.moved(&sold.payment, 80_00, 7_77, 0)?;
    stage.not_booked(&credit_note)?;
    Ok((sold.nr, "no refund until a person has placed it"))
}

async fn authorised_anew(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[50_00], 0)?;
    stage.released(sold.nr).await?;
    stage.world.unzer.expire_authorization(&sold.payment)?;
    stage.locks(sold.nr).await?;
    stage.world.pixi.put_on_hold(sold.nr).map_err(|error| error.to_string())?;
    stage.unlocks(sold.nr).await?;
    let payment = stage.order(sold.nr)?.pay_id.unwrap_or_default();
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&payment, 50_00, 0, 0).await?;
    stage.booked_once(&invoice, 50_00)?;
    Ok((sold.nr, "authorised anew, captured and booked"))
}

async fn changed(stage: Stage) -> Played {
    let sold = stage.authorize("paylater-installment", &[50_00], 0)?;
    stage.released(sold.nr).await?;
    let line = NewLine { item: "ART-9".to_owned(), qty: 1, price: 12_00 };
    stage.world.pixi.raise_order(sold.nr, &line).map_err(|error| error.to_string())?;
    stage.locks(sold.nr).await?;
    stage.world.pixi.put_on_hold(sold.nr).map_err(|error| error.to_string())?;
    stage.unlocks(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 62_00, 0, 0).await?;
    stage.booked_once(&invoice, 62_00)?;
    Ok((sold.nr, "authorisation changed, captured and booked"))
}
