//! Several processes on one store: what one of them may still do once another has taken over.

use super::super::process::SEND_MARGIN;
use super::super::rows::Columns as _;
use super::*;

/// A process, and another one that has taken everything over since the first fell silent.
async fn replaced() -> (Shop, Journal, Owner) {
    let first = Shop::open(On::Postgres, Mode::Inline).await;
    first.order(4711).await;
    first.clock.sleep(LEASE_FOR).await;
    let (journal, second) = Shop::run(&first.place, &first.clock, Mode::Inline, None).await;
    (first, journal, second)
}

fn seen(number: i64) -> OrderSeen {
    OrderSeen {
        order: nr(number),
        nr_external: "W".into(),
        payment_code: "U".into(),
        currency: Currency::EUR,
        mode: "standard".into(),
        management: Management::Managed,
        next_check: noon(),
    }
}

fn letter(message_id: &str) -> NewLetter {
    NewLetter {
        mandant: "SHP".into(),
        kind: "problem".into(),
        message_id: message_id.into(),
        subject: "s".into(),
        text: "t".into(),
        html: "h".into(),
        to: vec!["a@example.org".into()],
        news: Vec::new(),
    }
}

mod on_postgres {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn who_was_replaced_writes_nothing_of_orders_any_more() {
        let (first, journal, second) = replaced().await;
        let row = first.journal.load_order(&nr(4711)).await.unwrap().unwrap();
        let refused =
            |result: Result<(), JournalError>| assert!(matches!(result, Err(JournalError::NotOwner)), "{result:?}");
        refused(first.journal.see_order(seen(4712)).await.map(drop));
        refused(first.journal.claim_payment(&nr(4711), "s-pay-1").await.map(drop));
        refused(first.journal.record_plan(&row, plan(Next::End)).await.map(drop));
        refused(first.journal.set_cursor(&"live".into(), "changed_orders", "1").await);
        assert!(!first.journal.may_send(first.owner, &"live".into()).await.unwrap());

        assert!(journal.may_send(second, &"live".into()).await.unwrap());
        journal.see_order(seen(4712)).await.unwrap();
        journal.claim_payment(&nr(4711), "s-pay-1").await.unwrap();
        journal.record_plan(&row, plan(Next::End)).await.unwrap();
        journal.set_cursor(&"live".into(), "changed_orders", "1").await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn a_mail_is_written_and_sent_by_who_acts_for_all() {
        let (first, journal, second) = replaced().await;
        assert!(matches!(first.journal.write_mail(letter("a")).await, Err(JournalError::NotOwner)));
        let id = journal.write_mail(letter("a")).await.unwrap();
        let until = first.clock.now() + TimeDelta::minutes(3);
        assert!(matches!(first.journal.claim_mail(id, until).await, Err(JournalError::NotOwner)));
        assert!(journal.claim_mail(id, until).await.unwrap());
        assert!(!journal.claim_mail(id, until).await.unwrap(), "it is being sent");
        assert!(journal.acts_for_all(second).await.unwrap());
        assert!(!first.journal.acts_for_all(first.owner).await.unwrap());
        // Whoever has ended, and sends what it caused before it goes, asks nobody.
        journal.end_process(second).await.unwrap();
        assert!(matches!(journal.write_mail(letter("b")).await, Err(JournalError::NotOwner)));
        journal.act_for_nobody();
        journal.write_mail(letter("b")).await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn right_before_a_request_leaves_the_lease_is_good_for_as_long_as_it_may_wait() {
        let shop = Shop::open(On::Postgres, Mode::Inline).await;
        shop.clock.sleep(LEASE_FOR.saturating_sub(SEND_MARGIN + Duration::from_secs(1))).await;
        assert!(shop.journal.may_send(shop.owner, &"live".into()).await.unwrap());
        shop.clock.sleep(Duration::from_secs(1)).await;
        assert!(!shop.journal.may_send(shop.owner, &"live".into()).await.unwrap());
        assert!(shop.journal.holds_lease(shop.owner, &"live".into()).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_clock_that_was_set_back_keeps_no_lease_for_the_dead() {
        let dead = Shop::open(On::Postgres, Mode::Inline).await;
        let set_back = Clock::simulated(noon() - TimeDelta::hours(1), 1);
        let (journal, owner) = Shop::run(&dead.place, &set_back, Mode::Inline, None).await;
        assert_eq!(journal.processes().await.unwrap().len(), 1);
        assert!(journal.acts_for_all(owner).await.unwrap());
        assert!(matches!(dead.journal.heartbeat(dead.owner).await, Err(JournalError::NotOwner)));
        // Nor does a lease that stands alone, its process long gone.
        let statement = format!("UPDATE leases SET until_ms = {}", crate::clock::to_millis(noon()));
        dead.raw(statement).await.unwrap();
        assert!(matches!(journal.acquire_lease(owner, &"live".into()).await.unwrap(), Lease::Ours { .. }));
        assert_eq!(journal.take_leases(owner, &BTreeSet::from(["live".into()])).await.unwrap().len(), 1);
        assert!(journal.acts_for_all(owner).await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn writers_come_one_after_another_whatever_role_finds_the_tables() {
        let shop = Shop::open(On::Postgres, Mode::Inline).await;
        // Another role, whose own schema comes first and is empty.
        let Database::Postgres(address) = &shop.place else { unreachable!() };
        let mut other: url::Url = address.parse().unwrap();
        let path = other.query_pairs().find(|(name, _)| name == "options").unwrap().1.into_owned();
        let own = format!("own{:016x}", getrandom::u64().unwrap());
        shop.raw(format!("CREATE SCHEMA {own}")).await.unwrap();
        let path = path.replace("search_path=", &format!("search_path={own},"));
        other.query_pairs_mut().clear().append_pair("options", &path);
        let key = async |journal: &Journal| {
            let row = journal.0.lanes.write(|tx: &mut Tx| {
                Box::pin(async move {
                    let held = "SELECT CAST(objid AS BIGINT) AS n, CAST(mode AS TEXT) AS mode FROM pg_locks \
                                WHERE locktype = 'advisory' AND pid = pg_backend_pid()";
                    let row = sqlx::query(held).fetch_one(&mut tx.conn).await?;
                    Ok((row.int("n")?, row.text("mode")?))
                })
            });
            row.await.unwrap()
        };
        let second =
            Journal::open(Options::new(Database::Postgres(other.into()), shop.clock.clone()).simulated(8)).await;
        let (first, second) = (key(&shop.journal).await, key(&second.unwrap()).await);
        assert_eq!(first, second);
        assert_eq!(first.1, "ExclusiveLock", "no two at once");
    }
}
