//! Which refund at Unzer belongs to which credit note, and which to a cancellation.
//!
//! A refund is ours by the journal (its transaction) or by its reference (`GS812 k7f3q2`), so that a store restored
//! from a backup recognises it too. One made by hand in Unzer's portal is adopted where it equals exactly one open
//! credit note, or the whole of what is to be paid back for cancellations; any other is nobody's until a person says so.

use std::collections::BTreeMap;

use crate::steps::{CANCELLATION_REFERENCE, Effect, GOODWILL_REFERENCE, Outcome};
use crate::unzer::{Payment, Transaction, TransactionKind, TransactionStatus};

use super::facts::{Facts, Past};

/// Refunds at Unzer, by what they were made for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Attribution {
    /// Σ by credit note number.
    pub by_credit_note: BTreeMap<String, i64>,
    /// Σ for cancelled lines or a cancelled order.
    pub for_cancellation: i64,
    /// Σ of what was paid in excess, given back by hand.
    pub of_overpayment: i64,
    /// Σ of what a person gave back through this daemon for nothing pixi knows: nobody owes it.
    pub goodwill: i64,
    /// Transactions that belong to nothing known.
    pub foreign: Vec<(String, i64)>,
}

enum Owner {
    CreditNote(String),
    Cancellation,
    /// A person's gift.
    Goodwill,
    Foreign,
}

/// Sorts the successful refunds of the order's payment; `tolerance` is the rounding tolerance in minor units.
pub fn attribute(facts: &Facts, tolerance: i64) -> Attribution {
    let mut found = Attribution::default();
    for payment in facts.payments() {
        let refunds = payment
            .transactions
            .iter()
            .filter(|entry| entry.kind == TransactionKind::CancelCharge && entry.status == TransactionStatus::Success);
        for refund in refunds {
            match owner(facts, payment, refund) {
                Owner::CreditNote(nr) => *found.by_credit_note.entry(nr).or_default() += refund.amount.minor,
                Owner::Cancellation => found.for_cancellation += refund.amount.minor,
                Owner::Goodwill => found.goodwill += refund.amount.minor,
                Owner::Foreign => found.foreign.push((refund.path.clone(), refund.amount.minor)),
            }
        }
    }
    adopt(facts, tolerance, &mut found);
    found
}

/// A refund made by hand that equals exactly one credit note without any refund is taken for that credit note's.
fn adopt(facts: &Facts, tolerance: i64, found: &mut Attribution) {
    let strangers = std::mem::take(&mut found.foreign);
    for (path, amount) in strangers {
        let open: Vec<_> = facts
            .credit_notes()
            .filter(|document| !found.by_credit_note.contains_key(&document.nr))
            .filter(|document| (document.total - amount).abs() <= tolerance)
            .collect();
        match open.as_slice() {
            [only] => {
                found.by_credit_note.insert(only.nr.clone(), amount);
            }
            _ => found.foreign.push((path, amount)),
        }
    }
}

/// The first word of the reference a refund was sent with.
fn first_word(refund: &Transaction) -> &str {
    let reference = refund.detail.as_ref().and_then(|detail| detail.payment_reference.as_deref()).unwrap_or_default();
    reference.split_whitespace().next().unwrap_or_default()
}

fn owner(facts: &Facts, payment: &Payment, refund: &Transaction) -> Owner {
    if let Some(past) = facts.past.iter().find(|past| is_the_step(past, payment, refund)) {
        return match &past.effect {
            Effect::Refund { credit_note: Some(nr), .. } => Owner::CreditNote(nr.clone()),
            Effect::Refund { goodwill: true, .. } => Owner::Goodwill,
            _ => Owner::Cancellation,
        };
    }
    let word = first_word(refund);
    if word == CANCELLATION_REFERENCE {
        return Owner::Cancellation;
    }
    if word == GOODWILL_REFERENCE {
        return Owner::Goodwill;
    }
    match facts.credit_notes().find(|document| document.nr == word) {
        Some(document) => Owner::CreditNote(document.nr.clone()),
        None => Owner::Foreign,
    }
}

fn is_the_step(past: &Past, payment: &Payment, refund: &Transaction) -> bool {
    if !matches!(&past.effect, Effect::Refund { payment: of, .. } if *of == payment.id) {
        return false;
    }
    match &past.outcome {
        Some(Outcome::Done(evidence)) => evidence.transaction.as_deref() == Some(refund.path.as_str()),
        _ => false,
    }
}
