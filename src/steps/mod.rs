//! The words that policy, journal and engine share: orders, steps, outcomes.
//!
//! A [`Step`] is one effect on one outside system. Its [`StepKey`] is natural: it names the effect by the thing it is
//! done for (`capture:RE4711`), so that planning the same step twice yields the same key and the journal refuses the second.

use std::fmt;

use serde::{Deserialize, Serialize};

pub use crate::config::ids::{ApiName, MandantId, PaymentCode};
use crate::money::Money;

mod outcome;

pub use outcome::{Evidence, Outcome, Refusal, RefusalKind};

/// Identity of an order: pixi API, mandant and pixi's order number.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct OrderId {
    /// pixi API it was read from.
    pub api: ApiName,
    /// Mandant.
    pub mandant: MandantId,
    /// pixi OrderNr.
    pub nr: i64,
}

impl fmt::Display for OrderId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}/{}", self.api, self.mandant, self.nr)
    }
}

/// Natural key of a step within its order.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct StepKey(pub String);

impl fmt::Display for StepKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Where money of a payment is given back.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "at")]
pub enum RefundAt {
    /// Against one charge (`s-chg-2`).
    Charge {
        /// The charge's id.
        charge: String,
    },
    /// On payment level, as pay-later methods want it.
    Payment,
}

/// Reason Unzer wants with give-backs of secured methods (`unzer/NOTES` 2.3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum ReasonCode {
    /// Cancelled before shipping.
    Cancel,
    /// Returned goods.
    Return,
    /// Credit granted.
    Credit,
}

/// Word that marks give-backs for cancellations at Unzer, before the token.
pub const CANCELLATION_REFERENCE: &str = "STORNO";
/// Word that marks what a person gave back out of goodwill.
pub const GOODWILL_REFERENCE: &str = "KULANZ";
/// Word that marks a capture that belongs to no invoice.
const ORDER_REFERENCE: &str = "ORDER";

/// One effect on one outside system, with everything needed to send it: nothing is looked up later.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Effect {
    /// pixiSetOrderShippingLock, Locked=1.
    Lock {
        /// Shown in pixi.
        reason: String,
        /// Number of the problem it is set for: the same problem never locks again what a person has unlocked.
        cause: String,
    },
    /// pixiSetOrderShippingLock, Locked=0; only ever follows our own lock.
    Unlock {
        /// Shown in pixi.
        reason: String,
    },
    /// pixiPaySetAuthorizationStatus, Success=1.
    Release {
        /// AuthID: payment id, or what was there.
        auth_id: String,
        /// AuthCode without the step token: the payment's state in a word.
        auth_code: String,
        /// Text for the log in pixi Control Center.
        message: String,
    },
    /// pixiReleaseOrder: lets go the lines that stayed on hold though pixi had taken the release. Once for each release.
    ReleaseLines {
        /// Order number of the shop, by which the call knows the order.
        nr_external: String,
        /// The return code of the release it stands in for; empty in stores from before it was kept.
        #[serde(default)]
        auth_code: String,
    },
    /// Takes authorised money.
    Capture {
        /// Unzer payment id.
        payment: String,
        /// How much; always explicit.
        amount: Money,
        /// pixi invoice it is taken for; none for the capture at release, or of a person's choice.
        invoice: Option<String>,
        /// Carrier and tracking number where pixi knows them.
        shipping: Option<Shipping>,
    },
    /// Gives authorised money free, or lowers a claim that is still awaited.
    Reverse {
        /// Unzer payment id.
        payment: String,
        /// How much; always explicit.
        amount: Money,
        /// Where: the authorisation, or the pending charge of a claim.
        at: ReverseAt,
        /// Reason, for secured methods.
        reason: Option<ReasonCode>,
    },
    /// Pays captured money back.
    Refund {
        /// Unzer payment id.
        payment: String,
        /// How much; always explicit.
        amount: Money,
        /// Charge or payment level.
        at: RefundAt,
        /// Credit note it is paid back for; none for a cancellation refund or for goodwill.
        credit_note: Option<String>,
        /// Reason, for secured methods.
        reason: Option<ReasonCode>,
        /// A person's gift: nobody owes it, and no other refund grows smaller by it.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        goodwill: bool,
    },
    /// Shipment notice: starts the buyer's payment term.
    Ship {
        /// Unzer payment id.
        payment: String,
        /// Last pixi invoice.
        invoice: String,
    },
    /// pixiPaySetInvoiceCapture, Success=1.
    BookInvoice {
        /// pixi invoice.
        invoice: String,
        /// Invoice total.
        amount: Money,
        /// Unzer's unique id of the charge.
        pay_id: String,
        /// pixi booking event.
        event: String,
    },
    /// pixiPaySetInvoiceCapture, Success=0: tells pixi that nothing could be captured. Only where nothing was captured or
    /// booked for the invoice, for in pixi it undoes a payment.
    ReportFailedCapture {
        /// pixi invoice.
        invoice: String,
        /// Unzer payment id.
        pay_id: String,
        /// Text for the log in pixi Control Center.
        message: String,
    },
    /// pixiCACreateManualBooking for a credit note.
    BookReturn {
        /// pixi credit note.
        credit_note: String,
        /// Amount with the sign it is sent with.
        amount: Money,
        /// pixi customer.
        customer: i64,
        /// pixi booking event.
        event: String,
    },
    /// pixiCreateOrderComment.
    Comment {
        /// One line.
        text: String,
    },
    /// pixiChangeAddress: bank data for the buyer's transfer. Only a reference to the payment is kept, never the data.
    BankData {
        /// Unzer payment id whose first transaction carries the data.
        payment: String,
    },
    /// pixiSetShippingLock on the whole customer.
    LockCustomer {
        /// pixi customer.
        customer: i64,
    },
    /// pixiAddCustomerComment.
    CustomerComment {
        /// pixi customer.
        customer: i64,
        /// One line.
        text: String,
    },
    /// PATCH of an authorisation to another amount.
    ChangeAuthorization {
        /// Unzer payment id.
        payment: String,
        /// New amount.
        amount: Money,
    },
    /// A new payment on the type of an old one.
    Reauthorize {
        /// Unzer payment id whose type is used again.
        payment: String,
        /// Amount.
        amount: Money,
        /// Unique order id, by which it is found again.
        order_id: String,
    },
}

/// Where authorised or awaited money is given free.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "at")]
pub enum ReverseAt {
    /// The payment's authorisation.
    Authorization,
    /// The pending charge that stands for a claim.
    Claim {
        /// The charge's id.
        charge: String,
    },
}

/// Shipment data that goes with a capture.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Shipping {
    /// Carrier.
    pub carrier: Option<String>,
    /// Tracking number.
    pub tracking: String,
}

/// What an [`Effect`] is, without its values: the word in keys, logs, metrics and tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[expect(missing_docs, reason = "named as the effects are")]
pub enum Kind {
    Lock,
    Unlock,
    Release,
    ReleaseLines,
    Capture,
    Reverse,
    Refund,
    Ship,
    BookInvoice,
    ReportFailedCapture,
    BookReturn,
    Comment,
    BankData,
    LockCustomer,
    CustomerComment,
    ChangeAuthorization,
    Reauthorize,
}

impl Kind {
    /// All kinds; what is proven for every kind goes by this list.
    pub const ALL: [Self; 17] = [
        Self::Lock,
        Self::Unlock,
        Self::Release,
        Self::ReleaseLines,
        Self::Capture,
        Self::Reverse,
        Self::Refund,
        Self::Ship,
        Self::BookInvoice,
        Self::ReportFailedCapture,
        Self::BookReturn,
        Self::Comment,
        Self::BankData,
        Self::LockCustomer,
        Self::CustomerComment,
        Self::ChangeAuthorization,
        Self::Reauthorize,
    ];

    /// The word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Lock => "lock",
            Self::Unlock => "unlock",
            Self::Release => "release",
            Self::ReleaseLines => "release_lines",
            Self::Capture => "capture",
            Self::Reverse => "reverse",
            Self::Refund => "refund",
            Self::Ship => "ship",
            Self::BookInvoice => "book_invoice",
            Self::ReportFailedCapture => "report_failed_capture",
            Self::BookReturn => "book_return",
            Self::Comment => "comment",
            Self::BankData => "bank_data",
            Self::LockCustomer => "lock_customer",
            Self::CustomerComment => "customer_comment",
            Self::ChangeAuthorization => "change_authorization",
            Self::Reauthorize => "reauthorize",
        }
    }

    /// The kind with this name.
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// True where the same value may be sent again without harm (lock, unlock, release, bank data); all else is sent
    /// once and looked for.
    pub fn is_repeatable(self) -> bool {
        matches!(self, Self::Lock | Self::Unlock | Self::Release | Self::BankData | Self::LockCustomer)
    }

    /// True where money moves or a claim on money changes.
    pub fn moves_money(self) -> bool {
        matches!(
            self,
            Self::Capture | Self::Reverse | Self::Refund | Self::Ship | Self::ChangeAuthorization | Self::Reauthorize
        )
    }

    /// True where it goes to pixi, and so never in the quiet hours.
    pub fn is_pixi(self) -> bool {
        !self.moves_money()
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl Effect {
    /// Which kind of effect this is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Lock { .. } => Kind::Lock,
            Self::Unlock { .. } => Kind::Unlock,
            Self::Release { .. } => Kind::Release,
            Self::ReleaseLines { .. } => Kind::ReleaseLines,
            Self::Capture { .. } => Kind::Capture,
            Self::Reverse { .. } => Kind::Reverse,
            Self::Refund { .. } => Kind::Refund,
            Self::Ship { .. } => Kind::Ship,
            Self::BookInvoice { .. } => Kind::BookInvoice,
            Self::ReportFailedCapture { .. } => Kind::ReportFailedCapture,
            Self::BookReturn { .. } => Kind::BookReturn,
            Self::Comment { .. } => Kind::Comment,
            Self::BankData { .. } => Kind::BankData,
            Self::LockCustomer { .. } => Kind::LockCustomer,
            Self::CustomerComment { .. } => Kind::CustomerComment,
            Self::ChangeAuthorization { .. } => Kind::ChangeAuthorization,
            Self::Reauthorize { .. } => Kind::Reauthorize,
        }
    }

    /// The amount that moves or is booked.
    pub fn amount(&self) -> Option<Money> {
        match self {
            Self::Capture { amount, .. }
            | Self::Reverse { amount, .. }
            | Self::Refund { amount, .. }
            | Self::BookInvoice { amount, .. }
            | Self::BookReturn { amount, .. }
            | Self::ChangeAuthorization { amount, .. }
            | Self::Reauthorize { amount, .. } => Some(*amount),
            _ => None,
        }
    }

    /// The pixi document it is done for.
    pub fn document(&self) -> Option<&str> {
        match self {
            Self::Capture { invoice, .. } => invoice.as_deref(),
            Self::Refund { credit_note, .. } => credit_note.as_deref(),
            Self::Ship { invoice, .. }
            | Self::BookInvoice { invoice, .. }
            | Self::ReportFailedCapture { invoice, .. } => Some(invoice),
            Self::BookReturn { credit_note, .. } => Some(credit_note),
            _ => None,
        }
    }

    /// What marks the step at its peer: the document it is done for and the step's token. Unzer returns it with the
    /// single transaction, pixi keeps it in the text of a booking.
    pub fn reference(&self, token: &str) -> String {
        let document = match self {
            Self::Refund { goodwill: true, .. } => GOODWILL_REFERENCE,
            Self::Refund { credit_note: None, .. } | Self::Reverse { .. } => CANCELLATION_REFERENCE,
            effect => effect.document().unwrap_or(ORDER_REFERENCE),
        };
        format!("{document} {token}")
    }

    /// The Unzer payment it touches.
    pub fn payment(&self) -> Option<&str> {
        match self {
            Self::Capture { payment, .. }
            | Self::Reverse { payment, .. }
            | Self::Refund { payment, .. }
            | Self::Ship { payment, .. }
            | Self::BankData { payment }
            | Self::ChangeAuthorization { payment, .. }
            | Self::Reauthorize { payment, .. } => Some(payment),
            _ => None,
        }
    }
}

/// One step: an effect with its natural key and the rule that asked for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Natural key within the order.
    pub key: StepKey,
    /// What is done.
    pub effect: Effect,
    /// Rule number of the design (`C1`).
    pub rule: String,
    /// Limits the database holds in the transaction that stores the intent.
    pub guards: Guards,
}

/// Limits of DESIGN 3.0 as last seen, checked by the store in the transaction of the intent.
///
/// All in minor units of the step's currency. What other open steps of the same payment have reserved is added by the store.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Guards {
    /// Σ authorised, as Unzer shows it, less reversals: upper limit of Σ captures.
    pub capturable: i64,
    /// Σ captured, as Unzer shows it.
    pub captured: i64,
    /// Σ refunded and charged back, as Unzer shows it.
    pub refunded: i64,
    /// What has to stay: `I − G − T` for a refund, shipped and not yet captured for a reversal.
    pub must_stay: i64,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_of_lines_from_an_older_store_can_be_read() {
        let effect = Effect::ReleaseLines { nr_external: "S1".to_owned(), auth_code: String::new() };
        let now = serde_json::to_string(&effect).unwrap();
        let before = now.replace(r#","auth_code":"""#, "");
        assert_ne!(now, before);
        assert_eq!(serde_json::from_str::<Effect>(&before).unwrap(), effect);
    }
}
