//! What the daemon reports of a payment: authorised, captured, booked; and what pixi holds of it.

use crate::journal::StepPermit;
use crate::money::{Currency, Money};
use crate::pixi::assumptions;
use crate::pixi::client::PixiClient;
use crate::pixi::columns::{CellError, Cells, ColumnSpec, FromRow, columns};
use crate::pixi::envelope::{Params, fit_keeping_end};
use crate::pixi::error::PixiError;
use crate::pixi::local_time::LocalTime;
use crate::steps::{Effect, Outcome};
use crate::wire::Cause;

/// pixiPaySetAuthorizationStatus.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthorizationStatus {
    /// pixi order number.
    pub order_nr: i64,
    /// Authorised or not.
    pub success: bool,
    /// AuthID: becomes the order's payment reference.
    pub auth_id: String,
    /// AuthCode: becomes the order's last return code; at most 50 characters.
    pub auth_code: String,
    /// Text for the log in pixi Control Center, shortened to 200 characters.
    pub message: String,
}

/// pixiPaySetInvoiceCapture with Success=1: books an invoice. (Success=0 would undo a paid invoice.)
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InvoiceCapture {
    /// Number of the invoice.
    pub invoice_nr: String,
    /// Amount booked: the invoice's total.
    pub capture_sum: Money,
    /// Unique id of the provider's transaction.
    pub pay_id: String,
    /// Booking event.
    pub event_id: String,
    /// Text for the log in pixi Control Center; its end is kept when it is shortened to 200 characters.
    pub message: String,
}

/// pixiCACreateManualBooking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManualBooking {
    /// pixi customer.
    pub cust_key: i64,
    /// Booking event.
    pub event_id: String,
    /// Amount with the sign to send.
    pub amount: Money,
    /// Date of the event; pixi's now where `None`.
    pub event_date: Option<LocalTime>,
    /// Text; its end is kept when it is shortened to 512 characters.
    pub comment: String,
    /// Document it is matched with.
    pub match_to_invoice_nr: Option<String>,
    /// pixi's number of the currency.
    pub currency_id: Option<i64>,
}

/// What pixiGetCreditCardInfo tells that is of use: the payment reference. Card data is never read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CreditCardInfo {
    /// Payment reference.
    pub pay_id: Option<String>,
}

columns!(CreditCardInfo: Card {
    PayId = MAY "ccpPayID" | "PayID" | "AuthID",
});

impl FromRow for CreditCardInfo {
    fn columns() -> &'static [ColumnSpec] {
        Card::ALL
    }

    fn from_row(row: &Cells<'_, '_>) -> Result<Self, CellError> {
        Ok(Self { pay_id: row.string(Card::PayId) })
    }
}

impl PixiClient {
    /// Books the document of a permit: an invoice as paid, a credit note as a manual event. `currency` is pixi's number
    /// of the order's currency, where it is not the shop's. The permit is used up.
    pub async fn book(&self, permit: StepPermit, currency: Option<i64>) -> Outcome {
        let token = permit.token().to_owned();
        match permit.effect().clone() {
            Effect::BookInvoice { invoice, amount, pay_id, event } => {
                let message = format!("pixi-payd {invoice}");
                let capture =
                    InvoiceCapture { invoice_nr: invoice, capture_sum: amount, pay_id, event_id: event, message };
                self.set_invoice_capture(&capture, &token).await
            }
            Effect::BookReturn { credit_note, amount, customer, event } => {
                let booking = ManualBooking {
                    cust_key: customer,
                    event_id: event,
                    amount,
                    event_date: None,
                    comment: format!("pixi-payd {credit_note}"),
                    match_to_invoice_nr: Some(credit_note),
                    currency_id: currency,
                };
                self.create_manual_booking(&booking, &token).await
            }
            _ => Outcome::not_sent(Cause::Invalid),
        }
    }

    /// Payment reference kept with an order's card data; `None` where there is no row.
    pub async fn credit_card_info(&self, order_nr: i64) -> Result<Option<CreditCardInfo>, PixiError> {
        let [number] = assumptions::CREDIT_CARD_INFO;
        let rows: Vec<CreditCardInfo> = self.all("pixiGetCreditCardInfo", Params::new().int(number, order_nr)).await?;
        Ok(rows.into_iter().next())
    }

    /// Reports an authorisation; success releases the order.
    pub async fn set_authorization_status(&self, status: &AuthorizationStatus) -> Outcome {
        let params = Params::new()
            .text("AuthID", &status.auth_id)
            .free_text("Message", &status.message, 200)
            .int("OrderNr", status.order_nr)
            .flag("Success", status.success)
            .text("AuthCode", &status.auth_code);
        self.write("pixiPaySetAuthorizationStatus", params).await
    }

    /// Books an invoice as paid. `step_token` ends the message, by which the booking is found again.
    pub(in crate::pixi) async fn set_invoice_capture(&self, capture: &InvoiceCapture, step_token: &str) -> Outcome {
        let message = fit_keeping_end(&capture.message, step_token, 200);
        let params = Params::new()
            .text("PayID", &capture.pay_id)
            .text("EventID", &capture.event_id)
            .free_text("Message", &message, 200)
            .text("PayCode", assumptions::PAY_CODE)
            .flag("Success", true)
            .text("InvoiceNr", &capture.invoice_nr)
            .money("CaptureSum", capture.capture_sum)
            .flag("SetRemainingOrdersToHAL", false);
        self.write("pixiPaySetInvoiceCapture", params).await
    }

    /// Reports that nothing could be captured for an invoice. This sets the invoice back to unpaid, so it is only ever
    /// sent where nothing was captured and the configuration asks for it (DESIGN 3.2).
    pub async fn report_failed_capture(
        &self,
        _permit: StepPermit,
        invoice_nr: &str,
        pay_id: &str,
        currency: Currency,
        message: &str,
    ) -> Outcome {
        let params = Params::new()
            .text("PayID", pay_id)
            .free_text("Message", message, 200)
            .text("PayCode", assumptions::PAY_CODE)
            .flag("Success", false)
            .text("InvoiceNr", invoice_nr)
            .money("CaptureSum", Money::zero(currency))
            .flag("SetRemainingOrdersToHAL", false);
        self.write("pixiPaySetInvoiceCapture", params).await
    }

    /// Books an event into a customer's account. `step_token` ends the comment, by which the booking is found again.
    pub(in crate::pixi) async fn create_manual_booking(&self, booking: &ManualBooking, step_token: &str) -> Outcome {
        let comment = fit_keeping_end(&booking.comment, step_token, 512);
        let mut params = Params::new()
            .int("CustKey", booking.cust_key)
            .text("EventID", &booking.event_id)
            .money("Amount", booking.amount)
            .free_text("Comment", &comment, 512);
        if let Some(date) = booking.event_date {
            params = params.time("EventDate", date);
        }
        if let Some(number) = &booking.match_to_invoice_nr {
            params = params.text("MatchToInvoiceNr", number);
        }
        if let Some(id) = booking.currency_id {
            params = params.text("CurrencyId", &id.to_string());
        }
        self.write("pixiCACreateManualBooking", params).await
    }
}

/// Bookings without a permit, for tests of client and simulator. Not in the shipped code.
#[cfg(test)]
impl PixiClient {
    pub(crate) async fn bare_invoice_capture(&self, capture: &InvoiceCapture, token: &str) -> Outcome {
        self.set_invoice_capture(capture, token).await
    }

    pub(crate) async fn bare_manual_booking(&self, booking: &ManualBooking, token: &str) -> Outcome {
        self.create_manual_booking(booking, token).await
    }
}
