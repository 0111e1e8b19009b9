//! One order with everything the store knows of it: the fields and words of `order show --json` and
//! `/api/v1/orders/{mandant}/{nr}`.

use chrono::SecondsFormat;
use chrono_tz::Tz;
use schemars::JsonSchema;
use serde::Serialize;

use super::shown::OrderShown;
use crate::clock::Time;
use crate::config::{ApiName, MandantId, Settings};
use crate::journal::{
    Journal, JournalError, Letter, LetterState, Management, OrderRow, Recipient, RecipientState, Resolved, StepRecord,
};
use crate::money::Money;
use crate::steps::Outcome;

/// An order with its steps and mails.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct OrderDetail {
    /// As in lists.
    #[serde(flatten)]
    pub order: OrderShown,
    /// pixi API it was read from.
    pub api: ApiName,
    /// Mode pinned to it (`standard`, `expert`).
    pub mode: String,
    /// How it is treated.
    pub management: Management,
    /// Why, where a person said so.
    pub management_reason: Option<String>,
    /// Rule and reason of the last plan, one line.
    pub reason: String,
    /// The last mark a person settled.
    pub resolved: Option<ResolvedShown>,
    /// Every step, oldest first.
    pub steps: Vec<StepShown>,
    /// Mails that told of it.
    pub mails: Vec<MailShown>,
}

/// A person's word that a problem is settled.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct ResolvedShown {
    /// Which problem, with its values.
    pub fingerprint: String,
    /// Who.
    pub by: String,
    /// When.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// Why.
    pub reason: String,
}

/// A step.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct StepShown {
    /// Natural key (`capture:RE4711`).
    pub key: String,
    /// What it does.
    pub kind: &'static str,
    /// Try, from 1.
    pub attempt: i64,
    /// What it carries at Unzer or pixi.
    pub token: String,
    /// The reference that holds the token.
    pub reference: String,
    /// Rule it follows from.
    pub rule: String,
    /// Amount; none where no money is named.
    pub amount: Option<String>,
    /// Currency of the amount.
    pub currency: Option<String>,
    /// Document it is for.
    pub document: Option<String>,
    /// How far it is.
    #[schemars(extend("enum" = ["intended", "done", "pending", "refused", "not_sent", "unknown"]))]
    pub state: &'static str,
    /// Code of the answer, or why there is none.
    pub code: Option<String>,
    /// When it began.
    #[schemars(extend("format" = "date-time"))]
    pub at: String,
    /// When it ended.
    #[schemars(extend("format" = "date-time"))]
    pub settled_at: Option<String>,
    /// Who decided it, where a person did.
    pub decided_by: Option<String>,
    /// Why.
    pub decided_reason: Option<String>,
}

/// A mail with what became of it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct MailShown {
    /// Mandant it is about.
    pub mandant: MandantId,
    /// What kind (`problem`, `summary`, …).
    pub kind: String,
    /// Subject.
    pub subject: String,
    /// What became of it.
    pub state: LetterState,
    /// Tries so far.
    pub tries: i64,
    /// What went wrong at the last try.
    pub last_error: Option<String>,
    /// When it was written.
    #[schemars(extend("format" = "date-time"))]
    pub created: String,
    /// When the last recipient's part was settled.
    #[schemars(extend("format" = "date-time"))]
    pub settled: Option<String>,
    /// Recipients.
    pub recipients: Vec<RecipientShown>,
}

/// A recipient with what became of their part.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct RecipientShown {
    /// Address.
    pub address: String,
    /// What became of it.
    pub state: RecipientState,
    /// The mail server's words.
    pub answer: Option<String>,
    /// When it answered.
    #[schemars(extend("format" = "date-time"))]
    pub at: Option<String>,
}

impl OrderDetail {
    /// Shows a stored order with its steps and mails.
    pub async fn load(journal: &Journal, settings: &Settings, row: &OrderRow) -> Result<Self, JournalError> {
        let zone = settings.timezone;
        let steps = journal.steps_of(&row.order).await?;
        let mails = journal.mails_of(&row.order).await?;
        Ok(Self {
            order: OrderShown::with(row, settings),
            api: row.order.api.clone(),
            mode: row.mode.clone(),
            management: row.management,
            management_reason: row.management_reason.clone(),
            reason: row.reason.clone(),
            resolved: row.resolved.as_ref().map(|resolved| ResolvedShown::of(resolved, zone)),
            steps: steps.iter().map(|step| StepShown::of(step, zone)).collect(),
            mails: mails.iter().map(|mail| MailShown::of(mail, zone)).collect(),
        })
    }
}

impl ResolvedShown {
    fn of(resolved: &Resolved, zone: Tz) -> Self {
        Self {
            fingerprint: resolved.fingerprint.clone(),
            by: resolved.by.clone(),
            at: stamp(resolved.at, zone),
            reason: resolved.reason.clone(),
        }
    }
}

impl StepShown {
    /// Shows a step; times of the wall clock in `zone`.
    pub fn of(step: &StepRecord, zone: Tz) -> Self {
        let amount = step.effect.amount();
        Self {
            key: step.key.0.clone(),
            kind: step.effect.kind().name(),
            attempt: step.attempt,
            token: step.token.clone(),
            reference: step.effect.reference(&step.token),
            rule: step.rule.clone(),
            amount: amount.map(Money::decimal),
            currency: amount.map(|amount| amount.currency.code().to_owned()),
            document: step.effect.document().map(str::to_owned),
            state: step.state.name(),
            code: code(step.outcome.as_ref()),
            at: stamp(step.intended_at, zone),
            settled_at: step.settled_at.map(|at| stamp(at, zone)),
            decided_by: step.decided_by.clone(),
            decided_reason: step.decided_reason.clone(),
        }
    }
}

/// The code an outcome goes with, or its cause.
pub fn code(outcome: Option<&Outcome>) -> Option<String> {
    match outcome? {
        Outcome::Done(evidence) | Outcome::Pending(evidence) => evidence.code.clone().or_else(|| evidence.note.clone()),
        Outcome::Refused(refusal) => Some(refusal.code.clone()),
        Outcome::NotSent { cause } | Outcome::Unknown { cause } => Some(cause.clone()),
    }
}

impl MailShown {
    /// Shows a mail; times of the wall clock in `zone`.
    pub fn of(letter: &Letter, zone: Tz) -> Self {
        let recipient = |to: &Recipient| RecipientShown {
            address: to.address.clone(),
            state: to.state,
            answer: to.answer.clone(),
            at: to.at.map(|at| stamp(at, zone)),
        };
        Self {
            mandant: letter.mandant.clone(),
            kind: letter.kind.clone(),
            subject: letter.subject.clone(),
            state: letter.state,
            tries: letter.tries,
            last_error: letter.last_error.clone(),
            created: stamp(letter.created, zone),
            settled: letter.settled.map(|at| stamp(at, zone)),
            recipients: letter.recipients.iter().map(recipient).collect(),
        }
    }
}

/// RFC 3339 with the zone's offset.
fn stamp(time: Time, zone: Tz) -> String {
    time.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}
