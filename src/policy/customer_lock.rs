//! `lock_customer_on_chargeback`: a chargeback also locks the customer, unless another mandant has goods of theirs to
//! ship. Once for an order; lifting the lock is a person's.

use crate::steps::{Effect, Guards, StepKey};
use crate::text::{Notice, Number, Phrase, PhraseKey};

use super::draft::Draft;

/// Plans the customer's lock, then the comment that says why.
pub(super) fn lock(draft: &mut Draft<'_>, charged_back: i64) {
    let Some(customer) = draft.facts.customer.filter(|_| draft.terms.payment_type.lock_customer_on_chargeback) else {
        return;
    };
    let key = "lock_customer".to_owned();
    let locked = draft.attempt(&StepKey(key.clone()));
    let is_locked = matches!(locked, super::attempts::Attempt::Done(_));
    if draft.facts.surroundings.customer_elsewhere && !is_locked {
        draft.notice(Notice::hint(Number::CustomerNotLocked));
        return;
    }
    let attempt = draft.step("customer lock", key, Effect::LockCustomer { customer }, Guards::default());
    if let Some(refusal) = attempt.refusal() {
        let code = refusal.code.clone();
        draft.notice(Notice::problem(Number::PixiRefused).with("step", "lock_customer").with("code", code));
    }
    if !is_locked {
        return;
    }
    let text = Phrase::new(PhraseKey::CustomerLocked)
        .with("order", draft.facts.order.nr)
        .with("amount", draft.amount(charged_back))
        .text(draft.terms.language);
    let key = "customer_comment".to_owned();
    // A comment pixi refused is not fought for.
    if draft.attempt(&StepKey(key.clone())).refusal().is_none() {
        draft.step("customer lock", key, Effect::CustomerComment { customer, text }, Guards::default());
    }
}
