//! Whether a step may be tried (again), as data: pauses, numbers of tries, ends.

use chrono::TimeDelta;

use crate::clock::Time;
use crate::steps::{Effect, Outcome, Refusal, RefusalKind, StepKey};
use crate::unzer::TransactionStatus;

use super::facts::{Facts, Past};

/// pixi steps are tried this long, then given up with a problem.
pub const GIVE_UP_TRANSFER: TimeDelta = TimeDelta::days(7);
/// A soft card decline is tried again once a day …
const SOFT_DECLINE_PAUSE: TimeDelta = TimeDelta::days(1);
/// … at most so often …
const SOFT_DECLINE_TRIES: usize = 10;
/// … within so many days (card schemes' rule).
const SOFT_DECLINE_WINDOW: TimeDelta = TimeDelta::days(30);
/// Wrong keys or rights are tried again at this pace.
const CONFIGURATION_PAUSE: TimeDelta = TimeDelta::hours(1);
/// First pause after a passing fault; doubled each time.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// Longest pause after a passing fault.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(6);

/// How it stands with a step.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Attempt<'a> {
    /// May be taken now; after a refusal, where the last try ended in one: what people were told of it still holds.
    Go {
        /// The peer's last no.
        after: Option<&'a Refusal>,
    },
    /// Done.
    Done(&'a Past),
    /// Perhaps done: looked for, never sent again.
    Open(&'a Past),
    /// To be tried again then; with the refusal where the peer said no.
    Later {
        /// Not before.
        at: Time,
        /// The peer's no, where it was one.
        refusal: Option<&'a Refusal>,
    },
    /// The peer said no for good.
    Refused(&'a Refusal),
    /// A booking that never arrived, and is given up.
    GivenUp,
}

impl<'a> Attempt<'a> {
    /// The peer's last no, where there is one; also while another try is due, so that a problem does not come and go
    /// with each try.
    pub fn refusal(self) -> Option<&'a Refusal> {
        match self {
            Self::Refused(refusal) | Self::Later { refusal: Some(refusal), .. } | Self::Go { after: Some(refusal) } => {
                Some(refusal)
            }
            _ => None,
        }
    }

    /// True where the step may be taken now.
    pub fn goes(self) -> bool {
        matches!(self, Self::Go { .. })
    }
}

/// How it stands with the step `key` of this order.
pub fn attempt<'a>(facts: &'a Facts, key: &StepKey, now: Time) -> Attempt<'a> {
    let tries: Vec<&Past> = facts.past.iter().filter(|past| past.key == *key).collect();
    if let Some(done) = tries.iter().find(|past| past.is_done()) {
        return Attempt::Done(done);
    }
    if let Some(open) = tries.iter().find(|past| past.is_open()) {
        return Attempt::Open(open);
    }
    after_tries(facts, &tries, now)
}

/// How it stands with a capture. A card's decline binds the card, not one document (C8): after a hard one nothing is
/// captured on its payment any more, after a soft one the pause holds for every invoice, until a capture succeeds.
pub fn attempt_capture<'a>(facts: &'a Facts, key: &StepKey, payment: &str, now: Time) -> Attempt<'a> {
    let own = attempt(facts, key, now);
    let of_payment = |past: &&Past| past.effect.payment() == Some(payment);
    let tried_here = facts.past.iter().filter(of_payment).any(|past| past.key == *key);
    let settled = matches!(own, Attempt::Done(_) | Attempt::Open(_));
    if settled || (tried_here && !own.goes()) {
        return own;
    }
    // What another card was declined binds that card alone.
    let own = if tried_here { own } else { Attempt::Go { after: None } };
    let captures: Vec<&Past> =
        facts.past.iter().filter(|past| matches!(past.effect, Effect::Capture { .. })).filter(of_payment).collect();
    let since_success = captures.iter().rposition(|past| past.is_done()).map_or(0, |index| index + 1);
    let declined: Vec<&Past> = captures[since_success..].iter().copied().filter(|past| is_declined(past)).collect();
    if declined.is_empty() {
        return own;
    }
    after_tries(facts, &declined, now)
}

fn is_declined(past: &Past) -> bool {
    matches!(&past.outcome, Some(Outcome::Refused(no)) if matches!(no.kind, RefusalKind::Hard | RefusalKind::Soft))
}

/// What the tries so far leave room for; none of them is done or open.
fn after_tries<'a>(facts: &'a Facts, tries: &[&'a Past], now: Time) -> Attempt<'a> {
    let Some(last) = tries.last().copied() else { return Attempt::Go { after: None } };
    let ended = last.settled_at.unwrap_or(last.at);
    let refusal = match &last.outcome {
        Some(Outcome::Refused(refusal)) => Some(refusal),
        _ => None,
    };
    if facts.retry_at.is_some_and(|asked| asked > ended) {
        return Attempt::Go { after: refusal };
    }
    let pause = match refusal {
        Some(refusal) => match pause_after(refusal, facts, tries, now) {
            Some(pause) => pause,
            None => return Attempt::Refused(refusal),
        },
        None if is_transfer(&last.effect) && tries.first().is_some_and(|first| now - first.at >= GIVE_UP_TRANSFER) => {
            return Attempt::GivenUp;
        }
        None => backoff(tries.len(), &last.token),
    };
    let at = ended + pause;
    if at <= now { Attempt::Go { after: refusal } } else { Attempt::Later { at, refusal } }
}

/// A booking in pixi's customer account.
fn is_transfer(effect: &Effect) -> bool {
    matches!(effect, Effect::BookInvoice { .. } | Effect::BookReturn { .. })
}

/// The pause after a refusal; none where it is final.
fn pause_after(refusal: &Refusal, facts: &Facts, tries: &[&Past], now: Time) -> Option<TimeDelta> {
    let last = tries.last()?;
    let to_pixi = last.effect.kind().is_pixi();
    if to_pixi {
        let first = tries.first()?.at;
        return (now - first < GIVE_UP_TRANSFER).then(|| backoff(tries.len(), &last.token));
    }
    match refusal.kind {
        RefusalKind::Hard => None,
        RefusalKind::Soft => {
            let recent = tries.iter().filter(|past| now - past.at < SOFT_DECLINE_WINDOW).count();
            (recent < SOFT_DECLINE_TRIES).then_some(SOFT_DECLINE_PAUSE)
        }
        RefusalKind::Final | RefusalKind::AlreadySo => payment_changed_since(facts, last).then_some(TimeDelta::zero()),
        RefusalKind::Stale | RefusalKind::Passing => Some(backoff(tries.len(), &last.token)),
        RefusalKind::Configuration => Some(CONFIGURATION_PAUSE),
    }
}

/// True where the payment shows a successful transaction it did not show before `past` was sent.
fn payment_changed_since(facts: &Facts, past: &Past) -> bool {
    let of_step = past.effect.payment().and_then(|id| facts.payment_with(id));
    of_step.or_else(|| facts.payment.known()).is_some_and(|payment| {
        payment
            .transactions
            .iter()
            .any(|entry| entry.status == TransactionStatus::Success && !past.snapshot.contains(&entry.path))
    })
}

/// The growing pause, shortened by up to a fifth, so that what failed together does not come again together. Drawn from the
/// token of the last try, which is random: the same facts give the same pause.
fn backoff(tries: usize, token: &str) -> TimeDelta {
    let hash = token
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3));
    let thousandths = i32::try_from((hash >> 32) % 201).unwrap_or_default();
    let pause = growing(tries);
    pause - pause * thousandths / 1000
}

/// 1, 2, 4, 8 … minutes, at most 6 hours.
fn growing(tries: usize) -> TimeDelta {
    let doublings = u32::try_from(tries.saturating_sub(1)).unwrap_or(u32::MAX).min(9);
    (FIRST_PAUSE * 2_i32.pow(doublings)).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_six_hours() {
        let minutes: Vec<i64> = (1..=11).map(|tries| growing(tries).num_minutes()).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 64, 128, 256, 360, 360]);
        assert_eq!(growing(usize::MAX), LONGEST_PAUSE);
    }

    #[test]
    fn pauses_are_shortened_by_up_to_a_fifth_and_repeat_with_their_token() {
        let mut seen = std::collections::BTreeSet::new();
        for number in 0..200 {
            let token = format!("k{number:05}");
            let pause = backoff(5, &token);
            assert!(pause <= growing(5) && pause >= growing(5) * 4 / 5, "{pause}");
            assert_eq!(pause, backoff(5, &token));
            seen.insert(pause);
        }
        assert!(seen.len() > 100, "they are spread: {}", seen.len());
    }
}
