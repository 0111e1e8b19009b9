//! A whole world without any account: a simulated pixi, a simulated Unzer, and a configuration that joins them.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono_tz::Tz;
use secrecy::ExposeSecret as _;
use url::Url;

use super::faults::Faults;
use super::pixi::{Access, CurrencyRow, PaymentType, PixiSim, Shop};
use super::unzer::UnzerSim;
use crate::clock::{Clock, Time};
use crate::config::Mode;
use crate::money::Currency;
use crate::wire::{Peer, Request, Response, SendError, SharedWire, Wire};

/// A Tuesday morning: far from quiet hours, weekends and clock changes.
pub const START: &str = "2026-03-03T08:00:00Z";
/// Zone of the simulated pixi.
pub const ZONE: Tz = Tz::Europe__Berlin;
/// First mandant of the demo orders.
pub const MANDANT: &str = "DEM";
/// First mandant's payment type in expert mode; it carries every method.
pub const EXPERT: &str = "U";
/// First mandant's payment type in standard mode; it carries every method.
pub const STANDARD: &str = "V";
/// Orders of the first mandant that are older than this day are left alone.
pub const PROCESS_FROM: &str = "2026-03-01";

/// A mandant of the demo orders, with its own key pair at Unzer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seller {
    /// The one most stories play at.
    First,
    /// Another one, with letters of its own for its payment types.
    Second,
}

impl Seller {
    /// ShopID.
    pub fn shop(self) -> &'static str {
        match self {
            Self::First => MANDANT,
            Self::Second => "OUT",
        }
    }

    /// pixi PaymentCode of what is sold in a mode.
    pub fn payment_type(self, mode: Mode) -> &'static str {
        match (self, mode) {
            (Self::First, Mode::Expert) => EXPERT,
            (Self::First, Mode::Standard) => STANDARD,
            (Self::Second, Mode::Expert) => "X",
            (Self::Second, Mode::Standard) => "Y",
        }
    }

    /// Which of the simulated Unzer's merchants it is.
    pub fn merchant(self) -> usize {
        match self {
            Self::First => 0,
            Self::Second => 1,
        }
    }
}

/// Key pair of the second mandant.
const SECOND_KEYS: (&str, &str) = ("s-pub-sandbox2", "s-priv-sandbox2");

/// The simulated peers, sharing one clock and one plan of faults.
#[derive(Clone, Debug)]
pub struct World {
    /// The ERP.
    pub pixi: PixiSim,
    /// The payment provider.
    pub unzer: UnzerSim,
    /// Faults of both.
    pub faults: Faults,
    /// Their clock.
    pub clock: Clock,
}

/// File beside a sandbox's configuration that tells commands in another terminal how its clock runs.
pub const CLOCK_FILE: &str = "sandbox-clock.json";

/// How the clock of a running sandbox runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct ClockFile {
    /// What the machine's clock showed when the sandbox's showed `shown`.
    pub real: Time,
    /// What the sandbox's clock showed then.
    pub shown: Time,
    /// Sandbox seconds per real second.
    pub speed: u32,
}

impl ClockFile {
    /// A clock that shows the same as the sandbox's, given what the machine's clock shows now.
    pub fn clock(&self, real_now: Time) -> Clock {
        let run = (real_now - self.real).checked_mul(i32::try_from(self.speed).unwrap_or(1)).unwrap_or_default();
        Clock::simulated(self.shown + run, self.speed)
    }
}

/// When worlds start.
pub fn start() -> Time {
    START.parse().unwrap_or(Time::MIN_UTC)
}

/// Login of the simulated pixi.
const PIXI_USER: &str = "pixiSIM";
const PIXI_PASSWORD: &str = "simulated-pixi";

impl World {
    /// A new world, reached at made-up addresses until it is served.
    pub fn new(clock: Clock) -> Self {
        let faults = Faults::new();
        let endpoint = Url::parse("http://127.0.0.1:9/soap/pixiSIM/").unwrap_or_else(|_| unreachable!("a constant"));
        let access = Access { endpoint, user: PIXI_USER.to_owned(), password: PIXI_PASSWORD.to_owned() };
        let pixi = PixiSim::with_faults(clock.clone(), ZONE, access, faults.clone());
        pixi.add_shop(Shop {
            id: Seller::Second.shop().to_owned(),
            name: "Demo Outdoor".to_owned(),
            currency: Currency::EUR,
        });
        for seller in [Seller::First, Seller::Second] {
            for (mode, text) in [(Mode::Expert, "Unzer"), (Mode::Standard, "Unzer sofort")] {
                pixi.add_payment_type(PaymentType {
                    code: seller.payment_type(mode).to_owned(),
                    tag: "unzer".to_owned(),
                    text: text.to_owned(),
                    starts_on_hold: true,
                });
            }
        }
        for (id, code, per_mille) in [(5, "PLN", 234), (6, "JPY", 6), (7, "TND", 296)] {
            if let Ok(currency) = code.parse() {
                pixi.add_currency(CurrencyRow { id, currency, active: true, per_mille });
            }
        }
        let unzer = UnzerSim::new(clock.clone(), faults.clone());
        unzer.add_merchant(SECOND_KEYS.0, SECOND_KEYS.1, "Sandbox 2");
        unzer.set_base("http://127.0.0.1:9");
        Self { pixi, unzer, faults, clock }
    }

    /// Both peers as one transport, in this process.
    pub fn wire(&self) -> SharedWire {
        Arc::new(WorldWire { pixi: Arc::new(self.pixi.wire()), unzer: self.unzer.wire() })
    }

    /// Login of the simulated pixi: user and password.
    pub fn pixi_login(&self) -> (&'static str, &'static str) {
        (PIXI_USER, PIXI_PASSWORD)
    }

    /// Public and private key of the first mandant at the simulated Unzer.
    pub fn unzer_keys(&self) -> (String, String) {
        self.keys_of(Seller::First)
    }

    fn keys_of(&self, seller: Seller) -> (String, String) {
        let pair = self.unzer.key_pair(seller.merchant());
        pair.map(|pair| (pair.public_key.clone(), pair.private_key.expose_secret().to_owned())).unwrap_or_default()
    }

    /// How fast the clock runs.
    pub fn speed(&self) -> u32 {
        self.clock.speed()
    }

    /// The configuration that joins the two, with a store in `folder`. Brakes are short, so that a demo shows what
    /// they hold back without a day of waiting.
    pub fn configuration(&self, folder: &Path, unzer_url: &str) -> String {
        let endpoint = self.pixi.endpoint();
        let store = folder.join("pixi-payd.db");
        let store = store.display();
        let payment_type = |seller: Seller, mode: Mode| {
            let (public, private) = self.keys_of(seller);
            let (code, mode) = (seller.payment_type(mode), crate::engine::work::mode_name(mode));
            format!(
                "      {code}:\n        active: true\n        mode: {mode}\n        event_invoice: UZE\n        \
                 event_return: UZR\n        xml_tag: unzer\n        public_key: {public}\n        \
                 private_key: {private}\n        unzer_url: {unzer_url}\n"
            )
        };
        let second = Seller::Second.shop();
        format!(
            "# Made by `pixi-payd sandbox`: nothing in it is real.\n\
             timezone: Europe/Berlin\nlanguage: de\ndatabase: sqlite://{store}\n\
             schedule:\n  cycle: \"0 * * * * *\"\n  quiet_hours: none  # the sandbox never sleeps\n\
             safety:\n  confirm_after: 2m\n  refund_delay: 5m\n  absent_after: 5m\n\
             mail:  # kept in the folder mails; nothing is sent\n  from: pixi-payd@sandbox.example\n  \
             to: [operator@sandbox.example]\n  summary: always\n  smtp: {{host: 127.0.0.1, port: 9, security: none}}\n\
             pixi:\n  sandbox:\n    active: true\n    endpoint: {endpoint}\n    username: {PIXI_USER}\n    \
             password: {PIXI_PASSWORD}\n\
             mandants:\n  {MANDANT}:\n    name: Demo Sport GmbH\n    pixi: sandbox\n    kind: test\n    \
             process_from: {PROCESS_FROM}\n    defaults: {{rounding_tolerance: 2}}\n    payment_types:\n{}{}  \
             {second}:\n    name: Demo Outdoor GmbH\n    pixi: sandbox\n    kind: test\n    \
             defaults: {{rounding_tolerance: 2}}\n    payment_types:\n{}{}",
            payment_type(Seller::First, Mode::Expert),
            payment_type(Seller::First, Mode::Standard),
            payment_type(Seller::Second, Mode::Expert),
            payment_type(Seller::Second, Mode::Standard),
        )
    }
}

struct WorldWire {
    pixi: SharedWire,
    unzer: SharedWire,
}

#[async_trait]
impl Wire for WorldWire {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        match request.peer {
            Peer::Pixi => self.pixi.send(request).await,
            Peer::Unzer => self.unzer.send(request).await,
        }
    }
}
