//! One simulated payment: its transactions and the amounts that follow from them (`unzer/NOTES` 3.3).

use serde_json::Value;

use super::methods::{Capability, Reversal};
use crate::clock::Time;
use crate::money::Currency;
use crate::unzer::{PaymentState, TransactionKind, TransactionStatus};

/// A transaction as the simulator keeps it.
#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub kind: TransactionKind,
    pub status: TransactionStatus,
    pub id: String,
    /// Path below the payment, as it is listed.
    pub path: String,
    /// Minor units.
    pub amount: i64,
    pub at: Time,
    pub reference: String,
    pub invoice_id: String,
    pub order_id: String,
    pub reason: String,
    pub unique_id: String,
    pub short_id: String,
    pub code: String,
    pub redirect_url: String,
    /// Tells the buyer where to transfer the money.
    pub has_bank_data: bool,
    pub shipping: Option<Value>,
}

impl Entry {
    pub fn is(&self, kind: TransactionKind) -> bool {
        self.kind == kind && self.status == TransactionStatus::Success
    }
}

/// A payment as the simulator keeps it.
#[derive(Debug, Clone)]
pub(super) struct Account {
    pub id: String,
    pub owner: usize,
    pub method: &'static Capability,
    pub currency: Currency,
    pub type_id: String,
    pub customer_id: String,
    pub basket_id: String,
    pub metadata_id: String,
    pub order_id: String,
    pub invoice_id: String,
    pub return_url: String,
    pub entries: Vec<Entry>,
    pub has_expired: bool,
}

use TransactionKind as Kind;

impl Account {
    fn sum(&self, kind: Kind) -> i64 {
        self.entries.iter().filter(|entry| entry.is(kind)).map(|entry| entry.amount).sum()
    }

    fn under<'a>(&'a self, path: &str) -> impl Iterator<Item = &'a Entry> {
        let prefix = format!("{path}/");
        self.entries.iter().filter(move |entry| entry.path.starts_with(&prefix))
    }

    pub fn authorization(&self) -> Option<&Entry> {
        self.entries.iter().find(|entry| entry.kind == Kind::Authorize)
    }

    /// The first charge, while it stands for money still awaited.
    pub fn claim(&self) -> Option<&Entry> {
        let first = self.entries.iter().find(|entry| entry.kind == Kind::Charge)?;
        let awaited = self.method.reversal == Reversal::Claim && first.status == TransactionStatus::Pending;
        awaited.then_some(first)
    }

    /// Authorised or claimed or charged at the start, less what was reversed.
    pub fn total(&self) -> i64 {
        let begins = |entry: &&Entry| {
            matches!(entry.kind, Kind::Authorize | Kind::Charge) && entry.status != TransactionStatus::Error
        };
        let first = self.entries.iter().find(begins);
        first.map_or(0, |entry| entry.amount) - self.sum(Kind::CancelAuthorize)
    }

    pub fn captured(&self) -> i64 {
        // What a claim lost before it came due was never captured.
        let lost: i64 = match self.entries.iter().find(|entry| entry.is(Kind::Charge)) {
            Some(first) => self.under(&first.path).filter(|e| e.is(Kind::CancelAuthorize)).map(|e| e.amount).sum(),
            None => 0,
        };
        self.sum(Kind::Charge) - lost
    }

    pub fn refunded(&self) -> i64 {
        self.sum(Kind::CancelCharge)
    }

    pub fn reversed(&self) -> i64 {
        self.sum(Kind::CancelAuthorize)
    }

    pub fn charged_back(&self) -> i64 {
        self.sum(Kind::Chargeback) - self.sum(Kind::ChargebackReversal)
    }

    /// Net.
    pub fn charged(&self) -> i64 {
        self.captured() - self.canceled()
    }

    pub fn canceled(&self) -> i64 {
        self.refunded() + self.charged_back()
    }

    pub fn remaining(&self) -> i64 {
        (self.total() - self.charged() - self.canceled()).max(0)
    }

    /// What is left of an authorisation to capture or reverse.
    pub fn open_authorization(&self) -> Option<i64> {
        let authorization = self.authorization()?;
        let open = authorization.status == TransactionStatus::Success && !self.has_expired;
        open.then(|| self.remaining())
    }

    /// What is left of a claim to reverse: what no receipt has covered.
    pub fn open_claim(&self) -> Option<i64> {
        self.claim().map(|_| self.total() - self.captured())
    }

    /// What is left of a charge to refund.
    pub fn left_of_charge(&self, charge: &Entry) -> i64 {
        let under: i64 = self
            .under(&charge.path)
            .filter(|entry| entry.status == TransactionStatus::Success)
            .map(|entry| match entry.kind {
                Kind::CancelCharge | Kind::CancelAuthorize | Kind::Chargeback => entry.amount,
                Kind::ChargebackReversal => -entry.amount,
                _ => 0,
            })
            .sum();
        charge.amount - under
    }

    pub fn state(&self) -> PaymentState {
        if self.charged_back() > 0 {
            return PaymentState::Chargeback;
        }
        let begun =
            self.entries.iter().any(|entry| entry.status == TransactionStatus::Success) || self.claim().is_some();
        if !begun {
            return PaymentState::Pending;
        }
        let (captured, charged, total) = (self.captured(), self.charged(), self.total());
        if total == 0 && captured == 0 || captured > 0 && charged == 0 && self.remaining() == 0 {
            PaymentState::Canceled
        } else if charged > total {
            PaymentState::PaymentReview
        } else if captured > 0 && self.remaining() == 0 {
            PaymentState::Completed
        } else if captured > 0 {
            PaymentState::Partly
        } else {
            PaymentState::Pending
        }
    }

    /// The next id of its kind, counted under `parent` (`charges/s-chg-1/cancels`) or in the whole payment.
    pub fn next_id(&self, part: &str, parent: &str) -> String {
        let letter = self.id.chars().next().unwrap_or('s');
        let prefix = format!("{parent}/{letter}-{part}-");
        let count = self.entries.iter().filter(|entry| entry.path.starts_with(&prefix)).count();
        format!("{letter}-{part}-{}", count + 1)
    }
}

/// What moved on a payment, for tests: minor units, `success` only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ledger {
    /// Payment id.
    pub payment: String,
    /// Method prefix.
    pub method: String,
    /// Currency.
    pub currency: Currency,
    /// Order id in the shop.
    pub order_id: String,
    /// Authorised, before reversals.
    pub authorized: i64,
    /// Given free.
    pub reversed: i64,
    /// Taken, before refunds.
    pub captured: i64,
    /// Paid back.
    pub refunded: i64,
    /// Charged back, less reversals of that.
    pub charged_back: i64,
    /// Charges.
    pub charges: Vec<Movement>,
    /// Refunds.
    pub refunds: Vec<Movement>,
    /// Reversals.
    pub reversals: Vec<Movement>,
    /// Shipment notices.
    pub shipments: Vec<Movement>,
}

/// One transaction of a [`Ledger`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Movement {
    /// Path below the payment.
    pub path: String,
    /// Minor units.
    pub amount: i64,
    /// Invoice it names; may be empty.
    pub invoice_id: String,
    /// Reference it carries; empty for what a person did by hand.
    pub reference: String,
    /// Carrier and tracking number it tells; empty where it tells none.
    pub shipping: (String, String),
}

impl Account {
    pub fn ledger(&self) -> Ledger {
        let movements = |kind: Kind| {
            let of_kind = self.entries.iter().filter(|entry| entry.is(kind));
            of_kind
                .map(|entry| Movement {
                    path: entry.path.clone(),
                    amount: entry.amount,
                    invoice_id: entry.invoice_id.clone(),
                    reference: entry.reference.clone(),
                    shipping: entry.shipping.as_ref().map(shipping).unwrap_or_default(),
                })
                .collect()
        };
        Ledger {
            payment: self.id.clone(),
            method: self.method.prefix.to_owned(),
            currency: self.currency,
            order_id: self.order_id.clone(),
            authorized: self.sum(Kind::Authorize),
            reversed: self.reversed(),
            captured: self.captured(),
            refunded: self.refunded(),
            charged_back: self.charged_back(),
            charges: movements(Kind::Charge),
            refunds: movements(Kind::CancelCharge),
            reversals: movements(Kind::CancelAuthorize),
            shipments: movements(Kind::Shipment),
        }
    }
}

fn shipping(told: &serde_json::Value) -> (String, String) {
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    (text("deliveryService"), text("deliveryTrackingId"))
}
