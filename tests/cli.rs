//! The built command from the outside: exit status, what stands on which stream, and that no secret ever does.

#![allow(clippy::unwrap_used, reason = "a command that cannot be started has failed the test")]

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Output, Stdio};

use pixi_payd::clock::Clock;
use pixi_payd::journal::{Journal, Management, Options, OrderSeen};
use pixi_payd::money::Currency;
use pixi_payd::steps::OrderId;
use serde_json::Value;

const SECRETS: [&str; 2] = ["hunter2-pixi", "s-priv-hunter2unzer"];

/// Nobody listens on port 1 of this machine; the schedule's only run is far away.
const CONFIG: &str = r#"
language: en
database: sqlite://store.db
web: {listen: "127.0.0.1:0"}
schedule: {quiet_hours: none, cycle: "0 0 5 1 1 *"}
pixi:
  live: {active: true, endpoint: "http://127.0.0.1:1/soap/", username: u, password: hunter2-pixi}
mandants:
  LEO:
    name: Leo
    pixi: live
    kind: test
    process_from: 2026-01-01
    payment_types:
      U:
        active: true
        event_invoice: UZR
        event_return: UZG
        public_key: s-pub-1234
        private_key: s-priv-hunter2unzer
        unzer_url: "http://127.0.0.1:1/"
"#;

/// A folder with a configuration, in which commands are run.
struct Place(tempfile::TempDir);

impl Place {
    fn new(config: &str) -> Self {
        let place = Self(tempfile::tempdir().unwrap());
        place.write(config);
        place
    }

    fn with_store() -> Self {
        let place = Self::new(CONFIG);
        assert_eq!(place.run(&["db", "migrate"]).status, 0);
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, config: &str) {
        std::fs::write(self.path("pixi-payd.yaml"), config).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = command(self.0.path());
        command.args(args);
        command
    }

    fn run(&self, args: &[&str]) -> Said {
        Said::of(self.command(args).output().unwrap(), args)
    }

    /// Puts an order into the store.
    fn add_order(&self, nr: i64) {
        let path = self.path("store.db");
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let clock = Clock::simulated("2026-11-02T08:00:00Z".parse().unwrap(), 1);
            let journal = Journal::open(Options::new(path, clock.clone())).await.unwrap();
            let seen = OrderSeen {
                order: OrderId { api: "live".into(), mandant: "LEO".into(), nr },
                nr_external: format!("S{nr}"),
                payment_code: "U".into(),
                currency: Currency::EUR,
                mode: "expert".to_owned(),
                management: Management::Managed,
                next_check: clock.now(),
            };
            journal.see_order(seen).await.unwrap();
            journal.close();
        });
    }
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pixi-payd"));
    command.current_dir(folder).stdin(Stdio::null());
    for name in ["PIXI_PAYD_CONFIG", "PIXI_PAYD_LOG", "PIXI_PAYD_LOG_FORMAT", "NOTIFY_SOCKET"] {
        command.env_remove(name);
    }
    command.env("USER", "anna").env_remove("SUDO_USER");
    command
}

/// What a command said.
struct Said {
    status: i32,
    out: String,
    err: String,
}

impl Said {
    fn of(output: Output, args: &[&str]) -> Self {
        let said = Self {
            status: output.status.code().unwrap(),
            out: String::from_utf8(output.stdout).unwrap(),
            err: String::from_utf8(output.stderr).unwrap(),
        };
        for secret in SECRETS {
            assert!(!said.out.contains(secret) && !said.err.contains(secret), "{args:?} shows a secret");
        }
        said
    }

    /// The one JSON document on standard output.
    fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {:?} {:?}", self.out, self.err))
    }
}

/// A daemon that runs until the test ends it.
struct Running {
    child: Child,
    log: BufReader<ChildStderr>,
}

impl Running {
    fn start(place: &Place) -> Self {
        let mut child = place.command(&["run"]).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let log = BufReader::new(child.stderr.take().unwrap());
        let mut running = Self { child, log };
        running.until("ready");
        running
    }

    /// Reads the log until a line with `word`.
    fn until(&mut self, word: &str) -> String {
        let mut line = String::new();
        while !line.contains(word) {
            line.clear();
            assert_ne!(self.log.read_line(&mut line).unwrap(), 0, "the daemon ended without saying \"{word}\"");
        }
        line
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn help_lists_the_commands() {
    let said = Place::new(CONFIG).run(&["--help"]);
    let (_, rest) = said.out.split_once("Commands:\n").unwrap();
    let (list, _) = rest.split_once("\n\n").unwrap();
    let commands: Vec<&str> = list.lines().filter_map(|line| line.split_whitespace().next()).collect();
    insta::assert_snapshot!(
        commands.join(" "),
        @"run check plan explain orders order connection config mail pixi unzer webhooks user error-page db backup verify sandbox completions man help"
    );
    assert_eq!(said.status, 0);
}

#[test]
fn a_wrong_command_line_is_status_2() {
    let place = Place::with_store();
    for args in [
        &["dance"][..],
        &["orders", "--limit", "0"],
        &["orders", "--status", "LOST"],
        &["orders", "--since", "yesterday"],
        &["orders", "--mandant", "XYZ"],
        &["run", "--only", "release"],
        &["run", "--once", "--mandant", "XYZ"],
        &["order", "decide", "4711", "capture:RE1", "perhaps", "--reason", "x"],
        &["order", "resolve", "4711"],
        &["order", "adopt", "4711"],
        &["order", "collection", "4711", "--reason", " "],
        &["connection", "enable", "live"],
        &["connection", "enable", "other", "--reason", "x"],
        &["connection", "test", "other"],
        &["config", "copy", "LEO", "LEO/V"],
        &["config", "new", "--endpoint", "http://pixi.example.org/"],
        &["pixi", "call", "pixiSetOrderShippingLock", "OrderNr=1"],
        &["pixi", "call", "pixiNoSuchCall"],
        &["pixi", "call", "pixiGetShops", "--api", "other"],
        &["--config", "missing.yaml", "orders"],
    ] {
        let said = place.run(args);
        assert_eq!((said.status, said.out.as_str()), (2, ""), "{args:?}: {}", said.err);
        assert!(!said.err.is_empty(), "{args:?}");
    }
}

#[test]
fn an_unknown_key_is_named_with_file_line_and_the_nearest_one() {
    let place = Place::new(&format!("langage: de\n{CONFIG}"));
    for args in [&["orders"][..], &["run"], &["run", "--once"], &["config", "show"], &["plan"], &["db", "migrate"]] {
        let said = place.run(args);
        assert_eq!(said.status, 2, "{args:?}");
        assert!(said.err.contains("pixi-payd.yaml:1: langage: unknown key; nearest: language"), "{}", said.err);
    }
    assert!(!place.path("store.db").exists());
    let check = place.run(&["check", "--json"]);
    assert_eq!(check.status, 2);
    let rows = check.json();
    let row = rows.as_array().unwrap().iter().find(|row| row["what"] == "langage").unwrap();
    assert_eq!(row["ok"], false);
}

#[test]
fn lists_are_one_json_document_and_nothing_else() {
    let place = Place::with_store();
    for args in [
        &["check", "--json"][..],
        &["orders", "--json"],
        &["orders", "--problems", "--limit", "all", "--json"],
        &["connection", "list", "--json"],
        &["config", "show", "--json"],
        &["config", "schema"],
        &["verify", "--json"],
    ] {
        let said = place.run(args);
        assert_eq!(said.status, 0, "{args:?}: {}", said.err);
        said.json();
    }
}

#[test]
fn peers_out_of_reach_are_status_1_and_still_json() {
    let place = Place::with_store();
    for args in [&["check", "--online", "--json"][..], &["connection", "test", "--json"], &["plan", "--json"]] {
        let said = place.run(args);
        assert_eq!(said.status, 1, "{args:?}: {}", said.err);
        said.json();
    }
    for args in [&["run", "--once"][..], &["pixi", "call", "pixiGetServerTime"], &["unzer", "show", "s-pay-1"]] {
        assert_eq!(place.run(args).status, 1, "{args:?}");
    }
    let rows = place.run(&["check", "--online", "--json"]).json();
    for row in rows.as_array().unwrap().iter().filter(|row| row["ok"] == false) {
        assert_ne!(row["mend"], "", "{row}");
    }
}

#[test]
fn a_backup_is_proven_and_overwrites_nothing() {
    let place = Place::with_store();
    let copy = place.path("copy.db");
    let copy = copy.to_str().unwrap();
    let said = place.run(&["backup", copy]);
    assert_eq!(said.status, 0, "{}", said.err);
    let proven = place.run(&["verify", copy, "--json"]);
    assert_eq!(proven.status, 0, "{}", proven.err);
    assert!(proven.json()["checks"].as_array().unwrap().iter().all(|check| check["offenders"] == Value::Array(vec![])));
    let again = place.run(&["backup", copy]);
    assert_eq!(again.status, 1, "{}", again.err);
    assert!(again.err.contains("overwrites nothing"), "{}", again.err);
}

#[test]
fn without_a_store_commands_name_the_mend_and_make_none() {
    let place = Place::new(CONFIG);
    for args in [&["orders"][..], &["verify"], &["plan"], &["explain", "4711"], &["order", "show", "4711"]] {
        let said = place.run(args);
        assert_eq!(said.status, 2, "{args:?}");
        assert!(said.err.contains("pixi-payd db migrate"), "{}", said.err);
    }
    assert_eq!(place.run(&["check"]).status, 0);
    assert!(!place.path("store.db").exists());
}

#[test]
fn no_configuration_says_how_to_make_one_and_the_starter_is_good() {
    let folder = tempfile::tempdir().unwrap();
    let run = |args: &[&str]| Said::of(command(folder.path()).args(args).output().unwrap(), args);
    // A machine with an installed configuration would use that.
    if !Path::new("/etc/pixi-payd/pixi-payd.yaml").exists() {
        let said = run(&["orders"]);
        assert_eq!(said.status, 2);
        assert!(said.err.contains("pixi-payd config new"));
    }
    assert_eq!(run(&["config", "new", "new.yaml"]).status, 0);
    assert_eq!(run(&["--config", "new.yaml", "check"]).status, 0);
    assert_eq!(run(&["config", "new", "new.yaml"]).status, 2, "a file that is there is left alone");
    let named = command(folder.path()).env("PIXI_PAYD_CONFIG", "new.yaml").args(["config", "show"]).output().unwrap();
    assert!(named.status.success());
}

#[test]
fn an_order_has_just_the_documented_fields() {
    let place = Place::with_store();
    place.add_order(4711);
    place.add_order(4712);
    let orders = place.run(&["orders", "--json", "--limit", "1"]).json();
    assert_eq!(orders.as_array().unwrap().len(), 1);
    let order = &orders[0];
    let fields: Vec<&str> = order.as_object().unwrap().keys().map(String::as_str).collect();
    insta::assert_snapshot!(
        fields.join(" "),
        @"mandant order_nr order_nr_external payment_type method payment_id payment_status transfer_status mark mark_text error_number amounts first_seen last_action next_check test"
    );
    let sums: Vec<&str> = order["amounts"].as_object().unwrap().keys().map(String::as_str).collect();
    assert_eq!(sums, ["ordered", "invoiced", "authorized", "captured", "refunded", "currency"]);
    assert_eq!(order["order_nr"], 4712, "the latest first");
    assert_eq!(order["amounts"]["ordered"], "0.00");
    assert_eq!(order["first_seen"], "2026-11-02T09:00:00+01:00");
    let count = |args: &[&str]| place.run(args).json().as_array().unwrap().len();
    assert_eq!(count(&["orders", "--json", "--limit", "all"]), 2);
    assert_eq!(count(&["orders", "--json", "--since", "2026-11-03"]), 0);
    assert_eq!(count(&["orders", "--json", "--since", "2026-11-02", "--payment-type", "U"]), 2);
    assert_eq!(count(&["orders", "--json", "--payment-type", "V"]), 0);
    assert_eq!(count(&["orders", "--json", "--problems"]), 0);
}

#[test]
fn one_order_is_shown_explained_and_left_alone() {
    let place = Place::with_store();
    place.add_order(4711);
    assert_eq!(place.run(&["order", "show", "4711", "--json"]).json()["management"], "managed");
    assert_eq!(place.run(&["order", "show", "S4711"]).status, 0, "the shop's number will do");
    assert_eq!(place.run(&["order", "show", "9999"]).status, 1);
    let explained = place.run(&["explain", "4711", "--json"]).json();
    assert_eq!((&explained["source"], &explained["order_nr"]), (&"store".into(), &4711.into()), "pixi is out of reach");
    assert_eq!(place.run(&["explain", "4711", "--stored"]).status, 0);
    assert_eq!(place.run(&["order", "resolve", "4711", "--reason", "ok"]).status, 1, "it has no mark");
    let decided = place.run(&["order", "decide", "4711", "capture:RE1", "done", "--reason", "seen"]);
    assert_eq!(decided.status, 1, "it has no such step");
    let retried = place.run(&["order", "retry", "4711"]);
    assert_eq!(retried.status, 1);
    assert!(retried.err.contains("no daemon runs"), "{}", retried.err);
    assert_eq!(place.run(&["order", "ignore", "4711", "--reason", " "]).status, 2);
    assert_eq!(place.run(&["order", "ignore", "4711", "--reason", "by hand"]).status, 0);
    let shown = place.run(&["order", "show", "4711", "--json"]).json();
    assert_eq!((&shown["management"], &shown["management_reason"]), (&"ignored".into(), &"by hand".into()));
    let chains = place.run(&["verify", "--json"]).json();
    let chains = &chains["chains"];
    assert_eq!((&chains[0]["entries"], &chains[0]["broken_at"]), (&1.into(), &Value::Null));
}

/// A simulated pixi and a simulated Unzer that run until the test ends them.
struct Peers(Child, Value);

impl Peers {
    fn start(folder: &Path) -> Self {
        let mut command = command(folder);
        let mut child =
            command.args(["sandbox", "--peers-only"]).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        Self(child, serde_json::from_str(&line).unwrap())
    }

    fn of(&self, peer: &str, what: &str) -> &str {
        self.1[peer][what].as_str().unwrap()
    }

    /// A configuration that joins them.
    fn configuration(&self) -> String {
        format!(
            "language: en\ndatabase: sqlite://store.db\nschedule: {{quiet_hours: none, cycle: \"0 0 5 1 1 *\"}}\n\
             pixi:\n  live: {{endpoint: \"{}\", username: \"{}\", password: \"{}\"}}\n\
             mandants:\n  DEM:\n    pixi: live\n    kind: test\n    process_from: 2020-01-01\n    payment_types:\n      \
             U: # the code\n        event_invoice: UZE\n        event_return: UZR\n        public_key: {}\n        \
             private_key: {}\n        unzer_url: \"{}\"\n",
            self.of("pixi", "endpoint"),
            self.of("pixi", "username"),
            self.of("pixi", "password"),
            self.of("unzer", "public_key"),
            self.of("unzer", "private_key"),
            self.of("unzer", "url"),
        )
    }
}

impl Drop for Peers {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn connections_are_listed_tested_switched_off_and_on() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start(folder.path());
    let place = Place::new(&peers.configuration());
    let state = |args: &[&str], at: usize| place.run(args).json()[at]["state"].as_str().unwrap().to_owned();
    let list = ["connection", "list", "--json"];
    assert_eq!(state(&list, 0), "NOT_CONNECTED", "a list needs no store");
    assert_eq!(place.run(&["db", "migrate"]).status, 0);
    let tested = place.run(&["connection", "test", "--json"]);
    assert_eq!(tested.status, 0, "{}", tested.out);
    assert_eq!((state(&list, 0), state(&list, 1)), ("CONNECTED".to_owned(), "CONNECTED".to_owned()), "it is kept");

    let off = place.run(&["connection", "disable", "live", "--reason", "moved"]);
    assert_eq!(off.status, 0, "{}", off.err);
    let row = &place.run(&list).json()[0];
    assert_eq!((&row["state"], &row["detail"]), (&"DISABLED".into(), &"moved".into()));
    assert_eq!(row["changed_by"], "cli:anna");
    let fields: Vec<&str> = row.as_object().unwrap().keys().map(String::as_str).collect();
    insta::assert_snapshot!(
        fields.join(" "),
        @"peer name endpoint mandants state since detail last_error last_error_at changed_by changed_reason"
    );
    let once = place.run(&["run", "--once"]);
    assert_eq!((once.status, once.out.as_str()), (0, "cycle over 0 orders ended, 0 failed\n"), "{}", once.err);
    let named = place.run(&["connection", "test", "live", "--json"]);
    assert_eq!((named.status, &named.json()[0]["state"]), (0, &"DISABLED".into()), "asked, and stays off");
    let check = place.run(&["check", "--online", "--json"]).json();
    let off = check.as_array().unwrap().iter().find(|row| row["what"] == "connection").unwrap().clone();
    assert_eq!((&off["ok"], &off["mend"]), (&false.into(), &"pixi-payd connection enable live --reason TEXT".into()));
    for row in check.as_array().unwrap().iter().filter(|row| row["area"] != "mail" && row["what"] != "connection") {
        assert_eq!(row["ok"], true, "{row}");
    }
    for what in ["login", "clock", "time zone", "calls", "booking event UZE", "key pair", "reachable"] {
        assert!(check.as_array().unwrap().iter().any(|row| row["what"] == what), "{what}");
    }

    assert_eq!(place.run(&["connection", "enable", "live", "--reason", "back"]).status, 0);
    assert_eq!(place.run(&["run", "--once", "--only", "changes", "--mandant", "DEM"]).status, 0);
    assert_eq!(state(&list, 0), "CONNECTED");
    place.write(&peers.configuration().replace("      U: # the code", "      U:\n        active: false"));
    assert_eq!(state(&list, 1), "DISABLED", "off in the configuration");
    let cannot = place.run(&["connection", "enable", peers.of("unzer", "public_key"), "--reason", "x"]);
    assert!(cannot.status == 1 && cannot.err.contains("active: true"), "{}", cannot.err);
}

#[test]
fn a_new_configuration_holds_what_pixi_tells_and_a_block_is_copied_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start(folder.path());
    std::fs::write(folder.path().join("password"), format!("{}\n", peers.of("pixi", "password"))).unwrap();
    let run = |args: &[&str]| Said::of(command(folder.path()).args(args).output().unwrap(), args);
    let (endpoint, username) = (peers.of("pixi", "endpoint"), peers.of("pixi", "username"));
    let login = ["--endpoint", endpoint, "--username", username, "--password-file", "password"];
    let new = run(&[&["config", "new", "new.yaml"][..], &login].concat());
    assert_eq!(new.status, 0, "{}", new.err);
    let shown = run(&["--config", "new.yaml", "config", "show", "--json"]).json();
    assert_eq!(shown["mandants"]["DEM"]["payment_types"]["U"]["xml_tag"], "unzer");
    assert_eq!(shown["mandants"]["DEM"]["payment_types"]["U"]["active"], false);
    assert_eq!(shown["pixi"]["live"]["endpoint"], endpoint);
    assert!(shown["mandants"]["OUT"].is_object());
    std::fs::write(folder.path().join("password"), "wrong").unwrap();
    let refused = run(&[&["config", "new", "other.yaml"][..], &login].concat());
    assert_eq!(refused.status, 0, "{}", refused.err);
    assert!(refused.err.contains("pixi could not be asked") && folder.path().join("other.yaml").exists());

    let place = Place::new(&peers.configuration());
    let before = std::fs::read_to_string(place.path("pixi-payd.yaml")).unwrap();
    assert_eq!(place.run(&["config", "copy", "DEM/U", "DEM/V"]).status, 0);
    let after = std::fs::read_to_string(place.path("pixi-payd.yaml")).unwrap();
    let block = before.split_once("      U:").unwrap().1;
    assert_eq!(after, format!("{before}      V:{block}"), "comment and order are kept");
    for (from, to) in [("DEM/U", "DEM/V"), ("DEM/X", "DEM/Y"), ("DEM/U", "OUT/U"), ("DEM/U", "DEM/LONG")] {
        assert_eq!(place.run(&["config", "copy", from, to]).status, 1, "{from} {to}");
        assert_eq!(std::fs::read_to_string(place.path("pixi-payd.yaml")).unwrap(), after, "{from} {to}");
    }
}

#[test]
fn orders_are_taken_over_and_handed_to_collection_with_a_reason() {
    let folder = tempfile::tempdir().unwrap();
    let peers = Peers::start(folder.path());
    let place = Place::new(
        &peers.configuration().replace("mandants:\n  DEM:", "mandants:\n  LEO: {pixi: live, kind: test}\n  DEM:"),
    );
    assert_eq!(place.run(&["db", "migrate"]).status, 0);
    let unknown = place.run(&["order", "adopt", "4711", "--reason", "ours"]);
    assert!(unknown.status == 1 && unknown.err.contains("neither in the store nor found in pixi"), "{}", unknown.err);
    place.add_order(4711);
    let managed = place.run(&["order", "adopt", "4711", "--reason", "ours"]);
    assert!(managed.status == 1 && managed.err.contains("under management already"), "{}", managed.err);
    let unread = place.run(&["order", "collection", "4711", "--reason", "file 1"]);
    assert!(unread.status == 1 && unread.err.contains("nothing to collect"), "{}", unread.err);
    assert_eq!(place.run(&["order", "collection", "4711", "--reason", "file 1", "--end"]).status, 1);
}

#[test]
fn a_store_that_cannot_be_used_has_its_number_and_says_what_to_do() {
    let place = Place::new(CONFIG);
    std::fs::write(place.path("store.db"), "this is no database, and never was one").unwrap();
    let said = place.run(&["orders"]);
    assert_eq!(said.status, 1, "{}", said.err);
    assert!(said.err.contains("PP-1935") && said.err.contains("pixi-payd verify"), "{}", said.err);
    std::fs::remove_file(place.path("store.db")).unwrap();
    std::fs::create_dir(place.path("store.db")).unwrap();
    let said = place.run(&["orders"]);
    assert!(said.status == 1 && said.err.contains("PP-1934"), "{}", said.err);
}

#[test]
fn the_daemon_owns_its_store_takes_requests_and_stops_cleanly() {
    let place = Place::new(CONFIG);
    let mut daemon = Running::start(&place);
    let second = place.run(&["run"]);
    assert_eq!(second.status, 1);
    assert!(second.err.contains("already runs on this store"), "{}", second.err);

    let once = place.run(&["run", "--once"]);
    assert!(once.err.contains("handed"), "{}", once.err);
    assert_eq!(once.status, 1, "pixi is out of reach for the daemon too");
    daemon.until("cycle over 0 orders ended");

    place.write(&format!("langage: de\n{CONFIG}"));
    daemon.signal("HUP");
    daemon.until("unknown key");
    daemon.until("the old one stays");
    place.write(&CONFIG.replace("store.db", "other.db").replace("language: en", "language: de"));
    daemon.signal("HUP");
    daemon.until("database has changed; it takes effect after a restart");
    daemon.until("configuration read again");

    daemon.signal("TERM");
    daemon.until("stopped");
    assert_eq!(daemon.child.wait().unwrap().code(), Some(0));
    assert!(!place.path("other.db").exists());
}

#[test]
fn a_cycle_with_nothing_to_do_is_status_0() {
    let place = Place::new("schedule: {quiet_hours: none}\ndatabase: sqlite://store.db\n");
    let said = place.run(&["run", "--once"]);
    assert_eq!((said.status, said.out.as_str()), (0, "cycle over 0 orders ended, 0 failed\n"), "{}", said.err);
}

#[test]
fn quiet_hours_are_said_and_are_no_error() {
    let all_day = CONFIG.replace("quiet_hours: none", "quiet_hours: \"00:00-23:59\"");
    let place = Place::new(&all_day.replace("language: en", "timezone: UTC"));
    let said = place.run(&["run", "--once"]);
    // For the one minute of the day that is not quiet, pixi is out of reach.
    if said.status == 0 {
        assert!(said.out.contains("quiet hours until"), "{}", said.out);
    } else {
        assert_eq!(said.status, 1);
    }
}

#[test]
fn shells_and_man_get_their_files() {
    let place = Place::new(CONFIG);
    for shell in ["bash", "zsh", "fish"] {
        let said = place.run(&["completions", shell]);
        assert_eq!(said.status, 0);
        for word in ["connection", "adopt", "collection", "enable", "copy"] {
            assert!(said.out.contains(word), "{shell} {word}");
        }
    }
    let page = place.run(&["man"]);
    assert!(page.out.contains(".TH pixi-payd 1") && page.out.contains("pixi-payd-run"), "{}", &page.out[..500]);
    for name in ["order\\-adopt", "order\\-collection", "connection\\-enable", "config\\-copy"] {
        let plain = name.replace('\\', "");
        assert!(page.out.contains(name) || page.out.contains(&plain), "{name}");
    }
}

#[test]
fn logins_and_the_address_of_the_error_page_are_made_by_commands() {
    let place = Place::with_store();
    let made = place.run(&["user", "add", "anna", "--generate"]);
    assert_eq!((made.status, made.out.trim().len()), (0, 43), "{}", made.err);
    let list = place.run(&["user", "list", "--json"]);
    let users = list.json();
    for (field, value) in [("name", "anna"), ("source", "store"), ("by", "cli:anna")] {
        assert_eq!(users[0][field], value, "{}", list.out);
    }
    assert!(!list.out.contains("argon2"), "{}", list.out);
    let nothing_typed = place.run(&["user", "add", "bert"]);
    assert_eq!(nothing_typed.status, 2, "{}", nothing_typed.err);
    assert_eq!(place.run(&["user", "remove", "anna"]).status, 0);
    assert_eq!(place.run(&["user", "remove", "anna"]).status, 1);

    let address = |args: &[&str]| {
        let made = place.run(args);
        assert_eq!(made.status, 0, "{}", made.err);
        made.out.trim().to_owned()
    };
    let (first, second) = (address(&["error-page", "rotate"]), address(&["error-page", "rotate", "--mandant", "LEO"]));
    assert!(first.starts_with("http://127.0.0.1:0/errors/") && first != second, "{first} {second}");
    assert_eq!(place.run(&["error-page", "rotate", "--mandant", "XYZ"]).status, 2);
    assert_eq!(place.run(&["verify"]).status, 0);
}
