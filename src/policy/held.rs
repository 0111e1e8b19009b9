//! A step that a limit in the store has forbidden: people are told, and no money moves on top of it.

use chrono::TimeDelta;

use crate::clock::Time;
use crate::journal::Guard;
use crate::steps::{Effect, StepKey};
use crate::text::{Notice, Number, Phrase, PhraseKey, amounts};

use super::attempts::Attempt;
use super::draft::Draft;
use super::facts::{Facts, Held};

/// A forbidden step is not tried again for so long while nothing changes.
pub const PAUSE: TimeDelta = TimeDelta::hours(1);

/// Says that the step is held, and puts it off. What people were told stays until the step is not planned any more, also
/// while it is tried again.
pub(super) fn hold<'a>(
    draft: &mut Draft<'_>,
    held: Option<&Held>,
    key: &StepKey,
    effect: &Effect,
    attempt: Attempt<'a>,
) -> Attempt<'a> {
    let Some(held) = held.filter(|held| held.key == *key && attempt.goes()) else { return attempt };
    let amount = effect.amount().map_or_else(|| "-".to_owned(), amounts::neutral);
    let notice = Notice::problem(Number::GuardHolds)
        .with("step", effect.kind())
        .with("amount", amount)
        .with("guard", words(draft.facts, &held.guard));
    draft.notice(notice);
    if held.until <= draft.now || asked_again(draft, held.until) {
        return attempt;
    }
    draft.withheld = Some(held.until);
    draft.money_held = true;
    Attempt::Later { at: held.until, refusal: None }
}

fn asked_again(draft: &Draft<'_>, until: Time) -> bool {
    draft.facts.retry_at.is_some_and(|asked| asked > until - PAUSE)
}

/// The limit in words, as a value of texts.
pub(super) fn words(facts: &Facts, guard: &Guard) -> String {
    let amount = |minor: i64| amounts::neutral(facts.money(minor));
    let phrase = match guard {
        Guard::Amount => Phrase::new(PhraseKey::GuardAmount),
        Guard::Captures { left, .. } => Phrase::new(PhraseKey::GuardCaptures).with("left", amount(*left)),
        Guard::Refunds { left, .. } => Phrase::new(PhraseKey::GuardRefunds).with("left", amount(*left)),
        Guard::MustStay { left, must_stay } => {
            Phrase::new(PhraseKey::GuardMustStay).with("left", amount(*left)).with("must_stay", amount(*must_stay))
        }
        Guard::FirstBookingUnseen { event, document } => {
            Phrase::new(PhraseKey::GuardFirstBooking).with("event", event).with("document", document)
        }
        Guard::OncePerDocument => Phrase::new(PhraseKey::GuardOncePerDocument),
        // What is done and reserved today moves on by the hour; the limit is what a person needs.
        Guard::RefundsPerDay { limit, .. } => {
            Phrase::new(PhraseKey::GuardRefundsPerDay).with("limit", amounts::neutral(*limit))
        }
    };
    phrase.as_value()
}
