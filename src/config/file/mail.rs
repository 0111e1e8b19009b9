//! `mail:`

use schemars::JsonSchema;

use super::kinds::{CountOrOff, DayTime, Secret};
use crate::config::settings::{DailySummary, SmtpSecurity};

/// Mail to operators.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Mail {
    /// Sender address.
    #[schemars(example = "pixi-payd@example.org")]
    pub from: Option<String>,
    /// Recipients.
    #[schemars(example = ["it@example.org"])]
    pub to: Option<Vec<String>>,
    /// Mail server. A mandant that overrides it gives the whole block, so that no login reaches another server by accident.
    pub smtp: Option<Smtp>,
    /// DKIM signature of the mails.
    pub dkim: Option<Dkim>,
    /// Most mails per mandant and hour, daily ones aside. What is beyond waits and comes in one mail, as soon as there is
    /// room again.
    #[schemars(extend("default" = 20))]
    pub max_per_hour: Option<CountOrOff>,
    /// A mail when problems are solved that were mailed.
    #[schemars(extend("default" = true))]
    pub solved: Option<bool>,
    /// A mail each day while problems are open, with all of them. Where a summary is sent it holds them instead.
    #[schemars(extend("default" = true))]
    pub reminder: Option<bool>,
    /// A mail each day with what was captured and refunded the day before, what waits, and the open problems.
    #[schemars(extend("default" = "problems"))]
    pub summary: Option<DailySummary>,
    /// When summary and reminder are sent, by the wall clock of the configured zone.
    #[schemars(extend("default" = "08:00"))]
    pub daily_at: Option<DayTime>,
}

/// Mail server.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Smtp {
    /// Host name or IP address.
    #[schemars(example = "smtp.example.org")]
    pub host: String,
    /// Port. Default: 587 for `starttls`, 465 for `tls`, 25 for `none`.
    #[schemars(range(min = 1, max = 65535))]
    pub port: Option<u16>,
    /// Transport security.
    #[schemars(extend("default" = "starttls"))]
    pub security: Option<SmtpSecurity>,
    /// Login name; leave it out where the server wants no login.
    pub username: Option<String>,
    /// Login password.
    pub password: Option<Secret>,
    /// Certificates of a private authority that signed the server's, PEM; trusted beside the system's own.
    #[schemars(example = "tls/mail-ca.pem")]
    pub ca: Option<String>,
}

/// DKIM signature.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Dkim {
    /// Selector: the key's public part is published at `SELECTOR._domainkey.DOMAIN`.
    #[schemars(example = &"pp")]
    pub selector: String,
    /// Domain that signs.
    #[schemars(example = "example.org")]
    pub domain: String,
    /// Private key, PEM: RSA (PKCS#1 or PKCS#8, 2048 bits or more) or Ed25519 (PKCS#8).
    pub key: Secret,
}
