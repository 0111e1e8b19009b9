//! `mail:`, the general one and a mandant's with the general one under it.

use secrecy::ExposeSecret;

use crate::config::at::At;
use crate::config::settings::{Dkim, Mail, Smtp, SmtpSecurity};
use crate::config::value;

pub(super) fn mail(at: &At<'_>) -> Option<Mail> {
    if !at.is_set() || at.is_bad() {
        return None;
    }
    for key in ["from", "to", "smtp"] {
        if !at.key(key).is_set() {
            at.key(key).error("is missing", format!("write {key}: … here or under the general mail"));
        }
    }
    let from = at.key("from").read(value::mail_address);
    let to: Vec<String> = at.key("to").entries().iter().filter_map(|one| one.read(value::mail_address)).collect();
    if at.key("to").is_set() && !at.key("to").is_bad() && at.key("to").entries().is_empty() {
        at.key("to").error("is empty", "write at least one address: [it@example.org]");
    }
    let smtp = smtp(&at.key("smtp"));
    let dkim = dkim(&at.key("dkim"), from.as_deref());
    let mut seen = std::collections::BTreeSet::new();
    let to = to.into_iter().filter(|address| seen.insert(address.to_ascii_lowercase())).collect();
    let max_per_hour = at.key("max_per_hour").read(value::count_or_off);
    if max_per_hour == Some(Some(0)) {
        at.key("max_per_hour").error("would keep every mail back", "write 1 or more, or off");
    }
    let daily_at = at.key("daily_at").read(value::time_of_day);
    Some(Mail {
        from: from?,
        to,
        smtp: smtp?,
        dkim,
        max_per_hour: max_per_hour?,
        solved: at.key("solved").flag(),
        reminder: at.key("reminder").flag(),
        summary: at.key("summary").choice()?,
        daily_at: daily_at?,
    })
}

fn smtp(at: &At<'_>) -> Option<Smtp> {
    let host = at.key("host").read(value::host);
    let security = at.key("security").choice::<SmtpSecurity>();
    let port = at.key("port").number::<u16>();
    let username = at.key("username").text().filter(|name| !name.is_empty());
    let password = at.key("password").secret(true);
    if at.is_set() && at.key("username").is_set() != at.key("password").is_set() {
        let (there, missing) =
            if at.key("username").is_set() { ("username", "password") } else { ("password", "username") };
        at.key(there).error(format!("has no {missing} beside it"), "write both, or neither");
    }
    let host = host?;
    let local = host == "localhost" || host.starts_with("127.") || host == "::1";
    if security == Some(SmtpSecurity::None) && username.is_some() && !local {
        at.key("security").warn("the login is sent unencrypted", "write starttls or tls");
    }
    let security = security?;
    let usual = match security {
        SmtpSecurity::Starttls => 587,
        SmtpSecurity::Tls => 465,
        SmtpSecurity::None => 25,
    };
    let ca = if at.key("ca").is_set() { at.key("ca").existing_file() } else { None };
    if at.key("ca").is_set() && security == SmtpSecurity::None {
        at.key("ca").warn("is not used without encryption", "write security: starttls or tls, or take it out");
    }
    Some(Smtp { host, port: port.unwrap_or(usual), security, username, password, ca })
}

fn dkim(at: &At<'_>, from: Option<&str>) -> Option<Dkim> {
    let selector = at.key("selector").read(value::host);
    let domain = at.key("domain").read(value::host);
    let key = at.key("key").secret(true);
    if key.as_ref().is_some_and(|key| !key.expose_secret().contains("PRIVATE KEY-----")) {
        at.key("key").error("is not a private key", "write a PEM file: -----BEGIN … PRIVATE KEY-----");
    }
    let domain = domain?;
    let sender = from.and_then(|from| from.rsplit_once('@')).map(|(_, domain)| domain.to_ascii_lowercase());
    let signs = domain.to_ascii_lowercase();
    if sender.is_some_and(|sender| sender != signs && !sender.ends_with(&format!(".{signs}"))) {
        at.key("domain").warn(
            "is not the sender's domain: receivers will not count the signature",
            "write the domain of mail.from",
        );
    }
    Some(Dkim { selector: selector?, domain, key: key? })
}
