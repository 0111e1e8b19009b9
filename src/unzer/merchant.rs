//! What a key pair may do, and the webhooks registered with it (`unzer/NOTES` 2, 6).

use http::Method;
use serde_json::json;
use url::Url;

use super::client::{Call, UnzerClient};
use super::error::UnzerError;
use super::lenient::Fields;
use crate::wire::Effect;

/// What Unzer knows of a key pair.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyPairInfo {
    /// Public key.
    pub public_key: String,
    /// Name the merchant gave it.
    pub alias: String,
    /// Merchant.
    pub merchant_name: String,
    /// Methods set up, in Unzer's words (`card`, `paylater-invoice`).
    pub payment_types: Vec<String>,
}

/// A method a key pair may use.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupportedType {
    /// Method in Unzer's words.
    pub method: String,
    /// Currencies; empty where none are told.
    pub currencies: Vec<String>,
}

/// A registered webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Webhook {
    /// Id (`s-whk-1`).
    pub id: String,
    /// Address Unzer posts to; may hold a token.
    pub url: String,
    /// Event (`payment`, `charge.succeeded`).
    pub event: String,
}

impl UnzerClient {
    /// What Unzer knows of this key pair.
    pub async fn keypair(&self) -> Result<KeyPairInfo, UnzerError> {
        let fields = self.read("keypair", &["v1", "keypair"]).await?;
        Ok(KeyPairInfo {
            public_key: fields.text("publicKey").ok_or_else(|| UnzerError::invalid("publicKey"))?,
            alias: fields.text_or_empty("alias"),
            merchant_name: fields.text_or_empty("merchantName"),
            payment_types: fields.texts("availablePaymentTypes"),
        })
    }

    /// The methods this key pair may use.
    pub async fn keypair_types(&self) -> Result<Vec<SupportedType>, UnzerError> {
        let fields = self.read("keypair_types", &["v1", "keypair", "types"]).await?;
        let types = fields.list("paymentTypes");
        Ok(types
            .iter()
            .map(|entry| SupportedType { method: entry.text_or_empty("type"), currencies: entry.texts("currency") })
            .collect())
    }

    /// All webhooks of this key pair.
    pub async fn webhooks(&self) -> Result<Vec<Webhook>, UnzerError> {
        let fields = self.read("webhooks", &["v1", "webhooks"]).await?;
        fields.list("events").iter().map(webhook).collect()
    }

    /// Registers one webhook; none where the same is registered already.
    pub async fn create_webhook(&self, url: &Url, event: &str) -> Result<Option<Webhook>, UnzerError> {
        let body = Some(json!({"url": url.as_str(), "event": event}));
        let path = ["v1", "webhooks"];
        let call = Call { name: "create_webhook", effect: Effect::Write, method: Method::POST, path: &path, body };
        match self.ask(call).await {
            Ok(fields) => webhook(&fields).map(Some),
            Err(error) if error.code() == "API.510.310.009" => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Sends a webhook's events to another address.
    pub async fn update_webhook(&self, id: &str, url: &Url) -> Result<Webhook, UnzerError> {
        let body = Some(json!({"url": url.as_str()}));
        let path = ["v1", "webhooks", id];
        let call = Call { name: "update_webhook", effect: Effect::Write, method: Method::PUT, path: &path, body };
        webhook(&self.ask(call).await?)
    }

    /// Removes a webhook; one that is not there counts as removed.
    pub async fn delete_webhook(&self, id: &str) -> Result<(), UnzerError> {
        let path = ["v1", "webhooks", id];
        let call =
            Call { name: "delete_webhook", effect: Effect::Write, method: Method::DELETE, path: &path, body: None };
        match self.ask(call).await {
            Ok(_) | Err(UnzerError::NotFound { .. }) => Ok(()),
            Err(error) => Err(error),
        }
    }
}

fn webhook(fields: &Fields) -> Result<Webhook, UnzerError> {
    Ok(Webhook {
        id: fields.text("id").ok_or_else(|| UnzerError::invalid("id"))?,
        url: fields.text_or_empty("url"),
        event: fields.text_or_empty("event"),
    })
}
