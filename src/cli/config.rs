//! `config`: the configuration in force, its schema, one to start from, blocks copied in it.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use crate::cli::context::Context;
use crate::cli::{Failure, interview, output};
use crate::config::{self, CopyError};

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
    /// A commented configuration to start from; asks pixi for its mandants and payment types when it can
    #[command(after_help = "Examples:\n  pixi-payd config new pixi-payd.yaml\n  \
                            pixi-payd config new pixi-payd.yaml --endpoint https://api.pixi.eu/soap/pixiACM/ \\\n      \
                            --username pixiACM --password-file secrets/pixi-live\n\n\
                            On a terminal you are asked for pixi's address, and of each mandant which payment types Unzer handles. \
                            A script gives --endpoint and gets all of them. Without, or where pixi cannot be reached, the file holds \
                            examples. Whatever needs a secret is switched off in it.")]
    New {
        /// File to write, which must not exist; else standard output
        #[arg(value_name = "FILE")]
        file: Option<PathBuf>,
        #[command(flatten)]
        login: interview::Login,
    },
    /// Copy a payment type's block to another, comments and order kept
    #[command(after_help = "Examples:\n  pixi-payd config copy LEO/U LEO/V\n  pixi-payd config copy LEO/U TOM/U\n\n\
                            The block is put at the end of the target's payment types, in the same file. Nothing else in the file moves; \
                            where the outcome could not be used, the file stays as it was. A running daemon reads it on SIGHUP.")]
    Copy {
        /// Payment type to copy
        #[arg(value_name = "MANDANT/CODE", value_parser = mandant_and_code)]
        from: (String, String),
        /// Payment type to make
        #[arg(value_name = "MANDANT/CODE", value_parser = mandant_and_code)]
        to: (String, String),
    },
}

fn mandant_and_code(text: &str) -> Result<(String, String), String> {
    match text.split_once('/') {
        Some((mandant, code)) if !mandant.is_empty() && !code.is_empty() && !code.contains('/') => {
            Ok((mandant.to_owned(), code.to_owned()))
        }
        _ => Err("write MANDANT/CODE, such as LEO/U".to_owned()),
    }
}

/// Runs a command of `config`.
pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    match command {
        Command::Show { json: true } => output::json(&config::show_json(&context.load()?)),
        Command::Show { json: false } => output::raw(config::show(&context.load()?).as_bytes()),
        Command::Schema => output::json(&config::schema()),
        Command::New { file, login } => {
            if let Some(file) = file.as_deref().filter(|file| file.exists()) {
                return Err(is_there(file));
            }
            let text = interview::text(&context, login, &interview::folder_of(file.as_deref())).await?;
            let text = text.unwrap_or_else(|| config::STARTER.to_owned());
            match file {
                None => output::raw(text.as_bytes()),
                Some(file) => write_new(&file, &text),
            }
        }
        Command::Copy { from, to } => copy(&context, &from, &to),
    }
}

fn is_there(file: &Path) -> Failure {
    Failure::usage(format!("{}: is there already and is left alone; name another file", file.display()))
}

/// Copies a block within the file that holds it.
fn copy(context: &Context, from: &(String, String), to: &(String, String)) -> Result<(), Failure> {
    let path = context.path()?;
    let loaded = config::load(&path)?;
    let (from_name, to_name) = (format!("{}/{}", from.0, from.1), format!("{}/{}", to.0, to.1));
    let named = |(mandant, code): &(String, String)| (mandant.clone(), code.clone());
    let (source, target) = (named(from), named(to));
    for file in &loaded.files {
        let cannot = |error: std::io::Error| Failure::failed(format!("{}: {error}", file.display()));
        let text = std::fs::read_to_string(file).map_err(cannot)?;
        let copied = match config::copy_payment_type(&text, (&source.0, &source.1), (&target.0, &target.1)) {
            Ok(copied) => copied,
            Err(CopyError::NoSource(_)) => continue,
            Err(error) => return Err(Failure::failed(format!("{}: {error}", file.display()))),
        };
        replace(file, &copied).map_err(cannot)?;
        return match config::load(&path) {
            Ok(_) => output::line(&format!(
                "{}: {from_name} is copied to {to_name}; look it over, then let a running daemon read it: SIGHUP",
                file.display()
            )),
            Err(findings) => {
                replace(file, &text).map_err(cannot)?;
                Err(Failure::failed(format!("with {to_name} it could not be used, and is as it was:\n{findings}")))
            }
        };
    }
    Err(Failure::failed(format!("there is no payment type {from_name} in {}", path.display())))
}

/// Puts another text in the place of a file, whole or not at all; its rights stay.
fn replace(file: &Path, text: &str) -> std::io::Result<()> {
    // What a link points at is replaced, not the link.
    let file = file.canonicalize()?;
    let mut name = file.as_os_str().to_owned();
    name.push(".new");
    let new = PathBuf::from(name);
    let written = (|| {
        let mut out = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&new)?;
        out.write_all(text.as_bytes())?;
        out.set_permissions(std::fs::metadata(&file)?.permissions())?;
        out.sync_all()?;
        std::fs::rename(&new, &file)
    })();
    if written.as_ref().is_err_and(|error| error.kind() != ErrorKind::AlreadyExists) {
        let _ = std::fs::remove_file(&new);
    }
    written
}

/// Writes the starter file, which will hold secrets: for its owner alone.
fn write_new(file: &Path, text: &str) -> Result<(), Failure> {
    let cannot = |error: std::io::Error| match error.kind() {
        ErrorKind::AlreadyExists => is_there(file),
        _ => Failure::usage(format!("{}: cannot be written: {error}", file.display())),
    };
    let mut new = OpenOptions::new().write(true).create_new(true).mode(0o600).open(file).map_err(cannot)?;
    new.write_all(text.as_bytes()).map_err(cannot)?;
    output::line(&format!("wrote {}; fill it in, then: pixi-payd --config {0} check", file.display()))
}
