//! Merchants of the simulated Unzer: their keys, their webhooks, and what those would have been told.

use serde_json::{Value, json};

use super::books::{Books, Refused, refuse};
use super::methods::METHODS;
use crate::unzer::{PaymentState, TransactionKind as Kind, TransactionStatus as Status};

/// A merchant, which is one key pair.
pub(super) struct Merchant {
    pub public_key: String,
    pub private_key: String,
    pub name: String,
}

impl Merchant {
    /// Letter of the environment, first in every id.
    pub fn letter(&self) -> char {
        self.private_key.chars().next().unwrap_or('s')
    }

    pub fn describe(&self) -> Value {
        let types: Vec<_> = METHODS.iter().map(|method| method.slug).collect();
        json!({
            "publicKey": self.public_key, "privateKey": self.private_key, "secureLevel": "SAQ-D", "alias": self.name,
            "merchantName": self.name, "merchantAddress": "", "cof": true, "validateBasket": false,
            "availablePaymentTypes": types,
        })
    }

    pub fn describe_types(&self) -> Value {
        let one = |method: &super::methods::Capability| {
            let currency = method.currency.unwrap_or("EUR");
            json!({"type": method.slug, "currency": [currency], "supports": []})
        };
        json!({"publicKey": self.public_key, "paymentTypes": METHODS.iter().map(one).collect::<Vec<_>>()})
    }
}

/// A registered webhook.
#[derive(Debug, Clone)]
pub(super) struct Registered {
    pub owner: usize,
    pub id: String,
    pub url: String,
    pub event: String,
}

impl Registered {
    fn show(&self) -> Value {
        json!({"id": self.id, "url": self.url, "event": self.event})
    }

    fn wants(&self, event: &str) -> bool {
        self.event == "all" || self.event == event || event.split('.').next() == Some(&self.event)
    }
}

/// A message to a webhook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Address it goes to.
    pub url: String,
    /// JSON, sent as `text/plain`.
    pub body: String,
}

impl Books {
    /// Tells the webhooks of a new or changed transaction, and of a payment state that changed with it.
    pub fn announce(&mut self, at: usize, index: usize, before: PaymentState) {
        let account = &self.accounts[at];
        let entry = &account.entries[index];
        let word = match entry.kind {
            Kind::Authorize => "authorize",
            Kind::Charge => "charge",
            Kind::Chargeback => "chargeback",
            Kind::Shipment => "shipment",
            Kind::CancelAuthorize if account.total() == 0 => "authorize.canceled",
            Kind::CancelCharge if account.charged() == 0 => "charge.canceled",
            _ => "",
        };
        let how = match entry.status {
            Status::Success => "succeeded",
            Status::Error => "failed",
            _ => "pending",
        };
        let event = if matches!(entry.kind, Kind::Authorize | Kind::Charge) {
            format!("{word}.{how}")
        } else {
            word.to_owned()
        };
        let path = entry.path.clone();
        let state = account.state();
        if !event.is_empty() {
            self.tell(at, &event, &path);
        }
        if state != before {
            let name = state_name(state).replace(' ', "_");
            self.tell(at, &format!("payment.{name}"), "");
        }
    }

    fn tell(&mut self, at: usize, event: &str, path: &str) {
        let account = &self.accounts[at];
        let retrieve_url = format!("{}/v1/payments/{}/{path}", self.base, account.id);
        let body = json!({
            "event": event, "publicKey": self.merchants[account.owner].public_key,
            "retrieveUrl": retrieve_url.trim_end_matches('/'), "paymentId": account.id,
        });
        let wanted = self.webhooks.iter().filter(|hook| hook.owner == account.owner && hook.wants(event));
        let messages: Vec<_> = wanted.map(|hook| Delivery { url: hook.url.clone(), body: body.to_string() }).collect();
        self.deliveries.extend(messages);
    }

    /// `/v1/webhooks…`
    pub fn webhook_call(
        &mut self,
        owner: usize,
        method: &str,
        id: Option<&str>,
        body: &Value,
    ) -> Result<Value, Refused> {
        let of_owner = |hook: &Registered| hook.owner == owner;
        let at = id.map(|id| self.webhooks.iter().position(|hook| of_owner(hook) && hook.id == id));
        match (method, at) {
            ("POST", None) => self.register(owner, body),
            ("GET", None) => Ok(
                json!({"events": self.webhooks.iter().filter(|h| of_owner(h)).map(Registered::show).collect::<Vec<_>>()}),
            ),
            ("DELETE", None) => {
                let gone: Vec<_> =
                    self.webhooks.extract_if(.., |hook| of_owner(hook)).map(|hook| hook.show()).collect();
                Ok(json!({"events": gone}))
            }
            (_, Some(None)) => refuse("API.510.310.008"),
            ("GET", Some(Some(at))) => Ok(self.webhooks[at].show()),
            ("DELETE", Some(Some(at))) => Ok(self.webhooks.remove(at).show()),
            ("PUT", Some(Some(at))) => {
                let Some(url) = body["url"].as_str() else { return refuse("API.710.200.100") };
                url.clone_into(&mut self.webhooks[at].url);
                Ok(self.webhooks[at].show())
            }
            _ => refuse("API.000.000.006"),
        }
    }

    fn register(&mut self, owner: usize, body: &Value) -> Result<Value, Refused> {
        let Some(url) = body["url"].as_str() else { return refuse("API.710.200.100") };
        let list = body["eventList"].as_array();
        let events: Vec<&str> = match list {
            Some(list) => list.iter().filter_map(Value::as_str).collect(),
            None => body["event"].as_str().into_iter().collect(),
        };
        if events.is_empty() {
            return refuse("API.710.200.100");
        }
        let mut made = Vec::new();
        for event in events {
            if self.webhooks.iter().any(|hook| hook.owner == owner && hook.url == url && hook.event == event) {
                return refuse("API.510.310.009");
            }
            self.counter += 1;
            let id = format!("{}-whk-{}", self.merchants[owner].letter(), self.counter);
            let hook = Registered { owner, id, url: url.to_owned(), event: event.to_owned() };
            made.push(hook.show());
            self.webhooks.push(hook);
        }
        Ok(if list.is_some() { json!({"events": made}) } else { made.remove(0) })
    }
}

/// Unzer's word for a state.
pub(super) fn state_name(state: PaymentState) -> &'static str {
    match state {
        PaymentState::Completed => "completed",
        PaymentState::Canceled => "canceled",
        PaymentState::Partly => "partly",
        PaymentState::PaymentReview => "payment review",
        PaymentState::Chargeback => "chargeback",
        PaymentState::Create => "create",
        PaymentState::Pending | PaymentState::Other => "pending",
    }
}
