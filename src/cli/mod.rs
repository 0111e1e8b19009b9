//! The command line: one file per command, each thin over the parts that do the work.
//!
//! Exit status: 0 done; 1 something asked for failed or was found wrong; 2 usage or configuration error.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

mod adopt;
mod ask;
mod check;
mod clock_check;
mod collection;
mod columns;
mod config;
mod connection;
mod context;
mod daemon;
mod error_page;
mod event_check;
mod explain;
mod failure;
mod find;
mod history;
mod interview;
mod key_check;
pub mod logging;
mod mail;
mod mail_check;
mod once;
mod online;
mod order;
mod orders;
mod output;
mod pixi_call;
mod plan;
mod read_back;
mod reload;
mod request;
mod sandbox;
mod shell;
mod store;
mod systemd;
mod tee;
mod unzer_show;
mod user;
mod webhooks;
mod words;

pub use failure::Failure;

use context::Context;

/// The payment daemon for the pixi ERP and Unzer.
#[derive(Debug, Parser)]
#[command(
    name = "pixi-payd",
    version,
    max_term_width = 110,
    after_help = "Examples:\n  pixi-payd config new pixi-payd.yaml   a configuration to start from\n  \
                  pixi-payd check --online              is everything set up?\n  \
                  pixi-payd plan                        what would the daemon do now?\n  \
                  pixi-payd run                         do it\n  \
                  pixi-payd orders --problems           what needs a person?\n\n\
                  Exit status: 0 done; 1 something failed or was found wrong; 2 usage or configuration error.\n\
                  Environment: PIXI_PAYD_CONFIG, PIXI_PAYD_LOG, PIXI_PAYD_LOG_FORMAT, NO_COLOR."
)]
pub struct Cli {
    /// Configuration file [default: $PIXI_PAYD_CONFIG, ./pixi-payd.yaml, /etc/pixi-payd/pixi-payd.yaml]
    #[arg(long, short, global = true, value_name = "FILE")]
    config: Option<PathBuf>,

    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the daemon until SIGTERM or SIGINT; SIGHUP re-reads the configuration
    Run(daemon::Args),
    /// Check the configuration; with --online also everything it names
    Check(check::Args),
    /// Show each step the daemon would take now; nothing is sent that writes
    Plan(plan::Args),
    /// Explain one order: facts, rule, what was done, what comes next
    Explain(explain::Args),
    /// List the orders the daemon knows
    Orders(orders::Args),
    /// Look at one order, or say what is to become of it
    #[command(subcommand)]
    Order(order::Command),
    /// pixi APIs and Unzer key pairs: how they are, and whether they are used
    #[command(subcommand)]
    Connection(connection::Command),
    /// The configuration: show it or its schema, start a file, copy a block
    #[command(subcommand)]
    Config(config::Command),
    /// A test mail, and what became of the mails so far
    #[command(subcommand)]
    Mail(mail::Command),
    /// One pixi call by hand
    #[command(subcommand)]
    Pixi(pixi_call::Command),
    /// A payment at Unzer
    #[command(subcommand)]
    Unzer(unzer_show::Command),
    /// The subscriptions of the webhooks at Unzer
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    /// Logins of the pages
    #[command(subcommand)]
    User(user::Command),
    /// The page that shows open problems without a login
    #[command(subcommand)]
    ErrorPage(error_page::Command),
    /// The store's schema
    #[command(subcommand)]
    Db(store::Command),
    /// Copy the store while it is in use, and prove the copy
    Backup(store::BackupArgs),
    /// Prove the store: the file, its invariants, the audit trail
    Verify(store::VerifyArgs),
    /// Watch the daemon work on a simulated pixi and Unzer, with demo orders
    Sandbox(sandbox::Args),
    /// Print a completion script for a shell
    Completions(shell::CompletionArgs),
    /// Print the manual page
    Man,
}

/// Runs a command to its end and gives the exit status of the process.
pub async fn run(cli: Cli) -> ExitCode {
    let level = match cli.command {
        Command::Sandbox(_) => sandbox::log_level(std::io::stdout().is_terminal()),
        _ => "info",
    };
    if let Err(error) = logging::init(level) {
        output::remark(&error.to_string());
        return ExitCode::from(2);
    }
    let context = Context::new(cli.config);
    match Box::pin(dispatch(context, cli.command)).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            if !matches!(failure, Failure::Said(_)) {
                output::remark(&format!("pixi-payd: {failure}"));
            }
            ExitCode::from(failure.status())
        }
    }
}

async fn dispatch(context: Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Run(args) => Box::pin(daemon::run(context, args)).await,
        Command::Check(args) => Box::pin(check::run(context, args)).await,
        Command::Plan(args) => plan::run(context, args).await,
        Command::Explain(args) => explain::run(context, args).await,
        Command::Orders(args) => orders::run(context, args).await,
        Command::Order(command) => order::run(context, command).await,
        Command::Connection(command) => connection::run(context, command).await,
        Command::Config(command) => config::run(context, command).await,
        Command::Mail(command) => mail::run(context, command).await,
        Command::Pixi(command) => pixi_call::run(context, command).await,
        Command::Unzer(command) => unzer_show::run(context, command).await,
        Command::Webhooks(command) => webhooks::run(&context, &command).await,
        Command::User(command) => user::run(context, command).await,
        Command::ErrorPage(command) => error_page::run(context, command).await,
        Command::Db(command) => store::run(context, command).await,
        Command::Backup(args) => store::backup(context, args).await,
        Command::Verify(args) => store::verify(context, args).await,
        Command::Sandbox(args) => Box::pin(sandbox::run(args)).await,
        Command::Completions(args) => shell::completions(&args),
        Command::Man => shell::man(),
    }
}
