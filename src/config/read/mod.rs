//! Second look: the tree, right in shape, becomes [`Settings`]; what the values mean together is checked here.
//!
//! A reader returns `None` where something is missing or wrong, which has then been reported.

mod mail;
mod mandants;
mod pixi;
mod web;

use std::path::Path;

use url::Url;

use crate::config::at::At;
use crate::config::settings::{Database, Safety, Schedule, Settings};
use crate::config::value::{self, Complaint, Read, complain};

/// Everything.
pub fn settings(top: &At<'_>) -> Option<Settings> {
    let timezone = top.key("timezone").read(value::zone);
    let language = top.key("language").choice();
    let database = database(&top.key("database"));
    let schedule = schedule(&top.key("schedule"));
    let safety = safety(&top.key("safety"));
    let web = web::web(&top.key("web"));
    let mail = mail::mail(&top.key("mail"));
    let pixi = pixi::apis(&top.key("pixi"));
    let mandants = mandants::mandants(&top.key("mandants"), &top.key("pixi"));
    if !top.key("mail").is_set() && mandants.values().any(|mandant| mandant.mail.is_none()) {
        top.key("mail").warn(
            "is missing: problems are shown on the pages and mailed to nobody",
            "write mail: with from, to and smtp",
        );
    }
    Some(Settings {
        timezone: timezone?,
        language: language?,
        database: database?,
        schedule: schedule?,
        safety: safety?,
        web: web?,
        mail,
        pixi,
        mandants,
    })
}

fn database(at: &At<'_>) -> Option<Database> {
    at.read(|text| database_address(text, &|file| at.beside(file)))
}

/// A database named outside of a configuration; a relative file is beside the working directory.
///
/// # Errors
/// What is wrong with the address, and how it is written.
pub fn database_named(text: &str) -> Result<Database, String> {
    database_address(text, &|file| file.into()).map_err(|wrong| format!("{}; {}", wrong.what, wrong.mend))
}

/// `sqlite://FILE` or `postgres://…`.
fn database_address(text: &str, beside: &dyn Fn(&str) -> std::path::PathBuf) -> Read<Database> {
    let wrong = || complain("is not a database", "write sqlite://FILE or postgres://user@host/database");
    if let Some(file) = text.strip_prefix("sqlite://") {
        if file.is_empty() || file.contains(['?', '#']) || Path::new(file).file_name().is_none() {
            return complain("names no file", "write sqlite://FILE, such as sqlite:///var/lib/pixi-payd/pixi-payd.db");
        }
        return Ok(Database::Sqlite(beside(file)));
    }
    let Ok(url) = Url::parse(text) else { return wrong() };
    let named = url.host_str().is_some_and(|host| !host.is_empty()) && url.path().len() > 1;
    match url.scheme() {
        "postgres" | "postgresql" if named => Ok(Database::Postgres(text.to_owned())),
        "postgres" | "postgresql" => Err(Complaint {
            what: "names no host or no database".to_owned(),
            mend: "write postgres://user@host/database".to_owned(),
        }),
        _ => wrong(),
    }
}

fn schedule(at: &At<'_>) -> Option<Schedule> {
    let cycle = at.key("cycle").read(value::cron_pattern);
    let quiet_hours = at.key("quiet_hours").read(value::quiet_hours);
    Some(Schedule { cycle: cycle?, quiet_hours: quiet_hours? })
}

fn safety(at: &At<'_>) -> Option<Safety> {
    let confirm_after = at.key("confirm_after").read(value::duration_or_off);
    let refund_delay = at.key("refund_delay").read(value::duration_or_off);
    let absent_after = at.key("absent_after").read(value::duration_or_off);
    let max_givebacks_per_cycle = at.key("max_givebacks_per_cycle").read(value::count_or_off);
    let max_capture_per_cycle = at.key("max_capture_per_cycle").read(value::amount_or_off);
    let max_refund_per_day = at.key("max_refund_per_day").read(value::amount_or_off);
    let disable_after = at.key("disable_after").read(value::duration_or_off);
    Some(Safety {
        confirm_after: confirm_after?,
        refund_delay: refund_delay?,
        absent_after: absent_after?,
        max_givebacks_per_cycle: max_givebacks_per_cycle?,
        max_capture_per_cycle: max_capture_per_cycle?,
        max_refund_per_day: max_refund_per_day?,
        disable_after: disable_after?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_files_or_servers() {
        let read = |text: &str| database_address(text, &|file| Path::new("/etc/p").join(file));
        assert_eq!(read("sqlite://a.db").unwrap(), Database::Sqlite("/etc/p/a.db".into()));
        assert_eq!(read("sqlite:///var/a.db").unwrap(), Database::Sqlite("/var/a.db".into()));
        assert!(matches!(read("postgres://u:pw@host/db").unwrap(), Database::Postgres(_)));
        for text in ["sqlite://", "sqlite:a.db", "sqlite://..", "postgres://", "postgres://host", "mysql://h/d", "a.db"]
        {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_database_password_is_not_shown() {
        let database = Database::Postgres("postgres://u:hunter2@host/db?password=hunter2".to_owned());
        assert_eq!(format!("{database:?}"), "postgres://u:***@host/db");
    }
}
