//! A store that takes no writes: full, read-only, locked. Nothing that writes may leave without an intent on disk, the
//! log says why, and work goes on when it is mended, without a restart.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use pixi_payd::clock::Clock;
use pixi_payd::sandbox::World;
use sqlx::Connection as _;

use crate::gate::Gate;
use crate::house::{Place, alone, stage};
use crate::people::{KINDS, People};
use crate::{books, store};

/// Nothing of this takes longer, even on a busy machine.
const AT_MOST: Duration = Duration::from_mins(2);
/// User without rights, where the tests run as root: root may write what is read-only.
const NOBODY: u32 = 65534;

/// Reasons, as the log gives them: the database's own words and code.
const FULL: &str = "database or disk is full";
const AT_ITS_LIMIT: &str = "disk I/O error";
const LOCKED: &str = "database is locked";
const READ_ONLY: &str = "readonly database";

struct Scene {
    _alone: tokio::sync::MutexGuard<'static, ()>,
    world: World,
    gate: Gate,
    place: Place,
    people: People,
    real: Clock,
}

impl Scene {
    async fn new() -> Self {
        let alone = alone().await;
        let (world, gate, place) = stage().await;
        let people = People::new(&world);
        Self { _alone: alone, world, gate, place, people, real: Clock::system() }
    }

    fn start(&self) {
        self.gate.watch(self.place.start());
    }

    /// Each kind of order once.
    fn sell(&self) {
        for kind in KINDS {
            self.people.sell_kind(kind);
        }
    }

    /// Waits until something holds.
    async fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let waits = async {
            while !holds() {
                self.real.sleep(Duration::from_millis(50)).await;
            }
        };
        let ended = self.real.timeout(AT_MOST, waits).await;
        assert!(ended.is_ok(), "waited in vain until {what}\n{}", self.place.log_end());
        assert_eq!(self.gate.ended(), None, "the daemon ended\n{}", self.place.log_end());
    }

    /// Cycles that have ended because the store took nothing.
    fn said(&self) -> usize {
        self.place.log().lines().filter(|line| line.contains("ERROR cycle ended early")).count()
    }

    async fn says(&self, times: usize) {
        let before = self.said();
        self.until("the daemon says that it cannot store", || self.said() >= before + times).await;
    }

    /// Cycle after cycle the daemon says that it cannot store, and why, and sends nothing that writes. What it had an intent
    /// for has left once the first of them has ended.
    async fn stands_still(&self, reason: &str) {
        let before = self.place.log().len();
        self.says(1).await;
        let (written, asked) = (self.gate.seen().written(), self.gate.seen().requests);
        // Work comes in all the while. Of two cycles that end from now on, one has begun with it.
        self.sell();
        self.says(2).await;
        assert_eq!(self.gate.seen().written(), written, "{reason}: sent without an intent\n{}", self.place.log_end());
        let log = self.place.log();
        let said = log[before..].lines().find(|line| line.contains("ERROR") && line.contains(reason));
        assert!(said.is_some_and(|said| said.contains("(code: ")), "{reason}: not said\n{}", self.place.log_end());
        println!("{reason}: no write in {} requests", self.gate.seen().requests - asked);
    }

    /// Once it is mended cycles end well again, and writing goes on: in the same process.
    async fn goes_on(&self) {
        let (written, pid) = (self.gate.seen().written(), self.gate.pid());
        let ended = || self.place.log().lines().filter(|line| line.contains(" ended, 0 failed")).count();
        let before = ended();
        self.until("a cycle ends well again", || ended() > before && self.gate.seen().written() > written).await;
        assert_eq!(self.gate.pid(), pid);
    }

    /// All ends well after all.
    async fn ends(&self) {
        let ended = self.people.all_over(AT_MOST).await;
        assert!(ended.is_ok(), "{}\n{}", ended.unwrap_err(), self.place.log_end());
        let closed = async {
            while store::open_steps(&self.place.store()).await > 0 {
                self.real.sleep(Duration::from_millis(200)).await;
            }
        };
        assert!(self.real.timeout(AT_MOST, closed).await.is_ok(), "steps stay open\n{}", self.place.log_end());
        assert_eq!(self.gate.ended(), None, "the daemon ended\n{}", self.place.log_end());
        self.gate.finish();
        // An outcome that could not be stored is one whose answer was lost.
        assert_eq!(books::wrong(&self.world, &self.people.sold()), Vec::<String>::new());
    }
}

fn succeeds(command: &mut Command) -> bool {
    command.output().is_ok_and(|output| output.status.success())
}

fn is_root() -> bool {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::metadata("/proc/self").is_ok_and(|metadata| metadata.uid() == 0)
}

/// A file system in memory of its own, where one may be mounted.
struct Mount<'a>(&'a Path);

impl<'a> Mount<'a> {
    fn new(at: &'a Path, size: &str) -> Option<Self> {
        let options = format!("size={size}");
        succeeds(Command::new("mount").args(["-t", "tmpfs", "-o", &options, "none"]).arg(at)).then_some(Self(at))
    }
}

impl Drop for Mount<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(self.0).status();
    }
}

/// The disk is full in the middle of a capture: the daemon cannot store how it ended.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_full_disk_nothing_leaves_and_work_goes_on_once_there_is_room() {
    let scene = Scene::new().await;
    let folder = scene.place.store_folder().to_owned();
    let Some(_mount) = Mount::new(&folder, "24m") else {
        println!("no file system may be mounted here: a full disk is tested by the size of files alone");
        return;
    };
    scene.start();
    let capture = scene.gate.hold("capture");
    scene.sell();
    let arrived = scene.real.timeout(AT_MOST, capture.arrived()).await;
    assert!(arrived.is_ok(), "no capture\n{}", scene.place.log_end());
    let filler = folder.join("filler");
    let full = std::fs::write(&filler, vec![0; 25 << 20]).unwrap_err();
    assert_eq!(full.kind(), std::io::ErrorKind::StorageFull);
    capture.let_go();
    scene.stands_still(FULL).await;
    std::fs::remove_file(filler).unwrap();
    scene.goes_on().await;
    scene.ends().await;
}

/// The same without rights: no file of the daemon may grow any more.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn when_the_store_may_not_grow_nothing_leaves_and_work_goes_on_once_it_may() {
    let mut scene = Scene::new().await;
    scene.place.limit_files(Some(1200));
    scene.start();
    scene.sell();
    scene.sell();
    scene.stands_still(AT_ITS_LIMIT).await;
    let pid = scene.gate.pid().to_string();
    assert!(succeeds(Command::new("prlimit").args(["--pid", &pid, "--fsize=unlimited:unlimited"])));
    scene.goes_on().await;
    scene.ends().await;
}

/// First locked by another process, then read-only when the daemon opens it anew.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn on_a_locked_or_read_only_store_nothing_leaves_and_work_goes_on_once_it_is_mended() {
    let mut scene = Scene::new().await;
    if is_root() {
        let may = succeeds(Command::new("setpriv").args(["--reuid", &NOBODY.to_string(), "true"]));
        if !may {
            println!("root without the right to be somebody else: a read-only store cannot be tested here");
            return;
        }
        scene.place.run_as(NOBODY);
    }
    scene.start();
    scene.sell();
    scene.until("the daemon works", || scene.gate.seen().written() > 10).await;
    let lock = store::lock(&scene.place.store()).await;
    scene.stands_still(LOCKED).await;
    let permit = |mode: u32| {
        use std::os::unix::fs::PermissionsExt as _;
        for file in ["pixi-payd.db", "pixi-payd.db-wal", "pixi-payd.db-shm"] {
            let file = scene.place.store_folder().join(file);
            std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
        }
    };
    // Opened anew while it is locked, it is not to be written any more.
    permit(0o444);
    scene.until("the store is found read-only", || scene.place.log().contains(READ_ONLY)).await;
    lock.close_hard().await.unwrap();
    scene.stands_still(READ_ONLY).await;
    permit(0o600);
    scene.goes_on().await;
    scene.ends().await;
    // Neither does a daemon begin on it.
    permit(0o444);
    let asked = scene.gate.seen().requests;
    let begun = scene.place.command(&["run"]).output().unwrap();
    let said = String::from_utf8_lossy(&begun.stderr);
    println!("begun on a read-only store: {}", said.trim());
    assert!(begun.status.code() == Some(1) && said.contains("database"), "{:?} {said}", begun.status);
    assert_eq!(scene.gate.seen().requests, asked, "it asked somebody");
}
