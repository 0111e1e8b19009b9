//! `connection`: pixi APIs and Unzer key pairs, how they are, and whether they are used.

use chrono_tz::Tz;
use serde::Serialize;

use crate::cli::context::{Context, Schema, actor};
use crate::cli::output::{self, Tone, cell, toned};
use crate::cli::{Failure, order};
use crate::clock::Time;
use crate::config::{ApiName, Settings};
use crate::engine::connections::{self, Link, Shown};
use crate::engine::peers::Peers;
use crate::journal::{ConnectionRow, Journal, JournalError};
use crate::unzer::UnzerClient;
use crate::wire::Peer;
use crate::wire::circuit::ConnectionState;

/// Commands of `connection`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Every pixi API and key pair with its state, since when, and its last error; asks nobody
    #[command(
        after_help = "States:\n  NOT_CONNECTED    not used yet\n  CONNECTED        the last request was answered\n  \
                            CONNECTED_ERROR  the last request failed, or the login was refused; it is tried again\n  \
                            DISABLED         off, by a person, after a long outage (safety.disable_after), or in the configuration\n  \
                            DEREGISTERED     no longer in the configuration"
    )]
    List {
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Ask them now; status 1 if one does not answer as it should
    #[command(after_help = "Examples:\n  pixi-payd connection test\n  pixi-payd connection test live\n\n\
                            Without names every connection that is on is asked. One that is named is asked although it is off, \
                            and stays off.")]
    Test {
        /// Name of a pixi API, or public key
        #[arg(value_name = "NAME")]
        names: Vec<String>,
        /// One JSON document
        #[arg(long)]
        json: bool,
    },
    /// Take a connection up again; what came in meanwhile is taken up, at most 30 days back
    #[command(after_help = "Example:\n  pixi-payd connection enable live --reason \"the server is back\"\n\n\
                            A running daemon notices within seconds.")]
    Enable {
        /// Name of a pixi API, or public key
        #[arg(value_name = "NAME")]
        name: String,
        /// Why, for the audit trail
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
    /// Send nothing over a connection any more, until it is enabled
    #[command(after_help = "Example:\n  pixi-payd connection disable live --reason \"the server is being moved\"\n\n\
                            A running daemon notices within seconds; a request that is under way is finished.")]
    Disable {
        /// Name of a pixi API, or public key
        #[arg(value_name = "NAME")]
        name: String,
        /// Why, for the audit trail
        #[arg(long, value_name = "TEXT")]
        reason: String,
    },
}

/// A connection for people and scripts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Connection {
    /// `pixi` or `unzer`.
    pub peer: Peer,
    /// Name of the API, or public key of the pair.
    pub name: String,
    /// Address.
    pub endpoint: String,
    /// Mandants that use it.
    pub mandants: Vec<String>,
    /// `NOT_CONNECTED`, `CONNECTED`, `CONNECTED_ERROR`, `DISABLED`, `DEREGISTERED`.
    pub state: &'static str,
    /// Since when.
    pub since: Option<String>,
    /// What was found, or why it is off.
    pub detail: Option<String>,
    /// The last failure, also after it was cured.
    pub last_error: Option<String>,
    /// When that was.
    pub last_error_at: Option<String>,
    /// Who switched it off or on last.
    pub changed_by: Option<String>,
    /// Why.
    pub changed_reason: Option<String>,
}

impl Connection {
    fn of(shown: &Shown, zone: Tz) -> Self {
        let Shown { link, state, row } = shown;
        // What the configuration says goes before what the store remembers.
        let row = row.as_ref().filter(|_| link.active || *state == ConnectionState::Deregistered);
        let stamp = |time: Time| output::stamp(time, zone);
        let detail = match (state, row) {
            (ConnectionState::Disabled, None) => Some("off in the configuration (active: false)".to_owned()),
            (ConnectionState::Deregistered, _) => Some("no longer in the configuration".to_owned()),
            (ConnectionState::Disabled, Some(row)) => row.changed_reason.clone(),
            (ConnectionState::ConnectedError, Some(row)) => row.last_error.clone(),
            _ => None,
        };
        let text = |field: fn(&ConnectionRow) -> &Option<String>| row.and_then(|row| field(row).clone());
        Self {
            peer: link.peer,
            name: link.name.clone(),
            endpoint: link.endpoint.clone(),
            mandants: link.mandants.keys().map(|id| id.0.clone()).collect(),
            state: state.name(),
            since: row.map(|row| stamp(row.since)),
            detail,
            last_error: text(|row| &row.last_error),
            last_error_at: row.and_then(|row| row.last_error_at).map(stamp),
            changed_by: text(|row| &row.changed_by),
            changed_reason: text(|row| &row.changed_reason),
        }
    }
}

/// A key pair and its client, once for all payment types that share it.
pub struct Pair {
    /// Public key.
    pub name: String,
    /// Mandants that use it.
    pub mandants: Vec<String>,
    /// Client.
    pub client: UnzerClient,
    /// A payment type that uses it is switched on.
    pub active: bool,
}

/// The key pairs of the configuration, each once.
pub fn pairs(settings: &Settings, peers: &Peers) -> Vec<Pair> {
    let mut all: Vec<Pair> = Vec::new();
    for link in connections::links(settings).into_iter().filter(|link| link.peer == Peer::Unzer) {
        let of_link = |id: &crate::config::MandantId| {
            let codes = settings.mandants.get(id).into_iter().flat_map(|mandant| mandant.payment_types.keys());
            codes.filter_map(|code| peers.ring(id, code)).find_map(|ring| ring.client(&link.name).cloned())
        };
        if let Some(client) = link.mandants.keys().find_map(of_link) {
            let mandants = link.mandants.keys().map(|id| id.0.clone()).collect();
            all.push(Pair { name: link.name.clone(), mandants, client, active: link.active });
        }
    }
    all
}

/// Runs a command of `connection`.
pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    let settings = context.settings()?;
    match command {
        Command::List { json } => {
            let rows = match store(&context, &settings).await? {
                Some(journal) => journal.connections().await?,
                None => Vec::new(),
            };
            let all = connections::shown(&settings, rows);
            let all: Vec<Connection> = all.iter().map(|shown| Connection::of(shown, settings.timezone)).collect();
            show(&all, json)
        }
        Command::Test { names, json } => test(&context, &settings, &names, json).await,
        Command::Enable { name, reason } => {
            let link = known(&settings, &name)?;
            let reason = order::given(&reason)?;
            if !link.active {
                return Err(Failure::failed(format!(
                    "{} is off in the configuration: set active: true there, then: pixi-payd check",
                    link.title()
                )));
            }
            let journal = context.journal(&settings, Schema::Keep).await?;
            let done = connections::enable(&journal, &link, settings.timezone, &actor(), reason).await?;
            let what = if done {
                "is on again; what came in meanwhile is taken up with the next cycle"
            } else {
                "is on already"
            };
            output::line(&format!("{} {what}", link.title()))
        }
        Command::Disable { name, reason } => {
            let link = known(&settings, &name)?;
            let reason = order::given(&reason)?;
            let journal = context.journal(&settings, Schema::Keep).await?;
            let done = connections::disable(&journal, &link, &actor(), reason).await?;
            let what = if done { "is off: nothing is sent over it until it is enabled" } else { "is off already" };
            output::line(&format!("{} {what}", link.title()))
        }
    }
}

/// The store; none where there is none yet.
async fn store(context: &Context, settings: &Settings) -> Result<Option<Journal>, Failure> {
    match Journal::open(context.store(settings, Schema::Keep)).await {
        Ok(journal) => Ok(Some(journal)),
        Err(JournalError::Schema { found: 0, .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// A connection of the configuration by its name.
fn known(settings: &Settings, name: &str) -> Result<Link, Failure> {
    let all = connections::links(settings);
    let names: Vec<String> = all.iter().map(|link| link.name.clone()).collect();
    let name = name.strip_prefix("pixi ").or_else(|| name.strip_prefix("unzer ")).unwrap_or(name);
    all.into_iter().find(|link| link.name == name).ok_or_else(|| {
        Failure::usage(format!("{name}: no such connection in the configuration; there are: {}", names.join(", ")))
    })
}

async fn test(context: &Context, settings: &Settings, names: &[String], json: bool) -> Result<(), Failure> {
    let journal = store(context, settings).await?;
    let rows = match &journal {
        Some(journal) => journal.connections().await?,
        None => Vec::new(),
    };
    for name in names {
        known(settings, name)?;
    }
    let stack = context.stack(settings)?;
    let peers = Peers::new(settings, &stack.wire, &context.clock);
    let pairs = pairs(settings, &peers);
    let (mut all, mut failed) = (Vec::new(), false);
    for shown in connections::shown(settings, rows) {
        let link = &shown.link;
        let is_named = names.iter().any(|name| *name == link.name || *name == link.title());
        let on = !matches!(shown.state, ConnectionState::Disabled | ConnectionState::Deregistered);
        if !names.is_empty() && !is_named {
            continue;
        }
        let mut connection = Connection::of(&shown, settings.timezone);
        if is_named || on {
            let found = ask(link, &peers, &pairs).await;
            let now = context.clock.now();
            failed |= found.is_err();
            if let (Some(journal), true) = (&journal, on) {
                connections::tested(journal, link, found.clone().err(), now).await?;
            }
            if on {
                let state = if found.is_ok() { ConnectionState::Connected } else { ConnectionState::ConnectedError };
                connection.state = state.name();
                connection.since = Some(output::stamp(now, settings.timezone));
            }
            if let Err(error) = &found {
                connection.last_error = Some(error.clone());
                connection.last_error_at = Some(output::stamp(now, settings.timezone));
            }
            let answers = |text: String| if on { text } else { format!("answers ({text}), and is off") };
            connection.detail = Some(found.map_or_else(|error| error, answers));
        }
        all.push(connection);
    }
    show(&all, json)?;
    if failed { Err(Failure::Said(1)) } else { Ok(()) }
}

/// Asks a connection for something harmless. Ok: what was found; else what went wrong.
async fn ask(link: &Link, peers: &Peers, pairs: &[Pair]) -> Result<String, String> {
    match link.peer {
        Peer::Pixi => {
            let pixi = peers.pixi(&ApiName(link.name.clone())).ok_or("not in the configuration")?;
            let time = pixi.server_time().await.map_err(|error| error.to_string())?;
            let shown = time.and_then(|time| time.time);
            Ok(shown.map_or_else(|| "answers".to_owned(), |time| format!("its clock: {time}")))
        }
        Peer::Unzer => {
            let pair = pairs.iter().find(|pair| pair.name == link.name).ok_or("not in the configuration")?;
            let info = pair.client.keypair().await.map_err(|error| error.to_string())?;
            if info.public_key != link.name {
                return Err(format!("the private key belongs to {}", info.public_key));
            }
            Ok(format!("may use: {}", info.payment_types.join(", ")))
        }
    }
}

fn show(all: &[Connection], json: bool) -> Result<(), Failure> {
    if json {
        return output::json(&all);
    }
    let mut table = output::table(&["peer", "name", "mandants", "state", "since", "detail"]);
    for connection in all {
        let tone = match ConnectionState::from_name(connection.state) {
            Some(ConnectionState::Connected) => Tone::Good,
            Some(ConnectionState::ConnectedError) => Tone::Bad,
            Some(ConnectionState::Disabled) => Tone::Notice,
            _ => Tone::Plain,
        };
        let since = connection.since.as_deref().map(|since| since.replacen('T', " ", 1));
        let since = since.map(|since| since.get(..16).map(str::to_owned).unwrap_or(since)).unwrap_or_default();
        table.add_row(vec![
            cell(connection.peer),
            cell(&connection.name),
            cell(connection.mandants.join(", ")),
            toned(connection.state, tone),
            cell(since),
            cell(detail(connection)),
        ]);
    }
    output::print(&table)
}

/// What is to be known beside the state: what was found, or what failed last and when.
fn detail(connection: &Connection) -> String {
    match (&connection.detail, &connection.changed_by, connection.state) {
        (Some(detail), Some(by), "DISABLED") => format!("{by}: {detail}"),
        (Some(detail), ..) => detail.clone(),
        (None, ..) => match (&connection.last_error, &connection.last_error_at) {
            (Some(error), Some(at)) => {
                format!("last error {}: {error}", at.get(..16).unwrap_or(at).replacen('T', " ", 1))
            }
            _ => String::new(),
        },
    }
}
