//! Who executes the store's operations: one writer, one transaction for all that is queued.

use std::future::Future;
use std::path::PathBuf;
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{JoinHandle, Thread};

use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use sqlx::{AnyConnection, Connection};
use tokio::sync::{mpsc, oneshot};

use super::connect::{self, Access};
use super::{CommitFault, JournalError, Mode, Options};
use crate::clock::{self, Clock};

/// Operations waiting for the writer at most; more callers wait their turn.
const QUEUE: usize = 1024;
/// Operations that share one commit at most.
const BATCH: usize = 64;

/// The open connection and what operations need beside it.
pub(super) struct Tx {
    pub(super) conn: AnyConnection,
    pub(super) clock: Clock,
    pub(super) zone: chrono_tz::Tz,
}

impl Tx {
    /// The store's time. On SQLite the store and the process share the machine's clock.
    pub(super) fn now_ms(&self) -> i64 {
        clock::to_millis(self.clock.now())
    }

    /// Today in the configured zone, `2026-03-03`.
    pub(super) fn today(&self) -> String {
        self.clock.now().with_timezone(&self.zone).date_naive().to_string()
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
    /// Answers the caller.
    fn answer(self: Box<Self>, fate: Fate);
}

struct Call<F, T> {
    work: F,
    result: Option<Result<T, JournalError>>,
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
    access: Access,
    tx: Option<Tx>,
}

impl Core {
    async fn open(options: Options, access: Access) -> Result<Self, JournalError> {
        let mut core = Self { options, access, tx: None };
        core.connection().await?;
        Ok(core)
    }

    async fn connection(&mut self) -> Result<&mut Tx, JournalError> {
        let tx = match self.tx.take() {
            Some(tx) => tx,
            None => Tx {
                conn: connect::connection(&self.options, self.access).await?,
                clock: self.options.clock.clone(),
                zone: self.options.zone,
            },
        };
        Ok(self.tx.insert(tx))
    }

    /// Gives the connection up; an open transaction ends with it.
    async fn give_up(&mut self) {
        if let Some(tx) = self.tx.take() {
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
        let fate = self.try_transact(jobs).await;
        if !matches!(fate, Some(Fate::Committed)) {
            self.give_up().await;
        }
        fate
    }

    async fn try_transact(&mut self, jobs: &mut [Box<dyn Job>]) -> Option<Fate> {
        let fault = self.options.faults.as_ref().map_or(CommitFault::None, |faults| faults.at_commit());
        let tx = match self.connection().await {
            Ok(tx) => tx,
            Err(error) => return Some(Fate::NotRun(error.to_string())),
        };
        if fault == CommitFault::Refuse {
            return Some(Fate::NotRun("simulated: the database is full".to_owned()));
        }
        if let Err(error) = statement(tx, "BEGIN IMMEDIATE").await {
            return Some(Fate::NotRun(error.to_string()));
        }
        let alone = jobs.len() == 1;
        for job in jobs {
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
        Some(match statement(tx, "COMMIT").await {
            Ok(()) if fault == CommitFault::LoseAnswer => Fate::Unknown,
            Ok(()) => Fate::Committed,
            Err(error) => {
                tracing::error!(%error, "The store could not commit");
                Fate::Unknown
            }
        })
    }

    /// Runs an operation that only reads.
    async fn read(&mut self, mut job: Box<dyn Job>) {
        let fate = match self.connection().await {
            Ok(tx) => match std::panic::AssertUnwindSafe(job.run(tx)).catch_unwind().await {
                Ok(_) => Fate::Committed,
                Err(_) => Fate::Unknown,
            },
            Err(error) => Fate::NotRun(error.to_string()),
        };
        if !matches!(fate, Fate::Committed) {
            self.give_up().await;
        }
        job.answer(fate);
    }
}

async fn statement(tx: &mut Tx, text: &'static str) -> Result<(), sqlx::Error> {
    sqlx::query(text).execute(&mut tx.conn).await.map(drop)
}

/// The lanes operations take to the database.
pub(super) enum Lanes {
    /// Each operation runs to its end in place, on the caller's thread.
    Inline(Mutex<Option<Core0>>),
    /// A thread that writes and one that reads.
    Threads(Mutex<Option<Threads>>),
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
        match options.mode {
            Mode::Inline => {
                let core = block_on(Core::open(options.clone(), Access::Write))?;
                Ok(Self::Inline(Mutex::new(Some(Core0(core)))))
            }
            Mode::Writer => {
                let (write, writer) = lane(options.clone(), Access::Write).await?;
                let (read, reader) = lane(options.clone(), Access::Read).await?;
                Ok(Self::Threads(Mutex::new(Some(Threads { write, read, handles: [writer, reader] }))))
            }
        }
    }

    /// Runs an operation in a transaction. Once queued it runs to its end, whether the caller waits or not.
    pub(super) async fn write<T, F>(&self, work: F) -> Result<T, JournalError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, JournalError>> + Clone + Send + 'static,
        T: Send + 'static,
    {
        self.submit(Access::Write, work).await
    }

    /// Runs an operation that only reads, past the queue of the writes.
    pub(super) async fn read<T, F>(&self, work: F) -> Result<T, JournalError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, JournalError>> + Clone + Send + 'static,
        T: Send + 'static,
    {
        self.submit(Access::Read, work).await
    }

    async fn submit<T, F>(&self, access: Access, work: F) -> Result<T, JournalError>
    where
        F: for<'t> FnOnce(&'t mut Tx) -> BoxFuture<'t, Result<T, JournalError>> + Clone + Send + 'static,
        T: Send + 'static,
    {
        let (caller, mut answer) = oneshot::channel();
        let job: Box<dyn Job> = Box::new(Call { work, result: None, caller });
        match self {
            Self::Inline(core) => {
                let mut core = core.lock().unwrap_or_else(PoisonError::into_inner);
                let core = &mut core.as_mut().ok_or(JournalError::Closed)?.0;
                match access {
                    Access::Write => block_on(core.run(vec![job])),
                    Access::Read => block_on(core.read(job)),
                }
                answer.try_recv().map_err(|_| JournalError::CommitUnknown)?
            }
            Self::Threads(threads) => {
                let queue = {
                    let threads = threads.lock().unwrap_or_else(PoisonError::into_inner);
                    let threads = threads.as_ref().ok_or(JournalError::Closed)?;
                    if access == Access::Write { threads.write.clone() } else { threads.read.clone() }
                };
                queue.send(job).await.map_err(|_| JournalError::Closed)?;
                answer.await.map_err(|_| JournalError::CommitUnknown)?
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
            Self::Threads(threads) => {
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

async fn lane(options: Options, access: Access) -> Result<(mpsc::Sender<Box<dyn Job>>, JoinHandle<()>), JournalError> {
    let (queue, jobs) = mpsc::channel(QUEUE);
    let (opened, ready) = oneshot::channel();
    let name = if access == Access::Write { "store-write" } else { "store-read" };
    let path: PathBuf = options.path.clone();
    let handle = std::thread::Builder::new()
        .name(name.to_owned())
        .spawn(move || match block_on(Core::open(options, access)) {
            Ok(core) => {
                let _ = opened.send(Ok(()));
                serve(core, access, jobs);
            }
            Err(error) => drop(opened.send(Err(error))),
        })
        .map_err(|error| JournalError::File { path, cause: error.to_string() })?;
    ready.await.map_err(|_| JournalError::Closed)??;
    Ok((queue, handle))
}

fn serve(mut core: Core, access: Access, mut jobs: mpsc::Receiver<Box<dyn Job>>) {
    while let Some(first) = jobs.blocking_recv() {
        if access == Access::Read {
            block_on(core.read(first));
            continue;
        }
        let mut batch = vec![first];
        while batch.len() < BATCH
            && let Ok(next) = jobs.try_recv()
        {
            batch.push(next);
        }
        block_on(core.run(batch));
    }
    block_on(core.close());
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
