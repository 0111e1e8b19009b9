//! Tests of the store as a whole.
#![allow(clippy::inconsistent_digit_grouping, reason = "euros and cents")]

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::time::Duration;

use chrono::TimeDelta;
use sqlx::Executor;

use super::store::Tx;
use super::*;
use crate::clock::Time;
use crate::money::Currency;
use crate::steps::{Effect, Evidence, Guards, OrderId, Outcome, RefundAt, Refusal, RefusalKind, Step, StepKey};
use crate::text::{Notice, Number};

mod instances;
mod intend;
mod mails;
mod on;
mod shop;

pub(crate) use on::{On, on_both_databases};
pub(super) use shop::{FILE, Shop};

const LIMITS: Limits = Limits { deadline: Duration::from_secs(65), refund_per_day: None };

fn noon() -> Time {
    "2026-03-03T12:00:00Z".parse().unwrap()
}

/// Steps of an order of which it is not known how they ended.
async fn open_steps(journal: &Journal, number: i64) -> Vec<StepRecord> {
    let all = journal.steps_of(&nr(number)).await.unwrap();
    all.into_iter().filter(|step| step.state.is_open()).collect()
}

pub(super) fn nr(nr: i64) -> OrderId {
    OrderId { api: "live".into(), mandant: "SHP".into(), nr }
}

pub(super) fn capture(invoice: &str, minor: i64) -> Step {
    capture_of("s-pay-1", invoice, minor)
}

fn capture_of(payment: &str, invoice: &str, minor: i64) -> Step {
    Step {
        key: StepKey(format!("capture:{invoice}")),
        effect: Effect::Capture {
            payment: payment.into(),
            amount: Currency::EUR.of(minor),
            invoice: Some(invoice.into()),
            shipping: None,
        },
        rule: "C1".into(),
        guards: Guards { capturable: 100_00, ..Guards::default() },
    }
}

pub(super) fn refund(credit_note: &str, minor: i64) -> Step {
    Step {
        key: StepKey(format!("refund:{credit_note}")),
        effect: Effect::Refund {
            payment: "s-pay-1".into(),
            amount: Currency::EUR.of(minor),
            at: RefundAt::Charge { charge: "s-chg-1".into() },
            credit_note: Some(credit_note.into()),
            reason: None,
            goodwill: false,
        },
        rule: "C1".into(),
        guards: Guards { capturable: 100_00, captured: 100_00, ..Guards::default() },
    }
}

fn book(invoice: &str, event: &str) -> Step {
    Step {
        key: StepKey(format!("book:{invoice}:{event}")),
        effect: Effect::BookInvoice {
            invoice: invoice.into(),
            amount: Currency::EUR.of(10_00),
            pay_id: "31HA07".into(),
            event: event.into(),
        },
        rule: "C2".into(),
        guards: Guards::default(),
    }
}

pub(super) fn done(transaction: &str) -> Outcome {
    Outcome::Done(Evidence { transaction: Some(transaction.into()), ..Evidence::default() })
}

fn unknown() -> Outcome {
    Outcome::Unknown { cause: "time-out".into() }
}

fn refused() -> Outcome {
    Outcome::Refused(Refusal { kind: RefusalKind::Soft, code: "COR.1".into(), message: String::new() })
}

async fn every_statement_prepares(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    for (name, text) in sql::ALL {
        let result = shop
            .journal
            .0
            .lanes
            .write(move |tx: &mut Tx| {
                Box::pin(async move {
                    let statement = tx.conn.prepare(sqlx::SqlSafeStr::into_sql_str(*text)).await;
                    statement.map(drop).map_err(JournalError::from)
                })
            })
            .await;
        assert!(result.is_ok(), "{name}: {result:?}");
    }
}

async fn an_order_is_stored_once_and_keeps_its_mode(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let first = shop.order(4711).await;
    let seen = OrderSeen {
        order: nr(4711),
        nr_external: "other".into(),
        payment_code: "V".into(),
        currency: Currency::EUR,
        mode: "expert".into(),
        management: Management::Managed,
        next_check: noon(),
    };
    // Nothing was read of it yet: what it is shows at the later sighting, but not how it is handled.
    let known = shop.journal.see_order(seen.clone()).await.unwrap();
    assert_eq!(known, OrderRow { nr_external: "other".into(), ..first });
    let stored = shop.journal.record_plan(&known, plan(Next::Check(noon()))).await.unwrap().row;
    let third = OrderSeen { nr_external: "third".into(), ..seen };
    assert_eq!(shop.journal.see_order(third).await.unwrap(), stored);
    assert_eq!(stored.mode, "standard");
    assert_eq!(shop.journal.find_orders_by_nr(4711).await.unwrap(), [stored]);
    assert_eq!(shop.journal.load_order(&nr(1)).await.unwrap(), None);
}

async fn a_later_sighting_leaves_an_order_to_the_person_who_took_it(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let first = shop.order(4711).await;
    shop.journal.set_management(&nr(4711), Management::Ignored, "anna", "mine").await.unwrap();
    let seen = OrderSeen {
        order: nr(4711),
        nr_external: "other".into(),
        payment_code: first.payment_code,
        currency: Currency::EUR,
        mode: first.mode,
        management: Management::Legacy,
        next_check: noon(),
    };
    assert_eq!(shop.journal.see_order(seen).await.unwrap().management, Management::Ignored);
}

async fn a_step_is_taken_again_only_after_it_was_refused_or_not_sent(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    let step = capture("RE1", 40_00);
    let first = shop.intend(4711, &step).await.unwrap();
    assert_eq!((first.attempt(), first.token().len()), (1, 6));
    let Err(IntendError::AlreadyThere(record)) = shop.intend(4711, &step).await else { panic!("a second permit") };
    assert_eq!((record.state, record.token.as_str()), (StepState::Intended, first.token()));
    shop.settle(first, refused()).await;
    let second = shop.intend(4711, &step).await.unwrap();
    assert_eq!(second.attempt(), 2);
    shop.settle(second, Outcome::NotSent { cause: "connect".into() }).await;
    let third = shop.intend(4711, &step).await.unwrap();
    shop.settle(third, unknown()).await;
    assert!(matches!(shop.intend(4711, &step).await, Err(IntendError::AlreadyThere(_))));
    let open = open_steps(&shop.journal, 4711).await;
    assert_eq!(open.iter().map(|s| (s.attempt, s.state)).collect::<Vec<_>>(), [(3, StepState::Unknown)]);
    shop.journal.settle(shop.owner, open[0].id, &done("charges/s-chg-1")).await.unwrap();
    assert!(matches!(shop.intend(4711, &step).await, Err(IntendError::AlreadyThere(_))));
    assert_eq!(shop.journal.steps_of(&nr(4711)).await.unwrap().len(), 3);
}

async fn an_outcome_is_final_and_storing_it_again_is_fine(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    let permit = shop.intend(4711, &capture("RE1", 40_00)).await.unwrap();
    let id = permit.step_id();
    shop.settle(permit, done("charges/s-chg-1")).await;
    shop.journal.settle(shop.owner, id, &done("charges/s-chg-1")).await.unwrap();
    let other = shop.journal.settle(shop.owner, id, &refused()).await;
    assert!(matches!(other, Err(JournalError::AlreadySettled(_, "done"))), "{other:?}");
    let totals = shop.journal.totals("2026-03-03", "2026-03-03").await.unwrap();
    assert_eq!((totals[0].captured, totals[0].captures), (40_00, 1));
}

async fn one_open_money_step_per_payment(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    let first = shop.intend(4711, &capture("RE1", 40_00)).await.unwrap();
    let second = shop.intend(4711, &capture("RE2", 1_00)).await;
    assert!(matches!(second, Err(IntendError::PaymentBusy(id)) if id == first.step_id()), "{second:?}");
    // What moves no money goes on.
    let booking = shop.intend(4711, &book("RE9", "10")).await.unwrap();
    shop.settle(booking, done("")).await;
    shop.settle(first, Outcome::Pending(Evidence::default())).await;
    assert!(matches!(shop.intend(4711, &capture("RE2", 1_00)).await, Err(IntendError::PaymentBusy(_))));
}

async fn guards_count_what_the_facts_have_not_seen_yet(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    let first = shop.intend(4711, &capture("RE1", 60_00)).await.unwrap();
    shop.settle(first, done("charges/s-chg-1")).await;
    let over = shop.intend(4711, &capture("RE2", 41_00)).await;
    assert!(matches!(over, Err(IntendError::Guard(Guard::Captures { left: 40_00, .. }))), "{over:?}");
    assert!(shop.intend(4711, &capture("RE2", 40_00)).await.is_ok());
}

async fn a_payment_belongs_to_one_order(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    shop.order(4712).await;
    assert_eq!(shop.journal.claim_payment(&nr(4711), "s-pay-1").await.unwrap(), Claim::Ours);
    assert_eq!(shop.journal.claim_payment(&nr(4712), "s-pay-1").await.unwrap(), Claim::TakenBy(nr(4711)));
    assert_eq!(shop.journal.claim_payment(&nr(4711), "s-pay-1").await.unwrap(), Claim::Ours);
    let other = shop.intend(4712, &capture("RE2", 1_00)).await;
    assert!(matches!(other, Err(IntendError::PaymentTaken(by)) if by == nr(4711)));
    assert!(shop.journal.claim_payment(&nr(1), "s-pay-2").await.is_err());
}

async fn one_capture_refund_and_booking_per_document_in_the_whole_api(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    shop.order(4712).await;
    let permit = shop.intend(4711, &capture("RE1", 10_00)).await.unwrap();
    shop.settle(permit, done("charges/s-chg-1")).await;
    let again = shop.intend(4712, &capture_of("s-pay-2", "RE1", 10_00)).await;
    assert!(matches!(again, Err(IntendError::Guard(Guard::OncePerDocument))), "{again:?}");
    let permit = shop.intend(4711, &book("RE1", "10")).await.unwrap();
    shop.settle(permit, done("")).await;
    assert!(matches!(shop.intend(4712, &book("RE1", "10")).await, Err(IntendError::Guard(Guard::OncePerDocument))));
    assert!(shop.intend(4711, &book("RE1", "11")).await.is_ok());
    let mut second_key = refund("GS1", 5_00);
    let permit = shop.intend(4711, &second_key).await.unwrap();
    shop.settle(permit, done("charges/s-chg-1/cancels/s-cnl-1")).await;
    second_key.key = StepKey("refund:GS1:again".into());
    let again = shop.intend(4711, &second_key).await;
    assert!(matches!(again, Err(IntendError::Guard(Guard::OncePerDocument))), "{again:?}");
}

async fn refunds_of_a_day_have_a_limit(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    let limits = Limits { refund_per_day: Some(Currency::EUR.of(50_00)), ..LIMITS };
    let intend = async |step: Step| shop.journal.intend(shop.owner, &nr(4711), &step, &[], limits).await;
    let permit = intend(refund("GS1", 30_00)).await.unwrap();
    // What is under way counts, on whatever payment.
    shop.order(4712).await;
    let mut other = refund("GS3", 20_01);
    if let Effect::Refund { payment, .. } = &mut other.effect {
        *payment = "s-pay-2".into();
    }
    let beside = shop.journal.intend(shop.owner, &nr(4712), &other, &[], limits).await;
    assert!(matches!(beside, Err(IntendError::Guard(Guard::RefundsPerDay { today, .. })) if today.minor == 30_00));
    shop.settle(permit, done("charges/s-chg-1/cancels/s-cnl-1")).await;
    let over = intend(refund("GS2", 20_01)).await;
    assert!(matches!(over, Err(IntendError::Guard(Guard::RefundsPerDay { today, .. })) if today.minor == 30_00));
    shop.clock.sleep(Duration::from_hours(12)).await;
    shop.journal.heartbeat(shop.owner).await.unwrap();
    assert!(intend(refund("GS2", 20_01)).await.is_ok());
}

async fn guards_hold_when_many_act_at_once(on: On) {
    let shop = Arc::new(Shop::open(on, Mode::Writer).await);
    shop.order(4711).await;
    // Twenty captures of 10.00 at once on an authorisation of 100.00, each settled and tried as long as it is busy.
    let tasks = (0..20).map(|n| {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move {
            let step = capture(&format!("RE{n}"), 10_00);
            loop {
                match shop.intend(4711, &step).await {
                    Ok(permit) => {
                        shop.settle(permit, done(&format!("charges/s-chg-{n}"))).await;
                        return 10_00;
                    }
                    Err(IntendError::PaymentBusy(_)) => tokio::task::yield_now().await,
                    Err(IntendError::Guard(Guard::Captures { .. })) => return 0,
                    Err(error) => panic!("{error}"),
                }
            }
        })
    });
    let taken = futures_util::future::join_all(tasks).await.into_iter().map(Result::unwrap).sum::<i64>();
    assert_eq!(taken, 100_00);
}

async fn of_many_with_the_same_step_one_gets_the_permit(on: On) {
    let shop = Arc::new(Shop::open(on, Mode::Writer).await);
    shop.order(4711).await;
    let tasks = (0..50).map(|_| {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move { shop.intend(4711, &capture("RE1", 10_00)).await.is_ok() })
    });
    let permits = futures_util::future::join_all(tasks).await.into_iter().filter(|won| *won.as_ref().unwrap()).count();
    assert_eq!(permits, 1);
}

async fn a_shared_commit_answers_everyone_and_a_failed_operation_takes_no_other_with_it(on: On) {
    let shop = Arc::new(Shop::open(on, Mode::Writer).await);
    for number in 0..40 {
        shop.order(number).await;
    }
    let tasks = (0..40).map(|number| {
        let shop = Arc::clone(&shop);
        tokio::spawn(async move {
            if number % 4 == 0 {
                return shop.raw("INSERT INTO cursors VALUES ('half', 'done', NULL)").await.is_ok();
            }
            shop.intend(number, &capture_of(&format!("s-pay-{number}"), &format!("RE{number}"), 1)).await.is_ok()
        })
    });
    let answers = futures_util::future::join_all(tasks).await.into_iter().map(Result::unwrap).collect::<Vec<_>>();
    assert_eq!(answers.iter().filter(|ok| **ok).count(), 30);
    let mut open = 0;
    for number in 0..40 {
        open += open_steps(&shop.journal, number).await.len();
    }
    assert_eq!(open, 30);
}

async fn a_caller_that_goes_away_cancels_nothing(on: On) {
    let shop = Shop::open(on, Mode::Writer).await;
    {
        let api = "live".into();
        let mut write = std::pin::pin!(shop.journal.set_cursor(&api, "changed", "42"));
        // Polled once: queued, perhaps stored already; then dropped.
        let _ = futures_util::poll!(write.as_mut());
    }
    shop.journal.set_cursor(&"live".into(), "other", "1").await.unwrap();
    assert_eq!(shop.journal.cursor(&"live".into(), "changed").await.unwrap().as_deref(), Some("42"));
}

/// Fails the next commit in the given way.
#[derive(Debug, Default)]
struct Next1(AtomicU8);

impl CommitFaults for Next1 {
    fn at_commit(&self) -> CommitFault {
        match self.0.swap(0, Ordering::SeqCst) {
            1 => CommitFault::Refuse,
            2 => CommitFault::FailBefore,
            3 => CommitFault::LoseAnswer,
            _ => CommitFault::None,
        }
    }
}

async fn a_lost_commit_gives_no_permit_whether_it_stands_or_not(on: On) {
    let faults = Arc::new(Next1::default());
    let shop = Shop::open_with(on, Mode::Inline, Some(faults.clone())).await;
    shop.order(4711).await;
    let step = capture("RE1", 10_00);
    for (fault, stands) in [(1, 0), (2, 0), (3, 1)] {
        faults.0.store(fault, Ordering::SeqCst);
        let lost = shop.intend(4711, &step).await;
        let known = matches!(lost, Err(IntendError::Store(JournalError::Unavailable(_))));
        let unknown = matches!(lost, Err(IntendError::Store(JournalError::CommitUnknown)));
        assert!(if fault == 1 { known } else { unknown }, "{lost:?}");
        assert_eq!(shop.journal.steps_of(&nr(4711)).await.unwrap().len(), stands);
    }
    assert!(matches!(shop.intend(4711, &step).await, Err(IntendError::AlreadyThere(_))));
}

async fn a_commit_the_database_fails_stores_nothing_and_the_store_goes_on(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    // Only at the commit is it found that there is no such order.
    let defer = match on {
        On::Sqlite => "PRAGMA defer_foreign_keys = ON",
        On::Postgres => {
            "ALTER TABLE payment_claims ALTER CONSTRAINT payment_claims_order_id_fkey DEFERRABLE INITIALLY DEFERRED"
        }
    };
    let orphan = shop
        .journal
        .0
        .lanes
        .write(move |tx: &mut Tx| {
            Box::pin(async move {
                tx.conn.execute(defer).await?;
                tx.conn.execute("INSERT INTO payment_claims VALUES ('s-pay-9', 999, 0)").await?;
                Ok(())
            })
        })
        .await;
    assert!(matches!(orphan, Err(JournalError::CommitUnknown)), "{orphan:?}");
    assert_eq!(shop.journal.order_of_payment("s-pay-9").await.unwrap(), None);
    assert!(shop.intend(4711, &capture("RE1", 10_00)).await.is_ok());
}

async fn a_panic_in_an_operation_does_not_end_the_store(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let result: Result<(), _> = shop.journal.0.lanes.write(|_: &mut Tx| Box::pin(async { panic!("a bug") })).await;
    assert!(matches!(result, Err(JournalError::CommitUnknown)));
    shop.order(4711).await;
}

async fn after_a_crash_the_intent_is_there_for_the_next_process(on: On) {
    let before = Shop::open(on, Mode::Inline).await;
    before.order(4711).await;
    let permit = before.intend(4711, &capture("RE1", 10_00)).await.unwrap();
    let Shop { dir: _dir, clock, journal, owner: dead, place } = before;
    drop(journal);
    // On PostgreSQL the dead one's lease is waited for.
    clock.sleep(LEASE_FOR).await;
    let (journal, owner) = Shop::run(&place, &clock, Mode::Inline, None).await;
    assert!(owner.fence > dead.fence);
    let open = open_steps(&journal, 4711).await;
    assert_eq!(open.len(), 1);
    assert_eq!((open[0].id, open[0].owner, open[0].state), (permit.step_id(), dead, StepState::Intended));
    // The new holder of the lease repairs it.
    journal.settle(owner, open[0].id, &unknown()).await.unwrap();
    journal.record_look(owner, open[0].id, Some(clock.now() + TimeDelta::minutes(5))).await.unwrap();
    let step = journal.load_step(open[0].id).await.unwrap().unwrap();
    assert_eq!((step.looks, step.first_look_at), (1, Some(clock.now())));
    // The dead one gets no more permits.
    let late = journal.intend(dead, &nr(4711), &capture("RE2", 1), &[], LIMITS).await;
    assert!(matches!(late, Err(IntendError::NotOwner)), "{late:?}");
    assert!(matches!(journal.heartbeat(dead).await, Err(JournalError::NotOwner)));
    assert!(matches!(journal.acquire_lease(dead, &"live".into()).await, Err(JournalError::NotOwner)));
}

#[tokio::test(start_paused = true)]
async fn a_second_run_refuses_to_start_and_others_may_read() {
    let shop = Shop::open(On::Sqlite, Mode::Inline).await;
    let options = Options::new(&shop.place, shop.clock.clone());
    let second = Journal::open(options).await.unwrap();
    assert!(matches!(second.register_process("second").await, Err(JournalError::AlreadyRunning)));
    assert_eq!(second.processes().await.unwrap().len(), 1);
    shop.journal.end_process(shop.owner).await.unwrap();
    assert!(second.register_process("second").await.is_ok());
    second.close();
    assert!(matches!(second.processes().await, Err(JournalError::Closed)));
}

async fn without_its_lease_a_process_gets_no_permit(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    shop.clock.sleep(LEASE_FOR).await;
    assert!(matches!(shop.intend(4711, &capture("RE1", 1)).await, Err(IntendError::NotOwner)));
    assert!(!shop.journal.holds_lease(shop.owner, &"live".into()).await.unwrap());
    shop.journal.heartbeat(shop.owner).await.unwrap();
    assert!(shop.intend(4711, &capture("RE1", 1)).await.is_ok());
}

async fn a_lease_is_anothers_until_it_ends(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    // Two that live, as where the file system knows no locks.
    shop.raw("INSERT INTO processes (fence, label, started_ms, heartbeat_ms) VALUES (77, 'second', 0, 0)")
        .await
        .unwrap();
    let second = Owner { id: shop.owner.id + 1, fence: 77 };
    let acquire = async |owner| shop.journal.acquire_lease(owner, &"live".into()).await.unwrap();
    assert!(matches!(acquire(second).await, Lease::HeldBy { owner, .. } if owner == shop.owner));
    shop.clock.sleep(LEASE_FOR).await;
    assert!(matches!(acquire(second).await, Lease::Ours { .. }));
    if on == On::Sqlite {
        assert!(matches!(acquire(shop.owner).await, Lease::HeldBy { owner, .. } if owner == second));
    } else {
        // Its heartbeat was as old as its lease: it was taken for dead.
        let late = shop.journal.acquire_lease(shop.owner, &"live".into()).await;
        assert!(matches!(late, Err(JournalError::NotOwner)), "{late:?}");
    }
}

async fn a_schema_that_is_not_ours_is_refused(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let options = Options::new(on.place(shop.dir.path(), "empty.db"), shop.clock.clone());
    let empty = Journal::open(options).await;
    assert!(matches!(empty, Err(JournalError::Schema { found: 0, .. })), "{empty:?}");
    shop.raw("UPDATE meta SET value = '99' WHERE name LIKE 'schema%'").await.unwrap();
    let options = Options::new(&shop.place, shop.clock.clone());
    let newer = Journal::open(options.migrating()).await;
    assert!(matches!(newer, Err(JournalError::Schema { found: 99, .. })), "{newer:?}");
}

async fn a_person_decides_what_is_not_known(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    let permit = shop.intend(4711, &capture("RE1", 10_00)).await.unwrap();
    let id = permit.step_id();
    let early = shop.journal.decide(id, Decision::Done, "anna", "seen").await;
    assert!(matches!(early, Err(JournalError::AlreadySettled(_, "intended"))));
    shop.settle(permit, unknown()).await;
    shop.journal.decide(id, Decision::NotDone, "anna", "not in the portal").await.unwrap();
    let step = shop.journal.load_step(id).await.unwrap().unwrap();
    assert_eq!((step.state, step.decided_by.as_deref()), (StepState::NotSent, Some("anna")));
    assert!(shop.intend(4711, &capture("RE1", 10_00)).await.is_ok());
    let trail = shop.journal.audit_entries(Chain::of(&nr(4711)), None, 1).await.unwrap();
    assert_eq!(trail[0].entry["actor"], "anna");
}

async fn the_audit_trail_shows_any_change(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    for n in 1..=3 {
        shop.journal.append_audit(Chain::Configuration, serde_json::json!({"what": "login", "n": n})).await.unwrap();
    }
    let broken = async || shop.journal.verify_chains().await.unwrap()[0].broken_at;
    assert_eq!(broken().await, None);
    assert!(shop.raw("UPDATE audit SET entry = '{}' WHERE seq = 2").await.is_err());
    assert!(shop.raw("DELETE FROM audit WHERE seq = 3").await.is_err());
    let of_table = if on == On::Postgres { " ON audit" } else { "" };
    shop.raw(format!("DROP TRIGGER audit_keeps_its_rows{of_table}")).await.unwrap();
    shop.raw(format!("DROP TRIGGER audit_loses_no_row{of_table}")).await.unwrap();
    shop.raw("DELETE FROM audit WHERE seq = 3").await.unwrap();
    assert_eq!(broken().await, Some(3), "cut off");
    shop.raw("UPDATE audit SET at_ms = at_ms + 1 WHERE seq = 2").await.unwrap();
    assert_eq!(broken().await, Some(2), "changed");
    shop.raw("DELETE FROM audit WHERE seq = 1").await.unwrap();
    assert_eq!(broken().await, Some(1), "removed");
}

pub(super) fn plan(next: Next) -> PlanRecord {
    PlanRecord {
        undecided: false,
        payment_status: "AUTHORIZED".into(),
        transfer_status: "NONE".into(),
        reason: "waits for goods".into(),
        mark: None,
        mark_mail: None,
        mails: Vec::new(),
        next,
        payment: Some("s-pay-1".into()),
        method: Some("crd".into()),
        group: Some("AUTH".into()),
        customer: None,
        o0: Some(119_00),
        amounts: Amounts { total: 119_00, ..Amounts::default() },
        facts: "{}".into(),
        keep_facts: false,
        facts_digest: "d1".into(),
        settings_digest: "s1".into(),
    }
}

async fn an_unchanged_order_costs_no_write_and_is_still_postponed(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let api = "live".into();
    let row = shop.order(4711).await;
    assert_eq!(shop.journal.due_orders(&api, 10).await.unwrap(), std::slice::from_ref(&row));
    let first = shop.journal.record_plan(&row, plan(Next::Check(shop.clock.now()))).await.unwrap();
    assert!(first.changed);
    let again = noon() + TimeDelta::minutes(10);
    let second = shop.journal.record_plan(&first.row, plan(Next::Check(again))).await.unwrap();
    assert!(!second.changed);
    assert!(shop.journal.due_orders(&api, 10).await.unwrap().is_empty());
    assert_eq!(shop.journal.load_order(&nr(4711)).await.unwrap().unwrap().next_check, Some(again));
    assert_eq!(shop.journal.find_orders_by_nr(4711).await.unwrap()[0].next_check, Some(again));
    shop.clock.sleep(Duration::from_mins(10)).await;
    shop.journal.heartbeat(shop.owner).await.unwrap();
    let due = shop.journal.due_orders(&api, 10).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!((due[0].digest_since, due[0].changed), (noon(), noon()));
    // Other facts start the count anew.
    let other = PlanRecord { facts_digest: "d2".into(), facts: "[1]".into(), ..plan(Next::End) };
    let third = shop.journal.record_plan(&due[0], other).await.unwrap();
    assert_eq!((third.row.digest_since, third.row.next_check), (shop.clock.now(), None));
    assert_eq!(shop.journal.load_facts(&nr(4711)).await.unwrap().as_deref(), Some("[1]"));
    assert!(shop.journal.open_orders(&api, None, 10).await.unwrap().is_empty());
    shop.journal.wake_order(&nr(4711)).await.unwrap();
    assert_eq!(shop.journal.due_orders(&api, 10).await.unwrap().len(), 1);
}

async fn a_problem_is_told_once_until_it_is_another(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let row = shop.order(4711).await;
    let problem = |value: &str| {
        let notice = Notice::problem(Number::NoPaymentId).with("nr", value);
        let mail = telling("problem", &row, &notice);
        PlanRecord { mark: Some(notice), mark_mail: Some(mail), ..plan(Next::End) }
    };
    let first = shop.journal.record_plan(&row, problem("1")).await.unwrap();
    assert!(first.newly_marked);
    let fingerprint = first.row.mark_fingerprint.clone().unwrap();
    shop.journal.resolve(&nr(4711), &fingerprint, "anna", "called the buyer").await.unwrap();
    let resolved = shop.journal.load_order(&nr(4711)).await.unwrap().unwrap();
    assert!(resolved.is_resolved());
    let gone = shop.journal.record_plan(&resolved, plan(Next::Check(noon()))).await.unwrap();
    let back = shop.journal.record_plan(&gone.row, problem("1")).await.unwrap();
    assert!(!back.newly_marked, "settled by a person");
    let other = shop.journal.record_plan(&back.row, problem("2")).await.unwrap();
    assert!(other.newly_marked);
    let told = news(&shop).await;
    assert_eq!(told, ["problem 1", "problem 2"], "settled by a person: told once, and its end to nobody");
    assert_eq!(shop.journal.totals("2026-03-03", "2026-03-03").await.unwrap()[0].problems, 2);
    let filter = OrderFilter { mark: Some(crate::text::Severity::Problem), unresolved: true, ..OrderFilter::default() };
    assert_eq!(shop.journal.list_orders(filter).await.unwrap().len(), 1);
    let filter = OrderFilter { search: Some("W4711".into()), ..OrderFilter::default() };
    assert_eq!(shop.journal.list_orders(filter).await.unwrap().len(), 1);
}

/// What waits to be told: kind and the value of its notice.
async fn news(shop: &Shop) -> Vec<String> {
    let all = shop.journal.waiting_news(100).await.unwrap();
    all.iter().map(|one| format!("{} {}", one.kind, one.params["values"][0][1].as_str().unwrap())).collect()
}

async fn no_order_waits_for_nothing(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.order(4711).await;
    assert!(shop.raw("UPDATE orders SET next_check_ms = NULL").await.is_err());
    shop.journal.set_management(&nr(4711), Management::Ignored, "anna", "test order").await.unwrap();
    let row = shop.journal.load_order(&nr(4711)).await.unwrap().unwrap();
    assert_eq!((row.management, row.management_by.as_deref()), (Management::Ignored, Some("anna")));
}

async fn a_request_is_taken_once_and_again_after_its_taker_died(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    let request = NewRequest {
        order: Some(nr(4711)),
        actor: "anna".into(),
        kind: "capture".into(),
        args: serde_json::json!({}),
        reason: "goods left".into(),
        amounts_seen: serde_json::json!({"captured": 0}),
    };
    let id = shop.journal.enqueue_request(request.clone()).await.unwrap();
    let other_api = NewRequest { order: Some(OrderId { api: "test".into(), ..nr(1) }), ..request.clone() };
    shop.journal.enqueue_request(other_api).await.unwrap();
    let ids = |requests: Vec<Request>| requests.into_iter().map(|request| request.id).collect::<Vec<_>>();
    let none = BTreeSet::new();
    assert_eq!(ids(shop.journal.take_requests(shop.owner, 10, &none).await.unwrap()), [id]);
    let in_hand = BTreeSet::from([id]);
    assert!(shop.journal.take_requests(shop.owner, 10, &in_hand).await.unwrap().is_empty());
    assert!(shop.journal.take_requests(shop.owner, 10, &none).await.unwrap().is_empty(), "it may be on its way");
    shop.clock.sleep(Duration::from_mins(1)).await;
    shop.journal.heartbeat(shop.owner).await.unwrap();
    let again = shop.journal.take_requests(shop.owner, 1, &none).await.unwrap();
    assert_eq!(ids(again), [id], "the store took it, and its answer to that was lost");
    let more = shop.journal.enqueue_request(request.clone()).await.unwrap();
    let next = shop.journal.take_requests(shop.owner, 1, &in_hand).await.unwrap();
    assert_eq!(ids(next), [more], "what is in hand leaves room for others");
    shop.journal.answer_request(more, serde_json::json!({"done": true})).await.unwrap();
    let Shop { dir: _dir, clock, journal, place, .. } = shop;
    drop(journal);
    clock.sleep(LEASE_FOR).await;
    let (journal, owner) = Shop::run(&place, &clock, Mode::Inline, None).await;
    assert_eq!(ids(journal.take_requests(owner, 10, &none).await.unwrap()), [id]);
    journal.answer_request(id, serde_json::json!({"done": true})).await.unwrap();
    journal.answer_request(id, serde_json::json!({"done": false})).await.unwrap();
    let request = journal.load_request(id).await.unwrap().unwrap();
    assert_eq!(request.answer, Some(serde_json::json!({"done": true})));
}

async fn a_hint_that_came_again_meanwhile_stays(on: On) {
    let shop = Shop::open(on, Mode::Inline).await;
    shop.journal.add_hint("s-pay-1", "charge.pending").await.unwrap();
    let hints = shop.journal.take_hints(&"live".into(), 10).await.unwrap();
    shop.journal.add_hint("s-pay-1", "charge.succeeded").await.unwrap();
    shop.journal.drop_hints(&"live".into(), &hints).await.unwrap();
    let hints = shop.journal.take_hints(&"live".into(), 10).await.unwrap();
    assert_eq!((hints.len(), hints[0].event.as_str()), (1, "charge.succeeded"));
    shop.journal.drop_hints(&"live".into(), &hints).await.unwrap();
    assert!(shop.journal.take_hints(&"live".into(), 10).await.unwrap().is_empty());
    // One that another cycle has followed, and that came anew since.
    shop.journal.add_hint("s-pay-1", "charge.pending").await.unwrap();
    let first = shop.journal.take_hints(&"live".into(), 10).await.unwrap();
    shop.journal.drop_hints(&"live".into(), &first).await.unwrap();
    shop.clock.sleep(Duration::from_secs(1)).await;
    shop.journal.add_hint("s-pay-1", "chargeback").await.unwrap();
    shop.journal.drop_hints(&"live".into(), &first).await.unwrap();
    assert_eq!(shop.journal.take_hints(&"live".into(), 10).await.unwrap().len(), 1);
}

async fn in_place_operations_let_no_time_pass_and_repeat_by_seed(on: On) {
    let run = async || {
        let shop = Shop::open(on, Mode::Inline).await;
        let clock = shop.clock.clone();
        let other = tokio::spawn(async move { clock.sleep(Duration::from_secs(1)).await });
        let mut tokens = Vec::new();
        for number in 0..20 {
            shop.order(number).await;
            let step = capture_of(&format!("s-pay-{number}"), &format!("RE{number}"), 1);
            let permit = shop.intend(number, &step).await.unwrap();
            tokens.push(permit.token().to_owned());
            shop.settle(permit, done("charges/s-chg-1")).await;
        }
        assert_eq!(shop.clock.now(), noon());
        assert!(!other.is_finished());
        tokens
    };
    assert_eq!(run().await, run().await);
}

on_both_databases! {
    paused:
        every_statement_prepares,
        an_order_is_stored_once_and_keeps_its_mode,
        a_later_sighting_leaves_an_order_to_the_person_who_took_it,
        a_step_is_taken_again_only_after_it_was_refused_or_not_sent,
        an_outcome_is_final_and_storing_it_again_is_fine,
        one_open_money_step_per_payment,
        guards_count_what_the_facts_have_not_seen_yet,
        a_payment_belongs_to_one_order,
        one_capture_refund_and_booking_per_document_in_the_whole_api,
        refunds_of_a_day_have_a_limit,
        a_lost_commit_gives_no_permit_whether_it_stands_or_not,
        a_commit_the_database_fails_stores_nothing_and_the_store_goes_on,
        a_panic_in_an_operation_does_not_end_the_store,
        after_a_crash_the_intent_is_there_for_the_next_process,
        without_its_lease_a_process_gets_no_permit,
        a_lease_is_anothers_until_it_ends,
        a_schema_that_is_not_ours_is_refused,
        a_person_decides_what_is_not_known,
        the_audit_trail_shows_any_change,
        an_unchanged_order_costs_no_write_and_is_still_postponed,
        a_problem_is_told_once_until_it_is_another,
        no_order_waits_for_nothing,
        a_request_is_taken_once_and_again_after_its_taker_died,
        a_hint_that_came_again_meanwhile_stays,
        in_place_operations_let_no_time_pass_and_repeat_by_seed;
    threads:
        guards_hold_when_many_act_at_once,
        of_many_with_the_same_step_one_gets_the_permit,
        a_shared_commit_answers_everyone_and_a_failed_operation_takes_no_other_with_it,
        a_caller_that_goes_away_cancels_nothing;
}
