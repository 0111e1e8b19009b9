//! What happened in a play, line by line; kept only where somebody reads it.

use std::collections::BTreeMap;

use crate::kind::Kind;
use pixi_payd::clock::{Clock, Time};

/// Trace and counts of one play.
#[derive(Debug)]
pub struct Trace {
    clock: Clock,
    lines: Option<Vec<String>>,
    /// How often each kind of fault happened.
    pub faults: BTreeMap<Kind, u32>,
    /// Requests that reached the line.
    pub requests: u32,
    /// Those of them that change something.
    pub writes: u32,
    /// Cycles that ran.
    pub cycles: u32,
    /// What must never be.
    pub wrong: Vec<String>,
}

impl Trace {
    /// `kept`: lines are kept.
    pub fn new(clock: Clock, kept: bool) -> Self {
        Self {
            clock,
            lines: kept.then(Vec::new),
            faults: BTreeMap::new(),
            requests: 0,
            writes: 0,
            cycles: 0,
            wrong: Vec::new(),
        }
    }

    /// Notes a line.
    pub fn note(&mut self, text: impl FnOnce() -> String) {
        if let Some(lines) = &mut self.lines {
            let now: Time = self.clock.now();
            lines.push(format!("{} {}", now.format("%m-%d %H:%M:%S"), text()));
        }
    }

    /// Counts a fault.
    pub fn met(&mut self, kind: Kind) {
        *self.faults.entry(kind).or_default() += 1;
        self.note(|| format!("  !! {kind:?}"));
    }

    /// Something that must never be.
    pub fn wrong(&mut self, what: String) {
        self.note(|| format!("  ## {what}"));
        self.wrong.push(what);
    }

    /// The lines.
    pub fn lines(&self) -> &[String] {
        self.lines.as_deref().unwrap_or_default()
    }
}
