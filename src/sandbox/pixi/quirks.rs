//! What is not known of the real pixi, or differs between installations: each a switch.

/// How an answer without rows is written (pixi/NOTES 4: both are seen).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoRows {
    /// A row set with an empty diffgram.
    EmptyDiffgram,
    /// No row set at all.
    NoRowSet,
    /// Each in turn.
    Alternate,
}

/// Which face an invoice or credit note shows where pixi's papers are silent (pixi/NOTES 10).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CreditNotes {
    /// Totals of credit notes are negative.
    pub negative_total: bool,
    /// pixiGetInvoice has a column InvoiceType (`I`, `C`).
    pub type_column: bool,
    /// pixiPayGetInvoicesToCapture lists them too.
    pub in_capture_list: bool,
}

/// The dialect in which answers are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Dialect {
    /// Column names change their case by call (pixi/NOTES 6).
    pub case_variants: bool,
    /// char(n) arrives blank-padded.
    pub padded: bool,
    /// How nothing is said.
    pub no_rows: NoRows,
    /// Every so many answers with rows begin with a SqlMessage of class 0 (pixi/NOTES 5.4); 0: none.
    pub warn_every: u32,
    /// Answers with rows carry a second row set, which no call of ours needs (pixi/NOTES 4).
    pub second_row_set: bool,
    /// A missing date is written as 1 January 1970 instead of left out (pixi/NOTES 6).
    pub sentinel_dates: bool,
    /// HTTP status of an answer that carries an error as SqlMessage: 200, perhaps 400 (pixi/NOTES 5).
    pub error_status: u16,
}

/// What calls do where pixi's papers are silent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own")]
pub struct Behaviour {
    /// pixiPaySetAuthorizationStatus with success releases the lines on hold (pixi/NOTES 9).
    pub authorization_releases: bool,
    /// pixiPaySetInvoiceCapture answers with a row OK instead of nothing.
    pub capture_answers_row: bool,
    /// FromInvoiceId names the first row, not the row before it.
    pub from_invoice_inclusive: bool,
    /// A manual booking that names a document moves its PaidSum.
    pub match_moves_paid_sum: bool,
    /// The amount of a manual booking carries its own sign; otherwise the event gives it (pixi/NOTES 11).
    pub signed_bookings: bool,
    /// pixiChangeAddress blanks what is left out.
    pub change_address_blanks: bool,
}

/// All switches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quirks {
    /// Writing of answers.
    pub dialect: Dialect,
    /// Credit notes.
    pub credit_notes: CreditNotes,
    /// Effects of calls.
    pub behaviour: Behaviour,
}

impl Default for Quirks {
    /// What is likeliest, and where that is open, what asks most of a client.
    fn default() -> Self {
        Self {
            dialect: Dialect {
                case_variants: true,
                padded: true,
                no_rows: NoRows::Alternate,
                warn_every: 7,
                second_row_set: false,
                sentinel_dates: false,
                error_status: 200,
            },
            credit_notes: CreditNotes { negative_total: true, type_column: true, in_capture_list: false },
            behaviour: Behaviour {
                authorization_releases: true,
                capture_answers_row: false,
                from_invoice_inclusive: true,
                match_moves_paid_sum: true,
                signed_bookings: false,
                change_address_blanks: true,
            },
        }
    }
}
