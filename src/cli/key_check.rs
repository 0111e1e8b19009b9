//! `check --online`: the Unzer key pairs: whose they are, and whether they may do what the orders need.

use std::collections::{BTreeMap, BTreeSet};

use crate::cli::check::bad;
use crate::cli::connection::{Pair, pairs};
use crate::config::check::CheckRow;
use crate::config::{MandantId, PaymentCode, PaymentType, Settings};
use crate::engine::peers::Peers;
use crate::unzer::{MethodPrefix, UnzerError};

/// Mandant, payment type and method of orders in the store.
pub type MethodSeen = (String, String, String);

/// The rows of every key pair, and of the methods that `seen` orders were paid by.
pub async fn rows(settings: &Settings, peers: &Peers, seen: &[MethodSeen]) -> Vec<CheckRow> {
    let mut rows = Vec::new();
    let mut may = BTreeMap::new();
    for pair in pairs(settings, peers) {
        rows.push(row_of(&pair, &mut may).await);
    }
    for (id, mandant) in &settings.mandants {
        for (code, block) in mandant.payment_types.iter().filter(|(_, block)| block.active) {
            rows.extend(methods(id, code, block, seen, &may));
        }
    }
    rows
}

/// Asks one key pair; notes what it may do.
async fn row_of(pair: &Pair, may: &mut BTreeMap<String, Vec<String>>) -> CheckRow {
    const WHAT: &str = "key pair";
    let area = format!("unzer {}", pair.name);
    if !pair.active {
        return CheckRow::good(area, WHAT, "off: not asked");
    }
    match pair.client.keypair().await {
        Ok(info) if info.public_key != pair.name => bad(
            area,
            WHAT,
            format!("the private key belongs to {}", info.public_key),
            "write the public and the private key of one pair",
        ),
        Ok(info) => {
            let row = CheckRow::good(area, WHAT, format!("may use: {}", info.payment_types.join(", ")));
            may.insert(pair.name.clone(), info.payment_types);
            row
        }
        Err(error) => bad(area, WHAT, error.to_string(), mend(&error)),
    }
}

fn mend(error: &UnzerError) -> &'static str {
    match error {
        UnzerError::Passing { .. } => "check the network and unzer_url, or try again later",
        _ => "check public_key and private_key of the payment type",
    }
}

/// Methods of a payment type: those its orders were paid by, and those its further pairs are said to be for, against what
/// the pairs may do.
fn methods(
    id: &MandantId,
    code: &PaymentCode,
    block: &PaymentType,
    seen: &[MethodSeen],
    may: &BTreeMap<String, Vec<String>>,
) -> Vec<CheckRow> {
    let area = format!("mandant {id}");
    let what = format!("methods of {code}");
    // A pair that did not answer, or that tells nothing, leaves the question open.
    let known: Vec<(&str, &Vec<String>)> = block
        .keys
        .iter()
        .filter_map(|pair| Some((pair.public_key.as_str(), may.get(&pair.public_key)?)))
        .filter(|(_, methods)| !methods.is_empty())
        .collect();
    if known.is_empty() || known.len() < block.keys.len() {
        return Vec::new();
    }
    let mut rows = Vec::new();
    let can = |methods: &[String], prefix: &str| {
        let names = MethodPrefix(prefix.to_owned());
        names.unzer_name().is_none_or(|name| methods.iter().any(|method| alike(method, name)))
    };
    let of_type = seen.iter().filter(|(mandant, payment, _)| *mandant == id.0 && *payment == code.0);
    let prefixes: BTreeSet<&str> = of_type.map(|(_, _, method)| method.as_str()).collect();
    let missing: Vec<&str> =
        prefixes.iter().copied().filter(|prefix| !known.iter().any(|(_, methods)| can(methods, prefix))).collect();
    let shown = |prefixes: &[&str]| {
        let name = |prefix: &&str| MethodPrefix((*prefix).to_owned()).display_name().to_owned();
        // Some methods of one name have several prefixes.
        prefixes.iter().map(name).collect::<BTreeSet<_>>().into_iter().collect::<Vec<_>>().join(", ")
    };
    if !missing.is_empty() {
        let pairs: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
        rows.push(bad(
            &area,
            &what,
            format!("orders were paid by {}, which no key pair of the payment type may use", shown(&missing)),
            format!("have Unzer switch it on for {}, or add the pair it belongs to under keys", pairs.join(" or ")),
        ));
    } else if !prefixes.is_empty() {
        let all: Vec<&str> = prefixes.into_iter().collect();
        rows.push(CheckRow::good(&area, &what, format!("seen and allowed: {}", shown(&all))));
    }
    for pair in &block.keys {
        let Some(methods) = may.get(&pair.public_key) else { continue };
        let missing: Vec<&str> =
            pair.methods.iter().map(String::as_str).filter(|prefix| !can(methods, prefix)).collect();
        if !missing.is_empty() {
            rows.push(bad(
                &area,
                &what,
                format!("{} is said to be for {}, and may not use it", pair.public_key, shown(&missing)),
                "correct methods of this pair, or have Unzer switch the method on for it",
            ));
        }
    }
    rows
}

/// Letters and digits alone count: Unzer writes `sepa-direct-debit` and `SEPADirectDebit`.
fn alike(a: &str, b: &str) -> bool {
    let plain = |text: &str| text.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase();
    plain(a) == plain(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn block(keys: &str) -> PaymentType {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pixi-payd.yaml");
        let text = format!(
            "pixi: {{live: {{endpoint: \"http://127.0.0.1:1/\", username: u, password: p}}}}\n\
             mandants: {{LEO: {{pixi: live, kind: test, payment_types: {{U: {{event_invoice: UZR, event_return: UZG, \
             public_key: s-pub-1, private_key: s-priv-1, keys: [{keys}]}}}}}}}}\n"
        );
        std::fs::write(&file, text).unwrap();
        let settings = config::load(&file).unwrap_or_else(|findings| panic!("{findings}")).settings;
        settings.mandants[&MandantId::from("LEO")].payment_types[&PaymentCode::from("U")].clone()
    }

    fn check(block: &PaymentType, seen: &[&str], may: &[(&str, &[&str])]) -> Vec<CheckRow> {
        let seen: Vec<MethodSeen> =
            seen.iter().map(|method| ("LEO".to_owned(), "U".to_owned(), (*method).to_owned())).collect();
        let may = may
            .iter()
            .map(|(name, methods)| ((*name).to_owned(), methods.iter().map(ToString::to_string).collect()))
            .collect();
        methods(&"LEO".into(), &"U".into(), block, &seen, &may)
    }

    #[test]
    fn a_method_seen_that_no_pair_may_use_fails() {
        let one = block("");
        let rows = check(&one, &["crd", "sdd"], &[("s-pub-1", &["Card", "SEPADirectDebit"])]);
        assert!(rows.len() == 1 && rows[0].ok && rows[0].detail.contains("Direct Debit"), "{rows:?}");
        let rows = check(&one, &["crd", "piv"], &[("s-pub-1", &["card", "paypal"])]);
        assert!(
            !rows[0].ok && rows[0].detail.contains("Paylater Invoice") && rows[0].mend.contains("s-pub-1"),
            "{rows:?}"
        );
        assert!(!rows[0].detail.contains("Card"), "{rows:?}");
        assert!(check(&one, &["piv"], &[]).is_empty(), "what did not answer is told by its own row");
        assert!(check(&one, &["xyz"], &[("s-pub-1", &["card"])])[0].ok, "an unknown method cannot be told");
    }

    #[test]
    fn a_further_pair_must_be_able_to_do_what_it_is_for() {
        let two = block("{public_key: s-pub-2, private_key: s-priv-2, methods: [piv, pdd]}");
        let may = |second: &'static [&'static str]| [("s-pub-1", &["card"][..]), ("s-pub-2", second)];
        assert!(
            check(&two, &["crd", "piv"], &may(&["paylater-invoice", "paylater-direct-debit"])).iter().all(|row| row.ok)
        );
        let rows = check(&two, &["crd"], &may(&["paylater-invoice"]));
        assert!(!rows[1].ok && rows[1].detail.contains("Paylater Direct Debit"), "{rows:?}");
    }
}
