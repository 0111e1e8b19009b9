//! A payment at Unzer as the daemon sees it: typed, and with nothing in it that is personal.
//!
//! Sources: `unzer/NOTES` 2.1 (reading a payment), 2.6 (type ids), 3 (states, transactions, amounts).

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::money::{Currency, Money};

/// The method's prefix in a type id (`crd` of `s-crd-9x7…`): the only thing the method is told by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct MethodPrefix(pub String);

/// How the money of a method moves (DESIGN 2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// Authorised, charged, or both, in the shop: card, `PayPal`, Apple Pay.
    Auth,
    /// Charged in the shop, always: bank redirects, direct debits.
    Paid,
    /// A claim until transfers arrive: prepayment.
    Wait,
    /// As `Wait`, but the buyer pays after delivery: invoice.
    Invoice,
    /// A claim until the shipment notice, which starts the buyer's term: invoice secured.
    Secured,
    /// Authorised in the shop, captured per invoice, whatever the mode: pay-later.
    PayLater,
}

impl Group {
    /// True where the first charge is a claim on the buyer and no money yet.
    pub fn claims(self) -> bool {
        matches!(self, Self::Wait | Self::Invoice | Self::Secured)
    }

    /// True where the buyer transfers the money, whenever that is.
    pub fn awaits_transfer(self) -> bool {
        matches!(self, Self::Wait | Self::Invoice)
    }
}

impl MethodPrefix {
    /// The group of a known prefix; an unknown one is treated by what the payment shows.
    pub fn group(&self) -> Option<Group> {
        Some(match self.0.as_str() {
            "crd" | "ppl" | "apl" => Group::Auth,
            "sft" | "eps" | "idl" | "gro" | "ali" | "p24" | "sdd" | "dds" | "ddg" => Group::Paid,
            "ppy" => Group::Wait,
            "ivc" => Group::Invoice,
            "ivs" | "ivg" | "ivf" => Group::Secured,
            "piv" | "pit" | "pdd" => Group::PayLater,
            _ => return None,
        })
    }

    /// True for the secured direct debit, which gives a reason with every give-back.
    pub fn is_debit_secured(&self) -> bool {
        matches!(self.0.as_str(), "dds" | "ddg")
    }

    /// The word Unzer lists the method by among those a key pair may use; none for an unknown prefix (`unzer/NOTES` 2.6).
    pub fn unzer_name(&self) -> Option<&'static str> {
        Some(match self.0.as_str() {
            "crd" => "card",
            "ppl" => "paypal",
            "apl" => "applepay",
            "sft" => "sofort",
            "eps" => "eps",
            "idl" => "ideal",
            "gro" => "giropay",
            "ali" => "alipay",
            "p24" => "przelewy24",
            "sdd" => "sepa-direct-debit",
            "dds" => "sepa-direct-debit-secured",
            "ddg" => "sepa-direct-debit-guaranteed",
            "ppy" => "prepayment",
            "ivc" => "invoice",
            "ivs" => "invoice-secured",
            "ivg" => "invoice-guaranteed",
            "ivf" => "invoice-factoring",
            "piv" => "paylater-invoice",
            "pit" => "paylater-installment",
            "pdd" => "paylater-direct-debit",
            _ => return None,
        })
    }

    /// The name people know the method by, the same in both languages; the prefix itself where it is unknown.
    pub fn display_name(&self) -> &str {
        match self.0.as_str() {
            "crd" => "Card",
            "ppl" => "PayPal",
            "apl" => "Apple Pay",
            "sft" => "SOFORT",
            "eps" => "EPS",
            "idl" => "iDEAL",
            "gro" => "Giropay",
            "ali" => "Alipay",
            "p24" => "Przelewy24",
            "sdd" => "Direct Debit",
            "dds" | "ddg" => "Direct Debit Secured",
            "ppy" => "Prepayment",
            "ivc" => "Invoice",
            "ivs" | "ivg" | "ivf" => "Invoice Secured",
            "piv" => "Paylater Invoice",
            "pit" => "Paylater Installment",
            "pdd" => "Paylater Direct Debit",
            other => other,
        }
    }
}

/// Payment state as Unzer names it. A hint only: "authorised" also shows as `Pending`, so rules go by transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named as Unzer names them")]
pub enum PaymentState {
    Pending,
    Completed,
    Canceled,
    Partly,
    PaymentReview,
    Chargeback,
    Create,
    /// A number or name not in the notes.
    Other,
}

/// Kind of a transaction. A cancel of a charge that is still pending is listed as `CancelAuthorize` under that charge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named as Unzer names them")]
pub enum TransactionKind {
    Authorize,
    Preauthorize,
    Charge,
    CancelAuthorize,
    CancelCharge,
    CancelPreauthorize,
    Shipment,
    Payout,
    Chargeback,
    ChargebackReversal,
    StrongCustomerAuthentication,
    /// A type not in the notes.
    Other,
}

/// Status of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named as Unzer names them")]
pub enum TransactionStatus {
    Success,
    Pending,
    Resumed,
    Error,
    /// Missing (old data) or not in the notes.
    Unknown,
}

/// One entry of a payment's transaction list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transaction {
    /// Kind.
    pub kind: TransactionKind,
    /// Status.
    pub status: TransactionStatus,
    /// Own id (`s-chg-2`).
    pub id: String,
    /// Id of the transaction it belongs to (`s-chg-1` of a refund of it); none on payment level. Cancels and chargebacks
    /// count per parent, so only (parent, id) names one.
    pub parent: Option<String>,
    /// Path below the payment (`charges/s-chg-1/cancels/s-cnl-1`): its identity in snapshots.
    pub path: String,
    /// Amount.
    pub amount: Money,
    /// When, in UTC; none where the date could not be read.
    pub at: Option<Time>,
    /// Details of the single transaction, where it has been read.
    #[serde(default)]
    pub detail: Option<Detail>,
}

/// What only the single transaction shows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Detail {
    /// Our reference (`RE4711 <token>`), also returned for cancels.
    pub payment_reference: Option<String>,
    /// Invoice a capture was taken for.
    pub invoice_id: Option<String>,
    /// Order id in the shop.
    pub order_id: Option<String>,
    /// Unzer's unique id.
    pub unique_id: Option<String>,
    /// Result code (`COR.000.100.112`).
    pub code: Option<String>,
}

/// A payment with its transactions in the order Unzer lists them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// Id (`s-pay-31337`).
    pub id: String,
    /// State.
    pub state: PaymentState,
    /// Currency.
    pub currency: Currency,
    /// Ordered total as Unzer counts it: falls with reversals.
    pub total: Money,
    /// Net charged: falls with refunds and chargebacks.
    pub charged: Money,
    /// Refunded and charged back.
    pub canceled: Money,
    /// total − charged − canceled.
    pub remaining: Money,
    /// Order id the shop gave; may be empty.
    pub order_id: String,
    /// Method.
    pub method: MethodPrefix,
    /// Payment type id (`s-crd-9x7…`).
    pub type_id: String,
    /// Customer id (`s-cst-0a1b…`); none where the shop gave none.
    #[serde(default)]
    pub customer_id: Option<String>,
    /// All transactions.
    pub transactions: Vec<Transaction>,
    /// Public key of the key pair the payment answers to.
    pub public_key: String,
}
