//! One browser at a time works; a second one may wait beside it.

use tokio::sync::{Mutex, MutexGuard};

/// Waits for the others.
pub async fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::const_new(());
    ONE.lock().await
}
