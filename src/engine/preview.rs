//! What would be done for an order by what is stored of it: for pages, which ask nobody.

use crate::clock::Time;
use crate::journal::{JournalError, OrderRow, StepRecord};
use crate::policy::{self, Facts, Plan};

use super::peers;
use super::work::{Workshop, confirm};

/// The facts last stored, with the steps as they are now, and the plan they make. None where nothing was read yet, an
/// older version wrote them, or the payment type is not configured any more.
pub async fn preview(
    shop: &Workshop,
    row: &OrderRow,
    steps: &[StepRecord],
    now: Time,
) -> Result<Option<(Facts, Plan)>, JournalError> {
    let Some(payment_type) = peers::payment_type(&shop.settings, &row.order.mandant, &row.payment_code) else {
        return Ok(None);
    };
    let facts = shop.stored_facts(&row.order, steps).await?;
    Ok(facts.map(|mut facts| {
        // Since when they have been so is kept with the order, not with the facts.
        confirm(&mut facts, row);
        let plan = policy::plan(&facts, &shop.terms(payment_type), now);
        (facts, plan)
    }))
}
