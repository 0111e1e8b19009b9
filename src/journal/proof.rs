//! Proving a store, and copying it while it is in use.

use std::path::Path;

use serde::Serialize;
use sqlx::Row;

use super::connect::{self, Access, Dialect};
use super::rows::Columns;
use super::store::Tx;
use super::{Journal, JournalError, Options, sql};

/// Offenders named at most.
const NAMED: usize = 20;

/// What one check of the store showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Checked {
    /// What has to hold, in words.
    pub check: &'static str,
    /// Where it does not: orders, steps or payments, the first ones.
    pub offenders: Vec<String>,
}

/// Everything that has to hold in a store, with the statement that names where it does not.
const CHECKS: &[(&str, &str)] = &[
    ("every open order has a next check, a person or an end", sql::ORDERS_WITHOUT_NEXT),
    ("every order with a payment holds the claim on it", sql::PAYMENTS_UNCLAIMED),
    ("every step belongs to its order", sql::STEPS_ASTRAY),
    ("an ended step has an outcome, an open one has none or waits", sql::STEPS_WITHOUT_OUTCOME),
    ("at most one attempt of a step is open or done", sql::STEPS_TWICE),
    ("at most one money step of a payment is open", sql::MONEY_TWICE),
    ("an invoice is captured once", sql::CAPTURED_TWICE),
    ("a document is booked once with an event", sql::BOOKED_TWICE),
    ("what is refunded of a credit note's charge is refunded once", sql::REFUNDED_TWICE),
    ("every step that moves money has an amount above zero, or none by its kind", sql::MONEY_WITHOUT_AMOUNT),
    ("the totals are the sum of the steps", sql::TOTALS_ASTRAY),
    ("the board counts every order where it stands", sql::BOARD_ASTRAY),
];

impl Journal {
    /// Proves the file and every invariant of the store but the audit trail, which
    /// [`verify_chains`](Self::verify_chains) proves.
    pub async fn verify_store(&self) -> Result<Vec<Checked>, JournalError> {
        let dialect = self.0.dialect;
        self.0.lanes.read_whole(dialect, move |tx| Box::pin(check_all(tx, dialect))).await
    }
}

async fn check_all(tx: &mut Tx, dialect: Dialect) -> Result<Vec<Checked>, JournalError> {
    let mut all = Vec::new();
    // PostgreSQL keeps its files and its references itself.
    if dialect == Dialect::Sqlite {
        all.push(pragma(tx, "the file is sound", "PRAGMA integrity_check", "integrity_check").await?);
        all.push(pragma(tx, "every reference leads somewhere", "PRAGMA foreign_key_check", "table").await?);
    }
    for &(check, statement) in CHECKS {
        let rows = sqlx::query(statement).fetch_all(&mut tx.conn).await?;
        let offenders = rows.iter().take(NAMED).map(|row| row.text("what")).collect::<Result<_, _>>()?;
        all.push(Checked { check, offenders });
    }
    Ok(all)
}

async fn pragma(
    tx: &mut Tx,
    check: &'static str,
    statement: &'static str,
    column: &str,
) -> Result<Checked, JournalError> {
    let rows = sqlx::query(statement).fetch_all(&mut tx.conn).await?;
    let mut offenders = Vec::new();
    for row in rows.iter().take(NAMED) {
        let found: String = row.try_get(column)?;
        if found != "ok" {
            offenders.push(found);
        }
    }
    Ok(Checked { check, offenders })
}

/// Copies the store at `options` to `target`, which must not exist, while a daemon may be working on it. The copy is of one
/// moment, private, and on the disk when this returns.
///
/// # Errors
/// [`JournalError::OnlySqlite`] on PostgreSQL, whose own tools copy it.
pub async fn backup(options: &Options, target: &Path) -> Result<(), JournalError> {
    if Dialect::of(&options.place) == Dialect::Postgres {
        return Err(JournalError::OnlySqlite);
    }
    if target.exists() {
        return Err(connect::file(target, "the file exists; a backup overwrites nothing"));
    }
    // Nothing is left behind where there is no store to copy.
    let mut conn = connect::connection(options, Access::Write).await?;
    connect::copy_to(&mut conn, target).await
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::Mode;
    use super::super::tests::{FILE, On, Shop, capture, done, nr, on_both_databases, refund};
    use super::*;

    async fn broken(on: On, shop: &Shop) -> Vec<&'static str> {
        let checks = shop.journal.verify_store().await.unwrap();
        assert_eq!(checks.len(), CHECKS.len() + if on == On::Sqlite { 2 } else { 0 });
        checks.into_iter().filter(|check| !check.offenders.is_empty()).map(|check| check.check).collect()
    }

    async fn shop_with_money(on: On) -> Shop {
        let shop = Shop::open(on, Mode::Inline).await;
        shop.order(4711).await;
        let permit = shop.intend(4711, &capture("RE1", 60_00)).await.unwrap();
        shop.settle(permit, done("charges/s-chg-1")).await;
        shop
    }

    async fn a_sound_store_is_proven(on: On) {
        let shop = shop_with_money(on).await;
        assert_eq!(broken(on, &shop).await, Vec::<&str>::new());
    }

    async fn every_invariant_that_is_broken_is_named(on: On) {
        let columns = "order_id, api, mandant, nr, step_key, attempt, kind, rule, effect, guards, moves_money, payment, document, \
                  charge, event, customer, amount_minor, currency, snapshot, token, owner, fence, intended_ms, deadline_ms, \
                  state, outcome, transaction_path, settled_ms, looks";
        let mut seen = BTreeSet::new();
        let again = |key: &str, token: &str, attempt: i64| {
            let read = columns.replace("step_key", &format!("'{key}'")).replace("token", &format!("'{token}'"));
            let read = read.replace("attempt", &attempt.to_string());
            format!("INSERT INTO steps ({columns}) SELECT {read} FROM steps WHERE id = 1")
        };
        for (harm, named) in [
            (
                "UPDATE steps SET outcome = NULL".to_owned(),
                "an ended step has an outcome, an open one has none or waits",
            ),
            ("UPDATE steps SET mandant = 'OTHER'".to_owned(), "every step belongs to its order"),
            ("UPDATE totals SET captured = captured + 1".to_owned(), "the totals are the sum of the steps"),
            ("UPDATE board SET orders = orders + 1".to_owned(), "the board counts every order where it stands"),
            ("UPDATE orders SET payment = 's-pay-77'".to_owned(), "every order with a payment holds the claim on it"),
            (
                "UPDATE steps SET amount_minor = 0".to_owned(),
                "every step that moves money has an amount above zero, or none by its kind",
            ),
            (
                // Only a hand that goes round the schema can do this: a store whose table lost its constraint.
                match on {
                    On::Sqlite => {
                        "PRAGMA ignore_check_constraints = ON; UPDATE orders SET next_check_ms = NULL; \
                         PRAGMA ignore_check_constraints = OFF"
                    }
                    On::Postgres => {
                        "ALTER TABLE orders DROP CONSTRAINT orders_check; UPDATE orders SET next_check_ms = NULL"
                    }
                }
                .to_owned(),
                "every open order has a next check, a person or an end",
            ),
            (
                format!("DROP INDEX steps_capture_once; DROP INDEX steps_one_live; {}", again("capture:RE1", "t3", 2)),
                "at most one attempt of a step is open or done",
            ),
            (
                format!(
                    "DROP INDEX steps_capture_once; DROP INDEX steps_one_money; {}; \
                     UPDATE steps SET state = 'unknown', document = 'RE' || id",
                    again("capture:RE2", "t4", 1)
                ),
                "at most one money step of a payment is open",
            ),
            (
                format!(
                    "DROP INDEX steps_capture_once; DROP INDEX steps_booking_once; {}; \
                     UPDATE steps SET kind = 'book_invoice', event = 'ZE'",
                    again("book:RE1", "t5", 1)
                ),
                "a document is booked once with an event",
            ),
            (
                format!(
                    "DROP INDEX steps_capture_once; DROP INDEX steps_refund_once; {}; \
                     UPDATE steps SET kind = 'refund', charge = 's-chg-1'",
                    again("refund:RE1", "t6", 1)
                ),
                "what is refunded of a credit note's charge is refunded once",
            ),
            (
                format!("DROP INDEX steps_capture_once; {}", again("capture:RE1b", "t2", 1)),
                "an invoice is captured once",
            ),
        ] {
            let shop = shop_with_money(on).await;
            shop.raw(harm.clone()).await.unwrap();
            assert!(broken(on, &shop).await.contains(&named), "{harm}");
            seen.insert(named);
        }
        let all: BTreeSet<&str> = CHECKS.iter().map(|(check, _)| *check).collect();
        assert_eq!(seen, all, "each invariant is broken once");
    }

    #[tokio::test(start_paused = true)]
    async fn a_backup_made_while_working_is_whole_and_goes_on() {
        let shop = shop_with_money(On::Sqlite).await;
        let target = shop.dir.path().join("copy.db");
        let options = Options::new(shop.dir.path().join(FILE), shop.clock.clone());
        backup(&options, &target).await.unwrap();
        let again = backup(&options, &target).await;
        assert!(matches!(again, Err(JournalError::File { .. })), "overwrites nothing: {again:?}");
        let permit = shop.intend(4711, &refund("GS1", 10_00)).await.unwrap();
        shop.settle(permit, done("charges/s-chg-1/cancels/s-cnl-1")).await;
        let copy = Journal::open(Options { place: (&target).into(), ..options.clone() }).await.unwrap();
        assert_eq!(copy.steps_of(&nr(4711)).await.unwrap().len(), 1, "of the moment it was made");
        assert!(copy.verify_store().await.unwrap().iter().all(|check| check.offenders.is_empty()));
        assert!(copy.verify_chains().await.unwrap().iter().all(|chain| chain.broken_at.is_none()));
        copy.close();
        // Put in the place of a store, it is worked on as the store was.
        let restored = shop.dir.path().join("restored.db");
        std::fs::rename(&target, &restored).unwrap();
        let shop = Shop::go_on(shop.dir, restored).await;
        let before = shop.journal.verify_chains().await.unwrap()[0].entries;
        assert!(shop.intend(4711, &capture("RE1", 60_00)).await.is_err(), "what was captured stays captured");
        let permit = shop.intend(4711, &refund("GS1", 10_00)).await.unwrap();
        shop.settle(permit, done("charges/s-chg-1/cancels/s-cnl-1")).await;
        assert!(shop.journal.verify_store().await.unwrap().iter().all(|check| check.offenders.is_empty()));
        let chains = shop.journal.verify_chains().await.unwrap();
        assert!(chains.iter().all(|chain| chain.broken_at.is_none()));
        assert_eq!(chains[0].entries, before + 1, "the chain goes on where it was");
    }

    on_both_databases! {
        paused:
            a_sound_store_is_proven,
            every_invariant_that_is_broken_is_named;
    }
}
