//! Every fault on the way to Unzer, and what the client makes of it.

use super::*;
use crate::sandbox::faults::{Fault, Matcher};
use crate::unzer::UnzerError;
use crate::wire::Peer;
use std::time::Duration;

#[tokio::test(start_paused = true)]
async fn a_capture_through_every_fault_is_unknown_unless_it_surely_never_left() {
    for fault in Fault::ALL {
        let scene = scene();
        let payment = scene.shop.authorize("card", euro(10_000), "SO-1").unwrap();
        scene.sim.faults().plan(Matcher::next(Peer::Unzer, "capture"), fault);
        let outcome = scene.capture(&payment, 4000).await;
        match fault {
            Fault::NoConnection => assert!(matches!(outcome, Outcome::NotSent { .. }), "{outcome:?}"),
            _ => assert!(matches!(outcome, Outcome::Unknown { .. }), "{fault:?}: {outcome:?}"),
        }
        scene.clock.sleep(Duration::from_mins(5)).await;
        let moved = if fault.takes_effect() { 4000 } else { 0 };
        assert_eq!(scene.sim.ledger(&payment).unwrap().captured, moved, "{fault:?}");
        // Looking finds what happened by the reference.
        let seen = scene.client.payment(&payment).await.unwrap();
        assert_eq!(seen.charged, euro(moved), "{fault:?}");
        if moved > 0 {
            let single = scene.client.transaction(&payment, &seen.transactions[1].path).await.unwrap();
            assert_eq!(single.detail.payment_reference.as_deref(), Some("RE1 token"));
        }
    }
}

#[tokio::test(start_paused = true)]
async fn r13_a_read_through_every_fault_is_passing() {
    for fault in Fault::ALL {
        let scene = scene();
        let payment = scene.shop.authorize("card", euro(10_000), "SO-1").unwrap();
        scene.sim.faults().plan(Matcher::next(Peer::Unzer, "payment"), fault);
        let error = scene.client.payment(&payment).await.unwrap_err();
        assert!(matches!(error, UnzerError::Passing { .. }), "{fault:?}: {error:?}");
        scene.client.payment(&payment).await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn deadlines_are_twenty_and_sixty_five_seconds() {
    let scene = scene();
    let payment = scene.shop.authorize("card", euro(10_000), "SO-1").unwrap();
    scene.sim.faults().plan(Matcher::outage(Peer::Unzer), Fault::Hang);
    let watch = scene.clock.stopwatch();
    scene.client.payment(&payment).await.unwrap_err();
    assert_eq!(watch.elapsed().as_secs(), 20);
    scene.capture(&payment, 100).await;
    assert_eq!(watch.elapsed().as_secs(), 85);
}

#[tokio::test(start_paused = true)]
async fn a_late_effect_comes_after_the_sender_gave_up() {
    let scene = scene();
    let payment = scene.shop.authorize("card", euro(10_000), "SO-1").unwrap();
    scene.sim.faults().plan(Matcher::next(Peer::Unzer, "capture"), Fault::LateEffect(Duration::from_mins(10)));
    scene.capture(&payment, 4000).await;
    assert_eq!(scene.sim.ledger(&payment).unwrap().captured, 0);
    scene.clock.sleep(Duration::from_mins(10)).await;
    assert_eq!(scene.sim.ledger(&payment).unwrap().captured, 4000);
}

#[tokio::test(start_paused = true)]
async fn a_slow_answer_within_the_deadline_is_an_answer() {
    let scene = scene();
    let payment = scene.shop.authorize("card", euro(10_000), "SO-1").unwrap();
    scene.sim.faults().plan(Matcher::next(Peer::Unzer, "capture"), Fault::SlowAnswer(Duration::from_mins(1)));
    done(scene.capture(&payment, 4000).await);
}
