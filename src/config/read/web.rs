//! `web:`

use std::collections::BTreeSet;

use secrecy::{ExposeSecret, SecretString};

use crate::config::at::At;
use crate::config::settings::{Tls, User, Web};
use crate::config::value;

/// Shorter tokens can be guessed.
const SHORTEST_TOKEN: usize = 16;

pub(super) fn web(at: &At<'_>) -> Option<Web> {
    let listen = at.key("listen").read(value::listen);
    let tls = tls(&at.key("tls"));
    let public_url = at.key("public_url").read(value::web_address);
    if let Some(url) = public_url.as_ref().filter(|url| url.scheme() == "http" && !value::is_loopback(url)) {
        let mend = format!("write https://{}", url.host_str().unwrap_or("…"));
        at.key("public_url")
            .warn("is not encrypted: logins can be read on the way, and Unzer sends no webhooks there", mend);
    }
    if listen.is_some_and(|listen| !listen.ip().is_loopback()) && !at.key("tls").is_set() {
        at.key("listen").warn(
            "other machines reach the pages without encryption",
            "set web.tls, or listen on 127.0.0.1 behind a proxy with TLS",
        );
    }
    let users = users(&at.key("users"));
    let error_page_token = token(&at.key("error_page_token"), in_address);
    let hook_token = token(&at.key("hook_token"), in_address);
    let api_token = token(&at.key("api_token"), |byte| byte.is_ascii_graphic());
    Some(Web { listen: listen?, tls, public_url, users, error_page_token, hook_token, api_token })
}

fn tls(at: &At<'_>) -> Option<Tls> {
    let cert = at.key("cert").existing_file();
    let key = at.key("key").existing_file();
    Some(Tls { cert: cert?, key: key? })
}

fn users(at: &At<'_>) -> Vec<User> {
    let mut names = BTreeSet::new();
    let mut users = Vec::new();
    for user in at.entries() {
        let name = user.key("name").text().unwrap_or_default();
        if user.key("name").is_set() && !user.key("name").is_bad() && (name.is_empty() || name.len() > 64) {
            user.key("name").error("is not a login name", "write one to 64 letters");
        }
        if !names.insert(name.clone()) {
            user.key("name").error("is the name of two users", "give each user an own name");
        }
        let hash = user.key("password_hash");
        let Some(password_hash) = hash.secret(true) else { continue };
        if !password_hash.expose_secret().starts_with("$argon2id$") {
            hash.error("is not an argon2id hash", "make one with: pixi-payd user add");
        }
        users.push(User { name, password_hash });
    }
    users
}

/// Bytes that stand in an address as they are.
fn in_address(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte)
}

fn token(at: &At<'_>, allowed: fn(u8) -> bool) -> Option<SecretString> {
    let token = at.secret(true)?;
    let text = token.expose_secret();
    if text.len() < SHORTEST_TOKEN {
        at.error(
            "is too short to be safe",
            format!("write at least {SHORTEST_TOKEN} characters: openssl rand -hex 32"),
        );
    } else if !text.bytes().all(allowed) {
        at.error("has signs that a token may not have", "write letters, digits, - and _ only: openssl rand -hex 32");
    }
    Some(token)
}
