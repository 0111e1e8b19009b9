//! Columns by name: what a call needs of a row, what it can do without, and how a row answers.

use chrono_tz::Tz;
use thiserror::Error;

use crate::money::{Currency, Money, Parsed};
use crate::pixi::answer::RowView;
use crate::pixi::local_time::LocalTime;

/// A column a row type reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ColumnSpec {
    /// Name, as the documentation spells it; also the name under `columns:` in the configuration.
    pub name: &'static str,
    /// Other names it was seen under; case never matters.
    pub also: &'static [&'static str],
    /// True where a row is worth nothing without it.
    pub needed: bool,
}

/// A column of a certain row type, by position in [`FromRow::columns`].
pub trait ColumnKey: Copy {
    /// Position.
    fn index(self) -> usize;
}

/// A typed row.
pub trait FromRow: Sized + Send {
    /// What it reads, in the order of its keys.
    fn columns() -> &'static [ColumnSpec];
    /// Reads it.
    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError>;
}

/// A cell that does not hold what it should. Never carries the value: it may be personal.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("column {column} {problem}")]
pub struct CellError {
    /// Column by our name.
    pub column: &'static str,
    /// What is wrong.
    pub problem: CellProblem,
}

/// What is wrong with a cell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CellProblem {
    /// NULL in a column that is needed.
    #[error("is empty")]
    Empty,
    /// No whole number.
    #[error("holds no whole number")]
    NotANumber,
    /// No amount of money.
    #[error("holds no amount")]
    NotAnAmount,
    /// No currency code.
    #[error("holds no currency code")]
    NotACurrency,
    /// Neither yes nor no.
    #[error("holds neither yes nor no")]
    NotAFlag,
}

/// An amount of an order or document, and which column it is from.
#[derive(Debug, Clone, Copy)]
pub struct OrderMoney {
    /// The amount.
    pub parsed: Option<Parsed>,
    /// True where it is from the column in order currency.
    pub in_order: bool,
}

impl OrderMoney {
    /// The amount.
    pub fn money(self) -> Option<Money> {
        self.parsed.map(|parsed| parsed.money)
    }

    /// True where a decimal was rounded away.
    pub fn rounded(self) -> bool {
        self.parsed.is_some_and(|parsed| parsed.rounded)
    }
}

/// What reading a row needs besides the row.
#[derive(Debug, Clone, Copy)]
pub struct RowContext {
    /// Zone of pixi's clock.
    pub zone: Tz,
    /// Currency of amounts that name none.
    pub base_currency: Currency,
}

/// A row seen through the columns of its type. Blank cells count as NULL, blanks at the end are padding.
pub struct Cells<'a, 'row> {
    pub(in crate::pixi) row: &'a RowView<'row>,
    /// For each of the type's columns the number of the row set's column.
    pub(in crate::pixi) slots: &'a [Option<u16>],
    pub(in crate::pixi) specs: &'static [ColumnSpec],
    /// Zone and currency.
    pub context: RowContext,
}

impl Cells<'_, '_> {
    fn error(&self, key: impl ColumnKey, problem: CellProblem) -> CellError {
        CellError { column: self.specs.get(key.index()).map_or("?", |spec| spec.name), problem }
    }

    /// True where the answer has this column at all, NULL or not.
    pub fn has(&self, key: impl ColumnKey) -> bool {
        self.slots.get(key.index()).is_some_and(Option::is_some)
    }

    /// Text without padding; `None` for NULL and blank.
    pub fn text(&self, key: impl ColumnKey) -> Option<&str> {
        let slot = *self.slots.get(key.index())?;
        let text = self.row.cell(slot?)?.trim();
        (!text.is_empty()).then_some(text)
    }

    /// As [`Self::text`], owned.
    pub fn string(&self, key: impl ColumnKey) -> Option<String> {
        self.text(key).map(str::to_owned)
    }

    /// Text that must be there.
    pub fn need_text(&self, key: impl ColumnKey) -> Result<String, CellError> {
        self.string(key).ok_or_else(|| self.error(key, CellProblem::Empty))
    }

    /// Whole number; one written with zero decimals is taken too.
    pub fn int(&self, key: impl ColumnKey) -> Result<Option<i64>, CellError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        let whole = match text.split_once('.') {
            Some((whole, zeros)) if zeros.bytes().all(|b| b == b'0') => whole,
            _ => text,
        };
        whole.parse().map(Some).map_err(|_| self.error(key, CellProblem::NotANumber))
    }

    /// Whole number that must be there.
    pub fn need_int(&self, key: impl ColumnKey) -> Result<i64, CellError> {
        self.int(key)?.ok_or_else(|| self.error(key, CellProblem::Empty))
    }

    /// Yes or no, as bit, letter or word.
    pub fn flag(&self, key: impl ColumnKey) -> Result<Option<bool>, CellError> {
        match self.text(key) {
            None => Ok(None),
            Some("1" | "Y" | "y" | "J" | "j" | "true" | "True") => Ok(Some(true)),
            Some("0" | "N" | "n" | "false" | "False") => Ok(Some(false)),
            Some(_) => Err(self.error(key, CellProblem::NotAFlag)),
        }
    }

    /// Currency code.
    pub fn currency(&self, key: impl ColumnKey) -> Result<Option<Currency>, CellError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        text.parse().map(Some).map_err(|_| self.error(key, CellProblem::NotACurrency))
    }

    /// Amount in `currency`, with the note whether it was rounded.
    pub fn money(&self, key: impl ColumnKey, currency: Currency) -> Result<Option<Parsed>, CellError> {
        let Some(text) = self.text(key) else { return Ok(None) };
        Money::parse(text, currency).map(Some).map_err(|_| self.error(key, CellProblem::NotAnAmount))
    }

    /// Amount that must be there.
    pub fn need_money(&self, key: impl ColumnKey, currency: Currency) -> Result<Parsed, CellError> {
        self.money(key, currency)?.ok_or_else(|| self.error(key, CellProblem::Empty))
    }

    /// Amount of the column in order currency, else of the plain one, which an installation may have alone.
    pub fn order_money(
        &self,
        in_order: impl ColumnKey,
        plain: impl ColumnKey,
        currency: Currency,
    ) -> Result<OrderMoney, CellError> {
        let found = self.money(in_order, currency)?;
        let parsed = if found.is_some() { found } else { self.money(plain, currency)? };
        Ok(OrderMoney { parsed, in_order: found.is_some() })
    }

    /// Time; `None` for NULL, for what stands for no date, and for what is no date.
    pub fn time(&self, key: impl ColumnKey) -> Option<LocalTime> {
        LocalTime::parse(self.text(key)?, self.context.zone)
    }

    /// For a column one of several names of which is needed: the error that says so.
    pub fn missing(&self, key: impl ColumnKey) -> CellError {
        self.error(key, CellProblem::Empty)
    }
}

/// Declares the columns of a row type and their keys.
macro_rules! columns {
    ($row:ident: $keys:ident { $($key:ident = $need:ident $name:literal $(| $also:literal)*),+ $(,)? }) => {
        #[derive(Clone, Copy)]
        #[allow(clippy::enum_variant_names, reason = "named as pixi's columns are")]
        enum $keys { $($key),+ }
        impl $crate::pixi::columns::ColumnKey for $keys {
            fn index(self) -> usize { self as usize }
        }
        impl $keys {
            const ALL: &'static [$crate::pixi::columns::ColumnSpec] = &[$(
                $crate::pixi::columns::ColumnSpec {
                    name: $name,
                    also: &[$($also),*],
                    needed: $crate::pixi::columns::$need,
                }
            ),+];
        }
    };
}
pub(in crate::pixi) use columns;

/// For [`columns!`]: a row is worth nothing without it.
pub(in crate::pixi) const NEED: bool = true;
/// For [`columns!`]: an installation may lack it.
pub(in crate::pixi) const MAY: bool = false;
