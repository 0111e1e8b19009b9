//! Secrets by value, file and environment, and that none is ever shown.

use secrecy::ExposeSecret;

use super::*;

fn password(yaml: &str) -> String {
    let settings = settings(&SMALL.replace("password: pixi-secret", &format!("password: {yaml}")));
    settings.pixi["live"].password.expose_secret().to_owned()
}

#[test]
fn a_password_is_what_is_written() {
    for text in ["12345", "0123", "1e5", "true", "no", "0x10", "12_3", "1.50", ".inf"] {
        assert_eq!(password(text), text);
    }
    assert_eq!(password("\"*&!\""), "*&!");
}

#[test]
fn a_file_loses_one_line_end() {
    for (content, secret) in [("abc\n", "abc"), ("abc\r\n", "abc"), ("abc\n\n", "abc\n"), (" abc ", " abc ")] {
        let yaml = SMALL.replace("password: pixi-secret", "password: {file: secrets/p}");
        let folder = Folder::new().with("pixi-payd.yaml", yaml).with("secrets/p", content);
        let loaded = folder.load().unwrap();
        assert_eq!(loaded.settings.pixi["live"].password.expose_secret(), secret);
        assert_eq!(loaded.origins["pixi.live.password"], "file secrets/p");
    }
}

#[test]
fn what_is_missing_names_the_key() {
    let yaml = |secret: &str| SMALL.replace("password: pixi-secret", &format!("password: {secret}"));
    let text = findings(&yaml("{file: secrets/p}"));
    assert!(text.contains("pixi-payd.yaml:2: pixi.live.password: the secret's file "), "{text}");
    assert!(text.contains("secrets/p is not there"), "{text}");
    let text = findings(&yaml("{env: PIXI_PASSWORD}"));
    assert!(text.contains("pixi.live.password: the environment variable PIXI_PASSWORD is not set"), "{text}");
    let text = findings(&yaml("{fiel: x}"));
    assert!(
        text.contains("pixi.live.password: is not a secret; write the text itself, {file: PATH} or {env: NAME}"),
        "{text}"
    );
}

#[test]
fn files_others_can_read_are_warned_of() {
    let yaml = SMALL.replace("password: pixi-secret", "password: {file: p}");
    let folder = Folder::new().with("pixi-payd.yaml", yaml).with("p", "abc");
    assert!(!folder.findings().contains("others can read"));
    set_mode(&folder.path("p"), 0o640);
    set_mode(&folder.path("pixi-payd.yaml"), 0o644);
    let text = folder.findings();
    assert!(
        text.contains("warning: pixi-payd.yaml:2: pixi.live.password: others can read the secret's file"),
        "{text}"
    );
    assert!(text.contains("others can read this file, and it holds secrets; chmod 600"), "{text}");
}

#[test]
fn a_secret_put_under_the_wrong_key_is_not_shown() {
    let swapped = SMALL.replace("s-pub-1", "s-priv-hunter2").replace("private_key: s-priv-1", "private_key: hunter2");
    for text in [
        swapped,
        SMALL.replace("username: pixiACM", "username: pixi:hunter2"),
        "database: postgres://u:hunter2@/\n".to_owned(),
        "database: mysql://u:hunter2@h/d\n".to_owned(),
        "web:\n  hook_token:hunter2\n".to_owned(),
        "web: {hook_token: *hunter2}\n".to_owned(),
        "web: {hook_token: !hunter2 x}\n".to_owned(),
        "web: {hook_token: 'hunter2}\n".to_owned(),
        "web: {hook_token: {hunter2: x}}\n".to_owned(),
        "web: {hook_token: {env: hunter2}}\n".to_owned(),
        "web: {listen: hook_token hunter2}\n".to_owned(),
        "pixi: {live: {endpoint: 'https://u:hunter2@h/'}}\n".to_owned(),
    ] {
        let found = findings(&text);
        assert!(!found.is_empty() && !found.contains("hunter2"), "{text}\n{found}");
        assert!(Folder::new().with("pixi-payd.yaml", &text).load().is_err(), "{text}");
    }
}

#[test]
fn neither_debug_nor_show_holds_a_secret() {
    let yaml = SMALL.replace("password: pixi-secret", "password: hunter2").replace("s-priv-1", "s-priv-hunter2");
    let yaml = format!("database: postgres://u:hunter2@h/d\nweb: {{hook_token: hunter2-hunter2-hunter2}}\n{yaml}");
    let folder = Folder::new().with("pixi-payd.yaml", yaml);
    let loaded = folder.load().unwrap();
    let text = format!("{loaded:?}{}{}{:?}", show(&loaded), show_json(&loaded), check::offline(&Ok(loaded.clone())));
    assert!(!text.contains("hunter2"), "{text}");
    assert!(show(&loaded).contains("hook_token: \"*** (value)\""), "{}", show(&loaded));
}
