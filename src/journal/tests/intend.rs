//! What a database says no to, and what that is told as.

use super::*;

fn refund_from(charge: &str, credit_note: &str) -> Step {
    let mut step = refund(credit_note, 5_00);
    step.key = StepKey(format!("refund:{credit_note}:{charge}"));
    let Effect::Refund { at, .. } = &mut step.effect else { panic!("a refund") };
    *at = RefundAt::Charge { charge: charge.into() };
    step
}

fn return_booking(credit_note: &str, customer: i64) -> Step {
    Step {
        key: StepKey(format!("book:{credit_note}")),
        effect: Effect::BookReturn {
            credit_note: credit_note.into(),
            amount: Currency::EUR.of(5_00),
            customer,
            event: "20".into(),
        },
        rule: "book".into(),
        guards: Guards::default(),
    }
}

async fn a_credit_note_is_paid_back_from_several_charges_and_from_each_once(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    let permit = shop.intend(4711, &refund_from("s-chg-1", "GS1")).await.unwrap();
    shop.settle(permit, done("charges/s-chg-1/cancels/s-cnl-1")).await;
    let permit = shop.intend(4711, &refund_from("s-chg-2", "GS1")).await.unwrap();
    shop.settle(permit, done("charges/s-chg-2/cancels/s-cnl-1")).await;
    let mut again = refund_from("s-chg-2", "GS1");
    again.key = StepKey("refund:GS1:again".into());
    let again = shop.intend(4711, &again).await;
    assert!(matches!(again, Err(IntendError::Guard(Guard::OncePerDocument))), "{again:?}");
}

async fn one_return_booking_of_a_customer_is_open_at_a_time(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    let first = shop.intend(4711, &return_booking("GS1", 77)).await.unwrap();
    let second = shop.intend(4711, &return_booking("GS2", 77)).await;
    assert!(matches!(second, Err(IntendError::CustomerBusy)), "{second:?}");
    assert!(shop.intend(4711, &return_booking("GS3", 78)).await.is_ok(), "another customer");
    shop.settle(first, done("")).await;
    assert!(shop.intend(4711, &return_booking("GS2", 77)).await.is_ok(), "its turn");
}

async fn a_store_that_takes_no_step_is_no_document_that_is_taken(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    let broken = match on {
        On::Sqlite => "CREATE TRIGGER broken BEFORE INSERT ON steps BEGIN SELECT RAISE(ABORT, 'broken'); END",
        On::Postgres => "ALTER TABLE steps ADD CONSTRAINT broken CHECK (attempt = 0) NOT VALID",
    };
    shop.raw(broken).await.unwrap();
    let lost = shop.intend(4711, &capture("RE1", 10_00)).await;
    assert!(matches!(lost, Err(IntendError::Store(_))), "{lost:?}");
}

async fn a_token_drawn_twice_is_no_document_that_is_taken(on: On) {
    let before = Shop::open(on, Mode::Inline).await;
    before.order(4711).await;
    let permit = before.intend(4711, &capture("RE1", 10_00)).await.unwrap();
    before.settle(permit, done("charges/s-chg-1")).await;
    let Shop { dir: _dir, clock, journal, place, .. } = before;
    drop(journal);
    clock.sleep(LEASE_FOR).await;
    // A simulated store draws the same tokens each time it is opened.
    let (journal, owner) = Shop::run(&place, &clock, Mode::Inline, None).await;
    let mut twice = capture("RE2", 10_00);
    twice.guards.captured = 10_00;
    let lost = journal.intend(owner, &nr(4711), &twice, &[], LIMITS).await;
    assert!(matches!(lost, Err(IntendError::Store(_))), "{lost:?}");
}

on_both_databases! {
    paused:
        a_credit_note_is_paid_back_from_several_charges_and_from_each_once,
        one_return_booking_of_a_customer_is_open_at_a_time,
        a_store_that_takes_no_step_is_no_document_that_is_taken,
        a_token_drawn_twice_is_no_document_that_is_taken;
}
