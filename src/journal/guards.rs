//! The limits of DESIGN 3.0 that hold in the transaction of the intent.

use sqlx::any::AnyRow;

use super::rows::{Columns, named};
use super::{Guard, JournalError, StepId, StepState};
use crate::steps::{Effect, Guards, Kind, Step};

/// A step that is there already: of the same key, or of the same payment.
pub(super) struct Earlier {
    pub(super) id: StepId,
    pub(super) order_id: i64,
    pub(super) key: String,
    pub(super) attempt: i64,
    pub(super) kind: Kind,
    pub(super) state: StepState,
    pub(super) moves_money: bool,
    pub(super) payment: Option<String>,
    pub(super) amount: i64,
    pub(super) transaction: Option<String>,
}

impl Earlier {
    /// None where the row stands for "no such step".
    pub(super) fn read(row: &AnyRow) -> Result<Option<Self>, JournalError> {
        let Some(id) = row.int_opt("id")? else { return Ok(None) };
        let (kind, state) = (row.text("kind")?, row.text("state")?);
        Ok(Some(Self {
            id: StepId(id),
            order_id: row.int("order_id")?,
            key: row.text("step_key")?,
            attempt: row.int("attempt")?,
            kind: named(Kind::from_name(&kind), &kind)?,
            state: named(StepState::from_name(&state), &state)?,
            moves_money: row.int("moves_money")? != 0,
            payment: row.text_opt("payment")?,
            amount: row.int_opt("amount_minor")?.unwrap_or(0),
            transaction: row.text_opt("transaction_path")?,
        }))
    }

    /// True where the facts the guards were taken from cannot know of it: it is open, or done with a transaction that
    /// was not there yet.
    fn is_unseen(&self, snapshot: &[String]) -> bool {
        match (self.state, &self.transaction) {
            (state, _) if state.is_open() => true,
            (StepState::Done, Some(path)) => !snapshot.iter().any(|seen| same_transaction(seen, path)),
            _ => false,
        }
    }
}

/// Paths may be given from the payment on or from the charge on.
fn same_transaction(a: &str, b: &str) -> bool {
    let ends_with = |long: &str, short: &str| {
        long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/') || short.starts_with('/'))
    };
    ends_with(a, b) || ends_with(b, a)
}

/// Checks a step against its guards and what is reserved beside them.
pub(super) fn check(step: &Step, earlier: &[Earlier], snapshot: &[String]) -> Result<(), Guard> {
    let Some(payment) = step.effect.payment() else { return Ok(()) };
    if !step.effect.kind().moves_money() {
        return Ok(());
    }
    let unseen = |kind: Kind| -> i64 {
        let of_payment = |other: &&Earlier| other.kind == kind && other.payment.as_deref() == Some(payment);
        let unseen = earlier.iter().filter(of_payment).filter(|other| other.is_unseen(snapshot));
        unseen.map(|other| other.amount).fold(0, i64::saturating_add)
    };
    let Guards { capturable, captured, refunded, must_stay } = step.guards;
    let amount = step.effect.amount().map_or(0, |amount| amount.minor);
    if step.effect.amount().is_some() && amount <= 0 {
        return Err(Guard::Amount);
    }
    let captured_with_ours = captured.saturating_add(unseen(Kind::Capture));
    let capturable_left = capturable.saturating_sub(captured_with_ours).saturating_sub(unseen(Kind::Reverse));
    match &step.effect {
        Effect::Capture { .. } if amount > capturable_left => {
            Err(Guard::Captures { wanted: amount, left: capturable_left })
        }
        Effect::Refund { .. } => {
            let left = captured.saturating_sub(refunded).saturating_sub(unseen(Kind::Refund));
            if amount > left {
                return Err(Guard::Refunds { wanted: amount, left });
            }
            stays(left - amount, must_stay)
        }
        Effect::Reverse { .. } => stays(capturable_left.saturating_sub(amount), must_stay.max(0)),
        Effect::ChangeAuthorization { .. } => stays(amount, captured_with_ours),
        _ => Ok(()),
    }
}

fn stays(left: i64, must_stay: i64) -> Result<(), Guard> {
    if left < must_stay { Err(Guard::MustStay { left, must_stay }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::Currency;
    use crate::steps::{RefundAt, ReverseAt, StepKey};

    fn step(effect: Effect, guards: Guards) -> Step {
        Step { key: StepKey("k".into()), effect, rule: "C1".into(), guards }
    }

    fn capture(minor: i64) -> Effect {
        Effect::Capture { payment: "s-pay-1".into(), amount: Currency::EUR.of(minor), invoice: None, shipping: None }
    }

    fn refund(minor: i64) -> Effect {
        let amount = Currency::EUR.of(minor);
        Effect::Refund {
            payment: "s-pay-1".into(),
            amount,
            at: RefundAt::Payment,
            credit_note: None,
            reason: None,
            goodwill: false,
        }
    }

    fn done(kind: Kind, amount: i64, path: &str) -> Earlier {
        Earlier {
            id: StepId(1),
            order_id: 1,
            key: "other".into(),
            attempt: 1,
            kind,
            state: StepState::Done,
            moves_money: true,
            payment: Some("s-pay-1".into()),
            amount,
            transaction: Some(path.into()),
        }
    }

    #[test]
    fn captures_stay_within_the_authorisation() {
        let guards = Guards { capturable: 100, captured: 40, ..Guards::default() };
        assert_eq!(check(&step(capture(60), guards), &[], &[]), Ok(()));
        assert_eq!(check(&step(capture(61), guards), &[], &[]), Err(Guard::Captures { wanted: 61, left: 60 }));
    }

    #[test]
    fn a_capture_the_facts_have_not_seen_is_reserved() {
        let guards = Guards { capturable: 100, captured: 40, ..Guards::default() };
        let ours = [done(Kind::Capture, 30, "charges/s-chg-2")];
        assert_eq!(check(&step(capture(31), guards), &ours, &[]), Err(Guard::Captures { wanted: 31, left: 30 }));
        let seen = ["/payments/s-pay-1/charges/s-chg-2".to_owned()];
        assert_eq!(check(&step(capture(31), guards), &ours, &seen), Ok(()));
        let other = ["payments/s-pay-1/charges/xs-chg-2".to_owned()];
        assert!(check(&step(capture(31), guards), &ours, &other).is_err());
    }

    #[test]
    fn what_is_open_is_reserved_wherever_it_shows() {
        let guards = Guards { capturable: 100, captured: 40, ..Guards::default() };
        let seen = ["charges/s-chg-2".to_owned()];
        for state in [StepState::Intended, StepState::Pending, StepState::Unknown] {
            let open = [Earlier { state, ..done(Kind::Capture, 30, "charges/s-chg-2") }];
            assert_eq!(check(&step(capture(31), guards), &open, &seen), Err(Guard::Captures { wanted: 31, left: 30 }));
        }
        for state in [StepState::Refused, StepState::NotSent] {
            let ended = [Earlier { state, ..done(Kind::Capture, 30, "charges/s-chg-2") }];
            assert_eq!(check(&step(capture(31), guards), &ended, &[]), Ok(()));
        }
    }

    #[test]
    fn refunds_stay_within_the_captures_and_leave_what_has_to_stay() {
        let guards = Guards { captured: 100, refunded: 20, must_stay: 50, ..Guards::default() };
        assert_eq!(check(&step(refund(30), guards), &[], &[]), Ok(()));
        assert_eq!(check(&step(refund(31), guards), &[], &[]), Err(Guard::MustStay { left: 49, must_stay: 50 }));
        assert_eq!(check(&step(refund(81), guards), &[], &[]), Err(Guard::Refunds { wanted: 81, left: 80 }));
        assert_eq!(check(&step(refund(80), Guards { must_stay: 0, ..guards }), &[], &[]), Ok(()));
        let ours = [done(Kind::Refund, 10, "charges/s-chg-1/cancels/s-cnl-1")];
        assert_eq!(check(&step(refund(21), guards), &ours, &[]), Err(Guard::MustStay { left: 49, must_stay: 50 }));
    }

    #[test]
    fn a_reversal_leaves_what_shipped_goods_need() {
        let reverse = |minor| Effect::Reverse {
            payment: "s-pay-1".into(),
            amount: Currency::EUR.of(minor),
            at: ReverseAt::Authorization,
            reason: None,
        };
        let guards = Guards { capturable: 100, captured: 40, must_stay: 20, ..Guards::default() };
        assert_eq!(check(&step(reverse(40), guards), &[], &[]), Ok(()));
        assert_eq!(check(&step(reverse(41), guards), &[], &[]), Err(Guard::MustStay { left: 19, must_stay: 20 }));
    }

    #[test]
    fn a_changed_authorisation_covers_what_was_captured() {
        let change = |minor| Effect::ChangeAuthorization { payment: "s-pay-1".into(), amount: Currency::EUR.of(minor) };
        let guards = Guards { capturable: 100, captured: 40, ..Guards::default() };
        assert_eq!(check(&step(change(40), guards), &[], &[]), Ok(()));
        assert_eq!(check(&step(change(39), guards), &[], &[]), Err(Guard::MustStay { left: 39, must_stay: 40 }));
        let ours = [done(Kind::Capture, 30, "charges/s-chg-2")];
        assert_eq!(check(&step(change(69), guards), &ours, &[]), Err(Guard::MustStay { left: 69, must_stay: 70 }));
    }

    #[test]
    fn no_money_moves_without_an_amount_above_zero() {
        let guards = Guards { capturable: 100, captured: 100, ..Guards::default() };
        assert_eq!(check(&step(capture(0), guards), &[], &[]), Err(Guard::Amount));
        assert_eq!(check(&step(refund(-1), guards), &[], &[]), Err(Guard::Amount));
    }
}
