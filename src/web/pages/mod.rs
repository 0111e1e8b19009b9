//! The pages people look at.

use askama::Template;
use axum::response::Html;

use super::access::Routes;
use super::form::Form;
use super::login::Session;
use super::{Fault, Web, assets};
use crate::text::{Labels, Language};

mod actions;
mod dashboard;
mod errors;
mod filter;
mod order;
mod overview;
mod picture;
mod row;
mod timeline;
mod words;

use words::Pen;

/// What every page has around it.
pub struct Frame {
    /// Words in the language of the settings.
    words: &'static Labels,
    /// Path before all paths.
    base: String,
    /// Folder of style and script.
    files: String,
    /// Title, without the product's name.
    title: String,
    /// Who is logged in.
    visitor: Option<Visitor>,
    /// What became of what was asked for, said once on top.
    said: Option<&'static str>,
    /// The page loads itself anew after so many seconds.
    reload: Option<u32>,
}

/// Who is logged in.
struct Visitor {
    name: String,
    csrf: String,
}

impl Frame {
    fn new(web: &Web, title: impl Into<String>, session: Option<&Session>) -> Self {
        let base = web.base();
        Self {
            words: Labels::of(language(web)),
            files: format!("{base}{}", assets::folder()),
            base,
            title: title.into(),
            visitor: session.map(|session| Visitor { name: session.user.clone(), csrf: session.csrf.clone() }),
            said: None,
            reload: None,
        }
    }
}

fn language(web: &Web) -> Language {
    web.settings().language
}

/// What pages are written with.
fn pen(web: &Web) -> Pen {
    let settings = web.settings();
    Pen { language: settings.language, words: Labels::of(settings.language), zone: settings.timezone }
}

/// What the address says of the form before: words of ours, by their name.
fn said(query: &Form, words: &'static Labels) -> Option<&'static str> {
    match query.get("said") {
        "resolved" => Some(words.said_resolved),
        "stale" => Some(words.said_stale),
        "ignored" => Some(words.said_ignored),
        "recheck" => Some(words.said_recheck),
        "busy" => Some(words.said_busy),
        "asked" => Some(words.said_asked),
        _ => None,
    }
}

/// Routes of the pages.
pub fn routes() -> Routes {
    dashboard::routes().and(actions::routes()).and(errors::routes())
}

/// Why a login did not work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LoginFault {
    /// Name or password.
    Wrong,
    /// Again after so many seconds.
    TooOften(u64),
    /// The waiting list is full.
    Crowded,
}

#[derive(Template)]
#[template(path = "web/login.html")]
struct LoginPage<'a> {
    frame: Frame,
    csrf: &'a str,
    next: &'a str,
    name: &'a str,
    fault: Option<String>,
}

/// The login form.
pub fn login(web: &Web, csrf: &str, next: &str, name: &str, fault: Option<LoginFault>) -> Result<Html<String>, Fault> {
    let words = Labels::of(language(web));
    let fault = fault.map(|fault| match fault {
        LoginFault::Wrong => words.login_wrong.to_owned(),
        LoginFault::TooOften(seconds) => words.login_too_often.replace("{seconds}", &seconds.to_string()),
        LoginFault::Crowded => words.login_crowded.to_owned(),
    });
    let frame = Frame::new(web, words.log_in, None);
    Ok(Html(LoginPage { frame, csrf, next, name, fault }.render()?))
}

#[derive(Template)]
#[template(path = "web/fault.html")]
struct FaultPage {
    frame: Frame,
    status: u16,
    text: &'static str,
}

/// A page for what could not be answered as asked.
pub fn fault(web: &Web, fault: Fault) -> Result<Html<String>, Fault> {
    let words = Labels::of(language(web));
    let text = match fault {
        Fault::NotFound => words.fault_not_found,
        Fault::NotAllowed => words.fault_not_allowed,
        Fault::Stale => words.fault_stale,
        Fault::Unreadable => words.fault_unreadable,
        Fault::Store => words.fault_store,
        Fault::TooSlow => words.fault_too_slow,
        Fault::TooLong => words.fault_too_long,
        Fault::Broken => words.fault_broken,
    };
    let status = fault.status().as_u16();
    let frame = Frame::new(web, status.to_string(), None);
    Ok(Html(FaultPage { frame, status, text }.render()?))
}
