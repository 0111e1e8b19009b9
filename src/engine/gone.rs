//! Orders pixi does not show as this daemon's any more: readings are counted, and only while pixi shows others.
//!
//! The engine counts, [`crate::policy`] judges: one empty answer is not "nothing".

use crate::clock::Time;
use crate::journal::{Journal, OrderFilter};
use crate::pixi::PixiClient;
use crate::policy::disappeared::{APART, CONFIRMED_BY, WITHIN};
use crate::policy::facts::{Gone, GoneHow};
use crate::steps::OrderId;

use super::work::WorkError;

/// Orders asked for, to see whether pixi shows any.
const OTHERS: i64 = 4;

/// What is known after a reading at `now` that did not show the order. `others` tells whether pixi shows other orders;
/// it is asked only where this reading may count.
pub async fn count(
    before: Option<&Gone>,
    how: GoneHow,
    now: Time,
    others: impl Future<Output = Result<bool, WorkError>>,
) -> Result<Gone, WorkError> {
    let mut gone = before.filter(|gone| gone.how == how).cloned().unwrap_or(Gone { how, readings: Vec::new() });
    let due = gone.readings.last().is_none_or(|last| now - *last >= APART);
    if gone.readings.len() >= CONFIRMED_BY || !due || !others.await? {
        return Ok(gone);
    }
    gone.readings.retain(|at| now - *at <= WITHIN);
    gone.readings.push(now);
    Ok(gone)
}

/// Whether pixi shows another order of the same mandant, else one of the same API.
pub async fn others_answer(journal: &Journal, pixi: &PixiClient, order: &OrderId) -> Result<bool, WorkError> {
    let own = OrderFilter { mandant: Some(order.mandant.clone()), ..of_api(order) };
    for filter in [own, of_api(order)] {
        if any_shown(journal, pixi, order, filter).await? {
            return Ok(true);
        }
    }
    Ok(false)
}

fn of_api(order: &OrderId) -> OrderFilter {
    OrderFilter { api: Some(order.api.clone()), limit: OTHERS, ..OrderFilter::default() }
}

async fn any_shown(
    journal: &Journal,
    pixi: &PixiClient,
    order: &OrderId,
    filter: OrderFilter,
) -> Result<bool, WorkError> {
    for row in journal.list_orders(filter).await? {
        if row.order == *order {
            continue;
        }
        match pixi.order_header(row.order.nr).await {
            Ok(Some(header)) if header.shop_id == row.order.mandant => return Ok(true),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}
