//! One comment line in pixi for each thing done, and one for each problem.
//!
//! A comment is written at most once: where its outcome is not known it counts as written.

use crate::steps::{Effect, Guards, ReverseAt, StepKey};
use crate::text::{Notice, Phrase, PhraseKey, Severity, amounts};

use super::draft::Draft;
use super::facts::{Past, Standing};
use super::{asked, disappeared};

/// Longest comment; more is cut.
const LONGEST: usize = 250;

/// Plans the comments that are still to be written.
pub(super) fn write(draft: &mut Draft<'_>) {
    if draft.facts.standing != Standing::Managed || disappeared::is_missing(draft.facts) {
        return;
    }
    let facts = draft.facts;
    for past in facts.done() {
        if let Some(phrase) = sentence(draft, past) {
            let text = phrase.text(draft.terms.language);
            comment(draft, format!("comment:{}.{}", past.key, past.attempt), &text);
        }
    }
    let problems: Vec<Notice> =
        draft.notices().iter().filter(|notice| notice.severity == Severity::Problem).cloned().collect();
    for notice in problems {
        let text = format!("{}: {}", notice.number, notice.text(draft.terms.language));
        // The lock's own comment says it.
        if locks_say(draft, &text) {
            continue;
        }
        comment(draft, format!("comment:{}", notice.fingerprint()), &text);
    }
}

fn locks_say(draft: &Draft<'_>, text: &str) -> bool {
    let says = |effect: &Effect| matches!(effect, Effect::Lock { reason, .. } if reason == text);
    draft.steps().iter().any(|step| says(&step.effect)) || draft.facts.done().any(|past| says(&past.effect))
}

fn comment(draft: &mut Draft<'_>, key: String, text: &str) {
    let text: String = text.chars().take(LONGEST).collect();
    // A comment pixi refused is not fought for: comments never hold anything up.
    if draft.attempt(&StepKey(key.clone())).refusal().is_none() {
        draft.step("comment", key, Effect::Comment { text }, Guards::default());
    }
}

/// What is written about a step that is done.
fn sentence(draft: &Draft<'_>, past: &Past) -> Option<Phrase> {
    let phrase = match &past.effect {
        Effect::Lock { reason, .. } => Phrase::new(PhraseKey::CommentLocked).with("reason", reason),
        Effect::Unlock { .. } => Phrase::new(PhraseKey::CommentUnlocked),
        Effect::Release { auth_id, auth_code, .. } if auth_code != "PROBLEM" => {
            Phrase::new(PhraseKey::CommentReleased).with("payment", auth_id)
        }
        Effect::ReleaseLines { auth_code, .. } if auth_code != "PROBLEM" => {
            let payment = draft.facts.pay_id.as_deref().unwrap_or("-");
            Phrase::new(PhraseKey::CommentReleased).with("payment", payment)
        }
        Effect::Capture { amount, invoice: Some(invoice), .. } => {
            Phrase::new(PhraseKey::CommentCaptured).with("amount", amounts::neutral(*amount)).with("document", invoice)
        }
        Effect::Capture { amount, .. } if asked::is_asked(&past.key) => {
            Phrase::new(PhraseKey::CommentCapturedAsAsked).with("amount", amounts::neutral(*amount))
        }
        Effect::Capture { amount, .. } => {
            Phrase::new(PhraseKey::CommentCapturedAtRelease).with("amount", amounts::neutral(*amount))
        }
        Effect::Reverse { amount, at: ReverseAt::Claim { .. }, .. } => {
            Phrase::new(PhraseKey::CommentClaimLowered).with("amount", amounts::neutral(*amount))
        }
        Effect::Reauthorize { amount, .. } | Effect::ChangeAuthorization { amount, .. } => {
            Phrase::new(PhraseKey::CommentReauthorized).with("amount", amounts::neutral(*amount))
        }
        Effect::Ship { invoice, .. } => Phrase::new(PhraseKey::CommentShipped).with("document", invoice),
        Effect::Reverse { amount, .. } => {
            Phrase::new(PhraseKey::CommentReversed).with("amount", amounts::neutral(*amount))
        }
        Effect::Refund { amount, credit_note: Some(note), .. } => {
            Phrase::new(PhraseKey::CommentRefundedFor).with("amount", amounts::neutral(*amount)).with("document", note)
        }
        Effect::Refund { amount, goodwill: true, .. } => {
            Phrase::new(PhraseKey::CommentRefundedAsAsked).with("amount", amounts::neutral(*amount))
        }
        Effect::Refund { amount, .. } => {
            Phrase::new(PhraseKey::CommentRefunded).with("amount", amounts::neutral(*amount))
        }
        Effect::BookInvoice { invoice: document, amount, event, .. }
        | Effect::BookReturn { credit_note: document, amount, event, .. } => Phrase::new(PhraseKey::CommentBooked)
            .with("document", document)
            .with("amount", amounts::neutral(*amount))
            .with("event", event),
        _ => return None,
    };
    Some(phrase)
}
