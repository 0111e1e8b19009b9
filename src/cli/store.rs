//! `db migrate` and `verify`.

use crate::cli::Failure;
use crate::cli::context::{Context, Schema};
use crate::cli::output::{self, Tone, cell, toned};
use crate::journal::SCHEMA_VERSION;

/// Commands of `db`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create the store, or bring its schema up to date; stop the daemon and copy the file first
    Migrate,
}

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Proves every hash chain of the audit trail from its first entry to its head. Status 1 if one is broken."
)]
pub struct VerifyArgs {
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Runs a command of `db`.
pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    let settings = context.settings()?;
    match command {
        Command::Migrate => {
            let journal = context.journal(&settings, Schema::Migrate).await?;
            journal.close();
            output::line(&format!("{} has schema {SCHEMA_VERSION}", settings.database.shown()))
        }
    }
}

/// Proves the audit trail.
pub async fn verify(context: Context, args: VerifyArgs) -> Result<(), Failure> {
    let settings = context.settings()?;
    let journal = context.journal(&settings, Schema::Keep).await?;
    let chains = journal.verify_chains().await?;
    if args.json {
        output::json(&chains)?;
    } else if chains.is_empty() {
        output::line("the audit trail is empty")?;
    } else {
        let mut table = output::table(&["chain", "entries", "proof"]);
        for chain in &chains {
            let proof = match chain.broken_at {
                None => toned("whole", Tone::Good),
                Some(at) => toned(format!("broken at entry {at}"), Tone::Bad),
            };
            table.add_row(vec![cell(&chain.chain), cell(chain.entries), proof]);
        }
        output::print(&table)?;
    }
    if chains.iter().all(|chain| chain.broken_at.is_none()) { Ok(()) } else { Err(Failure::Said(1)) }
}
