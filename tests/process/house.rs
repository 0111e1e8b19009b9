//! The built binary in a folder of its own, beside a clock that runs faster than the wall's.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use pixi_payd::clock::Clock;
use pixi_payd::config::Mode;
use pixi_payd::sandbox::World;
use pixi_payd::sandbox::world::{CLOCK_FILE, ClockFile, Seller, start};
use tempfile::TempDir;

use crate::gate::{Doors, Gate};

/// Sandbox seconds per second: minutes of waiting become seconds, while leases and permits still live long enough for a
/// busy machine.
pub const SPEED: u32 = 120;
/// `absent_after` here: half a sandbox minute.
pub const ABSENT_AFTER_S: i64 = 30;

/// One of these tests at a time: each has a daemon and its peers at full work. Where every test has a process of its own,
/// `.config/nextest.toml` sees to it.
pub async fn alone() -> tokio::sync::MutexGuard<'static, ()> {
    static ONE: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());
    ONE.lock().await
}

/// A daemon's folder: configuration, clock and log; the store may lie elsewhere.
pub struct Place {
    folder: TempDir,
    store: PathBuf,
    database: Option<String>,
    program: PathBuf,
    user: Option<u32>,
    limit: Option<String>,
}

/// Peers, the gate before them, and a place for a daemon that works each sandbox minute.
pub async fn stage() -> (World, Gate, Place) {
    stage_with("0 * * * * *").await
}

/// The same with another schedule.
pub async fn stage_with(cycle: &'static str) -> (World, Gate, Place) {
    stage_of(Setting { cycle, speed: Some(SPEED), database: None }).await
}

/// What a stage is set for.
pub struct Setting {
    /// The schedule's pattern.
    pub cycle: &'static str,
    /// Sandbox seconds per second; none: daemons go by the wall's clock.
    pub speed: Option<u32>,
    /// Address of a database; none: a file beside the daemon.
    pub database: Option<String>,
}

/// Peers, the gate before them, and a place as it is wanted.
pub async fn stage_of(setting: Setting) -> (World, Gate, Place) {
    let clock = Clock::simulated(start(), setting.speed.unwrap_or(1));
    let world = World::new(clock);
    let (gate, doors) = Gate::serve(&world).await;
    let place = Place::new(&world, &doors, setting);
    (world, gate, place)
}

impl Place {
    fn new(world: &World, doors: &Doors, setting: Setting) -> Self {
        let folder = tempfile::Builder::new().prefix("pixi-payd-process-").tempdir().unwrap();
        let store = folder.path().join("store");
        std::fs::create_dir(&store).unwrap();
        let program = PathBuf::from(env!("CARGO_BIN_EXE_pixi-payd"));
        let place = Self { folder, store, database: setting.database, program, user: None, limit: None };
        std::fs::write(place.path("pixi-payd.yaml"), place.configuration(world, doors, setting.cycle)).unwrap();
        if let Some(speed) = setting.speed {
            let shown = ClockFile { real: Clock::system().now(), shown: world.clock.now(), speed };
            std::fs::write(place.path(CLOCK_FILE), serde_json::to_vec(&shown).unwrap()).unwrap();
        }
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The folder of the store.
    pub fn store_folder(&self) -> &Path {
        &self.store
    }

    /// The store.
    pub fn store(&self) -> PathBuf {
        self.store.join("pixi-payd.db")
    }

    /// From now on the daemon is this user's, who owns the store. The binary is copied to where that user may run it.
    pub fn run_as(&mut self, user: u32) {
        use std::os::unix::fs::{PermissionsExt as _, chown};
        let program = self.path("pixi-payd");
        std::fs::copy(&self.program, &program).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        for path in [self.folder.path(), &self.store, &program] {
            chown(path, Some(user), None).unwrap();
        }
        (self.program, self.user) = (program, Some(user));
    }

    /// From now on no file of the daemon may grow beyond so many blocks of 512 bytes (it may be told otherwise while it
    /// runs).
    pub fn limit_files(&mut self, blocks: Option<u64>) {
        self.limit = blocks.map(|blocks| format!("trap '' XFSZ; ulimit -S -f {blocks}; exec \"$0\" \"$@\""));
    }

    /// The sandbox's configuration with shorter brakes.
    fn configuration(&self, world: &World, doors: &Doors, cycle: &str) -> String {
        let (user, password) = world.pixi_login();
        let file = || format!("sqlite://{}", self.store().display());
        let mut text = format!(
            "timezone: Europe/Berlin\nlanguage: de\ndatabase: {}\n\
             web: {{listen: \"127.0.0.1:0\"}}\n\
             schedule:\n  cycle: \"{cycle}\"\n  quiet_hours: none\n\
             safety:\n  confirm_after: 20s\n  refund_delay: 30s\n  absent_after: {ABSENT_AFTER_S}s\n  \
             max_givebacks_per_cycle: off\n\
             pixi:\n  sandbox:\n    active: true\n    endpoint: {}\n    username: {user}\n    password: {password}\n    \
             timeout: 5s\nmandants:\n",
            self.database.clone().unwrap_or_else(file),
            world.pixi.endpoint(),
        );
        for (seller, keys) in [(Seller::First, "sandbox1"), (Seller::Second, "sandbox2")] {
            use std::fmt::Write as _;
            let shop = seller.shop();
            let _ = write!(
                text,
                "  {shop}:\n    name: {shop}\n    pixi: sandbox\n    kind: test\n    \
                 defaults: {{rounding_tolerance: 2}}\n    payment_types:\n"
            );
            for (mode, name) in [(Mode::Expert, "expert"), (Mode::Standard, "standard")] {
                let _ = write!(
                    text,
                    "      {}:\n        active: true\n        mode: {name}\n        event_invoice: UZE\n        \
                     event_return: UZR\n        xml_tag: unzer\n        public_key: s-pub-{keys}\n        \
                     private_key: s-priv-{keys}\n        unzer_url: {}\n",
                    seller.payment_type(mode),
                    doors.unzer,
                );
            }
        }
        text
    }

    /// A command of the binary, as the daemon's user.
    pub fn command(&self, args: &[&str]) -> Command {
        use std::os::unix::process::CommandExt as _;
        let mut command = if let Some(limit) = &self.limit {
            let mut command = Command::new("sh");
            command.args(["-c", limit]).arg(&self.program);
            command
        } else {
            Command::new(&self.program)
        };
        if let Some(user) = self.user {
            command.uid(user);
        }
        command.current_dir(self.folder.path()).args(args).stdin(Stdio::null());
        for name in ["PIXI_PAYD_CONFIG", "PIXI_PAYD_LOG", "PIXI_PAYD_LOG_FORMAT", "NOTIFY_SOCKET"] {
            command.env_remove(name);
        }
        command.env("USER", "anna").env_remove("SUDO_USER");
        command
    }

    /// Starts the daemon. Its log goes on where that of the one before ended.
    pub fn start(&self) -> Child {
        let log = std::fs::File::options().create(true).append(true).open(self.path("daemon.log")).unwrap();
        self.command(&["run"]).stdout(Stdio::null()).stderr(log).spawn().unwrap()
    }

    /// Runs a command to its end; panics with what it said where it fails.
    pub fn run(&self, args: &[&str]) -> String {
        let output = self.command(args).output().unwrap();
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{args:?}: {said}{error}");
        said
    }

    /// What the daemons logged so far.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("daemon.log")).unwrap_or_default()
    }

    /// The end of the log, for messages.
    pub fn log_end(&self) -> String {
        let log = self.log();
        let last = |lines: Vec<&str>| lines[lines.len().saturating_sub(30)..].join("\n");
        let bad = log.lines().filter(|line| !line.contains("INFO"));
        format!("{}\n...\n{}", last(bad.collect()), last(log.lines().collect()))
    }
}
