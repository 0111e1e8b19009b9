//! What one cycle holds back: give-backs until they are counted, missing payments until it is clear that not all are
//! missing, amounts above a limit, pixi in its quiet hours, everything while the daemon is ending.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use chrono_tz::Tz;

use crate::clock::Time;
use crate::config::{MandantId, PaymentCode, QuietHours, Safety, quiet};
use crate::policy::{Facts, PaymentView, Plan};
use crate::steps::{Kind, OrderId, Outcome, Step};
use crate::text::{Notice, Number};

/// So many orders of a payment type without one success mean that the configuration is wrong, not the orders.
const ALL_MISSING: usize = 5;

/// Why an order waits for the rest of the cycle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Deferred {
    /// It wants to give money back.
    GiveBack,
    /// Its payment was not found.
    Missing,
    /// Held back for good in this cycle; the plan says why.
    Held,
}

/// What is known of a payment type in this cycle.
#[derive(Debug, Default, Clone, Copy)]
struct Found {
    known: usize,
    missing: usize,
}

#[derive(Debug, Default)]
struct Counts {
    payments: BTreeMap<(MandantId, PaymentCode), Found>,
    /// Orders that want to give money back, by mandant.
    givebacks: BTreeMap<MandantId, Vec<OrderId>>,
    captured: BTreeMap<MandantId, i64>,
}

/// The brakes of one cycle of one pixi API.
#[derive(Debug)]
pub struct Brakes {
    safety: Safety,
    zone: Tz,
    quiet: Option<QuietHours>,
    /// Set from outside: the daemon is ending, or was taken for dead.
    stops: [Arc<AtomicBool>; 2],
    /// Another process works on this API by now.
    lost: AtomicBool,
    /// Mandants of whom everything has been counted. First pass: what has to wait is put off; second pass: it is decided.
    decided: Mutex<BTreeSet<MandantId>>,
    counts: Mutex<Counts>,
}

impl Brakes {
    /// Brakes for a cycle; either of `stops` ends it at the next step boundary.
    pub fn new(safety: Safety, zone: Tz, quiet: Option<QuietHours>, stops: [Arc<AtomicBool>; 2]) -> Self {
        Self {
            safety,
            zone,
            quiet,
            stops,
            lost: AtomicBool::new(false),
            decided: Mutex::default(),
            counts: Mutex::default(),
        }
    }

    /// Everything of a mandant has been counted: what was put off is decided from now on.
    pub fn decide(&self, mandant: &MandantId) {
        self.decided.lock().unwrap_or_else(PoisonError::into_inner).insert(mandant.clone());
    }

    fn is_counting(&self, mandant: &MandantId) -> bool {
        !self.decided.lock().unwrap_or_else(PoisonError::into_inner).contains(mandant)
    }

    /// No new step is taken.
    pub fn stopping(&self) -> bool {
        self.stops.iter().any(|stop| stop.load(Ordering::Relaxed)) || self.lost.load(Ordering::Relaxed)
    }

    /// Another process works on this API by now: no new step is taken by this one.
    pub fn lease_is_lost(&self) {
        self.lost.store(true, Ordering::Relaxed);
    }

    /// No request to pixi may start now.
    pub fn pixi_rests(&self, now: Time) -> bool {
        self.quiet.is_some_and(|window| quiet::is_quiet(window, self.zone, now))
    }

    /// Looks at a plan before its first step is taken; tells whether it has to wait, and puts into it why.
    pub fn check(&self, order: &OrderId, facts: &Facts, plan: &mut Plan, now: Time) -> Option<Deferred> {
        if self.pixi_rests(now) {
            plan.steps.clear();
        }
        let counting = self.is_counting(&order.mandant);
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(deferred) = missing(&mut counts, counting, facts, plan) {
            return Some(deferred);
        }
        let step = plan.steps.first()?;
        match step.effect.kind() {
            Kind::Reverse | Kind::Refund => self.giveback(&mut counts, counting, order, plan),
            Kind::Capture => self.capture(&mut counts, order, plan),
            _ => None,
        }
    }

    fn giveback(&self, counts: &mut Counts, counting: bool, order: &OrderId, plan: &mut Plan) -> Option<Deferred> {
        let limit = self.safety.max_givebacks_per_cycle?;
        let wanting = counts.givebacks.entry(order.mandant.clone()).or_default();
        if !wanting.contains(order) {
            wanting.push(order.clone());
        }
        if counting {
            return Some(Deferred::GiveBack);
        }
        if wanting.len() <= usize::try_from(limit).unwrap_or(usize::MAX) {
            return None;
        }
        // One problem for the mandant; the other orders only carry a hint.
        let mut notice = Notice::problem(Number::TooManyGiveBacks);
        if wanting.iter().min() != Some(order) {
            notice = Notice::hint(Number::TooManyGiveBacks);
        }
        plan.notices.push(notice.with("limit", limit));
        Some(Deferred::Held)
    }

    /// Reserves the amount at once: other orders are worked on at the same time.
    fn capture(&self, counts: &mut Counts, order: &OrderId, plan: &mut Plan) -> Option<Deferred> {
        let limit = self.safety.max_capture_per_cycle?;
        let amount = plan.steps.first()?.effect.amount()?;
        let so_far = counts.captured.entry(order.mandant.clone()).or_default();
        if *so_far + amount.minor <= limit {
            *so_far += amount.minor;
            return None;
        }
        let notice = Notice::hint(Number::BrakeHolds)
            .with("step", Kind::Capture)
            .with("amount", amount)
            .with("setting", "safety.max_capture_per_cycle");
        plan.notices.push(notice);
        Some(Deferred::Held)
    }

    /// Gives back what was reserved for a capture that took nothing.
    pub fn count(&self, mandant: &MandantId, step: &Step, outcome: &Outcome) {
        if matches!(outcome, Outcome::Refused(_) | Outcome::NotSent { .. }) {
            self.give_back(mandant, step);
        }
    }

    /// Gives back what was reserved for a capture that is not sent.
    pub fn give_back(&self, mandant: &MandantId, step: &Step) {
        if let (Kind::Capture, Some(amount)) = (step.effect.kind(), step.effect.amount()) {
            let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
            let so_far = counts.captured.entry(mandant.clone()).or_default();
            *so_far = (*so_far - amount.minor).max(0);
        }
    }
}

/// R3: where a payment type has many payments missing and none found, its keys are wrong; no order is let go for it.
fn missing(counts: &mut Counts, counting: bool, facts: &Facts, plan: &mut Plan) -> Option<Deferred> {
    let code = match &facts.payment {
        PaymentView::NotFound => "not found",
        PaymentView::OtherMerchant => "other merchant",
        PaymentView::Known(_) if counting => {
            let key = (facts.order.mandant.clone(), facts.payment_type.clone());
            counts.payments.entry(key).or_default().known += 1;
            return None;
        }
        _ => return None,
    };
    let key = (facts.order.mandant.clone(), facts.payment_type.clone());
    let found = counts.payments.entry(key).or_default();
    if counting {
        found.missing += 1;
        return Some(Deferred::Missing);
    }
    if found.known > 0 || found.missing < ALL_MISSING {
        return None;
    }
    plan.rule = "R13";
    plan.notices = vec![Notice::problem(Number::UnzerConfiguration).with("code", code)];
    Some(Deferred::Held)
}
