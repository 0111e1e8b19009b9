//! Orders without a payment of theirs, or not for the daemon at all.

use std::time::Duration;

use super::{Played, Story, story};
use crate::sandbox::pixi::{NewOrder, OrderState};
use crate::sandbox::stage::Stage;

/// The family's stories.
pub(super) const STORIES: &[Story] = &[
    story!("made by hand in pixi", "-", Standard, by_hand),
    story!("no payment id", "-", Expert, no_payment_id),
    story!("older than the start date", "Card", Standard, legacy),
    story!("payment of another order", "Card", Expert, taken),
    story!("payment of another merchant", "Card", Standard, other_merchant).second(),
    story!("costs nothing", "-", Expert, costs_nothing).second(),
];

async fn no_payment_id(stage: Stage) -> Played {
    let nr = stage.import(&[12_00], 0, None)?;
    stage.released(nr).await?;
    stage.locked(nr, true)?;
    stage.commented(nr, "PP-1101").await?;
    Ok((nr, "released with a shipping lock, problem"))
}

async fn by_hand(stage: Stage) -> Played {
    let nr = stage.import_as(None, &[12_00], 0, None)?;
    stage.pause(Duration::from_mins(35)).await;
    let order = stage.order(nr)?;
    stage.same("still on hold", &(order.state() == OrderState::Hold), &true)?;
    stage.same("comments", &order.comments.len(), &0)?;
    stage.locked(nr, false)?;
    Ok((nr, "left alone"))
}

async fn legacy(stage: Stage) -> Played {
    let payment = stage.shop().authorize("card", stage.money(40_00), &stage.external())?;
    let ordered = "2026-02-20T10:00:00Z".parse().ok();
    let nr = stage.take_in(NewOrder { ordered, ..stage.new_order(&[40_00], 0, Some(&payment)) })?;
    stage.pause(Duration::from_mins(35)).await;
    let order = stage.order(nr)?;
    stage.same("still on hold", &(order.state() == OrderState::Hold), &true)?;
    stage.same("comments", &order.comments.len(), &0)?;
    stage.moved(&payment, 0, 0, 0)?;
    Ok((nr, "left alone"))
}

async fn taken(stage: Stage) -> Played {
    let sold = stage.authorize("card", &[40_00], 0)?;
    stage.released(sold.nr).await?;
    let copy = NewOrder { external: Some(format!("{}-COPY", stage.external())), ..stage.new_order(&[40_00], 0, None) };
    let nr = stage.take_in(NewOrder { pay_id: Some(sold.payment.clone()), ..copy })?;
    stage.released(nr).await?;
    stage.locked(nr, true)?;
    stage.locked(sold.nr, false)?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 40_00, 0, 0).await?;
    stage.commented(nr, "PP-1106").await?;
    Ok((nr, "locked, the first order goes on"))
}

async fn other_merchant(stage: Stage) -> Played {
    // The shop has sold with the other mandant's keys.
    let payment = stage.world.unzer.shop(0).authorize("card", stage.money(22_00), &stage.external())?;
    let nr = stage.import(&[22_00], 0, Some(&payment))?;
    stage.released(nr).await?;
    stage.locked(nr, true)?;
    stage.commented(nr, "PP-1104").await?;
    stage.moved(&payment, 0, 0, 0)?;
    Ok((nr, "released with a shipping lock, problem"))
}

async fn costs_nothing(stage: Stage) -> Played {
    let nr = stage.import(&[0], 0, None)?;
    stage.released(nr).await?;
    stage.locked(nr, false)?;
    Ok((nr, "released without a payment"))
}
