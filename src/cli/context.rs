//! What commands work with: the configuration, the store, the clients.

use std::path::PathBuf;
use std::sync::Arc;

use crate::cli::Failure;
use crate::clock::Clock;
use crate::config::{self, Findings, Loaded, Settings};
use crate::engine::peers::Peers;
use crate::engine::{Daemon, DaemonError, Stop, Workshop};
use crate::journal::{Journal, Options};
use crate::sandbox::world::{CLOCK_FILE, ClockFile};
use crate::wire::http::HttpWire;
use crate::wire::{SharedWire, Stack, stack};

/// Names the configuration file.
const CONFIG: &str = "PIXI_PAYD_CONFIG";

/// What every command is started with.
#[derive(Debug, Clone)]
pub struct Context {
    /// The file named on the command line.
    pub config: Option<PathBuf>,
    /// Time.
    pub clock: Clock,
}

/// Whether a command may create the store or bring its schema up to date.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// It may: `run`, `db migrate`.
    Migrate,
    /// It refuses a schema that is not its own.
    Keep,
}

impl Context {
    /// What a command is started with. Beside a running sandbox's configuration its clock is the one that counts.
    pub fn new(config: Option<PathBuf>) -> Self {
        let clock = Clock::system();
        let mut context = Self { config, clock };
        let beside = context.path().ok().and_then(|path| Some(path.parent()?.join(CLOCK_FILE)));
        let file = beside.and_then(|path| std::fs::read(path).ok());
        if let Some(file) = file.and_then(|bytes| serde_json::from_slice::<ClockFile>(&bytes).ok()) {
            context.clock = file.clock(context.clock.now());
        }
        context
    }

    /// The configuration file.
    pub fn path(&self) -> Result<PathBuf, Findings> {
        config::find_file(self.config.as_deref(), std::env::var_os(CONFIG))
    }

    /// The configuration, good or bad.
    pub fn try_load(&self) -> Result<Loaded, Findings> {
        config::load(&self.path()?)
    }

    /// The configuration; a bad one ends the command with status 2.
    pub fn load(&self) -> Result<Loaded, Failure> {
        Ok(self.try_load()?)
    }

    /// The settings in force.
    pub fn settings(&self) -> Result<Arc<Settings>, Failure> {
        Ok(Arc::new(self.load()?.settings))
    }

    /// Opens the store.
    pub async fn journal(&self, settings: &Settings, schema: Schema) -> Result<Journal, Failure> {
        Ok(Journal::open(self.store(settings, schema)).await?)
    }

    /// How the store is opened.
    pub fn store(&self, settings: &Settings, schema: Schema) -> Options {
        let mut options = Options::new(&settings.database, self.clock.clone());
        options.zone = settings.timezone;
        if schema == Schema::Migrate {
            options = options.migrating();
        }
        options
    }

    /// The transport of production.
    pub fn transport(&self) -> SharedWire {
        Arc::new(HttpWire::new(self.clock.clone()))
    }

    /// Starts the daemon on a store.
    pub fn daemon(
        &self,
        settings: &Arc<Settings>,
        journal: &Journal,
        stop: &Stop,
    ) -> Result<impl Future<Output = Result<Daemon, DaemonError>> + use<>, Failure> {
        let (transport, clock) = (self.transport(), self.clock.clone());
        Ok(Daemon::start(settings.clone(), transport, journal.clone(), clock, seed()?, stop.clone()))
    }

    /// The transport with its layers: quiet hours and limits hold for commands as well.
    pub fn stack(&self, settings: &Settings) -> Result<Stack, Failure> {
        Ok(stack(self.transport(), settings, &self.clock, seed()?))
    }

    /// Everything for a look at orders that changes nothing.
    pub async fn workshop(&self) -> Result<Workshop, Failure> {
        let settings = self.settings()?;
        let journal = self.journal(&settings, Schema::Keep).await?;
        let stack = self.stack(&settings)?;
        let peers = Peers::new(&settings, &stack.wire, &self.clock);
        Ok(Workshop { settings, peers, journal, clock: self.clock.clone(), hands: Arc::default() })
    }
}

/// A random number for pauses.
pub fn seed() -> Result<u64, Failure> {
    getrandom::u64().map_err(|error| Failure::failed(format!("no random numbers: {error}")))
}

/// Who asks, for the audit trail.
pub fn actor() -> String {
    let name = ["SUDO_USER", "USER", "LOGNAME"].iter().find_map(|name| std::env::var(name).ok());
    let name = name.filter(|name| !name.is_empty()).unwrap_or_else(|| "unknown".to_owned());
    format!("cli:{}", name.chars().filter(|c| !c.is_control()).take(40).collect::<String>())
}
