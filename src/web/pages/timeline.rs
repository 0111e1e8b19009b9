//! What was done for an order: steps, mails, requests of people.

use serde_json::Value;

use super::overview::When;
use super::words::Pen;
use crate::clock::Time;
use crate::engine::requests::why_declined;
use crate::engine::words;
use crate::journal::{Letter, RecipientState, Request, StepRecord, StepState};
use crate::money::Currency;
use crate::steps::Outcome;
use crate::text::{Language, Phrase};

/// A step that was taken.
pub struct Done {
    /// When its request was made durable.
    pub at: When,
    /// What it does.
    pub word: &'static str,
    /// Key, as `order decide` wants it.
    pub key: String,
    /// Invoice or credit note.
    pub document: String,
    /// How much.
    pub amount: String,
    /// Rule that asked for it.
    pub rule: String,
    /// What became of it.
    pub outcome: &'static str,
    /// As stored.
    pub state: &'static str,
    /// Look of it.
    pub tone: &'static str,
    /// The peer's code, or why it was not sent.
    pub code: String,
    /// What the peer said beside it, who decided, how often it was looked for.
    pub notes: Vec<String>,
    /// From intent to outcome.
    pub duration: String,
    /// Word that went with the request.
    pub token: String,
}

impl Done {
    /// Shows a step.
    pub fn of(step: &StepRecord, pen: &Pen) -> Self {
        let mut notes = Vec::new();
        if step.attempt > 1 {
            notes.push(pen.words.attempt.replace("{number}", &step.attempt.to_string()));
        }
        if step.looks > 0 {
            notes.push(pen.words.looks.replace("{count}", &step.looks.to_string()));
        }
        if let Some(by) = &step.decided_by {
            let reason = step.decided_reason.as_deref().unwrap_or_default();
            notes.push(pen.words.decided.replace("{by}", by).replace("{reason}", reason));
        }
        let (code, note) = code(step.outcome.as_ref());
        notes.extend(note);
        Self {
            at: When { text: pen.second(step.intended_at), stamp: pen.stamp(step.intended_at) },
            word: words::effect(&step.effect, pen.language),
            key: step.key.0.clone(),
            document: step.effect.document().unwrap_or_default().to_owned(),
            amount: step.effect.amount().map(|money| pen.of(money)).unwrap_or_default(),
            rule: step.rule.clone(),
            outcome: words::outcome(step.state.name(), pen.language),
            state: step.state.name(),
            tone: match step.state {
                StepState::Done => "good",
                StepState::Refused | StepState::Unknown => "bad",
                StepState::Intended | StepState::Pending => "open",
                StepState::NotSent => "still",
            },
            code,
            notes,
            duration: step.settled_at.map(|settled| took(step.intended_at, settled, pen.language)).unwrap_or_default(),
            token: step.token.clone(),
        }
    }
}

/// A peer's code and what goes with it.
fn code(outcome: Option<&Outcome>) -> (String, Option<String>) {
    match outcome {
        None => (String::new(), None),
        Some(Outcome::Done(evidence) | Outcome::Pending(evidence)) => {
            let transaction = evidence.transaction.clone();
            (evidence.code.clone().or_else(|| evidence.note.clone()).unwrap_or_default(), transaction)
        }
        Some(Outcome::Refused(refusal)) => (refusal.code.clone(), None),
        Some(Outcome::NotSent { cause } | Outcome::Unknown { cause }) => (cause.clone(), None),
    }
}

/// `0,3 s`, in English `0.3 s`; `12 s`, `4 min`, `3 h`, `2 d`: units that are the same in both languages.
fn took(from: Time, to: Time, language: Language) -> String {
    let millis = (to - from).num_milliseconds().max(0);
    match millis {
        ..10_000 => {
            let point = if language == Language::De { ',' } else { '.' };
            format!("{}{point}{} s", millis / 1000, millis % 1000 / 100)
        }
        10_000..120_000 => format!("{} s", millis / 1000),
        120_000..7_200_000 => format!("{} min", millis / 60_000),
        7_200_000..172_800_000 => format!("{} h", millis / 3_600_000),
        _ => format!("{} d", millis / 86_400_000),
    }
}

/// A mail that told of the order.
pub struct Mailed {
    /// When it was written.
    pub at: When,
    /// Subject.
    pub subject: String,
    /// Each recipient with what became of their part.
    pub recipients: Vec<Delivered>,
}

/// A recipient's part.
pub struct Delivered {
    /// Address.
    pub address: String,
    /// What became of it.
    pub word: &'static str,
    /// Look of it.
    pub tone: &'static str,
    /// The mail server's words.
    pub answer: String,
}

impl Mailed {
    /// Shows a mail.
    pub fn of(mail: &Letter, pen: &Pen) -> Self {
        let recipients = mail.recipients.iter().map(|recipient| {
            let (word, tone) = match recipient.state {
                RecipientState::Waiting => (pen.words.mail_waiting, "open"),
                RecipientState::Accepted => (pen.words.mail_accepted, "good"),
                RecipientState::Refused => (pen.words.mail_refused, "bad"),
                RecipientState::GivenUp => (pen.words.mail_given_up, "bad"),
            };
            let waiting = mail.last_error.clone().filter(|_| recipient.state == RecipientState::Waiting);
            let answer = recipient.answer.clone().or(waiting).unwrap_or_default();
            Delivered { address: recipient.address.clone(), word, tone, answer }
        });
        Self {
            at: When { text: pen.second(mail.created), stamp: pen.stamp(mail.created) },
            subject: mail.subject.clone(),
            recipients: recipients.collect(),
        }
    }
}

/// What a person asked for.
pub struct Wished {
    /// When.
    pub at: When,
    /// Who.
    pub actor: String,
    /// What for.
    pub word: String,
    /// Why.
    pub reason: String,
    /// What became of it.
    pub answer: String,
    /// `waiting`, `taken`, `done`, `open`, `quiet`, `failed`.
    pub state: &'static str,
    /// Look of it.
    pub tone: &'static str,
}

impl Wished {
    /// Shows a request.
    pub fn of(request: &Request, currency: Currency, pen: &Pen) -> Self {
        let words = pen.words;
        let (state, tone, answer) = match &request.answer {
            None if request.taken.is_some() => ("taken", "open", words.request_taken.to_owned()),
            None => ("waiting", "open", words.request_waiting.to_owned()),
            Some(answer) => answered(answer, pen),
        };
        let word = match request.kind.as_str() {
            crate::engine::requests::RETRY => words.retry,
            crate::engine::requests::REAUTHORIZE => words.reauthorize,
            crate::engine::requests::CAPTURE => words.capture_part,
            crate::engine::requests::REFUND => words.refund_part,
            other => other,
        };
        let word = match crate::engine::requests::amount_of(request) {
            Some(minor) => format!("{word}: {}", pen.money(minor, currency)),
            None => word.to_owned(),
        };
        Self {
            at: When { text: pen.second(request.created), stamp: pen.stamp(request.created) },
            actor: request.actor.clone(),
            word,
            reason: request.reason.clone(),
            answer,
            state,
            tone,
        }
    }
}

fn answered(answer: &Value, pen: &Pen) -> (&'static str, &'static str, String) {
    let words = pen.words;
    if let Some(why) = why_declined(answer, pen.language) {
        return ("failed", "bad", words.request_failed.replace("{why}", &why));
    }
    if let Some(open) = answer.get("open").and_then(Value::as_str).and_then(Phrase::of_value) {
        return ("open", "open", open.text(pen.language));
    }
    let until = answer.get("quiet_until").and_then(|until| serde_json::from_value::<Time>(until.clone()).ok());
    match until {
        Some(until) => ("quiet", "open", words.request_quiet.replace("{until}", &pen.minute(until))),
        None => ("done", "good", words.request_done.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_read_at_a_glance() {
        let from: Time = "2026-03-03T12:00:00Z".parse().unwrap();
        let after = |millis| took(from, from + chrono::TimeDelta::milliseconds(millis), Language::En);
        let shown: Vec<String> =
            [-5, 80, 340, 12_000, 119_999, 120_000, 7_200_000, 172_800_000].into_iter().map(after).collect();
        assert_eq!(shown, ["0.0 s", "0.0 s", "0.3 s", "12 s", "119 s", "2 min", "2 h", "2 d"]);
        assert_eq!(took(from, from + chrono::TimeDelta::milliseconds(340), Language::De), "0,3 s");
    }
}
