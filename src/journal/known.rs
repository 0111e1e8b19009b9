//! What the store knows of an order, read at once. What people said of it is not part of it: that is read last of all, so
//! that it is never older than the rest.

use super::rows::Columns;
use super::store::Tx;
use super::{Journal, JournalError, OrderRow, StepRecord, settle, sql};
use crate::steps::OrderId;

/// What the store knows of an order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// The order.
    pub row: OrderRow,
    /// The payment of the row is claimed by this order, and so its for good.
    pub has_claim: bool,
    /// Facts last stored: JSON of the engine's making.
    pub facts: Option<String>,
    /// Its steps, oldest first; empty where they were not asked for.
    pub steps: Vec<StepRecord>,
}

impl Known {
    /// The payment of the row, where it is this order's.
    pub fn claimed(&self) -> Option<&str> {
        self.row.payment.as_deref().filter(|_| self.has_claim)
    }
}

impl Journal {
    /// All that is known of the order, if it was ever seen.
    pub async fn known(&self, order: &OrderId) -> Result<Option<Known>, JournalError> {
        self.read_known(order, true).await
    }

    /// The order with its facts last stored, if it was ever seen; its steps are not read.
    pub async fn row_and_facts(&self, order: &OrderId) -> Result<Option<Known>, JournalError> {
        self.read_known(order, false).await
    }

    async fn read_known(&self, order: &OrderId, whole: bool) -> Result<Option<Known>, JournalError> {
        let order = order.clone();
        let known = self.0.lanes.read(move |tx| Box::pin(load(tx, order, whole))).await?;
        Ok(known.map(|known| Known { row: self.with_postponed(known.row), ..known }))
    }
}

async fn load(tx: &mut Tx, order: OrderId, whole: bool) -> Result<Option<Known>, JournalError> {
    let query = sqlx::query(sql::LOAD_KNOWN).bind(&order.api.0).bind(&order.mandant.0).bind(order.nr);
    let Some(row) = query.fetch_optional(&mut tx.conn).await? else { return Ok(None) };
    let mut known = Known {
        row: OrderRow::read(&row)?,
        has_claim: row.int("claimed")? > 0,
        facts: row.text_opt("facts")?,
        steps: Vec::new(),
    };
    if !whole {
        return Ok(Some(known));
    }
    known.steps = settle::of_order(tx, &order).await?;
    Ok(Some(known))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{On, Shop, capture, done, nr, on_both_databases, plan};
    use super::super::{Mode, Next};
    use super::*;

    async fn all_that_is_known_of_an_order_is_what_is_stored(on: On) {
        let shop = Shop::open(on, Mode::Inline).await;
        let journal = &shop.journal;
        let row = shop.order(4711).await;
        let known = journal.known(&nr(4711)).await.unwrap().unwrap();
        assert_eq!(known, Known { row: row.clone(), has_claim: false, facts: None, steps: Vec::new() });
        assert_eq!(journal.known(&nr(1)).await.unwrap(), None);

        let later = shop.clock.now();
        journal.record_plan(&row, plan(Next::Check(later))).await.unwrap();
        assert_eq!(journal.known(&nr(4711)).await.unwrap().unwrap().claimed(), None, "named, and not claimed yet");
        let permit = shop.intend(4711, &capture("RE1", 100_00)).await.unwrap();
        shop.settle(permit, done("s-chg-1")).await;
        let known = journal.known(&nr(4711)).await.unwrap().unwrap();
        assert_eq!(Some(&known.row), journal.load_order(&nr(4711)).await.unwrap().as_ref());
        assert_eq!((known.facts.as_deref(), known.claimed()), (Some("{}"), Some("s-pay-1")));
        assert_eq!(known.steps, journal.steps_of(&nr(4711)).await.unwrap());
        assert_eq!(known.steps.len(), 1);
        let bare = journal.row_and_facts(&nr(4711)).await.unwrap().unwrap();
        assert_eq!(bare, Known { steps: Vec::new(), ..known });

        let other = shop.order(4712).await;
        journal.record_plan(&other, plan(Next::Check(later))).await.unwrap();
        let other = journal.known(&nr(4712)).await.unwrap().unwrap();
        assert_eq!((other.row.payment.as_deref(), other.claimed()), (Some("s-pay-1"), None), "another order's");
    }

    on_both_databases! {
        paused: all_that_is_known_of_an_order_is_what_is_stored;
    }
}
