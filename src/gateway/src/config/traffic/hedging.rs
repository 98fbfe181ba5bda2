//! Whether a call that takes long is made a second time.

use super::super::catalogue::OFF;
use super::super::choice::Switch;
use super::super::group::group;
use super::super::number::Number;

group! {
    /// The settings of hedged calls.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct HedgingConfig at "hedging" {
        enabled: bool = "enabled", Switch: OFF,
            "Whether a query's call that takes longer than most is made a second time, and the first answer wins; off, since it is load that helps only where several instances answer and one of them is slow.";
        percentile: u32 = "percentile", Number: Number::new(95, 50, 99),
            "The percentile of latency after which the second call goes out, within `connection_pool.retry_policy.budget_percent`; at 95 it is one call in twenty (Dean and Barroso, \"The Tail at Scale\").";
    }
}
