//! Moves mails on: gathers what is to be told, writes mails of it, brings them to their servers, notes what became of
//! them. It has its own task and its own deadlines; payments never wait for it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use futures_util::FutureExt as _;

use super::carrier::{Carrier, Fate};
use super::daily::{self, Day};
use super::gather::{Draft, Kind, gather};
use super::message::parcel_of;
use super::pages::Desk;
use super::render::render;
use crate::clock::Clock;
use crate::config::{Mail, MandantId, Settings};
use crate::engine::{Daemon, Stop};
use crate::journal::{Journal, JournalError, Letter, MailServer, NewLetter, News, RecipientState};
use crate::steps::{OrderId, Outcome};

/// How often it is looked whether there is something to do.
const TICK: Duration = Duration::from_secs(5);
/// News taken at a time.
const MOST_NEWS: i64 = 5_000;
/// Mails sent in one turn.
const MOST_MAILS: i64 = 50;
/// What is told while a cycle runs waits for its end, but no longer.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(15);
/// First pause after a failure; doubles each time.
const FIRST_PAUSE: TimeDelta = TimeDelta::minutes(1);
/// Longest pause.
const LONGEST_PAUSE: TimeDelta = TimeDelta::hours(1);
/// A mail older than this is given up: the daily one tells of what is still open.
const GIVEN_UP_AFTER: TimeDelta = TimeDelta::days(3);

/// What a turn did.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sent {
    /// Mails written.
    pub written: usize,
    /// Mails that at least one recipient's server took.
    pub sent: usize,
    /// What went wrong, in words.
    pub failed: Vec<String>,
}

/// Moves mails on.
pub struct Post {
    journal: Journal,
    clock: Clock,
    carrier: Arc<dyn Carrier>,
    stop: Stop,
    /// Settings of the last turn: with others no server is left alone any longer.
    last: Mutex<Option<Arc<Settings>>>,
}

impl Post {
    /// For mails of a store. It ends with `stop`, after the mail in hand.
    pub fn new(journal: Journal, clock: Clock, carrier: Arc<dyn Carrier>, stop: Stop) -> Self {
        Self { journal, clock, carrier, stop, last: Mutex::new(None) }
    }

    /// Moves mails on for as long as the daemon runs.
    pub async fn run(&self, daemon: &Daemon) {
        while !self.stop.is_set() {
            let settings = daemon.shop().settings.clone();
            // Neither a failing store nor a mistake in here ends the daemon.
            match AssertUnwindSafe(self.move_on(&settings, daemon.is_busy())).catch_unwind().await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::error!("mails: {error}"),
                Err(_) => tracing::error!("mails: failed inside; tried again"),
            }
            self.stop.wait_until(&self.clock, self.clock.now() + TICK, TICK).await;
        }
    }

    /// One turn, with nothing left to be gathered: all that waits is written and what is due is sent.
    pub async fn turn(&self, settings: &Arc<Settings>) -> Result<Sent, JournalError> {
        self.move_on(settings, false).await
    }

    /// `busy`: a cycle runs; what it tells is gathered once it has ended.
    async fn move_on(&self, settings: &Arc<Settings>, busy: bool) -> Result<Sent, JournalError> {
        self.notice_settings(settings).await?;
        let now = self.clock.now();
        daily::enqueue(&self.journal, settings, now).await?;
        let mut sent = Sent::default();
        let news = self.journal.waiting_news(MOST_NEWS).await?;
        if news.first().is_some_and(|oldest| !busy || now - oldest.created > LONGEST_WAIT) {
            self.write(settings, news, &mut sent).await?;
        }
        self.deliver(settings, &mut sent).await?;
        Ok(sent)
    }

    async fn notice_settings(&self, settings: &Arc<Settings>) -> Result<(), JournalError> {
        let changed = {
            let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
            let changed = last.as_ref().is_none_or(|last| !Arc::ptr_eq(last, settings));
            *last = Some(settings.clone());
            changed
        };
        if changed { self.journal.mail_servers_ready().await } else { Ok(()) }
    }

    async fn write(&self, settings: &Settings, news: Vec<News>, sent: &mut Sent) -> Result<(), JournalError> {
        let mut by_mandant: BTreeMap<MandantId, Vec<News>> = BTreeMap::new();
        for one in news {
            by_mandant.entry(one.mandant.clone()).or_default().push(one);
        }
        for (mandant, mut news) in by_mandant {
            let Some(mail) = mail_of(settings, &mandant) else {
                let all: Vec<i64> = news.iter().map(|one| one.id).collect();
                self.journal.drop_news(&all, "no mail settings").await?;
                continue;
            };
            if !mail.solved {
                let solved: Vec<i64> = news.iter().filter(|one| one.kind == "solved").map(|one| one.id).collect();
                self.journal.drop_news(&solved, "switched off by mail.solved").await?;
                news.retain(|one| one.kind != "solved");
            }
            let now = self.clock.now();
            let room = match mail.max_per_hour {
                None => None,
                Some(most) => {
                    let written = self.journal.mails_written(&mandant, now - TimeDelta::hours(1)).await?.len();
                    Some(usize::try_from(most).unwrap_or(usize::MAX).saturating_sub(written))
                }
            };
            let today = now.with_timezone(&settings.timezone).date_naive().to_string();
            let told: BTreeSet<String> = self.journal.topics_told(&mandant, &today).await?.into_iter().collect();
            let gathered = gather(news, &told, room);
            self.journal.drop_news(&gathered.overtaken, "solved before it was mailed").await?;
            for draft in gathered.drafts {
                self.write_one(settings, &mandant, mail, draft).await?;
                sent.written += 1;
            }
        }
        Ok(())
    }

    async fn write_one(
        &self,
        settings: &Settings,
        mandant: &MandantId,
        mail: &Mail,
        draft: Draft,
    ) -> Result<(), JournalError> {
        let desk = Desk { settings, mandant };
        let page = match draft.kind {
            Kind::Summary | Kind::Reminder => {
                let day = draft.news.first().map(|one| one.day.clone()).unwrap_or_default();
                let day: NaiveDate = day.parse().unwrap_or_else(|_| self.clock.now().date_naive());
                desk.daily(draft.kind, &Day::of(&self.journal, mandant, day).await?)
            }
            _ => desk.of(&draft, &self.answers(&draft).await?),
        };
        let parts = render(&page).map_err(|error| JournalError::Corrupt(format!("mail: {error}")))?;
        let letter = NewLetter {
            mandant: mandant.clone(),
            kind: draft.kind.name().to_owned(),
            message_id: draft.news.first().map(|one| one.message_id.clone()).unwrap_or_default(),
            subject: page.subject,
            text: parts.text,
            html: parts.html,
            to: mail.to.clone(),
            news: draft.news.iter().map(|one| one.id).collect(),
        };
        self.journal.write_mail(letter).await?;
        Ok(())
    }

    /// What Unzer or pixi answered, for a mail about one order: code and text for staff of the refusal the notice names,
    /// or why it is not known what became of its step.
    async fn answers(&self, draft: &Draft) -> Result<BTreeMap<i64, String>, JournalError> {
        let [one] = draft.news.as_slice() else { return Ok(BTreeMap::new()) };
        let (Some(nr), true) = (one.params["order_nr"].as_i64(), one.of_order) else { return Ok(BTreeMap::new()) };
        let order = OrderId { api: one.api.clone(), mandant: one.mandant.clone(), nr };
        let values: Vec<(String, String)> = serde_json::from_value(one.params["values"].clone()).unwrap_or_default();
        let names = |what: &str, value: &str| values.iter().any(|(name, told)| name == what && told == value);
        let steps = self.journal.steps_of(&order).await?;
        let answer = steps.iter().rev().find_map(|step| {
            let peer = if step.effect.kind().is_pixi() { "pixi" } else { "Unzer" };
            match step.outcome.as_ref()? {
                Outcome::Refused(refusal) if names("code", &refusal.code) => {
                    Some(format!("{peer}: {} {}", refusal.code, refusal.message))
                }
                Outcome::Unknown { cause } if names("step", &step.key.0) => Some(format!("{peer}: {cause}")),
                _ => None,
            }
        });
        Ok(answer.map(|answer| (one.id, answer)).into_iter().collect())
    }

    async fn deliver(&self, settings: &Settings, sent: &mut Sent) -> Result<(), JournalError> {
        let due = self.journal.due_mails(MOST_MAILS).await?;
        if due.is_empty() {
            return Ok(());
        }
        let servers = self.journal.mail_state().await?.servers;
        let mut servers: BTreeMap<String, MailServer> =
            servers.into_iter().map(|server| (server.name.clone(), server)).collect();
        for letter in due {
            if self.stop.is_set() {
                break;
            }
            self.deliver_one(settings, &letter, &mut servers, sent).await?;
        }
        Ok(())
    }

    async fn deliver_one(
        &self,
        settings: &Settings,
        letter: &Letter,
        servers: &mut BTreeMap<String, MailServer>,
        sent: &mut Sent,
    ) -> Result<(), JournalError> {
        let now = self.clock.now();
        let Some(mail) = mail_of(settings, &letter.mandant) else {
            return self.journal.mail_tried(letter.id, &[], Some("no mail settings"), None).await;
        };
        if now - letter.created > GIVEN_UP_AFTER {
            let why = letter.last_error.as_deref().unwrap_or("not delivered within three days");
            tracing::warn!("a mail of {} is given up: {why}", letter.created);
            return self.journal.mail_tried(letter.id, &[], Some(&format!("given up: {why}")), None).await;
        }
        let name = mail.smtp.name();
        let failures = servers.get(&name).map_or(0, |server| server.failures);
        if let Some(server) = servers.get(&name).filter(|server| !server.works() && server.next_try > now) {
            sent.failed.push(format!("{name}: {}", server.last_error.as_deref().unwrap_or_default()));
            return Ok(());
        }
        let parcel = match parcel_of(letter, mail) {
            Ok(parcel) => parcel,
            Err(error) => return self.journal.mail_tried(letter.id, &[], Some(&error.to_string()), None).await,
        };
        match self.carrier.carry(&mail.smtp, &parcel).await {
            Ok(fates) => {
                if failures > 0 {
                    tracing::info!("mail server {name} works again");
                }
                self.journal.mail_server_worked(&name).await?;
                servers.remove(&name);
                self.settle(letter, &fates, sent).await
            }
            Err(error) => {
                let next = self.clock.now() + pause(failures);
                if failures == 0 {
                    tracing::warn!("mail server {name}: {error}; mails wait");
                }
                self.journal.mail_server_failed(&name, &error.text, next).await?;
                // The pause is the server's: once that is ready again, the mail is due.
                let due = self.clock.now();
                self.journal.mail_tried(letter.id, &[], Some(&error.text), Some(due)).await?;
                let state = self.journal.mail_state().await?;
                servers.extend(state.servers.into_iter().map(|server| (server.name.clone(), server)));
                sent.failed.push(format!("{name}: {error}"));
                Ok(())
            }
        }
    }

    async fn settle(&self, letter: &Letter, fates: &[(String, Fate)], sent: &mut Sent) -> Result<(), JournalError> {
        let mut answers = Vec::new();
        let (mut later, mut taken) = (None, false);
        for (address, fate) in fates {
            match fate {
                Fate::Accepted(answer) => {
                    taken = true;
                    answers.push((address.clone(), RecipientState::Accepted, answer.clone()));
                }
                Fate::Refused(answer) => {
                    tracing::warn!("a recipient was refused by the mail server: {answer}");
                    sent.failed.push(format!("{address}: {answer}"));
                    answers.push((address.clone(), RecipientState::Refused, answer.clone()));
                }
                Fate::Later(answer) => later = Some(answer.clone()),
            }
        }
        sent.sent += usize::from(taken);
        if taken {
            tracing::info!(mandant = %letter.mandant, "mail sent, {} of {} recipients", answers.len(), fates.len());
        }
        let next = self.clock.now() + pause(letter.tries);
        if let Some(answer) = &later {
            sent.failed.push(answer.clone());
        }
        self.journal.mail_tried(letter.id, &answers, later.as_deref(), Some(next)).await
    }
}

/// Mail settings of a mandant; the general ones for mandants that are no longer configured.
fn mail_of<'a>(settings: &'a Settings, mandant: &MandantId) -> Option<&'a Mail> {
    settings.mandants.get(mandant).and_then(|block| block.mail.as_ref()).or(settings.mail.as_ref())
}

fn pause(failures: i64) -> TimeDelta {
    let doubled = i32::try_from(failures.clamp(0, 10)).unwrap_or(10);
    (FIRST_PAUSE * 2_i32.pow(doubled.unsigned_abs())).min(LONGEST_PAUSE)
}

/// Runs the daemon with its mails beside it, to the daemon's end. Asked to stop, the mail in hand is waited for; where the
/// daemon fails, it is not.
pub async fn beside<T, E>(daemon: impl Future<Output = Result<T, E>>, post: impl Future<Output = ()>) -> Result<T, E> {
    let mut daemon = std::pin::pin!(daemon.fuse());
    let mut post = std::pin::pin!(post.fuse());
    let mut delivered = false;
    let ended = loop {
        tokio::select! {
            biased;
            ended = &mut daemon => break ended,
            () = &mut post, if !delivered => delivered = true,
        }
    };
    if ended.is_ok() && !delivered {
        post.await;
    }
    ended
}
