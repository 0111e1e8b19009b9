//! Who has what in hand in this process: an order is worked on by one at a time, a mandant's orders by one cycle.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, OwnedMutexGuard, RwLock, RwLockReadGuard};

use crate::clock::Time;
use crate::config::{ApiName, MandantId};
use crate::steps::OrderId;

/// What is in hand. Shared by all configurations of a process, one after another.
#[derive(Debug, Default)]
pub struct Hands {
    /// By pixi API.
    first_bookings: Mutex<BTreeMap<ApiName, Arc<tokio::sync::Mutex<()>>>>,
    /// Held by whoever works on orders, side by side; alone by whoever has to wait until nobody does.
    working: RwLock<()>,
    orders: Mutex<BTreeMap<OrderId, Arc<tokio::sync::Mutex<()>>>>,
    mandants: Mutex<BTreeSet<(ApiName, MandantId)>>,
    progress: Mutex<BTreeMap<MandantId, Progress>>,
    freed: Notify,
}

/// How far the cycles over a mandant have come since the start.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Progress {
    /// When the last one ended.
    pub ended: Option<Time>,
    /// When the last one ended that reached everything it had to.
    pub ended_whole: Option<Time>,
    /// What pixi named as changed until then was taken up.
    pub changes_until: Option<Time>,
}

/// An order in hand; dropped to let go of it.
#[derive(Debug)]
pub struct Hand {
    hands: Arc<Hands>,
    order: OrderId,
    _guard: OwnedMutexGuard<()>,
}

/// The mandants of a pixi API that one cycle has in hand; dropped to let go of them all.
#[derive(Debug)]
pub struct InHand {
    hands: Arc<Hands>,
    api: ApiName,
    left_out: BTreeSet<MandantId>,
    mandants: Mutex<BTreeSet<MandantId>>,
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Hands {
    /// Takes an order in hand once nobody else has it. Whoever came first is first.
    pub async fn take(self: &Arc<Self>, order: &OrderId) -> Hand {
        let one = locked(&self.orders).entry(order.clone()).or_default().clone();
        Hand { hands: self.clone(), order: order.clone(), _guard: one.lock_owned().await }
    }

    /// Held while it is decided which booking with an event goes first at a pixi API.
    pub fn first_booking(&self, api: &ApiName) -> Arc<tokio::sync::Mutex<()>> {
        locked(&self.first_bookings).entry(api.clone()).or_default().clone()
    }

    /// How far the cycles over each mandant have come.
    pub fn progress(&self) -> BTreeMap<MandantId, Progress> {
        locked(&self.progress).clone()
    }

    /// What pixi named as changed until then was taken up for the mandant.
    pub fn changes_until(&self, mandant: &MandantId) -> Option<Time> {
        locked(&self.progress).get(mandant)?.changes_until
    }

    /// Held for as long as something is done with orders.
    pub async fn work(&self) -> RwLockReadGuard<'_, ()> {
        self.working.read().await
    }

    /// Waits until nothing is done with orders; nothing is until it is dropped.
    pub async fn rest(&self) -> tokio::sync::RwLockWriteGuard<'_, ()> {
        self.working.write().await
    }

    /// True while something is done with orders.
    pub fn are_busy(&self) -> bool {
        self.working.try_write().is_err()
    }

    /// True while a cycle has mandants of the pixi API in hand.
    pub fn hold_some_of(&self, api: &ApiName) -> bool {
        locked(&self.mandants).iter().any(|(of, _)| of == api)
    }

    /// Takes those of the mandants in hand that nobody has.
    pub fn take_free(self: &Arc<Self>, api: &ApiName, mandants: &BTreeSet<MandantId>) -> InHand {
        let mut held = locked(&self.mandants);
        let (left_out, free): (BTreeSet<MandantId>, BTreeSet<MandantId>) =
            mandants.iter().cloned().partition(|mandant| held.contains(&(api.clone(), mandant.clone())));
        held.extend(free.iter().map(|mandant| (api.clone(), mandant.clone())));
        InHand { hands: self.clone(), api: api.clone(), left_out, mandants: Mutex::new(free) }
    }

    /// Takes all of the mandants in hand, once nobody has any of them.
    pub async fn take_all(self: &Arc<Self>, api: &ApiName, mandants: &BTreeSet<MandantId>) -> InHand {
        loop {
            let freed = self.freed.notified();
            let mut freed = std::pin::pin!(freed);
            freed.as_mut().enable();
            let in_hand = self.take_free(api, mandants);
            if in_hand.is_whole() {
                return in_hand;
            }
            in_hand.forget();
            freed.await;
        }
    }
}

impl Drop for Hand {
    fn drop(&mut self) {
        let mut orders = locked(&self.hands.orders);
        // Its own and the table's: nobody else waits for it.
        if orders.get(&self.order).is_some_and(|one| Arc::strong_count(one) == 2) {
            orders.remove(&self.order);
        }
    }
}

impl InHand {
    /// The pixi API.
    pub fn api(&self) -> &ApiName {
        &self.api
    }

    /// None of the mandants it was asked for is in another hand.
    pub fn is_whole(&self) -> bool {
        self.left_out.is_empty()
    }

    /// Nothing is in hand.
    pub fn is_empty(&self) -> bool {
        locked(&self.mandants).is_empty()
    }

    /// The mandants another one has in hand.
    pub fn left_out(&self) -> &BTreeSet<MandantId> {
        &self.left_out
    }

    /// The mandants in hand.
    pub fn mandants(&self) -> BTreeSet<MandantId> {
        locked(&self.mandants).clone()
    }

    /// Notes how far the cycle has come for one.
    pub fn note(&self, mandant: &MandantId, ended: Time, is_whole: bool, changes_until: Option<Time>) {
        let mut all = locked(&self.hands.progress);
        let progress = all.entry(mandant.clone()).or_default();
        progress.ended = Some(ended);
        progress.ended_whole = Some(ended).filter(|_| is_whole).or(progress.ended_whole);
        progress.changes_until = changes_until.or(progress.changes_until);
    }

    /// Lets go of one.
    pub fn done(&self, done: &MandantId) {
        self.let_go(|mandant| mandant == done);
    }

    fn let_go(&self, which: impl Fn(&MandantId) -> bool) {
        let mut mine = locked(&self.mandants);
        let going: Vec<MandantId> = mine.iter().filter(|mandant| which(mandant)).cloned().collect();
        if going.is_empty() {
            return;
        }
        mine.retain(|mandant| !which(mandant));
        drop(mine);
        let mut held = locked(&self.hands.mandants);
        for mandant in going {
            held.remove(&(self.api.clone(), mandant));
        }
        drop(held);
        self.hands.freed.notify_waiters();
    }

    /// Lets go of all without a word: nobody can have missed what was held for no time.
    fn forget(self) {
        let mut mine = locked(&self.mandants);
        let mut held = locked(&self.hands.mandants);
        for mandant in std::mem::take(&mut *mine) {
            held.remove(&(self.api.clone(), mandant));
        }
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.let_go(|_| true);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    fn api() -> ApiName {
        ApiName("live".to_owned())
    }

    fn mandants(names: &[&str]) -> BTreeSet<MandantId> {
        names.iter().map(|name| MandantId((*name).to_owned())).collect()
    }

    fn order(nr: i64) -> OrderId {
        OrderId { api: api(), mandant: MandantId("LEO".to_owned()), nr }
    }

    #[tokio::test]
    async fn an_order_is_in_one_hand_at_a_time_and_the_first_to_come_is_the_next() {
        let hands = Arc::new(Hands::default());
        let one = order(1);
        let first = hands.take(&one).await;
        let mut second = Box::pin(hands.take(&one));
        let mut third = Box::pin(hands.take(&one));
        assert!(second.as_mut().now_or_never().is_none());
        assert!(third.as_mut().now_or_never().is_none());
        assert!(hands.take(&order(2)).now_or_never().is_some(), "another order");
        drop(first);
        assert!(third.as_mut().now_or_never().is_none(), "the second came first");
        drop(second.now_or_never().unwrap());
        drop(third.now_or_never().unwrap());
        assert!(locked(&hands.orders).is_empty(), "nothing is kept of what nobody waits for");
    }

    #[tokio::test]
    async fn a_mandant_is_in_one_cycle_and_free_as_soon_as_that_is_done_with_it() {
        let hands = Arc::new(Hands::default());
        let (all, other) = (mandants(&["LEO", "MIA", "TOM"]), ApiName("other".to_owned()));
        let whole = hands.take_free(&api(), &all);
        assert!(whole.is_whole() && !whole.is_empty());
        assert!(hands.take_free(&api(), &all).is_empty());
        assert!(hands.take_free(&other, &all).is_whole(), "of another pixi API");
        whole.done(&MandantId("TOM".to_owned()));
        whole.done(&MandantId("MIA".to_owned()));
        let beside = hands.take_free(&api(), &all);
        assert_eq!(beside.left_out(), &mandants(&["LEO"]));
        let live = api();
        let mut waits = Box::pin(hands.take_all(&live, &all));
        assert!(waits.as_mut().now_or_never().is_none());
        drop(beside);
        assert!(waits.as_mut().now_or_never().is_none());
        drop(whole);
        assert!(waits.now_or_never().unwrap().is_whole());
        assert!(!hands.hold_some_of(&api()));
    }

    #[tokio::test]
    async fn whoever_rests_waits_for_those_who_work() {
        let hands = Hands::default();
        let work = hands.work().await;
        assert!(hands.are_busy());
        let mut rest = Box::pin(hands.rest());
        assert!(rest.as_mut().now_or_never().is_none());
        drop(work);
        let rest = rest.now_or_never().unwrap();
        assert!(hands.work().now_or_never().is_none());
        drop(rest);
        assert!(hands.work().now_or_never().is_some());
    }
}
