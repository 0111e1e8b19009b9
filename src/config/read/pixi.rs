//! `pixi:`

use std::collections::BTreeMap;
use std::time::Duration;

use secrecy::SecretString;
use url::Url;

use crate::config::at::At;
use crate::config::ids::ApiName;
use crate::config::settings::PixiApi;
use crate::config::value::{self, complain};

/// Longest silence that may be waited for.
const LONGEST_TIMEOUT: Duration = Duration::from_mins(10);

pub(super) fn apis(at: &At<'_>) -> BTreeMap<ApiName, PixiApi> {
    at.entries().iter().filter_map(|api| Some((ApiName::from(api.name()), self::api(api)?))).collect()
}

fn api(at: &At<'_>) -> Option<PixiApi> {
    let active = at.key("active").flag();
    let endpoint = endpoint(&at.key("endpoint"));
    let username = username(&at.key("username"));
    // An API that is off may lack its secret: its settings are kept for later.
    let password = at.key("password").secret(active);
    let max_parallel = at.key("max_parallel").number();
    let timeout = at.key("timeout").read(|text| match value::duration(text)? {
        time if time.is_zero() => complain("leaves no time for an answer", "write 1s to 10m"),
        time if time > LONGEST_TIMEOUT => complain("is too long", "write 1s to 10m"),
        time => Ok(time),
    });
    let columns = columns(&at.key("columns"));
    Some(PixiApi {
        active,
        endpoint: endpoint?,
        username: username?,
        password: if active { password? } else { password.unwrap_or_else(|| SecretString::from("")) },
        max_parallel: max_parallel?,
        timeout: timeout?,
        columns,
    })
}

/// Never shown: people paste `name:password` here.
fn username(at: &At<'_>) -> Option<String> {
    let name = at.text()?;
    if name.is_empty() || name.chars().any(char::is_control) {
        at.error("is not a login name", "write the name pixi gave you");
    } else if name.contains(':') {
        // Basic authentication ends the name at the first colon.
        at.error("holds a colon", "write the name alone, the password under password");
    }
    Some(name)
}

fn endpoint(at: &At<'_>) -> Option<Url> {
    let mut url = at.read(value::safe_address)?;
    if !url.path().ends_with('/') {
        url.set_path(&format!("{}/", url.path()));
        at.note("has no slash at its end; one was added", format!("write {url}"));
    }
    Some(url)
}

fn columns(at: &At<'_>) -> BTreeMap<String, BTreeMap<String, String>> {
    let mut calls = BTreeMap::new();
    for call in at.entries() {
        let mut names = BTreeMap::new();
        for column in call.entries() {
            if let Some(name) = column.text().filter(|name| !name.is_empty()) {
                names.insert(column.name().to_owned(), name);
            }
        }
        calls.insert(call.name().to_owned(), names);
    }
    calls
}
