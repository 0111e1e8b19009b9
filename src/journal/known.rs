//! What the store knows of an order, read at once.

use super::accepted::{self, SaidOfOrder};
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
    /// What people said of it; empty where that was not asked for.
    pub said: SaidOfOrder,
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

    /// The order with its facts last stored, if it was ever seen; its steps and what people said are not read.
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
        said: SaidOfOrder::default(),
    };
    if !whole {
        return Ok(Some(known));
    }
    // Of most orders nobody said anything.
    if row.int("said")? > 0 {
        known.said = accepted::said(tx, &order).await?;
    }
    known.steps = settle::of_order(tx, &order).await?;
    Ok(Some(known))
}

#[cfg(test)]
mod tests {
    use super::super::tests::{On, Shop, capture, done, nr, on_both_databases, plan};
    use super::super::{Accepted, Mode, Next, Settled};
    use super::*;

    async fn all_that_is_known_of_an_order_is_what_is_stored(on: On) {
        let shop = Shop::open(on, Mode::Inline).await;
        let journal = &shop.journal;
        let row = shop.order(4711).await;
        let known = journal.known(&nr(4711)).await.unwrap().unwrap();
        let said = SaidOfOrder::default();
        assert_eq!(known, Known { row: row.clone(), has_claim: false, facts: None, steps: Vec::new(), said });
        assert_eq!(journal.known(&nr(1)).await.unwrap(), None);

        let later = shop.clock.now();
        journal.record_plan(&row, plan(Next::Check(later))).await.unwrap();
        assert_eq!(journal.known(&nr(4711)).await.unwrap().unwrap().claimed(), None, "named, and not claimed yet");
        let permit = shop.intend(4711, &capture("RE1", 100_00)).await.unwrap();
        shop.settle(permit, done("s-chg-1")).await;
        let documents = [("RE1", Settled::Done), ("RE2", Settled::Open)].map(|(document, settled)| Accepted {
            document: document.to_owned(),
            settled,
            total: 100_00,
        });
        journal.adopt_order(&nr(4711), documents.to_vec(), "anna", "ours").await.unwrap();
        let adopted = journal.known(&nr(4711)).await.unwrap().unwrap();
        assert_eq!((adopted.said.done.as_slice(), adopted.said.collection), (["RE1".to_owned()].as_slice(), None));
        journal.hand_to_collection(&nr(4711), 50_00, "anna", "file 47/11").await.unwrap();

        let known = journal.known(&nr(4711)).await.unwrap().unwrap();
        assert_eq!(Some(&known.row), journal.load_order(&nr(4711)).await.unwrap().as_ref());
        assert_eq!((known.facts.as_deref(), known.claimed()), (Some("{}"), Some("s-pay-1")));
        assert_eq!(known.steps, journal.steps_of(&nr(4711)).await.unwrap());
        assert_eq!(known.said, journal.said_of(&nr(4711)).await.unwrap());
        assert_eq!((known.steps.len(), known.said.collection), (1, Some(50_00)));
        let bare = journal.row_and_facts(&nr(4711)).await.unwrap().unwrap();
        assert_eq!(bare, Known { steps: Vec::new(), said: SaidOfOrder::default(), ..known });

        let other = shop.order(4712).await;
        journal.record_plan(&other, plan(Next::Check(later))).await.unwrap();
        let other = journal.known(&nr(4712)).await.unwrap().unwrap();
        assert_eq!((other.row.payment.as_deref(), other.claimed()), (Some("s-pay-1"), None), "another order's");
    }

    on_both_databases! {
        paused: all_that_is_known_of_an_order_is_what_is_stored;
    }
}
