//! Reads a payment (`unzer/NOTES` 2.1, 3).

use chrono::NaiveDateTime;

use super::lenient::{Fields, Unusable};
use super::model::{MethodPrefix, Payment, PaymentState, Transaction, TransactionKind, TransactionStatus};
use crate::clock::Time;
use crate::money::{Currency, Money};

/// The payment in this answer. An amount that is missing or odd makes the whole answer unusable: half a picture of
/// somebody's money is none.
pub(super) fn parse(fields: &Fields, public_key: &str) -> Result<Payment, Unusable> {
    let currency = fields.currency("currency")?;
    let amounts = fields.object("amount");
    let amount = |name| amounts.amount(name, currency)?.ok_or(Unusable(name));
    let resources = fields.object("resources");
    let type_id = resources.text_or_empty("typeId");
    Ok(Payment {
        id: fields.text("id").ok_or(Unusable("id"))?,
        state: state(&fields.object("state")),
        currency,
        total: amount("total")?,
        charged: amount("charged")?,
        canceled: amount("canceled")?,
        remaining: amount("remaining")?,
        order_id: fields.text_or_empty("orderId"),
        method: MethodPrefix(type_id.split('-').nth(1).unwrap_or_default().to_owned()),
        type_id,
        customer_id: resources.text("customerId"),
        transactions: fields
            .list("transactions")
            .iter()
            .map(|entry| transaction(entry, currency))
            .collect::<Result<_, _>>()?,
        public_key: public_key.to_owned(),
    })
}

fn state(fields: &Fields) -> PaymentState {
    let named = fields.text_or_empty("name").to_ascii_lowercase().replace([' ', '_'], "");
    match (fields.text("id").as_deref(), named.as_str()) {
        (Some("0"), _) | (None, "pending") => PaymentState::Pending,
        (Some("1"), _) | (None, "completed") => PaymentState::Completed,
        (Some("2"), _) | (None, "canceled") => PaymentState::Canceled,
        (Some("3"), _) | (None, "partly") => PaymentState::Partly,
        (Some("4"), _) | (None, "paymentreview") => PaymentState::PaymentReview,
        (Some("5"), _) | (None, "chargeback") => PaymentState::Chargeback,
        (Some("6"), _) | (None, "create") => PaymentState::Create,
        _ => PaymentState::Other,
    }
}

fn transaction(entry: &Fields, currency: Currency) -> Result<Transaction, Unusable> {
    let path = path_below_payment(&entry.text_or_empty("url")).ok_or(Unusable("transactions.url"))?;
    let (id, parent) = ids(&path).ok_or(Unusable("transactions.url"))?;
    let kind = kind(&entry.text_or_empty("type"), &path);
    let amount = match entry.amount("amount", currency)? {
        Some(amount) => amount,
        None if is_money(kind) => return Err(Unusable("transactions.amount")),
        None => Money::zero(currency),
    };
    Ok(Transaction {
        kind,
        status: status(&entry.text_or_empty("status")),
        id,
        parent,
        path,
        amount,
        at: entry.text("date").and_then(|text| date(&text)),
        detail: None,
    })
}

/// The part of a transaction's address below its payment. The host is never looked at: it may be an old one.
fn path_below_payment(url: &str) -> Option<String> {
    let (_, after) = url.split_once("/payments/")?;
    let after = after.split(['?', '#']).next().unwrap_or_default();
    let (_, path) = after.split_once('/')?;
    let path = path.trim_matches('/');
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '/' | '_');
    (!path.is_empty() && path.len() <= 200 && path.chars().all(plain)).then(|| path.to_owned())
}

/// Own id and parent's id of a path: words and ids alternate, and a parent on payment level has no id.
fn ids(path: &str) -> Option<(String, Option<String>)> {
    let mut ids = path.split('/').filter(|part| part.starts_with("s-") || part.starts_with("p-"));
    let first = ids.next()?;
    Some(match ids.next_back() {
        Some(last) => (last.to_owned(), Some(first.to_owned())),
        None => (first.to_owned(), None),
    })
}

fn kind(text: &str, path: &str) -> TransactionKind {
    // Where a reversed chargeback is told apart only by its address, the address counts.
    if path.contains("chargeback-reversal") {
        return TransactionKind::ChargebackReversal;
    }
    match text.to_ascii_lowercase().as_str() {
        "authorize" => TransactionKind::Authorize,
        "preauthorize" => TransactionKind::Preauthorize,
        "charge" => TransactionKind::Charge,
        "cancel-authorize" => TransactionKind::CancelAuthorize,
        "cancel-charge" => TransactionKind::CancelCharge,
        "cancel-preauthorize" => TransactionKind::CancelPreauthorize,
        "shipment" => TransactionKind::Shipment,
        "payout" => TransactionKind::Payout,
        "chargeback" => TransactionKind::Chargeback,
        "chargeback-reversal" | "chargeback_reversal" => TransactionKind::ChargebackReversal,
        "strong_customer_authentication" => TransactionKind::StrongCustomerAuthentication,
        _ => TransactionKind::Other,
    }
}

fn is_money(kind: TransactionKind) -> bool {
    !matches!(kind, TransactionKind::Shipment | TransactionKind::StrongCustomerAuthentication | TransactionKind::Other)
}

fn status(text: &str) -> TransactionStatus {
    match text.to_ascii_lowercase().as_str() {
        "success" => TransactionStatus::Success,
        "pending" => TransactionStatus::Pending,
        "resumed" => TransactionStatus::Resumed,
        "error" => TransactionStatus::Error,
        _ => TransactionStatus::Unknown,
    }
}

/// `YYYY-MM-DD HH:MM:SS`, without a zone, in UTC.
pub(super) fn date(text: &str) -> Option<Time> {
    NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").ok().map(|at| at.and_utc())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::TransactionKind as K;
    use super::*;

    fn read(value: &Value) -> Result<Payment, Unusable> {
        parse(&Fields::parse(value.to_string().as_bytes()).unwrap(), "s-pub-a")
    }

    fn example() -> Value {
        let entry = |kind: &str, tail: &str, amount: &str| {
            let url = format!("https://old.example/v1/payments/s-pay-31337/{tail}");
            json!({"participantId": "", "date": "2026-03-02 09:10:11", "type": kind, "status": "success", "url": url, "amount": amount})
        };
        json!({
            "id": "s-pay-31337", "state": {"id": 3, "name": "partly"}, "currency": "EUR", "orderId": "SO-1",
            "amount": {"total": "80.0000", "charged": 25, "canceled": "0.0000", "remaining": "55.0000"},
            "resources": {"typeId": "s-crd-zz9", "basketId": ""},
            "transactions": [
                entry("authorize", "authorize/s-aut-1", "100.0000"),
                entry("charge", "charges/s-chg-1", "25.0000"),
                entry("cancel-authorize", "authorize/s-aut-1/cancels/s-cnl-1", "20.0000"),
                entry("cancel-charge", "charges/cancels/s-cnl-1", "1.0000"),
                entry("chargeback", "charges/s-chg-1/chargebacks/s-cbk-1", "1.0000"),
                entry("chargeback", "charges/s-chg-1/chargeback-reversal/s-cbr-1", "1.0000"),
            ],
        })
    }

    #[test]
    fn transactions_are_named_by_their_addresses() {
        let payment = read(&example()).unwrap();
        assert_eq!(payment.state, PaymentState::Partly);
        assert_eq!(payment.method.0, "crd");
        assert_eq!(payment.remaining, Currency::EUR.of(5500));
        let names: Vec<_> = payment.transactions.iter().map(|t| (t.kind, t.parent.as_deref(), t.id.as_str())).collect();
        assert_eq!(
            names,
            [
                (K::Authorize, None, "s-aut-1"),
                (K::Charge, None, "s-chg-1"),
                (K::CancelAuthorize, Some("s-aut-1"), "s-cnl-1"),
                (K::CancelCharge, None, "s-cnl-1"),
                (K::Chargeback, Some("s-chg-1"), "s-cbk-1"),
                (K::ChargebackReversal, Some("s-chg-1"), "s-cbr-1"),
            ]
        );
        assert_eq!(payment.transactions[2].path, "authorize/s-aut-1/cancels/s-cnl-1");
        assert_eq!(payment.transactions[0].at, Some("2026-03-02T09:10:11Z".parse().unwrap()));
    }

    #[test]
    fn states_are_read_by_number_or_by_name() {
        for (id, name, state) in [
            (json!(4), "payment review", PaymentState::PaymentReview),
            (json!("1"), "", PaymentState::Completed),
            (json!(""), "payment_review", PaymentState::PaymentReview),
            (json!(null), "canceled", PaymentState::Canceled),
            (json!(77), "new", PaymentState::Other),
        ] {
            let mut value = example();
            value["state"] = json!({"id": id, "name": name});
            assert_eq!(read(&value).unwrap().state, state, "{name}");
        }
    }

    #[test]
    fn half_a_picture_is_none() {
        for (pointer, value) in [
            ("/amount/charged", json!("")),
            ("/amount/total", json!("a lot")),
            ("/currency", json!("")),
            ("/transactions/1/amount", json!(null)),
            ("/transactions/1/amount", json!("25.001")),
            ("/transactions/1/url", json!("https://elsewhere.example/")),
            ("/transactions/1/url", json!("https://x/v1/payments/s-pay-1/charges/../../s-chg-1")),
        ] {
            let mut example = example();
            *example.pointer_mut(pointer).unwrap() = value;
            assert!(read(&example).is_err(), "{pointer}");
        }
    }

    #[test]
    fn what_may_be_missing_may_be_missing() {
        let mut value = example();
        value["transactions"][0].as_object_mut().unwrap().remove("status");
        value["transactions"][0]["date"] = json!("");
        value["resources"] = json!({});
        value["orderId"] = json!(20881);
        let payment = read(&value).unwrap();
        assert_eq!(payment.transactions[0].status, TransactionStatus::Unknown);
        assert_eq!(payment.transactions[0].at, None);
        assert_eq!(payment.method.0, "");
        assert_eq!(payment.order_id, "20881");
    }

    proptest! {
        #[test]
        fn no_change_of_a_payment_panics_it(at in 0usize..2000, byte: u8, cut in 0usize..2000) {
            let mut bytes = example().to_string().into_bytes();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(bytes.len().saturating_sub(cut % 50));
            if let Some(fields) = Fields::parse(&bytes) {
                let _ = parse(&fields, "s-pub-a");
            }
        }
    }
}
