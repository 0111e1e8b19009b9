//! Pay-later: authorised in the shop and captured per invoice, whatever the mode.

use super::{Played, Story, story};
use crate::sandbox::stage::Stage;

/// The family's stories.
pub(super) const STORIES: &[Story] = &[
    story!("captured per invoice", "Paylater Invoice", Standard, |stage| pay_later(stage, "paylater-invoice")),
    story!("one line cancelled", "Paylater Invoice", Expert, |stage| line_cancelled(stage, "paylater-invoice"))
        .second(),
    story!("cancelled before shipping", "Paylater Invoice", Expert, |stage| cancelled(stage, "paylater-invoice")),
    story!("captured per invoice", "Paylater Installment", Expert, |stage| pay_later(stage, "paylater-installment")),
    story!("cancelled before shipping", "Paylater Installment", Standard, |stage| {
        cancelled(stage, "paylater-installment")
    }),
    story!("captured per invoice", "Paylater Direct Debit", Expert, |stage| pay_later(stage, "paylater-direct-debit")),
    story!("one line cancelled", "Paylater Direct Debit", Standard, |stage| {
        line_cancelled(stage, "paylater-direct-debit")
    })
    .second(),
];

async fn pay_later(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.authorize(slug, &[90_00, 60_00], 0)?;
    stage.released(sold.nr).await?;
    stage.moved(&sold.payment, 0, 0, 0)?;
    let first = stage.ship(sold.nr, &[0])?;
    stage.booked(&first).await?;
    let second = stage.ship(sold.nr, &[1])?;
    stage.booked(&second).await?;
    let credit_note = stage.take_back(sold.nr, &[1])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 150_00, 60_00, 0).await?;
    Ok((sold.nr, "captured per invoice, return refunded"))
}

async fn line_cancelled(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.authorize(slug, &[90_00, 60_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel(sold.nr, &[1])?;
    let invoice = stage.ship(sold.nr, &[0])?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 90_00, 0, 0).await?;
    stage.booked_once(&invoice, 90_00)?;
    Ok((sold.nr, "nothing sent: the rest expires"))
}

async fn cancelled(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.authorize(slug, &[90_00, 60_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel_all(sold.nr)?;
    stage.ends_with(&sold.payment, 0, 0, 150_00).await?;
    Ok((sold.nr, "authorisation reversed"))
}
