//! What the DNS says of a sender's domain: SPF, DKIM, DMARC, and the record to add where one is missing.

use async_trait::async_trait;
use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::RData;
use secrecy::ExposeSecret as _;

use super::dkim::SigningKey;
use super::tidy::tidy;
use crate::config::Mail;

/// The DNS did not answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the DNS does not answer: {0}")]
pub struct DnsError(pub String);

/// Looks up TXT records.
#[async_trait]
pub trait Dns: Send + Sync {
    /// The TXT records of a name, each with its parts joined; empty where there are none.
    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError>;
}

/// The system's resolvers.
pub struct SystemDns(TokioResolver);

impl std::fmt::Debug for SystemDns {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SystemDns")
    }
}

impl SystemDns {
    /// As the system is set up.
    pub fn new() -> Result<Self, DnsError> {
        let built = TokioResolver::builder_tokio().and_then(hickory_resolver::ResolverBuilder::build);
        built.map(Self).map_err(|error| DnsError(tidy(&error.to_string())))
    }
}

#[async_trait]
impl Dns for SystemDns {
    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        // With its dot at the end: never within the search domains of this machine.
        let found = match self.0.txt_lookup(format!("{name}.")).await {
            Ok(found) => found,
            Err(error) if error.is_no_records_found() => return Ok(Vec::new()),
            Err(error) => return Err(DnsError(tidy(&error.to_string()))),
        };
        let texts = found.answers().iter().filter_map(|record| match &record.data {
            RData::TXT(txt) => {
                let parts = txt.txt_data.iter().map(|part| String::from_utf8_lossy(part).into_owned());
                Some(parts.collect::<String>())
            }
            _ => None,
        });
        Ok(texts.collect())
    }
}

/// What was found of one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// `SPF`, `DKIM`, `DMARC`.
    pub what: &'static str,
    /// It is as it should be.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do; also for what may stay as it is.
    pub mend: String,
}

impl Finding {
    fn good(what: &'static str, detail: String) -> Self {
        Self { what, ok: true, detail, mend: String::new() }
    }

    fn bad(what: &'static str, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what, ok: false, detail: detail.into(), mend: mend.into() }
    }

    fn note(what: &'static str, detail: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { what, ok: true, detail: detail.into(), mend: mend.into() }
    }
}

/// Looks up what receivers look up.
pub async fn look(dns: &dyn Dns, mail: &Mail) -> Vec<Finding> {
    let domain = mail.from.rsplit_once('@').map_or("", |(_, domain)| domain).to_ascii_lowercase();
    vec![spf(dns, mail, &domain).await, dkim(dns, mail, &domain).await, dmarc(dns, &domain).await]
}

async fn spf(dns: &dyn Dns, mail: &Mail, domain: &str) -> Finding {
    const WHAT: &str = "SPF";
    let records = match dns.txt(domain).await {
        Ok(records) => records,
        Err(error) => return Finding::bad(WHAT, error.to_string(), "check this machine's DNS, then again"),
    };
    let is_spf = |text: &&String| {
        let text = text.to_ascii_lowercase();
        text == "v=spf1" || text.starts_with("v=spf1 ")
    };
    let found: Vec<&String> = records.iter().filter(is_spf).collect();
    let add = format!(
        "let the mail server's owner name the addresses it sends from; then add: {domain} TXT \"v=spf1 a:{} ~all\"",
        mail.smtp.host
    );
    match found.as_slice() {
        [] => Finding::bad(WHAT, format!("{domain} has no SPF record"), add),
        [one] => {
            let terms: Vec<String> = one.split_whitespace().map(str::to_ascii_lowercase).collect();
            let all = terms.iter().find(|term| term.trim_start_matches(['+', '-', '~', '?']) == "all");
            match all.map(String::as_str) {
                Some("all" | "+all") => Finding::bad(
                    WHAT,
                    format!("{} lets everybody send", tidy(one)),
                    format!("end the record of {domain} with ~all or -all"),
                ),
                _ => Finding::good(WHAT, tidy(one)),
            }
        }
        several => Finding::bad(
            WHAT,
            format!("{domain} has {} SPF records: receivers count none", several.len()),
            "join them into one",
        ),
    }
}

async fn dkim(dns: &dyn Dns, mail: &Mail, domain: &str) -> Finding {
    const WHAT: &str = "DKIM";
    let Some(settings) = &mail.dkim else {
        return Finding::note(
            WHAT,
            "mails are not signed here",
            "fine where the mail server signs them; else set mail.dkim (docs/mail.md)",
        );
    };
    let key = match SigningKey::read(settings.key.expose_secret()) {
        Ok(key) => key,
        Err(error) => {
            return Finding::bad(
                WHAT,
                format!("mail.dkim.key {error}"),
                "make one: openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out dkim.pem",
            );
        }
    };
    let name = format!("{}._domainkey.{}", settings.selector, settings.domain);
    let records = match dns.txt(&name).await {
        Ok(records) => records,
        Err(error) => return Finding::bad(WHAT, error.to_string(), "check this machine's DNS, then again"),
    };
    let add = format!("{name} TXT \"{}\"", key.record());
    let published: Vec<String> = records.iter().filter_map(|record| tag(record, "p")).collect();
    if published.is_empty() {
        return Finding::bad(WHAT, format!("{name} has no key"), format!("add: {add}"));
    }
    if !published.contains(&key.published()) {
        return Finding::bad(
            WHAT,
            format!("{name} holds another key than mail.dkim.key"),
            format!("write the key that belongs to it, or replace it by: {add}"),
        );
    }
    let signer = settings.domain.to_ascii_lowercase();
    if domain != signer && !domain.ends_with(&format!(".{signer}")) {
        let detail = format!("{name} holds our key, but {signer} is not the sender's domain");
        return Finding::bad(WHAT, detail, format!("set mail.dkim.domain: {domain} and publish the key there"));
    }
    if key.is_weak() {
        return Finding::note(WHAT, format!("{name} holds our key"), "it is short: make one of 2048 bits");
    }
    Finding::good(WHAT, format!("{name} holds our key"))
}

async fn dmarc(dns: &dyn Dns, domain: &str) -> Finding {
    const WHAT: &str = "DMARC";
    // The domain's own, else that of a domain above it; never of a whole top level.
    let mut asked = domain;
    loop {
        let name = format!("_dmarc.{asked}");
        let records = match dns.txt(&name).await {
            Ok(records) => records,
            Err(error) => return Finding::bad(WHAT, error.to_string(), "check this machine's DNS, then again"),
        };
        let found: Vec<&String> = records.iter().filter(|text| text.trim_start().starts_with("v=DMARC1")).collect();
        match found.as_slice() {
            [] => {}
            [one] if tag(one, "p").is_some() => return Finding::good(WHAT, format!("{name}: {}", tidy(one))),
            [one] => {
                return Finding::bad(WHAT, format!("{name} has no policy: {}", tidy(one)), "add p=none to it");
            }
            several => {
                let detail = format!("{name} has {} records: receivers count none", several.len());
                return Finding::bad(WHAT, detail, "leave one of them");
            }
        }
        match asked.split_once('.').filter(|(_, above)| above.contains('.')) {
            Some((_, above)) => asked = above,
            None => break,
        }
    }
    let add = format!("add: _dmarc.{domain} TXT \"v=DMARC1; p=none; rua=mailto:postmaster@{domain}\"");
    Finding::bad(WHAT, format!("{domain} has no DMARC record"), add)
}

/// The value of a `tag=value` list.
fn tag(record: &str, name: &str) -> Option<String> {
    let found = record.split(';').find_map(|part| {
        let (tag, value) = part.split_once('=')?;
        (tag.trim() == name).then(|| value.chars().filter(|c| !c.is_whitespace()).collect::<String>())
    });
    found.filter(|value| !value.is_empty())
}
