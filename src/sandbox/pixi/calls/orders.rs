//! Orders: headers, lines, totals, lock, release.

use super::super::dialect::{Answer, Cell, Column, RowSet, Sql};
use super::super::model::{Lock, SimOrder};
use super::super::params::{Args, Kind, opt, req};
use super::super::state::State;
use super::views::{LineView, OrderView};
use super::{Context, Result, Signature, work_lists};

pub(super) const HEADER: Signature = Signature {
    name: "pixiGetOrderHeader",
    params: &[
        opt("OrderNr", Kind::Int),
        opt("OrderNrExternal", Kind::Text(50)),
        opt("CustKey", Kind::Int),
        opt("FromTime", Kind::DateTime),
        opt("ShopID", Kind::Text(3)),
        opt("RowCount", Kind::Int),
        opt("UntilTime", Kind::DateTime),
        opt("PaymentType", Kind::Text(1)),
        opt("FromUpdateTime", Kind::DateTime),
        opt("ShippingCountry", Kind::Text(3)),
    ],
    run: header,
};

fn header(context: &mut Context<'_>, args: &Args) -> Result {
    let state = &*context.state;
    let country = |order: &SimOrder| state.addresses.get(&order.ship_address).map_or("", |a| a.country.as_str());
    let found = selected(state, args.key("OrderNr"))
        .filter(|order| args.filter("OrderNrExternal").is_none_or(|nr| nr == order.external))
        .filter(|order| args.key("CustKey").is_none_or(|key| key == order.customer))
        .filter(|order| args.filter("ShopID").is_none_or(|shop| shop == order.shop))
        .filter(|order| args.filter("PaymentType").is_none_or(|code| code == order.payment_code))
        .filter(|order| args.time("FromTime").is_none_or(|from| order.ordered >= from))
        .filter(|order| args.time("UntilTime").is_none_or(|until| order.ordered <= until))
        .filter(|order| args.time("FromUpdateTime").is_none_or(|from| order.updated >= from))
        .filter(|order| args.filter("ShippingCountry").is_none_or(|code| code == country(order)))
        .take(args.rows(1000))
        .map(|order| OrderView { state, order });
    Ok(work_lists::headers(found))
}

/// One order, or all where no number is asked for.
fn selected(state: &State, nr: Option<i64>) -> Box<dyn Iterator<Item = &SimOrder> + '_> {
    match nr {
        Some(nr) => Box::new(state.orders.get(&nr).into_iter()),
        None => Box::new(state.orders.values()),
    }
}

pub(super) const LINES: Signature = Signature {
    name: "pixiGetOrderline",
    params: &[
        opt("ShopID", Kind::Text(3)),
        opt("Status", Kind::Text(3)),
        opt("OrderNR", Kind::Int),
        opt("RowCount", Kind::Int),
        opt("InvoiceNr", Kind::Text(50)),
        opt("OrderDateTo", Kind::DateTime),
        opt("PaymentType", Kind::Text(1)),
        opt("OrderlineKey", Kind::Int),
        opt("UpdateDateTo", Kind::DateTime),
        opt("OrderDateFrom", Kind::DateTime),
        opt("ShowOrderlines", Kind::Bit),
    ],
    run: lines,
};

fn lines(context: &mut Context<'_>, args: &Args) -> Result {
    let state = &*context.state;
    let found = selected(state, args.key("OrderNR"))
        .filter(|order| args.filter("ShopID").is_none_or(|shop| shop == order.shop))
        .filter(|order| args.filter("PaymentType").is_none_or(|code| code == order.payment_code))
        .filter(|order| args.time("OrderDateFrom").is_none_or(|from| order.ordered >= from))
        .filter(|order| args.time("OrderDateTo").is_none_or(|to| order.ordered <= to))
        .flat_map(|order| order.lines.iter().map(move |line| LineView { of: OrderView { state, order }, line }))
        .filter(|view| args.filter("Status").is_none_or(|status| status == view.line.state.code()))
        .filter(|view| args.filter("InvoiceNr").is_none_or(|nr| view.line.invoice.as_deref() == Some(nr)))
        .filter(|view| args.key("OrderlineKey").is_none_or(|key| key == view.line.key))
        .filter(|view| args.time("UpdateDateTo").is_none_or(|to| view.line.updated <= to))
        .take(args.rows(1000));
    let columns: [Column<LineView<'_>>; 18] = [
        ("OrderlineKey", Sql::Int, |v| Cell::Int(v.line.key)),
        ("OrderNr", Sql::Int, |v| Cell::Int(v.of.order.nr)),
        ("OrderNrExternal", Sql::VarChar(50), |v| Cell::text(v.of.order.external.as_str())),
        ("ShopID", Sql::Char(3), |v| Cell::text(v.of.order.shop.as_str())),
        ("Status", Sql::Char(3), |v| Cell::text(v.line.state.code())),
        ("Qty", Sql::Int, |v| Cell::Int(v.line.qty)),
        ("Price", Sql::Money, |v| v.of.base(v.line.price)),
        ("Price_OrderCurr", Sql::Money, |v| v.of.money(v.line.price)),
        ("OrderCurrency", Sql::VarChar(3), |v| Cell::text(v.of.order.currency.code())),
        ("ItemNrInt", Sql::VarChar(50), |v| Cell::text(v.line.item.as_str())),
        ("ArtName", Sql::NVarChar(120), |v| Cell::text(v.line.item.as_str())),
        ("ShipCost", Sql::Money, |v| v.of.base(0)),
        ("ShipCost_OrderCurr", Sql::Money, |v| v.of.money(0)),
        ("DiscountValue", Sql::Money, |v| v.of.base(0)),
        ("DFShipmentTrackingID", Sql::VarChar(50), |v| Cell::optional(v.line.tracking.as_deref())),
        ("OrderDate", Sql::DateTime, |v| Cell::Time(v.of.order.ordered)),
        ("CreateDate", Sql::DateTime, |v| Cell::Time(v.line.created)),
        ("UpdateDate", Sql::DateTime, |v| Cell::Time(v.line.updated)),
    ];
    Ok(Answer::rows(RowSet::new(found, &columns)))
}

pub(super) const TOTALS: Signature = Signature {
    name: "pixiGetOrderTotals",
    params: &[opt("OrderNr", Kind::Int), opt("OrderNrExternal", Kind::Text(50)), opt("CustKey", Kind::Int)],
    run: totals,
};

/// One row per line that is not cancelled; sums of the order repeat, in order currency.
fn totals(context: &mut Context<'_>, args: &Args) -> Result {
    let state = &*context.state;
    if args.key("OrderNr").is_none() && args.filter("OrderNrExternal").is_none() && args.key("CustKey").is_none() {
        return Ok(Answer::nothing());
    }
    let found = selected(state, args.key("OrderNr"))
        .filter(|order| args.filter("OrderNrExternal").is_none_or(|nr| nr == order.external))
        .filter(|order| args.key("CustKey").is_none_or(|key| key == order.customer))
        .flat_map(|order| order.lines.iter().map(move |line| LineView { of: OrderView { state, order }, line }))
        .filter(|view| !view.line.state.is_cancelled());
    let columns: [Column<LineView<'_>>; 10] = [
        ("OrderNr", Sql::Int, |v| Cell::Int(v.of.order.nr)),
        ("ArtName", Sql::NVarChar(120), |v| Cell::text(v.line.item.as_str())),
        ("Qty", Sql::Int, |v| Cell::Int(v.line.qty)),
        ("Price", Sql::Money, |v| v.of.money(v.line.price)),
        ("Subtotal", Sql::Money, |v| v.of.money(v.line.total())),
        ("Discount", Sql::Money, |v| v.of.money(v.of.order.discount)),
        ("ShipCost", Sql::Money, |v| v.of.money(v.of.order.ship_cost)),
        ("OrderTotal", Sql::Money, |v| v.of.money(v.of.order.total())),
        ("OrderCurrency", Sql::VarChar(3), |v| Cell::text(v.of.order.currency.code())),
        ("ItemNote", Sql::VarChar(60), |_| Cell::Null),
    ];
    Ok(Answer::rows(RowSet::new(found, &columns)))
}

pub(super) const LOCK: Signature = Signature {
    name: "pixiSetOrderShippingLock",
    params: &[
        req("OrderNr", Kind::Int),
        opt("Locked", Kind::Bit),
        opt("UserName", Kind::Text(50)),
        opt("Reason", Kind::Text(255)),
    ],
    run: lock,
};

fn lock(context: &mut Context<'_>, args: &Args) -> Result {
    let now = context.now;
    let nr = args.int("OrderNr").unwrap_or(0);
    let Some(order) = context.state.orders.get_mut(&nr) else {
        return Ok(Answer::status("ERROR", &format!("Order {nr} does not exist.")));
    };
    let locked = args.bit("Locked", true);
    if locked == order.lock.is_some() {
        return Ok(Answer::status("INFO", if locked { "Order is already locked." } else { "Order is not locked." }));
    }
    let user = args.filter("UserName").unwrap_or("API").to_owned();
    let reason = args.filter("Reason").map_or_else(|| format!("Shipping lock set by {user}"), str::to_owned);
    order.lock = locked.then_some(Lock { user, reason, at: now });
    order.updated = now;
    Ok(Answer::status("OK", ""))
}

pub(super) const RELEASE: Signature = Signature {
    name: "pixiReleaseOrder",
    params: &[req("ShopId", Kind::Text(3)), req("OrderNrExternal", Kind::Text(50))],
    run: release,
};

fn release(context: &mut Context<'_>, args: &Args) -> Result {
    let now = context.now;
    let shop = args.filter("ShopId").unwrap_or_default();
    let external = args.filter("OrderNrExternal").unwrap_or_default();
    let found = context.state.orders.values_mut().find(|order| order.shop == shop && order.external == external);
    let (code, released) = match found {
        Some(order) => ("OK", order.release(now)),
        None => ("ERROR", 0),
    };
    let columns: [Column<(&str, i64)>; 2] =
        [("ReturnCode", Sql::VarChar(5), |row| Cell::text(row.0)), ("AffectedRows", Sql::Int, |row| Cell::Int(row.1))];
    Ok(Answer::rows(RowSet::new([(code, released)], &columns)))
}

pub(super) const CAN_CHANGE_ADDRESS: Signature = Signature {
    name: "pixiCanChangeAddress",
    params: &[opt("OrderNr", Kind::Int), opt("OrderNrExternal", Kind::Text(50))],
    run: can_change_address,
};

fn can_change_address(context: &mut Context<'_>, args: &Args) -> Result {
    let found = by_number(context.state, args);
    Ok(Answer::Scalar(i64::from(found.is_some_and(may_change_address))))
}

/// The order meant by OrderNr or OrderNrExternal.
pub(super) fn by_number<'a>(state: &'a State, args: &Args) -> Option<&'a SimOrder> {
    match (args.key("OrderNr"), args.filter("OrderNrExternal")) {
        (Some(nr), _) => state.orders.get(&nr),
        (None, Some(external)) => state.orders.values().find(|order| order.external == external),
        (None, None) => None,
    }
}

/// Until the first line is on an invoice.
pub(super) fn may_change_address(order: &SimOrder) -> bool {
    !order.lines.iter().any(|line| line.state.is_shipped())
}
