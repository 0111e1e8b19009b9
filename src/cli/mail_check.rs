//! Rows of `check` on mail: the key, the servers, and the DNS records of the senders.

use std::collections::BTreeSet;

use secrecy::ExposeSecret as _;

use crate::cli::check::bad;
use crate::clock::Clock;
use crate::config::check::CheckRow;
use crate::config::{Mail, Settings, SmtpSecurity};
use crate::mail::SmtpCarrier;
use crate::mail::dkim::SigningKey;
use crate::mail::records::{self, Dns, SystemDns};

/// Every different set of mail settings, with who uses it.
fn all(settings: &Settings) -> Vec<(String, &Mail)> {
    let general = settings.mail.iter().map(|mail| ("mail".to_owned(), mail));
    let own = settings.mandants.iter().filter_map(|(id, mandant)| Some((format!("mail {id}"), mandant.mail.as_ref()?)));
    let mut seen: BTreeSet<(String, String, Option<String>)> = BTreeSet::new();
    let mut found = Vec::new();
    for (area, mail) in general.chain(own) {
        let dkim = mail.dkim.as_ref().map(|dkim| format!("{}/{}", dkim.selector, dkim.domain));
        let login = mail.smtp.username.clone().unwrap_or_default();
        let key = (format!("{login}@{} {:?}", mail.smtp.name(), mail.smtp.security), mail.from.clone(), dkim);
        if seen.insert(key) {
            found.push((area, mail));
        }
    }
    found
}

/// What can be said without asking anyone.
pub fn offline(settings: &Settings) -> Vec<CheckRow> {
    let mut rows = Vec::new();
    for (area, mail) in all(settings) {
        let Some(dkim) = &mail.dkim else { continue };
        rows.push(match SigningKey::read(dkim.key.expose_secret()) {
            Ok(key) => {
                let detail = format!("{}._domainkey.{}, {key:?}", dkim.selector, dkim.domain);
                let mut row = CheckRow::good(&area, "dkim key", detail);
                if key.is_weak() {
                    "shorter than 2048 bits: make a longer one".clone_into(&mut row.mend);
                }
                row
            }
            Err(error) => bad(
                &area,
                "dkim key",
                format!("mail.dkim.key {error}"),
                "write an RSA key (PKCS#1 or PKCS#8) or an Ed25519 key (PKCS#8), unencrypted, in PEM",
            ),
        });
    }
    rows
}

/// Servers and records, by asking them.
pub async fn rows(settings: &Settings, clock: &Clock) -> Vec<CheckRow> {
    let carrier = SmtpCarrier::new(clock.clone());
    let dns = SystemDns::new();
    let mut rows = Vec::new();
    for (area, mail) in all(settings) {
        rows.push(server_row(&carrier, &area, mail).await);
        match &dns {
            Ok(dns) => rows.extend(record_rows(dns, &area, mail).await),
            Err(error) => rows.push(bad(&area, "dns", error.to_string(), "check this machine's DNS, then again")),
        }
    }
    rows
}

async fn server_row(carrier: &SmtpCarrier, area: &str, mail: &Mail) -> CheckRow {
    let server = mail.smtp.name();
    match carrier.probe(&mail.smtp, &mail.from).await {
        Ok(probed) => {
            let line = match (probed.encrypted, mail.smtp.security) {
                (false, _) => "not encrypted",
                (true, SmtpSecurity::Tls) => "TLS",
                (true, _) => "STARTTLS",
            };
            let login = if probed.login { "login accepted" } else { "no login" };
            CheckRow::good(area, "smtp", format!("{server}: {line}, {login}"))
        }
        Err(error) => bad(area, "smtp", format!("{server}: {error}"), error.mend()),
    }
}

async fn record_rows(dns: &dyn Dns, area: &str, mail: &Mail) -> Vec<CheckRow> {
    let found = records::look(dns, mail).await;
    let row = |finding: records::Finding| CheckRow {
        area: area.to_owned(),
        what: finding.what.to_owned(),
        ok: finding.ok,
        detail: finding.detail,
        mend: finding.mend,
    };
    found.into_iter().map(row).collect()
}
