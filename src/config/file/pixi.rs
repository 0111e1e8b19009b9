//! `pixi:`

use std::collections::BTreeMap;

use schemars::JsonSchema;

use super::kinds::{Secret, Time};

/// One pixi API.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct PixiApi {
    /// Switched on. The payment types of every mandant on an API that is off count as off.
    #[schemars(extend("default" = true))]
    pub active: Option<bool>,
    /// Address of the SOAP API, `https`, with a slash at its end. It is the XML namespace of the calls too, so it must be
    /// spelled as pixi spells it.
    #[schemars(example = "https://api.pixi.eu/soap/pixiACM/")]
    pub endpoint: String,
    /// Login name.
    pub username: String,
    /// Password.
    pub password: Secret,
    /// Requests in flight at once.
    #[schemars(range(min = 1, max = 32), extend("default" = 4))]
    pub max_parallel: Option<u32>,
    /// Longest silence while waiting for an answer, `1s` to `10m`.
    #[schemars(extend("default" = "30s"))]
    pub timeout: Option<Time>,
    /// Where this installation names a column differently. Per call: the column the daemon needs → its name here.
    #[schemars(extend("default" = {}))]
    pub columns: Option<BTreeMap<String, BTreeMap<String, String>>>,
}
