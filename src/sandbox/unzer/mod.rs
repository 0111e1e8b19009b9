//! A simulated Unzer that keeps books and refuses what the real one refuses.
//!
//! Shops create types, customers, baskets and payments over HTTP; what the real world does on its own (transfers,
//! chargebacks, an operator in the portal) are methods of [`UnzerSim`]. Ids and order are the same in every run.

mod account;
mod books;
mod courier;
mod hooks;
mod merchant;
pub mod methods;
mod router;
mod serve;
mod shop;
mod show;
#[cfg(test)]
mod tests;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use http::{HeaderMap, Method};
use secrecy::SecretString;

pub use account::{Ledger, Movement};
pub use courier::Courier;
pub use merchant::Delivery;
pub use serve::UnzerSimWire;
pub use shop::Shop;

use super::faults::{Faults, SimResponse};
use crate::clock::Clock;
use crate::config::KeyPair;
use crate::wire::SharedWire;
use books::Books;
use merchant::Merchant;

/// Public and private key of the merchant every simulation starts with.
pub const FIRST_KEYS: (&str, &str) = ("s-pub-sandbox1", "s-priv-sandbox1");

/// The simulated Unzer; cheap to clone, all clones share the books.
#[derive(Clone)]
pub struct UnzerSim {
    books: Arc<Mutex<Books>>,
    clock: Clock,
    faults: Faults,
}

impl std::fmt::Debug for UnzerSim {
    /// Keys and customers stay out.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "UnzerSim({} payments)", self.lock().accounts.len())
    }
}

impl UnzerSim {
    /// An Unzer with one merchant ([`FIRST_KEYS`]) and no payments.
    pub fn new(clock: Clock, faults: Faults) -> Self {
        let books = Books { base: "https://sbx-api.unzer.com".to_owned(), ..Books::default() };
        let sim = Self { books: Arc::new(Mutex::new(books)), clock, faults };
        sim.add_merchant(FIRST_KEYS.0, FIRST_KEYS.1, "Sandbox");
        sim
    }

    /// Another key pair; payments of one are not seen by the other.
    pub fn add_merchant(&self, public_key: &str, private_key: &str, name: &str) {
        let merchant =
            Merchant { public_key: public_key.to_owned(), private_key: private_key.to_owned(), name: name.to_owned() };
        self.lock().merchants.push(merchant);
    }

    /// The key pair of the merchant at `index`, as the configuration holds it; the first one has index 0.
    pub fn key_pair(&self, index: usize) -> Option<KeyPair> {
        let books = self.lock();
        let merchant = books.merchants.get(index)?;
        Some(KeyPair {
            public_key: merchant.public_key.clone(),
            private_key: SecretString::from(merchant.private_key.clone()),
            methods: Vec::new(),
        })
    }

    /// Address that stands in transactions and redirects.
    pub fn set_base(&self, base: &str) {
        base.trim_end_matches('/').clone_into(&mut self.lock().base);
    }

    /// The faults this simulator plays.
    pub fn faults(&self) -> &Faults {
        &self.faults
    }

    /// Answers one request, without faults. `path` is the path of the address, still encoded.
    pub fn handle(&self, method: &Method, path: &str, headers: &HeaderMap, body: &[u8]) -> SimResponse {
        let ask = router::Ask { method, path: router::segments(path), headers, body };
        let now = self.clock.now();
        self.lock().answer(&ask, now)
    }

    /// This simulator as an in-process transport.
    pub fn wire(&self) -> SharedWire {
        Arc::new(UnzerSimWire::new(self.clone()))
    }

    fn lock(&self) -> MutexGuard<'_, Books> {
        self.books.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
