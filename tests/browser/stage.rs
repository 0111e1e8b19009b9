//! The sandbox of the built binary: the daemon with its pages, and demo orders that live through their stories.

use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use pixi_payd::clock::Clock;

/// Sandbox seconds per second: a day of orders in a minute, and a busy machine still keeps up.
const SPEED: &str = "120";
/// The longest anything here takes, on a machine that is busy with something else too.
const PATIENCE: Duration = Duration::from_mins(2);
/// Pause between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// The running sandbox; ended with its last user.
pub struct Stage {
    child: Mutex<Child>,
    said: Arc<Mutex<Vec<String>>>,
}

/// What the sandbox logs: of warnings and worse.
fn log_file() -> PathBuf {
    PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("browser-sandbox.log")
}

/// What it says on its first lines.
pub struct Doors {
    /// `http://127.0.0.1:40123`
    pub pages: String,
    /// Of the demo login.
    pub password: String,
    /// Whole address.
    pub error_page: String,
    /// The configuration's file.
    pub configuration: PathBuf,
}

impl Stage {
    /// The sandbox of this process: tests that run side by side share one.
    pub fn shared() -> Arc<Self> {
        static SHARED: Mutex<Weak<Stage>> = Mutex::new(Weak::new());
        let mut shared = SHARED.lock().unwrap_or_else(PoisonError::into_inner);
        shared.upgrade().unwrap_or_else(|| {
            let stage = Arc::new(Self::start());
            *shared = Arc::downgrade(&stage);
            stage
        })
    }

    fn start() -> Self {
        let log = std::fs::File::create(log_file()).unwrap();
        let mut child = Command::new(env!("CARGO_BIN_EXE_pixi-payd"))
            .args(["sandbox", "--speed", SPEED])
            .env_remove("PIXI_PAYD_CONFIG")
            .env_remove("NOTIFY_SOCKET")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log)
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said = Arc::new(Mutex::new(Vec::new()));
        let heard = said.clone();
        std::thread::spawn(move || {
            for line in lines.map_while(Result::ok) {
                heard.lock().unwrap_or_else(PoisonError::into_inner).push(line);
            }
        });
        Self { child: Mutex::new(child), said }
    }

    fn said(&self) -> Vec<String> {
        let ended = self.child.lock().unwrap_or_else(PoisonError::into_inner).try_wait().unwrap();
        let said = self.said.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let log = || std::fs::read_to_string(log_file()).unwrap_or_default();
        assert!(ended.is_none(), "the sandbox has ended, {ended:?}; its log:\n{}", log());
        said
    }

    /// Where its doors are; waits until it has said so.
    pub async fn doors(&self) -> Doors {
        until("the sandbox says where its pages are", async || {
            let said = self.said();
            let after = |word: &str| {
                let line = said.iter().find_map(|line| line.trim_start().strip_prefix(word));
                line.map(|rest| rest.trim_start().to_owned())
            };
            // The last of the lines that are read here.
            after("metrics ")?;
            let pages = after("pages ")?;
            let (address, _) = pages.split_once("/ ")?;
            let (_, password) = pages.rsplit_once(' ')?;
            Some(Doors {
                pages: address.to_owned(),
                password: password.to_owned(),
                error_page: after("error page ")?,
                configuration: after("configuration ")?.into(),
            })
        })
        .await
    }

    /// Orders of the first mandant whose story has ended with a problem, as they ended: at least so many. Nobody but a person
    /// does anything more about them.
    pub async fn problems(&self, at_least: usize) -> Vec<String> {
        until("stories end with a problem", async || {
            let said = self.said();
            let over = said.iter().filter(|line| {
                // The second mandant is there for what is mixed up between the two.
                line.contains(" | ended as told: ") && line.ends_with("problem") && !line.contains("merchant")
            });
            let numbers: Vec<String> =
                over.filter_map(|line| line.split_whitespace().nth(2)).map(str::to_owned).collect();
            (numbers.len() >= at_least).then_some(numbers)
        })
        .await
    }

    /// The order of a story that has ended.
    pub fn order_of(&self, story: &str) -> Option<String> {
        let said = self.said();
        let line = said.iter().find(|line| line.contains(story) && line.contains(" | ended as told: "))?;
        line.split_whitespace().nth(2).map(str::to_owned)
    }

    /// Waits until every story has ended.
    pub async fn over(&self) {
        let over = async || self.said().iter().any(|line| line.starts_with("All demo orders have ended")).then_some(());
        until("every story has ended", over).await;
    }

    /// Runs a command beside the sandbox.
    pub async fn command(&self, args: &[&str]) {
        let doors = self.doors().await;
        let mut command = Command::new(env!("CARGO_BIN_EXE_pixi-payd"));
        let output = command.arg("--config").arg(&doors.configuration).args(args).output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let child = self.child.get_mut().unwrap_or_else(PoisonError::into_inner);
        // Told to end, it takes its folder away.
        let told = Command::new("kill").arg(child.id().to_string()).status();
        if !told.is_ok_and(|status| status.success()) {
            let _ = child.kill();
        }
        let _ = child.wait();
    }
}

/// Looks until something is there.
///
/// # Panics
/// Where it does not come.
pub async fn until<T>(what: &str, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let clock = Clock::system();
    let watch = clock.stopwatch();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(watch.elapsed() < PATIENCE, "waited in vain: {what}");
        clock.sleep(LOOK_AGAIN).await;
    }
}
