//! Sinks: typed rows, status rows, and everything as it comes.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::pixi::answer::{Column, RowSet, RowView, Sink, Tail};
use crate::pixi::client::{BadRow, check_messages};
use crate::pixi::columns::{Cells, ColumnSpec, FromRow, RowContext};
use crate::pixi::error::{PixiError, shorten};

/// Most unreadable rows that are told one by one.
const MAX_BAD: usize = 1000;

/// A row in one of pixi's vocabularies for success and failure (`pixi/NOTES` 5, layer 6).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pixi) struct StatusRow {
    /// Success, failure, or a word that is neither.
    pub good: Option<bool>,
    /// The word or number.
    pub code: String,
    /// Its text.
    pub text: String,
}

/// Reads `row` as a status row; `None` where its columns are those of no vocabulary.
pub(in crate::pixi) fn status_row(set: &RowSet, row: &RowView<'_>) -> Option<StatusRow> {
    let get = |name: &str| set.find(name).map(|slot| row.cell(slot).unwrap_or_default().trim());
    let few = set.columns().len() <= 4;
    let status = |good, code: &str, text: Option<&str>| {
        Some(StatusRow { good, code: shorten(code, 60), text: shorten(text.unwrap_or_default(), 300) })
    };
    let word = |code: &str| match code.to_ascii_uppercase().as_str() {
        "OK" | "INFO" | "SUCCESS" | "0" => Some(true),
        "ERROR" | "ERR" | "FAILED" | "1" => Some(false),
        _ => None,
    };
    if let Some(code) = get("ReturnCode") {
        return status(word(code), code, get("ErrorMessage"));
    }
    if let (Some(code), Some(text)) = (get("ErrorNr"), get("ErrorMessage")) {
        let good = match code {
            "200" => Some(true),
            "" => None,
            _ => Some(false),
        };
        return status(good, code, Some(text));
    }
    if let (Some(code), Some(text)) = (get("StatusCode"), get("ErrorMsg")) {
        return status(word(code), code, Some(text));
    }
    if let (true, Some(code), Some(text)) = (few, get("Status"), get("Message")) {
        return status(word(code), code, Some(text));
    }
    if set.columns().len() == 1 {
        if let Some(code) = get("Result") {
            return status(word(code), code, None);
        }
        if let Some(text) = get("ErrorMessage") {
            return status(Some(false), "ERROR", Some(text));
        }
        if let Some(text) = get("SuccessfulMessage") {
            return status(Some(true), "OK", Some(text));
        }
    }
    None
}

/// Keeps the worst of the status rows.
#[derive(Debug, Default)]
pub(in crate::pixi) struct StatusSink(Option<StatusRow>);

impl StatusSink {
    pub(in crate::pixi) fn finish(self) -> Option<StatusRow> {
        self.0
    }

    fn take(&mut self, status: StatusRow) {
        let rank = |good: Option<bool>| match good {
            Some(true) => 0,
            None => 1,
            Some(false) => 2,
        };
        if self.0.as_ref().is_none_or(|worst| rank(status.good) > rank(worst.good)) {
            self.0 = Some(status);
        }
    }
}

impl Sink for StatusSink {
    fn row(&mut self, set: &RowSet, row: &RowView<'_>) {
        if let Some(status) = status_row(set, row) {
            self.take(status);
        }
    }

    fn end_of_set(&mut self, _set: &RowSet) {}
}

/// Makes typed rows of the first row set that has their columns.
pub(in crate::pixi) struct TypedSink<'f, T> {
    context: RowContext,
    /// Configured names, by our own.
    aliases: Option<&'f BTreeMap<String, String>>,
    block_size: usize,
    block: Vec<T>,
    on_block: &'f mut (dyn FnMut(Vec<T>) + Send),
    slots: Vec<Option<u16>>,
    order_nr: Option<u16>,
    /// Row set and number of columns that `slots` is for.
    resolved: Option<(usize, usize)>,
    /// Row set the rows are taken from.
    chosen: Option<usize>,
    bad: Vec<BadRow>,
    missing: Option<(&'static str, Vec<String>)>,
    status: StatusSink,
}

impl<'f, T: FromRow> TypedSink<'f, T> {
    pub(in crate::pixi) fn new(
        context: RowContext,
        aliases: Option<&'f BTreeMap<String, String>>,
        block_size: usize,
        on_block: &'f mut (dyn FnMut(Vec<T>) + Send),
    ) -> Self {
        Self {
            context,
            aliases,
            block_size,
            block: Vec::with_capacity(block_size),
            on_block,
            slots: Vec::new(),
            order_nr: None,
            resolved: None,
            chosen: None,
            bad: Vec::new(),
            missing: None,
            status: StatusSink::default(),
        }
    }

    /// Hands on the last rows and says what was wrong.
    pub(in crate::pixi) fn finish(mut self, call: &str, api: &str, tail: &Tail) -> Result<Vec<BadRow>, PixiError> {
        if let Some(StatusRow { good, code, text }) = self.status.finish()
            && good != Some(true)
        {
            return Err(PixiError::Status { call: call.to_owned(), code, text });
        }
        check_messages(call, tail, tail.rows > 0)?;
        if self.chosen.is_none()
            && let Some((column, seen)) = self.missing
        {
            let setting = format!("pixi.{api}.columns.{call}.{column}");
            return Err(PixiError::MissingColumn { call: call.to_owned(), column, seen, setting });
        }
        if let Some(code) = tail.result_code.filter(|code| *code < 0 || (*code != 0 && tail.rows == 0)) {
            return Err(PixiError::ResultCode { call: call.to_owned(), code });
        }
        if tail.row_sets == 0 && tail.result_code.is_none() {
            return Err(PixiError::Empty { call: call.to_owned() });
        }
        if !self.block.is_empty() {
            (self.on_block)(std::mem::take(&mut self.block));
        }
        Ok(self.bad)
    }

    /// Finds the columns once per row set, and again where a row brought a new one.
    fn resolve(&mut self, set: &RowSet) {
        if self.resolved == Some((set.index, set.columns().len())) {
            return;
        }
        self.resolved = Some((set.index, set.columns().len()));
        self.slots = T::columns().iter().map(|spec| find(set, spec, self.aliases)).collect();
        self.order_nr = set.find("OrderNr");
    }

    fn needed_missing(&self) -> impl Iterator<Item = &'static str> {
        T::columns()
            .iter()
            .zip(&self.slots)
            .filter(|(spec, slot)| spec.needed && slot.is_none())
            .map(|(spec, _)| spec.name)
    }
}

fn find(set: &RowSet, spec: &ColumnSpec, aliases: Option<&BTreeMap<String, String>>) -> Option<u16> {
    let configured = aliases.and_then(|names| {
        names
            .get(spec.name)
            .or_else(|| names.iter().find(|(ours, _)| ours.eq_ignore_ascii_case(spec.name)).map(|(_, n)| n))
    });
    match configured {
        Some(name) => set.find(name),
        None => set.find(spec.name).or_else(|| spec.also.iter().find_map(|name| set.find(name))),
    }
}

impl<T: FromRow> Sink for TypedSink<'_, T> {
    fn row(&mut self, set: &RowSet, row: &RowView<'_>) {
        self.resolve(set);
        if self.chosen != Some(set.index) {
            let complete = self.needed_missing().next().is_none();
            if !complete && let Some(status) = status_row(set, row) {
                self.status.take(status);
                return;
            }
            if self.chosen.is_some() {
                return;
            }
            self.chosen = Some(set.index);
        }
        let cells = Cells { row, slots: &self.slots, specs: T::columns(), context: self.context };
        match T::from_row(&cells) {
            Ok(typed) => {
                self.block.push(typed);
                if self.block.len() >= self.block_size {
                    let full = std::mem::replace(&mut self.block, Vec::with_capacity(self.block_size));
                    (self.on_block)(full);
                }
            }
            Err(error) if self.bad.len() < MAX_BAD => {
                let order_nr = self.order_nr.and_then(|slot| row.cell(slot)?.trim().parse().ok());
                self.bad.push(BadRow { row: set.rows, order_nr, error });
            }
            Err(_) => {}
        }
    }

    fn end_of_set(&mut self, set: &RowSet) {
        let ours = self.chosen == Some(set.index) || (self.chosen.is_none() && set.rows == 0);
        if set.columns().is_empty() || !ours {
            return;
        }
        self.resolve(set);
        let Some(column) = self.needed_missing().next() else { return };
        let is_status = set.rows == 0 && status_row(set, &RowView::default()).is_some();
        if is_status {
            return;
        }
        // No row of it can have been read; another row set may be the one.
        self.chosen = None;
        self.bad.clear();
        if self.missing.is_none() {
            self.missing = Some((column, set.names().take(200).map(str::to_owned).collect()));
        }
    }
}

/// A row set as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RawRowSet {
    /// Columns, known even where there are no rows if the answer had a schema.
    pub columns: Vec<Column>,
    /// Cells by column; `None` is NULL.
    pub rows: Vec<Vec<Option<String>>>,
    /// True where there were more rows than asked for.
    pub cut: bool,
}

/// An answer as it came.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct RawAnswer {
    /// Row sets.
    pub row_sets: Vec<RawRowSet>,
    /// All else.
    pub tail: Tail,
}

impl RawAnswer {
    /// The value of a function: bare, in the first cell, or in the first output parameter.
    pub fn first_value(&self) -> Option<&str> {
        let cell = || self.row_sets.first()?.rows.first()?.iter().flatten().next().map(String::as_str);
        let output = || self.tail.outputs.first().map(|(_, value)| value.as_str());
        self.tail.scalar.as_deref().or_else(cell).or_else(output)
    }
}

/// Keeps everything, up to a number of rows.
pub(in crate::pixi) struct RawSink {
    left: usize,
    sets: Vec<RawRowSet>,
    current: RawRowSet,
}

impl RawSink {
    pub(in crate::pixi) fn new(max_rows: usize) -> Self {
        Self { left: max_rows, sets: Vec::new(), current: RawRowSet::default() }
    }

    pub(in crate::pixi) fn finish(self, tail: Tail) -> RawAnswer {
        RawAnswer { row_sets: self.sets, tail }
    }
}

impl Sink for RawSink {
    fn row(&mut self, set: &RowSet, row: &RowView<'_>) {
        if self.left == 0 {
            self.current.cut = true;
            return;
        }
        self.left -= 1;
        let slots = u16::try_from(set.columns().len()).unwrap_or(u16::MAX);
        self.current.rows.push((0..slots).map(|slot| row.cell(slot).map(str::to_owned)).collect());
    }

    fn end_of_set(&mut self, set: &RowSet) {
        let mut done = std::mem::take(&mut self.current);
        done.columns = set.columns().to_vec();
        for row in &mut done.rows {
            row.resize(done.columns.len(), None);
        }
        self.sets.push(done);
    }
}
