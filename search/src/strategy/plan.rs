//! What strategies are told before they start.

use serde::{Deserialize, Serialize};

use crate::{
    alpha::Pruning, error::SearchError, latency::Budget, objective::LatencyLoss, settings::check_count,
};

/// Between two of its steps a search can be stopped.
const MOST_PER_STEP: usize = 1000;

/// Settings that strategies share; each takes what it needs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StrategySettings {
    /// Learning rate of architecture parameters (gradient, reinforce).
    pub alpha_learning_rate: f64,
    /// Share of the search from which on block after block is decided (gradient, reinforce); see
    /// [`crate::alpha::Alphas::decide`].
    pub decide_from: f64,
    /// When hopeless candidates are dropped (gradient, reinforce).
    pub pruning: Pruning,
    /// Networks looked at per step (reinforce, evolution, random).
    pub networks_per_step: usize,
    /// Networks looked at in all (evolution, random).
    pub networks: u64,
    /// Held-out images that each of these is looked at with (evolution, random).
    pub scored_images: usize,
}

impl StrategySettings {
    /// Checks that they make sense.
    ///
    /// # Errors
    /// [`SearchError::Setting`] naming the first that does not.
    pub fn check(&self) -> Result<(), SearchError> {
        let wrong = |name, value: String, expected| Err(SearchError::Setting { name, value, expected });
        let counts = [
            ("networks per step", self.networks_per_step as u64),
            ("number of networks", self.networks),
            ("number of scored images", self.scored_images as u64),
        ];
        for (name, value) in counts {
            check_count(name, value, 1)?;
        }
        if self.networks_per_step > MOST_PER_STEP {
            return wrong("networks per step", self.networks_per_step.to_string(), "at most 1000");
        }
        if !(self.alpha_learning_rate.is_finite() && self.alpha_learning_rate > 0.0) {
            let value = self.alpha_learning_rate.to_string();
            return wrong("learning rate of the architecture parameters", value, "a number above 0");
        }
        if !(0.0..1.0).contains(&self.decide_from) {
            return wrong("share to decide from", self.decide_from.to_string(), "0 or more and below 1");
        }
        self.pruning.check()
    }

    /// Share of the blocks that are to be decided at `progress` (0 to 1) through the search: all of them at its end.
    #[must_use]
    pub fn decided(&self, progress: f64) -> f64 {
        ((progress - self.decide_from) / (1.0 - self.decide_from)).clamp(0.0, 1.0)
    }

    /// Steps in which [`StrategySettings::networks`] are looked at.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.networks.div_ceil(self.networks_per_step.max(1) as u64)
    }
}

/// What strategies are told before they start.
#[derive(Clone, Debug, PartialEq)]
pub struct Plan {
    /// Latency of the space's candidates, and the target.
    pub budget: Budget,
    /// How latency enters.
    pub latency_loss: LatencyLoss,
    /// The settings.
    pub settings: StrategySettings,
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
        (self.latency_loss != LatencyLoss::None).then_some(&self.budget)
    }

    /// The latency to steer to: what a typical path may take.
    #[must_use]
    pub fn steered_ms(&self) -> f64 {
        self.budget.limit_ms(&self.budget.table().fastest())
    }
}
