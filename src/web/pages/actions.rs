//! What people can do with an order. Each is asked for on a page that says what it does, with a reason, and guarded by
//! what the person saw: where the order has changed since, nothing is done.

use askama::Template;
use axum::Extension;
use axum::extract::{Path, State};
use axum::response::{Html, IntoResponse as _, Redirect, Response};

use super::order::{self, Head, as_seen};
use super::{Frame, pen};
use crate::engine::requests::{reauthorize_request, retry_request};
use crate::journal::{Management, NewRequest, OrderRow, Waits};
use crate::text::Labels;
use crate::web::access::{Access, Routes};
use crate::web::form::Form;
use crate::web::login::{Session, local, token};
use crate::web::{Fault, Web};

/// Longest reason, in letters.
const LONGEST_REASON: usize = 500;

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
    /// Leave it to people for good.
    Ignore,
}

impl Action {
    const ALL: [Self; 5] = [Self::Resolve, Self::Recheck, Self::Retry, Self::Reauthorize, Self::Ignore];

    /// Its word in paths.
    pub fn name(self) -> &'static str {
        match self {
            Self::Resolve => "resolve",
            Self::Recheck => "recheck",
            Self::Retry => "retry",
            Self::Reauthorize => "reauthorize",
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
            Self::Ignore => words.ignore,
        }
    }

    fn does(self, words: &'static Labels) -> &'static str {
        match self {
            Self::Resolve => words.resolve_does,
            Self::Recheck => words.recheck_does,
            Self::Retry => words.retry_does,
            Self::Reauthorize => words.reauthorize_does,
            Self::Ignore => words.ignore_does,
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
            Action::Ignore => row.management != Management::Ignored,
        })
        .collect()
}

#[derive(Template)]
#[template(path = "web/confirm.html")]
struct ConfirmPage {
    frame: Frame,
    head: Head,
    action: Action,
    does: &'static str,
    needs_reason: bool,
    /// What a person sees of the order now.
    seen: String,
    reason: String,
    /// The form came without what it needs.
    missing: bool,
    path: String,
}

/// Says what an action does and asks for a reason.
async fn ask(
    State(web): State<Web>,
    session: Session,
    Path((mandant, nr, action)): Path<(String, String, String)>,
) -> Result<Html<String>, Fault> {
    let row = order::find(&web, &mandant, &nr).await?;
    let action = Action::from_name(&action).filter(|action| offered(&row).contains(action)).ok_or(Fault::NotFound)?;
    confirm(&web, &session, &row, action, "", false)
}

fn confirm(
    web: &Web,
    session: &Session,
    row: &OrderRow,
    action: Action,
    reason: &str,
    missing: bool,
) -> Result<Html<String>, Fault> {
    let (settings, pen) = (web.settings(), pen(web));
    let frame = Frame::new(web, format!("{}: {}", action.word(pen.words), row.order.nr), Some(session));
    let page = ConfirmPage {
        head: Head::of(row, &frame.base, &settings, &pen),
        does: action.does(pen.words),
        needs_reason: action.needs_reason(),
        seen: as_seen(row),
        reason: reason.to_owned(),
        missing,
        path: order::path(web, row),
        action,
        frame,
    };
    Ok(Html(page.render()?))
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
    if action.needs_reason() && reason.is_empty() {
        return Ok(confirm(&web, &session, &row, action, "", true)?.into_response());
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
