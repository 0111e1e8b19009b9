//! The rules of the house, proven by reading `src/`: which module may use which, and what may stand where.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the source has failed")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

#[path = "house/errors.rs"]
mod errors;
#[path = "house/planted.rs"]
mod planted;
#[path = "house/reading.rs"]
mod reading;
#[path = "house/rules.rs"]
mod rules;

use reading::{code, paths, words};

/// A source file: its path within `src/` and its text.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The top-level module it belongs to.
    fn module(&self) -> &str {
        self.path.split(['/', '.']).next().unwrap()
    }

    /// The code that ships: no comments, strings or test modules.
    fn code(&self) -> String {
        code(&self.text)
    }
}

/// The direction of the house: a module uses only those before it.
const ORDER: [&str; 15] = [
    "money", "clock", "text", "config", "wire", "steps", "journal", "pixi", "unzer", "policy", "engine", "mail", "web",
    "sandbox", "cli",
];

/// Longest file, in lines.
const LONGEST: usize = 800;

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = Vec::new();
    let mut open = vec![root.clone()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let text = fs::read_to_string(&path).unwrap();
                let path = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                found.push(Source { path, text });
            }
        }
    }
    found.sort_by(|a, b| a.path.cmp(&b.path));
    found
}

/// The files that ship: without those that only tests see.
fn shipped(sources: &[Source]) -> Vec<&Source> {
    let mut test_only = BTreeSet::new();
    for source in sources {
        let folder = source.path.trim_end_matches(".rs").trim_end_matches("/mod").to_owned();
        let folder = if folder == "lib" || folder == "main" { String::new() } else { folder + "/" };
        for name in reading::test_modules(&source.text) {
            test_only.insert(format!("{folder}{name}"));
        }
    }
    let is_test = |source: &Source| {
        let path = source.path.trim_end_matches(".rs").trim_end_matches("/mod");
        test_only
            .iter()
            .any(|test| path == test || path.strip_prefix(test.as_str()).is_some_and(|p| p.starts_with('/')))
    };
    sources.iter().filter(|source| !is_test(source)).collect()
}

fn place(module: &str) -> Option<usize> {
    ORDER.iter().position(|name| *name == module)
}

/// A module uses only those above it; pixi and unzer know nothing of each other, and of the journal the permit alone.
fn direction(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in shipped(sources) {
        let (path, module) = (&source.path, source.module());
        if module == "lib" {
            continue;
        }
        let own = if module == "main" { Some(ORDER.len()) } else { place(module) };
        let Some(own) = own else {
            wrong.push(format!("{path}: {module} has no place in the house"));
            continue;
        };
        for used in paths(&source.code()) {
            let target = used[0].as_str();
            if target == module {
                continue;
            }
            let twins = ["pixi", "unzer"];
            let is_client = twins.contains(&module);
            let allowed = match place(target) {
                Some(place) if is_client && twins.contains(&target) => place == own,
                Some(_) if is_client && target == "journal" => used.last().is_some_and(|name| name == "StepPermit"),
                Some(place) => place < own,
                None => false,
            };
            if !allowed {
                wrong.push(format!("{path}: {module} must not use {}", used.join("::")));
            }
        }
        let depth = path.trim_end_matches(".rs").trim_end_matches("/mod").split('/').count();
        if source.code().replace(' ', "").contains(&"super::".repeat(depth)) {
            wrong.push(format!("{path}: leaves its module by super::, which hides the direction"));
        }
    }
    wrong
}

/// Words that may stand only in certain modules.
fn only_in(sources: &[Source], word: &str, homes: &[&str]) -> Vec<String> {
    shipped(sources)
        .into_iter()
        .filter(|source| !homes.contains(&source.module()) && has_word(&source.code(), word))
        .map(|source| format!("{}: {word} belongs in {}", source.path, homes.join(", ")))
        .collect()
}

/// `word` is a name, or several joined by `::`.
fn has_word(code: &str, word: &str) -> bool {
    let parts: Vec<&str> = word.split("::").collect();
    let words = words(code);
    words.windows(parts.len()).any(|window| window == parts)
}

/// The policy is pure: no async, no clock, no I/O.
fn pure_policy(sources: &[Source]) -> Vec<String> {
    const BANNED: [&str; 17] = [
        "async",
        "await",
        "tokio",
        "futures_util",
        "sqlx",
        "reqwest",
        "axum",
        "Clock",
        "Stopwatch",
        "Utc::now",
        "Instant",
        "SystemTime",
        "fs",
        "std::net",
        "env",
        "process",
        "thread",
    ];
    let mut wrong = Vec::new();
    for source in shipped(sources).into_iter().filter(|source| source.module() == "policy") {
        let code = source.code();
        let found = BANNED.into_iter().filter(|word| has_word(&code, word));
        wrong.extend(found.map(|word| format!("{}: the policy knows no {word}", source.path)));
    }
    wrong
}

/// pixi's client does not speak of Unzer, nor Unzer's of pixi, in any name of their code.
fn strangers(sources: &[Source]) -> Vec<String> {
    let mut wrong = Vec::new();
    for source in shipped(sources) {
        let stranger = match source.module() {
            "pixi" => "unzer",
            "unzer" => "pixi",
            _ => continue,
        };
        let code = source.code();
        let found = words(&code).into_iter().find(|word| word.to_lowercase().contains(stranger));
        wrong.extend(found.map(|word| format!("{}: {word}", source.path)));
    }
    wrong
}

fn too_long(sources: &[Source]) -> Vec<String> {
    let lines = |source: &Source| source.text.lines().count();
    sources
        .iter()
        .filter(|source| lines(source) > LONGEST)
        .map(|source| format!("{}: {} lines", source.path, lines(source)))
        .collect()
}

/// Nothing is left for later, and no test is switched off.
fn unfinished(sources: &[Source]) -> Vec<String> {
    const MARKS: [&str; 6] = ["todo!", "unimplemented!", "FIXME", "TODO", "XXX:", "#[ignore"];
    let mut wrong = Vec::new();
    for source in sources {
        for (number, line) in source.text.lines().enumerate() {
            if let Some(mark) = MARKS.into_iter().find(|mark| line.contains(mark)) {
                wrong.push(format!("{}:{}: {mark}", source.path, number + 1));
            }
        }
    }
    wrong
}

fn assert_clean(wrong: &[String]) {
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn modules_follow_the_direction_of_the_house() {
    assert_clean(&direction(&sources()));
}

#[test]
fn the_policy_is_pure() {
    assert_clean(&pure_policy(&sources()));
}

#[test]
fn the_two_clients_do_not_know_each_other() {
    assert_clean(&strangers(&sources()));
}

#[test]
fn each_tool_has_its_home() {
    let sources = sources();
    assert_clean(&only_in(&sources, "reqwest", &["wire"]));
    assert_clean(&only_in(&sources, "sqlx", &["journal"]));
    assert_clean(&only_in(&sources, "Utc::now", &["clock"]));
    assert_clean(&only_in(&sources, "SystemTime::now", &["clock"]));
}

#[test]
fn no_file_is_too_long() {
    assert_clean(&too_long(&sources()));
}

#[test]
fn nothing_is_left_for_later() {
    assert_clean(&unfinished(&sources()));
}

/// Each check finds what it is there to find, and nothing else.
mod checks {
    use super::*;

    fn house(files: &[(&str, &str)]) -> Vec<Source> {
        files.iter().map(|(path, text)| Source { path: (*path).to_owned(), text: (*text).to_owned() }).collect()
    }

    #[test]
    fn the_real_house_is_read() {
        let sources = sources();
        assert!(sources.iter().any(|source| source.path == "wire/mod.rs"));
        let shipped = shipped(&sources);
        assert!(shipped.iter().any(|source| source.path == "wire/http.rs"));
        assert!(!shipped.iter().any(|source| source.path == "wire/http/tests.rs"), "tests are known as such");
        assert!(!shipped.iter().any(|source| source.path == "wire/testing.rs"));
    }

    #[test]
    fn direction_finds_uses_upwards() {
        for (path, text) in [
            ("money.rs", "use crate::config::Settings;"),
            ("policy/release.rs", "fn f() -> crate::engine::Cycle {}"),
            ("steps/mod.rs", "use crate::{money::Money, journal::Store};"),
            ("steps/mod.rs", "use crate::{\n    money::Money,\n    sandbox,\n};"),
            ("pixi/lock.rs", "use crate::unzer::Payment;"),
            ("unzer/mod.rs", "use crate::pixi::Row;"),
            ("pixi/mod.rs", "use crate::journal::{StepPermit, Store};"),
            ("unzer/mod.rs", "use crate::journal;"),
            ("journal/sql/mod.rs", "use super::super::engine::Cycle;"),
            ("policy/plan.rs", "macro_rules! m { () => { $crate::engine::go() } }"),
            ("attic/mod.rs", ""),
            ("money.rs", "use pixi_payd::engine::Cycle;"),
        ] {
            assert_eq!(direction(&house(&[(path, text)])).len(), 1, "{path}: {text}");
        }
    }

    #[test]
    fn direction_leaves_the_rest_alone() {
        for (path, text) in [
            ("policy/mod.rs", "use crate::{money::{Money, self}, steps};"),
            (
                "pixi/lock.rs",
                "use crate::journal::StepPermit;\nuse crate::journal::permit::{StepPermit};\nuse crate::pixi::Row;",
            ),
            ("money.rs", "//! See [`crate::engine`].\n/* use crate::engine; */ const A: &str = \"crate::engine\";"),
            (
                "money.rs",
                "fn f() {}\n#[cfg(test)]\nmod tests {\n    use crate::engine::Cycle;\n    fn g() { \"}\"; }\n}\n",
            ),
            ("wire/quiet.rs", "use super::Wire;"),
            ("main.rs", "fn main() { pixi_payd::cli::main() }"),
            ("lib.rs", "pub mod engine;"),
        ] {
            assert_eq!(direction(&house(&[(path, text)])), [""; 0], "{path}: {text}");
        }
        let with_tests = [("money.rs", "#[cfg(test)]\nmod tests;"), ("money/tests.rs", "use crate::engine::Cycle;")];
        assert_eq!(direction(&house(&with_tests)), [""; 0]);
        let with_code = [("money.rs", "mod tests;"), ("money/tests.rs", "use crate::engine::Cycle;")];
        assert_eq!(direction(&house(&with_code)).len(), 1, "a file is a test only where it is declared as one");
    }

    #[test]
    fn pure_policy_finds_async_clocks_and_files() {
        for text in [
            "async fn f() {}",
            "use crate::clock::Clock;",
            "fn f() { tokio::spawn(g()) }",
            "use std::fs;",
            "fn f() { sqlx::query(q) }",
            "fn f() { chrono::Utc::now() }",
        ] {
            assert_eq!(pure_policy(&house(&[("policy/a.rs", text)])).len(), 1, "{text}");
            assert_eq!(pure_policy(&house(&[("engine/a.rs", text)])), [""; 0], "others may");
        }
        let fine = "use crate::clock::Time;\n// no async\nfn plan(now: Time) -> &'static str { \"async\" }";
        assert_eq!(pure_policy(&house(&[("policy/a.rs", fine)])), [""; 0]);
    }

    #[test]
    fn strangers_finds_the_other_client_in_any_name() {
        assert_eq!(strangers(&house(&[("pixi/a.rs", "fn from_unzer() {}")])).len(), 1);
        assert_eq!(strangers(&house(&[("unzer/a.rs", "struct PixiOrder;")])).len(), 1);
        let fine = [("pixi/a.rs", "// as Unzer\nconst A: &str = \"unzer\";"), ("engine/a.rs", "use crate::unzer::A;")];
        assert_eq!(strangers(&house(&fine)), [""; 0]);
    }

    #[test]
    fn only_in_finds_tools_away_from_home() {
        let files = [("wire/http.rs", "use reqwest::Client;"), ("pixi/a.rs", "fn f() { reqwest::get(u) }")];
        assert_eq!(only_in(&house(&files), "reqwest", &["wire"]).len(), 1);
        let files =
            [("clock.rs", "Utc::now()"), ("web/a.rs", "chrono::Utc :: now()"), ("web/b.rs", "clock.now(); Utc")];
        assert_eq!(only_in(&house(&files), "Utc::now", &["clock"]), ["web/a.rs: Utc::now belongs in clock"]);
    }

    #[test]
    fn too_long_counts_lines() {
        assert_eq!(too_long(&house(&[("money.rs", &"\n".repeat(LONGEST))])), [""; 0]);
        assert_eq!(too_long(&house(&[("money.rs", &"\n".repeat(LONGEST + 1))])).len(), 1);
    }

    #[test]
    fn unfinished_finds_every_mark() {
        for text in ["todo!()", "unimplemented!()", "// FIXME", "// TODO later", "#[ignore = \"slow\"]", "// XXX: odd"]
        {
            assert_eq!(unfinished(&house(&[("money.rs", text)])).len(), 1, "{text}");
        }
    }
}

/// A migration that was only tried on an empty store loses data on a full one.
#[test]
fn every_migration_has_its_data_file() {
    let names = |folder: &str| -> BTreeSet<String> {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(folder);
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    };
    assert_eq!(
        names("sqlite"),
        names("data"),
        "each migrations/sqlite/NNNN_*.sql has migrations/data/NNNN_*.sql, filled"
    );
    assert_eq!(names("sqlite"), names("postgres"), "each migrations/sqlite/NNNN_*.sql has its twin for PostgreSQL");
}
