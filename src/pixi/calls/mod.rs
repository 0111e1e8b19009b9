//! The calls, one file per family; [`table`] says how each is sent.

pub mod account;
pub mod addresses;
pub mod comments;
pub mod imports;
pub mod invoices;
pub mod items;
pub mod locks;
pub mod orders;
pub mod pay;
pub mod setup;
pub mod table;
pub mod work_lists;

use crate::pixi::columns::{ColumnSpec, FromRow};

/// The columns read of a call's rows, needed and others; empty for calls whose rows are not read by column.
pub fn columns_of(call: &str) -> &'static [ColumnSpec] {
    match call {
        "pixiPayGetOrdersToAuthorize" => work_lists::HoldOrder::columns(),
        "pixiPayGetInvoicesToCapture" => work_lists::CaptureInvoice::columns(),
        "pixiGetChangedOrders" => work_lists::ChangedOrder::columns(),
        "pixiGetOrderHeader" => orders::OrderHeader::columns(),
        "pixiGetOrderline" => orders::OrderLine::columns(),
        "pixiGetOrderTotals" => orders::totals_columns(),
        "pixiGetInvoice" => invoices::Invoice::columns(),
        "pixiGetInvoiceLines" => invoices::InvoiceLine::columns(),
        "pixiGetAddress" => addresses::Address::columns(),
        "pixiGetOrderComments" => comments::OrderComment::columns(),
        "pixiGetItemInfo" => items::ItemInfo::columns(),
        "pixiGetCreditCardInfo" => pay::CreditCardInfo::columns(),
        "pixiImportFindXML" => imports::ImportXml::columns(),
        "pixiCAGetInvoiceMatch" => account::InvoiceMatch::columns(),
        "pixiGetCustomerEvents" | "pixiCAGetCustomerEvents" => account::CustomerEvent::columns(),
        "pixiGetShops" => setup::Shop::columns(),
        "pixiGetPaymenttypes" => setup::PaymentTypeRow::columns(),
        "pixiGetCurrency" => setup::CurrencyRow::columns(),
        "pixiGetServerTime" => setup::ServerTime::columns(),
        "pixiSysGetCallInfo" => setup::CallInfo::columns(),
        _ => &[],
    }
}
