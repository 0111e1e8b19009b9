//! A shop in a few calls: it makes payments at the simulated Unzer the way shops do, for demo orders and tests.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method, header};
use serde_json::{Value, json};

use super::UnzerSim;
use super::hooks::HookError;
use super::methods::{Needs, by_slug};
use crate::money::Money;

/// A shop of one merchant.
#[derive(Debug, Clone)]
pub struct Shop {
    sim: UnzerSim,
    merchant: usize,
    customer: Value,
}

impl UnzerSim {
    /// A shop of the merchant at `index`; the first one has index 0.
    pub fn shop(&self, index: usize) -> Shop {
        let address = json!({
            "name": "Maximilian Mustermann", "street": "Hugo-Junkers-Str. 3", "zip": "60386", "city": "Frankfurt am Main",
            "country": "DE",
        });
        let customer = json!({
            "firstname": "Maximilian", "lastname": "Mustermann", "email": "accept@unzer.com",
            "billingAddress": address, "shippingAddress": address,
        });
        Shop { sim: self.clone(), merchant: index, customer }
    }
}

impl Shop {
    /// The same shop with another buyer (JSON of a customer).
    pub fn selling_to(mut self, customer: Value) -> Self {
        self.customer = customer;
        self
    }

    /// Authorises with a new type of `slug` (`card`, `paylater-invoice`); a buyer sent away comes back at once.
    /// Gives the payment id, or the code it was refused with.
    pub fn authorize(&self, slug: &str, amount: Money, order_id: &str) -> Result<String, HookError> {
        self.pay("authorize", slug, amount, order_id, true)
    }

    /// Charges directly. Gives the payment id, or the code it was refused with.
    pub fn charge(&self, slug: &str, amount: Money, order_id: &str) -> Result<String, HookError> {
        self.pay("charges", slug, amount, order_id, true)
    }

    /// The same, but a buyer sent away stays away until [`UnzerSim::finish_redirect`].
    pub fn charge_and_wait(&self, slug: &str, amount: Money, order_id: &str) -> Result<String, HookError> {
        self.pay("charges", slug, amount, order_id, false)
    }

    /// A new payment type. Gives its id.
    pub fn create_type(&self, slug: &str) -> Result<String, HookError> {
        self.post_for_id(&format!("/v1/types/{slug}"), &json!({}))
    }

    fn pay(&self, how: &str, slug: &str, amount: Money, order_id: &str, returns: bool) -> Result<String, HookError> {
        let mut resources = json!({"typeId": self.create_type(slug)?});
        if by_slug(slug).is_some_and(|method| method.needs == Needs::CustomerAndBasket) {
            resources["customerId"] = json!(self.post_for_id("/v1/customers", &self.customer)?);
            let basket = json!({
                "orderId": order_id, "totalValueGross": amount.decimal(), "currencyCode": amount.currency.code(),
                "basketItems": [],
            });
            resources["basketId"] = json!(self.post_for_id("/v2/baskets", &basket)?);
        }
        let body = json!({
            "amount": amount.decimal(), "currency": amount.currency.code(), "orderId": order_id,
            "returnUrl": "https://shop.example.org/back", "resources": resources,
        });
        let answer = self.post(&format!("/v1/payments/{how}"), &body)?;
        let payment = answer["resources"]["paymentId"].as_str().unwrap_or_default().to_owned();
        if returns && answer["redirectUrl"].as_str().is_some_and(|url| !url.is_empty()) {
            self.sim.finish_redirect(&payment, None)?;
        }
        Ok(payment)
    }

    fn post_for_id(&self, path: &str, body: &Value) -> Result<String, HookError> {
        Ok(self.post(path, body)?["id"].as_str().unwrap_or_default().to_owned())
    }

    /// Posts as this merchant. Gives the answer, or the code it was refused with.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, HookError> {
        let key = self.sim.lock().merchants.get(self.merchant).map(|merchant| merchant.private_key.clone());
        let login = STANDARD.encode(format!("{}:", key.unwrap_or_default()));
        let mut headers = HeaderMap::new();
        if let Ok(value) = HeaderValue::from_str(&format!("Basic {login}")) {
            headers.insert(header::AUTHORIZATION, value);
        }
        let answer = self.sim.handle(&Method::POST, path, &headers, body.to_string().as_bytes());
        let value: Value = serde_json::from_slice(&answer.body).unwrap_or_default();
        match value["errors"][0]["code"].as_str() {
            Some(code) => Err(code.to_owned()),
            None => Ok(value),
        }
    }
}
