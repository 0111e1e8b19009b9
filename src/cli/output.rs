//! What stands on standard output: tables for people, one JSON document for scripts.

use std::io::{self, IsTerminal as _, Write as _};

use chrono::SecondsFormat;
use chrono_tz::Tz;
use comfy_table::presets::UTF8_FULL_CONDENSED;
use comfy_table::{Attribute, Cell, Color, ContentArrangement, Table};
use serde::Serialize;

use crate::cli::Failure;
use crate::clock::Time;

/// How a cell is to be looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// As it is.
    Plain,
    /// All is well.
    Good,
    /// Something to know.
    Notice,
    /// Something to mend.
    Bad,
}

/// Writes a line.
pub fn line(text: &str) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    Ok(())
}

/// Writes text as it is.
pub fn raw(bytes: &[u8]) -> Result<(), Failure> {
    let mut out = io::stdout().lock();
    out.write_all(bytes)?;
    out.flush()?;
    Ok(())
}

/// Writes one JSON document.
pub fn json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value).map_err(Failure::failed)?;
    line(&text)
}

/// A word to the person, on standard error: standard output may be read by a script.
pub fn remark(text: &str) {
    // Nobody is left to be told if this fails.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// True where colours may be used.
pub fn colours() -> bool {
    io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

/// An empty table as wide as the terminal, or as `COLUMNS` says.
pub fn table(header: &[&str]) -> Table {
    let mut table = Table::new();
    table.load_style(UTF8_FULL_CONDENSED).set_content_arrangement(ContentArrangement::Dynamic);
    // Where standard output is no terminal a width may be given; else lines are as long as they are, for `grep`.
    let given = std::env::var("COLUMNS").ok().and_then(|width| width.parse().ok());
    if let Some(width) = given.filter(|width: &u16| *width >= 40 && !io::stdout().is_terminal()) {
        table.set_width(width);
    }
    let title = |text: &&str| {
        let cell = Cell::new(text);
        if colours() { cell.add_attribute(Attribute::Bold) } else { cell }
    };
    table.set_header(header.iter().map(title));
    table
}

/// Writes a table.
pub fn print(table: &Table) -> Result<(), Failure> {
    line(&table.trim_fmt())
}

/// A cell; control characters of foreign texts never reach the terminal.
pub fn cell(text: impl ToString) -> Cell {
    toned(text, Tone::Plain)
}

/// A cell in a colour, where colours may be used.
#[expect(clippy::needless_pass_by_value, reason = "texts and numbers, made where they are shown")]
pub fn toned(text: impl ToString, tone: Tone) -> Cell {
    let text: String = text.to_string().chars().map(|c| if c.is_control() && c != '\n' { ' ' } else { c }).collect();
    let cell = Cell::new(text);
    match tone {
        Tone::Good if colours() => cell.fg(Color::Green),
        Tone::Notice if colours() => cell.fg(Color::Yellow),
        Tone::Bad if colours() => cell.fg(Color::Red),
        _ => cell,
    }
}

/// `2026-03-03 09:00:05` of the wall clock in `zone`.
pub fn wall(time: Time, zone: Tz) -> String {
    time.with_timezone(&zone).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// RFC 3339 with the zone's offset.
pub fn stamp(time: Time, zone: Tz) -> String {
    time.with_timezone(&zone).to_rfc3339_opts(SecondsFormat::Secs, false)
}
