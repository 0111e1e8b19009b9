//! `pixi call`: one call by hand, for a first contact or a support case.

use std::sync::Arc;

use serde_json::{Map, Value, json};

use crate::cli::Failure;
use crate::cli::context::Context;
use crate::cli::output::{self, cell};
use crate::cli::tee::Tee;
use crate::config::{ApiName, Settings};
use crate::pixi::{PixiClient, PixiError, RawAnswer, call_spec};
use crate::wire::Effect;

/// Rows kept of an answer.
const MOST_ROWS: usize = 10_000;

/// Commands of `pixi`.
#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Send one call and show its answer
    #[command(after_help = "Examples:\n  pixi-payd pixi call pixiGetServerTime\n  \
                            pixi-payd pixi call pixiGetOrderHeader OrderNr=4711 --json\n  \
                            pixi-payd pixi call pixiPayGetOrdersToAuthorize PaymentCode=U ShowAll=1 RowCount=10 --raw")]
    Call(CallArgs),
}

/// Arguments of `pixi call`.
#[derive(Debug, clap::Args)]
pub struct CallArgs {
    /// Name of the call
    #[arg(value_name = "NAME")]
    name: String,
    /// Parameters, in any order
    #[arg(value_name = "Param=Value", value_parser = parameter)]
    params: Vec<(String, String)>,
    /// pixi API; needed where several are configured
    #[arg(long, value_name = "NAME")]
    api: Option<String>,
    /// The answer's XML as it came
    #[arg(long, conflicts_with = "json")]
    raw: bool,
    /// One JSON document
    #[arg(long)]
    json: bool,
    /// Allow a call that writes, or one not known to only read
    #[arg(long)]
    write: bool,
}

fn parameter(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() => Ok((name.to_owned(), value.to_owned())),
        _ => Err("write Param=Value".to_owned()),
    }
}

/// Sends the call.
pub async fn run(context: Context, command: Command) -> Result<(), Failure> {
    let Command::Call(args) = command;
    let settings = context.settings()?;
    let (name, api) = chosen(&settings, args.api.as_deref())?;
    may_be_sent(&args)?;
    let stack = context.stack(&settings)?;
    let tee = Arc::new(Tee::new(stack.wire.clone()));
    let client = PixiClient::new(name.clone(), api, tee.clone(), context.clock.clone(), settings.timezone);
    let answer = client.call_raw(&args.name, &args.params, MOST_ROWS).await;
    if args.raw {
        output::raw(&tee.kept())?;
        output::line("")?;
    }
    let answer = answer.map_err(|error| said(&error))?;
    if args.raw {
        return Ok(());
    }
    if args.json { output::json(&as_json(&answer)) } else { as_tables(&answer) }
}

fn said(error: &PixiError) -> Failure {
    match error {
        PixiError::Request { .. } => Failure::usage(error),
        error => Failure::failed(error),
    }
}

fn chosen<'a>(settings: &'a Settings, api: Option<&str>) -> Result<(&'a ApiName, &'a crate::config::PixiApi), Failure> {
    let all: Vec<&str> = settings.pixi.keys().map(|name| name.0.as_str()).collect();
    let found = match api {
        Some(name) => settings.pixi.get_key_value(&ApiName::from(name)),
        None if settings.pixi.len() == 1 => settings.pixi.iter().next(),
        None => {
            let mut active = settings.pixi.iter().filter(|(_, api)| api.active);
            active.next().filter(|_| active.next().is_none())
        }
    };
    found.ok_or_else(|| {
        let all = if all.is_empty() { "none".to_owned() } else { all.join(", ") };
        match api {
            Some(name) => Failure::usage(format!("--api {name}: not configured; pixi APIs: {all}")),
            None => Failure::usage(format!("name a pixi API with --api; configured: {all}")),
        }
    })
}

fn may_be_sent(args: &CallArgs) -> Result<(), Failure> {
    match call_spec(&args.name).map(|spec| spec.effect) {
        Some(Effect::Read) => Ok(()),
        _ if args.write => Ok(()),
        Some(Effect::Write) => {
            Err(Failure::usage(format!("{} writes into pixi; if that is meant, add --write", args.name)))
        }
        None => Err(Failure::usage(format!(
            "{} is not known here to only read (names are spelled exactly); to send it all the same, add --write",
            args.name
        ))),
    }
}

fn as_json(answer: &RawAnswer) -> Value {
    let set = |set: &crate::pixi::RawRowSet| {
        let rows = set.rows.iter().map(|row| {
            let cells = set.columns.iter().zip(row).map(|(column, cell)| (column.name.clone(), json!(cell)));
            Value::Object(cells.collect::<Map<String, Value>>())
        });
        Value::Array(rows.collect())
    };
    let messages = answer.tail.messages.iter().map(|message| {
        json!({"class": message.class, "number": message.number, "procedure": message.procedure, "text": message.text})
    });
    let mut whole = json!({
        "result_sets": answer.row_sets.iter().map(set).collect::<Vec<Value>>(),
        "result_code": answer.tail.result_code,
        "messages": messages.collect::<Vec<Value>>(),
    });
    if let Some(scalar) = &answer.tail.scalar {
        whole["scalar"] = json!(scalar);
    }
    if !answer.tail.outputs.is_empty() {
        let outputs = answer.tail.outputs.iter().map(|(name, value)| (name.clone(), json!(value)));
        whole["outputs"] = Value::Object(outputs.collect());
    }
    whole
}

fn as_tables(answer: &RawAnswer) -> Result<(), Failure> {
    for set in answer.row_sets.iter().filter(|set| !set.columns.is_empty()) {
        let header: Vec<&str> = set.columns.iter().map(|column| column.name.as_str()).collect();
        let mut table = output::table(&header);
        for row in &set.rows {
            table.add_row(row.iter().map(|value| cell(value.as_deref().unwrap_or("NULL"))));
        }
        output::print(&table)?;
        let cut = if set.cut { ", more were sent" } else { "" };
        output::line(&format!("{} rows{cut}", set.rows.len()))?;
    }
    if let Some(scalar) = &answer.tail.scalar {
        output::line(scalar)?;
    }
    for (name, value) in &answer.tail.outputs {
        output::line(&format!("{name}: {value}"))?;
    }
    for message in &answer.tail.messages {
        output::remark(&format!("pixi says: {}", message.text));
    }
    match answer.tail.result_code {
        Some(code) => output::line(&format!("result code {code}")),
        None => Ok(()),
    }
}
