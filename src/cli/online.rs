//! `check --online`: pixi and Unzer are asked, with reading calls alone.

use std::sync::Arc;

use super::connection::pairs;
use crate::cli::check::bad;
use crate::cli::columns::{Announced, Probe, compare, probes};
use crate::cli::context::{Context, Schema};
use crate::cli::{Failure, clock_check, event_check, key_check, mail_check, output, read_back};
use crate::clock::Clock;
use crate::config::check::CheckRow;
use crate::config::quiet::quiet_until;
use crate::config::{ApiName, Settings, WriteBankData};
use crate::engine::connections;
use crate::engine::peers::{self, Peers, active_types};
use crate::engine::subscriptions::{self, HookAddress, Standing, Subscription};
use crate::journal::{ConnectionRow, Journal};
use crate::pixi::{CALLS, ErrorClass, LocalTime, PixiClient, PixiError};
use crate::unzer::UnzerClient;
use crate::wire::circuit::ConnectionState;

/// The rows of everything that is switched on.
pub async fn rows(context: &Context, settings: &Settings) -> Result<Vec<CheckRow>, Failure> {
    let stack = context.stack(settings)?;
    let peers = Peers::new(settings, &stack.wire, &context.clock);
    let mut rows = Vec::new();
    let quiet =
        settings.schedule.quiet_hours.and_then(|hours| quiet_until(hours, settings.timezone, context.clock.now()));
    for (name, api) in &settings.pixi {
        let area = format!("pixi {name}");
        match (quiet, api.active, peers.pixi(name)) {
            (_, false, _) | (_, _, None) => rows.push(CheckRow::good(area, "login", "off: not asked")),
            (Some(until), ..) => {
                let until = output::wall(until, settings.timezone);
                rows.push(bad(
                    area,
                    "login",
                    format!("quiet hours until {until}: not asked"),
                    "check again after them",
                ));
            }
            (None, true, Some(pixi)) => rows.extend(api_rows(settings, name, &pixi, &context.clock).await),
        }
    }
    let journal = journal(context, settings).await;
    let seen = match &journal {
        Some(journal) => journal.methods_seen().await?,
        None => Vec::new(),
    };
    for pair in pairs(settings, &peers).iter().filter(|pair| pair.active) {
        let area = format!("unzer {}", pair.name);
        rows.extend(webhook_row(&area, settings, &pair.client).await);
    }
    rows.extend(key_check::rows(settings, &peers, &seen).await);
    if let Some(journal) = &journal {
        rows.extend(off_rows(settings, journal.connections().await?));
    }
    rows.extend(mail_check::rows(settings, &context.clock).await);
    Ok(rows)
}

/// The store where it can be used; that it cannot has a row of its own.
async fn journal(context: &Context, settings: &Settings) -> Option<Journal> {
    context.journal(settings, Schema::Keep).await.ok()
}

/// Connections that are off though the configuration wants them: nothing works over them, however well they answer.
fn off_rows(settings: &Settings, rows: Vec<ConnectionRow>) -> Vec<CheckRow> {
    let all = connections::shown(settings, rows);
    let off = all.iter().filter(|shown| shown.link.active && shown.state == ConnectionState::Disabled);
    off.filter_map(|shown| {
        let row = shown.row.as_ref()?;
        let since = output::wall(row.since, settings.timezone);
        let by = row.changed_by.as_deref().unwrap_or("-");
        let why = row.changed_reason.as_deref().unwrap_or("-");
        Some(bad(
            shown.link.title(),
            "connection",
            format!("DISABLED since {since} by {by}: {why}"),
            format!("pixi-payd connection enable {} --reason TEXT", shown.link.name),
        ))
    })
    .collect()
}

/// The subscriptions of a key pair, where webhooks are configured.
async fn webhook_row(area: &str, settings: &Settings, client: &UnzerClient) -> Option<CheckRow> {
    let address = HookAddress::of(&settings.web).ok()?;
    let all = match subscriptions::list(client, &address).await {
        Ok(all) => all,
        Err(error) => return Some(CheckRow::good(area, "webhooks", format!("cannot tell: {error}"))),
    };
    let wrong = |one: &&Subscription| matches!(one.standing, Standing::Missing | Standing::Stale);
    let wrong: Vec<&str> = all.iter().filter(wrong).map(|one| one.event.as_str()).collect();
    if wrong.is_empty() {
        return Some(CheckRow::good(area, "webhooks", "subscribed to"));
    }
    let mut row = CheckRow::good(area, "webhooks", format!("missing or out of date: {}", wrong.join(", ")));
    // Without them everything is found by looking, only later: no failure.
    "pixi-payd webhooks register".clone_into(&mut row.mend);
    Some(row)
}

async fn api_rows(settings: &Settings, name: &ApiName, pixi: &Arc<PixiClient>, clock: &Clock) -> Vec<CheckRow> {
    let area = format!("pixi {name}");
    let mut rows = Vec::new();
    let time = match pixi.server_time().await {
        Ok(time) => time.and_then(|time| time.time),
        Err(error) if reaches(&error) => None,
        Err(error) => {
            rows.push(bad(area, "login", error.to_string(), mend(&error, name)));
            return rows;
        }
    };
    rows.push(CheckRow::good(&area, "login", "accepted"));
    rows.extend(clock_check::rows(&area, time, settings.timezone, clock.now()));
    rows.extend(shop_rows(settings, name, pixi).await);
    rows.extend(call_rows(&area, pixi).await);
    rows.extend(address_row(settings, name, &area, pixi).await);
    rows.extend(event_check::rows(settings, name, pixi, settings.timezone, clock.now()).await);
    rows.extend(read_back::rows(&area, &name.0, pixi).await);
    let code = active_types(settings, name).first().map_or_else(|| "-".to_owned(), |(_, code)| code.0.clone());
    let now = LocalTime::at(clock.now(), settings.timezone).to_string();
    for probe in probes(&code, &now) {
        rows.push(column_row(settings, name, pixi, &probe).await);
    }
    rows
}

/// The call failed, but pixi was there and took the login.
fn reaches(error: &PixiError) -> bool {
    !matches!(
        error,
        PixiError::Login { .. } | PixiError::Send { .. } | PixiError::Http { .. } | PixiError::Answer { .. }
    )
}

fn mend(error: &PixiError, name: &ApiName) -> String {
    match error.class() {
        ErrorClass::Passing => format!("check the network and pixi.{name}.endpoint, or try again later"),
        ErrorClass::Configuration | ErrorClass::Final => {
            format!("check pixi.{name}: endpoint, username, password, and the rights of this login in pixi")
        }
    }
}

/// The mandants and payment types of the configuration exist in pixi.
async fn shop_rows(settings: &Settings, name: &ApiName, pixi: &PixiClient) -> Vec<CheckRow> {
    let area = format!("pixi {name}");
    let mut rows = Vec::new();
    match pixi.shops().await {
        Ok(shops) => {
            let known: Vec<&str> = shops.iter().map(|shop| shop.shop_id.0.as_str()).collect();
            for (id, _) in settings.mandants.iter().filter(|(_, mandant)| mandant.pixi == *name) {
                rows.push(if known.contains(&id.0.as_str()) {
                    CheckRow::good(&area, format!("mandant {id}"), "known to pixi")
                } else {
                    let detail = format!("pixi has no such shop; it has: {}", known.join(", "));
                    bad(&area, format!("mandant {id}"), detail, format!("write the ShopID in place of {id}"))
                });
            }
        }
        Err(error) => rows.push(CheckRow::good(&area, "mandants", format!("cannot tell: {error}"))),
    }
    let types = match pixi.payment_types().await {
        Ok(types) => types,
        Err(error) => {
            rows.push(CheckRow::good(&area, "payment types", format!("cannot tell: {error}")));
            return rows;
        }
    };
    let mut codes: Vec<&str> = active_types(settings, name).into_iter().map(|(_, code)| code.0.as_str()).collect();
    codes.sort_unstable();
    codes.dedup();
    for code in codes {
        let what = format!("payment type {code}");
        rows.push(match types.iter().find(|known| known.code.0 == code) {
            None => bad(&area, what, "pixi has no such payment type", "write the PaymentCode as pixi spells it"),
            Some(known) => match known.ini_order_status.as_deref() {
                Some(status) if status != "HAL" => bad(
                    &area,
                    what,
                    format!("its orders start as {status}"),
                    "let orders of this payment type start on HOLD (HAL) in pixi",
                ),
                Some(_) => CheckRow::good(&area, what, "its orders start on HOLD"),
                None => CheckRow::good(&area, what, "known to pixi; how its orders start cannot be told"),
            },
        });
    }
    rows
}

/// Which of the needed calls are installed.
async fn call_rows(area: &str, pixi: &PixiClient) -> Vec<CheckRow> {
    let mut missing = Vec::new();
    let needed = CALLS.iter().filter(|spec| spec.core);
    for spec in needed.clone() {
        match pixi.call_info(spec.name).await {
            Ok(info) if info.as_ref().is_none_or(crate::pixi::CallInfo::installed) => {}
            Ok(_) => missing.push(spec.name),
            Err(error) => {
                return vec![CheckRow::good(area, "calls", format!("cannot tell which are installed: {error}"))];
            }
        }
    }
    if missing.is_empty() {
        return vec![CheckRow::good(area, "calls", format!("all {} installed", needed.count()))];
    }
    let row = |call: &str| bad(area, call, "not installed", format!("have pixi install {call} for this login"));
    missing.into_iter().map(row).collect()
}

/// Where bank data are to go onto addresses: the call for it is there. The daemon asks again before each use.
async fn address_row(settings: &Settings, name: &ApiName, area: &str, pixi: &PixiClient) -> Option<CheckRow> {
    const CALL: &str = "pixiChangeAddress";
    let wanted = active_types(settings, name).into_iter().any(|(mandant, code)| {
        peers::payment_type(settings, mandant, code)
            .is_some_and(|block| block.write_bank_data == WriteBankData::Address)
    });
    if !wanted {
        return None;
    }
    Some(match pixi.is_proven(CALL).await {
        Ok(true) => CheckRow::good(area, CALL, "installed: bank data go onto the billing address where that is safe"),
        Ok(false) => bad(
            area,
            CALL,
            "pixi does not say that it is installed: bank data go into order comments",
            "have pixi install pixiChangeAddress and pixiSysGetCallInfo, or set write_bank_data: comment",
        ),
        Err(error) => CheckRow::good(area, CALL, format!("cannot tell: {error}")),
    })
}

async fn column_row(settings: &Settings, name: &ApiName, pixi: &PixiClient, probe: &Probe) -> CheckRow {
    let area = format!("pixi {name}");
    let what = format!("{} columns", probe.call);
    let answer = match pixi.call_raw(probe.call, &probe.params, 1).await {
        Ok(answer) => answer,
        Err(error) => return bad(area, what, error.to_string(), mend(&error, name)),
    };
    let aliases = settings.pixi.get(name).and_then(|api| api.columns.get(probe.call));
    match compare(&answer, probe.columns, aliases) {
        Announced::Complete(count) => CheckRow::good(area, what, format!("{count} announced, all needed ones there")),
        Announced::Nothing => CheckRow::good(area, what, "cannot tell: the empty answer announces none"),
        Announced::Lacks { missing, seen } => bad(
            area,
            what,
            format!("lacks {}; there are: {}", missing.join(", "), seen.join(", ")),
            format!("set pixi.{name}.columns.{}: {{{}: <its name>}}", probe.call, missing.join(": <its name>, ")),
        ),
    }
}
