//! `webhooks`: the subscriptions at Unzer.

use serde::Serialize;
use serde_json::json;

use crate::cli::Failure;
use crate::cli::connection::{Pair, pairs};
use crate::cli::context::Context;
use crate::cli::output::{self, Tone, cell, toned};
use crate::config::Settings;
use crate::engine::peers::Peers;
use crate::engine::subscriptions::{self, Changed, HookAddress, Standing, Subscription};
use crate::unzer::UnzerError;

/// Commands of `webhooks`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// What each key pair has subscribed to, ours and others'; status 1 if a key pair does not answer
    List {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Subscribe to what is missing and mend what is out of date, for each key pair in use; others' are left alone
    #[command(
        after_help = "The address is web.public_url followed by /hooks/unzer/ and web.hook_token. Do this once, and again \
                            after either has changed."
    )]
    Register {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Remove the subscriptions that lead here; others' are left alone
    Remove {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

/// A subscription for scripts.
#[derive(Serialize)]
struct Row<'a> {
    key_pair: &'a str,
    mandants: &'a [String],
    event: &'a str,
    state: Standing,
    id: Option<&'a str>,
    /// Without tokens.
    url: &'a str,
}

/// Lists, makes or removes the subscriptions.
pub async fn run(context: &Context, command: &Command) -> Result<(), Failure> {
    let settings = context.settings()?;
    let address = HookAddress::of(&settings.web)
        .map_err(|missing| Failure::usage(format!("{missing}; write it in the configuration")))?;
    let stack = context.stack(&settings)?;
    let peers = Peers::new(&settings, &stack.wire, &context.clock);
    match command {
        Command::List { json } => list(&settings, &peers, &address, *json).await,
        Command::Register { json } => change(&settings, &peers, &address, true, *json).await,
        Command::Remove { json } => change(&settings, &peers, &address, false, *json).await,
    }
}

async fn list(settings: &Settings, peers: &Peers, address: &HookAddress, json: bool) -> Result<(), Failure> {
    let mut found: Vec<(Pair, Vec<Subscription>)> = Vec::new();
    let mut silent = false;
    for pair in pairs(settings, peers).into_iter().filter(|pair| pair.active) {
        match subscriptions::list(&pair.client, address).await {
            Ok(all) => found.push((pair, all)),
            Err(error) => silent = failed(&pair, &error),
        }
    }
    let rows: Vec<Row<'_>> = found
        .iter()
        .flat_map(|(pair, all)| {
            all.iter().map(|one| Row {
                key_pair: &pair.name,
                mandants: &pair.mandants,
                event: &one.event,
                state: one.standing,
                id: one.id.as_deref(),
                url: &one.shown,
            })
        })
        .collect();
    if json {
        output::json(&rows)?;
    } else {
        let mut table = output::table(&["key pair", "mandants", "event", "", "address"]);
        for row in &rows {
            let (word, tone) = match row.state {
                Standing::Good => ("ok", Tone::Good),
                Standing::Stale => ("out of date", Tone::Bad),
                Standing::Missing => ("missing", Tone::Bad),
                Standing::Foreign => ("not ours", Tone::Plain),
            };
            let mandants = row.mandants.join(", ");
            table.add_row(vec![cell(row.key_pair), cell(mandants), cell(row.event), toned(word, tone), cell(row.url)]);
        }
        output::print(&table)?;
        if rows.iter().any(|row| matches!(row.state, Standing::Stale | Standing::Missing)) {
            output::remark("mend: pixi-payd webhooks register");
        }
    }
    if silent { Err(Failure::Said(1)) } else { Ok(()) }
}

async fn change(
    settings: &Settings,
    peers: &Peers,
    address: &HookAddress,
    register: bool,
    json: bool,
) -> Result<(), Failure> {
    let mut done: Vec<(Pair, Changed)> = Vec::new();
    let mut silent = false;
    for pair in pairs(settings, peers).into_iter().filter(|pair| pair.active || !register) {
        let changed = if register {
            subscriptions::register(&pair.client, address).await
        } else {
            subscriptions::remove(&pair.client, address).await
        };
        match changed {
            Ok(changed) => done.push((pair, changed)),
            Err(error) => silent = failed(&pair, &error),
        }
    }
    if json {
        let row = |(pair, changed): &(Pair, Changed)| json!({"key_pair": pair.name, "changed": changed});
        output::json(&done.iter().map(row).collect::<Vec<_>>())?;
    } else {
        for (pair, changed) in &done {
            output::line(&format!("{}: {}", pair.name, told(changed)))?;
        }
    }
    if silent { Err(Failure::Said(1)) } else { Ok(()) }
}

fn told(changed: &Changed) -> String {
    let parts = [("subscribed to", &changed.created), ("mended", &changed.moved), ("removed", &changed.removed)];
    let told: Vec<String> = parts
        .into_iter()
        .filter(|(_, events)| !events.is_empty())
        .map(|(what, events)| format!("{what} {}", events.join(", ")))
        .collect();
    if told.is_empty() { "nothing to change".to_owned() } else { told.join("; ") }
}

fn failed(pair: &Pair, error: &UnzerError) -> bool {
    output::remark(&format!("{}: {error}", pair.name));
    true
}
