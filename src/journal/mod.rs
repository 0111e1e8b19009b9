//! The store: orders, steps, permits, leases, requests, outbox, audit trail.
//!
//! Each method of [`Journal`] is one closed operation. Once begun it runs to its end, whether or not its caller still
//! waits, and its answer is given only after the commit. One writer takes everything that is queued into one transaction
//! and commits once ([`Mode::Writer`]); simulations run each operation in place instead ([`Mode::Inline`]), so that
//! neither threads nor a paused clock can reorder anything. On PostgreSQL several processes write: each of their
//! transactions waits for the one before it, so that an operation sees the store as on SQLite, alone.
//!
//! Before a step's request leaves, [`Journal::intend`] makes it durable and gives a [`StepPermit`]; a function that sends
//! takes the permit by value. [`Journal::settle`] makes the outcome durable. A commit whose answer was lost gives no
//! permit ([`JournalError::CommitUnknown`]): the caller reads again.

use std::sync::{Arc, Mutex};

use crate::clock::Clock;
use crate::config::Database;

mod accepted;
mod audit;
mod board;
mod connect;
mod connections;
mod copy;
mod error;
mod gauges;
mod guards;
mod hints;
mod intend;
mod known;
mod logins;
mod mails;
mod orders;
mod outbox;
mod permit;
mod plan;
mod process;
mod proof;
mod requests;
mod rows;
mod settle;
mod sql;
mod step_record;
mod store;
#[cfg(test)]
mod tests;

pub use accepted::{Accepted, SaidOfOrder, Settled};
pub use audit::{AuditRow, Chain, ChainReport};
pub use board::{BoardFilter, Cell};
pub use connect::SCHEMA_VERSION;
pub use connections::{ConnectionRow, Switched, caught_up_name};
pub use copy::{Copied, copy};
pub use error::{Guard, IntendError, JournalError};
pub use gauges::{ApiGauges, StoreGauges, Waiting};
pub use hints::HintRow;
pub use intend::Limits;
pub use known::Known;
pub use logins::{PageToken, SessionRow, UserRow};
pub use mails::{
    DueMail, InWork, Letter, LetterState, MailServer, MailState, NewLetter, Recipient, RecipientState,
    RefusedRecipient, Standing,
};
pub use orders::{Amounts, Claim, Management, OrderFilter, OrderRow, OrderSeen, Resolved, Waits};
pub use outbox::{NewMail, News, telling};
pub use permit::{StepPermit, TokenSource};
pub use plan::{Next, PlanRecord, Recorded};
pub use process::{LEASE_FOR, Lease, Owner, ProcessRow};
pub use proof::{Checked, backup};
pub use requests::{NewRequest, Request};
pub use settle::{DayTotals, Decision};
pub use step_record::{StepId, StepRecord, StepState};

/// How operations are executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// A thread owns the connection that writes, takes all queued operations and commits them together; another reads.
    Writer,
    /// Each operation is run to its end on the caller's thread: for simulations.
    Inline,
}

/// A fault of the database, for simulations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommitFault {
    /// All is well.
    None,
    /// The database takes no writes (full or busy); the operation is known not to stand.
    Refuse,
    /// The commit fails and stores nothing, and the caller cannot know.
    FailBefore,
    /// The commit stands and its answer is lost.
    LoseAnswer,
}

/// Decides which commits fail, for simulations.
pub trait CommitFaults: Send + Sync + std::fmt::Debug {
    /// Asked once before each commit.
    fn at_commit(&self) -> CommitFault;
}

/// How a store is opened.
#[derive(Debug, Clone)]
pub struct Options {
    /// The SQLite file, or the PostgreSQL database.
    pub place: Database,
    /// How operations are executed.
    pub mode: Mode,
    /// The store's time.
    pub clock: Clock,
    /// Zone whose days the totals go by.
    pub zone: chrono_tz::Tz,
    /// Create the store or bring its schema up to date; else a schema that is not ours is refused.
    pub migrate: bool,
    /// Wait for the disk at each commit. Off only where crashes are simulated above the store.
    pub durable: bool,
    /// Seed of the tokens; none: from the system.
    pub seed: Option<u64>,
    /// Faults, for simulations.
    pub faults: Option<Arc<dyn CommitFaults>>,
}

impl Options {
    /// A durable store with a writer of its own that does not change the schema.
    pub fn new(place: impl Into<Database>, clock: Clock) -> Self {
        Self {
            place: place.into(),
            mode: Mode::Writer,
            clock,
            zone: chrono_tz::Europe::Berlin,
            migrate: false,
            durable: true,
            seed: None,
            faults: None,
        }
    }

    /// Creates the store or brings its schema up to date (`run`, `db migrate`).
    pub fn migrating(mut self) -> Self {
        self.migrate = true;
        self
    }

    /// For simulations: every operation in place, tokens by `seed`, no waiting for the disk.
    pub fn simulated(mut self, seed: u64) -> Self {
        self.mode = Mode::Inline;
        self.seed = Some(seed);
        self.durable = false;
        self.migrating()
    }
}

/// The store; cheap to clone, all clones are the same store.
#[derive(Clone)]
pub struct Journal(Arc<Inner>);

struct Inner {
    lanes: store::Lanes,
    dialect: connect::Dialect,
    clock: Clock,
    tokens: TokenSource,
    /// Next checks of orders that did not change since, which cost no write.
    postponed: plan::Postponed,
    /// How steps ended in this process.
    counts: gauges::StepCounts,
    lock: process::FileLock,
    /// This process, once it runs orders.
    acting: Mutex<Option<Owner>>,
}

impl std::fmt::Debug for Journal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Journal")
    }
}

impl Journal {
    /// Opens a store.
    ///
    /// # Errors
    /// [`JournalError::Schema`] where the schema is not ours and may not be changed.
    pub async fn open(options: Options) -> Result<Self, JournalError> {
        let lanes = store::Lanes::open(&options).await?;
        Ok(Self(Arc::new(Inner {
            lanes,
            dialect: connect::Dialect::of(&options.place),
            clock: options.clock.clone(),
            tokens: TokenSource::new(options.seed),
            postponed: plan::Postponed::default(),
            counts: gauges::StepCounts::default(),
            lock: process::FileLock::new(&options.place),
            acting: Mutex::default(),
        })))
    }

    /// True where several processes may run orders on this store side by side, each the pixi APIs whose leases it holds.
    pub fn is_shared(&self) -> bool {
        !self.0.lock.is_of_a_file()
    }

    /// Ends after everything queued is stored; later operations answer [`JournalError::Closed`].
    pub fn close(&self) {
        self.0.lanes.close();
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        // Queued operations run to their end by themselves; the threads end when the queues are empty.
        self.lock.release();
    }
}
