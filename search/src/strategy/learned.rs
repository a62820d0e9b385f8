//! What strategies with architecture parameters share.

use super::Plan;
use crate::{
    alpha::{AlphaAdam, Alphas, insert_alphas, restore_alphas},
    error::SearchError,
    latency::Budget,
    objective::Objective,
    tensor_file::TensorFile,
};

/// Architecture parameters, their optimizer, and the objective that they descend.
#[derive(Debug)]
pub(super) struct Learned {
    pub(super) plan: Plan,
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
    /// Nothing yet.
    pub(super) fn new(plan: &Plan) -> Self {
        let counts = plan.counts();
        Self {
            alphas: Alphas::new(&counts),
            adam: AlphaAdam::new(&counts, plan.settings.alpha_learning_rate),
            objective: plan.latency_loss.objective(plan.steered_ms()),
            plan: plan.clone(),
        }
    }

    /// E\[latency\] at probabilities that are sharpened more and more: what the objective is shown.
    pub(super) fn expected_ms(&self, progress: f64) -> Result<f64, SearchError> {
        Ok(self.plan.budget.table().expected_ms(&self.alphas.sharpened(temperature(progress)))?)
    }

    /// Drops what is hopeless, and decides as many blocks as are due.
    pub(super) fn settle(&mut self, progress: f64) -> Result<(), SearchError> {
        self.alphas.prune(self.plan.settings.pruning, progress, &self.plan.budget);
        self.alphas.decide(self.plan.settings.decided(progress), self.plan.hard_budget())
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
