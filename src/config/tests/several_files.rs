//! `conf.d`

use super::*;

const FURTHER: &str = "\
mandants:
  TOM:
    pixi: live
    kind: test
    process_from: 2026-11-01
    payment_types:
      U: {event_invoice: UZR, event_return: UZG, public_key: s-pub-3, private_key: {file: key}}
";

#[test]
fn further_files_add_mandants_and_find_their_own_secrets() {
    let folder = Folder::new()
        .with("pixi-payd.yaml", SMALL)
        .with("conf.d/20-tom.yaml", FURTHER)
        .with("conf.d/key", "s-priv-3\n")
        .with("conf.d/ignored.yml", "nonsense: [")
        .with("conf.d/.hidden.yaml", "nonsense: [");
    let loaded = folder.load().unwrap_or_else(|findings| panic!("{findings}"));
    assert_eq!(loaded.settings.mandants.keys().map(ToString::to_string).collect::<Vec<_>>(), ["LEO", "TOM"]);
    assert_eq!(loaded.files, [folder.path("pixi-payd.yaml"), folder.path("conf.d/20-tom.yaml")]);
}

#[test]
fn the_main_file_may_hold_neither() {
    let folder = Folder::new().with("pixi-payd.yaml", "language: en\n").with("conf.d/all.yaml", SMALL);
    assert_eq!(folder.load().unwrap().settings.mandants.len(), 1);
}

#[test]
fn the_same_mandant_twice_names_both_places() {
    let folder = Folder::new()
        .with("pixi-payd.yaml", SMALL)
        .with("conf.d/20.yaml", FURTHER.replace("TOM", "LEO"))
        .with("conf.d/key", "s-priv-3");
    let text = folder.findings();
    assert!(text.contains("conf.d/20.yaml:2: mandants.LEO: is written twice, first in pixi-payd.yaml:4"), "{text}");
}

#[test]
fn other_keys_stay_in_the_main_file() {
    let folder = Folder::new().with("pixi-payd.yaml", SMALL).with("conf.d/a.yaml", "web: {}\nlanguage: en\n");
    let text = folder.findings();
    assert!(text.contains("conf.d/a.yaml:1: web: may not stand in conf.d; move it to the main file"), "{text}");
    assert!(text.contains("conf.d/a.yaml:2: language: may not stand in conf.d"), "{text}");
}

#[test]
fn errors_of_several_files_come_in_one_run() {
    let folder = Folder::new()
        .with("pixi-payd.yaml", SMALL.replace("kind: test", "kind: tset"))
        .with("conf.d/a.yaml", FURTHER.replace("UZR", "UZRX"))
        .with("conf.d/b.yaml", "mandants: [")
        .with("conf.d/c.yaml", "mandants: 5\n")
        .with("conf.d/key", "s-priv-3");
    let text = folder.findings();
    for part in [
        "pixi-payd.yaml:6: mandants.LEO.kind",
        "conf.d/a.yaml:7: mandants.TOM",
        "conf.d/b.yaml:",
        "conf.d/c.yaml:1: mandants: is a single value",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
}
