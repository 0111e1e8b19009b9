//! Card, PayPal, Apple Pay, and a method nobody has told the daemon of.

use super::{Played, Story, story};
use crate::sandbox::stage::Stage;

/// The family's stories.
pub(super) const STORIES: &[Story] = &[
    story!("shipped in two parts", "Card", Expert, two_parts),
    story!("captured at import", "Card", Standard, captured_at_import),
    story!("cancelled before shipping", "Card", Expert, cancelled_expert),
    story!("cancelled after capture", "Card", Standard, cancelled_standard),
    story!("one line cancelled", "Card", Expert, one_line_cancelled_expert),
    story!("one line cancelled", "Card", Standard, one_line_cancelled_standard),
    story!("one line returned", "Card", Expert, returned_in_part),
    story!("two credit notes at once", "Card", Standard, two_credit_notes).second(),
    story!("voucher and shipping cost", "Card", Standard, voucher),
    story!("cents short, within tolerance", "Card", Expert, cents_short),
    story!("sold in yen, one line returned", "Card", Expert, |stage| foreign(stage, 4_000, 8_000)).currency("JPY"),
    story!("sold in dinar, one line returned", "Card", Expert, |stage| foreign(stage, 12_500, 20_255)).currency("TND"),
    story!("everything returned", "PayPal", Expert, returned_wholly).second(),
    story!("captured at import", "PayPal", Standard, paypal_standard),
    story!("shipped in two parts", "Apple Pay", Expert, apple_pay),
    story!("shipped in two parts", "Apple Pay", Standard, apple_pay_standard).second(),
    story!("unknown method, authorised", "Google Pay", Expert, unknown_method),
    story!("unknown method, authorised", "Google Pay", Standard, unknown_method),
];

async fn two_parts(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[60_00, 59_00], 4_90)?;
    stage.released(sold.nr).await?;
    let first = stage.ship(sold.nr, &[0])?;
    stage.booked(&first).await?;
    let second = stage.ship(sold.nr, &[1])?;
    stage.booked(&second).await?;
    stage.ends_with(&sold.payment, 123_90, 0, 0).await?;
    stage.booked_once(&first, 64_90)?;
    stage.booked_once(&second, 59_00)?;
    Ok((sold.nr, "two invoices captured and booked"))
}

async fn captured_at_import(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[119_00], 0)?;
    stage.released(sold.nr).await?;
    stage.moved(&sold.payment, 119_00, 0, 0)?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 119_00, 0, 0).await?;
    stage.booked_once(&invoice, 119_00)?;
    Ok((sold.nr, "captured once, booked once"))
}

async fn cancelled_expert(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[25_00, 25_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel_all(sold.nr)?;
    stage.ends_with(&sold.payment, 0, 0, 50_00).await?;
    Ok((sold.nr, "authorisation reversed"))
}

async fn cancelled_standard(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[80_00], 5_00)?;
    stage.released(sold.nr).await?;
    stage.cancel_all(sold.nr)?;
    stage.ends_with(&sold.payment, 85_00, 85_00, 0).await?;
    Ok((sold.nr, "money paid back"))
}

async fn one_line_cancelled_expert(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[40_00, 15_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel(sold.nr, &[1])?;
    let invoice = stage.ship(sold.nr, &[0])?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 40_00, 0, 15_00).await?;
    stage.booked_once(&invoice, 40_00)?;
    Ok((sold.nr, "rest of the authorisation reversed"))
}

async fn one_line_cancelled_standard(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[40_00, 15_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel(sold.nr, &[1])?;
    let invoice = stage.ship(sold.nr, &[0])?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 55_00, 15_00, 0).await?;
    stage.booked_once(&invoice, 40_00)?;
    Ok((sold.nr, "cancelled line paid back"))
}

async fn returned_in_part(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[70_00, 30_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    let credit_note = stage.take_back(sold.nr, &[1])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 100_00, 30_00, 0).await?;
    stage.booked_once(&credit_note, 30_00)?;
    Ok((sold.nr, "credit note refunded and booked"))
}

async fn returned_wholly(stage: Stage) -> Played {
    let sold = stage.authorize("paypal", &[20_00, 22_00], 0)?;
    stage.released(sold.nr).await?;
    let first = stage.ship(sold.nr, &[0])?;
    stage.booked(&first).await?;
    let second = stage.ship(sold.nr, &[1])?;
    stage.booked(&second).await?;
    let credit_note = stage.take_back(sold.nr, &[0, 1])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 42_00, 42_00, 0).await?;
    stage.booked_once(&credit_note, 42_00)?;
    Ok((sold.nr, "refunded over both captures"))
}

async fn paypal_standard(stage: Stage) -> Played {
    let sold = stage.authorize("paypal", &[33_00], 3_00)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 36_00, 0, 0).await?;
    Ok((sold.nr, "captured once, booked once"))
}

async fn apple_pay(stage: Stage) -> Played {
    let sold = stage.authorize("applepay", &[10_00, 12_00, 13_00], 0)?;
    stage.released(sold.nr).await?;
    let first = stage.ship(sold.nr, &[0, 1])?;
    stage.booked(&first).await?;
    let second = stage.ship(sold.nr, &[2])?;
    stage.booked(&second).await?;
    stage.ends_with(&sold.payment, 35_00, 0, 0).await?;
    Ok((sold.nr, "two invoices captured and booked"))
}

async fn apple_pay_standard(stage: Stage) -> Played {
    let sold = stage.authorize("applepay", &[10_00, 12_00, 13_00], 2_50)?;
    stage.released(sold.nr).await?;
    stage.moved(&sold.payment, 37_50, 0, 0)?;
    let first = stage.ship(sold.nr, &[0, 1])?;
    stage.booked(&first).await?;
    let second = stage.ship(sold.nr, &[2])?;
    stage.booked(&second).await?;
    stage.ends_with(&sold.payment, 37_50, 0, 0).await?;
    stage.booked_once(&first, 24_50)?;
    stage.booked_once(&second, 13_00)?;
    Ok((sold.nr, "captured once, two invoices booked"))
}

async fn two_credit_notes(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[70_00, 30_00, 20_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    let first = stage.take_back(sold.nr, &[1])?;
    let second = stage.take_back(sold.nr, &[2])?;
    stage.booked(&first).await?;
    stage.booked(&second).await?;
    stage.ends_with(&sold.payment, 120_00, 50_00, 0).await?;
    stage.booked_once(&first, 30_00)?;
    stage.booked_once(&second, 20_00)?;
    Ok((sold.nr, "each refunded and booked once"))
}

async fn voucher(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[100_00, -10_00], 4_90)?;
    stage.released(sold.nr).await?;
    stage.locked(sold.nr, false)?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 94_90, 0, 0).await?;
    stage.booked_once(&invoice, 94_90)?;
    Ok((sold.nr, "the whole total captured and booked"))
}

async fn cents_short(stage: Stage) -> Played {
    let payment = stage.shop().authorize("card", stage.money(99_98), &stage.external())?;
    let nr = stage.import(&[60_00, 40_00], 0, Some(&payment))?;
    stage.released(nr).await?;
    stage.locked(nr, false)?;
    let invoice = stage.ship_all(nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&payment, 99_98, 0, 0).await?;
    stage.booked_once(&invoice, 100_00)?;
    Ok((nr, "what there is captured, the invoice booked"))
}

async fn foreign(stage: Stage, one: i64, other: i64) -> Played {
    let sold = stage.authorize("card", &[one, other], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    let credit_note = stage.take_back(sold.nr, &[0])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, one + other, one, 0).await?;
    stage.booked_once(&invoice, one + other)?;
    stage.booked_once(&credit_note, one)?;
    Ok((sold.nr, "moved and booked in its own currency"))
}

async fn unknown_method(stage: Stage) -> Played {
    let sold = stage.authorize("googlepay", &[15_00, 10_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 25_00, 0, 0).await?;
    stage.booked_once(&invoice, 25_00)?;
    Ok((sold.nr, "treated by what the payment shows"))
}
