//! What can go wrong where: the rules of the enumeration.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use crate::flows::{Flow, Installed, group};
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
    JustInTime,
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
        Self::JustInTime,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::BeforeSend => "before-send",
            Self::BeforeAnswer => "before-answer",
            Self::BeforeCommit => "before-commit",
            Self::AfterGivingUp => "after-giving-up",
            Self::AfterFirstLook => "after-first-look",
            Self::JustInTime => "last-moment",
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
    use Moment::{AfterFirstLook, AfterGivingUp, BeforeAnswer, BeforeCommit, BeforeSend, JustInTime};
    match (what, moment, fault) {
        (What::Write, BeforeSend, SlowDrip | Garbage | Truncated | Repeated) => {
            Some("what was not sent has no answer that could be slow, broken or repeated")
        }
        (What::Write, BeforeAnswer | AfterGivingUp | AfterFirstLook | JustInTime, NoConnection) => {
            Some("without a connection nothing has left that could take effect")
        }
        (What::Write, BeforeCommit, Repeated) => None,
        (What::Write, BeforeCommit, _) => Some("enumerated at the commit of the outcome"),
        (What::Write, AfterGivingUp | AfterFirstLook | JustInTime, SlowDrip | Garbage | Truncated) => {
            Some("an answer that is slow or broken comes from a peer that has acted")
        }
        (What::Write, JustInTime, Crash | ConnectionLost | ServerError | Repeated) => {
            Some("how the daemon was kept from knowing makes no difference to a look so much later")
        }
        (What::Read, BeforeAnswer, NoConnection | SlowDrip | Garbage) => {
            Some("a read that failed is read again: one fault for each way to fail")
        }
        (What::Read | What::Commit, BeforeAnswer, Crash) => {
            Some("a crash between two steps is a crash before the next commit or request that writes")
        }
        (What::Write, ..)
        | (What::Read, BeforeAnswer, _)
        | (What::Commit, BeforeSend, Crash | TimeOut)
        | (What::Commit, BeforeAnswer, ConnectionLost) => None,
        (What::Read, ..) => Some("a read has no effect, so its moments are one"),
        (What::Commit, BeforeSend | BeforeAnswer, NoConnection | ConnectionLost | TimeOut | ServerError) => {
            Some("a commit is refused, stands, or does not stand: what the caller sees of it is one of these")
        }
        (What::Commit, BeforeSend | BeforeAnswer, SlowDrip | Garbage | Truncated | Repeated) => {
            Some("the store is in the process: it answers once, with a word")
        }
        (What::Commit, BeforeCommit | AfterGivingUp | AfterFirstLook | JustInTime, _) => {
            Some("a commit stands before its call returns, or never")
        }
    }
}

/// True for what is written at most once and never looked for.
pub fn is_never_looked_for(kind: Kind) -> bool {
    matches!(kind, Kind::Comment | Kind::CustomerComment | Kind::ReportFailedCapture)
}

/// Why a combination is left out for a kind of step.
fn left_out_of(kind: Kind, moment: Moment, fault: Fault) -> Option<&'static str> {
    use Fault::{ConnectionLost, Crash, NoConnection, ServerError};
    if moment == Moment::JustInTime && (kind.is_repeatable() || is_never_looked_for(kind)) {
        return Some("what may be sent again at once, or never, is not looked for that long");
    }
    if (kind, moment, fault) == (Kind::BankData, Moment::BeforeCommit, Fault::Repeated) {
        return Some("a read-back that shows the old address is told to a person (PP-1222)");
    }
    if !is_never_looked_for(kind) {
        return None;
    }
    let told_apart = match moment {
        Moment::BeforeSend => matches!(fault, Crash | NoConnection | ConnectionLost | ServerError),
        Moment::BeforeAnswer => matches!(fault, Crash | ConnectionLost),
        Moment::AfterGivingUp => fault == ConnectionLost,
        Moment::BeforeCommit | Moment::AfterFirstLook | Moment::JustInTime => false,
    };
    (!told_apart).then_some("what is never looked for ends in the same way however its answer is lost")
}

/// Where an answer from before is told to a person, and the story goes another way than without it.
fn left_out_for_old_answers(flow: &Flow, event: &Event, kind: Option<Kind>, fault: Fault) -> Option<&'static str> {
    if fault != Fault::Repeated {
        return None;
    }
    if event.what == What::Read && event.call == "pixiGetAddress" {
        return Some("a read-back that shows the old address is told to a person (PP-1222)");
    }
    let put_back = flow.story.name.contains("put back on hold") && kind == Some(Kind::Release);
    put_back.then_some(
        "a release that an old answer hid, and a person who puts the order back meanwhile: checked as if new (PP-1204, PP-1206)",
    )
}

/// What is enumerated once for each group and mode, not in each flow: another look of a fault that each flow has, late
/// effects of what may be sent again at once, and faults of commits that neither begin nor end a step that is looked for.
fn is_once_per_group(what: What, kind: Option<Kind>, (moment, fault): (Moment, Fault), around_step: bool) -> bool {
    let is_late = matches!(moment, Moment::AfterGivingUp | Moment::AfterFirstLook);
    match what {
        What::Write if kind.is_some_and(is_never_looked_for) => !matches!(
            (moment, fault),
            (Moment::BeforeSend, Fault::Crash) | (Moment::BeforeAnswer, Fault::ConnectionLost)
        ),
        What::Write if kind.is_some_and(Kind::is_repeatable) && is_late => true,
        What::Write => matches!(fault, Fault::SlowDrip | Fault::Garbage),
        What::Read => fault != Fault::ConnectionLost,
        What::Commit => !around_step,
    }
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

/// Collects the cases of all flows.
#[derive(Default)]
pub struct Collected {
    /// The cases.
    pub cases: Vec<Case>,
    /// What was left out, by why.
    pub left: BTreeMap<&'static str, usize>,
    /// What was enumerated for a group and mode already.
    known: BTreeSet<(String, Moment, Fault)>,
}

impl Collected {
    /// Takes in a flow whose faultless run did `events`. `kinds`: the steps behind its writes.
    pub fn take_in(&mut self, flow: &Flow, events: &[Event], kinds: &[Kind]) {
        let idle = idle_cycles(events);
        let alike = alike(events, kinds);
        let (mut writes, mut reads, mut commits) = (0, 0, 0);
        for (event, alike) in events.iter().zip(&alike) {
            let (count, at): (&mut usize, fn(usize) -> At) = match event.what {
                What::Write => (&mut writes, At::Write),
                What::Read => (&mut reads, At::Read),
                What::Commit => (&mut commits, At::Commit),
            };
            let nth = *count;
            *count += 1;
            let kind = kinds.get(nth).filter(|_| event.what == What::Write).copied();
            for (moment, fault) in Moment::ALL.into_iter().flat_map(|m| Fault::ALL.map(|fault| (m, fault))) {
                let why = left_out(event.what, moment, fault)
                    .or_else(|| kind.and_then(|kind| left_out_of(kind, moment, fault)))
                    .or_else(|| left_out_for_old_answers(flow, event, kind, fault))
                    .or_else(|| alike.left_out(event, fault, idle.contains(&event.cycle)))
                    .or_else(|| self.known_of_group(flow, event, alike, (moment, fault)));
                match why {
                    Some(why) => *self.left.entry(why).or_default() += 1,
                    None => self.cases.push(Case { flow: flow.number, at: at(nth), moment, fault }),
                }
            }
        }
    }

    fn known_of_group(
        &mut self,
        flow: &Flow,
        event: &Event,
        alike: &Alike,
        (moment, fault): (Moment, Fault),
    ) -> Option<&'static str> {
        if !is_once_per_group(event.what, alike.kind, (moment, fault), alike.around_step) {
            return None;
        }
        let place = format!("{} {:?} {:?} {}", group(flow.story.method), flow.story.mode, flow.installed, alike.name);
        let is_new = self.known.insert((place, moment, fault));
        (!is_new).then_some("once for each group and mode")
    }
}

/// An event among those like it in its flow.
#[derive(Debug, Clone, Default)]
struct Alike {
    /// What makes them alike: the call; for a commit the requests before and after it, and its place between them.
    name: String,
    is_first: bool,
    is_last: bool,
    /// What a write is.
    kind: Option<Kind>,
    /// A commit next to a request of a step that is looked for.
    around_step: bool,
}

impl Alike {
    fn left_out(&self, event: &Event, fault: Fault, is_idle: bool) -> Option<&'static str> {
        match event.what {
            What::Write => None,
            _ if is_idle => Some("a cycle that does what the one before did"),
            // Of all that are asked for once more the last one: there is most that may have changed.
            What::Read if fault == Fault::Repeated => {
                (!self.is_last || !event.asked_before).then_some("an answer is repeated once for each kind of read")
            }
            What::Read => (!self.is_first).then_some("a read of a kind that was disturbed before in the flow"),
            What::Commit => {
                (!self.is_first).then_some("a commit between the same two requests as one before in the flow")
            }
        }
    }
}

fn alike(events: &[Event], kinds: &[Kind]) -> Vec<Alike> {
    let mut kinds = kinds.iter();
    let names: Vec<Option<(String, bool)>> = events
        .iter()
        .map(|event| match event.what {
            What::Commit => None,
            What::Read => Some((event.call.to_owned(), false)),
            What::Write => {
                let kind = kinds.next().copied();
                let looked_for = kind.is_some_and(|kind| !is_never_looked_for(kind));
                Some((kind.map_or("?", Kind::name).to_owned(), looked_for))
            }
        })
        .collect();
    let mut alike: Vec<Alike> = Vec::new();
    for (index, name) in names.iter().enumerate() {
        let Some((name, _)) = name else {
            let none = (String::new(), false);
            let before = names[..index].iter().rev().flatten().next().unwrap_or(&none);
            let after = names[index..].iter().flatten().next().unwrap_or(&none);
            let place = names[..index].iter().rev().take_while(|name| name.is_none()).count();
            let name = format!("{} {} {place}", before.0, after.0);
            alike.push(Alike { name, around_step: before.1 || after.1, ..Alike::default() });
            continue;
        };
        let kind = (events[index].what == What::Write).then(|| Kind::from_name(name)).flatten();
        alike.push(Alike { name: name.clone(), kind, ..Alike::default() });
    }
    let (mut first, mut last) = (BTreeMap::new(), BTreeMap::new());
    for (index, event) in alike.iter().enumerate() {
        first.entry(event.name.clone()).or_insert(index);
        if events[index].asked_before {
            last.insert(event.name.clone(), index);
        }
    }
    for index in first.into_values() {
        alike[index].is_first = true;
    }
    for index in last.into_values() {
        alike[index].is_last = true;
    }
    alike
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
