//! [expiry] Authorisations that end before the goods have left (DESIGN 3.5, `expiry_warning`).

use chrono::TimeDelta;

use crate::clock::Time;
use crate::text::{Notice, Number};
use crate::unzer::{Group, Payment, TransactionKind, TransactionStatus};

use super::draft::Draft;
use super::sums;

/// Assumption: how long an authorisation holds, by group. Unzer's papers say about seven days for cards and wallets
/// (`unzer/NOTES` 3.5) and nothing for pay-later, so nothing is told of those.
fn holds_for(group: Group) -> Option<TimeDelta> {
    match group {
        Group::Auth => Some(TimeDelta::days(7)),
        Group::Paid | Group::Wait | Group::Invoice | Group::Secured | Group::PayLater => None,
    }
}

/// A hint, some days before authorised money is lost while goods are still here.
pub(super) fn warn(draft: &mut Draft<'_>) {
    let Some(payment) = draft.facts.payment.known() else { return };
    let rest = draft.sums.unzer.rest;
    if rest <= 0 || !draft.facts.unshipped() {
        return;
    }
    let Some(end) = ends(payment) else { return };
    let before = TimeDelta::from_std(draft.terms.payment_type.expiry_warning).unwrap_or(TimeDelta::MAX);
    if before > TimeDelta::zero() && end - draft.now <= before {
        let notice = Notice::hint(Number::AuthorizationEnds)
            .with("amount", draft.amount(rest))
            .with("date", end.format("%Y-%m-%d"));
        draft.notice(notice);
    }
}

/// When the payment's authorisation ends, as far as that is known.
fn ends(payment: &Payment) -> Option<Time> {
    let holds_for = holds_for(sums::group(payment))?;
    let good = payment
        .transactions
        .iter()
        .filter(|entry| entry.kind == TransactionKind::Authorize && entry.status == TransactionStatus::Success);
    let latest = good.filter_map(|entry| entry.at).max()?;
    latest.checked_add_signed(holds_for)
}
