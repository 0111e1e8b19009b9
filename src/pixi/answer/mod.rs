//! Reads answers while they stream in: SQL Server's row sets inside SOAP (`pixi/NOTES` 4, 5).
//!
//! Bytes are fed to a [`Decoder`] in pieces of any size; it hands finished rows to a [`Sink`] and keeps what stands
//! beside them in a [`Tail`]. At no time is more than one row and one piece in memory.

use serde::Serialize;
use thiserror::Error;

mod decoder;
mod machine;
mod row_set;
mod schemas;
#[cfg(test)]
mod tests;

pub use decoder::Decoder;
pub use row_set::{Column, RowSet, RowView};
pub use schemas::Schemas;

/// Deepest nesting taken (DESIGN 4.9).
pub const MAX_DEPTH: usize = 64;
/// Longest cell taken, in bytes (DESIGN 4.9).
pub const MAX_CELL: usize = 4 << 20;
/// Longest row taken, in bytes (DESIGN 4.9).
pub const MAX_ROW: usize = 8 << 20;
/// Most columns of a row set.
pub const MAX_COLUMNS: usize = 1024;
/// Most remarks kept of one answer.
const MAX_MESSAGES: usize = 50;

/// Takes the rows.
pub trait Sink: Send {
    /// A row of `set`.
    fn row(&mut self, set: &RowSet, row: &RowView<'_>);
    /// `set` is complete; its columns are known now if they ever will be.
    fn end_of_set(&mut self, set: &RowSet);
}

/// Why bytes are no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum AnswerError {
    /// Not even XML.
    #[error("the answer is not XML")]
    NotXml,
    /// A page for people.
    #[error("the answer is an HTML page; check the endpoint of the pixi API")]
    Html,
    /// XML, but no SOAP envelope.
    #[error("the answer is XML but no SOAP envelope")]
    NotSoap,
    /// A document type.
    #[error("the answer has a document type definition, which is refused")]
    Dtd,
    /// An entity of its own.
    #[error("the answer uses an entity, which is refused")]
    Entity,
    /// Nested too deeply.
    #[error("the answer is nested deeper than {MAX_DEPTH} levels")]
    TooDeep,
    /// Too long a cell.
    #[error("the answer has a cell of more than {} MiB", MAX_CELL >> 20)]
    CellTooLarge,
    /// Too long a row.
    #[error("the answer has a row of more than {} MiB", MAX_ROW >> 20)]
    RowTooLarge,
    /// Too many columns.
    #[error("the answer has a row set of more than {MAX_COLUMNS} columns")]
    TooManyColumns,
    /// Broken XML.
    #[error("the answer is broken XML: {0}")]
    Malformed(&'static str),
    /// Ends too early.
    #[error("the answer breaks off")]
    Truncated,
}

/// A remark or an error of the database.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SqlMessage {
    /// Severity; `None` where none was sent.
    pub class: Option<i64>,
    /// Number.
    pub number: Option<i64>,
    /// Line of the procedure.
    pub line: Option<i64>,
    /// Procedure.
    pub procedure: String,
    /// Text.
    pub text: String,
}

/// A SOAP fault of either version.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// `faultcode` or `Code/Value`, without prefix.
    pub code: String,
    /// `faultstring` or `Reason/Text`.
    pub text: String,
}

/// What an answer holds besides rows.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Tail {
    /// Remarks and errors of the database.
    pub messages: Vec<SqlMessage>,
    /// Return value of the procedure.
    pub result_code: Option<i64>,
    /// Bare value of a function.
    pub scalar: Option<String>,
    /// Output parameters.
    pub outputs: Vec<(String, String)>,
    /// Fault.
    pub fault: Option<Fault>,
    /// Row sets seen, empty ones too.
    pub row_sets: usize,
    /// Rows seen.
    pub rows: u64,
    /// HTTP status, where it was not a good one.
    #[serde(skip)]
    pub http_error: Option<http::StatusCode>,
}

/// Decodes `_xHHHH_` (`pixi/NOTES` 3); anything else that starts like it is left as it is.
pub fn decode_name(name: &str) -> String {
    let mut decoded = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(at) = rest.find("_x") {
        let (before, candidate) = rest.split_at(at);
        decoded.push_str(before);
        let character = candidate
            .get(2..7)
            .filter(|code| code.ends_with('_') && code[..4].bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|code| u32::from_str_radix(&code[..4], 16).ok())
            .and_then(char::from_u32);
        if let Some(character) = character {
            decoded.push(character);
            rest = &candidate[7..];
        } else {
            decoded.push_str("_x");
            rest = &candidate[2..];
        }
    }
    decoded.push_str(rest);
    decoded
}
