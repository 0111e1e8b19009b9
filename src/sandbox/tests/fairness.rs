//! Fairness: a mandant with very many orders keeps nobody else waiting.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use url::Url;

use crate::clock::Clock;
use crate::config;
use crate::engine::{Daemon, Stop};
use crate::journal::{Journal, Options};
use crate::money::Currency;
use crate::sandbox::faults::Faults;
use crate::sandbox::pixi::{Access, NewOrder, OrderState, PixiSim, Shop};
use crate::sandbox::unzer::UnzerSim;
use crate::sandbox::world::{EXPERT, ZONE, start};
use crate::wire::{Peer, Request, Response, SendError, SharedWire, Wire};

const APIS: usize = 10;
const MANDANTS_OF_AN_API: usize = 5;
/// Orders on hold of the one mandant, the first of the first pixi API.
const VERY_MANY: usize = 20_000;
/// How long pixi and Unzer take for an answer.
const PIXI_TAKES: Duration = Duration::from_millis(200);
const UNZER_TAKES: Duration = Duration::from_millis(100);
/// Requests in flight at once: pixi's `max_parallel`, and what a key pair may have.
const MOST_IN_FLIGHT: usize = 4;

fn shop(number: usize) -> String {
    format!("M{number:02}")
}

/// Ten installations of pixi and one Unzer, each with its latency, and the most requests each endpoint ever had in flight.
struct Peers {
    pixi: BTreeMap<String, SharedWire>,
    unzer: SharedWire,
    clock: Clock,
    in_flight: Mutex<BTreeMap<Arc<str>, Arc<AtomicUsize>>>,
    most: AtomicUsize,
}

#[async_trait]
impl Wire for Peers {
    async fn send(&self, request: Request) -> Result<Response, SendError> {
        let count = self.in_flight.lock().unwrap().entry(request.endpoint.clone()).or_default().clone();
        self.most.fetch_max(count.fetch_add(1, Ordering::Relaxed) + 1, Ordering::Relaxed);
        let (peer, takes) = match request.peer {
            Peer::Pixi => (&self.pixi[request.endpoint.as_ref()], PIXI_TAKES),
            Peer::Unzer => (&self.unzer, UNZER_TAKES),
        };
        self.clock.sleep(takes).await;
        let answer = peer.send(request).await;
        count.fetch_sub(1, Ordering::Relaxed);
        answer
    }
}

struct Market {
    pixi: Vec<PixiSim>,
    unzer: UnzerSim,
    sold: usize,
}

impl Market {
    fn new(clock: &Clock) -> Self {
        let faults = Faults::new();
        let unzer = UnzerSim::new(clock.clone(), faults.clone());
        unzer.set_base("http://127.0.0.1:9");
        let installation = |api: usize| {
            let endpoint = Url::parse(&format!("http://127.0.0.1:9/soap/pixi{api}/")).unwrap();
            let access = Access { endpoint, user: "pixi".to_owned(), password: "secret".to_owned() };
            let pixi = PixiSim::with_faults(clock.clone(), ZONE, access, faults.clone());
            for number in 0..MANDANTS_OF_AN_API {
                let id = shop(api * MANDANTS_OF_AN_API + number);
                pixi.add_shop(Shop { name: id.clone(), id, currency: Currency::EUR });
            }
            pixi
        };
        for number in 1..APIS * MANDANTS_OF_AN_API {
            unzer.add_merchant(&format!("s-pub-{number}"), &format!("s-priv-{number}"), &shop(number));
        }
        Self { pixi: (0..APIS).map(installation).collect(), unzer, sold: 0 }
    }

    /// An authorised order of a mandant, on hold.
    fn sell(&mut self, mandant: usize) -> i64 {
        self.sold += 1;
        let external = format!("SHOP-{}", self.sold);
        let payment = self.unzer.shop(mandant).authorize("card", Currency::EUR.of(60_00), &external).unwrap();
        let order = NewOrder::new(&shop(mandant), EXPERT).external(&external).line("ART-1", 1, 60_00).pay_id(&payment);
        self.pixi[mandant / MANDANTS_OF_AN_API].import_order(order).unwrap()
    }

    fn is_on_hold(&self, mandant: usize, nr: i64) -> bool {
        self.pixi[mandant / MANDANTS_OF_AN_API].order(nr).unwrap().state() == OrderState::Hold
    }

    fn configuration(&self) -> String {
        let mut text =
            "timezone: Europe/Berlin\nschedule:\n  cycle: \"0 */5 * * * *\"\n  quiet_hours: none\npixi:\n".to_owned();
        for (api, pixi) in self.pixi.iter().enumerate() {
            let endpoint = pixi.endpoint();
            write!(
                text,
                "  pixi{api}:\n    active: true\n    endpoint: {endpoint}\n    username: pixi\n    password: secret\n"
            )
            .unwrap();
        }
        text.push_str("mandants:\n");
        for number in 0..APIS * MANDANTS_OF_AN_API {
            use secrecy::ExposeSecret as _;
            let pair = self.unzer.key_pair(number).unwrap();
            let (id, api, private) = (shop(number), number / MANDANTS_OF_AN_API, pair.private_key.expose_secret());
            write!(
                text,
                "  {id}:\n    name: {id}\n    pixi: pixi{api}\n    process_from: 2026-03-01\n    payment_types:\n      \
                 {EXPERT}:\n        active: true\n        mode: expert\n        event_invoice: UZE\n        \
                 event_return: UZR\n        xml_tag: unzer\n        public_key: {}\n        private_key: {private}\n        \
                 unzer_url: http://127.0.0.1:9\n",
                pair.public_key,
            )
            .unwrap();
        }
        text
    }
}

/// How long each mandant's order waited from its sale to its release, in milliseconds, while the first mandant has so many
/// orders on hold. The others sell one each, twice, right before a cycle begins.
async fn waits(orders: usize) -> Vec<Vec<i64>> {
    let clock = Clock::simulated(start(), 1);
    let mut market = Market::new(&clock);
    for _ in 0..orders {
        market.sell(0);
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pixi-payd.yaml");
    std::fs::write(&file, market.configuration()).unwrap();
    let settings = Arc::new(config::load(&file).unwrap_or_else(|findings| panic!("{findings}")).settings);
    let journal =
        Journal::open(Options::new(folder.path().join("store.db"), clock.clone()).simulated(7)).await.unwrap();
    let peers = Arc::new(Peers {
        pixi: (0..APIS).map(|api| (format!("pixi{api}"), Arc::new(market.pixi[api].wire()) as SharedWire)).collect(),
        unzer: market.unzer.wire(),
        clock: clock.clone(),
        in_flight: Mutex::default(),
        most: AtomicUsize::new(0),
    });
    let stop = Stop::default();
    let daemon = Daemon::start(settings, peers.clone(), journal, clock.clone(), 7, stop.clone()).await.unwrap();
    let people = async {
        let mut waited = Vec::new();
        // The cycle of 9:05 is at work.
        for minutes in [10, 20] {
            let since = start() + TimeDelta::minutes(minutes) - TimeDelta::milliseconds(100);
            clock.sleep((since - clock.now()).to_std().unwrap()).await;
            let mut waiting: BTreeMap<usize, i64> =
                (0..APIS * MANDANTS_OF_AN_API).map(|mandant| (mandant, market.sell(mandant))).collect();
            let mut took = vec![0; waiting.len()];
            // The first mandant's own order stands at the end of its row.
            while waiting.len() > usize::from(orders > 1) {
                clock.sleep(Duration::from_millis(100)).await;
                let released: BTreeSet<usize> =
                    waiting.iter().filter(|(m, nr)| !market.is_on_hold(**m, **nr)).map(|(m, _)| *m).collect();
                for mandant in released {
                    took[mandant] = (clock.now() - since).num_milliseconds();
                    waiting.remove(&mandant);
                }
                assert!((clock.now() - since).num_minutes() < 120, "{} wait", waiting.len());
            }
            waited.push(took);
        }
        waited
    };
    let (people, mut running) = (std::pin::pin!(people), std::pin::pin!(daemon.run()));
    let waited = match futures_util::future::select(people, running.as_mut()).await {
        futures_util::future::Either::Left((waited, _)) => waited,
        futures_util::future::Either::Right((ended, _)) => panic!("{ended:?}"),
    };
    stop.now();
    running.await.unwrap();
    let most = peers.most.load(Ordering::Relaxed);
    assert_eq!(most, MOST_IN_FLIGHT, "limits per pixi API and per key pair");
    waited
}

#[tokio::test(start_paused = true)]
async fn a_mandant_with_very_many_orders_keeps_nobody_waiting_longer_than_twice_its_share() {
    let (shares, others) = (waits(1).await, waits(VERY_MANY).await);
    for (share, waited) in shares.iter().zip(&others) {
        for mandant in 1..share.len() {
            let (share, waited) = (share[mandant], waited[mandant]);
            assert!(waited <= 2 * share, "{}: {waited} ms instead of {share} ms", shop(mandant));
        }
    }
}
