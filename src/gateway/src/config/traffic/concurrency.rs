//! Whether the calls that a subgraph gets at once follow its latency.

use super::super::catalogue::OFF;
use super::super::choice::{Choice, Switch};
use super::super::group::group;
use super::super::number::Number;

/// How the limit follows latency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConcurrencyAlgorithm {
    /// By the ratio of usual latency to the present one.
    Gradient,
    /// One more while all is well, a share less when it isn't.
    Aimd,
}

const ALGORITHMS: Choice<ConcurrencyAlgorithm> = Choice {
    words: &[("gradient", ConcurrencyAlgorithm::Gradient), ("aimd", ConcurrencyAlgorithm::Aimd)],
    default: Some(ConcurrencyAlgorithm::Gradient),
    unset: "",
    kind: "`gradient` or `aimd`",
};

group! {
    /// The settings of the adaptive limit.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ConcurrencyConfig at "adaptive_concurrency" {
        enabled: bool = "enabled", Switch: OFF,
            "Whether the calls at once are bounded, below `connection_pool.max_connections`, by what a subgraph takes without slowing down; off, since a limit that searches costs some throughput, and most subgraphs are bounded well enough by a number.";
        algorithm: ConcurrencyAlgorithm = "algorithm", Choice<ConcurrencyAlgorithm>: ALGORITHMS,
            "How the limit follows: `gradient` compares the present latency with the usual one (Netflix, Gradient2), `aimd` adds one while calls succeed and takes a share away when they time out, are refused, or find no connection (RFC 5681). `gradient`, since it sees overload before calls fail.";
        min_limit: u32 = "min_limit", Number: Number::new(10, 1, 100_000),
            "The least calls at once, on each worker; 10, so that a subgraph that is slow for once is still measured.";
        max_limit: u32 = "max_limit", Number: Number::new(1_000, 1, 100_000),
            "The most calls at once, on each worker; 1000 is about what `connection_pool.max_connections` allows all of them.";
    }
}
