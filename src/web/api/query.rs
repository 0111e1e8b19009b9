//! Filters and paging, as they stand in the address.

use chrono::{DateTime, Days, NaiveDate, NaiveTime};
use chrono_tz::Tz;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::clock::{Time, zone};
use crate::config::{ApiName, MandantId, PaymentCode};
use crate::journal::BoardFilter;
use crate::policy::{PaymentStatus, TransferStatus};
use crate::text::Severity;

/// Orders of a page unless told otherwise, and at most.
const USUAL: i64 = 100;
const MOST: i64 = 500;

/// A value in the address.
pub struct Parameter {
    /// Name.
    pub name: &'static str,
    /// What it does.
    pub does: &'static str,
    schema: fn() -> Value,
}

impl Parameter {
    /// What it may be.
    pub fn schema(&self) -> Value {
        (self.schema)()
    }
}

fn text() -> Value {
    json!({"type": "string"})
}

/// Everything the list can be asked for.
pub const PARAMETERS: [Parameter; 11] = [
    Parameter { name: "mandant", does: "Only of this mandant (ShopID).", schema: text },
    Parameter { name: "payment_type", does: "Only of this payment type (pixi PaymentCode).", schema: text },
    Parameter {
        name: "method",
        does: "Only paid by this method: prefix of Unzer's type id, such as `crd`.",
        schema: text,
    },
    Parameter {
        name: "payment_status",
        does: "Only with this payment status.",
        schema: || json!({"type": "string", "enum": PAYMENT_STATUSES}),
    },
    Parameter {
        name: "transfer_status",
        does: "Only with this transfer status.",
        schema: || json!({"type": "string", "enum": TRANSFER_STATUSES}),
    },
    Parameter {
        name: "mark",
        does: "Only with this mark, not settled by a person.",
        schema: || json!({"type": "string", "enum": ["problem", "hint"]}),
    },
    Parameter {
        name: "from",
        does: "Only first seen on this day or later: `2026-11-01`, or a time with offset.",
        schema: text,
    },
    Parameter {
        name: "until",
        does: "Only first seen on this day or earlier: `2026-11-30`, or before a time with offset.",
        schema: text,
    },
    Parameter {
        name: "q",
        does: "Order number, or the beginning of the shop's number or of a payment id.",
        schema: text,
    },
    Parameter {
        name: "before",
        does: "Where the page before ended. Take it from the `Link` header of that page.",
        schema: || json!({"type": "integer"}),
    },
    Parameter {
        name: "limit",
        does: "Orders of a page.",
        schema: || json!({"type": "integer", "minimum": 1, "maximum": MOST, "default": USUAL}),
    },
];

const PAYMENT_STATUSES: [&str; 12] = [
    "UNPAID",
    "PAID_PARTIAL",
    "PAID",
    "CANCELLED",
    "REFUNDED_PARTIAL",
    "REFUNDED",
    "CHARGEBACK",
    "COLLECTION",
    "LEGACY",
    "DISAPPEARED",
    "MANUAL",
    "MERGED",
];

const TRANSFER_STATUSES: [&str; 6] = ["INITIAL", "NOT_TRANSFERRED", "TRANSFERRED", "ERROR", "CANCELLED", "NO_TRANSFER"];

/// What a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    filter: BoardFilter,
    /// Orders of the page.
    pub limit: i64,
    /// The address as it was given, without where the page before ended.
    given: Vec<(String, String)>,
}

impl Query {
    /// Reads the address; days begin at midnight of `zone`. An error says in English what is wrong.
    pub fn read(text: &str, zone: Tz) -> Result<Self, String> {
        let mut query = Self { filter: BoardFilter::default(), limit: USUAL, given: Vec::new() };
        for (name, value) in form_urlencoded::parse(text.as_bytes()) {
            if query.given.iter().any(|(given, _)| *given == name) {
                return Err(format!("{name} is given twice"));
            }
            let value = value.trim();
            if !value.is_empty() {
                query.set(&name, value, zone)?;
            } else if !PARAMETERS.iter().any(|parameter| parameter.name == name) {
                return Err(unknown(&name));
            }
            query.given.push((name.into_owned(), value.to_owned()));
        }
        Ok(query)
    }

    fn set(&mut self, name: &str, value: &str, zone: Tz) -> Result<(), String> {
        let filter = &mut self.filter;
        match name {
            "mandant" => filter.mandant = Some(MandantId(value.to_owned())),
            "payment_type" => filter.payment_code = Some(PaymentCode(value.to_owned())),
            "method" => filter.method = Some(value.to_ascii_lowercase()),
            "payment_status" => {
                let status = PaymentStatus::from_name(value).ok_or_else(|| one_of(name, &PAYMENT_STATUSES))?;
                filter.payment_status = Some(status.name().to_owned());
            }
            "transfer_status" => {
                let status = TransferStatus::from_name(value).ok_or_else(|| one_of(name, &TRANSFER_STATUSES))?;
                filter.transfer_status = Some(status.name().to_owned());
            }
            "mark" => {
                filter.mark = Some(match value {
                    "problem" => Severity::Problem,
                    "hint" => Severity::Hint,
                    _ => return Err(one_of(name, &["problem", "hint"])),
                });
            }
            "from" => filter.from = Some(moment(name, value, zone, 0)?),
            "until" => filter.until = Some(moment(name, value, zone, 1)?),
            "q" => filter.search = Some(value.to_owned()),
            "before" => {
                let row = value.parse().map_err(|_| "before: take it from the Link header".to_owned())?;
                filter.before = Some(row);
            }
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=MOST).contains(limit));
                self.limit = limit.ok_or_else(|| format!("limit: give a number from 1 to {MOST}"))?;
            }
            _ => return Err(unknown(name)),
        }
        Ok(())
    }

    /// Which orders.
    pub fn filter(&self) -> BoardFilter {
        self.filter.clone()
    }

    /// The address of the page that goes on after the order in this row.
    pub fn next_page(&self, base: &str, last: i64) -> String {
        let mut address = form_urlencoded::Serializer::new(String::new());
        address.extend_pairs(self.given.iter().filter(|(name, _)| name != "before"));
        address.append_pair("before", &last.to_string());
        format!("{base}/api/v1/orders?{}", address.finish())
    }
}

/// The pixi API asked for, the only value one order's address takes.
pub fn only_api(text: &str) -> Result<Option<ApiName>, String> {
    let mut api = None;
    for (name, value) in form_urlencoded::parse(text.as_bytes()) {
        if name != "api" {
            return Err(unknown(&name));
        }
        api = Some(ApiName(value.into_owned()));
    }
    Ok(api)
}

fn unknown(name: &str) -> String {
    let name: String = name.chars().take(40).collect();
    format!("{name}: there is no such parameter; see /api/v1/openapi.json")
}

fn one_of(name: &str, words: &[&str]) -> String {
    format!("{name}: give one of {}", words.join(", "))
}

/// The first moment of a day, or of the one `days` later; or a moment with offset.
fn moment(name: &str, text: &str, tz: Tz, days: u64) -> Result<Time, String> {
    if let Ok(moment) = DateTime::parse_from_rfc3339(text) {
        return Ok(moment.to_utc());
    }
    let wrong = || format!("{name}: give a day like 2026-11-01 or a time like 2026-11-01T08:00:00+01:00");
    let day: NaiveDate = text.parse().map_err(|_| wrong())?;
    let day = day.checked_add_days(Days::new(days)).ok_or_else(wrong)?;
    Ok(zone::moments(tz, day.and_time(NaiveTime::MIN)).first)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BERLIN: Tz = Tz::Europe__Berlin;

    #[test]
    fn every_word_of_a_status_is_one() {
        assert!(PAYMENT_STATUSES.iter().all(|name| PaymentStatus::from_name(name).is_some()));
        assert!(TRANSFER_STATUSES.iter().all(|name| TransferStatus::from_name(name).is_some()));
    }

    #[test]
    fn every_parameter_is_understood_and_no_other() {
        let values = ["DEM", "U", "CRD", "PAID", "ERROR", "hint", "2026-03-01", "2026-03-29", "SHOP-1", "77", "5"];
        let pairs: Vec<String> =
            PARAMETERS.iter().zip(values).map(|(parameter, value)| format!("{}={value}", parameter.name)).collect();
        let query = Query::read(&pairs.join("&"), BERLIN).unwrap();
        let expected = BoardFilter {
            mandant: Some("DEM".into()),
            payment_code: Some("U".into()),
            method: Some("crd".into()),
            payment_status: Some("PAID".into()),
            transfer_status: Some("ERROR".into()),
            mark: Some(Severity::Hint),
            from: Some("2026-02-28T23:00:00Z".parse().unwrap()),
            // The whole of that day, which is an hour shorter.
            until: Some("2026-03-29T22:00:00Z".parse().unwrap()),
            search: Some("SHOP-1".into()),
            before: Some(77),
        };
        assert_eq!((query.filter(), query.limit), (expected, 5));
        for wrong in [
            "markk=hint",
            "markk=",
            "mark=none",
            "limit=0",
            "limit=501",
            "limit=x",
            "from=yesterday",
            "before=x",
            "payment_status=paid",
            "q=1&q=2",
            "<script>=1",
        ] {
            assert!(Query::read(wrong, BERLIN).is_err(), "{wrong}");
        }
        assert_eq!(Query::read("q=&mark=", BERLIN).unwrap().filter(), BoardFilter::default());
    }

    #[test]
    fn the_next_page_keeps_the_filters() {
        let query = Query::read("q=a%26b%3Dc&before=9&limit=2", BERLIN).unwrap();
        assert_eq!(query.next_page("/payd", 7), "/payd/api/v1/orders?q=a%26b%3Dc&limit=2&before=7");
    }
}
