//! The `pixi-payd` command.

use std::process::ExitCode;

use clap::Parser as _;
use pixi_payd::cli;

fn main() -> ExitCode {
    let cli = cli::Cli::parse();
    // One TLS provider for everything in this process; a second call would only say that there is one.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let Ok(runtime) = runtime else { return ExitCode::FAILURE };
    let status = runtime.block_on(cli::run(cli));
    // A look-up of a name that hangs must not hold up the end.
    runtime.shutdown_background();
    status
}
