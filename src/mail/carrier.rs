//! What brings a mail to its server.

use std::fmt;

use async_trait::async_trait;

use crate::config::Smtp;

/// A mail ready to leave.
#[derive(Clone, PartialEq, Eq)]
pub struct Parcel {
    /// Message-ID without brackets.
    pub message_id: String,
    /// Sender's address.
    pub from: String,
    /// Recipients still to be served.
    pub to: Vec<String>,
    /// Subject, for records.
    pub subject: String,
    /// The whole message as it goes over the line.
    pub bytes: Vec<u8>,
}

impl fmt::Debug for Parcel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parcel").field("message_id", &self.message_id).field("to", &self.to).finish_non_exhaustive()
    }
}

/// What the server said of one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// It took the mail.
    Accepted(String),
    /// It will never take it.
    Refused(String),
    /// Not now.
    Later(String),
}

/// How far it came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// No connection, or the server did not greet.
    Connect,
    /// The line could not be encrypted.
    Encrypt,
    /// The login was refused.
    Login,
    /// The server does not take mails of this sender.
    Sender,
    /// The mail itself was on its way: it may have been taken.
    Content,
}

/// The server took the mail for nobody, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text}")]
pub struct CarryError {
    /// How far it came.
    pub stage: Stage,
    /// What went wrong, in words.
    pub text: String,
}

impl CarryError {
    /// What to do about it, for people at a terminal.
    pub fn mend(&self) -> &'static str {
        match self.stage {
            Stage::Connect => {
                "check mail.smtp.host, port and security, and whether a firewall lets this machine through"
            }
            Stage::Encrypt => {
                "check mail.smtp.security and host; where a private authority signed the certificate, name its file in mail.smtp.ca"
            }
            Stage::Login => "check mail.smtp.username and password, and whether the server wants a login at all",
            Stage::Sender => "check mail.from: the server must let this login send as it",
            Stage::Content => "try again; if it stays, ask whoever runs the mail server",
        }
    }
}

/// Brings mails to a server: SMTP in production, a folder in the sandbox.
#[async_trait]
pub trait Carrier: Send + Sync {
    /// Hands a mail over. Answers for each recipient of the parcel.
    ///
    /// # Errors
    /// Where the server could not be used at all, or ended the conversation: [`CarryError`]. Whether it took the mail is
    /// then not known; the same parcel may be carried again.
    async fn carry(&self, server: &Smtp, parcel: &Parcel) -> Result<Vec<(String, Fate)>, CarryError>;
}
