//! What was done for an order: its steps, for people and scripts.

use chrono_tz::Tz;
use comfy_table::Table;
use serde::Serialize;

use crate::cli::output::{self, Tone, cell, toned};
use crate::cli::words;
use crate::journal::{StepRecord, StepState};
use crate::steps::Outcome;
use crate::text::Language;
use crate::text::amounts::amount;

/// A step for scripts.
#[derive(Debug, Serialize)]
pub struct StepDone {
    key: String,
    kind: &'static str,
    attempt: i64,
    token: String,
    reference: String,
    rule: String,
    amount: Option<String>,
    currency: Option<String>,
    document: Option<String>,
    state: &'static str,
    code: Option<String>,
    at: String,
    settled_at: Option<String>,
    decided_by: Option<String>,
    decided_reason: Option<String>,
}

impl StepDone {
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
            amount: amount.map(crate::money::Money::decimal),
            currency: amount.map(|amount| amount.currency.code().to_owned()),
            document: step.effect.document().map(str::to_owned),
            state: step.state.name(),
            code: code(step.outcome.as_ref()),
            at: output::stamp(step.intended_at, zone),
            settled_at: step.settled_at.map(|at| output::stamp(at, zone)),
            decided_by: step.decided_by.clone(),
            decided_reason: step.decided_reason.clone(),
        }
    }
}

fn code(outcome: Option<&Outcome>) -> Option<String> {
    match outcome? {
        Outcome::Done(evidence) | Outcome::Pending(evidence) => evidence.code.clone().or_else(|| evidence.note.clone()),
        Outcome::Refused(refusal) => Some(refusal.code.clone()),
        Outcome::NotSent { cause } | Outcome::Unknown { cause } => Some(cause.clone()),
    }
}

/// The steps as a table; `keys`: with the keys `order decide` wants, and the tokens the steps carry at Unzer and pixi.
pub fn table(steps: &[StepRecord], language: Language, zone: Tz, keys: bool) -> Table {
    let pick = |de, en| words::pick(language, de, en);
    let mut header = vec![pick("Zeit", "time"), pick("Schritt", "step")];
    if keys {
        header.extend([pick("Schlüssel", "key"), pick("Kennung", "token")]);
    }
    header.extend([pick("Betrag", "amount"), pick("Regel", "rule"), pick("Ergebnis", "outcome"), "Code"]);
    let mut table = output::table(&header);
    for step in steps {
        let tone = match step.state {
            StepState::Done => Tone::Good,
            StepState::Refused | StepState::Unknown => Tone::Bad,
            _ => Tone::Notice,
        };
        let mut row = vec![cell(output::wall(step.intended_at, zone)), cell(words::effect(&step.effect, language))];
        if keys {
            row.extend([cell(&step.key), cell(&step.token)]);
        }
        row.extend([
            cell(step.effect.amount().map(|money| amount(money, language)).unwrap_or_default()),
            cell(&step.rule),
            toned(words::outcome(step.state.name(), language), tone),
            cell(code(step.outcome.as_ref()).unwrap_or_default()),
        ]);
        table.add_row(row);
    }
    table
}
