//! Two candidates per block compete through binary gates; their α descend.

use rand_pcg::Pcg64;

use super::{Moment, Oracle, Plan, Seen, Strategy};
use crate::{
    SearchError,
    alpha::{AlphaAdam, Alphas, insert_alphas, restore_alphas},
    latency::Budget,
    objective::{Objective, Observation},
    seed::{Purpose, generator},
    tensor_file::TensorFile,
};

/// The gradient-based search. Source: ProxylessNAS, §3.2 and §3.3, arXiv:1812.00332.
///
/// The objective is shown E\[latency\] at probabilities that are sharpened more and more (`temperature`). Every block
/// leaves a little probability with each candidate that it has decided against, and these add up: with 0.5 % on each of
/// six in nine blocks the expectation lies some 9 % above the most probable path where that skips, and a search steered to E = T ends
/// with a path that much under its target.
#[derive(Debug)]
pub struct Gradient {
    plan: Plan,
    alphas: Alphas,
    adam: AlphaAdam,
    objective: Box<dyn Objective>,
}

/// Temperature of the probabilities whose E\[latency\] is steered: 1 in the first half, then geometrically to 1/8.
#[must_use]
pub(super) fn temperature(progress: f64) -> f64 {
    (0.125_f64).powf((2.0 * progress - 1.0).clamp(0.0, 1.0))
}

impl Gradient {
    /// Nothing learned yet.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let counts = plan.counts();
        Self {
            alphas: Alphas::new(&counts),
            adam: AlphaAdam::new(&counts, plan.settings.alpha_learning_rate),
            objective: plan.latency_loss.objective(plan.steered_ms()),
            plan: plan.clone(),
        }
    }
}

impl Strategy for Gradient {
    fn sample(&self, rng: &mut Pcg64) -> Vec<usize> {
        self.alphas.sample_path(rng)
    }

    fn learn(&mut self, moment: Moment, oracle: &mut dyn Oracle) -> Result<Seen, SearchError> {
        let Moment { seed, step, progress } = moment;
        let table = self.plan.budget.table();
        let pairs = self.alphas.sample_pairs(&mut generator(seed, Purpose::Pairs, step));
        let (cross_entropy, gates) = oracle.gates(&pairs, &self.alphas.most_probable())?;
        if !cross_entropy.is_finite() {
            return Err(SearchError::Diverged { step, loss: cross_entropy });
        }
        let expected_ms = table.expected_ms(&self.alphas.sharpened(temperature(progress)))?;
        let seen = Observation::new(progress, &gates, cross_entropy, expected_ms, table);
        let gates = self.objective.slopes(&seen).combine(&gates, table);
        self.alphas.descend(&gates, &mut self.adam);
        self.alphas.prune(self.plan.settings.pruning, progress, &self.plan.budget);
        let share = self.plan.settings.decided(progress);
        self.alphas.decide(share, self.plan.hard_budget())?;
        Ok(Seen { cross_entropy: Some(cross_entropy), accuracy: None })
    }

    fn probabilities(&self) -> Vec<Vec<f64>> {
        self.alphas.probabilities()
    }

    fn finalists(&self, budget: Option<&Budget>) -> Result<Vec<Vec<usize>>, SearchError> {
        learned_paths(&self.alphas, &self.plan, budget)
    }

    fn lambda(&self) -> Option<f64> {
        self.objective.lambda()
    }

    fn write(&self, file: &mut TensorFile) {
        insert_alphas(file, &self.alphas, &self.adam);
        file.insert_numbers("objective", &self.objective.state());
    }

    fn read(&mut self, file: &TensorFile) -> Result<(), SearchError> {
        restore_alphas(file, &mut self.alphas, &mut self.adam)?;
        self.objective.restore(&file.numbers("objective")?)?;
        Ok(())
    }
}

/// Paths worth comparing by architecture parameters: for the budget of the search what it has decided on, for another
/// one those of [`Budget::finalists`].
pub(super) fn learned_paths(
    alphas: &Alphas,
    plan: &Plan,
    budget: Option<&Budget>,
) -> Result<Vec<Vec<usize>>, SearchError> {
    match budget {
        None => Ok(vec![alphas.most_probable()]),
        Some(budget) if Some(budget) == plan.hard_budget() => Ok(vec![budget.best(&alphas.probabilities())?]),
        Some(budget) => budget.finalists(&alphas.learned()),
    }
}
