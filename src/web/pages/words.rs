//! How states, times and amounts are written on pages.

use chrono_tz::Tz;

use crate::clock::Time;
use crate::money::{Currency, Money};
use crate::policy::{PaymentStatus, TransferStatus};
use crate::text::amounts::amount;
use crate::text::{Labels, Language, moments};

/// What is needed to write anything: language, its words, and the zone of the wall clock.
#[derive(Debug, Clone, Copy)]
pub struct Pen {
    /// Language.
    pub language: Language,
    /// Fixed words.
    pub words: &'static Labels,
    /// Zone.
    pub zone: Tz,
}

impl Pen {
    /// `03.03.2026 09:05`, in English `2026-03-03 09:05`.
    pub fn minute(&self, time: Time) -> String {
        moments::minute(time, self.zone, self.language)
    }

    /// The same with seconds.
    pub fn second(&self, time: Time) -> String {
        moments::second(time, self.zone, self.language)
    }

    /// The time alone where it is today, else with the day.
    pub fn soon(&self, time: Time, now: Time) -> String {
        let (then, today) = (time.with_timezone(&self.zone), now.with_timezone(&self.zone));
        if then.date_naive() == today.date_naive() { then.format("%H:%M").to_string() } else { self.minute(time) }
    }

    /// For `datetime` attributes.
    pub fn stamp(&self, time: Time) -> String {
        time.with_timezone(&self.zone).to_rfc3339_opts(chrono::SecondsFormat::Secs, false)
    }

    /// `1.234,50 EUR`.
    pub fn money(&self, minor: i64, currency: Currency) -> String {
        amount(currency.of(minor), self.language)
    }

    /// `1.234,50`, as a person would type it.
    pub fn number(&self, minor: i64, currency: Currency) -> String {
        let number = currency.of(minor).decimal();
        if self.language == Language::De { number.replace('.', ",") } else { number }
    }

    /// The same of a step.
    pub fn of(&self, money: Money) -> String {
        amount(money, self.language)
    }

    /// A payment's status in a word.
    pub fn payment_status(&self, name: &str) -> &'static str {
        let words = self.words;
        match PaymentStatus::from_name(name) {
            Some(PaymentStatus::Unpaid) => words.unpaid,
            Some(PaymentStatus::PaidPartial) => words.paid_partial,
            Some(PaymentStatus::Paid) => words.paid,
            Some(PaymentStatus::Cancelled) => words.cancelled,
            Some(PaymentStatus::RefundedPartial) => words.refunded_partial,
            Some(PaymentStatus::Refunded) => words.status_refunded,
            Some(PaymentStatus::Chargeback) => words.chargeback,
            Some(PaymentStatus::Collection) => words.collection,
            Some(PaymentStatus::Legacy) => words.legacy,
            Some(PaymentStatus::Disappeared) => words.disappeared,
            Some(PaymentStatus::Manual) => words.manual,
            Some(PaymentStatus::Merged) => words.merged,
            None => words.status_new,
        }
    }

    /// A transfer's status in a word.
    pub fn transfer_status(&self, name: &str) -> &'static str {
        let words = self.words;
        match TransferStatus::from_name(name) {
            Some(TransferStatus::NotTransferred) => words.not_transferred,
            Some(TransferStatus::Transferred) => words.transferred,
            Some(TransferStatus::Error) => words.transfer_error,
            Some(TransferStatus::Cancelled) => words.transfer_cancelled,
            Some(TransferStatus::NoTransfer) => words.no_transfer,
            Some(TransferStatus::Initial) | None => words.initial,
        }
    }
}

/// How a status looks: whether it is good, bad, or neither.
pub fn tone(payment_status: &str) -> &'static str {
    match payment_status {
        "PAID" | "REFUNDED" => "good",
        "CHARGEBACK" | "COLLECTION" | "DISAPPEARED" | "MERGED" => "bad",
        "UNPAID" | "PAID_PARTIAL" | "REFUNDED_PARTIAL" => "open",
        _ => "still",
    }
}

/// The same of a transfer's status.
pub fn transfer_tone(transfer_status: &str) -> &'static str {
    match transfer_status {
        "TRANSFERRED" => "good",
        "ERROR" | "CANCELLED" => "bad",
        "NOT_TRANSFERRED" => "open",
        _ => "still",
    }
}
