//! The error page: open problems for a screen on the wall. No login, no personal data, a token in the address.

use askama::Template;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::response::Html;
use secrecy::ExposeSecret as _;

use super::row::Row;
use super::{Frame, pen};
use crate::config::{MandantId, Settings};
use crate::journal::{BoardFilter, OrderRow, PageToken};
use crate::text::Severity;
use crate::web::access::{Access, Routes};
use crate::web::login::token;
use crate::web::{Fault, Web};

/// The page loads itself anew after so many seconds.
const RELOAD: u32 = 60;
/// Values of a notice that hold what somebody else said, or an address.
const FOREIGN: [&str; 2] = ["detail", "recipient"];
/// Problems shown.
const MOST: i64 = 100;

/// Routes of the error page.
pub fn routes() -> Routes {
    Routes::new().get("/errors/{token}", Access::Public, show)
}

#[derive(Template)]
#[template(path = "web/errors.html")]
struct ErrorsPage {
    frame: Frame,
    count: i64,
    more: Option<String>,
    rows: Vec<Row>,
    reloads: String,
}

/// What a token opens.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Scope {
    All,
    Mandant(MandantId),
}

/// What the token opens, if anything. Every known token is compared, whichever fits, and each takes the same time.
fn scope(given: &str, stored: &[PageToken], settings: &Settings) -> Option<Scope> {
    let given = token::hash(given);
    let configured = settings.web.error_page_token.as_ref().map(|known| token::hash(known.expose_secret()));
    let replaced = stored.iter().filter(|known| known.mandant.is_none()).find_map(|known| known.replaces.clone());
    let mut found = None;
    let nobody = token::hash("");
    let of_file = configured.as_ref().unwrap_or(&nobody);
    let counts = configured.is_some() && replaced != configured;
    if token::same(&given, of_file) && counts {
        found = Some(Scope::All);
    }
    for known in stored {
        if token::same(&given, &known.token_hash) {
            found = Some(match &known.mandant {
                None => Scope::All,
                Some(mandant) => Scope::Mandant(mandant.as_str().into()),
            });
        }
    }
    found
}

async fn show(State(web): State<Web>, given: Result<Path<String>, PathRejection>) -> Result<Html<String>, Fault> {
    let Path(given) = given.map_err(|_| Fault::NotFound)?;
    let (settings, pen) = (web.settings(), pen(&web));
    let stored = web.journal().page_tokens().await?;
    let scope = scope(&given, &stored, &settings).ok_or(Fault::NotFound)?;
    let mandant = match scope {
        Scope::All => None,
        Scope::Mandant(mandant) => Some(mandant),
    };
    let cells = web.journal().cells().await?;
    let is_shown = |id: &MandantId| mandant.as_ref().is_none_or(|only| only == id);
    let open = cells.iter().filter(|cell| cell.mark == Some(Severity::Problem) && is_shown(&cell.mandant));
    let count: i64 = open.map(|cell| cell.orders).sum();
    let filter = BoardFilter { mandant: mandant.clone(), mark: Some(Severity::Problem), ..BoardFilter::default() };
    let stored = if count == 0 { Vec::new() } else { web.journal().board(filter, MOST).await? };
    let title = mandant.as_ref().map_or_else(
        || pen.words.error_page.to_owned(),
        |id| {
            let name = settings.mandants.get(id).map_or(id.0.as_str(), |mandant| mandant.name.as_str());
            pen.words.error_page_of.replace("{mandant}", name)
        },
    );
    let mut frame = Frame::new(&web, title, None);
    frame.reload = Some(RELOAD);
    let page = ErrorsPage {
        count,
        more: (count > MOST).then(|| pen.words.error_page_more.replace("{shown}", &MOST.to_string())),
        rows: stored.iter().map(|row| Row::of(&without_foreign_words(row), &frame.base, &settings, &pen)).collect(),
        reloads: pen.words.error_page_reload.replace("{time}", &pen.second(web.clock().now())),
        frame,
    };
    Ok(Html(page.render()?))
}

/// The order without what a peer said in its own words: nobody knows what pixi or a mail server writes into an error, and
/// this page needs no login.
fn without_foreign_words(row: &OrderRow) -> OrderRow {
    let mut row = row.clone();
    for (name, value) in row.mark.iter_mut().flat_map(|mark| &mut mark.values) {
        if FOREIGN.contains(&name.as_str()) {
            "…".clone_into(value);
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(token: &str) -> Settings {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pixi-payd.yaml");
        std::fs::write(&file, format!("web: {{error_page_token: {token}}}\n")).unwrap();
        crate::config::load(&file).unwrap().settings
    }

    fn known(mandant: Option<&str>, text: &str, replaces: Option<&str>) -> PageToken {
        let (mandant, replaces) = (mandant.map(str::to_owned), replaces.map(token::hash));
        PageToken { mandant, token_hash: token::hash(text), replaces }
    }

    #[test]
    fn a_token_opens_its_own_page_alone() {
        let settings = settings("of-the-file-of-the-file");
        let stored = [known(None, "of-all", None), known(Some("LEO"), "of-leo", None)];
        assert_eq!(scope("of-the-file-of-the-file", &stored, &settings), Some(Scope::All));
        assert_eq!(scope("of-all", &stored, &settings), Some(Scope::All));
        assert_eq!(scope("of-leo", &stored, &settings), Some(Scope::Mandant("LEO".into())));
        for wrong in ["", "of-le", "OF-LEO", "LEO", &token::hash("of-leo")] {
            assert_eq!(scope(wrong, &stored, &settings), None, "{wrong}");
        }
    }

    #[test]
    fn a_rotated_token_of_the_file_no_longer_counts_and_a_new_one_does() {
        let stored = [known(None, "new", Some("of-the-file-of-the-file"))];
        let old = settings("of-the-file-of-the-file");
        assert_eq!(scope("of-the-file-of-the-file", &stored, &old), None);
        assert_eq!(scope("new", &stored, &old), Some(Scope::All));
        let changed = settings("another-of-the-file-now");
        assert_eq!(scope("another-of-the-file-now", &stored, &changed), Some(Scope::All));
    }
}
