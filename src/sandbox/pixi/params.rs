//! The calls' parameters: their documented order and types, and what becomes of a request that does not keep to them.

use chrono::{DateTime, LocalResult, NaiveDateTime, TimeZone as _, Utc};
use chrono_tz::Tz;

use super::soap::Call;
use crate::clock::Time;
use crate::money::{Currency, Money};

/// Type of a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Int,
    Bit,
    Money,
    DateTime,
    /// varchar of this length; longer values are cut, as SQL Server does.
    Text(usize),
}

/// One parameter of a call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Param {
    pub name: &'static str,
    pub kind: Kind,
    pub required: bool,
    /// False where the place among the others is unknown, so that any is taken.
    pub placed: bool,
}

/// An optional parameter.
pub(super) const fn opt(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, required: false, placed: true }
}

/// A required parameter.
pub(super) const fn req(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, required: true, placed: true }
}

/// An optional parameter whose place is not documented.
pub(super) const fn anywhere(name: &'static str, kind: Kind) -> Param {
    Param { name, kind, required: false, placed: false }
}

/// An error of the third layer (pixi/NOTES 5): a SqlMessage instead of rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SqlError {
    pub number: u32,
    pub class: u8,
    pub message: String,
}

impl SqlError {
    /// What a procedure raises by itself.
    pub fn raised(message: impl Into<String>) -> Self {
        Self { number: 50_000, class: 16, message: message.into() }
    }
}

/// The values of one call, checked.
#[derive(Debug)]
pub(super) struct Args {
    values: Vec<(&'static str, String)>,
    zone: Tz,
}

impl Args {
    /// Takes the arguments of `call` for the procedure with these parameters.
    pub fn check(call: &Call, params: &'static [Param], zone: Tz) -> Result<Self, SqlError> {
        let procedure = procedure(&call.name);
        let error = |number, message| Err(SqlError { number, class: 16, message });
        let mut values: Vec<(&'static str, String)> = Vec::new();
        let mut last_place = 0;
        for argument in &call.arguments {
            let own = argument.namespace.is_empty() || argument.namespace == call.namespace;
            let place = params.iter().position(|param| own && param.name == argument.name);
            let Some((place, param)) = place.and_then(|place| Some((place, params.get(place)?))) else {
                return error(8145, format!("@{} is not a parameter for procedure {procedure}.", argument.name));
            };
            if values.iter().any(|(name, _)| *name == param.name) {
                return error(8143, format!("Parameter '@{}' was supplied multiple times.", param.name));
            }
            if param.placed {
                if place < last_place {
                    return error(8144, format!("Parameter @{} of procedure {procedure} is out of order.", param.name));
                }
                last_place = place;
            }
            let Some(value) = &argument.value else { continue };
            let Some(value) = param.kind.take(value, zone) else {
                let kind = param.kind.sql();
                return error(8114, format!("Error converting data type nvarchar to {kind} (@{}).", param.name));
            };
            values.push((param.name, value));
        }
        if let Some(missing) = params.iter().find(|p| p.required && !values.iter().any(|(name, _)| *name == p.name)) {
            let name = missing.name;
            return error(
                201,
                format!("Procedure or function '{procedure}' expects parameter '@{name}', which was not supplied."),
            );
        }
        Ok(Self { values, zone })
    }

    /// A text; an empty one counts as given.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.values.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str())
    }

    /// A text that filters: an empty one filters nothing.
    pub fn filter(&self, name: &str) -> Option<&str> {
        self.text(name).map(str::trim).filter(|value| !value.is_empty())
    }

    /// A whole number.
    pub fn int(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// A whole number where 0 counts as not given, as in the documented defaults of OrderNr.
    pub fn key(&self, name: &str) -> Option<i64> {
        self.int(name).filter(|value| *value != 0)
    }

    /// A bit, or its default.
    pub fn bit(&self, name: &str, default: bool) -> bool {
        self.text(name).map_or(default, |value| value == "1")
    }

    /// A maximum number of rows.
    pub fn rows(&self, default: usize) -> usize {
        self.int("RowCount").map_or(default, |rows| usize::try_from(rows).unwrap_or(0))
    }

    /// An amount in minor units.
    pub fn money(&self, name: &str, currency: Currency) -> Option<i64> {
        Money::parse(self.text(name)?, currency).ok().map(|parsed| parsed.money.minor)
    }

    /// A moment, sent as local time.
    pub fn time(&self, name: &str) -> Option<Time> {
        parse_time(self.text(name)?, self.zone)
    }
}

impl Kind {
    /// The value as this type holds it.
    fn take(self, text: &str, zone: Tz) -> Option<String> {
        let trimmed = text.trim();
        match self {
            Self::Int => trimmed.parse::<i32>().ok().map(|value| value.to_string()),
            Self::Bit => match trimmed {
                "0" | "false" => Some("0".to_owned()),
                "1" | "true" => Some("1".to_owned()),
                _ => None,
            },
            Self::Money => Money::parse(trimmed, Currency::EUR).ok().map(|_| trimmed.to_owned()),
            Self::DateTime => parse_time(trimmed, zone).map(|_| trimmed.to_owned()),
            Self::Text(length) => Some(text.chars().take(length).collect()),
        }
    }

    fn sql(self) -> &'static str {
        match self {
            Self::Int => "int",
            Self::Bit => "bit",
            Self::Money => "money",
            Self::DateTime => "datetime",
            Self::Text(_) => "varchar",
        }
    }
}

/// Name of the stored procedure behind a call (pixi/NOTES 3).
pub(super) fn procedure(call: &str) -> String {
    format!("pipi{}", call.strip_prefix("pixi").unwrap_or(call))
}

/// Reads the spellings of pixi/NOTES 6; in the doubled hour the first.
fn parse_time(text: &str, zone: Tz) -> Option<Time> {
    const FORMATS: [&str; 4] = ["%Y-%m-%d %H:%M:%S%.f", "%Y-%m-%dT%H:%M:%S%.f", "%Y%m%d %H:%M:%S%.f", "%Y-%m-%d %H:%M"];
    let text = text.trim();
    let midnight = |format| chrono::NaiveDate::parse_from_str(text, format).ok()?.and_hms_opt(0, 0, 0);
    let local = FORMATS
        .iter()
        .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
        .or_else(|| midnight("%Y-%m-%d"))
        .or_else(|| midnight("%Y%m%d"))?;
    match zone.from_local_datetime(&local) {
        LocalResult::Single(time) | LocalResult::Ambiguous(time, _) => Some(time.with_timezone(&Utc)),
        // A local time that was skipped: as far after the switch as it was meant to be.
        LocalResult::None => Some(DateTime::<Utc>::from_naive_utc_and_offset(local, Utc) - chrono::TimeDelta::hours(1)),
    }
}
