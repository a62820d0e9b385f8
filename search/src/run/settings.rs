use profiler::spec::{SearchSpace, SpaceFile};
use serde::{Deserialize, Serialize};

use crate::data::{Augmentation, ComputeDevice};
use crate::error::SearchError;
use crate::latency::{Budget, ExpectedLatency, Intervals};
use crate::objective::LatencyLoss;
use crate::settings::{check_count, check_threads};
use crate::sgd::Sgd;
use crate::strategy::{Plan, StrategySettings};

/// Settings of a search; two runs with equal settings and images end in the same bits.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SearchSettings {
    /// The search space.
    pub space: SpaceFile,
    /// Latency of its candidates.
    pub latency: ExpectedLatency,
    /// Whether these come from emulated figures, which are no timings.
    #[serde(default)]
    pub emulated: bool,
    /// What the intervals of predicted latencies are made of.
    pub intervals: Option<Intervals>,
    /// The latency to aim at in milliseconds.
    pub target_ms: f64,
    /// Largest probability that the network's latency is above the target; without one its predicted latency is at most
    /// the target, and nothing more is asked for.
    pub risk: Option<f64>,
    /// How architectures are learned.
    pub strategy: StrategySettings,
    /// How latency enters the loss.
    pub latency_loss: LatencyLoss,
    /// Random seed.
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
    /// Weight steps per architecture step, where they take turns.
    pub weight_steps_per_alpha_step: u64,
    /// Steps per line of the log.
    pub log_every: u64,
}

impl SearchSettings {
    pub(crate) const FORMAT: &'static str = "tailor-search-settings";
    pub(crate) const VERSION: u32 = 3;

    /// Weight steps in all.
    pub fn weight_steps(&self) -> u64 {
        self.warm_up_steps + self.search_steps
    }

    /// Steps in all: weight steps, then those of a strategy that learns when the weights are trained.
    pub fn steps(&self) -> u64 {
        self.weight_steps() + self.strategy.after_training().map_or(0, |comparison| comparison.steps)
    }

    /// Steps in the group of the log that ends with step `done` (from 1).
    pub(crate) fn steps_in_group(&self, done: u64) -> u64 {
        match done % self.log_every {
            0 => self.log_every,
            rest => rest,
        }
    }

    /// Whether an architecture step follows weight step `step` (from 0), or is step `step` itself.
    pub(crate) fn learns_at(&self, step: u64) -> bool {
        if self.strategy.after_training().is_some() {
            return step >= self.weight_steps();
        }
        let period = self.weight_steps_per_alpha_step;
        step >= self.warm_up_steps && (step - self.warm_up_steps) % period == period - 1
    }

    /// Share of the search (without its warm-up) that is done after `step` steps.
    pub fn progress(&self, step: u64) -> f64 {
        let (before, all) = match self.strategy.after_training() {
            Some(comparison) => (self.weight_steps(), comparison.steps),
            None => (self.warm_up_steps, self.search_steps),
        };
        step.saturating_sub(before) as f64 / all.max(1) as f64
    }

    /// The latency that the network may have.
    pub fn budget(&self) -> Budget {
        let budget = Budget::new(&self.latency, self.target_ms);
        match (self.risk, &self.intervals) {
            (Some(risk), Some(intervals)) => budget.with_risk(risk, intervals),
            _ => budget,
        }
    }

    /// What the strategy knows before it starts.
    pub fn plan(&self) -> Plan {
        Plan { budget: self.budget(), latency_loss: self.latency_loss }
    }

    pub(crate) fn check(&self) -> Result<(), SearchError> {
        let wrong = |name, value: String, expected| Err(SearchError::Setting { name, value, expected });
        let counts = [
            ("batch", self.batch as u64, 1),
            ("weight steps per architecture step", self.weight_steps_per_alpha_step, 1),
            ("steps per log line", self.log_every, 1),
            ("number of search steps", self.search_steps, 1),
            ("number of warm-up steps", self.warm_up_steps, 0),
        ];
        check_threads(self.threads)?;
        for (name, value, least) in counts {
            check_count(name, value, least)?;
        }
        if !(self.target_ms.is_finite() && self.target_ms > 0.0) {
            return wrong("target", format!("{} ms", self.target_ms), "a number above 0");
        }
        match (self.risk, &self.intervals) {
            (Some(risk), _) if !(risk > 0.0 && risk < 1.0) => {
                return wrong("risk", risk.to_string(), "above 0 and below 1");
            }
            (Some(risk), None) => {
                return wrong("risk", risk.to_string(), "none, as the latencies come without intervals");
            }
            _ => {}
        }
        self.strategy.check()?;
        self.augmentation.check()?;
        self.weights.check()?;
        Ok(self.latency.check()?)
    }

    /// Checks that the latencies are those of a space's candidates.
    pub(crate) fn check_space(&self, space: &SearchSpace) -> Result<(), SearchError> {
        let counts: Vec<usize> = space.blocks().iter().map(|block| block.candidates.len()).collect();
        let wrong = |name, found: Vec<usize>| {
            let value = format!("for {found:?} candidates");
            Err(SearchError::Setting {
                name,
                value,
                expected: "one for each candidate of the space's blocks",
            })
        };
        let latencies: Vec<usize> = self.latency.blocks_ms.iter().map(Vec::len).collect();
        if latencies != counts {
            return wrong("table of latencies", latencies);
        }
        let shares = self.intervals.as_ref().map(|intervals| intervals.blocks.iter().map(Vec::len).collect());
        match shares {
            Some(shares) if shares != counts => wrong("table of intervals", shares),
            _ => Ok(()),
        }
    }
}
