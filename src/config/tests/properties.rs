//! No bytes panic the loader, and no finding holds a secret.

use proptest::prelude::*;

use super::*;

/// The example with a secret in every place, ready to be broken.
fn with_secrets(secret: &str) -> String {
    let text = include_str!("../../../fixtures/config/example.yaml");
    let text = text.replace("{env: SMTP_PASSWORD}", secret).replace("\"$argon2id$...\"", secret);
    let mut whole = String::new();
    let mut rest = text.as_str();
    while let Some((before, after)) = rest.split_once("{file: secrets/") {
        whole.push_str(before);
        whole.push_str(secret);
        rest = after.split_once('}').map_or("", |(_, after)| after);
    }
    whole + rest
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_bytes_panic_it(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = Folder::new().with("pixi-payd.yaml", bytes).load();
    }

    #[test]
    fn no_yaml_of_known_keys_panics_it(
        lines in prop::collection::vec(
            ("( ){0,8}", "(pixi|mandants|LEO|U|defaults|keys|mail|smtp|web|users|payment_types|live|- |<<|&a|\\*a|columns)",
             "(:|: |: \\[|: \\{|: &x|: \\*x|: ~|)", "[a-z0-9\\-]{0,6}"),
            0..25,
        )
    ) {
        let text = lines.iter().map(|(a, b, c, d)| format!("{a}{b}{c}{d}")).collect::<Vec<_>>().join("\n");
        let _ = Folder::new().with("pixi-payd.yaml", text).load();
    }

    #[test]
    fn no_finding_holds_a_secret(
        secret in "[a-zA-Z0-9]{12,24}",
        breaks in prop::collection::vec((any::<prop::sample::Index>(), "(|x|:|: |'|\"|\\[|\\{|\\}|\n|  |\n  |- |#|&a |\\*|! )", 0usize..3), 1..5),
    ) {
        let mut text: Vec<char> = with_secrets(&secret).chars().collect();
        prop_assert!(text.iter().collect::<String>().matches(&secret).count() >= 7);
        // Breaks fall between the secrets: what is left of a secret that was cut is none any more.
        for (index, insert, cut) in breaks {
            let at = index.index(text.len());
            text.splice(at..(at + cut).min(text.len()), insert.chars());
        }
        let text: String = text.into_iter().collect();
        let folder = Folder::new().with("pixi-payd.yaml", &text);
        let loaded = folder.load();
        let shown = match &loaded {
            Ok(loaded) => format!("{}{loaded:?}{}", show(loaded), serde_json::to_string(&loaded.warnings).unwrap()),
            Err(findings) => format!("{findings}{findings:?}{}", serde_json::to_string(findings).unwrap()),
        };
        prop_assert!(!shown.contains(&secret), "{}\n{}", text, shown);
    }
}
