//! Moves mails on: gathers what is to be told, writes mails of it, brings them to their servers, notes what became of
//! them. It has its own task and its own deadlines; payments never wait for it.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use chrono::{NaiveDate, TimeDelta};
use futures_util::FutureExt as _;
use futures_util::future::join_all;

use super::carrier::{Carrier, Fate};
use super::daily::{self, Day};
use super::gather::{Draft, Kind, Wishes, gather};
use super::health::address;
use super::message::parcel_of;
use super::pages::{Answer, Desk};
use super::render::render;
use crate::clock::{Clock, Time};
use crate::config::{ApiName, Mail, MandantId, Settings};
use crate::engine::{Daemon, Stop};
use crate::journal::{DueMail, Journal, JournalError, Letter, MailServer, NewLetter, News, RecipientState};
use crate::steps::{OrderId, Outcome};

/// How often it is looked whether there is something to do.
const TICK: Duration = Duration::from_secs(5);
/// News of a mandant taken at a time.
const MOST_NEWS: i64 = 5_000;
/// Mails of a mandant sent in one turn.
const MOST_MAILS: i64 = 50;
/// With one server a turn begins no further mail after this; the next turn goes on.
const LONGEST_TURN: TimeDelta = TimeDelta::minutes(1);
/// What is told while a cycle runs waits for its end, but no longer.
const LONGEST_WAIT: TimeDelta = TimeDelta::minutes(15);
/// No other process tries a mail that is being sent: longer than a try takes.
const CLAIMED_FOR: TimeDelta = TimeDelta::minutes(3);
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

impl Sent {
    fn add(&mut self, other: Self) {
        self.written += other.written;
        self.sent += other.sent;
        self.failed.extend(other.failed);
    }
}

/// What is known from one turn to the next.
#[derive(Default)]
struct Memory {
    /// Settings of the last turn: with others no server is left alone any longer.
    settings: Option<Arc<Settings>>,
    /// Since when cycles have been running, or when news were gathered last while they ran.
    busy_since: Option<Time>,
}

/// A mail server for one turn.
struct Line {
    name: String,
    /// The same without its login: for logs and people.
    address: String,
    failures: i64,
    /// Left alone until then, and what went wrong.
    rests: Option<(Time, String)>,
}

impl Line {
    fn of(name: &str, server: Option<&MailServer>) -> Self {
        let down = server.filter(|server| !server.works());
        Self {
            name: name.to_owned(),
            address: address(name).to_owned(),
            failures: server.map_or(0, |server| server.failures),
            rests: down.map(|server| (server.next_try, server.last_error.clone().unwrap_or_default())),
        }
    }
}

/// Moves mails on.
pub struct Post {
    journal: Journal,
    clock: Clock,
    carrier: Arc<dyn Carrier>,
    stop: Stop,
    memory: Mutex<Memory>,
}

impl Post {
    /// For mails of a store. It ends with `stop`, after the mail in hand.
    pub fn new(journal: Journal, clock: Clock, carrier: Arc<dyn Carrier>, stop: Stop) -> Self {
        Self { journal, clock, carrier, stop, memory: Mutex::default() }
    }

    /// Moves mails on for as long as the daemon runs.
    pub async fn run(&self, daemon: &Daemon) {
        while !self.stop.is_set() {
            let settings = daemon.shop().settings.clone();
            // Of several processes on a store one sends mails.
            if !daemon.acts_for_all().await {
                self.stop.wait_until(&self.clock, self.clock.now() + TICK, TICK).await;
                continue;
            }
            // Neither a failing store nor a mistake in here ends the daemon.
            match AssertUnwindSafe(self.move_on(&settings, daemon.is_busy())).catch_unwind().await {
                Ok(Ok(_)) => {}
                Ok(Err(error)) => tracing::error!("mails: {error}"),
                Err(_) => tracing::error!("mails: failed inside; tried again"),
            }
            self.stop.wait_until(&self.clock, self.clock.now() + TICK, TICK).await;
        }
    }

    /// One turn, with nothing left to be gathered: all that waits is written and what is due is sent. With each
    /// server no mail is begun after a minute; what is left waits in the store.
    pub async fn turn(&self, settings: &Arc<Settings>) -> Result<Sent, JournalError> {
        self.move_on(settings, false).await
    }

    /// `busy`: a cycle runs; what it tells is gathered once it has ended.
    pub(super) async fn move_on(&self, settings: &Arc<Settings>, busy: bool) -> Result<Sent, JournalError> {
        self.notice_settings(settings).await?;
        let mut sent = Sent::default();
        // Mails that stand in the store leave, whatever keeps new ones from being written.
        let written = self.gather(settings, busy, &mut sent).await;
        self.deliver(settings, &mut sent).await?;
        written.map(|()| sent)
    }

    async fn gather(&self, settings: &Settings, busy: bool, sent: &mut Sent) -> Result<(), JournalError> {
        let now = self.clock.now();
        daily::enqueue(&self.journal, settings, now).await?;
        let news = self.journal.waiting_news(MOST_NEWS).await?;
        if self.is_time(busy, now) { self.write(settings, news, sent).await } else { Ok(()) }
    }

    /// Whether what waits is gathered now: no cycle runs, or they have been running for so long. What is held back by
    /// `max_per_hour` says nothing of that, however old it is.
    fn is_time(&self, busy: bool, now: Time) -> bool {
        let mut memory = self.memory.lock().unwrap_or_else(PoisonError::into_inner);
        if !busy {
            memory.busy_since = None;
            return true;
        }
        let is_time = now - *memory.busy_since.get_or_insert(now) > LONGEST_WAIT;
        if is_time {
            memory.busy_since = Some(now);
        }
        is_time
    }

    async fn notice_settings(&self, settings: &Arc<Settings>) -> Result<(), JournalError> {
        let changed = {
            let last = &mut self.memory.lock().unwrap_or_else(PoisonError::into_inner).settings;
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
        let mut first_error = None;
        for (mandant, news) in by_mandant {
            // What cannot be told of one mandant keeps no other waiting.
            if let Err(error) = self.write_of(settings, &mandant, news, sent).await {
                first_error = first_error.or(Some(error));
            }
        }
        first_error.map_or(Ok(()), Err)
    }

    async fn write_of(
        &self,
        settings: &Settings,
        mandant: &MandantId,
        news: Vec<News>,
        sent: &mut Sent,
    ) -> Result<(), JournalError> {
        let Some(mail) = settings.mail_of(mandant) else {
            let all: Vec<i64> = news.iter().map(|one| one.id).collect();
            return self.journal.drop_news(&all, "no mail settings").await;
        };
        let now = self.clock.now();
        let room = match mail.max_per_hour {
            None => None,
            Some(most) => {
                let written = self.journal.mails_written(mandant, now - TimeDelta::hours(1)).await?;
                Some(usize::try_from(i64::from(most) - written).unwrap_or_default())
            }
        };
        let today = now.with_timezone(&settings.timezone).date_naive().to_string();
        let told: BTreeSet<String> = self.journal.topics_told(mandant, &today).await?.into_iter().collect();
        let gathered = gather(news, &told, Wishes { room, solved: mail.solved });
        self.journal.drop_news(&gathered.overtaken, "solved before it was mailed").await?;
        self.journal.drop_news(&gathered.unwanted, "switched off by mail.solved").await?;
        let mut first_error = None;
        for draft in gathered.drafts {
            match self.write_one(settings, mandant, mail, draft).await {
                Ok(()) => sent.written += 1,
                Err(error) => first_error = first_error.or(Some(error)),
            }
        }
        first_error.map_or(Ok(()), Err)
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
                let api = draft.news.first().map_or_else(|| ApiName(String::new()), |one| one.api.clone());
                desk.daily(draft.kind, &Day::of(&self.journal, &api, mandant, day).await?)
            }
            _ => desk.of(&draft, &self.answers(&draft).await.unwrap_or_default()),
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
    async fn answers(&self, draft: &Draft) -> Result<BTreeMap<i64, Answer>, JournalError> {
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
                    Some(Answer { peer, text: format!("{} {}", refusal.code, refusal.message) })
                }
                Outcome::Unknown { cause } if names("step", &step.key.0) => Some(Answer { peer, text: cause.clone() }),
                _ => None,
            }
        });
        Ok(answer.map(|answer| (one.id, answer)).into_iter().collect())
    }

    /// Sends what is due, with each server beside the others: a slow or dead one keeps nobody else's mails waiting.
    async fn deliver(&self, settings: &Settings, sent: &mut Sent) -> Result<(), JournalError> {
        let due = self.journal.due_mails(MOST_MAILS).await?;
        if due.is_empty() {
            return Ok(());
        }
        let servers = self.journal.mail_state().await?.servers;
        let mut by_server: BTreeMap<String, Vec<DueMail>> = BTreeMap::new();
        for one in due {
            let name = settings.mail_of(&one.mandant).map(|mail| mail.smtp.name()).unwrap_or_default();
            by_server.entry(name).or_default().push(one);
        }
        let lines = by_server.into_iter().map(|(name, mails)| {
            let line = Line::of(&name, servers.iter().find(|server| server.name == name));
            self.deliver_by(settings, line, mails)
        });
        let mut first_error = None;
        for (done, error) in join_all(lines).await {
            sent.add(done);
            first_error = first_error.or(error);
        }
        first_error.map_or(Ok(()), Err)
    }

    async fn deliver_by(
        &self,
        settings: &Settings,
        mut line: Line,
        mails: Vec<DueMail>,
    ) -> (Sent, Option<JournalError>) {
        let mut sent = Sent::default();
        let began = self.clock.now();
        let count = mails.len();
        for (done, one) in mails.into_iter().enumerate() {
            if self.stop.is_set() {
                break;
            }
            if self.clock.now() - began > LONGEST_TURN {
                sent.failed.push(format!("{}: slow, {} mails wait for the next turn", line.address, count - done));
                break;
            }
            if let Err(error) = self.deliver_one(settings, &one, &mut line, &mut sent).await {
                return (sent, Some(error));
            }
        }
        (sent, None)
    }

    async fn deliver_one(
        &self,
        settings: &Settings,
        due: &DueMail,
        line: &mut Line,
        sent: &mut Sent,
    ) -> Result<(), JournalError> {
        let give_up = async |why: &str| self.journal.mail_tried(due.id, &[], Some(why), None).await;
        let Some(mail) = settings.mail_of(&due.mandant) else { return give_up("no mail settings").await };
        let letter = match self.journal.load_mail(due.id).await {
            Ok(Some(letter)) => letter,
            Ok(None) => return Ok(()),
            Err(JournalError::Corrupt(what)) => {
                tracing::error!("mail {} cannot be read and is given up: {what}", due.id);
                return give_up("cannot be read").await;
            }
            Err(error) => return Err(error),
        };
        let now = self.clock.now();
        if now - letter.created > GIVEN_UP_AFTER {
            let why = letter.last_error.as_deref().unwrap_or("not delivered within three days");
            tracing::warn!("a mail of {} is given up: {why}", letter.created);
            return give_up(why).await;
        }
        if let Some((_, why)) = line.rests.as_ref().filter(|(until, _)| *until > now) {
            sent.failed.push(format!("{}: {why}", line.address));
            return Ok(());
        }
        let parcel = match parcel_of(&letter, mail) {
            Ok(parcel) => parcel,
            Err(error) => return give_up(&error.to_string()).await,
        };
        if !self.journal.claim_mail(letter.id, now + CLAIMED_FOR).await? {
            return Ok(());
        }
        match self.carrier.carry(&mail.smtp, &parcel).await {
            Ok(fates) => {
                if line.failures > 0 {
                    tracing::info!("mail server {} works again", line.address);
                }
                self.journal.mail_server_worked(&line.name).await?;
                (line.failures, line.rests) = (0, None);
                self.settle(&letter, &fates, sent).await
            }
            Err(error) => {
                let next = self.clock.now() + pause(line.failures);
                if line.failures == 0 {
                    tracing::warn!("mail server {}: {error}; mails wait", line.address);
                }
                self.journal.mail_server_failed(&line.name, &error.text, next).await?;
                // The pause is the server's: once that is ready again, the mail is due.
                let due = self.clock.now();
                self.journal.mail_tried(letter.id, &[], Some(&error.text), Some(due)).await?;
                line.failures += 1;
                line.rests = Some((next, error.text.clone()));
                sent.failed.push(format!("{}: {error}", line.address));
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
