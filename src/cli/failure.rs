//! How a command ends when it did not do what was asked.

use std::io;

use crate::config::{Findings, Severity};
use crate::engine::{DaemonError, WorkError};
use crate::journal::JournalError;
use crate::text::Language;

/// Why a command did not do what was asked, with its exit status.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// Status 2: the command line or the configuration is wrong; says what, where and the mend.
    #[error("{0}")]
    Usage(String),
    /// Status 1: something asked for failed or was found wrong.
    #[error("{0}")]
    Failed(String),
    /// Everything has been said already; the status alone.
    #[error("status {0}")]
    Said(u8),
}

impl Failure {
    /// Status 1 with a message.
    #[expect(clippy::needless_pass_by_value, reason = "errors come by value, out of map_err")]
    pub fn failed(message: impl ToString) -> Self {
        Self::Failed(message.to_string())
    }

    /// Status 2 with a message.
    #[expect(clippy::needless_pass_by_value, reason = "errors come by value, out of map_err")]
    pub fn usage(message: impl ToString) -> Self {
        Self::Usage(message.to_string())
    }

    /// Exit status.
    pub fn status(&self) -> u8 {
        match self {
            Self::Usage(_) => 2,
            Self::Failed(_) => 1,
            Self::Said(status) => *status,
        }
    }
}

impl From<Findings> for Failure {
    fn from(findings: Findings) -> Self {
        let errors = findings.0.iter().filter(|finding| finding.severity == Severity::Error);
        Self::Usage(errors.map(ToString::to_string).collect::<Vec<_>>().join("\n"))
    }
}

impl From<JournalError> for Failure {
    fn from(error: JournalError) -> Self {
        match error {
            JournalError::Schema { found: 0, .. } => Self::Usage(
                "there is no store yet; make it with: pixi-payd db migrate (or start the daemon)".to_owned(),
            ),
            error => {
                // Everything else that is wrong with the store has a number, and says what to do.
                let text = match error.notice() {
                    Some(notice) => {
                        let (what, now) = (notice.text(Language::En), notice.what_now(Language::En));
                        format!("{} {what}\n{now}", notice.number)
                    }
                    None => error.to_string(),
                };
                if matches!(error, JournalError::Schema { .. } | JournalError::OnlySqlite | JournalError::NotEmpty) {
                    Self::Usage(text)
                } else {
                    Self::Failed(text)
                }
            }
        }
    }
}

impl From<WorkError> for Failure {
    fn from(error: WorkError) -> Self {
        match error {
            WorkError::Journal(error) => error.into(),
            error => Self::Failed(error.to_string()),
        }
    }
}

impl From<DaemonError> for Failure {
    fn from(error: DaemonError) -> Self {
        match error {
            DaemonError::Journal(JournalError::AlreadyRunning) => Self::Failed(
                "a daemon already runs on this store; stop it first, or name another database in the configuration"
                    .to_owned(),
            ),
            DaemonError::Journal(error) => error.into(),
            error @ DaemonError::Pattern(_) => Self::Usage(format!("schedule.cycle: {error}")),
        }
    }
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            // Whoever read has seen enough (`| head`).
            io::ErrorKind::BrokenPipe => Self::Said(0),
            _ => Self::Failed(format!("cannot write: {error}")),
        }
    }
}
