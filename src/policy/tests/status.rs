//! Payment status and transfer status at their edges.

use chrono::TimeDelta;

use crate::policy::facts::{Direction, DocumentKind};
use crate::policy::story::{Story, not_sent, order, refused};
use crate::policy::{PaymentStatus, TransferStatus};
use crate::steps::{Kind, RefusalKind};
use crate::unzer::TransactionStatus::Success;

fn payment(story: &Story) -> PaymentStatus {
    story.plan().payment_status
}

fn transfer(story: &Story) -> TransferStatus {
    story.plan().transfer_status
}

#[test]
fn a_status_that_names_a_state_follows_from_no_sums() {
    let by_sums: Vec<&str> =
        PaymentStatus::ALL.iter().filter(|status| status.is_by_sums()).map(|status| status.name()).collect();
    let expected =
        ["UNPAID", "PAID_PARTIAL", "PAID", "CANCELLED", "REFUNDED_PARTIAL", "REFUNDED", "CHARGEBACK", "COLLECTION"];
    assert_eq!(by_sums, expected);
}

#[test]
fn collection_stays_until_more_money_is_there() {
    let handed_over = |mut story: Story, net| {
        story.facts.collection = Some(net);
        payment(&story)
    };
    let unpaid = || order("4711").on_invoice(119_00).settle().shipped("RE1", &[1, 2]);
    assert_eq!(handed_over(unpaid(), 0), PaymentStatus::Collection);
    assert_eq!(handed_over(unpaid().received(60_00), 60_00), PaymentStatus::Collection);
    assert_eq!(handed_over(unpaid().received(60_00), 59_99), PaymentStatus::PaidPartial, "more came since");
    assert_eq!(handed_over(unpaid().received(119_00), 0), PaymentStatus::Paid);
    let charged_back = || order("4711").sofort(119_00).charged_back("s-chg-1", 100_00);
    assert_eq!(handed_over(charged_back(), 19_00), PaymentStatus::Collection);
    assert_eq!(handed_over(charged_back(), 119_00), PaymentStatus::Chargeback, "it came since");
}

#[test]
fn paid_is_what_lacks_no_more_than_the_tolerance() {
    let paid = |amount| payment(&order("4711").prepayment(119_00).received(amount));
    assert_eq!((paid(118_97), paid(118_98)), (PaymentStatus::PaidPartial, PaymentStatus::Paid));
}

#[test]
fn cancelled_is_what_was_returned_whole_and_is_awaited_no_more() {
    let returned = |story: Story, credited| payment(&story.shipped("RE1", &[1, 2]).credited("GS1", &[1, 2], credited));
    let unpaid = || order("4711").card(119_00).expert().settle();
    assert_eq!(returned(unpaid(), 118_98), PaymentStatus::Cancelled);
    assert_eq!(returned(unpaid(), 118_97), PaymentStatus::Unpaid);
    assert_eq!(returned(order("4711").on_invoice(119_00), 119_00), PaymentStatus::Unpaid, "the claim stands");
    let part = unpaid().shipped("RE1", &[1]).credited("GS1", &[1], 60_00);
    assert_eq!(payment(&part), PaymentStatus::Unpaid, "the other line is still to come");
    assert_eq!(payment(&unpaid().cancelled(&[1, 2])), PaymentStatus::Cancelled);
}

#[test]
fn a_gift_on_part_of_the_money_is_no_partial_refund() {
    let part = order("4711").prepayment(119_00).received(60_00).settle().asked(Direction::Refund, 10_00);
    assert_eq!(payment(&part), PaymentStatus::PaidPartial);
    let whole = order("4711").sofort(119_00).settle().asked(Direction::Refund, 10_00);
    assert_eq!(payment(&whole), PaymentStatus::RefundedPartial);
    let given_back = order("4711").sofort(119_00).settle().refunded_by_hand("s-chg-1", 118_99);
    assert_eq!(payment(&given_back), PaymentStatus::RefundedPartial);
    assert_eq!(payment(&given_back.refunded_by_hand("s-chg-1", 1)), PaymentStatus::Refunded);
    let little = order("4711").prepayment(119_00).received(60_00).refunded_by_hand("s-chg-2", 5_00);
    assert_eq!(payment(&little), PaymentStatus::RefundedPartial, "no gift, and not all was paid");
    let dead = order("4711").sofort(119_00).settle().cancelled(&[1, 2]).refunded_by_hand("s-chg-1", 119_00);
    assert_eq!(payment(&dead), PaymentStatus::Cancelled);
}

#[test]
fn transfer_counts_documents_that_can_be_booked() {
    let shipped = || order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]);
    assert_eq!(transfer(&shipped()), TransferStatus::NotTransferred);
    let mut unclear = shipped();
    unclear.facts.documents[0].kind = DocumentKind::Unclear;
    let nothing = order("4711").sofort(119_00).settle().invoiced("RE1", &[1], 0);
    let others = shipped().paid_in_pixi("RE1", 119_00);
    for story in [unclear, nothing, others] {
        assert_eq!(transfer(&story), TransferStatus::Initial);
    }
}

#[test]
fn transfer_is_given_up_seven_days_after_the_first_try() {
    for (outcome, before) in
        [(refused(RefusalKind::Final), TransferStatus::Error), (not_sent(), TransferStatus::NotTransferred)]
    {
        let mut story = order("4711").sofort(119_00).settle().shipped("RE1", &[1, 2]);
        story = story.answer(Kind::BookInvoice, outcome);
        while story.take() {}
        assert_eq!(transfer(&story), before);
        let first = story.facts.past.iter().find(|past| past.key.0 == "book:RE1").unwrap().at;
        story.now = first + TimeDelta::days(7) - TimeDelta::seconds(1);
        assert_eq!(transfer(&story), before);
        story.now = first + TimeDelta::days(7);
        assert_eq!(transfer(&story), TransferStatus::Cancelled);
    }
}

#[test]
fn transfer_shows_the_gravest() {
    let both = |answers: [Option<RefusalKind>; 2]| {
        let mut story = order("4711").sofort(119_00).settle();
        for (nr, line, answer) in [("RE1", 1, answers[0]), ("RE2", 2, answers[1])] {
            story = story.shipped(nr, &[line]);
            if let Some(kind) = answer {
                story = story.answer(Kind::BookInvoice, refused(kind));
                assert!(story.take());
            }
        }
        story
    };
    let no = Some(RefusalKind::Final);
    assert_eq!(transfer(&both([no, None])), TransferStatus::Error);
    let mut late = both([no, None]);
    late.now += TimeDelta::days(7);
    assert_eq!(transfer(&late), TransferStatus::Cancelled);
    let booked = order("4711").sofort(119_00).settle().shipped("RE1", &[1]).settle();
    assert_eq!(transfer(&booked.clone().shipped("RE2", &[2])), TransferStatus::NotTransferred);
    let mut failed = booked.shipped("RE2", &[2]).answer(Kind::BookInvoice, refused(RefusalKind::Final));
    assert!(failed.take());
    assert_eq!(transfer(&failed), TransferStatus::Error);
}

#[test]
fn statuses_of_a_shop_charge_beside_an_authorisation_follow_the_money() {
    let story = order("4711").card(119_00).charged(118_98, Success);
    assert_eq!(payment(&story), PaymentStatus::Paid);
}
