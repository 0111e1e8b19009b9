//! R14, the customer's lock, expiring authorisations, bank data, orders that are gone or merged.

use std::time::Duration;

use crate::clock::Time;
use crate::config::AddressCheck;
use crate::policy::bank_data::{ADDRESS_SPOILT, NO_BANK_DATA};
use crate::policy::facts::{AddressLook, AddressVerdict, Gone, GoneHow, Unclear};
use crate::policy::story::{Story, order, refused};
use crate::policy::{NextCheck, PaymentStatus, PaymentView};
use crate::steps::{Effect, Evidence, Kind, Outcome, Refusal, RefusalKind};

impl Story {
    fn address(mut self, verdict: AddressVerdict, check: AddressCheck) -> Self {
        self.terms.payment_type.address_check = check;
        self.facts.surroundings.address = Some(AddressLook { verdict, address: Some(1), leaving: 0, fixed: false });
        self
    }

    fn gone(mut self, how: GoneHow, readings: usize) -> Self {
        let at = |back| self.now - chrono::TimeDelta::hours(back);
        let readings: Vec<Time> = (0..i64::try_from(readings).unwrap()).rev().map(at).collect();
        self.facts.surroundings.gone = Some(Gone { how, readings });
        self.facts.unclear = vec![Unclear::Vanished("order".into())];
        self
    }

    fn found_again(mut self) -> Self {
        self.facts.surroundings.gone = None;
        self.facts.unclear.clear();
        self
    }

    fn locks_customers(mut self) -> Self {
        self.terms.payment_type.lock_customer_on_chargeback = true;
        self
    }
}

#[test]
fn r14_another_address_is_a_hint_and_holds_nothing_up() {
    let story = order("4711").pay_later(119_00).address(AddressVerdict::Differs, AddressCheck::Hint).settle();
    assert_eq!((story.did.as_slice(), story.hints()), (["release#1".to_owned()].as_slice(), vec![1220]));
    let story = story.shipped("RE1", &[1, 2]).settle();
    assert_eq!(story.did[1..], ["capture:RE1", "book:RE1"]);
}

#[test]
fn r14_another_address_locks_before_the_release_where_that_is_wanted() {
    let story = order("4711").pay_later(119_00).address(AddressVerdict::Differs, AddressCheck::Lock).settle();
    assert_eq!(
        (story.did.as_slice(), story.problems()),
        (["lock#1", "release#1"].map(str::to_owned).as_slice(), vec![1220])
    );
    let story = story.address(AddressVerdict::Same, AddressCheck::Lock).settle();
    assert_eq!((story.did.last().unwrap().as_str(), story.problems()), ("unlock#2", vec![]));
}

#[test]
fn r14_nothing_leaves_hold_before_the_lock_stands() {
    let story = order("4711").pay_later(119_00).address(AddressVerdict::Differs, AddressCheck::Lock);
    let mut story = story.answer(Kind::Lock, refused(RefusalKind::Passing));
    assert!(story.take());
    assert!(!story.next().iter().any(|key| key.starts_with("release")), "{:?}", story.next());
}

#[test]
fn r14_a_lock_that_a_person_has_lifted_keeps_nothing_on_hold() {
    let mut story = order("4711").pay_later(119_00).address(AddressVerdict::Differs, AddressCheck::Lock);
    assert_eq!(story.next(), ["lock#1", "release#1"]);
    assert!(story.take());
    let story = story.lock_by_hand(false);
    assert_eq!((story.next(), story.problems()), (vec!["release#1".to_owned()], vec![1220]));
}

#[test]
fn r14_says_nothing_where_it_is_off_not_known_or_not_insured() {
    for story in [
        order("4711").pay_later(119_00).address(AddressVerdict::Differs, AddressCheck::Off),
        order("4711").pay_later(119_00).address(AddressVerdict::NotChecked, AddressCheck::Lock),
        order("4711").pay_later(119_00).address(AddressVerdict::Same, AddressCheck::Lock),
        order("4711").card(119_00).expert().address(AddressVerdict::Differs, AddressCheck::Lock),
    ] {
        let story = story.settle();
        assert_eq!((story.did.as_slice(), story.hints()), (["release#1".to_owned()].as_slice(), vec![]));
        assert_eq!(story.problems(), Vec::<u16>::new());
    }
}

#[test]
fn customer_lock_once_where_that_is_wanted() {
    let story = order("4711").sofort(119_00).settle().locks_customers().charged_back("s-chg-1", 119_00).settle();
    assert_eq!(story.did, ["release#1", "lock#1", "lock_customer", "customer_comment"]);
    let Effect::CustomerComment { customer, text } =
        &story.facts.past.iter().find(|past| past.key.0 == "customer_comment").unwrap().effect
    else {
        panic!("no comment")
    };
    assert_eq!((*customer, text.contains("119.00"), text.contains("100234")), (77, true, true), "{text}");
    // Lifting it is a person's; a second chargeback of the order changes nothing.
    let story = story.chargeback_won("s-chg-1", 119_00).settle().charged_back("s-chg-1", 119_00).settle();
    assert_eq!(story.did.iter().filter(|key| key.as_str() == "lock_customer").count(), 1);
}

#[test]
fn customer_lock_not_with_goods_from_another_mandant() {
    let mut story = order("4711").sofort(119_00).settle().locks_customers().charged_back("s-chg-1", 119_00);
    story.facts.surroundings.customer_elsewhere = true;
    let story = story.settle();
    assert_eq!(
        (story.did.as_slice(), story.hints()),
        (["release#1", "lock#1"].map(str::to_owned).as_slice(), vec![1224])
    );
}

#[test]
fn customer_lock_not_without_the_setting() {
    let story = order("4711").sofort(119_00).settle().charged_back("s-chg-1", 119_00).settle();
    assert_eq!(story.did, ["release#1", "lock#1"]);
}

#[test]
fn expiry_is_told_while_goods_are_here() {
    let warned = |story: Story| {
        let mut story = story;
        story.terms.payment_type.expiry_warning = Duration::from_hours(72);
        story
    };
    let story = warned(order("4711").card(119_00).expert().settle());
    assert_eq!(story.clone().after(4 * 24 * 60 - 24 * 60).plan().notices, []);
    let late = story.clone().after(4 * 24 * 60 + 10);
    assert_eq!(late.hints(), [1223]);
    assert!(late.plan().notices[0].text(crate::text::Language::En).contains("2026-03-10"));
    assert_eq!(late.clone().shipped("RE1", &[1, 2]).settle().hints(), Vec::<u16>::new());
    let nothing_told = [
        order("4711").card(119_00).settle(),
        order("4711").pay_later(119_00).settle(),
        order("4711").sofort(119_00).settle(),
    ];
    for story in nothing_told {
        assert_eq!(warned(story).after(6 * 24 * 60).hints(), Vec::<u16>::new());
    }
    assert_eq!(order("4711").card(119_00).expert().settle().after(6 * 24 * 60).hints(), Vec::<u16>::new(), "off");
}

#[test]
fn r12_bank_data_that_unzer_does_not_show_are_a_problem() {
    let no = Outcome::Refused(Refusal { kind: RefusalKind::Final, code: NO_BANK_DATA.into(), message: String::new() });
    let mut story = order("4711").on_invoice(119_00).answer(Kind::BankData, no);
    while story.next().iter().any(|key| key.starts_with("release") || key.starts_with("bank_data")) {
        assert!(story.take());
    }
    assert_eq!(story.problems(), [1221]);
    let story = order("4711").on_invoice(119_00).answer(Kind::BankData, refused(RefusalKind::Final)).settle();
    assert_eq!(story.received(119_00).settle().problems(), Vec::<u16>::new(), "paid all the same");
}

#[test]
fn r12_an_address_that_reads_back_differently_is_a_persons() {
    let spoilt = Evidence { note: Some(ADDRESS_SPOILT.into()), ..Evidence::default() };
    let story = order("4711").on_invoice(119_00).answer(Kind::BankData, Outcome::Done(spoilt)).settle();
    assert_eq!(story.problems(), [1222]);
    assert_eq!(story.facts.past.iter().filter(|past| past.effect.kind() == Kind::BankData).count(), 1);
}

#[test]
fn disappeared_is_said_only_after_three_readings() {
    for readings in 0..3 {
        let story = order("4711").card(119_00).expert().settle().gone(GoneHow::Missing, readings);
        let plan = story.plan();
        assert_eq!((plan.steps.len(), story.problems(), story.hints()), (0, vec![], vec![1604]), "{readings}");
        assert_ne!(plan.payment_status, PaymentStatus::Disappeared);
    }
}

#[test]
fn disappeared_with_money_is_a_problem_of_its_amount() {
    for how in [GoneHow::Missing, GoneHow::PaymentType] {
        let story = order("4711").card(119_00).expert().settle().gone(how, 3);
        let plan = story.plan();
        assert_eq!((story.problems(), plan.payment_status), (vec![1608], PaymentStatus::Disappeared));
        assert!(plan.steps.iter().all(|step| step.effect.kind() == Kind::Comment), "{:?}", plan.steps);
        assert_eq!(plan.steps.is_empty(), how == GoneHow::Missing, "nothing can be written to what is not there");
    }
}

#[test]
fn disappeared_without_money_is_done_with_until_money_comes() {
    let story = order("4711").sofort(119_00).settle().refunded_by_hand("s-chg-1", 119_00).gone(GoneHow::Missing, 3);
    assert_eq!((story.problems(), story.hints()), (vec![], vec![]));
    assert_eq!(story.clone().after(40 * 24 * 60).plan().next_check, NextCheck::Ended);
    let story = order("4711").prepayment(119_00).settle().gone(GoneHow::Missing, 3);
    assert_eq!(story.problems(), Vec::<u16>::new());
    let NextCheck::At(_) = story.clone().after(40 * 24 * 60).plan().next_check else { panic!("a claim is still open") };
    assert_eq!(story.received(119_00).problems(), [1608], "late money is told");
}

#[test]
fn disappeared_and_back_is_worked_on_as_before() {
    let story = order("4711").card(119_00).expert().settle().gone(GoneHow::Missing, 3).settle().found_again();
    let story = story.shipped("RE1", &[1, 2]).settle();
    assert_eq!((story.problems(), story.did.last().unwrap().as_str()), (vec![], "book:RE1"));
}

#[test]
fn r13_comes_first_where_the_money_of_a_lost_order_cannot_be_told() {
    let silent = PaymentView::Unreachable { since: order("1").now, code: "HTTP 503".into(), configuration: false };
    let story = order("4711").card(119_00).expert().settle().gone(GoneHow::Missing, 3).seen_as(silent);
    assert_eq!((story.problems(), story.plan().rule), (vec![], "R13"));
}

#[test]
fn facts_merged_orders_get_no_money_step_and_are_never_taken_for_cancelled() {
    let mut story = order("4711").card(119_00).expert().settle().cancelled(&[1, 2]);
    story.facts.unclear.push(Unclear::Merged);
    let story = story.settle();
    assert_eq!((story.did.as_slice(), story.problems()), (["release#1".to_owned()].as_slice(), vec![1605]));
    assert_eq!(story.plan().payment_status, PaymentStatus::Merged);
}

#[test]
fn disappeared_with_money_taken_is_a_problem_too_and_doubts_are_looked_into_within_the_hour() {
    let story = order("4711").sofort(119_00).settle();
    assert_eq!(story.clone().gone(GoneHow::Missing, 3).problems(), [1608]);
    let mut doubtful = story.gone(GoneHow::Missing, 2);
    doubtful.facts.stable_since = doubtful.now - chrono::TimeDelta::days(2);
    let last = doubtful.facts.surroundings.gone.as_ref().unwrap().readings[1];
    assert_eq!(doubtful.plan().next_check, NextCheck::At(last + chrono::TimeDelta::hours(1)));
}

#[test]
fn expiry_is_told_from_the_very_moment_and_of_the_authorisation_alone() {
    let mut story = order("4711").card(119_00).expert().settle();
    story.terms.payment_type.expiry_warning = Duration::from_hours(72);
    let authorized = story.facts.first_seen;
    story.now = authorized + chrono::TimeDelta::days(4) - chrono::TimeDelta::seconds(1);
    assert_eq!(story.hints(), Vec::<u16>::new());
    story.now = authorized + chrono::TimeDelta::days(4);
    assert_eq!(story.hints(), [1223]);
    // A capture in between does not make the authorisation last longer, nor does one that failed.
    story.now = authorized + chrono::TimeDelta::days(3);
    let captured = story.charged(10_00, crate::unzer::TransactionStatus::Success);
    let mut failed = captured.authorized(1_00, crate::unzer::TransactionStatus::Error);
    failed.now = authorized + chrono::TimeDelta::days(4);
    assert_eq!(failed.hints(), [1223]);
    failed.terms.payment_type.expiry_warning = Duration::ZERO;
    failed.now = authorized + chrono::TimeDelta::days(8);
    assert_eq!(failed.hints(), Vec::<u16>::new(), "off");
}

#[test]
fn r10_r12_bank_data_go_out_while_the_money_is_missing_and_the_claim_is_enough() {
    let wanted = |story: Story| story.next().iter().any(|key| key.starts_with("bank_data"));
    let released = || order("4711").on_invoice(119_00).answer(Kind::BankData, refused(RefusalKind::Passing));
    let waiting = |mut story: Story| {
        while story.take() {}
        story.after(10)
    };
    assert_eq!(released().next(), ["release#1"], "not before the release");
    assert!(wanted(waiting(released())));
    assert!(wanted(waiting(released()).received(118_97)));
    assert!(!wanted(waiting(released()).received(118_98)), "paid but for cents");
    assert!(wanted(waiting(released()).total(119_02)));
    assert!(!wanted(waiting(released()).total(119_03)), "the claim is too small");
    assert!(!wanted(waiting(order("4711").lines(&[1]).on_invoice(0))), "no claim");
    let rule = |story: Story| {
        let step = waiting(story).plan().steps.into_iter().find(|step| step.effect.kind() == Kind::BankData);
        step.map(|step| step.rule)
    };
    assert_eq!(rule(released()).as_deref(), Some("R12"));
    let prepaid = order("4711").prepayment(119_00).answer(Kind::BankData, refused(RefusalKind::Passing));
    assert_eq!(rule(prepaid).as_deref(), Some("R10"));
    let noted = |note: &str| {
        let evidence = Evidence { note: Some(note.into()), ..Evidence::default() };
        order("4711").on_invoice(119_00).answer(Kind::BankData, Outcome::Done(evidence)).settle().problems()
    };
    assert_eq!((noted("comment"), noted(ADDRESS_SPOILT)), (vec![], vec![1222]));
}
