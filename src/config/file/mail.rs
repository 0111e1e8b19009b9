//! `mail:`

use schemars::JsonSchema;

use super::kinds::Secret;
use crate::config::settings::SmtpSecurity;

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
    /// Private key, PEM.
    pub key: Secret,
}
