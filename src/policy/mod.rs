//! What is to be done for one order: a pure function from facts to a plan.
//!
//! No clock, network, database or async in here. One rule family per file; the rule numbers are those of
//! `docs/rules.md`, and `decide` is the order in which rules come first (DESIGN 3.6).
#![deny(clippy::float_arithmetic)]

mod address;
pub mod asked;
pub mod attempts;
pub mod bank_data;
mod booking;
pub mod by_hand;
mod cancel;
mod capture;
mod claim;
mod comments;
mod customer_lock;
pub mod disappeared;
mod draft;
mod expiry;
pub mod facts;
mod held;
mod identity;
mod locks;
mod reauthorize;
mod refunds;
mod release;
mod returns;
pub mod rules;
pub mod status;
pub mod sums;
mod watch;

#[cfg(test)]
#[allow(clippy::inconsistent_digit_grouping, reason = "amounts are written as euros and cents: 119_00")]
mod story;

#[cfg(test)]
#[allow(clippy::inconsistent_digit_grouping, reason = "amounts are written as euros and cents: 119_00")]
mod tests;

use std::ops::ControlFlow;

use chrono_tz::Tz;

use crate::clock::Time;
use crate::config::{PaymentType, Safety};
use crate::steps::Step;
use crate::text::{Language, Notice, Phrase, Severity};

pub use crate::steps::CANCELLATION_REFERENCE;
pub use facts::{Facts, Past, PaymentView, Standing, Surroundings};
pub use status::{PaymentStatus, TransferStatus};
pub use sums::Sums;

pub use held::PAUSE as HELD_PAUSE;
pub use identity::switched_off_notice;
pub use release::had_no_effect as release_had_no_effect;

use draft::Draft;

/// The settings in force that rules go by.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The payment type's settings; the mode in it is ignored in favour of the one pinned to the order.
    pub payment_type: PaymentType,
    /// Brakes.
    pub safety: Safety,
    /// Language of comments written into pixi.
    pub language: Language,
    /// Zone of the wall clock in texts.
    pub zone: Tz,
}

/// What is to be done for an order, and what people are told.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Steps in the order they are taken. Only the first is taken before the facts are read again; the others are what
    /// would follow.
    pub steps: Vec<Step>,
    /// Hints and problems that hold now.
    pub notices: Vec<Notice>,
    /// Why, in sentences.
    pub said: Vec<Phrase>,
    /// Rule that decided.
    pub rule: &'static str,
    /// When to look again.
    pub next_check: NextCheck,
    /// Why what a person asks for now cannot be done; none where it is planned, or nobody asks.
    pub declined: Option<Phrase>,
    /// The facts were not whole: what was wrong before may still be.
    pub undecided: bool,
    /// Payment status shown to users.
    pub payment_status: PaymentStatus,
    /// Transfer status shown to users.
    pub transfer_status: TransferStatus,
    /// The sums it was decided by.
    pub sums: Sums,
}

impl Plan {
    /// The gravest notice, the first of its kind: what the order is marked with.
    pub fn mark(&self) -> Option<&Notice> {
        self.mark_beside(None)
    }

    /// The same where a person has settled one: a problem that is not settled comes first.
    pub fn mark_beside(&self, settled: Option<&str>) -> Option<&Notice> {
        let mut problems = self.notices.iter().filter(|notice| notice.severity == Severity::Problem);
        let open = problems.clone().find(|notice| Some(notice.fingerprint().as_str()) != settled);
        open.or_else(|| problems.next()).or_else(|| self.notices.first())
    }
}

/// When an order is looked at again without being woken by a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NextCheck {
    /// Then.
    At(Time),
    /// Not any more: settled for long, or left alone.
    Ended,
}

/// Decides what is to be done for an order.
pub fn plan(facts: &Facts, terms: &Terms, now: Time) -> Plan {
    let mut draft = Draft::new(facts, terms, now);
    let _ = decide(&mut draft);
    comments::write(&mut draft);
    draft.finish()
}

/// The precedence of the rules: the first that stops has the last word.
fn decide(draft: &mut Draft<'_>) -> ControlFlow<()> {
    identity::left_alone(draft)?;
    watch::open_steps(draft);
    disappeared::gone(draft)?;
    identity::facts_clear(draft)?;
    identity::payment_found(draft)?;
    watch::given_back(draft);
    watch::chargeback(draft)?;
    asked::plan(draft)?;
    cancel::dead(draft)?;
    address::check(draft)?;
    release::release(draft)?;
    reauthorize::asked_after_release(draft)?;
    watch::cover_after_release(draft)?;
    reauthorize::tell_pixi(draft);
    expiry::warn(draft);
    capture::capture_invoices(draft);
    claim::watch(draft);
    bank_data::write(draft);
    claim::reverse_not_owed(draft);
    cancel::cancellation_refund(draft);
    claim::ship(draft);
    returns::refund_credit_notes(draft);
    cancel::reverse_rest(draft);
    reauthorize::reverse_earlier(draft);
    booking::book(draft);
    locks::unlock_if_cured(draft);
    draft.settle();
    ControlFlow::Continue(())
}
