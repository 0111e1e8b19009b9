//! Answers about one transaction: what became of a request, and what only the single transaction shows
//! (`unzer/NOTES` 2.4, 5).

use std::fmt;

use http::StatusCode;

use super::codes::Class;
use super::error::{Said, UnzerError};
use super::lenient::Fields;
use super::model::{Detail, TransactionStatus};
use crate::money::Money;
use crate::steps::{Evidence, Outcome, Refusal, RefusalKind};
use crate::wire::SendError;

/// A single transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TransactionDetail {
    /// Own id (`s-chg-2`).
    pub id: String,
    /// Status by its flags.
    pub status: TransactionStatus,
    /// Amount; none where none is told.
    pub amount: Option<Money>,
    /// References and ids.
    pub detail: Detail,
    /// Unzer's short id (`5120.3344.7788`).
    pub short_id: Option<String>,
    /// Where the buyer's transfer goes, where this transaction tells it.
    pub bank: Option<BankData>,
}

/// Account for the buyer's transfer. Shows nothing of itself in `Debug`.
#[derive(Clone, PartialEq, Eq)]
pub struct BankData {
    /// Recipient.
    pub holder: String,
    /// IBAN.
    pub iban: String,
    /// BIC; may be empty.
    pub bic: String,
    /// Purpose the buyer has to quote.
    pub descriptor: String,
}

impl fmt::Debug for BankData {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BankData(…)")
    }
}

/// The four flags of a transaction; none where not exactly one is set.
fn flags(fields: &Fields) -> Option<TransactionStatus> {
    let set = [
        (fields.flag("isSuccess"), TransactionStatus::Success),
        (fields.flag("isPending"), TransactionStatus::Pending),
        (fields.flag("isResumed"), TransactionStatus::Resumed),
        (fields.flag("isError"), TransactionStatus::Error),
    ];
    let mut set = set.into_iter().filter(|(is_set, _)| *is_set).map(|(_, status)| status);
    let one = set.next()?;
    set.next().is_none().then_some(one)
}

/// True where a flag says that the transaction happened or may still happen.
fn claims_effect(fields: &Fields) -> bool {
    ["isSuccess", "isPending", "isResumed"].iter().any(|flag| fields.flag(flag))
}

pub(super) fn detail(fields: &Fields) -> Result<TransactionDetail, UnzerError> {
    let processing = fields.object("processing");
    let amount = match fields.currency("currency") {
        Ok(currency) => fields.amount("amount", currency)?,
        Err(_) => None,
    };
    let bank = processing.text("iban").map(|iban| BankData {
        holder: processing.text_or_empty("holder"),
        iban,
        bic: processing.text_or_empty("bic"),
        descriptor: processing.text("descriptor").unwrap_or_else(|| processing.text_or_empty("shortId")),
    });
    Ok(TransactionDetail {
        id: fields.text("id").ok_or_else(|| UnzerError::invalid("id"))?,
        status: flags(fields).unwrap_or(TransactionStatus::Unknown),
        amount,
        detail: Detail {
            payment_reference: fields.text("paymentReference"),
            invoice_id: fields.text("invoiceId"),
            order_id: fields.text("orderId"),
            unique_id: processing.text("uniqueId"),
            code: fields.object("message").text("code"),
        },
        short_id: processing.text("shortId"),
        bank,
    })
}

/// What became of a request that moves money. `place` makes the transaction's path below its payment from its id.
pub(super) fn outcome(
    answer: Result<(StatusCode, Vec<u8>), SendError>,
    place: &dyn Fn(&Fields, &str) -> String,
) -> Outcome {
    let (status, body) = match answer {
        Ok(answer) => answer,
        Err(error) => return error.into(),
    };
    let unknown = |cause: String| Outcome::Unknown { cause };
    // An error of the server may follow the effect: whatever its body says, only looking tells.
    if status.is_server_error() {
        return unknown(format!("HTTP {}", status.as_u16()));
    }
    let Some(fields) = Fields::parse(&body) else {
        return unknown(format!("HTTP {} without JSON", status.as_u16()));
    };
    if let Some(said) = Said::read(&fields, status) {
        // An answer that says yes and no at once proves neither.
        return if claims_effect(&fields) { unknown(said.code) } else { refused(said) };
    }
    if !fields.list("errors").is_empty() {
        return unknown(format!("HTTP {} without a code", status.as_u16()));
    }
    if !status.is_success() {
        return unknown(format!("HTTP {} without a code", status.as_u16()));
    }
    let Some(id) = fields.text("id") else {
        return unknown("answer without a transaction".to_owned());
    };
    let evidence = || Evidence {
        transaction: Some(place(&fields, &id)),
        unique_id: fields.object("processing").text("uniqueId"),
        code: fields.object("message").text("code"),
        note: None,
    };
    match flags(&fields) {
        Some(TransactionStatus::Success) => Outcome::Done(evidence()),
        Some(TransactionStatus::Pending | TransactionStatus::Resumed) => Outcome::Pending(evidence()),
        Some(TransactionStatus::Error | TransactionStatus::Unknown) | None => {
            unknown("answer without a clear result".to_owned())
        }
    }
}

fn refused(said: Said) -> Outcome {
    let kind = match said.class {
        Class::Refused(kind) => kind,
        Class::NotFound => RefusalKind::Final,
        Class::OtherMerchant => RefusalKind::Configuration,
        Class::Unclear => return Outcome::Unknown { cause: said.code },
    };
    Outcome::Refused(Refusal { kind, code: said.code, message: said.message })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::{Value, json};

    use super::*;
    use crate::wire::Cause;

    fn of(status: u16, body: &Value) -> Outcome {
        of_bytes(status, body.to_string().as_bytes())
    }

    fn of_bytes(status: u16, body: &[u8]) -> Outcome {
        outcome(Ok((StatusCode::from_u16(status).unwrap(), body.to_vec())), &|_, id| format!("charges/{id}"))
    }

    fn success() -> Value {
        json!({
            "id": "s-chg-1", "isSuccess": "true", "isPending": false, "isResumed": false, "isError": false,
            "message": {"code": "COR.000.100.112"}, "processing": {"uniqueId": "31HA07BC"},
        })
    }

    #[test]
    fn success_is_done_with_its_evidence() {
        let Outcome::Done(evidence) = of(201, &success()) else { panic!() };
        assert_eq!(evidence.transaction.as_deref(), Some("charges/s-chg-1"));
        assert_eq!(evidence.unique_id.as_deref(), Some("31HA07BC"));
        assert_eq!(evidence.code.as_deref(), Some("COR.000.100.112"));
    }

    #[test]
    fn pending_and_resumed_are_pending() {
        for flag in ["isPending", "isResumed"] {
            let mut body = success();
            body["isSuccess"] = json!(false);
            body[flag] = json!(true);
            assert!(matches!(of(201, &body), Outcome::Pending(_)));
        }
    }

    #[test]
    fn c8_a_refusal_inside_a_success_is_a_refusal() {
        let body = json!({
            "id": "s-chg-1", "isSuccess": false, "isError": true,
            "message": {"code": "COR.800.100.151", "merchant": "stolen card"},
        });
        let Outcome::Refused(refusal) = of(201, &body) else { panic!() };
        assert_eq!((refusal.kind, refusal.code.as_str()), (RefusalKind::Hard, "COR.800.100.151"));
        let listed =
            json!({"isError": false, "isSuccess": false, "id": "s-chg-1", "errors": [{"code": "API.330.100.007"}]});
        let Outcome::Refused(refusal) = of(200, &listed) else { panic!() };
        assert_eq!(refusal.kind, RefusalKind::Stale);
    }

    #[test]
    fn a_refusal_goes_by_its_code() {
        for (status, code, kind) in [
            (400, "API.340.100.014", RefusalKind::AlreadySo),
            (400, "API.320.200.145", RefusalKind::Configuration),
            (401, "API.000.000.001", RefusalKind::Configuration),
            (404, "API.310.100.003", RefusalKind::Final),
            (400, "COR.800.100.153", RefusalKind::Soft),
        ] {
            let Outcome::Refused(refusal) = of(status, &json!({"isError": true, "errors": [{"code": code}]})) else {
                panic!("{code}")
            };
            assert_eq!(refusal.kind, kind, "{code}");
        }
    }

    #[test]
    fn whatever_leaves_a_doubt_is_unknown() {
        let mut two_flags = success();
        two_flags["isError"] = json!("false");
        two_flags["isPending"] = json!(true);
        let mut yes_and_no = success();
        yes_and_no["errors"] = json!([{"code": "API.330.100.007"}]);
        let mut no_code = success();
        no_code["errors"] = json!([{"merchantMessage": "?"}]);
        for (status, body) in [
            (403, "<html>403</html>".to_owned()),
            (500, json!({"isError": true, "errors": [{"code": "API.330.100.007"}]}).to_string()),
            (503, String::new()),
            (200, "{\"id\": \"s-chg-1\", \"isSucc".to_owned()),
            (200, "{}".to_owned()),
            (200, json!({"id": "s-chg-1"}).to_string()),
            (201, two_flags.to_string()),
            (201, yes_and_no.to_string()),
            (201, no_code.to_string()),
            (400, yes_and_no.to_string()),
            (404, "{}".to_owned()),
            (400, json!({"isError": true, "errors": [{"code": "API.000.000.999"}]}).to_string()),
        ] {
            assert!(matches!(of_bytes(status, body.as_bytes()), Outcome::Unknown { .. }), "{status} {body}");
        }
        let lost = outcome(Err(SendError::Unknown(Cause::TimeOut)), &|_, _| String::new());
        assert!(matches!(lost, Outcome::Unknown { .. }));
        let never = outcome(Err(SendError::NotSent(Cause::Connect)), &|_, _| String::new());
        assert!(matches!(never, Outcome::NotSent { .. }));
    }

    #[test]
    fn bank_data_does_not_show() {
        let body = json!({"id": "s-chg-1", "isPending": true, "currency": "EUR", "amount": "119.0000",
            "processing": {"iban": "DE02120300000000202051", "holder": "Example Merchant", "descriptor": "5120.3344.7788"}});
        let detail = detail(&Fields::parse(body.to_string().as_bytes()).unwrap()).unwrap();
        assert_eq!(detail.bank.as_ref().unwrap().descriptor, "5120.3344.7788");
        let shown = format!("{detail:?}");
        assert!(!shown.contains("DE02") && !shown.contains("Merchant"), "{shown}");
    }

    proptest! {
        #[test]
        fn no_answer_panics_it(status in 100u16..600, body in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = of_bytes(status, &body);
        }
    }
}
