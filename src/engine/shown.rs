//! An order as scripts and pages see it: the fields and words of `orders --json` and `/api/v1/orders`.

use chrono::SecondsFormat;
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Serialize;

use crate::clock::Time;
use crate::config::{MandantId, PaymentCode, Settings};
use crate::journal::OrderRow;
use crate::money::Currency;
use crate::policy::{PaymentStatus, TransferStatus};
use crate::text::{Language, Number, Severity};

/// An amount with the currency's decimals.
const DECIMAL: &str = r"^-?[0-9]+(\.[0-9]+)?$";

/// An order for scripts. Money as decimal text with the currency's decimals, times as RFC 3339 with offset.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct OrderShown {
    /// Mandant.
    pub mandant: MandantId,
    /// pixi order number.
    pub order_nr: i64,
    /// Order number of the shop.
    pub order_nr_external: String,
    /// pixi PaymentCode.
    pub payment_type: PaymentCode,
    /// Type-id prefix of the payment (`crd`); none before the payment was read.
    pub method: Option<String>,
    /// Unzer payment id.
    pub payment_id: Option<String>,
    /// `PAID`, …; none before the first plan.
    pub payment_status: Option<String>,
    /// `TRANSFERRED`, …; none before the first plan.
    pub transfer_status: Option<String>,
    /// Problem or hint, unless a person settled it.
    pub mark: Option<Severity>,
    /// What happened.
    pub mark_text: Option<String>,
    /// Error number of the mark.
    #[schemars(with = "Option<String>", regex(pattern = r"^PP-[0-9]{4}$"))]
    pub error_number: Option<Number>,
    /// Sums.
    pub amounts: AmountsShown,
    /// When it was seen first.
    #[schemars(extend("format" = "date-time"))]
    pub first_seen: String,
    /// When its last step was taken.
    #[schemars(extend("format" = "date-time"))]
    pub last_action: Option<String>,
    /// When it is looked at next; none where a person's turn or ended.
    #[schemars(extend("format" = "date-time"))]
    pub next_check: Option<String>,
    /// Of a mandant of kind test; set by whoever knows the settings.
    pub test: bool,
}

/// Sums of an order as decimal texts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct AmountsShown {
    /// Order total.
    #[schemars(regex(pattern = DECIMAL))]
    pub ordered: String,
    /// Σ invoices.
    #[schemars(regex(pattern = DECIMAL))]
    pub invoiced: String,
    /// Authorised, less reversals.
    #[schemars(regex(pattern = DECIMAL))]
    pub authorized: String,
    /// Charged, gross.
    #[schemars(regex(pattern = DECIMAL))]
    pub captured: String,
    /// Given back.
    #[schemars(regex(pattern = DECIMAL))]
    pub refunded: String,
    /// Currency of all of them.
    #[schemars(with = "String", regex(pattern = r"^[A-Z]{3}$"))]
    pub currency: Currency,
}

impl OrderShown {
    /// Shows a stored order in the words, the zone and the kinds of mandants of `settings`.
    pub fn with(row: &OrderRow, settings: &Settings) -> Self {
        let test = settings.is_test(&row.order.mandant);
        Self { test, ..Self::of(row, settings.language, settings.timezone) }
    }

    /// Shows a stored order; texts in `language`, times of the wall clock in `zone`.
    pub fn of(row: &OrderRow, language: Language, zone: Tz) -> Self {
        let stamp = |time: Time| time.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false);
        let known = |is_known: bool, text: &str| is_known.then(|| text.to_owned());
        let mark = row.mark.as_ref().filter(|_| !row.is_resolved());
        let money = |minor: i64| row.currency.of(minor).decimal();
        Self {
            mandant: row.order.mandant.clone(),
            order_nr: row.order.nr,
            order_nr_external: row.nr_external.clone(),
            payment_type: row.payment_code.clone(),
            method: row.method.clone(),
            payment_id: row.payment.clone(),
            payment_status: known(PaymentStatus::from_name(&row.payment_status).is_some(), &row.payment_status),
            transfer_status: known(TransferStatus::from_name(&row.transfer_status).is_some(), &row.transfer_status),
            mark: mark.map(|mark| mark.severity),
            mark_text: mark.map(|mark| mark.text(language)),
            error_number: mark.map(|mark| mark.number),
            amounts: AmountsShown {
                ordered: money(row.amounts.total),
                invoiced: money(row.amounts.invoiced),
                authorized: money(row.amounts.authorized),
                captured: money(row.amounts.captured),
                refunded: money(row.amounts.refunded),
                currency: row.currency,
            },
            first_seen: stamp(row.first_seen),
            last_action: row.last_action_at.map(stamp),
            next_check: row.next_check.map(stamp),
            test: false,
        }
    }
}
