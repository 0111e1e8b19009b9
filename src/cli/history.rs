//! What was done for an order: its steps, for people and scripts.

use chrono_tz::Tz;
use comfy_table::Table;

use crate::cli::output::{self, Tone, cell, toned};
use crate::cli::words;
use crate::engine::detail::code;
use crate::journal::{StepRecord, StepState};
use crate::text::Language;
use crate::text::amounts::amount;

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
