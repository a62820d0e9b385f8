use rand_pcg::Pcg64;

use super::{LearnedSettings, Moment, Oracle, Plan, StepReport, Strategy, learned::Learned};
use crate::error::SearchError;
use crate::latency::Budget;
use crate::objective::Observation;
use crate::seed::{Purpose, generator};
use crate::tensor_file::TensorFile;

/// The gradient-based search. Source: ProxylessNAS, §3.2 and §3.3, arXiv:1812.00332.
#[derive(Debug)]
pub(crate) struct Gradient(Learned);

impl Gradient {
    pub(crate) fn new(plan: &Plan, settings: LearnedSettings) -> Self {
        Self(Learned::new(plan, settings))
    }
}

impl Strategy for Gradient {
    fn sample(&self, rng: &mut Pcg64) -> Vec<usize> {
        self.0.alphas.sample_path(rng)
    }

    fn learn(&mut self, moment: Moment, oracle: &mut dyn Oracle) -> Result<StepReport, SearchError> {
        let Moment { seed, step, progress } = moment;
        let pairs = self.0.alphas.sample_pairs(&mut generator(seed, Purpose::Pairs, step));
        let (cross_entropy, gates) = oracle.gates(&pairs, &self.0.alphas.most_probable())?;
        if !cross_entropy.is_finite() {
            return Err(SearchError::Diverged { step, loss: cross_entropy });
        }
        let expected_ms = self.0.expected_ms(progress)?;
        let Learned { plan, alphas, adam, objective, .. } = &mut self.0;
        let table = plan.budget.table();
        let seen = Observation::new(progress, &gates, cross_entropy, expected_ms, table);
        alphas.descend(&objective.slopes(&seen).combine(&gates, table), adam);
        self.0.settle(progress)?;
        Ok(StepReport { cross_entropy: Some(cross_entropy), accuracy: None })
    }

    fn probabilities(&self) -> Vec<Vec<f64>> {
        self.0.alphas.probabilities()
    }

    fn finalists(&self, budget: Option<&Budget>) -> Result<Vec<Vec<usize>>, SearchError> {
        self.0.finalists(budget)
    }

    fn lambda(&self) -> Option<f64> {
        self.0.objective.lambda()
    }

    fn write(&self, file: &mut TensorFile) {
        self.0.write(file);
    }

    fn read(&mut self, file: &TensorFile) -> Result<(), SearchError> {
        self.0.read(file)
    }
}
