//! Comments beside those of the same flow without a fault: which of them may differ, by which rule.

use std::collections::{BTreeMap, BTreeSet};

use crate::cases::{At, Case, Fault, Moment};
use crate::line::{Event, What};
use pixi_payd::steps::Kind;

/// How often each comment stands there.
pub type Comments = BTreeMap<String, usize>;

/// What comments with bank data say.
const BANK_DATA: &str = "IBAN";
/// What the comment of a release says.
const RELEASED: &str = "freigegeben";
/// What the comment of a lock says.
const LOCKED: &str = "Versandsperre";
/// Stories in which the buyer pays or cancels, or the goods leave, at the moment the bank data are written: whether they are
/// is a matter of a minute.
const SOMEBODY_IS_FAST: [&str; 10] = [
    "overpaid",
    "cancelled before payment",
    "paid after cancellation",
    "line cancelled, rest paid",
    "returned before payment",
    "cancelled before shipping",
    "shipped and reported",
    "shipped in two parts",
    "everything returned",
    "line cancelled, rest returned in part",
];
/// The number under which a person is asked about a step.
pub const ASKED: &str = "PP-1701";

/// A fault, with the steps next to it: that of a request, or those before and after a commit.
#[derive(Debug, Clone)]
pub struct Struck {
    case: Case,
    kinds: Vec<Kind>,
    story: &'static str,
}

impl Struck {
    /// Looks the steps up in the run without a fault: its events, and the kinds of its writes.
    pub fn of(case: Case, events: &[Event], kinds: &[Kind], story: &'static str) -> Self {
        let kinds = match case.at {
            At::Read(_) => Vec::new(),
            At::Write(nth) => kinds.get(nth).copied().into_iter().collect(),
            At::Commit(nth) => {
                let commits = events.iter().enumerate().filter(|(_, event)| event.what == What::Commit);
                let at = commits.map(|(at, _)| at).nth(nth).unwrap_or(events.len());
                let before = events[..at].iter().filter(|event| event.what == What::Write).count();
                let next_to = [before.checked_sub(1), Some(before)];
                next_to.into_iter().flatten().filter_map(|at| kinds.get(at).copied()).collect()
            }
        };
        Self { case, kinds, story }
    }

    fn is_any(&self, fits: impl Fn(Kind) -> bool) -> bool {
        self.kinds.iter().any(|kind| fits(*kind))
    }

    fn is_repeated(&self) -> bool {
        self.case.fault == Fault::Repeated
    }

    /// The request may have taken effect, and nobody knows.
    fn may_have_arrived(&self) -> bool {
        self.case.moment != Moment::BeforeSend || matches!(self.case.at, At::Commit(_))
    }

    /// The fault's effect comes after the daemon has given up.
    fn is_late(&self) -> bool {
        matches!(self.case.moment, Moment::AfterGivingUp | Moment::AfterFirstLook)
    }

    /// A comment that may be missing: one whose answer was lost counts as written. And a release or a lock that an old
    /// answer hid, or that came late, and was then seen as if it had always been there, is not told.
    fn may_be_missing(&self, comment: &str) -> bool {
        let is_locked = comment.contains(LOCKED);
        let is_comment = self.is_any(|kind| {
            // The report of a failed capture is never looked for either, and counts as made.
            matches!(kind, Kind::Comment | Kind::CustomerComment | Kind::ReportFailedCapture)
        });
        // Where nothing has left, it is written later.
        is_comment && self.case.fault != Fault::NoConnection
            || self.is_repeated() && (comment.contains(RELEASED) || is_locked)
            || self.is_late() && is_locked && self.is_any(|kind| matches!(kind, Kind::Lock | Kind::Unlock))
    }

    /// A comment that may stand there once more than without the fault.
    fn may_be_told_again(&self, comment: &str) -> bool {
        // Bank data whose answer was lost are written again: the buyer has to get them.
        let bank_data = comment.contains(BANK_DATA) && self.is_any(|kind| kind == Kind::BankData);
        // An old answer shows an order on hold that was released: it is released, and told, once more.
        let released = comment.contains(RELEASED) && self.is_repeated();
        bank_data && self.may_have_arrived() || released
    }

    /// A problem that a fault may make.
    fn may_be_a_problem(&self, problem: &str) -> bool {
        match problem {
            // What was asked about is told (checked with who was asked, and in which flows).
            ASKED => true,
            // An answer from before our own capture shows less than there is to capture. It moves nothing, and is gone
            // with the next answer.
            "PP-1302" => self.is_repeated(),
            // A lost lock took effect when nothing was to be locked any more, or an old answer hid it from the first look.
            "PP-1225" => self.is_late() || self.is_repeated(),
            _ => false,
        }
    }
}

/// Comments that are other than they have to be.
pub fn differ(found: &Comments, wanted: &Comments, struck: Option<&Struck>) -> Vec<String> {
    let all: BTreeSet<&String> = found.keys().chain(wanted.keys()).collect();
    // A problem that is told without the fault too: with what was done about it, and where that came in between, alone.
    let told: BTreeSet<&str> = wanted.keys().filter_map(|comment| problem(comment)).collect();
    let mut wrong = Vec::new();
    let (mut missing, mut alone) = (0, 0);
    for comment in all {
        let count = |of: &Comments| of.get(comment).copied().unwrap_or_default();
        let (found, wanted) = (count(found), count(wanted));
        missing += wanted.saturating_sub(found);
        let is_told_too = problem(comment).is_some_and(|number| told.contains(number));
        alone += if is_told_too { found.saturating_sub(wanted) } else { 0 };
        let may_be_more = struck.is_some_and(|struck| {
            struck.may_be_told_again(comment)
                || problem(comment).is_some_and(|number| struck.may_be_a_problem(number))
                || is_told_too && alone <= 1
        });
        // Of one thing that was done late or seen late: its lock, and the release behind it.
        let is_lost = missing <= 2 && struck.is_some_and(|struck| struck.may_be_missing(comment));
        let is_moment = struck.is_some_and(|struck| SOMEBODY_IS_FAST.contains(&struck.story))
            && comment.contains(BANK_DATA)
            && found.abs_diff(wanted) <= 1;
        if !is_moment && (found > wanted + usize::from(may_be_more) || found < wanted && !is_lost) {
            wrong.push(format!("told {found} times instead of {wanted}: {comment}"));
        }
    }
    wrong
}

/// Number of the problem a comment tells.
fn problem(comment: &str) -> Option<&str> {
    let at = comment.find("PP-")?;
    comment.get(at..at + "PP-0000".len())
}
