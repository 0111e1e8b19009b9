//! Demo stories: what happens to an order, and how it has to end. The sandbox shows them, tests prove them.

mod cards;
mod odd;
mod paid;
mod pay_later;
mod secured;
mod transfer;
mod watch;

use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::AtomicI64;
use std::sync::{Arc, LazyLock};

use super::stage::{Stage, Told};
use super::world::{Seller, World};
use crate::config::Mode;
use crate::money::Currency;

/// How a story ends, in words for the table.
pub type Ending = &'static str;

/// Order number and ending.
type Played = Told<(i64, Ending)>;

type Playing = Pin<Box<dyn Future<Output = Played> + Send>>;

/// One story.
#[derive(Clone, Copy)]
pub struct Story {
    /// Name, as the table shows it.
    pub name: &'static str,
    /// Payment method, as the table shows it.
    pub method: &'static str,
    /// Mode it is sold in.
    pub mode: Mode,
    /// Mandant that sells.
    pub seller: Seller,
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
    /// The same story sold in another currency.
    const fn currency(self, currency: &'static str) -> Self {
        Self { currency, ..self }
    }

    /// The same story sold by the second mandant.
    const fn second(self) -> Self {
        Self { seller: Seller::Second, ..self }
    }

    /// Plays it to its end. `order` shows its order's number as soon as there is one. Answers that number and how it
    /// ended.
    pub async fn play(&self, world: &World, number: usize, order: Arc<AtomicI64>) -> Told<(i64, Ending)> {
        let currency = self.currency.parse().unwrap_or(Currency::EUR);
        let stage = Stage { currency, seller: self.seller, order, ..Stage::new(world, self.mode, number) };
        (self.play)(stage).await
    }
}

macro_rules! story {
    ($name:literal, $method:literal, $mode:ident, $play:expr) => {
        $crate::sandbox::stories::Story {
            name: $name,
            method: $method,
            mode: $crate::config::Mode::$mode,
            seller: $crate::sandbox::world::Seller::First,
            currency: "EUR",
            play: |stage| Box::pin($play(stage)),
        }
    };
}
use story;

/// All stories, in the order they take the stage; those that wait longest are not among the last.
pub static STORIES: LazyLock<Vec<Story>> = LazyLock::new(|| {
    let families = [cards::STORIES, odd::STORIES, paid::STORIES, transfer::STORIES, secured::STORIES];
    families.into_iter().chain([pay_later::STORIES, watch::STORIES]).flatten().copied().collect()
});
