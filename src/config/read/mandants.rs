//! `mandants:`

use std::collections::BTreeMap;

use secrecy::{ExposeSecret, SecretString};
use url::Url;

use super::mail;
use crate::config::at::At;
use crate::config::finding::nearest;
use crate::config::ids::{ApiName, MandantId, PaymentCode};
use crate::config::settings::{KeyPair, Mandant, MandantKind, PaymentType};
use crate::config::value::{self, KeyEnvironment};

pub(super) fn mandants(at: &At<'_>, pixi: &At<'_>) -> BTreeMap<MandantId, Mandant> {
    let mut pairs = Pairs::default();
    let mut mandants = BTreeMap::new();
    for entry in at.entries() {
        let id = entry.name();
        if !(1..=3).contains(&id.len()) || !id.bytes().all(|b| b.is_ascii_alphanumeric()) {
            entry.error("is not a pixi ShopID", "write the mandant's code in pixi, one to three letters or digits");
        }
        if let Some(mandant) = mandant(&entry, pixi, &mut pairs) {
            mandants.insert(MandantId::from(id), mandant);
        }
    }
    if !at.is_set() {
        at.warn("there is no mandant: nothing will be done", "write one, or start with: pixi-payd config new");
    }
    mandants
}

fn mandant(at: &At<'_>, pixi: &At<'_>, pairs: &mut Pairs) -> Option<Mandant> {
    let api = at.key("pixi").text();
    let known_apis = pixi.entries();
    let known: Vec<&str> = known_apis.iter().map(At::name).collect();
    if let Some(api) = api.as_deref().filter(|api| !known.contains(api)) {
        let near = nearest(api, known.iter().copied()).map(|near| format!(" (nearest: {near})")).unwrap_or_default();
        let choice = if known.is_empty() {
            "an API under pixi first".to_owned()
        } else {
            format!("one of {}", known.join(", "))
        };
        at.key("pixi").error("names no block under pixi", format!("write {choice}{near}"));
    }
    // One that is missing or wrong counts as on here, so that the payment types' own errors show in the same run.
    let its_block = known_apis.iter().find(|block| Some(block.name()) == api.as_deref());
    let api_active = its_block.is_none_or(|block| block.is_bad() || block.key("active").flag());
    let kind = at.key("kind").choice::<MandantKind>();
    let process_from = at.key("process_from").read(value::date);
    if !at.key("process_from").is_set() {
        at.key("process_from").warn(
            "is missing: every order in pixi's lists is taken up, however old",
            "write the day from which the daemon is in charge, such as process_from: 2026-11-01",
        );
    }
    let mail = mail::mail(&at.key("mail"));
    let mut payment_types = BTreeMap::new();
    for entry in at.key("payment_types").entries() {
        let code = entry.name();
        if code.len() != 1 || !code.bytes().all(|b| b.is_ascii_alphabetic()) {
            entry.error("is not a pixi PaymentCode", "write the payment type's letter in pixi");
        }
        if let Some(payment_type) = payment_type(&entry, kind, api_active, pairs) {
            payment_types.insert(PaymentCode::from(code), payment_type);
        }
    }
    let name = at.key("name").text().unwrap_or_else(|| at.name().to_owned());
    Some(Mandant { name, pixi: ApiName(api?), kind: kind?, process_from, mail, payment_types })
}

fn payment_type(at: &At<'_>, kind: Option<MandantKind>, api_active: bool, pairs: &mut Pairs) -> Option<PaymentType> {
    let active = at.key("active").flag() && api_active;
    let event = |key: &str| {
        if active && !at.key(key).is_set() {
            at.key(key)
                .error("is missing", format!("write {key}: … (the booking event's id in pixi), or active: false"));
        }
        at.key(key).read(value::event).unwrap_or_default()
    };
    let event_invoice = event("event_invoice");
    let event_return = event("event_return");
    let xml_tag = at.key("xml_tag").read(value::xml_tag);
    let keys = keys(at, kind, active, pairs);
    let unzer_url = unzer_url(&at.key("unzer_url"));
    Some(PaymentType {
        active,
        event_invoice,
        event_return,
        xml_tag,
        rounding_tolerance: at.key("rounding_tolerance").number()?,
        keys,
        mode: at.key("mode").choice()?,
        reauthorize: at.key("reauthorize").choice()?,
        address_check: at.key("address_check").choice()?,
        lock_customer_on_chargeback: at.key("lock_customer_on_chargeback").flag(),
        report_failed_capture: at.key("report_failed_capture").flag(),
        write_bank_data: at.key("write_bank_data").choice()?,
        expiry_warning: at.key("expiry_warning").read(value::duration)?,
        booking_sign: at.key("booking_sign").choice()?,
        unzer_url: unzer_url?,
    })
}

fn unzer_url(at: &At<'_>) -> Option<Url> {
    at.read(value::safe_address)
}

/// Private key of every public key seen, so that one pair cannot be written in two ways.
#[derive(Default)]
struct Pairs(BTreeMap<String, (SecretString, String)>);

fn keys(at: &At<'_>, kind: Option<MandantKind>, active: bool, pairs: &mut Pairs) -> Vec<KeyPair> {
    let mut found: Vec<KeyPair> = Vec::new();
    let own = at.key("public_key").is_set() || at.key("private_key").is_set();
    if active && !own && !at.key("keys").is_set() {
        at.key("public_key").error("is missing", "write public_key and private_key, or active: false");
    }
    if own {
        for (key, other) in [("public_key", "private_key"), ("private_key", "public_key")] {
            if at.key(key).is_set() && !at.key(other).is_set() {
                at.key(key).error(format!("has no {other} beside it"), "write both keys of the pair");
            }
        }
    }
    let further = at.key("keys").entries();
    for block in own.then_some(at).into_iter().chain(&further) {
        let Some(pair) = key_pair(block, kind, active, pairs) else { continue };
        if found.iter().any(|other| other.public_key == pair.public_key) {
            block.key("public_key").error("is written twice for this payment type", "take one of the two pairs out");
        }
        found.push(pair);
    }
    for pair in found.iter_mut().skip(usize::from(own)) {
        pair.methods.sort();
    }
    found
}

fn key_pair(at: &At<'_>, kind: Option<MandantKind>, active: bool, pairs: &mut Pairs) -> Option<KeyPair> {
    let public = at.key("public_key");
    let private = at.key("private_key");
    let secret = private.secret(active);
    let public_environment = public.read(|text| value::unzer_key(text, "pub"));
    let private_environment = secret.as_ref().and_then(|secret| {
        value::unzer_key(secret.expose_secret(), "priv")
            .map_err(|complaint| private.error(complaint.what, complaint.mend))
            .ok()
    });
    if let (Some(one), Some(other)) = (public_environment, private_environment)
        && one != other
    {
        private.error("is of another environment than its public key", "use two keys that begin with the same letter");
    }
    match (kind, public_environment) {
        (Some(MandantKind::Production), Some(KeyEnvironment::Sandbox)) => public.warn(
            "is a test key, but the mandant is kind: production",
            "write kind: test, or the keys of production (p-pub-…)",
        ),
        (Some(MandantKind::Test), Some(KeyEnvironment::Production)) => public.warn(
            "is a production key, but the mandant is kind: test: real money moves",
            "write test keys (s-pub-…), or kind: production",
        ),
        _ => {}
    }
    public_environment?;
    let public_key = public.text()?;
    let private_key = if active { secret? } else { secret.unwrap_or_else(|| SecretString::from("")) };
    if !private_key.expose_secret().is_empty() {
        let here = private.place().clone();
        let first = pairs
            .0
            .entry(public_key.clone())
            .or_insert_with(|| (private_key.clone(), format!("{}:{}", here.file, here.line)));
        if first.0.expose_secret() != private_key.expose_secret() {
            private.error(
                format!("differs from the private key written for the same public key in {}", first.1),
                "look both up at Unzer; one of them is wrong",
            );
        }
    }
    // Only the pairs under `keys` speak of methods.
    let methods = if at.name().starts_with('[') {
        at.key("methods").entries().iter().filter_map(|method| method.read(value::method)).collect()
    } else {
        Vec::new()
    };
    Some(KeyPair { public_key, private_key, methods })
}
