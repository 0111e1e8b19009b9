//! Reading a booking back from the customer's account: what pixi shows of it in the matches of its document, and among the
//! customer's events.
//!
//! Both ask here: looking for a lost booking, and the first booking with an event.

use crate::pixi::{CustomerEventFilter, ErrorClass, PixiClient, PixiError};
use crate::steps::Effect;

/// pixi could not be asked now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NotNow;

/// What the rows of one call show of a booking.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a finding of its own")]
pub struct Trace {
    /// Any row at all.
    pub any: bool,
    /// A row that is this booking for sure: it carries the step's token. Of an invoice one matched with it that has event
    /// and amount, for nothing else books it.
    pub ours: bool,
    /// A row with event and amount and no text at all: it may be this booking or another.
    pub alike: bool,
    /// A row with event and amount, whatever its text.
    pub fits: bool,
    /// A row with event and amount, and with the step's token or no text.
    pub as_asked: bool,
}

/// What pixi shows of a booking; none for a call that this installation does not have.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ReadBack {
    /// pixiCAGetInvoiceMatch.
    pub matches: Option<Trace>,
    /// pixiGetCustomerEvents; asked for credit notes alone, and only where the matches do not tell.
    pub events: Option<Trace>,
}

impl ReadBack {
    /// Any row that is this booking for sure.
    pub fn is_ours(&self) -> bool {
        self.traces().any(|trace| trace.ours)
    }

    /// Any row that may be this booking or another.
    pub fn is_unsure(&self) -> bool {
        self.traces().any(|trace| trace.alike)
    }

    fn traces(&self) -> impl Iterator<Item = &Trace> {
        self.matches.iter().chain(&self.events)
    }
}

/// The booking event of an effect that books.
pub fn event_of(effect: &Effect) -> Option<&str> {
    match effect {
        Effect::BookInvoice { event, .. } | Effect::BookReturn { event, .. } => Some(event),
        _ => None,
    }
}

/// Reads back the booking `effect`, which was sent with `token`. Nothing is shown of an effect that books nothing.
pub async fn read_back(pixi: &PixiClient, effect: &Effect, token: &str) -> Result<ReadBack, NotNow> {
    let mut shown = ReadBack::default();
    let (Some(event), Some(document), Some(amount)) = (event_of(effect), effect.document(), effect.amount()) else {
        return Ok(shown);
    };
    let trace = |rows: &mut dyn Iterator<Item = (&str, i64, Option<&str>)>, fitting_is_ours: bool| {
        rows.fold(Trace::default(), |seen, (id, booked, text)| {
            let fits = id == event && booked.abs() == amount.minor.abs();
            let text = text.filter(|text| !text.is_empty());
            let has_token = text.is_some_and(|text| text.contains(token));
            Trace {
                any: true,
                ours: seen.ours || if fitting_is_ours { fits } else { has_token },
                alike: seen.alike || (fits && text.is_none()),
                fits: seen.fits || fits,
                as_asked: seen.as_asked || (fits && (has_token || text.is_none())),
            }
        })
    };
    let is_invoice = matches!(effect, Effect::BookInvoice { .. });
    shown.matches = where_installed(pixi.invoice_match(document).await)?.map(|rows| {
        let mut rows = rows.iter().map(|row| (row.event_id.as_str(), row.amount.minor, row.reference.as_deref()));
        trace(&mut rows, is_invoice)
    });
    let Effect::BookReturn { customer, .. } = effect else { return Ok(shown) };
    if shown.matches.is_some_and(|trace| trace.ours && trace.fits) {
        return Ok(shown);
    }
    let filter = CustomerEventFilter {
        cust_key: Some(*customer),
        event_id: Some(event.to_owned()),
        ..CustomerEventFilter::default()
    };
    shown.events = where_installed(pixi.customer_events(&filter).await)?.map(|events| {
        let mut rows =
            events.rows.iter().map(|row| (row.event_id.as_str(), row.amount.minor, row.reference.as_deref()));
        trace(&mut rows, false)
    });
    Ok(shown)
}

/// None where pixi has no such call, or its answer is of no use.
fn where_installed<T>(answer: Result<T, PixiError>) -> Result<Option<T>, NotNow> {
    match answer {
        Ok(rows) => Ok(Some(rows)),
        Err(error) if error.class() == ErrorClass::Passing => Err(NotNow),
        Err(_) => Ok(None),
    }
}

/// What one call of this installation shows of bookings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shows {
    /// It is not there.
    NotInstalled,
    /// It is there; whether it shows the column that is needed cannot be told before a real row comes.
    Perhaps,
    /// It is there, with the column.
    Column,
    /// It is there, without the column.
    NoColumn,
}

impl Shows {
    /// The call is there.
    pub fn is_installed(self) -> bool {
        self != Self::NotInstalled
    }
}

/// With which calls bookings can be read back here. Asked beforehand, with numbers that find nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Means {
    /// pixiCAGetInvoiceMatch, with the text of the booking.
    pub matches: Shows,
    /// pixiGetCustomerEvents, with the text of the booking.
    pub events: Shows,
    /// pixiGetInvoice, with what is paid of a document.
    pub paid: Shows,
}

impl Means {
    /// Asks pixi, with calls that read alone.
    pub async fn ask(pixi: &PixiClient) -> Result<Self, PixiError> {
        let nothing = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let of_matches = [nothing("InvoiceNr", "-")];
        let of_events = [nothing("CustKey", NOBODY), nothing("EventID", "-")];
        let of_invoices = [nothing("OrderNR", NOBODY), nothing("RowCount", "1")];
        Ok(Self {
            matches: shows(pixi, "pixiCAGetInvoiceMatch", &of_matches, &["Reference"]).await?,
            events: shows(pixi, "pixiGetCustomerEvents", &of_events, &["Reference"]).await?,
            paid: shows(pixi, "pixiGetInvoice", &of_invoices, &["PaidSum", "PaidAmount", "Paid"]).await?,
        })
    }
}

/// A number nobody has.
const NOBODY: &str = "2147483646";

async fn shows(
    pixi: &PixiClient,
    call: &'static str,
    params: &[(String, String)],
    wanted: &[&'static str],
) -> Result<Shows, PixiError> {
    let answer = match pixi.call_raw(call, params, 1).await {
        Ok(answer) => answer,
        Err(error) if error.class() == ErrorClass::Passing => return Err(error),
        Err(_) => return Ok(Shows::NotInstalled),
    };
    let mut columns = answer.row_sets.iter().flat_map(|set| &set.columns).peekable();
    if columns.peek().is_none() {
        return Ok(Shows::Perhaps);
    }
    let is_wanted = |name: &str| wanted.iter().any(|wanted| pixi.column_name(call, wanted).eq_ignore_ascii_case(name));
    Ok(if columns.any(|column| is_wanted(&column.name)) { Shows::Column } else { Shows::NoColumn })
}
