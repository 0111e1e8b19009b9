//! What surrounds an order, through the real engine: bank data, insured addresses, customers, merged and lost orders,
//! payment ids in import documents, ends of authorisations.

use std::time::Duration;

use serde_json::json;

use super::scene::Scene;
use super::{Theatre, theatre, theatre_with};
use crate::config::Mode;
use crate::journal::{Amounts, Management, Next, OrderSeen, PlanRecord};
use crate::money::Currency;
use crate::sandbox::pixi::{Address, NewLine, NewOrder, Shop};
use crate::sandbox::stage::{Stage, Told};
use crate::sandbox::world::{EXPERT, MANDANT};
use crate::steps::OrderId;

const IBAN: &str = "DE02120300000000202051";
/// pixi's calls by the papers merchants get.
const TWENTY: [&str; 20] = [
    "pixiPayGetOrdersToAuthorize",
    "pixiPayGetInvoicesToCapture",
    "pixiGetOrderline",
    "pixiGetInvoice",
    "pixiGetInvoiceLines",
    "pixiGetChangedOrders",
    "pixiImportFindXML",
    "pixiCACreateManualBooking",
    "pixiPaySetInvoiceCapture",
    "pixiPaySetAuthorizationStatus",
    "pixiGetOrderTotals",
    "pixiGetOrderHeader",
    "pixiAddCustomerComment",
    "pixiGetAddress",
    "pixiSetShippingLock",
    "pixiCreateOrderComment",
    "pixiSetOrderShippingLock",
    "pixiCanChangeAddress",
    "pixiGetItemInfo",
    "pixiGetCreditCardInfo",
];

/// Adds settings to every payment type.
fn with(settings: &'static str) -> impl Fn(String) -> String {
    move |text| text.replace("        event_return: UZR\n", &format!("        event_return: UZR\n        {settings}\n"))
}

/// A cycle every five minutes: enough for stories that take hours.
#[expect(clippy::needless_pass_by_value, reason = "a change takes a text and gives another")]
fn rarely(text: String) -> String {
    text.replace("cycle: \"0 * * * * *\"", "cycle: \"0 */5 * * * *\"")
}

fn stage(theatre: &Theatre, number: usize) -> Stage {
    Stage::new(&theatre.world, Mode::Expert, number)
}

/// Plays while the daemon runs on its schedule.
async fn enact<T>(theatre: &Theatre, play: impl Future<Output = Told<T>>) -> T {
    let daemon = theatre.daemon.clone();
    let running = tokio::spawn(async move { daemon.run().await });
    let ended = play.await;
    theatre.stop.now();
    running.await.unwrap().unwrap();
    ended.unwrap_or_else(|astray| panic!("{astray}"))
}

/// Waits until the order is marked so, or not marked any more; gives its payment status.
async fn marked(theatre: &Theatre, nr: i64, number: Option<u16>) -> String {
    let mut seen = None;
    for _ in 0..600 {
        let row = theatre.journal.find_orders_by_nr(nr).await.unwrap().pop();
        if let Some(row) = row {
            seen = row.mark.map(|mark| mark.number.digits());
            if seen == number {
                return row.payment_status;
            }
        }
        theatre.world.clock.sleep(Duration::from_mins(1)).await;
    }
    panic!("order {nr} is marked {seen:?} instead of {number:?}");
}

fn home() -> Address {
    Address {
        first_name: "Maximilian".into(),
        last_name: "Mustermann".into(),
        street: "Hugo-Junkers-Strasse 3".into(),
        zip: "60386".into(),
        city: "Frankfurt".into(),
        country: "D".into(),
        email: "accept@unzer.com".into(),
        note: "Klingel defekt".into(),
        ..Address::default()
    }
}

/// An order of two lines, 60.00 and 59.00, in expert mode.
fn order(stage: &Stage, pay_id: Option<&str>) -> NewOrder {
    let line = |(at, price): (usize, i64)| NewLine { item: format!("ART-{at}"), qty: 1, price };
    NewOrder {
        pay_id: pay_id.map(str::to_owned),
        lines: [60_00, 59_00].into_iter().enumerate().map(line).collect(),
        address: Some(home()),
        ..NewOrder::new(MANDANT, EXPERT).external(&stage.external())
    }
}

fn authorized(stage: &Stage, slug: &str) -> Told<String> {
    Ok(stage.world.unzer.shop(0).authorize(slug, stage.money(119_00), &stage.external())?)
}

fn charged(stage: &Stage, slug: &str) -> Told<String> {
    Ok(stage.world.unzer.shop(0).charge(slug, stage.money(119_00), &stage.external())?)
}

fn made(stage: &Stage, order: NewOrder) -> i64 {
    stage.world.pixi.import_order(order).unwrap()
}

fn billing(stage: &Stage, nr: i64) -> Address {
    stage.world.pixi.address(stage.order(nr).unwrap().payment_address).unwrap()
}

/// Nothing the store keeps of the order tells its bank data.
async fn keeps_no_account(theatre: &Theatre, nr: i64) {
    let order = OrderId { api: "sandbox".into(), mandant: MANDANT.into(), nr };
    let facts = theatre.journal.load_facts(&order).await.unwrap().unwrap();
    let steps = format!("{:?}", theatre.journal.steps_of(&order).await.unwrap());
    for secret in [IBAN, "BYLADEM1001", "Example Merchant", "Mustermann", "Hugo"] {
        assert!(!facts.contains(secret) && !steps.contains(secret), "{secret}");
    }
}

#[tokio::test(start_paused = true)]
async fn r10_bank_data_stand_in_a_comment_and_nowhere_else() {
    let theatre = theatre().await;
    let stage = stage(&theatre, 1);
    let nr = enact(&theatre, async {
        let nr = made(&stage, order(&stage, Some(&charged(&stage, "prepayment")?)));
        stage.commented(nr, IBAN).await?;
        stage.pause(Duration::from_mins(30)).await;
        Ok(nr)
    })
    .await;
    let comments = stage.order(nr).unwrap().comments;
    let told: Vec<&str> = comments.iter().map(|c| c.text.as_str()).filter(|text| text.contains(IBAN)).collect();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("Example Merchant") && told[0].contains("BYLADEM1001"), "{told:?}");
    assert!(stage.order(nr).unwrap().lock.is_some());
    assert_eq!(billing(&stage, nr), home());
    keeps_no_account(&theatre, nr).await;
}

#[tokio::test(start_paused = true)]
async fn r12_bank_data_go_onto_an_address_that_is_this_orders_alone() {
    let theatre = theatre_with(with("write_bank_data: address")).await;
    for (number, slug) in ["invoice", "invoice-secured"].into_iter().enumerate() {
        let stage = stage(&theatre, number);
        let payment = charged(&stage, slug).unwrap();
        made(&stage, order(&stage, Some(&payment)));
    }
    let stage = stage(&theatre, 9);
    enact(&theatre, async {
        stage.pause(Duration::from_mins(30)).await;
        Ok(())
    })
    .await;
    let orders = theatre.world.pixi.orders();
    assert_eq!(orders.len(), 2);
    for found in orders {
        let written = billing(&stage, found.nr);
        assert_eq!((written.iban.as_str(), written.bic.as_str()), (IBAN, "BYLADEM1001"));
        assert_eq!((written.account_name.as_str(), written.bank_name.is_empty()), ("Example Merchant", false));
        let blank = String::new;
        let as_before = Address { iban: blank(), bic: blank(), account_name: blank(), bank_name: blank(), ..written };
        assert_eq!(as_before, home(), "the rest stays as it was");
        assert!(found.comments.iter().all(|comment| !comment.text.contains(IBAN)));
        assert!(found.lock.is_none());
        keeps_no_account(&theatre, found.nr).await;
    }
}

#[tokio::test(start_paused = true)]
async fn r12_a_shared_address_or_an_unproven_call_leaves_the_comment() {
    for unproven in [false, true] {
        let theatre = theatre_with(with("write_bank_data: address")).await;
        if unproven {
            theatre.world.pixi.uninstall("pixiSysGetCallInfo");
        }
        let (first, second) = (stage(&theatre, 1), stage(&theatre, 2));
        let nr = enact(&theatre, async {
            let nr = made(&first, order(&first, Some(&charged(&first, "invoice")?)));
            let customer = first.order(nr)?.customer;
            if !unproven {
                let shared = NewOrder { customer: Some(customer), address: None, ..order(&second, None) };
                made(&second, shared);
            }
            first.commented(nr, IBAN).await?;
            Ok(nr)
        })
        .await;
        assert_eq!(billing(&first, nr), home(), "{unproven}");
    }
}

#[tokio::test(start_paused = true)]
async fn r14_another_delivery_address_locks_where_that_is_wanted() {
    let theatre = theatre_with(with("address_check: lock")).await;
    let (same, other) = (stage(&theatre, 1), stage(&theatre, 2));
    let (good, bad) = enact(&theatre, async {
        let good = made(&same, order(&same, Some(&authorized(&same, "paylater-invoice")?)));
        let elsewhere = Address { street: "Hugo-Junkers-Str. 33".into(), ..home() };
        let ship_to = Some(elsewhere);
        let bad = NewOrder { ship_to, ..order(&other, Some(&authorized(&other, "paylater-invoice")?)) };
        let bad = made(&other, bad);
        same.released(good).await?;
        other.released(bad).await?;
        same.pause(Duration::from_hours(2)).await;
        Ok((good, bad))
    })
    .await;
    assert!(same.order(good).unwrap().lock.is_none());
    let lock = other.order(bad).unwrap().lock.unwrap();
    assert!(lock.reason.contains("PP-1220"), "{}", lock.reason);
    assert_eq!(theatre.world.pixi.calls_made()["pixiGetAddress"], 2, "one look for each order");
    keeps_no_account(&theatre, bad).await;
}

#[tokio::test(start_paused = true)]
async fn r14_the_address_is_looked_at_again_at_shipment() {
    let theatre = theatre_with(with("address_check: lock")).await;
    let stage = stage(&theatre, 1);
    enact(&theatre, async {
        let nr = made(&stage, order(&stage, Some(&authorized(&stage, "paylater-installment")?)));
        stage.released(nr).await?;
        stage.pause(Duration::from_mins(20)).await;
        stage.world.pixi.move_delivery(nr, |address| address.street = "Nebenweg 4".into()).unwrap();
        let invoice = stage.ship(nr, &[0])?;
        stage.booked(&invoice).await?;
        stage.until("the rest is locked", |stage| stage.order(nr).is_ok_and(|order| order.lock.is_some())).await?;
        Ok(())
    })
    .await;
    let calls = theatre.world.pixi.calls_made();
    assert_eq!((calls["pixiGetAddress"], calls["pixiCanChangeAddress"]), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn customer_lock_unless_another_mandant_has_goods_for_them() {
    for elsewhere in [false, true] {
        let theatre = theatre_with(with("lock_customer_on_chargeback: true")).await;
        let stage = stage(&theatre, 1);
        let nr = enact(&theatre, async {
            let payment = charged(&stage, "sepa-direct-debit")?;
            let nr = made(&stage, order(&stage, Some(&payment)));
            stage.released(nr).await?;
            if elsewhere {
                order_elsewhere(&theatre, stage.order(nr)?.customer).await;
            }
            stage.world.unzer.charge_back(&payment, "s-chg-1", stage.money(119_00))?;
            stage.until("the order is locked", |stage| stage.order(nr).is_ok_and(|order| order.lock.is_some())).await?;
            stage.pause(Duration::from_hours(1)).await;
            Ok(nr)
        })
        .await;
        let customer = theatre.world.pixi.customer(stage.order(nr).unwrap().customer).unwrap();
        assert_eq!((customer.locked, customer.comments.len()), (!elsewhere, usize::from(!elsewhere)));
    }
}

/// An order of the same customer with a second mandant, as the store would hold it.
async fn order_elsewhere(theatre: &Theatre, customer: i64) {
    let now = theatre.world.clock.now();
    let seen = OrderSeen {
        order: OrderId { api: "sandbox".into(), mandant: "TWO".into(), nr: 7 },
        nr_external: "SHOP-7".into(),
        payment_code: EXPERT.into(),
        currency: Currency::EUR,
        mode: "expert".into(),
        management: Management::Managed,
        next_check: now,
    };
    let row = theatre.journal.see_order(seen).await.unwrap();
    let plan = PlanRecord {
        undecided: false,
        payment_status: "UNPAID".into(),
        transfer_status: "INITIAL".into(),
        reason: "waiting".into(),
        mark: None,
        mark_mail: None,
        mails: Vec::new(),
        next: Next::Check(now),
        payment: None,
        method: None,
        group: None,
        customer: Some(customer),
        o0: None,
        amounts: Amounts::default(),
        facts: json!({"customer": customer, "locked": false}).to_string(),
        keep_facts: false,
        facts_digest: "1".into(),
        settings_digest: "1".into(),
    };
    theatre.journal.record_plan(&row, plan).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn disappeared_with_money_is_told_with_its_amount() {
    let theatre = theatre_with(rarely).await;
    let (lost, kept) = (stage(&theatre, 1), stage(&theatre, 2));
    let status = enact(&theatre, async {
        let payment = authorized(&lost, "card")?;
        let nr = made(&lost, order(&lost, Some(&payment)));
        lost.released(nr).await?;
        // Alone it may be pixi that shows nothing.
        lost.world.pixi.delete_order(nr).unwrap();
        assert_eq!(marked(&theatre, nr, Some(1604)).await, "UNPAID");
        lost.pause(Duration::from_hours(6)).await;
        assert_eq!(marked(&theatre, nr, Some(1604)).await, "UNPAID");
        made(&kept, order(&kept, Some(&authorized(&kept, "card")?)));
        let status = marked(&theatre, nr, Some(1608)).await;
        lost.moved(&payment, 0, 0, 0)?;
        Ok(status)
    })
    .await;
    assert_eq!(status, "DISAPPEARED");
}

#[tokio::test(start_paused = true)]
async fn disappeared_by_another_payment_type_until_it_comes_back() {
    let theatre = theatre_with(rarely).await;
    let stage = stage(&theatre, 1);
    enact(&theatre, async {
        let payment = authorized(&stage, "card")?;
        let nr = made(&stage, order(&stage, Some(&payment)));
        stage.released(nr).await?;
        stage.world.pixi.set_payment_type(nr, "V").unwrap();
        assert_eq!(marked(&theatre, nr, Some(1608)).await, "DISAPPEARED");
        stage.world.pixi.set_payment_type(nr, EXPERT).unwrap();
        assert_eq!(marked(&theatre, nr, None).await, "UNPAID");
        let invoice = stage.ship_all(nr)?;
        stage.booked(&invoice).await?;
        stage.ends_with(&payment, 119_00, 0, 0).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn facts_orders_merged_by_hand_are_never_taken_for_cancelled() {
    let theatre = theatre_with(rarely).await;
    let (into, from) = (stage(&theatre, 1), stage(&theatre, 2));
    enact(&theatre, async {
        let (one, two) = (authorized(&into, "card")?, authorized(&from, "card")?);
        let first = made(&into, order(&into, Some(&one)));
        let second = made(&from, order(&from, Some(&two)));
        into.released(first).await?;
        from.released(second).await?;
        into.world.pixi.merge(first, second).unwrap();
        assert_eq!(marked(&theatre, second, Some(1605)).await, "MERGED");
        // The other one has grown beyond its money.
        marked(&theatre, first, Some(1209)).await;
        into.pause(Duration::from_hours(5)).await;
        assert_eq!(marked(&theatre, second, Some(1605)).await, "MERGED", "it stays so");
        into.moved(&one, 0, 0, 0)?;
        from.moved(&two, 0, 0, 0)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn facts_an_invoice_over_two_orders_moves_no_money() {
    let theatre = theatre().await;
    let (one, two) = (stage(&theatre, 1), stage(&theatre, 2));
    enact(&theatre, async {
        let payment = authorized(&one, "card")?;
        let first = made(&one, order(&one, Some(&payment)));
        let second = made(&two, order(&two, Some(&authorized(&two, "card")?)));
        one.released(first).await?;
        two.released(second).await?;
        one.world.pixi.ship_together(first, second).unwrap();
        assert_eq!(marked(&theatre, first, Some(1605)).await, "MERGED");
        one.pause(Duration::from_hours(1)).await;
        assert_eq!(marked(&theatre, first, Some(1605)).await, "MERGED", "it stays so");
        one.moved(&payment, 0, 0, 0)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r2_the_payment_id_comes_from_the_import_document() {
    let theatre = theatre().await;
    let (good, twice, shared) = (stage(&theatre, 1), stage(&theatre, 2), stage(&theatre, 3));
    theatre.world.pixi.add_shop(Shop { id: "TWO".into(), name: "Second".into(), currency: Currency::EUR });
    enact(&theatre, async {
        let payment = authorized(&good, "card")?;
        let single = include_str!("../../../fixtures/orders/opentrans-1.0.xml").replace("s-pay-20881", &payment);
        let nr = made(&good, order(&good, None).import_xml(&single));
        let double = include_str!("../../../fixtures/orders/two-payments.xml");
        let unclear = made(&twice, order(&twice, None).import_xml(double));
        // The log does not tell which shop a document is of.
        let other = NewOrder { shop: "TWO".into(), ..order(&shared, None) };
        made(&shared, other.import_xml(&single));
        let ambiguous = made(&shared, order(&shared, None));
        good.released(nr).await?;
        assert_eq!(good.order(nr)?.pay_id.as_deref(), Some(payment.as_str()));
        marked(&theatre, unclear, Some(1102)).await;
        marked(&theatre, ambiguous, Some(1102)).await;
        twice.locked(unclear, true)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn expiry_is_a_hint() {
    let scene = Scene::new().await;
    let sold = scene.stage(1).authorize("card", &[30_00], 0).unwrap();
    scene.minutes(2).await;
    scene.hours(80).await;
    assert_eq!(scene.mark(sold.nr).await, None);
    scene.hours(24).await;
    assert_eq!(scene.mark(sold.nr).await, Some(1223));
}

#[tokio::test(start_paused = true)]
async fn every_call_of_the_papers_is_made_where_it_has_a_use() {
    let theatre = theatre_with(with("lock_customer_on_chargeback: true")).await;
    let (card, later, debit) = (stage(&theatre, 1), stage(&theatre, 2), stage(&theatre, 3));
    enact(&theatre, async {
        let payment = authorized(&card, "card")?;
        let xml = include_str!("../../../fixtures/orders/opentrans-1.0.xml").replace("s-pay-20881", &payment);
        let sold = made(&card, order(&card, None).import_xml(&xml));
        let insured = made(&later, order(&later, Some(&authorized(&later, "paylater-invoice")?)));
        let debited = charged(&debit, "sepa-direct-debit")?;
        let owed = made(&debit, order(&debit, Some(&debited)));
        card.released(sold).await?;
        later.released(insured).await?;
        debit.released(owed).await?;
        later.ship(insured, &[0])?;
        debit.world.unzer.charge_back(&debited, "s-chg-1", debit.money(119_00))?;
        let invoice = card.ship_all(sold)?;
        card.booked(&invoice).await?;
        // Carrier and tracking number go with the money.
        let charge = card.ledger(&payment)?.charges.pop().unwrap();
        assert_eq!((charge.invoice_id, charge.shipping), (invoice, ("DHL".to_owned(), format!("JJD{sold:08}"))));
        let note = card.take_back(sold, &[0])?;
        card.booked(&note).await
    })
    .await;
    let made = theatre.world.pixi.calls_made();
    let unused: Vec<&str> = TWENTY.into_iter().filter(|call| !made.contains_key(call)).collect();
    // No money depends on master data of items: decision 0015.
    assert_eq!(unused, ["pixiGetItemInfo"]);
}
