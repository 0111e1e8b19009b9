//! What is watched at every time: open steps, chargebacks, cover after release (R15).

use std::ops::ControlFlow;

use chrono::TimeDelta;

use crate::steps::{Effect, Evidence, Kind, Outcome};
use crate::text::{Notice, Number, Phrase, PhraseKey, amounts};
use crate::unzer::{Transaction, TransactionStatus};

use super::draft::Draft;
use super::facts::Past;
use super::{by_hand, customer_lock, locks, reauthorize, release};

/// Two looks past every deadline have been made by then.
const LOOKED_FOR: TimeDelta = TimeDelta::hours(2);

/// What a peer took and has not decided by then is worth a person's look.
const DECIDED_BY: TimeDelta = TimeDelta::days(1);

/// While it is not known how a money step ended, no other one is planned, nor a booking that rests on it; locking
/// stays allowed.
pub(super) fn open_steps(draft: &mut Draft<'_>) {
    let open = draft.facts.past.iter().find(|past| past.is_open() && past.effect.kind().moves_money());
    if let Some(past) = open {
        draft.money_held = true;
        draft.rule("look");
        draft.say(Phrase::new(PhraseKey::AwaitingLook).with("step", &past.key));
    }
    let looked_for = |past: &&Past| past.is_open() && past.effect.kind() != Kind::Comment;
    if let Some(oldest) = draft.facts.past.iter().find(looked_for) {
        draft.wake(draft.now + pause_of_looks(draft.now - oldest.at));
    }
    // 4.2: what looking cannot settle, or did not in this time, becomes a person's.
    let lost = |past: &&Past| {
        matches!(past.outcome, None | Some(Outcome::Unknown { .. }))
            && past.effect.kind() != Kind::Comment
            && (past.asks_person || draft.now - past.at >= LOOKED_FOR)
            || matches!(past.outcome, Some(Outcome::Pending(_))) && draft.now - past.at >= DECIDED_BY
    };
    if let Some(past) = draft.facts.past.iter().find(lost) {
        let amount = past.effect.amount().map_or_else(|| "-".to_owned(), amounts::neutral);
        let notice = Notice::problem(Number::OutcomeUnknown)
            .with("step", &past.key)
            .with("amount", amount)
            .with("order", draft.facts.order.nr);
        draft.notice(notice);
    }
}

/// How long until the next look at a step whose outcome is not known.
fn pause_of_looks(age: TimeDelta) -> TimeDelta {
    if age < TimeDelta::hours(1) {
        TimeDelta::minutes(5)
    } else if age < TimeDelta::days(1) {
        TimeDelta::hours(1)
    } else {
        TimeDelta::hours(6)
    }
}

/// Unzer shows what it has given back by then.
const SHOWN_BY: TimeDelta = TimeDelta::minutes(15);

/// What was given back has to be seen, at Unzer and in pixi: money that is not where the store says it is, and a refund
/// whose credit note is gone, are told. Nothing is repeated.
pub(super) fn given_back(draft: &mut Draft<'_>) {
    let facts = draft.facts;
    for past in facts.done().filter(|past| matches!(past.effect, Effect::Refund { .. } | Effect::Reverse { .. })) {
        let (Some(payment), Some(amount)) =
            (past.effect.payment().and_then(|id| facts.payment_with(id)), past.effect.amount())
        else {
            continue;
        };
        // What a person has decided names no transaction.
        let Some(Outcome::Done(Evidence { transaction: Some(_), .. })) = &past.outcome else { continue };
        let is_it = |entry: &Transaction| entry.status != TransactionStatus::Error && by_hand::made(past, entry);
        if payment.transactions.iter().any(is_it) {
            continue;
        }
        if facts.retry_at.is_none() {
            draft.unseen_give_back.get_or_insert(past.key.clone());
        }
        let shown_by = past.settled_at.unwrap_or(past.at) + SHOWN_BY;
        if draft.now < shown_by {
            draft.wake(shown_by);
            continue;
        }
        draft.rule("given back");
        let amount = amounts::neutral(amount);
        draft.notice(Notice::problem(Number::GiveBackMissing).with("step", &past.key).with("amount", amount));
    }
    let deleted: Vec<(String, i64)> = draft
        .sums
        .refunds
        .by_credit_note
        .iter()
        .filter(|(nr, amount)| **amount > 0 && !facts.documents.iter().any(|document| document.nr == **nr))
        .map(|(nr, amount)| (nr.clone(), *amount))
        .collect();
    for (nr, amount) in deleted {
        draft.rule("given back");
        let amount = draft.amount(amount);
        draft.notice(Notice::problem(Number::CreditNoteDeleted).with("document", nr).with("amount", amount));
    }
}

/// Chargeback: no captures, refunds, reversals or bookings any more; what is not shipped is locked.
pub(super) fn chargeback(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let charged_back = draft.sums.unzer.charged_back;
    if charged_back <= 0 {
        return ControlFlow::Continue(());
    }
    let notice = Notice::problem(Number::Chargeback).with("amount", draft.amount(charged_back));
    let ended = locks::lock_and_release(draft, "R5", notice);
    customer_lock::lock(draft, charged_back);
    ended
}

/// R15: after the release the money must still cover what is not shipped. What an order was released with keeps its
/// problem until it is cured, so that it is neither told twice nor unlocked too early.
pub(super) fn cover_after_release(draft: &mut Draft<'_>) -> ControlFlow<()> {
    if draft.facts.on_hold() || !draft.facts.unshipped() {
        return ControlFlow::Continue(());
    }
    let cover = draft.sums.cover();
    let needed = draft.sums.pixi.needed();
    let in_review = draft.facts.payment.known().is_some_and(|payment| release::in_review(draft, payment));
    let (rule, notice) = if cover < needed - draft.tolerance() || in_review {
        let told_at_release = release::shortage(draft).filter(|_| locks::released_with_problem(draft));
        told_at_release.unwrap_or_else(|| {
            let notice = Notice::problem(Number::CoverLost);
            ("R15", notice.with("cover", draft.amount(cover)).with("needed", draft.amount(needed)))
        })
    } else if let Some(notice) = release::refused_at_release(draft) {
        ("R7", notice)
    } else {
        return ControlFlow::Continue(());
    };
    draft.rule(rule);
    locks::lock(draft, rule, &notice);
    draft.notice(notice);
    reauthorize::advise(draft);
    ControlFlow::Continue(())
}
