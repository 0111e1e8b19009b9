//! A row set: its columns, and one row at a time.

use std::sync::Arc;

use serde::Serialize;

use super::{AnswerError, MAX_CELL, MAX_COLUMNS, MAX_ROW, decode_name};

/// A column of a row set.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Column {
    /// Name, decoded.
    pub name: String,
    /// Type of the inline schema, without prefix (`varchar`, `money`).
    pub kind: Option<String>,
    /// Longest text, in characters.
    pub length: Option<u32>,
    /// May be NULL.
    pub nullable: bool,
}

/// A row set as far as it is known: columns of the inline schema first, then those seen in rows only.
#[derive(Debug, Clone, Default)]
pub struct RowSet {
    /// Which one of the answer, from 0.
    pub index: usize,
    /// True where an inline schema listed the columns.
    pub schema: bool,
    /// Rows so far.
    pub rows: u64,
    /// Shared by all answers that announced the same; a row may add columns of its own.
    columns: Arc<Vec<Column>>,
    /// Names as on the wire, by column.
    wire_names: Arc<Vec<Box<str>>>,
}

impl RowSet {
    pub(super) fn new(index: usize) -> Self {
        Self { index, ..Self::default() }
    }

    /// Has the columns that `known` has by its schema.
    pub(super) fn take_schema(&mut self, known: RowSet) {
        (self.schema, self.columns, self.wire_names) = (known.schema, known.columns, known.wire_names);
    }

    /// The columns known so far.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Names of the columns.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.columns.iter().map(|column| column.name.as_str())
    }

    /// Place of the column called `name`: one spelled exactly so, else one that differs in case only.
    pub fn find(&self, name: &str) -> Option<u16> {
        let place = self
            .names()
            .position(|seen| seen == name)
            .or_else(|| self.names().position(|seen| seen.eq_ignore_ascii_case(name)))?;
        u16::try_from(place).ok()
    }

    pub(super) fn add(&mut self, wire_name: &str, column: Column) -> Result<usize, AnswerError> {
        if self.columns.len() >= MAX_COLUMNS {
            return Err(AnswerError::TooManyColumns);
        }
        Arc::make_mut(&mut self.wire_names).push(wire_name.into());
        Arc::make_mut(&mut self.columns).push(Column { name: decode_name(wire_name), ..column });
        Ok(self.columns.len() - 1)
    }

    pub(super) fn last_mut(&mut self) -> Option<&mut Column> {
        Arc::make_mut(&mut self.columns).last_mut()
    }

    /// Place of a cell's column. Rows list their cells in the same order, so the place after the last one is tried
    /// first.
    #[inline]
    pub(super) fn slot(&mut self, name: &str, hint: usize) -> Result<usize, AnswerError> {
        if self.wire_names.get(hint).is_some_and(|seen| **seen == *name) {
            return Ok(hint);
        }
        let local = name.rsplit(':').next().unwrap_or(name);
        match self.wire_names.iter().skip(hint).position(|seen| **seen == *local) {
            Some(after) => Ok(hint + after),
            None => match self.wire_names.iter().position(|seen| **seen == *local) {
                Some(place) => Ok(place),
                None => self.add(local, Column { nullable: true, ..Column::default() }),
            },
        }
    }
}

/// The cells of one row; valid until the next. The default one has no cells.
#[derive(Debug, Clone, Copy, Default)]
pub struct RowView<'a> {
    text: &'a str,
    cells: &'a [(u32, u32)],
}

impl<'a> RowView<'a> {
    /// Text of the cell in this column; `None` for NULL.
    #[inline]
    pub fn cell(&self, slot: u16) -> Option<&'a str> {
        let (start, end) = *self.cells.get(usize::from(slot))?;
        self.text.get(start as usize..end as usize)
    }
}

const NULL: (u32, u32) = (u32::MAX, 0);

/// Collects one row; its memory is used again for the next.
#[derive(Debug, Default)]
pub(super) struct RowBuffer {
    text: String,
    cells: Vec<(u32, u32)>,
    hint: usize,
    /// Column and start of the open cell; no column for a repeated one, which is dropped.
    open: Option<(Option<usize>, usize)>,
}

impl RowBuffer {
    pub(super) fn start_row(&mut self, set: &RowSet) {
        self.text.clear();
        self.cells.clear();
        self.cells.resize(set.columns.len(), NULL);
        self.hint = 0;
        self.open = None;
    }

    #[inline]
    pub(super) fn start_cell(&mut self, set: &mut RowSet, name: &str) -> Result<(), AnswerError> {
        let slot = set.slot(name, self.hint)?;
        if slot >= self.cells.len() {
            self.cells.resize(slot + 1, NULL);
        }
        self.hint = slot + 1;
        let first = self.cells.get(slot) == Some(&NULL);
        self.open = Some((first.then_some(slot), self.text.len()));
        Ok(())
    }

    #[inline]
    pub(super) fn push(&mut self, text: &str) -> Result<(), AnswerError> {
        let start = self.open.map_or(0, |(_, start)| start);
        if self.text.len() - start + text.len() > MAX_CELL {
            return Err(AnswerError::CellTooLarge);
        }
        if self.text.len() + text.len() > MAX_ROW {
            return Err(AnswerError::RowTooLarge);
        }
        self.text.push_str(text);
        Ok(())
    }

    #[inline]
    pub(super) fn end_cell(&mut self, null: bool) {
        let Some((slot, start)) = self.open.take() else { return };
        if null || slot.is_none() {
            self.text.truncate(start);
            return;
        }
        // Rows are far shorter than 4 GiB.
        let range = (u32::try_from(start).unwrap_or(u32::MAX), u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        if let Some(cell) = slot.and_then(|slot| self.cells.get_mut(slot)) {
            *cell = range;
        }
    }

    pub(super) fn view(&self) -> RowView<'_> {
        RowView { text: &self.text, cells: &self.cells }
    }
}
