//! A place in the tree with all that is needed to read a setting there: value, default, and where to report to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::SecretString;
use serde::de::DeserializeOwned;
use serde_json::Value;

use crate::config::finding::{Finding, Severity, shown};
use crate::config::shape::{join, schema_of};
use crate::config::value::{Complaint, Read};
use crate::config::yaml::{Entry, Node, Place};

/// Where each secret comes from (`value`, `file PATH`, `env NAME`), by its key.
pub type Origins = BTreeMap<String, String>;

/// Looks up an environment variable.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<String>;

/// What reading shares: the schema, the surroundings, and everything found.
pub struct Context<'a> {
    /// The whole schema.
    pub root: &'a Value,
    /// Environment variables.
    pub environment: Environment<'a>,
    /// Folder of each file, by the file's shown name.
    pub folders: BTreeMap<Arc<str>, PathBuf>,
    /// What was found.
    pub findings: RefCell<Vec<Finding>>,
    /// Where each secret comes from, by key.
    pub origins: RefCell<Origins>,
    /// Every secret's text, so that no finding can hold one.
    pub secrets: RefCell<Vec<String>>,
    /// Files that hold plain secrets, with the first such key.
    pub holders: RefCell<BTreeMap<Arc<str>, String>>,
}

/// One key, there or not.
#[derive(Clone)]
pub struct At<'a> {
    context: &'a Context<'a>,
    entry: Option<&'a Entry>,
    schema: &'a Value,
    /// Key with its parents in the whole, inheritance applied.
    path: String,
    /// The same as written in the file; where a key is missing, as it would have to be written.
    written: String,
    place: Place,
}

impl<'a> At<'a> {
    /// The whole file.
    pub fn top(context: &'a Context<'a>, whole: &'a Entry) -> Self {
        Self {
            context,
            entry: Some(whole),
            schema: context.root,
            path: String::new(),
            written: String::new(),
            place: whole.place.clone(),
        }
    }

    /// What stands under `key`.
    pub fn key(&self, key: &str) -> Self {
        let schema = schema_of(key, self.schema, self.context.root);
        debug_assert!(schema.is_some(), "{key} is not in the schema of {}", self.path);
        let entry = self.entry.and_then(|entry| entry.node.get(key));
        let place = entry.map_or_else(|| self.place.clone(), |entry| entry.place.clone());
        let written = entry.map_or_else(|| join(&self.written, key), |entry| entry.path.clone());
        let path = join(&self.path, key);
        Self { context: self.context, entry, schema: schema.unwrap_or(&Value::Null), path, written, place }
    }

    /// The entries of an open block or of a list.
    pub fn entries(&self) -> Vec<Self> {
        let inner = |entry: &'a Entry| Self {
            context: self.context,
            entry: Some(entry),
            schema: schema_of(&entry.key, self.schema, self.context.root).unwrap_or(&Value::Null),
            path: if entry.key.starts_with('[') {
                format!("{}{}", self.path, entry.key)
            } else {
                join(&self.path, &entry.key)
            },
            written: entry.path.clone(),
            place: entry.place.clone(),
        };
        self.entry.map(|entry| entry.node.entries().iter().map(inner).collect()).unwrap_or_default()
    }

    /// The key itself.
    pub fn name(&self) -> &'a str {
        self.entry.map_or("", |entry| entry.key.as_str())
    }

    /// Written in a file, be it right or wrong.
    pub fn is_set(&self) -> bool {
        self.entry.is_some()
    }

    /// Written, but found wrong already.
    pub fn is_bad(&self) -> bool {
        matches!(self.entry, Some(Entry { node: Node::Bad, .. }))
    }

    /// Where it stands; for a missing key, where the block stands that lacks it.
    pub fn place(&self) -> &Place {
        &self.place
    }

    /// The text written, else the default's.
    pub fn text(&self) -> Option<String> {
        match self.entry.map(|entry| &entry.node) {
            Some(Node::Scalar(text)) => Some(text.clone()),
            Some(_) => None,
            None => match &self.schema["default"] {
                Value::Null | Value::Array(_) | Value::Object(_) => None,
                Value::String(text) => Some(text.clone()),
                other => Some(other.to_string()),
            },
        }
    }

    /// The value, read by `read`; reports why not.
    pub fn read<T>(&self, read: impl FnOnce(&str) -> Read<T>) -> Option<T> {
        let text = self.text()?;
        match read(&text) {
            Ok(value) => Some(value),
            Err(Complaint { what, mend }) => {
                let given = shown(&text)
                    .unwrap_or_else(|| if text.is_empty() { "an empty text" } else { "the value" }.to_owned());
                self.error(format!("{given} {what}"), mend);
                None
            }
        }
    }

    /// One word of a closed set, which the shape has checked.
    pub fn choice<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_value(Value::String(self.text()?)).ok()
    }

    /// A switch.
    pub fn flag(&self) -> bool {
        self.text().as_deref() == Some("true")
    }

    /// A whole number, whose range the shape has checked.
    pub fn number<T: std::str::FromStr>(&self) -> Option<T> {
        self.text()?.parse().ok()
    }

    /// `file` relative to the file this stands in.
    pub fn beside(&self, file: &str) -> PathBuf {
        match self.context.folders.get(&self.place.file) {
            Some(folder) => folder.join(file),
            None => PathBuf::from(file),
        }
    }

    /// A file that must be there.
    pub fn existing_file(&self) -> Option<PathBuf> {
        let path = self.beside(&self.text()?);
        if path.is_file() {
            return Some(path);
        }
        self.error(format!("there is no file {}", path.display()), "put it there, or name the right one");
        None
    }

    /// A secret, and where from. Missing or unusable: none, reported if it is `needed`.
    pub fn secret(&self, needed: bool) -> Option<SecretString> {
        let entry = self.entry?;
        let result = match &entry.node {
            Node::Scalar(text) => {
                let mut holders = self.context.holders.borrow_mut();
                holders.entry(Arc::clone(&self.place.file)).or_insert_with(|| entry.path.clone());
                Ok((text.clone(), "value".to_owned()))
            }
            Node::Map(keys) => match keys.as_slice() {
                [Entry { key, node: Node::Scalar(name), .. }] if key == "file" => self.secret_file(name),
                [Entry { node: Node::Scalar(name), .. }] => self.secret_variable(name),
                _ => return None,
            },
            _ => return None,
        };
        match result {
            Ok((text, origin)) => {
                self.context.secrets.borrow_mut().push(text.clone());
                self.context.origins.borrow_mut().insert(self.path.clone(), origin);
                Some(SecretString::from(text))
            }
            Err(Complaint { what, mend }) => {
                if needed {
                    self.error(what, mend);
                }
                None
            }
        }
    }

    fn secret_file(&self, name: &str) -> Read<(String, String)> {
        let path = self.beside(name);
        let mend = || format!("write the secret into {}, readable by the daemon alone (chmod 600)", path.display());
        let fail = |what: String| Err(Complaint { what, mend: mend() });
        let text = match read_bounded(&path) {
            Ok(text) => text,
            Err(error) => return fail(format!("the secret's file {} {}", path.display(), cannot(&error))),
        };
        let text = text.strip_suffix('\n').map_or(text.as_str(), |text| text.strip_suffix('\r').unwrap_or(text));
        if text.is_empty() {
            return fail(format!("the secret's file {} is empty", path.display()));
        }
        if others_can_read(&path) {
            self.warn(
                format!("others can read the secret's file {}", path.display()),
                format!("chmod 600 {}", path.display()),
            );
        }
        Ok((text.to_owned(), format!("file {name}")))
    }

    fn secret_variable(&self, name: &str) -> Read<(String, String)> {
        let found = (self.context.environment)(name).filter(|text| !text.is_empty());
        let shown = shown_variable(name);
        found.map(|text| (text, format!("env {shown}"))).ok_or_else(|| Complaint {
            what: format!("the environment variable {shown} is not set"),
            mend: "set it where the daemon is started (systemd: EnvironmentFile=)".to_owned(),
        })
    }

    /// Reports an error here.
    pub fn error(&self, message: impl Into<String>, mend: impl Into<String>) {
        self.report(Severity::Error, message, mend);
    }

    /// Reports a warning here.
    pub fn warn(&self, message: impl Into<String>, mend: impl Into<String>) {
        self.report(Severity::Warning, message, mend);
    }

    /// Reports what was evened out here.
    pub fn note(&self, message: impl Into<String>, mend: impl Into<String>) {
        self.report(Severity::Note, message, mend);
    }

    fn report(&self, severity: Severity, message: impl Into<String>, mend: impl Into<String>) {
        // What is inherited is reported where it is written, and once.
        let finding = Finding::new(severity, &self.place, &self.written, message, mend);
        let mut findings = self.context.findings.borrow_mut();
        if !findings.contains(&finding) {
            findings.push(finding);
        }
    }
}

/// A variable's name if it is one; a secret put there by mistake is not shown.
fn shown_variable(name: &str) -> &str {
    let plain = name.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_');
    if plain { name } else { "(name not shown: not all capitals)" }
}

/// Text of a file of at most 8 MiB.
pub fn read_bounded(path: &Path) -> std::io::Result<String> {
    use std::io::{Error, ErrorKind, Read as _};
    const MOST: u64 = 8 << 20;
    let mut bytes = Vec::new();
    std::fs::File::open(path)?.take(MOST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST {
        return Err(Error::new(ErrorKind::FileTooLarge, "too large"));
    }
    String::from_utf8(bytes).map_err(|_| Error::new(ErrorKind::InvalidData, "not UTF-8"))
}

/// Why a file cannot be read, after its name.
pub fn cannot(error: &std::io::Error) -> &'static str {
    use std::io::ErrorKind as K;
    match error.kind() {
        K::NotFound => "is not there",
        K::PermissionDenied => "may not be read by this user",
        K::IsADirectory => "is a folder",
        K::FileTooLarge => "is too large",
        K::InvalidData => "is not UTF-8 text",
        _ => "cannot be read",
    }
}

/// True where the file's group or everyone has any right to it.
#[cfg(unix)]
pub fn others_can_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).is_ok_and(|data| data.permissions().mode() & 0o077 != 0)
}

/// Elsewhere rights are not looked at.
#[cfg(not(unix))]
pub fn others_can_read(_: &Path) -> bool {
    false
}
