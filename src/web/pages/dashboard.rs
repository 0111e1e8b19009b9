//! The dashboard: all orders, latest first, and how everything is going.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::{RawQuery, State};
use axum::response::Html;

use super::filter::Filter;
use super::overview::{self, Count, Days, Operation, Waiting};
use super::row::{Row, method_name};
use super::{Frame, pen, said};
use crate::journal::Cell;
use crate::policy::{PaymentStatus, TransferStatus};
use crate::web::access::{Access, Routes};
use crate::web::form::Form;
use crate::web::login::Session;
use crate::web::{Fault, Web};

/// Orders of a page.
const PAGE: usize = 50;

/// Routes of the dashboard.
pub fn routes() -> Routes {
    Routes::new().get("/", Access::Session, show)
}

/// One choice of a filter.
struct Choice {
    value: String,
    text: String,
    chosen: bool,
}

/// What filters offer.
struct Choices {
    mandants: Vec<Choice>,
    payment_types: Vec<Choice>,
    methods: Vec<Choice>,
    statuses: Vec<Choice>,
    transfers: Vec<Choice>,
    marks: Vec<Choice>,
}

#[derive(Template)]
#[template(path = "web/dashboard.html")]
struct Dashboard {
    frame: Frame,
    filter: Filter,
    choices: Choices,
    operation: Operation,
    counts: Vec<Count>,
    waiting: Vec<Waiting>,
    days: Days,
    rows: Vec<Row>,
    /// How many there are, where that is known.
    total: Option<i64>,
    /// Address of the page after this one.
    older: Option<String>,
    /// Address of the first page, where this is another.
    newest: Option<String>,
    /// This page, to come back to.
    here: String,
    /// There is no order at all.
    is_new: bool,
}

async fn show(State(web): State<Web>, session: Session, RawQuery(query): RawQuery) -> Result<Html<String>, Fault> {
    let query = query.unwrap_or_default();
    let (filter, settings, pen) = (Filter::read(&query), web.settings(), pen(&web));
    let mut frame = Frame::new(&web, pen.words.dashboard, Some(&session));
    frame.said = said(&Form::parse(query.as_bytes()), pen.words);
    let cells = web.journal().cells().await?;
    let total = filter
        .is_counted()
        .then(|| cells.iter().filter(|cell| filter.shows(cell)).map(|cell| cell.orders).sum::<i64>());
    let limit = i64::try_from(PAGE + 1).unwrap_or(i64::MAX);
    let mut stored = match total {
        // The counts know: nothing need be searched.
        Some(0) => Vec::new(),
        _ => web.journal().board(filter.of_store(pen.zone), limit).await?,
    };
    let has_more = stored.len() > PAGE;
    stored.truncate(PAGE);
    let last = stored.last().map(|row| row.id).filter(|_| has_more);
    let page = Dashboard {
        choices: choices(&cells, &filter, &settings, &pen),
        operation: overview::operation(&web, &pen).await?,
        counts: overview::counts(&cells, &filter, &pen),
        waiting: overview::waiting(&cells, &settings, &filter, &pen),
        days: overview::days(&web, &settings, &filter, &pen).await?,
        rows: stored.iter().map(|row| Row::of(row, &frame.base, &settings, &pen)).collect(),
        total,
        older: last.map(|last| Filter { before: Some(last), ..filter.clone() }.query()),
        newest: filter.before.map(|_| Filter { before: None, ..filter.clone() }.query()),
        here: format!("/{}", filter.query()),
        is_new: cells.is_empty(),
        filter,
        frame,
    };
    Ok(Html(page.render()?))
}

fn choices(cells: &[Cell], filter: &Filter, settings: &crate::config::Settings, pen: &super::words::Pen) -> Choices {
    let found = |of: &dyn Fn(&Cell) -> String, named: &dyn Fn(&str) -> String, chosen: &str| {
        let mut all: BTreeMap<String, String> = cells
            .iter()
            .map(of)
            .filter(|value| !value.is_empty())
            .map(|value| (value.clone(), named(&value)))
            .collect();
        if !chosen.is_empty() {
            all.entry(chosen.to_owned()).or_insert_with(|| named(chosen));
        }
        let choices = all.into_iter();
        choices.map(|(value, text)| Choice { chosen: value == chosen, value, text }).collect::<Vec<_>>()
    };
    let mandant = |id: &str| {
        let named = settings.mandants.get(id).map_or(String::new(), |mandant| format!(" · {}", mandant.name));
        format!("{id}{named}")
    };
    let fixed = |all: &[(&str, &str)], chosen: &str| -> Vec<Choice> {
        let choice = |(value, text): &(&str, &str)| Choice {
            value: (*value).to_owned(),
            text: (*text).to_owned(),
            chosen: *value == chosen,
        };
        all.iter().map(choice).collect()
    };
    let statuses: Vec<(&str, &str)> =
        PaymentStatus::ALL.iter().map(|status| (status.name(), pen.payment_status(status.name()))).collect();
    let transfers: Vec<(&str, &str)> =
        TransferStatus::ALL.iter().map(|status| (status.name(), pen.transfer_status(status.name()))).collect();
    Choices {
        mandants: found(&|cell| cell.mandant.0.clone(), &mandant, &filter.mandant),
        payment_types: found(&|cell| cell.payment_code.0.clone(), &str::to_owned, &filter.payment_type),
        methods: found(&|cell| cell.method.clone(), &method_name, &filter.method),
        statuses: fixed(&statuses, &filter.status),
        transfers: fixed(&transfers, &filter.transfer),
        marks: fixed(&[("problem", pen.words.problem), ("hint", pen.words.hint)], &filter.mark),
    }
}
