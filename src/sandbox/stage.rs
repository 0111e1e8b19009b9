//! The stage demo stories play on: a shop, a warehouse and a customer service, acting on the simulated peers.

use std::fmt;
use std::time::Duration;

use super::pixi::{Document, LineState, NewLine, NewOrder, SimOrder};
use super::unzer::Ledger;
use super::world::{EXPERT, MANDANT, STANDARD, World};
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
    /// Number of the story: makes the shop's order number.
    pub number: usize,
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
        let code = if self.mode == Mode::Expert { EXPERT } else { STANDARD };
        let lines = lines.iter().enumerate().map(|(index, price)| NewLine {
            item: format!("ART-{}", index + 1),
            qty: 1,
            price: *price,
        });
        let new = NewOrder {
            shop: MANDANT.to_owned(),
            payment_code: code.to_owned(),
            external,
            customer: None,
            lines: lines.collect(),
            ship_cost: shipping,
            discount: 0,
            currency: self.currency,
            pay_id: pay_id.map(str::to_owned),
            card_info: None,
            import_xml: None,
            address: None,
            ship_to: None,
            ordered: None,
        };
        self.world.pixi.import_order(new).map_err(|error| Astray(format!("import: {error}")))
    }

    /// The shop authorises with a new type of `slug`, then the order comes to pixi.
    pub fn authorize(&self, slug: &str, lines: &[i64], shipping: i64) -> Told<Sold> {
        let total = lines.iter().sum::<i64>() + shipping;
        let payment = self.world.unzer.shop(0).authorize(slug, self.money(total), &self.external())?;
        Ok(Sold { nr: self.import(lines, shipping, Some(&payment))?, payment })
    }

    /// The shop charges with a new type of `slug`, then the order comes to pixi.
    pub fn charge(&self, slug: &str, lines: &[i64], shipping: i64) -> Told<Sold> {
        let total = lines.iter().sum::<i64>() + shipping;
        let payment = self.world.unzer.shop(0).charge(slug, self.money(total), &self.external())?;
        Ok(Sold { nr: self.import(lines, shipping, Some(&payment))?, payment })
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
