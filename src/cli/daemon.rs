//! `run`: the daemon.

use std::future::{Future, pending};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::context::{Context, Schema};
use crate::cli::{Failure, once, reload, systemd};
use crate::engine::{Daemon, Only, Stop};
use crate::mail::{Post, SmtpCarrier, beside};
use crate::web::{Server, Web};

/// A clean stop takes no longer.
const STOPPING_FOR: Duration = Duration::from_secs(75);

/// Arguments of `run`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Examples:\n  pixi-payd run\n  pixi-payd run --once\n  \
                        pixi-payd run --once --only capture --mandant LEO\n\n\
                        --once hands the cycle to a daemon that runs on the same store, else does it itself. It ends with 0 if\n\
                        the cycle ran, even when orders have problems; with 1 if pixi, Unzer or the store was out of reach.")]
pub struct Args {
    /// One full cycle now, then end
    #[arg(long)]
    once: bool,
    /// With --once: one part of the cycle
    #[arg(long, requires = "once", value_enum)]
    only: Option<Only>,
    /// With --once: one mandant
    #[arg(long, requires = "once", value_name = "SHOPID")]
    mandant: Option<String>,
}

/// What the process is told from outside.
enum Told {
    Stop,
    Reload,
}

struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hang_up: Signal,
}

impl Signals {
    fn new() -> Result<Self, Failure> {
        let open = |kind| signal(kind).map_err(|error| Failure::failed(format!("signals: {error}")));
        Ok(Self {
            terminate: open(SignalKind::terminate())?,
            interrupt: open(SignalKind::interrupt())?,
            hang_up: open(SignalKind::hangup())?,
        })
    }

    async fn next(&mut self) -> Told {
        tokio::select! {
            _ = self.terminate.recv() => Told::Stop,
            _ = self.interrupt.recv() => Told::Stop,
            _ = self.hang_up.recv() => Told::Reload,
        }
    }
}

/// Runs the daemon, or one cycle.
pub async fn run(context: Context, args: Args) -> Result<(), Failure> {
    if args.once {
        return once::run(context, args.only, args.mandant).await;
    }
    let path = context.path()?;
    let loaded = context.load()?;
    let settings = Arc::new(loaded.settings.clone());
    let mut signals = Signals::new()?;
    let journal = context.journal(&settings, Schema::Migrate).await?;
    let stop = Stop::default();
    let daemon = Arc::new(context.daemon(&settings, &journal, &stop)?.await?);
    let server = match Server::start(Web::new(daemon.clone(), journal.clone(), context.clock.clone())) {
        Ok(server) => server,
        Err(error) => {
            journal.end_process(daemon.owner()).await?;
            return Err(Failure::failed(error));
        }
    };
    for warning in &loaded.warnings {
        tracing::warn!("configuration: {warning}");
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"),
        config = %path.display(),
        listen = %server.address(),
        "pixi-payd {} ready at {}, configuration {}",
        env!("CARGO_PKG_VERSION"),
        server.address(),
        path.display(),
    );
    systemd::ready();
    let carrier = Arc::new(SmtpCarrier::new(context.clock.clone()));
    let post = Post::new(journal.clone(), context.clock.clone(), carrier, stop.clone());
    let ended = Box::pin(supervise(&context, &daemon, &post, &server, &stop, &mut signals)).await;
    server.stop().await;
    journal.close();
    ended
}

/// Lets the daemon run and hands it what the process is told.
async fn supervise(
    context: &Context,
    daemon: &Daemon,
    post: &Post,
    server: &Server,
    stop: &Stop,
    signals: &mut Signals,
) -> Result<(), Failure> {
    let mut pulse = systemd::Pulse::new();
    let mut running = pin!(beside(daemon.run(), post.run(daemon)));
    let mut too_late: Pin<Box<dyn Future<Output = ()> + Send>> = Box::pin(pending());
    loop {
        tokio::select! {
            ended = &mut running => {
                if stop.is_set() {
                    tracing::info!("stopped");
                }
                return Ok(ended?);
            }
            told = signals.next() => match told {
                Told::Stop if stop.is_set() => return Err(cut_off("a second signal came")),
                Told::Stop => {
                    tracing::info!("stopping: the step in hand is finished first");
                    systemd::stopping();
                    stop.now();
                    let clock = context.clock.clone();
                    too_late = Box::pin(async move { clock.sleep(STOPPING_FOR).await });
                }
                Told::Reload => reload::reload(context, daemon, server),
            },
            () = &mut too_late => return Err(cut_off("the step in hand did not end in time")),
            () = pulse.wait(&context.clock) => pulse.beat(daemon, &context.clock),
        }
    }
}

fn cut_off(why: &str) -> Failure {
    tracing::warn!("ended at once, {why}: the outcome of a step in hand is looked for at the next start");
    Failure::Said(1)
}
