//! An order as lists show it.

use super::overview::When;
use super::words::{Pen, tone, transfer_tone};
use crate::config::{MandantId, Settings};
use crate::journal::OrderRow;
use crate::text::{Notice, Severity};
use crate::unzer::MethodPrefix;

/// An order in a list.
pub struct Row {
    /// Path of its page.
    pub href: String,
    /// pixi's number.
    pub nr: i64,
    /// The shop's number.
    pub nr_external: String,
    /// Mandant.
    pub mandant: String,
    /// Of a test mandant.
    pub test: bool,
    /// Payment type.
    pub payment_type: String,
    /// Method, by name.
    pub method: String,
    /// Unzer payment id.
    pub payment: String,
    /// Payment status in a word, as stored, and its look.
    pub status: Status,
    /// Transfer status.
    pub transfer: Status,
    /// Order total.
    pub ordered: String,
    /// Captured.
    pub captured: String,
    /// Given back; empty where nothing was.
    pub refunded: String,
    /// When it was seen first.
    pub first_seen: When,
    /// Hint or problem nobody has settled.
    pub mark: Option<Mark>,
}

/// A status as it is shown.
pub struct Status {
    /// In a word.
    pub word: &'static str,
    /// As stored.
    pub code: String,
    /// Look of it.
    pub tone: &'static str,
}

/// A hint or problem as it is shown.
pub struct Mark {
    /// `problem` or `hint`.
    pub kind: &'static str,
    /// The same for people.
    pub word: &'static str,
    /// Error number.
    pub number: String,
    /// What happened.
    pub text: String,
    /// What to do.
    pub what_now: String,
    /// What this mark is told from others by.
    pub fingerprint: String,
    /// Since when.
    pub since: Option<When>,
}

impl Mark {
    /// A mark, with the fingerprint it is stored with.
    pub fn of(notice: &Notice, fingerprint: &str, pen: &Pen) -> Self {
        let (kind, word) = match notice.severity {
            Severity::Problem => ("problem", pen.words.problem),
            Severity::Hint => ("hint", pen.words.hint),
        };
        Self {
            kind,
            word,
            number: notice.number.to_string(),
            text: notice.text(pen.language),
            what_now: notice.what_now(pen.language),
            fingerprint: fingerprint.to_owned(),
            since: None,
        }
    }

    /// The mark of an order, unless a person has settled it.
    pub fn shown(row: &OrderRow, pen: &Pen) -> Option<Self> {
        let notice = row.mark.as_ref().filter(|_| !row.is_resolved())?;
        let since = row.mark_since.map(|at| When { text: pen.minute(at), stamp: pen.stamp(at) });
        Some(Self { since, ..Self::of(notice, row.mark_fingerprint.as_deref().unwrap_or_default(), pen) })
    }
}

/// Path of an order's page.
pub fn href(base: &str, mandant: &MandantId, nr: i64) -> String {
    let mandant: String = url::form_urlencoded::byte_serialize(mandant.0.as_bytes()).collect();
    format!("{base}/orders/{}/{nr}", mandant.replace('+', "%20"))
}

impl Row {
    /// Shows a stored order.
    pub fn of(row: &OrderRow, base: &str, settings: &Settings, pen: &Pen) -> Self {
        let money = |minor| pen.money(minor, row.currency);
        Self {
            href: href(base, &row.order.mandant, row.order.nr),
            nr: row.order.nr,
            nr_external: row.nr_external.clone(),
            mandant: row.order.mandant.0.clone(),
            test: settings.is_test(&row.order.mandant),
            payment_type: row.payment_code.0.clone(),
            method: row.method.as_ref().map_or_else(String::new, |method| method_name(method)),
            payment: row.payment.clone().unwrap_or_default(),
            status: Status {
                word: pen.payment_status(&row.payment_status),
                code: row.payment_status.clone(),
                tone: tone(&row.payment_status),
            },
            transfer: Status {
                word: pen.transfer_status(&row.transfer_status),
                code: row.transfer_status.clone(),
                tone: transfer_tone(&row.transfer_status),
            },
            ordered: money(row.amounts.total),
            captured: money(row.amounts.captured),
            refunded: if row.amounts.refunded == 0 { String::new() } else { money(row.amounts.refunded) },
            first_seen: When { text: pen.minute(row.first_seen), stamp: pen.stamp(row.first_seen) },
            mark: Mark::shown(row, pen),
        }
    }
}

/// Name of a method by its prefix.
pub fn method_name(prefix: &str) -> String {
    MethodPrefix(prefix.to_owned()).display_name().to_owned()
}
