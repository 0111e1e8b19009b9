//! Knows where in an answer the reader is, and what to do with what it finds there.

use quick_xml::events::attributes::Attribute;
use quick_xml::events::{BytesEnd, BytesRef, BytesStart};

use super::row_set::RowBuffer;
use super::{
    AnswerError, Column, Fault, MAX_CELL, MAX_DEPTH, MAX_MESSAGES, RowSet, Sink, SqlMessage, Tail, decode_name,
};

/// Where an open element stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    Envelope,
    Body,
    Fault,
    /// `Code`, `Reason`, `Subcode` of SOAP 1.2, and what they hold.
    FaultGroup,
    FaultCode,
    FaultText,
    Response,
    Result,
    Message,
    MessageField(Field),
    RowSet,
    Schema,
    /// `element name="row"` of a schema and the wrappers inside.
    SchemaRow,
    /// A column of a schema and what it holds.
    SchemaColumn,
    Diffgram,
    Rows,
    Row,
    Cell {
        null: bool,
    },
    /// Markup inside a cell: kept as it is written.
    InCell,
    ResultCode,
    Output,
    Skip,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Field {
    Class,
    Number,
    Line,
    Procedure,
    Text,
}

#[derive(Debug, Default)]
pub(super) struct Machine {
    places: Vec<Place>,
    /// Names of the open elements, one after another, and where each starts.
    names: String,
    name_starts: Vec<usize>,
    begun: bool,
    ended: bool,
    /// Text of the open element outside rows.
    text: String,
    set: RowSet,
    row: RowBuffer,
    message: SqlMessage,
    fault: Fault,
    result_has_children: bool,
    tail: Tail,
}

impl Machine {
    pub(super) fn start(
        &mut self,
        start: &BytesStart<'_>,
        empty: bool,
        sink: &mut dyn Sink,
    ) -> Result<(), AnswerError> {
        if self.places.len() >= MAX_DEPTH {
            return Err(AnswerError::TooDeep);
        }
        let place = self.place_of(start)?;
        self.places.push(place);
        if empty {
            if place == Place::InCell {
                self.row.push("<")?;
                self.row.push(start)?;
                self.row.push("/>")?;
                self.places.pop();
            } else {
                self.leave(sink, start.local_name().into_inner())?;
            }
            return Ok(());
        }
        if place == Place::InCell {
            self.row.push("<")?;
            self.row.push(start)?;
            self.row.push(">")?;
        }
        self.name_starts.push(self.names.len());
        self.names.push_str(start.name().into_inner());
        Ok(())
    }

    pub(super) fn end(&mut self, end: &BytesEnd<'_>, sink: &mut dyn Sink) -> Result<(), AnswerError> {
        let Some(name_start) = self.name_starts.pop() else {
            return Err(AnswerError::Malformed("an end without a start"));
        };
        let qualified = end.name().into_inner();
        if self.names.get(name_start..) != Some(qualified) {
            return Err(AnswerError::Malformed("an end does not match its start"));
        }
        self.names.truncate(name_start);
        if self.places.last() == Some(&Place::InCell) {
            self.row.push("</")?;
            self.row.push(qualified)?;
            self.row.push(">")?;
            self.places.pop();
            return Ok(());
        }
        self.leave(sink, end.local_name().into_inner())
    }

    /// The schema that has begun, and nothing of it was read yet.
    pub(super) fn at_schema(&self) -> bool {
        self.places.ends_with(&[Place::RowSet, Place::Schema]) && self.set.columns().is_empty() && !self.set.schema
    }

    /// The columns read so far.
    pub(super) fn set(&self) -> &RowSet {
        &self.set
    }

    /// The schema that has begun is the one of `known`; its content is passed over.
    pub(super) fn take_schema(&mut self, known: RowSet) {
        self.set.take_schema(known);
    }

    /// The row set is open, and nothing inside of it.
    pub(super) fn in_row_set(&self) -> bool {
        self.places.last() == Some(&Place::RowSet)
    }

    /// Text, with line ends as they came.
    pub(super) fn text(&mut self, text: &str) -> Result<(), AnswerError> {
        match self.places.last() {
            Some(Place::Cell { .. } | Place::InCell) => {
                if !text.as_bytes().contains(&b'\r') {
                    return self.row.push(text);
                }
                for (index, line) in text.replace("\r\n", "\n").split('\r').enumerate() {
                    if index > 0 {
                        self.row.push("\n")?;
                    }
                    self.row.push(line)?;
                }
                Ok(())
            }
            Some(
                Place::FaultCode
                | Place::FaultText
                | Place::MessageField(_)
                | Place::ResultCode
                | Place::Output
                | Place::Result,
            ) => {
                if self.text.len() + text.len() > MAX_CELL {
                    return Err(AnswerError::CellTooLarge);
                }
                self.text.push_str(text);
                Ok(())
            }
            Some(_) => Ok(()),
            None if text.trim().is_empty() => Ok(()),
            None if self.ended => Err(AnswerError::Malformed("text after the end")),
            None => Err(AnswerError::NotXml),
        }
    }

    /// A reference: one of the five of XML, or a character by number.
    pub(super) fn reference(&mut self, reference: &BytesRef<'_>) -> Result<(), AnswerError> {
        let character = match &**reference {
            "lt" => '<',
            "gt" => '>',
            "amp" => '&',
            "quot" => '"',
            "apos" => '\'',
            name if name.starts_with('#') => {
                reference.resolve_char_ref().ok().flatten().unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            _ => return Err(AnswerError::Entity),
        };
        if self.places.last() == Some(&Place::InCell) {
            self.row.push("&")?;
            self.row.push(reference)?;
            return self.row.push(";");
        }
        let mut buffer = [0; 4];
        let character = &*character.encode_utf8(&mut buffer);
        // Line ends written by number stay what they are, so they pass by `text`.
        match self.places.last() {
            Some(Place::Cell { .. }) => self.row.push(character),
            _ => self.text(character),
        }
    }

    /// What to say of XML that cannot be read on.
    pub(super) fn broken(&self) -> AnswerError {
        if self.begun { AnswerError::Truncated } else { AnswerError::NotXml }
    }

    pub(super) fn finish(self) -> Result<Tail, AnswerError> {
        match (self.begun, self.ended) {
            (_, true) => Ok(self.tail),
            (true, false) => Err(AnswerError::Truncated),
            (false, false) => Err(AnswerError::NotXml),
        }
    }

    fn place_of(&mut self, start: &BytesStart<'_>) -> Result<Place, AnswerError> {
        // The way of almost all elements first.
        if self.places.last() == Some(&Place::Row) {
            self.row.start_cell(&mut self.set, start.name().into_inner())?;
            let null = !start.attributes_raw().is_empty() && is_nil(start);
            return Ok(Place::Cell { null });
        }
        let name = start.local_name();
        let name = name.into_inner();
        let Some(&parent) = self.places.last() else { return self.root(name) };
        Ok(match parent {
            Place::Envelope => match name {
                "Body" => Place::Body,
                _ => Place::Skip,
            },
            Place::Body if name == "Fault" => Place::Fault,
            Place::Body => Place::Response,
            Place::Fault | Place::FaultGroup => {
                self.text.clear();
                match name {
                    // Only the outermost value: those of a Subcode are the server's own.
                    "faultcode" => Place::FaultCode,
                    "Value" if self.fault.code.is_empty() => Place::FaultCode,
                    "faultstring" | "Text" => Place::FaultText,
                    "Code" | "Reason" | "Subcode" => Place::FaultGroup,
                    _ => Place::Skip,
                }
            }
            Place::Response => {
                self.text.clear();
                if name.ends_with("Result") {
                    self.result_has_children = false;
                    Place::Result
                } else {
                    Place::Output
                }
            }
            Place::Result => {
                self.result_has_children = true;
                self.text.clear();
                match name {
                    "SqlMessage" => {
                        self.message = SqlMessage::default();
                        Place::Message
                    }
                    "SqlRowSet" => {
                        self.set = RowSet::new(self.tail.row_sets);
                        Place::RowSet
                    }
                    "SqlResultCode" => Place::ResultCode,
                    _ => Place::Skip,
                }
            }
            Place::Message => {
                self.text.clear();
                match name {
                    "Class" => Place::MessageField(Field::Class),
                    "Number" => Place::MessageField(Field::Number),
                    "LineNumber" => Place::MessageField(Field::Line),
                    "Procedure" => Place::MessageField(Field::Procedure),
                    "Message" => Place::MessageField(Field::Text),
                    _ => Place::Skip,
                }
            }
            Place::RowSet => match name {
                "schema" => Place::Schema,
                "diffgram" => Place::Diffgram,
                _ => Place::Skip,
            },
            Place::Schema | Place::SchemaRow | Place::SchemaColumn => self.schema(parent, name, start)?,
            Place::Diffgram => match name {
                "before" | "errors" => Place::Skip,
                _ => Place::Rows,
            },
            Place::Rows => {
                self.row.start_row(&self.set);
                Place::Row
            }
            Place::Cell { .. } | Place::InCell => Place::InCell,
            Place::Row
            | Place::FaultCode
            | Place::FaultText
            | Place::MessageField(_)
            | Place::ResultCode
            | Place::Output
            | Place::Skip => Place::Skip,
        })
    }

    fn root(&mut self, name: &str) -> Result<Place, AnswerError> {
        if self.ended {
            return Err(AnswerError::Malformed("a second root element"));
        }
        self.begun = true;
        match name {
            "Envelope" => Ok(Place::Envelope),
            name if name.eq_ignore_ascii_case("html") => Err(AnswerError::Html),
            _ => Err(AnswerError::NotSoap),
        }
    }

    fn schema(&mut self, parent: Place, name: &str, start: &BytesStart<'_>) -> Result<Place, AnswerError> {
        if name == "element" {
            let (column, announced) = announced(start);
            return Ok(match (parent, column) {
                (Place::Schema, Some(name)) if name == "row" => Place::SchemaRow,
                (Place::SchemaRow, Some(name)) => {
                    self.set.add(&name, announced)?;
                    self.set.schema = true;
                    Place::SchemaColumn
                }
                (parent, _) => parent,
            });
        }
        if parent == Place::SchemaColumn
            && let Some(column) = self.set.last_mut()
        {
            match name {
                "restriction" if column.kind.is_none() => {
                    column.kind = attribute(start, "base").map(without_prefix);
                }
                "maxLength" => column.length = attribute(start, "value").and_then(|value| value.parse().ok()),
                _ => {}
            }
        }
        Ok(parent)
    }

    /// Leaves the innermost element, called `name`.
    fn leave(&mut self, sink: &mut dyn Sink, name: &str) -> Result<(), AnswerError> {
        let Some(place) = self.places.pop() else { return Ok(()) };
        match place {
            Place::Cell { null } => self.row.end_cell(null),
            Place::Row => {
                self.set.rows += 1;
                self.tail.rows += 1;
                sink.row(&self.set, &self.row.view());
            }
            Place::RowSet => {
                self.tail.row_sets += 1;
                sink.end_of_set(&self.set);
            }
            Place::MessageField(field) => self.message_field(field),
            Place::Message if self.tail.messages.len() < MAX_MESSAGES => {
                self.tail.messages.push(std::mem::take(&mut self.message));
            }
            Place::ResultCode => self.tail.result_code = self.text.trim().parse().ok(),
            Place::Output => {
                if self.tail.outputs.len() >= super::MAX_COLUMNS {
                    return Err(AnswerError::TooManyColumns);
                }
                self.tail.outputs.push((decode_name(name), self.text.trim().to_owned()));
            }
            Place::Result => {
                let text = self.text.trim();
                if !self.result_has_children && !text.is_empty() {
                    self.tail.scalar = Some(text.to_owned());
                }
            }
            Place::FaultCode => self.fault.code = without_prefix(self.text.trim().to_owned()),
            Place::FaultText if self.fault.text.is_empty() => self.text.trim().clone_into(&mut self.fault.text),
            Place::Fault => self.tail.fault = Some(std::mem::take(&mut self.fault)),
            Place::Envelope => self.ended = true,
            _ => {}
        }
        Ok(())
    }

    fn message_field(&mut self, field: Field) {
        let text = self.text.trim();
        match field {
            Field::Class => self.message.class = text.parse().ok(),
            Field::Number => self.message.number = text.parse().ok(),
            Field::Line => self.message.line = text.parse().ok(),
            Field::Procedure => text.clone_into(&mut self.message.procedure),
            Field::Text => text.clone_into(&mut self.message.text),
        }
    }
}

fn attribute(start: &BytesStart<'_>, name: &str) -> Option<String> {
    let mut attributes = start.attributes();
    // Twice the same attribute: the first counts.
    attributes.with_checks(false);
    let found = attributes.filter_map(Result::ok).find(|found| found.key.local_name().into_inner() == name)?;
    Some(text_of(&found))
}

/// The value; most hold nothing to be resolved or normalised.
fn text_of(attribute: &Attribute<'_>) -> String {
    if attribute.value.bytes().all(|byte| byte != b'&' && byte >= b' ') {
        return attribute.value.to_string();
    }
    attribute
        .normalized_value(quick_xml::XmlVersion::Implicit1_0)
        .map_or_else(|_| attribute.value.to_string(), std::borrow::Cow::into_owned)
}

/// Name and description of the column an `element` of a schema announces.
fn announced(start: &BytesStart<'_>) -> (Option<String>, Column) {
    let (mut name, mut column) = (None, Column::default());
    let mut attributes = start.attributes();
    attributes.with_checks(false);
    for attribute in attributes.filter_map(Result::ok) {
        match attribute.key.local_name().into_inner() {
            "name" if name.is_none() => name = Some(text_of(&attribute)),
            "type" if column.kind.is_none() => column.kind = Some(without_prefix(text_of(&attribute))),
            "minOccurs" => column.nullable = text_of(&attribute) == "0",
            _ => {}
        }
    }
    (name, column)
}

fn is_nil(start: &BytesStart<'_>) -> bool {
    attribute(start, "nil").is_some_and(|value| matches!(value.trim(), "true" | "1"))
}

fn without_prefix(mut name: String) -> String {
    if let Some(colon) = name.rfind(':') {
        name.drain(..=colon);
    }
    name
}
