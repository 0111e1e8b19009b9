//! `docs/rules.md`: every rule with its code and its tests. `UPDATE_RULES=1` writes it anew.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pixi_payd::policy::rules::{PARTS, Rule};

use super::{Source, sources};

const INTRODUCTION: &str = "\
# Rules

What the daemon does with an order. Each rule stands here with its code in `src/policy/` and with the tests that fail when it
is broken; `plan` and `explain` name it. A rule without a number goes by a word. This page is made from
`src/policy/rules.rs`; a test keeps it current (`UPDATE_RULES=1 cargo test --test house` writes it).

Words: *locked* is pixi's shipping lock on the order. A *problem* is a mark, an order comment and a mail. *Rest* is what is
authorised and neither reversed nor captured; *net* is what was captured and not given back or charged back. The *cover* is net
plus rest, or the claim where the buyer transfers the money. \"Enough\" always allows for `rounding_tolerance`.

The rules come in this order; one that ends the matter leaves nothing to those below.
";

/// Tests of the policy alone, and tests that play a story against the ledgers of the simulated pixi and Unzer.
struct Tests {
    policy: Vec<String>,
    ledgers: Vec<String>,
}

fn tests_in(text: &str) -> impl Iterator<Item = &str> {
    let mut lines = text.lines().map(str::trim_start).peekable();
    std::iter::from_fn(move || {
        while let Some(line) = lines.next() {
            if !(line.starts_with("#[test]") || line.starts_with("#[tokio::test")) {
                continue;
            }
            let name = lines.find_map(|line| {
                line.strip_prefix("async fn ")
                    .or_else(|| line.strip_prefix("fn "))
                    .and_then(|rest| rest.split('(').next())
            });
            if name.is_some() {
                return name;
            }
        }
        None
    })
}

fn all_tests(sources: &[Source]) -> Tests {
    let mut tests = Tests { policy: Vec::new(), ledgers: Vec::new() };
    for source in sources {
        let found = tests_in(&source.text).map(str::to_owned);
        if source.path.starts_with("policy/") {
            tests.policy.extend(found);
        } else if source.path.starts_with("sandbox/") || source.path.starts_with("engine/") {
            tests.ledgers.extend(found);
        }
    }
    tests.policy.sort();
    tests.ledgers.sort();
    tests
}

/// Tests of a rule: those whose name begins with it, and not with a longer prefix of another row.
fn tests_of<'a>(rule: &Rule, prefixes: &[String], names: &'a [String]) -> Vec<&'a str> {
    let own = rule.test_prefix();
    let longest = |name: &str| {
        // A test of several rules is named by all of them: `r5_r6_…`.
        prefixes.iter().filter(|prefix| name.starts_with(prefix.as_str())).max_by_key(|prefix| prefix.len()).cloned()
    };
    names
        .iter()
        .filter(|name| {
            let mut rest = name.as_str();
            while let Some(prefix) = longest(rest) {
                if prefix == own {
                    return true;
                }
                rest = &rest[prefix.len()..];
            }
            false
        })
        .map(String::as_str)
        .collect()
}

/// Files of the policy in which a rule is decided: its id stands in them as a word of the code, or in their heading where
/// it only gives hints.
fn code_of(rule: &Rule, sources: &[Source]) -> Vec<String> {
    let literal = format!("\"{}\"", rule.id);
    sources
        .iter()
        .filter(|source| source.path.starts_with("policy/") && !source.path.starts_with("policy/tests"))
        .filter(|source| !matches!(source.path.as_str(), "policy/rules.rs" | "policy/story.rs"))
        .filter(|source| source.text.contains(&literal) || source.text.contains(&format!("//! [{}]", rule.id)))
        .map(|source| source.path.trim_start_matches("policy/").to_owned())
        .collect()
}

fn page() -> (String, Vec<String>) {
    let sources = sources();
    let tests = all_tests(&sources);
    let rules: Vec<&Rule> = PARTS.iter().flat_map(|part| part.rules).collect();
    let prefixes: Vec<String> = rules.iter().map(|rule| rule.test_prefix()).collect();
    let mut page = INTRODUCTION.to_owned();
    let mut proofs: BTreeMap<usize, (String, Vec<&str>, Vec<&str>)> = BTreeMap::new();
    let mut missing = Vec::new();
    for part in PARTS {
        let _ = write!(page, "\n## {}\n\n", part.title);
        if !part.note.is_empty() {
            let _ = write!(page, "{}\n\n", part.note);
        }
        page.push_str("| rule | when | then | code |\n| --- | --- | --- | --- |\n");
        for rule in part.rules {
            let name = name_of(rule);
            let code = code_of(rule, &sources);
            let links: Vec<String> = code.iter().map(|file| format!("[{file}](../src/policy/{file})")).collect();
            let _ = writeln!(page, "| {name} | {} | {} | {} |", rule.when, rule.then, links.join(", "));
            let (policy, ledgers) =
                (tests_of(rule, &prefixes, &tests.policy), tests_of(rule, &prefixes, &tests.ledgers));
            if code.is_empty() {
                missing.push(format!("{name}: no code names it"));
            }
            if policy.is_empty() {
                missing.push(format!("{name}: no test of the policy begins with {}", rule.test_prefix()));
            }
            if ledgers.is_empty() {
                missing.push(format!("{name}: no story against the ledgers begins with {}", rule.test_prefix()));
            }
            proofs.insert(proofs.len(), (name, policy, ledgers));
        }
    }
    page.push_str("\n## Tests\n\nOf the policy alone, and against the ledgers of the simulated pixi and Unzer.\n\n");
    page.push_str("| rule | policy | ledgers |\n| --- | --- | --- |\n");
    for (name, policy, ledgers) in proofs.values() {
        let list = |names: &[&str]| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
        let _ = writeln!(page, "| {name} | {} | {} |", list(policy), list(ledgers));
    }
    (page, missing)
}

fn name_of(rule: &Rule) -> String {
    let numbered = rule.id.len() <= 3 && rule.id.chars().any(|c| c.is_ascii_digit());
    let id = if numbered { rule.id.to_owned() } else { format!("[{}]", rule.id) };
    match rule.case {
        "" => id,
        case => format!("{id} {case}"),
    }
}

#[test]
fn the_table_of_rules_is_current() {
    let (page, _) = page();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/rules.md");
    if std::env::var_os("UPDATE_RULES").is_some() {
        fs::write(&path, page).unwrap();
        return;
    }
    assert!(
        fs::read_to_string(&path).unwrap() == page,
        "docs/rules.md is not current: UPDATE_RULES=1 cargo test --test house"
    );
}

#[test]
fn every_rule_has_code_and_tests() {
    let (_, missing) = page();
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}
