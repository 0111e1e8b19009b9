//! From a request to the books and back: who asks, for what, and in which words the answer is given.

use http::{HeaderMap, Method, header};
use serde_json::{Map, Value, json};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::account::Account;
use super::books::{Books, NewPayment, Refused, With, refuse};
use super::show;
use crate::clock::Time;
use crate::money::Currency;
use crate::sandbox::faults::SimResponse;
use crate::unzer::TransactionKind as Kind;
use crate::unzer::lenient::Fields;

/// One request.
pub(super) struct Ask<'a> {
    pub method: &'a Method,
    /// Path, decoded and split; the version first.
    pub path: Vec<String>,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// Path segments of an address, decoded; a trailing slash changes nothing.
pub(super) fn segments(path: &str) -> Vec<String> {
    path.split('/').filter(|part| !part.is_empty()).map(decode).collect()
}

fn decode(part: &str) -> String {
    let bytes = part.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let hex = part.get(at + 1..at + 3).filter(|_| bytes[at] == b'%');
        if let Some(byte) = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            out.push(byte);
            at += 3;
        } else {
            out.push(bytes[at]);
            at += 1;
        }
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Name of the call a request is, as the client names it.
pub(super) fn call_name(method: &Method, path: &[String]) -> &'static str {
    let path: Vec<&str> = path.iter().skip(1).map(String::as_str).collect();
    match (method.as_str(), path.as_slice()) {
        ("GET", ["payments", _]) => "payment",
        ("GET", ["payments", ..]) => "transaction",
        ("POST", ["payments", "authorize"]) => "authorize",
        ("POST", ["payments", "charges"]) => "direct_charge",
        ("PATCH", ["payments", _, "authorize"]) => "change_authorization",
        ("POST", ["payments", _, "charges"]) => "capture",
        ("POST", ["payments", _, "authorize", .., "cancels"]) => "reverse",
        ("POST", ["payments", _, "charges", .., "cancels"]) => "refund",
        ("POST", ["payments", _, "shipments"]) => "ship",
        ("GET", ["types", ..]) => "payment_type",
        ("GET", ["customers", _]) => "customer",
        ("GET", ["baskets", _]) => "basket",
        ("GET", ["keypair"]) => "keypair",
        ("GET", ["keypair", "types"]) => "keypair_types",
        ("GET", ["webhooks", ..]) => "webhooks",
        ("POST", ["webhooks"]) => "create_webhook",
        ("PUT", ["webhooks", _]) => "update_webhook",
        ("DELETE", ["webhooks", ..]) => "delete_webhook",
        _ => "other",
    }
}

impl Books {
    /// Answers a request.
    pub fn answer(&mut self, ask: &Ask<'_>, now: Time) -> SimResponse {
        match self.route(ask, now) {
            Ok((status, body)) => show::ok(status, &body),
            Err(refused) => {
                self.counter += 1;
                let url = format!("{}/{}", self.base, ask.path.join("/"));
                show::refusal(&refused, &url, now, self.counter)
            }
        }
    }

    fn route(&mut self, ask: &Ask<'_>, now: Time) -> Result<(u16, Value), Refused> {
        let (owner, is_private) = self.who(ask.headers)?;
        let path: Vec<&str> = ask.path.iter().map(String::as_str).collect();
        let Some((version, path)) = path.split_first() else { return refuse("API.310.100.003") };
        let creates_type = *ask.method == Method::POST && path.first() == Some(&"types");
        if !is_private && !creates_type {
            return refuse("API.710.000.003");
        }
        if !matches!((*version, path.first()), ("v1", _) | ("v2", Some(&("baskets" | "customers")))) {
            return refuse("API.310.100.003");
        }
        let is_empty = ask.body.iter().all(u8::is_ascii_whitespace);
        let body = if is_empty { b"{}".as_slice() } else { ask.body };
        let Some(fields) = Fields::parse(body) else { return refuse("API.500.300.999") };
        let json: Value = serde_json::from_slice(body).unwrap_or_else(|_| json!({}));
        let method = ask.method.as_str();
        let made = if method == "POST" { 201 } else { 200 };
        match path {
            ["keypair"] => Ok((200, self.merchants[owner].describe())),
            ["keypair", "types"] => Ok((200, self.merchants[owner].describe_types())),
            ["webhooks"] => Ok((made, self.webhook_call(owner, method, None, &json)?)),
            ["webhooks", id] => Ok((made, self.webhook_call(owner, method, Some(id), &json)?)),
            ["types", rest @ ..] => Ok((made, self.type_call(owner, method, rest, json)?)),
            ["customers" | "baskets" | "metadata", rest @ ..] => {
                Ok((made, self.resource_call(owner, method, path[0], rest, json)?))
            }
            ["payments", rest @ ..] => self.payment_call(owner, method, rest, &fields, now),
            _ => refuse("API.310.100.003"),
        }
    }

    /// The merchant whose key signs in, and whether it is the private one.
    fn who(&self, headers: &HeaderMap) -> Result<(usize, bool), Refused> {
        let login = headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
        let login = login.and_then(|text| text.strip_prefix("Basic ")).and_then(|text| STANDARD.decode(text).ok());
        let Some(key) = login.and_then(|bytes| String::from_utf8(bytes).ok()) else { return refuse("API.000.000.001") };
        let key = key.strip_suffix(':').unwrap_or(&key);
        if let Some(owner) = self.merchants.iter().position(|merchant| merchant.private_key == key) {
            return Ok((owner, true));
        }
        let by_public = self.merchants.iter().position(|merchant| merchant.public_key == key);
        by_public.map_or_else(|| refuse("API.710.000.002"), |owner| Ok((owner, false)))
    }

    fn type_call(&mut self, owner: usize, method: &str, rest: &[&str], body: Value) -> Result<Value, Refused> {
        match (method, rest) {
            ("POST", [slug]) => {
                let Some(known) = super::methods::by_slug(slug) else { return refuse("API.500.100.001") };
                let id = format!("{}-{}-{:013x}", self.merchants[owner].letter(), known.prefix, self.scatter() >> 12);
                let mut kept = masked(body);
                kept.insert("id".into(), json!(id));
                kept.insert("method".into(), json!(slug));
                kept.insert("recurring".into(), json!(false));
                kept.insert("geoLocation".into(), json!({"clientIp": "192.0.2.1", "countryIsoA2": "DE"}));
                let kept = Value::Object(kept);
                self.resources.insert(id, (owner, kept.clone()));
                Ok(kept)
            }
            ("GET", [id] | [_, id]) => self.kept(owner, id, "API.500.100.001"),
            _ => refuse("API.000.000.006"),
        }
    }

    fn resource_call(
        &mut self,
        owner: usize,
        method: &str,
        family: &str,
        rest: &[&str],
        body: Value,
    ) -> Result<Value, Refused> {
        let (part, unknown) = match family {
            "customers" => ("cst", "API.410.100.100"),
            "baskets" => ("bsk", "API.600.410.024"),
            _ => ("mtd", "API.310.100.003"),
        };
        match (method, rest) {
            ("POST", []) => {
                let id = format!("{}-{part}-{:x}", self.merchants[owner].letter(), self.scatter());
                let Value::Object(mut kept) = body else { return refuse("API.500.300.999") };
                kept.insert("id".into(), json!(id));
                self.resources.insert(id.clone(), (owner, Value::Object(kept)));
                Ok(json!({"id": id}))
            }
            ("GET", [id]) => self.kept(owner, id, unknown),
            ("PUT", [id]) => {
                let before = self.kept(owner, id, unknown)?;
                let (Value::Object(mut kept), Value::Object(changes)) = (before, body) else {
                    return refuse("API.500.300.999");
                };
                kept.extend(changes);
                self.resources.insert((*id).to_owned(), (owner, Value::Object(kept)));
                Ok(json!({"id": id}))
            }
            ("DELETE", [id]) => {
                self.kept(owner, id, unknown)?;
                self.resources.remove(*id);
                Ok(json!({"id": id}))
            }
            _ => refuse("API.000.000.006"),
        }
    }

    fn kept(&self, owner: usize, id: &str, unknown: &str) -> Result<Value, Refused> {
        match self.resources.get(id) {
            Some((by, value)) if *by == owner => Ok(value.clone()),
            Some(_) => refuse("API.320.200.145"),
            None => refuse(unknown),
        }
    }

    fn payment_call(
        &mut self,
        owner: usize,
        method: &str,
        rest: &[&str],
        body: &Fields,
        now: Time,
    ) -> Result<(u16, Value), Refused> {
        let kind = match (method, rest) {
            ("POST", ["authorize"]) => Some(Kind::Authorize),
            ("POST", ["charges"]) => Some(Kind::Charge),
            _ => None,
        };
        if let Some(kind) = kind {
            let (at, index) = self.start(owner, kind, &new_payment(body)?, now)?;
            return Ok((201, self.show(at, index, None)));
        }
        let Some((id, rest)) = rest.split_first() else { return refuse("API.000.000.006") };
        let at = self.find(owner, id)?;
        if method == "GET" {
            return self.read(at, rest).map(|value| (200, value));
        }
        let family = match rest {
            ["charges", charge, "cancels"] if self.accounts[at].claim().is_some_and(|claim| claim.id == *charge) => {
                "reverse"
            }
            ["authorize", .., "cancels"] => "reverse",
            ["charges", .., "cancels"] => "refund",
            ["shipments"] => "ship",
            _ => "",
        };
        if let Some(code) = self.refusals.remove(&(self.accounts[at].id.clone(), family)) {
            return refuse(&code);
        }
        let currency = self.accounts[at].currency;
        if body.text("currency").is_some_and(|text| !text.eq_ignore_ascii_case(currency.code())) {
            return refuse("API.330.100.202");
        }
        let amount = amount(body, currency)?;
        let with = with(body);
        let index = match (method, rest) {
            ("PATCH", ["authorize"]) => {
                let (index, declined) = self.change(at, amount)?;
                return Ok((200, self.show(at, index, declined.as_deref())));
            }
            ("POST", ["charges"]) => self.capture(at, amount, &with, now)?,
            ("POST", ["authorize", "cancels"]) => self.reverse(at, amount, false, &with, now)?,
            ("POST", ["authorize", aut, "cancels"]) => {
                if self.accounts[at].authorization().is_none_or(|authorization| authorization.id != *aut) {
                    return refuse("API.310.100.003");
                }
                self.reverse(at, amount, true, &with, now)?
            }
            ("POST", ["charges", "cancels"]) => self.refund_payment(at, amount, &with, now)?,
            ("POST", ["charges", charge, "cancels"]) => self.cancel_charge(at, charge, amount, &with, now)?,
            ("POST", ["shipments"]) => self.ship(at, amount, &with, now)?,
            _ => return refuse("API.000.000.006"),
        };
        Ok((201, self.show(at, index, None)))
    }

    fn show(&self, at: usize, index: usize, refused: Option<&str>) -> Value {
        let account = &self.accounts[at];
        show::transaction(account, &account.entries[index], refused)
    }

    /// A payment or one of its transactions, by either form of its address.
    fn read(&self, at: usize, rest: &[&str]) -> Result<Value, Refused> {
        let account = &self.accounts[at];
        if rest.is_empty() {
            return Ok(show::payment(account, &self.base));
        }
        let path = rest.join("/");
        let found = account.entries.iter().find(|entry| entry.path == path).or_else(|| other_form(account, rest));
        found.map_or_else(|| refuse("API.310.100.003"), |entry| Ok(show::transaction(account, entry, None)))
    }
}

/// The authorisation without its id, and a cancel addressed on payment level though it is listed under its parent.
fn other_form<'a>(account: &'a Account, rest: &[&str]) -> Option<&'a super::account::Entry> {
    match rest {
        ["authorize"] => account.authorization(),
        ["authorize", "cancels", id] => {
            account.entries.iter().find(|entry| entry.kind == Kind::CancelAuthorize && entry.id == *id)
        }
        ["authorize", _, "cancels", id] => {
            account.entries.iter().find(|entry| entry.path == format!("authorize/cancels/{id}"))
        }
        ["charges", family @ ("cancels" | "chargebacks"), id] => {
            let tail = format!("/{family}/{id}");
            account.entries.iter().find(|entry| entry.path.starts_with("charges/") && entry.path.ends_with(&tail))
        }
        _ => None,
    }
}

fn amount(body: &Fields, currency: Currency) -> Result<Option<i64>, Refused> {
    match body.amount("amount", currency) {
        Ok(amount) => Ok(amount.map(|amount| amount.minor)),
        Err(_) => refuse("API.500.300.999"),
    }
}

fn with(body: &Fields) -> With {
    let shipping = body.object("additionalTransactionData").object("shipping");
    let tracking = shipping.text("deliveryTrackingId");
    With {
        reference: body.text_or_empty("paymentReference"),
        invoice_id: body.text_or_empty("invoiceId"),
        order_id: body.text_or_empty("orderId"),
        reason: body.text_or_empty("reasonCode"),
        shipping: tracking.map(|tracking| {
            json!({"deliveryTrackingId": tracking, "deliveryService": shipping.text_or_empty("deliveryService")})
        }),
    }
}

fn new_payment(body: &Fields) -> Result<NewPayment, Refused> {
    let currency = body.currency("currency").ok();
    let resources = body.object("resources");
    Ok(NewPayment {
        amount: match currency {
            Some(currency) => amount(body, currency)?,
            None => None,
        },
        currency,
        type_id: resources.text_or_empty("typeId"),
        customer_id: resources.text_or_empty("customerId"),
        basket_id: resources.text_or_empty("basketId"),
        metadata_id: resources.text_or_empty("metadataId"),
        return_url: body.text_or_empty("returnUrl"),
        is_3ds: body.flag("card3ds"),
        with: with(body),
    })
}

/// What a shop sent for a type, without the parts of a card nobody may keep.
fn masked(body: Value) -> Map<String, Value> {
    let Value::Object(mut kept) = body else { return Map::new() };
    if kept.contains_key("cvc") {
        kept.insert("cvc".into(), json!("***"));
    }
    if let Some(number) = kept.get("number").and_then(Value::as_str) {
        let digits: Vec<char> = number.chars().collect();
        let masked: String = digits
            .iter()
            .enumerate()
            .map(|(at, digit)| if at < 6 || at + 4 >= digits.len() { *digit } else { '*' })
            .collect();
        kept.insert("number".into(), json!(masked));
    }
    kept
}
