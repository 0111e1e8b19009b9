//! The loader as a whole.

mod papers;
mod properties;
mod secrets;
mod several_files;
mod values;

use std::path::{Path, PathBuf};

use super::*;

/// A folder with a configuration in it.
pub(super) struct Folder(tempfile::TempDir);

/// A mandant with one payment type, which loads without an error.
pub(super) const SMALL: &str = "\
pixi:
  live: {endpoint: https://api.pixi.eu/soap/pixiACM/, username: pixiACM, password: pixi-secret}
mandants:
  LEO:
    pixi: live
    kind: test
    process_from: 2026-11-01
    payment_types:
      U: {event_invoice: UZR, event_return: UZG, public_key: s-pub-1, private_key: s-priv-1}
";

impl Folder {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file that nobody else may read.
    pub fn with(self, name: &str, text: impl AsRef<[u8]>) -> Self {
        let path = self.path(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, text).unwrap();
        set_mode(&path, 0o600);
        self
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn load(&self) -> Result<Loaded, Findings> {
        load_with(&self.path("pixi-payd.yaml"), &|name| match name {
            "SMTP_PASSWORD" => Some("smtp-password-of-env".to_owned()),
            _ => None,
        })
    }

    /// The findings, one per line, without the folder.
    pub fn findings(&self) -> String {
        let findings = match self.load() {
            Ok(loaded) => loaded.warnings,
            Err(findings) => findings.0,
        };
        let folder = format!("{}/", self.0.path().display());
        let line = |finding: &Finding| {
            let sort = match finding.severity {
                Severity::Error => "",
                Severity::Warning => "warning: ",
                Severity::Note => "note: ",
            };
            format!("{sort}{}", finding.to_string().replace(&folder, ""))
        };
        findings.iter().map(line).collect::<Vec<_>>().join("\n")
    }
}

pub(super) fn set_mode(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Findings of one file's text.
pub(super) fn findings(text: &str) -> String {
    Folder::new().with("pixi-payd.yaml", text).findings()
}

/// Settings of one file's text.
pub(super) fn settings(text: &str) -> Settings {
    let folder = Folder::new().with("pixi-payd.yaml", text);
    folder.load().unwrap_or_else(|findings| panic!("{findings}")).settings
}

#[test]
fn the_small_file_is_fine() {
    let text = findings(SMALL);
    assert_eq!(
        text,
        "warning: pixi-payd.yaml: mail: is missing: problems are shown on the pages and mailed to nobody; write mail: with from, to and smtp"
    );
}

#[test]
fn an_empty_file_has_every_default() {
    let settings = settings("");
    assert_eq!(settings.timezone.name(), "Europe/Berlin");
    assert_eq!(settings.schedule.cycle, "0 */2 * * * *");
    assert_eq!(settings.safety.max_givebacks_per_cycle, Some(25));
    assert_eq!(settings.safety.max_capture_per_cycle, None);
    assert_eq!(settings.web.listen.to_string(), "127.0.0.1:8080");
    assert!(settings.mail.is_none());
    assert!(matches!(settings.database, Database::Sqlite(path) if path.ends_with("pixi-payd.db")));
}

#[test]
fn the_file_is_found_where_it_is_said_to_be() {
    let named = find_file(Some(Path::new("a.yaml")), Some("b.yaml".into())).unwrap();
    assert_eq!(named, Path::new("a.yaml"));
    assert_eq!(find_file(None, Some("b.yaml".into())).unwrap(), Path::new("b.yaml"));
}

#[test]
fn a_file_that_is_not_there_is_said_so() {
    let text = Folder::new().findings();
    assert!(text.contains("pixi-payd.yaml: is not there; name the right file"), "{text}");
}

#[test]
fn what_is_no_configuration_is_one_finding() {
    assert_eq!(findings("just words").lines().filter(|line| !line.starts_with("warning")).count(), 1);
    assert!(findings("- a\n- b\n").contains("is not a block of keys"));
    assert!(findings("a: [1\nb: 2\n").contains("pixi-payd.yaml:2"), "{}", findings("a: [1\nb: 2\n"));
}

#[test]
fn check_rows_name_the_area_and_the_mend() {
    let folder = Folder::new().with("pixi-payd.yaml", SMALL);
    let rows = check::offline(&folder.load());
    assert!(rows.iter().any(|row| row.area == "mandant LEO" && row.ok && row.detail == "s-pub-1"));
    let folder = Folder::new().with("pixi-payd.yaml", SMALL.replace("pixi: live", "pixi: life"));
    let rows = check::offline(&folder.load());
    let bad = rows.iter().find(|row| !row.ok).unwrap();
    assert_eq!((bad.area.as_str(), bad.what.as_str()), ("mandant LEO", "mandants.LEO.pixi"));
    assert!(bad.mend.contains("nearest: live"));
}
