//! What is only inferred about pixi, one place per fact: a first live contact changes one line here.
//!
//! The documentation that can be had ends in the middle of many tables (`pixi/NOTES` 14), three calls have none.

use chrono::{Datelike as _, NaiveDateTime};

use crate::money::Currency;

/// Assumption: dates in requests are understood as `2026-03-03T09:00:00.030`; pixi's own answers use it, and clients
/// were seen to send it among other spellings (`pixi/NOTES` 6).
pub const REQUEST_TIME: &str = "%Y-%m-%dT%H:%M:%S%.3f";

/// Assumption: pixi writes 1 January 1970 (and 1900, the database's own zero) where there is no date; only the former
/// was seen (`pixi/NOTES` 6).
pub fn means_no_date(time: NaiveDateTime) -> bool {
    time.year() == 1970 && time.ordinal() == 1 || time.year() <= 1900
}

/// Assumption: amounts are sent as `xsd:decimal`; the documentation never shows the type of one (`pixi/operations`).
pub const XSD_MONEY: &str = "xsd:decimal";

/// Assumption: PayCode of pixiPaySetInvoiceCapture is always this, the one documented value (`pixi/NOTES` 9).
pub const PAY_CODE: &str = "CC";

/// Assumption: where no column names a currency the amounts are in this one, unless the client was given another.
pub const BASE_CURRENCY: Currency = Currency::EUR;

/// Assumption: a list that is not told how many rows it may have ends after this many (`pixi/NOTES` 7).
pub const DEFAULT_ROWS: usize = 1000;

/// Assumption: so many rows may be asked for; no order has more lines or documents.
pub const ALL_ROWS: i64 = 100_000;

/// Assumption: pixiGetOrderline and pixiGetInvoice take their parameters in this documented order with the hidden ones
/// left out; only the documentation's table is known, not the order on the wire (`pixi/operations`).
pub const TABLE_ORDER: &str = "the order of parameters is that of the documentation's table, not known from the wire";

/// Assumption: pixiCreateOrderComment takes OrderNr, Comment, like the older call of a public client.
pub const ORDER_COMMENT: [&str; 2] = ["OrderNr", "Comment"];

/// Assumption: pixiAddCustomerComment takes CustKey, Comment, by analogy with pixiCreateOrderComment.
pub const CUSTOMER_COMMENT: [&str; 2] = ["CustKey", "Comment"];

/// Assumption: pixiGetCreditCardInfo is asked by OrderNr, like its writing twin pixiSetCreditCardInfo.
pub const CREDIT_CARD_INFO: [&str; 1] = ["OrderNr"];

/// Assumption: `AddrType` of pixiChangeAddress is `B` for the billing address, as rows of pixiGetOrder name it.
pub const BILLING_ADDRESS: &str = "B";

/// Assumption: pixiChangeAddress calls the account holder and the bank so, as the rows of its sibling do.
pub const BANK_PARAMETERS: [&str; 2] = ["AccountName", "BankName"];

/// Assumption: pixiImportFindXML reports an imported order by one of these states (`pixi/operations`).
pub const IMPORTED_STATES: [&str; 3] = ["XIM", "XPR", "OK"];

/// Assumption: invoice types that mean a credit note, in columns named InvoiceType or Type, by their first letters.
/// No such column is documented (`pixi/NOTES` 10).
pub fn type_means_credit(kind: &str) -> bool {
    let kind = kind.trim().to_ascii_lowercase();
    kind.starts_with('c') || kind.starts_with("gs") || kind.starts_with("gut") || kind == "g"
}

/// Assumption: an error of pixi's database with one of these numbers was raised before the procedure ran, so that
/// nothing was written: parameter missing (201), no such procedure (2812), too many or unknown parameters (8144, 8145,
/// 8146), no right to call it (229), no such function (4121).
pub const SQL_BEFORE_RUNNING: [i64; 7] = [201, 229, 2812, 4121, 8144, 8145, 8146];

/// Assumption: messages up to this class are remarks, as the database itself defines it; class 0 was seen beside good
/// rows (`pixi/NOTES` 5).
pub const LAST_WARNING_CLASS: i64 = 10;
