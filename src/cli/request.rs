//! Asking the daemon that runs on the same store.

use std::time::Duration;

use serde_json::Value;

use crate::cli::Failure;
use crate::clock::{Clock, Time};
use crate::journal::{Journal, JournalError, LEASE_FOR, NewRequest};

/// How often the answer is looked for.
const EVERY: Duration = Duration::from_millis(250);
/// Without a sign of life for so many looks the daemon is taken for gone.
const GONE: u32 = 20;

/// True while a daemon runs on the store.
pub async fn is_running(journal: &Journal, clock: &Clock) -> Result<bool, JournalError> {
    let now = clock.now();
    let fresh = |at: Time| (now - at).abs().to_std().is_ok_and(|age| age < LEASE_FOR);
    Ok(journal.processes().await?.iter().any(|process| fresh(process.heartbeat)))
}

/// Stores a request and waits for its answer, at most `patience`. None: the daemon went away without one.
pub async fn ask(
    journal: &Journal,
    clock: &Clock,
    request: NewRequest,
    patience: Duration,
) -> Result<Option<Value>, Failure> {
    let id = journal.enqueue_request(request).await?;
    let watch = clock.stopwatch();
    let mut silent = 0;
    while watch.elapsed() < patience {
        if let Some(answer) = journal.load_request(id).await?.and_then(|request| request.answer) {
            return refused(answer).map(Some);
        }
        silent = if is_running(journal, clock).await? { 0 } else { silent + 1 };
        if silent > GONE {
            return Ok(None);
        }
        clock.sleep(EVERY).await;
    }
    Err(Failure::failed(format!(
        "the daemon has not answered for {} minutes; its log tells what it is doing",
        patience.as_secs() / 60
    )))
}

fn refused(answer: Value) -> Result<Value, Failure> {
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(Failure::failed(format!("the daemon says: {error}"))),
        None => Ok(answer),
    }
}
