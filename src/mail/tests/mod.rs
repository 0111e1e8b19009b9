//! Mails as a whole: what is told, when, to whom, and what becomes of it.
#![allow(clippy::inconsistent_digit_grouping, reason = "euros and cents")]

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::clock::{Clock, Time};
use crate::config::{self, MandantId, Settings};
use crate::engine::Stop;
use crate::journal::{Amounts, Journal, Management, Next, Options, OrderRow, OrderSeen, PlanRecord, telling};
use crate::money::Currency;
use crate::sandbox::mailbox::{MailFault, Mailbox};
use crate::steps::OrderId;
use crate::text::{Notice, Number, amounts};

mod looks;
mod outbox;
mod records;
mod smtp;

/// Settings with two mandants, one of them for tests; `mail` goes into the general block.
fn settings(language: &str, mail: &str) -> Settings {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pixi-payd.yaml");
    let text = format!(
        "timezone: Europe/Berlin\nlanguage: {language}\n\
         mail:\n  from: pixi-payd@example.org\n  to: [it@example.org, anna@example.org]\n  \
         smtp: {{host: smtp.example.org, port: 587, security: none}}\n{mail}\
         web: {{public_url: \"https://pay.example.org/payd\"}}\n\
         pixi:\n  live: {{active: true, endpoint: \"https://api.pixi.eu/soap/pixiACM/\", username: u, password: p}}\n\
         mandants:\n  LEO: {{name: Leo Sport GmbH, pixi: live, kind: production, process_from: 2026-01-01}}\n  \
         TST: {{name: Testladen, pixi: live, kind: test, process_from: 2026-01-01, mail: {{to: [test@example.org]}}}}\n"
    );
    std::fs::write(&file, text).unwrap();
    config::load(&file).unwrap_or_else(|findings| panic!("{findings}")).settings
}

/// A store, mails, and a mail server, all on a clock that stands still unless waited on.
struct Office {
    clock: Clock,
    journal: Journal,
    server: Arc<Mailbox>,
    post: Post,
    settings: Arc<Settings>,
    folder: tempfile::TempDir,
}

impl Office {
    async fn new(mail: &str) -> Self {
        let clock = Clock::simulated("2026-03-03T09:00:00Z".parse::<Time>().unwrap(), 1);
        let folder = tempfile::tempdir().unwrap();
        let journal = Self::open(&folder, &clock).await;
        let server = Arc::new(Mailbox::new(clock.clone(), None));
        let post = Post::new(journal.clone(), clock.clone(), server.clone(), Stop::default());
        let office = Self { clock, journal, server, post, settings: Arc::new(settings("de", mail)), folder };
        // The time of the daily mail has come an hour ago.
        office.turn().await;
        office
    }

    async fn open(folder: &tempfile::TempDir, clock: &Clock) -> Journal {
        let options = Options::new(folder.path().join("store.db"), clock.clone()).simulated(7);
        Journal::open(options).await.unwrap()
    }

    /// The process died and another was started.
    async fn restart(&mut self) {
        self.journal.close();
        self.journal = Self::open(&self.folder, &self.clock).await;
        self.post = Post::new(self.journal.clone(), self.clock.clone(), self.server.clone(), Stop::default());
    }

    async fn turn(&self) -> Sent {
        self.post.turn(&self.settings).await.unwrap()
    }

    /// Changes the store behind the journal's back.
    async fn spoil(&self, text: &'static str) {
        use sqlx::Connection as _;
        let url = format!("sqlite:{}", self.folder.path().join("store.db").display());
        let mut conn = sqlx::AnyConnection::connect(&url).await.unwrap();
        sqlx::raw_sql(text).execute(&mut conn).await.unwrap();
        conn.close().await.unwrap();
    }

    async fn wait(&self, minutes: u64) {
        self.clock.sleep(Duration::from_mins(minutes)).await;
    }

    /// Marks an order with a problem; none: its problem is over.
    async fn mark(&self, mandant: &str, nr: i64, notice: Option<Notice>) -> OrderRow {
        let row = order(&self.journal, &self.clock, mandant, nr).await;
        let plan = plan(&row, notice);
        self.journal.record_plan(&row, plan).await.unwrap().row
    }

    /// Subjects of what the server took since the last call.
    fn subjects(&self, seen: usize) -> Vec<String> {
        self.server.taken().iter().skip(seen).map(|taken| taken.parcel.subject.clone()).collect()
    }
}

async fn order(journal: &Journal, clock: &Clock, mandant: &str, nr: i64) -> OrderRow {
    let seen = OrderSeen {
        order: OrderId { api: "live".into(), mandant: mandant.into(), nr },
        nr_external: format!("W-{nr}"),
        payment_code: "U".into(),
        currency: Currency::EUR,
        mode: "expert".into(),
        management: Management::Managed,
        next_check: clock.now(),
    };
    journal.see_order(seen).await.unwrap()
}

fn plan(row: &OrderRow, mark: Option<Notice>) -> PlanRecord {
    let amounts = Amounts { total: 1_119_00, authorized: 1_119_00, captured: 19_00, ..Amounts::default() };
    let shown = OrderRow { amounts, ..row.clone() };
    PlanRecord {
        undecided: false,
        payment_status: "UNPAID".into(),
        transfer_status: "INITIAL".into(),
        reason: format!("{mark:?}"),
        mark_mail: mark.as_ref().map(|mark| telling("problem", &shown, mark)),
        mark,
        mails: Vec::new(),
        next: Next::Check("2026-03-03T10:00:00Z".parse().unwrap()),
        payment: Some(format!("s-pay-{}", row.order.nr)),
        method: Some("crd".into()),
        group: Some("AUTH".into()),
        customer: None,
        o0: None,
        amounts,
        facts: "{}".into(),
        keep_facts: false,
        facts_digest: "1".into(),
        settings_digest: "1".into(),
    }
}

fn no_payment() -> Notice {
    Notice::problem(Number::NoPaymentId)
}

fn refused(document: &str) -> Notice {
    Notice::problem(Number::CaptureRefused)
        .with("amount", amounts::neutral(Currency::EUR.of(1_100_00)))
        .with("document", document)
        .with("code", "COR.800.100.153")
}
