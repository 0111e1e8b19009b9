//! What is wrong with mail itself: shown on the pages and in the log, since it cannot be mailed.

use chrono::TimeDelta;
use chrono_tz::Tz;

use super::tidy::tidy;
use crate::clock::Time;
use crate::journal::MailState;
use crate::text::{Notice, Number};

/// A refused recipient is shown for so long, unless a later mail to them was taken.
const SHOWN_FOR: TimeDelta = TimeDelta::days(7);

/// Problems with mail servers and recipients, as they stand.
pub fn troubles(state: &MailState, zone: Tz, now: Time) -> Vec<Notice> {
    let server = state.servers.iter().filter(|server| !server.works()).map(|server| {
        Notice::problem(Number::MailServerFails)
            .with("server", &server.name)
            .with("since", server.since.with_timezone(&zone).format("%Y-%m-%d %H:%M"))
            .with("detail", tidy(server.last_error.as_deref().unwrap_or_default()))
    });
    let refused =
        state.last_refused.iter().filter(|refused| now - refused.3 < SHOWN_FOR).map(|(_, address, answer, _)| {
            Notice::problem(Number::MailRecipientRefused).with("recipient", address).with("detail", tidy(answer))
        });
    server.chain(refused).collect()
}
