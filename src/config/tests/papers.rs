//! The schema, the reference and the example are current. `UPDATE_SCHEMA=1` writes schema and reference anew.

use std::fmt::Write as _;

use serde_json::Value;

use super::*;

fn current(path: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE_SCHEMA").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "{} is stale; run: UPDATE_SCHEMA=1 cargo test papers", path.display());
}

#[test]
fn the_committed_schema_is_current() {
    current("config.schema.json", &(serde_json::to_string_pretty(&schema()).unwrap() + "\n"));
}

#[test]
fn the_reference_is_current() {
    current("docs/configuration.md", &reference());
}

#[test]
fn the_example_loads_and_shows() {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/config");
    let mut folder = Folder::new().with("pixi-payd.yaml", std::fs::read(source.join("example.yaml")).unwrap());
    for name in ["error-page-token", "hook-token", "api-token", "pixi-live", "unzer-leo", "dkim.pem"] {
        let name = format!("secrets/{name}");
        folder = folder.with(&name, std::fs::read(source.join(&name)).unwrap());
    }
    folder = folder.with("tls/cert.pem", "x").with("tls/key.pem", "x").with("tls/mail-ca.pem", "x");
    let loaded = folder.load().unwrap_or_else(|findings| panic!("{findings}"));
    let place = folder.path("");
    let clean = |text: String| text.replace(&*place.to_string_lossy(), "");
    insta::assert_snapshot!("example_findings", clean(folder.findings()));
    insta::assert_snapshot!("example_shown", clean(show(&loaded)));
    assert_eq!(show(&loaded), show(&folder.load().unwrap()));
}

#[test]
fn the_starter_loads_as_it_is_and_with_every_comment_taken_off() {
    let text = findings(STARTER);
    assert!(text.lines().all(|line| line.starts_with("warning: ")), "{text}");
    // A line such as `# mail: …` is an example, a line of prose is not.
    let example = |line: &str| {
        let key = line.trim_start().trim_start_matches("# ").split(':').next().unwrap_or_default();
        line.trim_start().starts_with("# ") && line.contains(':') && !key.trim().contains(' ')
            || line.contains("#   - {")
    };
    let bare = |line: &str| if example(line) { line.replacen("# ", "", 1) } else { line.to_owned() };
    let whole: String = STARTER.lines().skip(2).map(|line| bare(line) + "\n").collect();
    assert!(!whole.contains("# mail:"), "{whole}");
    let text = findings(&whole);
    let wrong = |line: &&str| {
        !line.starts_with("warning: ") && !line.contains(" is not there; ") && !line.contains("there is no file")
    };
    assert_eq!(text.lines().filter(wrong).collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn the_example_writes_every_key_of_the_schema() {
    let text = include_str!("../../../fixtures/config/example.yaml");
    let whole = schema();
    let blocks = std::iter::once(&whole).chain(whole["$defs"].as_object().unwrap().values());
    for key in blocks.filter_map(|block| block["properties"].as_object()).flat_map(|keys| keys.keys()) {
        assert!(text.contains(&format!("{key}:")) || text.contains(&format!("{key},")), "{key}");
    }
}

#[test]
fn every_key_has_its_meaning_in_the_schema() {
    let whole = schema();
    let blocks = std::iter::once(&whole).chain(whole["$defs"].as_object().unwrap().values());
    for (key, what) in blocks.filter_map(|block| block["properties"].as_object()).flatten() {
        assert!(what["description"].is_string(), "{key}");
    }
}

const INTRO: &str = include_str!("reference_intro.md");

/// `docs/configuration.md` from the schema.
fn reference() -> String {
    let whole = schema();
    let mut text = INTRO.to_owned();
    section(&mut text, "Top level", &whole, &whole);
    for (path, name) in [
        ("schedule", "Schedule"),
        ("safety", "Safety"),
        ("web", "Web"),
        ("web.tls", "Tls"),
        ("web.users[]", "User"),
        ("mail, mandants.ID.mail", "Mail"),
        ("mail.smtp", "Smtp"),
        ("mail.dkim", "Dkim"),
        ("pixi.NAME", "PixiApi"),
        ("mandants.ID", "Mandant"),
        ("mandants.ID.payment_types.CODE, mandants.ID.defaults", "PaymentType"),
        ("mandants.ID.payment_types.CODE.keys[]", "KeyPair"),
    ] {
        section(&mut text, &format!("`{}`", path.replace(", ", "` and `")), &whole["$defs"][name], &whole);
    }
    let example = include_str!("../../../fixtures/config/example.yaml");
    write!(text, "\n## A whole file\n\n```yaml\n{example}```\n").unwrap();
    text
}

fn section(text: &mut String, title: &str, block: &Value, whole: &Value) {
    let described = block["description"].as_str().unwrap_or_default().replace('\n', " ");
    write!(text, "\n## {title}\n\n{described}\n\n| key | meaning | value | default |\n| --- | --- | --- | --- |\n")
        .unwrap();
    let required: Vec<&str> = block["required"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
    for (key, what) in block["properties"].as_object().unwrap() {
        let meaning = what["description"].as_str().unwrap_or_default().replace('\n', " ").replace('|', "\\|");
        let target =
            what["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")).map(|name| &whole["$defs"][name]);
        let words = words(target.unwrap_or(what));
        let meaning = if words.is_empty() { meaning } else { format!("{meaning} {words}") };
        let default = match &what["default"] {
            Value::Null if required.contains(&key.as_str()) => "needed".to_owned(),
            Value::Null => "–".to_owned(),
            Value::String(word) => format!("`{word}`"),
            other => format!("`{other}`"),
        };
        writeln!(text, "| `{key}` | {meaning} | {} | {default} |", sort(what, target)).unwrap();
    }
}

/// The words of a closed set with their meanings.
fn words(schema: &Value) -> String {
    let one = |word: &Value| {
        let name = word["const"].as_str()?;
        let meaning = word["description"].as_str().unwrap_or_default().replace('\n', " ");
        Some(format!("`{name}`: {}", meaning.trim_end_matches('.')))
    };
    let words: Vec<String> = schema["oneOf"].as_array().into_iter().flatten().filter_map(one).collect();
    if words.is_empty() { String::new() } else { format!("{}.", words.join("; ")) }
}

/// What sort of value it is, with an example.
fn sort(what: &Value, target: Option<&Value>) -> String {
    let schema = target.unwrap_or(what);
    let sort = match (schema["x-kind"].as_str(), schema["type"].as_str()) {
        (Some(kind), _) => kind.to_owned(),
        (None, Some("object")) => "block".to_owned(),
        (None, Some("array")) => "list".to_owned(),
        (None, Some("integer")) => match (schema["minimum"].as_u64(), schema["maximum"].as_u64()) {
            (Some(least), Some(most)) => format!("number, {least} to {most}"),
            _ => "number".to_owned(),
        },
        (None, Some("boolean")) => "`true` or `false`".to_owned(),
        _ if schema["oneOf"].is_array() || schema["enum"].is_array() => "one of the words".to_owned(),
        _ => "text".to_owned(),
    };
    match &what["examples"][0] {
        Value::Null => sort,
        Value::String(example) => format!("{sort}, such as `{example}`"),
        example => format!("{sort}, such as `{}`", example.to_string().replace('"', "")),
    }
}
