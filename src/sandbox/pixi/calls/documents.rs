//! Invoices and credit notes.

use super::super::dialect::{Answer, Cell, Column, RowSet, Sql};
use super::super::model::{Document, DocumentKind, DocumentLine};
use super::super::params::{Args, Kind, anywhere, opt, req};
use super::super::state::State;
use super::views::DocumentView;
use super::{Context, Result, Signature};

pub(super) const INVOICES: Signature = Signature {
    name: "pixiGetInvoice",
    params: &[
        opt("ShopID", Kind::Text(3)),
        opt("OrderNR", Kind::Int),
        opt("RowCount", Kind::Int),
        opt("StartKey", Kind::Int),
        anywhere("InvoiceNr", Kind::Text(20)),
        anywhere("InvDateFrom", Kind::DateTime),
        anywhere("InvDateTo", Kind::DateTime),
    ],
    run: invoices,
};

fn invoices(context: &mut Context<'_>, args: &Args) -> Result {
    let state = &*context.state;
    let found: Vec<DocumentView<'_>> = selected(state, args)
        .filter(|document| args.int("StartKey").is_none_or(|key| document.key > key))
        .filter(|document| args.filter("InvoiceNr").is_none_or(|nr| nr == document.nr))
        .filter(|document| args.time("InvDateFrom").is_none_or(|from| document.made >= from))
        .filter(|document| args.time("InvDateTo").is_none_or(|to| document.made <= to))
        .map(|document| DocumentView::new(state, document))
        .filter(|view| args.filter("ShopID").is_none_or(|shop| view.of.is_some_and(|of| of.order.shop == shop)))
        .take(args.rows(1000))
        .collect();
    let total_rows = i64::try_from(found.len()).unwrap_or(i64::MAX);
    let columns: [Column<(DocumentView<'_>, i64)>; 22] = [
        ("InvoiceKey", Sql::Int, |v| Cell::Int(v.0.document.key)),
        ("InvoiceNr", Sql::VarChar(20), |v| Cell::text(v.0.document.nr.as_str())),
        ("InvoiceType", Sql::VarChar(1), |v| v.0.kind()),
        ("OrderNr", Sql::Int, |v| Cell::Int(v.0.document.order)),
        ("OrderNrExternal", Sql::VarChar(50), |v| v.0.of_order(|o| Cell::text(o.order.external.as_str()))),
        ("ShopID", Sql::Char(3), |v| v.0.of_order(|o| Cell::text(o.order.shop.as_str()))),
        ("CustKey", Sql::Int, |v| v.0.of_order(|o| Cell::Int(o.order.customer))),
        ("Total", Sql::Money, |v| v.0.base(v.0.document.total)),
        ("Total_OrderCurr", Sql::Money, |v| v.0.money(v.0.document.total)),
        ("Total_ShipCost", Sql::Money, |v| v.0.base(v.0.document.ship_cost)),
        ("Total_ShipCost_OrderCurr", Sql::Money, |v| v.0.money(v.0.document.ship_cost)),
        ("OrderCurrency", Sql::VarChar(3), |v| v.0.of_order(|o| Cell::text(o.order.currency.code()))),
        ("PaymentCode", Sql::Char(1), |v| v.0.of_order(|o| Cell::text(o.order.payment_code.as_str()))),
        ("Paid", Sql::Bit, |v| Cell::Bit(v.0.document.paid)),
        ("PaidSum", Sql::Money, |v| v.0.money(v.0.document.paid_sum)),
        ("PaidDate", Sql::DateTime, |v| Cell::time(v.0.document.paid_at)),
        ("InvDate", Sql::DateTime, |v| Cell::Time(v.0.document.made)),
        ("ScanOutDate", Sql::DateTime, |v| Cell::time(v.0.document.shipped)),
        ("ShipmentTrackingID", Sql::VarChar(50), |v| Cell::optional(v.0.document.tracking.as_deref())),
        ("CreateDate", Sql::DateTime, |v| Cell::Time(v.0.document.made)),
        ("UpdateDate", Sql::DateTime, |v| Cell::Time(v.0.document.updated)),
        ("TotalRows", Sql::Int, |v| Cell::Int(v.1)),
    ];
    let set = RowSet::new(found.into_iter().map(|view| (view, total_rows)), &columns);
    Ok(Answer::rows(if state.quirks.credit_notes.type_column { set } else { set.without("InvoiceType") }))
}

/// The documents of one order, or all, by key.
fn selected<'a>(state: &'a State, args: &Args) -> Box<dyn Iterator<Item = &'a Document> + 'a> {
    match args.key("OrderNR") {
        Some(nr) => match state.orders.get(&nr) {
            Some(order) => Box::new(order.documents.iter().filter_map(|key| state.documents.get(key))),
            None => Box::new(state.documents.values().filter(move |document| document.order == nr)),
        },
        None => Box::new(state.documents.values()),
    }
}

pub(super) const LINES: Signature = Signature {
    name: "pixiGetInvoiceLines",
    params: &[req("InvoiceNr", Kind::Text(50)), opt("IncludeSpecialInvLines", Kind::Bit)],
    run: lines,
};

struct Part<'a> {
    view: DocumentView<'a>,
    line: DocumentLine,
    /// Shipping cost of this line.
    ship_cost: i64,
}

impl Part<'_> {
    /// State of the order line behind it; what the document itself tells where there is none.
    fn status(&self) -> Cell {
        let of_line = self
            .view
            .of
            .and_then(|of| of.order.lines.iter().find(|line| Some(line.key) == self.line.line))
            .map(|line| line.state.code());
        Cell::text(of_line.unwrap_or(match self.view.document.kind {
            DocumentKind::Invoice => "AUS",
            DocumentKind::Credit => "RET",
        }))
    }
}

fn lines(context: &mut Context<'_>, args: &Args) -> Result {
    let state = &*context.state;
    let Some(document) = args.filter("InvoiceNr").and_then(|nr| state.document(nr)) else {
        return Ok(Answer::rows(RowSet::new(std::iter::empty(), &columns())));
    };
    let view = DocumentView::new(state, document);
    let mut parts: Vec<Part<'_>> =
        document.lines.iter().map(|line| Part { view, line: line.clone(), ship_cost: 0 }).collect();
    if args.bit("IncludeSpecialInvLines", false) && document.ship_cost > 0 {
        let (key, order) = (document.key, document.order);
        let line = DocumentLine { key, order, line: None, item: "ZZZ".to_owned(), qty: 1, price: document.ship_cost };
        parts.push(Part { view, line, ship_cost: document.ship_cost });
    }
    Ok(Answer::rows(RowSet::new(parts, &columns())))
}

fn columns<'a>() -> [Column<Part<'a>>; 16] {
    [
        ("InvoiceLineKey", Sql::Int, |v| Cell::Int(v.line.key)),
        ("OrderLineRef", Sql::Int, |v| v.line.line.map_or(Cell::Null, Cell::Int)),
        ("OrderNr", Sql::Int, |v| Cell::Int(v.line.order)),
        ("Status", Sql::VarChar(3), Part::status),
        ("ItemQty", Sql::Int, |v| Cell::Int(v.line.qty)),
        ("OrderQty", Sql::Int, |v| Cell::Int(v.line.qty)),
        ("ItemPrice", Sql::Money, |v| v.view.base(v.line.price)),
        ("ItemPrice_OrderCurr", Sql::Money, |v| v.view.money(v.line.price)),
        ("ShipCost", Sql::Money, |v| v.view.base(v.ship_cost)),
        ("ShipCost_OrderCurr", Sql::Money, |v| v.view.money(v.ship_cost)),
        ("ItemText", Sql::NVarChar(120), |v| Cell::text(v.line.item.as_str())),
        ("ArtName", Sql::NVarChar(120), |v| Cell::text(v.line.item.as_str())),
        ("ItemNr", Sql::VarChar(13), |v| Cell::text(v.line.item.as_str())),
        ("ArtNr", Sql::VarChar(50), |v| Cell::text(v.line.item.as_str())),
        ("ItemVAT", Sql::VarChar(1), |_| Cell::text("H")),
        ("BoxNr", Sql::Int, |_| Cell::Null),
    ]
}
