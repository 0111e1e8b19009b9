//! The pay calls: what a payment app reports back (pixi/NOTES 9).

use super::super::dialect::{Answer, Cell, Column, RowSet, Sql};
use super::super::model::{Booking, CaptureCall, CcpCall, CcpEntry, DocumentKind, LineState, SimOrder};
use super::super::params::{Args, Kind, SqlError, opt, req};
use super::{Context, Result, Signature};
use crate::money::Currency;

pub(super) const SET_AUTHORIZATION: Signature = Signature {
    name: "pixiPaySetAuthorizationStatus",
    params: &[
        opt("AuthID", Kind::Text(50)),
        opt("Message", Kind::Text(200)),
        opt("OrderNr", Kind::Int),
        opt("Success", Kind::Bit),
        opt("AuthCode", Kind::Text(50)),
    ],
    run: set_authorization,
};

fn set_authorization(context: &mut Context<'_>, args: &Args) -> Result {
    let (now, releases) = (context.now, context.state.quirks.behaviour.authorization_releases);
    let nr = args.int("OrderNr").unwrap_or(0);
    let success = args.bit("Success", false);
    let order = context.state.orders.get_mut(&nr).ok_or_else(|| unknown_order(nr))?;
    if let Some(id) = args.filter("AuthID") {
        order.pay_id = Some(id.to_owned());
    }
    if let Some(code) = args.filter("AuthCode") {
        order.last_auth_code = Some(code.to_owned());
    }
    order.updated = now;
    if success {
        order.fail_tries = 0;
        if releases {
            order.release(now);
        }
    } else {
        order.fail_tries += 1;
    }
    log(context, nr, CcpCall::Auth, success, args);
    Ok(Answer::nothing())
}

fn unknown_order(nr: i64) -> SqlError {
    SqlError::raised(format!("Order {nr} does not exist."))
}

fn log(context: &mut Context<'_>, order: i64, call: CcpCall, success: bool, args: &Args) {
    let message = args.text("Message").unwrap_or_default().to_owned();
    context.state.ccp_log.push(CcpEntry { order, call, success, message, at: context.now });
}

pub(super) const SET_CAPTURE: Signature = Signature {
    name: "pixiPaySetInvoiceCapture",
    params: &[
        req("PayID", Kind::Text(50)),
        opt("EventID", Kind::Text(3)),
        req("Message", Kind::Text(200)),
        req("PayCode", Kind::Text(50)),
        req("Success", Kind::Bit),
        req("InvoiceNr", Kind::Text(20)),
        req("CaptureSum", Kind::Money),
        req("SetRemainingOrdersToHAL", Kind::Bit),
    ],
    run: set_capture,
};

fn set_capture(context: &mut Context<'_>, args: &Args) -> Result {
    let nr = args.filter("InvoiceNr").unwrap_or_default().to_owned();
    let document = context.state.document(&nr);
    let document = document.ok_or_else(|| SqlError::raised(format!("Invoice {nr} does not exist.")))?.clone();
    let (customer, currency) = context
        .state
        .orders
        .get(&document.order)
        .map(|order| (order.customer, order.currency))
        .ok_or_else(|| unknown_order(document.order))?;
    let success = args.bit("Success", false);
    let sum = args.money("CaptureSum", currency).unwrap_or(0);
    let event = args.filter("EventID").map(str::to_owned);
    if success {
        let event = payment_event(context, event.as_deref())?;
        if sum <= 0 {
            return Err(SqlError::raised("CaptureSum must be positive."));
        }
        book_capture(context, args, &document.nr, Paid { event, customer, sum, currency });
    } else {
        undo(context, &nr);
    }
    if args.bit("SetRemainingOrdersToHAL", false)
        && let Some(order) = context.state.orders.get_mut(&document.order)
    {
        hold_rest(order, context.now);
    }
    let call = CaptureCall {
        invoice: nr,
        success,
        sum,
        pay_id: args.text("PayID").unwrap_or_default().to_owned(),
        event,
        message: args.text("Message").unwrap_or_default().to_owned(),
        at: context.now,
    };
    context.state.captures.push(call);
    log(context, document.order, CcpCall::Capture, success, args);
    let answers = context.state.quirks.behaviour.capture_answers_row;
    Ok(if answers { Answer::status("OK", "") } else { Answer::nothing() })
}

/// The event to book with: it must be set up and stand for money that came in.
fn payment_event(context: &Context<'_>, id: Option<&str>) -> Result<String> {
    let id = id.ok_or_else(|| SqlError::raised("EventID is mandatory when Success is 1."))?;
    match context.state.event(id) {
        Some(event) if event.positive => Ok(event.id.clone()),
        Some(_) => Err(SqlError::raised(format!("Event {id} is not a payment event."))),
        None => Err(SqlError::raised(format!("Event {id} is not defined."))),
    }
}

struct Paid {
    event: String,
    customer: i64,
    sum: i64,
    currency: Currency,
}

/// Books whatever is reported: nobody looks whether it was reported before.
fn book_capture(context: &mut Context<'_>, args: &Args, nr: &str, paid: Paid) {
    let now = context.now;
    let key = context.state.next_log();
    let is_credit = context.state.document(nr).is_some_and(|document| document.kind == DocumentKind::Credit);
    let booking = Booking {
        key,
        customer: paid.customer,
        event: paid.event,
        amount: paid.sum,
        currency: paid.currency,
        document: Some(nr.to_owned()),
        comment: args.text("Message").unwrap_or_default().to_owned(),
        date: now,
        at: now,
        unlinked: false,
    };
    context.state.book(booking, !is_credit);
    if let Some(document) = context.state.document_mut(nr) {
        document.fail_tries = 0;
        document.mark_paid(true, now);
    }
}

/// Sets an invoice back to unpaid, even one that was paid.
fn undo(context: &mut Context<'_>, nr: &str) {
    let now = context.now;
    if let Some(document) = context.state.document_mut(nr) {
        document.paid_sum = 0;
        document.fail_tries += 1;
        document.mark_paid(false, now);
    }
    for booking in context.state.bookings.iter_mut().filter(|booking| booking.document.as_deref() == Some(nr)) {
        booking.unlinked = true;
    }
}

fn hold_rest(order: &mut SimOrder, now: crate::clock::Time) {
    for line in order.lines.iter_mut().filter(|line| line.state == LineState::Ang) {
        line.set_state(LineState::Hal, now);
    }
    order.updated = now;
}

pub(super) const CREDIT_CARD_INFO: Signature =
    Signature { name: "pixiGetCreditCardInfo", params: &[req("OrderNr", Kind::Int)], run: credit_card_info };

fn credit_card_info(context: &mut Context<'_>, args: &Args) -> Result {
    let found = context.state.orders.get(&args.int("OrderNr").unwrap_or(0)).filter(|order| order.card_info.is_some());
    let columns: [Column<&SimOrder>; 5] = [
        ("OrderNr", Sql::Int, |order| Cell::Int(order.nr)),
        ("ccpPayID", Sql::VarChar(50), |order| Cell::optional(order.card_info.as_deref())),
        ("CcCardType", Sql::VarChar(20), |_| Cell::Null),
        ("CcCardNr", Sql::VarChar(30), |_| Cell::Null),
        ("CcCardName", Sql::VarChar(60), |_| Cell::Null),
    ];
    Ok(Answer::rows(RowSet::new(found, &columns)))
}
