//! `schedule:`

use schemars::JsonSchema;

/// When cycles run and when pixi is left in peace.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Schedule {
    /// When a cycle starts: a cron pattern with seconds in front (second, minute, hour, day, month, weekday).
    #[schemars(extend("default" = "0 */2 * * * *"))]
    pub cycle: Option<String>,
    /// Window of wall-clock time in which no request to pixi starts, `HH:MM-HH:MM`; it may span midnight. `none` switches it off.
    #[schemars(extend("default" = "00:00-04:00"))]
    pub quiet_hours: Option<String>,
}
