//! One order: its amounts, what was done, what comes next and why, its mails, and what people can do.

use askama::Template;
use axum::extract::{Path, RawQuery, State};
use axum::response::Html;

use super::actions::{Action, offered};
use super::overview::When;
use super::row::{Mark, Row, href};
use super::timeline::{Done, Mailed, Wished};
use super::words::Pen;
use super::{Frame, pen, said};
use crate::config::{MandantId, Settings};
use crate::engine::preview::preview;
use crate::engine::schedule::{NextReason, looked_at};
use crate::engine::{told, words};
use crate::journal::OrderRow;
use crate::money::Currency;
use crate::policy::{Facts, NextCheck, Plan};
use crate::steps::Kind;
use crate::unzer::MethodPrefix;
use crate::web::form::Form;
use crate::web::login::Session;
use crate::web::{Fault, Web};

/// While a request waits for its answer the page loads itself anew after so many seconds.
const ANSWER_IN: u32 = 2;
/// Unzer's portal for real payments and for those of its sandbox.
const PORTAL: &str = "https://insights.unzer.com/";
const PORTAL_SANDBOX: &str = "https://sbx-insights.unzer.com/";
/// Requests shown.
const REQUESTS: i64 = 20;

/// One amount.
struct Amount {
    key: &'static str,
    word: &'static str,
    text: String,
    nil: bool,
}

/// What comes next.
struct Outlook {
    /// Why it is so, in sentences.
    why: String,
    /// Rule that decides.
    rule: String,
    /// Steps to be taken, in order.
    steps: Vec<String>,
    /// What a bookkeeper wants to know beside it.
    told: Vec<String>,
    /// When it is looked at next; none: not any more.
    next_check: Option<When>,
    /// When what it rests on was read.
    as_of: String,
    /// It could be worked out.
    known: bool,
}

/// What a page of an order shows of the order itself.
pub struct Head {
    /// As in lists.
    pub row: Row,
    /// Mandant's name.
    pub mandant_name: String,
    /// `standard` or `expert`.
    pub mode: String,
}

#[derive(Template)]
#[template(path = "web/order.html")]
struct OrderPage {
    frame: Frame,
    head: Head,
    /// The mark, also where a person has settled it.
    mark: Option<Mark>,
    /// Who settled it.
    settled: Option<String>,
    amounts: Vec<Amount>,
    outlook: Outlook,
    steps: Vec<Done>,
    mails: Vec<Mailed>,
    requests: Vec<Wished>,
    actions: Vec<(Action, &'static str)>,
    portal: Option<&'static str>,
}

/// The stored order a path names.
pub async fn find(web: &Web, mandant: &str, nr: &str) -> Result<OrderRow, Fault> {
    let nr: i64 = nr.parse().map_err(|_| Fault::NotFound)?;
    let rows = web.journal().find_orders_by_nr(nr).await?;
    crate::web::pick(&web.settings(), rows, &MandantId::from(mandant), None).ok_or(Fault::NotFound)
}

impl Head {
    /// The head of an order's pages.
    pub fn of(row: &OrderRow, base: &str, settings: &Settings, pen: &Pen) -> Self {
        let mandant = settings.mandants.get(&row.order.mandant);
        Self {
            row: Row::of(row, base, settings, pen),
            mandant_name: mandant.map_or(pen.words.unknown_mandant.to_owned(), |mandant| mandant.name.clone()),
            mode: row.mode.clone(),
        }
    }
}

/// Shows an order.
pub async fn show(
    State(web): State<Web>,
    session: Session,
    Path((mandant, nr)): Path<(String, String)>,
    RawQuery(query): RawQuery,
) -> Result<Html<String>, Fault> {
    let (row, settings, pen) = (find(&web, &mandant, &nr).await?, web.settings(), pen(&web));
    let (journal, now) = (web.journal(), web.clock().now());
    let steps = journal.steps_of(&row.order).await?;
    let shop = web.daemon().shop();
    let seen = preview(&shop, &row, &steps, now).await?;
    let mails = journal.mails_of(&row.order).await?;
    let requests = journal.requests_of(&row.order, REQUESTS).await?;
    let mut frame = Frame::new(&web, format!("{} {}", pen.words.order, row.order.nr), Some(&session));
    frame.said = said(&Form::parse(query.unwrap_or_default().as_bytes()), pen.words);
    frame.reload = requests.iter().any(|request| request.answered.is_none()).then_some(ANSWER_IN);
    let mark = row.mark.as_ref().map(|notice| {
        let since = row.mark_since.map(|at| When { text: pen.minute(at), stamp: pen.stamp(at) });
        Mark { since, ..Mark::of(notice, row.mark_fingerprint.as_deref().unwrap_or_default(), &pen) }
    });
    let settled = row.resolved.as_ref().filter(|_| row.is_resolved()).map(|resolved| {
        let text = pen.words.settled_by.replace("{by}", &resolved.by).replace("{at}", &pen.minute(resolved.at));
        text.replace("{reason}", &resolved.reason)
    });
    let page = OrderPage {
        head: Head::of(&row, &frame.base, &settings, &pen),
        mark,
        settled,
        amounts: amounts(&row, seen.as_ref(), &pen),
        outlook: outlook(&row, seen.as_ref(), &settings, &pen),
        steps: steps.iter().map(|step| Done::of(step, &pen)).collect(),
        mails: mails.iter().map(|mail| Mailed::of(mail, &pen)).collect(),
        requests: requests.iter().map(|request| Wished::of(request, row.currency, &pen)).collect(),
        actions: offered(&row).into_iter().map(|action| (action, action.word(pen.words))).collect(),
        portal: row.payment.as_deref().map(portal),
        frame,
    };
    Ok(Html(page.render()?))
}

fn portal(payment: &str) -> &'static str {
    if payment.starts_with("p-") { PORTAL } else { PORTAL_SANDBOX }
}

/// The sums of an order, from what both sides showed last.
fn amounts(row: &OrderRow, seen: Option<&(Facts, Plan)>, pen: &Pen) -> Vec<Amount> {
    let (words, stored) = (pen.words, row.amounts);
    let group = row.method.clone().and_then(|method| MethodPrefix(method).group());
    let is_claim = group.is_some_and(crate::unzer::Group::claims);
    let secured = if is_claim { words.claimed } else { words.authorized };
    let charged_back = seen.map_or(0, |(_, plan)| plan.sums.unzer.charged_back);
    let open = match seen {
        Some((_, plan)) if is_claim => (plan.sums.pixi.owed - plan.sums.kept()).max(0),
        Some((_, plan)) => plan.sums.unzer.rest.max(0),
        None => (stored.authorized - stored.captured).max(0),
    };
    let mut all = vec![
        ("ordered", words.ordered, stored.total),
        ("authorized", secured, stored.authorized),
        ("captured", words.captured, stored.captured),
        ("invoiced", words.invoiced, stored.invoiced),
        ("credited", words.credited, stored.credited),
        ("refunded", words.refunded, stored.refunded),
        ("open", words.open, open),
    ];
    if charged_back > 0 {
        all.push(("charged-back", words.charged_back, charged_back));
    }
    all.into_iter().map(|(key, word, minor)| amount(key, word, minor, row.currency, pen)).collect()
}

fn amount(key: &'static str, word: &'static str, minor: i64, currency: Currency, pen: &Pen) -> Amount {
    Amount { key, word, text: pen.money(minor, currency), nil: minor == 0 }
}

fn outlook(row: &OrderRow, seen: Option<&(Facts, Plan)>, settings: &Settings, pen: &Pen) -> Outlook {
    let as_of = pen.words.as_of.replace("{time}", &pen.minute(row.changed));
    let when = |due| {
        let next = looked_at(&settings.schedule, pen.zone, due);
        let text = pen.minute(next.at);
        let text = match next.reason {
            NextReason::QuietHoursUntil => format!("{text} ({})", pen.words.after_quiet),
            NextReason::Cron => text,
        };
        When { text, stamp: pen.stamp(next.at) }
    };
    let Some((facts, plan)) = seen else {
        let next_check = row.next_check.map(when);
        let (why, rule) = (row.reason.clone(), String::new());
        return Outlook { why, rule, steps: Vec::new(), told: Vec::new(), next_check, as_of, known: false };
    };
    let said: Vec<String> = plan.said.iter().map(|phrase| phrase.text(pen.language)).collect();
    // That a comment is still to be written is nothing anybody waits for.
    let steps = plan.steps.iter().filter(|step| step.effect.kind() != Kind::Comment).map(|step| {
        let word = words::effect(&step.effect, pen.language);
        let amount = step.effect.amount().map(|money| format!(" {}", pen.of(money))).unwrap_or_default();
        let document = step.effect.document().map(|document| format!(" ({document})")).unwrap_or_default();
        format!("{word}{amount}{document}")
    });
    let payment_type = crate::engine::peers::payment_type(settings, &facts.order.mandant, &facts.payment_type);
    let planned = match plan.next_check {
        NextCheck::At(at) => Some(at),
        NextCheck::Ended => None,
    };
    Outlook {
        why: said.join(" "),
        rule: plan.rule.to_owned(),
        steps: steps.collect(),
        told: told::told(facts, plan, payment_type, pen.language),
        next_check: row.next_check.or(planned).map(when),
        as_of,
        known: true,
    }
}

/// What a person saw of an order when a form was made: another state refuses the form.
pub fn as_seen(row: &OrderRow) -> String {
    let shown = serde_json::json!([row.amounts, row.mark_fingerprint, row.payment_status, row.management, row.payment]);
    crate::web::login::token::hash(&shown.to_string())
}

/// Path of an order's page.
pub fn path(web: &Web, row: &OrderRow) -> String {
    href(&web.base(), &row.order.mandant, row.order.nr)
}
