//! A whole world without any account: a simulated pixi, a simulated Unzer, and a configuration that joins them.

use std::path::Path;
use std::sync::Arc;

use async_trait::async_trait;
use chrono_tz::Tz;
use secrecy::ExposeSecret as _;
use url::Url;

use super::faults::Faults;
use super::pixi::{Access, CurrencyRow, PaymentType, PixiSim};
use super::unzer::UnzerSim;
use crate::clock::{Clock, Time};
use crate::wire::{Peer, Request, Response, SendError, SharedWire, Wire};

/// A Tuesday morning: far from quiet hours, weekends and clock changes.
pub const START: &str = "2026-03-03T08:00:00Z";
/// Zone of the simulated pixi.
pub const ZONE: Tz = Tz::Europe__Berlin;
/// Mandant of the demo orders.
pub const MANDANT: &str = "DEM";
/// Payment type in expert mode.
pub const EXPERT: &str = "U";
/// Payment type in standard mode.
pub const STANDARD: &str = "V";

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
        for (code, text) in [(EXPERT, "Unzer"), (STANDARD, "Unzer sofort")] {
            pixi.add_payment_type(PaymentType {
                code: code.to_owned(),
                tag: "unzer".to_owned(),
                text: text.to_owned(),
                starts_on_hold: true,
            });
        }
        if let Ok(currency) = "PLN".parse() {
            pixi.add_currency(CurrencyRow { id: 5, currency, active: true, per_mille: 234 });
        }
        let unzer = UnzerSim::new(clock.clone(), faults.clone());
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

    /// Public and private key of the simulated Unzer's merchant.
    pub fn unzer_keys(&self) -> (String, String) {
        let pair = self.unzer.key_pair(0);
        pair.map(|pair| (pair.public_key.clone(), pair.private_key.expose_secret().to_owned())).unwrap_or_default()
    }

    /// How fast the clock runs.
    pub fn speed(&self) -> u32 {
        self.clock.speed()
    }

    /// The configuration that joins the two, with a store in `folder`. Brakes are short, so that a demo shows what
    /// they hold back without a day of waiting.
    pub fn configuration(&self, folder: &Path, unzer_url: &str) -> String {
        let (public, private) = self.unzer_keys();
        let endpoint = self.pixi.endpoint();
        let store = folder.join("pixi-payd.db");
        let store = store.display();
        let payment_type = |code: &str, mode: &str| {
            format!(
                "      {code}:\n        active: true\n        mode: {mode}\n        event_invoice: UZE\n        \
                 event_return: UZR\n        xml_tag: unzer\n        public_key: {public}\n        \
                 private_key: {private}\n        unzer_url: {unzer_url}\n"
            )
        };
        format!(
            "# Made by `pixi-payd sandbox`: nothing in it is real.\n\
             timezone: Europe/Berlin\nlanguage: de\ndatabase: sqlite://{store}\n\
             schedule:\n  cycle: \"0 * * * * *\"\n  quiet_hours: none  # the sandbox never sleeps\n\
             safety:\n  confirm_after: 2m\n  refund_delay: 5m\n  absent_after: 5m\n\
             pixi:\n  sandbox:\n    active: true\n    endpoint: {endpoint}\n    username: {PIXI_USER}\n    \
             password: {PIXI_PASSWORD}\n\
             mandants:\n  {MANDANT}:\n    name: Demo Sport GmbH\n    pixi: sandbox\n    kind: test\n    \
             defaults: {{rounding_tolerance: 2}}\n    payment_types:\n{}{}",
            payment_type(EXPERT, "expert"),
            payment_type(STANDARD, "standard"),
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
