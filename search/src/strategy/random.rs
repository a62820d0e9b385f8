//! Random paths with the weights of a trained supernet: the yardstick.

use rand_pcg::Pcg64;

use super::{
    Moment, Oracle, Plan, Population, Seen, Strategy,
    evolution::{FINALISTS, finalists, limit, score, uniform},
    population::random_within,
};
use crate::{
    SearchError,
    latency::Budget,
    seed::{Purpose, generator},
    tensor_file::TensorFile,
};

/// Trains uniformly random paths; then compares random paths within the target.
#[derive(Debug)]
pub struct RandomPaths {
    plan: Plan,
    population: Population,
}

impl RandomPaths {
    /// Nothing looked at yet.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self { plan: plan.clone(), population: Population::default() }
    }
}

impl Strategy for RandomPaths {
    fn sample(&self, rng: &mut Pcg64) -> Vec<usize> {
        uniform(&self.plan, rng)
    }

    fn learn(&mut self, moment: Moment, oracle: &mut dyn Oracle) -> Result<Seen, SearchError> {
        let mut rng = generator(moment.seed, Purpose::Pairs, moment.step);
        let budget = limit(&self.plan);
        let count = self.plan.settings.networks_per_step;
        let paths = (0..count).map(|_| random_within(&budget, &mut rng)).collect();
        score(&mut self.population, paths, oracle)
    }

    fn probabilities(&self) -> Vec<Vec<f64>> {
        self.population.frequencies(FINALISTS, self.plan.hard_budget(), &self.plan.counts())
    }

    fn finalists(&self, budget: Option<&Budget>) -> Result<Vec<Vec<usize>>, SearchError> {
        finalists(&self.population, budget)
    }

    fn write(&self, file: &mut TensorFile) {
        self.population.write(file);
    }

    fn read(&mut self, file: &TensorFile) -> Result<(), SearchError> {
        self.population = Population::read(file, &self.plan.counts())?;
        Ok(())
    }
}
