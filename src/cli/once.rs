//! `run --once`: one cycle now, by the daemon that runs on the store, else by this process.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::signal::unix::{SignalKind, signal};

use crate::cli::context::{Context, Schema, actor};
use crate::cli::{Failure, output, request};
use crate::clock::Time;
use crate::config::{MandantId, Settings};
use crate::engine::requests::cycle_request;
use crate::engine::{CycleReport, Daemon, DaemonError, Only, Scope, Stop};
use crate::journal::{Journal, JournalError};
use crate::mail::{Post, SmtpCarrier};
use crate::wire::Peer;
use crate::wire::circuit::ConnectionState;

/// How long the daemon may take for the cycle.
const PATIENCE: Duration = Duration::from_hours(1);
/// A daemon that ends between question and answer is no reason to give up at once.
const TRIES: u32 = 3;

/// Runs one cycle.
pub async fn run(context: Context, only: Option<Only>, mandant: Option<String>) -> Result<(), Failure> {
    let settings = context.settings()?;
    let mandant = mandant.map(MandantId);
    if let Some(mandant) = &mandant {
        known(&settings, mandant)?;
    }
    let scope = Scope { only, mandant, all: true, ..Scope::default() };
    let journal = context.journal(&settings, Schema::Migrate).await?;
    for _ in 0..TRIES {
        // Where daemons share a store, one that lives does it.
        if journal.is_shared() && request::is_running(&journal, &context.clock).await? {
            if let Some(answer) = hand_over(&context, &journal, &scope).await? {
                return tell(&settings, &answer);
            }
            continue;
        }
        let stop = Stop::default();
        match context.daemon(&settings, &journal, &stop)?.await {
            Ok(daemon) => {
                let carrier = Arc::new(SmtpCarrier::new(context.clock.clone()));
                let post = Post::new(journal.clone(), context.clock.clone(), carrier, stop.clone());
                return act(&settings, &daemon, &post, &stop, &scope).await;
            }
            Err(DaemonError::Journal(JournalError::AlreadyRunning)) => {}
            Err(error) => return Err(error.into()),
        }
        if let Some(answer) = hand_over(&context, &journal, &scope).await? {
            return tell(&settings, &answer);
        }
    }
    Err(Failure::failed("another process holds the store and does not answer"))
}

/// A mandant that is configured.
pub fn known(settings: &Settings, mandant: &MandantId) -> Result<(), Failure> {
    if settings.mandants.contains_key(mandant) {
        return Ok(());
    }
    let all: Vec<&str> = settings.mandants.keys().map(|id| id.0.as_str()).collect();
    let all = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
    Err(Failure::usage(format!("--mandant {mandant}: not configured; configured mandants: {all}")))
}

async fn act(
    settings: &Arc<Settings>,
    daemon: &Daemon,
    post: &Post,
    stop: &Stop,
    scope: &Scope,
) -> Result<(), Failure> {
    if let Some(until) = daemon.quiet_until() {
        return quiet(settings, until);
    }
    let open = |kind| signal(kind).map_err(|error| Failure::failed(format!("signals: {error}")));
    let (mut terminate, mut interrupt) = (open(SignalKind::terminate())?, open(SignalKind::interrupt())?);
    let mut running = pin!(async {
        let report = daemon.run_once(scope).await?;
        // The mails the cycle causes leave before the process ends; a turn is bounded, what does not leave waits in the store.
        match post.turn(settings).await {
            Ok(sent) => sent.failed.iter().for_each(|why| output::remark(&format!("mail not sent: {why}"))),
            Err(error) => output::remark(&format!("mails: {error}")),
        }
        Ok::<_, DaemonError>(report)
    });
    let ended = loop {
        tokio::select! {
            ended = &mut running => break ended,
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if stop.is_set() {
            return Err(Failure::failed("ended at once: the outcome of a step in hand is looked for next time"));
        }
        output::remark("stopping: the step in hand is finished first");
        stop.now();
    };
    let mut report = ended?;
    for key in unreachable_keys(settings, daemon) {
        report.unreachable.push(format!("Unzer, key pair {key}: no usable answer"));
    }
    finish(&report)
}

/// Public keys of switched-on payment types whose last request failed.
fn unreachable_keys(settings: &Settings, daemon: &Daemon) -> Vec<String> {
    let types = settings.mandants.values().flat_map(|mandant| mandant.payment_types.values());
    let mut keys: Vec<String> = types
        .filter(|payment_type| payment_type.active)
        .flat_map(|payment_type| payment_type.keys.iter().map(|pair| pair.public_key.clone()))
        .collect();
    keys.sort();
    keys.dedup();
    let failed =
        |key: &String| daemon.stack().circuits.connection(Peer::Unzer, key).state == ConnectionState::ConnectedError;
    keys.retain(failed);
    keys
}

async fn hand_over(context: &Context, journal: &Journal, scope: &Scope) -> Result<Option<Value>, Failure> {
    output::remark("a daemon runs on this store: the cycle is handed to it");
    request::ask(journal, &context.clock, cycle_request(&actor(), scope), PATIENCE).await
}

fn tell(settings: &Settings, answer: &Value) -> Result<(), Failure> {
    if let Some(until) = answer.get("quiet_until") {
        let until: Time = serde_json::from_value(until.clone()).map_err(Failure::failed)?;
        return quiet(settings, until);
    }
    let report: CycleReport = serde_json::from_value(answer.get("report").cloned().unwrap_or_default())
        .map_err(|_| Failure::failed("the daemon's answer is not understood; is it of the same version?"))?;
    finish(&report)
}

fn quiet(settings: &Settings, until: Time) -> Result<(), Failure> {
    let until = output::wall(until, settings.timezone);
    output::line(&format!("quiet hours until {until} {}: nothing was done", settings.timezone))
}

fn finish(report: &CycleReport) -> Result<(), Failure> {
    let early = if report.stopped { ", ended early" } else { "" };
    output::line(&format!("cycle over {} orders ended, {} failed{early}", report.orders, report.failed))?;
    for peer in &report.unreachable {
        output::remark(&format!("not reached: {peer}"));
    }
    if report.unreachable.is_empty() { Ok(()) } else { Err(Failure::Said(1)) }
}
