//! The customer account (pixi/NOTES 11).

use super::super::dialect::{Answer, Cell, Column, RowSet, Sql};
use super::super::model::{Booking, Document};
use super::super::params::{Args, Kind, opt, req};
use super::super::state::State;
use super::{Context, Result, Signature};

pub(super) const BOOK: Signature = Signature {
    name: "pixiCACreateManualBooking",
    params: &[
        req("CustKey", Kind::Int),
        req("EventID", Kind::Text(3)),
        req("Amount", Kind::Money),
        opt("EventDate", Kind::DateTime),
        opt("Comment", Kind::Text(512)),
        opt("MatchToInvoiceNr", Kind::Text(20)),
        opt("MatchKey", Kind::Int),
        opt("CurrencyId", Kind::Int),
    ],
    run: book,
};

/// Books what is asked for, as often as it is asked for.
fn book(context: &mut Context<'_>, args: &Args) -> Result {
    match booking(context.state, args, context.now) {
        Ok(mut booking) => {
            booking.key = context.state.next_log();
            let moves = context.state.quirks.behaviour.match_moves_paid_sum;
            context.state.book(booking, moves);
            Ok(Answer::status("OK", ""))
        }
        Err(why) => Ok(Answer::status("ERROR", &why)),
    }
}

fn booking(state: &State, args: &Args, now: crate::clock::Time) -> std::result::Result<Booking, String> {
    let key = args.int("CustKey").unwrap_or(0);
    let customer = state.customers.get(&key).ok_or_else(|| format!("Customer {key} does not exist."))?;
    let id = args.filter("EventID").unwrap_or_default();
    let event = state.event(id).ok_or_else(|| format!("Event {id} is not defined."))?;
    let currency = match args.int("CurrencyId") {
        Some(id) => state.currencies.iter().find(|row| row.id == id && row.active).map(|row| row.currency),
        None => state.shop(&customer.shop).map(|shop| shop.currency),
    };
    let currency = currency.ok_or("The currency is not defined.")?;
    let sent = args.money("Amount", currency).unwrap_or(0);
    let amount = match (state.quirks.behaviour.signed_bookings, event.positive) {
        (_, _) if sent == 0 => return Err("The amount is zero.".to_owned()),
        (true, positive) if positive != (sent > 0) => return Err("The sign does not fit the event.".to_owned()),
        (false, false) => -sent,
        _ => sent,
    };
    let document = match args.filter("MatchToInvoiceNr") {
        Some(nr) => {
            let document = state.document(nr).ok_or_else(|| format!("Invoice {nr} does not exist."))?;
            let owner = state.orders.get(&document.order).map(|order| order.customer);
            if owner.is_some_and(|owner| owner != key) {
                return Err(format!("Invoice {nr} belongs to another customer."));
            }
            Some(nr.to_owned())
        }
        None => None,
    };
    Ok(Booking {
        key: 0,
        customer: key,
        event: event.id.clone(),
        amount,
        currency,
        document,
        comment: args.text("Comment").unwrap_or_default().to_owned(),
        date: args.time("EventDate").unwrap_or(now),
        at: now,
        unlinked: false,
    })
}

/// A booking with what is shown beside it.
struct Entry<'a> {
    booking: &'a Booking,
    state: &'a State,
}

impl<'a> Entry<'a> {
    fn document(&self) -> Option<&'a Document> {
        self.state.document(self.booking.document.as_deref()?)
    }

    fn payment_code(&self) -> Option<&'a str> {
        self.state.orders.get(&self.document()?.order).map(|order| order.payment_code.as_str())
    }

    fn document_key(&self) -> Cell {
        let nr = self.booking.document.as_deref().unwrap_or_default();
        self.state.document_keys.get(nr).map_or(Cell::Null, |key| Cell::Int(*key))
    }

    fn name(&self) -> Cell {
        Cell::optional(self.state.event(&self.booking.event).map(|event| event.name.as_str()))
    }

    fn is_matched(&self) -> bool {
        self.booking.document.is_some() && !self.booking.unlinked
    }

    fn amount(&self) -> Cell {
        Cell::Money(self.booking.currency.of(self.booking.amount))
    }

    fn open(&self) -> Cell {
        Cell::Money(self.booking.currency.of(if self.is_matched() { 0 } else { self.booking.amount }))
    }
}

pub(super) const EVENTS: Signature = Signature {
    name: "pixiGetCustomerEvents",
    params: &[
        opt("CustKey", Kind::Int),
        opt("EventID", Kind::Text(3)),
        opt("DateFrom", Kind::DateTime),
        opt("DateTo", Kind::DateTime),
    ],
    run: events,
};

fn events(context: &mut Context<'_>, args: &Args) -> Result {
    let found = entries(context.state)
        .filter(|entry| args.key("CustKey").is_none_or(|key| key == entry.booking.customer))
        .filter(|entry| args.filter("EventID").is_none_or(|id| id == entry.booking.event))
        .filter(|entry| args.time("DateFrom").is_none_or(|from| entry.booking.date >= from))
        .filter(|entry| args.time("DateTo").is_none_or(|to| entry.booking.date <= to));
    Ok(Answer::rows(RowSet::new(found, &event_columns())))
}

fn event_columns<'a>() -> [Column<Entry<'a>>; 13] {
    [
        ("Amount", Sql::VarChar(30), Entry::amount),
        ("Number", Sql::VarChar(20), |v| Cell::optional(v.booking.document.as_deref())),
        ("CustRef", Sql::Int, |v| Cell::Int(v.booking.customer)),
        ("EventID", Sql::VarChar(3), |v| Cell::text(v.booking.event.as_str())),
        ("DTAUSref", Sql::Int, |_| Cell::Null),
        ("EventDate", Sql::DateTime, |v| Cell::Time(v.booking.date)),
        ("EventName", Sql::VarChar(50), Entry::name),
        ("IsDeleted", Sql::Bit, |_| Cell::Bit(false)),
        ("Reference", Sql::VarChar(512), |v| Cell::optional(Some(&v.booking.comment))),
        ("InvoiceRef", Sql::Int, Entry::document_key),
        ("BanklineRef", Sql::Int, |_| Cell::Null),
        ("OpenTOMatch", Sql::VarChar(30), Entry::open),
        ("AllowToDelete", Sql::Int, |_| Cell::Int(1)),
    ]
}

/// What its answer looks like is not documented: taken to be as that of its older twin above.
pub(super) const FILTERED_EVENTS: Signature = Signature {
    name: "pixiCAGetEvents",
    params: &[
        opt("CustRef", Kind::Int),
        opt("EventID", Kind::Text(3)),
        opt("MaxAmount", Kind::Money),
        opt("MinAmount", Kind::Money),
        opt("InvoiceRef", Kind::Int),
        opt("DoNotRefund", Kind::Bit),
        opt("EventDateTo", Kind::DateTime),
        opt("PaymentCode", Kind::Text(1)),
        opt("ShowDeleted", Kind::Bit),
    ],
    run: filtered_events,
};

fn filtered_events(context: &mut Context<'_>, args: &Args) -> Result {
    // Nothing is ever kept from being refunded here.
    let only_kept_back = args.bit("DoNotRefund", false);
    let limit = |name: &str, entry: &Entry<'_>| args.money(name, entry.booking.currency);
    let found = entries(context.state)
        .filter(|_| !only_kept_back)
        .filter(|entry| args.key("CustRef").is_none_or(|key| key == entry.booking.customer))
        .filter(|entry| args.filter("EventID").is_none_or(|id| id == entry.booking.event))
        .filter(|entry| limit("MaxAmount", entry).is_none_or(|most| entry.booking.amount <= most))
        .filter(|entry| limit("MinAmount", entry).is_none_or(|least| entry.booking.amount >= least))
        .filter(|entry| args.key("InvoiceRef").is_none_or(|key| entry.document().is_some_and(|of| of.key == key)))
        .filter(|entry| args.time("EventDateTo").is_none_or(|to| entry.booking.date <= to))
        .filter(|entry| args.filter("PaymentCode").is_none_or(|code| entry.payment_code() == Some(code)));
    Ok(Answer::rows(RowSet::new(found, &event_columns())))
}

pub(super) const CUSTOMER_EVENTS: Signature = Signature {
    name: "pixiCAGetCustomerEvents",
    params: &[opt("ShopID", Kind::Text(3)), opt("CustRef", Kind::Int), opt("CustNrExt", Kind::Text(60))],
    run: customer_events,
};

fn customer_events(context: &mut Context<'_>, args: &Args) -> Result {
    let state = &*context.state;
    let known = |key: i64, test: &dyn Fn(&str, &str) -> bool| {
        state.customers.get(&key).is_some_and(|customer| test(&customer.shop, &customer.external))
    };
    let found = entries(state)
        .filter(|entry| args.key("CustRef").is_none_or(|key| key == entry.booking.customer))
        .filter(|e| args.filter("ShopID").is_none_or(|id| known(e.booking.customer, &|shop, _| shop == id)))
        .filter(|e| args.filter("CustNrExt").is_none_or(|nr| known(e.booking.customer, &|_, own| own == nr)));
    let columns: [Column<Entry<'_>>; 9] = [
        ("Amount", Sql::Money, Entry::amount),
        ("Number", Sql::VarChar(20), |v| Cell::optional(v.booking.document.as_deref())),
        ("CustRef", Sql::Int, |v| Cell::Int(v.booking.customer)),
        ("EventID", Sql::VarChar(3), |v| Cell::text(v.booking.event.as_str())),
        ("EventDate", Sql::DateTime, |v| Cell::Time(v.booking.date)),
        ("IsDeleted", Sql::Bit, |_| Cell::Bit(false)),
        ("Reference", Sql::VarChar(512), |v| Cell::optional(Some(&v.booking.comment))),
        ("OpenToMatch", Sql::Money, Entry::open),
        ("OrderCurrency", Sql::VarChar(3), |v| Cell::text(v.booking.currency.code())),
    ];
    Ok(Answer::rows(RowSet::new(found, &columns)))
}

pub(super) const MATCHES: Signature = Signature {
    name: "pixiCAGetInvoiceMatch",
    params: &[opt("InvoiceNr", Kind::Text(20)), opt("InvoiceKey", Kind::Int)],
    run: matches,
};

fn matches(context: &mut Context<'_>, args: &Args) -> Result {
    let state = &*context.state;
    let by_key = args.key("InvoiceKey").and_then(|key| state.documents.get(&key)).map(|document| document.nr.as_str());
    let nr = args.filter("InvoiceNr").or(by_key);
    let found =
        entries(state).filter(|entry| entry.is_matched() && nr.is_some() && entry.booking.document.as_deref() == nr);
    let columns: [Column<Entry<'_>>; 9] = [
        ("Amount", Sql::Money, Entry::amount),
        ("EventID", Sql::VarChar(3), |v| Cell::text(v.booking.event.as_str())),
        ("Matched", Sql::Money, Entry::amount),
        ("EventDate", Sql::DateTime, |v| Cell::Time(v.booking.date)),
        ("InvoiceNr", Sql::VarChar(20), |v| Cell::optional(v.booking.document.as_deref())),
        ("Reference", Sql::VarChar(512), |v| Cell::optional(Some(&v.booking.comment))),
        ("CreateDate", Sql::DateTime, |v| Cell::Time(v.booking.at)),
        ("InvoiceKey", Sql::Int, Entry::document_key),
        ("OrderCurrency", Sql::VarChar(3), |v| Cell::text(v.booking.currency.code())),
    ];
    Ok(Answer::rows(RowSet::new(found, &columns)))
}

fn entries(state: &State) -> impl Iterator<Item = Entry<'_>> {
    state.bookings.iter().map(move |booking| Entry { booking, state })
}
