//! `safety:` (DESIGN 3.7)

use schemars::JsonSchema;

use super::kinds::{AmountOrOff, CountOrOff, TimeOrOff};

/// Brakes: how long to wait and how much to move at most before a person must look. `off` switches one off.
#[derive(JsonSchema)]
#[schemars(deny_unknown_fields)]
pub struct Safety {
    /// Before anything is given back, two readings this far apart must show the same. `0s` switches it off.
    #[schemars(extend("default" = "5m"))]
    pub confirm_after: Option<TimeOrOff>,
    /// A credit note must be this old before it is refunded. `0s` switches it off.
    #[schemars(extend("default" = "30m"))]
    pub refund_delay: Option<TimeOrOff>,
    /// A request to Unzer whose answer was lost counts as never arrived only this long after its deadline.
    #[schemars(extend("default" = "15m"))]
    pub absent_after: Option<TimeOrOff>,
    /// If a mandant would give back money for more orders than this in one cycle, nothing is given back and a person is
    /// asked. `0` means none at all.
    #[schemars(extend("default" = 25))]
    pub max_givebacks_per_cycle: Option<CountOrOff>,
    /// Most that is captured per mandant and cycle, in the mandant's currency (`5000` or `5000.00`).
    #[schemars(extend("default" = "off"))]
    pub max_capture_per_cycle: Option<AmountOrOff>,
    /// Most that is refunded per mandant and day, in the mandant's currency.
    #[schemars(extend("default" = "off"))]
    pub max_refund_per_day: Option<AmountOrOff>,
    /// A pixi API or an Unzer key pair that fails for this long without one usable answer is switched off (`DISABLED`) and
    /// gets no request until `pixi-payd connection enable`. `off` tries for ever.
    #[schemars(extend("default" = "7d"))]
    pub disable_after: Option<TimeOrOff>,
}
