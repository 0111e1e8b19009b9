//! First look at a tree: which keys there are, and whether each holds the sort of value the schema allows.
//!
//! What is wrong is reported and struck out ([`Node::Bad`]), so that the second look ([`crate::config::read`]) meets only
//! values of the right sort and nothing is reported twice.

use serde_json::Value;

use crate::config::finding::{Finding, Severity, nearest, shown, shown_key};
use crate::config::yaml::{Entry, Node, Place};

/// Follows a `$ref`; a schema without one is returned as it is.
pub fn resolve<'a>(schema: &'a Value, root: &'a Value) -> &'a Value {
    let Some(name) = schema["$ref"].as_str().and_then(|name| name.strip_prefix("#/$defs/")) else { return schema };
    &root["$defs"][name]
}

/// Schema of what stands under `key` of a block, if the block may hold it.
pub fn schema_of<'a>(key: &str, block: &'a Value, root: &'a Value) -> Option<&'a Value> {
    let block = resolve(block, root);
    let named = block["properties"].get(key);
    named.or_else(|| block.get("additionalProperties").or_else(|| block.get("items")).filter(|open| open.is_object()))
}

/// Looks at trees along a schema.
pub struct Shape<'a> {
    /// The whole schema.
    pub root: &'a Value,
    /// What was found.
    pub findings: Vec<Finding>,
}

impl Shape<'_> {
    fn error(&mut self, place: &Place, key: &str, message: impl Into<String>, mend: impl Into<String>) {
        self.findings.push(Finding::new(Severity::Error, place, key, message, mend));
    }

    /// Looks at the entries of a block whose path is `path`, and writes every entry's own path.
    pub fn block(&mut self, entries: &mut Vec<Entry>, schema: &Value, path: &str, place: &Place) {
        let root = self.root;
        let block = resolve(schema, root);
        self.repeated_keys(entries, path);
        for entry in entries.iter_mut() {
            let shown_key = shown_key(&entry.key);
            entry.path = join(path, shown_key.unwrap_or("?"));
            let Some(schema) = schema_of(&entry.key, block, root) else {
                self.unknown_key(entry, block);
                entry.node = Node::Bad;
                continue;
            };
            if shown_key.is_none() {
                let (place, path) = (entry.place.clone(), entry.path.clone());
                self.error(&place, &path, "this key is no plain word", "write letters, digits, - or _");
                entry.node = Node::Bad;
                continue;
            }
            // `V:` alone is a payment type that takes everything from the defaults.
            let named_by_user = block["properties"].get(&entry.key).is_none();
            if named_by_user && matches!(entry.node, Node::Null) && resolve(schema, root)["type"] == "object" {
                entry.node = Node::Map(Vec::new());
            }
            self.value(entry, schema);
        }
        // An empty key counts as missing.
        entries.retain(|entry| !matches!(entry.node, Node::Null));
        for required in block["required"].as_array().into_iter().flatten().filter_map(Value::as_str) {
            if !entries.iter().any(|entry| entry.key == required) {
                let what = block["properties"][required]["description"].as_str().unwrap_or_default();
                let what = what.split_inclusive(['.', ';']).next().unwrap_or_default().trim_end_matches(['.', ';']);
                self.error(place, &join(path, required), "is missing", format!("write {required}: … ({what})"));
            }
        }
    }

    /// Reports and takes out keys written twice, naming both places.
    pub fn repeated_keys(&mut self, entries: &mut Vec<Entry>, path: &str) {
        let mut kept: Vec<Entry> = Vec::with_capacity(entries.len());
        for entry in entries.drain(..) {
            match kept.iter().find(|first| first.key == entry.key) {
                Some(first) => {
                    let key = join(path, shown_key(&entry.key).unwrap_or("?"));
                    let message = format!("is written twice, first in {}", at(&first.place));
                    self.error(&entry.place, &key, message, "take one of them out");
                }
                None => kept.push(entry),
            }
        }
        *entries = kept;
    }

    fn unknown_key(&mut self, entry: &Entry, block: &Value) {
        let known: Vec<&str> =
            block["properties"].as_object().map(|known| known.keys().map(String::as_str).collect()).unwrap_or_default();
        let mend = match nearest(&entry.key, known.iter().copied()) {
            Some(near) => format!("nearest: {near}"),
            None => format!("known here: {}", known.join(", ")),
        };
        let message = if shown_key(&entry.key).is_some() { "unknown key" } else { "unknown key (not shown)" };
        self.error(&entry.place, &entry.path, message, mend);
    }

    fn value(&mut self, entry: &mut Entry, schema: &Value) {
        let root = self.root;
        let schema = resolve(schema, root);
        if schema["x-kind"] == "secret" {
            self.secret(entry);
            return;
        }
        let path = entry.path.clone();
        let place = entry.place.clone();
        let fine = match (&mut entry.node, schema["type"].as_str()) {
            (Node::Null | Node::Bad, _) => true,
            (Node::Map(entries), Some("object")) => {
                self.block(entries, schema, &path, &place);
                true
            }
            (node, Some("object")) => {
                let found = node.kind();
                self.error(&place, &path, format!("is {found}"), "write a block of keys, indented under it");
                false
            }
            (Node::Seq(items), Some("array")) => {
                for item in items {
                    item.path = format!("{path}{}", item.key);
                    self.value(item, &schema["items"]);
                }
                true
            }
            (node, Some("array")) => {
                let found = node.kind();
                self.error(
                    &place,
                    &path,
                    format!("is {found}"),
                    "write a list: [a, b], or one \"- a\" per line under it",
                );
                false
            }
            (Node::Scalar(text), _) => match scalar(text, schema, &entry.key) {
                Ok(()) => true,
                Err((message, mend)) => {
                    self.error(&place, &path, message, mend);
                    false
                }
            },
            (node, _) => {
                let found = node.kind();
                self.error(
                    &place,
                    &path,
                    format!("is {found}"),
                    "write a single value; put text with special signs in quotes",
                );
                false
            }
        };
        if !fine {
            entry.node = Node::Bad;
        }
    }

    /// A secret is never shown, whatever it is.
    fn secret(&mut self, entry: &mut Entry) {
        let fine = match &entry.node {
            Node::Null | Node::Bad => true,
            Node::Scalar(text) => !text.is_empty(),
            Node::Map(keys) => match keys.as_slice() {
                [only] => {
                    let named = only.key == "file" || only.key == "env";
                    named && matches!(&only.node, Node::Scalar(text) if !text.is_empty())
                }
                _ => false,
            },
            Node::Seq(_) => false,
        };
        if !fine {
            let (place, path) = (entry.place.clone(), entry.path.clone());
            self.error(&place, &path, "is not a secret", "write the text itself, {file: PATH} or {env: NAME}");
            entry.node = Node::Bad;
        }
    }
}

/// `parent.key`, or `key` at the top.
pub fn join(parent: &str, key: &str) -> String {
    match parent {
        "" => key.to_owned(),
        parent => format!("{parent}.{key}"),
    }
}

/// A place for use within a sentence.
pub fn at(place: &Place) -> String {
    format!("{}:{}", place.file, place.line)
}

/// Checks a single value against a closed set of words, a number's range, or a switch; other text is looked at later.
fn scalar(text: &str, schema: &Value, key: &str) -> Result<(), (String, String)> {
    let given = shown(text).unwrap_or_else(|| "this".to_owned());
    let words = words(schema);
    if !words.is_empty() {
        if words.contains(&text) {
            return Ok(());
        }
        let near = nearest(text, words.iter().copied()).map(|near| format!(" (nearest: {near})")).unwrap_or_default();
        let name = key.replace('_', " ");
        let article = if name.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
        return Err((format!("{given} is not {article} {name}"), format!("write one of {}{near}", words.join(", "))));
    }
    match schema["type"].as_str() {
        Some("boolean") if text != "true" && text != "false" => {
            Err((format!("{given} is neither true nor false"), "write true or false".to_owned()))
        }
        Some("integer") => {
            let least = schema["minimum"].as_i64().unwrap_or(0);
            let most = schema["maximum"].as_i64().unwrap_or(i64::from(u32::MAX));
            match text.parse::<i64>() {
                Ok(number) if (least..=most).contains(&number) => Ok(()),
                _ => Err((
                    format!("{given} is not a whole number from {least} to {most}"),
                    format!("write a number from {least} to {most}"),
                )),
            }
        }
        _ => Ok(()),
    }
}

/// The words a closed set allows; empty where the set is open.
fn words(schema: &Value) -> Vec<&str> {
    let listed = schema["enum"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let described = schema["oneOf"].as_array().into_iter().flatten();
    let described = described.flat_map(|one| {
        let alone = one["const"].as_str();
        alone.into_iter().chain(one["enum"].as_array().into_iter().flatten().filter_map(Value::as_str))
    });
    listed.chain(described).collect()
}
