//! What a bookkeeper wants to know of an order beside its plan: how it is sold, what others have moved, which settings
//! are not the ones it began with.

use crate::config::{Mode, PaymentType};
use crate::engine::work::mode_name;
use crate::policy::by_hand::ByHand;
use crate::policy::{Facts, Plan, Standing, sums};
use crate::steps::Effect;
use crate::text::amounts::amount;
use crate::text::{Language, Phrase, PhraseKey};
use crate::unzer::Group;

/// Sentences in the order they are read. `settings`: those of the order's payment type now, where it is configured.
pub fn told(facts: &Facts, plan: &Plan, settings: Option<&PaymentType>, language: Language) -> Vec<String> {
    if facts.standing != Standing::Managed {
        return Vec::new();
    }
    let mut phrases: Vec<Phrase> = sold(facts).into_iter().collect();
    let by_hand = ByHand::of(facts, &plan.sums);
    phrases.extend(moved(facts, plan, by_hand, language));
    phrases.extend(elsewhere(facts, by_hand, language));
    phrases.extend(booked(facts));
    phrases.extend(settings.into_iter().flat_map(|settings| settings_changed(facts, settings)));
    phrases.extend(settings.and_then(|settings| evened_out(facts, plan, settings.rounding_tolerance, language)));
    phrases.iter().map(|phrase| phrase.text(language)).collect()
}

fn sold(facts: &Facts) -> Option<Phrase> {
    let payment = facts.payment.known()?;
    let key = match (sums::group(payment), facts.mode) {
        (Group::Auth, Mode::Standard) => PhraseKey::SoldStandard,
        (Group::Auth, Mode::Expert) => PhraseKey::SoldExpert,
        (Group::Paid, _) => PhraseKey::SoldPaid,
        (Group::Wait, _) => PhraseKey::SoldPrepaid,
        (Group::Invoice, _) => PhraseKey::SoldInvoice,
        (Group::Secured, _) => PhraseKey::SoldSecured,
        (Group::PayLater, _) => PhraseKey::SoldPayLater,
    };
    Some(Phrase::new(key).with("method", payment.method.display_name()))
}

/// What this daemon has paid back and given free, and what it leaves to expire.
fn moved(facts: &Facts, plan: &Plan, by_hand: ByHand, language: Language) -> Vec<Phrase> {
    let written = |minor| amount(facts.money(minor), language);
    let (unzer, refunds) = (plan.sums.unzer, &plan.sums.refunds);
    let mut phrases = Vec::new();
    for (document, minor) in &refunds.by_credit_note {
        let phrase = Phrase::new(PhraseKey::CommentRefundedFor).with("amount", written(*minor));
        phrases.push(phrase.with("document", document));
    }
    if refunds.for_cancellation > 0 {
        phrases.push(Phrase::new(PhraseKey::CommentRefunded).with("amount", written(refunds.for_cancellation)));
    }
    let free = unzer.reversed - by_hand.reversed;
    if free > 0 {
        phrases.push(Phrase::new(PhraseKey::GivenFree).with("amount", written(free)));
    }
    let is_pay_later = facts.payment.known().is_some_and(|payment| sums::group(payment) == Group::PayLater);
    if is_pay_later && plan.sums.pixi.closed && unzer.rest > 0 && unzer.captured >= plan.sums.pixi.invoiced {
        phrases.push(Phrase::new(PhraseKey::RestExpires).with("amount", written(unzer.rest)));
    }
    phrases
}

/// Documents booked from here, and those a person has settled.
fn booked(facts: &Facts) -> Vec<Phrase> {
    let ours = |nr: &str| {
        let books = |effect: &Effect| matches!(effect, Effect::BookInvoice { .. } | Effect::BookReturn { .. });
        facts
            .past
            .iter()
            .any(|past| books(&past.effect) && past.effect.document() == Some(nr) && (past.is_done() || past.is_open()))
    };
    let paid = facts.documents.iter().filter(|document| document.paid.is_some_and(|paid| paid != 0));
    let (from_here, by_hand): (Vec<&str>, Vec<&str>) =
        paid.map(|document| document.nr.as_str()).partition(|nr| ours(nr));
    [(from_here, PhraseKey::BookedSoFar), (by_hand, PhraseKey::SettledInPixi)]
        .into_iter()
        .filter(|(documents, _)| !documents.is_empty())
        .map(|(documents, key)| Phrase::new(key).with("documents", documents.join(", ")))
        .collect()
}

fn elsewhere(facts: &Facts, by_hand: ByHand, language: Language) -> Vec<Phrase> {
    let moved = [
        (by_hand.captured, PhraseKey::CapturedElsewhere),
        (by_hand.refunded, PhraseKey::RefundedElsewhere),
        (by_hand.reversed, PhraseKey::ReversedElsewhere),
    ];
    let some = moved.into_iter().filter(|(minor, _)| *minor > 0);
    some.map(|(minor, key)| Phrase::new(key).with("amount", amount(facts.money(minor), language))).collect()
}

/// The mode is pinned to an order when it is first seen; of bookings made with another event it is said that they stay.
fn settings_changed(facts: &Facts, settings: &PaymentType) -> Vec<Phrase> {
    let mut phrases = Vec::new();
    if facts.mode != settings.mode {
        let pinned = Phrase::new(PhraseKey::ModePinned).with("pinned", mode_name(facts.mode));
        phrases.push(pinned.with("now", mode_name(settings.mode)));
    }
    for past in facts.done() {
        let (event, now) = match &past.effect {
            Effect::BookInvoice { event, .. } => (event, &settings.event_invoice),
            Effect::BookReturn { event, .. } => (event, &settings.event_return),
            _ => continue,
        };
        if event != now {
            let changed = Phrase::new(PhraseKey::EventChanged).with("document", past.effect.document().unwrap_or("-"));
            phrases.push(changed.with("before", event).with("now", now));
        }
    }
    phrases
}

/// Cents between what the documents ask for and what moved, once the order is closed.
fn evened_out(facts: &Facts, plan: &Plan, tolerance: i64, language: Language) -> Option<Phrase> {
    let (pixi, unzer) = (plan.sums.pixi, plan.sums.unzer);
    let between = (plan.sums.kept() - (pixi.invoiced - pixi.credited)).abs();
    let is_evened = pixi.closed && unzer.captured > 0 && (1..=tolerance).contains(&between);
    is_evened.then(|| Phrase::new(PhraseKey::WithinTolerance).with("amount", amount(facts.money(between), language)))
}
