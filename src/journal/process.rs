//! Who runs: processes, fences, leases.

use std::collections::BTreeSet;
use std::fs::{File, TryLockError};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use sqlx::AnyConnection;

use super::rows::Columns;
use super::store::Tx;
use super::{Journal, JournalError, connect, sql};
use crate::clock::Time;
use crate::config::Database;
use crate::config::ids::ApiName;

/// How long a lease, and a heartbeat, is good for; it is renewed by [`Journal::heartbeat`] well before.
pub const LEASE_FOR: Duration = Duration::from_secs(20);

/// A request may leave while its lease is good for so much longer: it may wait 5 s for its turn at the endpoint, and 5 s
/// are for whatever else holds it up.
pub(super) const SEND_MARGIN: Duration = Duration::from_secs(10);

/// Name of the lease of what concerns the store as a whole: mails, and requests about no pixi API. No pixi API is called so.
pub(super) const WHOLE: &str = "*";

/// A process that runs orders. A later process has a larger fence.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    /// Row of the process.
    pub id: i64,
    /// Its fence.
    pub fence: i64,
}

/// Answer to [`Journal::acquire_lease`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lease {
    /// Ours until then.
    Ours {
        /// Store's time.
        until: Time,
    },
    /// Another's until then.
    HeldBy {
        /// Who.
        owner: Owner,
        /// Store's time.
        until: Time,
    },
}

/// A process that has not ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ProcessRow {
    /// Id and fence.
    pub owner: Owner,
    /// Host and process id, for people.
    pub label: String,
    /// Since when.
    pub started: Time,
    /// Last sign of life in the store's time.
    pub heartbeat: Time,
}

/// The file that tells whether a process runs on a SQLite store: the system frees it when the process ends, however it
/// ends. A PostgreSQL store has none: there several processes run side by side.
#[derive(Debug)]
pub(super) struct FileLock {
    path: Option<PathBuf>,
    held: Mutex<Option<File>>,
}

impl FileLock {
    pub(super) fn new(store: &Database) -> Self {
        let path = match store {
            Database::Sqlite(file) => {
                let mut path = file.as_os_str().to_owned();
                path.push(".lock");
                Some(path.into())
            }
            Database::Postgres(_) => None,
        };
        Self { path, held: Mutex::new(None) }
    }

    pub(super) fn is_of_a_file(&self) -> bool {
        self.path.is_some()
    }

    fn acquire(&self) -> Result<Alone, JournalError> {
        let Some(path) = &self.path else { return Ok(Alone::Shared) };
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        if held.is_some() {
            return Err(JournalError::AlreadyRunning);
        }
        let options = File::options().write(true).create(true).truncate(false).to_owned();
        let file = options.open(path).map_err(|error| connect::file(path, error))?;
        match file.try_lock() {
            Ok(()) => {
                *held = Some(file);
                Ok(Alone::Surely)
            }
            Err(TryLockError::WouldBlock) => Err(JournalError::AlreadyRunning),
            Err(TryLockError::Error(_)) => Ok(Alone::ByHeartbeat),
        }
    }

    /// Holds the file, where there is one.
    pub(super) fn alone(&self) -> Result<(), JournalError> {
        self.acquire().map(drop)
    }

    pub(super) fn release(&self) {
        self.held.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}

/// How it is known whether other processes run on the store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Alone {
    /// The file is locked: there is no other.
    Surely,
    /// This file system knows no locks: another's heartbeat tells.
    ByHeartbeat,
    /// There may be others.
    Shared,
}

impl Journal {
    /// Makes this process one that runs orders on this store. On SQLite it is the only one: processes before it are ended
    /// and their leases freed. On PostgreSQL only those are ended whose last sign of life is older than their leases last.
    /// `label`: host and process id, for people.
    ///
    /// # Errors
    /// [`JournalError::AlreadyRunning`] while another process holds a SQLite store.
    pub async fn register_process(&self, label: &str) -> Result<Owner, JournalError> {
        let alone = self.0.lock.acquire()?;
        let label = label.to_owned();
        let registered = self.0.lanes.write(move |tx| Box::pin(register(tx, label, alone))).await;
        if matches!(registered, Err(ref error) if !matches!(error, JournalError::CommitUnknown)) {
            self.0.lock.release();
        }
        if let Ok(owner) = &registered {
            *self.0.acting.lock().unwrap_or_else(PoisonError::into_inner) = Some(*owner);
        }
        registered
    }

    /// Says that the process lives, and renews its leases. Answers the store's time.
    ///
    /// # Errors
    /// [`JournalError::NotOwner`] where another process took over.
    pub async fn heartbeat(&self, owner: Owner) -> Result<Time, JournalError> {
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let (now, until) = (tx.now_ms(), lease_end(tx));
                    let beat = sqlx::query(sql::HEARTBEAT).bind(owner.id).bind(owner.fence).bind(now);
                    if beat.execute(&mut tx.conn).await?.rows_affected() == 0 {
                        return Err(JournalError::NotOwner);
                    }
                    let extend = sqlx::query(sql::EXTEND_LEASES).bind(owner.id).bind(owner.fence).bind(until);
                    extend.execute(&mut tx.conn).await?;
                    Ok(tx.now())
                })
            })
            .await
    }

    /// Ends the process: its leases are free at once.
    pub async fn end_process(&self, owner: Owner) -> Result<(), JournalError> {
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let now = tx.now_ms();
                    let leases = sqlx::query(sql::GIVE_LEASES).bind(owner.id).bind(owner.fence);
                    leases.execute(&mut tx.conn).await?;
                    let end = sqlx::query(sql::END_PROCESS).bind(owner.id).bind(owner.fence).bind(now);
                    end.execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await?;
        self.0.lock.release();
        Ok(())
    }

    /// From now on what is written needs no lease: the process works on no orders any more, and is a command like others.
    pub fn act_for_nobody(&self) {
        *self.0.acting.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Takes or renews the lease of a pixi API. On a shared store, processes that fell silent are ended first.
    pub async fn acquire_lease(&self, owner: Owner, api: &ApiName) -> Result<Lease, JournalError> {
        let (api, shared) = (api.0.clone(), self.is_shared());
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    live(tx, owner, shared).await?;
                    acquire(tx, owner, api).await
                })
            })
            .await
    }

    /// Takes every free lease of these pixi APIs, and that of what concerns the store as a whole, in one transaction.
    /// Answers the pixi APIs whose leases the process holds now. Where nothing is free, nothing is written.
    ///
    /// # Errors
    /// [`JournalError::NotOwner`] where the process was taken for dead.
    pub async fn take_leases(&self, owner: Owner, apis: &BTreeSet<ApiName>) -> Result<BTreeSet<ApiName>, JournalError> {
        let wanted: BTreeSet<String> = apis.iter().map(|api| api.0.clone()).chain([WHOLE.to_owned()]).collect();
        let leases = self.0.lanes.read(|tx| Box::pin(standing(tx))).await?;
        let (free, held) = split(&leases, &wanted, owner);
        if free.is_empty() {
            return Ok(held);
        }
        let shared = self.is_shared();
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    live(tx, owner, shared).await?;
                    for api in free {
                        acquire(tx, owner, api).await?;
                    }
                    Ok(split(&standing(tx).await?, &wanted, owner).1)
                })
            })
            .await
    }

    /// Gives all leases of the process back; it goes on living.
    pub async fn release_leases(&self, owner: Owner) -> Result<(), JournalError> {
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let leases = sqlx::query(sql::GIVE_LEASES).bind(owner.id).bind(owner.fence);
                    leases.execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// True while the process may do what concerns the store as a whole: send mails, answer requests about no pixi API.
    /// Where only one process runs on a store that is the one.
    pub async fn acts_for_all(&self, owner: Owner) -> Result<bool, JournalError> {
        if !self.is_shared() {
            return Ok(true);
        }
        self.holds_lease(owner, &ApiName(WHOLE.to_owned())).await
    }

    /// Asked right before a request leaves on a shared store: the lease is good for the time it may wait for its turn. A
    /// process that slept since its intent learns here that another has taken over. Where only one process can run on a
    /// store, the file's lock has told already.
    pub async fn may_send(&self, owner: Owner, api: &ApiName) -> Result<bool, JournalError> {
        if !self.is_shared() {
            return Ok(true);
        }
        let api = api.0.clone();
        self.0.lanes.read(move |tx| Box::pin(is_held(tx, owner, api, SEND_MARGIN))).await
    }

    /// Gives the lease of a pixi API back.
    pub async fn release_lease(&self, owner: Owner, api: &ApiName) -> Result<(), JournalError> {
        let api = api.0.clone();
        self.0
            .lanes
            .write(move |tx| {
                Box::pin(async move {
                    let give = sqlx::query(sql::GIVE_LEASE).bind(api).bind(owner.id).bind(owner.fence);
                    give.execute(&mut tx.conn).await?;
                    Ok(())
                })
            })
            .await
    }

    /// True while the owner holds the lease of the API.
    pub async fn holds_lease(&self, owner: Owner, api: &ApiName) -> Result<bool, JournalError> {
        let api = api.0.clone();
        self.0.lanes.read(move |tx| Box::pin(is_held(tx, owner, api, Duration::ZERO))).await
    }

    /// The process whose leases what it writes has to hold; none on a store with one process, and for commands.
    pub(super) fn fence(&self) -> Option<Owner> {
        let acting = *self.0.acting.lock().unwrap_or_else(PoisonError::into_inner);
        acting.filter(|_| self.is_shared())
    }

    /// Processes that have not ended; whether one lives is told by its heartbeat ([`LEASE_FOR`]).
    pub async fn processes(&self) -> Result<Vec<ProcessRow>, JournalError> {
        self.0.lanes.read(move |tx| Box::pin(running(tx))).await
    }
}

fn millis(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

/// What a process writes that may have slept: refused where its lease is another's, or nobody's.
pub(super) async fn fenced(tx: &mut Tx, fence: Option<Owner>, api: &ApiName) -> Result<(), JournalError> {
    let Some(owner) = fence else { return Ok(()) };
    if is_held(tx, owner, api.0.clone(), Duration::ZERO).await? { Ok(()) } else { Err(JournalError::NotOwner) }
}

/// The same for what concerns the store as a whole.
pub(super) async fn fenced_whole(tx: &mut Tx, fence: Option<Owner>) -> Result<(), JournalError> {
    fenced(tx, fence, &ApiName(WHOLE.to_owned())).await
}

/// The same for what is also written by the one who does what concerns the store as a whole.
pub(super) async fn fenced_or_whole(tx: &mut Tx, fence: Option<Owner>, api: &ApiName) -> Result<(), JournalError> {
    let Some(owner) = fence else { return Ok(()) };
    if is_held(tx, owner, WHOLE.to_owned(), Duration::ZERO).await? {
        return Ok(());
    }
    fenced(tx, fence, api).await
}

async fn is_held(tx: &mut Tx, owner: Owner, api: String, longer: Duration) -> Result<bool, JournalError> {
    tx.ask_time().await?;
    let until = tx.now_ms().saturating_add(millis(longer));
    let query = sqlx::query(sql::HOLDS_LEASE).bind(api).bind(owner.id).bind(owner.fence).bind(until);
    Ok(query.fetch_one(&mut tx.conn).await?.int("held")? > 0)
}

/// A lease that has not ended.
struct Standing {
    api: String,
    owner: Owner,
}

async fn standing(tx: &mut Tx) -> Result<Vec<Standing>, JournalError> {
    tx.ask_time().await?;
    let now = tx.now_ms();
    let mut leases = Vec::new();
    for row in sqlx::query(sql::ALL_LEASES).fetch_all(&mut tx.conn).await? {
        let until = row.int("until_ms")?;
        if until > now && until <= too_late(now) {
            let owner = Owner { id: row.int("owner")?, fence: row.int("fence")? };
            leases.push(Standing { api: row.text("api")?, owner });
        }
    }
    Ok(leases)
}

/// Which of the wanted leases are free, and which pixi APIs' are the owner's.
fn split(leases: &[Standing], wanted: &BTreeSet<String>, owner: Owner) -> (Vec<String>, BTreeSet<ApiName>) {
    let free = wanted.iter().filter(|api| leases.iter().all(|lease| lease.api != **api)).cloned().collect();
    let held = leases.iter().filter(|lease| lease.owner == owner && lease.api != WHOLE);
    (free, held.map(|lease| ApiName(lease.api.clone())).collect())
}

/// A sign of life; on a shared store, those that give none are ended.
async fn live(tx: &mut Tx, owner: Owner, shared: bool) -> Result<(), JournalError> {
    let alive = sqlx::query(sql::HEARTBEAT).bind(owner.id).bind(owner.fence).bind(tx.now_ms());
    if alive.execute(&mut tx.conn).await?.rows_affected() == 0 {
        return Err(JournalError::NotOwner);
    }
    if shared { end_silent(tx).await } else { Ok(()) }
}

/// No lease that was given by this clock ends later: it was set back since, and whoever holds one that does may be dead.
fn too_late(now: i64) -> i64 {
    now.saturating_add(millis(LEASE_FOR * 2))
}

fn lease_end(tx: &Tx) -> i64 {
    tx.now_ms().saturating_add(millis(LEASE_FOR))
}

async fn running(tx: &mut Tx) -> Result<Vec<ProcessRow>, JournalError> {
    let rows = sqlx::query(sql::RUNNING_PROCESSES).fetch_all(&mut tx.conn).await?;
    let read = rows.iter().map(|row| {
        Ok(ProcessRow {
            owner: Owner { id: row.int("id")?, fence: row.int("fence")? },
            label: row.text("label")?,
            started: row.time("started_ms")?,
            heartbeat: row.time("heartbeat_ms")?,
        })
    });
    read.collect()
}

/// No process has given a sign of life for as long as a lease lasts.
pub(super) async fn no_one_lives(conn: &mut AnyConnection, now: i64) -> Result<(), JournalError> {
    for row in sqlx::query(sql::RUNNING_PROCESSES).fetch_all(conn).await? {
        // One of the time to come is of a clock that was set back since.
        if row.int("heartbeat_ms")?.abs_diff(now) < LEASE_FOR.as_millis().try_into().unwrap_or(u64::MAX) {
            return Err(JournalError::AlreadyRunning);
        }
    }
    Ok(())
}

async fn register(tx: &mut Tx, label: String, alone: Alone) -> Result<Owner, JournalError> {
    let now = tx.now();
    let fresh = |row: &ProcessRow| (now - row.heartbeat).abs().to_std().unwrap_or(Duration::MAX) < LEASE_FOR;
    if alone == Alone::ByHeartbeat && running(tx).await?.iter().any(fresh) {
        return Err(JournalError::AlreadyRunning);
    }
    let now = tx.now_ms();
    if alone == Alone::Shared {
        end_silent(tx).await?;
    } else {
        sqlx::query(sql::CLEAR_LEASES).execute(&mut tx.conn).await?;
        sqlx::query(sql::END_PROCESSES).bind(now).execute(&mut tx.conn).await?;
    }
    let fence = sqlx::query(sql::NEXT_FENCE).fetch_one(&mut tx.conn).await?.int("fence")?;
    let add = sqlx::query(sql::ADD_PROCESS).bind(fence).bind(label).bind(now);
    let id = add.fetch_one(&mut tx.conn).await?.int("id")?;
    Ok(Owner { id, fence })
}

/// Ends the processes that gave no sign of life for as long as a lease lasts: none of theirs is good any more, and what
/// they left half done is another's. So are those whose last one is of a time to come, for the clock was set back since:
/// whoever lives finds out with the next one, and starts over.
async fn end_silent(tx: &mut Tx) -> Result<(), JournalError> {
    let now = tx.now_ms();
    let end = sqlx::query(sql::END_SILENT_PROCESSES)
        .bind(now)
        .bind(now.saturating_sub(millis(LEASE_FOR)))
        .bind(now.saturating_add(millis(LEASE_FOR)));
    end.execute(&mut tx.conn).await?;
    sqlx::query(sql::CLEAR_ENDED_LEASES).execute(&mut tx.conn).await?;
    Ok(())
}

async fn acquire(tx: &mut Tx, owner: Owner, api: String) -> Result<Lease, JournalError> {
    let (now, until) = (tx.now_ms(), lease_end(tx));
    let take = sqlx::query(sql::TAKE_LEASE).bind(&api).bind(owner.id).bind(owner.fence).bind(now).bind(until);
    let take = take.bind(too_late(now));
    if let Some(row) = take.fetch_optional(&mut tx.conn).await? {
        return Ok(Lease::Ours { until: row.time("until_ms")? });
    }
    let row = sqlx::query(sql::LOAD_LEASE).bind(api).fetch_one(&mut tx.conn).await?;
    let owner = Owner { id: row.int("owner")?, fence: row.int("fence")? };
    Ok(Lease::HeldBy { owner, until: row.time("until_ms")? })
}
