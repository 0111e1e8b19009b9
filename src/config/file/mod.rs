//! The configuration file as written: which keys there are, what they mean, and what holds where one is missing.
//!
//! These types are the one source of the JSON schema, of the loader's knowledge of keys and defaults, and of
//! `docs/configuration.md`. They are never filled: the loader reads the tree along the schema, because a value must be
//! reported with its line, and all errors in one run.

use std::collections::BTreeMap;

use schemars::generate::SchemaSettings;
use schemars::transform::{Transform, transform_subschemas};
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::text::Language;

pub mod kinds;
pub mod mail;
pub mod mandants;
pub mod pixi;
pub mod safety;
pub mod schedule;
pub mod web;

/// Configuration of pixi-payd. Relative paths are relative to the file they stand in.
#[derive(JsonSchema)]
#[schemars(rename = "pixi-payd", deny_unknown_fields)]
pub struct Root {
    /// Time zone of the schedule, the quiet hours and pixi's times, by its IANA name.
    #[schemars(extend("default" = "Europe/Berlin"))]
    pub timezone: Option<String>,
    /// Language of pages, mails and of comments written into pixi.
    #[schemars(extend("default" = "de"))]
    pub language: Option<Language>,
    /// Where the daemon keeps what it knows: `sqlite://FILE`, or `postgres://user@host/database` for several instances.
    #[schemars(extend("default" = "sqlite://pixi-payd.db"))]
    pub database: Option<String>,
    /// When cycles run and when pixi is left in peace.
    pub schedule: Option<schedule::Schedule>,
    /// Brakes: how long to wait and how much to move at most before a person must look. `off` switches one off.
    pub safety: Option<safety::Safety>,
    /// The pages, the webhook and the API.
    pub web: Option<web::Web>,
    /// Mail to operators. A mandant may override each of its keys as a whole; without the block nobody is mailed.
    pub mail: Option<mail::Mail>,
    /// The pixi APIs by a name of your choice (`live`, `test`); more than two are allowed. May also come from `conf.d/*.yaml`.
    pub pixi: Option<BTreeMap<String, pixi::PixiApi>>,
    /// The mandants by their pixi ShopID, one to three letters or digits. May also come from `conf.d/*.yaml`.
    pub mandants: Option<BTreeMap<String, mandants::Mandant>>,
}

/// The JSON schema of the configuration file.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(WithoutNull);
    settings.into_generator().into_root_schema_for::<Root>().to_value()
}

/// An empty key counts as missing: the schema need not speak of null.
#[derive(Debug, Clone)]
struct WithoutNull;

impl Transform for WithoutNull {
    fn transform(&mut self, schema: &mut Schema) {
        transform_subschemas(self, schema);
        let Some(object) = schema.as_object_mut() else { return };
        if let Some(Value::Array(types)) = object.get_mut("type") {
            types.retain(|name| name != "null");
            if let [only] = types.as_slice() {
                let only = only.clone();
                object.insert("type".to_owned(), only);
            }
        }
        if let Some(Value::Array(choices)) = object.get_mut("anyOf") {
            choices.retain(|choice| choice.get("type").is_none_or(|name| name != "null"));
            if let [Value::Object(only)] = choices.as_slice() {
                let only = only.clone();
                object.remove("anyOf");
                for (key, value) in only {
                    object.entry(key).or_insert(value);
                }
            }
        }
        // An integer of Rust has a size that means nothing to a reader.
        object.remove("format");
    }
}
