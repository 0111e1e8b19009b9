//! Orders left alone, facts that are not whole, payments that are not this order's (R1, R2, R3, R13).

use std::ops::ControlFlow;

use chrono::TimeDelta;

use crate::text::{Notice, Number, Phrase, PhraseKey};

use crate::unzer::Group;

use super::draft::Draft;
use super::facts::{PaymentView, Standing, Unclear};
use super::sums::UnzerSums;
use super::{locks, sums};

/// A payment id may arrive this long after the order, and a payment this long after its id.
const PATIENCE: TimeDelta = TimeDelta::minutes(30);
/// Silence about a payment whose goods have left is a person's after this long.
const SILENT_WITH_GOODS_OUT: TimeDelta = TimeDelta::days(1);
/// Silence of a peer is worth a hint after this long.
pub(super) const SILENCE: TimeDelta = TimeDelta::minutes(15);

/// R1: manual, legacy and ignored orders get no step, no lock and no error.
pub(super) fn left_alone(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let phrase = match draft.facts.standing {
        Standing::Managed => return ControlFlow::Continue(()),
        Standing::Legacy => PhraseKey::LeftAloneLegacy,
        Standing::Manual => PhraseKey::LeftAloneManual,
        Standing::Ignored => PhraseKey::LeftAloneIgnored,
        Standing::SwitchedOff => return switched_off(draft),
    };
    draft.leave_alone("R1", phrase)
}

/// Open orders of what is switched off stay as they are: no step, but a hint, and they go on once it is on again.
fn switched_off(draft: &mut Draft<'_>) -> ControlFlow<()> {
    draft.rule("switched off");
    // Nothing is looked into, so nothing that was wrong is solved.
    draft.undecided = true;
    draft.say(PhraseKey::LeftAloneSwitchedOff);
    draft.notice(switched_off_notice(draft.facts.order.mandant.0.as_str(), &draft.facts.payment_type.0));
    ControlFlow::Break(())
}

/// The hint at an open order of a payment type that is switched off or gone.
pub fn switched_off_notice(mandant: &str, payment_type: &str) -> Notice {
    Notice::hint(Number::SwitchedOff).with("type", payment_type).with("mandant", mandant)
}

/// R13: without whole facts of both sides nothing is decided.
pub(super) fn facts_clear(draft: &mut Draft<'_>) -> ControlFlow<()> {
    if let PaymentView::Unreachable { since, code, configuration } = &draft.facts.payment {
        draft.rule("R13");
        draft.undecided = true;
        draft.say(Phrase::new(PhraseKey::UnzerUnreachable).with("code", code));
        if *configuration {
            draft.notice(Notice::problem(Number::UnzerConfiguration).with("code", code));
        } else if draft.now - *since >= SILENCE {
            let long = draft.facts.invoices().next().is_some() && draft.now - *since >= SILENT_WITH_GOODS_OUT;
            let since = draft.moment(*since);
            let notice = if long { Notice::problem(Number::UnzerSilent) } else { Notice::hint(Number::UnzerSilent) };
            draft.notice(notice.with("since", since).with("code", code));
        }
        return ControlFlow::Break(());
    }
    let Some(first) = draft.facts.unclear.first() else { return ControlFlow::Continue(()) };
    draft.rule("facts");
    draft.undecided = true;
    draft.say(PhraseKey::FactsUnclear);
    let notice = match first {
        Unclear::Currency => Notice::problem(Number::CurrencyUnclear),
        Unclear::Merged => Notice::problem(Number::OrderMerged),
        Unclear::Document(nr) => Notice::problem(Number::DocumentUnclear).with("document", nr),
        Unclear::Total if draft.now - draft.facts.stable_since >= PATIENCE => Notice::problem(Number::TotalUnclear),
        Unclear::Total => Notice::hint(Number::TotalUnclear),
        Unclear::Vanished(what) if draft.now - draft.facts.stable_since >= PATIENCE => {
            Notice::problem(Number::FactsVanished).with("what", what)
        }
        Unclear::Vanished(what) => Notice::hint(Number::FactsVanished).with("what", what),
    };
    draft.notice(notice);
    ControlFlow::Break(())
}

/// R2 and R3: the order has a payment, and it is this order's.
pub(super) fn payment_found(draft: &mut Draft<'_>) -> ControlFlow<()> {
    if draft.facts.total == Some(0) && !matches!(draft.facts.payment, PaymentView::Known(_)) {
        draft.say(PhraseKey::NothingToPay);
        locks::release(draft, "R2", draft.facts.pay_id.clone().unwrap_or_default(), "ZERO");
        draft.rule("R2");
        // Two orders name one payment. Money may still come on it, and it must find its order.
        if let PaymentView::TakenBy(other) | PaymentView::OtherOrder(other) = &draft.facts.payment {
            draft.rule("R3");
            draft.notice(contested(draft, other));
            return ControlFlow::Break(());
        }
        locks::unlock_if_cured(draft);
        draft.settle();
        return ControlFlow::Break(());
    }
    // C0: once goods have left there is nothing to wait for.
    let gone = draft.facts.invoices().next().is_some();
    let waited = gone || draft.now - draft.facts.first_seen >= PATIENCE;
    let pay_id = draft.facts.pay_id.clone().unwrap_or_default();
    let notice = match &draft.facts.payment {
        PaymentView::Known(_) => return own_payment(draft),
        PaymentView::Unreachable { .. } => return ControlFlow::Break(()),
        PaymentView::NoId | PaymentView::SeveralIds | PaymentView::NotFound if !waited => {
            return await_payment(draft);
        }
        PaymentView::NoId => ("R2", Notice::problem(Number::NoPaymentId)),
        PaymentView::SeveralIds => ("R2", Notice::problem(Number::SeveralPaymentIds)),
        PaymentView::NotFound => ("R3", Notice::problem(Number::PaymentNotFound).with("payment", pay_id)),
        PaymentView::OtherMerchant => ("R3", Notice::problem(Number::OtherMerchant).with("payment", pay_id)),
        PaymentView::TakenBy(other) | PaymentView::OtherOrder(other) => ("R3", contested(draft, other)),
    };
    locks::lock_and_release(draft, notice.0, notice.1)
}

/// R3: another order has this order's payment.
fn contested(draft: &Draft<'_>, other: &str) -> Notice {
    let pay_id = draft.facts.pay_id.clone().unwrap_or_default();
    Notice::problem(Number::PaymentTaken).with("payment", pay_id).with("other", other)
}

fn await_payment(draft: &mut Draft<'_>) -> ControlFlow<()> {
    draft.wake(draft.facts.first_seen + PATIENCE);
    if matches!(draft.facts.payment, PaymentView::NotFound) {
        draft.rule("R3");
        draft.say(PhraseKey::AwaitingPayment);
        let pay_id = draft.facts.pay_id.clone().unwrap_or_default();
        draft.notice(Notice::hint(Number::PaymentNotFound).with("payment", pay_id));
    } else {
        draft.rule("R2");
        draft.say(PhraseKey::AwaitingPaymentId);
        draft.notice(Notice::hint(Number::NoPaymentId));
    }
    ControlFlow::Break(())
}

/// R3: the payment is in the order's currency, and its sums make sense.
fn own_payment(draft: &mut Draft<'_>) -> ControlFlow<()> {
    let Some(payment) = draft.facts.payment.known() else { return ControlFlow::Continue(()) };
    if payment.currency != draft.facts.currency {
        let notice =
            Notice::problem(Number::OtherCurrency).with("paid", payment.currency).with("ordered", draft.facts.currency);
        return locks::lock_and_release(draft, "R3", notice);
    }
    for payment in draft.facts.payments() {
        let group = sums::group(payment);
        let net = UnzerSums::of(payment, group).net;
        // A secured claim is no money before its notice, whatever Unzer counts.
        let counts = group != Group::Secured || sums::is_shipped(payment);
        if counts && net != payment.charged.minor {
            draft.rule("sums");
            let notice = Notice::problem(Number::SumsDisagree)
                .with("net", draft.amount(net))
                .with("charged", draft.amount(payment.charged.minor));
            draft.notice(notice);
            return ControlFlow::Break(());
        }
    }
    if payment.method.group().is_none() {
        draft.notice(Notice::hint(Number::MethodUnknown).with("method", payment.method.display_name()));
    }
    ControlFlow::Continue(())
}
