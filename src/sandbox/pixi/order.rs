//! Orders as a shop or a person hands them in.

use serde::{Deserialize, Serialize};

use super::model::Address;
use crate::clock::Time;
use crate::money::Currency;

/// A line of a new order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewLine {
    /// Item number.
    pub item: String,
    /// Pieces.
    #[serde(default = "one")]
    pub qty: i64,
    /// Price of one piece in minor units of the order's currency.
    pub price: i64,
}

fn one() -> i64 {
    1
}

/// A new order: what `POST /import` takes as JSON. Amounts are minor units of `currency`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewOrder {
    /// ShopID.
    pub shop: String,
    /// Payment type code.
    pub payment_code: String,
    /// The shop's order number; without one the order counts as made by hand in pixi and gets `P` and its own number.
    #[serde(default)]
    pub external: Option<String>,
    /// CustKey of a known customer; without one a new customer is made.
    #[serde(default)]
    pub customer: Option<i64>,
    /// Lines.
    pub lines: Vec<NewLine>,
    /// Shipping cost.
    #[serde(default)]
    pub ship_cost: i64,
    /// Voucher.
    #[serde(default)]
    pub discount: i64,
    /// Currency.
    #[serde(default = "euro")]
    pub currency: Currency,
    /// Payment reference the shop passes (ccpPayID).
    #[serde(default)]
    pub pay_id: Option<String>,
    /// Payment reference that only pixiGetCreditCardInfo shows.
    #[serde(default)]
    pub card_info: Option<String>,
    /// Import document; without one a small one is made up.
    #[serde(default)]
    pub import_xml: Option<String>,
    /// Billing address.
    #[serde(default)]
    pub address: Option<Address>,
    /// Delivery address, where it differs.
    #[serde(default)]
    pub ship_to: Option<Address>,
    /// When the shop took the order; now where not given.
    #[serde(default)]
    pub ordered: Option<Time>,
}

fn euro() -> Currency {
    Currency::EUR
}

impl NewOrder {
    /// An order without lines yet.
    pub fn new(shop: &str, payment_code: &str) -> Self {
        Self {
            shop: shop.to_owned(),
            payment_code: payment_code.to_owned(),
            external: None,
            customer: None,
            lines: Vec::new(),
            ship_cost: 0,
            discount: 0,
            currency: Currency::EUR,
            pay_id: None,
            card_info: None,
            import_xml: None,
            address: None,
            ship_to: None,
            ordered: None,
        }
    }

    /// With the shop's order number.
    pub fn external(mut self, nr: &str) -> Self {
        self.external = Some(nr.to_owned());
        self
    }

    /// With one more line.
    pub fn line(mut self, item: &str, qty: i64, price: i64) -> Self {
        self.lines.push(NewLine { item: item.to_owned(), qty, price });
        self
    }

    /// With shipping cost.
    pub fn shipping(mut self, ship_cost: i64) -> Self {
        self.ship_cost = ship_cost;
        self
    }

    /// With a voucher.
    pub fn discount(mut self, discount: i64) -> Self {
        self.discount = discount;
        self
    }

    /// In another currency.
    pub fn currency(mut self, currency: Currency) -> Self {
        self.currency = currency;
        self
    }

    /// With a payment reference on the order.
    pub fn pay_id(mut self, id: &str) -> Self {
        self.pay_id = Some(id.to_owned());
        self
    }

    /// Of a known customer.
    pub fn customer(mut self, key: i64) -> Self {
        self.customer = Some(key);
        self
    }

    /// With this import document.
    pub fn import_xml(mut self, xml: &str) -> Self {
        self.import_xml = Some(xml.to_owned());
        self
    }

    /// With a payment reference where only pixiGetCreditCardInfo shows it.
    pub fn card_info(mut self, id: &str) -> Self {
        self.card_info = Some(id.to_owned());
        self
    }
}

/// Why a merchant's action is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MerchantError {
    /// No such order.
    #[error("no order {0}")]
    UnknownOrder(i64),
    /// No such line in the order.
    #[error("no line {0} in the order")]
    UnknownLine(i64),
    /// No such invoice or credit note.
    #[error("no document {0}")]
    UnknownDocument(String),
    /// Shop, payment type, currency or customer is not set up.
    #[error("not set up: {0}")]
    NotSetUp(String),
    /// The shop's number is taken.
    #[error("order {0} was imported before")]
    Duplicate(String),
    /// Order or customer has a shipping lock.
    #[error("shipping is locked")]
    Locked,
    /// A line waits for its release.
    #[error("the order is on hold")]
    OnHold,
    /// A line is in a state that does not allow it.
    #[error("line {0} is {1}")]
    WrongState(i64, &'static str),
    /// Nothing to do it with.
    #[error("no lines")]
    NoLines,
    /// A number that makes no sense.
    #[error("the amount is not positive")]
    Amount,
}
