//! `sandbox`: the whole product with no account anywhere.

use std::collections::BTreeMap;
use std::io::{IsTerminal as _, Write as _};
use std::net::SocketAddr;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use crate::cli::Failure;
use crate::cli::connection::pairs;
use crate::cli::context::{Context, Schema, seed};
use crate::cli::output::{self, Tone, cell, line, table, toned};
use crate::clock::Clock;
use crate::config::{self, Settings};
use crate::engine::shown::OrderShown;
use crate::engine::subscriptions::{self, HookAddress};
use crate::engine::{Daemon, Stop};
use crate::journal::{Journal, OrderFilter};
use crate::mail::{Post, beside};
use crate::sandbox::mailbox::Mailbox;
use crate::sandbox::programme::{Going, Number, Programme, plan_faults};
use crate::sandbox::serve::{Served, serve};
use crate::sandbox::unzer::Courier;
use crate::sandbox::world::{CLOCK_FILE, ClockFile, World, start};
use crate::text::Severity;
use crate::web::login::{password, token};
use crate::web::{Server, Web};
use crate::wire::http::HttpWire;

/// Time between two pictures of the stage.
const FRAME: Duration = Duration::from_millis(300);
/// After all stories have ended the daemon gets this long, of sandbox time, to show that nothing more happens.
const QUIET: Duration = Duration::from_mins(10);

/// Arguments of `sandbox`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pixi-payd sandbox\n  pixi-payd sandbox --exit-when-done --speed 120\n  \
                        pixi-payd sandbox --peers-only --listen 127.0.0.1:9000\n\n\
                        Nothing leaves this machine. --exit-when-done ends with 0 only if every order ended as its story says.")]
pub struct Args {
    /// Address of the simulated pixi; the simulated Unzer takes the next port [default: free ports on loopback]
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0", hide_default_value = true)]
    listen: SocketAddr,
    /// Sandbox seconds per real second
    #[arg(long, value_name = "N", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..=600))]
    speed: u32,
    /// Let the network and the peers fail now and then, as drawn from this seed
    #[arg(long, value_name = "SEED")]
    faults: Option<u64>,
    /// Only the simulated pixi and Unzer, for a shop or a daemon of your own; their addresses and keys as JSON
    #[arg(long, conflicts_with = "exit_when_done")]
    peers_only: bool,
    /// End when every demo order has ended
    #[arg(long)]
    exit_when_done: bool,
}

/// Runs the sandbox.
pub async fn run(args: Args) -> Result<(), Failure> {
    if args.peers_only {
        return peers_only(&args).await;
    }
    let clock = Clock::simulated(start(), args.speed);
    let world = World::new(clock.clone());
    let served = serve(&world, args.listen).await?;
    if let Some(seed) = args.faults {
        plan_faults(&world, seed);
    }
    let folder = Folder::new()?;
    let file = folder.0.join("pixi-payd.yaml");
    let login = Login::new(args.listen)?;
    let text = world.configuration(&folder.0, &served.unzer.url) + &login.configuration()?;
    write_private(&file, &text)?;
    let shown = ClockFile { real: Clock::system().now(), shown: clock.now(), speed: args.speed };
    let shown = serde_json::to_vec(&shown).map_err(Failure::failed)?;
    std::fs::write(folder.0.join(CLOCK_FILE), shown)?;
    let settings = Arc::new(config::load(&file)?.settings);
    let context = Context { config: Some(file.clone()), clock: clock.clone() };
    let journal = context.journal(&settings, Schema::Migrate).await?;
    let stop = Stop::default();
    let daemon =
        Daemon::start(settings.clone(), context.transport(), journal.clone(), clock, seed()?, stop.clone()).await?;
    let daemon = Arc::new(daemon);
    let server =
        Server::start(Web::new(daemon.clone(), journal.clone(), context.clock.clone())).map_err(Failure::failed)?;
    let mails = Arc::new(Mailbox::new(context.clock.clone(), Some(folder.0.join("mails"))));
    let post = Post::new(journal.clone(), context.clock.clone(), mails.clone(), stop.clone());
    let pages = Pages { url: format!("http://{}", server.address()), login };
    // Only now it is known where the pages are; the block they belong to is the last of the file.
    write_private(&file, &format!("{text}  public_url: {}\n", pages.url))?;
    let settings = Arc::new(config::load(&file)?.settings);
    daemon.reload(settings.clone())?;
    subscribe(&daemon).await;
    let courier = Courier::new(world.unzer.clone(), context.clock.clone(), context.transport());
    let programme = Programme::default();
    let show = Show { programme, world, settings, journal: journal.clone(), file, served, mails, pages, courier };
    let ended = Box::pin(show.run(&daemon, &post, &stop, args.exit_when_done)).await;
    server.stop().await;
    journal.close();
    ended
}

/// Subscribes to the webhooks, as `webhooks register` does.
async fn subscribe(daemon: &Daemon) {
    let shop = daemon.shop();
    let Ok(address) = HookAddress::of(&shop.settings.web) else { return };
    for pair in pairs(&shop.settings, &shop.peers) {
        if let Err(error) = subscriptions::register(&pair.client, &address).await {
            // Polling finds everything; a planned fault may have met this.
            tracing::warn!("webhooks of {}: {error}", pair.connection.name);
        }
    }
}

/// Writes a file nobody else can read: as a real configuration should be.
fn write_private(file: &Path, text: &str) -> Result<(), Failure> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true).mode(0o600);
    options.open(file)?.write_all(text.as_bytes())?;
    Ok(())
}

/// The simulated peers alone, until the process is told to end.
async fn peers_only(args: &Args) -> Result<(), Failure> {
    let world = World::new(Clock::system());
    let served = serve(&world, args.listen).await?;
    line(&serde_json::to_string(&served).map_err(Failure::failed)?)?;
    // Whoever subscribes to webhooks is told, at an https address or on this machine.
    let courier = Courier::new(world.unzer.clone(), Clock::system(), Arc::new(HttpWire::new(Clock::system())));
    tokio::select! {
        told = until_told() => told,
        () = courier.run() => Ok(()),
    }
}

async fn until_told() -> Result<(), Failure> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
    Ok(())
}

/// A folder of its own, gone with the sandbox.
struct Folder(PathBuf);

impl Folder {
    fn new() -> Result<Self, Failure> {
        let path = std::env::temp_dir().join(format!("pixi-payd-sandbox-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left in the system's folder for such files is no harm.
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Name of the demo login.
const DEMO_USER: &str = "demo";

/// The pages' secrets, new for each sandbox.
struct Login {
    listen: SocketAddr,
    password: String,
    error_page_token: String,
    hook_token: String,
    api_token: String,
}

/// Where the pages are, and who may open them.
struct Pages {
    url: String,
    login: Login,
}

impl Login {
    /// The pages take the next but one port after pixi's, or any that is free.
    fn new(pixi: SocketAddr) -> Result<Self, Failure> {
        let port = if pixi.port() == 0 { 0 } else { pixi.port().saturating_add(2) };
        let token = || token::random().map_err(Failure::failed);
        let mut password = token()?;
        password.truncate(password::SHORTEST);
        Ok(Self {
            listen: SocketAddr::new(pixi.ip(), port),
            password,
            error_page_token: token()?,
            hook_token: token()?,
            api_token: token()?,
        })
    }

    fn configuration(&self) -> Result<String, Failure> {
        let hash = password::hash(&self.password).map_err(Failure::failed)?;
        Ok(format!(
            "web:\n  listen: \"{}\"\n  users: [{{name: {DEMO_USER}, password_hash: \"{hash}\"}}]\n  \
             error_page_token: \"{}\"\n  hook_token: \"{}\"\n  api_token: \"{}\"\n",
            self.listen, self.error_page_token, self.hook_token, self.api_token,
        ))
    }
}

/// What is shown.
struct Show {
    programme: Programme,
    world: World,
    settings: Arc<Settings>,
    journal: Journal,
    file: PathBuf,
    served: Served,
    mails: Arc<Mailbox>,
    pages: Pages,
    courier: Courier,
}

impl Show {
    async fn run(&self, daemon: &Daemon, post: &Post, stop: &Stop, exit_when_done: bool) -> Result<(), Failure> {
        self.welcome()?;
        let mut running = std::pin::pin!(beside(daemon.run(), post.run(daemon)));
        let mut played = std::pin::pin!(async {
            self.programme.play(&self.world).await;
            self.world.clock.sleep(QUIET).await;
            if !exit_when_done {
                self.farewell()?;
                std::future::pending::<()>().await;
            }
            Ok::<(), Failure>(())
        });
        let mut shown = std::pin::pin!(self.show());
        let mut told = std::pin::pin!(until_told());
        let mut brought = std::pin::pin!(self.courier.run());
        let over = tokio::select! {
            ended = &mut running => return Ok(ended?),
            ended = &mut played => ended,
            ended = &mut shown => ended,
            ended = &mut told => ended,
            () = &mut brought => Ok(()),
        };
        stop.now();
        running.await?;
        over?;
        if exit_when_done { self.verdict().await } else { Ok(()) }
    }

    fn welcome(&self) -> Result<(), Failure> {
        line("pixi-payd sandbox: a simulated pixi, a simulated Unzer, and the real daemon between them.")?;
        line(&format!("  pixi   {}", self.served.pixi.endpoint))?;
        line(&format!("  Unzer  {}", self.served.unzer.url))?;
        line(&format!("  configuration  {}", self.file.display()))?;
        line(&format!("  mails  {}", self.file.with_file_name("mails").display()))?;
        let (pages, login) = (&self.pages.url, &self.pages.login);
        line(&format!("  pages  {pages}/  log in as {DEMO_USER} with the password {}", login.password))?;
        line(&format!("  error page  {pages}/errors/{}", login.error_page_token))?;
        line(&format!("  API  {pages}/api/v1/orders  with the token {}", login.api_token))?;
        line(&format!("  metrics  {pages}/metrics"))?;
        line("")
    }

    fn farewell(&self) -> Result<(), Failure> {
        let file = self.file.display();
        line("")?;
        line(
            "All demo orders have ended. The sandbox stays up; end it with Ctrl-C. Look around from another terminal:",
        )?;
        for command in ["orders", "orders --problems", "explain 100001", "order show 100001", "mail list"] {
            line(&format!("  pixi-payd --config {file} {command}"))?;
        }
        Ok(())
    }

    /// Shows the stage until it is dropped: a table that is drawn anew on a terminal, else a line for each change.
    async fn show(&self) -> Result<(), Failure> {
        let live = std::io::stdout().is_terminal();
        let mut seen = Seen::default();
        let mut over = false;
        loop {
            let orders = self.orders().await?;
            if live && !over {
                over = self.programme.is_over();
                seen.look(&self.programme.now(), &orders);
                let text = self.fitting(&seen, &orders);
                let mut out = std::io::stdout().lock();
                writeln!(out, "\x1b[H\x1b[J{text}")?;
                out.flush()?;
            } else if !live {
                self.changes(&mut seen, &orders)?;
            }
            // Frames are for people: real time, whatever the sandbox's speed.
            self.world.clock.sleep(FRAME * self.world.speed()).await;
        }
    }

    fn changes(&self, seen: &mut Seen, orders: &Orders) -> Result<(), Failure> {
        let numbers = self.programme.now();
        for place in seen.look(&numbers, orders) {
            let Number { story, order, .. } = &numbers[place];
            let time = output::wall(self.world.clock.now(), self.settings.timezone);
            let nr = order.map_or_else(|| "-".to_owned(), |nr| nr.to_string());
            let state = &seen.states[&place].0;
            line(&format!("{time}  {nr:>6}  {} {}: {} | {state}", story.method, mode(story), story.name))?;
        }
        let mails = self.mails.taken();
        for mail in mails.iter().skip(seen.mails) {
            let time = output::wall(mail.at, self.settings.timezone);
            line(&format!("{time}    mail  {}", mail.parcel.subject))?;
        }
        seen.mails = mails.len();
        Ok(())
    }

    /// The picture with as many stories as the terminal has room for: those that something happened to last.
    fn fitting(&self, seen: &Seen, orders: &Orders) -> String {
        let numbers = self.programme.now();
        let rows = terminal_size::terminal_size().map_or(usize::MAX, |(_, height)| usize::from(height.0));
        let mut latest: Vec<usize> = seen.states.keys().copied().collect();
        latest.sort_by_key(|place| std::cmp::Reverse(seen.states[place].1));
        loop {
            let text = self.picture(&numbers, |place| latest.contains(&place), orders);
            if text.lines().count() < rows || latest.len() <= 1 {
                return text;
            }
            latest.truncate((latest.len() - 1).min(rows));
        }
    }

    fn picture(&self, numbers: &[Number], shown: impl Fn(usize) -> bool, orders: &Orders) -> String {
        let time = output::wall(self.world.clock.now(), self.settings.timezone);
        let mut table =
            table(&["Order", "Method", "Mode", "Story", "Paid", "Booked", "Captured", "Refunded", "Ending"]);
        for (place, Number { story, order: nr, going }) in numbers.iter().enumerate() {
            if *going == Going::Waiting || !shown(place) {
                continue;
            }
            let order = nr.and_then(|nr| orders.get(&nr));
            let text = |pick: fn(&OrderShown) -> String| order.map(pick).unwrap_or_default();
            let (ending, tone) = match going {
                Going::Waiting | Going::Playing => marked(order),
                Going::AsTold(_, ending) => (format!("✓ {ending}"), Tone::Good),
                Going::Astray(why) => (format!("✗ {why}"), Tone::Bad),
            };
            table.add_row([
                cell(nr.map(|nr| nr.to_string()).unwrap_or_default()),
                cell(story.method),
                cell(mode(story)),
                cell(story.name),
                cell(text(|order| order.payment_status.clone().unwrap_or_default())),
                cell(text(|order| order.transfer_status.clone().unwrap_or_default())),
                cell(text(|order| format!("{} {}", order.amounts.captured, order.amounts.currency))),
                cell(text(|order| order.amounts.refunded.clone())),
                toned(ending, tone),
            ]);
        }
        let count = |is: fn(&Going) -> bool| numbers.iter().filter(|number| is(&number.going)).count();
        let told = count(|going| matches!(going, Going::AsTold(..)));
        let playing = count(|going| *going == Going::Playing);
        let file = self.file.display();
        let mails = self.mails.taken();
        let last = mails.last().map_or_else(String::new, |mail| format!("   latest mail: {}", mail.parcel.subject));
        format!(
            "pixi-payd sandbox   {time}   {told} of {} orders ended as told, {playing} in hand   configuration {file}\n\
             pages {}/   log in as {DEMO_USER} with the password {}   {} mails{last}\n{}",
            numbers.len(),
            self.pages.url,
            self.pages.login.password,
            mails.len(),
            table.trim_fmt()
        )
    }

    /// Orders by pixi's number.
    async fn orders(&self) -> Result<Orders, Failure> {
        let filter = OrderFilter { limit: 1000, ..OrderFilter::default() };
        let rows = self.journal.list_orders(filter).await?;
        let shown = rows.iter().map(|row| OrderShown::of(row, self.settings.language, self.settings.timezone));
        Ok(shown.map(|order| (order.order_nr, order)).collect())
    }

    async fn verdict(&self) -> Result<(), Failure> {
        let numbers = self.programme.now();
        let picture = self.picture(&numbers, |_| true, &self.orders().await?);
        line("")?;
        line(&picture)?;
        let told = numbers.iter().filter(|number| matches!(number.going, Going::AsTold(..))).count();
        line(&format!("{told} of {} orders ended as told", numbers.len()))?;
        if self.programme.is_as_told() { Ok(()) } else { Err(Failure::Said(1)) }
    }
}

/// Orders by pixi's number: one simulated pixi, so no two have the same.
type Orders = BTreeMap<i64, OrderShown>;

/// What was shown of each story last, and when it changed, counted in pictures.
#[derive(Default)]
struct Seen {
    states: BTreeMap<usize, (String, u64)>,
    pictures: u64,
    mails: usize,
}

impl Seen {
    /// Takes in how the stories are going. Answers those that have changed.
    fn look(&mut self, numbers: &[Number], orders: &Orders) -> Vec<usize> {
        self.pictures += 1;
        let mut changed = Vec::new();
        for (place, Number { order, going, .. }) in numbers.iter().enumerate() {
            let state = match going {
                Going::Waiting => continue,
                Going::Playing => order.and_then(|nr| orders.get(&nr)).map_or_else(String::new, brief),
                Going::AsTold(_, ending) => format!("ended as told: {ending}"),
                Going::Astray(why) => format!("WENT ASTRAY: {why}"),
            };
            if !state.is_empty() && self.states.get(&place).is_none_or(|(before, _)| *before != state) {
                self.states.insert(place, (state, self.pictures));
                changed.push(place);
            }
        }
        changed
    }
}

fn mode(story: &crate::sandbox::Story) -> &'static str {
    crate::engine::work::mode_name(story.mode)
}

fn brief(order: &OrderShown) -> String {
    let status = order.payment_status.clone().unwrap_or_default();
    let booked = order.transfer_status.clone().unwrap_or_default();
    let mark = order.error_number.map(|number| format!(" {number}")).unwrap_or_default();
    format!("{status} {booked}, captured {}, refunded {}{mark}", order.amounts.captured, order.amounts.refunded)
}

fn marked(order: Option<&OrderShown>) -> (String, Tone) {
    match order.and_then(|order| order.mark.zip(order.error_number)) {
        Some((Severity::Problem, number)) => (format!("problem {number}"), Tone::Bad),
        Some((Severity::Hint, number)) => (format!("hint {number}"), Tone::Notice),
        None => ("…".to_owned(), Tone::Plain),
    }
}

/// Where the sandbox keeps its log while its table is on the terminal: nowhere but warnings, so as not to break it.
pub fn log_level(stdout_is_terminal: bool) -> &'static str {
    if stdout_is_terminal { "error" } else { "warn" }
}
