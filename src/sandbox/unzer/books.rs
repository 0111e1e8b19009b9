//! The simulator's books: all payments, and what may be done to them.

use std::collections::{BTreeMap, VecDeque};

use serde_json::Value;

use super::account::{Account, Entry};
use super::merchant::{Delivery, Merchant, Registered};
use super::methods::{Capability, Needs, Refund, Reversal, Shipment, Start};
use crate::clock::Time;
use crate::money::Currency;
use crate::unzer::{TransactionKind as Kind, TransactionStatus as Status};

/// Why something was refused: HTTP status and code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused(pub u16, pub String);

pub(super) fn refuse<T>(code: &str) -> Result<T, Refused> {
    let status = match code {
        "API.310.100.003" | "API.500.100.001" | "API.410.100.100" | "API.600.410.024" | "API.510.310.008" => 404,
        "API.320.000.004" | "API.330.000.004" | "API.340.000.004" | "API.360.000.004" | "API.000.000.006" => 405,
        "API.000.000.001" | "API.710.000.002" => 401,
        "API.710.000.003" => 403,
        _ => 400,
    };
    Err(Refused(status, code.to_owned()))
}

/// A new payment as the shop asks for it.
#[derive(Debug, Clone, Default)]
pub(super) struct NewPayment {
    pub amount: Option<i64>,
    pub currency: Option<Currency>,
    pub type_id: String,
    pub customer_id: String,
    pub basket_id: String,
    pub metadata_id: String,
    pub return_url: String,
    pub is_3ds: bool,
    pub with: With,
}

/// What any request may carry.
#[derive(Debug, Clone, Default)]
pub(super) struct With {
    pub reference: String,
    pub invoice_id: String,
    pub order_id: String,
    pub reason: String,
    pub shipping: Option<Value>,
}

/// Everything the simulated Unzer keeps.
#[derive(Default)]
pub(super) struct Books {
    pub base: String,
    pub merchants: Vec<Merchant>,
    pub accounts: Vec<Account>,
    /// Types, customers, baskets, metadata by id, with their owner.
    pub resources: BTreeMap<String, (usize, Value)>,
    pub used_baskets: Vec<String>,
    pub webhooks: Vec<Registered>,
    pub deliveries: VecDeque<Delivery>,
    /// Payment or type id → code its next authorisation, charge or change is declined with.
    pub declines: BTreeMap<String, String>,
    /// Payment and kind of call (`reverse`, `refund`, `ship`) → code the next one is refused with.
    pub refusals: BTreeMap<(String, &'static str), String>,
    pub counter: u64,
}

impl Books {
    /// Numbers that look random and are the same in every run.
    pub fn scatter(&mut self) -> u64 {
        self.counter += 1;
        let mut z = self.counter.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn entry(&mut self, kind: Kind, status: Status, amount: i64, now: Time, with: &With) -> Entry {
        let (a, b) = (self.scatter(), self.scatter());
        let short = format!("{:012}", a % 1_000_000_000_000);
        let code = if status == Status::Success { "COR.000.100.112" } else { "COR.000.200.000" };
        Entry {
            kind,
            status,
            id: String::new(),
            path: String::new(),
            amount,
            at: now,
            reference: with.reference.clone(),
            invoice_id: with.invoice_id.clone(),
            order_id: with.order_id.clone(),
            reason: with.reason.clone(),
            unique_id: format!("{a:016X}{b:016X}"),
            short_id: format!("{}.{}.{}", &short[..4], &short[4..8], &short[8..]),
            code: code.to_owned(),
            redirect_url: String::new(),
            has_bank_data: false,
            shipping: with.shipping.clone(),
        }
    }

    /// Writes `entry` under `parent` of account `at` and tells the webhooks. Gives its index.
    fn write(&mut self, at: usize, parent: &str, part: &str, mut entry: Entry) -> usize {
        let before = self.accounts[at].state();
        let account = &mut self.accounts[at];
        entry.id = account.next_id(part, parent);
        entry.path = format!("{parent}/{}", entry.id);
        account.entries.push(entry);
        let index = account.entries.len() - 1;
        self.announce(at, index, before);
        index
    }

    /// A new payment, authorised or charged.
    pub fn start(&mut self, owner: usize, kind: Kind, new: &NewPayment, now: Time) -> Result<(usize, usize), Refused> {
        let is_charge = kind == Kind::Charge;
        if new.return_url.is_empty() {
            return refuse("API.320.100.203");
        }
        if new.type_id.is_empty() {
            return refuse("API.320.200.143");
        }
        let method = self.type_of(owner, &new.type_id)?;
        let how = if is_charge { method.charge } else { method.authorize };
        if matches!(how, Start::No | Start::Ended) {
            return refuse(if is_charge { "API.330.000.004" } else { "API.320.000.004" });
        }
        let (Some(amount), Some(currency)) = (new.amount, new.currency) else { return refuse("API.710.200.100") };
        if amount <= 0 {
            return refuse("API.500.300.999");
        }
        if method.currency.is_some_and(|only| only != currency.code()) {
            return refuse("API.330.100.202");
        }
        self.check_company(owner, method, is_charge, new)?;
        let at = self.open(owner, method, currency, new);
        Ok((at, self.begin(at, kind, how, amount, new, now)))
    }

    /// Customer and basket: needed, known, the same merchant's, not used before.
    fn check_company(
        &self,
        owner: usize,
        method: &Capability,
        is_charge: bool,
        new: &NewPayment,
    ) -> Result<(), Refused> {
        if method.needs == Needs::CustomerAndBasket {
            if new.customer_id.is_empty() {
                return refuse(if is_charge { "API.330.100.008" } else { "API.320.100.008" });
            }
            if new.basket_id.is_empty() {
                return refuse("API.330.100.023");
            }
        }
        for (id, missing) in [(&new.customer_id, "API.410.100.100"), (&new.basket_id, "API.600.410.024")] {
            match self.resources.get(id) {
                _ if id.is_empty() => {}
                None => return refuse(missing),
                Some((other, _)) if *other != owner => return refuse("API.320.200.145"),
                Some(_) => {}
            }
        }
        if self.used_baskets.contains(&new.basket_id) {
            return refuse("API.330.200.152");
        }
        if matches!(method.prefix, "dds" | "ddg") && self.has_two_addresses(&new.customer_id) {
            return refuse("API.330.100.106");
        }
        Ok(())
    }

    fn has_two_addresses(&self, customer: &str) -> bool {
        let Some((_, customer)) = self.resources.get(customer) else { return false };
        let part = |address: &str, name: &str| customer[address][name].clone();
        ["street", "zip", "city", "country"].iter().any(|name| {
            let (billing, shipping) = (part("billingAddress", name), part("shippingAddress", name));
            !billing.is_null() && !shipping.is_null() && billing != shipping
        })
    }

    pub fn open(&mut self, owner: usize, method: &'static Capability, currency: Currency, new: &NewPayment) -> usize {
        let letter = self.merchants[owner].letter();
        if !new.basket_id.is_empty() {
            self.used_baskets.push(new.basket_id.clone());
        }
        self.accounts.push(Account {
            id: format!("{letter}-pay-{}", self.accounts.len() + 1),
            owner,
            method,
            currency,
            type_id: new.type_id.clone(),
            customer_id: new.customer_id.clone(),
            basket_id: new.basket_id.clone(),
            metadata_id: new.metadata_id.clone(),
            order_id: new.with.order_id.clone(),
            invoice_id: new.with.invoice_id.clone(),
            return_url: new.return_url.clone(),
            entries: Vec::new(),
            has_expired: false,
        });
        self.accounts.len() - 1
    }

    /// The first transaction of a payment.
    pub fn begin(&mut self, at: usize, kind: Kind, how: Start, amount: i64, new: &NewPayment, now: Time) -> usize {
        let goes_away = how == Start::Redirect || new.is_3ds;
        let status = if goes_away || how == Start::Claim { Status::Pending } else { Status::Success };
        let mut entry = self.entry(kind, status, amount, now, &new.with);
        if goes_away {
            entry.redirect_url = format!("{}/redirect/{}", self.base, self.accounts[at].id);
        } else if let Some(code) = self.declines.remove(&new.type_id) {
            entry.status = Status::Error;
            entry.code = code;
        }
        // Pay-later invoices tell the account with the authorisation, claims with the first charge.
        entry.has_bank_data = how == Start::Claim || self.accounts[at].method.prefix == "piv";
        let (parent, part) = if kind == Kind::Charge { ("charges", "chg") } else { ("authorize", "aut") };
        self.write(at, parent, part, entry)
    }

    /// Takes authorised money; everything left where no amount is given.
    pub fn capture(&mut self, at: usize, amount: Option<i64>, with: &With, now: Time) -> Result<usize, Refused> {
        let account = &self.accounts[at];
        let Some(open) = account.open_authorization() else { return refuse("API.330.000.004") };
        let amount = amount.unwrap_or(open);
        if open == 0 || amount > open {
            return refuse("API.330.100.007");
        }
        if amount <= 0 {
            return refuse("API.500.300.999");
        }
        let id = account.id.clone();
        let mut entry = self.entry(Kind::Charge, Status::Success, amount, now, with);
        if let Some(code) = self.declines.remove(&id) {
            entry.status = Status::Error;
            entry.code = code;
        }
        Ok(self.write(at, "charges", "chg", entry))
    }

    /// Gives authorised money free; everything left where no amount is given. `by_id` where the authorisation is named.
    pub fn reverse(
        &mut self,
        at: usize,
        amount: Option<i64>,
        by_id: bool,
        with: &With,
        now: Time,
    ) -> Result<usize, Refused> {
        let account = &self.accounts[at];
        let is_pay_later = account.method.refund == Refund::Payment;
        if account.method.reversal == Reversal::Claim {
            // The payment-level form reaches the claim as well.
            return match account.claim().map(|claim| claim.id.clone()) {
                Some(claim) => self.cancel_charge(at, &claim, amount, with, now),
                None => refuse("API.340.000.004"),
            };
        }
        if account.method.reversal == Reversal::No || is_pay_later && by_id {
            return refuse("API.340.000.004");
        }
        let (captured, reversed) = (account.captured(), account.reversed());
        let Some(open) = account.open_authorization() else { return refuse("API.340.000.004") };
        if account.method.reversal == Reversal::BeforeCapture && captured > 0 {
            return refuse("API.340.100.018");
        }
        if open == 0 {
            return refuse(if reversed > 0 && captured == 0 { "API.340.100.014" } else { "API.340.100.018" });
        }
        let amount = fitting(amount, open)?;
        let parent = match account.authorization() {
            Some(authorization) if !is_pay_later => format!("{}/cancels", authorization.path),
            _ => "authorize/cancels".to_owned(),
        };
        let entry = self.entry(Kind::CancelAuthorize, Status::Success, amount, now, with);
        Ok(self.write(at, &parent, "cnl", entry))
    }

    /// Pays back from one charge, or lowers it where it is a claim; what is left of it where no amount is given.
    pub fn cancel_charge(
        &mut self,
        at: usize,
        charge: &str,
        amount: Option<i64>,
        with: &With,
        now: Time,
    ) -> Result<usize, Refused> {
        let account = &self.accounts[at];
        let found = account.entries.iter().find(|entry| entry.kind == Kind::Charge && entry.id == charge);
        let Some(found) = found else { return refuse("API.310.100.003") };
        if account.method.refund == Refund::Payment {
            return refuse("API.340.000.004");
        }
        if account.method.is_secured && with.reason.is_empty() {
            return refuse("API.340.100.024");
        }
        let parent = format!("{}/cancels", found.path);
        let is_claim = account.claim().is_some_and(|claim| claim.id == found.id);
        let (kind, left) = match account.open_claim() {
            Some(open) if is_claim => (Kind::CancelAuthorize, open),
            _ => (Kind::CancelCharge, account.left_of_charge(found)),
        };
        if !is_claim && (account.method.refund == Refund::No || found.status != Status::Success) {
            return refuse("API.340.000.004");
        }
        if left <= 0 {
            let is_back = account.charged_back() > 0;
            return refuse(if is_back { "API.340.100.015" } else { "API.340.100.014" });
        }
        let amount = fitting(amount, left)?;
        let entry = self.entry(kind, Status::Success, amount, now, with);
        Ok(self.write(at, &parent, "cnl", entry))
    }

    /// Pays back on payment level. Outside pay-later the first charge with enough left is hit.
    pub fn refund_payment(&mut self, at: usize, amount: Option<i64>, with: &With, now: Time) -> Result<usize, Refused> {
        let account = &self.accounts[at];
        let charges = || account.entries.iter().filter(|entry| entry.is(Kind::Charge));
        if account.method.refund != Refund::Payment {
            let enough = charges().find(|charge| account.left_of_charge(charge) >= amount.unwrap_or(1));
            let Some(charge) = enough.or_else(|| charges().next()).map(|charge| charge.id.clone()) else {
                return refuse("API.340.000.004");
            };
            return self.cancel_charge(at, &charge, amount, with, now);
        }
        if charges().next().is_none() {
            return refuse("API.340.000.004");
        }
        let left = account.charged();
        if left <= 0 {
            return refuse(if account.charged_back() > 0 { "API.340.100.015" } else { "API.340.100.014" });
        }
        let amount = fitting(amount, left)?;
        let entry = self.entry(Kind::CancelCharge, Status::Success, amount, now, with);
        Ok(self.write(at, "charges/cancels", "cnl", entry))
    }

    /// Shipment notice: the claim comes due; a notice over a part gives the rest free.
    pub fn ship(&mut self, at: usize, amount: Option<i64>, with: &With, now: Time) -> Result<usize, Refused> {
        let account = &self.accounts[at];
        match account.method.shipment {
            Shipment::No => return refuse("API.360.000.004"),
            Shipment::AlreadyActive => return refuse("COR.700.400.800"),
            Shipment::Yes => {}
        }
        let Some(claim) = account.claim().cloned() else {
            let is_shipped = account.entries.iter().any(|entry| entry.is(Kind::Shipment));
            return refuse(if is_shipped { "COR.700.400.800" } else { "API.360.000.004" });
        };
        if with.invoice_id.is_empty() && account.invoice_id.is_empty() {
            return refuse("API.360.100.025");
        }
        let open = account.open_claim().unwrap_or(0);
        if open == 0 {
            return refuse("API.360.000.004");
        }
        let amount = amount.unwrap_or(open);
        if amount <= 0 || amount > open {
            return refuse("API.330.100.007");
        }
        if amount < open {
            let rest = self.entry(Kind::CancelAuthorize, Status::Success, open - amount, now, &With::default());
            self.write(at, &format!("{}/cancels", claim.path), "cnl", rest);
        }
        if let Some(claim) = self.accounts[at].entries.iter_mut().find(|entry| entry.path == claim.path) {
            claim.status = Status::Success;
            "COR.000.100.112".clone_into(&mut claim.code);
        }
        let entry = self.entry(Kind::Shipment, Status::Success, amount, now, with);
        Ok(self.write(at, "shipments", "shp", entry))
    }

    /// Changes an open authorisation to another amount; refused by the risk check, the former stays.
    pub fn change(&mut self, at: usize, amount: Option<i64>) -> Result<(usize, Option<String>), Refused> {
        let account = &self.accounts[at];
        let index = account.entries.iter().position(|entry| entry.kind == Kind::Authorize);
        let (Some(index), Some(open)) = (index, account.open_authorization()) else { return refuse("API.320.000.004") };
        if !account.method.is_changeable || open == 0 {
            return refuse("API.320.000.004");
        }
        let Some(amount) = amount else { return refuse("API.710.200.100") };
        if amount <= 0 || amount < account.captured() {
            return refuse("API.500.300.999");
        }
        let id = account.id.clone();
        if let Some(code) = self.declines.remove(&id) {
            return Ok((index, Some(code)));
        }
        let given_free = account.reversed();
        self.accounts[at].entries[index].amount = amount + given_free;
        Ok((index, None))
    }

    /// A further transaction that no request asked for: a receipt, a chargeback.
    pub fn happen(&mut self, at: usize, kind: Kind, parent: &str, part: &str, amount: i64, now: Time) -> usize {
        let entry = self.entry(kind, Status::Success, amount, now, &With::default());
        self.write(at, parent, part, entry)
    }

    /// The method of a type that belongs to this merchant.
    pub fn type_of(&self, owner: usize, type_id: &str) -> Result<&'static Capability, Refused> {
        let known = self.resources.get(type_id);
        let method = type_id.split('-').nth(1).and_then(super::methods::by_prefix);
        match (known, method) {
            (Some((by, _)), Some(_)) if *by != owner => refuse("API.320.200.145"),
            (Some(_), Some(method)) => Ok(method),
            _ => refuse("API.500.100.001"),
        }
    }

    /// The payment with this id, or the latest with this order id, as this merchant sees it.
    pub fn find(&self, owner: usize, id: &str) -> Result<usize, Refused> {
        match self.accounts.iter().position(|account| account.id == id) {
            Some(at) if self.accounts[at].owner == owner => return Ok(at),
            Some(_) => return refuse("API.320.200.145"),
            None => {}
        }
        let by_order = self.accounts.iter().rposition(|account| account.owner == owner && account.order_id == id);
        by_order.map_or_else(|| refuse("API.310.100.003"), Ok)
    }
}

/// The amount asked for, or all of `left`.
fn fitting(amount: Option<i64>, left: i64) -> Result<i64, Refused> {
    match amount {
        None => Ok(left),
        Some(amount) if amount <= 0 => refuse("API.500.300.999"),
        Some(amount) if amount > left => refuse("API.340.100.017"),
        Some(amount) => Ok(amount),
    }
}
