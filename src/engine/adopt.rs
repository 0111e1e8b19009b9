//! Taking over an order that was left alone: its documents are shown first, and a person says of each whether it is done.
//! What was captured and refunded is read from Unzer, never from the journal.

use crate::clock::Time;
use crate::config::{PaymentCode, Settings};
use crate::journal::{Accepted, Journal, JournalError, Management, OrderRow, OrderSeen, Owner, Settled};
use crate::policy::facts::{Document, DocumentKind};
use crate::policy::{self, Facts, PaymentStatus, Plan};
use crate::steps::OrderId;

use super::work::{WorkError, Workshop, mode_name};

/// An order as it would be worked on after it was taken over.
#[derive(Debug, Clone)]
pub struct Adoptable {
    /// What is known of it.
    pub facts: Facts,
    /// What would be done if every document were open.
    pub plan: Plan,
}

impl Adoptable {
    /// Documents a person has to say something of.
    pub fn documents(&self) -> impl Iterator<Item = &Document> {
        self.facts.documents.iter().filter(|document| document.kind != DocumentKind::Unclear)
    }

    /// True where pixi shows money for the document: it can only be done.
    pub fn is_paid(document: &Document) -> bool {
        document.paid.is_some_and(|paid| paid != 0)
    }

    /// What is still to be done where these documents are done.
    pub fn plan_with(&self, shop: &Workshop, done: Vec<String>, now: Time) -> Option<Plan> {
        let mandant = shop.settings.mandants.get(&self.facts.order.mandant)?;
        let terms = shop.terms(mandant.payment_types.get(&self.facts.payment_type)?);
        Some(policy::plan(&Facts { accepted: done, ..self.facts.clone() }, &terms, now))
    }
}

/// True for an order that is left alone: only such a one is taken over.
pub fn is_left_alone(row: &OrderRow) -> bool {
    match row.management {
        Management::Legacy | Management::Ignored | Management::Manual | Management::Adopting => true,
        Management::Managed => row.payment_status == PaymentStatus::Manual.name(),
        Management::Adopted => false,
    }
}

/// Reads an order from pixi and Unzer as if it were taken over already; nothing is written. None where pixi does not show
/// it to this mandant.
///
/// # Errors
/// [`WorkError::NotConfigured`] where its mandant or payment type is not configured.
pub async fn look(shop: &Workshop, order: &OrderId, code: &PaymentCode) -> Result<Option<Adoptable>, WorkError> {
    const NOBODY: Owner = Owner { id: 0, fence: 0 };
    let work = shop.work(NOBODY, &order.api, &order.mandant, code, order.nr, None)?.adopting();
    Ok(work.look_only().await?.map(|(facts, plan)| Adoptable { facts, plan }))
}

/// Takes an order over with what a person said of its documents. Nothing is sent: the daemon goes on with it.
pub async fn adopt(
    journal: &Journal,
    settings: &Settings,
    seen: &Adoptable,
    documents: Vec<Accepted>,
    by: &str,
    why: &str,
) -> Result<(), JournalError> {
    let facts = &seen.facts;
    let block = settings.mandants.get(&facts.order.mandant);
    let block = block.and_then(|mandant| mandant.payment_types.get(&facts.payment_type));
    // One that was never seen is stored first; the mode of one that is stored stays.
    let first = OrderSeen {
        order: facts.order.clone(),
        nr_external: facts.external_nr.clone(),
        payment_code: facts.payment_type.clone(),
        currency: facts.currency,
        mode: mode_name(block.map_or(facts.mode, |block| block.mode)).to_owned(),
        management: Management::Adopting,
        next_check: facts.stable_since,
    };
    journal.see_order(first).await?;
    journal.adopt_order(&facts.order, documents, by, why).await
}

/// A person's word on a document.
pub fn accepted(document: &Document, settled: Settled) -> Accepted {
    Accepted { document: document.nr.clone(), settled, total: document.total }
}
