//! `tests/planted/`: bugs on purpose, as patches. `tests/mutants` shows that a test notices each; here, that none has rotted.

use std::fs;
use std::path::Path;

/// So many bugs at least.
const ENOUGH: usize = 30;

/// A planted bug.
struct Planted {
    name: String,
    text: String,
}

/// One changed place: the file, its lines as they are, and as the bug has them.
struct Hunk<'a> {
    file: &'a str,
    before: Vec<&'a str>,
    after: Vec<&'a str>,
}

fn planted() -> Vec<Planted> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/planted");
    let mut found: Vec<Planted> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| Planted {
            name: path.file_name().unwrap().to_str().unwrap().to_owned(),
            text: fs::read_to_string(&path).unwrap(),
        })
        .collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

fn hunks(patch: &str) -> Vec<Hunk<'_>> {
    let mut hunks: Vec<Hunk<'_>> = Vec::new();
    let (mut file, mut open) = ("", false);
    for line in patch.lines() {
        if let Some(path) = line.strip_prefix("+++ b/") {
            (file, open) = (path, false);
        } else if line.starts_with("--- a/") {
            open = false;
        } else if line.starts_with("@@ ") {
            open = true;
            hunks.push(Hunk { file, before: Vec::new(), after: Vec::new() });
        } else if let Some(hunk) = hunks.last_mut().filter(|_| open) {
            let (mark, rest) = line.split_at(line.len().min(1));
            match mark {
                "-" => hunk.before.push(rest),
                "+" => hunk.after.push(rest),
                _ => {
                    hunk.before.push(rest);
                    hunk.after.push(rest);
                }
            }
        }
    }
    hunks
}

/// In how many places of `text` the lines stand, one after another.
fn places(text: &str, lines: &[&str]) -> usize {
    let all: Vec<&str> = text.lines().collect();
    all.windows(lines.len().max(1)).filter(|window| *window == lines).count()
}

/// What is wrong with a planted bug.
fn wrong(bug: &Planted, read: &dyn Fn(&str) -> Option<String>) -> Vec<String> {
    let name = &bug.name;
    let mut wrong = Vec::new();
    for word in ["Breaks: ", "Costs: ", "First: "] {
        if !bug.text.lines().any(|line| line.strip_prefix(word).is_some_and(|rest| !rest.trim().is_empty())) {
            wrong.push(format!("{name}: no line \"{word}…\""));
        }
    }
    let hunks = hunks(&bug.text);
    if hunks.is_empty() {
        wrong.push(format!("{name}: changes nothing"));
    }
    for hunk in hunks {
        let file = hunk.file;
        let ships = (file.starts_with("src/") && !file.contains("tests")) || file.starts_with("migrations/");
        if !ships {
            wrong.push(format!("{name}: {file} does not ship"));
        }
        if hunk.before == hunk.after {
            wrong.push(format!("{name}: changes nothing in {file}"));
        }
        match read(file).map(|text| places(&text, &hunk.before)) {
            Some(1) => {}
            Some(0) => wrong.push(format!("{name}: {file} has changed, the bug has to be planted anew")),
            Some(several) => wrong.push(format!("{name}: fits {several} places of {file}")),
            None => wrong.push(format!("{name}: there is no {file}")),
        }
    }
    wrong
}

fn of_project(file: &str) -> Option<String> {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).ok()
}

#[test]
fn every_planted_bug_still_applies() {
    let wrong: Vec<String> = planted().iter().flat_map(|bug| wrong(bug, &of_project)).collect();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

#[test]
fn planted_bugs_are_many_and_numbered() {
    let bugs = planted();
    assert!(bugs.len() >= ENOUGH);
    for (index, bug) in bugs.iter().enumerate() {
        assert!(
            bug.name.starts_with(&format!("{:02}-", index + 1))
                && std::path::Path::new(&bug.name).extension() == Some("patch".as_ref()),
            "{}: should be number {}",
            bug.name,
            index + 1
        );
    }
}

/// The check finds what it is there to find.
#[test]
fn a_rotten_bug_is_found() {
    let head = "Breaks: a\nCosts: b\nFirst: c\n\n--- a/src/x.rs\n+++ b/src/x.rs\n";
    let check = |hunk: &str, source: Option<&str>| {
        let bug = Planted { name: "01-x.patch".to_owned(), text: format!("{head}{hunk}") };
        wrong(&bug, &|_| source.map(str::to_owned)).len()
    };
    let hunk = "@@ -1,2 +1,2 @@\n one\n-two\n+three\n";
    assert_eq!(check(hunk, Some("zero\none\ntwo\n")), 0);
    assert_eq!(check(hunk, Some("one\nother\n")), 1, "changed");
    assert_eq!(check(hunk, Some("one\ntwo\none\ntwo\n")), 1, "two places");
    assert_eq!(check(hunk, None), 1, "no file");
    assert_eq!(check("", Some("")), 1, "no change");
    assert_eq!(check("@@ -1 +1 @@\n one\n", Some("one\n")), 1, "the same");
    let bare = Planted { name: "01-x.patch".to_owned(), text: hunk.to_owned() };
    assert!(wrong(&bare, &of_project).len() >= 3, "no header");
}
