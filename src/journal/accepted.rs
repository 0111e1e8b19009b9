//! What people said of an order beside the rules: documents accepted as done or open when it was taken over, and that it
//! was handed to debt collection.

use serde::{Deserialize, Serialize};

use super::orders::{self, Management};
use super::rows::Columns;
use super::store::Tx;
use super::{Chain, Journal, JournalError, audit, sql};
use crate::steps::OrderId;

/// How a document stood when its order was taken over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Settled {
    /// Its money has moved and it is booked: nothing is done for it.
    Done,
    /// It is still to be worked on.
    Open,
}

impl Settled {
    /// The word for it in the store.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Open => "open",
        }
    }
}

/// A person's word on a document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Accepted {
    /// pixi InvoiceNr.
    pub document: String,
    /// How it stands.
    pub settled: Settled,
    /// Its total as the person saw it, in minor units; of a credit note as a positive amount.
    pub total: i64,
}

/// What people said of an order beside the rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SaidOfOrder {
    /// Documents that were accepted as done.
    pub done: Vec<String>,
    /// Handed to debt collection while this much money was there (`net`, minor units).
    pub collection: Option<i64>,
}

impl Journal {
    /// What people said of the order.
    pub async fn said_of(&self, order: &OrderId) -> Result<SaidOfOrder, JournalError> {
        let order = order.clone();
        self.0.lanes.read(move |tx| Box::pin(async move { said(tx, &order).await })).await
    }

    /// Takes an order under management with its documents as a person has accepted them, all in one transaction. Of a document
    /// that was accepted before the last word counts.
    pub async fn adopt_order(
        &self,
        order: &OrderId,
        documents: Vec<Accepted>,
        by: &str,
        why: &str,
    ) -> Result<(), JournalError> {
        let (order, by, why) = (order.clone(), by.to_owned(), why.to_owned());
        let id = self
            .0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let id = orders::manage(tx, order.clone(), Management::Adopted, by.clone(), why.clone()).await?;
                    for accepted in &documents {
                        accept(tx, id, accepted, &by, &why).await?;
                        let entry = serde_json::json!({
                            "what": "accept_document", "order": order.to_string(), "document": accepted.document,
                            "as": accepted.settled.name(), "amount_minor": accepted.total, "actor": by, "reason": why,
                        });
                        audit::append(tx, &Chain::of(&order), &entry).await?;
                    }
                    Ok(id)
                })
            })
            .await?;
        self.0.postponed.forget(id);
        Ok(())
    }

    /// Marks an order as handed to debt collection while `net` of money is there (minor units).
    pub async fn hand_to_collection(&self, order: &OrderId, net: i64, by: &str, why: &str) -> Result<(), JournalError> {
        let (order, by, why) = (order.clone(), by.to_owned(), why.to_owned());
        let id = self
            .0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let row = orders::load(tx, order.clone()).await?;
                    let row = row.ok_or_else(|| JournalError::NotFound(order.to_string()))?;
                    let now = tx.now_ms();
                    let query = sqlx::query(sql::ADD_COLLECTION).bind(row.id).bind(net).bind(&by).bind(&why);
                    query.bind(now).execute(&mut tx.conn).await?;
                    sqlx::query(sql::SHOW_COLLECTION).bind(row.id).bind(now).execute(&mut tx.conn).await?;
                    let entry = serde_json::json!({
                        "what": "collection", "order": order.to_string(), "net_minor": net, "actor": by, "reason": why,
                    });
                    audit::append(tx, &Chain::of(&order), &entry).await?;
                    Ok(row.id)
                })
            })
            .await?;
        self.0.postponed.forget(id);
        Ok(())
    }

    /// The order is no longer at debt collection; false where it was not.
    pub async fn end_collection(&self, order: &OrderId, by: &str, why: &str) -> Result<bool, JournalError> {
        let (order, by, why) = (order.clone(), by.to_owned(), why.to_owned());
        let ended = self
            .0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let row = orders::load(tx, order.clone()).await?;
                    let row = row.ok_or_else(|| JournalError::NotFound(order.to_string()))?;
                    let gone = sqlx::query(sql::END_COLLECTION).bind(row.id).execute(&mut tx.conn).await?;
                    if gone.rows_affected() == 0 {
                        return Ok(None);
                    }
                    let entry = serde_json::json!({
                        "what": "end_collection", "order": order.to_string(), "actor": by, "reason": why,
                    });
                    audit::append(tx, &Chain::of(&order), &entry).await?;
                    Ok(Some(row.id))
                })
            })
            .await?;
        if let Some(id) = ended {
            self.0.postponed.forget(id);
        }
        Ok(ended.is_some())
    }
}

pub(super) async fn said(tx: &mut Tx, order: &OrderId) -> Result<SaidOfOrder, JournalError> {
    let query = sqlx::query(sql::SAID_OF_ORDER).bind(&order.api.0).bind(&order.mandant.0).bind(order.nr);
    let mut said = SaidOfOrder::default();
    for row in query.fetch_all(&mut tx.conn).await? {
        said.done.extend(row.text_opt("document")?);
        said.collection = said.collection.or(row.int_opt("net")?);
    }
    Ok(said)
}

async fn accept(tx: &mut Tx, order: i64, accepted: &Accepted, by: &str, why: &str) -> Result<(), JournalError> {
    let now = tx.now_ms();
    sqlx::query(sql::ACCEPT_DOCUMENT)
        .bind(order)
        .bind(accepted.document.as_str())
        .bind(accepted.settled.name())
        .bind(accepted.total)
        .bind(by)
        .bind(why)
        .bind(now)
        .execute(&mut tx.conn)
        .await?;
    Ok(())
}
