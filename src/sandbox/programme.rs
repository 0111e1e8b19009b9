//! The programme of the sandbox: every story once, one after the other taking the stage, and how each is going.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures_util::future::join_all;

use super::faults::{Fault, Matcher};
use super::stories::{Ending, STORIES, Story};
use super::world::World;
use crate::wire::Peer;

/// Pause between two stories taking the stage, so that a person can follow.
const ENTRANCE: Duration = Duration::from_secs(20);
/// Faults planned for a seed.
const FAULTS: usize = 12;

/// How a story is going.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Going {
    /// Waits for its entrance.
    Waiting,
    /// On stage.
    Playing,
    /// Ended as told: pixi's order number and the ending in words.
    AsTold(i64, Ending),
    /// Went another way.
    Astray(String),
}

/// All stories and how they are going; cheap to clone.
#[derive(Debug, Clone)]
pub struct Programme {
    going: Arc<Mutex<Vec<Going>>>,
    /// pixi order numbers; 0 where there is none yet.
    orders: Arc<Vec<Arc<AtomicI64>>>,
}

impl Default for Programme {
    fn default() -> Self {
        Self {
            going: Arc::new(Mutex::new(vec![Going::Waiting; STORIES.len()])),
            orders: Arc::new(STORIES.iter().map(|_| Arc::default()).collect()),
        }
    }
}

/// A story on the programme.
#[derive(Debug, Clone)]
pub struct Number {
    /// The story.
    pub story: Story,
    /// pixi's number of its order, once there is one.
    pub order: Option<i64>,
    /// How it is going.
    pub going: Going,
}

impl Programme {
    /// Each story with how it is going now.
    pub fn now(&self) -> Vec<Number> {
        let going = self.going.lock().unwrap_or_else(PoisonError::into_inner);
        let orders = self.orders.iter().map(|order| Some(order.load(Ordering::Relaxed)).filter(|nr| *nr != 0));
        let numbers = STORIES.iter().zip(going.iter()).zip(orders);
        numbers.map(|((story, going), order)| Number { story: *story, order, going: going.clone() }).collect()
    }

    /// True once every story has ended.
    pub fn is_over(&self) -> bool {
        self.now().iter().all(|number| matches!(number.going, Going::AsTold(..) | Going::Astray(_)))
    }

    /// True where every story has ended as told.
    pub fn is_as_told(&self) -> bool {
        self.now().iter().all(|number| matches!(number.going, Going::AsTold(..)))
    }

    /// Plays all stories in `world` to their ends.
    pub async fn play(&self, world: &World) {
        let plays = STORIES.iter().enumerate().map(|(number, story)| async move {
            let entrance = ENTRANCE.saturating_mul(u32::try_from(number).unwrap_or(u32::MAX));
            world.clock.sleep(entrance).await;
            self.set(number, Going::Playing);
            let ended = match story.play(world, number, self.orders[number].clone()).await {
                Ok((order, ending)) => Going::AsTold(order, ending),
                Err(astray) => Going::Astray(astray.to_string()),
            };
            self.set(number, ended);
        });
        join_all(plays).await;
    }

    fn set(&self, number: usize, going: Going) {
        let mut all = self.going.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = all.get_mut(number) {
            *place = going;
        }
    }
}

/// Plans faults drawn from a seed: lost and garbled answers, servers out of order, at calls that a daemon has to get
/// right all the same.
pub fn plan_faults(world: &World, seed: u64) {
    const CALLS: &[(Peer, &str)] = &[
        (Peer::Unzer, "capture"),
        (Peer::Unzer, "refund"),
        (Peer::Unzer, "reverse"),
        (Peer::Unzer, "ship"),
        (Peer::Unzer, "payment"),
        (Peer::Unzer, "transaction"),
        (Peer::Pixi, "pixiPaySetInvoiceCapture"),
        (Peer::Pixi, "pixiPaySetAuthorizationStatus"),
        (Peer::Pixi, "pixiSetOrderShippingLock"),
        (Peer::Pixi, "pixiGetOrderline"),
        (Peer::Pixi, "pixiPayGetOrdersToAuthorize"),
        (Peer::Pixi, "pixiGetInvoice"),
    ];
    const KINDS: &[Fault] = &[
        Fault::DropBefore,
        Fault::DropAfter,
        Fault::Status(503),
        Fault::StatusAfterEffect(500),
        Fault::Garbage,
        Fault::TruncatedBody,
    ];
    let mut state = seed;
    let mut draw = |sides: usize| {
        // SplitMix64, so that a seed means the same faults everywhere.
        state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        usize::try_from((z ^ (z >> 31)) % sides as u64).unwrap_or(0)
    };
    for _ in 0..FAULTS {
        let (peer, call) = CALLS[draw(CALLS.len())];
        let nth = u32::try_from(1 + draw(6)).unwrap_or(1);
        world.faults.plan(Matcher::nth(peer, call, nth), KINDS[draw(KINDS.len())]);
    }
}
