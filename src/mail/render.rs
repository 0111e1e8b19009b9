//! Text and HTML of a mail.

use askama::Template;

use super::pages::{Page, Tone};

#[derive(Template)]
#[template(path = "mail/page.txt", escape = "none")]
struct Text<'a> {
    page: &'a Page,
}

#[derive(Template)]
#[template(path = "mail/page.html")]
struct Html<'a> {
    page: &'a Page,
    /// Colour of the bar on top.
    colour: &'static str,
}

/// A mail's two parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parts {
    /// Plain text.
    pub text: String,
    /// HTML.
    pub html: String,
}

/// Writes a page.
///
/// # Errors
/// None that is known: writing into a text does not fail.
pub fn render(page: &Page) -> Result<Parts, askama::Error> {
    let colour = match page.tone {
        Tone::Problem => "#b3261e",
        Tone::Solved => "#1e7d45",
        Tone::Plain => "#2b5797",
    };
    Ok(Parts { text: Text { page }.render()?, html: Html { page, colour }.render()? })
}
