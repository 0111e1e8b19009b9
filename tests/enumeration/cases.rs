//! What can go wrong where: the rules of the enumeration.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::flows::{Flow, Installed};
use crate::line::{Event, What};
use pixi_payd::steps::Kind;

/// A step of a flow that can be disturbed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum At {
    /// The nth request that changes something.
    Write(usize),
    /// The nth request that reads.
    Read(usize),
    /// The nth commit of the store.
    Commit(usize),
}

/// When it happens, seen from a request. A commit knows the first two: before it stands, and after.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Moment {
    BeforeSend,
    BeforeAnswer,
    BeforeCommit,
    AfterGivingUp,
    AfterFirstLook,
    /// As late as is promised: right before it would count as absent.
    LastMoment,
}

/// What happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// The daemon is killed.
    Crash,
    /// No connection stands.
    NoConnection,
    /// The connection breaks.
    ConnectionLost,
    /// Silence.
    TimeOut,
    /// An answer that never ends.
    SlowDrip,
    /// An answer that says that something is wrong, and not what.
    ServerError,
    /// An answer nobody can read.
    Garbage,
    /// Half an answer.
    Truncated,
    /// Each read is answered once more as it was before.
    Repeated,
}

impl Moment {
    pub const ALL: [Self; 6] = [
        Self::BeforeSend,
        Self::BeforeAnswer,
        Self::BeforeCommit,
        Self::AfterGivingUp,
        Self::AfterFirstLook,
        Self::LastMoment,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeSend => "before-send",
            Self::BeforeAnswer => "before-answer",
            Self::BeforeCommit => "before-commit",
            Self::AfterGivingUp => "after-giving-up",
            Self::AfterFirstLook => "after-first-look",
            Self::LastMoment => "last-moment",
        }
    }
}

impl Fault {
    pub const ALL: [Self; 9] = [
        Self::Crash,
        Self::NoConnection,
        Self::ConnectionLost,
        Self::TimeOut,
        Self::SlowDrip,
        Self::ServerError,
        Self::Garbage,
        Self::Truncated,
        Self::Repeated,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::NoConnection => "no-connection",
            Self::ConnectionLost => "connection-lost",
            Self::TimeOut => "time-out",
            Self::SlowDrip => "slow-drip",
            Self::ServerError => "server-error",
            Self::Garbage => "garbage",
            Self::Truncated => "truncated",
            Self::Repeated => "repeated",
        }
    }
}

/// Why a combination is left out.
pub fn left_out(what: What, moment: Moment, fault: Fault) -> Option<&'static str> {
    use Fault::{ConnectionLost, Crash, Garbage, NoConnection, Repeated, ServerError, SlowDrip, TimeOut, Truncated};
    use Moment::{AfterFirstLook, AfterGivingUp, BeforeAnswer, BeforeCommit, BeforeSend, LastMoment};
    match (what, moment, fault) {
        (What::Write, BeforeSend, SlowDrip | Garbage | Truncated | Repeated) => {
            Some("what was not sent has no answer that could be slow, broken or repeated")
        }
        (What::Write, BeforeAnswer | AfterGivingUp | AfterFirstLook | LastMoment, NoConnection) => {
            Some("without a connection nothing has left that could take effect")
        }
        (What::Write, BeforeCommit, Repeated) => None,
        (What::Write, BeforeCommit, _) => Some("enumerated at the commit of the outcome"),
        (What::Write, AfterGivingUp | AfterFirstLook | LastMoment, SlowDrip | Garbage | Truncated) => {
            Some("an answer that is slow or broken comes from a peer that has acted")
        }
        (What::Write, LastMoment, Crash | ConnectionLost | ServerError | Repeated) => {
            Some("how the daemon was kept from knowing makes no difference to a look so much later")
        }
        (What::Write, ..) => None,
        (What::Read, BeforeAnswer, NoConnection | SlowDrip | Garbage) => {
            Some("a read that failed is read again: one fault for each way to fail")
        }
        (What::Read, BeforeAnswer, _) => None,
        (What::Read, ..) => Some("a read has no effect, so its moments are one"),
        (What::Commit { .. }, BeforeSend, Crash | TimeOut | ServerError)
        | (What::Commit { .. }, BeforeAnswer, Crash | ConnectionLost) => None,
        (What::Commit { .. }, BeforeSend | BeforeAnswer, NoConnection | ConnectionLost | TimeOut | ServerError) => {
            Some("a commit is refused, stands, or does not stand: what the caller sees of it is one of these")
        }
        (What::Commit { .. }, BeforeSend | BeforeAnswer, SlowDrip | Garbage | Truncated | Repeated) => {
            Some("the store is in the process: it answers once, with a word")
        }
        (What::Commit { .. }, BeforeCommit | AfterGivingUp | AfterFirstLook | LastMoment, _) => {
            Some("a commit stands before its call returns, or never")
        }
    }
}

/// Kinds of steps that may be sent again at once: a late effect of the first sending meets the second, not a look.
fn has_no_last_moment(kind: Kind) -> bool {
    kind.is_repeatable() || matches!(kind, Kind::Comment | Kind::CustomerComment | Kind::ReportFailedCapture)
}

/// Where a person may be asked (PP-1701): a booking whose answer did not come, in an installation whose calls cannot
/// read it back. Everywhere else the daemon finds out by itself.
pub fn person_may_be_asked(flow: &Flow, kind: Kind) -> bool {
    flow.installed == Installed::NoReadBack && matches!(kind, Kind::BookReturn | Kind::BookInvoice)
}

/// One run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Case {
    pub flow: usize,
    pub at: At,
    pub moment: Moment,
    pub fault: Fault,
}

impl fmt::Display for Case {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, nth) = match self.at {
            At::Write(nth) => ("write", nth),
            At::Read(nth) => ("read", nth),
            At::Commit(nth) => ("commit", nth),
        };
        write!(f, "{}/{what}:{nth}/{}/{}", self.flow, self.moment.name(), self.fault.name())
    }
}

impl FromStr for Case {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || format!("{text} is no case: FLOW/write|read|commit:NTH/MOMENT/FAULT");
        let parts: Vec<&str> = text.split('/').collect();
        let [flow, at, moment, fault] = parts[..] else { return Err(wrong()) };
        let (what, nth) = at.split_once(':').ok_or_else(wrong)?;
        let nth: usize = nth.parse().map_err(|_| wrong())?;
        let at = match what {
            "write" => At::Write(nth),
            "read" => At::Read(nth),
            "commit" => At::Commit(nth),
            _ => return Err(wrong()),
        };
        let moment = Moment::ALL.into_iter().find(|known| known.name() == moment).ok_or_else(wrong)?;
        let fault = Fault::ALL.into_iter().find(|known| known.name() == fault).ok_or_else(wrong)?;
        Ok(Self { flow: flow.parse().map_err(|_| wrong())?, at, moment, fault })
    }
}

/// What was left out, by why.
pub type LeftOut = BTreeMap<&'static str, usize>;

/// All cases of a flow whose faultless run did `events`. `kinds`: the steps behind its writes.
pub fn of(flow: &Flow, events: &[Event], kinds: &[Kind], left: &mut LeftOut) -> Vec<Case> {
    let mut cases = Vec::new();
    let mut read = BTreeSet::new();
    let idle = idle_cycles(events);
    let (mut writes, mut reads, mut commits) = (0, 0, 0);
    for event in events {
        let count = match event.what {
            What::Write => &mut writes,
            What::Read => &mut reads,
            What::Commit { .. } => &mut commits,
        };
        let nth = *count;
        *count += 1;
        let at = match event.what {
            What::Write => At::Write(nth),
            What::Read => At::Read(nth),
            What::Commit { .. } => At::Commit(nth),
        };
        if idle.contains(&event.cycle) && event.what != What::Write {
            *left.entry("a cycle that does what the one before did").or_default() += 1;
            continue;
        }
        // Of a kind of read the first after each write: nothing has changed for the next one.
        if event.what == What::Read && !read.insert((event.call, writes)) {
            *left.entry("a read alike with no write between").or_default() += 1;
            continue;
        }
        for moment in Moment::ALL {
            for fault in Fault::ALL {
                let mut why = left_out(event.what, moment, fault);
                if why.is_none() && event.what == What::Read && fault == Fault::Repeated && !event.asked_before {
                    why = Some("what was never asked before cannot be answered as before");
                }
                if moment == Moment::LastMoment && kinds.get(nth).is_none_or(|kind| has_no_last_moment(*kind)) {
                    why = why.or(Some("what may be sent again at once is not looked for that long"));
                }
                match why {
                    Some(why) => *left.entry(why).or_default() += 1,
                    None => cases.push(Case { flow: flow.number, at, moment, fault }),
                }
            }
        }
    }
    cases
}

/// Cycles that do what the one before them did, in the same order, and write nothing.
fn idle_cycles(events: &[Event]) -> BTreeSet<usize> {
    let mut by_cycle: BTreeMap<usize, Vec<(What, &str)>> = BTreeMap::new();
    for event in events {
        by_cycle.entry(event.cycle).or_default().push((event.what, event.call));
    }
    let writes = |did: &[(What, &str)]| did.iter().any(|(what, _)| *what == What::Write);
    let pairs = by_cycle.iter().zip(by_cycle.iter().skip(1));
    pairs.filter(|((_, before), (_, did))| before == did && !writes(did)).map(|(_, (cycle, _))| *cycle).collect()
}
