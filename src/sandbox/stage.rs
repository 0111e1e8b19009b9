//! The stage demo stories play on: a shop, a warehouse and a customer service, acting on the simulated peers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use super::pixi::{Document, LineState, NewLine, NewOrder, SimOrder};
use super::unzer::methods::{Start, by_slug};
use super::unzer::{Ledger, Shop};
use super::world::{Seller, World};
use crate::config::Mode;
use crate::money::{Currency, Money};

/// How often a story looks whether the daemon has done what it waits for.
const GLANCE: Duration = Duration::from_secs(15);
/// How long it waits at most.
const PATIENCE: Duration = Duration::from_hours(3);

/// A story that went another way than told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Astray(pub String);

impl fmt::Display for Astray {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<String> for Astray {
    fn from(text: String) -> Self {
        Self(text)
    }
}

/// What a step of a story gives.
pub type Told<T = ()> = Result<T, Astray>;

/// One order's part of the stage.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The peers.
    pub world: World,
    /// Mode the order is sold in.
    pub mode: Mode,
    /// Currency it is sold in.
    pub currency: Currency,
    /// Mandant that sells.
    pub seller: Seller,
    /// Number of the story: makes the shop's order number.
    pub number: usize,
    /// Number of the order once it is in pixi, for who looks on; 0 before.
    pub order: Arc<AtomicI64>,
}

/// An order on stage.
#[derive(Clone, Debug)]
pub struct Sold {
    /// pixi order number.
    pub nr: i64,
    /// Unzer payment id; empty where there is none.
    pub payment: String,
}

impl Stage {
    /// A stage of the first mandant, for an order in euros.
    pub fn new(world: &World, mode: Mode, number: usize) -> Self {
        Self {
            world: world.clone(),
            mode,
            currency: Currency::EUR,
            seller: Seller::First,
            number,
            order: Arc::default(),
        }
    }

    /// The same stage for another order.
    pub fn another(&self, number: usize) -> Self {
        Self { number, order: Arc::default(), ..self.clone() }
    }

    /// The mandant's shop at Unzer.
    pub fn shop(&self) -> Shop {
        self.world.unzer.shop(self.seller.merchant())
    }

    /// The shop's order number of this story.
    pub fn external(&self) -> String {
        format!("SHOP-{}", 1000 + self.number)
    }

    /// An amount of the story's currency.
    pub fn money(&self, minor: i64) -> Money {
        self.currency.of(minor)
    }

    /// An order of these lines and shipping cost, with the payment id the shop got.
    pub fn import(&self, lines: &[i64], shipping: i64, pay_id: Option<&str>) -> Told<i64> {
        self.import_as(Some(self.external()), lines, shipping, pay_id)
    }

    /// An order with another number of the shop; none makes it one by hand.
    pub fn import_as(&self, external: Option<String>, lines: &[i64], shipping: i64, pay_id: Option<&str>) -> Told<i64> {
        self.take_in(NewOrder { external, ..self.new_order(lines, shipping, pay_id) })
    }

    /// An order as the shop hands it in: lines, shipping cost, and the payment id the shop got.
    pub fn new_order(&self, lines: &[i64], shipping: i64, pay_id: Option<&str>) -> NewOrder {
        let lines = lines.iter().enumerate().map(|(index, price)| NewLine {
            item: format!("ART-{}", index + 1),
            qty: 1,
            price: *price,
        });
        NewOrder {
            external: Some(self.external()),
            lines: lines.collect(),
            ship_cost: shipping,
            currency: self.currency,
            pay_id: pay_id.map(str::to_owned),
            ..NewOrder::new(self.seller.shop(), self.seller.payment_type(self.mode))
        }
    }

    /// pixi takes an order in.
    pub fn take_in(&self, new: NewOrder) -> Told<i64> {
        let nr = self.world.pixi.import_order(new).map_err(|error| Astray(format!("import: {error}")))?;
        self.order.store(nr, Ordering::Relaxed);
        Ok(nr)
    }

    /// The shop authorises with a new type of `slug`, then the order comes to pixi.
    pub fn authorize(&self, slug: &str, lines: &[i64], shipping: i64) -> Told<Sold> {
        let total = lines.iter().sum::<i64>() + shipping;
        let payment = self.shop().authorize(slug, self.money(total), &self.external())?;
        Ok(Sold { nr: self.import(lines, shipping, Some(&payment))?, payment })
    }

    /// The shop charges with a new type of `slug`, then the order comes to pixi.
    pub fn charge(&self, slug: &str, lines: &[i64], shipping: i64) -> Told<Sold> {
        let total = lines.iter().sum::<i64>() + shipping;
        let payment = self.shop().charge(slug, self.money(total), &self.external())?;
        Ok(Sold { nr: self.import(lines, shipping, Some(&payment))?, payment })
    }

    /// The shop sells by `slug` the way that method is sold: authorised where it can be, else charged, or as it was
    /// charged before its scheme ended.
    pub fn sell(&self, slug: &str, lines: &[i64], shipping: i64) -> Told<Sold> {
        let Some(method) = by_slug(slug) else { return Err(Astray(format!("no method {slug}"))) };
        if method.charge == Start::Ended {
            let total = lines.iter().sum::<i64>() + shipping;
            let kind = self.shop().create_type(slug)?;
            let payment = self.world.unzer.charge_of_old(&kind, self.money(total), &self.external())?;
            return Ok(Sold { nr: self.import(lines, shipping, Some(&payment))?, payment });
        }
        if method.authorize == Start::No {
            self.charge(slug, lines, shipping)
        } else {
            self.authorize(slug, lines, shipping)
        }
    }

    /// The buyer transfers money for a claim.
    pub fn transfer(&self, payment: &str, minor: i64) -> Told {
        self.world.unzer.receive_transfer(payment, self.money(minor))?;
        Ok(())
    }

    /// The order as pixi has it.
    pub fn order(&self, nr: i64) -> Told<SimOrder> {
        self.world.pixi.order(nr).ok_or_else(|| Astray(format!("order {nr} is gone")))
    }

    /// A document as pixi has it.
    pub fn document(&self, nr: &str) -> Told<Document> {
        self.world.pixi.document(nr).ok_or_else(|| Astray(format!("document {nr} is gone")))
    }

    /// The payment's books.
    pub fn ledger(&self, payment: &str) -> Told<Ledger> {
        self.world.unzer.ledger(payment).ok_or_else(|| Astray(format!("payment {payment} is gone")))
    }

    /// Waits until something holds on stage.
    pub async fn until(&self, what: &str, holds: impl Fn(&Self) -> bool) -> Told {
        let deadline = self.world.clock.now() + PATIENCE;
        while !holds(self) {
            if self.world.clock.now() > deadline {
                return Err(Astray(format!("waited in vain until {what}")));
            }
            self.world.clock.sleep(GLANCE).await;
        }
        Ok(())
    }

    /// Waits until the order has left HOLD.
    pub async fn released(&self, nr: i64) -> Told {
        self.until("the order is released", |stage| {
            stage.order(nr).is_ok_and(|order| order.lines.iter().all(|line| line.state != LineState::Hal))
        })
        .await
    }

    /// Waits until a document is booked.
    pub async fn booked(&self, document: &str) -> Told {
        self.until(&format!("{document} is booked"), |stage| !stage.world.pixi.bookings_for(document).is_empty()).await
    }

    /// Waits until the order carries a comment with this text.
    pub async fn commented(&self, nr: i64, text: &str) -> Told {
        self.until(&format!("a comment says {text}"), |stage| {
            stage.order(nr).is_ok_and(|order| order.comments.iter().any(|comment| comment.text.contains(text)))
        })
        .await
    }

    /// Waits until the order is behind its lock.
    pub async fn locks(&self, nr: i64) -> Told {
        self.until("the order is locked", |stage| stage.order(nr).is_ok_and(|order| order.lock.is_some())).await
    }

    /// Waits until the order's lock is lifted.
    pub async fn unlocks(&self, nr: i64) -> Told {
        self.until("the lock is lifted", |stage| stage.order(nr).is_ok_and(|order| order.lock.is_none())).await
    }

    /// Time passes.
    pub async fn pause(&self, time: Duration) {
        self.world.clock.sleep(time).await;
    }

    /// Ships some lines by their position, from 0. Answers the invoice.
    pub fn ship(&self, nr: i64, lines: &[usize]) -> Told<String> {
        let keys = self.keys(nr, lines)?;
        let tracking = format!("JJD{nr:08}");
        self.world.pixi.ship(nr, &keys, Some(&tracking)).map_err(|error| Astray(format!("ship: {error}")))
    }

    /// Ships all that is left.
    pub fn ship_all(&self, nr: i64) -> Told<String> {
        let tracking = format!("JJD{nr:08}");
        self.world.pixi.ship_all(nr, Some(&tracking)).map_err(|error| Astray(format!("ship: {error}")))
    }

    /// Cancels some lines.
    pub fn cancel(&self, nr: i64, lines: &[usize]) -> Told {
        let keys = self.keys(nr, lines)?;
        self.world.pixi.cancel_lines(nr, &keys, LineState::Sto).map_err(|error| Astray(format!("cancel: {error}")))
    }

    /// Cancels the whole order.
    pub fn cancel_all(&self, nr: i64) -> Told {
        self.world.pixi.cancel_order(nr).map_err(|error| Astray(format!("cancel: {error}")))
    }

    /// Takes some lines back. Answers the credit note.
    pub fn take_back(&self, nr: i64, lines: &[usize]) -> Told<String> {
        let keys = self.keys(nr, lines)?;
        self.world.pixi.return_lines(nr, &keys).map_err(|error| Astray(format!("return: {error}")))
    }

    fn keys(&self, nr: i64, lines: &[usize]) -> Told<Vec<i64>> {
        let all = self.order(nr)?.line_keys();
        lines.iter().map(|index| all.get(*index).copied().ok_or_else(|| Astray("no such line".to_owned()))).collect()
    }

    /// What moved on the payment: captured, refunded and reversed.
    pub fn moved(&self, payment: &str, captured: i64, refunded: i64, reversed: i64) -> Told {
        let ledger = self.ledger(payment)?;
        let found = (ledger.captured, ledger.refunded, ledger.reversed);
        self.same("captured, refunded, reversed", &found, &(captured, refunded, reversed))
    }

    /// Waits until the payment shows these sums, and stays so for a while.
    pub async fn ends_with(&self, payment: &str, captured: i64, refunded: i64, reversed: i64) -> Told {
        let wanted = format!("{captured} is captured, {refunded} refunded, {reversed} reversed");
        self.until(&wanted, |stage| stage.moved(payment, captured, refunded, reversed).is_ok()).await?;
        self.pause(Duration::from_mins(20)).await;
        self.moved(payment, captured, refunded, reversed)
    }

    /// Waits until the shipment is reported to Unzer, once and over so much.
    pub async fn noticed(&self, payment: &str, amount: i64) -> Told {
        self.until("the shipment is reported", |stage| {
            stage.ledger(payment).is_ok_and(|ledger| !ledger.shipments.is_empty())
        })
        .await?;
        let amounts: Vec<i64> = self.ledger(payment)?.shipments.iter().map(|notice| notice.amount).collect();
        self.same("shipment notices", &amounts, &vec![amount])
    }

    /// No booking for a document.
    pub fn not_booked(&self, document: &str) -> Told {
        self.same(&format!("bookings of {document}"), &self.world.pixi.bookings_for(document).len(), &0)
    }

    /// Exactly one booking of this amount for a document.
    pub fn booked_once(&self, document: &str, amount: i64) -> Told {
        let bookings: Vec<i64> =
            self.world.pixi.bookings_for(document).iter().map(|booking| booking.amount.abs()).collect();
        self.same(&format!("bookings of {document}"), &bookings, &vec![amount])
    }

    /// Whether the order is locked.
    pub fn locked(&self, nr: i64, locked: bool) -> Told {
        self.same("lock", &self.order(nr)?.lock.is_some(), &locked)
    }

    /// Goes astray where two values differ.
    pub fn same<T: PartialEq + fmt::Debug>(&self, what: &str, found: &T, wanted: &T) -> Told {
        if found == wanted {
            return Ok(());
        }
        Err(Astray(format!("{what}: {found:?} instead of {wanted:?}")))
    }
}
