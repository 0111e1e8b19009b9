//! What is inherited: a mandant's `defaults` by its payment types, the general `mail` by the mandants'.
//!
//! Done on the tree, after its shape was looked at: what is inherited keeps the place where it is written.

use crate::config::yaml::{Entry, Node};

/// Fills in what is inherited.
pub fn inherit(whole: &mut [Entry]) {
    let general = whole.iter().find(|entry| entry.key == "mail").cloned();
    let Some(Node::Map(mandants)) = node_of(whole, "mandants") else { return };
    for mandant in mandants {
        let Node::Map(keys) = &mut mandant.node else { continue };
        if let Some(general) = &general {
            inherit_mail(keys, general);
        }
        let defaults = keys.iter().find(|entry| entry.key == "defaults").map(|entry| entry.node.clone());
        let (Some(Node::Map(defaults)), Some(Node::Map(types))) = (defaults, node_of(keys, "payment_types")) else {
            continue;
        };
        for payment_type in types {
            if let Node::Map(own) = &mut payment_type.node {
                // A public key with another pair's private key would be worse than none.
                let own_pair = own.iter().any(|entry| is_pair(&entry.key));
                fill(own, defaults.iter().filter(|entry| !(own_pair && is_pair(&entry.key))));
            }
        }
    }
}

fn node_of<'a>(entries: &'a mut [Entry], key: &str) -> Option<&'a mut Node> {
    entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.node)
}

fn is_pair(key: &str) -> bool {
    key == "public_key" || key == "private_key"
}

fn inherit_mail(mandant: &mut Vec<Entry>, general: &Entry) {
    match (node_of(mandant, "mail"), &general.node) {
        (Some(Node::Map(own)), Node::Map(general)) => fill(own, general),
        (None, Node::Map(_)) => mandant.push(general.clone()),
        _ => {}
    }
}

fn fill<'a>(own: &mut Vec<Entry>, inherited: impl IntoIterator<Item = &'a Entry>) {
    for entry in inherited {
        if !own.iter().any(|there| there.key == entry.key) {
            own.push(entry.clone());
        }
    }
}
