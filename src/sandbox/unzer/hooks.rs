//! What happens at Unzer without a request: buyers, banks, schemes, and people in the portal.

use super::account::Ledger;
use super::books::{Books, NewPayment, Refused, With};
use super::methods::Start;
use super::{Delivery, UnzerSim};
use crate::money::Money;
use crate::unzer::{TransactionKind as Kind, TransactionStatus as Status};

/// Why a hook did nothing: Unzer's code, or what was not there.
pub type HookError = String;

impl UnzerSim {
    /// The buyer's transfer for a claim: a further charge. Gives its path.
    pub fn receive_transfer(&self, payment: &str, amount: Money) -> Result<String, HookError> {
        self.on(payment, |books, at, now| {
            let index = books.happen(at, Kind::Charge, "charges", "chg", amount.minor, now);
            Ok(index)
        })
    }

    /// A chargeback of a charge (`s-chg-1`). Gives its path.
    pub fn charge_back(&self, payment: &str, charge: &str, amount: Money) -> Result<String, HookError> {
        self.on(payment, |books, at, now| {
            let parent = format!("charges/{charge}/chargebacks");
            Ok(books.happen(at, Kind::Chargeback, &parent, "cbk", amount.minor, now))
        })
    }

    /// A chargeback won: the money comes back. Gives its path.
    pub fn reverse_chargeback(&self, payment: &str, charge: &str, amount: Money) -> Result<String, HookError> {
        self.on(payment, |books, at, now| {
            let parent = format!("charges/{charge}/chargeback-reversal");
            Ok(books.happen(at, Kind::ChargebackReversal, &parent, "cbr", amount.minor, now))
        })
    }

    /// The authorisation ends: what was not taken is listed as given free, and nothing more can be taken.
    pub fn expire_authorization(&self, payment: &str) -> Result<(), HookError> {
        self.on(payment, |books, at, now| {
            let Some(open) = books.accounts[at].open_authorization() else { return Err("no authorisation".into()) };
            let parent = books.accounts[at].authorization().map(|entry| format!("{}/cancels", entry.path));
            if open > 0 {
                books.happen(at, Kind::CancelAuthorize, &parent.unwrap_or_default(), "cnl", open, now);
            }
            books.accounts[at].has_expired = true;
            Ok(0)
        })
        .map(|_| ())
    }

    /// The authorisation ends without a trace in what can be read: only the next capture shows it.
    pub fn expire_silently(&self, payment: &str) -> Result<(), HookError> {
        self.on(payment, |books, at, _| {
            books.accounts[at].has_expired = true;
            Ok(0)
        })
        .map(|_| ())
    }

    /// The next authorisation, capture or change on this payment or payment type is declined with `code`.
    pub fn decline_next(&self, payment_or_type: &str, code: &str) {
        self.lock().declines.insert(payment_or_type.to_owned(), code.to_owned());
    }

    /// The next call of a kind (`reverse`: also of a claim, `refund`, `ship`) on this payment is refused with `code`.
    pub fn refuse_next(&self, payment: &str, call: &'static str, code: &str) {
        self.lock().refusals.insert((payment.to_owned(), call), code.to_owned());
    }

    /// The buyer comes back from where they were sent; with a code, unsuccessfully.
    pub fn finish_redirect(&self, payment: &str, declined_with: Option<&str>) -> Result<String, HookError> {
        self.on(payment, |books, at, _| {
            let before = books.accounts[at].state();
            let away =
                |entry: &&mut super::account::Entry| entry.status == Status::Pending && !entry.redirect_url.is_empty();
            let Some(entry) = books.accounts[at].entries.iter_mut().find(away) else {
                return Err("nobody was sent away".into());
            };
            entry.redirect_url.clear();
            entry.status = if declined_with.is_some() { Status::Error } else { Status::Success };
            declined_with.unwrap_or("COR.000.100.112").clone_into(&mut entry.code);
            let path = entry.path.clone();
            let index = books.accounts[at].entries.iter().position(|entry| entry.path == path).unwrap_or(0);
            books.announce(at, index, before);
            Ok(index)
        })
    }

    /// A capture by hand in the portal: it carries no reference.
    pub fn portal_capture(&self, payment: &str, amount: Money) -> Result<String, HookError> {
        self.on(payment, |books, at, now| said(books.capture(at, Some(amount.minor), &With::default(), now)))
    }

    /// A refund by hand in the portal, of a charge (`s-chg-1`) or, for pay-later, of the payment.
    pub fn portal_refund(&self, payment: &str, charge: Option<&str>, amount: Money) -> Result<String, HookError> {
        self.on(payment, |books, at, now| {
            let with = With { reason: "RETURN".to_owned(), ..With::default() };
            said(match charge {
                Some(charge) => books.cancel_charge(at, charge, Some(amount.minor), &with, now),
                None => books.refund_payment(at, Some(amount.minor), &with, now),
            })
        })
    }

    /// A reversal by hand in the portal.
    pub fn portal_reverse(&self, payment: &str, amount: Money) -> Result<String, HookError> {
        self.on(payment, |books, at, now| {
            let with = With { reason: "CANCEL".to_owned(), ..With::default() };
            said(books.reverse(at, Some(amount.minor), false, &with, now))
        })
    }

    /// A payment of a method whose scheme has ended, as it was made before; the type must exist. Gives the payment id.
    pub fn charge_of_old(&self, type_id: &str, amount: Money, order_id: &str) -> Result<String, HookError> {
        let now = self.clock.now();
        let mut books = self.lock();
        let Some((owner, _)) = books.resources.get(type_id) else { return Err("no such type".into()) };
        let owner = *owner;
        let method = books.type_of(owner, type_id).map_err(|Refused(_, code)| code)?;
        let with = With { order_id: order_id.to_owned(), ..With::default() };
        let new = NewPayment { type_id: type_id.to_owned(), with, ..NewPayment::default() };
        let at = books.open(owner, method, amount.currency, &new);
        books.begin(at, Kind::Charge, Start::AtOnce, amount.minor, &new, now);
        Ok(books.accounts[at].id.clone())
    }

    /// What moved on a payment.
    pub fn ledger(&self, payment: &str) -> Option<Ledger> {
        self.lock().accounts.iter().find(|account| account.id == payment).map(super::account::Account::ledger)
    }

    /// What moved on every payment, in the order they were made.
    pub fn all_ledgers(&self) -> Vec<Ledger> {
        self.lock().accounts.iter().map(super::account::Account::ledger).collect()
    }

    /// Takes the messages to webhooks that have come up since the last call, oldest first.
    pub fn take_deliveries(&self) -> Vec<Delivery> {
        self.lock().deliveries.drain(..).collect()
    }

    fn on(
        &self,
        payment: &str,
        act: impl FnOnce(&mut Books, usize, crate::clock::Time) -> Result<usize, HookError>,
    ) -> Result<String, HookError> {
        let now = self.clock.now();
        let mut books = self.lock();
        let found = books.accounts.iter().position(|account| account.id == payment);
        let at = found.ok_or_else(|| "no such payment".to_owned())?;
        let index = act(&mut books, at, now)?;
        Ok(books.accounts[at].entries.get(index).map(|entry| entry.path.clone()).unwrap_or_default())
    }
}

fn said(result: Result<usize, Refused>) -> Result<usize, HookError> {
    result.map_err(|Refused(_, code)| code)
}
