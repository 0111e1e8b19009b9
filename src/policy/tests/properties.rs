//! What holds for every order whatever happens to it.

use proptest::prelude::*;

use crate::policy::facts::LineState;
use crate::policy::story::{Story, not_sent, order, refused, unknown};
use crate::policy::{Plan, rules, sums};
use crate::steps::{Effect, Evidence, Kind, Outcome, RefusalKind, ReverseAt};
use crate::text::PhraseKey;
use crate::unzer::{Group, Transaction, TransactionKind, TransactionStatus};

#[derive(Debug, Clone)]
enum Event {
    Ship(usize, i64),
    Cancel(usize),
    Return(usize, i64),
    RefundByHand(i64),
    ChargeByHand(i64),
    Receive(i64),
    ReverseByHand(i64),
    ChargeBack(i64),
    Raise(i64),
    Hold,
    Lock(bool),
    Answer(Kind, Outcome),
    Wait(i64),
    Settle,
}

fn event() -> impl Strategy<Value = Event> {
    let kind = prop::sample::select(vec![
        Kind::Capture,
        Kind::Refund,
        Kind::Reverse,
        Kind::BookInvoice,
        Kind::Release,
        Kind::Lock,
        Kind::Unlock,
        Kind::Comment,
    ]);
    let outcome = prop::sample::select(vec![
        refused(RefusalKind::Hard),
        refused(RefusalKind::Soft),
        refused(RefusalKind::Final),
        refused(RefusalKind::Passing),
        refused(RefusalKind::Configuration),
        not_sent(),
        unknown(),
    ]);
    prop_oneof![
        4 => (0..4_usize, -3..4_i64).prop_map(|(line, off)| Event::Ship(line, off)),
        2 => (0..4_usize).prop_map(Event::Cancel),
        3 => (0..4_usize, -3..4_i64).prop_map(|(line, off)| Event::Return(line, off)),
        1 => (1..60_00_i64).prop_map(Event::RefundByHand),
        1 => (1..60_00_i64).prop_map(Event::ChargeByHand),
        1 => (1..60_00_i64).prop_map(Event::ReverseByHand),
        3 => prop_oneof![Just(0_i64), 1..60_00_i64].prop_map(Event::Receive),
        1 => (1..60_00_i64).prop_map(Event::ChargeBack),
        1 => (0..30_00_i64).prop_map(Event::Raise),
        1 => Just(Event::Hold),
        1 => any::<bool>().prop_map(Event::Lock),
        3 => (kind, outcome).prop_map(|(kind, outcome)| Event::Answer(kind, outcome)),
        1 => (0..3_000_i64).prop_map(Event::Wait),
        5 => Just(Event::Settle),
    ]
}

fn start() -> impl Strategy<Value = Story> {
    let lines = prop::collection::vec(prop_oneof![4 => 1..60_00_i64, 1 => Just(0_i64)], 1..5);
    (lines, -300..300_i64, 0..7_usize, any::<bool>(), 0..4_i64).prop_map(|(lines, off, method, expert, tolerance)| {
        let story = order("4711").lines(&lines).tolerance(tolerance);
        let amount = (story.facts.total.unwrap() + if off.abs() < 200 { 0 } else { off }).max(1);
        let story = if expert { story.expert() } else { story };
        match method {
            0 => story.card(amount),
            1 => story.sofort(amount),
            2 => story.pay_later(amount),
            3 => story.prepayment(amount),
            4 => story.on_invoice(amount),
            5 => story.secured_invoice(amount),
            _ => story.card(amount).charged(amount / 2 + 1, TransactionStatus::Success),
        }
    })
}

fn happen(story: Story, event: &Event, number: usize) -> Story {
    let line = |index: usize| story.facts.lines.get(index).cloned();
    let unzer = story.unzer();
    match event {
        Event::Ship(index, off) => match line(*index) {
            Some(line) if !line.state.is_shipped() && !line.state.is_dropped() => {
                // Later numbers may leave first.
                let nr = format!("RE{}", 100 - number);
                story.invoiced(&nr, &[line.key], (line.total + off).max(0))
            }
            _ => story,
        },
        Event::Cancel(index) => match line(*index) {
            Some(line) if !line.state.is_shipped() => story.cancelled(&[line.key]),
            _ => story,
        },
        Event::Return(index, off) => match line(*index) {
            Some(line) if line.state == LineState::Aus => {
                story.credited(&format!("GS{number}"), &[line.key], (line.total + off).max(0))
            }
            _ => story,
        },
        Event::RefundByHand(amount) | Event::ChargeBack(amount) => {
            let good = |entry: &&Transaction| {
                entry.kind == TransactionKind::Charge && entry.status == TransactionStatus::Success
            };
            let payment = story.facts.payment.known();
            let charge = payment.and_then(|payment| payment.transactions.iter().find(good).map(|e| e.id.clone()));
            match charge {
                Some(charge) if *amount <= unzer.net && *amount <= story.left_on(&charge) => match event {
                    Event::ChargeBack(_) => story.charged_back(&charge, *amount),
                    _ => story.refunded_by_hand(&charge, *amount),
                },
                _ => story,
            }
        }
        // 0: all that is still awaited.
        Event::Receive(amount) => match story.facts.payment.known().map(sums::group) {
            Some(group) if group.awaits_transfer() => {
                let awaited = (unzer.claim - unzer.captured).max(1);
                story.received(if *amount == 0 { awaited } else { *amount })
            }
            _ => story,
        },
        Event::ChargeByHand(amount) if *amount <= unzer.rest => story.charged(*amount, TransactionStatus::Success),
        Event::ReverseByHand(amount) if *amount <= unzer.rest => story.reversed_by_hand(*amount),
        Event::Raise(by) => {
            let total = story.facts.total.unwrap();
            if story.facts.unshipped() { story.total(total + by) } else { story }
        }
        Event::Hold => story.on_hold_again(),
        Event::Lock(locked) => story.lock_by_hand(*locked),
        Event::Answer(kind, outcome) => story.answer(*kind, outcome.clone()),
        Event::Wait(minutes) => story.after(*minutes),
        Event::Settle => {
            let story = checked(story);
            // What was lost turns out sooner or later.
            if story.facts.past.iter().any(crate::policy::Past::is_open) {
                let outcome = if number.is_multiple_of(2) { Outcome::Done(Evidence::default()) } else { not_sent() };
                checked(story.found(outcome))
            } else {
                story
            }
        }
        Event::ChargeByHand(_) | Event::ReverseByHand(_) => story,
    }
}

/// As [`Story::settle`], with every plan looked at.
fn checked(mut story: Story) -> Story {
    for _ in 0..150 {
        check(&story, &story.plan());
        if !story.take() {
            let story = story.settle();
            check(&story, &story.plan());
            return story;
        }
    }
    panic!("order does not rest: {:?}", story.did);
}

fn check(story: &Story, plan: &Plan) {
    let sums = story.sums();
    let (unzer, pixi) = (sums.unzer, sums.pixi);
    let tolerance = story.terms.payment_type.rounding_tolerance;
    let open = story.facts.past.iter().any(|past| past.is_open() && past.effect.kind().moves_money());
    assert!(plan.rule.is_empty() || rules::find(plan.rule).is_some(), "not in the table: {}", plan.rule);
    let mut captured = 0;
    let mut secured = story.facts.locked == Some(true);
    for step in &plan.steps {
        assert!(rules::find(&step.rule).is_some(), "not in the table: {}", step.rule);
        let guards = step.guards;
        let kind = step.effect.kind();
        assert!(!(open && (kind.moves_money() || matches!(kind, Kind::BookInvoice | Kind::BookReturn))), "{plan:?}");
        match &step.effect {
            Effect::Lock { .. } => secured = true,
            Effect::Release { .. } => {
                let group = story.facts.payment.known().map(sums::group);
                let claimed = if group == Some(Group::Wait) { 0 } else { unzer.claim };
                let cover = (unzer.net + unzer.rest).max(claimed);
                let covered = cover >= pixi.ordered - pixi.credited - tolerance;
                assert!(covered || secured, "released without money or lock: {plan:?}");
            }
            Effect::Capture { amount, .. } => {
                captured += amount.minor;
                assert!(amount.minor > 0 && captured <= unzer.rest, "more than authorised: {plan:?}");
                assert!(amount.minor <= guards.capturable - guards.captured, "the store refuses: {plan:?}");
            }
            Effect::Refund { amount, .. } => {
                assert!(amount.minor > 0 && amount.minor <= unzer.net, "more than captured: {plan:?}");
                let stays = unzer.net - amount.minor;
                assert!(stays >= pixi.invoiced - pixi.credited - tolerance, "shipped goods need it: {plan:?}");
                assert!(
                    guards.captured - guards.refunded - amount.minor >= guards.must_stay,
                    "the store refuses: {plan:?}"
                );
            }
            Effect::Reverse { amount, at, .. } => {
                let left = match at {
                    ReverseAt::Authorization => unzer.rest,
                    ReverseAt::Claim { .. } => unzer.claim - unzer.captured,
                };
                assert!(amount.minor > 0 && amount.minor <= left, "more than left: {plan:?}");
                let stays = guards.capturable - guards.captured - amount.minor;
                assert!(stays >= guards.must_stay, "the store refuses: {plan:?}");
            }
            Effect::Ship { .. } => {
                assert!(pixi.closed && unzer.claim >= pixi.invoiced - tolerance, "shipped too early: {plan:?}");
            }
            _ => {}
        }
    }
}

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fate {
    Kept,
    Returned,
    Cancelled,
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_story_moves_money_that_is_not_there(story in start(), events in prop::collection::vec(event(), 0..14)) {
        let mut story = story;
        for (number, event) in events.iter().enumerate() {
            story = happen(story, event, number);
            check(&story, &story.plan());
        }
        let end = checked(story);
        // At rest the same plan comes out again.
        let again = end.clone().settle();
        prop_assert_eq!(&again.did, &end.did);
        prop_assert_eq!(again.plan().notices.len(), end.plan().notices.len());
    }

    #[test]
    fn every_order_of_events_ends_in_the_same_sums(
        fates in prop::collection::vec((1..60_00_i64, prop::sample::select(vec![Fate::Kept, Fate::Returned, Fate::Cancelled])), 1..5),
        method in 0..7_usize,
        transfer in any::<u16>(),
        order_of in prop::collection::vec((any::<u16>(), any::<bool>()), 10),
    ) {
        let totals: Vec<i64> = fates.iter().map(|(total, _)| *total).collect();
        let sum: i64 = totals.iter().sum();
        let story = order("4711").lines(&totals);
        let mut story = match method {
            0 => story.card(sum),
            1 => story.card(sum + 500).expert(),
            2 => story.sofort(sum),
            3 => story.pay_later(sum),
            4 => story.prepayment(sum),
            5 => story.on_invoice(sum),
            _ => story.secured_invoice(sum),
        };
        let by_transfer = matches!(method, 4 | 5);
        story = story.settle();
        // Each line ships or is cancelled; a return follows its shipment.
        let mut events: Vec<(u16, usize, bool)> = Vec::new();
        for (line, (_, fate)) in fates.iter().enumerate() {
            let (a, b) = (order_of[2 * line].0, order_of[2 * line + 1].0);
            events.push((a.min(b), line, false));
            if *fate == Fate::Returned {
                events.push((a.max(b), line, true));
            }
        }
        // The buyer's transfer comes at any time, over all that was claimed.
        if by_transfer {
            events.push((transfer, usize::MAX, false));
        }
        events.sort_by_key(|(at, line, back)| (*at, *line, *back));
        for (index, (_, line, back)) in events.into_iter().enumerate() {
            if line == usize::MAX {
                story = story.received(sum);
                continue;
            }
            let key = story.facts.lines[line].key;
            story = match (fates[line].1, back) {
                (Fate::Cancelled, _) => story.cancelled(&[key]),
                (_, false) => story.shipped(&format!("RE{}", line + 1), &[key]),
                (_, true) => story.returned(&format!("GS{}", line + 1), &[key]),
            };
            if order_of[index].1 {
                story = story.settle();
            }
        }
        let end = checked(story);
        let of = |wanted: Fate| -> i64 { fates.iter().filter(|(_, fate)| *fate == wanted).map(|(total, _)| total).sum() };
        let kept = if method == 6 && of(Fate::Cancelled) == sum { 0 } else { of(Fate::Kept) };
        prop_assert_eq!(end.unzer().net, kept, "{:?} {:?}", end.did, end.plan().notices);
        prop_assert!(end.problems().is_empty(), "{:?}", end.plan().notices);
        if method != 3 || of(Fate::Cancelled) == sum {
            prop_assert_eq!(end.unzer().rest, 0);
        }
        let settled = end.plan().said.iter().any(|phrase| phrase.key == PhraseKey::Settled);
        prop_assert!(settled, "{:?}", end.plan());
    }
}
