//! Subscriptions of the webhooks at Unzer: which are ours, which are missing, which lead nowhere.
//!
//! Ours is what leads to this installation's address below `/hooks/unzer/`, whatever the token. What a shop or another
//! installation has subscribed to is never touched.

use secrecy::{ExposeSecret as _, SecretString};
use serde::Serialize;
use url::Url;

use crate::config::Web;
use crate::unzer::{EVENTS, UnzerClient, UnzerError, Webhook};

/// Path of the webhook, before the token.
pub const PATH: &str = "hooks/unzer";

/// Where Unzer posts to. Holds the token, and so shows it nowhere.
#[derive(Clone)]
pub struct HookAddress {
    /// With the token.
    full: Url,
    /// Up to the token, with a slash at its end.
    base: String,
}

/// A setting without which there is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is not set: Unzer has no address to post to")]
pub struct NoAddress(pub &'static str);

/// What a subscription is to this installation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// It is wanted and leads here.
    Good,
    /// Ours, with a token that is not in force any more, or an event that is not wanted, or twice.
    Stale,
    /// A shop's, or another installation's.
    Foreign,
    /// Wanted and not there.
    Missing,
}

/// A subscription, or one that is missing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Id at Unzer; none where it is missing.
    pub id: Option<String>,
    /// Event.
    pub event: String,
    /// What it is to us.
    pub standing: Standing,
    /// Where it leads, without what may be secret in it.
    pub shown: String,
}

/// One change that makes the subscriptions right.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Change {
    Create(&'static str),
    /// Leads it to the address in force.
    Move(String, &'static str),
    Remove(String, String),
}

/// What was changed for a key pair.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Changed {
    /// Events newly subscribed to.
    pub created: Vec<String>,
    /// Events whose subscription was led to the address in force.
    pub moved: Vec<String>,
    /// Events whose subscription was removed.
    pub removed: Vec<String>,
}

impl HookAddress {
    /// The address by `web.public_url` and `web.hook_token`.
    ///
    /// # Errors
    /// [`NoAddress`] names the setting that is missing.
    pub fn of(web: &Web) -> Result<Self, NoAddress> {
        let public = web.public_url.as_ref().ok_or(NoAddress("web.public_url"))?;
        let token = web.hook_token.as_ref().ok_or(NoAddress("web.hook_token"))?;
        Self::at(public, token).ok_or(NoAddress("web.public_url"))
    }

    fn at(public: &Url, token: &SecretString) -> Option<Self> {
        let mut full = public.clone();
        full.set_query(None);
        full.set_fragment(None);
        full.path_segments_mut().ok()?.pop_if_empty().extend(PATH.split('/'));
        let base = format!("{full}/");
        full.path_segments_mut().ok()?.push(token.expose_secret());
        Some(Self { full, base })
    }

    /// The address without the token.
    pub fn shown(&self) -> String {
        format!("{}…", self.base)
    }

    /// What a subscription is to us, taken by itself.
    fn standing(&self, hook: &Webhook) -> Standing {
        if hook.url == self.full.as_str() {
            let wanted = EVENTS.contains(&hook.event.as_str());
            if wanted { Standing::Good } else { Standing::Stale }
        } else if hook.url.strip_prefix(&self.base).is_some_and(|rest| !rest.is_empty() && !rest.contains('/')) {
            Standing::Stale
        } else {
            Standing::Foreign
        }
    }
}

impl std::fmt::Debug for HookAddress {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HookAddress({})", self.shown())
    }
}

/// The subscriptions of a key pair, ours and others', with those that are missing.
pub async fn list(client: &UnzerClient, address: &HookAddress) -> Result<Vec<Subscription>, UnzerError> {
    Ok(classify(address, &client.webhooks().await?))
}

/// Makes the subscriptions of a key pair right.
pub async fn register(client: &UnzerClient, address: &HookAddress) -> Result<Changed, UnzerError> {
    let changes = changes(address, &client.webhooks().await?);
    carry_out(client, address, changes).await
}

/// Removes all of ours.
pub async fn remove(client: &UnzerClient, address: &HookAddress) -> Result<Changed, UnzerError> {
    let hooks = client.webhooks().await?;
    let ours = hooks.into_iter().filter(|hook| address.standing(hook) != Standing::Foreign);
    let changes = ours.map(|hook| Change::Remove(hook.id, hook.event)).collect();
    carry_out(client, address, changes).await
}

async fn carry_out(client: &UnzerClient, address: &HookAddress, changes: Vec<Change>) -> Result<Changed, UnzerError> {
    let mut done = Changed::default();
    for change in changes {
        match change {
            Change::Create(event) => {
                // One that stands there already was made by somebody else in between.
                client.create_webhook(&address.full, event).await?;
                done.created.push(event.to_owned());
            }
            Change::Move(id, event) => match client.update_webhook(&id, &address.full).await {
                Ok(_) => done.moved.push(event.to_owned()),
                Err(UnzerError::NotFound { .. }) => {
                    client.create_webhook(&address.full, event).await?;
                    done.created.push(event.to_owned());
                }
                Err(error) => return Err(error),
            },
            Change::Remove(id, event) => {
                client.delete_webhook(&id).await?;
                done.removed.push(event);
            }
        }
    }
    Ok(done)
}

fn classify(address: &HookAddress, hooks: &[Webhook]) -> Vec<Subscription> {
    let mut good: Vec<&str> = Vec::new();
    let mut all = Vec::new();
    for hook in hooks {
        let mut standing = address.standing(hook);
        if standing == Standing::Good {
            if good.contains(&hook.event.as_str()) {
                standing = Standing::Stale;
            } else {
                good.push(&hook.event);
            }
        }
        let shown = if standing == Standing::Foreign { without_secrets(&hook.url) } else { address.shown() };
        all.push(Subscription { id: Some(hook.id.clone()), event: hook.event.clone(), standing, shown });
    }
    let missing = EVENTS.into_iter().filter(|event| !good.contains(event));
    all.extend(missing.map(|event| Subscription {
        id: None,
        event: event.to_owned(),
        standing: Standing::Missing,
        shown: address.shown(),
    }));
    all
}

/// Every wanted event leads to the address in force, once; nothing else of ours is left.
fn changes(address: &HookAddress, hooks: &[Webhook]) -> Vec<Change> {
    let all = classify(address, hooks);
    let mut stale: Vec<&Subscription> = all.iter().filter(|one| one.standing == Standing::Stale).collect();
    let mut changes = Vec::new();
    for event in EVENTS {
        if all.iter().any(|one| one.standing == Standing::Good && one.event == event) {
            continue;
        }
        let old = stale.iter().position(|one| one.event == event).map(|at| stale.remove(at));
        changes.push(match old.and_then(|one| one.id.clone()) {
            Some(id) => Change::Move(id, event),
            None => Change::Create(event),
        });
    }
    let rest = stale.into_iter().filter_map(|one| Some(Change::Remove(one.id.clone()?, one.event.clone())));
    changes.extend(rest);
    changes
}

/// Scheme, host and the first part of the path: what follows may be a token.
fn without_secrets(url: &str) -> String {
    let Ok(url) = Url::parse(url) else { return "…".to_owned() };
    let host = url.host_str().unwrap_or("…");
    let port = url.port().map(|port| format!(":{port}")).unwrap_or_default();
    let mut parts = url.path_segments().into_iter().flatten().filter(|part| !part.is_empty());
    match (parts.next(), parts.next(), url.query()) {
        (None, ..) => format!("{}://{host}{port}/", url.scheme()),
        (Some(first), None, None) => format!("{}://{host}{port}/{first}", url.scheme()),
        (Some(first), ..) => format!("{}://{host}{port}/{first}/…", url.scheme()),
    }
}

#[cfg(test)]
mod tests {
    use super::Standing::{Foreign, Good, Missing, Stale};
    use super::*;

    fn address() -> HookAddress {
        let public = "https://pay.example.org/pp/".parse().unwrap();
        HookAddress::at(&public, &SecretString::from("token-in-force")).unwrap()
    }

    fn hook(id: &str, url: &str, event: &str) -> Webhook {
        Webhook { id: id.to_owned(), url: url.to_owned(), event: event.to_owned() }
    }

    const OURS: &str = "https://pay.example.org/pp/hooks/unzer/";

    #[test]
    fn the_address_ends_with_the_token_and_is_shown_without_it() {
        let address = address();
        assert_eq!(address.full.as_str(), format!("{OURS}token-in-force"));
        assert_eq!(format!("{address:?}"), format!("HookAddress({OURS}…)"));
    }

    #[test]
    fn subscriptions_are_told_apart() {
        let hooks = [
            hook("1", &format!("{OURS}token-in-force"), "charge"),
            hook("2", &format!("{OURS}token-in-force"), "charge"),
            hook("3", &format!("{OURS}older-token"), "payment"),
            hook("4", &format!("{OURS}token-in-force"), "basket"),
            hook("5", "https://shop.example.org/unzer/notify?key=geheim", "payment"),
            hook("6", "https://other.example.org/pp/hooks/unzer/token-in-force", "charge"),
        ];
        let all = classify(&address(), &hooks);
        let standings: Vec<Standing> = all.iter().map(|one| one.standing).collect();
        assert_eq!(standings, [Good, Stale, Stale, Stale, Foreign, Foreign, Missing, Missing, Missing]);
        let shown: Vec<&str> = all.iter().map(|one| one.shown.as_str()).collect();
        assert!(shown.iter().all(|text| !text.contains("token") && !text.contains("geheim")), "{shown:?}");
        assert_eq!(shown[4], "https://shop.example.org/unzer/…");
    }

    #[test]
    fn register_moves_what_is_stale_makes_what_is_missing_and_leaves_others_alone() {
        let hooks = [
            hook("1", &format!("{OURS}token-in-force"), "charge"),
            hook("2", &format!("{OURS}older-token"), "payment"),
            hook("3", &format!("{OURS}oldest-token"), "payment"),
            hook("4", "https://shop.example.org/unzer", "authorize"),
        ];
        let expected = [
            Change::Create("authorize"),
            Change::Create("chargeback"),
            Change::Move("2".to_owned(), "payment"),
            Change::Remove("3".to_owned(), "payment".to_owned()),
        ];
        assert_eq!(changes(&address(), &hooks), expected);
    }

    #[test]
    fn what_is_right_stays() {
        let hooks: Vec<Webhook> =
            EVENTS.iter().map(|event| hook(event, &format!("{OURS}token-in-force"), event)).collect();
        assert_eq!(changes(&address(), &hooks), []);
    }
}
