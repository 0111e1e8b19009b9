//! DKIM keys: read from PEM in any of the usual forms, used to sign, and shown as the record to publish.

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lettre::Message;
use lettre::message::dkim::{
    DkimCanonicalization, DkimCanonicalizationType, DkimConfig, DkimSigningAlgorithm, DkimSigningKey,
};
use lettre::message::header::HeaderName;
use secrecy::ExposeSecret as _;

use crate::config::Dkim;

/// Shorter RSA keys are refused by receivers.
const SHORTEST_BITS: usize = 1024;
/// Shorter ones than this are worth a warning.
const GOOD_BITS: usize = 2048;

/// Headers that are signed: all of ours.
const SIGNED: [&str; 8] =
    ["From", "To", "Subject", "Date", "Message-ID", "MIME-Version", "Content-Type", "Auto-Submitted"];

/// Why a key cannot sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No PEM block of a private key.
    #[error("is not a private key in PEM")]
    NotPem,
    /// A PEM block whose content is of no known form.
    #[error("is neither an RSA key (PKCS#1 or PKCS#8) nor an Ed25519 key (PKCS#8), or it is encrypted")]
    Form,
    /// Too short.
    #[error("is an RSA key of fewer than 1024 bits")]
    Short,
}

/// A key that can sign.
pub struct SigningKey {
    /// As the library wants it: PKCS#1 PEM, or base64 of an Ed25519 seed.
    text: secrecy::SecretString,
    algorithm: DkimSigningAlgorithm,
    public: Vec<u8>,
    bits: usize,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SigningKey").field("kind", &self.kind()).finish_non_exhaustive()
    }
}

impl SigningKey {
    /// Reads a key.
    pub fn read(pem: &str) -> Result<Self, KeyError> {
        let (label, der) = unwrap_pem(pem).ok_or(KeyError::NotPem)?;
        match label.as_str() {
            "RSA PRIVATE KEY" => Self::rsa(&der),
            "PRIVATE KEY" => match pkcs8_inner(&der) {
                Some((Algorithm::Rsa, inner)) => Self::rsa(inner),
                Some((Algorithm::Ed25519, inner)) => Self::ed25519(inner),
                None => Err(KeyError::Form),
            },
            _ => Err(KeyError::Form),
        }
    }

    fn rsa(pkcs1: &[u8]) -> Result<Self, KeyError> {
        let pair = RsaKeyPair::from_der(pkcs1).map_err(|_| KeyError::Form)?;
        let bits = pair.public_modulus_len() * 8;
        if bits < SHORTEST_BITS {
            return Err(KeyError::Short);
        }
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().map_err(|_| KeyError::Form)?;
        let text = wrap_pem("RSA PRIVATE KEY", pkcs1);
        Ok(Self { text: text.into(), algorithm: DkimSigningAlgorithm::Rsa, public: public.as_ref().to_vec(), bits })
    }

    /// `inner`: an OCTET STRING that holds the seed.
    fn ed25519(inner: &[u8]) -> Result<Self, KeyError> {
        let seed = inner.strip_prefix(&[0x04, 0x20]).filter(|seed| seed.len() == 32).ok_or(KeyError::Form)?;
        let pair = Ed25519KeyPair::from_seed_unchecked(seed).map_err(|_| KeyError::Form)?;
        let public = pair.public_key().as_ref().to_vec();
        Ok(Self { text: STANDARD.encode(seed).into(), algorithm: DkimSigningAlgorithm::Ed25519, public, bits: 256 })
    }

    /// Algorithm and length, for people.
    pub fn kind(&self) -> String {
        match self.algorithm {
            DkimSigningAlgorithm::Rsa => format!("RSA of {} bits", self.bits),
            DkimSigningAlgorithm::Ed25519 => "Ed25519".to_owned(),
        }
    }

    /// Shorter than receivers like.
    pub fn is_weak(&self) -> bool {
        matches!(self.algorithm, DkimSigningAlgorithm::Rsa) && self.bits < GOOD_BITS
    }

    /// The public part as it stands behind `p=` in the record.
    pub fn published(&self) -> String {
        STANDARD.encode(&self.public)
    }

    /// The record to publish.
    pub fn record(&self) -> String {
        format!("v=DKIM1; k={}; p={}", self.algorithm, self.published())
    }

    /// Signs a message.
    pub fn sign(&self, message: &mut Message, dkim: &Dkim) -> Result<(), KeyError> {
        let key = DkimSigningKey::new(self.text.expose_secret(), self.algorithm).map_err(|_| KeyError::Form)?;
        let relaxed =
            DkimCanonicalization { header: DkimCanonicalizationType::Relaxed, body: DkimCanonicalizationType::Relaxed };
        let there = message.headers();
        let headers = SIGNED
            .into_iter()
            .filter(|name| there.get_raw(name).is_some())
            .map(HeaderName::new_from_ascii_str)
            .collect();
        message.sign(&DkimConfig::new(dkim.selector.clone(), dkim.domain.clone(), key, headers, relaxed));
        Ok(())
    }
}

enum Algorithm {
    Rsa,
    Ed25519,
}

/// Label and content of the first private key in PEM.
fn unwrap_pem(pem: &str) -> Option<(String, Vec<u8>)> {
    let at = pem.match_indices("-----BEGIN ").find(|(at, _)| {
        pem[at + 11..].lines().next().is_some_and(|rest| rest.trim_end().ends_with("PRIVATE KEY-----"))
    })?;
    let rest = &pem[at.0 + 11..];
    let (label, rest) = rest.split_once("-----")?;
    let (body, _) = rest.split_once("-----END ")?;
    let body: String = body.chars().filter(|c| !c.is_whitespace()).collect();
    Some((label.to_owned(), STANDARD.decode(body).ok()?))
}

fn wrap_pem(label: &str, der: &[u8]) -> String {
    let body = STANDARD.encode(der);
    let mut text = format!("-----BEGIN {label}-----\n");
    for line in body.as_bytes().chunks(64) {
        text.push_str(&String::from_utf8_lossy(line));
        text.push('\n');
    }
    text + &format!("-----END {label}-----\n")
}

/// The algorithm and the content of `privateKey` of a PKCS#8 PrivateKeyInfo (RFC 5958): SEQUENCE { version, SEQUENCE {
/// OID, … }, OCTET STRING, … }.
fn pkcs8_inner(der: &[u8]) -> Option<(Algorithm, &[u8])> {
    const RSA: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x01, 0x01];
    const ED25519: [u8; 3] = [0x2B, 0x65, 0x70];
    let (whole, _) = element(der, 0x30)?;
    let (_, rest) = element(whole, 0x02)?;
    let (algorithm, rest) = element(rest, 0x30)?;
    let (oid, _) = element(algorithm, 0x06)?;
    let (key, _) = element(rest, 0x04)?;
    match oid {
        oid if oid == RSA => Some((Algorithm::Rsa, key)),
        oid if oid == ED25519 => Some((Algorithm::Ed25519, key)),
        _ => None,
    }
}

/// Content of a DER element with this tag, and what follows it.
fn element(der: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (first, rest) = der.split_first()?;
    let (length, rest) = rest.split_first()?;
    if *first != tag {
        return None;
    }
    let (length, rest) = match length {
        0..=0x7F => (usize::from(*length), rest),
        0x81 => (usize::from(*rest.first()?), rest.get(1..)?),
        0x82 => (usize::from(u16::from_be_bytes([*rest.first()?, *rest.get(1)?])), rest.get(2..)?),
        _ => return None,
    };
    (rest.len() >= length).then(|| rest.split_at(length))
}
