//! Connections that fail, are switched off, and are taken up again.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use chrono::TimeDelta;

use super::pages::visitor::{Visitor, with_logins};
use super::scene::{Act, Scene};
use crate::engine::connections::{self, DAEMON, Link};
use crate::journal::{ConnectionRow, News};
use crate::sandbox::pixi::LineState;
use crate::text::{Language, Severity};
use crate::wire::Peer;
use crate::wire::circuit::ConnectionState;

impl Scene {
    async fn connection(&self, peer: Peer) -> ConnectionRow {
        let rows = self.journal.connections().await.unwrap();
        rows.into_iter().find(|row| row.peer == peer).unwrap()
    }

    fn link(&self, peer: Peer) -> Link {
        let all = connections::links(&self.daemon.shop().settings);
        all.into_iter().find(|link| link.peer == peer).unwrap()
    }

    async fn disable(&self, peer: Peer) {
        assert!(connections::disable(&self.journal, &self.link(peer), "cli:anna", "moved").await.unwrap());
    }

    async fn enable(&self, peer: Peer) {
        let zone = self.daemon.shop().settings.timezone;
        let (link, journal) = (self.link(peer), &self.journal);
        assert!(connections::enable(journal, &link, zone, "cli:anna", "it is back").await.unwrap());
        assert!(!connections::enable(journal, &link, zone, "cli:anna", "again").await.unwrap(), "it is on already");
    }

    /// Requests to a peer since the last call.
    fn asked(&self, peer: Peer) -> usize {
        let of_pixi = |call: &str| call.starts_with("pixi");
        self.line.take_sent().iter().filter(|sent| of_pixi(sent.call) == (peer == Peer::Pixi)).count()
    }

    async fn told(&self, kind: &str) -> Vec<News> {
        let news = self.journal.waiting_news(1000).await.unwrap();
        news.into_iter().filter(|one| one.kind == kind && one.topic.as_deref() == Some("PP-1922")).collect()
    }

    fn on_hold(&self, nr: i64) -> bool {
        self.world.pixi.order(nr).unwrap().lines.iter().any(|line| line.state == LineState::Hal)
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_outage_switches_off_and_is_told_and_what_came_in_meanwhile_is_taken_up() {
    let scene = Scene::with(|settings| settings.safety.disable_after = Duration::from_hours(48)).await;
    let stage = scene.stage(1);
    let before = stage.authorize("card", &[30_00], 0).unwrap();
    scene.minutes(3).await;
    assert_eq!(scene.connection(Peer::Pixi).await.state, ConnectionState::Connected);
    assert_eq!(scene.connection(Peer::Unzer).await.state, ConnectionState::Connected);

    let begun = scene.world.clock.now();
    scene.line.rule(|request| if request.peer == Peer::Pixi { Act::Lose } else { Act::Pass });
    scene.hours(40).await;
    let failing = scene.connection(Peer::Pixi).await;
    assert_eq!(failing.state, ConnectionState::ConnectedError);
    assert!(failing.failing_since.unwrap() - begun < TimeDelta::hours(1), "{failing:?}");
    assert_eq!(failing.last_error.as_deref(), Some("connection lost"));
    assert!(scene.told("problem").await.is_empty());
    let shown = connections::shown(&scene.daemon.shop().settings, scene.journal.connections().await.unwrap());
    let hints = connections::troubles(&shown, scene.daemon.shop().settings.timezone);
    assert!(hints.len() == 1 && hints[0].severity == Severity::Hint, "{hints:?}");
    assert_eq!(hints[0].number.digits(), 1921);
    assert!(hints[0].text(Language::En).contains("no usable answer since 2026-03-03 09:"), "{hints:?}");

    scene.hours(12).await;
    let off = scene.connection(Peer::Pixi).await;
    assert_eq!((off.state, off.changed_by.as_deref()), (ConnectionState::Disabled, Some(DAEMON)));
    let told = scene.told("problem").await;
    let mandants: Vec<&str> = told.iter().map(|one| one.mandant.0.as_str()).collect();
    assert_eq!(mandants, ["DEM", "OUT"], "the people of each mandant are told, once");

    // It works again, and still gets no request.
    scene.line.clear();
    let meanwhile = stage.another(2).authorize("card", &[40_00], 0).unwrap();
    scene.asked(Peer::Pixi);
    scene.hours(30).await;
    assert_eq!(scene.asked(Peer::Pixi), 0);
    assert!(scene.on_hold(meanwhile.nr));
    let hint = scene.row(before.nr).await.mark.unwrap();
    assert_eq!((hint.number.digits(), hint.severity), (1922, Severity::Hint));
    assert_eq!(scene.told("problem").await.len(), 2, "nobody is told again");

    scene.enable(Peer::Pixi).await;
    assert!(scene.connection(Peer::Pixi).await.catch_up);
    scene.minutes(3).await;
    assert!(!scene.on_hold(meanwhile.nr));
    assert_eq!(scene.row(before.nr).await.mark, None);
    let back = scene.connection(Peer::Pixi).await;
    assert_eq!((back.state, back.catch_up, back.failing_since), (ConnectionState::Connected, false, None));
    assert_eq!(scene.told("solved").await.len(), 2);
    assert!(scene.journal.verify_chains().await.unwrap().iter().all(|chain| chain.broken_at.is_none()));
}

#[tokio::test(start_paused = true)]
async fn a_key_pair_that_is_off_gets_no_request_and_its_orders_wait() {
    let scene = Scene::new().await;
    let stage = scene.stage(1);
    scene.minutes(1).await;
    scene.disable(Peer::Unzer).await;
    let sold = stage.authorize("card", &[30_00], 0).unwrap();
    scene.asked(Peer::Unzer);
    scene.hours(3).await;
    assert_eq!(scene.asked(Peer::Unzer), 0);
    assert!(scene.on_hold(sold.nr));
    stage.locked(sold.nr, false).unwrap();
    assert_eq!(scene.row(sold.nr).await.mark.map(|mark| mark.severity), Some(Severity::Hint));
    scene.enable(Peer::Unzer).await;
    scene.minutes(2).await;
    assert!(!scene.on_hold(sold.nr), "it is not left to its next check");
    assert_eq!(scene.connection(Peer::Unzer).await.state, ConnectionState::Connected);
    assert!(scene.told("problem").await.is_empty(), "who switches off need not be told");
}

#[tokio::test(start_paused = true)]
async fn one_key_pair_that_is_off_leaves_the_payments_of_the_others() {
    let scene = Scene::with(|settings| {
        let second = settings.mandants["OUT"].payment_types["X"].keys.clone();
        let block = settings.mandants.get_mut("DEM").unwrap().payment_types.get_mut("U").unwrap();
        let own = std::mem::replace(&mut block.keys, second);
        block.keys.extend(own);
    })
    .await;
    let stage = scene.stage(1);
    // The payment is the second pair's; the first is asked before it, and is off.
    let first = scene.daemon.shop().settings.mandants["DEM"].payment_types["U"].keys[0].clone();
    let all = connections::links(&scene.daemon.shop().settings);
    let link = all.iter().find(|link| link.name == first.public_key).unwrap();
    connections::disable(&scene.journal, link, "cli:anna", "moved").await.unwrap();
    let sold = stage.authorize("card", &[30_00], 0).unwrap();
    scene.minutes(3).await;
    assert!(!scene.on_hold(sold.nr));
}

#[tokio::test(start_paused = true)]
async fn changes_are_looked_for_at_most_thirty_days_back() {
    let scene = Scene::new().await;
    scene.minutes(1).await;
    scene.disable(Peer::Pixi).await;
    scene.world.clock.sleep(Duration::from_hours(60 * 24)).await;
    scene.enable(Peer::Pixi).await;
    let windows: Arc<Mutex<Vec<String>>> = Arc::default();
    let seen = windows.clone();
    scene.line.rule(move |request| {
        if request.call == "pixiGetChangedOrders" {
            seen.lock().unwrap().push(String::from_utf8_lossy(&request.body).into_owned());
        }
        Act::Pass
    });
    scene.cycle().await;
    let windows = windows.lock().unwrap();
    assert!(windows.len() == 1 && windows[0].contains("2026-04-02"), "{windows:?}");
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_is_an_error_of_the_connection() {
    let scene = Scene::with(|settings| {
        for api in settings.pixi.values_mut() {
            api.password = secrecy::SecretString::from("wrong");
        }
    })
    .await;
    scene.minutes(3).await;
    let row = scene.connection(Peer::Pixi).await;
    assert_eq!(row.state, ConnectionState::ConnectedError);
    assert_eq!(row.last_error.as_deref(), Some("HTTP 401: the login is refused"));
    let first = row.since;
    scene.minutes(30).await;
    assert_eq!(scene.connection(Peer::Pixi).await.since, first, "one outage");
}

#[tokio::test(start_paused = true)]
async fn what_leaves_the_configuration_is_deregistered_until_it_comes_back() {
    let scene = Scene::new().await;
    scene.stage(1).authorize("card", &[30_00], 0).unwrap();
    scene.minutes(1).await;
    let whole = scene.daemon.shop().settings.clone();
    let mut less = (*whole).clone();
    less.mandants.clear();
    scene.daemon.reload(Arc::new(less)).unwrap();
    scene.minutes(1).await;
    assert_eq!(scene.connection(Peer::Unzer).await.state, ConnectionState::Deregistered);
    scene.daemon.reload(whole.clone()).unwrap();
    scene.stage(2).authorize("card", &[30_00], 0).unwrap();
    scene.minutes(2).await;
    assert_eq!(scene.connection(Peer::Unzer).await.state, ConnectionState::Connected);
    let shown = connections::shown(&whole, scene.journal.connections().await.unwrap());
    assert!(shown.iter().all(|shown| shown.state != ConnectionState::Deregistered));
}

#[tokio::test(start_paused = true)]
async fn pages_and_metrics_show_what_is_switched_off() {
    let scene = Scene::with(with_logins).await;
    scene.minutes(2).await;
    let mut anna = Visitor::known(&scene).await;
    let page = anna.get("/").await.text;
    assert!(page.contains("data-state=\"CONNECTED\"") && !page.contains("data-trouble"), "{page}");
    scene.disable(Peer::Pixi).await;
    let page = anna.get("/").await.text;
    assert!(page.contains("data-state=\"DISABLED\"") && page.contains("data-trouble=\"PP-1922\""), "{page}");
    assert!(page.contains("moved"), "why, in the words of who did it");
    // The page of metrics is read anew after some seconds.
    scene.minutes(1).await;
    let metrics = anna.get("/metrics").await.text;
    assert!(metrics.contains("pixi_payd_connections{peer=\"pixi\",state=\"disabled\"} 1"), "{metrics}");
}
