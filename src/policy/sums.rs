//! The sums everything is decided by (DESIGN 3.0).
//!
//! Only successful transactions count; they are added up anew each time. Amounts are derived by difference from the
//! ledgers of Unzer and pixi, never by counting events, so that any order of arrival ends in the same state.

use crate::unzer::{Group, Payment, Transaction, TransactionKind, TransactionStatus};

use super::facts::{Facts, LineState};
use super::refunds::{self, Attribution};

/// What Unzer shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnzerSums {
    /// Authorised.
    pub authorized: i64,
    /// Authorised, or claimed, and given free again: Σ cancel-authorize.
    pub reversed: i64,
    /// Money charged, gross.
    pub captured: i64,
    /// Paid back: Σ cancel-charge.
    pub refunded: i64,
    /// Σ chargebacks less their reversals.
    pub charged_back: i64,
    /// What is still awaited from the buyer: the first charge less its cancellations (prepayment, invoice).
    pub claim: i64,
    /// Authorised and not yet captured: authorized − reversed − captured.
    pub rest: i64,
    /// captured − refunded − charged back.
    pub net: i64,
}

/// What pixi shows.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PixiSums {
    /// I: Σ invoices.
    pub invoiced: i64,
    /// G: Σ credit notes.
    pub credited: i64,
    /// O: order total now, without cancelled lines.
    pub ordered: i64,
    /// O₀: order total at release, or when first seen.
    pub first_ordered: i64,
    /// D: Σ cancelled lines, and the shipping cost where no invoice carries it.
    pub dropped: i64,
    /// At least one line, all shipped, returned or cancelled, and each shipped one on a known invoice.
    pub closed: bool,
    /// At least one line, all cancelled, and no invoice.
    pub dead: bool,
    /// W: what the customer owes for goods.
    pub owed: i64,
}

/// Both, and what was paid back for what.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    /// What Unzer shows; all zero while there is no payment.
    pub unzer: UnzerSums,
    /// What pixi shows.
    pub pixi: PixiSums,
    /// Refunds at Unzer, by what they were made for.
    pub refunds: Attribution,
}

impl Sums {
    /// Adds up `facts`; `tolerance` is the rounding tolerance in minor units.
    pub fn of(facts: &Facts, tolerance: i64) -> Self {
        let unzer = UnzerSums::of_order(facts);
        let mut pixi = PixiSums::of(facts, tolerance);
        // What was claimed first is what was ordered first: the shop asked for it.
        if let Some(claim) = facts.payment.known().filter(|payment| group(payment).claims()).and_then(claim_charge) {
            pixi.first_ordered = claim.amount.minor;
        }
        let mut sums = Self { unzer, pixi, refunds: refunds::attribute(facts, tolerance) };
        sums.adopt_cancellation_refund(tolerance);
        sums.adopt_overpayment(tolerance);
        sums
    }

    /// Cancellation refunds made so far (`cref`).
    pub fn cancellation_refunds(&self) -> i64 {
        self.refunds.for_cancellation
    }

    /// What cancellations leave to be paid back: `min(cap, O₀) − W − cref`; of a dead order all that is left.
    pub fn cancellation_due(&self) -> i64 {
        if self.pixi.dead {
            self.unzer.net
        } else {
            self.unzer.captured.min(self.pixi.first_ordered) - self.pixi.owed - self.cancellation_refunds()
        }
    }

    /// A refund made by hand that equals what cancellations leave to be paid back is taken for that.
    fn adopt_cancellation_refund(&mut self, tolerance: i64) {
        let [(_, amount)] = self.refunds.foreign[..] else { return };
        // What a dead order leaves to be paid back has fallen by the refund already.
        let due = self.cancellation_due() + if self.pixi.dead { amount } else { 0 };
        if (due - amount).abs() <= tolerance {
            self.refunds.for_cancellation += amount;
            self.refunds.foreign.clear();
        }
    }

    /// Money received beyond what was claimed first, less what a person gave back; never sent back by itself.
    pub fn overpaid(&self) -> i64 {
        self.unzer.captured - self.refunds.of_overpayment - self.refunds.goodwill - self.pixi.first_ordered
    }

    /// A refund made by hand of what was paid in excess is taken for that.
    fn adopt_overpayment(&mut self, tolerance: i64) {
        let [(_, amount)] = self.refunds.foreign[..] else { return };
        if self.overpaid() > tolerance && (self.overpaid() - amount).abs() <= tolerance {
            self.refunds.of_overpayment = amount;
            self.refunds.foreign.clear();
        }
    }

    /// Money that secures the order: net and what can still be captured, or the claim.
    pub fn cover(&self) -> i64 {
        (self.kept() + self.unzer.rest).max(self.unzer.claim)
    }

    /// Money that stands for goods: what is there, and what was given back out of goodwill, which no goods are short of.
    ///
    /// A gift stands for nothing that was ordered later, nor for what was paid in excess, and once money went back for
    /// cancelled goods nobody can tell how much of the gift went with it.
    pub fn kept(&self) -> i64 {
        if self.refunds.for_cancellation > 0 {
            return self.unzer.net;
        }
        (self.unzer.net + self.refunds.goodwill).min(self.pixi.first_ordered).max(self.unzer.net)
    }
}

/// The group of a payment; one whose prefix is not listed is treated by what it shows, and waits while it shows nothing.
pub fn group(payment: &Payment) -> Group {
    payment.method.group().unwrap_or_else(|| {
        if successes(payment, TransactionKind::Authorize).next().is_some() { Group::Auth } else { Group::Paid }
    })
}

fn successes(payment: &Payment, kind: TransactionKind) -> impl Iterator<Item = &Transaction> {
    payment.transactions.iter().filter(move |entry| entry.kind == kind && entry.status == TransactionStatus::Success)
}

fn sum(payment: &Payment, kind: TransactionKind) -> i64 {
    successes(payment, kind).map(|entry| entry.amount.minor).sum()
}

/// Σ of the entries of a kind that are not decided yet.
pub(super) fn pending(payment: &Payment, kind: TransactionKind) -> i64 {
    let pending = |entry: &&Transaction| entry.kind == kind && entry.status == TransactionStatus::Pending;
    payment.transactions.iter().filter(pending).map(|entry| entry.amount.minor).sum()
}

/// The charge that stands for a claim: the first one.
pub fn claim_charge(payment: &Payment) -> Option<&Transaction> {
    payment.transactions.iter().find(|entry| entry.kind == TransactionKind::Charge && entry.id.ends_with("-chg-1"))
}

/// A shipment notice stands: the buyer's term runs.
pub fn is_shipped(payment: &Payment) -> bool {
    successes(payment, TransactionKind::Shipment).next().is_some()
}

impl UnzerSums {
    /// Adds up all payments of an order. What is authorised counts on the current one alone; money taken and given back
    /// counts on all.
    fn of_order(facts: &Facts) -> Self {
        let mut sums = facts.payment.known().map(|payment| Self::of(payment, group(payment))).unwrap_or_default();
        for payment in &facts.earlier {
            let before = Self::of(payment, group(payment));
            sums.captured += before.captured;
            sums.refunded += before.refunded;
            sums.charged_back += before.charged_back;
            sums.net += before.net;
        }
        sums
    }

    /// What secures the order whether it was taken or not: the authorisation, or the claim, less what was given free.
    pub fn secured(&self) -> i64 {
        if self.claim > 0 { self.claim } else { (self.authorized - self.reversed).max(0) }
    }

    /// Adds up a payment's transactions, read as `group` moves its money.
    pub fn of(payment: &Payment, group: Group) -> Self {
        let authorized = sum(payment, TransactionKind::Authorize);
        let refunded = sum(payment, TransactionKind::CancelCharge);
        let charged_back =
            sum(payment, TransactionKind::Chargeback) - sum(payment, TransactionKind::ChargebackReversal);
        let charges = sum(payment, TransactionKind::Charge);
        let cancelled_under = |parent: Option<&str>| -> i64 {
            successes(payment, TransactionKind::CancelAuthorize)
                .filter(|entry| entry.parent.as_deref() == parent)
                .map(|entry| entry.amount.minor)
                .sum()
        };
        let claim_entry = claim_charge(payment).filter(|_| group.claims());
        let reversed = match claim_entry {
            Some(entry) => cancelled_under(Some(&entry.id)),
            None if group.claims() => 0,
            None => sum(payment, TransactionKind::CancelAuthorize),
        };
        let claim = claim_entry
            .filter(|entry| !matches!(entry.status, TransactionStatus::Error))
            .map_or(0, |entry| entry.amount.minor - reversed);
        let captured = match group {
            Group::Auth | Group::Paid | Group::PayLater => charges,
            Group::Wait | Group::Invoice => {
                charges - claim_entry.filter(|e| e.status == TransactionStatus::Success).map_or(0, |e| e.amount.minor)
            }
            Group::Secured => {
                if is_shipped(payment) {
                    claim
                } else {
                    0
                }
            }
        };
        let rest = if group.claims() { 0 } else { (authorized - reversed - captured).max(0) };
        let net = captured - refunded - charged_back;
        Self { authorized, reversed, captured, refunded, charged_back, claim, rest, net }
    }
}

impl PixiSums {
    /// W − G: what the customer owes for goods and has not returned.
    pub fn still_owed(&self) -> i64 {
        self.owed - self.credited
    }

    /// O − G: what a payment has to cover before the goods have left.
    pub fn needed(&self) -> i64 {
        self.ordered - self.credited
    }

    fn of(facts: &Facts, tolerance: i64) -> Self {
        let invoiced: i64 = facts.invoices().map(|document| document.total).sum();
        let credited: i64 = facts.credit_notes().map(|document| document.total).sum();
        let ordered = facts.total.unwrap_or_default();
        let dropped_lines: i64 = facts.lines.iter().filter(|line| line.state.is_dropped()).map(|line| line.total).sum();
        let shipping_invoiced = facts.invoices().any(|document| document.has_shipping);
        let dropped = dropped_lines + if shipping_invoiced { 0 } else { facts.shipping };
        let finished = |state: &LineState| state.is_dropped() || state.is_shipped();
        let all_finished = !facts.lines.is_empty() && facts.lines.iter().all(|line| finished(&line.state));
        // An installation that shows no lines on its invoices is taken by their total.
        let blind = facts.invoices().next().is_some() && facts.invoices().all(|invoice| invoice.lines.is_none());
        let all_invoiced = if blind {
            invoiced >= ordered - tolerance
        } else {
            facts.lines.iter().filter(|l| l.state.is_shipped()).all(|l| invoiced_line(facts, l.key))
        };
        let closed = all_finished && all_invoiced;
        let dead =
            all_finished && facts.lines.iter().all(|line| line.state.is_dropped()) && facts.invoices().next().is_none();
        let owed = if dead {
            0
        } else if closed {
            invoiced
        } else {
            invoiced.max(ordered)
        };
        let first_ordered = facts.first_total.unwrap_or(ordered);
        Self { invoiced, credited, ordered, first_ordered, dropped, closed, dead, owed }
    }
}

fn invoiced_line(facts: &Facts, key: i64) -> bool {
    facts.invoices().any(|invoice| invoice.lines.as_ref().is_some_and(|lines| lines.contains(&key)))
}

/// O₀ as it is to be stored after a reading: on hold it grows with the order, and never shrinks. What was dropped before the
/// release was ordered, and may have been paid.
pub fn first_total(facts: &Facts, stored: Option<i64>) -> Option<i64> {
    let dropped: i64 = facts.lines.iter().filter(|line| line.state.is_dropped()).map(|line| line.total).sum();
    match (stored, facts.total) {
        (None, total) => total.map(|total| total + dropped),
        (Some(stored), Some(total)) if facts.on_hold() => Some(stored.max(total + dropped)),
        (stored, _) => stored,
    }
}
