//! The customer account: what was booked and matched, read to find out whether a lost booking arrived.

use crate::money::{Currency, Money};
use crate::pixi::client::{Listing, PixiClient};
use crate::pixi::columns::{CellError, Cells, ColumnSpec, FromRow, columns};
use crate::pixi::envelope::Params;
use crate::pixi::error::PixiError;
use crate::pixi::local_time::LocalTime;

/// An event matched with a document (pixiCAGetInvoiceMatch).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceMatch {
    /// Amount of the event.
    pub amount: Money,
    /// Booking event.
    pub event_id: String,
    /// Part of it matched with the document.
    pub matched: Option<Money>,
    /// Date of the event.
    pub event_date: Option<LocalTime>,
    /// Document.
    pub invoice_nr: Option<String>,
    /// Key of the document.
    pub invoice_key: Option<i64>,
    /// Text of the booking: where the step token stands.
    pub reference: Option<String>,
    /// Currency the row names.
    pub currency: Option<Currency>,
}

columns!(InvoiceMatch: Match {
    Amount = NEED "Amount",
    EventId = NEED "EventID",
    Matched = MAY "Matched",
    Date = MAY "EventDate",
    InvoiceNr = MAY "InvoiceNr",
    InvoiceKey = MAY "InvoiceKey",
    Reference = MAY "Reference",
    Currency = MAY "OrderCurrency",
});

impl FromRow for InvoiceMatch {
    fn columns() -> &'static [ColumnSpec] {
        Match::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        let currency = row.currency(Match::Currency)?;
        let used = currency.unwrap_or(row.context.base_currency);
        Ok(Self {
            amount: row.need_money(Match::Amount, used)?.money,
            event_id: row.need_text(Match::EventId)?,
            matched: row.money(Match::Matched, used)?.map(|m| m.money),
            event_date: row.time(Match::Date),
            invoice_nr: row.string(Match::InvoiceNr),
            invoice_key: row.int(Match::InvoiceKey)?,
            reference: row.string(Match::Reference),
            currency,
        })
    }
}

/// An event of a customer's account (pixiGetCustomerEvents, pixiCAGetCustomerEvents).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomerEvent {
    /// Amount.
    pub amount: Money,
    /// Booking event.
    pub event_id: String,
    /// Its name.
    pub event_name: Option<String>,
    /// Number of the document.
    pub number: Option<String>,
    /// pixi customer.
    pub cust_ref: Option<i64>,
    /// Date of the event.
    pub event_date: Option<LocalTime>,
    /// Text of the booking: where the step token stands.
    pub reference: Option<String>,
    /// Key of the document.
    pub invoice_ref: Option<i64>,
    /// Deleted.
    pub is_deleted: Option<bool>,
    /// Amount not matched with any document.
    pub open_to_match: Option<Money>,
}

columns!(CustomerEvent: Event {
    Amount = NEED "Amount",
    EventId = NEED "EventID",
    EventName = MAY "EventName",
    Number = MAY "Number",
    CustRef = MAY "CustRef" | "CustKey",
    Date = MAY "EventDate",
    Reference = MAY "Reference",
    InvoiceRef = MAY "InvoiceRef",
    IsDeleted = MAY "IsDeleted",
    OpenToMatch = MAY "OpenToMatch",
    Currency = MAY "OrderCurrency" | "AccountCurrencyCode",
});

impl FromRow for CustomerEvent {
    fn columns() -> &'static [ColumnSpec] {
        Event::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        let currency = row.currency(Event::Currency)?.unwrap_or(row.context.base_currency);
        Ok(Self {
            amount: row.need_money(Event::Amount, currency)?.money,
            event_id: row.need_text(Event::EventId)?,
            event_name: row.string(Event::EventName),
            number: row.string(Event::Number),
            cust_ref: row.int(Event::CustRef)?,
            event_date: row.time(Event::Date),
            reference: row.string(Event::Reference),
            invoice_ref: row.int(Event::InvoiceRef)?,
            is_deleted: row.flag(Event::IsDeleted)?,
            open_to_match: row.money(Event::OpenToMatch, currency)?.map(|o| o.money),
        })
    }
}

/// What to look for in pixiGetCustomerEvents; all filters must hold.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomerEventFilter {
    /// pixi customer.
    pub cust_key: Option<i64>,
    /// Booking event.
    pub event_id: Option<String>,
    /// Not before.
    pub from: Option<LocalTime>,
    /// Not after.
    pub to: Option<LocalTime>,
}

impl PixiClient {
    /// Events matched with a document.
    pub async fn invoice_match(&self, invoice_nr: &str) -> Result<Vec<InvoiceMatch>, PixiError> {
        self.all("pixiCAGetInvoiceMatch", Params::new().text("InvoiceNr", invoice_nr)).await
    }

    /// Events of customer accounts.
    pub async fn customer_events(&self, filter: &CustomerEventFilter) -> Result<Listing<CustomerEvent>, PixiError> {
        let mut params = Params::new();
        if let Some(customer) = filter.cust_key {
            params = params.int("CustKey", customer);
        }
        if let Some(event) = &filter.event_id {
            params = params.text("EventID", event);
        }
        if let Some(from) = filter.from {
            params = params.time("DateFrom", from);
        }
        if let Some(to) = filter.to {
            params = params.time("DateTo", to);
        }
        self.list("pixiGetCustomerEvents", params).await
    }

    /// A customer's account as pixi shows it on the customer's page.
    pub async fn account_of_customer(&self, customer: i64) -> Result<Listing<CustomerEvent>, PixiError> {
        self.list("pixiCAGetCustomerEvents", Params::new().int("CustRef", customer)).await
    }
}
