//! R1 to R15.

use std::time::Duration;

use super::{plays, plays_in_both_modes, plays_under};
use crate::config::Mode;
use crate::money::Currency;
use crate::sandbox::faults::{Fault, Matcher};
use crate::sandbox::pixi::{NewLine, NewOrder, OrderState};
use crate::sandbox::stage::{Stage, Told};
use crate::wire::Peer;

/// Every cell that ends so: released behind a lock, a problem told in pixi, no money moved, what was there left there.
async fn is_locked_and_let_go(stage: &Stage, nr: i64, number: &str) -> Told {
    let there = stage.order(nr)?.pay_id;
    stage.released(nr).await?;
    stage.locked(nr, true)?;
    stage.commented(nr, number).await?;
    stage.pause(Duration::from_mins(15)).await;
    stage.same("payment id", &stage.order(nr)?.pay_id, &there)?;
    for ledger in stage.world.unzer.all_ledgers() {
        let ours = ledger.charges.iter().chain(&ledger.refunds).chain(&ledger.reversals);
        stage.same("steps of ours", &ours.filter(|entry| !entry.reference.is_empty()).count(), &0)?;
    }
    stage.same("bookings", &stage.world.pixi.bookings().len(), &0)
}

fn is_on_hold(stage: &Stage, nr: i64) -> Told {
    stage.same("on hold", &(stage.order(nr)?.state() == OrderState::Hold), &true)
}

fn refused<T: std::fmt::Display>(error: T) -> crate::sandbox::Astray {
    crate::sandbox::Astray(error.to_string())
}

#[tokio::test(start_paused = true)]
async fn r1_a_manual_order_and_its_documents_are_left_alone() {
    plays_in_both_modes(|stage| async move {
        let nr = stage.import_as(None, &[12_00, 8_00], 0, None)?;
        stage.pause(Duration::from_mins(40)).await;
        is_on_hold(&stage, nr)?;
        stage.world.pixi.release_by_hand(nr).map_err(refused)?;
        let invoice = stage.ship_all(nr)?;
        let credit_note = stage.take_back(nr, &[0])?;
        stage.pause(Duration::from_mins(20)).await;
        stage.not_booked(&invoice)?;
        stage.not_booked(&credit_note)?;
        stage.same("comments", &stage.order(nr)?.comments.len(), &0)?;
        stage.locked(nr, false)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r1_an_order_older_than_the_start_date_is_left_alone() {
    plays_in_both_modes(|stage| async move {
        let payment = stage.shop().authorize("card", stage.money(40_00), &stage.external())?;
        let ordered = "2026-02-28T22:00:00Z".parse().ok();
        let nr = stage.take_in(NewOrder { ordered, ..stage.new_order(&[40_00], 0, Some(&payment)) })?;
        stage.pause(Duration::from_mins(40)).await;
        is_on_hold(&stage, nr)?;
        stage.world.pixi.release_by_hand(nr).map_err(refused)?;
        let invoice = stage.ship_all(nr)?;
        stage.pause(Duration::from_mins(20)).await;
        stage.not_booked(&invoice)?;
        stage.same("comments", &stage.order(nr)?.comments.len(), &0)?;
        stage.moved(&payment, 0, 0, 0)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r1_a_payment_type_that_is_switched_off_moves_nothing() {
    let off =
        |text: String| text.replacen("active: true\n        mode: expert", "active: false\n        mode: expert", 1);
    plays_under(off, Mode::Expert, |stage| async move {
        let sold = stage.authorize("card", &[40_00], 0)?;
        stage.pause(Duration::from_mins(40)).await;
        is_on_hold(&stage, sold.nr)?;
        stage.moved(&sold.payment, 0, 0, 0)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r2_an_order_without_payment_id_is_locked_and_let_go_after_half_an_hour() {
    plays_in_both_modes(|stage| async move {
        let nr = stage.import(&[12_00], 0, None)?;
        stage.pause(Duration::from_mins(25)).await;
        is_on_hold(&stage, nr)?;
        stage.locked(nr, false)?;
        is_locked_and_let_go(&stage, nr, "PP-1101").await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r2_the_payment_id_may_stand_with_the_card_or_in_the_import_document() {
    plays_in_both_modes(|stage| async move {
        let payment = stage.shop().charge("sofort", stage.money(12_00), &stage.external())?;
        let xml = format!("<order xmlns:s=\"urn:shop\"><s:unzer><![CDATA[ {payment} ]]></s:unzer></order>");
        let nr = stage.take_in(NewOrder { import_xml: Some(xml), ..stage.new_order(&[12_00], 0, None) })?;
        stage.released(nr).await?;
        stage.locked(nr, false)?;
        stage.same("payment id", &stage.order(nr)?.pay_id, &Some(payment))?;
        let stage = stage.another(1);
        let payment = stage.shop().charge("eps", stage.money(12_00), &stage.external())?;
        let nr = stage.take_in(NewOrder { card_info: Some(payment), ..stage.new_order(&[12_00], 0, None) })?;
        stage.released(nr).await?;
        stage.locked(nr, false)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r2_two_payment_ids_in_the_import_document_are_nobodys_guess() {
    plays(Mode::Expert, |stage| async move {
        let one = stage.shop().authorize("card", stage.money(12_00), &stage.external())?;
        let other = stage.shop().authorize("card", stage.money(12_00), &stage.external())?;
        let xml = format!("<order><unzer>{one}</unzer><unzer>{other}</unzer></order>");
        let nr = stage.take_in(NewOrder { import_xml: Some(xml), ..stage.new_order(&[12_00], 0, None) })?;
        is_locked_and_let_go(&stage, nr, "PP-1102").await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r2_an_order_that_costs_nothing_is_let_go() {
    plays_in_both_modes(|stage| async move {
        let nr = stage.import(&[30_00, -30_00], 0, None)?;
        stage.released(nr).await?;
        stage.locked(nr, false)?;
        let invoice = stage.ship_all(nr)?;
        stage.pause(Duration::from_mins(10)).await;
        stage.not_booked(&invoice)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r3_a_payment_unknown_to_unzer_is_locked_after_half_an_hour() {
    plays_in_both_modes(|stage| async move {
        let nr = stage.import(&[12_00], 0, Some("s-pay-9999"))?;
        stage.pause(Duration::from_mins(25)).await;
        is_on_hold(&stage, nr)?;
        is_locked_and_let_go(&stage, nr, "PP-1103").await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r3_payments_of_another_merchant_currency_or_order_are_locked() {
    plays_in_both_modes(|stage| async move {
        let payment = stage.world.unzer.shop(1).authorize("card", stage.money(22_00), &stage.external())?;
        let nr = stage.import(&[22_00], 0, Some(&payment))?;
        is_locked_and_let_go(&stage, nr, "PP-1104").await
    })
    .await;
    plays_in_both_modes(|stage| async move {
        let dollars: Currency = "USD".parse().map_err(refused)?;
        let payment = stage.shop().authorize("card", dollars.of(22_00), &stage.external())?;
        let nr = stage.import(&[22_00], 0, Some(&payment))?;
        is_locked_and_let_go(&stage, nr, "PP-1105").await
    })
    .await;
    plays_in_both_modes(|stage| async move {
        let first = stage.import(&[22_00], 0, None)?;
        stage.pause(Duration::from_mins(3)).await;
        // Unzer says the payment is the first order's, pixi says it is the second's.
        let payment = stage.shop().authorize("card", stage.money(22_00), &stage.external())?;
        let second = stage.another(1).import(&[22_00], 0, Some(&payment))?;
        is_locked_and_let_go(&stage, second, "PP-1106").await?;
        stage.same("first order's payment", &stage.order(first)?.pay_id, &None)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r3_one_payment_serves_one_order() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("sofort", &[22_00], 0)?;
        stage.released(sold.nr).await?;
        let second = stage.another(1).import(&[22_00], 0, Some(&sold.payment))?;
        is_locked_and_let_go(&stage, second, "PP-1106").await?;
        stage.locked(sold.nr, false)
    })
    .await;
    // Where the payment itself names no order, it is the order's that had it first.
    plays_in_both_modes(|stage| async move {
        let payment = stage.shop().charge("sofort", stage.money(22_00), "")?;
        let first = stage.import(&[22_00], 0, Some(&payment))?;
        stage.released(first).await?;
        let second = stage.another(1).import(&[22_00], 0, Some(&payment))?;
        is_locked_and_let_go(&stage, second, "PP-1106").await?;
        stage.locked(first, false)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r4_a_buyer_who_has_not_finished_is_waited_for_a_day() {
    let rarely = |text: String| text.replace("\"0 * * * * *\"", "\"0 */30 * * * *\"");
    plays_under(rarely, Mode::Expert, |stage| async move {
        let payment = stage.shop().charge_and_wait("sofort", stage.money(31_00), &stage.external())?;
        let nr = stage.import(&[31_00], 0, Some(&payment))?;
        stage.pause(Duration::from_hours(22)).await;
        is_on_hold(&stage, nr)?;
        stage.locked(nr, false)?;
        is_locked_and_let_go(&stage, nr, "PP-1202").await?;
        // Finished after all: our own lock is lifted again.
        stage.world.unzer.finish_redirect(&payment, None)?;
        stage.unlocks(nr).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r5_refused_cancelled_and_charged_back_payments_are_locked() {
    plays_in_both_modes(|stage| async move {
        let payment = stage.shop().charge_and_wait("sofort", stage.money(31_00), &stage.external())?;
        stage.world.unzer.finish_redirect(&payment, Some("COR.100.550.300"))?;
        let nr = stage.import(&[31_00], 0, Some(&payment))?;
        is_locked_and_let_go(&stage, nr, "PP-1203").await
    })
    .await;
    plays_in_both_modes(|stage| async move {
        let payment = stage.shop().authorize("card", stage.money(31_00), &stage.external())?;
        stage.world.unzer.portal_reverse(&payment, stage.money(31_00))?;
        let nr = stage.import(&[31_00], 0, Some(&payment))?;
        is_locked_and_let_go(&stage, nr, "PP-1204").await
    })
    .await;
    plays_in_both_modes(|stage| async move {
        let payment = stage.shop().charge("sepa-direct-debit", stage.money(31_00), &stage.external())?;
        stage.world.unzer.charge_back(&payment, "s-chg-1", stage.money(31_00))?;
        let nr = stage.import(&[31_00], 0, Some(&payment))?;
        is_locked_and_let_go(&stage, nr, "PP-1205").await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r6_too_little_cover_is_locked_for_every_group() {
    for slug in ["card", "eps", "prepayment", "invoice", "invoice-secured", "paylater-invoice"] {
        plays_in_both_modes(|stage| async move {
            let payment = stage.sell(slug, &[30_97], 0)?.payment;
            let nr = stage.another(1).import(&[31_00], 0, Some(&payment))?;
            stage.world.pixi.delete_order(stage.order.load(std::sync::atomic::Ordering::Relaxed)).map_err(refused)?;
            is_locked_and_let_go(&stage, nr, "PP-1206").await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn r6_the_tolerance_counts_and_too_much_is_let_go() {
    plays_in_both_modes(|stage| async move {
        for (number, paid) in [(1, 30_98), (2, 31_02), (3, 45_00)] {
            let stage = stage.another(number);
            let payment = stage.shop().charge("eps", stage.money(paid), &stage.external())?;
            let nr = stage.import(&[31_00], 0, Some(&payment))?;
            stage.released(nr).await?;
            stage.locked(nr, false)?;
            let invoice = stage.ship_all(nr)?;
            stage.booked(&invoice).await?;
            stage.ends_with(&payment, paid, 0, 0).await?;
            stage.booked_once(&invoice, 31_00)?;
        }
        Ok(())
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r7_standard_takes_the_money_before_the_release() {
    for slug in ["card", "paypal", "applepay"] {
        plays(Mode::Standard, |stage| async move {
            let sold = stage.authorize(slug, &[100_00], 4_90)?;
            stage.until("the money is taken", |stage| stage.moved(&sold.payment, 104_90, 0, 0).is_ok()).await?;
            stage.released(sold.nr).await?;
            stage.locked(sold.nr, false)?;
            stage.same("AuthID", &stage.order(sold.nr)?.pay_id, &Some(sold.payment.clone()))
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn r7_a_declined_capture_is_locked_and_not_tried_again() {
    plays(Mode::Standard, |stage| async move {
        let payment = stage.shop().authorize("card", stage.money(66_00), &stage.external())?;
        stage.world.unzer.decline_next(&payment, "COR.800.100.152");
        let nr = stage.import(&[66_00], 0, Some(&payment))?;
        is_locked_and_let_go(&stage, nr, "PP-1208").await?;
        stage.pause(Duration::from_hours(1)).await;
        stage.moved(&payment, 0, 0, 0)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r7_a_capture_nobody_answered_keeps_the_order_on_hold_until_it_is_found() {
    plays(Mode::Standard, |stage| async move {
        stage.world.faults.plan(Matcher::next(Peer::Unzer, "capture"), Fault::LateEffect(Duration::from_mins(4)));
        let sold = stage.authorize("card", &[66_00], 0)?;
        stage.pause(Duration::from_mins(4)).await;
        is_on_hold(&stage, sold.nr)?;
        stage.released(sold.nr).await?;
        stage.locked(sold.nr, false)?;
        stage.ends_with(&sold.payment, 66_00, 0, 0).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r8_expert_and_pay_later_are_let_go_without_a_capture() {
    for slug in ["card", "paypal", "applepay"] {
        plays(Mode::Expert, |stage| async move {
            let sold = stage.authorize(slug, &[66_00], 0)?;
            stage.released(sold.nr).await?;
            stage.locked(sold.nr, false)?;
            stage.ends_with(&sold.payment, 0, 0, 0).await
        })
        .await;
    }
    for slug in ["paylater-invoice", "paylater-installment", "paylater-direct-debit"] {
        plays_in_both_modes(|stage| async move {
            let sold = stage.authorize(slug, &[66_00], 0)?;
            stage.released(sold.nr).await?;
            stage.locked(sold.nr, false)?;
            stage.ends_with(&sold.payment, 0, 0, 0).await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn r9_what_was_paid_in_the_shop_is_let_go() {
    for slug in
        ["card", "sofort", "eps", "ideal", "giropay", "alipay", "sepa-direct-debit", "sepa-direct-debit-secured"]
    {
        plays_in_both_modes(|stage| async move {
            let sold = match slug {
                "card" => stage.charge(slug, &[66_00], 0)?,
                _ => stage.sell(slug, &[66_00], 0)?,
            };
            stage.released(sold.nr).await?;
            stage.locked(sold.nr, false)?;
            stage.ends_with(&sold.payment, 66_00, 0, 0).await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn r10_prepaid_goods_wait_behind_the_lock() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("prepayment", &[60_00], 5_00)?;
        stage.released(sold.nr).await?;
        stage.locked(sold.nr, true)?;
        stage.transfer(&sold.payment, 64_97)?;
        stage.pause(Duration::from_mins(15)).await;
        stage.locked(sold.nr, true)?;
        // A cent more is within the tolerance.
        stage.transfer(&sold.payment, 1)?;
        stage.unlocks(sold.nr).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r11_prepaid_goods_whose_money_is_there_are_never_locked() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("prepayment", &[60_00], 5_00)?;
        stage.transfer(&sold.payment, 65_00)?;
        stage.released(sold.nr).await?;
        let comments = stage.order(sold.nr)?.comments;
        stage.same("locks", &comments.iter().filter(|comment| comment.text.contains("sperre")).count(), &0)?;
        stage.locked(sold.nr, false)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r12_invoices_are_let_go_on_their_claim() {
    for slug in ["invoice", "invoice-secured", "invoice-guaranteed", "invoice-factoring"] {
        plays_in_both_modes(|stage| async move {
            let sold = stage.sell(slug, &[60_00], 5_00)?;
            stage.released(sold.nr).await?;
            stage.locked(sold.nr, false)?;
            stage.ends_with(&sold.payment, 0, 0, 0).await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn r13_while_unzer_is_silent_nothing_happens() {
    plays_in_both_modes(|stage| async move {
        stage.world.faults.plan(Matcher::outage(Peer::Unzer), Fault::Status(503));
        let sold = stage.authorize("card", &[66_00], 0)?;
        let without = stage.another(1).sell("prepayment", &[20_00], 0)?;
        stage.pause(Duration::from_hours(1)).await;
        is_on_hold(&stage, sold.nr)?;
        is_on_hold(&stage, without.nr)?;
        stage.locked(sold.nr, false)?;
        stage.locked(without.nr, false)?;
        stage.world.faults.clear();
        stage.released(sold.nr).await?;
        stage.released(without.nr).await?;
        stage.locked(sold.nr, false)?;
        stage.locked(without.nr, true)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r15_an_order_raised_above_its_cover_is_locked_until_it_is_cured() {
    for slug in ["card", "eps", "invoice", "invoice-secured", "paylater-installment"] {
        plays_in_both_modes(|stage| async move {
            let sold = stage.sell(slug, &[50_00], 0)?;
            stage.released(sold.nr).await?;
            let line = NewLine { item: "ART-9".to_owned(), qty: 1, price: 12_00 };
            stage.world.pixi.raise_order(sold.nr, &line).map_err(refused)?;
            stage.locks(sold.nr).await?;
            stage.commented(sold.nr, "PP-1209").await?;
            stage.cancel(sold.nr, &[1])?;
            stage.unlocks(sold.nr).await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn r15_holds_for_orders_a_person_released_and_for_expired_authorisations() {
    for slug in ["card", "paylater-invoice"] {
        plays(Mode::Expert, |stage| async move {
            let sold = stage.authorize(slug, &[50_00], 0)?;
            stage.world.pixi.release_by_hand(sold.nr).map_err(refused)?;
            stage.pause(Duration::from_mins(5)).await;
            stage.locked(sold.nr, false)?;
            stage.world.unzer.expire_authorization(&sold.payment)?;
            stage.locks(sold.nr).await?;
            stage.commented(sold.nr, "PP-1209").await
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn cured_an_order_whose_payment_comes_late_is_unlocked_and_goes_on() {
    plays_in_both_modes(|stage| async move {
        let nr = stage.import(&[12_00], 0, None)?;
        is_locked_and_let_go(&stage, nr, "PP-1101").await?;
        let payment = stage.shop().charge("sofort", stage.money(12_00), &stage.external())?;
        stage.world.pixi.set_pay_id(nr, Some(&payment)).map_err(refused)?;
        stage.unlocks(nr).await?;
        let invoice = stage.ship_all(nr)?;
        stage.booked(&invoice).await
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn cured_a_lock_of_a_person_stays() {
    plays_in_both_modes(|stage| async move {
        let sold = stage.sell("prepayment", &[12_00], 0)?;
        stage.world.pixi.lock_order(sold.nr, "mm", "call the buyer").map_err(refused)?;
        stage.released(sold.nr).await?;
        stage.transfer(&sold.payment, 12_00)?;
        stage.pause(Duration::from_mins(30)).await;
        stage.locked(sold.nr, true)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn comment_each_step_is_told_once() {
    plays(Mode::Expert, |stage| async move {
        let sold = stage.sell("invoice-secured", &[40_00, 15_00], 0)?;
        stage.released(sold.nr).await?;
        stage.cancel(sold.nr, &[1])?;
        let invoice = stage.ship(sold.nr, &[0])?;
        stage.booked(&invoice).await?;
        let note = stage.take_back(sold.nr, &[0])?;
        stage.booked(&note).await?;
        stage.pause(Duration::from_mins(20)).await;
        let mut told: Vec<_> = stage.order(sold.nr)?.comments.iter().map(|comment| comment.text.clone()).collect();
        told.sort();
        let all = told.len();
        told.dedup();
        stage.same("comments twice", &(all - told.len()), &0)?;
        for words in ["freigegeben", "Forderung um 15,00", "Versand an Unzer", "40,00 EUR für Gutschrift"] {
            stage.same(words, &told.iter().filter(|text| text.contains(words)).count(), &1)?;
        }
        Ok(())
    })
    .await;
}

/// Raised by 12.00 after the release, locked for it, and put back on hold by a person.
async fn raised_and_put_back(stage: &Stage, slug: &str) -> Told<crate::sandbox::stage::Sold> {
    let sold = stage.authorize(slug, &[50_00], 0)?;
    stage.released(sold.nr).await?;
    let line = NewLine { item: "ART-9".to_owned(), qty: 1, price: 12_00 };
    stage.world.pixi.raise_order(sold.nr, &line).map_err(refused)?;
    stage.locks(sold.nr).await?;
    stage.commented(sold.nr, "PP-1209").await?;
    stage.world.pixi.put_on_hold(sold.nr).map_err(refused)?;
    Ok(sold)
}

#[tokio::test(start_paused = true)]
async fn r16_an_expired_card_put_back_on_hold_is_authorised_anew() {
    plays(Mode::Expert, |stage| async move {
        let sold = stage.authorize("card", &[50_00], 0)?;
        stage.released(sold.nr).await?;
        stage.world.unzer.expire_authorization(&sold.payment)?;
        stage.locks(sold.nr).await?;
        stage.world.pixi.put_on_hold(sold.nr).map_err(refused)?;
        stage.unlocks(sold.nr).await?;
        let payment = stage.order(sold.nr)?.pay_id.unwrap_or_default();
        stage.same("the old payment", &(payment == sold.payment), &false)?;
        let invoice = stage.ship_all(sold.nr)?;
        stage.booked(&invoice).await?;
        stage.ends_with(&payment, 50_00, 0, 0).await?;
        stage.moved(&sold.payment, 0, 0, 50_00)?;
        stage.booked_once(&invoice, 50_00)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn r16_a_raised_card_order_put_back_on_hold_is_authorised_for_what_is_missing() {
    // Expert: all of it on the new payment, the old one given free. Standard: the difference alone is taken anew.
    for (mode, on_new, given_free) in [(Mode::Expert, 62_00, 50_00), (Mode::Standard, 12_00, 0)] {
        plays(mode, |stage| async move {
            let sold = raised_and_put_back(&stage, "card").await?;
            stage.unlocks(sold.nr).await?;
            let payment = stage.order(sold.nr)?.pay_id.unwrap_or_default();
            let invoice = stage.ship_all(sold.nr)?;
            stage.booked(&invoice).await?;
            stage.ends_with(&payment, on_new, 0, 0).await?;
            stage.moved(&sold.payment, 62_00 - on_new, 0, given_free)?;
            stage.booked_once(&invoice, 62_00)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn r16_instalments_and_pay_later_debits_are_changed() {
    for slug in ["paylater-installment", "paylater-direct-debit"] {
        plays_in_both_modes(|stage| async move {
            let sold = raised_and_put_back(&stage, slug).await?;
            stage.unlocks(sold.nr).await?;
            stage.same("payment", &stage.order(sold.nr)?.pay_id, &Some(sold.payment.clone()))?;
            let invoice = stage.ship_all(sold.nr)?;
            stage.booked(&invoice).await?;
            stage.ends_with(&sold.payment, 62_00, 0, 0).await?;
            stage.booked_once(&invoice, 62_00)
        })
        .await;
    }
}

#[tokio::test(start_paused = true)]
async fn r16_other_methods_stay_locked() {
    for slug in ["paypal", "paylater-invoice"] {
        plays(Mode::Expert, |stage| async move {
            let sold = raised_and_put_back(&stage, slug).await?;
            stage.released(sold.nr).await?;
            stage.pause(Duration::from_mins(15)).await;
            stage.locked(sold.nr, true)?;
            stage.same("payments", &stage.world.unzer.all_ledgers().len(), &1)?;
            stage.moved(&sold.payment, 0, 0, 0)
        })
        .await;
    }
}
