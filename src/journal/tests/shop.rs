//! A store to test, with a process that runs on it.

use std::path::PathBuf;
use std::sync::Arc;

use chrono::TimeDelta;
use tempfile::TempDir;

use super::super::process::WHOLE;
use super::super::store::Tx;
use super::super::*;
use super::{LIMITS, On, noon, nr};
use crate::money::Currency;
use crate::steps::{Outcome, Step};

/// A store in a directory or a schema of its own, with a registered process that holds the lease.
pub(in crate::journal) struct Shop {
    pub(in crate::journal) dir: TempDir,
    pub(in crate::journal) clock: Clock,
    pub(in crate::journal) journal: Journal,
    pub(in crate::journal) owner: Owner,
    pub(in crate::journal) place: Database,
}

/// A name that has to be quoted everywhere.
pub(in crate::journal) const FILE: &str = "it's a %25 store?.db";

impl Shop {
    pub(in crate::journal) async fn open(on: On, mode: Mode) -> Self {
        Self::open_with(on, mode, None).await
    }

    pub(in crate::journal) async fn open_with(on: On, mode: Mode, faults: Option<Arc<dyn CommitFaults>>) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = on.place(dir.path(), FILE);
        let clock = Clock::simulated(noon(), 1);
        let (journal, owner) = Self::run(&place, &clock, mode, faults).await;
        Self { dir, clock, journal, owner, place }
    }

    /// A process that takes over the SQLite store at `path`, a day later.
    pub(in crate::journal) async fn go_on(dir: TempDir, path: PathBuf) -> Self {
        let clock = Clock::simulated(noon() + TimeDelta::days(1), 1);
        let place = Database::from(path);
        let (journal, owner) = Self::run(&place, &clock, Mode::Inline, None).await;
        Self { dir, clock, journal, owner, place }
    }

    /// A process that runs on the store.
    pub(in crate::journal) async fn run(
        place: &Database,
        clock: &Clock,
        mode: Mode,
        faults: Option<Arc<dyn CommitFaults>>,
    ) -> (Journal, Owner) {
        let options = Options::new(place, clock.clone());
        let options = Options { mode, faults, ..options.simulated(7) };
        let journal = Journal::open(options).await.unwrap();
        let owner = journal.register_process("test").await.unwrap();
        for api in ["live", WHOLE] {
            assert!(matches!(journal.acquire_lease(owner, &api.into()).await.unwrap(), Lease::Ours { .. }));
        }
        (journal, owner)
    }

    pub(in crate::journal) async fn order(&self, number: i64) -> OrderRow {
        let seen = OrderSeen {
            order: nr(number),
            nr_external: format!("W{number}"),
            payment_code: "U".into(),
            currency: Currency::EUR,
            mode: "standard".into(),
            management: Management::Managed,
            next_check: self.clock.now(),
        };
        self.journal.see_order(seen).await.unwrap()
    }

    pub(in crate::journal) async fn intend(&self, number: i64, step: &Step) -> Result<StepPermit, IntendError> {
        self.journal.intend(self.owner, &nr(number), step, &[], LIMITS).await
    }

    pub(in crate::journal) async fn settle(&self, permit: StepPermit, outcome: Outcome) {
        self.journal.settle(self.owner, permit.step_id(), &outcome).await.unwrap();
    }

    pub(in crate::journal) async fn raw(&self, text: impl Into<String>) -> Result<(), JournalError> {
        let text = text.into();
        self.journal
            .0
            .lanes
            .write(move |tx: &mut Tx| {
                Box::pin(async move {
                    sqlx::raw_sql(sqlx::AssertSqlSafe(text)).execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }
}
