//! What strategies with architecture parameters share.

use clap::Args;
use serde::{Deserialize, Serialize};

use super::{Plan, Preset, Settings};
use crate::alpha::{AlphaAdam, Alphas, Pruning, insert_alphas, restore_alphas};
use crate::error::SearchError;
use crate::latency::Budget;
use crate::objective::Objective;
use crate::tensor_file::TensorFile;

/// How architecture parameters learn.
#[derive(Args, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LearnedSettings {
    /// Learning rate of the architecture parameters (gradient, reinforce).
    #[arg(long, value_name = "RATE")]
    pub alpha_learning_rate: f64,
    /// Share of the search from which on block after block is decided (gradient, reinforce).
    #[arg(long, value_name = "SHARE")]
    pub decide_from: f64,
    /// Candidates less probable than this are dropped for good; 0 for none (gradient, reinforce).
    #[arg(long, value_name = "PROBABILITY")]
    pub prune_below: f64,
    /// From this share of the search on.
    #[arg(long, value_name = "SHARE")]
    pub prune_from: f64,
}

impl Settings for LearnedSettings {
    fn preset(preset: Preset) -> Self {
        let alpha_learning_rate = match preset {
            Preset::Quick => 0.1,
            Preset::Thorough => 0.02,
        };
        Self { alpha_learning_rate, decide_from: 0.7, prune_below: 0.001, prune_from: 0.6 }
    }

    fn check(&self) -> Result<(), SearchError> {
        let wrong = |name, value: f64, expected| {
            Err(SearchError::Setting { name, value: value.to_string(), expected })
        };
        if !(self.alpha_learning_rate.is_finite() && self.alpha_learning_rate > 0.0) {
            let name = "learning rate of the architecture parameters";
            return wrong(name, self.alpha_learning_rate, "a number above 0");
        }
        if !(0.0..1.0).contains(&self.decide_from) {
            return wrong("share to decide from", self.decide_from, "0 or more and below 1");
        }
        self.pruning().check()
    }
}

impl LearnedSettings {
    fn pruning(&self) -> Pruning {
        Pruning { below: self.prune_below, from: self.prune_from }
    }

    /// Share of the blocks that are to be decided at `progress` (0 to 1) through the search: all of them at its end.
    fn decided(&self, progress: f64) -> f64 {
        ((progress - self.decide_from) / (1.0 - self.decide_from)).clamp(0.0, 1.0)
    }
}

/// Architecture parameters, their optimizer, and the objective that they descend.
#[derive(Debug)]
pub(super) struct Learned {
    pub(super) plan: Plan,
    pub(super) settings: LearnedSettings,
    pub(super) alphas: Alphas,
    pub(super) adam: AlphaAdam,
    pub(super) objective: Box<dyn Objective>,
}

/// Temperature of the probabilities whose E\[latency\] is steered: 1 in the first half, then geometrically to 1/8.
///
/// Every block leaves a little probability with each candidate that it has decided against, and these add up: with 0.5 %
/// on each of six in nine blocks the expectation lies some 9 % above the most probable path where that skips, and a
/// search steered to E = T ends with a path that much under its target.
fn temperature(progress: f64) -> f64 {
    (0.125_f64).powf((2.0 * progress - 1.0).clamp(0.0, 1.0))
}

impl Learned {
    pub(super) fn new(plan: &Plan, settings: LearnedSettings) -> Self {
        let counts = plan.counts();
        Self {
            alphas: Alphas::new(&counts),
            adam: AlphaAdam::new(&counts, settings.alpha_learning_rate),
            objective: plan.latency_loss.objective(plan.steered_ms()),
            plan: plan.clone(),
            settings,
        }
    }

    /// E\[latency\] at probabilities that are sharpened more and more: what the objective is shown.
    pub(super) fn expected_ms(&self, progress: f64) -> Result<f64, SearchError> {
        Ok(self.plan.budget.table().expected_ms(&self.alphas.sharpened(temperature(progress)))?)
    }

    /// Drops what is hopeless, and decides as many blocks as are due.
    pub(super) fn settle(&mut self, progress: f64) -> Result<(), SearchError> {
        self.alphas.prune(self.settings.pruning(), progress, &self.plan.budget);
        self.alphas.decide(self.settings.decided(progress), self.plan.hard_budget())
    }

    /// Paths worth comparing: for the budget of the search what it has decided on, for another one those of
    /// [`Budget::finalists`].
    pub(super) fn finalists(&self, budget: Option<&Budget>) -> Result<Vec<Vec<usize>>, SearchError> {
        match budget {
            None => Ok(vec![self.alphas.most_probable()]),
            Some(budget) if Some(budget) == self.plan.hard_budget() => {
                Ok(vec![budget.best(&self.alphas.probabilities())?])
            }
            Some(budget) => budget.finalists(&self.alphas.learned()),
        }
    }

    pub(super) fn write(&self, file: &mut TensorFile) {
        insert_alphas(file, &self.alphas, &self.adam);
        file.insert_numbers("objective", &self.objective.state());
    }

    pub(super) fn read(&mut self, file: &TensorFile) -> Result<(), SearchError> {
        restore_alphas(file, &mut self.alphas, &mut self.adam)?;
        self.objective.restore(&file.numbers("objective")?)
    }
}
