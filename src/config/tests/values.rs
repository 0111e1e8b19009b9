//! What is wrong is named with line, key and mend, all in one run.

use super::*;

#[test]
fn every_error_in_one_run_with_line_key_and_mend() {
    let text = findings(
        "timezone: Europe/Berln
langauge: de
schedule:
  cycle: \"*/2 * * * *\"
  quiet_hours: 0-4
safety: {confirm_after: soon, max_givebacks_per_cycle: -1, max_refund_per_day: 1.005}
web:
  listen: localhost:8080
  users: [{name: anna}]
  hook_token: short
mail: {from: Anna <anna@example.org>, to: it@example.org}
pixi:
  live:
    active: yes
    endpoint: http://api.pixi.eu/soap
    username: pixiACM
    password: [a]
    max_parallel: 99
mandants:
  LEOS:
    pixi: test
    payment_types:
      UU:
        mode: expart
        event_invoice: ABCD
        public_key: s-priv-123
        private_key: p-priv-123
        rounding_tolerance: 1000
        reauthorise: ask
        keys: [{public_key: s-pub-2, private_key: p-priv-2}]
",
    );
    insta::assert_snapshot!(text);
}

#[test]
fn the_example_of_the_contract_for_a_wrong_word() {
    let text = findings(&SMALL.replace("public_key: s-pub-1", "mode: expart, public_key: s-pub-1"));
    assert!(
        text.contains(
            "pixi-payd.yaml:9: mandants.LEO.payment_types.U.mode: \"expart\" is not a mode; \
             write one of standard, expert (nearest: expert)"
        ),
        "{text}"
    );
}

#[test]
fn an_active_payment_type_needs_events_and_keys() {
    let bare =
        SMALL.replace("{event_invoice: UZR, event_return: UZG, public_key: s-pub-1, private_key: s-priv-1}", "{}");
    let text = findings(&bare);
    for key in ["event_invoice", "event_return", "public_key"] {
        assert!(text.contains(&format!("pixi-payd.yaml:9: mandants.LEO.payment_types.U.{key}: is missing")), "{text}");
    }
    assert!(!settings(&bare.replace("U: {}", "U: {active: false}")).mandants["LEO"].payment_types["U"].active);
}

#[test]
fn a_payment_type_of_an_api_that_is_off_counts_as_off() {
    let off = SMALL.replace("password: pixi-secret", "password: {env: NOT_SET}, active: false");
    assert!(!settings(&off).mandants["LEO"].payment_types["U"].active);
}

#[test]
fn keys_of_two_environments_are_refused() {
    assert!(findings(&SMALL.replace("s-priv-1", "p-priv-1")).contains("is of another environment than its public key"));
}

#[test]
fn keys_that_do_not_fit_the_kind_of_mandant_are_warned_of() {
    assert!(findings(&SMALL.replace("kind: test", "kind: production")).contains("warning: pixi-payd.yaml:9"));
    let real = SMALL.replace("s-pub-1", "p-pub-1").replace("s-priv-1", "p-priv-1");
    assert!(findings(&real).contains("real money moves"));
}

#[test]
fn two_payment_types_may_share_a_pair_but_not_its_halves() {
    let second = "      V: {event_invoice: UZR, event_return: UZG, public_key: s-pub-1, private_key: s-priv-1}\n";
    let both = format!("{SMALL}{second}");
    assert_eq!(settings(&both).mandants["LEO"].payment_types.len(), 2);
    let text = findings(&format!("{SMALL}{}", second.replace("s-priv-1", "s-priv-2")));
    assert!(text.contains("differs from the private key written for the same public key in"), "{text}");
    let again = "private_key: s-priv-1, keys: [{public_key: s-pub-1, private_key: s-priv-1}]";
    let text = findings(&SMALL.replace("private_key: s-priv-1", again));
    assert!(text.contains("keys[0].public_key: is written twice for this payment type"), "{text}");
}

#[test]
fn further_pairs_follow_the_own_one_with_their_methods() {
    let more = "private_key: s-priv-1, keys: [{public_key: s-pub-2, private_key: s-priv-2, methods: [piv, pdd]}]";
    let settings = settings(&SMALL.replace("private_key: s-priv-1", more));
    let keys = &settings.mandants["LEO"].payment_types["U"].keys;
    assert_eq!(keys[0].methods, Vec::<String>::new());
    assert_eq!(
        (keys[1].public_key.as_str(), keys[1].methods.as_slice()),
        ("s-pub-2", &["pdd".to_owned(), "piv".to_owned()][..])
    );
}

#[test]
fn defaults_are_inherited_and_a_pair_as_a_pair() {
    let text = "\
pixi:
  live: {endpoint: https://api.pixi.eu/soap/pixiACM, username: pixiACM, password: pixi-secret}
mandants:
  LEO:
    pixi: live
    kind: test
    process_from: 2026-11-01
    defaults: {mode: expert, event_invoice: UZR, event_return: UZG, public_key: s-pub-1, private_key: s-priv-1}
    payment_types:
      U: {mode: standard}
      V:
      W: {public_key: s-pub-2}
";
    let found = findings(text);
    assert!(
        found.contains("pixi-payd.yaml:12: mandants.LEO.payment_types.W.public_key: has no private_key beside it"),
        "{found}"
    );
    let settings = settings(&text.replace("      W: {public_key: s-pub-2}\n", ""));
    let types = &settings.mandants["LEO"].payment_types;
    assert_eq!((types["U"].mode, types["V"].mode), (Mode::Standard, Mode::Expert));
    assert_eq!(types["V"].keys[0].public_key, "s-pub-1");
    assert_eq!(settings.pixi["live"].endpoint.as_str(), "https://api.pixi.eu/soap/pixiACM/");
}

#[test]
fn what_is_wrong_in_the_defaults_is_reported_there_and_once() {
    let defaults = "    defaults: {expiry_warning: soon}\n    payment_types:\n      V: {active: false}\n";
    let text = findings(&SMALL.replace("    payment_types:\n", defaults));
    let hits: Vec<&str> = text.lines().filter(|line| line.contains("expiry_warning")).collect();
    assert_eq!(hits.len(), 1, "{text}");
    assert!(hits[0].starts_with("pixi-payd.yaml:8: mandants.LEO.defaults.expiry_warning: \"soon\""), "{text}");
}

#[test]
fn mail_of_a_mandant_replaces_key_by_key() {
    let mail = "mail: {from: a@example.org, to: [b@example.org], smtp: {host: smtp.example.org}}\n";
    let own = SMALL.replace("    kind: test\n", "    kind: test\n    mail: {to: [leo@example.org]}\n");
    let settings = settings(&format!("{mail}{own}"));
    let leo = settings.mail_of(&"LEO".into()).unwrap();
    assert_eq!(settings.mail_of(&"GONE".into()).unwrap().to, ["b@example.org"], "of one no longer configured");
    assert_eq!((leo.from.as_str(), leo.to.as_slice()), ("a@example.org", &["leo@example.org".to_owned()][..]));
    assert_eq!((leo.smtp.port, leo.smtp.security), (587, SmtpSecurity::Starttls));
    let alone = findings(&own);
    assert!(
        alone.contains("mandants.LEO.mail.from: is missing; write from: … here or under the general mail"),
        "{alone}"
    );
}

#[test]
fn repeated_keys_name_both_places() {
    let text = findings("language: de\n\nlanguage: en\n");
    assert!(text.contains("pixi-payd.yaml:3: language: is written twice, first in "), "{text}");
    assert!(text.contains("pixi-payd.yaml:1; take one of them out"), "{text}");
}

#[test]
fn codes_that_yaml_takes_for_switches_stay_codes() {
    let text = SMALL.replace("  LEO:", "  NO:").replace("      U:", "      N:").replace("UZR", "0E1");
    let settings = settings(&text);
    assert_eq!(settings.mandants["NO"].payment_types["N"].event_invoice, "0E1");
}
