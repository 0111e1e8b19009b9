//! The pages of the real binary over 100,000 stored orders, while it works through a cycle with new ones.
//!
//! `cargo bench --bench pages`. Goals at 50 requests a second: p99 20 ms, 64 MB resident. The floor is measured in the same
//! run: `/healthz`, which reads nothing. The simulated peers live in this process. `ORDERS` and `RATE` name other numbers: a
//! machine that is busy with something else does not keep up.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints, measures real time, and stops at the first error"
)]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use pixi_payd::clock::Clock;
use pixi_payd::config::Mode;
use pixi_payd::sandbox::serve::serve;
use pixi_payd::sandbox::stage::Stage;
use pixi_payd::sandbox::world::World;
use pixi_payd::web::login::password;
use sqlx::any::{AnyConnectOptions, install_default_drivers};
use sqlx::{AnyConnection, ConnectOptions as _, Connection as _};

/// Stored orders.
const ORDERS: i64 = 100_000;
/// New orders at the peers: the cycle is at work on them while the pages are asked for.
const NEW: usize = 3000;
/// Pages asked for in a second.
const RATE: u32 = 50;
/// For so many seconds.
const FOR: u32 = 20;
/// Before they count, so that caches are filled.
const WARM: u32 = 2;
const LOGIN: (&str, &str) = ("bench", "correct horse battery");
const ERROR_PAGE: &str = "bench-error-page-token-0123456789abcdef";

/// What people look at: all, filters one by one and together, another page, a search, the error page.
const PAGES: [&str; 12] = [
    "/",
    "/?mark=problem",
    "/?status=PAID",
    "/?status=UNPAID&mandant=OUT",
    "/?transfer=ERROR",
    "/?mandant=DEM&method=ppl",
    "/?type=Y&status=CHARGEBACK",
    "/?from=2026-06-01&until=2026-06-30",
    "/?before=50000",
    "/?q=W5012",
    "/?q=s-pay-77",
    "/errors/bench-error-page-token-0123456789abcdef",
];
const FLOOR: &str = "/healthz";

/// The stored orders, as a merchant has them after a year: nearly all have ended, some wait, a few are marked.
const FILL: &str = "
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < $1)
    INSERT INTO orders (api, mandant, nr, nr_external, payment_code, currency, mode, first_seen_ms, management, payment,
        method, payment_group, payment_status, transfer_status, reason, mark, mark_number, mark_notice, mark_fingerprint,
        mark_since_ms, resolved_fingerprint, resolved_by, resolved_ms, resolved_reason, waits, next_check_ms, total,
        authorized, captured, refunded, invoiced, credited, facts_digest, digest_since_ms, settings_digest, changed_ms)
    SELECT 'sandbox', CASE WHEN i % 3 = 0 THEN 'OUT' ELSE 'DEM' END, 5000000 + i, 'W' || (5000000 + i),
        CASE WHEN i % 3 = 0 THEN CASE WHEN i % 2 = 0 THEN 'X' ELSE 'Y' END
             ELSE CASE WHEN i % 2 = 0 THEN 'U' ELSE 'V' END END,
        'EUR', 'expert', $2 + i * $3, 'managed', 's-pay-' || (7000000 + i),
        CASE i % 5 WHEN 0 THEN 'ppl' WHEN 1 THEN 'piv' WHEN 2 THEN 'ppy' ELSE 'crd' END,
        CASE i % 5 WHEN 0 THEN 'AUTH' WHEN 1 THEN 'PAYLATER' WHEN 2 THEN 'WAIT' ELSE 'AUTH' END,
        CASE WHEN i % 97 = 0 THEN 'CHARGEBACK' WHEN i % 50 = 0 THEN 'UNPAID' WHEN i % 11 = 0 THEN 'REFUNDED_PARTIAL'
             WHEN i % 23 = 0 THEN 'CANCELLED' ELSE 'PAID' END,
        CASE WHEN i % 1001 = 0 THEN 'ERROR' WHEN i % 50 = 0 THEN 'INITIAL' ELSE 'TRANSFERRED' END, '',
        CASE WHEN i % 40 = 0 THEN 'problem' ELSE 'none' END,
        CASE WHEN i % 40 = 0 THEN 1303 END,
        CASE WHEN i % 40 = 0 THEN '{\"number\":\"PP-1303\",\"severity\":\"problem\",\"values\":[[\"code\",\"COR.800.100.171\"]]}' END,
        CASE WHEN i % 40 = 0 THEN 'PP-1303|' || i END, CASE WHEN i % 40 = 0 THEN $2 + i * $3 END,
        CASE WHEN i % 40 = 0 AND i % 1000 <> 0 THEN 'PP-1303|' || i END,
        CASE WHEN i % 40 = 0 AND i % 1000 <> 0 THEN 'anna' END,
        CASE WHEN i % 40 = 0 AND i % 1000 <> 0 THEN $2 + i * $3 END,
        CASE WHEN i % 40 = 0 AND i % 1000 <> 0 THEN 'settled' END,
        CASE WHEN i % 50 = 0 THEN 'check' ELSE 'end' END,
        CASE WHEN i % 50 = 0 THEN $2 + 100 * 365 * 86400000 END,
        6000, 6000, CASE WHEN i % 50 = 0 THEN 0 ELSE 6000 END, CASE WHEN i % 11 = 0 THEN 1000 ELSE 0 END, 6000, 0, '0f',
        $2 + i * $3, '1e', $2 + i * $3 FROM n";

/// A year of totals.
const TOTALS: &str = "
    WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 365)
    INSERT INTO totals SELECT date('now', '-' || i || ' days'), 'sandbox', m.mandant, 'EUR', 16000 + i * 37 % 4000, 270,
        2000 + i * 53 % 900, 25, i % 7 FROM n, (SELECT 'DEM' AS mandant UNION SELECT 'OUT') AS m WHERE true
        ON CONFLICT DO NOTHING";

fn main() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    runtime.block_on(measure());
}

async fn measure() {
    let named = |name: &str| std::env::var(name).ok().and_then(|text| text.parse::<u32>().ok());
    let (orders, rate) = (named("ORDERS").map_or(ORDERS, i64::from), named("RATE").unwrap_or(RATE));
    let world = World::new(Clock::system());
    let peers = serve(&world, "127.0.0.1:0".parse().unwrap()).await.unwrap();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let file = folder.path().join("pixi-payd.yaml");
    let hash = password::hash(LOGIN.1).unwrap();
    let web = format!(
        "web:\n  listen: \"127.0.0.1:0\"\n  users: [{{name: {}, password_hash: \"{hash}\"}}]\n  \
         error_page_token: {ERROR_PAGE}\n",
        LOGIN.0
    );
    std::fs::write(&file, world.configuration(folder.path(), &peers.unzer.url) + &web).unwrap();
    let migrated = command(&file).args(["db", "migrate"]).output().unwrap();
    assert!(migrated.status.success(), "{}", String::from_utf8_lossy(&migrated.stderr));
    fill(&folder.path().join("pixi-payd.db"), orders).await;
    for number in 0..NEW {
        Stage::new(&world, Mode::Expert, number).authorize("card", &[60_00], 0).unwrap();
    }
    let daemon = Daemon::start(&file);
    let visitor = Visitor::log_in(&daemon.url).await;
    ask(&visitor, rate, WARM).await;
    // Its cycles begin with the minute.
    let until = Instant::now() + Duration::from_mins(2);
    while !visitor.look("/").await.1 {
        assert!(Instant::now() < until, "no cycle began");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let (times, busy) = ask(&visitor, rate, FOR).await;
    println!("{:<48} {:>8} {:>9} {:>9} {:>9}", "", "requests", "p50 ms", "p99 ms", "most ms");
    let mut all = Vec::new();
    for (page, times) in &times {
        let name = page.split("bench-error").next().unwrap_or(page);
        if *page == FLOOR {
            line(&format!("{name} (the floor)"), times.clone());
        } else {
            line(name, times.clone());
            all.extend(times);
        }
    }
    line(&format!("{orders} orders, {rate} a second (goal p99 20 ms)"), all);
    println!("{:<48} {busy:>8}", "of them while a cycle was at work");
    let resident = daemon.memory_kb("VmRSS:") / 1000;
    println!("{:<48} {resident:>8} MB (most: {})", "resident (goal 64 MB)", daemon.memory_kb("VmHWM:") / 1000);
}

fn line(name: &str, mut times: Vec<Duration>) {
    times.sort();
    let at = |share: usize| times[(times.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    println!("{name:<48} {:>8} {:>9.1} {:>9.1} {:>9.1}", times.len(), at(50), at(99), at(100));
}

fn command(file: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pixi-payd"));
    command.arg("--config").arg(file).stdin(Stdio::null());
    command
}

async fn fill(store: &Path, orders: i64) {
    install_default_drivers();
    let options: AnyConnectOptions = format!("sqlite://{}", store.display()).parse().unwrap();
    let mut store: AnyConnection = options.connect().await.unwrap();
    let year = 365 * 86_400_000_i64;
    let since = chrono::DateTime::timestamp_millis(&Clock::system().now()) - year;
    sqlx::query(FILL).bind(orders).bind(since).bind(year / orders).execute(&mut store).await.unwrap();
    sqlx::query(TOTALS).execute(&mut store).await.unwrap();
    store.close().await.unwrap();
}

/// Asks for pages for so many seconds, one after the other in the rhythm of the rate, whether the one before was answered or not. Beside
/// each fifth one the floor is asked for.
async fn ask(visitor: &Visitor, rate: u32, seconds: u32) -> (BTreeMap<&'static str, Vec<Duration>>, usize) {
    let since = Instant::now();
    let mut running = Vec::new();
    for number in 0..rate * seconds {
        tokio::time::sleep_until((since + Duration::from_secs(1) * number / rate).into()).await;
        let floor = (number % 5 == 0).then_some(FLOOR);
        for page in [PAGES[number as usize % PAGES.len()]].into_iter().chain(floor) {
            let visitor = visitor.clone();
            running.push(tokio::spawn(async move {
                let (time, is_busy) = visitor.look(page).await;
                (page, time, is_busy)
            }));
        }
    }
    let (mut times, mut busy) = (BTreeMap::<_, Vec<_>>::new(), 0);
    for ended in running {
        let (page, time, is_busy) = ended.await.unwrap();
        times.entry(page).or_default().push(time);
        busy += usize::from(is_busy);
    }
    (times, busy)
}

/// Somebody who is logged in.
#[derive(Clone)]
struct Visitor {
    client: reqwest::Client,
    url: String,
    cookie: String,
}

impl Visitor {
    async fn log_in(url: &str) -> Self {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        let form = client.get(format!("{url}/login")).send().await.unwrap();
        let before = cookie(&form);
        let text = form.text().await.unwrap();
        let (_, csrf) = text.split_once("name=\"csrf\" value=\"").unwrap();
        let csrf = csrf.split('"').next().unwrap();
        let secret = LOGIN.1.replace(' ', "+");
        let asked = client
            .post(format!("{url}/login"))
            .header("cookie", before)
            .header("origin", url)
            .header("content-type", "application/x-www-form-urlencoded")
            .body(format!("csrf={csrf}&name={}&password={secret}&next=", LOGIN.0));
        let cookie = cookie(&asked.send().await.unwrap());
        Self { client, url: url.to_owned(), cookie }
    }

    /// How long a page takes, and whether it says that a cycle is at work.
    async fn look(&self, page: &str) -> (Duration, bool) {
        let since = Instant::now();
        let request = self.client.get(format!("{}{page}", self.url)).header("cookie", &self.cookie);
        let answer = request.send().await.unwrap();
        assert_eq!(answer.status(), 200, "{page}");
        let text = answer.text().await.unwrap();
        (since.elapsed(), text.contains("läuft gerade"))
    }
}

fn cookie(answer: &reqwest::Response) -> String {
    let cookie = answer.headers().get("set-cookie").unwrap_or_else(|| panic!("{}", answer.status()));
    cookie.to_str().unwrap().split(';').next().unwrap().to_owned()
}

struct Daemon {
    child: Child,
    url: String,
}

impl Daemon {
    fn start(file: &Path) -> Self {
        let mut child = command(file)
            .arg("run")
            .env("PIXI_PAYD_LOG_FORMAT", "json")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok);
        let ready = lines.find(|line| line.contains("ready at")).unwrap();
        let (_, rest) = ready.split_once("ready at ").unwrap();
        let url = rest.split(',').next().unwrap().trim_end_matches('/').to_owned();
        let url = if url.starts_with("http") { url } else { format!("http://{url}") };
        // What it goes on to say is read, so that it never waits for a reader.
        std::thread::spawn(move || lines.filter(|line| line.contains("ERROR")).for_each(|line| println!("{line}")));
        Self { child, url }
    }

    fn memory_kb(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap();
        line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
