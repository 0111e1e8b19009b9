//! What people do in pixi, as data: for demo stories and for `POST /merchant`.

use serde::{Deserialize, Serialize};

use super::PixiSim;
use super::model::LineState;
use super::order::{MerchantError, NewLine};

/// One action of a person, named in `do`; lines are given by OrderlineKey, none means all that can be meant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Action {
    /// Makes an invoice; gives its number.
    Ship {
        /// OrderNr.
        order: i64,
        /// OrderlineKeys.
        #[serde(default)]
        lines: Vec<i64>,
        /// Tracking number.
        #[serde(default)]
        tracking: Option<String>,
    },
    /// Cancels lines.
    Cancel {
        /// OrderNr.
        order: i64,
        /// OrderlineKeys.
        #[serde(default)]
        lines: Vec<i64>,
        /// Not deliverable (NLB) instead of cancelled (STO).
        #[serde(default)]
        unavailable: bool,
    },
    /// Makes a credit note over shipped lines; gives its number.
    Return {
        /// OrderNr.
        order: i64,
        /// OrderlineKeys.
        #[serde(default)]
        lines: Vec<i64>,
        /// Shipping cost given back, minor units.
        #[serde(default)]
        ship_cost: i64,
    },
    /// Makes a credit note over a sum; gives its number.
    Credit {
        /// OrderNr.
        order: i64,
        /// Minor units.
        amount: i64,
    },
    /// Puts what is not shipped back on hold.
    Hold {
        /// OrderNr.
        order: i64,
    },
    /// Releases what is on hold.
    Release {
        /// OrderNr.
        order: i64,
    },
    /// Adds a line.
    Raise {
        /// OrderNr.
        order: i64,
        /// The line.
        line: NewLine,
    },
    /// Locks shipping.
    Lock {
        /// OrderNr.
        order: i64,
        /// Why.
        reason: String,
    },
    /// Lifts the lock.
    Unlock {
        /// OrderNr.
        order: i64,
    },
    /// Deletes an order.
    Delete {
        /// OrderNr.
        order: i64,
    },
    /// Moves the unshipped lines of one order into another.
    Merge {
        /// OrderNr that takes them.
        into: i64,
        /// OrderNr that loses them.
        from: i64,
    },
    /// Ships two orders on one invoice of the first; gives its number.
    ShipTogether {
        /// OrderNr whose invoice it is.
        order: i64,
        /// OrderNr that goes with it.
        with: i64,
    },
    /// Gives an order another payment type.
    PaymentType {
        /// OrderNr.
        order: i64,
        /// Payment type code.
        code: String,
    },
    /// Sets a document paid.
    Pay {
        /// InvoiceNr.
        document: String,
    },
    /// Deletes a document.
    DeleteDocument {
        /// InvoiceNr.
        document: String,
    },
}

impl PixiSim {
    /// Does what a person does; gives the number of the document that was made.
    pub fn act(&self, action: &Action) -> Result<Option<String>, MerchantError> {
        let done = |result: Result<(), MerchantError>| result.map(|()| None);
        match action {
            Action::Ship { order, lines, tracking } if lines.is_empty() => {
                self.ship_all(*order, tracking.as_deref()).map(Some)
            }
            Action::Ship { order, lines, tracking } => self.ship(*order, lines, tracking.as_deref()).map(Some),
            Action::Cancel { order, lines, .. } if lines.is_empty() => done(self.cancel_order(*order)),
            Action::Cancel { order, lines, unavailable } => {
                done(self.cancel_lines(*order, lines, if *unavailable { LineState::Nlb } else { LineState::Sto }))
            }
            Action::Return { order, lines, ship_cost } => {
                let all = self.order(*order).ok_or(MerchantError::UnknownOrder(*order))?;
                let shipped = all.lines.iter().filter(|line| line.state == LineState::Aus).map(|line| line.key);
                let lines = if lines.is_empty() { shipped.collect() } else { lines.clone() };
                self.return_with_shipping(*order, &lines, *ship_cost).map(Some)
            }
            Action::Credit { order, amount } => self.credit_manual(*order, *amount, "Gutschrift").map(Some),
            Action::Hold { order } => done(self.put_on_hold(*order)),
            Action::Release { order } => done(self.release_by_hand(*order)),
            Action::Raise { order, line } => self.raise_order(*order, line).map(|_| None),
            Action::Lock { order, reason } => done(self.lock_order(*order, "pixi", reason)),
            Action::Unlock { order } => done(self.unlock_order(*order)),
            Action::Delete { order } => done(self.delete_order(*order)),
            Action::Merge { into, from } => done(self.merge(*into, *from)),
            Action::ShipTogether { order, with } => self.ship_together(*order, *with).map(Some),
            Action::PaymentType { order, code } => done(self.set_payment_type(*order, code)),
            Action::Pay { document } => done(self.pay_by_hand(document)),
            Action::DeleteDocument { document } => done(self.delete_document(document)),
        }
    }
}
