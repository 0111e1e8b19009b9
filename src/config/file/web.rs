//! `web:`

use schemars::JsonSchema;

use super::kinds::Secret;

/// The pages, the webhook and the API.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Web {
    /// IP address and port to listen on; `0.0.0.0:8080` for every address of the machine.
    #[schemars(extend("default" = "127.0.0.1:8080"))]
    pub listen: Option<String>,
    /// Own TLS; leave it out behind a proxy that does it.
    pub tls: Option<Tls>,
    /// Address by which people and Unzer reach the pages; for links in mails and for the webhook.
    #[schemars(example = "https://pay.example.org")]
    pub public_url: Option<String>,
    /// Logins of the pages. More may be made by `pixi-payd user add`; those live in the store.
    pub users: Option<Vec<User>>,
    /// Token in the address of the error page: at least 16 letters, digits, `-`, `_`, `.` or `~`.
    pub error_page_token: Option<Secret>,
    /// Token in the address of the webhook: at least 16 letters, digits, `-`, `_`, `.` or `~`.
    pub hook_token: Option<Secret>,
    /// Bearer token of `/api/v1`, at least 16 characters.
    pub api_token: Option<Secret>,
}

/// Certificate and key for TLS.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Tls {
    /// File with the certificate chain, PEM.
    #[schemars(example = "tls/cert.pem")]
    pub cert: String,
    /// File with the private key, PEM.
    #[schemars(example = "tls/key.pem")]
    pub key: String,
}

/// A login of the pages.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct User {
    /// Login name.
    pub name: String,
    /// Password as an argon2id hash in PHC form (`$argon2id$…`).
    pub password_hash: Secret,
}
