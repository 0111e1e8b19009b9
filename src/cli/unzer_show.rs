//! `unzer show`: one payment as Unzer has it.

use std::sync::Arc;

use serde_json::{Value, json};

use crate::cli::context::Context;
use crate::cli::output::{self, Tone, cell, toned};
use crate::cli::{Failure, once};
use crate::config::{MandantId, Settings};
use crate::engine::peers::Peers;
use crate::text::amounts::amount;
use crate::unzer::{Hint, KeyRing, Payment, Transaction, TransactionStatus, UnzerClient, UnzerError};

/// Commands of `unzer`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Show a payment with its transactions; nothing personal is shown
    #[command(after_help = "Example:\n  pixi-payd unzer show s-pay-31337 --mandant LEO")]
    Show {
        /// Unzer payment id
        #[arg(value_name = "PAYMENT_ID")]
        payment: String,
        /// Only the key pairs of this mandant
        #[arg(long, value_name = "SHOPID")]
        mandant: Option<String>,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

/// Shows a payment.
pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    let Command::Show { payment: id, mandant, json } = command;
    let settings = context.settings()?;
    let mandant = mandant.as_deref().map(MandantId::from);
    if let Some(mandant) = &mandant {
        once::known(&settings, mandant)?;
    }
    let stack = context.stack(&settings)?;
    let peers = Peers::new(&settings, &stack.wire, &context.clock);
    let (mut payment, ring) = find(&settings, &peers, mandant.as_ref(), &id).await?;
    if let Some(client) = ring.client(&payment.public_key) {
        details(client, &mut payment).await?;
    }
    if json { output::json(&as_json(&settings, &payment)) } else { as_table(&settings, &payment) }
}

/// Asks the key pairs of one payment type after the other.
async fn find(
    settings: &Settings,
    peers: &Peers,
    mandant: Option<&MandantId>,
    id: &str,
) -> Result<(Payment, Arc<KeyRing>), Failure> {
    let mut worst: Option<UnzerError> = None;
    let mandants = settings.mandants.iter().filter(|(known, _)| mandant.is_none_or(|only| only == *known));
    for (known, block) in mandants {
        for code in block.payment_types.keys() {
            let Some(ring) = peers.ring(known, code) else { continue };
            match ring.payment(id, Hint::default()).await {
                Ok(payment) => return Ok((payment, ring)),
                Err(error @ UnzerError::NotFound { .. }) => worst = worst.or(Some(error)),
                Err(error) => worst = Some(error),
            }
        }
    }
    Err(match worst {
        Some(error) => Failure::failed(format!("payment {id}: {error}")),
        None => Failure::usage("no key pair is configured; see mandants.*.payment_types in the configuration"),
    })
}

/// The payment lists its transactions without their references: each is read singly.
async fn details(client: &UnzerClient, payment: &mut Payment) -> Result<(), Failure> {
    for entry in payment.transactions.iter_mut().filter(|entry| entry.detail.is_none()) {
        match client.transaction(&payment.id, &entry.path).await {
            Ok(read) => entry.detail = Some(read.detail),
            // Some kinds cannot be read by themselves.
            Err(UnzerError::NotFound { .. }) => {}
            Err(error) => return Err(Failure::failed(format!("{} of payment {}: {error}", entry.path, payment.id))),
        }
    }
    Ok(())
}

/// What marks a transaction as ours: the document it was made for, and the step's token.
fn reference(entry: &Transaction) -> Option<&str> {
    entry.detail.as_ref().and_then(|detail| detail.payment_reference.as_deref())
}

fn as_json(settings: &Settings, payment: &Payment) -> Value {
    let transaction = |entry: &Transaction| {
        json!({
            "kind": entry.kind,
            "status": entry.status,
            "id": entry.id,
            "parent": entry.parent,
            "path": entry.path,
            "amount": entry.amount.decimal(),
            "reference": reference(entry),
            "invoice_id": entry.detail.as_ref().and_then(|detail| detail.invoice_id.as_deref()),
            "at": entry.at.map(|at| output::stamp(at, settings.timezone)),
        })
    };
    json!({
        "id": payment.id,
        "state": payment.state,
        "order_id": payment.order_id,
        "method": payment.method,
        "method_name": payment.method.display_name(),
        "currency": payment.currency,
        "total": payment.total.decimal(),
        "charged": payment.charged.decimal(),
        "canceled": payment.canceled.decimal(),
        "remaining": payment.remaining.decimal(),
        "public_key": payment.public_key,
        "transactions": payment.transactions.iter().map(transaction).collect::<Vec<Value>>(),
    })
}

fn as_table(settings: &Settings, payment: &Payment) -> Result<(), Failure> {
    let shown = |money| amount(money, settings.language);
    let word = |value: Value| value.as_str().unwrap_or_default().to_owned();
    output::line(&format!(
        "{} {} ({}), order {}, key pair {}",
        payment.id,
        word(json!(payment.state)),
        payment.method.display_name(),
        payment.order_id,
        payment.public_key
    ))?;
    output::line(&format!(
        "total {}, charged {}, cancelled {}, remaining {}",
        shown(payment.total),
        shown(payment.charged),
        shown(payment.canceled),
        shown(payment.remaining)
    ))?;
    let mut table = output::table(&["time", "transaction", "path", "amount", "reference", "status"]);
    for entry in &payment.transactions {
        let tone = match entry.status {
            TransactionStatus::Success => Tone::Good,
            TransactionStatus::Error => Tone::Bad,
            _ => Tone::Notice,
        };
        table.add_row(vec![
            cell(entry.at.map(|at| output::wall(at, settings.timezone)).unwrap_or_default()),
            cell(word(json!(entry.kind))),
            cell(&entry.path),
            cell(shown(entry.amount)),
            cell(reference(entry).unwrap_or_default()),
            toned(word(json!(entry.status)), tone),
        ]);
    }
    output::print(&table)
}
