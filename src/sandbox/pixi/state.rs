//! The tables behind the simulated pixi.

use std::collections::{BTreeMap, BTreeSet};

use super::Access;
use super::model::{
    Address, Booking, CaptureCall, CcpEntry, CurrencyRow, Customer, Document, DocumentKind, EventType, ImportLog,
    PaymentType, Shop, SimOrder,
};
use super::order::MerchantError;
use super::quirks::Quirks;
use crate::clock::Time;
use crate::money::Currency;

/// Everything one installation knows.
pub(super) struct State {
    pub access: Access,
    pub quirks: Quirks,
    pub not_installed: BTreeSet<String>,
    /// Answers given so far with and without rows: what alternating quirks go by.
    pub answers: u32,
    pub shops: Vec<Shop>,
    pub payment_types: Vec<PaymentType>,
    pub currencies: Vec<CurrencyRow>,
    pub events: Vec<EventType>,
    pub customers: BTreeMap<i64, Customer>,
    pub addresses: BTreeMap<i64, Address>,
    pub orders: BTreeMap<i64, SimOrder>,
    /// The shops' numbers of the orders, with the shop.
    pub externals: BTreeSet<(String, String)>,
    pub documents: BTreeMap<i64, Document>,
    pub document_keys: BTreeMap<String, i64>,
    pub imports: Vec<ImportLog>,
    pub bookings: Vec<Booking>,
    pub captures: Vec<CaptureCall>,
    pub ccp_log: Vec<CcpEntry>,
    /// How often each call was made.
    pub calls: BTreeMap<&'static str, u32>,
    counters: Counters,
}

struct Counters {
    order: i64,
    line: i64,
    customer: i64,
    address: i64,
    document: i64,
    document_line: i64,
    invoice_nr: i64,
    credit_nr: i64,
    log: i64,
}

fn next(counter: &mut i64) -> i64 {
    *counter += 1;
    *counter
}

impl State {
    pub fn new(access: Access) -> Self {
        let currency = |id, code: [u8; 3], per_mille| {
            let text = String::from_utf8_lossy(&code).into_owned();
            text.parse::<Currency>().ok().map(|currency| CurrencyRow { id, currency, active: true, per_mille })
        };
        let payment_type = |code: &str, tag: &str, text: &str, starts_on_hold| PaymentType {
            code: code.to_owned(),
            tag: tag.to_owned(),
            text: text.to_owned(),
            starts_on_hold,
        };
        let event = |id: &str, name: &str, positive| EventType { id: id.to_owned(), name: name.to_owned(), positive };
        Self {
            access,
            quirks: Quirks::default(),
            not_installed: BTreeSet::new(),
            answers: 0,
            shops: vec![Shop { id: "DEM".to_owned(), name: "Demo-Shop".to_owned(), currency: Currency::EUR }],
            payment_types: vec![
                payment_type("U", "UNZER", "Unzer", true),
                payment_type("V", "CASHINADVANCE", "Vorkasse", false),
            ],
            currencies: [(1, *b"EUR", 1000), (2, *b"USD", 900), (3, *b"GBP", 1150), (4, *b"CHF", 1050)]
                .into_iter()
                .filter_map(|(id, code, rate)| currency(id, code, rate))
                .collect(),
            events: vec![event("UZE", "Unzer Zahlungseingang", true), event("UZR", "Unzer Rückzahlung", false)],
            customers: BTreeMap::new(),
            addresses: BTreeMap::new(),
            orders: BTreeMap::new(),
            externals: BTreeSet::new(),
            documents: BTreeMap::new(),
            document_keys: BTreeMap::new(),
            imports: Vec::new(),
            bookings: Vec::new(),
            captures: Vec::new(),
            ccp_log: Vec::new(),
            calls: BTreeMap::new(),
            counters: Counters {
                order: 100_000,
                line: 500_000,
                customer: 10_000,
                address: 20_000,
                document: 40_000,
                document_line: 800_000,
                invoice_nr: 4000,
                credit_nr: 800,
                log: 0,
            },
        }
    }

    pub fn next_order(&mut self) -> i64 {
        next(&mut self.counters.order)
    }

    pub fn next_line(&mut self) -> i64 {
        next(&mut self.counters.line)
    }

    pub fn next_customer(&mut self) -> i64 {
        next(&mut self.counters.customer)
    }

    pub fn next_document_line(&mut self) -> i64 {
        next(&mut self.counters.document_line)
    }

    /// Number of a log entry or booking.
    pub fn next_log(&mut self) -> i64 {
        next(&mut self.counters.log)
    }

    /// InvoiceKey and InvoiceNr of a new document.
    pub fn next_document(&mut self, kind: DocumentKind) -> (i64, String) {
        let nr = match kind {
            DocumentKind::Invoice => format!("RE{}", next(&mut self.counters.invoice_nr)),
            DocumentKind::Credit => format!("GS{}", next(&mut self.counters.credit_nr)),
        };
        (next(&mut self.counters.document), nr)
    }

    pub fn add_address(&mut self, address: Address) -> i64 {
        let key = next(&mut self.counters.address);
        self.addresses.insert(key, address);
        key
    }

    pub fn add_document(&mut self, document: Document) {
        if let Some(order) = self.orders.get_mut(&document.order) {
            order.documents.push(document.key);
        }
        self.document_keys.insert(document.nr.clone(), document.key);
        self.documents.insert(document.key, document);
    }

    pub fn order_mut(&mut self, nr: i64) -> Result<&mut SimOrder, MerchantError> {
        self.orders.get_mut(&nr).ok_or(MerchantError::UnknownOrder(nr))
    }

    pub fn document(&self, nr: &str) -> Option<&Document> {
        self.documents.get(self.document_keys.get(nr)?)
    }

    pub fn document_mut(&mut self, nr: &str) -> Option<&mut Document> {
        self.documents.get_mut(self.document_keys.get(nr)?)
    }

    pub fn shop(&self, id: &str) -> Option<&Shop> {
        self.shops.iter().find(|shop| shop.id == id)
    }

    pub fn event(&self, id: &str) -> Option<&EventType> {
        self.events.iter().find(|event| event.id == id)
    }

    pub fn payment_type(&self, code: &str) -> Option<&PaymentType> {
        self.payment_types.iter().find(|known| known.code == code)
    }

    /// `amount` of `from` in the base currency of `shop`, by the installation's rates.
    pub fn in_base(&self, amount: i64, from: Currency, shop: &str) -> i64 {
        let rate =
            |currency| self.currencies.iter().find(|row| row.currency == currency).map_or(1000, |row| row.per_mille);
        let base = self.shop(shop).map_or(Currency::EUR, |shop| shop.currency);
        if from == base { amount } else { amount * rate(from) / rate(base).max(1) }
    }

    /// Books an event in a customer's account and moves the document it is matched with. No duplicate protection.
    pub fn book(&mut self, booking: Booking, moves_paid_sum: bool) {
        if moves_paid_sum && let Some(nr) = booking.document.clone() {
            let (amount, at) = (booking.amount, booking.at);
            if let Some(document) = self.document_mut(&nr) {
                document.paid_sum += match document.kind {
                    DocumentKind::Invoice => amount,
                    DocumentKind::Credit => -amount,
                };
                document.mark_paid(document.paid_sum >= document.total, at);
            }
        }
        self.bookings.push(booking);
    }
}

impl Document {
    /// Sets or lifts the paid mark.
    pub(super) fn mark_paid(&mut self, paid: bool, at: Time) {
        self.paid = paid;
        self.paid_at = paid.then_some(at);
        self.updated = at;
    }
}
