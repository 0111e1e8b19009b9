//! What is wrong with mail itself: shown on the pages and in the log, since it cannot be mailed.

use std::collections::BTreeSet;

use super::tidy::tidy;
use crate::config::Settings;
use crate::journal::MailState;
use crate::text::{Notice, Number};

/// Problems with mail servers and recipients, as they stand. What the settings do not name any more is no problem.
pub fn troubles(state: &MailState, settings: &Settings) -> Vec<Notice> {
    let servers: BTreeSet<String> = settings.mails().map(|(_, mail)| mail.smtp.name()).collect();
    let recipients: BTreeSet<String> =
        settings.mails().flat_map(|(_, mail)| mail.to.iter().map(|to| to.to_lowercase())).collect();
    let server =
        state.servers.iter().filter(|server| !server.works() && servers.contains(&server.name)).map(|server| {
            let since = server.since.with_timezone(&settings.timezone);
            Notice::problem(Number::MailServerFails)
                .with("server", address(&server.name))
                .with("since", since.format("%Y-%m-%d %H:%M"))
                .with("detail", tidy(server.last_error.as_deref().unwrap_or_default()))
        });
    let in_force = state.refused.iter().filter(|refused| recipients.contains(&refused.address.to_lowercase()));
    let refused = in_force.map(|refused| {
        Notice::problem(Number::MailRecipientRefused)
            .with("recipient", &refused.address)
            .with("detail", tidy(&refused.answer))
    });
    server.chain(refused).collect()
}

/// A server's name without its login.
pub fn address(name: &str) -> &str {
    name.rsplit_once('@').map_or(name, |(_, address)| address)
}
