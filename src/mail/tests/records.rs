//! What the DNS says of a sender, and what is said to add.

use std::collections::BTreeMap;

use async_trait::async_trait;

use super::*;
use crate::config::{Dkim, Mail};
use crate::mail::dkim::SigningKey;
use crate::mail::records::{Dns, DnsError, Finding, look};

/// Ed25519, PKCS#8; made for this test.
const KEY: &str = "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f\n-----END PRIVATE KEY-----\n";

#[derive(Default)]
struct Book(BTreeMap<&'static str, Vec<String>>);

#[async_trait]
impl Dns for Book {
    async fn txt(&self, name: &str) -> Result<Vec<String>, DnsError> {
        if self.0.contains_key("down") {
            return Err(DnsError("timed out".into()));
        }
        Ok(self.0.get(name).cloned().unwrap_or_default())
    }
}

fn book(records: &[(&'static str, &str)]) -> Book {
    let mut book = Book::default();
    for (name, text) in records {
        book.0.entry(name).or_default().push((*text).to_owned());
    }
    book
}

fn mail(domain: &str) -> Mail {
    let mut mail = settings("de", "").mail.unwrap();
    mail.from = format!("pixi-payd@{domain}");
    let key = KEY.to_owned().into();
    mail.dkim = Some(Dkim { selector: "pp".into(), domain: "example.org".into(), key });
    mail
}

async fn found(records: &[(&'static str, &str)], domain: &str) -> Vec<Finding> {
    look(&book(records), &mail(domain)).await
}

#[tokio::test]
async fn all_three_records_as_they_should_be() {
    let ours = SigningKey::read(KEY).unwrap().record();
    assert_eq!(ours, "v=DKIM1; k=ed25519; p=A6EHv/POEL4dcN0Y50vAmWfk1jCbpQ1fHdyGZBJVMbg=");
    let spaced = ours.replace("p=", "p = ");
    let records = [
        ("example.org", "some-other-record"),
        ("example.org", "v=spf1 include:mail.example.net -all"),
        ("pp._domainkey.example.org", spaced.as_str()),
        ("_dmarc.example.org", "v=DMARC1; p=none; rua=mailto:x@example.org"),
    ];
    let good = found(&records, "example.org").await;
    assert!(good.iter().all(|one| one.ok && one.mend.is_empty()), "{good:?}");
    // A sender in a domain below: the DMARC record above counts, SPF does not.
    let below = found(&records, "shop.example.org").await;
    assert_eq!(below.iter().map(|one| one.ok).collect::<Vec<_>>(), [false, true, true], "{below:?}");
}

#[tokio::test]
async fn what_is_missing_is_named_with_the_record_to_add() {
    let none = found(&[], "example.org").await;
    assert!(none.iter().all(|one| !one.ok));
    assert!(none[0].mend.contains("example.org TXT \"v=spf1 a:smtp.example.org ~all\""), "{none:?}");
    assert!(none[1].mend.contains("pp._domainkey.example.org TXT \"v=DKIM1; k=ed25519; p=A6EHv"), "{none:?}");
    assert!(none[2].mend.contains("_dmarc.example.org TXT \"v=DMARC1; p=none"), "{none:?}");
}

#[tokio::test]
async fn what_is_wrong_is_told_apart() {
    type Records<'a> = &'a [(&'a str, &'a str)];
    let cases: [(Records<'_>, usize, &str); 7] = [
        (&[("example.org", "v=spf1 +all")], 0, "lets everybody send"),
        (&[("example.org", "v=spf1 all")], 0, "lets everybody send"),
        (&[("example.org", "v=spf1 -all"), ("example.org", "v=spf1 a -all")], 0, "2 SPF records"),
        (&[("example.org", "v=spf10 -all")], 0, "has no SPF record"),
        (&[("pp._domainkey.example.org", "v=DKIM1; k=rsa; p=AAAA")], 1, "another key"),
        (&[("pp._domainkey.example.org", "v=DKIM1; p=")], 1, "has no key"),
        (&[("_dmarc.example.org", "v=DMARC1; rua=mailto:x@example.org")], 2, "no policy"),
    ];
    for (records, place, words) in cases {
        let records: Vec<(&'static str, &str)> = records.iter().map(|(name, text)| (leak(name), *text)).collect();
        let one = found(&records, "example.org").await.remove(place);
        assert!(!one.ok && one.detail.contains(words) && !one.mend.is_empty(), "{words}: {one:?}");
    }
    let other = found(&[("pp._domainkey.example.org", &SigningKey::read(KEY).unwrap().record())], "shop.example").await;
    assert!(other[1].detail.contains("not the sender's domain"), "{other:?}");
    let down = found(&[("down", "")], "example.org").await;
    assert!(down.iter().all(|one| one.detail.contains("the DNS does not answer")), "{down:?}");
}

/// Names of the cases live as long as the test.
fn leak(name: &str) -> &'static str {
    ["example.org", "pp._domainkey.example.org", "_dmarc.example.org"].into_iter().find(|known| *known == name).unwrap()
}

#[tokio::test]
async fn unsigned_mails_may_be_fine() {
    let mut mail = mail("example.org");
    mail.dkim = None;
    let one = look(&book(&[]), &mail).await.remove(1);
    assert!(one.ok && !one.mend.is_empty());
}

#[test]
fn keys_that_cannot_sign_say_why() {
    for (text, words) in [
        ("", "is not a private key in PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", "is not a private key in PEM"),
        ("-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----", "is neither an RSA key"),
        ("-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----", "or it is encrypted"),
        ("-----BEGIN PRIVATE KEY-----\n!\n-----END PRIVATE KEY-----", "is not a private key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nMAA=\n-----END PRIVATE KEY-----", "is neither an RSA key"),
    ] {
        let error = SigningKey::read(text).unwrap_err().to_string();
        assert!(error.contains(words), "{text}: {error}");
    }
}

#[test]
fn a_key_is_never_shown() {
    let secret = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";
    let key = SigningKey::read(KEY).unwrap();
    for shown in
        [format!("{key:?}"), format!("{key:#?}"), key.kind(), key.record(), format!("{:?}", mail("example.org"))]
    {
        assert!(!shown.contains(&secret[..12]) && !shown.contains("PRIVATE"), "{shown}");
    }
    assert_eq!(key.kind(), "Ed25519");
}
