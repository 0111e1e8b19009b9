//! `config`: the configuration in force, its schema, one to start from.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::cli::context::Context;
use crate::cli::{Failure, output};
use crate::config;

/// Commands of `config`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// The configuration in force, every default and inheritance applied, secrets masked
    Show {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// JSON schema of the configuration, for editors
    Schema,
    /// A commented configuration to start from
    New {
        /// File to write, which must not exist; else standard output
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
    },
}

/// Runs a command of `config`.
pub fn run(context: &Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show { json: true } => output::json(&config::show_json(&context.load()?)),
        Command::Show { json: false } => output::raw(config::show(&context.load()?).as_bytes()),
        Command::Schema => output::json(&config::schema()),
        Command::New { file: None } => output::raw(config::STARTER.as_bytes()),
        Command::New { file: Some(file) } => write_new(&file),
    }
}

/// Writes the starter file, which will hold secrets: for its owner alone.
fn write_new(file: &Path) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => {
            Failure::usage(format!("{}: is there already and is left alone; name another file", file.display()))
        }
        _ => Failure::usage(format!("{}: cannot be written: {error}", file.display())),
    };
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(cannot)?;
    new.write_all(config::STARTER.as_bytes()).map_err(cannot)?;
    output::line(&format!("wrote {}; fill it in, then: pixi-payd --config {0} check", file.display()))
}
