//! Reading rows.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::any::AnyRow;

use super::JournalError;
use crate::clock::{self, Time};
use crate::steps::OrderId;

/// Reads typed columns by name.
pub(super) trait Columns {
    fn int(&self, name: &str) -> Result<i64, JournalError>;
    fn int_opt(&self, name: &str) -> Result<Option<i64>, JournalError>;
    fn text(&self, name: &str) -> Result<String, JournalError>;
    fn text_opt(&self, name: &str) -> Result<Option<String>, JournalError>;

    fn time(&self, name: &str) -> Result<Time, JournalError> {
        self.int(name).map(clock::from_millis)
    }

    fn time_opt(&self, name: &str) -> Result<Option<Time>, JournalError> {
        Ok(self.int_opt(name)?.map(clock::from_millis))
    }

    /// The columns `api`, `mandant`, `nr`.
    fn order(&self) -> Result<OrderId, JournalError> {
        Ok(OrderId {
            api: self.text("api")?.as_str().into(),
            mandant: self.text("mandant")?.as_str().into(),
            nr: self.int("nr")?,
        })
    }

    fn json<T: DeserializeOwned>(&self, name: &str) -> Result<T, JournalError> {
        let text = self.text(name)?;
        serde_json::from_str(&text).map_err(|error| JournalError::Corrupt(format!("{name}: {error}")))
    }

    fn json_opt<T: DeserializeOwned>(&self, name: &str) -> Result<Option<T>, JournalError> {
        let text = self.text_opt(name)?;
        let value = text.map(|text| serde_json::from_str(&text)).transpose();
        value.map_err(|error| JournalError::Corrupt(format!("{name}: {error}")))
    }
}

impl Columns for AnyRow {
    fn int(&self, name: &str) -> Result<i64, JournalError> {
        Ok(self.try_get(name)?)
    }

    fn int_opt(&self, name: &str) -> Result<Option<i64>, JournalError> {
        Ok(self.try_get(name)?)
    }

    fn text(&self, name: &str) -> Result<String, JournalError> {
        Ok(self.try_get(name)?)
    }

    fn text_opt(&self, name: &str) -> Result<Option<String>, JournalError> {
        Ok(self.try_get(name)?)
    }
}

/// JSON for a column.
pub(super) fn to_json<T: Serialize + ?Sized>(value: &T) -> Result<String, JournalError> {
    serde_json::to_string(value).map_err(|error| JournalError::Corrupt(error.to_string()))
}

/// A value of an enum from its stored name.
pub(super) fn named<T>(value: Option<T>, name: &str) -> Result<T, JournalError> {
    value.ok_or_else(|| JournalError::Corrupt(name.to_owned()))
}
