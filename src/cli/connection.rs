//! `connection`: pixi APIs and Unzer key pairs.

use chrono_tz::Tz;
use serde::Serialize;

use crate::cli::Failure;
use crate::cli::context::Context;
use crate::cli::output::{self, Tone, cell, toned};
use crate::clock::Time;
use crate::config::Settings;
use crate::engine::peers::Peers;
use crate::unzer::UnzerClient;

/// Commands of `connection`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Every pixi API and key pair of the configuration; asks nobody
    List {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Ask each of them now; status 1 if one does not answer
    Test {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
}

/// A connection for people and scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// `pixi` or `unzer`.
    pub peer: &'static str,
    /// Name of the API, or public key of the pair.
    pub name: String,
    /// Address.
    pub endpoint: String,
    /// Mandants that use it.
    pub mandants: Vec<String>,
    /// `NOT_CONNECTED`, `CONNECTED`, `CONNECTED_ERROR`, `DISABLED`.
    pub state: &'static str,
    /// Since when.
    pub since: Option<String>,
    /// What was found, or went wrong.
    pub detail: Option<String>,
}

/// A key pair and its client, once for all payment types that share it.
pub struct Pair {
    /// As shown.
    pub connection: Connection,
    /// Client.
    pub client: UnzerClient,
    /// A payment type that uses it is switched on.
    pub active: bool,
}

/// The key pairs of the configuration, each once.
pub fn pairs(settings: &Settings, peers: &Peers) -> Vec<Pair> {
    let mut all: Vec<Pair> = Vec::new();
    for (id, mandant) in &settings.mandants {
        for (code, payment_type) in &mandant.payment_types {
            let Some(ring) = peers.ring(id, code) else { continue };
            let endpoint = payment_type.unzer_url.to_string();
            for client in ring.clients() {
                let known = all
                    .iter_mut()
                    .find(|pair| pair.connection.name == client.public_key() && pair.connection.endpoint == endpoint);
                if let Some(pair) = known {
                    pair.active |= payment_type.active;
                    if !pair.connection.mandants.contains(&id.0) {
                        pair.connection.mandants.push(id.0.clone());
                    }
                    continue;
                }
                all.push(Pair {
                    connection: Connection {
                        peer: "unzer",
                        name: client.public_key().to_owned(),
                        endpoint: endpoint.clone(),
                        mandants: vec![id.0.clone()],
                        state: "",
                        since: None,
                        detail: None,
                    },
                    client: client.clone(),
                    active: payment_type.active,
                });
            }
        }
    }
    for pair in &mut all {
        pair.connection.state = idle(pair.active);
    }
    all
}

fn idle(active: bool) -> &'static str {
    if active { "NOT_CONNECTED" } else { "DISABLED" }
}

/// Lists or tests the connections.
pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    let settings = context.settings()?;
    let stack = context.stack(&settings)?;
    let peers = Peers::new(&settings, &stack.wire, &context.clock);
    let (json, test) = match command {
        Command::List { json } => (json, false),
        Command::Test { json } => (json, true),
    };
    let mut all = Vec::new();
    for (name, api) in &settings.pixi {
        let users = settings.mandants.iter().filter(|(_, mandant)| mandant.pixi == *name);
        let mut connection = Connection {
            peer: "pixi",
            name: name.0.clone(),
            endpoint: api.endpoint.to_string(),
            mandants: users.map(|(id, _)| id.0.clone()).collect(),
            state: idle(api.active),
            since: None,
            detail: None,
        };
        if let (true, true, Some(pixi)) = (test, api.active, peers.pixi(name)) {
            let answer = pixi.server_time().await;
            let found = answer.map(|time| {
                time.and_then(|time| time.time)
                    .map_or_else(|| "answers".to_owned(), |time| format!("its clock: {time}"))
            });
            tested(&mut connection, found.map_err(|error| error.to_string()), context.clock.now(), settings.timezone);
        }
        all.push(connection);
    }
    for pair in pairs(&settings, &peers) {
        let mut connection = pair.connection;
        if test && pair.active {
            let found = pair.client.keypair().await.map(|info| info.payment_types.join(", "));
            tested(&mut connection, found.map_err(|error| error.to_string()), context.clock.now(), settings.timezone);
        }
        all.push(connection);
    }
    show(&all, json)?;
    if all.iter().any(|connection| connection.state == "CONNECTED_ERROR") { Err(Failure::Said(1)) } else { Ok(()) }
}

fn tested(connection: &mut Connection, found: Result<String, String>, now: Time, zone: Tz) {
    connection.state = if found.is_ok() { "CONNECTED" } else { "CONNECTED_ERROR" };
    connection.since = Some(output::stamp(now, zone));
    connection.detail = Some(found.unwrap_or_else(|error| error));
}

fn show(all: &[Connection], json: bool) -> Result<(), Failure> {
    if json {
        return output::json(&all);
    }
    let mut table = output::table(&["peer", "name", "endpoint", "mandants", "state", "detail"]);
    for connection in all {
        let tone = match connection.state {
            "CONNECTED" => Tone::Good,
            "CONNECTED_ERROR" => Tone::Bad,
            _ => Tone::Plain,
        };
        table.add_row(vec![
            cell(connection.peer),
            cell(&connection.name),
            cell(&connection.endpoint),
            cell(connection.mandants.join(", ")),
            toned(connection.state, tone),
            cell(connection.detail.as_deref().unwrap_or_default()),
        ]);
    }
    output::print(&table)
}
