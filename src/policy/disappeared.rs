//! Orders that are gone from pixi, or have another payment type now (DESIGN 2 "DISAPPEARED").
//!
//! Nothing is done for them. Money that is still with the merchant, or comes late, is a person's to settle. An order
//! that comes back is worked on as before: nothing of this is remembered once pixi shows it again.

use std::ops::ControlFlow;

use chrono::TimeDelta;

use crate::text::{Notice, Number, Phrase, PhraseKey};

use super::draft::Draft;
use super::facts::{Facts, Gone, GoneHow, PaymentView};

/// So many readings make it sure …
pub const CONFIRMED_BY: usize = 3;
/// … each so long after the one before …
pub const APART: TimeDelta = TimeDelta::hours(1);
/// … and all within this time.
pub const WITHIN: TimeDelta = TimeDelta::days(1);

/// What is gone is watched, and told of where money is left.
pub(super) fn gone(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let Some(gone) = &draft.facts.surroundings.gone else { return ControlFlow::Continue(()) };
    if !is_confirmed(gone) {
        return doubt(draft, gone);
    }
    if matches!(draft.facts.payment, PaymentView::Unreachable { .. }) {
        // What money is left cannot be told.
        return ControlFlow::Continue(());
    }
    draft.rule("disappeared");
    let sums = draft.sums.unzer;
    draft.say(match gone.how {
        GoneHow::Missing => PhraseKey::OrderDisappeared,
        GoneHow::PaymentType => PhraseKey::PaymentTypeChanged,
    });
    if sums.net > 0 || sums.rest > 0 {
        let notice = Notice::problem(Number::OrderDisappeared)
            .with("charged", draft.amount(sums.net))
            .with("authorized", draft.amount(sums.rest));
        draft.notice(notice);
    } else if sums.claim <= 0 {
        draft.close();
    }
    ControlFlow::Break(())
}

fn doubt(draft: &mut Draft<'_>, gone: &Gone) -> ControlFlow<()> {
    draft.rule("disappeared");
    draft.undecided = true;
    draft.say(Phrase::new(PhraseKey::OrderNotShown).with("times", gone.readings.len()).with("of", CONFIRMED_BY));
    let what = match gone.how {
        GoneHow::Missing => format!("order {}", draft.facts.order.nr),
        GoneHow::PaymentType => format!("payment type {}", draft.facts.payment_type),
    };
    draft.notice(Notice::hint(Number::FactsVanished).with("what", what));
    if let Some(last) = gone.readings.last() {
        draft.wake(*last + APART);
    }
    ControlFlow::Break(())
}

fn is_confirmed(gone: &Gone) -> bool {
    gone.readings.len() >= CONFIRMED_BY
}

/// Gone for sure.
pub(super) fn confirmed(facts: &Facts) -> bool {
    facts.surroundings.gone.as_ref().is_some_and(is_confirmed)
}

/// pixi shows no such order: nothing can be written to it.
pub fn is_missing(facts: &Facts) -> bool {
    facts.surroundings.gone.as_ref().is_some_and(|gone| gone.how == GoneHow::Missing)
}
