//! What moved at Unzer without this daemon: by hand in the portal, in the shop, or because an authorisation ended.

use crate::steps::{Effect, Outcome};
use crate::unzer::{Group, Payment, Transaction, TransactionKind, TransactionStatus};

use super::facts::{Facts, Past};
use super::sums::{self, Sums};

/// Amounts in minor units of the order's currency.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ByHand {
    /// Taken of an authorisation.
    pub captured: i64,
    /// Paid back, and counted for a credit note or a cancellation.
    pub refunded: i64,
    /// Given free of an authorisation or a claim.
    pub reversed: i64,
}

impl ByHand {
    /// What others than this daemon have moved on the order's payments. A refund that fits nothing is not in it: that is
    /// a problem of its own.
    pub fn of(facts: &Facts, found: &Sums) -> Self {
        let mut by_hand = Self::default();
        for payment in facts.payments() {
            let is_authorised = matches!(sums::group(payment), Group::Auth | Group::PayLater)
                && payment.transactions.iter().any(|entry| entry.kind == TransactionKind::Authorize);
            for entry in payment.transactions.iter().filter(|entry| entry.status == TransactionStatus::Success) {
                let fits_nothing = || found.refunds.foreign.iter().any(|(path, _)| *path == entry.path);
                let amount = entry.amount.minor;
                match entry.kind {
                    TransactionKind::Charge if is_authorised && !is_ours(facts, payment, entry) => {
                        by_hand.captured += amount;
                    }
                    TransactionKind::CancelCharge if !is_ours(facts, payment, entry) && !fits_nothing() => {
                        by_hand.refunded += amount;
                    }
                    TransactionKind::CancelAuthorize if !is_ours(facts, payment, entry) => by_hand.reversed += amount,
                    _ => {}
                }
            }
        }
        by_hand
    }
}

/// The transaction came of a step of ours, or carries a reference as ours do.
fn is_ours(facts: &Facts, payment: &Payment, entry: &Transaction) -> bool {
    let reference = entry.detail.as_ref().and_then(|detail| detail.payment_reference.as_deref());
    reference.is_some_and(|reference| !reference.is_empty())
        || facts.done().any(|past| past.effect.payment() == Some(&payment.id) && made(past, entry))
}

/// The transaction is the one a step that is done has made.
pub(super) fn made(past: &Past, entry: &Transaction) -> bool {
    let kind = match past.effect {
        Effect::Capture { .. } => TransactionKind::Charge,
        Effect::Refund { .. } => TransactionKind::CancelCharge,
        Effect::Reverse { .. } => TransactionKind::CancelAuthorize,
        _ => return false,
    };
    let Some(Outcome::Done(evidence)) = &past.outcome else { return false };
    let last = |path: &str| path.rsplit('/').next().map(str::to_owned);
    let path = evidence.transaction.as_deref().unwrap_or_default();
    // A reversal is listed under the authorisation's id, not under the path it was posted to.
    let same = path == entry.path || kind == TransactionKind::CancelAuthorize && last(path) == last(&entry.path);
    entry.kind == kind && same
}
