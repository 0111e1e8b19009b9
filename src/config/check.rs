//! Rows of the table that `check` prints, for what can be said without asking anyone.

use serde::Serialize;

use crate::config::finding::{Finding, Findings, Severity};
use crate::config::load::Loaded;
use crate::config::show::time;

/// One row of the table of `check`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CheckRow {
    /// Part of the configuration or system: `configuration`, `pixi live`, `mandant LEO`, …
    pub area: String,
    /// What was looked at.
    pub what: String,
    /// False where something must be mended.
    pub ok: bool,
    /// What was found.
    pub detail: String,
    /// What to do; empty where nothing is to be done.
    pub mend: String,
}

impl CheckRow {
    /// A row that is well.
    pub fn good(area: impl Into<String>, what: impl Into<String>, detail: impl Into<String>) -> Self {
        Self { area: area.into(), what: what.into(), ok: true, detail: detail.into(), mend: String::new() }
    }

    fn of(finding: &Finding) -> Self {
        let place = if finding.line > 0 { format!("{}:{}", finding.file, finding.line) } else { finding.file.clone() };
        let sort = match finding.severity {
            Severity::Error => "",
            Severity::Warning => "warning: ",
            Severity::Note => "note: ",
        };
        Self {
            area: area_of(&finding.key),
            what: if finding.key.is_empty() { place.clone() } else { finding.key.clone() },
            ok: finding.severity != Severity::Error,
            detail: format!("{sort}{} ({place})", finding.message),
            mend: finding.mend.clone(),
        }
    }
}

/// The rows of a configuration: what holds of a good one, every finding of any.
pub fn offline(loaded: &Result<Loaded, Findings>) -> Vec<CheckRow> {
    match loaded {
        Ok(loaded) => good(loaded).into_iter().chain(loaded.warnings.iter().map(CheckRow::of)).collect(),
        Err(findings) => findings.0.iter().map(CheckRow::of).collect(),
    }
}

fn area_of(key: &str) -> String {
    let mut parts = key.split('.');
    match (parts.next().unwrap_or_default(), parts.next()) {
        ("pixi", Some(name)) => format!("pixi {name}"),
        ("mandants", Some(id)) => format!("mandant {id}"),
        ("mail" | "web" | "schedule" | "safety" | "database", _) => {
            key.split('.').next().unwrap_or_default().to_owned()
        }
        _ => "configuration".to_owned(),
    }
}

fn good(loaded: &Loaded) -> Vec<CheckRow> {
    let settings = &loaded.settings;
    let files: Vec<String> = loaded.files.iter().map(|file| file.display().to_string()).collect();
    let quiet = settings.schedule.quiet_hours.map_or_else(
        || "no quiet hours".to_owned(),
        |hours| format!("quiet {}-{} {}", hours.from.format("%H:%M"), hours.until.format("%H:%M"), settings.timezone),
    );
    let mut rows = vec![
        CheckRow::good("configuration", "files", files.join(", ")),
        CheckRow::good("schedule", "cycle", format!("{}, {quiet}", settings.schedule.cycle)),
        CheckRow::good("database", "store", settings.database.shown()),
        CheckRow::good("web", "listen", settings.web.listen.to_string()),
    ];
    if let Some(mail) = &settings.mail {
        rows.push(CheckRow::good(
            "mail",
            "smtp",
            format!("{}:{} to {}", mail.smtp.host, mail.smtp.port, mail.to.join(", ")),
        ));
    }
    for (name, api) in &settings.pixi {
        let detail = if api.active { format!("{}, {}", api.endpoint, time(api.timeout)) } else { "off".to_owned() };
        rows.push(CheckRow::good(format!("pixi {name}"), "settings", detail));
    }
    for (id, mandant) in &settings.mandants {
        for (code, payment_type) in &mandant.payment_types {
            let keys: Vec<&str> = payment_type.keys.iter().map(|pair| pair.public_key.as_str()).collect();
            let detail = if payment_type.active { keys.join(", ") } else { "off".to_owned() };
            rows.push(CheckRow::good(format!("mandant {id}"), format!("payment type {code}"), detail));
        }
    }
    rows
}
