//! Payment status and transfer status shown to users, computed from amounts.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::steps::{Effect, Outcome};

use super::booking::GIVEN_UP_AFTER;
use super::capture::paid_by_others;
use super::disappeared;
use super::facts::{Document, DocumentKind, Facts, Past, Standing, Unclear};
use super::sums::{self, Sums};

/// How an order is paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[clap(rename_all = "SCREAMING_SNAKE_CASE")]
#[expect(missing_docs, reason = "named as users see them")]
pub enum PaymentStatus {
    Unpaid,
    PaidPartial,
    Paid,
    Cancelled,
    RefundedPartial,
    Refunded,
    Chargeback,
    Collection,
    Legacy,
    Disappeared,
    Manual,
    Merged,
}

/// How far what must be booked in pixi has been booked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum TransferStatus {
    /// Nothing to book yet.
    Initial,
    /// A document waits for its booking.
    NotTransferred,
    /// Every document is booked.
    Transferred,
    /// A booking failed and is tried again.
    Error,
    /// A booking was given up.
    Cancelled,
    /// Never booked from here.
    NoTransfer,
}

macro_rules! names {
    ($type:ident { $($variant:ident = $name:literal),* $(,)? }) => {
        impl $type {
            /// Every status.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word users see.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The status with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                match name {
                    $($name => Some(Self::$variant),)*
                    _ => None,
                }
            }
        }
    };
}
names!(PaymentStatus {
    Unpaid = "UNPAID",
    PaidPartial = "PAID_PARTIAL",
    Paid = "PAID",
    Cancelled = "CANCELLED",
    RefundedPartial = "REFUNDED_PARTIAL",
    Refunded = "REFUNDED",
    Chargeback = "CHARGEBACK",
    Collection = "COLLECTION",
    Legacy = "LEGACY",
    Disappeared = "DISAPPEARED",
    Manual = "MANUAL",
    Merged = "MERGED",
});
names!(TransferStatus {
    Initial = "INITIAL",
    NotTransferred = "NOT_TRANSFERRED",
    Transferred = "TRANSFERRED",
    Error = "ERROR",
    Cancelled = "CANCELLED",
    NoTransfer = "NO_TRANSFER",
});

impl PaymentStatus {
    /// It follows from sums, so it says nothing while those of Unzer are not known.
    pub fn is_by_sums(self) -> bool {
        !matches!(self, Self::Legacy | Self::Disappeared | Self::Manual | Self::Merged)
    }
}

/// Payment status. What was handed to debt collection stays there until more money is there than then.
pub(super) fn payment(facts: &Facts, sums: &Sums, tolerance: i64) -> PaymentStatus {
    let status = by_sums(facts, sums, tolerance);
    let is_collected = |before: i64| match status {
        PaymentStatus::Unpaid | PaymentStatus::PaidPartial => sums.unzer.net <= before,
        // One that came after it was handed over is news.
        PaymentStatus::Chargeback => sums.unzer.net == before,
        _ => false,
    };
    if facts.collection.is_some_and(is_collected) { PaymentStatus::Collection } else { status }
}

fn by_sums(facts: &Facts, sums: &Sums, tolerance: i64) -> PaymentStatus {
    match facts.standing {
        Standing::Manual => return PaymentStatus::Manual,
        Standing::Legacy => return PaymentStatus::Legacy,
        Standing::Managed | Standing::Ignored | Standing::SwitchedOff => {}
    }
    if disappeared::confirmed(facts) {
        return PaymentStatus::Disappeared;
    }
    if facts.unclear.contains(&Unclear::Merged) {
        return PaymentStatus::Merged;
    }
    let unzer = sums.unzer;
    let given_back = unzer.refunded;
    let is_paid = unzer.captured >= sums.pixi.owed - not_transferred(facts, sums) - tolerance;
    if unzer.charged_back > 0 {
        PaymentStatus::Chargeback
    } else if unzer.captured == 0 {
        // Nothing is owed any more, though nothing was paid: returned before the transfer, or cancelled.
        let returned = unzer.claim == 0 && sums.pixi.closed && sums.pixi.credited >= sums.pixi.invoiced - tolerance;
        if sums.pixi.dead || returned { PaymentStatus::Cancelled } else { PaymentStatus::Unpaid }
    } else if given_back >= unzer.captured {
        if sums.pixi.dead { PaymentStatus::Cancelled } else { PaymentStatus::Refunded }
    } else if given_back > sums.refunds.goodwill || given_back > 0 && is_paid {
        PaymentStatus::RefundedPartial
    } else if is_paid {
        PaymentStatus::Paid
    } else {
        PaymentStatus::PaidPartial
    }
}

/// What a buyer who transfers the money need not transfer: returned before it was paid.
fn not_transferred(facts: &Facts, sums: &Sums) -> i64 {
    let by_transfer = facts.payment.known().is_some_and(|payment| sums::group(payment).awaits_transfer());
    let given_back: i64 = sums.refunds.by_credit_note.values().sum();
    if by_transfer { (sums.pixi.credited - given_back).max(0) } else { 0 }
}

/// Transfer status from the bookings of the order's documents.
pub(super) fn transfer(facts: &Facts, _sums: &Sums, now: Time) -> TransferStatus {
    if facts.standing != Standing::Managed {
        return TransferStatus::NoTransfer;
    }
    let bookable: Vec<&Document> = facts
        .documents
        .iter()
        .filter(|document| document.kind != DocumentKind::Unclear && document.total != 0)
        .filter(|document| !paid_by_others(facts, document))
        .collect();
    if bookable.is_empty() {
        return TransferStatus::Initial;
    }
    let mut all = TransferStatus::Transferred;
    for document in bookable {
        let tries: Vec<&Past> = facts.past.iter().filter(|past| books(&past.effect, &document.nr)).collect();
        let status = if tries.iter().any(|past| past.is_done()) {
            continue;
        } else if tries.is_empty() {
            TransferStatus::NotTransferred
        } else if tries.first().is_some_and(|first| now - first.at >= GIVEN_UP_AFTER) {
            TransferStatus::Cancelled
        } else if tries.iter().any(|past| matches!(past.outcome, Some(Outcome::Refused(_)))) {
            TransferStatus::Error
        } else {
            TransferStatus::NotTransferred
        };
        // The gravest one is shown.
        let grave = |status: TransferStatus| match status {
            TransferStatus::Cancelled => 3,
            TransferStatus::Error => 2,
            TransferStatus::NotTransferred => 1,
            _ => 0,
        };
        if grave(status) > grave(all) {
            all = status;
        }
    }
    all
}

fn books(effect: &Effect, nr: &str) -> bool {
    match effect {
        Effect::BookInvoice { invoice, .. } => invoice == nr,
        Effect::BookReturn { credit_note, .. } => credit_note == nr,
        _ => false,
    }
}
