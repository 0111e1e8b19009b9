//! Just enough reading of Rust to judge it: code without comments, strings and tests; the paths it uses.

/// `source` without comments, the contents of strings and characters, and what is `#[cfg(test)]`.
pub fn code(source: &str) -> String {
    without_tests(&plain(source))
}

/// Names of the modules declared as `#[cfg(test)] mod name;`.
pub fn test_modules(source: &str) -> Vec<String> {
    let plain = plain(source);
    let mut found = Vec::new();
    for (at, mark) in plain.match_indices(CFG_TEST) {
        let item = item(&plain[at + mark.len()..]);
        let words = words(item);
        if item.ends_with(';')
            && let Some(at) = words.iter().position(|word| *word == "mod")
        {
            found.extend(words.get(at + 1).map(|name| (*name).to_owned()));
        }
    }
    found
}

/// Names and keywords of `code`, in their order.
pub fn words(code: &str) -> Vec<&str> {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    code.split(|c| !is_part(c)).filter(|word| !word.is_empty()).collect()
}

/// Every path into this crate, groups written out: `use crate::{a::B, c}` gives `a::B` and `c`.
pub fn paths(code: &str) -> Vec<Vec<String>> {
    let code: String = code.split_whitespace().collect::<Vec<_>>().join(" ").replace(" ::", "::").replace(":: ", "::");
    let mut found = Vec::new();
    for root in ["crate::", "pixi_payd::"] {
        for (at, _) in code.match_indices(root) {
            let before = code[..at].chars().next_back();
            if !before.is_some_and(|c| c.is_alphanumeric() || c == '_') {
                tree(&code[at + root.len()..], &[], &mut found);
            }
        }
    }
    found
}

const CFG_TEST: &str = "#[cfg(test)]";

/// Reads one use tree; how many bytes it took.
fn tree(text: &str, stem: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut path = stem.to_vec();
    let mut at = 0;
    loop {
        let rest = &text[at..];
        if rest.starts_with('{') {
            return at + group(rest, &path, found);
        }
        let end = rest.find(|c: char| !(c.is_alphanumeric() || c == '_')).unwrap_or(rest.len());
        if end > 0 && &rest[..end] != "self" {
            path.push(rest[..end].to_owned());
        }
        at += end;
        if text[at..].starts_with("::") {
            at += 2;
            continue;
        }
        if !path.is_empty() {
            found.push(path);
        }
        return at;
    }
}

/// Reads `{a, b::c}`; how many bytes it took.
fn group(text: &str, stem: &[String], found: &mut Vec<Vec<String>>) -> usize {
    let mut at = 1;
    loop {
        at += text[at..].len() - text[at..].trim_start_matches([' ', ',']).len();
        if at >= text.len() || text[at..].starts_with('}') {
            return (at + 1).min(text.len());
        }
        let taken = tree(&text[at..], stem, found);
        at += taken;
        // What follows a name (`as b`, `*`) up to the next one.
        at += text[at..].find([',', '}']).unwrap_or(text.len() - at);
    }
}

fn without_tests(plain: &str) -> String {
    let mut code = String::new();
    let mut rest = plain;
    while let Some(at) = rest.find(CFG_TEST) {
        code.push_str(&rest[..at]);
        let after = &rest[at + CFG_TEST.len()..];
        rest = &after[item(after).len()..];
    }
    code + rest
}

/// The item `text` starts with: to its `;` or its closing brace.
fn item(text: &str) -> &str {
    let mut depth = 0_u32;
    for (at, c) in text.char_indices() {
        match c {
            '{' | '(' | '[' => depth += 1,
            '}' | ')' | ']' => {
                depth = depth.saturating_sub(1);
                if depth == 0 && c == '}' {
                    return &text[..=at];
                }
            }
            ';' if depth == 0 => return &text[..=at],
            _ => {}
        }
    }
    text
}

/// `source` without comments and with every string and character emptied.
fn plain(source: &str) -> String {
    let mut plain = String::new();
    let mut rest = source;
    while let Some(c) = rest.chars().next() {
        let skipped = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            block_comment(rest)
        } else if c == '"' {
            plain.push_str("\"\"");
            string(rest)
        } else if let Some(length) = raw_string(rest, plain.chars().next_back()) {
            plain.push_str("\"\"");
            length
        } else if let Some(length) = character(rest) {
            plain.push_str("''");
            length
        } else {
            plain.push(c);
            c.len_utf8()
        };
        rest = &rest[skipped..];
    }
    plain
}

fn block_comment(text: &str) -> usize {
    let mut depth = 0_u32;
    let mut at = 0;
    while at < text.len() {
        let rest = &text.as_bytes()[at..];
        if rest.starts_with(b"/*") {
            depth += 1;
            at += 2;
        } else if rest.starts_with(b"*/") {
            depth -= 1;
            at += 2;
            if depth == 0 {
                return at;
            }
        } else {
            at += 1;
        }
    }
    text.len()
}

fn string(text: &str) -> usize {
    let mut escaped = false;
    for (at, c) in text.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '"' => return at + 1,
            _ => {}
        }
    }
    text.len()
}

fn raw_string(text: &str, before: Option<char>) -> Option<usize> {
    if before.is_some_and(|c| c.is_alphanumeric() && c != 'b') || !text.starts_with('r') {
        return None;
    }
    let hashes = text[1..].len() - text[1..].trim_start_matches('#').len();
    let open = 1 + hashes;
    if !text[open..].starts_with('"') {
        return None;
    }
    let close = format!("\"{}", "#".repeat(hashes));
    let end = text[open + 1..].find(&close);
    Some(end.map_or(text.len(), |end| open + 1 + end + close.len()))
}

/// A character literal; a lifetime is none.
fn character(text: &str) -> Option<usize> {
    let inner = text.strip_prefix('\'')?;
    if inner.starts_with('\\') {
        return inner[2..].find('\'').map(|end| end + 4);
    }
    let first = inner.chars().next()?;
    inner[first.len_utf8()..].starts_with('\'').then(|| first.len_utf8() + 2)
}

#[test]
fn code_leaves_comments_strings_and_tests_out() {
    let source = r##"
        /// Doc.
        fn a<'a>(c: char) -> &'a str { if c == '"' || c == '\'' || c == '{' { "b \" c" } else { r#"d " e"# } } // f
        /* g /* h */ i */
        #[cfg(test)]
        mod tests { fn j() { "}" } }
        #[cfg(test)]
        use k;
        fn l() {}
    "##;
    let code = code(source);
    let kept = words(&code).join(" ");
    assert_eq!(kept, "fn a a c char a str if c c c else fn l");
}

#[test]
fn paths_writes_groups_out() {
    let joined = |text: &str| paths(text).iter().map(|path| path.join("::")).collect::<Vec<_>>();
    assert_eq!(
        joined("use crate::a::{self, B as C, d::{E, F}}; crate::g::h(); mycrate::i"),
        ["a", "a::B", "a::d::E", "a::d::F", "g::h"]
    );
    assert_eq!(joined("use crate::{ a , b::* };"), ["a", "b"]);
    assert_eq!(joined("pixi_payd :: cli :: main()"), ["cli::main"]);
}
