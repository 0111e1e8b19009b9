//! Everything known of one order at one moment: what [`super::plan`] decides from, and nothing else.
//!
//! Amounts are minor units of [`Facts::currency`]; the engine has refused anything in another currency before.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::config::Mode;
use crate::journal::Guard;
use crate::money::{Currency, Money};
use crate::steps::{Effect, OrderId, Outcome, PaymentCode, StepKey};
use crate::unzer::Payment;

/// One order as read from pixi, Unzer and the journal in the same cycle.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Facts {
    /// Which order.
    pub order: OrderId,
    /// Order number of the shop.
    pub external_nr: String,
    /// pixi payment type.
    pub payment_type: PaymentCode,
    /// Order currency.
    pub currency: Currency,
    /// When this daemon first saw the order.
    pub first_seen: Time,
    /// Whether the daemon manages it.
    pub standing: Standing,
    /// Mode pinned when it was first seen.
    pub mode: Mode,
    /// Customer whose account is booked.
    pub customer: Option<i64>,
    /// Order shipping lock in pixi; none where this installation does not show it.
    pub locked: Option<bool>,
    /// `ccpPayID` as it stands on the order.
    pub pay_id: Option<String>,
    /// `ccpLastAuthCode` as it stands on the order.
    pub last_auth_code: Option<String>,
    /// Last whole reading that showed no line on hold; none before the first release.
    pub last_seen_released: Option<Time>,
    /// Order total now, without cancelled lines, confirmed by two sources; none while they disagree.
    pub total: Option<i64>,
    /// Order total at release, or when first seen.
    pub first_total: Option<i64>,
    /// Shipping cost of the order.
    pub shipping: i64,
    /// Lines.
    pub lines: Vec<Line>,
    /// Invoices and credit notes, oldest first.
    pub documents: Vec<Document>,
    /// What is missing or contradictory in pixi's answers.
    pub unclear: Vec<Unclear>,
    /// The payment at Unzer.
    pub payment: PaymentView,
    /// Payments the order had before a new authorisation took their place (R16), oldest first. Money taken on them still
    /// counts, and is paid back from them.
    #[serde(default)]
    pub earlier: Vec<Payment>,
    /// Steps of this order, oldest first.
    pub past: Vec<Past>,
    /// Since when every whole reading of pixi and Unzer has been equal to this one.
    pub stable_since: Time,
    /// How many equal whole readings there were, this one included.
    pub readings: u32,
    /// Last time a person asked for another try.
    pub retry_at: Option<Time>,
    /// A person asks for a new authorisation (R16).
    #[serde(default)]
    pub reauthorize_asked: bool,
    /// Money a person asks to be moved now; never stored, for a request holds for its own moment alone.
    #[serde(skip)]
    pub asked: Option<AskedMove>,
    /// What was found out around the order.
    #[serde(default)]
    pub surroundings: Surroundings,
    /// The step a limit in the store has forbidden last.
    #[serde(default)]
    pub held: Option<Held>,
    /// Documents a person has accepted as done when the order was taken over: no money and no booking for them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub accepted: Vec<String>,
    /// Handed to debt collection while this much money was there (`net`).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub collection: Option<i64>,
}

/// Money a person asks to be moved, once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AskedMove {
    /// The request; its number is part of the step's key.
    pub request: i64,
    /// Which way.
    pub direction: Direction,
    /// How much, in minor units of the order's currency.
    pub amount: i64,
}

/// Which way money moves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// From the buyer: a part of what is authorised.
    Capture,
    /// To the buyer: a part of what was charged.
    Refund,
}

/// What was found out around an order and is remembered from one reading to the next. Nothing personal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Surroundings {
    /// R14: last look at the delivery address; none before the first.
    #[serde(default)]
    pub address: Option<AddressLook>,
    /// pixi does not show the order as this daemon's any more; none while it does.
    #[serde(default)]
    pub gone: Option<Gone>,
    /// Lines known before and missing now.
    #[serde(default)]
    pub lost_lines: Vec<i64>,
    /// Documents that also hold lines of other orders.
    #[serde(default)]
    pub spanning: Vec<String>,
    /// Another mandant has goods of the same customer to ship; only looked for after a chargeback.
    #[serde(default)]
    pub customer_elsewhere: bool,
    /// Exchange and manual orders of the same customer, where there is a credit note: number, and when first seen.
    #[serde(default)]
    pub manual_orders: Vec<(i64, Time)>,
    /// pixi has pixiReleaseOrder; only asked for where a release had no effect. None: pixi could not be asked yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release_lines: Option<bool>,
}

/// How pixi's delivery address compares with the one Unzer insured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AddressVerdict {
    /// The same, as far as spelling goes.
    Same,
    /// Another one.
    Differs,
    /// One of the two is not there to be compared.
    NotChecked,
}

/// A look at the delivery address. Holds the verdict, never an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct AddressLook {
    /// What it showed.
    pub verdict: AddressVerdict,
    /// Key of the address in pixi that was looked at.
    pub address: Option<i64>,
    /// Lines that were on their way or shipped then.
    pub leaving: usize,
    /// pixi lets nobody change the address any more.
    pub fixed: bool,
}

/// Why an order counts as gone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GoneHow {
    /// pixi has no such order of this mandant.
    Missing,
    /// It has another payment type now.
    PaymentType,
}

/// Readings that did not show the order as this daemon's, while pixi showed others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gone {
    /// How.
    pub how: GoneHow,
    /// When, oldest first; no more than are needed to be sure.
    pub readings: Vec<Time>,
}

/// A step that a limit in the store has forbidden.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Held {
    /// Its natural key.
    pub key: StepKey,
    /// The limit.
    pub guard: Guard,
    /// Not tried again before then: limits of a day end, and other steps turn out.
    pub until: Time,
}

/// Whether the daemon manages an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Yes.
    Managed,
    /// Older than `process_from`.
    Legacy,
    /// Exchange or manual order: no payment id anywhere, and the shop's number is "P" and pixi's own.
    Manual,
    /// Left to a person for good.
    Ignored,
    /// Its payment type or mandant is switched off.
    SwitchedOff,
}

/// State of an order line (`pixi/NOTES` 8).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum LineState {
    /// On hold.
    Hal,
    /// Shipped.
    Aus,
    /// Returned.
    Ret,
    /// Cancelled.
    Sto,
    /// Not available; counts as cancelled.
    Nlb,
    /// Anything between release and shipment, and states not known.
    Open(String),
}

impl LineState {
    /// From pixi's three letters.
    pub fn from_code(code: &str) -> Self {
        match code.trim().to_ascii_uppercase().as_str() {
            "HAL" => Self::Hal,
            "AUS" => Self::Aus,
            "RET" => Self::Ret,
            "STO" => Self::Sto,
            "NLB" => Self::Nlb,
            other => Self::Open(other.to_owned()),
        }
    }

    /// Cancelled or not available.
    pub fn is_dropped(&self) -> bool {
        matches!(self, Self::Sto | Self::Nlb)
    }

    /// Left the house, whether it came back or not.
    pub fn is_shipped(&self) -> bool {
        matches!(self, Self::Aus | Self::Ret)
    }
}

/// An order line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Line {
    /// pixi OrderlineKey.
    pub key: i64,
    /// State.
    pub state: LineState,
    /// Quantity times price, gross.
    pub total: i64,
}

/// Invoice or credit note.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DocumentKind {
    /// Demands money.
    Invoice,
    /// Gives money back.
    CreditNote,
    /// Cannot be told: nothing is done for it.
    Unclear,
}

/// A document of this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Document {
    /// pixi InvoiceNr.
    pub nr: String,
    /// pixi InvoiceKey: grows with time.
    pub key: i64,
    /// Invoice or credit note.
    pub kind: DocumentKind,
    /// Total; of a credit note as a positive amount.
    pub total: i64,
    /// What pixi shows as paid; none where it shows nothing.
    pub paid: Option<i64>,
    /// Order lines on it; none where this installation does not show them.
    pub lines: Option<Vec<i64>>,
    /// When this daemon first saw it.
    pub first_seen: Time,
    /// Shipping cost is part of it.
    pub has_shipping: bool,
    /// Carrier.
    pub carrier: Option<String>,
    /// Tracking number.
    pub tracking: Option<String>,
}

/// What is missing or contradictory in pixi's answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unclear {
    /// Order currency differs from the shop's and no column shows the order currency's amounts.
    Currency,
    /// Two sources of the order total disagree.
    Total,
    /// A line or document known before is missing from the answer.
    Vanished(String),
    /// A document spans orders, or the order lost its lines: merged by hand.
    Merged,
    /// A document that is neither invoice nor credit note for sure.
    Document(String),
}

/// The payment at Unzer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PaymentView {
    /// No payment id on the order, in the card data or in the import XML.
    NoId,
    /// The import XML holds several different payment ids.
    SeveralIds,
    /// No key pair knows it.
    NotFound,
    /// It answers to another merchant's keys.
    OtherMerchant,
    /// Another order holds it.
    TakenBy(String),
    /// Its order id is that of another order known here.
    OtherOrder(String),
    /// Unzer could not be asked; since when, and why.
    Unreachable {
        /// First failure in a row.
        since: Time,
        /// Error code or cause.
        code: String,
        /// True where keys or set-up are to blame, not the network.
        configuration: bool,
    },
    /// Read.
    Known(Box<Payment>),
}

impl PaymentView {
    /// The payment, where it could be read.
    pub fn known(&self) -> Option<&Payment> {
        match self {
            Self::Known(payment) => Some(payment),
            _ => None,
        }
    }
}

/// A step of the past.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Past {
    /// Natural key.
    pub key: StepKey,
    /// What was done.
    pub effect: Effect,
    /// Attempt, from 1.
    pub attempt: u32,
    /// Outcome; none while it is not known that the request left, or its answer came.
    pub outcome: Option<Outcome>,
    /// When the intent was stored.
    pub at: Time,
    /// When the outcome was stored.
    pub settled_at: Option<Time>,
    /// Token that marks it at the peer.
    pub token: String,
    /// Looking for it cannot tell how it ended: only a person can.
    pub asks_person: bool,
    /// Transactions of the payment right before it was sent.
    pub snapshot: Vec<String>,
}

impl Past {
    /// The effect holds.
    pub fn is_done(&self) -> bool {
        matches!(self.outcome, Some(Outcome::Done(_)))
    }

    /// Given up without a trace, and perhaps still on its way: its effect may show at any time.
    pub fn may_still_arrive(&self) -> bool {
        self.outcome.as_ref().is_some_and(Outcome::is_lost)
    }

    /// Sent or about to be sent, and not known how it ended.
    pub fn is_open(&self) -> bool {
        matches!(self.outcome, None | Some(Outcome::Pending(_) | Outcome::Unknown { .. }))
    }
}

impl Facts {
    /// All payments of the order, the current one last.
    pub fn payments(&self) -> impl Iterator<Item = &Payment> {
        self.earlier.iter().chain(self.payment.known())
    }

    /// The payment with this id.
    pub fn payment_with(&self, id: &str) -> Option<&Payment> {
        self.payments().find(|payment| payment.id == id)
    }

    /// An amount of the order's currency.
    pub fn money(&self, minor: i64) -> Money {
        self.currency.of(minor)
    }

    /// Any line on hold.
    pub fn on_hold(&self) -> bool {
        self.lines.iter().any(|line| line.state == LineState::Hal)
    }

    /// Any line that may still leave the house.
    pub fn unshipped(&self) -> bool {
        self.lines.iter().any(|line| !line.state.is_dropped() && !line.state.is_shipped())
    }

    /// Invoices, oldest first.
    pub fn invoices(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(|document| document.kind == DocumentKind::Invoice)
    }

    /// Credit notes, oldest first.
    pub fn credit_notes(&self) -> impl Iterator<Item = &Document> {
        self.documents.iter().filter(|document| document.kind == DocumentKind::CreditNote)
    }

    /// Steps done, oldest first.
    pub fn done(&self) -> impl Iterator<Item = &Past> {
        self.past.iter().filter(|past| past.is_done())
    }
}
