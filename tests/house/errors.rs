//! `docs/errors.md`: every error number with its texts. `UPDATE_ERRORS=1` writes it anew. And: each number can be reached.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use pixi_payd::text::{Language, Number};

use super::{shipped, sources};

const INTRODUCTION: &str = "\
# Error numbers

What the daemon tells people by number: on the pages, in mails, in order comments and in the log. A number never changes its
meaning. Words in braces are filled in: order and document numbers, amounts, dates, and the raw codes of Unzer and pixi. A code that
is not known here is shown as it came, and treated with caution: no money moves because of it.

Whether a number is a *hint* (nothing to do yet) or a *problem* (a person must act; mailed) depends on the order; several begin as
the one and become the other with time. [rules.md](rules.md) tells which rule raises what. This page is made from `src/text/catalogue.rs`; a
test keeps it current (`UPDATE_ERRORS=1 cargo test --test house` writes it).

Anything not in this list is an error of usage or configuration: it ends a command with status 2 and names file, line, key and the mend.
";

const PARTS: [(u16, &str); 9] = [
    (1100, "Payment and order"),
    (1200, "Release and money"),
    (1300, "Capture"),
    (1400, "Booking"),
    (1500, "Giving back"),
    (1600, "What pixi and Unzer show"),
    (1700, "Unknown outcomes"),
    (1800, "Brakes and limits"),
    (1900, "The daemon itself"),
];

fn page() -> String {
    let mut text = INTRODUCTION.to_owned();
    let mut numbers: Vec<Number> = Number::ALL.to_vec();
    numbers.sort_by_key(|number| number.digits());
    for (first, title) in PARTS {
        write!(text, "\n## {title}\n\n").unwrap();
        text.push_str("| number | what happened | what now |\n| --- | --- | --- |\n");
        for number in numbers.iter().filter(|number| (first..first + 100).contains(&number.digits())) {
            let both = |de: &str, en: &str| format!("{en}<br>*{de}*").replace('|', "\\|");
            let what = both(number.text(Language::De), number.text(Language::En));
            let now = both(number.what_now(Language::De), number.what_now(Language::En));
            writeln!(text, "| {number} | {what} | {now} |").unwrap();
        }
    }
    text
}

#[test]
fn the_list_of_errors_is_current() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/errors.md");
    let page = page();
    if std::env::var_os("UPDATE_ERRORS").is_some() {
        fs::write(&path, &page).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == page, "docs/errors.md is stale; run: UPDATE_ERRORS=1 cargo test --test house");
}

#[test]
fn each_error_has_its_part() {
    for number in Number::ALL {
        let part = PARTS.iter().find(|(first, _)| (*first..first + 100).contains(&number.digits()));
        assert!(part.is_some(), "{number} is in no part of docs/errors.md");
    }
}

/// Raised by code that ships, and named by a test, as `Number::Name` or by its digits.
#[test]
fn each_error_is_raised_and_a_test_has_seen_it() {
    let sources = sources();
    let all_shipped = shipped(&sources);
    let paths: std::collections::BTreeSet<_> = all_shipped.iter().map(|source| source.path.clone()).collect();
    let raised: String = all_shipped
        .into_iter()
        .filter(|source| source.module() != "text")
        .map(|source| source.code().replace(' ', ""))
        .collect();
    let mut proven: String = sources
        .iter()
        .filter(|source| source.module() != "text")
        .map(|source| {
            let is_shipped = paths.contains(&source.path);
            let inner = source.text.split_once("mod tests {").map_or("", |(_, inner)| inner);
            if is_shipped { inner.to_owned() } else { source.text.clone() }
        })
        .collect();
    proven.push_str(&played());
    let mut wrong = Vec::new();
    for number in Number::ALL {
        let name = format!("{number:?}");
        let ends = |text: &str, at: usize| !text[at..].starts_with(|c: char| c.is_alphanumeric() || c == '_');
        let named = |text: &str, what: &str| text.match_indices(what).any(|(at, _)| ends(text, at + what.len()));
        if !named(&raised, &format!("Number::{name}")) {
            wrong.push(format!("{number} {name} is raised nowhere"));
        }
        if !named(&proven, &format!("Number::{name}")) && !named(&proven, &number.digits().to_string()) {
            wrong.push(format!("{number} {name} is seen by no test"));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// The stories of the sandbox say which problem they end with; `tests/` plays them all.
fn played() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/sandbox/stories");
    let files = fs::read_dir(root).unwrap();
    files.map(|entry| fs::read_to_string(entry.unwrap().path()).unwrap()).collect()
}
