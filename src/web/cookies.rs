//! Cookies: nothing but a random token in each, never readable by scripts.

use http::header::{COOKIE, HeaderMap, HeaderValue};

use crate::config::Settings;

/// The cookie of those who are logged in.
pub const SESSION: &str = "pixi-payd";
/// The cookie of the login form, against forms sent from elsewhere.
pub const LOGIN: &str = "pixi-payd-login";

/// True where browsers reach the pages by https: cookies then never travel without.
pub fn is_secure(settings: &Settings) -> bool {
    settings.web.tls.is_some() || settings.web.public_url.as_ref().is_some_and(|url| url.scheme() == "https")
}

fn full_name(name: &str, secure: bool) -> String {
    // Browsers accept the prefix only from the host itself, with Secure and for all paths.
    if secure { format!("__Host-{name}") } else { name.to_owned() }
}

/// The value of a cookie that came with a request.
pub fn read(headers: &HeaderMap, name: &str, secure: bool) -> Option<String> {
    let wanted = full_name(name, secure);
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == wanted)
        .map(|(_, value)| value.to_owned())
}

/// Sets a cookie, until the browser ends or the session does.
pub fn set(name: &str, value: &str, secure: bool) -> Option<HeaderValue> {
    header(name, value, secure, "")
}

/// Takes a cookie away.
pub fn clear(name: &str, secure: bool) -> Option<HeaderValue> {
    header(name, "", secure, "; Max-Age=0")
}

fn header(name: &str, value: &str, secure: bool, more: &str) -> Option<HeaderValue> {
    let secured = if secure { "; Secure" } else { "" };
    let name = full_name(name, secure);
    // Lax: a link in a mail opens the page of somebody who is logged in; forms from elsewhere carry no cookie.
    HeaderValue::from_str(&format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secured}{more}")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_comes_back_as_it_was_set() {
        for secure in [false, true] {
            let set = set(SESSION, "abc", secure).unwrap();
            let set = set.to_str().unwrap();
            assert!(set.contains("HttpOnly") && set.contains("SameSite=Lax") && set.contains("Path=/"), "{set}");
            assert_eq!(set.contains("; Secure"), secure);
            assert_eq!(set.starts_with("__Host-"), secure);
            let header = format!("other=1; {}; {LOGIN}=2", set.split(';').next().unwrap());
            let headers = HeaderMap::from_iter([(COOKIE, HeaderValue::from_str(&header).unwrap())]);
            assert_eq!(read(&headers, SESSION, secure).as_deref(), Some("abc"));
            assert_eq!(read(&headers, SESSION, !secure), None, "the cookie of another way in counts for nothing");
        }
    }
}
