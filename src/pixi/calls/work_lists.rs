//! The lists a cycle starts from: orders on HOLD, invoices to capture, changed orders.

use crate::config::ids::{MandantId, PaymentCode};
use crate::money::{Currency, Money};
use crate::pixi::client::{Listing, PixiClient};
use crate::pixi::columns::{CellError, Cells, ColumnSpec, FromRow, columns};
use crate::pixi::envelope::Params;
use crate::pixi::error::PixiError;
use crate::pixi::local_time::LocalTime;

/// An order on HOLD (pixiPayGetOrdersToAuthorize).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HoldOrder {
    /// pixi order number.
    pub order_nr: i64,
    /// Mandant.
    pub shop_id: MandantId,
    /// Payment reference on the order header.
    pub ccp_pay_id: Option<String>,
}

columns!(HoldOrder: Hold {
    OrderNr = NEED "OrderNr",
    ShopId = NEED "ShopID",
    PayId = MAY "ccpPayID",
});

impl FromRow for HoldOrder {
    fn columns() -> &'static [ColumnSpec] {
        Hold::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self {
            order_nr: row.need_int(Hold::OrderNr)?,
            shop_id: MandantId(row.need_text(Hold::ShopId)?),
            ccp_pay_id: row.string(Hold::PayId),
        })
    }
}

/// A shipped invoice, or perhaps a credit note, that waits for its money (pixiPayGetInvoicesToCapture).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaptureInvoice {
    /// Number of the document.
    pub invoice_nr: String,
    /// Its key; also what pages of this list go by.
    pub invoice_key: i64,
    /// pixi order number.
    pub order_nr: i64,
    /// Mandant.
    pub shop_id: MandantId,
    /// Total; the sign of a credit note's is not known beforehand.
    pub total: Option<Money>,
    /// Currency the row names.
    pub currency: Option<Currency>,
    /// True where the total comes from a column in order currency.
    pub in_order_currency: bool,
    /// True where a decimal was rounded away.
    pub rounded: bool,
    /// What pixi counts as paid.
    pub paid_sum: Option<Money>,
    /// pixi customer.
    pub cust_key: Option<i64>,
    /// Payment reference on the order header.
    pub ccp_pay_id: Option<String>,
    /// Kind of document, where the installation has such a column.
    pub invoice_type: Option<String>,
}

columns!(CaptureInvoice: Capture {
    InvoiceNr = NEED "InvoiceNr",
    InvoiceKey = NEED "InvoiceKey" | "InvoiceId",
    OrderNr = NEED "OrderNr",
    ShopId = NEED "ShopID",
    OrderTotal = MAY "Total_OrderCurr",
    Total = MAY "Total",
    Currency = MAY "OrderCurrency",
    PaidSum = MAY "PaidSum" | "PaidAmount",
    CustKey = MAY "CustKey",
    PayId = MAY "ccpPayID",
    Kind = MAY "InvoiceType" | "Type",
});

impl FromRow for CaptureInvoice {
    fn columns() -> &'static [ColumnSpec] {
        Capture::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        let currency = row.currency(Capture::Currency)?;
        let used = currency.unwrap_or(row.context.base_currency);
        let total = row.order_money(Capture::OrderTotal, Capture::Total, used)?;
        Ok(Self {
            invoice_nr: row.need_text(Capture::InvoiceNr)?,
            invoice_key: row.need_int(Capture::InvoiceKey)?,
            order_nr: row.need_int(Capture::OrderNr)?,
            shop_id: MandantId(row.need_text(Capture::ShopId)?),
            total: total.money(),
            currency,
            in_order_currency: total.in_order,
            rounded: total.rounded(),
            paid_sum: row.money(Capture::PaidSum, used)?.map(|p| p.money),
            cust_key: row.int(Capture::CustKey)?,
            ccp_pay_id: row.string(Capture::PayId),
            invoice_type: row.string(Capture::Kind),
        })
    }
}

/// An order that changed (pixiGetChangedOrders).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedOrder {
    /// pixi order number.
    pub order_nr: i64,
    /// Mandant.
    pub shop_id: MandantId,
    /// Payment type.
    pub payment_type: Option<PaymentCode>,
    /// Shipping lock of the order.
    pub order_locked: Option<bool>,
    /// pixi customer.
    pub cust_key: Option<i64>,
    /// Upper end of the window served; the same in every row.
    pub date_time_to: Option<LocalTime>,
}

columns!(ChangedOrder: Changed {
    OrderNr = NEED "OrderNr",
    ShopId = NEED "ShopID",
    PaymentType = NEED "PaymentType" | "PaymentCode",
    Locked = MAY "OrderLocked",
    CustKey = MAY "CustKey",
    To = MAY "DateTimeTo",
});

impl FromRow for ChangedOrder {
    fn columns() -> &'static [ColumnSpec] {
        Changed::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self {
            order_nr: row.need_int(Changed::OrderNr)?,
            shop_id: MandantId(row.need_text(Changed::ShopId)?),
            payment_type: row.string(Changed::PaymentType).map(PaymentCode),
            order_locked: row.flag(Changed::Locked)?,
            cust_key: row.int(Changed::CustKey)?,
            date_time_to: row.time(Changed::To),
        })
    }
}

/// Changed orders and where to go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedOrders {
    /// The orders.
    pub orders: Listing<ChangedOrder>,
    /// Upper end of the window served, the next call's start; `None` where nothing changed or the column is missing.
    pub date_time_to: Option<LocalTime>,
}

impl PixiClient {
    /// Orders of a payment type that are on HOLD, failed ones too; at most `rows`. There is no offset: ask for more
    /// than are parked (`pixi/NOTES` 7).
    pub async fn orders_to_authorize(&self, code: &PaymentCode, rows: u32) -> Result<Listing<HoldOrder>, PixiError> {
        let params = Params::new().text("PaymentCode", &code.0).flag("ShowAll", true).int("RowCount", i64::from(rows));
        self.list("pixiPayGetOrdersToAuthorize", params).await
    }

    /// Shipped invoices of a payment type from the key `from_invoice` on (which may come again), failed ones too.
    pub async fn invoices_to_capture(
        &self,
        code: &PaymentCode,
        from_invoice: i64,
        rows: u32,
    ) -> Result<Listing<CaptureInvoice>, PixiError> {
        let params = Params::new()
            .text("PaymentCode", &code.0)
            .flag("ShowAll", true)
            .int("RowCount", i64::from(rows))
            .int("FromInvoiceId", from_invoice);
        self.list("pixiPayGetInvoicesToCapture", params).await
    }

    /// Orders of all payment types and mandants that changed since.
    pub async fn changed_orders(&self, since: LocalTime) -> Result<ChangedOrders, PixiError> {
        let orders: Listing<ChangedOrder> =
            self.list("pixiGetChangedOrders", Params::new().time("DateTimeFrom", since)).await?;
        let date_time_to = orders.rows.iter().filter_map(|row| row.date_time_to).max_by_key(|time| time.naive);
        Ok(ChangedOrders { orders, date_time_to })
    }
}
