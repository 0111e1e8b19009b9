//! Reading the ledger, for tests and for the table the sandbox shows.

use super::PixiSim;
use super::model::{Address, Booking, CaptureCall, CcpEntry, Customer, Document, SimOrder};

impl PixiSim {
    /// An order as it is.
    pub fn order(&self, nr: i64) -> Option<SimOrder> {
        self.state().orders.get(&nr).cloned()
    }

    /// All orders by number.
    pub fn orders(&self) -> Vec<SimOrder> {
        self.state().orders.values().cloned().collect()
    }

    /// An invoice or credit note.
    pub fn document(&self, nr: &str) -> Option<Document> {
        self.state().document(nr).cloned()
    }

    /// The documents of an order, oldest first.
    pub fn documents_of(&self, order: i64) -> Vec<Document> {
        self.state().documents.values().filter(|document| document.order == order).cloned().collect()
    }

    /// All bookings, oldest first; a document booked twice stands here twice.
    pub fn bookings(&self) -> Vec<Booking> {
        self.state().bookings.clone()
    }

    /// Bookings matched with this document.
    pub fn bookings_for(&self, document: &str) -> Vec<Booking> {
        let for_it = |booking: &&Booking| booking.document.as_deref() == Some(document);
        self.state().bookings.iter().filter(for_it).cloned().collect()
    }

    /// Every pixiPaySetInvoiceCapture that was taken, oldest first.
    pub fn captures(&self) -> Vec<CaptureCall> {
        self.state().captures.clone()
    }

    /// The credit card log.
    pub fn ccp_log(&self) -> Vec<CcpEntry> {
        self.state().ccp_log.clone()
    }

    /// A customer.
    pub fn customer(&self, key: i64) -> Option<Customer> {
        self.state().customers.get(&key).cloned()
    }

    /// An address.
    pub fn address(&self, key: i64) -> Option<Address> {
        self.state().addresses.get(&key).cloned()
    }
}
