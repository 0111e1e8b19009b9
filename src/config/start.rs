//! A configuration to start from that holds what pixi told of itself: the starter file with its mandants and payment types.

use std::fmt::Write as _;

use url::Url;

use super::STARTER;

/// What is known of an installation before there is a configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundAtPixi {
    /// Address of the API.
    pub endpoint: Url,
    /// Login name.
    pub username: String,
    /// File with the password, as it is to be written.
    pub password_file: String,
    /// Mandants that are to be handled.
    pub mandants: Vec<FoundMandant>,
    /// The day it is written, `2026-11-01`.
    pub today: String,
}

/// A mandant of pixi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundMandant {
    /// ShopID.
    pub id: String,
    /// Name.
    pub name: Option<String>,
    /// Payment types that are to be handled.
    pub types: Vec<FoundType>,
}

/// A payment type of pixi.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundType {
    /// PaymentCode.
    pub code: String,
    /// Its text in pixi.
    pub text: Option<String>,
    /// Its tag in the imported order XML.
    pub xml_tag: Option<String>,
    /// State its orders start in.
    pub starts_as: Option<String>,
}

/// The starter file with what pixi told. Like it, it loads as it is, with everything that needs a secret switched off.
pub fn start_from(found: &FoundAtPixi) -> String {
    let (head, _) = STARTER.split_once("\nmandants:\n").unwrap_or((STARTER, ""));
    let mut text = String::new();
    for line in head.lines() {
        let said = line.trim_start();
        let own = |key: &str, value: String, rest: &str| format!("    {key}: {value}{rest}");
        let line = if said.starts_with("endpoint:") {
            own("endpoint", quoted(found.endpoint.as_str()), "")
        } else if said.starts_with("username: pixiACM") {
            own("username", quoted(&found.username), "")
        } else if said.starts_with("password: {file: secrets/pixi-live}") {
            own("password", format!("{{file: {}}}", quoted(&found.password_file)), "")
        } else {
            line.to_owned()
        };
        text.push_str(&line);
        text.push('\n');
    }
    text.push_str("\nmandants:");
    text.push_str(if found.mandants.is_empty() { " {}\n" } else { "\n" });
    for mandant in &found.mandants {
        write_mandant(&mut text, mandant, &found.today);
    }
    text
}

fn write_mandant(text: &mut String, mandant: &FoundMandant, today: &str) {
    let name = mandant.name.as_deref().unwrap_or(&mandant.id);
    let secret = mandant.id.to_lowercase();
    let _ = write!(
        text,
        "  {}:\n    name: {}\n    pixi: live\n    kind: test                   # production | test\n    \
         process_from: {today}     # older orders are left alone; write the day the daemon takes over\n    \
         defaults:                    # for every payment type below\n      \
         mode: standard             # standard: money is captured before release | expert: per shipped invoice\n      \
         rounding_tolerance: 2      # in the smallest currency unit\n    payment_types:{}\n",
        key(&mandant.id),
        quoted(name),
        if mandant.types.is_empty() { " {}" } else { "" },
    );
    for kind in &mandant.types {
        let said = kind.text.as_deref().map(|text| format!("   # {}", plain(text))).unwrap_or_default();
        let _ = write!(
            text,
            "      {}:{said}\n        active: false            # true once everything below is right\n        \
             event_invoice: UZR       # booking event for invoices, as defined in pixi\n        \
             event_return: UZG        # booking event for returns, as defined in pixi\n",
            key(&kind.code),
        );
        match &kind.xml_tag {
            Some(tag) => {
                let _ = writeln!(text, "        xml_tag: {}", quoted(tag));
            }
            None => {
                text.push_str("        # xml_tag: unzer         # tag of the payment type in the imported order XML\n");
            }
        }
        let _ = write!(
            text,
            "        public_key: s-pub-xxxx   # from Unzer; p-pub-… moves real money\n        \
             private_key: {{file: secrets/unzer-{secret}}}\n",
        );
        if let Some(state) = kind.starts_as.as_deref().filter(|state| *state != "HAL") {
            let _ = writeln!(
                text,
                "        # its orders start as {}: let them start on HOLD (HAL) in pixi first",
                plain(state)
            );
        }
    }
}

/// A text that reads as itself, whatever is in it.
fn quoted(text: &str) -> String {
    serde_json::to_string(&plain(text)).unwrap_or_else(|_| "\"\"".to_owned())
}

/// A name of a block: as it is where YAML takes it for a text.
fn key(text: &str) -> String {
    const WORDS: [&str; 8] = ["y", "n", "yes", "no", "on", "off", "true", "false"];
    let simple = text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text.chars().all(|letter| letter.is_ascii_alphanumeric())
        && !WORDS.contains(&text.to_ascii_lowercase().as_str())
        && !text.eq_ignore_ascii_case("null");
    if simple { text.to_owned() } else { quoted(text) }
}

/// Without control characters: neither a comment nor a text ends early.
fn plain(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect::<String>().trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found() -> FoundAtPixi {
        let kind = |code: &str, text: &str, tag: Option<&str>, state: &str| FoundType {
            code: code.into(),
            text: Some(text.into()),
            xml_tag: tag.map(Into::into),
            starts_as: Some(state.into()),
        };
        FoundAtPixi {
            endpoint: "https://pixi.example.org/soap/pixiLEO/".parse().unwrap(),
            username: "pixiLEO".into(),
            password_file: "secrets/pixi live".into(),
            mandants: vec![
                FoundMandant {
                    id: "LEO".into(),
                    name: Some("Leo \"Sport\": GmbH # & Co".into()),
                    types: vec![kind("U", "Unzer\nKarte", Some("unzer"), "HAL"), kind("N", "Nachnahme", None, "ANG")],
                },
                FoundMandant { id: "100".into(), name: None, types: Vec::new() },
            ],
            today: "2026-11-01".into(),
        }
    }

    #[test]
    fn what_pixi_told_loads_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pixi-payd.yaml");
        let text = start_from(&found());
        std::fs::write(&file, &text).unwrap();
        let loaded = super::super::load(&file).unwrap_or_else(|findings| panic!("{findings}\n{text}"));
        let settings = loaded.settings;
        let live = &settings.pixi["live"];
        assert_eq!((live.endpoint.as_str(), live.active), ("https://pixi.example.org/soap/pixiLEO/", false));
        assert_eq!(live.username, "pixiLEO");
        let leo = &settings.mandants["LEO"];
        assert_eq!(leo.name, "Leo \"Sport\": GmbH # & Co");
        let types: Vec<&str> = leo.payment_types.keys().map(|code| code.0.as_str()).collect();
        assert_eq!(types, ["N", "U"]);
        assert!(leo.payment_types.values().all(|block| !block.active));
        assert_eq!(leo.payment_types["U"].xml_tag.as_deref(), Some("unzer"));
        assert!(settings.mandants.contains_key("100"));
        assert!(text.contains("# its orders start as ANG: let them start on HOLD") && text.contains("# Unzer Karte\n"));
        assert!(text.contains("summary: problems"), "the rest of the starter stays");
    }
}
