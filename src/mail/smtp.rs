//! Mails by SMTP: plain, STARTTLS or TLS, with login or without. One conversation per mail, each recipient answered for.

use std::error::Error as _;
use std::time::Duration;

use async_trait::async_trait;
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::transport::smtp::response::Response;
use secrecy::ExposeSecret;

use super::carrier::{Carrier, CarryError, Fate, Parcel, Stage};
use super::tidy::tidy;
use crate::clock::Clock;
use crate::config::{Smtp, SmtpSecurity};

/// A whole conversation takes no longer.
const DEADLINE: Duration = Duration::from_mins(1);

/// What a look at a server has shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// The line is encrypted.
    pub encrypted: bool,
    /// It took a login; false: none is configured.
    pub login: bool,
}

/// Brings mails to SMTP servers.
#[derive(Debug, Clone)]
pub struct SmtpCarrier {
    clock: Clock,
    deadline: Duration,
}

impl SmtpCarrier {
    /// With deadlines by this clock.
    pub fn new(clock: Clock) -> Self {
        Self { clock, deadline: DEADLINE }
    }

    /// With another deadline, for tests of hanging servers.
    #[cfg(test)]
    pub(super) fn with_deadline(clock: Clock, deadline: Duration) -> Self {
        Self { clock, deadline }
    }

    /// Connects, encrypts, logs in, and leaves.
    pub async fn probe(&self, server: &Smtp, from: &str) -> Result<Probed, CarryError> {
        let look = async {
            let mut line = open(server, from).await?;
            let encrypted = line.is_encrypted();
            // The answer to a good-bye changes nothing.
            let _ = line.quit().await;
            Ok(Probed { encrypted, login: server.username.is_some() })
        };
        self.in_time(look).await
    }

    async fn in_time<T>(&self, work: impl Future<Output = Result<T, CarryError>>) -> Result<T, CarryError> {
        let late = || CarryError {
            stage: Stage::Connect,
            text: format!("no end of the conversation within {} s", self.deadline.as_secs()),
        };
        self.clock.timeout(self.deadline, work).await.unwrap_or_else(|_| Err(late()))
    }
}

#[async_trait]
impl Carrier for SmtpCarrier {
    async fn carry(&self, server: &Smtp, parcel: &Parcel) -> Result<Vec<(String, Fate)>, CarryError> {
        Box::pin(self.in_time(hand_over(server, parcel))).await
    }
}

/// Opens the conversation: greeting, encryption, login.
async fn open(server: &Smtp, from: &str) -> Result<AsyncSmtpConnection, CarryError> {
    let hello = ClientId::Domain(from.rsplit_once('@').map_or("localhost", |(_, domain)| domain).to_owned());
    let wrapped = if server.security == SmtpSecurity::Tls { Some(encryption(server)?) } else { None };
    let address = (server.host.as_str(), server.port);
    let mut line = AsyncSmtpConnection::connect_tokio1(address, Some(DEADLINE), &hello, wrapped, None)
        .await
        .map_err(|error| failed(server, connect_stage(server, &error), &error))?;
    if server.security == SmtpSecurity::Starttls {
        if !line.can_starttls() {
            line.abort().await;
            return Err(CarryError { stage: Stage::Encrypt, text: "the server does not offer STARTTLS".to_owned() });
        }
        let encryption = encryption(server)?;
        line.starttls(encryption, &hello).await.map_err(|error| failed(server, Stage::Encrypt, &error))?;
    }
    if let (Some(name), Some(password)) = (&server.username, &server.password) {
        let login = Credentials::new(name.clone(), password.expose_secret().to_owned());
        let logged_in = line.auth(&[Mechanism::Plain, Mechanism::Login], &login).await;
        logged_in.map_err(|error| failed(server, Stage::Login, &error))?;
    }
    Ok(line)
}

fn encryption(server: &Smtp) -> Result<TlsParameters, CarryError> {
    let wrong = |text: String| CarryError { stage: Stage::Encrypt, text };
    let mut wanted = TlsParameters::builder(server.host.clone());
    if let Some(file) = &server.ca {
        let pem = std::fs::read(file).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
        let authority = Certificate::from_pem(&pem).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
        wanted = wanted.add_root_certificate(authority);
    }
    wanted.build_rustls().map_err(|error| wrong(words(server, &error)))
}

/// Where TLS comes first, a line that stands and does not speak it right is a matter of encryption.
fn connect_stage(server: &Smtp, error: &lettre::transport::smtp::Error) -> Stage {
    let text = format!("{error} {error:?}").to_ascii_lowercase();
    let of_tls =
        error.is_tls() || ["certificate", "tls", "corrupt", "handshake"].iter().any(|word| text.contains(word));
    if server.security == SmtpSecurity::Tls && of_tls { Stage::Encrypt } else { Stage::Connect }
}

/// One mail: sender, recipients one by one, content for those who are left.
async fn hand_over(server: &Smtp, parcel: &Parcel) -> Result<Vec<(String, Fate)>, CarryError> {
    let mut line = open(server, &parcel.from).await?;
    let mut options = Vec::new();
    if !parcel.bytes.is_ascii() && line.server_info().supports_feature(Extension::EightBitMime) {
        options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    let from = parcel.from.parse::<Address>().ok();
    if let Err(error) = line.command(Mail::new(from, options)).await {
        line.abort().await;
        // 530: a login is wanted (RFC 4954).
        let no_login = error.status().is_some_and(|code| code.to_string() == "530");
        return Err(failed(server, if no_login { Stage::Login } else { Stage::Sender }, &error));
    }
    let mut fates = Vec::new();
    let mut taken = Vec::new();
    let mut of_sender = Vec::new();
    for to in &parcel.to {
        let Ok(address) = to.parse::<Address>() else {
            fates.push((to.clone(), Fate::Refused("not a mail address".to_owned())));
            continue;
        };
        match line.command(Rcpt::new(address, Vec::new())).await {
            Ok(_) => taken.push(to.clone()),
            Err(error) if error.is_permanent() => {
                let text = words(server, &error);
                if is_of_sender(&text) {
                    of_sender.push(text.clone());
                }
                fates.push((to.clone(), Fate::Refused(text)));
            }
            Err(error) if error.is_transient() => fates.push((to.clone(), Fate::Later(words(server, &error)))),
            Err(error) => {
                line.abort().await;
                return Err(failed(server, Stage::Sender, &error));
            }
        }
    }
    // It takes nothing from us for anybody: the login is to mend, not the addresses.
    if of_sender.len() == parcel.to.len()
        && let Some(text) = of_sender.pop()
    {
        line.abort().await;
        let stage = if server.username.is_none() { Stage::Login } else { Stage::Sender };
        return Err(CarryError { stage, text });
    }
    if !taken.is_empty() {
        let answer = match line.command(Data).await {
            Ok(_) => line.message(&parcel.bytes).await,
            Err(error) => Err(error),
        };
        let fate = match answer {
            Ok(answer) => Fate::Accepted(said(&answer)),
            Err(error) if error.is_permanent() => Fate::Refused(words(server, &error)),
            Err(error) if error.is_transient() => Fate::Later(words(server, &error)),
            // The server may have taken it.
            Err(error) => {
                line.abort().await;
                return Err(failed(server, Stage::Content, &error));
            }
        };
        fates.extend(taken.into_iter().map(|to| (to, fate.clone())));
    }
    // The answer to a good-bye changes nothing.
    let _ = line.quit().await;
    Ok(fates)
}

/// A refusal that tells of us and not of the recipient: not logged in, or not allowed to send to other domains.
fn is_of_sender(text: &str) -> bool {
    const WORDS: [&str; 8] = [
        "relay",
        "authentication required",
        "authenticate",
        "not authenticated",
        "auth required",
        "log in",
        "login required",
        "rcpthosts",
    ];
    let text = text.to_lowercase();
    let is_code = ["530 ", "534 ", "535 ", "538 "].iter().any(|code| text.starts_with(code));
    is_code || WORDS.iter().any(|word| text.contains(word))
}

fn said(answer: &Response) -> String {
    let lines: Vec<&str> = answer.message().collect();
    tidy(&format!("{} {}", answer.code(), lines.join(" ")))
}

fn failed(server: &Smtp, stage: Stage, error: &lettre::transport::smtp::Error) -> CarryError {
    CarryError { stage, text: words(server, error) }
}

/// The server's words, or what went wrong with the line. A password that a server repeats is not passed on.
fn words(server: &Smtp, error: &lettre::transport::smtp::Error) -> String {
    let source = error.source().map(ToString::to_string).unwrap_or_default();
    let source = source.trim_start_matches("Connection error: ").to_owned();
    let text = match error.status() {
        Some(code) => format!("{code} {source}"),
        None if source == "incomplete response" => "the server closed the connection".to_owned(),
        None if source.is_empty() => error.to_string(),
        None => source,
    };
    let text = match server.password.as_ref().map(ExposeSecret::expose_secret) {
        Some(password) if !password.is_empty() => text.replace(password, "***"),
        _ => text,
    };
    tidy(&text)
}
