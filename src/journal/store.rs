//! Who executes the store's operations: one writer, one transaction for all that is queued.

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{JoinHandle, Thread};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, Connection};
use tokio::sync::{mpsc, oneshot};

use super::connect::{self, Access, Dialect, postgres};
use super::rows::Columns;
use super::{CommitFault, JournalError, Mode, Options};
use crate::clock::{self, Clock, Time};
use crate::config::Database;

/// Operations waiting for the writer at most; more callers wait their turn.
const QUEUE: usize = 1024;
/// Operations that share one commit at most.
const BATCH: usize = 64;

/// The open connection and what operations need beside it.
pub(super) struct Tx {
    pub(super) conn: AnyConnection,
    pub(super) zone: chrono_tz::Tz,
    time: StoreTime,
    /// The database's own time is the one that counts.
    asks: bool,
}

/// The store's time.
enum StoreTime {
    /// On SQLite the store and the process share the machine's clock.
    Clock(Clock),
    /// On PostgreSQL: of the transaction, as the database told it, so that processes whose clocks differ agree on leases.
    /// Under a simulated clock as it was when the caller asked: the thread of the lane is outside of that clock.
    At(Time),
}

impl Tx {
    /// The store's time.
    pub(super) fn now(&self) -> Time {
        match &self.time {
            StoreTime::Clock(clock) => clock.now(),
            StoreTime::At(time) => *time,
        }
    }

    /// The same in milliseconds.
    pub(super) fn now_ms(&self) -> i64 {
        clock::to_millis(self.now())
    }

    /// Today in the configured zone, `2026-03-03`.
    pub(super) fn today(&self) -> String {
        self.now().with_timezone(&self.zone).date_naive().to_string()
    }

    /// For readings that compare with leases: asks the database for its time, where that is the store's.
    pub(super) async fn ask_time(&mut self) -> Result<(), JournalError> {
        if self.asks {
            let row = sqlx::query(postgres::NOW).fetch_one(&mut self.conn).await?;
            self.time = StoreTime::At(clock::from_millis(row.int("now_ms")?));
        }
        Ok(())
    }
}

/// What became of the transaction an operation ran in.
#[derive(Debug, Clone)]
enum Fate {
    Committed,
    Unknown,
    NotRun(String),
}

/// One operation with its caller.
trait Job: Send {
    /// Runs it; false: its writes must go. May be called again after a rollback.
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool>;
    /// When the caller asked, on its clock.
    fn asked(&self) -> Time;
    /// All it reads has to be of one moment.
    fn is_whole(&self) -> bool;
    /// Answers the caller.
    fn answer(self: Box<Self>, fate: Fate);
}

struct Call<F, T> {
    work: F,
    result: Option<Result<T, JournalError>>,
    asked: Time,
    whole: bool,
    caller: oneshot::Sender<Result<T, JournalError>>,
}

impl<F, T> Job for Call<F, T>
where
    F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, JournalError>> + Clone + Send,
    T: Send,
{
    fn run<'a>(&'a mut self, tx: &'a mut Tx) -> BoxFuture<'a, bool> {
        Box::pin(async move {
            self.result = None;
            let result = (self.work.clone())(tx).await;
            let keep = result.is_ok();
            self.result = Some(result);
            keep
        })
    }

    fn asked(&self) -> Time {
        self.asked
    }

    fn is_whole(&self) -> bool {
        self.whole
    }

    fn answer(self: Box<Self>, fate: Fate) {
        let answer = match (self.result, fate) {
            // It failed by itself: its writes are gone whatever became of the others.
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(value)), Fate::Committed) => Ok(value),
            (_, Fate::NotRun(cause)) => Err(JournalError::Unavailable(cause)),
            _ => Err(JournalError::CommitUnknown),
        };
        // A caller that is gone does not undo what was stored.
        let _ = self.caller.send(answer);
    }
}

/// One connection that is opened again when it is no longer to be trusted.
struct Core {
    options: Options,
    dialect: Dialect,
    access: Access,
    tx: Option<Tx>,
}

impl Core {
    async fn open(options: Options, access: Access) -> Result<Self, JournalError> {
        let dialect = Dialect::of(&options.place);
        let mut core = Self { options, dialect, access, tx: None };
        core.connection().await?;
        Ok(core)
    }

    async fn connection(&mut self) -> Result<&mut Tx, JournalError> {
        let tx = match self.tx.take() {
            Some(tx) => tx,
            None => Tx {
                conn: connect::connection(&self.options, self.access).await?,
                zone: self.options.zone,
                time: StoreTime::Clock(self.options.clock.clone()),
                asks: self.dialect == Dialect::Postgres && !self.options.clock.is_simulated(),
            },
        };
        Ok(self.tx.insert(tx))
    }

    /// Begins a transaction. One that broke while it was idle (the server was restarted, somebody ended the connection) is
    /// opened once more: nothing was asked of it yet.
    async fn begin(&mut self) -> Result<&mut Tx, JournalError> {
        if self.dialect == Dialect::Sqlite {
            let tx = self.connection().await?;
            statement(tx, "BEGIN IMMEDIATE").await?;
            return Ok(tx);
        }
        if self.tx.is_some() && self.begin_postgres().await.is_err() {
            self.give_up().await;
        }
        if self.tx.is_none() {
            self.begin_postgres().await?;
        }
        self.connection().await
    }

    async fn begin_postgres(&mut self) -> Result<(), JournalError> {
        let tx = self.connection().await?;
        let rows = sqlx::raw_sql(postgres::BEGIN_WRITE).fetch_all(&mut tx.conn).await?;
        if tx.asks {
            let row = rows.last().ok_or(sqlx::Error::RowNotFound)?;
            tx.time = StoreTime::At(clock::from_millis(row.int("now_ms")?));
        }
        Ok(())
    }

    /// Gives the connection up; an open transaction ends with it.
    async fn give_up(&mut self) {
        let Some(tx) = self.tx.take() else { return };
        // A server that no longer answers is not waited for: the socket is closed.
        if self.dialect == Dialect::Sqlite {
            let _ = tx.conn.close_hard().await;
        }
    }

    async fn close(mut self) {
        if let Some(tx) = self.tx.take() {
            let _ = tx.conn.close().await;
        }
    }

    /// Runs operations in one transaction and answers all callers after its commit. Where one of several fails, all are
    /// rolled back and run again one by one: that is rare, and savepoints would cost every operation.
    async fn run(&mut self, mut jobs: Vec<Box<dyn Job>>) {
        if let Some(fate) = self.transact(&mut jobs).await {
            for job in jobs {
                job.answer(fate.clone());
            }
            return;
        }
        for mut job in jobs {
            let fate = self.transact(std::slice::from_mut(&mut job)).await;
            job.answer(fate.unwrap_or(Fate::Unknown));
        }
    }

    /// None: one of several failed, and nothing of any stands.
    async fn transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Option<Fate> {
        let fault = self.options.faults.as_ref().map_or(CommitFault::None, |faults| faults.at_commit());
        if fault == CommitFault::Refuse {
            // Nothing was asked of the database: the connection is as good as before.
            return Some(Fate::NotRun("simulated: the database is full".to_owned()));
        }
        let fate = match self.dialect {
            Dialect::Sqlite => self.try_transact(jobs, fault).await,
            Dialect::Postgres => {
                let clock = self.options.clock.clone();
                let ended = clock.timeout(postgres::DEADLINE, self.try_transact(jobs, fault)).await;
                // Perhaps its commit was under way. Whoever writes next waits until the server has ended it.
                ended.unwrap_or(Some(Fate::Unknown))
            }
        };
        if !matches!(fate, Some(Fate::Committed)) {
            self.give_up().await;
        }
        fate
    }

    async fn try_transact(&mut self, jobs: &mut [Box<dyn Job>], fault: CommitFault) -> Option<Fate> {
        let dialect = self.dialect;
        let tx = match self.begin().await {
            Ok(tx) => tx,
            Err(error) => return Some(Fate::NotRun(error.to_string())),
        };
        let alone = jobs.len() == 1;
        for job in jobs {
            if dialect == Dialect::Postgres && !tx.asks {
                tx.time = StoreTime::At(job.asked());
            }
            match std::panic::AssertUnwindSafe(job.run(tx)).catch_unwind().await {
                Ok(true) => {}
                // A full disk has rolled back already; then this fails and the connection is opened anew.
                Ok(false) if alone => {
                    return Some(statement(tx, "ROLLBACK").await.map_or(Fate::Unknown, |()| Fate::Committed));
                }
                Err(_) if alone => return Some(Fate::Unknown),
                Ok(false) | Err(_) => return None,
            }
        }
        if fault == CommitFault::FailBefore {
            return Some(Fate::Unknown);
        }
        let committed = match dialect {
            Dialect::Sqlite => statement(tx, "COMMIT").await,
            Dialect::Postgres => sqlx::raw_sql(postgres::COMMIT).execute(&mut tx.conn).await.map(drop),
        };
        Some(match committed {
            Ok(()) if fault == CommitFault::LoseAnswer => Fate::Unknown,
            Ok(()) => Fate::Committed,
            Err(error) => {
                tracing::error!(%error, "The store could not commit");
                Fate::Unknown
            }
        })
    }

    /// Runs an operation that only reads. What it asked of a server whose connection broke is asked once more.
    async fn read(&mut self, mut job: Box<dyn Job>) {
        let fate = match self.dialect {
            Dialect::Sqlite => self.try_read(&mut job).await.0,
            Dialect::Postgres => {
                let (fate, good) = self.read_in_time(&mut job).await;
                if good || self.is_alive().await {
                    fate
                } else {
                    self.give_up().await;
                    self.read_in_time(&mut job).await.0
                }
            }
        };
        if !matches!(fate, Fate::Committed) {
            self.give_up().await;
        }
        job.answer(fate);
    }

    async fn read_in_time(&mut self, job: &mut Box<dyn Job>) -> (Fate, bool) {
        if job.is_whole() {
            return self.try_read(job).await;
        }
        let clock = self.options.clock.clone();
        let ended = clock.timeout(postgres::DEADLINE, self.try_read(job)).await;
        ended.unwrap_or_else(|_| (Fate::NotRun("PostgreSQL: no answer within 30 s".to_owned()), true))
    }

    async fn is_alive(&mut self) -> bool {
        let clock = self.options.clock.clone();
        match &mut self.tx {
            Some(tx) => clock.timeout(postgres::DEADLINE, tx.conn.ping()).await.is_ok_and(|answer| answer.is_ok()),
            None => false,
        }
    }

    /// What became of it, and whether it succeeded.
    async fn try_read(&mut self, job: &mut Box<dyn Job>) -> (Fate, bool) {
        let on_server = self.dialect == Dialect::Postgres;
        let whole = on_server && job.is_whole();
        let tx = match self.connection().await {
            Ok(tx) => tx,
            Err(error) => return (Fate::NotRun(error.to_string()), false),
        };
        if on_server {
            tx.time = StoreTime::At(job.asked());
        }
        if whole && let Err(error) = sqlx::raw_sql(postgres::BEGIN_WHOLE).execute(&mut tx.conn).await {
            return (Fate::NotRun(error.to_string()), false);
        }
        let ran = std::panic::AssertUnwindSafe(job.run(tx)).catch_unwind().await;
        if whole {
            // Nothing was written: however it ends is fine, and a broken connection shows at the next statement.
            let _ = statement(tx, "ROLLBACK").await;
        }
        ran.map_or((Fate::Unknown, true), |good| (Fate::Committed, good))
    }
}

async fn statement(tx: &mut Tx, text: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(text).execute(&mut tx.conn).await.map(drop)
}

/// The lanes operations take to the database.
pub(super) enum Lanes {
    /// Each operation runs to its end in place, on the caller's thread.
    Inline(Mutex<Option<Core0>>),
    /// A thread that writes and one that reads. `in_place`: the caller's thread stands still meanwhile, and so does a paused
    /// clock; a connection to a server needs a runtime, which the caller's thread has already.
    Threads { threads: Mutex<Option<Threads>>, in_place: bool, clock: Clock },
}

/// Hides [`Core`] from the module's other files.
pub(super) struct Core0(Core);

pub(super) struct Threads {
    write: mpsc::Sender<Box<dyn Job>>,
    read: mpsc::Sender<Box<dyn Job>>,
    handles: [JoinHandle<()>; 2],
}

impl Lanes {
    pub(super) async fn open(options: &Options) -> Result<Self, JournalError> {
        if options.mode == Mode::Inline && Dialect::of(&options.place) == Dialect::Sqlite {
            let core = block_on(Core::open(options.clone(), Access::Write))?;
            return Ok(Self::Inline(Mutex::new(Some(Core0(core)))));
        }
        let in_place = options.mode == Mode::Inline;
        let open = async {
            let (write, writer) = lane(options.clone(), Access::Write).await?;
            let (read, reader) = lane(options.clone(), Access::Read).await?;
            Ok::<_, JournalError>(Threads { write, read, handles: [writer, reader] })
        };
        let threads = if in_place { block_on(open) } else { open.await }?;
        Ok(Self::Threads { threads: Mutex::new(Some(threads)), in_place, clock: options.clock.clone() })
    }

    /// Runs an operation in a transaction. Once queued it runs to its end, whether the caller waits or not.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, JournalError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, JournalError>> + Clone + Send + 'static,
        T: Send + 'static,
    {
        self.submit(Access::Write, work, false).await
    }

    /// Runs an operation that only reads, past the queue of the writes.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, JournalError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, JournalError>> + Clone + Send + 'static,
        T: Send + 'static,
    {
        self.submit(Access::Read, work, false).await
    }

    /// Runs an operation that only reads, all of one moment, and that may take long: on SQLite in the writer's lane, on
    /// PostgreSQL while others write.
    pub(super) async fn read_whole<T, F>(&self, dialect: Dialect, work: F) -> Result<T, JournalError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, JournalError>> + Clone + Send + 'static,
        T: Send + 'static,
    {
        let access = if dialect == Dialect::Sqlite { Access::Write } else { Access::Read };
        self.submit(access, work, true).await
    }

    async fn submit<T, F>(&self, access: Access, work: F, whole: bool) -> Result<T, JournalError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, JournalError>> + Clone + Send + 'static,
        T: Send + 'static,
    {
        let (caller, mut answer) = oneshot::channel();
        match self {
            Self::Inline(core) => {
                let mut core = core.lock().unwrap_or_else(PoisonError::into_inner);
                let core = &mut core.as_mut().ok_or(JournalError::Closed)?.0;
                let job: Box<dyn Job> = Box::new(Call { work, result: None, asked: Time::UNIX_EPOCH, whole, caller });
                match access {
                    Access::Write => block_on(core.run(vec![job])),
                    Access::Read => block_on(core.read(job)),
                }
                answer.try_recv().map_err(|_| JournalError::CommitUnknown)?
            }
            Self::Threads { threads, in_place, clock } => {
                let queue = {
                    let threads = threads.lock().unwrap_or_else(PoisonError::into_inner);
                    let threads = threads.as_ref().ok_or(JournalError::Closed)?;
                    if access == Access::Write { threads.write.clone() } else { threads.read.clone() }
                };
                let job: Box<dyn Job> = Box::new(Call { work, result: None, asked: clock.now(), whole, caller });
                let done = async {
                    queue.send(job).await.map_err(|_| JournalError::Closed)?;
                    answer.await.map_err(|_| JournalError::CommitUnknown)?
                };
                if *in_place { block_on(done) } else { done.await }
            }
        }
    }

    /// Ends after everything queued is done.
    pub(super) fn close(&self) {
        match self {
            Self::Inline(core) => {
                if let Some(Core0(core)) = core.lock().unwrap_or_else(PoisonError::into_inner).take() {
                    block_on(core.close());
                }
            }
            Self::Threads { threads, .. } => {
                let threads = threads.lock().unwrap_or_else(PoisonError::into_inner).take();
                if let Some(Threads { write, read, handles }) = threads {
                    drop((write, read));
                    for handle in handles {
                        let _ = handle.join();
                    }
                }
            }
        }
    }
}

/// What drives the futures of a lane's thread.
enum Driver {
    /// Nothing is waited for but SQLite's own thread.
    Bare,
    /// A socket.
    Runtime(tokio::runtime::Runtime),
}

impl Driver {
    fn new(place: &Database) -> std::io::Result<Self> {
        match place {
            Database::Sqlite(_) => Ok(Self::Bare),
            Database::Postgres(_) => {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
                Ok(Self::Runtime(runtime))
            }
        }
    }

    fn run<F: Future>(&self, future: F) -> F::Output {
        match self {
            Self::Bare => block_on(future),
            Self::Runtime(runtime) => runtime.block_on(future),
        }
    }
}

async fn lane(options: Options, access: Access) -> Result<(mpsc::Sender<Box<dyn Job>>, JoinHandle<()>), JournalError> {
    let (queue, jobs) = mpsc::channel(QUEUE);
    let (opened, ready) = oneshot::channel();
    let name = if access == Access::Write { "store-write" } else { "store-read" };
    let cannot = |error: std::io::Error| JournalError::Unavailable(format!("{name}: {error}"));
    let driver = Driver::new(&options.place).map_err(cannot)?;
    let handle = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || match driver.run(Core::open(options, access)) {
            Ok(core) => {
                let _ = opened.send(Ok(()));
                serve(core, &driver, access, jobs);
            }
            Err(error) => drop(opened.send(Err(error))),
        })
        .map_err(cannot)?;
    ready.await.map_err(|_| JournalError::Closed)??;
    Ok((queue, handle))
}

fn serve(mut core: Core, driver: &Driver, access: Access, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = jobs.blocking_recv() {
        if access == Access::Read {
            driver.run(core.read(first));
            continue;
        }
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = jobs.try_recv()
        {
            batch.push(next);
        }
        driver.run(core.run(batch));
    }
    driver.run(core.close());
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Runs a future to its end on this thread, out of sight of any runtime: a paused clock does not run ahead meanwhile.
fn block_on<F: Future>(future: F) -> F::Output {
    let mut future = pin!(tokio::task::unconstrained(future));
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut context = Context::from_waker(&waker);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => std::thread::park(),
        }
    }
}
