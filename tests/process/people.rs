//! Shops, buyers and the merchant's people: orders of every group of methods and both modes, each living its life while the
//! daemon lives and dies.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use pixi_payd::clock::Clock;
use pixi_payd::config::Mode::{self, Expert, Standard};
use pixi_payd::sandbox::pixi::LineState;
use pixi_payd::sandbox::stage::Stage;
use pixi_payd::sandbox::unzer::Ledger;
use pixi_payd::sandbox::{World, world::Seller};

/// How often somebody looks whether the daemon has done what they wait for.
const GLANCE: Duration = Duration::from_millis(400);

/// What happens in an order's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Deed {
    /// Waits until no line is on hold.
    Released,
    /// Waits for the lock.
    Locked,
    /// Waits until the lock is gone.
    Unlocked,
    /// Waits until each document there is has a booking.
    Booked,
    /// Ships lines by their place.
    Ship(&'static [usize]),
    /// Cancels lines.
    Cancel(&'static [usize]),
    /// Cancels the order.
    CancelAll,
    /// Takes lines back.
    Return(&'static [usize]),
    /// The buyer transfers money.
    Transfer(i64),
}
use Deed::{Booked, Cancel, CancelAll, Locked, Released, Return, Ship, Transfer, Unlocked};

/// How an order's captures are told apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Captures {
    /// One for each invoice.
    PerInvoice,
    /// One at release.
    AtRelease,
    /// None by the daemon.
    None,
}

/// A kind of order.
#[derive(Debug)]
pub struct Kind {
    pub method: &'static str,
    pub mode: Mode,
    pub lines: &'static [i64],
    pub shipping: i64,
    pub deeds: &'static [Deed],
    pub captures: Captures,
    /// Captured, refunded and reversed in the end.
    pub moved: (i64, i64, i64),
    /// Shipment notices in the end.
    pub notices: usize,
    /// Whether it ends behind a lock.
    pub locked: bool,
}

const fn kind(method: &'static str, mode: Mode, lines: &'static [i64], deeds: &'static [Deed]) -> Kind {
    let captures = Captures::None;
    Kind { method, mode, lines, shipping: 0, deeds, captures, moved: (0, 0, 0), notices: 0, locked: false }
}

impl Kind {
    const fn moved(self, by: Captures, captured: i64, refunded: i64, reversed: i64) -> Self {
        Self { captures: by, moved: (captured, refunded, reversed), ..self }
    }

    const fn shipping(self, shipping: i64) -> Self {
        Self { shipping, ..self }
    }

    const fn noticed(self) -> Self {
        Self { notices: 1, ..self }
    }

    const fn locked(self) -> Self {
        Self { locked: true, ..self }
    }
}

use Captures::{AtRelease, PerInvoice};

/// Every kind of step a daemon takes by itself is in one of these lives.
pub const KINDS: &[Kind] = &[
    kind("card", Expert, &[60_00, 59_00], &[Released, Ship(&[0]), Booked, Ship(&[1]), Booked])
        .shipping(4_90)
        .moved(PerInvoice, 123_90, 0, 0),
    kind("card", Standard, &[119_00], &[Released, Ship(&[0]), Booked]).moved(AtRelease, 119_00, 0, 0),
    kind("card", Expert, &[70_00, 30_00], &[Released, Ship(&[0, 1]), Booked, Return(&[1]), Booked])
        .moved(PerInvoice, 100_00, 30_00, 0),
    kind("card", Standard, &[70_00, 30_00, 20_00], &[Released, Ship(&[0, 1, 2]), Booked, Return(&[1]), Return(&[2])])
        .moved(AtRelease, 120_00, 50_00, 0),
    kind("paypal", Expert, &[20_00, 22_00], &[Released, Ship(&[0]), Booked, Ship(&[1]), Booked, Return(&[0, 1])])
        .moved(PerInvoice, 42_00, 42_00, 0),
    kind("card", Expert, &[25_00, 25_00], &[Released, CancelAll]).moved(PerInvoice, 0, 0, 50_00),
    kind("card", Standard, &[80_00], &[Released, CancelAll]).shipping(5_00).moved(AtRelease, 85_00, 85_00, 0),
    kind("applepay", Expert, &[40_00, 15_00], &[Released, Cancel(&[1]), Ship(&[0])]).moved(PerInvoice, 40_00, 0, 15_00),
    kind("paypal", Standard, &[40_00, 15_00], &[Released, Cancel(&[1]), Ship(&[0])]).moved(AtRelease, 55_00, 15_00, 0),
    kind("sofort", Standard, &[45_00, 5_00], &[Released, Ship(&[0, 1])]).moved(Captures::None, 50_00, 0, 0),
    kind("eps", Expert, &[45_00, 5_00], &[Released, Ship(&[0, 1]), Booked, Return(&[0])]).moved(
        Captures::None,
        50_00,
        45_00,
        0,
    ),
    kind("prepayment", Standard, &[60_00, 20_00], &[Released, Locked, Transfer(84_90), Unlocked, Ship(&[0, 1])])
        .shipping(4_90)
        .moved(Captures::None, 84_90, 0, 0),
    kind("prepayment", Expert, &[25_00, 10_00], &[Released, Locked, CancelAll])
        .moved(Captures::None, 0, 0, 35_00)
        .locked(),
    kind("invoice", Expert, &[30_00, 11_00], &[Released, Ship(&[0, 1]), Transfer(41_00)]).moved(
        Captures::None,
        41_00,
        0,
        0,
    ),
    kind("invoice-secured", Standard, &[70_00, 10_00], &[Released, Ship(&[0, 1])])
        .shipping(5_00)
        .moved(Captures::None, 85_00, 0, 0)
        .noticed(),
    kind(
        "invoice-secured",
        Expert,
        &[70_00, 20_00, 10_00],
        &[Released, Cancel(&[2]), Ship(&[0, 1]), Booked, Return(&[1])],
    )
    .moved(Captures::None, 90_00, 20_00, 10_00)
    .noticed(),
    kind("paylater-invoice", Standard, &[90_00, 60_00], &[Released, Ship(&[0]), Ship(&[1]), Booked, Return(&[1])])
        .moved(PerInvoice, 150_00, 60_00, 0),
    kind("paylater-installment", Expert, &[90_00], &[Released, CancelAll]).moved(PerInvoice, 0, 0, 90_00),
];

/// An order that was sold.
#[derive(Debug, Clone)]
pub struct Sold {
    pub kind: &'static Kind,
    pub nr: i64,
    pub payment: String,
}

/// Everybody; cheap to clone.
#[derive(Clone)]
pub struct People {
    world: World,
    real: Clock,
    /// All orders, and what those in the middle of their lives wait for.
    sold: Arc<Mutex<Vec<Sold>>>,
    waiting: Arc<Mutex<BTreeMap<usize, String>>>,
}

impl People {
    pub fn new(world: &World) -> Self {
        Self { world: world.clone(), real: Clock::system(), sold: Arc::default(), waiting: Arc::default() }
    }

    /// All orders sold so far.
    pub fn sold(&self) -> Vec<Sold> {
        self.sold.lock().unwrap().clone()
    }

    /// How many orders were sold so far.
    pub fn count(&self) -> usize {
        self.sold.lock().unwrap().len()
    }

    /// How many lives are not over.
    pub fn in_hand(&self) -> usize {
        self.waiting.lock().unwrap().len()
    }

    /// What those wait for, in words.
    pub fn waiting(&self) -> String {
        let waiting = self.waiting.lock().unwrap();
        waiting.values().take(20).cloned().collect::<Vec<_>>().join("\n")
    }

    /// Begins the life of the next order: the kinds take turns.
    pub fn sell(&self) {
        let number = self.sold.lock().unwrap().len();
        self.sell_kind(&KINDS[number % KINDS.len()]);
    }

    /// Begins the life of an order of this kind.
    pub fn sell_kind(&self, kind: &'static Kind) {
        let number = self.sold.lock().unwrap().len();
        let seller = if (number / KINDS.len()).is_multiple_of(3) { Seller::Second } else { Seller::First };
        let stage = Stage { seller, ..Stage::new(&self.world, kind.mode, number) };
        let sold = stage.sell(kind.method, kind.lines, kind.shipping).unwrap();
        let sold = Sold { kind, nr: sold.nr, payment: sold.payment };
        self.sold.lock().unwrap().push(sold.clone());
        self.waiting.lock().unwrap().insert(number, String::new());
        let people = self.clone();
        tokio::spawn(async move { people.live(number, &stage, &sold).await });
    }

    async fn live(&self, number: usize, stage: &Stage, sold: &Sold) {
        for deed in sold.kind.deeds {
            match deed {
                Ship(lines) => drop(stage.ship(sold.nr, lines).unwrap()),
                Cancel(lines) => stage.cancel(sold.nr, lines).unwrap(),
                CancelAll => stage.cancel_all(sold.nr).unwrap(),
                Return(lines) => drop(stage.take_back(sold.nr, lines).unwrap()),
                Transfer(amount) => stage.transfer(&sold.payment, *amount).unwrap(),
                Released | Locked | Unlocked | Booked => {
                    self.until(number, sold, &format!("{deed:?}"), || self.shows(*deed, sold.nr)).await;
                }
            }
        }
        let ended = || {
            let ledger = self.world.unzer.ledger(&sold.payment).unwrap();
            moved(&ledger) == sold.kind.moved
                && ledger.shipments.len() >= sold.kind.notices
                && self.shows(Booked, sold.nr)
        };
        self.until(number, sold, "its end", ended).await;
        self.waiting.lock().unwrap().remove(&number);
    }

    fn shows(&self, deed: Deed, nr: i64) -> bool {
        let pixi = &self.world.pixi;
        let Some(order) = pixi.order(nr) else { return false };
        match deed {
            Released => order.lines.iter().all(|line| line.state != LineState::Hal),
            Locked => order.lock.is_some(),
            Unlocked => order.lock.is_none(),
            _ => pixi.documents_of(nr).iter().all(|document| document.paid_sum != 0),
        }
    }

    async fn until(&self, number: usize, sold: &Sold, what: &str, holds: impl Fn() -> bool) {
        let said = format!("order {} {} {:?} waits for {what}", sold.nr, sold.kind.method, sold.kind.mode);
        self.waiting.lock().unwrap().insert(number, said);
        while !holds() {
            self.real.sleep(GLANCE).await;
        }
    }

    /// Waits until all lives are over.
    ///
    /// # Errors
    /// What the others wait for, where that takes longer than `at_most`.
    pub async fn all_over(&self, at_most: Duration) -> Result<(), String> {
        let over = async {
            while self.in_hand() > 0 {
                self.real.sleep(GLANCE).await;
            }
        };
        let ended = self.real.timeout(at_most, over).await;
        ended.map_err(|_| format!("{} orders have not ended:\n{}", self.in_hand(), self.waiting()))
    }
}

/// Captured, refunded and reversed.
pub fn moved(ledger: &Ledger) -> (i64, i64, i64) {
    (ledger.captured, ledger.refunded, ledger.reversed)
}
