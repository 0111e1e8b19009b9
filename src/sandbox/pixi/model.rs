//! What the simulated pixi keeps: master data, orders, documents, the customer account.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::money::Currency;

/// A mandant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shop {
    /// ShopID, up to three letters.
    pub id: String,
    /// Name.
    pub name: String,
    /// Base currency.
    pub currency: Currency,
}

/// A payment type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentType {
    /// Code: one letter.
    pub code: String,
    /// XMLTag: its name in import documents.
    pub tag: String,
    /// PaymentText.
    pub text: String,
    /// IniOrderStatus: on hold (HAL) or accepted (ANG).
    pub starts_on_hold: bool,
}

/// A currency of this installation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CurrencyRow {
    /// CurrencyId.
    pub id: i64,
    /// ISO code.
    pub currency: Currency,
    /// In use.
    pub active: bool,
    /// Base currency units for 1000 units of this one.
    pub per_mille: i64,
}

/// Definition of a manual booking event of the customer account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EventType {
    /// EventID: up to three letters.
    pub id: String,
    /// EventName.
    pub name: String,
    /// Money that came in; otherwise money that went out.
    pub positive: bool,
}

/// State of an order line (pixi/NOTES 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LineState {
    /// Made by hand, not saved yet.
    New,
    /// On hold.
    Hal,
    /// Released for shipping.
    Ang,
    /// Shipped.
    Aus,
    /// Returned.
    Ret,
    /// Cancelled.
    Sto,
    /// Cannot be delivered.
    Nlb,
}

impl LineState {
    /// pixi's code.
    pub fn code(self) -> &'static str {
        match self {
            Self::New => "NEW",
            Self::Hal => "HAL",
            Self::Ang => "ANG",
            Self::Aus => "AUS",
            Self::Ret => "RET",
            Self::Sto => "STO",
            Self::Nlb => "NLB",
        }
    }

    /// Cancelled or not deliverable: never owed.
    pub fn is_cancelled(self) -> bool {
        matches!(self, Self::Sto | Self::Nlb)
    }

    /// On an invoice.
    pub fn is_shipped(self) -> bool {
        matches!(self, Self::Aus | Self::Ret)
    }
}

/// An order line; amounts in minor units of the order's currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// OrderlineKey.
    pub key: i64,
    /// ItemNrInt.
    pub item: String,
    /// Pieces.
    pub qty: i64,
    /// Price of one piece.
    pub price: i64,
    /// State.
    pub state: LineState,
    /// Created.
    pub created: Time,
    /// Last change.
    pub updated: Time,
    /// Number of the invoice it is on.
    pub invoice: Option<String>,
    /// Tracking number it left with.
    pub tracking: Option<String>,
}

impl Line {
    /// Price of all its pieces.
    pub fn total(&self) -> i64 {
        self.price * self.qty
    }
}

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Text.
    pub text: String,
    /// Who wrote it.
    pub user: String,
    /// When.
    pub at: Time,
}

/// A shipping lock.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lock {
    /// Who set it.
    pub user: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Time,
}

/// State of a whole order (pixi/NOTES 8).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OrderState {
    /// Can be released for shipping.
    Open,
    /// Parked.
    Hold,
    /// All shipped or cancelled.
    Closed,
}

impl OrderState {
    /// pixi's word.
    pub fn code(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::Hold => "HOLD",
            Self::Closed => "CLOSED",
        }
    }
}

/// An order; amounts in minor units of its currency.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SimOrder {
    /// OrderNr.
    pub nr: i64,
    /// OrderNrExternal.
    pub external: String,
    /// ShopID.
    pub shop: String,
    /// CustKey.
    pub customer: i64,
    /// Payment type code.
    pub payment_code: String,
    /// Currency.
    pub currency: Currency,
    /// ccpPayID.
    pub pay_id: Option<String>,
    /// ccpLastAuthCode.
    pub last_auth_code: Option<String>,
    /// ccpSetFailTries.
    pub fail_tries: i64,
    /// Payment reference pixiGetCreditCardInfo shows.
    pub card_info: Option<String>,
    /// Lines.
    pub lines: Vec<Line>,
    /// Shipping cost.
    pub ship_cost: i64,
    /// Voucher: taken off the order.
    pub discount: i64,
    /// Shipping lock of this order.
    pub lock: Option<Lock>,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
    /// AddrKey of the billing address.
    pub payment_address: i64,
    /// AddrKey of the delivery address.
    pub ship_address: i64,
    /// Keys of its documents, in the order they were made.
    pub documents: Vec<i64>,
    /// OrderDate.
    pub ordered: Time,
    /// CreateDate.
    pub created: Time,
    /// UpdateDate.
    pub updated: Time,
}

impl SimOrder {
    /// WholeOrderState.
    pub fn state(&self) -> OrderState {
        let any = |test: fn(LineState) -> bool| self.lines.iter().any(|line| test(line.state));
        if any(|state| state == LineState::Hal) {
            OrderState::Hold
        } else if !self.lines.is_empty() && !any(|state| !state.is_cancelled() && !state.is_shipped()) {
            OrderState::Closed
        } else {
            OrderState::Open
        }
    }

    /// Sum of the lines that are not cancelled.
    pub fn lines_total(&self) -> i64 {
        self.lines.iter().filter(|line| !line.state.is_cancelled()).map(Line::total).sum()
    }

    /// What the order costs now: lines not cancelled, shipping, less the voucher; nothing once all is cancelled.
    pub fn total(&self) -> i64 {
        if self.lines.iter().all(|line| line.state.is_cancelled()) {
            return 0;
        }
        (self.lines_total() + self.ship_cost - self.discount).max(0)
    }

    /// States of its lines, by line key.
    pub fn line_states(&self) -> BTreeMap<i64, LineState> {
        self.lines.iter().map(|line| (line.key, line.state)).collect()
    }

    /// Keys of its lines.
    pub fn line_keys(&self) -> Vec<i64> {
        self.lines.iter().map(|line| line.key).collect()
    }
}

/// Invoice or credit note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Invoice.
    Invoice,
    /// Credit note.
    Credit,
}

/// A line of a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentLine {
    /// InvoiceLineKey.
    pub key: i64,
    /// OrderNr.
    pub order: i64,
    /// OrderlineKey it stands for; none for free text.
    pub line: Option<i64>,
    /// Item number.
    pub item: String,
    /// Pieces.
    pub qty: i64,
    /// Price of one piece, minor units.
    pub price: i64,
}

/// An invoice or credit note; amounts are positive minor units of the order's currency for both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// InvoiceKey: grows with every document.
    pub key: i64,
    /// InvoiceNr.
    pub nr: String,
    /// Kind.
    pub kind: DocumentKind,
    /// OrderNr.
    pub order: i64,
    /// Total.
    pub total: i64,
    /// Shipping cost in it.
    pub ship_cost: i64,
    /// What is matched with it.
    pub paid_sum: i64,
    /// Counts as paid.
    pub paid: bool,
    /// PaidDate.
    pub paid_at: Option<Time>,
    /// Failures reported for it.
    pub fail_tries: i64,
    /// Lines.
    pub lines: Vec<DocumentLine>,
    /// InvDate.
    pub made: Time,
    /// ScanOutDate: the goods left.
    pub shipped: Option<Time>,
    /// ShipmentTrackingID.
    pub tracking: Option<String>,
    /// UpdateDate.
    pub updated: Time,
}

/// A manual booking in a customer's account.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Booking {
    /// Running number.
    pub key: i64,
    /// CustKey.
    pub customer: i64,
    /// EventID.
    pub event: String,
    /// Amount with the sign of its event: positive is money that came in. Minor units.
    pub amount: i64,
    /// Currency.
    pub currency: Currency,
    /// Invoice or credit note it is matched with.
    pub document: Option<String>,
    /// Text.
    pub comment: String,
    /// EventDate.
    pub date: Time,
    /// When it was booked.
    pub at: Time,
    /// Unlinked again by a reset to unpaid.
    pub unlinked: bool,
}

/// One pixiPaySetInvoiceCapture that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureCall {
    /// InvoiceNr.
    pub invoice: String,
    /// Success.
    pub success: bool,
    /// CaptureSum in minor units.
    pub sum: i64,
    /// PayID.
    pub pay_id: String,
    /// EventID.
    pub event: Option<String>,
    /// Message.
    pub message: String,
    /// When.
    pub at: Time,
}

/// Which of the two pay calls wrote to the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CcpCall {
    /// Auth_Call.
    Auth,
    /// Capture_Call.
    Capture,
}

/// An entry of the credit card log in pixi Control Center.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CcpEntry {
    /// OrderNr.
    pub order: i64,
    /// Call.
    pub call: CcpCall,
    /// Success.
    pub success: bool,
    /// Text.
    pub message: String,
    /// When.
    pub at: Time,
}

/// A customer of one shop.
#[derive(Clone, PartialEq, Eq)]
pub struct Customer {
    /// CustKey.
    pub key: i64,
    /// ShopID.
    pub shop: String,
    /// CustomerNrExternal.
    pub external: String,
    /// AddrKey of the main address.
    pub address: i64,
    /// Shipping lock of the customer.
    pub locked: bool,
    /// Comments, oldest first.
    pub comments: Vec<Comment>,
}

impl fmt::Debug for Customer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Customer({})", self.key)
    }
}

/// An address; bank data belongs to it (pixi/NOTES 12).
#[derive(Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Address {
    /// First name.
    pub first_name: String,
    /// Family name.
    pub last_name: String,
    /// c/o or company.
    pub care_of: String,
    /// Street.
    pub street: String,
    /// Post code.
    pub zip: String,
    /// Town.
    pub city: String,
    /// Country code.
    pub country: String,
    /// Telephone.
    pub phone: String,
    /// Fax.
    pub fax: String,
    /// Mail address.
    pub email: String,
    /// IBAN.
    pub iban: String,
    /// BIC.
    pub bic: String,
    /// German bank code.
    pub blz: String,
    /// Bank.
    pub bank_name: String,
    /// Account holder.
    pub account_name: String,
    /// Remarks.
    pub note: String,
}

impl fmt::Debug for Address {
    /// Personal and bank data stays out of every output.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(..)")
    }
}

/// A logged import document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ImportLog {
    /// XMLLogKey.
    pub key: i64,
    /// ShopID.
    pub shop: String,
    /// ORDER_ID: the shop's order number.
    pub id: String,
    /// The document.
    pub xml: String,
    /// When.
    pub at: Time,
}
