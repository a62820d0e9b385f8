use crate::{latency::Budget, objective::LatencyLoss};

/// What strategies know before they start.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Latency of the space's candidates, and the target.
    pub budget: Budget,
    /// How latency enters.
    pub latency_loss: LatencyLoss,
}

impl Plan {
    pub(crate) fn counts(&self) -> Vec<usize> {
        self.budget.table().blocks_ms.iter().map(Vec::len).collect()
    }

    /// The budget, if latency counts at all.
    pub(crate) fn hard_budget(&self) -> Option<&Budget> {
        self.latency_loss.heeds_target().then_some(&self.budget)
    }

    /// The latency to steer to: what a typical path may take.
    pub(crate) fn steered_ms(&self) -> f64 {
        self.budget.limit_ms(&self.budget.table().fastest())
    }
}
