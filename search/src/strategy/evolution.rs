//! Evolution of paths with the weights of a trained supernet.

use rand::RngExt;
use rand_pcg::Pcg64;

use super::{Moment, Oracle, Plan, Population, Scored, Seen, Strategy};
use crate::{
    SearchError,
    latency::Budget,
    seed::{Purpose, generator},
    tensor_file::TensorFile,
};

/// Trains uniformly random paths; then the best paths within the target mutate and cross.
///
/// Weights do not change while paths are compared, so every path has one score. Source: Guo et al., "Single path
/// one-shot", arXiv:1904.00420.
#[derive(Debug)]
pub struct Evolution {
    plan: Plan,
    population: Population,
}

/// Paths that are compared on all held-out images at the end.
pub(super) const FINALISTS: usize = 10;

impl Evolution {
    /// Nothing learned yet.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self { plan: plan.clone(), population: Population::default() }
    }
}

impl Strategy for Evolution {
    fn sample(&self, rng: &mut Pcg64) -> Vec<usize> {
        uniform(&self.plan, rng)
    }

    fn learn(&mut self, moment: Moment, oracle: &mut dyn Oracle) -> Result<Seen, SearchError> {
        let mut rng = generator(moment.seed, Purpose::Pairs, moment.step);
        let budget = limit(&self.plan);
        let mut children: Vec<Vec<usize>> = Vec::new();
        for _ in 0..self.plan.settings.networks_per_step {
            children.extend(self.population.child(&budget, &children, &mut rng));
        }
        score(&mut self.population, children, oracle)
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

/// A path by equal chances.
pub(super) fn uniform(plan: &Plan, rng: &mut Pcg64) -> Vec<usize> {
    plan.counts().into_iter().map(|count| rng.random_range(0..count)).collect()
}

/// The budget that paths must meet: without a latency loss the slowest path's.
pub(super) fn limit(plan: &Plan) -> Budget {
    match plan.hard_budget() {
        Some(budget) => budget.clone(),
        None => Budget::new(plan.budget.table(), plan.budget.table().range_ms().1 * (1.0 + 1e-6)),
    }
}

/// Looks at paths and takes them in.
pub(super) fn score(
    population: &mut Population,
    paths: Vec<Vec<usize>>,
    oracle: &mut dyn Oracle,
) -> Result<Seen, SearchError> {
    let (mut sum, count) = (0.0, paths.len());
    for path in paths {
        let accuracy = oracle.accuracy(&path)?;
        sum += accuracy;
        population.add(Scored { path, accuracy });
    }
    let accuracy = (count > 0).then(|| sum / count as f64);
    Ok(Seen { cross_entropy: None, accuracy })
}

/// The best of what was looked at and uses a budget, or else is within it.
pub(super) fn finalists(
    population: &Population,
    budget: Option<&Budget>,
) -> Result<Vec<Vec<usize>>, SearchError> {
    let mut best = population.best(FINALISTS, |path| budget.is_none_or(|budget| budget.is_used_by(path)));
    if let Some(budget) = budget.filter(|_| best.is_empty()) {
        best = population.best(FINALISTS, |path| budget.allows(path));
    }
    match budget {
        // A target that nothing was looked at for.
        Some(budget) if best.is_empty() => Ok(vec![budget.fastest()?]),
        _ => Ok(best.into_iter().map(|scored| scored.path.clone()).collect()),
    }
}
