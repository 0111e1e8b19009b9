//! Bookings, comments and statuses.

use crate::config::BookingSign;
use crate::policy::story::{Story, not_sent, order, refused, unknown};
use crate::policy::{PaymentStatus, TransferStatus};
use crate::steps::{Effect, Kind, RefusalKind};

fn paid() -> Story {
    order("4711").sofort(119_00).settle()
}

fn booking(story: &Story) -> Effect {
    let books = |kind| matches!(kind, Kind::BookInvoice | Kind::BookReturn);
    story.plan().steps.into_iter().find(|step| books(step.effect.kind())).unwrap().effect
}

#[test]
fn book_an_invoice_is_booked_with_its_event_over_its_total() {
    let Effect::BookInvoice { invoice, amount, event, .. } = booking(&paid().shipped("RE1", &[1, 2])) else { panic!() };
    assert_eq!((invoice.as_str(), amount.minor, event.as_str()), ("RE1", 119_00, "ZE"));
}

#[test]
fn book_the_sign_of_return_bookings_is_a_setting() {
    let refunded = || {
        let mut story = paid().shipped("RE1", &[1, 2]).settle().returned("GS1", &[1]).after(31);
        while !story.did.iter().any(|key| key.starts_with("refund")) && story.take() {}
        story
    };
    for (sign, minor) in [(BookingSign::Positive, 60_00), (BookingSign::Event, -60_00)] {
        let mut story = refunded();
        story.terms.payment_type.booking_sign = sign;
        let Effect::BookReturn { amount, event, customer, .. } = booking(&story) else { panic!() };
        assert_eq!((amount.minor, event.as_str(), customer), (minor, "RZ", 77));
    }
}

#[test]
fn book_a_return_without_customer_is_a_problem() {
    let mut story = paid().shipped("RE1", &[1, 2]).settle().returned("GS1", &[1]);
    story.facts.customer = None;
    assert_eq!(story.settle().problems(), [1403]);
}

#[test]
fn book_a_refused_booking_is_given_up_after_seven_days() {
    let mut story = paid().shipped("RE1", &[1, 2]);
    for _ in 0..200 {
        story = story.answer(Kind::BookInvoice, refused(RefusalKind::Final));
    }
    while story.take() {}
    assert_eq!((story.problems(), story.plan().transfer_status), (vec![1401], TransferStatus::Error));
    for _ in 0..29 {
        story = story.after(6 * 60);
        while story.take() {}
    }
    assert_eq!((story.problems(), story.plan().transfer_status), (vec![1402], TransferStatus::Cancelled));
    assert!(story.next().is_empty());
}

#[test]
fn book_a_booking_that_never_arrives_is_given_up_after_seven_days_too() {
    let mut story = paid().shipped("RE1", &[1, 2]);
    for _ in 0..200 {
        story = story.answer(Kind::BookInvoice, not_sent());
    }
    for _ in 0..30 {
        while story.take() {}
        story = story.after(6 * 60);
    }
    assert_eq!((story.problems(), story.next()), (vec![1402], vec![]));
}

#[test]
fn book_nothing_is_booked_before_its_money_has_moved() {
    let mut story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1, 2]);
    story = story.answer(Kind::Capture, unknown());
    while story.take() {}
    assert!(story.next().is_empty());
    let story = paid().shipped("RE1", &[1, 2]).settle().returned("GS1", &[1]);
    assert!(!story.next().contains(&"book:GS1".to_owned()));
}

#[test]
fn settled_is_no_order_with_an_open_booking() {
    let mut story = paid().shipped("RE1", &[1, 2]).answer(Kind::BookInvoice, unknown());
    while story.take() {}
    assert_ne!(story.plan().rule, "settled");
    assert_eq!(story.after(180).problems(), [1701]);
}

#[test]
fn comment_every_action_and_every_problem_is_commented_once() {
    let texts = |story: &Story| -> Vec<String> {
        let comment = |effect: &Effect| match effect {
            Effect::Comment { text } => Some(text.clone()),
            _ => None,
        };
        story.facts.past.iter().filter_map(|past| comment(&past.effect)).collect()
    };
    let story = order("4711").card(119_00).settle().shipped("RE1", &[1, 2]).settle();
    assert_eq!(
        texts(&story),
        [
            "119.00 EUR captured.",
            "Order checked and released (s-pay-31).",
            "RE1 of 119.00 EUR booked in the customer account (ZE).",
        ]
    );
    let story = order("4711").sofort(100_00).settle();
    assert_eq!(texts(&story).len(), 1, "the lock's comment tells the problem: {:?}", texts(&story));
}

#[test]
fn comment_a_refused_comment_is_let_be() {
    let story = order("4711").sofort(119_00).answer(Kind::Comment, refused(RefusalKind::Final)).settle();
    assert!(story.problems().is_empty() && story.plan().steps.is_empty());
}

#[test]
fn statuses_follow_the_amounts() {
    let status = |story: &Story| (story.plan().payment_status, story.plan().transfer_status);
    let story = order("4711").card(119_00).expert().settle();
    assert_eq!(status(&story), (PaymentStatus::Unpaid, TransferStatus::Initial));
    let story = story.shipped("RE1", &[1]);
    assert_eq!(status(&story), (PaymentStatus::Unpaid, TransferStatus::NotTransferred));
    let story = story.settle();
    assert_eq!(status(&story), (PaymentStatus::PaidPartial, TransferStatus::Transferred));
    let story = story.shipped("RE2", &[2]).settle();
    assert_eq!(status(&story), (PaymentStatus::Paid, TransferStatus::Transferred));
    let story = story.returned("GS1", &[1]).settle();
    assert_eq!(status(&story), (PaymentStatus::RefundedPartial, TransferStatus::Transferred));
    let story = story.returned("GS2", &[2]).settle();
    assert_eq!(status(&story), (PaymentStatus::Refunded, TransferStatus::Transferred));
    let story = order("4711").sofort(119_00).charged_back("s-chg-1", 119_00);
    assert_eq!(status(&story).0, PaymentStatus::Chargeback);
}

#[test]
fn book_a_return_of_a_cent_or_two_is_booked_after_its_refund() {
    let story = order("4711").card(119_00).expert().settle().shipped("RE1", &[1, 2]).settle();
    let story = story.credited("GS1", &[2], 2);
    assert_eq!(story.next(), Vec::<String>::new());
    assert_eq!(story.settle().did[3..], ["refund:GS1:0.02:s-chg-1", "book:GS1"]);
}

/// What is written into pixi over a whole life, in the order it is written.
fn comments(story: &Story) -> Vec<String> {
    let comment = |effect: &Effect| match effect {
        Effect::Comment { text } => Some(text.clone()),
        _ => None,
    };
    story.facts.past.iter().filter_map(|past| comment(&past.effect)).collect()
}

#[test]
fn comment_lines_let_go_with_a_problem_are_not_said_to_be_released() {
    let lines_let_go = |code: &str| {
        let mut story = paid();
        let release = story.facts.past.iter_mut().find(|past| past.effect.kind() == Kind::Release).unwrap();
        release.effect = Effect::ReleaseLines { nr_external: "4711".into(), auth_code: code.into() };
        story.facts.past.retain(|past| past.effect.kind() != Kind::Comment);
        comments(&story.settle())
    };
    assert_eq!(lines_let_go("CHARGED"), ["Order checked and released (s-pay-31)."]);
    assert_eq!(lines_let_go("PROBLEM"), Vec::<String>::new());
}

#[test]
fn comment_each_kind_of_step_has_its_sentence() {
    use crate::policy::facts::Direction;
    let card = order("4711").card(130_00).expert().settle().asked(Direction::Capture, 5_00);
    let card = card.shipped("RE1", &[1, 2]).settle().returned("GS1", &[2]).settle();
    let gift = paid().shipped("RE1", &[1, 2]).settle().asked(Direction::Refund, 1_00).settle();
    let cancelled = paid().cancelled(&[1, 2]).settle();
    let locked = order("4711").card(119_00).expert().settle().total(150_00).settle().total(119_00).settle();
    let secured = order("4711").secured_invoice(119_00).settle().shipped("RE1", &[1]).cancelled(&[2]).settle();
    let mut renewed = order("4711").card(119_00).expert();
    renewed.terms.payment_type.reauthorize = crate::config::Reauthorize::OnHold;
    let renewed = renewed.settle().total(150_00).settle().on_hold_again().settle();
    let mut by_lines = paid();
    let release = by_lines.facts.past.iter_mut().find(|past| past.effect.kind() == Kind::Release).unwrap();
    release.effect = Effect::ReleaseLines { nr_external: "4711".into(), auth_code: "CHARGED".into() };
    by_lines.facts.past.retain(|past| past.effect.kind() != Kind::Comment);
    let by_lines = by_lines.settle();
    let released = "Order checked and released (s-pay-31).";
    let said = |story: &Story, expected: &[&str]| assert_eq!(comments(story), [&[released], expected].concat());
    said(
        &card,
        &[
            "5.00 EUR captured by hand.",
            "114.00 EUR captured for invoice RE1.",
            "RE1 of 119.00 EUR booked in the customer account (ZE).",
            "Authorisation of 11.00 EUR reversed.",
            "59.00 EUR refunded for credit note GS1.",
            "GS1 of 59.00 EUR booked in the customer account (RZ).",
        ],
    );
    said(&gift, &["RE1 of 119.00 EUR booked in the customer account (ZE).", "1.00 EUR refunded by hand."]);
    said(&cancelled, &["119.00 EUR refunded for cancellation."]);
    let lock =
        "Shipping lock set: PP-1209: After the release the payment covers only 119.00 EUR, 150.00 EUR is needed.";
    let unlock = "Shipping lock lifted: the payment is in order.";
    said(&locked, &[lock, unlock]);
    said(
        &secured,
        &[
            "Claim lowered by 59.00 EUR.",
            "Shipment reported to Unzer (RE1): the buyer's term has started.",
            "RE1 of 60.00 EUR booked in the customer account (ZE).",
        ],
    );
    said(
        &renewed,
        &[
            lock,
            "150.00 EUR authorised anew.",
            "Order checked and released (s-pay-32).",
            unlock,
            "Authorisation of 119.00 EUR reversed.",
        ],
    );
    said(&by_lines, &[]);
}
