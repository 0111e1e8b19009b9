//! The simulated pixi: an ERP behind SQL Server's SOAP dialect that keeps a ledger and refuses what the real one refuses.
//!
//! [`PixiSim::handle`] is the whole of it: a request's bytes in, an answer's bytes out, no I/O. [`PixiSim::wire`] puts it
//! behind the daemon's own transport, [`PixiSim::router`] behind HTTP. What a merchant does in pixi (take an order, ship it,
//! book a return) is a method of [`PixiSim`]; so is reading the ledger. Like the real pixi it has no protection
//! against a second booking: [`PixiSim::bookings`] shows both.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono_tz::Tz;
use http::HeaderMap;
use url::Url;

use crate::clock::{Clock, Time};
use crate::sandbox::faults::{Faults, SimResponse};

mod action;
mod calls;
mod dialect;
mod ledger;
mod merchant;
mod model;
mod order;
mod params;
mod quirks;
mod server;
mod soap;
mod state;
#[cfg(test)]
mod tests;

pub use action::Action;
pub use model::{
    Address, Booking, CaptureCall, CcpCall, CcpEntry, Comment, CurrencyRow, Customer, Document, DocumentKind,
    DocumentLine, EventType, ImportLog, Line, LineState, Lock, OrderState, PaymentType, Shop, SimOrder,
};
pub use order::{MerchantError, NewLine, NewOrder};
pub use quirks::{Behaviour, CreditNotes, Dialect, NoRows, Quirks};
pub use server::{PixiSimWire, WsdlText};

use state::State;

/// Where the simulated pixi is reached and with which login.
#[derive(Clone)]
pub struct Access {
    /// Address with trailing slash; also the namespace of its calls (pixi/NOTES 3).
    pub endpoint: Url,
    /// HTTP Basic user.
    pub user: String,
    /// HTTP Basic password.
    pub password: String,
}

/// A simulated pixi installation; cheap to clone, all clones are the same installation.
#[derive(Clone)]
pub struct PixiSim(Arc<Inner>);

struct Inner {
    clock: Clock,
    zone: Tz,
    faults: Faults,
    state: Mutex<State>,
}

impl std::fmt::Debug for PixiSim {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PixiSim(..)")
    }
}

impl PixiSim {
    /// An installation with one shop (`DEM`, EUR), the payment types `U` (on hold at import) and `V`, the booking events
    /// `UZE` (money in) and `UZR` (money out), and the currencies EUR, USD, GBP, CHF. `zone` is its local time.
    pub fn new(clock: Clock, zone: Tz, access: Access) -> Self {
        Self::with_faults(clock, zone, access, Faults::new())
    }

    /// The same, with the faults to be played on its wire and its HTTP server.
    pub fn with_faults(clock: Clock, zone: Tz, access: Access, faults: Faults) -> Self {
        Self(Arc::new(Inner { clock, zone, faults, state: Mutex::new(State::new(access)) }))
    }

    /// Answers one request. `headers` carry the login; `soap_action` may be absent.
    pub fn handle(&self, soap_action: Option<&str>, headers: &HeaderMap, body: &[u8]) -> SimResponse {
        server::answer(self, soap_action, headers, body)
    }

    /// Where it is reached.
    pub fn endpoint(&self) -> Url {
        self.state().access.endpoint.clone()
    }

    /// Moves it to another address: a server knows its port only once it listens.
    pub fn set_endpoint(&self, endpoint: Url) {
        self.state().access.endpoint = endpoint;
    }

    /// The faults played around its calls.
    pub fn faults(&self) -> &Faults {
        &self.0.faults
    }

    /// The switches as they are.
    pub fn quirks(&self) -> Quirks {
        self.state().quirks
    }

    /// Changes switches.
    pub fn change_quirks(&self, change: impl FnOnce(&mut Quirks)) {
        change(&mut self.state().quirks);
    }

    /// Takes a call away: from now on it is as unknown as a misspelt one.
    pub fn uninstall(&self, call: &str) {
        self.state().not_installed.insert(call.to_owned());
    }

    /// Gives a call back.
    pub fn install(&self, call: &str) {
        self.state().not_installed.remove(call);
    }

    /// Names of all calls it knows, installed or not.
    pub fn calls() -> BTreeSet<&'static str> {
        calls::ALL.iter().map(|signature| signature.name).collect()
    }

    /// How often each call was made.
    pub fn calls_made(&self) -> BTreeMap<&'static str, u32> {
        self.state().calls.clone()
    }

    fn now(&self) -> Time {
        self.0.clock.now()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
