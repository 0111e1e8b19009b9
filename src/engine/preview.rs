//! What would be done for an order by what is stored of it: for pages, which ask nobody.

use crate::clock::Time;
use crate::journal::{JournalError, OrderRow, StepRecord};
use crate::policy::{self, Facts, Plan};

use super::peers;
use super::work::{Workshop, into_past};

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
    let json = shop.journal.load_facts(&row.order).await?;
    let facts = json.and_then(|json| serde_json::from_str::<Facts>(&json).ok());
    Ok(facts.map(|facts| {
        let facts = Facts { past: steps.iter().map(into_past).collect(), ..facts };
        let plan = policy::plan(&facts, &shop.terms(payment_type), now);
        (facts, plan)
    }))
}
