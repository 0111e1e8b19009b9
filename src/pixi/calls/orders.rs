//! Orders: headers, lines, totals.

use std::fmt;

use crate::config::ids::{MandantId, PaymentCode};
use crate::money::{Currency, Money};
use crate::pixi::client::{Listing, PixiClient};
use crate::pixi::columns::{CellError, Cells, ColumnSpec, FromRow, columns};
use crate::pixi::envelope::Params;
use crate::pixi::error::PixiError;
use crate::pixi::local_time::LocalTime;

/// Header of an order (pixiGetOrderHeader).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderHeader {
    /// pixi order number.
    pub order_nr: i64,
    /// Order number of the shop.
    pub order_nr_external: Option<String>,
    /// Mandant.
    pub shop_id: MandantId,
    /// pixi customer.
    pub cust_key: Option<i64>,
    /// Payment type.
    pub payment_type: Option<PaymentCode>,
    /// Payment reference.
    pub ccp_pay_id: Option<String>,
    /// Last AuthCode set.
    pub ccp_last_auth_code: Option<String>,
    /// Date of the order.
    pub order_date: Option<LocalTime>,
    /// Order total.
    pub order_total: Option<Money>,
    /// Currency the row names.
    pub order_currency: Option<Currency>,
    /// True where the total comes from a column in order currency.
    pub in_order_currency: bool,
    /// True where a decimal was rounded away.
    pub rounded: bool,
    /// Shipping cost.
    pub ship_cost: Option<Money>,
    /// OPEN, HOLD, CLOSED.
    pub whole_order_state: Option<String>,
    /// Shipping lock of the order.
    pub order_locked: Option<bool>,
    /// Key of the billing address.
    pub payment_address_id: Option<i64>,
    /// Key of the delivery address.
    pub shipment_address_id: Option<i64>,
    /// Tracking number.
    pub tracking: Option<String>,
    /// Carrier.
    pub carrier: Option<String>,
}

columns!(OrderHeader: Header {
    OrderNr = NEED "OrderNr",
    External = MAY "OrderNrExternal",
    ShopId = NEED "ShopID",
    CustKey = MAY "CustKey" | "CustRef",
    PaymentType = NEED "PaymentType" | "PaymentCode",
    PayId = MAY "ccpPayID",
    AuthCode = MAY "ccpLastAuthCode",
    OrderDate = MAY "OrderDate",
    TotalInOrder = MAY "OrderTotal_OrderCurr" | "Total_OrderCurr",
    Total = MAY "OrderTotal" | "Total",
    Currency = MAY "OrderCurrency",
    ShipCostInOrder = MAY "ShipCost_OrderCurr",
    ShipCost = MAY "ShipCost",
    State = MAY "WholeOrderState" | "OrderStatus",
    Locked = MAY "OrderLocked" | "OhSLocked",
    PaymentAddress = MAY "PaymentAddressId" | "AddrRef",
    ShipmentAddress = MAY "ShipmentAddressId" | "ShipAdrRef",
    Tracking = MAY "TrackingID" | "ShipmentTrackingID",
    Carrier = MAY "ShipVendor" | "OrderShippingVendor",
});

impl FromRow for OrderHeader {
    fn columns() -> &'static [ColumnSpec] {
        Header::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        let order_currency = row.currency(Header::Currency)?;
        let currency = order_currency.unwrap_or(row.context.base_currency);
        let total = row.order_money(Header::TotalInOrder, Header::Total, currency)?;
        let ship_cost = row.order_money(Header::ShipCostInOrder, Header::ShipCost, currency)?;
        Ok(Self {
            order_nr: row.need_int(Header::OrderNr)?,
            order_nr_external: row.string(Header::External),
            shop_id: MandantId(row.need_text(Header::ShopId)?),
            cust_key: row.int(Header::CustKey)?,
            payment_type: row.string(Header::PaymentType).map(PaymentCode),
            ccp_pay_id: row.string(Header::PayId),
            ccp_last_auth_code: row.string(Header::AuthCode),
            order_date: row.time(Header::OrderDate),
            order_total: total.money(),
            order_currency,
            in_order_currency: total.in_order,
            rounded: total.rounded() || ship_cost.rounded(),
            ship_cost: ship_cost.money(),
            whole_order_state: row.string(Header::State),
            order_locked: row.flag(Header::Locked)?,
            payment_address_id: row.int(Header::PaymentAddress)?,
            shipment_address_id: row.int(Header::ShipmentAddress)?,
            tracking: row.string(Header::Tracking),
            carrier: row.string(Header::Carrier),
        })
    }
}

/// State of an order line or of an invoice line (`pixi/NOTES` 8).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LineStatus {
    /// Made by hand, not saved yet.
    New,
    /// On HOLD.
    Hal,
    /// Accepted, released for shipping.
    Ang,
    /// In a box.
    Ein,
    /// Shipped.
    Aus,
    /// Returned.
    Ret,
    /// Replacement.
    Min,
    /// Cancelled.
    Sto,
    /// Cannot be delivered; counts as cancelled.
    Nlb,
    /// Ordered.
    Bes,
    /// Direct fulfilment, waiting.
    Fut,
    /// Direct fulfilment, under way.
    Fus,
    /// A state this list does not know.
    Other(String),
}

impl LineStatus {
    /// The state with this code.
    pub fn from_code(code: &str) -> Self {
        match code.trim().to_ascii_uppercase().as_str() {
            "NEW" => Self::New,
            "HAL" => Self::Hal,
            "ANG" => Self::Ang,
            "EIN" => Self::Ein,
            "AUS" => Self::Aus,
            "RET" => Self::Ret,
            "MIN" => Self::Min,
            "STO" => Self::Sto,
            "NLB" => Self::Nlb,
            "BES" => Self::Bes,
            "FUT" => Self::Fut,
            "FUS" => Self::Fus,
            other => Self::Other(other.to_owned()),
        }
    }

    /// pixi's code.
    pub fn code(&self) -> &str {
        match self {
            Self::New => "NEW",
            Self::Hal => "HAL",
            Self::Ang => "ANG",
            Self::Ein => "EIN",
            Self::Aus => "AUS",
            Self::Ret => "RET",
            Self::Min => "MIN",
            Self::Sto => "STO",
            Self::Nlb => "NLB",
            Self::Bes => "BES",
            Self::Fut => "FUT",
            Self::Fus => "FUS",
            Self::Other(code) => code,
        }
    }

    /// True for STO and NLB.
    pub fn is_cancelled(&self) -> bool {
        matches!(self, Self::Sto | Self::Nlb)
    }
}

impl fmt::Display for LineStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// Line of an order (pixiGetOrderline).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OrderLine {
    /// Key of the line.
    pub orderline_key: i64,
    /// pixi order number; the one asked for where the installation sends none.
    pub order_nr: Option<i64>,
    /// State.
    pub status: LineStatus,
    /// Pieces.
    pub qty: i64,
    /// Price of one piece.
    pub price: Money,
    /// Currency the row names.
    pub currency: Option<Currency>,
    /// True where the price comes from a column in order currency.
    pub in_order_currency: bool,
    /// True where a decimal was rounded away.
    pub rounded: bool,
    /// Item number.
    pub item: Option<String>,
    /// Shipping cost of the line.
    pub ship_cost: Option<Money>,
    /// Tracking number.
    pub tracking: Option<String>,
}

columns!(OrderLine: Line {
    Key = NEED "OrderlineKey",
    OrderNr = MAY "OrderNr",
    Status = NEED "Status",
    Qty = NEED "Qty" | "OrderQty",
    PriceInOrder = MAY "Price_OrderCurr",
    Price = NEED "Price" | "Price_OrderCurr",
    Currency = MAY "OrderCurrency",
    Item = MAY "ItemNrInt" | "ItemNrExternal" | "ArtNr" | "EanUpc",
    ShipCostInOrder = MAY "ShipCost_OrderCurr",
    ShipCost = MAY "ShipCost",
    Tracking = MAY "DFShipmentTrackingID" | "ShipmentTrackingID" | "TrackingID",
});

impl FromRow for OrderLine {
    fn columns() -> &'static [ColumnSpec] {
        Line::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        let currency = row.currency(Line::Currency)?;
        let used = currency.unwrap_or(row.context.base_currency);
        let price = row.order_money(Line::PriceInOrder, Line::Price, used)?;
        let ship_cost = row.order_money(Line::ShipCostInOrder, Line::ShipCost, used)?;
        Ok(Self {
            orderline_key: row.need_int(Line::Key)?,
            order_nr: row.int(Line::OrderNr)?,
            status: LineStatus::from_code(row.text(Line::Status).ok_or_else(|| row.missing(Line::Status))?),
            qty: row.need_int(Line::Qty)?,
            price: price.money().ok_or_else(|| row.missing(Line::Price))?,
            currency,
            in_order_currency: price.in_order,
            rounded: price.rounded() || ship_cost.rounded(),
            item: row.string(Line::Item),
            ship_cost: ship_cost.money(),
            tracking: row.string(Line::Tracking),
        })
    }
}

/// An item's row of pixiGetOrderTotals; the order's sums stand in each.
#[derive(Debug, Clone, PartialEq, Eq)]
struct TotalsRow {
    order_nr: Option<i64>,
    total: Option<Money>,
    ship_cost: Option<Money>,
    item: TotalsItem,
}

/// An item of [`OrderTotals`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TotalsItem {
    /// Pieces.
    pub qty: i64,
    /// Price of one piece.
    pub price: Option<Money>,
    /// Price times pieces.
    pub subtotal: Option<Money>,
    /// Item number.
    pub item: Option<String>,
}

columns!(TotalsRow: Totals {
    OrderNr = MAY "OrderNr",
    Total = MAY "GrandTotal" | "OrderTotal" | "TotalGross" | "TotalAmount" | "Total_OrderCurr" | "OrderTotal_OrderCurr",
    ShipCost = MAY "ShipCost",
    Qty = NEED "Qty",
    Price = MAY "Price",
    Subtotal = MAY "Subtotal",
    Item = MAY "EanUpc" | "ItemNrInt",
    Currency = MAY "OrderCurrency",
});

impl FromRow for TotalsRow {
    fn columns() -> &'static [ColumnSpec] {
        Totals::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        let currency = row.currency(Totals::Currency)?.unwrap_or(row.context.base_currency);
        let money = |key| row.money(key, currency).map(|found| found.map(|p| p.money));
        Ok(Self {
            order_nr: row.int(Totals::OrderNr)?,
            total: money(Totals::Total)?,
            ship_cost: money(Totals::ShipCost)?,
            item: TotalsItem {
                qty: row.need_int(Totals::Qty)?,
                price: money(Totals::Price)?,
                subtotal: money(Totals::Subtotal)?,
                item: row.string(Totals::Item),
            },
        })
    }
}

/// Columns of pixiGetOrderTotals.
pub(super) fn totals_columns() -> &'static [ColumnSpec] {
    TotalsRow::columns()
}

/// Totals of an order as its invoice would show them, in order currency (pixiGetOrderTotals).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OrderTotals {
    /// Grand total, where the installation has a column for it that the daemon knows.
    pub total: Option<Money>,
    /// Shipping cost.
    pub ship_cost: Option<Money>,
    /// Items.
    pub items: Vec<TotalsItem>,
}

impl PixiClient {
    /// Header of an order; `None` where pixi has no such order.
    pub async fn order_header(&self, order_nr: i64) -> Result<Option<OrderHeader>, PixiError> {
        let rows: Vec<OrderHeader> = self.all("pixiGetOrderHeader", Params::new().int("OrderNr", order_nr)).await?;
        Self::only_of("pixiGetOrderHeader", rows, |row| row.order_nr == order_nr).map(|rows| rows.into_iter().next())
    }

    /// Headers by the shop's order number; several mandants may use the same.
    pub async fn order_headers_by_external(&self, number: &str) -> Result<Vec<OrderHeader>, PixiError> {
        self.all("pixiGetOrderHeader", Params::new().text("OrderNrExternal", number)).await
    }

    /// Headers of a customer's orders, at most `rows`.
    pub async fn order_headers_of_customer(&self, customer: i64, rows: u32) -> Result<Listing<OrderHeader>, PixiError> {
        let params = Params::new().int("CustKey", customer).int("RowCount", i64::from(rows));
        self.list("pixiGetOrderHeader", params).await
    }

    /// All lines of an order.
    pub async fn order_lines(&self, order_nr: i64) -> Result<Vec<OrderLine>, PixiError> {
        let rows: Vec<OrderLine> = self.all_uncut("pixiGetOrderline", Params::new().int("OrderNR", order_nr)).await?;
        Self::only_of("pixiGetOrderline", rows, |row| row.order_nr.is_none_or(|nr| nr == order_nr))
    }

    /// Totals of an order.
    pub async fn order_totals(&self, order_nr: i64) -> Result<OrderTotals, PixiError> {
        let rows: Vec<TotalsRow> = self.all("pixiGetOrderTotals", Params::new().int("OrderNr", order_nr)).await?;
        let rows = Self::only_of("pixiGetOrderTotals", rows, |row| row.order_nr.is_none_or(|nr| nr == order_nr))?;
        let first = rows.first();
        Ok(OrderTotals {
            total: first.and_then(|row| row.total),
            ship_cost: first.and_then(|row| row.ship_cost),
            items: rows.into_iter().map(|row| row.item).collect(),
        })
    }
}
