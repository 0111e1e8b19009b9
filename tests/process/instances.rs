//! Three daemons on one PostgreSQL, under five faults and more: nothing is done twice, nothing is lost.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::time::Duration;

use pixi_payd::clock::Clock;
use sqlx::any::{AnyConnectOptions, install_default_drivers};
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _, Row as _};
use tempfile::TempDir;

use crate::books;
use crate::dice::Dice;
use crate::house::{Place, Setting, alone, stage_of};
use crate::number::number;
use crate::people::{KINDS, People};

/// Sandbox seconds per second: a lease ends after two thirds of a second.
const SPEED: u32 = 30;
/// Orders sold while the faults come.
const ORDERS: usize = 72;
/// Orders in the middle of their lives at the same time.
const AT_ONCE: usize = 24;
/// What is waited for comes within this time.
const PATIENCE: Duration = Duration::from_mins(1);
/// All orders have ended this long after the last fault.
const REST: Duration = Duration::from_mins(6);
/// Nothing more may happen for so long after that: 5 sandbox minutes.
const QUIET: Duration = Duration::from_secs(10);

/// A PostgreSQL of its own.
struct Server {
    folder: TempDir,
    address: String,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        // It runs as another user where this is root.
        std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o711)).unwrap();
        let address = tool(&["start", home(folder.path()).to_str().unwrap()]);
        Self { folder, address: address.trim().to_owned() }
    }

    /// Ends it as its machine's failure would, and starts it again.
    fn restart(&self) {
        tool(&["restart", home(self.folder.path()).to_str().unwrap()]);
    }

    async fn connect(&self) -> AnyConnection {
        install_default_drivers();
        let url: url::Url = self.address.parse().unwrap();
        AnyConnectOptions::from_url(&url).unwrap().disable_statement_logging().connect().await.unwrap()
    }

    /// Process id of the daemon that holds the lease of the only pixi API, while that is good; by the clock `now_ms`.
    async fn holder(&self, now_ms: i64) -> Option<u32> {
        let mut conn = self.connect().await;
        let query = "SELECT p.label FROM leases l JOIN processes p ON p.id = l.owner AND p.ended_ms IS NULL \
                     WHERE l.api = 'sandbox' AND l.until_ms > $1";
        // Before there is a schema there is no holder.
        let row = sqlx::query(query).bind(now_ms).fetch_optional(&mut conn).await.ok().flatten();
        conn.close().await.unwrap();
        row?.get::<String, _>("label").split(' ').next_back()?.parse().ok()
    }

    async fn count(&self, query: &'static str) -> i64 {
        let mut conn = self.connect().await;
        let count = sqlx::query(query).fetch_one(&mut conn).await.unwrap().get("n");
        conn.close().await.unwrap();
        count
    }

    /// Ends every connection of the daemons.
    async fn cut(&self) {
        self.count(
            "SELECT COUNT(pg_terminate_backend(pid)) AS n FROM pg_stat_activity WHERE application_name = 'pixi-payd'",
        )
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        tool(&["stop", home(self.folder.path()).to_str().unwrap()]);
    }
}

fn home(folder: &Path) -> PathBuf {
    folder.join("pg")
}

fn tool(args: &[&str]) -> String {
    let tool = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/postgres");
    let output = Command::new(tool).args(args).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Daemons of one place.
struct Fleet {
    place: Place,
    daemons: Vec<Child>,
}

impl Fleet {
    fn start(&mut self) -> u32 {
        self.daemons.push(self.place.start());
        self.daemons.last().unwrap().id()
    }

    fn kill(&mut self, pid: u32) {
        let place = self.daemons.iter().position(|daemon| daemon.id() == pid).unwrap();
        let mut daemon = self.daemons.remove(place);
        daemon.kill().unwrap();
        daemon.wait().unwrap();
    }

    /// Asks a daemon to end; answers with which status it did.
    fn stop(&mut self, pid: u32) -> Option<i32> {
        signal(pid, "TERM");
        let place = self.daemons.iter().position(|daemon| daemon.id() == pid).unwrap();
        self.daemons.remove(place).wait().unwrap().code()
    }

    /// Starts anew each daemon that ended by itself, as whatever watches over a service does: without its database none can
    /// start.
    fn mend(&mut self) {
        for place in 0..self.daemons.len() {
            let Some(ended) = self.daemons[place].try_wait().unwrap() else { continue };
            assert_eq!(ended.code(), Some(1), "{}", self.place.log_end());
            println!("a daemon could not start and is started anew");
            self.daemons[place] = self.place.start();
        }
    }

    fn pick(&self, dice: &mut Dice) -> u32 {
        self.daemons[dice.roll(self.daemons.len())].id()
    }
}

impl Drop for Fleet {
    fn drop(&mut self) {
        for daemon in &mut self.daemons {
            let _ = daemon.kill();
            let _ = daemon.wait();
        }
    }
}

fn signal(pid: u32, name: &str) {
    let sent = Command::new("kill").args([format!("-{name}"), pid.to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until `holds`, looked at again and again.
async fn until(what: &str, place: &Place, mut holds: impl AsyncFnMut() -> bool) {
    let real = Clock::system();
    let waits = async {
        while !holds().await {
            real.sleep(Duration::from_millis(20)).await;
        }
    };
    assert!(real.timeout(PATIENCE, waits).await.is_ok(), "{what}\n{}", place.log_end());
}

fn millis(clock: &Clock) -> i64 {
    pixi_payd::clock::to_millis(clock.now())
}

/// By the wall's clock, and the database's: nobody's clock runs faster here.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_daemons_work_is_anothers_within_thirty_seconds_and_a_stopped_ones_at_once() {
    let _alone = alone().await;
    let real = Clock::system();
    let server = Server::start();
    let setting = Setting { cycle: "0 * * * * *", speed: None, database: Some(server.address.clone()) };
    let (_world, _gate, place) = stage_of(setting).await;
    let mut fleet = Fleet { place, daemons: Vec::new() };
    let first = fleet.start();
    until("the first works", &fleet.place, async || server.holder(millis(&real)).await == Some(first)).await;
    let second = fleet.start();
    let ready = "2 processes live";
    let living = "SELECT COUNT(*) AS n FROM processes WHERE ended_ms IS NULL";
    until(ready, &fleet.place, async || server.count(living).await == 2).await;
    assert_eq!(server.holder(millis(&real)).await, Some(first), "a lease is taken from nobody who lives");

    fleet.kill(first);
    let watch = real.stopwatch();
    until("the second takes over", &fleet.place, async || server.holder(millis(&real)).await == Some(second)).await;
    let took = watch.elapsed();
    println!("taken over {} ms after the kill", took.as_millis());
    assert!(took < Duration::from_secs(30), "{took:?}");

    // As when each instance is replaced by a new version: the next one is there before the one before it goes.
    let third = fleet.start();
    until(ready, &fleet.place, async || server.count(living).await == 2).await;
    assert_eq!(fleet.stop(second), Some(0), "{}", fleet.place.log_end());
    let watch = real.stopwatch();
    until("the third goes on", &fleet.place, async || server.holder(millis(&real)).await == Some(third)).await;
    let took = watch.elapsed();
    println!("handed over {} ms after the end", took.as_millis());
    assert!(took < Duration::from_secs(10), "{took:?}");

    // One that sleeps past its lease is replaced, finds out when it wakes, and stands by as any other.
    let fourth = fleet.start();
    until(ready, &fleet.place, async || server.count(living).await == 2).await;
    signal(third, "STOP");
    until("the fourth takes over", &fleet.place, async || server.holder(millis(&real)).await == Some(fourth)).await;
    signal(third, "CONT");
    until("the third starts over", &fleet.place, async || fleet.place.log().contains("it starts over")).await;
    until(ready, &fleet.place, async || server.count(living).await == 2).await;
    assert_eq!(server.holder(millis(&real)).await, Some(fourth));
    assert_eq!(fleet.stop(fourth), Some(0), "{}", fleet.place.log_end());
    until("the third goes on", &fleet.place, async || server.holder(millis(&real)).await == Some(third)).await;
    assert_eq!(fleet.stop(third), Some(0), "{}", fleet.place.log_end());
    assert_eq!(server.count("SELECT COUNT(*) AS n FROM leases").await, 0, "given back");
}

/// One fault, and what makes good for it.
async fn fault(nth: u64, dice: &mut Dice, fleet: &mut Fleet, server: &Server, clock: &Clock) {
    let real = Clock::system();
    let pause = |dice: &mut Dice, most: i64| Duration::from_millis(dice.between(50, most).unsigned_abs());
    let holder = server.holder(millis(clock)).await;
    let holder = holder.filter(|pid| fleet.daemons.iter().any(|daemon| daemon.id() == *pid));
    match nth % 6 {
        // Killed: the one that works.
        0 => {
            let victim = holder.unwrap_or_else(|| fleet.pick(dice));
            fleet.kill(victim);
            real.sleep(pause(dice, 1500)).await;
            fleet.start();
        }
        1 => server.restart(),
        // Killed again and again, whoever it is.
        2 => {
            for _ in 0..3 {
                let victim = fleet.pick(dice);
                fleet.kill(victim);
                fleet.start();
                real.sleep(pause(dice, 500)).await;
            }
        }
        3 => {
            for _ in 0..5 {
                server.cut().await;
                real.sleep(pause(dice, 300)).await;
            }
        }
        4 => {
            let mut idle = Vec::new();
            for _ in 0..300 {
                idle.push(server.connect().await);
            }
            real.sleep(pause(dice, 2000)).await;
        }
        // It sleeps until its lease is another's, and wakes up with what it had in hand.
        _ => {
            let sleeper = holder.unwrap_or_else(|| fleet.pick(dice));
            signal(sleeper, "STOP");
            until("another takes over", &fleet.place, async || {
                server.holder(millis(clock)).await.is_some_and(|pid| pid != sleeper)
            })
            .await;
            real.sleep(pause(dice, 500)).await;
            signal(sleeper, "CONT");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn three_daemons_do_nothing_twice_and_lose_nothing_whatever_befalls_them() {
    let _alone = alone().await;
    let faults = number("FAULTS").unwrap_or(18);
    let seed = number("SEED").unwrap_or_else(|| 1 + getrandom::u64().unwrap() % 999_999);
    println!("SEED={seed} FAULTS={faults}");
    let real = Clock::system();
    let server = Server::start();
    let setting = Setting { cycle: "*/20 * * * * *", speed: Some(SPEED), database: Some(server.address.clone()) };
    let (world, _gate, place) = stage_of(setting).await;
    let mut fleet = Fleet { place, daemons: Vec::new() };
    for _ in 0..3 {
        fleet.start();
    }
    let clock = world.clock.clone();
    until("one works", &fleet.place, async || server.holder(millis(&clock)).await.is_some()).await;

    let people = People::new(&world);
    let orders = ORDERS.max(KINDS.len());
    let sells = {
        let (people, real) = (people.clone(), real.clone());
        tokio::spawn(async move {
            while people.count() < orders {
                if people.in_hand() < AT_ONCE {
                    people.sell();
                }
                real.sleep(Duration::from_millis(50)).await;
            }
        })
    };
    let mut dice = Dice::new(seed);
    for nth in 0..faults {
        // So that each fault finds work in hand.
        let sold = usize::try_from(nth).unwrap() * orders / usize::try_from(faults).unwrap();
        until("orders are sold", &fleet.place, async || people.count() >= sold).await;
        fault(nth, &mut dice, &mut fleet, &server, &clock).await;
        fleet.mend();
    }
    let all = async {
        sells.await.unwrap();
        people.all_over(REST).await
    };
    let ended = real.timeout(REST * 2, all).await.unwrap_or_else(|_| Err(people.waiting()));
    assert!(ended.is_ok(), "SEED={seed}: {}\n{}", ended.unwrap_err(), fleet.place.log_end());

    let open = "SELECT COUNT(*) AS n FROM steps WHERE state IN ('intended', 'pending', 'unknown')";
    let closed = async {
        while server.count(open).await > 0 {
            real.sleep(Duration::from_millis(500)).await;
        }
    };
    assert!(real.timeout(REST, closed).await.is_ok(), "steps stay open\n{}", fleet.place.log_end());
    fleet.mend();
    // Whoever would do something twice gets the time to.
    real.sleep(QUIET).await;
    for pid in fleet.daemons.iter().map(Child::id).collect::<Vec<_>>() {
        assert_eq!(fleet.stop(pid), Some(0), "{}", fleet.place.log_end());
    }
    let wrong = books::wrong(&world, &people.sold());
    assert!(wrong.is_empty(), "SEED={seed}: {} wrong\n{}\n{}", wrong.len(), wrong.join("\n"), fleet.place.log_end());
    fleet.place.run(&["verify"]);
    assert_eq!(fleet.place.run(&["orders", "--problems", "--json"]).trim(), "[]");
    let owners = server.count("SELECT COUNT(DISTINCT owner) AS n FROM steps").await;
    println!("{orders} orders ended; {owners} processes took steps of them");
    assert!(owners > 1, "the work went from one to another");
}
