//! `check --online`: are the booking events of the configuration plausible? No call lists their definitions, so what was
//! booked with them lately tells.

use std::collections::BTreeMap;

use chrono::TimeDelta;
use chrono_tz::Tz;

use crate::cli::check::bad;
use crate::clock::Time;
use crate::config::check::CheckRow;
use crate::config::{ApiName, BookingSign, Settings};
use crate::engine::peers::{active_types, payment_type};
use crate::pixi::{CustomerEventFilter, LocalTime, PixiClient};

const CALL: &str = "pixiGetCustomerEvents";
/// Bookings of so many days are looked at.
const DAYS: i64 = 30;

/// What an event is configured for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Use {
    /// For invoices: money that came in.
    invoices: bool,
    /// Sign that is sent with a return.
    sign: BookingSign,
    /// `LEO/U`, the first that uses it.
    by: String,
}

/// What was booked with an event.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Booked {
    name: Option<String>,
    money_in: usize,
    money_out: usize,
}

/// The rows of one pixi API.
pub async fn rows(settings: &Settings, name: &ApiName, pixi: &PixiClient, zone: Tz, now: Time) -> Vec<CheckRow> {
    let area = format!("pixi {name}");
    let (uses, mut rows) = uses(settings, name, &area);
    match pixi.is_proven(CALL).await {
        Ok(true) => {}
        Ok(false) => {
            let detail = format!("cannot tell whether they are right: {CALL} is not installed");
            rows.push(CheckRow {
                mend: format!("have pixi install {CALL}"),
                ..CheckRow::good(area, "booking events", detail)
            });
            return rows;
        }
        Err(error) => {
            rows.push(CheckRow::good(area, "booking events", format!("cannot tell: {error}")));
            return rows;
        }
    }
    for (event, used) in uses {
        let filter = CustomerEventFilter {
            event_id: Some(event.clone()),
            from: Some(LocalTime::at(now - TimeDelta::days(DAYS), zone)),
            ..CustomerEventFilter::default()
        };
        let what = format!("booking event {event}");
        rows.push(match pixi.customer_events(&filter).await {
            Err(error) => CheckRow::good(&area, what, format!("cannot tell: {error}")),
            Ok(found) => {
                let mut booked = Booked::default();
                for row in found.rows.iter().filter(|row| row.event_id == event && row.is_deleted != Some(true)) {
                    booked.name = booked.name.or_else(|| row.event_name.clone());
                    booked.money_in += usize::from(row.amount.minor > 0);
                    booked.money_out += usize::from(row.amount.minor < 0);
                }
                judge(&area, &what, &used, &booked)
            }
        });
    }
    rows
}

/// Every event of the API's active payment types; one that is used for invoices and returns alike is a mistake.
fn uses(settings: &Settings, name: &ApiName, area: &str) -> (BTreeMap<String, Use>, Vec<CheckRow>) {
    let (mut uses, mut rows) = (BTreeMap::<String, Use>::new(), Vec::new());
    for (mandant, code) in active_types(settings, name) {
        let Some(block) = payment_type(settings, mandant, code) else { continue };
        let by = format!("{mandant}/{code}");
        for (event, invoices) in [(&block.event_invoice, true), (&block.event_return, false)] {
            let sign = block.booking_sign;
            match uses.get(event) {
                Some(known) if known.invoices != invoices => rows.push(bad(
                    area,
                    format!("booking event {event}"),
                    format!("is for invoices and for returns ({}, {by})", known.by),
                    "define two events in pixi, a positive and a negative one, and write each where it belongs",
                )),
                Some(_) => {}
                None => {
                    uses.insert(event.clone(), Use { invoices, sign, by: by.clone() });
                }
            }
        }
    }
    (uses, rows)
}

/// Whether what was booked fits what the event is for.
fn judge(area: &str, what: &str, used: &Use, booked: &Booked) -> CheckRow {
    let kind = if used.invoices { "invoices" } else { "returns" };
    let name = booked.name.as_deref().map(|name| format!("\"{name}\", ")).unwrap_or_default();
    let count = booked.money_in + booked.money_out;
    if count == 0 {
        let detail = format!("for {kind}; nothing was booked with it in {DAYS} days, so that it cannot be told");
        return CheckRow::good(area, what, detail);
    }
    let detail = format!("for {kind}: {name}{count} bookings in {DAYS} days");
    if used.invoices && booked.money_out > booked.money_in {
        let mend = format!("are event_invoice and event_return of {} exchanged?", used.by);
        return bad(area, what, format!("{detail}, as money that went out"), mend);
    }
    if !used.invoices && booked.money_in > booked.money_out {
        let mend = match used.sign {
            BookingSign::Positive => {
                format!("are event_invoice and event_return of {} exchanged? If not, set booking_sign: event", used.by)
            }
            BookingSign::Event => format!("are event_invoice and event_return of {} exchanged?", used.by),
        };
        return bad(area, what, format!("{detail}, as money that came in"), mend);
    }
    CheckRow::good(area, what, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_with_the_wrong_direction_is_found() {
        let used = |invoices| Use { invoices, sign: BookingSign::Positive, by: "LEO/U".to_owned() };
        let booked =
            |money_in, money_out| Booked { name: Some("Unzer Zahlungseingang".to_owned()), money_in, money_out };
        let row = |invoices, found| judge("pixi live", "booking event UZE", &used(invoices), &found);
        assert!(row(true, booked(7, 1)).ok && row(false, booked(1, 7)).ok);
        let wrong = row(true, booked(1, 7));
        assert!(!wrong.ok && wrong.mend.contains("LEO/U exchanged"), "{wrong:?}");
        let wrong = row(false, booked(7, 1));
        assert!(!wrong.ok && wrong.mend.contains("booking_sign: event"), "{wrong:?}");
        let never = row(true, Booked::default());
        assert!(never.ok && never.detail.contains("cannot be told"), "{never:?}");
    }
}
