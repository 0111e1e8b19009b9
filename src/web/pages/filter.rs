//! What a list of orders is narrowed down to: it stands in the address, so that it can be kept and sent around.

use chrono::{Days, NaiveDate, NaiveTime};
use chrono_tz::Tz;

use crate::clock::{Time, zone};
use crate::journal::{BoardFilter, Cell};
use crate::policy::{PaymentStatus, TransferStatus};
use crate::text::Severity;
use crate::web::form::Form;

/// Longest text of a filter, in letters.
const LONGEST: usize = 80;

/// The filters of an address; an empty text filters nothing.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Mandant.
    pub mandant: String,
    /// Payment type.
    pub payment_type: String,
    /// Method.
    pub method: String,
    /// Payment status.
    pub status: String,
    /// Transfer status.
    pub transfer: String,
    /// `problem` or `hint`.
    pub mark: String,
    /// First day.
    pub from: String,
    /// Last day.
    pub until: String,
    /// Order number, shop's number or payment id.
    pub search: String,
    /// Rows below this one.
    pub before: Option<i64>,
}

impl Filter {
    /// Reads an address. What is no status, mark or day is left out; what names a mandant or method that nobody has
    /// finds nothing.
    pub fn read(query: &str) -> Self {
        let form = Form::parse(query.as_bytes());
        let text =
            |name: &str| -> String { form.get(name).chars().filter(|c| !c.is_control()).take(LONGEST).collect() };
        let known = |name: &str, is_known: &dyn Fn(&str) -> bool| {
            let value = text(name);
            if is_known(&value) { value } else { String::new() }
        };
        Self {
            mandant: text("mandant"),
            payment_type: text("type"),
            method: text("method"),
            status: known("status", &|value| PaymentStatus::from_name(value).is_some()),
            transfer: known("transfer", &|value| TransferStatus::from_name(value).is_some()),
            mark: known("mark", &|value| matches!(value, "problem" | "hint")),
            from: known("from", &|value| day(value).is_some()),
            until: known("until", &|value| day(value).is_some()),
            search: text("q"),
            before: form.get("before").parse().ok().filter(|before| *before > 0),
        }
    }

    /// True where nothing is narrowed down.
    pub fn is_empty(&self) -> bool {
        *self == Self { before: self.before, ..Self::default() }
    }

    /// True where the counts of states tell how many orders there are.
    pub fn is_counted(&self) -> bool {
        self.from.is_empty() && self.until.is_empty() && self.search.is_empty()
    }

    /// The same for the store.
    pub fn of_store(&self, zone: Tz) -> BoardFilter {
        let set = |text: &str| (!text.is_empty()).then(|| text.to_owned());
        BoardFilter {
            mandant: set(&self.mandant).map(|text| text.as_str().into()),
            payment_code: set(&self.payment_type).map(|text| text.as_str().into()),
            method: set(&self.method),
            payment_status: set(&self.status),
            transfer_status: set(&self.transfer),
            mark: self.severity(),
            from: day(&self.from).map(|day| begin(day, zone)),
            until: day(&self.until).and_then(|day| Some(begin(day.checked_add_days(Days::new(1))?, zone))),
            search: set(&self.search),
            before: self.before,
        }
    }

    fn severity(&self) -> Option<Severity> {
        match self.mark.as_str() {
            "problem" => Some(Severity::Problem),
            "hint" => Some(Severity::Hint),
            _ => None,
        }
    }

    /// True where the orders of a state are among those shown; days and search aside.
    pub fn shows(&self, cell: &Cell) -> bool {
        let fits = |wanted: &str, found: &str| wanted.is_empty() || wanted == found;
        fits(&self.mandant, &cell.mandant.0)
            && fits(&self.payment_type, &cell.payment_code.0)
            && fits(&self.method, &cell.method)
            && fits(&self.status, &cell.payment_status)
            && fits(&self.transfer, &cell.transfer_status)
            && self.severity().is_none_or(|wanted| cell.mark == Some(wanted))
    }

    /// The address, from `?` on; empty where nothing is narrowed down.
    pub fn query(&self) -> String {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        let fields = [
            ("mandant", &self.mandant),
            ("type", &self.payment_type),
            ("method", &self.method),
            ("status", &self.status),
            ("transfer", &self.transfer),
            ("mark", &self.mark),
            ("from", &self.from),
            ("until", &self.until),
            ("q", &self.search),
        ];
        for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
            query.append_pair(name, value);
        }
        if let Some(before) = self.before {
            query.append_pair("before", &before.to_string());
        }
        let query = query.finish();
        if query.is_empty() { query } else { format!("?{query}") }
    }
}

fn day(text: &str) -> Option<NaiveDate> {
    NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()
}

/// When a day begins on the wall clock.
fn begin(day: NaiveDate, zone: Tz) -> Time {
    zone::moments(zone, day.and_time(NaiveTime::MIN)).first
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_comes_back_as_it_was() {
        let query = "?mandant=LEO&type=U&method=crd&status=PAID&transfer=ERROR&mark=problem&from=2026-03-01&until=2026-03-31\
                     &q=W%264711&before=77";
        let filter = Filter::read(&query[1..]);
        assert_eq!(filter.query(), query);
        assert_eq!(filter.search, "W&4711");
        assert_eq!(Filter::read("").query(), "");
        assert!(Filter::read("before=5").is_empty() && !filter.is_empty());
    }

    #[test]
    fn what_is_none_of_ours_is_left_out() {
        let filter = Filter::read("status=%27%20OR%201%3D1&mark=x&from=2026-02-30&until=yesterday&before=-1");
        assert_eq!(filter, Filter::default());
    }

    #[test]
    fn days_are_those_of_the_wall_clock() {
        let stored = Filter::read("from=2026-03-29&until=2026-03-29").of_store(Tz::Europe__Berlin);
        let text = |time: Option<Time>| time.unwrap().to_rfc3339();
        assert_eq!(text(stored.from), "2026-03-28T23:00:00+00:00");
        assert_eq!(text(stored.until), "2026-03-29T22:00:00+00:00", "the day of the switch has 23 hours");
    }
}
