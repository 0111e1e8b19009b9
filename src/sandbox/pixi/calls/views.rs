//! Rows as the reading calls see them: an order, line or document with what belongs to it.

use super::super::dialect::{Cell, Column, Sql};
use super::super::model::{Address, Document, DocumentKind, Line, SimOrder};
use super::super::state::State;
use crate::money::Currency;

/// An order with its installation.
#[derive(Clone, Copy)]
pub(super) struct OrderView<'a> {
    pub state: &'a State,
    pub order: &'a SimOrder,
}

impl<'a> OrderView<'a> {
    /// In the order's currency.
    pub fn money(&self, minor: i64) -> Cell {
        Cell::Money(self.order.currency.of(minor))
    }

    /// In the shop's base currency.
    pub fn base(&self, minor: i64) -> Cell {
        Cell::Money(self.base_currency().of(self.state.in_base(minor, self.order.currency, &self.order.shop)))
    }

    fn base_currency(&self) -> Currency {
        self.state.shop(&self.order.shop).map_or(Currency::EUR, |shop| shop.currency)
    }

    pub fn address(&self) -> Option<&'a Address> {
        self.state.addresses.get(&self.order.payment_address)
    }

    /// A part of the billing address.
    pub fn of_address(&self, part: fn(&Address) -> &str) -> Cell {
        Cell::optional(self.address().map(part))
    }

    fn tracking(&self) -> Cell {
        Cell::optional(self.order.lines.iter().rev().find_map(|line| line.tracking.as_deref()))
    }
}

/// A line with its order.
#[derive(Clone, Copy)]
pub(super) struct LineView<'a> {
    pub of: OrderView<'a>,
    pub line: &'a Line,
}

/// A document with its order, where the order still exists.
#[derive(Clone, Copy)]
pub(super) struct DocumentView<'a> {
    pub of: Option<OrderView<'a>>,
    pub document: &'a Document,
    pub state: &'a State,
}

impl<'a> DocumentView<'a> {
    pub fn new(state: &'a State, document: &'a Document) -> Self {
        let of = state.orders.get(&document.order).map(|order| OrderView { state, order });
        Self { of, document, state }
    }

    /// The sign its amounts are shown with.
    fn sign(&self) -> i64 {
        let negative = self.state.quirks.credit_notes.negative_total;
        if self.document.kind == DocumentKind::Credit && negative { -1 } else { 1 }
    }

    pub fn money(&self, minor: i64) -> Cell {
        let signed = minor * self.sign();
        self.of.map_or(Cell::Money(Currency::EUR.of(signed)), |order| order.money(signed))
    }

    pub fn base(&self, minor: i64) -> Cell {
        let signed = minor * self.sign();
        self.of.map_or(Cell::Money(Currency::EUR.of(signed)), |order| order.base(signed))
    }

    pub fn of_order(&self, cell: fn(&OrderView<'a>) -> Cell) -> Cell {
        self.of.as_ref().map_or(Cell::Null, cell)
    }

    pub fn of_address(&self, part: fn(&Address) -> &str) -> Cell {
        self.of.map_or(Cell::Null, |order| order.of_address(part))
    }

    /// InvoiceType: the letter this installation uses.
    pub fn kind(&self) -> Cell {
        Cell::text(match self.document.kind {
            DocumentKind::Invoice => "I",
            DocumentKind::Credit => "C",
        })
    }
}

/// Columns of an order header.
pub(super) fn order_columns<'a>() -> Vec<Column<OrderView<'a>>> {
    vec![
        ("OrderNr", Sql::Int, |v| Cell::Int(v.order.nr)),
        ("OrderNrExternal", Sql::VarChar(50), |v| Cell::text(v.order.external.as_str())),
        ("ShopID", Sql::Char(3), |v| Cell::text(v.order.shop.as_str())),
        ("CustKey", Sql::Int, |v| Cell::Int(v.order.customer)),
        ("PaymentType", Sql::Char(1), |v| Cell::text(v.order.payment_code.as_str())),
        ("ccpPayID", Sql::VarChar(50), |v| Cell::optional(v.order.pay_id.as_deref())),
        ("ccpLastAuthCode", Sql::VarChar(50), |v| Cell::optional(v.order.last_auth_code.as_deref())),
        ("ccpSetFailTries", Sql::Int, |v| Cell::Int(v.order.fail_tries)),
        ("OrderDate", Sql::DateTime, |v| Cell::Time(v.order.ordered)),
        ("CreateDate", Sql::DateTime, |v| Cell::Time(v.order.created)),
        ("UpdateDate", Sql::DateTime, |v| Cell::Time(v.order.updated)),
        ("ShipCost", Sql::Money, |v| v.base(v.order.ship_cost)),
        ("ShipCost_OrderCurr", Sql::Money, |v| v.money(v.order.ship_cost)),
        ("OrderTotal", Sql::Money, |v| v.base(v.order.total())),
        ("OrderTotal_OrderCurr", Sql::Money, |v| v.money(v.order.total())),
        ("OrderlinesTotal", Sql::Money, |v| v.base(v.order.lines_total())),
        ("Discount", Sql::Money, |v| v.base(v.order.discount)),
        ("OrderCurrency", Sql::VarChar(3), |v| Cell::text(v.order.currency.code())),
        ("WholeOrderState", Sql::VarChar(10), |v| Cell::text(v.order.state().code())),
        ("OrderLocked", Sql::VarChar(1), |v| Cell::yes_no(v.order.lock.is_some())),
        ("PaymentAddressId", Sql::Int, |v| Cell::Int(v.order.payment_address)),
        ("ShipmentAddressId", Sql::Int, |v| Cell::Int(v.order.ship_address)),
        ("TrackingID", Sql::VarChar(50), OrderView::tracking),
        ("ShipVendor", Sql::VarChar(20), |_| Cell::text("DHL")),
        ("ZIP", Sql::VarChar(10), |v| v.of_address(|a| &a.zip)),
        ("Blz", Sql::VarChar(8), |v| v.of_address(|a| &a.blz)),
    ]
}
