//! A message as it goes over the line: headers, text and HTML, signature.

use std::time::SystemTime;

use lettre::message::header::{Header, HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::{Address, Message};
use secrecy::ExposeSecret as _;

use super::carrier::Parcel;
use super::dkim::SigningKey;
use super::pages::{Block, Desk, Tone};
use super::render::render;
use super::tidy::tidy;
use crate::clock::Time;
use crate::config::{Mail, MandantId, Settings};
use crate::journal::{Letter, RecipientState};

/// Programs do not answer to what a program sent (RFC 3834).
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".to_owned())
    }
}

/// Why a mail cannot be made a message; it never will be.
#[derive(Debug, thiserror::Error)]
pub enum Unsendable {
    /// An address.
    #[error("{0} is not a mail address")]
    Address(String),
    /// All else.
    #[error("{0}")]
    Message(String),
}

/// What is written.
struct Written<'a> {
    message_id: &'a str,
    subject: &'a str,
    text: &'a str,
    html: &'a str,
    to: Vec<&'a str>,
    at: Time,
}

/// The message of a stored mail, for those of its recipients who wait. Signed now, with today's key.
pub fn parcel_of(letter: &Letter, mail: &Mail) -> Result<Parcel, Unsendable> {
    let written = Written {
        message_id: &letter.message_id,
        subject: &letter.subject,
        text: &letter.text,
        html: &letter.html,
        to: letter.recipients.iter().map(|one| one.address.as_str()).collect(),
        at: letter.created,
    };
    let mut parcel = parcel(&written, mail)?;
    let waiting = letter.recipients.iter().filter(|one| one.state == RecipientState::Waiting);
    parcel.to = waiting.map(|one| one.address.clone()).collect();
    Ok(parcel)
}

/// Whose settings a test mail tries.
#[derive(Debug, Clone)]
pub struct TestMail<'a> {
    /// Settings in force.
    pub settings: &'a Settings,
    /// One mandant's mail settings; none: the general ones.
    pub mandant: Option<&'a MandantId>,
    /// The settings tried.
    pub mail: &'a Mail,
    /// Left part of the Message-ID.
    pub message_id: String,
    /// Now.
    pub at: Time,
}

/// The message of a test mail.
pub fn parcel_of_test(test: &TestMail<'_>) -> Result<Parcel, Unsendable> {
    let nobody = MandantId(String::new());
    let desk = Desk { settings: test.settings, mandant: test.mandant.unwrap_or(&nobody) };
    let words = desk.words();
    let mut page = desk.page(Tone::Plain, words.test_subject, words.test_subject);
    page.lead.push(words.test_lead.to_owned());
    let smtp = &test.mail.smtp;
    let signed = test.mail.dkim.as_ref().map_or_else(
        || words.unsigned.to_owned(),
        |dkim| words.signed.replace("{selector}", &dkim.selector).replace("{domain}", &dkim.domain),
    );
    page.blocks.push(Block { heading: format!("{} – {signed}", smtp.address()), ..Block::default() });
    let parts = render(&page).map_err(|error| Unsendable::Message(error.to_string()))?;
    let written = Written {
        message_id: &test.message_id,
        subject: &page.subject,
        text: &parts.text,
        html: &parts.html,
        to: test.mail.to.iter().map(String::as_str).collect(),
        at: test.at,
    };
    parcel(&written, test.mail)
}

fn parcel(written: &Written<'_>, mail: &Mail) -> Result<Parcel, Unsendable> {
    let address = |text: &str| text.parse::<Address>().map_err(|_| Unsendable::Address(tidy(text)));
    let sender = address(&mail.from)?;
    let message_id = format!("{}@{}", written.message_id, sender.domain());
    let subject = tidy(written.subject);
    let mut builder = Message::builder()
        .from(Mailbox::new(Some("pixi-payd".to_owned()), sender))
        .subject(subject.clone())
        .message_id(Some(format!("<{message_id}>")))
        .date(SystemTime::from(written.at))
        .header(AutoSubmitted);
    for to in &written.to {
        builder = builder.to(Mailbox::new(None, address(to)?));
    }
    let parts = MultiPart::alternative_plain_html(written.text.to_owned(), written.html.to_owned());
    let mut message = builder.multipart(parts).map_err(|error| Unsendable::Message(error.to_string()))?;
    if let Some(dkim) = &mail.dkim {
        // A mail without a signature is better than none; `check` shows what is wrong with the key.
        match SigningKey::read(dkim.key.expose_secret()) {
            Ok(key) => key.sign(&mut message, dkim).map_err(|error| Unsendable::Message(error.to_string()))?,
            Err(error) => tracing::warn!("mail.dkim.key {error}: mails leave unsigned"),
        }
    }
    Ok(Parcel {
        message_id,
        from: mail.from.clone(),
        to: written.to.iter().map(|to| (*to).to_owned()).collect(),
        subject,
        bytes: message.formatted(),
    })
}
