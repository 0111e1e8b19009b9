//! Documents of an order, invoices and credit notes alike, and their lines.

use crate::config::ids::{MandantId, PaymentCode};
use crate::money::{Currency, Money};
use crate::pixi::calls::orders::LineStatus;
use crate::pixi::client::{Listing, PixiClient};
use crate::pixi::columns::{CellError, Cells, ColumnSpec, FromRow, columns};
use crate::pixi::envelope::Params;
use crate::pixi::error::PixiError;
use crate::pixi::local_time::LocalTime;

/// A document (pixiGetInvoice): an invoice or a credit note, told apart by policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invoice {
    /// Number.
    pub invoice_nr: String,
    /// Key; pages go by it.
    pub invoice_key: i64,
    /// pixi order number.
    pub order_nr: i64,
    /// Mandant.
    pub shop_id: Option<MandantId>,
    /// Total.
    pub total: Money,
    /// Currency the row names.
    pub currency: Option<Currency>,
    /// True where the total comes from a column in order currency.
    pub in_order_currency: bool,
    /// Total of the plain column, which may be in shop currency; the unit is not to be trusted, so it is only good
    /// for comparing with [`Self::total`].
    pub shop_total: Option<Money>,
    /// True where a decimal was rounded away.
    pub rounded: bool,
    /// What pixi counts as paid.
    pub paid_sum: Option<Money>,
    /// pixi's mark.
    pub paid: Option<bool>,
    /// Payment type.
    pub payment_code: Option<PaymentCode>,
    /// Kind of document, where the installation has such a column.
    pub invoice_type: Option<String>,
    /// Date of the document.
    pub invoice_date: Option<LocalTime>,
    /// When the goods left.
    pub ship_date: Option<LocalTime>,
    /// pixi customer.
    pub cust_key: Option<i64>,
    /// Tracking number.
    pub tracking: Option<String>,
    /// Rows in the answer this one came with.
    pub total_rows: Option<i64>,
}

columns!(Invoice: Doc {
    InvoiceNr = NEED "InvoiceNr",
    InvoiceKey = NEED "InvoiceKey" | "InvoiceId",
    OrderNr = NEED "OrderNr",
    ShopId = MAY "ShopID",
    TotalInOrder = MAY "Total_OrderCurr",
    Total = NEED "Total" | "Total_OrderCurr",
    Currency = MAY "OrderCurrency",
    PaidSum = MAY "PaidSum" | "PaidAmount",
    Paid = MAY "Paid",
    PaymentCode = MAY "PaymentCode" | "PaymentType",
    Kind = MAY "InvoiceType" | "Type",
    Date = MAY "InvoiceDate" | "InvDate",
    ShipDate = MAY "ShipDate" | "ScanOutDate",
    CustKey = MAY "CustKey" | "CustRef",
    Tracking = MAY "TrackingID" | "ShipmentTrackingID",
    TotalRows = MAY "TotalRows",
});

impl FromRow for Invoice {
    fn columns() -> &'static [ColumnSpec] {
        Doc::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        let currency = row.currency(Doc::Currency)?;
        let used = currency.unwrap_or(row.context.base_currency);
        let total = row.order_money(Doc::TotalInOrder, Doc::Total, used)?;
        Ok(Self {
            invoice_nr: row.need_text(Doc::InvoiceNr)?,
            invoice_key: row.need_int(Doc::InvoiceKey)?,
            order_nr: row.need_int(Doc::OrderNr)?,
            shop_id: row.string(Doc::ShopId).map(MandantId),
            total: total.money().ok_or_else(|| row.missing(Doc::Total))?,
            currency,
            in_order_currency: total.in_order,
            shop_total: row.money(Doc::Total, used)?.map(|plain| plain.money),
            rounded: total.rounded(),
            paid_sum: row.money(Doc::PaidSum, used)?.map(|p| p.money),
            paid: row.flag(Doc::Paid)?,
            payment_code: row.string(Doc::PaymentCode).map(PaymentCode),
            invoice_type: row.string(Doc::Kind),
            invoice_date: row.time(Doc::Date),
            ship_date: row.time(Doc::ShipDate),
            cust_key: row.int(Doc::CustKey)?,
            tracking: row.string(Doc::Tracking),
            total_rows: row.int(Doc::TotalRows)?,
        })
    }
}

/// Line of a document (pixiGetInvoiceLines).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceLine {
    /// Key of the line.
    pub invoice_line_key: Option<i64>,
    /// Order line it is for: what ties a credit note to its invoice.
    pub orderline_ref: Option<i64>,
    /// pixi order number; several orders can be behind one document.
    pub order_nr: i64,
    /// State of the line.
    pub status: Option<LineStatus>,
    /// Pieces.
    pub qty: i64,
    /// Price of one piece.
    pub price: Option<Money>,
    /// Currency the row names.
    pub currency: Option<Currency>,
    /// True where the price comes from a column in order currency.
    pub in_order_currency: bool,
    /// True where a decimal was rounded away.
    pub rounded: bool,
    /// Shipping cost of the line.
    pub ship_cost: Option<Money>,
    /// Item number.
    pub item: Option<String>,
}

columns!(InvoiceLine: Line {
    Key = MAY "InvoiceLineKey",
    OrderLine = MAY "OrderLineRef" | "OrderlineKey",
    OrderNr = NEED "OrderNr",
    Status = MAY "Status",
    Qty = NEED "ItemQty" | "Qty" | "OrderQty",
    PriceInOrder = MAY "ItemPrice_OrderCurr" | "Price_OrderCurr",
    Price = MAY "ItemPrice" | "Price",
    Currency = MAY "OrderCurrency",
    ShipCostInOrder = MAY "ShipCost_OrderCurr",
    ShipCost = MAY "ShipCost",
    Item = MAY "ItemNrInt" | "ArtNr" | "EanUpc" | "ItemNr",
});

impl FromRow for InvoiceLine {
    fn columns() -> &'static [ColumnSpec] {
        Line::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        let currency = row.currency(Line::Currency)?;
        let used = currency.unwrap_or(row.context.base_currency);
        let price = row.order_money(Line::PriceInOrder, Line::Price, used)?;
        let ship_cost = row.order_money(Line::ShipCostInOrder, Line::ShipCost, used)?;
        Ok(Self {
            invoice_line_key: row.int(Line::Key)?,
            orderline_ref: row.int(Line::OrderLine)?,
            order_nr: row.need_int(Line::OrderNr)?,
            status: row.text(Line::Status).map(LineStatus::from_code),
            qty: row.need_int(Line::Qty)?,
            price: price.money(),
            currency,
            in_order_currency: price.in_order,
            rounded: price.rounded() || ship_cost.rounded(),
            ship_cost: ship_cost.money(),
            item: row.string(Line::Item),
        })
    }
}

impl PixiClient {
    /// All documents of an order.
    pub async fn invoices_of_order(&self, order_nr: i64) -> Result<Vec<Invoice>, PixiError> {
        let rows: Vec<Invoice> = self.all_uncut("pixiGetInvoice", Params::new().int("OrderNR", order_nr)).await?;
        Self::only_of("pixiGetInvoice", rows, |row| row.order_nr == order_nr)
    }

    /// A document by its number; `None` where pixi has none.
    pub async fn invoice(&self, invoice_nr: &str) -> Result<Option<Invoice>, PixiError> {
        let rows: Vec<Invoice> = self.all("pixiGetInvoice", Params::new().text("InvoiceNr", invoice_nr)).await?;
        let rows = Self::only_of("pixiGetInvoice", rows, |row| row.invoice_nr == invoice_nr)?;
        Ok(rows.into_iter().next())
    }

    /// A page of a mandant's documents with keys greater than `after`, at most `rows`. The end is reached when fewer
    /// come back (`pixi/NOTES` 7).
    pub async fn invoices_after(&self, shop: &MandantId, after: i64, rows: u32) -> Result<Listing<Invoice>, PixiError> {
        let params = Params::new().text("ShopID", &shop.0).int("RowCount", i64::from(rows)).int("StartKey", after);
        self.list("pixiGetInvoice", params).await
    }

    /// Lines of a document; `special` adds artificial ones such as shipping cost.
    pub async fn invoice_lines(&self, invoice_nr: &str, special: bool) -> Result<Vec<InvoiceLine>, PixiError> {
        let mut params = Params::new().text("InvoiceNr", invoice_nr);
        if special {
            params = params.flag("IncludeSpecialInvLines", true);
        }
        self.all("pixiGetInvoiceLines", params).await
    }
}
