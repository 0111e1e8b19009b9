//! The lists a payment app works through (pixi/NOTES 9) and the changed orders.

use super::super::dialect::{Answer, Cell, Column, RowSet, Sql};
use super::super::model::{Document, DocumentKind, LineState};
use super::super::params::{Args, Kind, opt, req};
use super::views::{DocumentView, OrderView, order_columns};
use super::{Context, Result, Signature};
use crate::clock::Time;

/// More failures than this and a row shows only with ShowAll.
const TRIES: i64 = 3;

pub(super) const ORDERS_TO_AUTHORIZE: Signature = Signature {
    name: "pixiPayGetOrdersToAuthorize",
    params: &[opt("PaymentCode", Kind::Text(1)), opt("ShowAll", Kind::Bit), opt("RowCount", Kind::Int)],
    run: orders_to_authorize,
};

fn orders_to_authorize(context: &mut Context<'_>, args: &Args) -> Result {
    let state = &*context.state;
    let show_all = args.bit("ShowAll", false);
    let waiting = state
        .orders
        .values()
        .filter(|order| args.filter("PaymentCode").is_none_or(|code| code == order.payment_code))
        .filter(|order| order.lines.iter().any(|line| line.state == LineState::Hal))
        .filter(|order| show_all || order.fail_tries <= TRIES)
        .take(args.rows(30))
        .map(|order| OrderView { state, order });
    let columns: [Column<OrderView<'_>>; 16] = [
        ("OrderNr", Sql::Int, |v| Cell::Int(v.order.nr)),
        ("OrderNrExternal", Sql::VarChar(50), |v| Cell::text(v.order.external.as_str())),
        ("ShopID", Sql::Char(3), |v| Cell::text(v.order.shop.as_str())),
        ("ccpPayID", Sql::VarChar(50), |v| Cell::optional(v.order.pay_id.as_deref())),
        ("ccpSetFailTries", Sql::Int, |v| Cell::Int(v.order.fail_tries)),
        ("ShipCost", Sql::Money, |v| v.base(v.order.ship_cost)),
        ("FirstName", Sql::VarChar(60), |v| v.of_address(|a| &a.first_name)),
        ("LastName", Sql::VarChar(60), |v| v.of_address(|a| &a.last_name)),
        ("CareOf", Sql::VarChar(60), |v| v.of_address(|a| &a.care_of)),
        ("Address", Sql::VarChar(110), |v| v.of_address(|a| &a.street)),
        ("ZIP", Sql::VarChar(10), |v| v.of_address(|a| &a.zip)),
        ("City", Sql::VarChar(50), |v| v.of_address(|a| &a.city)),
        ("Country", Sql::Char(3), |v| v.of_address(|a| &a.country)),
        ("Phone", Sql::VarChar(60), |v| v.of_address(|a| &a.phone)),
        ("CardOwner", Sql::VarChar(60), |_| Cell::Null),
        ("CardCVC", Sql::VarChar(4), |_| Cell::Null),
    ];
    Ok(Answer::rows(RowSet::new(waiting, &columns)))
}

pub(super) const INVOICES_TO_CAPTURE: Signature = Signature {
    name: "pixiPayGetInvoicesToCapture",
    params: &[
        opt("PaymentCode", Kind::Text(1)),
        opt("ShowAll", Kind::Bit),
        opt("RowCount", Kind::Int),
        opt("FromInvoiceId", Kind::Int),
    ],
    run: invoices_to_capture,
};

fn invoices_to_capture(context: &mut Context<'_>, args: &Args) -> Result {
    let state = &*context.state;
    let show_all = args.bit("ShowAll", false);
    let quirks = state.quirks;
    let from = args.int("FromInvoiceId").unwrap_or(0) + i64::from(!quirks.behaviour.from_invoice_inclusive);
    let listed = |document: &&Document| match document.kind {
        DocumentKind::Invoice => document.shipped.is_some(),
        DocumentKind::Credit => quirks.credit_notes.in_capture_list,
    };
    let open = state
        .documents
        .range(from..)
        .map(|(_, document)| document)
        .filter(listed)
        .filter(|document| !document.paid && (show_all || document.fail_tries <= TRIES))
        .map(|document| DocumentView::new(state, document))
        .filter(|view| {
            let of = |code: &str| view.of.is_some_and(|of| of.order.payment_code == code);
            view.of.is_some() && args.filter("PaymentCode").is_none_or(of)
        })
        .take(args.rows(30));
    let columns: [Column<DocumentView<'_>>; 19] = [
        ("InvoiceKey", Sql::Int, |v| Cell::Int(v.document.key)),
        ("InvoiceNr", Sql::VarChar(20), |v| Cell::text(v.document.nr.as_str())),
        ("InvoiceType", Sql::VarChar(1), DocumentView::kind),
        ("OrderNr", Sql::Int, |v| Cell::Int(v.document.order)),
        ("CustKey", Sql::Int, |v| v.of_order(|o| Cell::Int(o.order.customer))),
        ("ShopID", Sql::Char(3), |v| v.of_order(|o| Cell::text(o.order.shop.as_str()))),
        ("Total", Sql::Money, |v| v.base(v.document.total)),
        ("Total_OrderCurr", Sql::Money, |v| v.money(v.document.total)),
        ("OrderCurrency", Sql::VarChar(3), |v| v.of_order(|o| Cell::text(o.order.currency.code()))),
        ("ccpPayID", Sql::VarChar(50), |v| v.of_order(|o| Cell::optional(o.order.pay_id.as_deref()))),
        ("ccpSetFailTries", Sql::Int, |v| Cell::Int(v.document.fail_tries)),
        ("PaidSum", Sql::Money, |v| v.money(v.document.paid_sum)),
        ("CareOf", Sql::VarChar(60), |v| v.of_address(|a| &a.care_of)),
        ("Address", Sql::VarChar(110), |v| v.of_address(|a| &a.street)),
        ("ZIP", Sql::VarChar(10), |v| v.of_address(|a| &a.zip)),
        ("City", Sql::VarChar(50), |v| v.of_address(|a| &a.city)),
        ("Phone", Sql::VarChar(60), |v| v.of_address(|a| &a.phone)),
        ("eMail", Sql::VarChar(60), |v| v.of_address(|a| &a.email)),
        ("CardCVC", Sql::VarChar(4), |_| Cell::Null),
    ];
    let set = RowSet::new(open, &columns);
    Ok(Answer::rows(if quirks.credit_notes.type_column { set } else { set.without("InvoiceType") }))
}

pub(super) const CHANGED_ORDERS: Signature = Signature {
    name: "pixiGetChangedOrders",
    params: &[
        req("DateTimeFrom", Kind::DateTime),
        opt("skipGetXMLValue", Kind::Bit),
        opt("ReturnOnlyDFOrders", Kind::Bit),
    ],
    run: changed_orders,
};

fn changed_orders(context: &mut Context<'_>, args: &Args) -> Result {
    struct Changed<'a>(OrderView<'a>, Time);
    let (state, until) = (&*context.state, context.now);
    let from = args.time("DateTimeFrom").unwrap_or(until);
    // What pixi keeps is local time: in the doubled hour moments an hour apart compare as equal.
    let local = |time: Time| time.with_timezone(&context.zone).naive_local();
    let in_window = |updated: Time| local(updated) >= local(from) && local(updated) <= local(until);
    let only_direct_fulfilment = args.bit("ReturnOnlyDFOrders", false);
    let changed = state
        .orders
        .values()
        .filter(|order| !only_direct_fulfilment && in_window(order.updated))
        .map(|order| Changed(OrderView { state, order }, until));
    let columns: [Column<Changed<'_>>; 12] = [
        ("OrderNr", Sql::Int, |v| Cell::Int(v.0.order.nr)),
        ("OrderNrExternal", Sql::VarChar(50), |v| Cell::text(v.0.order.external.as_str())),
        ("ShopID", Sql::VarChar(3), |v| Cell::text(v.0.order.shop.as_str())),
        ("CustKey", Sql::Int, |v| Cell::Int(v.0.order.customer)),
        ("PaymentType", Sql::VarChar(1), |v| Cell::text(v.0.order.payment_code.as_str())),
        ("OrderLocked", Sql::VarChar(1), |v| Cell::yes_no(v.0.order.lock.is_some())),
        ("ShipCost", Sql::Money, |v| v.0.base(v.0.order.ship_cost)),
        ("OrderDate", Sql::DateTime, |v| Cell::Time(v.0.order.ordered)),
        ("CreateDate", Sql::DateTime, |v| Cell::Time(v.0.order.created)),
        ("UpdateDate", Sql::DateTime, |v| Cell::Time(v.0.order.updated)),
        ("ShopNote", Sql::VarChar(255), |_| Cell::Null),
        ("DateTimeTo", Sql::DateTime, |v| Cell::Time(v.1)),
    ];
    Ok(Answer::rows(RowSet::new(changed, &columns)))
}

/// Header rows of these orders.
pub(super) fn headers<'a>(orders: impl Iterator<Item = OrderView<'a>>) -> Answer {
    Answer::rows(RowSet::new(orders, &order_columns()))
}
