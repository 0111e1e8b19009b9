//! R14: insured goods must go where Unzer insured them.

use std::ops::ControlFlow;

use crate::config::AddressCheck;
use crate::text::{Notice, Number, Severity};
use crate::unzer::Group;

use super::draft::Draft;
use super::facts::AddressVerdict;
use super::{locks, sums};

/// Tells of another delivery address; with `lock` what is not shipped is locked too. Money moves on: it is the
/// insurance that is in question, not the payment.
pub(super) fn check(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let Some(payment) = draft.facts.payment.known() else { return ControlFlow::Continue(()) };
    if !matches!(sums::group(payment), Group::Secured | Group::PayLater) {
        return ControlFlow::Continue(());
    }
    let differs = draft.facts.surroundings.address.is_some_and(|look| look.verdict == AddressVerdict::Differs);
    if !differs {
        return ControlFlow::Continue(());
    }
    let notice = Notice::problem(Number::AddressDiffers);
    match draft.terms.payment_type.address_check {
        AddressCheck::Off => {}
        AddressCheck::Hint => draft.notice(Notice { severity: Severity::Hint, ..notice }),
        AddressCheck::Lock => {
            let lifted = locks::lifted_by_person(draft, &notice);
            let locked = locks::lock(draft, "R14", &notice);
            draft.notice(notice);
            // Nothing leaves HOLD before the lock stands, unless a person has lifted it.
            if draft.facts.on_hold() && !locked && !lifted {
                draft.rule("R14");
                return ControlFlow::Break(());
            }
        }
    }
    ControlFlow::Continue(())
}
