//! A plan in the making: what the rules write into.

use std::ops::ControlFlow;

use chrono::TimeDelta;

use crate::clock::Time;
use crate::steps::{Effect, Guards, Kind, Step, StepKey};
use crate::text::{Notice, Number, Phrase, PhraseKey, Severity, amounts, moments};

use super::attempts::{self, Attempt};
use super::facts::Facts;
use super::sums::Sums;
use super::{NextCheck, Plan, Terms, asked, held, status};

/// Shortest and longest pause between two looks at an order nothing happens to.
const MIN_PAUSE: TimeDelta = TimeDelta::minutes(2);
const MAX_PAUSE: TimeDelta = TimeDelta::hours(6);
/// pixi writes the invoice of shipped goods within this time.
const INVOICE_BY: TimeDelta = TimeDelta::days(1);
/// A settled order is looked at this long after its last change; later changes wake it through pixi's change list and
/// Unzer's webhooks.
const WATCHED_AFTER_SETTLED: TimeDelta = TimeDelta::days(30);

#[expect(clippy::struct_excessive_bools, reason = "each is a finding of a rule that others go by")]
pub(super) struct Draft<'a> {
    pub facts: &'a Facts,
    pub terms: &'a Terms,
    pub now: Time,
    pub sums: Sums,
    /// Money must not move now: an earlier step's outcome is open, or a rule said so.
    pub money_held: bool,
    /// What is locked stays locked, though nothing is wrong: the money is still to come.
    pub keep_lock: bool,
    /// The order is not done with, though there is nothing to do now: the money is still to come.
    pub keep_open: bool,
    /// Money is to be given back, now or after a brake; what rests on it waits.
    pub gives_back: bool,
    /// Money this daemon has given back is not at Unzer: nothing more is given back on top of it, until a person who has
    /// looked asks for it.
    pub unseen_give_back: Option<StepKey>,
    /// Why what a person asks for now cannot be done.
    pub declined: Option<Phrase>,
    /// The facts do not allow to tell what is wrong and what is not.
    pub undecided: bool,
    /// The release had no effect: it is not reported again, its lines are let go.
    pub by_lines: bool,
    /// A step is forbidden by a limit in the store: no money moves on top of it before then.
    pub withheld: Option<Time>,
    rule: &'static str,
    steps: Vec<Step>,
    notices: Vec<Notice>,
    said: Vec<Phrase>,
    wake: Option<Time>,
    settled: bool,
    left_alone: bool,
}

impl<'a> Draft<'a> {
    pub fn new(facts: &'a Facts, terms: &'a Terms, now: Time) -> Self {
        let sums = Sums::of(facts, terms.payment_type.rounding_tolerance);
        Self {
            facts,
            terms,
            now,
            sums,
            money_held: false,
            keep_lock: false,
            keep_open: false,
            gives_back: false,
            unseen_give_back: None,
            declined: None,
            undecided: false,
            by_lines: false,
            withheld: None,
            rule: "",
            steps: Vec::new(),
            notices: Vec::new(),
            said: Vec::new(),
            wake: None,
            settled: false,
            left_alone: false,
        }
    }

    /// T: rounding tolerance in minor units.
    pub fn tolerance(&self) -> i64 {
        self.terms.payment_type.rounding_tolerance
    }

    /// An amount as a value of texts, for no language yet.
    pub fn amount(&self, minor: i64) -> String {
        amounts::neutral(self.facts.money(minor))
    }

    /// A moment as a value of texts: what the clock on the wall shows.
    pub fn moment(&self, at: Time) -> String {
        moments::minute(at, self.terms.zone, self.terms.language)
    }

    /// Names the rule that decides; the first one named stays.
    pub fn rule(&mut self, rule: &'static str) {
        if self.rule.is_empty() {
            self.rule = rule;
        }
    }

    pub fn say(&mut self, phrase: impl Into<Phrase>) {
        self.said.push(phrase.into());
    }

    pub fn notice(&mut self, notice: Notice) {
        if !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    pub fn has_problem(&self) -> bool {
        self.notices.iter().any(|notice| notice.severity == Severity::Problem)
    }

    pub fn notices(&self) -> &[Notice] {
        &self.notices
    }

    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Looks again at `at`, or earlier if something else wants to.
    pub fn wake(&mut self, at: Time) {
        self.wake = Some(self.wake.map_or(at, |wake| wake.min(at)));
    }

    /// The order is left alone: no step, no next check.
    pub fn leave_alone(&mut self, rule: &'static str, phrase: PhraseKey) -> ControlFlow<()> {
        self.rule(rule);
        self.say(phrase);
        self.left_alone = true;
        ControlFlow::Break(())
    }

    /// How it stands with attempts at `key`.
    pub fn attempt(&self, key: &StepKey) -> Attempt<'a> {
        attempts::attempt(self.facts, key, self.now)
    }

    /// Plans a step unless it is done, open, refused or to be tried later; tells which.
    pub fn step(&mut self, rule: &'static str, key: String, effect: Effect, guards: Guards) -> Attempt<'a> {
        let key = StepKey(key);
        let attempt = match effect {
            Effect::Capture { ref payment, .. } if !asked::is_asked(&key) => {
                attempts::attempt_capture(self.facts, &key, payment, self.now)
            }
            _ => self.attempt(&key),
        };
        let attempt = match self.withheld {
            Some(at) if attempt.goes() && effect.kind().moves_money() => Attempt::Later { at, refusal: None },
            _ => held::hold(self, self.facts.held.as_ref(), &key, &effect, attempt),
        };
        match attempt {
            Attempt::Go { .. } => {
                self.rule(rule);
                self.steps.push(Step { key, effect, rule: rule.to_owned(), guards });
            }
            Attempt::Later { at, .. } => {
                self.wake(at);
                // Captures say it in their own words, comments need not be spoken of, a limit has its own notice.
                let is_told = matches!(effect, Effect::Capture { .. }) || effect.kind() == Kind::Comment;
                if !is_told && self.withheld.is_none() && self.facts.held.is_none() {
                    self.rule(rule);
                    let at = self.moment(at);
                    self.say(Phrase::new(PhraseKey::StepLater).with("step", &key).with("at", at));
                }
            }
            Attempt::Done(_) | Attempt::Open(_) | Attempt::Refused(_) | Attempt::GivenUp => {}
        }
        attempt
    }

    /// The whole order is done with, unless something is still planned, open or wrong. A hint asks nothing of anybody.
    pub fn settle(&mut self) {
        let nothing_left = self.steps.is_empty() && !self.has_problem() && self.wake.is_none();
        let open = self.facts.past.iter().any(|past| past.is_open() && past.effect.kind() != Kind::Comment);
        if !nothing_left || open || self.money_held {
            return;
        }
        if self.facts.on_hold() || self.facts.unshipped() {
            self.rule("waiting");
            self.say(PhraseKey::AwaitingShipment);
            return;
        }
        if self.keep_open || self.gives_back {
            return;
        }
        let pixi = self.sums.pixi;
        if !pixi.closed && !pixi.dead {
            return self.await_invoice();
        }
        self.rule("settled");
        self.say(PhraseKey::Settled);
        self.settled = true;
    }

    /// Everything has left the house or was cancelled, and something of it stands on no invoice.
    fn await_invoice(&mut self) {
        self.rule("waiting");
        self.say(PhraseKey::AwaitingInvoice);
        if self.now - self.facts.stable_since >= INVOICE_BY {
            self.notice(Notice::problem(Number::InvoiceMissing));
        }
    }

    /// Nothing is left to do for the order, whatever state it was seen in last.
    pub fn close(&mut self) {
        self.settled = true;
    }

    fn next_check(&self) -> NextCheck {
        if self.left_alone {
            return NextCheck::Ended;
        }
        if !self.steps.is_empty() {
            return NextCheck::At(self.now);
        }
        let age = self.now - self.facts.stable_since;
        if self.settled && age > WATCHED_AFTER_SETTLED {
            return NextCheck::Ended;
        }
        let pause = (age / 5).clamp(MIN_PAUSE, MAX_PAUSE);
        let regular = self.now + pause;
        NextCheck::At(self.wake.map_or(regular, |wake| wake.min(regular)).max(self.now))
    }

    pub fn finish(mut self) -> Plan {
        if self.said.is_empty() && self.has_problem() {
            self.say(PhraseKey::AwaitingPerson);
        }
        let next_check = self.next_check();
        let payment_status = status::payment(self.facts, &self.sums, self.tolerance());
        let transfer_status = status::transfer(self.facts, &self.sums, self.now);
        Plan {
            steps: self.steps,
            notices: self.notices,
            said: self.said,
            rule: self.rule,
            next_check,
            undecided: self.undecided,
            declined: self.declined,
            payment_status,
            transfer_status,
            sums: self.sums,
        }
    }
}
