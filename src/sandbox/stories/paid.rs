//! Bank redirects and direct debits: the money is taken in the shop, whatever the mode.

use std::time::Duration;

use super::{Played, Story, story};
use crate::sandbox::pixi::OrderState;
use crate::sandbox::stage::Stage;

/// The family's stories.
pub(super) const STORIES: &[Story] = &[
    story!("paid in the shop", "SOFORT", Standard, |stage| paid(stage, "sofort")),
    story!("one line cancelled", "SOFORT", Expert, |stage| line_cancelled(stage, "sofort")).second(),
    story!("buyer finishes late", "SOFORT", Standard, buyer_late),
    story!("paid in the shop", "EPS", Expert, |stage| paid(stage, "eps")),
    story!("paid and returned", "EPS", Standard, |stage| returned(stage, "eps")).second(),
    story!("paid and returned", "iDEAL", Standard, |stage| returned(stage, "ideal")),
    story!("paid and cancelled", "iDEAL", Expert, |stage| cancelled(stage, "ideal")),
    story!("paid before its scheme ended", "Giropay", Standard, |stage| paid(stage, "giropay")),
    story!("returned, refund refused", "Giropay", Expert, refund_refused),
    story!("paid and cancelled", "Alipay", Expert, |stage| cancelled(stage, "alipay")),
    story!("one line cancelled", "Alipay", Standard, |stage| line_cancelled(stage, "alipay")),
    story!("paid in zloty", "Przelewy24", Standard, |stage| paid(stage, "przelewy24")).currency("PLN"),
    story!("returned in zloty", "Przelewy24", Expert, |stage| returned(stage, "przelewy24")).currency("PLN"),
    story!("paid in the shop", "Direct Debit", Standard, |stage| paid(stage, "sepa-direct-debit")),
    story!("one line cancelled", "Direct Debit", Expert, |stage| line_cancelled(stage, "sepa-direct-debit")),
    story!("paid in the shop", "Direct Debit Secured", Expert, |stage| paid(stage, "sepa-direct-debit-secured")),
    story!("paid and cancelled", "Direct Debit Secured", Standard, |stage| {
        cancelled(stage, "sepa-direct-debit-secured")
    }),
    story!("paid and returned", "Direct Debit Guar.", Expert, |stage| returned(stage, "sepa-direct-debit-guaranteed")),
    story!("paid in the shop", "Direct Debit Guar.", Standard, |stage| paid(stage, "sepa-direct-debit-guaranteed"))
        .second(),
];

async fn paid(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.sell(slug, &[45_00, 5_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 50_00, 0, 0).await?;
    stage.booked_once(&invoice, 50_00)?;
    Ok((sold.nr, "booked"))
}

async fn returned(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.sell(slug, &[45_00, 5_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    let credit_note = stage.take_back(sold.nr, &[0])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 50_00, 45_00, 0).await?;
    stage.booked_once(&credit_note, 45_00)?;
    Ok((sold.nr, "credit note refunded and booked"))
}

async fn cancelled(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.sell(slug, &[18_00], 2_00)?;
    stage.released(sold.nr).await?;
    stage.cancel_all(sold.nr)?;
    stage.ends_with(&sold.payment, 20_00, 20_00, 0).await?;
    Ok((sold.nr, "money paid back"))
}

async fn buyer_late(stage: Stage) -> Played {
    let shop = stage.shop();
    let payment = shop.charge_and_wait("sofort", stage.money(31_00), &stage.external())?;
    let nr = stage.import(&[31_00], 0, Some(&payment))?;
    stage.pause(Duration::from_mins(6)).await;
    let held = stage.order(nr)?.state() == OrderState::Hold;
    stage.same("still on hold", &held, &true)?;
    stage.world.unzer.finish_redirect(&payment, None)?;
    stage.released(nr).await?;
    stage.locked(nr, false)?;
    let invoice = stage.ship_all(nr)?;
    stage.booked(&invoice).await?;
    stage.booked_once(&invoice, 31_00)?;
    Ok((nr, "waited on HOLD, then booked"))
}

async fn line_cancelled(stage: Stage, slug: &'static str) -> Played {
    let sold = stage.sell(slug, &[45_00, 15_00], 3_00)?;
    stage.released(sold.nr).await?;
    stage.cancel(sold.nr, &[1])?;
    stage.pause(Duration::from_mins(10)).await;
    stage.moved(&sold.payment, 63_00, 0, 0)?;
    let invoice = stage.ship(sold.nr, &[0])?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 63_00, 15_00, 0).await?;
    stage.booked_once(&invoice, 48_00)?;
    Ok((sold.nr, "cancelled line paid back once closed"))
}

async fn refund_refused(stage: Stage) -> Played {
    let sold = stage.sell("giropay", &[45_00, 5_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    let credit_note = stage.take_back(sold.nr, &[0])?;
    stage.commented(sold.nr, "PP-1502").await?;
    stage.pause(Duration::from_mins(10)).await;
    stage.moved(&sold.payment, 50_00, 0, 0)?;
    stage.not_booked(&credit_note)?;
    Ok((sold.nr, "not refunded, not booked, problem"))
}
