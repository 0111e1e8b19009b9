//! What a payment hangs on: type, customer, basket (`unzer/NOTES` 2.6).

use std::fmt;

use super::client::UnzerClient;
use super::error::UnzerError;
use crate::money::Money;

/// Ids of what a payment hangs on; none where it has none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Resources {
    /// Payment type.
    pub type_id: Option<String>,
    /// Customer.
    pub customer_id: Option<String>,
    /// Basket.
    pub basket_id: Option<String>,
    /// Metadata.
    pub metadata_id: Option<String>,
}

/// A payment type, without numbers of cards or accounts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaymentTypeInfo {
    /// Id (`s-crd-9x7…`).
    pub id: String,
    /// Method in Unzer's words (`card`, `paylater-invoice`).
    pub method: String,
    /// Set up for recurring payments.
    pub recurring: bool,
    /// Brand of a card.
    pub brand: Option<String>,
}

/// Where an insured order may be delivered. Shows nothing of itself in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct DeliveryAddress {
    /// Recipient.
    pub name: String,
    /// Street and number.
    pub street: String,
    /// Post code.
    pub zip: String,
    /// Town.
    pub city: String,
    /// ISO country code.
    pub country: String,
}

impl fmt::Debug for DeliveryAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DeliveryAddress(…)")
    }
}

/// A basket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Basket {
    /// Id (`s-bsk-77`).
    pub id: String,
    /// Order id in the shop; may be empty.
    pub order_id: String,
    /// What it is worth, where it says so.
    pub total: Option<Money>,
    /// How many items it has.
    pub items: usize,
}

impl UnzerClient {
    /// What the payment hangs on.
    pub async fn resources(&self, payment: &str) -> Result<Resources, UnzerError> {
        let fields = self.read("payment", &["v1", "payments", payment]).await?.object("resources");
        Ok(Resources {
            type_id: fields.text("typeId"),
            customer_id: fields.text("customerId"),
            basket_id: fields.text("basketId"),
            metadata_id: fields.text("metadataId"),
        })
    }

    /// A payment type.
    pub async fn payment_type(&self, id: &str) -> Result<PaymentTypeInfo, UnzerError> {
        let fields = self.read("payment_type", &["v1", "types", id]).await?;
        Ok(PaymentTypeInfo {
            id: fields.text("id").ok_or_else(|| UnzerError::invalid("id"))?,
            method: fields.text_or_empty("method"),
            recurring: fields.flag("recurring"),
            brand: fields.text("brand"),
        })
    }

    /// The delivery address of a customer; the billing address where there is no other; none where there is neither.
    pub async fn customer_address(&self, customer: &str) -> Result<Option<DeliveryAddress>, UnzerError> {
        let fields = self.read("customer", &["v1", "customers", customer]).await?;
        let addresses = [fields.object("shippingAddress"), fields.object("billingAddress")];
        let Some(address) = addresses.iter().find(|address| address.text("street").is_some()) else { return Ok(None) };
        let name = address.text("name").unwrap_or_else(|| {
            format!("{} {}", fields.text_or_empty("firstname"), fields.text_or_empty("lastname")).trim().to_owned()
        });
        Ok(Some(DeliveryAddress {
            name,
            street: address.text_or_empty("street"),
            zip: address.text_or_empty("zip"),
            city: address.text_or_empty("city"),
            country: address.text_or_empty("country"),
        }))
    }

    /// A basket of either version.
    pub async fn basket(&self, id: &str) -> Result<Basket, UnzerError> {
        let fields = match self.read("basket", &["v2", "baskets", id]).await {
            Err(UnzerError::NotFound { .. }) => self.read("basket", &["v1", "baskets", id]).await?,
            answer => answer?,
        };
        let currency = fields.currency("currencyCode").or_else(|_| fields.currency("currency")).ok();
        let total = match currency {
            Some(currency) => {
                fields.amount("totalValueGross", currency)?.or(fields.amount("amountTotalGross", currency)?)
            }
            None => None,
        };
        Ok(Basket {
            id: fields.text("id").ok_or_else(|| UnzerError::invalid("id"))?,
            order_id: fields.text_or_empty("orderId"),
            total,
            items: fields.list("basketItems").len(),
        })
    }
}
