//! The store's file of one simulated life: on RAM where there is any, and gone with its owner.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use pixi_payd::clock::{Clock, Time};
use pixi_payd::journal::{Journal, Options};

/// The file.
pub struct Store(PathBuf);

impl Store {
    /// An empty store. Its schema is made once in the process, and copied.
    pub fn new() -> Self {
        static EMPTY: OnceLock<Vec<u8>> = OnceLock::new();
        let empty = EMPTY.get_or_init(|| {
            let store = Self::unused();
            let options = Options::new(&store.0, Clock::simulated(Time::UNIX_EPOCH, 1)).simulated(0);
            futures_util::FutureExt::now_or_never(Journal::open(options)).unwrap().unwrap().close();
            std::fs::read(&store.0).unwrap()
        });
        let store = Self::unused();
        std::fs::write(&store.0, empty).unwrap();
        store
    }

    fn unused() -> Self {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let count = COUNT.fetch_add(1, Ordering::Relaxed);
        let ram = PathBuf::from("/dev/shm");
        let folder = if ram.is_dir() { ram } else { std::env::temp_dir() };
        Self(folder.join(format!("pixi-payd-test-{}-{count}.db", std::process::id())))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Takes its lock file away, as where the file system knows no locks.
    #[allow(dead_code, reason = "one of the tests that share this file plays it")]
    pub fn unlock(&self) {
        let _ = std::fs::remove_file(self.beside(".lock"));
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut path = self.0.clone().into_os_string();
        path.push(ending);
        path.into()
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        for ending in ["", "-wal", "-shm", "-journal", ".lock"] {
            let _ = std::fs::remove_file(self.beside(ending));
        }
    }
}
