//! Steps whose answer was lost: what a look sees, and what it does not take for granted.

use super::scene::{Act, Scene, with_cell};
use crate::journal::{Decision, StepState};
use crate::sandbox::faults::{Fault, Matcher};
use crate::sandbox::stage::Sold;
use crate::steps::{Kind, Outcome, RefusalKind};
use crate::wire::Peer;

const BOOK: &str = "pixiPaySetInvoiceCapture";
const LIST: &str = "pixiPayGetInvoicesToCapture";

#[tokio::test(start_paused = true)]
async fn look_goes_to_the_steps_own_payment_when_the_order_names_another_meanwhile() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[60_00], 0).unwrap();
    let other = scene.world.unzer.shop(0).authorize("card", stage.money(60_00), &stage.external()).unwrap();
    scene.minutes(1).await;
    stage.ship_all(sold.nr).unwrap();
    scene.silent_after_capture();
    scene.cycle().await;
    assert_eq!(scene.steps(sold.nr, Kind::Capture).await[0].state, StepState::Unknown);
    scene.line.clear();
    scene.world.pixi.set_pay_id(sold.nr, Some(&other)).unwrap();
    scene.minutes(45).await;
    let taken = scene.steps(sold.nr, Kind::Capture).await;
    assert_eq!(taken.iter().map(|step| step.state).collect::<Vec<_>>(), [StepState::Done]);
    stage.moved(&sold.payment, 60_00, 0, 0).unwrap();
    // The goods are paid: nothing is taken of the other one, and it is given free.
    stage.moved(&other, 0, 0, 60_00).unwrap();
}

/// A capture of the first of two lines whose answer was lost, and nothing is heard of Unzer after it.
async fn capture_lost(scene: &Scene) -> Sold {
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[40_00, 20_00], 0).unwrap();
    scene.minutes(1).await;
    stage.ship(sold.nr, &[0]).unwrap();
    scene.silent_after_capture();
    scene.cycle().await;
    assert_eq!(captures(scene, sold.nr).await, [StepState::Unknown]);
    scene.line.clear();
    sold
}

async fn captures(scene: &Scene, nr: i64) -> Vec<StepState> {
    scene.steps(nr, Kind::Capture).await.iter().map(|step| step.state).collect()
}

#[tokio::test(start_paused = true)]
async fn look_a_capture_is_found_among_others_that_are_new_too() {
    let scene = Scene::new().await;
    let sold = capture_lost(&scene).await;
    scene.world.unzer.portal_capture(&sold.payment, scene.stage(1).money(5_00)).unwrap();
    scene.minutes(45).await;
    assert_eq!(captures(&scene, sold.nr).await, [StepState::Done]);
    scene.stage(1).moved(&sold.payment, 45_00, 0, 0).unwrap();
}

#[tokio::test(start_paused = true)]
async fn look_a_transaction_that_cannot_be_read_is_not_taken_for_absent() {
    let scene = Scene::new().await;
    let sold = capture_lost(&scene).await;
    scene.line.rule(|request| if request.url.path().contains("/charges/") { Act::Lose } else { Act::Pass });
    scene.minutes(60).await;
    assert_eq!(captures(&scene, sold.nr).await, [StepState::Unknown]);
    scene.line.clear();
    scene.minutes(15).await;
    assert_eq!(captures(&scene, sold.nr).await, [StepState::Done]);
    scene.stage(1).moved(&sold.payment, 40_00, 0, 0).unwrap();
}

#[tokio::test(start_paused = true)]
async fn look_one_of_our_amount_without_a_reference_is_a_persons_to_tell() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[40_00, 20_00], 0).unwrap();
    scene.minutes(1).await;
    stage.ship(sold.nr, &[0]).unwrap();
    scene.world.faults.plan(Matcher::next(Peer::Unzer, "capture"), Fault::DropBefore);
    scene.cycle().await;
    assert_eq!(captures(&scene, sold.nr).await, [StepState::Unknown]);
    // Somebody captures as much in the portal, or ours has lost its reference.
    scene.world.unzer.portal_capture(&sold.payment, stage.money(40_00)).unwrap();
    scene.hours(2).await;
    assert_eq!((captures(&scene, sold.nr).await, scene.mark(sold.nr).await), (vec![StepState::Unknown], Some(1701)));
    stage.moved(&sold.payment, 40_00, 0, 0).unwrap();
}

#[tokio::test(start_paused = true)]
async fn c8_look_a_hard_decline_that_is_read_back_keeps_its_code_and_is_never_tried_again() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[77_00], 0).unwrap();
    scene.minutes(1).await;
    scene.world.unzer.decline_next(&sold.payment, "COR.800.100.171");
    scene.world.faults.plan(Matcher::next(Peer::Unzer, "capture"), Fault::DropAfter);
    stage.ship_all(sold.nr).unwrap();
    scene.minutes(5).await;
    let captures = scene.steps(sold.nr, Kind::Capture).await;
    let Some(Outcome::Refused(refusal)) = &captures[0].outcome else { panic!("{:?}", captures[0].outcome) };
    assert_eq!((refusal.kind, refusal.code.as_str()), (RefusalKind::Hard, "COR.800.100.171"));
    assert_eq!(scene.mark(sold.nr).await, Some(1303));
    scene.hours(72).await;
    assert_eq!(scene.steps(sold.nr, Kind::Capture).await.len(), 1);
    stage.moved(&sold.payment, 0, 0, 0).unwrap();
}

#[tokio::test(start_paused = true)]
async fn c8_look_a_soft_decline_that_is_read_back_is_tried_again_a_day_later() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[77_00], 0).unwrap();
    scene.minutes(1).await;
    scene.world.unzer.decline_next(&sold.payment, "COR.800.100.153");
    scene.world.faults.plan(Matcher::next(Peer::Unzer, "capture"), Fault::DropAfter);
    stage.ship_all(sold.nr).unwrap();
    scene.hours(20).await;
    assert_eq!(scene.steps(sold.nr, Kind::Capture).await.len(), 1);
    scene.hours(10).await;
    stage.moved(&sold.payment, 77_00, 0, 0).unwrap();
}

#[tokio::test(start_paused = true)]
async fn look_a_lost_unlock_is_sent_again_only_after_two_looks() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let nr = stage.import(&[12_00], 0, None).unwrap();
    scene.minutes(40).await;
    stage.locked(nr, true).unwrap();
    let payment = scene.world.unzer.shop(0).authorize("card", stage.money(12_00), &stage.external()).unwrap();
    scene.world.pixi.set_pay_id(nr, Some(&payment)).unwrap();
    scene.world.faults.plan(Matcher::next(Peer::Pixi, "pixiSetOrderShippingLock"), Fault::DropBefore);
    scene.line.take_sent();
    scene.minutes(8).await;
    let unlocks = scene.steps(nr, Kind::Unlock).await;
    assert_eq!(
        unlocks.iter().map(|step| (step.state, step.looks > 0)).collect::<Vec<_>>(),
        [(StepState::Unknown, true)]
    );
    assert_eq!(scene.line.count("pixiSetOrderShippingLock"), 1);
    scene.minutes(12).await;
    stage.locked(nr, false).unwrap();
    assert_eq!(scene.line.count("pixiSetOrderShippingLock"), 2);
}

#[tokio::test(start_paused = true)]
async fn look_a_person_decides_a_step_that_was_never_settled_once_it_was_looked_for() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    let sold = stage.authorize("card", &[60_00], 0).unwrap();
    scene.minutes(1).await;
    stage.ship_all(sold.nr).unwrap();
    // The process breaks between intent and outcome.
    scene.line.rule(|request| if request.call == "capture" { Act::Panic } else { Act::Pass });
    scene.cycle().await;
    scene.line.clear();
    let step = scene.steps(sold.nr, Kind::Capture).await.remove(0);
    assert_eq!((step.state, step.looks), (StepState::Intended, 0));
    let decided = |decision| scene.journal.decide(step.id, decision, "anna", "seen at Unzer");
    assert!(decided(Decision::NotDone).await.is_err(), "the request may still be under way");
    scene.minutes(2).await;
    let looked_for = scene.steps(sold.nr, Kind::Capture).await.remove(0);
    assert_eq!((looked_for.state, looked_for.looks), (StepState::Intended, 1));
    decided(Decision::NotDone).await.unwrap();
    scene.journal.wake_order(&Scene::id(sold.nr)).await.unwrap();
    scene.minutes(5).await;
    stage.moved(&sold.payment, 60_00, 0, 0).unwrap();
    let captures = scene.steps(sold.nr, Kind::Capture).await;
    assert_eq!(captures.iter().map(|step| step.state).collect::<Vec<_>>(), [StepState::NotSent, StepState::Done]);
}

/// A shipped order whose booking meets `fault`, in an installation that shows no matches.
async fn booking_lost(scene: &Scene, fault: Fault) -> (i64, String) {
    let stage = scene.stage(1);
    scene.world.pixi.uninstall("pixiCAGetInvoiceMatch");
    let sold = stage.charge("sofort", &[45_00], 0).unwrap();
    scene.minutes(1).await;
    scene.world.faults.plan(Matcher::next(Peer::Pixi, BOOK), fault);
    (sold.nr, stage.ship_all(sold.nr).unwrap())
}

async fn bookings(scene: &Scene, nr: i64) -> Vec<StepState> {
    scene.steps(nr, Kind::BookInvoice).await.iter().map(|step| step.state).collect()
}

#[tokio::test(start_paused = true)]
async fn look_an_invoice_is_booked_once_it_is_paid_and_gone_from_the_capture_list() {
    let scene = Scene::new().await;
    let (nr, invoice) = booking_lost(&scene, Fault::DropAfter).await;
    scene.minutes(3).await;
    assert_eq!(bookings(&scene, nr).await, [StepState::Done]);
    scene.stage(1).booked_once(&invoice, 45_00).unwrap();
}

#[tokio::test(start_paused = true)]
async fn look_a_booking_is_absent_when_the_invoice_is_unpaid_and_still_listed_in_two_looks() {
    let scene = Scene::new().await;
    let (nr, invoice) = booking_lost(&scene, Fault::DropBefore).await;
    scene.minutes(8).await;
    assert_eq!(bookings(&scene, nr).await, [StepState::Unknown]);
    scene.minutes(20).await;
    assert_eq!(bookings(&scene, nr).await, [StepState::NotSent, StepState::Done]);
    scene.stage(1).booked_once(&invoice, 45_00).unwrap();
}

/// After this rule is made the simulated pixi lists no invoice any more.
fn hide_capture_list(scene: &Scene) {
    scene.line.rule(|request| {
        if request.call == LIST {
            let body = String::from_utf8_lossy(&request.body).replace(">U<", ">Z<").replace(">V<", ">Z<");
            request.body = body.into_bytes().into();
        }
        Act::Pass
    });
}

#[tokio::test(start_paused = true)]
async fn look_a_booking_is_not_taken_for_absent_while_the_invoice_is_gone_from_the_capture_list() {
    for installed in [true, false] {
        let scene = Scene::new().await;
        let (nr, invoice) = booking_lost(&scene, Fault::DropBefore).await;
        if installed {
            scene.world.pixi.install("pixiCAGetInvoiceMatch");
        }
        scene.cycle().await;
        hide_capture_list(&scene);
        scene.line.take_sent();
        scene.hours(12).await;
        assert_eq!(bookings(&scene, nr).await, [StepState::Unknown]);
        assert_eq!(scene.line.count(BOOK), 0);
        assert_eq!(scene.mark(nr).await, Some(1701));
        assert!(scene.world.pixi.bookings_for(&invoice).is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn look_a_booking_is_not_taken_for_done_while_the_invoice_is_still_listed() {
    let scene = Scene::new().await;
    let (nr, _) = booking_lost(&scene, Fault::DropBefore).await;
    scene.cycle().await;
    scene.line.rule(|request| match request.call {
        "pixiGetInvoice" => Act::Spoil(|answer| with_cell(answer, "PaidSum", "45.0000")),
        _ => Act::Pass,
    });
    scene.hours(12).await;
    assert_eq!(bookings(&scene, nr).await, [StepState::Unknown]);
    assert_eq!(scene.mark(nr).await, Some(1701));
}

/// An installation that shows neither PaidSum nor the mark.
fn hide_paid(scene: &Scene) {
    scene.line.rule(|request| match request.call {
        "pixiGetInvoice" => Act::Spoil(|answer| with_cell(&with_cell(answer, "PaidSum", ""), "Paid", "")),
        _ => Act::Pass,
    });
}

#[tokio::test(start_paused = true)]
async fn look_an_unseen_paid_sum_is_no_proof_that_a_booking_is_absent() {
    let scene = Scene::new().await;
    hide_paid(&scene);
    let (nr, invoice) = booking_lost(&scene, Fault::DropBefore).await;
    scene.hours(12).await;
    assert_eq!(bookings(&scene, nr).await, [StepState::Unknown]);
    assert_eq!(scene.mark(nr).await, Some(1701));
    assert!(scene.world.pixi.bookings_for(&invoice).is_empty());
}

#[tokio::test(start_paused = true)]
async fn look_an_unseen_paid_sum_is_no_proof_that_a_booking_is_done() {
    let scene = Scene::new().await;
    hide_paid(&scene);
    let (nr, invoice) = booking_lost(&scene, Fault::DropAfter).await;
    scene.hours(12).await;
    assert_eq!(bookings(&scene, nr).await, [StepState::Unknown]);
    scene.stage(1).booked_once(&invoice, 45_00).unwrap();
}

#[tokio::test(start_paused = true)]
async fn book_an_unseen_paid_sum_does_not_keep_a_document_from_being_booked() {
    let scene = Scene::new().await;
    hide_paid(&scene);
    let stage = scene.stage(1);
    let sold = stage.charge("sofort", &[45_00], 0).unwrap();
    scene.minutes(1).await;
    let invoice = stage.ship_all(sold.nr).unwrap();
    scene.minutes(5).await;
    stage.booked_once(&invoice, 45_00).unwrap();
    assert_eq!(scene.mark(sold.nr).await, None);
}

#[tokio::test(start_paused = true)]
async fn look_what_cannot_be_told_is_looked_at_on_and_done_once_it_is_found() {
    let scene = Scene::new().await;
    hide_paid(&scene);
    let (nr, invoice) = booking_lost(&scene, Fault::DropAfter).await;
    scene.minutes(3).await;
    // Told at once, not after two hours.
    assert_eq!((bookings(&scene, nr).await, scene.mark(nr).await), (vec![StepState::Unknown], Some(1701)));
    scene.hours(24 * 2).await;
    assert_eq!(bookings(&scene, nr).await, [StepState::Unknown]);
    // Days later pixi shows what is paid.
    scene.line.clear();
    scene.hours(30).await;
    assert_eq!((bookings(&scene, nr).await, scene.mark(nr).await), (vec![StepState::Done], None));
    scene.stage(1).booked_once(&invoice, 45_00).unwrap();
}

#[tokio::test(start_paused = true)]
async fn look_what_could_not_be_told_is_never_taken_for_absent() {
    let scene = Scene::new().await;
    hide_paid(&scene);
    let (nr, _) = booking_lost(&scene, Fault::DropBefore).await;
    scene.hours(4).await;
    assert_eq!(bookings(&scene, nr).await, [StepState::Unknown]);
    scene.line.clear();
    scene.line.take_sent();
    scene.hours(24 * 8).await;
    assert_eq!(bookings(&scene, nr).await, [StepState::Unknown]);
    assert_eq!((scene.line.count(BOOK), scene.mark(nr).await), (0, Some(1701)));
    let looks = scene.steps(nr, Kind::BookInvoice).await[0].looks;
    assert!((5..=8).contains(&looks), "at once, 5 min, 1 h, five days: {looks}");
}
