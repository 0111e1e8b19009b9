//! The secured invoice: a claim until the shipment notice, which starts the buyer's term.

use std::time::Duration;

use super::{Played, Story, story};
use crate::sandbox::stage::Stage;

/// The family's stories.
pub(super) const STORIES: &[Story] = &[
    story!("shipped and reported", "Invoice Secured", Standard, |stage| shipped(stage, "invoice-secured")),
    story!("line cancelled, rest returned in part", "Invoice Secured", Expert, whole_way).second(),
    story!("cancelled before shipping", "Invoice Secured", Standard, |stage| cancelled(stage, "invoice-secured")),
    story!("shipped in two parts", "Invoice Guaranteed", Expert, |stage| two_parts(stage, "invoice-guaranteed")),
    story!("shipped and reported", "Invoice Guaranteed", Standard, |stage| shipped(stage, "invoice-guaranteed")),
    story!("everything returned", "Invoice Factoring", Expert, |stage| returned(stage, "invoice-factoring")),
    story!("shipped in two parts", "Invoice Factoring", Standard, |stage| two_parts(stage, "invoice-factoring"))
        .second(),
];

async fn shipped(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.sell(slug, &[70_00, 10_00], 5_00)?;
    stage.released(sold.nr).await?;
    stage.locked(sold.nr, false)?;
    stage.moved(&sold.payment, 0, 0, 0)?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.noticed(&sold.payment, 85_00).await?;
    stage.ends_with(&sold.payment, 85_00, 0, 0).await?;
    stage.noticed(&sold.payment, 85_00).await?;
    stage.booked_once(&invoice, 85_00)?;
    Ok((sold.nr, "shipment reported once, booked"))
}

async fn whole_way(stage: Stage) -> Played {
    let sold = stage.sell("invoice-secured", &[70_00, 20_00, 10_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel(sold.nr, &[2])?;
    let invoice = stage.ship(sold.nr, &[0, 1])?;
    stage.noticed(&sold.payment, 90_00).await?;
    stage.moved(&sold.payment, 90_00, 0, 10_00)?;
    stage.booked(&invoice).await?;
    let credit_note = stage.take_back(sold.nr, &[1])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 90_00, 20_00, 10_00).await?;
    stage.noticed(&sold.payment, 90_00).await?;
    stage.booked_once(&invoice, 90_00)?;
    stage.booked_once(&credit_note, 20_00)?;
    Ok((sold.nr, "claim lowered, reported, return refunded"))
}

async fn cancelled(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.sell(slug, &[70_00, 10_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel_all(sold.nr)?;
    stage.ends_with(&sold.payment, 0, 0, 80_00).await?;
    stage.same("shipment notices", &stage.ledger(&sold.payment)?.shipments.len(), &0)?;
    Ok((sold.nr, "claim reversed, nothing reported"))
}

async fn two_parts(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.sell(slug, &[70_00, 10_00], 0)?;
    stage.released(sold.nr).await?;
    let first = stage.ship(sold.nr, &[0])?;
    stage.pause(Duration::from_mins(8)).await;
    stage.moved(&sold.payment, 0, 0, 0)?;
    stage.not_booked(&first)?;
    let second = stage.ship(sold.nr, &[1])?;
    stage.booked(&second).await?;
    stage.booked(&first).await?;
    stage.noticed(&sold.payment, 80_00).await?;
    let notice = &stage.ledger(&sold.payment)?.shipments[0];
    stage.same("invoice of the notice", &notice.invoice_id, &second)?;
    stage.ends_with(&sold.payment, 80_00, 0, 0).await?;
    Ok((sold.nr, "reported once all was shipped"))
}

async fn returned(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.sell(slug, &[70_00, 10_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    let credit_note = stage.take_back(sold.nr, &[0, 1])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 80_00, 80_00, 0).await?;
    stage.booked_once(&credit_note, 80_00)?;
    Ok((sold.nr, "refunded after the notice"))
}
