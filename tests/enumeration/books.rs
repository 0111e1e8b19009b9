//! The books of the simulated peers in lines that two runs of a flow can be compared by.

use std::collections::BTreeMap;

use crate::comments::{self, Comments, Struck};
use pixi_payd::journal::OrderRow;
use pixi_payd::sandbox::World;
use pixi_payd::sandbox::unzer::{Ledger, Movement};

/// What stands in the books, line by line, with how often.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Books {
    /// What has to be exactly the same.
    exact: BTreeMap<String, usize>,
    comments: Comments,
}

impl Books {
    /// The books now, and how the daemon shows its orders.
    pub fn of(world: &World, rows: &[OrderRow]) -> Self {
        let mut books = Self::default();
        for ledger in world.unzer.all_ledgers() {
            books.payment(&ledger);
        }
        for order in world.pixi.orders() {
            let nr = order.nr;
            let states: Vec<&str> = order.lines.iter().map(|line| line.state.code()).collect();
            books.line(format!("order {nr}: lines {}", states.join(" ")));
            books.line(format!("order {nr}: locked {}", order.lock.is_some()));
            books.line(format!("order {nr}: payment id {:?}", order.pay_id));
            for comment in &order.comments {
                *books.comments.entry(format!("order {nr}: {}", comment.text)).or_default() += 1;
            }
            if let Some(customer) = world.pixi.customer(order.customer) {
                books.line(format!("order {nr}: customer locked {}", customer.locked));
                for comment in customer.comments {
                    *books.comments.entry(format!("customer: {}", comment.text)).or_default() += 1;
                }
            }
            for document in world.pixi.documents_of(nr) {
                books.line(format!("{} over {}", document.nr, document.total));
            }
        }
        for booking in world.pixi.bookings() {
            let document = booking.document.unwrap_or_default();
            books.line(format!("booked {document} {} {}", booking.event, booking.amount));
        }
        for call in world.pixi.captures().iter().filter(|call| !call.success) {
            *books.comments.entry(format!("{}: reported as not captured", call.invoice)).or_default() += 1;
        }
        for row in rows {
            let mark = row.mark.as_ref().map(|mark| mark.number.to_string()).unwrap_or_default();
            let nr = row.order.nr;
            books.line(format!("order {nr}: {} {} {mark}", row.payment_status, row.transfer_status));
        }
        books
    }

    fn line(&mut self, text: String) {
        *self.exact.entry(text).or_default() += 1;
    }

    fn payment(&mut self, ledger: &Ledger) {
        let id = &ledger.payment;
        self.line(format!(
            "{id}: authorised {} captured {} refunded {} reversed {} charged back {}",
            ledger.authorized, ledger.captured, ledger.refunded, ledger.reversed, ledger.charged_back
        ));
        let parts = [
            ("charge", &ledger.charges),
            ("refund", &ledger.refunds),
            ("reversal", &ledger.reversals),
            ("shipment", &ledger.shipments),
        ];
        for (what, movements) in parts {
            for movement in movements {
                let purpose = purpose(movement);
                self.line(format!("{id}: {what} {} {purpose} {}", movement.amount, movement.invoice_id));
            }
        }
    }

    /// What is other than it has to be.
    pub fn differ(&self, wanted: &Self, struck: Option<&Struck>) -> Vec<String> {
        let mut wrong = Vec::new();
        let all: std::collections::BTreeSet<&String> = self.exact.keys().chain(wanted.exact.keys()).collect();
        for line in all {
            let count = |books: &Self| books.exact.get(line).copied().unwrap_or_default();
            let (found, wanted) = (count(self), count(wanted));
            if found != wanted {
                wrong.push(format!("{found} instead of {wanted}: {line}"));
            }
        }
        wrong.extend(comments::differ(&self.comments, &wanted.comments, struck));
        wrong
    }

    /// How often a text stands in comments.
    pub fn commented(&self, text: &str) -> usize {
        self.comments.iter().filter(|(comment, _)| comment.contains(text)).map(|(_, count)| count).sum()
    }
}

/// What a movement is for: its reference without the token.
fn purpose(movement: &Movement) -> &str {
    movement.reference.rsplit_once(' ').map_or(movement.reference.as_str(), |(purpose, _)| purpose)
}
