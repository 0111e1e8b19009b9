//! The kinds of values beyond plain text, numbers and switches, as the schema describes them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

/// A secret: plain, from a file, or from the environment.
pub struct Secret;

/// A length of time: a whole number and a unit.
pub struct Time;

/// A length of time, or `off`.
pub struct TimeOrOff;

/// A whole number, or `off`.
pub struct CountOrOff;

/// A time of day.
pub struct DayTime;

/// An amount with at most two decimals, or `off`.
pub struct AmountOrOff;

macro_rules! kind {
    ($name:ident, inline $inline:literal, $schema:tt) => {
        impl JsonSchema for $name {
            fn inline_schema() -> bool {
                $inline
            }

            fn schema_name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    };
}

kind!(Secret, inline false, {
    "x-kind": "secret",
    "anyOf": [
        {"type": ["string", "number", "boolean"]},
        {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"], "additionalProperties": false},
        {"type": "object", "properties": {"env": {"type": "string"}}, "required": ["env"], "additionalProperties": false}
    ]
});
kind!(Time, inline true, {"x-kind": "duration", "type": "string", "pattern": "^[0-9]+(s|m|h|d)$"});
kind!(TimeOrOff, inline true, {"x-kind": "duration, or off", "type": "string", "pattern": "^([0-9]+(s|m|h|d)|off)$"});
kind!(CountOrOff, inline true, {
    "x-kind": "number, or off",
    "anyOf": [{"type": "integer", "minimum": 0}, {"const": "off"}]
});
kind!(DayTime, inline true, {"x-kind": "time of day", "type": "string", "pattern": "^([01][0-9]|2[0-3]):[0-5][0-9]$"});
kind!(AmountOrOff, inline true, {
    "x-kind": "amount, or off",
    "anyOf": [{"type": "number", "minimum": 0}, {"type": "string", "pattern": "^([0-9]+([.][0-9]{1,2})?|off)$"}]
});
