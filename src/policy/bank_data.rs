//! R10, R12: the account a buyer has to pay to reaches pixi, once, after lock and release.

use crate::steps::{Effect, Evidence, Guards, Outcome, StepKey};
use crate::text::{Notice, Number};
use crate::unzer::Group;

use super::attempts::Attempt;
use super::draft::Draft;
use super::sums;

/// Evidence of the step: the data stands on the address, and everything else on it is as it was.
pub const ON_ADDRESS: &str = "address";
/// Evidence of the step: the data stands in an order comment.
pub const IN_COMMENT: &str = "comment";
/// Evidence of the step: the address does not read back as it was written, so the data stands in a comment.
pub const ADDRESS_SPOILT: &str = "comment, address not as written";
/// Code of a refusal: Unzer shows no account for this payment.
pub const NO_BANK_DATA: &str = "no bank data";

/// Plans the step for orders that have left HOLD and wait for a transfer. Takes its place behind locks and releases, so
/// that it never delays them.
pub(super) fn write(draft: &mut Draft<'_>) {
    let Some(payment) = draft.facts.payment.known() else { return };
    let group = sums::group(payment);
    if !group.claims() || draft.facts.on_hold() {
        return;
    }
    let rule = if group == Group::Wait { "R10" } else { "R12" };
    let key = format!("bank_data:{}", payment.id);
    // What is paid, given up or short of money needs no account; what was written stays worth telling of.
    let needed = draft.sums.pixi.needed() - draft.tolerance();
    let wanted = draft.sums.unzer.claim > 0 && draft.sums.kept() < needed && draft.sums.cover() >= needed;
    let effect = Effect::BankData { payment: payment.id.clone() };
    let attempt = if wanted { draft.step(rule, key, effect, Guards::default()) } else { draft.attempt(&StepKey(key)) };
    match attempt {
        Attempt::Done(past) => {
            if let Some(Outcome::Done(Evidence { note: Some(note), .. })) = &past.outcome
                && note == ADDRESS_SPOILT
            {
                draft.notice(Notice::problem(Number::AddressSpoilt));
            }
        }
        attempt => {
            if let Some(refusal) = attempt.refusal().filter(|_| wanted) {
                let code = refusal.code.clone();
                draft.notice(Notice::problem(Number::BankDataMissing).with("code", code));
            }
        }
    }
}
