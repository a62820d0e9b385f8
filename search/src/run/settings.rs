//! Everything that decides how a search goes.

use profiler::spec::SpaceFile;
use serde::{Deserialize, Serialize};

use crate::{
    SearchError,
    data::{Augmentation, ComputeDevice},
    latency::LatencyTable,
    objective::LatencyLoss,
    sgd::Sgd,
};

/// Settings of a search; two runs with equal settings and images end in the same bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSettings {
    /// The search space.
    pub space: SpaceFile,
    /// Latency of its candidates.
    pub latency: LatencyTable,
    /// The latency to aim at in milliseconds.
    pub target_ms: f64,
    /// How latency enters the loss.
    pub latency_loss: LatencyLoss,
    /// What all random choices start from.
    pub seed: u64,
    /// Threads of libtorch; sums are rounded otherwise with another number.
    pub threads: usize,
    /// Where networks are trained.
    #[serde(default)]
    pub device: ComputeDevice,
    /// Images of a step.
    pub batch: usize,
    /// Training images held out for the architecture parameters.
    pub held_out: usize,
    /// How training images are changed.
    pub augmentation: Augmentation,
    /// How weights learn.
    pub weights: Sgd,
    /// Weight steps on uniformly random paths before the architecture parameters learn.
    pub warm_up_steps: u64,
    /// Weight steps after that.
    pub search_steps: u64,
    /// Weight steps per architecture step.
    pub weight_steps_per_alpha_step: u64,
    /// Learning rate of the architecture parameters.
    pub alpha_learning_rate: f64,
    /// How strongly the search is made to decide towards its end; see [`crate::alpha::Sharpener`].
    pub sharpness: f64,
    /// Steps per line of the log.
    pub log_every: u64,
}

impl SearchSettings {
    /// Name of the file's format.
    pub const FORMAT: &'static str = "tailor-search-settings";
    /// Version of the file's format.
    pub const VERSION: u32 = 1;

    /// Weight steps in all.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.warm_up_steps + self.search_steps
    }

    /// Whether an architecture step follows weight step `step` (from 0).
    #[must_use]
    pub fn alpha_step_follows(&self, step: u64) -> bool {
        let period = self.weight_steps_per_alpha_step;
        step >= self.warm_up_steps && (step - self.warm_up_steps) % period == period - 1
    }

    /// Share of the search (without its warm-up) that is done after `step` weight steps.
    #[must_use]
    pub fn progress(&self, step: u64) -> f64 {
        step.saturating_sub(self.warm_up_steps) as f64 / self.search_steps.max(1) as f64
    }

    /// Checks that they make sense.
    ///
    /// # Errors
    /// [`SearchError::Setting`] naming the first that does not.
    pub fn check(&self) -> Result<(), SearchError> {
        let wrong = |name, value: String, expected| Err(SearchError::Setting { name, value, expected });
        let counts = [
            ("threads", self.threads as u64, 4096),
            ("batch", self.batch as u64, 1 << 20),
            ("weight steps per architecture step", self.weight_steps_per_alpha_step, 1 << 20),
            ("steps per log line", self.log_every, 1 << 30),
            ("number of search steps", self.search_steps, 1 << 40),
            ("number of warm-up steps", self.warm_up_steps.saturating_add(1), 1 << 40),
        ];
        for (name, value, limit) in counts {
            if !(1..=limit).contains(&value) {
                return wrong(name, value.to_string(), "a number of at least 1");
            }
        }
        if !(self.alpha_learning_rate.is_finite() && self.alpha_learning_rate > 0.0) {
            let value = self.alpha_learning_rate.to_string();
            return wrong("learning rate of the architecture parameters", value, "a number above 0");
        }
        if !(self.sharpness.is_finite() && self.sharpness >= 0.0) {
            return wrong("sharpness", self.sharpness.to_string(), "a number of at least 0");
        }
        if !(self.target_ms.is_finite() && self.target_ms > 0.0) {
            return wrong("target", format!("{} ms", self.target_ms), "a number above 0");
        }
        self.augmentation.check()?;
        self.weights.check()?;
        self.latency.check()
    }
}
