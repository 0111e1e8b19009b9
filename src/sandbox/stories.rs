//! Demo stories: what happens to an order, and how it has to end. The sandbox shows them, tests prove them.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use super::stage::{Stage, Told};
use super::world::World;
use crate::config::Mode;
use crate::money::Currency;

/// How a story ends, in words for the table.
pub type Ending = &'static str;

type Playing = Pin<Box<dyn Future<Output = Told<(i64, Ending)>> + Send>>;

/// One story.
#[derive(Clone, Copy)]
pub struct Story {
    /// Name, as the table shows it.
    pub name: &'static str,
    /// Payment method, as the table shows it.
    pub method: &'static str,
    /// Mode it is sold in.
    pub mode: Mode,
    /// Currency it is sold in.
    currency: &'static str,
    play: fn(Stage) -> Playing,
}

impl std::fmt::Debug for Story {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.name, self.method)
    }
}

impl Story {
    /// Plays it to its end. Answers the order's number and how it ended.
    pub async fn play(&self, world: &World, number: usize) -> Told<(i64, Ending)> {
        let currency = self.currency.parse().unwrap_or(Currency::EUR);
        let stage = Stage { world: world.clone(), mode: self.mode, currency, number };
        (self.play)(stage).await
    }
}

macro_rules! story {
    ($name:literal, $method:literal, $mode:ident, $play:expr) => {
        story!($name, $method, $mode, "EUR", $play)
    };
    ($name:literal, $method:literal, $mode:ident, $currency:literal, $play:expr) => {
        Story {
            name: $name,
            method: $method,
            mode: Mode::$mode,
            currency: $currency,
            play: |stage| Box::pin($play(stage)),
        }
    };
}

/// All stories.
pub const STORIES: &[Story] = &[
    story!("shipped in two parts", "Card", Expert, two_parts),
    story!("captured at import", "Card", Standard, captured_at_import),
    story!("cancelled before shipping", "Card", Expert, cancelled_expert),
    story!("cancelled after capture", "Card", Standard, cancelled_standard),
    story!("one line cancelled", "Card", Expert, one_line_cancelled_expert),
    story!("one line cancelled", "Card", Standard, one_line_cancelled_standard),
    story!("one line returned", "Card", Expert, returned_in_part),
    story!("everything returned", "PayPal", Expert, returned_wholly),
    story!("captured at import", "PayPal", Standard, paypal_standard),
    story!("shipped in two parts", "Apple Pay", Expert, apple_pay),
    story!("paid in the shop", "SOFORT", Standard, |stage| paid(stage, "sofort")),
    story!("paid in the shop", "EPS", Expert, |stage| paid(stage, "eps")),
    story!("paid and returned", "iDEAL", Standard, |stage| paid_and_returned(stage, "ideal")),
    story!("paid and cancelled", "Alipay", Expert, |stage| paid_and_cancelled(stage, "alipay")),
    story!("paid in zloty", "Przelewy24", Standard, "PLN", |stage| paid(stage, "przelewy24")),
    story!("paid in the shop", "Direct Debit", Standard, |stage| paid(stage, "sepa-direct-debit")),
    story!("paid in the shop", "Direct Debit Secured", Expert, |stage| paid(stage, "sepa-direct-debit-secured")),
    story!("captured per invoice", "Paylater Invoice", Standard, |stage| pay_later(stage, "paylater-invoice")),
    story!("captured per invoice", "Paylater Installment", Expert, |stage| pay_later(stage, "paylater-installment")),
    story!("captured per invoice", "Paylater Direct Debit", Expert, |stage| pay_later(stage, "paylater-direct-debit")),
    story!("capture declined at import", "Card", Standard, declined_at_import),
    story!("capture declined after shipping", "Card", Expert, declined_after_shipping),
    story!("too little money", "Card", Expert, too_little),
    story!("buyer finishes late", "SOFORT", Standard, buyer_late),
    story!("no payment id", "-", Expert, no_payment_id),
    story!("made by hand in pixi", "-", Standard, by_hand),
    story!("charged back", "Direct Debit", Standard, charged_back),
];

async fn two_parts(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.authorize("card", &[60_00, 59_00], 4_90)?;
    stage.released(sold.nr).await?;
    let first = stage.ship(sold.nr, &[0])?;
    stage.booked(&first).await?;
    let second = stage.ship(sold.nr, &[1])?;
    stage.booked(&second).await?;
    stage.ends_with(&sold.payment, 123_90, 0, 0).await?;
    stage.booked_once(&first, 64_90)?;
    stage.booked_once(&second, 59_00)?;
    Ok((sold.nr, "two invoices captured and booked"))
}

async fn captured_at_import(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.authorize("card", &[119_00], 0)?;
    stage.released(sold.nr).await?;
    stage.moved(&sold.payment, 119_00, 0, 0)?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 119_00, 0, 0).await?;
    stage.booked_once(&invoice, 119_00)?;
    Ok((sold.nr, "captured once, booked once"))
}

async fn cancelled_expert(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.authorize("card", &[25_00, 25_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel_all(sold.nr)?;
    stage.ends_with(&sold.payment, 0, 0, 50_00).await?;
    Ok((sold.nr, "authorisation reversed"))
}

async fn cancelled_standard(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.authorize("card", &[80_00], 5_00)?;
    stage.released(sold.nr).await?;
    stage.cancel_all(sold.nr)?;
    stage.ends_with(&sold.payment, 85_00, 85_00, 0).await?;
    Ok((sold.nr, "money paid back"))
}

async fn one_line_cancelled_expert(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.authorize("card", &[40_00, 15_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel(sold.nr, &[1])?;
    let invoice = stage.ship(sold.nr, &[0])?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 40_00, 0, 15_00).await?;
    stage.booked_once(&invoice, 40_00)?;
    Ok((sold.nr, "rest of the authorisation reversed"))
}

async fn one_line_cancelled_standard(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.authorize("card", &[40_00, 15_00], 0)?;
    stage.released(sold.nr).await?;
    stage.cancel(sold.nr, &[1])?;
    let invoice = stage.ship(sold.nr, &[0])?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 55_00, 15_00, 0).await?;
    stage.booked_once(&invoice, 40_00)?;
    Ok((sold.nr, "cancelled line paid back"))
}

async fn returned_in_part(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.authorize("card", &[70_00, 30_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    let credit_note = stage.take_back(sold.nr, &[1])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 100_00, 30_00, 0).await?;
    stage.booked_once(&credit_note, 30_00)?;
    Ok((sold.nr, "credit note refunded and booked"))
}

async fn returned_wholly(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.authorize("paypal", &[20_00, 22_00], 0)?;
    stage.released(sold.nr).await?;
    let first = stage.ship(sold.nr, &[0])?;
    stage.booked(&first).await?;
    let second = stage.ship(sold.nr, &[1])?;
    stage.booked(&second).await?;
    let credit_note = stage.take_back(sold.nr, &[0, 1])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 42_00, 42_00, 0).await?;
    stage.booked_once(&credit_note, 42_00)?;
    Ok((sold.nr, "refunded over both captures"))
}

async fn paypal_standard(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.authorize("paypal", &[33_00], 3_00)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 36_00, 0, 0).await?;
    Ok((sold.nr, "captured once, booked once"))
}

async fn apple_pay(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.authorize("applepay", &[10_00, 12_00, 13_00], 0)?;
    stage.released(sold.nr).await?;
    let first = stage.ship(sold.nr, &[0, 1])?;
    stage.booked(&first).await?;
    let second = stage.ship(sold.nr, &[2])?;
    stage.booked(&second).await?;
    stage.ends_with(&sold.payment, 35_00, 0, 0).await?;
    Ok((sold.nr, "two invoices captured and booked"))
}

async fn paid(stage: Stage, slug: &'static str) -> Told<(i64, Ending)> {
    let sold = stage.charge(slug, &[45_00, 5_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    stage.ends_with(&sold.payment, 50_00, 0, 0).await?;
    stage.booked_once(&invoice, 50_00)?;
    Ok((sold.nr, "booked"))
}

async fn paid_and_returned(stage: Stage, slug: &'static str) -> Told<(i64, Ending)> {
    let sold = stage.charge(slug, &[45_00, 5_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship_all(sold.nr)?;
    stage.booked(&invoice).await?;
    let credit_note = stage.take_back(sold.nr, &[0])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 50_00, 45_00, 0).await?;
    stage.booked_once(&credit_note, 45_00)?;
    Ok((sold.nr, "credit note refunded and booked"))
}

async fn paid_and_cancelled(stage: Stage, slug: &'static str) -> Told<(i64, Ending)> {
    let sold = stage.charge(slug, &[18_00], 2_00)?;
    stage.released(sold.nr).await?;
    stage.cancel_all(sold.nr)?;
    stage.ends_with(&sold.payment, 20_00, 20_00, 0).await?;
    Ok((sold.nr, "money paid back"))
}

async fn pay_later(stage: Stage, slug: &'static str) -> Told<(i64, Ending)> {
    let sold = stage.authorize(slug, &[90_00, 60_00], 0)?;
    stage.released(sold.nr).await?;
    stage.moved(&sold.payment, 0, 0, 0)?;
    let first = stage.ship(sold.nr, &[0])?;
    stage.booked(&first).await?;
    let second = stage.ship(sold.nr, &[1])?;
    stage.booked(&second).await?;
    let credit_note = stage.take_back(sold.nr, &[1])?;
    stage.booked(&credit_note).await?;
    stage.ends_with(&sold.payment, 150_00, 60_00, 0).await?;
    Ok((sold.nr, "captured per invoice, return refunded"))
}

async fn declined_at_import(stage: Stage) -> Told<(i64, Ending)> {
    let total = stage.money(66_00);
    let payment = stage.world.unzer.shop(0).authorize("card", total, &stage.external())?;
    stage.world.unzer.decline_next(&payment, "COR.800.100.152");
    let nr = stage.import(&[66_00], 0, Some(&payment))?;
    stage.released(nr).await?;
    stage.locked(nr, true)?;
    stage.commented(nr, "PP-1208").await?;
    stage.moved(&payment, 0, 0, 0)?;
    Ok((nr, "released with a shipping lock, problem"))
}

async fn declined_after_shipping(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.authorize("card", &[77_00], 0)?;
    stage.released(sold.nr).await?;
    stage.world.unzer.decline_next(&sold.payment, "COR.800.100.171");
    let invoice = stage.ship_all(sold.nr)?;
    stage.commented(sold.nr, "PP-1303").await?;
    stage.pause(Duration::from_mins(30)).await;
    stage.moved(&sold.payment, 0, 0, 0)?;
    stage.same("bookings", &stage.world.pixi.bookings_for(&invoice).len(), &0)?;
    Ok((sold.nr, "not captured, not booked, problem"))
}

async fn too_little(stage: Stage) -> Told<(i64, Ending)> {
    let payment = stage.world.unzer.shop(0).authorize("card", stage.money(50_00), &stage.external())?;
    let nr = stage.import(&[55_00], 0, Some(&payment))?;
    stage.released(nr).await?;
    stage.locked(nr, true)?;
    stage.commented(nr, "PP-1206").await?;
    Ok((nr, "released with a shipping lock, problem"))
}

async fn buyer_late(stage: Stage) -> Told<(i64, Ending)> {
    let shop = stage.world.unzer.shop(0);
    let payment = shop.charge_and_wait("sofort", stage.money(31_00), &stage.external())?;
    let nr = stage.import(&[31_00], 0, Some(&payment))?;
    stage.pause(Duration::from_mins(6)).await;
    let held = stage.order(nr)?.state() == super::pixi::OrderState::Hold;
    stage.same("still on hold", &held, &true)?;
    stage.world.unzer.finish_redirect(&payment, None)?;
    stage.released(nr).await?;
    stage.locked(nr, false)?;
    let invoice = stage.ship_all(nr)?;
    stage.booked(&invoice).await?;
    stage.booked_once(&invoice, 31_00)?;
    Ok((nr, "waited on HOLD, then booked"))
}

async fn no_payment_id(stage: Stage) -> Told<(i64, Ending)> {
    let nr = stage.import(&[12_00], 0, None)?;
    stage.released(nr).await?;
    stage.locked(nr, true)?;
    stage.commented(nr, "PP-1101").await?;
    Ok((nr, "released with a shipping lock, problem"))
}

async fn by_hand(stage: Stage) -> Told<(i64, Ending)> {
    let nr = stage.import_as(None, &[12_00], 0, None)?;
    stage.pause(Duration::from_mins(45)).await;
    let order = stage.order(nr)?;
    stage.same("still on hold", &(order.state() == super::pixi::OrderState::Hold), &true)?;
    stage.same("comments", &order.comments.len(), &0)?;
    stage.locked(nr, false)?;
    Ok((nr, "left alone"))
}

async fn charged_back(stage: Stage) -> Told<(i64, Ending)> {
    let sold = stage.charge("sepa-direct-debit", &[27_00, 27_00], 0)?;
    stage.released(sold.nr).await?;
    let invoice = stage.ship(sold.nr, &[0])?;
    stage.booked(&invoice).await?;
    stage.world.unzer.charge_back(&sold.payment, "s-chg-1", stage.money(54_00))?;
    stage.until("the order is locked", |stage| stage.order(sold.nr).is_ok_and(|order| order.lock.is_some())).await?;
    stage.commented(sold.nr, "PP-1205").await?;
    Ok((sold.nr, "chargeback noticed, rest locked"))
}
