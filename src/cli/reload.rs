//! SIGHUP: the configuration is read again; a bad one changes nothing.

use std::sync::Arc;

use crate::cli::context::Context;
use crate::cli::systemd;
use crate::config::{Settings, Severity};
use crate::engine::Daemon;
use crate::web::Server;

/// Reads the configuration again, hands it to the daemon, and reads the certificate of the pages again.
pub fn reload(context: &Context, daemon: &Daemon, server: &Server) {
    systemd::reloading();
    match context.try_load() {
        Ok(loaded) => {
            for warning in &loaded.warnings {
                tracing::warn!("configuration: {warning}");
            }
            let mut settings = loaded.settings;
            for kept in keep(&mut settings, &daemon.shop().settings) {
                tracing::warn!(setting = kept, "{kept} has changed; it takes effect after a restart");
            }
            let settings = Arc::new(settings);
            match daemon.reload(settings.clone()) {
                Ok(()) => {
                    tracing::info!("configuration read again");
                    if let Err(error) = server.reload(&settings) {
                        tracing::error!("the certificate is refused, the old one stays: {error}");
                    }
                }
                Err(error) => tracing::error!("the configuration is refused, the old one stays: {error}"),
            }
        }
        Err(findings) => {
            for finding in &findings.0 {
                if finding.severity == Severity::Error {
                    tracing::error!("configuration: {finding}");
                } else {
                    tracing::warn!("configuration: {finding}");
                }
            }
            tracing::error!("the configuration is refused, the old one stays");
        }
    }
    systemd::ready();
}

/// Keeps what cannot be changed while running, and names what was asked to change.
fn keep(new: &mut Settings, old: &Settings) -> Vec<&'static str> {
    let mut kept = Vec::new();
    if new.database != old.database {
        new.database = old.database.clone();
        kept.push("database");
    }
    if new.web.listen != old.web.listen {
        new.web.listen = old.web.listen;
        kept.push("web.listen");
    }
    if new.web.tls.is_some() != old.web.tls.is_some() {
        new.web.tls.clone_from(&old.web.tls);
        kept.push("web.tls");
    }
    if new.timezone != old.timezone {
        new.timezone = old.timezone;
        kept.push("timezone");
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config;

    fn settings(text: &str) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pixi-payd.yaml");
        std::fs::write(&file, text).unwrap();
        let mut settings = config::load(&file).unwrap().settings;
        settings.database = config::Database::Sqlite("a.db".into());
        settings
    }

    #[test]
    fn what_needs_a_restart_is_kept_and_named() {
        let old = settings("timezone: Europe/Berlin\nlanguage: de\n");
        let mut new = settings("timezone: Europe/Paris\nlanguage: en\nweb: {listen: 127.0.0.1:9}\n");
        new.database = config::Database::Sqlite("b.db".into());
        assert_eq!(keep(&mut new, &old), ["database", "web.listen", "timezone"]);
        assert_eq!((new.timezone, new.web.listen), (old.timezone, old.web.listen));
        assert_eq!(new.language, crate::text::Language::En, "the rest is taken");
        assert!(keep(&mut new, &old).is_empty());
    }
}
