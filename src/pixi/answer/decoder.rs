//! Feeds the XML reader with whatever the network brings.
//!
//! Pieces are gathered into a window; the reader runs over it without copying. Where an event is cut off by the end of
//! the window, the window is kept from the event's start and tried again once more has come. A schema known from an
//! earlier answer is passed over.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::machine::Machine;
use super::{AnswerError, MAX_ROW, Schemas, Sink, Tail};

/// The window is read once it holds this much.
const WINDOW: usize = 32 << 10;
/// Pieces are taken in parts of this size, however large they come.
const PART: usize = 64 << 10;
/// Longest single tag, comment or section.
const MAX_PENDING: usize = MAX_ROW + PART;
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Reads one answer.
#[derive(Debug)]
pub struct Decoder<'a> {
    schemas: &'a Schemas,
    window: String,
    /// Bytes of a character that the last piece cut apart.
    cut: Vec<u8>,
    /// The window is not read before it holds this much.
    wanted: usize,
    least: usize,
    begun: bool,
    machine: Machine,
}

impl<'a> Decoder<'a> {
    /// A decoder for one answer; `schemas`: those of answers before.
    pub fn new(schemas: &'a Schemas) -> Self {
        Self::with_window(schemas, WINDOW)
    }

    /// As [`Self::new`], reading as soon as the window holds `least` bytes.
    pub(super) fn with_window(schemas: &'a Schemas, least: usize) -> Self {
        Self {
            schemas,
            // Most answers are small; a large one makes room for itself once.
            window: String::new(),
            cut: Vec::new(),
            wanted: least,
            least,
            begun: false,
            machine: Machine::default(),
        }
    }

    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8], sink: &mut dyn Sink) -> Result<(), AnswerError> {
        for part in bytes.chunks(PART) {
            self.take(part);
            if self.window.len() >= self.wanted {
                self.read(false, sink)?;
            }
        }
        Ok(())
    }

    /// Memory held for bytes not read yet.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.window.capacity()
    }

    /// The answer is complete.
    pub fn finish(mut self, sink: &mut dyn Sink) -> Result<Tail, AnswerError> {
        if !self.cut.is_empty() {
            self.window.push(char::REPLACEMENT_CHARACTER);
        }
        self.read(true, sink)?;
        self.machine.finish()
    }

    /// Appends bytes to the window; what is no UTF-8 becomes a replacement character, wherever it was cut.
    fn take(&mut self, part: &[u8]) {
        let joined;
        let bytes = if self.cut.is_empty() {
            part
        } else {
            self.cut.extend_from_slice(part);
            joined = std::mem::take(&mut self.cut);
            &joined
        };
        // Whole pieces of good text, the usual case, are checked much faster than they are looked through for bad.
        if let Ok(good) = std::str::from_utf8(bytes) {
            self.window.push_str(good);
            return;
        }
        let mut read = 0;
        for chunk in bytes.utf8_chunks() {
            self.window.push_str(chunk.valid());
            read += chunk.valid().len() + chunk.invalid().len();
            let unfinished = read == bytes.len()
                && std::str::from_utf8(chunk.invalid()).is_err_and(|error| error.error_len().is_none());
            if unfinished {
                self.cut = chunk.invalid().to_vec();
            } else if !chunk.invalid().is_empty() {
                self.window.push(char::REPLACEMENT_CHARACTER);
            }
        }
    }

    /// Reads all whole events of the window.
    fn read(&mut self, last: bool, sink: &mut dyn Sink) -> Result<(), AnswerError> {
        let mut done = 0;
        if !self.begun && !self.window.is_empty() {
            self.begun = true;
            if self.window.starts_with(BYTE_ORDER_MARK) {
                done = BYTE_ORDER_MARK.len_utf8();
            }
        }
        loop {
            let rest = self.window.get(done..).unwrap_or_default();
            // A reader takes the mark for its own at the start of a window; in the middle of an answer it is text.
            if rest.starts_with(BYTE_ORDER_MARK) {
                let len = BYTE_ORDER_MARK.len_utf8();
                self.machine.text(&rest[..len])?;
                done += len;
                continue;
            }
            done += read_events(rest, last, self.schemas, &mut self.machine, sink)?;
            if !self.window.get(done..).is_some_and(|rest| rest.starts_with(BYTE_ORDER_MARK)) {
                break;
            }
        }
        self.window.drain(..done);
        if self.window.len() > MAX_PENDING {
            return Err(AnswerError::CellTooLarge);
        }
        // An event longer than the window is tried again when twice as much is there, so that the work stays linear.
        self.wanted = self.least.max(self.window.len() * 2);
        Ok(())
    }
}

/// Reads events from `rest` and says how many bytes of it are done with.
fn read_events(
    rest: &str,
    last: bool,
    schemas: &Schemas,
    machine: &mut Machine,
    sink: &mut dyn Sink,
) -> Result<usize, AnswerError> {
    let mut reader = reader_of(rest);
    // Where in `rest` the reader began.
    let mut base = 0;
    let mut done = 0;
    // Where the content of a schema began that is read for the first time.
    let mut schema_from = None;
    loop {
        let event = reader.read_event();
        let position = usize::try_from(reader.buffer_position()).map_or(rest.len(), |at| (base + at).min(rest.len()));
        match event {
            Ok(Event::Start(start)) => {
                machine.start(&start, false, sink)?;
                if machine.at_schema() {
                    if let Some((length, known)) = schemas.find(&rest[position..]) {
                        machine.take_schema(known);
                        (base, done) = (position + length, position + length);
                        reader = reader_of(&rest[base..]);
                        continue;
                    }
                    schema_from = Some(position);
                }
            }
            Ok(Event::Empty(start)) => machine.start(&start, true, sink)?,
            Ok(Event::End(end)) => {
                machine.end(&end, sink)?;
                if let Some(from) = schema_from.filter(|_| machine.in_row_set()) {
                    schemas.keep(&rest[from..done], machine.set());
                    schema_from = None;
                }
            }
            Ok(Event::Text(text)) => {
                // The second half of a line end may be still to come.
                if !last && position == rest.len() && text.ends_with('\r') {
                    let whole = &text[..text.len() - 1];
                    machine.text(whole)?;
                    return Ok(done + whole.len());
                }
                machine.text(&text)?;
            }
            Ok(Event::CData(text)) => machine.text(&text)?,
            Ok(Event::GeneralRef(reference)) => machine.reference(&reference)?,
            Ok(Event::DocType(kind)) => {
                let html = kind.trim_start().get(..4).is_some_and(|word| word.eq_ignore_ascii_case("html"));
                return Err(if html { AnswerError::Html } else { AnswerError::Dtd });
            }
            Ok(Event::Decl(_) | Event::PI(_) | Event::Comment(_)) => {}
            Ok(Event::Eof) => return Ok(rest.len()),
            Err(_) if last => return Err(machine.broken()),
            Err(_) => return Ok(done),
        }
        done = position;
    }
}

fn reader_of(text: &str) -> Reader<&[u8]> {
    let mut reader = Reader::from_str(text);
    let config = reader.config_mut();
    // The machine checks names itself: a reader sees only its window.
    config.check_end_names = false;
    config.allow_unmatched_ends = true;
    reader
}
