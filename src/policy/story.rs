//! Stories of orders for tests: what happens to an order, and a small pixi and Unzer that take planned steps.
//!
//! Amounts are cents of euros. An order begins with two lines of 60.00 and 59.00 on hold; a story goes on by what
//! people, buyers and peers do, and [`Story::settle`] lets the daemon do its part until nothing is left to do.

use std::collections::VecDeque;
use std::time::Duration;

use chrono::TimeDelta;

use crate::clock::Time;
use crate::config::{AddressCheck, BookingSign, Mode, PaymentType, Reauthorize, Safety, WriteBankData};
use crate::money::Currency;
use crate::steps::{
    Effect, Evidence, Kind, OrderId, Outcome, RefundAt, Refusal, RefusalKind, ReverseAt, Step, StepKey,
};
use crate::text::{Language, PhraseKey, Severity};
use crate::unzer::{Detail, MethodPrefix, Payment, PaymentState, Transaction, TransactionKind, TransactionStatus};

use super::facts::{AskedMove, Direction, Document, DocumentKind, Line, LineState, Past};
use super::sums::UnzerSums;
use super::{Facts, NextCheck, PaymentView, Plan, Standing, Sums, Surroundings, Terms, plan, sums};

/// More steps than any order ever needs.
const MOST_STEPS: usize = 150;
/// Longer than every brake.
const QUIET: TimeDelta = TimeDelta::hours(2);

/// An order, its surroundings, and what the daemon did.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub facts: Facts,
    pub terms: Terms,
    pub now: Time,
    /// Steps taken by [`Story::take`], comments left out.
    pub did: Vec<String>,
    /// What the next steps of a kind end in; all others are done.
    answers: VecDeque<(Kind, Outcome)>,
}

/// A managed order on hold without a payment.
pub(super) fn order(external_nr: &str) -> Story {
    let now: Time = "2026-03-03T09:00:00Z".parse().unwrap();
    let line = |key, total| Line { key, state: LineState::Hal, total };
    let facts = Facts {
        order: OrderId { api: "main".into(), mandant: "SHOP".into(), nr: 100_234 },
        external_nr: external_nr.to_owned(),
        payment_type: "CC".into(),
        currency: Currency::EUR,
        first_seen: now,
        standing: Standing::Managed,
        mode: Mode::Standard,
        customer: Some(77),
        locked: Some(false),
        pay_id: None,
        last_auth_code: None,
        last_seen_released: None,
        total: Some(119_00),
        first_total: Some(119_00),
        shipping: 0,
        lines: vec![line(1, 60_00), line(2, 59_00)],
        documents: Vec::new(),
        unclear: Vec::new(),
        payment: PaymentView::NoId,
        earlier: Vec::new(),
        past: Vec::new(),
        stable_since: now,
        readings: 1,
        retry_at: None,
        reauthorize_asked: false,
        asked: None,
        surroundings: Surroundings { release_lines: Some(false), ..Surroundings::default() },
        held: None,
        accepted: Vec::new(),
        collection: None,
    };
    Story { facts, terms: terms(), now, did: Vec::new(), answers: VecDeque::new() }
}

fn terms() -> Terms {
    let payment_type = PaymentType {
        active: true,
        event_invoice: "ZE".into(),
        event_return: "RZ".into(),
        xml_tag: None,
        rounding_tolerance: 2,
        keys: Vec::new(),
        mode: Mode::Standard,
        reauthorize: Reauthorize::Never,
        address_check: AddressCheck::Off,
        lock_customer_on_chargeback: false,
        report_failed_capture: false,
        write_bank_data: WriteBankData::Comment,
        expiry_warning: Duration::ZERO,
        booking_sign: BookingSign::Positive,
        unzer_url: "https://unzer.example/".parse().unwrap(),
    };
    let safety = Safety {
        confirm_after: Duration::from_mins(5),
        refund_delay: Duration::from_mins(30),
        absent_after: Duration::from_mins(15),
        max_givebacks_per_cycle: Some(25),
        max_capture_per_cycle: None,
        max_refund_per_day: None,
        disable_after: std::time::Duration::from_hours(168),
    };
    Terms { payment_type, safety, language: Language::En, zone: chrono_tz::Europe::Berlin }
}

pub(super) fn refused(kind: RefusalKind) -> Outcome {
    Outcome::Refused(Refusal { kind, code: "API.320.100.001".into(), message: String::new() })
}

pub(super) fn not_sent() -> Outcome {
    Outcome::NotSent { cause: "no connection".into() }
}

pub(super) fn unknown() -> Outcome {
    Outcome::Unknown { cause: "deadline".into() }
}

/// What people, buyers and peers do.
impl Story {
    /// The order's lines, all on hold, and its total.
    pub fn lines(mut self, totals: &[i64]) -> Self {
        let line = |(key, total): (i64, &i64)| Line { key, state: LineState::Hal, total: *total };
        self.facts.lines = (1..).zip(totals).map(line).collect();
        self.total_anew();
        self.facts.first_total = self.facts.total;
        self
    }

    pub fn expert(mut self) -> Self {
        self.facts.mode = Mode::Expert;
        self
    }

    pub fn tolerance(mut self, minor: i64) -> Self {
        self.terms.payment_type.rounding_tolerance = minor;
        self
    }

    /// The shop's payment, no transaction in it yet.
    pub fn method(mut self, prefix: &str) -> Self {
        let zero = Currency::EUR.of(0);
        self.facts.pay_id = Some("s-pay-31".into());
        self.facts.payment = PaymentView::Known(Box::new(Payment {
            id: "s-pay-31".into(),
            state: PaymentState::Pending,
            currency: Currency::EUR,
            total: zero,
            charged: zero,
            canceled: zero,
            remaining: zero,
            order_id: self.facts.external_nr.clone(),
            method: MethodPrefix(prefix.into()),
            type_id: format!("s-{prefix}-1"),
            customer_id: None,
            transactions: Vec::new(),
            public_key: "s-pub-1".into(),
        }));
        self
    }

    pub fn card(self, amount: i64) -> Self {
        self.method("crd").authorized(amount, TransactionStatus::Success)
    }

    pub fn sofort(self, amount: i64) -> Self {
        self.method("sft").charged(amount, TransactionStatus::Success)
    }

    pub fn pay_later(self, amount: i64) -> Self {
        self.method("piv").authorized(amount, TransactionStatus::Success)
    }

    /// Prepayment: a claim until transfers arrive.
    pub fn prepayment(self, amount: i64) -> Self {
        self.method("ppy").charged(amount, TransactionStatus::Pending)
    }

    pub fn on_invoice(self, amount: i64) -> Self {
        self.method("ivc").charged(amount, TransactionStatus::Pending)
    }

    pub fn secured_invoice(self, amount: i64) -> Self {
        self.method("ivs").charged(amount, TransactionStatus::Pending)
    }

    /// The buyer's transfer arrives.
    pub fn received(self, amount: i64) -> Self {
        self.charged(amount, TransactionStatus::Success)
    }

    pub fn authorized(mut self, amount: i64, status: TransactionStatus) -> Self {
        self.enter(TransactionKind::Authorize, status, None, amount, None);
        self
    }

    /// A charge made in the shop or by hand.
    pub fn charged(mut self, amount: i64, status: TransactionStatus) -> Self {
        self.enter(TransactionKind::Charge, status, None, amount, None);
        self
    }

    /// A refund made by hand in Unzer's portal.
    pub fn refunded_by_hand(mut self, charge: &str, amount: i64) -> Self {
        self.enter(TransactionKind::CancelCharge, TransactionStatus::Success, Some(charge), amount, None);
        self
    }

    pub fn refund_pending(mut self, charge: &str, amount: i64) -> Self {
        self.enter(TransactionKind::CancelCharge, TransactionStatus::Pending, Some(charge), amount, None);
        self
    }

    pub fn reversed_by_hand(mut self, amount: i64) -> Self {
        self.enter(TransactionKind::CancelAuthorize, TransactionStatus::Success, None, amount, None);
        self
    }

    pub fn charged_back(mut self, charge: &str, amount: i64) -> Self {
        self.enter(TransactionKind::Chargeback, TransactionStatus::Success, Some(charge), amount, None);
        self
    }

    pub fn chargeback_won(mut self, charge: &str, amount: i64) -> Self {
        self.enter(TransactionKind::ChargebackReversal, TransactionStatus::Success, Some(charge), amount, None);
        self
    }

    /// Lines leave the house on an invoice over their totals.
    pub fn shipped(self, nr: &str, keys: &[i64]) -> Self {
        let total = self.sum_of(keys);
        self.invoiced(nr, keys, total)
    }

    /// Lines leave the house on an invoice over `total`.
    pub fn invoiced(mut self, nr: &str, keys: &[i64], total: i64) -> Self {
        self.set_lines(keys, &LineState::Aus);
        self.document(nr, keys, total, DocumentKind::Invoice);
        self
    }

    /// Lines come back on a credit note over their totals.
    pub fn returned(self, nr: &str, keys: &[i64]) -> Self {
        let total = self.sum_of(keys);
        self.credited(nr, keys, total)
    }

    pub fn credited(mut self, nr: &str, keys: &[i64], total: i64) -> Self {
        self.set_lines(keys, &LineState::Ret);
        self.document(nr, keys, total, DocumentKind::CreditNote);
        self
    }

    pub fn cancelled(mut self, keys: &[i64]) -> Self {
        self.set_lines(keys, &LineState::Sto);
        self.total_anew();
        self
    }

    /// The order total changes, without any line being cancelled.
    pub fn total(mut self, total: i64) -> Self {
        self.facts.total = Some(total);
        self.changed();
        self
    }

    /// A person puts everything unshipped on hold again.
    pub fn on_hold_again(mut self) -> Self {
        self.facts.last_seen_released = Some(self.now);
        self = self.after(1);
        for line in &mut self.facts.lines {
            if matches!(line.state, LineState::Open(_)) {
                line.state = LineState::Hal;
            }
        }
        self.changed();
        self
    }

    /// A person releases the order in pixi.
    pub fn released_by_hand(mut self) -> Self {
        self.let_go();
        self
    }

    /// A person sets or lifts the shipping lock.
    pub fn lock_by_hand(mut self, locked: bool) -> Self {
        self.facts.locked = Some(locked);
        self.changed();
        self
    }

    /// A person sets a document paid in pixi.
    pub fn paid_in_pixi(mut self, nr: &str, amount: i64) -> Self {
        self.facts.documents.iter_mut().find(|document| document.nr == nr).unwrap().paid = Some(amount);
        self.changed();
        self
    }

    pub fn seen_as(mut self, view: PaymentView) -> Self {
        self.facts.payment = view;
        self
    }

    /// Time passes, and pixi and Unzer stay as they are.
    pub fn after(mut self, minutes: i64) -> Self {
        self.now += TimeDelta::minutes(minutes);
        self.facts.readings = 2;
        if !self.facts.on_hold() {
            self.facts.last_seen_released = Some(self.now);
        }
        self
    }

    /// The next step of a kind ends like this.
    pub fn answer(mut self, kind: Kind, outcome: Outcome) -> Self {
        self.answers.push_back((kind, outcome));
        self
    }

    /// The newest open step turns out like this.
    pub fn found(mut self, outcome: Outcome) -> Self {
        let done = matches!(outcome, Outcome::Done(_));
        let index = self.facts.past.iter().rposition(Past::is_open).unwrap();
        let past = &mut self.facts.past[index];
        (past.outcome, past.settled_at) = (Some(outcome), Some(self.now));
        let (key, effect) = (past.key.clone(), past.effect.clone());
        if done {
            let evidence = self.apply(&effect);
            self.did.push(key.0);
            self.facts.past[index].outcome = Some(Outcome::Done(evidence));
        }
        self
    }
}

/// What the daemon does.
impl Story {
    pub fn plan(&self) -> Plan {
        plan(&self.facts, &self.terms, self.now)
    }

    /// Numbers of the problems that hold now.
    pub fn problems(&self) -> Vec<u16> {
        self.numbers(Severity::Problem)
    }

    /// Numbers of the hints that hold now.
    pub fn hints(&self) -> Vec<u16> {
        self.numbers(Severity::Hint)
    }

    fn numbers(&self, severity: Severity) -> Vec<u16> {
        let plan = self.plan();
        plan.notices.iter().filter(|notice| notice.severity == severity).map(|notice| notice.number.digits()).collect()
    }

    /// Keys of the steps planned now, comments left out.
    pub fn next(&self) -> Vec<String> {
        let steps = self.plan().steps;
        steps.into_iter().filter(|step| step.effect.kind() != Kind::Comment).map(|step| step.key.0).collect()
    }

    pub fn sums(&self) -> Sums {
        Sums::of(&self.facts, self.terms.payment_type.rounding_tolerance)
    }

    pub fn unzer(&self) -> UnzerSums {
        self.sums().unzer
    }

    /// Takes the first planned step; false where there is none.
    pub fn take(&mut self) -> bool {
        let Some(step) = self.plan().steps.into_iter().next() else { return false };
        let kind = step.effect.kind();
        let answer = self.answers.iter().position(|(of, _)| *of == kind).and_then(|index| self.answers.remove(index));
        let snapshot = self.paths();
        let (at, attempt) = (self.now, 1 + self.tries(&step.key));
        self.now += TimeDelta::seconds(1);
        let outcome = if let Some((_, outcome)) = answer {
            outcome
        } else {
            if kind != Kind::Comment {
                self.did.push(step.key.0.clone());
            }
            Outcome::Done(self.apply(&step.effect))
        };
        let open = matches!(outcome, Outcome::Pending(_) | Outcome::Unknown { .. });
        let Step { key, effect, .. } = step;
        self.facts.past.push(Past {
            key,
            effect,
            attempt,
            outcome: Some(outcome),
            at,
            settled_at: (!open).then_some(self.now),
            token: format!("t{}", self.facts.past.len()),
            asks_person: false,
            snapshot,
        });
        true
    }

    /// A person asks for an amount to be moved; it is done as far as it goes at once.
    pub fn asked(self, direction: Direction, amount: i64) -> Self {
        let request = self.last_request() + 1;
        self.asked_as(request, direction, amount)
    }

    pub fn asked_as(mut self, request: i64, direction: Direction, amount: i64) -> Self {
        self.facts.asked = Some(AskedMove { request, direction, amount });
        while self.plan().declined.is_none() && self.take() {}
        self.facts.asked = None;
        self
    }

    /// How many steps were taken so far: a number no request had before.
    pub fn last_request(&self) -> i64 {
        let asked = |past: &&Past| past.key.0.contains(":asked#");
        let numbers =
            self.facts.past.iter().filter(asked).filter_map(|past| past.key.0.rsplit('#').next()?.parse().ok());
        numbers.max().unwrap_or(0)
    }

    /// Why an amount would not be moved for a person; none where it would.
    pub fn declines(&self, direction: Direction, amount: i64) -> Option<PhraseKey> {
        let mut story = self.clone();
        story.facts.asked = Some(AskedMove { request: 99, direction, amount });
        let plan = story.plan();
        assert_ne!(plan.declined.is_some(), plan.steps.iter().any(|step| step.key.0.ends_with(":asked#99")));
        plan.declined.map(|phrase| phrase.key)
    }

    /// Unzer does not show what it has made last.
    pub fn without_last_transaction(mut self) -> Self {
        let PaymentView::Known(payment) = &mut self.facts.payment else { panic!("no payment") };
        payment.transactions.pop();
        let group = sums::group(payment);
        payment.charged = Currency::EUR.of(UnzerSums::of(payment, group).net);
        self
    }

    /// The newest transaction carries a reference.
    pub fn with_reference(mut self, reference: &str) -> Self {
        let PaymentView::Known(payment) = &mut self.facts.payment else { panic!("no payment") };
        let detail = Detail { payment_reference: Some(reference.to_owned()), ..Detail::default() };
        payment.transactions.last_mut().unwrap().detail = Some(detail);
        self
    }

    /// Steps and waits until nothing happens for longer than every brake.
    pub fn settle(mut self) -> Self {
        let mut steps = 0;
        let mut quiet_since = self.now;
        while self.now - quiet_since < QUIET {
            if self.take() {
                steps += 1;
                quiet_since = self.now;
                assert!(steps < MOST_STEPS, "order does not rest: {:?}", self.did);
                continue;
            }
            let NextCheck::At(at) = self.plan().next_check else { break };
            self.now = at.max(self.now + TimeDelta::seconds(1));
            self = self.after(0);
        }
        self
    }

    fn tries(&self, key: &StepKey) -> u32 {
        u32::try_from(self.facts.past.iter().filter(|past| past.key == *key).count()).unwrap()
    }

    /// What a step does to pixi and Unzer. Panics where the real ones would refuse.
    fn apply(&mut self, effect: &Effect) -> Evidence {
        let mut evidence = Evidence::default();
        match effect {
            Effect::Lock { .. } => self.facts.locked = self.facts.locked.map(|_| true),
            Effect::Unlock { .. } => self.facts.locked = self.facts.locked.map(|_| false),
            Effect::Release { auth_id, auth_code, .. } => {
                self.facts.pay_id = Some(auth_id.clone()).filter(|id| !id.is_empty());
                self.facts.last_auth_code = Some(auth_code.clone());
                self.let_go();
            }
            Effect::ReleaseLines { nr_external, .. } => {
                assert_eq!(*nr_external, self.facts.external_nr);
                self.let_go();
            }
            Effect::Capture { amount, invoice, .. } => {
                assert!(amount.minor > 0 && amount.minor <= self.unzer().rest, "captured more than authorised");
                let invoice = invoice.clone();
                evidence.transaction =
                    Some(self.enter(TransactionKind::Charge, TransactionStatus::Success, None, amount.minor, invoice));
            }
            Effect::Reverse { amount, at: ReverseAt::Claim { charge }, .. } => {
                let unzer = self.unzer();
                let open = if self.is_shipped() { 0 } else { unzer.claim - unzer.captured };
                assert!(amount.minor > 0 && amount.minor <= open, "lowered the claim by more than is awaited");
                let (kind, status) = (TransactionKind::CancelAuthorize, TransactionStatus::Success);
                evidence.transaction = Some(self.enter(kind, status, Some(charge), amount.minor, None));
            }
            Effect::Ship { .. } => {
                assert!(!self.is_shipped() && self.unzer().claim > 0, "shipped twice, or without a claim");
                let claim = self.unzer().claim;
                let PaymentView::Known(payment) = &mut self.facts.payment else { panic!("no payment") };
                payment.transactions[0].status = TransactionStatus::Success;
                let (kind, status) = (TransactionKind::Shipment, TransactionStatus::Success);
                evidence.transaction = Some(self.enter(kind, status, None, claim, None));
            }
            Effect::Reauthorize { payment, amount, .. } => {
                let PaymentView::Known(old) = &self.facts.payment else { panic!("no payment") };
                assert_eq!(old.id, *payment);
                let (old, pay_id) = (old.as_ref().clone(), self.facts.pay_id.clone());
                let id = format!("s-pay-{}", 32 + self.facts.earlier.len());
                self.facts.earlier.push(old.clone());
                *self = self.clone().method(&old.method.0);
                self.facts.pay_id = pay_id;
                if let PaymentView::Known(new) = &mut self.facts.payment {
                    new.id.clone_from(&id);
                }
                let (kind, status) = (TransactionKind::Authorize, TransactionStatus::Success);
                let path = self.enter(kind, status, None, amount.minor, None);
                evidence.transaction = Some(format!("payments/{id}/{path}"));
            }
            Effect::ChangeAuthorization { amount, .. } => {
                let reversed = self.unzer().reversed;
                let PaymentView::Known(payment) = &mut self.facts.payment else { panic!("no payment") };
                payment.transactions[0].amount.minor = amount.minor + reversed;
            }
            Effect::Reverse { payment, amount, .. } => {
                evidence.transaction = Some(self.on_payment(payment, |story| {
                    assert!(amount.minor > 0 && amount.minor <= story.rest_of_this(), "reversed more than authorised");
                    let (kind, status) = (TransactionKind::CancelAuthorize, TransactionStatus::Success);
                    story.enter(kind, status, None, amount.minor, None)
                }));
            }
            Effect::Refund { payment, amount, at, .. } => {
                assert!(amount.minor > 0 && amount.minor <= self.unzer().net, "refunded more than captured");
                let charge = match at {
                    RefundAt::Charge { charge } => Some(charge.as_str()),
                    RefundAt::Payment => None,
                };
                evidence.transaction = Some(self.on_payment(payment, |story| {
                    if let Some(charge) = charge {
                        assert!(amount.minor <= story.left_on(charge), "refunded more than the charge holds");
                    }
                    let (kind, status) = (TransactionKind::CancelCharge, TransactionStatus::Success);
                    story.enter(kind, status, charge, amount.minor, None)
                }));
            }
            Effect::BookInvoice { invoice: nr, amount, .. } | Effect::BookReturn { credit_note: nr, amount, .. } => {
                let document = self.facts.documents.iter_mut().find(|document| document.nr == *nr).unwrap();
                document.paid = Some(document.paid.unwrap_or(0) + amount.minor);
            }
            Effect::Comment { .. }
            | Effect::ReportFailedCapture { .. }
            | Effect::BankData { .. }
            | Effect::LockCustomer { .. }
            | Effect::CustomerComment { .. } => return evidence,
        }
        self.changed();
        evidence
    }

    /// Does something with the payment `id`, be it the current one or one before.
    fn on_payment<T>(&mut self, id: &str, act: impl FnOnce(&mut Self) -> T) -> T {
        let Some(at) = self.facts.earlier.iter().position(|old| old.id == id) else { return act(self) };
        let old = PaymentView::Known(Box::new(self.facts.earlier.remove(at)));
        let current = std::mem::replace(&mut self.facts.payment, old);
        let result = act(self);
        let PaymentView::Known(old) = std::mem::replace(&mut self.facts.payment, current) else { panic!("no payment") };
        self.facts.earlier.insert(at, *old);
        result
    }

    /// What is left of the authorisation of the payment that is current now.
    fn rest_of_this(&self) -> i64 {
        let payment = self.facts.payment.known().unwrap();
        UnzerSums::of(payment, sums::group(payment)).rest
    }

    fn is_shipped(&self) -> bool {
        self.facts.payment.known().is_some_and(sums::is_shipped)
    }

    pub fn left_on(&self, charge: &str) -> i64 {
        let entries = &self.facts.payment.known().unwrap().transactions;
        let good = |entry: &&Transaction| entry.status == TransactionStatus::Success;
        let under = |entry: &&Transaction| entry.parent.as_deref() == Some(charge);
        let signed = |entry: &Transaction| match entry.kind {
            TransactionKind::ChargebackReversal => -entry.amount.minor,
            _ => entry.amount.minor,
        };
        let amount = entries.iter().find(|entry| entry.id == charge).unwrap().amount.minor;
        amount - entries.iter().filter(good).filter(under).map(signed).sum::<i64>()
    }

    fn let_go(&mut self) {
        for line in &mut self.facts.lines {
            if line.state == LineState::Hal {
                line.state = LineState::Open("ANG".into());
            }
        }
        self.facts.last_seen_released = Some(self.now);
        self.changed();
    }

    fn paths(&self) -> Vec<String> {
        let entries = self.facts.payment.known().map(|payment| payment.transactions.as_slice()).unwrap_or_default();
        entries.iter().map(|entry| entry.path.clone()).collect()
    }

    fn enter(
        &mut self,
        kind: TransactionKind,
        status: TransactionStatus,
        parent: Option<&str>,
        amount: i64,
        invoice: Option<String>,
    ) -> String {
        let now = self.now;
        let PaymentView::Known(payment) = &mut self.facts.payment else { panic!("no payment") };
        let (name, word) = match kind {
            TransactionKind::Authorize => ("aut", "authorize"),
            TransactionKind::Charge => ("chg", "charges"),
            TransactionKind::Chargeback => ("cbk", "chargebacks"),
            TransactionKind::ChargebackReversal => ("cbr", "chargeback-reversals"),
            TransactionKind::CancelAuthorize if parent.is_none() => ("cnl", "authorize/cancels"),
            TransactionKind::Shipment => ("shp", "shipments"),
            _ => ("cnl", "cancels"),
        };
        let same =
            |entry: &&Transaction| entry.id.starts_with(&format!("s-{name}-")) && entry.parent.as_deref() == parent;
        let id = format!("s-{name}-{}", 1 + payment.transactions.iter().filter(same).count());
        let path = match parent {
            Some(parent) => format!("charges/{parent}/{word}/{id}"),
            None => format!("{word}/{id}"),
        };
        payment.transactions.push(Transaction {
            kind,
            status,
            id,
            parent: parent.map(str::to_owned),
            path: path.clone(),
            amount: Currency::EUR.of(amount),
            at: Some(now),
            detail: Some(Detail { invoice_id: invoice, ..Detail::default() }),
        });
        let group = sums::group(payment);
        payment.charged = Currency::EUR.of(UnzerSums::of(payment, group).net);
        self.changed();
        path
    }

    fn document(&mut self, nr: &str, keys: &[i64], total: i64, kind: DocumentKind) {
        // Numbers grow in the order of the digits in them, whenever the goods leave.
        let key = nr.chars().filter(char::is_ascii_digit).collect::<String>().parse::<i64>().unwrap()
            + if kind == DocumentKind::CreditNote { 1000 } else { 0 };
        self.facts.documents.push(Document {
            nr: nr.to_owned(),
            key,
            kind,
            total,
            paid: Some(0),
            lines: Some(keys.to_vec()),
            first_seen: self.now,
            has_shipping: false,
            carrier: None,
            tracking: None,
        });
        self.facts.documents.sort_by_key(|document| document.key);
        self.changed();
    }

    fn set_lines(&mut self, keys: &[i64], state: &LineState) {
        for line in self.facts.lines.iter_mut().filter(|line| keys.contains(&line.key)) {
            line.state = state.clone();
        }
    }

    fn sum_of(&self, keys: &[i64]) -> i64 {
        self.facts.lines.iter().filter(|line| keys.contains(&line.key)).map(|line| line.total).sum()
    }

    fn total_anew(&mut self) {
        let kept = self.facts.lines.iter().filter(|line| !line.state.is_dropped());
        let sum: i64 = kept.map(|line| line.total).sum();
        let all_dropped = self.facts.lines.iter().all(|line| line.state.is_dropped());
        self.facts.total = Some(sum + if all_dropped { 0 } else { self.facts.shipping });
        self.changed();
    }

    fn changed(&mut self) {
        self.facts.stable_since = self.now;
        self.facts.readings = 1;
    }
}
