//! Everything that moves money. Each request names its amount, for an amount left out means "everything", and carries
//! the reference by which it is found again after a lost answer.

use http::Method;
use serde_json::{Value, json};
use url::Url;

use super::answer::outcome;
use super::client::{Call, UnzerClient};
use super::lenient::Fields;
use crate::journal::StepPermit;
use crate::money::Money;
use crate::steps::{Effect as Step, Outcome, ReasonCode, RefundAt, ReverseAt, Shipping};
use crate::wire::{Cause, Effect};

/// A new payment on the type of an old one (R16).
#[derive(Debug, Clone)]
pub struct NewAuthorization<'a> {
    /// Payment type of the old payment.
    pub type_id: &'a str,
    /// Customer of the old payment, where it has one.
    pub customer_id: Option<&'a str>,
    /// A basket of its own, where the method wants one.
    pub basket_id: Option<&'a str>,
    /// How much.
    pub amount: Money,
    /// Unique order id, by which it is found again.
    pub order_id: &'a str,
    /// Where a buyer would come back to; Unzer wants one and refuses private hosts.
    pub return_url: &'a Url,
}

impl UnzerClient {
    /// Carries out the step of a permit: the only way to move money. The amount sent is the one the journal holds, and the
    /// permit is used up.
    ///
    /// Without a permit it does not compile:
    ///
    /// ```compile_fail
    /// use pixi_payd::journal::StepPermit;
    /// use pixi_payd::unzer::UnzerClient;
    /// async fn send(client: &UnzerClient, permit: StepPermit) {
    ///     client.carry_out().await;
    /// }
    /// ```
    ///
    /// With one it does:
    ///
    /// ```
    /// use pixi_payd::journal::StepPermit;
    /// use pixi_payd::unzer::UnzerClient;
    /// async fn send(client: &UnzerClient, permit: StepPermit) {
    ///     client.carry_out(permit).await;
    /// }
    /// ```
    pub async fn carry_out(&self, permit: StepPermit) -> Outcome {
        let reference = permit.effect().reference(permit.token());
        match permit.effect() {
            Step::Capture { payment, amount, invoice, shipping } => {
                self.capture(payment, *amount, invoice.as_deref(), shipping.as_ref(), &reference).await
            }
            Step::Reverse { payment, amount, at, reason } => {
                self.reverse(payment, *amount, at, *reason, &reference).await
            }
            Step::Refund { payment, amount, at, reason, .. } => {
                self.refund(payment, *amount, at, *reason, &reference).await
            }
            Step::Ship { payment, invoice } => self.ship(payment, invoice).await,
            Step::ChangeAuthorization { payment, amount } => self.change_authorization(payment, *amount).await,
            // A new authorisation needs more than the journal holds, and everything else is not Unzer's.
            _ => Outcome::not_sent(Cause::Invalid),
        }
    }

    /// Takes authorised money. `reference` is the document and the step's token.
    pub(super) async fn capture(
        &self,
        payment: &str,
        amount: Money,
        invoice: Option<&str>,
        shipping: Option<&Shipping>,
        reference: &str,
    ) -> Outcome {
        let mut body = amount_body(amount, reference);
        if let Some(invoice) = invoice {
            body["invoiceId"] = json!(invoice);
        }
        if let Some(shipping) = shipping {
            let mut data = json!({"deliveryTrackingId": shipping.tracking});
            if let Some(carrier) = &shipping.carrier {
                data["deliveryService"] = json!(carrier);
            }
            body["additionalTransactionData"] = json!({"shipping": data});
        }
        self.post("capture", amount, &["v1", "payments", payment, "charges"], body).await
    }

    /// Gives authorised money free, or lowers a claim. The evidence's path is the one posted to: outside pay-later Unzer
    /// lists a reversal under the authorisation's id instead.
    pub(super) async fn reverse(
        &self,
        payment: &str,
        amount: Money,
        at: &ReverseAt,
        reason: Option<ReasonCode>,
        reference: &str,
    ) -> Outcome {
        let body = give_back_body(amount, reason, reference);
        match at {
            ReverseAt::Authorization => {
                self.post("reverse", amount, &["v1", "payments", payment, "authorize", "cancels"], body).await
            }
            ReverseAt::Claim { charge } => {
                self.post("reverse", amount, &["v1", "payments", payment, "charges", charge, "cancels"], body).await
            }
        }
    }

    /// Pays captured money back.
    pub(super) async fn refund(
        &self,
        payment: &str,
        amount: Money,
        at: &RefundAt,
        reason: Option<ReasonCode>,
        reference: &str,
    ) -> Outcome {
        let body = give_back_body(amount, reason, reference);
        match at {
            RefundAt::Payment => {
                self.post("refund", amount, &["v1", "payments", payment, "charges", "cancels"], body).await
            }
            RefundAt::Charge { charge } => {
                self.post("refund", amount, &["v1", "payments", payment, "charges", charge, "cancels"], body).await
            }
        }
    }

    /// Shipment notice without amount, so that the whole claim comes due. Unzer keeps no reference with it.
    pub(super) async fn ship(&self, payment: &str, invoice: &str) -> Outcome {
        let path = ["v1", "payments", payment, "shipments"];
        self.send("ship", Method::POST, &path, json!({"invoiceId": invoice})).await
    }

    /// Changes an open authorisation to another amount. Refused, the former amount stays. Unzer keeps no reference with it.
    pub(super) async fn change_authorization(&self, payment: &str, amount: Money) -> Outcome {
        if amount.minor <= 0 {
            return Outcome::not_sent(Cause::Invalid);
        }
        let body = json!({"amount": amount.decimal(), "currency": amount.currency.code()});
        self.send("change_authorization", Method::PATCH, &["v1", "payments", payment, "authorize"], body).await
    }

    /// Authorises a new payment on the type of an old one, for the step of a permit.
    pub async fn authorize(&self, permit: StepPermit, new: &NewAuthorization<'_>) -> Outcome {
        let reference = permit.effect().reference(permit.token());
        self.start_payment(new, &reference).await
    }

    /// Authorises a new payment. The evidence's transaction starts with the payment (`payments/s-pay-9/authorize/s-aut-1`).
    pub(super) async fn start_payment(&self, new: &NewAuthorization<'_>, reference: &str) -> Outcome {
        let mut body = amount_body(new.amount, reference);
        body["currency"] = json!(new.amount.currency.code());
        body["returnUrl"] = json!(new.return_url.as_str());
        body["orderId"] = json!(new.order_id);
        let mut resources = json!({"typeId": new.type_id});
        if let Some(customer) = new.customer_id {
            resources["customerId"] = json!(customer);
        }
        if let Some(basket) = new.basket_id {
            resources["basketId"] = json!(basket);
        }
        body["resources"] = resources;
        self.post("authorize", new.amount, &["v1", "payments", "authorize"], body).await
    }

    async fn post(&self, name: &'static str, amount: Money, path: &[&str], body: Value) -> Outcome {
        // Nothing or less than nothing would be read as "everything", or as something else.
        if amount.minor <= 0 {
            return Outcome::not_sent(Cause::Invalid);
        }
        self.send(name, Method::POST, path, body).await
    }

    async fn send(&self, name: &'static str, method: Method, path: &[&str], body: Value) -> Outcome {
        let call = Call { name, effect: Effect::Write, method, path, body: Some(body) };
        let place = |fields: &Fields, id: &str| match path {
            ["v1", "payments", "authorize"] => {
                format!("payments/{}/authorize/{id}", fields.object("resources").text_or_empty("paymentId"))
            }
            // The authorisation has the same address before and after a change.
            [_, _, _, tail @ ..] => format!("{}/{id}", tail.join("/")),
            _ => id.to_owned(),
        };
        outcome(self.exchange(call).await, &place)
    }
}

fn amount_body(amount: Money, reference: &str) -> Value {
    json!({"amount": amount.decimal(), "paymentReference": reference})
}

fn give_back_body(amount: Money, reason: Option<ReasonCode>, reference: &str) -> Value {
    let mut body = amount_body(amount, reference);
    if let Some(reason) = reason {
        body["reasonCode"] = json!(reason);
    }
    body
}
