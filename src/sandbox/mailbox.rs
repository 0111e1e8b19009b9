//! A mail server that sends nothing on: it keeps what it takes, as files where a folder is given, and can be out of order.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use async_trait::async_trait;

use crate::clock::{Clock, Time};
use crate::config::Smtp;
use crate::mail::{Carrier, CarryError, Fate, Parcel, Stage};

/// What is wrong with the server.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum MailFault {
    /// Nothing.
    #[default]
    None,
    /// Nobody answers.
    Down,
    /// The login is refused.
    RefuseLogin,
    /// This recipient is refused for good.
    RefuseRecipient(String),
    /// All recipients are put off (greylisting).
    NotNow,
    /// It takes the mail and the line breaks before it says so.
    LoseAnswer,
    /// It takes the line and says nothing more, until the client has had enough.
    Hang,
    /// It takes each mail, after this long.
    Slow(Duration),
}

/// After so long a client has had enough, as in [`crate::mail::SmtpCarrier`].
const PATIENCE: Duration = Duration::from_mins(1);

/// A mail it took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// When.
    pub at: Time,
    /// The parcel.
    pub parcel: Parcel,
    /// For whom.
    pub to: Vec<String>,
}

/// The server. Cheap to share by `Arc`.
#[derive(Debug)]
pub struct Mailbox {
    clock: Clock,
    folder: Option<PathBuf>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    fault: MailFault,
    /// Of single servers, by host.
    faults: BTreeMap<String, MailFault>,
    taken: Vec<Taken>,
    tries: usize,
}

impl Mailbox {
    /// A server that works. `folder`: where the mails are kept, one file each.
    pub fn new(clock: Clock, folder: Option<PathBuf>) -> Self {
        Self { clock, folder, state: Mutex::default() }
    }

    /// From now on this is wrong with it.
    pub fn fault(&self, fault: MailFault) {
        self.lock().fault = fault;
    }

    /// The same of one server alone, by its host.
    pub fn fault_at(&self, host: &str, fault: MailFault) {
        self.lock().faults.insert(host.to_owned(), fault);
    }

    /// What it took, in that order; the same mail twice where it was sent twice.
    pub fn taken(&self) -> Vec<Taken> {
        self.lock().taken.clone()
    }

    /// What was wrong for a reader: by Message-ID and recipient, how often it came.
    pub fn copies(&self) -> BTreeMap<(String, String), usize> {
        let mut copies = BTreeMap::new();
        for taken in &self.lock().taken {
            for to in &taken.to {
                *copies.entry((taken.parcel.message_id.clone(), to.clone())).or_default() += 1;
            }
        }
        copies
    }

    /// How often it was tried.
    pub fn tries(&self) -> usize {
        self.lock().tries
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, parcel: &Parcel, to: Vec<String>) -> usize {
        let mut state = self.lock();
        state.taken.push(Taken { at: self.clock.now(), parcel: parcel.clone(), to });
        state.taken.len()
    }

    /// For people to look at; that a file cannot be written stops nothing.
    async fn keep(&self, number: usize, parcel: &Parcel) {
        let Some(folder) = &self.folder else { return };
        let stored = tokio::fs::create_dir_all(folder).await;
        let file = folder.join(format!("{number:04}.eml"));
        let stored = match stored {
            Ok(()) => tokio::fs::write(&file, &parcel.bytes).await,
            Err(error) => Err(error),
        };
        if let Err(error) = stored {
            tracing::warn!("{}: {error}", file.display());
        }
    }
}

#[async_trait]
impl Carrier for Mailbox {
    async fn carry(&self, server: &Smtp, parcel: &Parcel) -> Result<Vec<(String, Fate)>, CarryError> {
        let fault = {
            let mut state = self.lock();
            state.tries += 1;
            state.faults.get(&server.host).unwrap_or(&state.fault).clone()
        };
        let broken = |stage, text: &str| Err(CarryError { stage, text: text.to_owned() });
        match &fault {
            MailFault::Down => return broken(Stage::Connect, "connection refused"),
            MailFault::Hang => {
                self.clock.sleep(PATIENCE).await;
                return broken(Stage::Connect, "no end of the conversation within 60 s");
            }
            MailFault::Slow(pause) => self.clock.sleep(*pause).await,
            MailFault::RefuseLogin => return broken(Stage::Login, "535 authentication failed"),
            MailFault::NotNow => {
                let later = |to: &String| (to.clone(), Fate::Later("451 try again later".to_owned()));
                return Ok(parcel.to.iter().map(later).collect());
            }
            _ => {}
        }
        let refused = |to: &String| matches!(&fault, MailFault::RefuseRecipient(address) if address == to);
        let to: Vec<String> = parcel.to.iter().filter(|to| !refused(to)).cloned().collect();
        if !to.is_empty() {
            let number = self.take(parcel, to);
            self.keep(number, parcel).await;
        }
        if fault == MailFault::LoseAnswer {
            return broken(Stage::Content, "the server closed the connection");
        }
        let fate = |to: &String| {
            let fate = if refused(to) {
                Fate::Refused("550 no such user".to_owned())
            } else {
                Fate::Accepted("250 kept in the sandbox".to_owned())
            };
            (to.clone(), fate)
        };
        Ok(parcel.to.iter().map(fate).collect())
    }
}
