//! What is watched at every time: open steps, chargebacks, cover after release (R15).

use std::ops::ControlFlow;

use crate::text::{Notice, Number, Phrase, PhraseKey};

use super::draft::Draft;
use super::locks;

/// While it is not known how a money step ended, no other one is planned, nor a booking that rests on it; locking
/// stays allowed.
pub(super) fn open_steps(draft: &mut Draft<'_>) {
    let open = draft.facts.past.iter().find(|past| past.is_open() && past.effect.kind().moves_money());
    if let Some(past) = open {
        draft.money_held = true;
        draft.rule("look");
        draft.say(Phrase::new(PhraseKey::AwaitingLook).with("step", &past.key));
    }
}

/// Chargeback: no captures, refunds, reversals or bookings any more; what is not shipped is locked.
pub(super) fn chargeback(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let charged_back = draft.sums.unzer.charged_back;
    if charged_back <= 0 {
        return ControlFlow::Continue(());
    }
    let notice = Notice::problem(Number::Chargeback).with("amount", draft.amount(charged_back));
    locks::lock_and_release(draft, "R5", notice)
}

/// R15: after the release the money must still cover what is not shipped.
pub(super) fn cover_after_release(draft: &mut Draft<'_>) -> ControlFlow<()> {
    if draft.facts.on_hold() || !draft.facts.unshipped() || draft.money_held {
        return ControlFlow::Continue(());
    }
    let cover = draft.sums.cover();
    let needed = draft.sums.pixi.ordered - draft.sums.pixi.credited;
    if cover >= needed - draft.tolerance() {
        return ControlFlow::Continue(());
    }
    draft.rule("R15");
    let notice =
        Notice::problem(Number::CoverLost).with("cover", draft.amount(cover)).with("needed", draft.amount(needed));
    locks::lock(draft, "R15", &notice);
    draft.notice(notice);
    ControlFlow::Continue(())
}
