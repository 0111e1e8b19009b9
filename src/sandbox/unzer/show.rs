//! Payments and transactions as JSON, the way Unzer writes them (`unzer/NOTES` 1, 2).

use serde_json::{Value, json};

use super::account::{Account, Entry};
use super::books::Refused;
use super::merchant::state_name;
use crate::clock::Time;
use crate::money::Currency;
use crate::sandbox::faults::SimResponse;
use crate::unzer::{PaymentState, TransactionKind as Kind, TransactionStatus as Status};

pub(super) const JSON: &str = "application/json;charset=UTF-8";

/// An amount with four decimals.
fn four(minor: i64, currency: Currency) -> String {
    let text = currency.of(minor).decimal();
    let decimals = currency.decimals() as usize;
    let point = if decimals == 0 { "." } else { "" };
    format!("{text}{point}{}", "0".repeat(4 - decimals.min(4)))
}

fn date(at: Time) -> String {
    at.format("%Y-%m-%d %H:%M:%S").to_string()
}

fn state_id(state: PaymentState) -> u8 {
    match state {
        PaymentState::Pending | PaymentState::Other => 0,
        PaymentState::Completed => 1,
        PaymentState::Canceled => 2,
        PaymentState::Partly => 3,
        PaymentState::PaymentReview => 4,
        PaymentState::Chargeback => 5,
        PaymentState::Create => 6,
    }
}

fn kind_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Authorize => "authorize",
        Kind::Preauthorize => "preauthorize",
        Kind::Charge => "charge",
        Kind::CancelAuthorize => "cancel-authorize",
        Kind::CancelCharge => "cancel-charge",
        Kind::CancelPreauthorize => "cancel-preauthorize",
        Kind::Shipment => "shipment",
        Kind::Payout => "payout",
        Kind::Chargeback => "chargeback",
        Kind::ChargebackReversal => "chargeback-reversal",
        Kind::StrongCustomerAuthentication => "strong_customer_authentication",
        Kind::Other => "other",
    }
}

fn status_name(status: Status) -> &'static str {
    match status {
        Status::Success => "success",
        Status::Pending => "pending",
        Status::Resumed => "resumed",
        Status::Error => "error",
        Status::Unknown => "",
    }
}

fn trace_id(unique_id: &str) -> String {
    unique_id.to_ascii_lowercase()
}

fn resources(account: &Account, trace: &str) -> Value {
    json!({
        "customerId": account.customer_id, "paymentId": account.id, "basketId": account.basket_id,
        "metadataId": account.metadata_id, "payPageId": "", "linkPayId": "", "traceId": trace, "typeId": account.type_id,
    })
}

pub(super) fn payment(account: &Account, base: &str) -> Value {
    let currency = account.currency;
    let entry = |entry: &Entry| {
        json!({
            "participantId": "", "date": date(entry.at), "type": kind_name(entry.kind), "status": status_name(entry.status),
            "url": format!("{base}/v1/payments/{}/{}", account.id, entry.path), "amount": four(entry.amount, currency),
        })
    };
    let state = account.state();
    let trace = account.entries.first().map(|entry| trace_id(&entry.unique_id)).unwrap_or_default();
    json!({
        "id": account.id,
        "state": {"id": state_id(state), "name": state_name(state)},
        "amount": {
            "total": four(account.total(), currency), "charged": four(account.charged(), currency),
            "canceled": four(account.canceled(), currency), "remaining": four(account.remaining(), currency),
        },
        "currency": currency.code(), "orderId": account.order_id, "invoiceId": account.invoice_id,
        "resources": resources(account, &trace),
        "transactions": account.entries.iter().map(entry).collect::<Vec<_>>(),
    })
}

/// One transaction; `refused` shows it as refused with this code whatever it is.
pub(super) fn transaction(account: &Account, entry: &Entry, refused: Option<&str>) -> Value {
    let status = if refused.is_some() { Status::Error } else { entry.status };
    let trace = trace_id(&entry.unique_id);
    let mut processing = json!({"uniqueId": entry.unique_id, "shortId": entry.short_id, "traceId": trace});
    if entry.has_bank_data {
        processing["iban"] = json!("DE02120300000000202051");
        processing["bic"] = json!("BYLADEM1001");
        processing["holder"] = json!("Example Merchant");
        processing["descriptor"] = match account.method.prefix {
            "piv" => json!(format!("P{}", entry.short_id.replace('.', ""))),
            _ => json!(entry.short_id),
        };
    }
    let text = match status {
        Status::Success => "Request successfully processed",
        Status::Error => "Request declined",
        _ => "Transaction pending",
    };
    let mut answer = json!({
        "id": entry.id,
        "isSuccess": status == Status::Success, "isPending": status == Status::Pending,
        "isResumed": status == Status::Resumed, "isError": status == Status::Error,
        "card3ds": !entry.redirect_url.is_empty() && account.method.slug == "card",
        "redirectUrl": entry.redirect_url,
        "message": {"code": refused.unwrap_or(&entry.code), "merchant": text, "customer": text},
        "amount": four(entry.amount, account.currency), "currency": account.currency.code(),
        "returnUrl": account.return_url, "date": date(entry.at),
        "orderId": if entry.order_id.is_empty() { &account.order_id } else { &entry.order_id },
        "invoiceId": entry.invoice_id, "paymentReference": entry.reference, "reasonCode": entry.reason,
        "resources": resources(account, &trace), "processing": processing,
    });
    if let Some(shipping) = &entry.shipping {
        answer["additionalTransactionData"] = json!({"shipping": shipping});
    }
    answer
}

pub(super) fn ok(status: u16, body: &Value) -> SimResponse {
    SimResponse { status, content_type: JSON, body: body.to_string().into_bytes() }
}

pub(super) fn refusal(Refused(status, code): &Refused, url: &str, now: Time, number: u64) -> SimResponse {
    let meaning = crate::unzer::codes::meaning(code).unwrap_or("refused");
    let body = json!({
        "id": format!("s-err-{number:027x}"), "isSuccess": false, "isPending": false, "isError": true, "url": url,
        "timestamp": date(now), "traceId": format!("{number:032x}"),
        "errors": [{"code": code, "merchantMessage": meaning, "customerMessage": "An error occurred. Please contact us."}],
    });
    SimResponse { status: *status, content_type: JSON, body: body.to_string().into_bytes() }
}
