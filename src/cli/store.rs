//! `db migrate`, `backup` and `verify`.

use std::path::PathBuf;

use crate::cli::Failure;
use crate::cli::context::{Context, Schema};
use crate::cli::output::{self, Tone, cell, toned};
use crate::config::{self, Database};
use crate::journal::{self, ChainReport, Checked, Journal, Options, SCHEMA_VERSION};

/// Commands of `db`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create the store, or bring its schema up to date, after a copy beside it; stop the daemon first
    Migrate,
    /// Copy a store into another, empty database, and prove that both hold the same; stop the daemon first
    #[command(
        after_help = "Addresses are written as in the configuration: sqlite://FILE or postgres://user@host/database. A \
                            password comes from PGPASSWORD or ~/.pgpass, so that no list of processes shows it.\n\n\
                            All of it is one transaction. Afterwards name the new database in the configuration and start the \
                            daemon; the old one stays as it was."
    )]
    Copy {
        /// The store as it is
        from: String,
        /// Where it goes; made, or brought up to date, and empty
        to: String,
    },
}

/// Arguments of `verify`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "Proves the file, every invariant of the store, and every hash chain of the audit trail from its first \
                  entry to its head. Status 1 where something does not hold. A daemon may be running."
)]
pub struct VerifyArgs {
    /// A backup to prove instead of the store of the configuration
    #[arg(value_name = "FILE")]
    file: Option<PathBuf>,
    /// One JSON document
    #[arg(long)]
    json: bool,
}

/// Arguments of `backup`.
#[derive(Debug, clap::Args)]
#[command(
    after_help = "The copy is of one moment; a daemon may be running. To go back to it: stop the daemon, put the file in \
                  the store's place, and run `pixi-payd verify`."
)]
pub struct BackupArgs {
    /// Where the copy goes; the file must not exist
    #[arg(value_name = "FILE")]
    file: PathBuf,
}

/// Runs a command of `db`.
pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Migrate => {
            let settings = context.settings()?;
            let journal = context.journal(&settings, Schema::Migrate).await?;
            journal.close();
            output::line(&format!("{} has schema {SCHEMA_VERSION}", settings.database.shown()))
        }
        Command::Copy { from, to } => copy(&context, &from, &to).await,
    }
}

/// Copies a store into another database, and proves what arrived.
async fn copy(context: &Context, from: &str, to: &str) -> Result<(), Failure> {
    // What was written may hold a password, and is not said again.
    let named = |name: &str, text: &str| {
        config::database_named(text).map_err(|wrong| Failure::usage(format!("{name} {wrong}")))
    };
    let (from, to) = (named("FROM", from)?, named("TO", to)?);
    if from == to {
        return Err(Failure::usage("FROM and TO are the same database"));
    }
    let options = |place: &Database| Options::new(place, context.clock.clone());
    let copied = journal::copy(&options(&from), &options(&to)).await?;
    let journal = Journal::open(options(&to)).await?;
    let (checks, chains) = (journal.verify_store().await?, journal.verify_chains().await?);
    journal.close();
    let mut table = output::table(&["table", "rows", "SHA-256 of both"]);
    for one in &copied {
        table.add_row(vec![cell(one.table), cell(one.rows), cell(one.digest.get(..16).unwrap_or_default())]);
    }
    output::print(&table)?;
    let (from, to) = (from.shown(), to.shown());
    if !is_sound(&checks, &chains) {
        return Err(Failure::failed(format!(
            "{to}: copied as it was, and what it holds does not; see pixi-payd verify"
        )));
    }
    let entries: i64 = chains.iter().map(|chain| chain.entries).sum();
    output::line(&format!("{from} is copied to {to}: equal and proven, {entries} audit entries"))
}

/// Copies the store while it is in use, and proves the copy.
pub async fn backup(context: Context, args: BackupArgs) -> Result<(), Failure> {
    let settings = context.settings()?;
    let options = context.store(&settings, Schema::Keep);
    journal::backup(&options, &args.file).await?;
    let copy = Journal::open(Options { place: (&args.file).into(), ..options }).await?;
    let (checks, chains) = (copy.verify_store().await?, copy.verify_chains().await?);
    copy.close();
    let entries: i64 = chains.iter().map(|chain| chain.entries).sum();
    let sound = is_sound(&checks, &chains);
    let file = args.file.display();
    if sound {
        return output::line(&format!("{file}: copied and proven, {entries} audit entries"));
    }
    Err(Failure::failed(format!("{file}: the copy does not hold; see pixi-payd verify {file}")))
}

fn is_sound(checks: &[Checked], chains: &[ChainReport]) -> bool {
    checks.iter().all(|check| check.offenders.is_empty()) && chains.iter().all(|chain| chain.broken_at.is_none())
}

/// Proves the store: the file, its invariants, the audit trail.
pub async fn verify(context: Context, args: VerifyArgs) -> Result<(), Failure> {
    let settings = context.settings()?;
    let mut options = context.store(&settings, Schema::Keep);
    if let Some(file) = args.file {
        options.place = file.into();
    }
    let journal = Journal::open(options).await?;
    let (checks, chains) = (journal.verify_store().await?, journal.verify_chains().await?);
    if args.json {
        output::json(&serde_json::json!({"checks": checks, "chains": chains}))?;
    } else {
        let mut table = output::table(&["what must hold", "proof"]);
        for check in &checks {
            let proof = match check.offenders.as_slice() {
                [] => toned("holds", Tone::Good),
                offenders => toned(format!("broken: {}", offenders.join(", ")), Tone::Bad),
            };
            table.add_row(vec![cell(check.check), proof]);
        }
        for chain in &chains {
            let proof = match chain.broken_at {
                None => toned(format!("whole, {} entries", chain.entries), Tone::Good),
                Some(at) => toned(format!("broken at entry {at}"), Tone::Bad),
            };
            table.add_row(vec![cell(format!("audit trail {}", chain.chain)), proof]);
        }
        output::print(&table)?;
    }
    if is_sound(&checks, &chains) { Ok(()) } else { Err(Failure::Said(1)) }
}
