//! The daemon of a simulated life: the real one, on a line and a store where things go wrong.

use std::sync::Arc;
use std::time::Duration;

use crate::store::Store;
use pixi_payd::clock::Clock;
use pixi_payd::config::Settings;
use pixi_payd::engine::{Daemon, Stop};
use pixi_payd::journal::{CommitFaults, Journal, JournalError, Options, OrderFilter, OrderRow, Owner, StepRecord};
use pixi_payd::wire::Wire;

/// Sign of life of a daemon.
const HEARTBEAT: Duration = Duration::from_secs(5);

/// A daemon that lives. `L`: its end of the line, which also says which commits fail.
pub struct House<L> {
    pub daemon: Arc<Daemon>,
    pub journal: Journal,
    pub instance: L,
}

impl<L: Wire + CommitFaults + Clone + 'static> House<L> {
    /// The `begun`-th daemon begins. `tokens`: seed of the tokens of its steps.
    ///
    /// # Errors
    /// Where its store fails.
    pub async fn begin(
        store: &Store,
        clock: &Clock,
        settings: Arc<Settings>,
        instance: L,
        (begun, tokens): (u64, u64),
    ) -> Result<Self, String> {
        let mut options = Options::new(store.path(), clock.clone()).simulated(tokens);
        options.faults = Some(Arc::new(instance.clone()));
        let journal = Journal::open(options).await.map_err(|error| error.to_string())?;
        let wire = Arc::new(instance.clone());
        let daemon = Daemon::start(settings, wire, journal.clone(), clock.clone(), begun, Stop::default()).await;
        let daemon = Arc::new(daemon.map_err(|error| error.to_string())?);
        Ok(Self { daemon, journal, instance })
    }
}

/// Gives signs of life until another process has taken over.
pub async fn alive(journal: Journal, clock: Clock, owner: Owner) {
    loop {
        clock.sleep(HEARTBEAT).await;
        if let Err(JournalError::NotOwner) = journal.heartbeat(owner).await {
            return;
        }
    }
}

/// All orders by their number.
pub async fn rows_of(journal: &Journal) -> Vec<OrderRow> {
    let mut rows = journal.list_orders(OrderFilter::default()).await.unwrap();
    rows.sort_by_key(|row| row.order.nr);
    rows
}

/// All steps of these orders, as they were begun.
pub async fn steps_of(journal: &Journal, rows: &[OrderRow]) -> Vec<StepRecord> {
    let mut steps = Vec::new();
    for row in rows {
        steps.extend(journal.steps_of(&row.order).await.unwrap());
    }
    steps.sort_by_key(|step| step.id);
    steps
}

/// What is wrong with the store: chains of the audit trail that are broken, invariants that do not hold.
pub async fn unproven(journal: &Journal) -> Vec<String> {
    let chains = journal.verify_chains().await.unwrap();
    let broken = chains.iter().filter(|chain| chain.broken_at.is_some());
    let mut wrong: Vec<String> = broken.map(|chain| format!("the chain {} is broken", chain.chain)).collect();
    let checks = journal.verify_store().await.unwrap();
    let failed = checks.iter().filter(|check| !check.offenders.is_empty());
    wrong.extend(failed.map(|check| format!("not so: {}: {}", check.check, check.offenders.join(", "))));
    wrong
}
