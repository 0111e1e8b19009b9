//! What an order may lack at rest, and which mark explains it: a problem is no leave for anything else to be wrong.

use pixi_payd::text::Number;

/// What an order can lack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lack {
    /// Gone, or of another payment type, and money of it is still at Unzer.
    Abandoned,
    /// All of it is cancelled, and money of it is still at Unzer.
    Dead,
    /// Shipped, and the buyer's transfer has not come, or was given back.
    Unpaid,
    /// An invoice without its booking.
    InvoiceUnbooked,
    /// A credit note without its booking.
    ReturnUnbooked,
    /// Less money is there than was shipped and not returned.
    TooLittle,
    /// More money is there than was shipped and not returned.
    TooMuch,
    /// All is shipped, and money is still authorised.
    Held,
}

/// True where a number tells of exactly this. All the others explain nothing.
pub fn explains(number: Number, lack: Lack) -> bool {
    use Lack::{Abandoned, Dead, Held, InvoiceUnbooked, ReturnUnbooked, TooLittle, TooMuch, Unpaid};
    let explained: &[Lack] = match number {
        // No payment that money could be taken from.
        Number::NoPaymentId
        | Number::SeveralPaymentIds
        | Number::PaymentNotFound
        | Number::OtherMerchant
        | Number::OtherCurrency => &[TooLittle, InvoiceUnbooked, ReturnUnbooked],
        // Money on it is another order's until a person has said whose it is.
        Number::PaymentTaken => &[Dead, TooLittle, InvoiceUnbooked, ReturnUnbooked],
        // No money moves and nothing is booked until a person has looked.
        Number::Chargeback
        | Number::SumsDisagree
        | Number::TotalUnclear
        | Number::FactsVanished
        | Number::OrderMerged
        | Number::OutcomeUnknown => &[Dead, Held, Unpaid, TooLittle, TooMuch, InvoiceUnbooked, ReturnUnbooked],
        Number::DocumentUnclear => &[Held, TooLittle, TooMuch, InvoiceUnbooked, ReturnUnbooked],
        Number::OrderDisappeared => &[Abandoned],
        // An invoice that was not captured is not booked, nor is what was returned of it; the rest stays for it.
        Number::InvoiceExceedsMoney | Number::CaptureRefused | Number::CaptureOverdue | Number::InvoicesExceedOrder => {
            &[Held, TooLittle, InvoiceUnbooked, ReturnUnbooked]
        }
        Number::ShippedWithoutMoney | Number::CreditNoteDeleted => &[Unpaid],
        Number::BookingRefused | Number::BookingGivenUp => &[InvoiceUnbooked, ReturnUnbooked],
        // What is booked once all is shipped waits for the last invoice, or for the notice.
        Number::InvoiceMissing | Number::ShipmentRefused => &[InvoiceUnbooked],
        Number::CustomerMissing => &[ReturnUnbooked],
        Number::CancellationUnclear => &[Dead, TooMuch],
        Number::DueAfterGoodwill => &[Dead, Unpaid, TooMuch, InvoiceUnbooked, ReturnUnbooked],
        Number::CancelRefused => &[Dead, Held],
        Number::ReversalRefused => &[Held],
        Number::RefundRefused | Number::GuardHolds => &[Dead, TooMuch, ReturnUnbooked],
        Number::Redelivery => &[TooMuch, ReturnUnbooked],
        // What is booked only once its give-backs are done waits for them.
        Number::CreditNoteTooLarge | Number::CreditsExceedInvoices => &[TooMuch, InvoiceUnbooked, ReturnUnbooked],
        // Where documents are booked only once the give-backs are done, invoices wait as well.
        Number::ForeignRefund => &[Dead, Unpaid, InvoiceUnbooked, ReturnUnbooked],
        _ => &[],
    };
    explained.contains(&lack)
}
