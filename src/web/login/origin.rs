//! Where a request comes from.

use std::net::IpAddr;

use http::header::{HOST, HeaderMap, HeaderName, ORIGIN};
use url::Url;

use crate::config::Settings;

const FETCH_SITE: HeaderName = HeaderName::from_static("sec-fetch-site");
const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// False where a browser says that the form was sent from another site. Old browsers and programs say nothing; then the
/// form's token alone decides.
pub fn is_own(headers: &HeaderMap, settings: &Settings) -> bool {
    if let Some(site) = headers.get(FETCH_SITE) {
        return site == "same-origin" || site == "none";
    }
    let Some(origin) = headers.get(ORIGIN) else { return true };
    let Some(origin) = origin.to_str().ok().and_then(|origin| Url::parse(origin).ok()) else { return false };
    let authority = |url: &Url| Some((url.host_str()?.to_owned(), url.port_or_known_default()));
    let public = settings.web.public_url.as_ref().and_then(authority);
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let host =
        host.and_then(|host| Url::parse(&format!("{}://{host}", origin.scheme())).ok()).as_ref().and_then(authority);
    let from = authority(&origin);
    from.is_some() && (from == public || from == host)
}

/// The visitor's address. A proxy on this machine is believed when it names another.
pub fn client(headers: &HeaderMap, peer: Option<IpAddr>) -> Option<IpAddr> {
    // A dual-stack listener shows an IPv4 address as an IPv6 one.
    let peer = peer?.to_canonical();
    if !peer.is_loopback() {
        return Some(peer);
    }
    let forwarded = headers.get_all(FORWARDED_FOR).iter().next_back().and_then(|value| value.to_str().ok());
    // The proxy adds the address it sees at the end; what stands before it anybody may have written.
    let last = forwarded.and_then(|list| list.rsplit(',').next()).and_then(|last| last.trim().parse().ok());
    Some(last.unwrap_or(peer))
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::HeaderValue;

    fn headers(list: &[(HeaderName, &'static str)]) -> HeaderMap {
        list.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))).collect()
    }

    fn settings() -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pixi-payd.yaml");
        std::fs::write(&file, "web: {public_url: \"https://pay.example.org/payd\"}\n").unwrap();
        crate::config::load(&file).unwrap().settings
    }

    #[test]
    fn forms_of_other_sites_are_told_apart() {
        let settings = settings();
        let own = |list: &[(HeaderName, &'static str)]| is_own(&headers(list), &settings);
        assert!(own(&[]) && own(&[(FETCH_SITE, "same-origin")]) && own(&[(ORIGIN, "https://pay.example.org")]));
        assert!(own(&[(ORIGIN, "http://127.0.0.1:8080"), (HOST, "127.0.0.1:8080")]));
        assert!(!own(&[(FETCH_SITE, "cross-site")]) && !own(&[(FETCH_SITE, "same-site")]));
        assert!(!own(&[(ORIGIN, "https://evil.example"), (HOST, "127.0.0.1:8080")]));
        assert!(!own(&[(ORIGIN, "null"), (HOST, "127.0.0.1:8080")]));
    }

    #[test]
    fn only_a_proxy_on_this_machine_is_believed() {
        let told = headers(&[(FORWARDED_FOR, "10.0.0.1, 203.0.113.9")]);
        let ip = |text: &str| Some(text.parse::<IpAddr>().unwrap());
        assert_eq!(client(&told, ip("127.0.0.1")), ip("203.0.113.9"));
        assert_eq!(client(&told, ip("198.51.100.7")), ip("198.51.100.7"));
        assert_eq!(client(&HeaderMap::new(), ip("127.0.0.1")), ip("127.0.0.1"));
    }
}
