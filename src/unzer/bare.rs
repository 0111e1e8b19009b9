//! Money moves without a permit, for the tests that set client and simulator against each other. Not in the shipped
//! code.

use super::UnzerClient;
use crate::money::Money;
use crate::steps::{Outcome, ReasonCode, RefundAt, ReverseAt, Shipping};
use crate::unzer::money_moves::NewAuthorization;

/// A client that needs no permit.
pub(crate) struct Bare<'a>(&'a UnzerClient);

impl UnzerClient {
    pub(crate) fn bare(&self) -> Bare<'_> {
        Bare(self)
    }
}

impl Bare<'_> {
    pub(crate) async fn capture(
        &self,
        payment: &str,
        amount: Money,
        invoice: Option<&str>,
        shipping: Option<&Shipping>,
        reference: &str,
    ) -> Outcome {
        self.0.capture(payment, amount, invoice, shipping, reference).await
    }

    pub(crate) async fn reverse(
        &self,
        payment: &str,
        amount: Money,
        at: &ReverseAt,
        reason: Option<ReasonCode>,
        reference: &str,
    ) -> Outcome {
        self.0.reverse(payment, amount, at, reason, reference).await
    }

    pub(crate) async fn refund(
        &self,
        payment: &str,
        amount: Money,
        at: &RefundAt,
        reason: Option<ReasonCode>,
        reference: &str,
    ) -> Outcome {
        self.0.refund(payment, amount, at, reason, reference).await
    }

    pub(crate) async fn ship(&self, payment: &str, invoice: &str) -> Outcome {
        self.0.ship(payment, invoice).await
    }

    pub(crate) async fn change_authorization(&self, payment: &str, amount: Money) -> Outcome {
        self.0.change_authorization(payment, amount).await
    }

    pub(crate) async fn authorize(&self, new: &NewAuthorization<'_>, reference: &str) -> Outcome {
        self.0.start_payment(new, reference).await
    }
}
