//! What strategies are told before they start.

use crate::{latency::Budget, objective::LatencyLoss};

/// What strategies are told before they start.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Latency of the space's candidates, and the target.
    pub budget: Budget,
    /// How latency enters.
    pub latency_loss: LatencyLoss,
}

impl Plan {
    /// Candidates of each block.
    #[must_use]
    pub fn counts(&self) -> Vec<usize> {
        self.budget.table().blocks_ms.iter().map(Vec::len).collect()
    }

    /// The budget, if latency counts at all.
    #[must_use]
    pub fn hard_budget(&self) -> Option<&Budget> {
        self.latency_loss.heeds_target().then_some(&self.budget)
    }

    /// The latency to steer to: what a typical path may take.
    #[must_use]
    pub fn steered_ms(&self) -> f64 {
        self.budget.limit_ms(&self.budget.table().fastest())
    }
}
