//! `user`: logins of the pages that live in the store.

use std::io::{BufRead as _, IsTerminal as _};

use serde::Serialize;

use crate::cli::context::{Context, Schema, actor};
use crate::cli::{Failure, output};
use crate::web::login::{password, token};

/// Longest login name, in letters.
const LONGEST_NAME: usize = 64;

/// Commands of `user`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a login of the pages, or give one another password; who was logged in by the old one no longer is
    #[command(after_help = "Examples:\n  pixi-payd user add anna\n  pixi-payd user add anna --generate\n  \
                            pixi-payd user add anna < password-file\n\n\
                            The password is asked for, or read from standard input where that is no terminal.")]
    Add {
        /// Login name
        #[arg(value_name = "NAME")]
        name: String,
        /// Make a password and print it
        #[arg(long)]
        generate: bool,
    },
    /// Remove a login of the store and end its sessions
    Remove {
        /// Login name
        #[arg(value_name = "NAME")]
        name: String,
    },
    /// The logins of the store and of the configuration
    List {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

/// A login for people and scripts.
#[derive(Debug, Serialize)]
struct User {
    name: String,
    /// `store` or `configuration`.
    source: &'static str,
    since: Option<String>,
    by: Option<String>,
}

/// Runs a command of `user`.
pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    let settings = context.settings()?;
    let journal = context.journal(&settings, Schema::Keep).await?;
    match command {
        Command::Add { name, generate } => {
            if name.trim() != name || name.is_empty() || name.chars().count() > LONGEST_NAME {
                return Err(Failure::usage("a login name has one to 64 letters and no space around it"));
            }
            if settings.web.users.iter().any(|user| user.name == name) {
                return Err(Failure::failed(format!(
                    "{name} is a login of the configuration; change its password_hash there, or take it out first"
                )));
            }
            let chosen = if generate { token::random().map_err(Failure::failed)? } else { ask(&name)? };
            if chosen.len() > password::LONGEST {
                return Err(Failure::usage(format!("the password must have at most {} bytes", password::LONGEST)));
            }
            if chosen.chars().count() < password::SHORTEST {
                return Err(Failure::usage(format!("the password must have at least {} letters", password::SHORTEST)));
            }
            let hash = password::hash(&chosen).map_err(Failure::failed)?;
            journal.set_user(&name, &hash, &actor()).await?;
            if generate {
                output::line(&chosen)?;
                output::remark(&format!("{name} can log in with this password; it is shown only now"));
                return Ok(());
            }
            output::line(&format!("{name} can log in"))
        }
        Command::Remove { name } => {
            if journal.remove_user(&name, &actor()).await? {
                return output::line(&format!("{name} can no longer log in"));
            }
            let hint = if settings.web.users.iter().any(|user| user.name == name) {
                "; it is one of the configuration, take it out there"
            } else {
                ""
            };
            Err(Failure::failed(format!("the store has no login {name}{hint}")))
        }
        Command::List { json } => {
            let stored = journal.users().await?.into_iter().map(|user| User {
                name: user.name,
                source: "store",
                since: Some(output::stamp(user.created, settings.timezone)),
                by: Some(user.created_by),
            });
            let of_file = settings.web.users.iter().map(|user| User {
                name: user.name.clone(),
                source: "configuration",
                since: None,
                by: None,
            });
            let all: Vec<User> = of_file.chain(stored).collect();
            show(&all, json)
        }
    }
}

fn show(all: &[User], json: bool) -> Result<(), Failure> {
    if json {
        return output::json(&all);
    }
    let mut table = output::table(&["name", "from", "since", "by"]);
    for user in all {
        let text = |value: &Option<String>| output::cell(value.as_deref().unwrap_or_default());
        table.add_row(vec![output::cell(&user.name), output::cell(user.source), text(&user.since), text(&user.by)]);
    }
    output::print(&table)
}

/// A password, typed twice unseen at a terminal, else the first line of standard input.
fn ask(name: &str) -> Result<String, Failure> {
    if std::io::stdin().is_terminal() {
        let first = rpassword::prompt_password(format!("Password for {name}: ")).map_err(Failure::failed)?;
        let again = rpassword::prompt_password("The same again: ").map_err(Failure::failed)?;
        return if first == again { Ok(first) } else { Err(Failure::failed("the two are not the same")) };
    }
    let mut line = String::new();
    std::io::stdin().lock().read_line(&mut line).map_err(Failure::failed)?;
    Ok(line.trim_end_matches(['\r', '\n']).to_owned())
}
