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
    /// What follows it has to be its end: a schema may begin like another and go on. Such a one is read, and kept, by itself.
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
        // Two answers on their way at once read the same one.
        if known.iter().any(|(before, _)| before == content) {
            return;
        }
        if known.len() >= MOST {
            known.remove(0);
        }
        known.push((content.to_owned(), set.clone()));
    }
}

#[cfg(test)]
mod tests {
    use super::super::Column;
    use super::*;

    fn columns(names: &[&str]) -> RowSet {
        let mut set = RowSet::new(0);
        for name in names {
            set.add(name, Column::default()).unwrap();
        }
        set
    }

    fn found(schemas: &Schemas, rest: &str) -> Option<(usize, Vec<String>)> {
        let (length, set) = schemas.find(rest)?;
        Some((length, set.names().map(str::to_owned).collect()))
    }

    #[test]
    fn a_schema_is_known_again_only_where_it_ends_where_it_ended() {
        let schemas = Schemas::default();
        schemas.keep("<a/>", &columns(&["A"]));
        schemas.keep("<a/><b/>", &columns(&["A", "B"]));
        assert_eq!(found(&schemas, "<a/></s>"), Some((4, vec!["A".to_owned()])));
        assert_eq!(found(&schemas, "<a/><b/></s>"), Some((8, vec!["A".to_owned(), "B".to_owned()])));
        assert_eq!(found(&schemas, "<a/><c/></s>"), None);
        assert_eq!(found(&schemas, "<a/>"), None, "its end is still to come");
    }

    #[test]
    fn memory_for_schemas_is_bounded_and_the_oldest_goes() {
        let schemas = Schemas::default();
        schemas.keep(&"x".repeat(LONGEST + 1), &columns(&[]));
        for number in (0..=MOST).chain([MOST]) {
            schemas.keep(&format!("<a{number}/>"), &columns(&[]));
        }
        assert_eq!(schemas.0.lock().unwrap().len(), MOST);
        assert_eq!(found(&schemas, "<a0/></s>"), None);
        assert!(found(&schemas, "<a1/></s>").is_some(), "what came twice is kept once");
    }
}
