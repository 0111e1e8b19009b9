//! What people can do with an order. Each is asked for on a page that says what it does, with a reason, and guarded by
//! what the person saw: where the order has changed since, nothing is done.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse as _, Redirect, Response};

use super::order::{self, Head, as_seen};
use super::{Frame, pen};
use crate::engine::requests::{LONGEST_WAIT, move_request, reauthorize_request, retry_request};
use crate::journal::{Amounts, Management, NewRequest, OrderRow, Waits};
use crate::money::Money;
use crate::policy::facts::Direction;
use crate::text::Labels;
use crate::web::access::{Access, Routes};
use crate::web::form::Form;
use crate::web::login::{Session, local, token};
use crate::web::{Fault, Web};

/// Longest reason, in letters.
const LONGEST_REASON: usize = 500;
/// So many requests of an order are looked through for one that is still in hand.
const REQUESTS: i64 = 20;

/// What people can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Clear the mark.
    Resolve,
    /// Look at it in the next cycle.
    Recheck,
    /// Let the daemon try again what was refused.
    Retry,
    /// Let the daemon authorise anew.
    Reauthorize,
    /// Let the daemon capture a part of what is authorised.
    Capture,
    /// Let the daemon pay back a part of what was charged.
    Refund,
    /// Leave it to people for good.
    Ignore,
}

impl Action {
    const ALL: [Self; 7] =
        [Self::Resolve, Self::Recheck, Self::Retry, Self::Reauthorize, Self::Capture, Self::Refund, Self::Ignore];

    /// Its word in paths.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Recheck => "recheck",
            Self::Retry => "retry",
            Self::Reauthorize => "reauthorize",
            Self::Capture => "capture",
            Self::Refund => "refund",
            Self::Ignore => "ignore",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|action| action.name() == name)
    }

    /// Its word on buttons.
    pub fn word(self, words: &'static Labels) -> &'static str {
        match self {
            Self::Resolve => words.resolve,
            Self::Recheck => words.recheck,
            Self::Retry => words.retry,
            Self::Reauthorize => words.reauthorize,
            Self::Capture => words.capture_part,
            Self::Refund => words.refund_part,
            Self::Ignore => words.ignore,
        }
    }

    fn does(self, words: &'static Labels) -> &'static str {
        match self {
            Self::Resolve => words.resolve_does,
            Self::Recheck => words.recheck_does,
            Self::Retry => words.retry_does,
            Self::Reauthorize => words.reauthorize_does,
            Self::Capture => words.capture_part_does,
            Self::Refund => words.refund_part_does,
            Self::Ignore => words.ignore_does,
        }
    }

    /// Which way it moves an amount of a person's choice.
    fn direction(self) -> Option<Direction> {
        match self {
            Self::Capture => Some(Direction::Capture),
            Self::Refund => Some(Direction::Refund),
            _ => None,
        }
    }

    /// Looking again needs no reason; everything else is answered for.
    fn needs_reason(self) -> bool {
        self != Self::Recheck
    }
}

/// Routes of an order's page and of what can be done there.
pub fn routes() -> Routes {
    Routes::new()
        .get("/orders/{mandant}/{nr}", Access::Session, order::show)
        .post("/orders/{mandant}/{nr}/solved", Access::Session, solved)
        .get("/orders/{mandant}/{nr}/{action}", Access::Session, ask)
        .post("/orders/{mandant}/{nr}/{action}", Access::Session, act)
}

/// What makes sense for an order now.
pub fn offered(row: &OrderRow) -> Vec<Action> {
    let managed = matches!(row.management, Management::Managed | Management::Adopted);
    let is_card = row.group.as_deref().is_some_and(|group| matches!(group, "AUTH" | "PAYLATER"));
    Action::ALL
        .into_iter()
        .filter(|action| match action {
            Action::Resolve => row.mark.is_some() && !row.is_resolved(),
            Action::Recheck | Action::Retry => managed,
            Action::Reauthorize => managed && is_card && row.waits == Waits::Check,
            Action::Capture | Action::Refund => managed && movable(row, *action) > 0,
            Action::Ignore => row.management != Management::Ignored,
        })
        .collect()
}

/// How much a person may move at most, by what is stored: Unzer has the last word.
fn movable(row: &OrderRow, action: Action) -> i64 {
    let Amounts { authorized, captured, refunded, .. } = row.amounts;
    match action {
        Action::Capture if row.group.as_deref() == Some("AUTH") => authorized - captured,
        Action::Refund => captured - refunded,
        _ => 0,
    }
}

/// What a person has typed so far.
#[derive(Debug, Default)]
struct Typed {
    reason: String,
    amount: String,
}

/// The amount of an action that moves money.
struct Asks {
    /// As typed.
    value: String,
    currency: String,
    example: String,
    left: String,
    wrong: bool,
    /// The question, once all is there: only a yes to it is acted on.
    sure: Option<String>,
}

#[derive(Template)]
#[template(path = "web/confirm.html")]
struct ConfirmPage {
    frame: Frame,
    head: Head,
    action: Action,
    does: &'static str,
    /// The reason is asked for now.
    asks_reason: bool,
    /// Word on the button.
    button: &'static str,
    /// What a person sees of the order now.
    seen: String,
    reason: String,
    /// The form came without a reason.
    missing: bool,
    amount: Option<Asks>,
    path: String,
}

/// Says what an action does and asks for a reason, and for the amount where it moves one.
async fn ask(
    State(web): State<Web>,
    session: Session,
    Path((mandant, nr, action)): Path<(String, String, String)>,
) -> Result<Html<String>, Fault> {
    let row = order::find(&web, &mandant, &nr).await?;
    let action = Action::from_name(&action).filter(|action| offered(&row).contains(action)).ok_or(Fault::NotFound)?;
    confirm(&web, &session, &row, action, Typed::default(), Stage::Fresh)
}

/// How far a person has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// The form as it is first shown.
    Fresh,
    /// It came back without what it needs.
    Lacking,
    /// All is there: they are asked whether they are sure.
    Sure,
}

fn confirm(
    web: &Web,
    session: &Session,
    row: &OrderRow,
    action: Action,
    typed: Typed,
    stage: Stage,
) -> Result<Html<String>, Fault> {
    let (settings, pen) = (web.settings(), pen(web));
    let frame = Frame::new(web, format!("{}: {}", action.word(pen.words), row.order.nr), Some(session));
    let lacking = stage == Stage::Lacking;
    let amount = action.direction().map(|direction| {
        let amount = wanted(row, action, &typed.amount);
        let question = match direction {
            Direction::Capture => pen.words.sure_capture,
            Direction::Refund => pen.words.sure_refund,
        };
        Asks {
            sure: amount
                .filter(|_| stage == Stage::Sure)
                .map(|minor| question.replace("{amount}", &pen.money(minor, row.currency))),
            wrong: lacking && amount.is_none(),
            value: typed.amount,
            currency: row.currency.to_string(),
            example: pen.number(12_50, row.currency),
            left: pen.money(movable(row, action), row.currency),
        }
    });
    let page = ConfirmPage {
        head: Head::of(row, &frame.base, &settings, &pen),
        does: action.does(pen.words),
        asks_reason: action.needs_reason() && stage != Stage::Sure,
        button: if amount.is_some() && stage != Stage::Sure { pen.words.go_on } else { action.word(pen.words) },
        seen: as_seen(row),
        missing: lacking && typed.reason.is_empty(),
        reason: typed.reason,
        amount,
        path: order::path(web, row),
        action,
        frame,
    };
    Ok(Html(page.render()?))
}

/// The amount a person typed, where it may be moved.
fn wanted(row: &OrderRow, action: Action, typed: &str) -> Option<i64> {
    let amount = Money::typed(typed, row.currency)?.minor;
    (1..=movable(row, action)).contains(&amount).then_some(amount)
}

/// Does it, or stores it for the daemon.
async fn act(
    State(web): State<Web>,
    session: Session,
    Path((mandant, nr, action)): Path<(String, String, String)>,
    Extension(form): Extension<Form>,
) -> Result<Response, Fault> {
    let row = order::find(&web, &mandant, &nr).await?;
    let action = Action::from_name(&action).ok_or(Fault::NotFound)?;
    let back = |said: &str| Redirect::to(&format!("{}?said={said}", order::path(&web, &row))).into_response();
    if !offered(&row).contains(&action) || !token::same(form.raw("seen"), &as_seen(&row)) {
        return Ok(back("stale"));
    }
    let reason: String = form.get("reason").chars().take(LONGEST_REASON).collect();
    let amount = wanted(&row, action, form.get("amount"));
    let moves = action.direction().is_some();
    let lacking = action.needs_reason() && reason.is_empty() || moves && amount.is_none();
    if lacking || moves && form.get("sure").is_empty() {
        let stage = if lacking { Stage::Lacking } else { Stage::Sure };
        let typed = Typed { reason, amount: form.get("amount").to_owned() };
        return Ok(confirm(&web, &session, &row, action, typed, stage)?.into_response());
    }
    let (journal, actor) = (web.journal(), session.actor());
    tracing::info!(
        mandant = %row.order.mandant,
        order.nr = row.order.nr,
        "{actor} asks for {} of order {}",
        action.name(),
        row.order.nr
    );
    let said = match action {
        Action::Resolve => {
            let fingerprint = row.mark_fingerprint.clone().unwrap_or_default();
            journal.resolve(&row.order, &fingerprint, &actor, &reason).await?;
            "resolved"
        }
        Action::Recheck => {
            journal.wake_order(&row.order).await?;
            "recheck"
        }
        Action::Ignore => {
            journal.set_management(&row.order, Management::Ignored, &actor, &reason).await?;
            "ignored"
        }
        Action::Retry => asked(&web, retry_request(&actor, &row.order, &reason), &row).await?,
        Action::Reauthorize => asked(&web, reauthorize_request(&actor, &row.order, &reason), &row).await?,
        Action::Capture | Action::Refund => {
            let (Some(direction), Some(minor)) = (action.direction(), amount) else { return Err(Fault::NotFound) };
            // A form sent twice, or by two people: the first one's outcome is seen before another is taken.
            let waiting = journal.requests_of(&row.order, REQUESTS).await?;
            let young = web.clock().now() - LONGEST_WAIT;
            if waiting.iter().any(|request| request.answer.is_none() && request.created > young) {
                return Ok(back("busy"));
            }
            asked(&web, move_request(&actor, &row, direction, minor, &reason), &row).await?
        }
    };
    Ok(back(said))
}

/// Stores a request with the amounts as the person saw them: the daemon compares them once more.
async fn asked(web: &Web, request: NewRequest, row: &OrderRow) -> Result<&'static str, Fault> {
    web.journal().enqueue_request(request.seeing(row)).await?;
    Ok("asked")
}

/// "Problem gelöst" of a list: clears the mark that was shown there, and nothing else.
async fn solved(
    State(web): State<Web>,
    session: Session,
    Path((mandant, nr)): Path<(String, String)>,
    Extension(form): Extension<Form>,
) -> Result<Response, Fault> {
    let row = order::find(&web, &mandant, &nr).await?;
    let shown = form.raw("fingerprint");
    let is_there = row.mark_fingerprint.as_deref() == Some(shown) && !row.is_resolved();
    let words = pen(&web).words;
    if is_there {
        web.journal().resolve(&row.order, shown, &session.actor(), words.solved).await?;
    }
    let here = local(form.raw("here"));
    let joined = if here.contains('?') { '&' } else { '?' };
    let said = if is_there { "resolved" } else { "stale" };
    Ok(Redirect::to(&format!("{}{here}{joined}said={said}", web.base())).into_response())
}
