//! The dashboard: all orders, latest first.

use askama::Template;
use axum::extract::State;
use axum::response::Html;

use super::Frame;
use crate::text::Labels;
use crate::web::access::{Access, Routes};
use crate::web::login::Session;
use crate::web::{Fault, Web};

/// Routes of the dashboard.
pub fn routes() -> Routes {
    Routes::new().get("/", Access::Session, show)
}

#[derive(Template)]
#[template(path = "web/dashboard.html")]
struct Dashboard {
    frame: Frame,
}

async fn show(State(web): State<Web>, session: Session) -> Result<Html<String>, Fault> {
    let words = Labels::of(super::language(&web));
    let frame = Frame::new(&web, words.orders, Some(&session));
    Ok(Html(Dashboard { frame }.render()?))
}
