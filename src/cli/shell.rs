//! What the shell and `man` need.

use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::{Cli, Failure, output};

/// Arguments of `completions`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  pixi-payd completions bash > /etc/bash_completion.d/pixi-payd")]
pub struct CompletionArgs {
    /// Shell
    #[arg(value_enum)]
    shell: Shell,
}

/// Prints a completion script.
pub fn completions(args: &CompletionArgs) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "pixi-payd", &mut script);
    output::raw(&script)
}

/// Prints the manual page, the pages of the commands after it.
pub fn man() -> Result<(), Failure> {
    let mut whole = Cli::command();
    whole.build();
    let mut page = Vec::new();
    clap_mangen::Man::new(whole.clone()).render(&mut page)?;
    pages(&whole, &mut page)?;
    output::raw(&page)
}

/// The pages of the commands below `command`, each before its own commands'.
fn pages(command: &clap::Command, page: &mut Vec<u8>) -> Result<(), Failure> {
    for below in command.get_subcommands().filter(|below| below.get_name() != "help") {
        clap_mangen::Man::new(below.clone()).render(page)?;
        pages(below, page)?;
    }
    Ok(())
}
