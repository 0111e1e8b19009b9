//! From files to [`Settings`].

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::config::at::{At, Context, Environment, Origins, cannot, others_can_read, read_bounded};
use crate::config::file;
use crate::config::finding::{Finding, Findings, Severity};
use crate::config::inherit::inherit;
use crate::config::read;
use crate::config::settings::Settings;
use crate::config::shape::Shape;
use crate::config::yaml::{self, Entry, Node, Place, start};

/// Places a configuration is looked for where none is named.
const USUAL: [&str; 2] = ["./pixi-payd.yaml", "/etc/pixi-payd/pixi-payd.yaml"];

/// A configuration that can be used.
#[derive(Debug, Clone)]
pub struct Loaded {
    /// What is in force.
    pub settings: Settings,
    /// What a person should look at, in the order of the files.
    pub warnings: Vec<Finding>,
    /// The files read, the main file first; secrets' files are not among them.
    pub files: Vec<PathBuf>,
    /// Where each secret comes from (`value`, `file PATH`, `env NAME`), by its key.
    pub origins: Origins,
}

/// The file to read: the one named on the command line, else in `$PIXI_PAYD_CONFIG`, else the first usual one there is.
pub fn find_file(named: Option<&Path>, environment: Option<OsString>) -> Result<PathBuf, Findings> {
    if let Some(path) = named {
        return Ok(path.to_owned());
    }
    if let Some(path) = environment.filter(|path| !path.is_empty()) {
        return Ok(PathBuf::from(path));
    }
    let found = USUAL.iter().map(PathBuf::from).find(|path| path.exists());
    // The leading ./ says nothing in a message.
    found.map(|path| path.strip_prefix("./").map(Path::to_owned).unwrap_or(path)).ok_or_else(|| {
        let message = format!("is not there, nor is {}", USUAL[1]);
        let mend = "name a file with --config or PIXI_PAYD_CONFIG, or make one with: pixi-payd config new";
        Findings(vec![Finding::new(Severity::Error, &start(&Arc::from("pixi-payd.yaml")), "", message, mend)])
    })
}

/// Reads the file at `path` and `conf.d/*.yaml` beside it.
pub fn load(path: &Path) -> Result<Loaded, Findings> {
    load_with(path, &|name| std::env::var(name).ok())
}

/// As [`load`], with another environment for `{env: NAME}`.
pub fn load_with(path: &Path, environment: Environment<'_>) -> Result<Loaded, Findings> {
    let schema = file::schema();
    let mut shape = Shape { root: &schema, findings: Vec::new() };
    let mut reader = Files::default();
    let mut whole = reader.read(path, &mut shape).unwrap_or_default();
    for further in conf_d(path, &mut shape) {
        let entries = reader.read(&further, &mut shape).unwrap_or_default();
        merge(&mut whole, entries, &mut shape);
    }
    let top = start(&reader.names[0]);
    shape.block(&mut whole, &schema, "", &top);
    let mut secrets = Vec::new();
    collect_secrets(&whole, &mut secrets);
    inherit(&mut whole);
    let context = Context {
        root: &schema,
        environment,
        folders: reader.folders,
        findings: RefCell::new(shape.findings),
        origins: RefCell::default(),
        secrets: RefCell::new(secrets),
        holders: RefCell::default(),
    };
    let whole = Entry { key: String::new(), place: top, path: String::new(), node: Node::Map(whole) };
    let settings = read::settings(&At::top(&context, &whole));
    warn_of_open_files(&context);
    let Context { findings, origins, secrets, .. } = context;
    let findings = tidy(findings.into_inner(), &secrets.into_inner(), &reader.names);
    match settings {
        Some(settings) if findings.iter().all(|finding| finding.severity != Severity::Error) => {
            Ok(Loaded { settings, warnings: findings, files: reader.paths, origins: origins.into_inner() })
        }
        _ => Err(Findings(findings)),
    }
}

/// The files read so far.
#[derive(Default)]
struct Files {
    paths: Vec<PathBuf>,
    names: Vec<Arc<str>>,
    folders: BTreeMap<Arc<str>, PathBuf>,
}

impl Files {
    /// The top entries of a file; what is wrong with it is reported.
    fn read(&mut self, path: &Path, shape: &mut Shape<'_>) -> Option<Vec<Entry>> {
        let name: Arc<str> = Arc::from(path.display().to_string());
        self.paths.push(path.to_owned());
        self.names.push(Arc::clone(&name));
        let folder = path.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new("."));
        self.folders.insert(Arc::clone(&name), folder.to_owned());
        let mut report = |place: &Place, message: &str, mend: &str| {
            shape.findings.push(Finding::new(Severity::Error, place, "", message, mend));
        };
        let text = match read_bounded(path) {
            Ok(text) => text,
            Err(error) => {
                report(&start(&name), cannot(&error), "name the right file, or make one with: pixi-payd config new");
                return None;
            }
        };
        match yaml::parse(&text, &name) {
            Ok(Node::Map(mut entries)) => {
                shape.repeated_keys(&mut entries, "");
                entries.retain(|entry| !matches!(entry.node, Node::Null));
                Some(entries)
            }
            Ok(Node::Null) => Some(Vec::new()),
            Ok(_) => {
                report(&Place { line: 1, ..start(&name) }, "is not a block of keys", "write key: value, one per line");
                None
            }
            Err(error) => {
                report(&error.place, &error.message, "mend the text there; nothing after it was read");
                None
            }
        }
    }
}

/// `conf.d/*.yaml` beside the main file, by name.
fn conf_d(main: &Path, shape: &mut Shape<'_>) -> Vec<PathBuf> {
    let folder = main.parent().unwrap_or(Path::new("")).join("conf.d");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Vec::new(),
        Err(error) => {
            let place = start(&Arc::from(folder.display().to_string()));
            shape.findings.push(Finding::new(
                Severity::Error,
                &place,
                "",
                cannot(&error),
                "give the daemon the right to read it",
            ));
            return Vec::new();
        }
    };
    let mut files: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let visible = |path: &Path| path.file_name().is_some_and(|name| !name.to_string_lossy().starts_with('.'));
    files.retain(|path| path.extension().is_some_and(|end| end == "yaml") && visible(path));
    files.sort();
    files
}

/// Puts the blocks of a further file beside those already read; a key in both is found later as written twice.
fn merge(whole: &mut Vec<Entry>, entries: Vec<Entry>, shape: &mut Shape<'_>) {
    for entry in entries {
        if entry.key != "pixi" && entry.key != "mandants" {
            let key = crate::config::finding::shown_key(&entry.key).unwrap_or("?").to_owned();
            shape.findings.push(Finding::new(
                Severity::Error,
                &entry.place,
                key,
                "may not stand in conf.d",
                "move it to the main file; conf.d holds pixi and mandants",
            ));
            continue;
        }
        let Entry { node: Node::Map(more), .. } = entry else {
            let message = format!("is {}", entry.node.kind());
            let mend = "write a block of keys, indented under it";
            shape.findings.push(Finding::new(Severity::Error, &entry.place, entry.key, message, mend));
            continue;
        };
        match whole.iter_mut().find(|there| there.key == entry.key) {
            Some(Entry { node: Node::Map(there), .. }) => there.extend(more),
            // The main file's own is of the wrong sort and will be reported.
            Some(_) => {}
            None => whole.push(Entry { node: Node::Map(more), ..entry }),
        }
    }
}

/// Texts that stand where secrets stand, whether they are right or not.
fn collect_secrets(entries: &[Entry], secrets: &mut Vec<String>) {
    const NAMES: [&str; 7] =
        ["password", "password_hash", "error_page_token", "hook_token", "api_token", "private_key", "key"];
    for entry in entries {
        match &entry.node {
            Node::Scalar(text) if NAMES.contains(&entry.key.as_str()) => secrets.push(text.clone()),
            node => collect_secrets(node.entries(), secrets),
        }
    }
}

/// A main file with secrets in it should be nobody else's to read.
fn warn_of_open_files(context: &Context<'_>) {
    for (file, key) in context.holders.borrow().iter() {
        if others_can_read(Path::new(&**file)) {
            let message = "others can read this file, and it holds secrets";
            let mend = format!("chmod 600 {file}, or put the secrets into files of their own: {{file: PATH}}");
            context.findings.borrow_mut().push(Finding::new(Severity::Warning, &start(file), key, message, mend));
        }
    }
}

/// In the order of the files, and without any secret's text, whatever happened before.
fn tidy(mut findings: Vec<Finding>, secrets: &[String], names: &[Arc<str>]) -> Vec<Finding> {
    for finding in &mut findings {
        for secret in secrets.iter().filter(|secret| secret.len() >= 6) {
            for text in [&mut finding.message, &mut finding.mend] {
                if text.contains(secret.as_str()) {
                    *text = text.replace(secret.as_str(), "***");
                }
            }
        }
    }
    let order = |finding: &Finding| names.iter().position(|name| **name == *finding.file).unwrap_or(names.len());
    findings.sort_by_key(|finding| (order(finding), finding.line, finding.column));
    findings.dedup();
    findings
}
