//! Inline schemas that were read before.
//!
//! pixi sends the schema of its rows with every answer, mostly longer than the rows, and for the same call always the
//! same. One that comes again, byte for byte, is recognised and not read a second time.

use std::sync::{Mutex, PoisonError};

use super::RowSet;

/// Most schemas kept of one pixi API: it has some twenty calls, and the same call may announce its columns differently.
const MOST: usize = 64;
/// Longest schema kept, in bytes.
const LONGEST: usize = 32 << 10;

/// Schemas by what stood between their tags.
#[derive(Debug, Default)]
pub struct Schemas(Mutex<Vec<(String, RowSet)>>);

impl Schemas {
    /// The columns of the schema that `rest` begins with, and its length, where it was read before.
    ///
    /// What follows it has to be its end: a schema may begin like another and go on.
    pub(super) fn find(&self, rest: &str) -> Option<(usize, RowSet)> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_whole = |content: &str| rest.strip_prefix(content).is_some_and(|after| after.starts_with("</"));
        let (content, set) = known.iter().find(|(content, _)| is_whole(content))?;
        Some((content.len(), set.clone()))
    }

    /// Keeps what was read of a schema. Where there is no room left the oldest goes.
    pub(super) fn keep(&self, content: &str, set: &RowSet) {
        if content.len() > LONGEST {
            return;
        }
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST {
            known.remove(0);
        }
        known.push((content.to_owned(), set.clone()));
    }
}
