//! Rows of `check` on mail: the key, the servers, and the DNS records of the senders.

use secrecy::{ExposeSecret, SecretString};

use crate::cli::check::bad;
use crate::clock::Clock;
use crate::config::check::CheckRow;
use crate::config::{Mail, Settings, SmtpSecurity};
use crate::mail::SmtpCarrier;
use crate::mail::dkim::SigningKey;
use crate::mail::records::{self, Dns, SystemDns};

/// Every different set of mail settings, with who uses it.
fn all(settings: &Settings) -> Vec<(String, &Mail)> {
    let mut found: Vec<(String, &Mail)> = Vec::new();
    for (mandant, mail) in settings.mails() {
        if !found.iter().any(|(_, known)| is_same(known, mail)) {
            found.push((mandant.map_or_else(|| "mail".to_owned(), |id| format!("mail {id}")), mail));
        }
    }
    found
}

/// The same server, login, sender and signature: what is found out of one holds for the other.
fn is_same(one: &Mail, other: &Mail) -> bool {
    let server = |mail: &Mail| (mail.smtp.name(), mail.smtp.security, mail.smtp.ca.clone(), mail.from.clone());
    let same = |one: Option<&SecretString>, other: Option<&SecretString>| {
        one.map(ExposeSecret::expose_secret) == other.map(ExposeSecret::expose_secret)
    };
    let record = |mail: &Mail| mail.dkim.as_ref().map(|dkim| (dkim.selector.clone(), dkim.domain.clone()));
    let key = |mail: &Mail| mail.dkim.as_ref().map(|dkim| dkim.key.clone());
    server(one) == server(other)
        && record(one) == record(other)
        && same(one.smtp.password.as_ref(), other.smtp.password.as_ref())
        && same(key(one).as_ref(), key(other).as_ref())
}

/// What can be said without asking anyone.
pub fn offline(settings: &Settings) -> Vec<CheckRow> {
    let mut rows = Vec::new();
    for (area, mail) in all(settings) {
        let Some(dkim) = &mail.dkim else { continue };
        rows.push(match SigningKey::read(dkim.key.expose_secret()) {
            Ok(key) => {
                let detail = format!("{}._domainkey.{}, {}", dkim.selector, dkim.domain, key.kind());
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
    let server = mail.smtp.address();
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Dkim, MandantId};

    /// Two mandants with the general settings.
    fn settings() -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pixi-payd.yaml");
        let mandant = "pixi: live, kind: production, process_from: 2026-01-01";
        let text = format!(
            "mail: {{from: a@example.org, to: [it@example.org], smtp: {{host: smtp.example.org, username: u, password: p}}}}\n\
             pixi: {{live: {{active: false, endpoint: \"https://pixi.example/\", username: u, password: p}}}}\n\
             mandants: {{LEO: {{{mandant}}}, TST: {{{mandant}}}}}\n"
        );
        std::fs::write(&file, text).unwrap();
        crate::config::load(&file).unwrap_or_else(|findings| panic!("{findings}")).settings
    }

    fn areas(change: impl FnOnce(&mut Mail)) -> Vec<String> {
        let mut settings = settings();
        change(settings.mandants.get_mut(&MandantId::from("TST")).unwrap().mail.as_mut().unwrap());
        all(&settings).into_iter().map(|(area, _)| area).collect()
    }

    #[test]
    fn each_different_set_of_settings_is_looked_at_once() {
        assert_eq!(areas(|_| {}), ["mail"]);
        assert_eq!(areas(|mail| mail.to.clear()), ["mail"], "recipients are not asked for");
        let signed =
            |key: &str| Some(Dkim { selector: "pp".into(), domain: "example.org".into(), key: key.to_owned().into() });
        for own in [
            areas(|mail| mail.smtp.password = Some("other".to_owned().into())),
            areas(|mail| mail.smtp.username = Some("other".into())),
            areas(|mail| mail.smtp.ca = Some("ca.pem".into())),
            areas(|mail| mail.from = "b@example.org".into()),
            areas(|mail| mail.dkim = signed("a")),
        ] {
            assert_eq!(own, ["mail", "mail TST"]);
        }
        let mut two_keys = settings();
        for (id, key) in [("LEO", "a"), ("TST", "b")] {
            two_keys.mandants.get_mut(&MandantId::from(id)).unwrap().mail.as_mut().unwrap().dkim = signed(key);
        }
        let found: Vec<String> = all(&two_keys).into_iter().map(|(area, _)| area).collect();
        assert_eq!(found, ["mail", "mail LEO", "mail TST"], "the same record, another key");
    }
}
