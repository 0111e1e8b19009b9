//! `order collection`: handed to debt collection, until money comes.

use crate::cli::context::actor;
use crate::cli::find::OrderArg;
use crate::cli::{Failure, order, output};
use crate::config::Settings;
use crate::journal::Journal;
use crate::policy::PaymentStatus;
use crate::text::amounts::amount;

/// Arguments of `order collection`.
#[derive(Debug, clap::Args)]
pub struct Args {
    #[command(flatten)]
    order: OrderArg,
    /// Why, for the audit trail: the file number, for instance
    #[arg(long, value_name = "TEXT")]
    reason: String,
    /// It is no longer at debt collection
    #[arg(long)]
    end: bool,
}

/// Marks an order, or ends the mark.
pub async fn run(settings: &Settings, journal: &Journal, args: Args) -> Result<(), Failure> {
    let reason = order::given(&args.reason)?;
    let row = args.order.must_be_stored(journal).await?;
    if args.end {
        if !journal.end_collection(&row.order, &actor(), reason).await? {
            return Err(Failure::failed(format!("order {} is not at debt collection", row.order)));
        }
        journal.wake_order(&row.order).await?;
        return output::line(&format!("order {} is no longer at debt collection", row.order));
    }
    let owes = match PaymentStatus::from_name(&row.payment_status) {
        Some(PaymentStatus::Unpaid | PaymentStatus::PaidPartial | PaymentStatus::Chargeback) => true,
        Some(PaymentStatus::Collection) => {
            return Err(Failure::failed(format!("order {} is at debt collection already", row.order)));
        }
        _ => false,
    };
    if !owes {
        let status = if row.is_unread() { "not read yet" } else { row.payment_status.as_str() };
        return Err(Failure::failed(format!("order {} is {status}: there is nothing to collect", row.order)));
    }
    let net = row.amounts.captured - row.amounts.refunded;
    journal.hand_to_collection(&row.order, net, &actor(), reason).await?;
    let paid = amount(row.currency.of(net), settings.language);
    output::line(&format!(
        "order {} is handed to debt collection, with {paid} paid; COLLECTION until more money comes",
        row.order
    ))
}
