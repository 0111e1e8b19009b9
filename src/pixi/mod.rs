//! Client of the pixi ERP's SOAP interface: typed calls, typed rows, errors that say what to do.
//!
//! [`client::PixiClient`] is the face. A call is looked up in [`calls::table`], written by [`envelope`], sent through
//! the `wire`, read while it streams in by [`answer`], and turned into typed rows by [`columns`].
#![deny(clippy::float_arithmetic)]

pub mod answer;
pub mod assumptions;
pub mod calls;
pub mod client;
pub mod columns;
pub mod envelope;
pub mod error;
pub mod local_time;
mod typed;
pub mod wsdl;

pub use calls::account::{CustomerEvent, CustomerEventFilter, InvoiceMatch};
pub use calls::addresses::Address;
pub use calls::columns_of;
pub use calls::comments::OrderComment;
pub use calls::imports::{ImportPaymentId, ImportXml, is_payment_id, payment_id_in_xml};
pub use calls::invoices::{Invoice, InvoiceLine};
pub use calls::items::ItemInfo;
pub use calls::orders::{LineStatus, OrderHeader, OrderLine, OrderTotals, TotalsItem};
pub use calls::pay::{AuthorizationStatus, CreditCardInfo, InvoiceCapture, ManualBooking};
pub use calls::setup::{CallInfo, CurrencyRow, PaymentTypeRow, ServerTime, Shop};
pub use calls::table::{CALLS, CallSpec, ParamSpec, XsdType, call_spec};
pub use calls::work_lists::{CaptureInvoice, ChangedOrder, ChangedOrders, HoldOrder};
pub use client::{Listing, PixiClient, RawAnswer, RawRowSet};
pub use error::{ErrorClass, PixiError};
pub use local_time::LocalTime;
pub use wsdl::wsdl;
