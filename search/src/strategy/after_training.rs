//! Strategies that train all paths alike, then compare paths with the shared weights.

use clap::Args;
use rand::RngExt;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::population::random_within;
use super::settings::check_networks_per_step;
use super::{Comparison, Moment, Oracle, Plan, Population, Preset, Scored, Settings, StepReport, Strategy};
use crate::error::SearchError;
use crate::latency::Budget;
use crate::seed::{Purpose, generator};
use crate::settings::check_count;
use crate::tensor_file::TensorFile;

/// How paths are compared.
#[derive(Args, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ComparisonSettings {
    /// Networks looked at per architecture step (reinforce, evolution, random).
    #[arg(long, value_name = "N")]
    pub networks_per_step: usize,
    /// Networks looked at in all (evolution, random).
    #[arg(long, value_name = "N")]
    pub networks: u64,
    /// Held-out images that each of these is looked at with (evolution, random).
    #[arg(long, value_name = "IMAGES")]
    pub scored_images: usize,
}

impl Settings for ComparisonSettings {
    fn preset(preset: Preset) -> Self {
        let (networks, scored_images) = match preset {
            Preset::Quick => (400, 1000),
            Preset::Thorough => (2000, 4000),
        };
        Self { networks_per_step: 10, networks, scored_images }
    }

    fn check(&self) -> Result<(), SearchError> {
        check_networks_per_step(self.networks_per_step)?;
        check_count("number of networks", self.networks, 1)?;
        check_count("number of scored images", self.scored_images as u64, 1)
    }

    fn after_training(&self) -> Option<Comparison> {
        let steps = self.networks.div_ceil(self.networks_per_step.max(1) as u64);
        Some(Comparison { steps, images: self.scored_images })
    }
}

/// Which path is looked at next: one within the budget, if there seems to be one, and none of those that are looked at anyway.
type Propose = fn(&Population, &Budget, &[Vec<usize>], &mut Pcg64) -> Option<Vec<usize>>;

/// Trains uniformly random paths; then looks at what is proposed within the target.
///
/// Weights do not change while paths are compared, so every path has one score. Source: Guo et al., "Single path
/// one-shot", arXiv:1904.00420.
#[derive(Debug)]
pub(crate) struct AfterTraining {
    plan: Plan,
    settings: ComparisonSettings,
    population: Population,
    propose: Propose,
}

/// Paths that are compared on all held-out images at the end.
const FINALISTS: usize = 10;

impl AfterTraining {
    /// The best paths within the target mutate and cross.
    pub(super) fn evolution(plan: &Plan, settings: ComparisonSettings) -> Self {
        Self::new(plan, settings, Population::child)
    }

    /// Random paths that use the target: the yardstick.
    pub(super) fn random(plan: &Plan, settings: ComparisonSettings) -> Self {
        Self::new(plan, settings, |_, budget, _, rng| Some(random_within(budget, rng)))
    }

    fn new(plan: &Plan, settings: ComparisonSettings, propose: Propose) -> Self {
        Self { plan: plan.clone(), settings, population: Population::default(), propose }
    }

    /// The budget that paths must meet: without a latency loss the slowest path's.
    fn limit(&self) -> Budget {
        let table = self.plan.budget.table();
        let all = || Budget::new(table, table.range_ms().1 * (1.0 + 1e-6));
        self.plan.hard_budget().cloned().unwrap_or_else(all)
    }
}

impl Strategy for AfterTraining {
    fn sample(&self, rng: &mut Pcg64) -> Vec<usize> {
        self.plan.counts().into_iter().map(|count| rng.random_range(0..count)).collect()
    }

    fn learn(&mut self, moment: Moment, oracle: &mut dyn Oracle) -> Result<StepReport, SearchError> {
        let mut rng = generator(moment.seed, Purpose::Pairs, moment.step);
        let budget = self.limit();
        let mut paths: Vec<Vec<usize>> = Vec::new();
        let ComparisonSettings { networks, networks_per_step, .. } = self.settings;
        let left = networks.saturating_sub(self.population.scored().len() as u64);
        for _ in 0..left.min(networks_per_step as u64) {
            paths.extend((self.propose)(&self.population, &budget, &paths, &mut rng));
        }
        let (mut sum, count) = (0.0, paths.len());
        for path in paths {
            let accuracy = oracle.accuracy(&path)?;
            sum += accuracy;
            self.population.add(Scored { path, accuracy });
        }
        let accuracy = (count > 0).then(|| sum / count as f64);
        Ok(StepReport { cross_entropy: None, accuracy })
    }

    fn probabilities(&self) -> Vec<Vec<f64>> {
        self.population.frequencies(FINALISTS, self.plan.hard_budget(), &self.plan.counts())
    }

    /// The best of what was looked at and uses a budget. Where nothing does, the best within it and a random path that
    /// uses it: nothing was looked at for this target.
    fn finalists(&self, budget: Option<&Budget>) -> Result<Vec<Vec<usize>>, SearchError> {
        let best = |allowed: &dyn Fn(&[usize]) -> bool| -> Vec<Vec<usize>> {
            let best = self.population.best(FINALISTS, allowed);
            best.into_iter().map(|scored| scored.path.clone()).collect()
        };
        let Some(budget) = budget else { return Ok(best(&|_| true)) };
        budget.fastest()?;
        let mut paths = best(&|path| budget.is_used_by(path));
        if paths.is_empty() {
            paths = best(&|path| budget.allows(path));
            paths.push(random_within(budget, &mut generator(0, Purpose::Front, 0)));
        }
        Ok(paths)
    }

    fn write(&self, file: &mut TensorFile) {
        self.population.write(file);
    }

    fn read(&mut self, file: &TensorFile) -> Result<(), SearchError> {
        self.population = Population::read(file, &self.plan.counts())?;
        Ok(())
    }
}
