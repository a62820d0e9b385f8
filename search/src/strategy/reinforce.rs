use clap::Args;
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use super::learned::Learned;
use super::settings::check_networks_per_step;
use super::{LearnedSettings, Moment, Oracle, Plan, Preset, Settings, StepReport, Strategy};
use crate::alpha::Alphas;
use crate::error::SearchError;
use crate::latency::Budget;
use crate::objective::Observation;
use crate::seed::{Purpose, generator};
use crate::tensor_file::TensorFile;

/// How it learns.
#[derive(Args, Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReinforceSettings {
    /// How architecture parameters learn.
    #[command(flatten)]
    #[serde(flatten)]
    pub learned: LearnedSettings,
    /// Networks looked at per architecture step (reinforce, evolution, random).
    #[arg(long, value_name = "N")]
    pub networks_per_step: usize,
}

impl Settings for ReinforceSettings {
    // A step of ten networks costs several times as much as one of two paths.
    const COST: u64 = 2;

    fn preset(preset: Preset) -> Self {
        Self { learned: Settings::preset(preset), networks_per_step: 10 }
    }

    fn check(&self) -> Result<(), SearchError> {
        check_networks_per_step(self.networks_per_step)?;
        self.learned.check()
    }
}

/// REINFORCE with the reward R = accuracy · (T / latency)^w and a moving baseline b ← b + 0.99 (R̄ − b).
///
/// ∂J/∂α_i = E\[(R − b) (1{i chosen} − p_i)\]. The exponent w is what the objective says an increase of latency weighs
/// against one of accuracy: 0.1 with `add-linear`, as in the paper, and steered to the target with `target`.
/// Source: ProxylessNAS, §3.3.2, arXiv:1812.00332, and its released code (baseline, updated before it is used).
#[derive(Debug)]
pub(crate) struct Reinforce {
    learned: Learned,
    networks_per_step: usize,
    baseline: Option<f64>,
}

/// Share of the difference to a new mean reward that the baseline takes over.
const BASELINE: f64 = 0.99;

impl Reinforce {
    pub(crate) fn new(plan: &Plan, settings: ReinforceSettings) -> Self {
        let ReinforceSettings { learned, networks_per_step } = settings;
        Self { learned: Learned::new(plan, learned), networks_per_step, baseline: None }
    }

    /// The same with other architecture parameters.
    #[cfg(test)]
    fn with_alphas(self, alphas: Alphas) -> Self {
        Self { learned: Learned { alphas, ..self.learned }, ..self }
    }
}

impl Strategy for Reinforce {
    fn sample(&self, rng: &mut Pcg64) -> Vec<usize> {
        self.learned.alphas.sample_path(rng)
    }

    fn learn(&mut self, moment: Moment, oracle: &mut dyn Oracle) -> Result<StepReport, SearchError> {
        let Moment { seed, step, progress } = moment;
        let expected_ms = self.learned.expected_ms(progress)?;
        let Learned { plan, alphas, adam, objective, .. } = &mut self.learned;
        let (table, target_ms) = (plan.budget.table(), plan.steered_ms());
        let mut rng = generator(seed, Purpose::Pairs, step);
        let count = self.networks_per_step;
        let paths: Vec<_> = (0..count).map(|_| alphas.sample_path(&mut rng)).collect();
        let accuracies: Vec<f64> =
            paths.iter().map(|path| oracle.accuracy(path)).collect::<Result<_, _>>()?;
        let latencies: Vec<f64> = paths.iter().map(|path| table.path_ms(path)).collect();
        let accuracy = accuracies.iter().sum::<f64>() / count as f64;
        let seen = Observation {
            progress,
            cross_entropy: 1.0,
            expected_ms,
            cross_entropy_gap: deviation(&accuracies) / accuracy.max(1e-3),
            latency_gap_ms: deviation(&latencies),
        };
        let slopes = objective.slopes(&seen);
        let exponent = slopes.per_ms * target_ms / slopes.cross_entropy;
        let reward =
            |(accuracy, latency_ms): (&f64, &f64)| accuracy * (target_ms / latency_ms).powf(exponent);
        let rewards: Vec<f64> = accuracies.iter().zip(&latencies).map(reward).collect();
        let (gradient, baseline) = reward_gradient(alphas, self.baseline, &paths, &rewards);
        self.baseline = Some(baseline);
        alphas.descend_all(&gradient, adam);
        self.learned.settle(progress)?;
        Ok(StepReport { cross_entropy: None, accuracy: Some(accuracy) })
    }

    fn probabilities(&self) -> Vec<Vec<f64>> {
        self.learned.alphas.probabilities()
    }

    fn finalists(&self, budget: Option<&Budget>) -> Result<Vec<Vec<usize>>, SearchError> {
        self.learned.finalists(budget)
    }

    fn lambda(&self) -> Option<f64> {
        self.learned.objective.lambda()
    }

    fn write(&self, file: &mut TensorFile) {
        self.learned.write(file);
        file.insert_numbers("baseline", &self.baseline.into_iter().collect::<Vec<_>>());
    }

    fn read(&mut self, file: &TensorFile) -> Result<(), SearchError> {
        self.learned.read(file)?;
        self.baseline = file.numbers("baseline")?.first().copied();
        Ok(())
    }
}

/// The estimate of −∂J/∂α from sampled paths and their rewards, and the new baseline.
///
/// The baseline holds a share of each sample's own reward, which shortens the mean of the estimate by
/// 1 − 0.99 / n (for the first one by 1 − 1 / n); it is divided by that again.
fn reward_gradient(
    alphas: &Alphas,
    baseline: Option<f64>,
    paths: &[Vec<usize>],
    rewards: &[f64],
) -> (Vec<Vec<f64>>, f64) {
    let n = rewards.len() as f64;
    let mean = rewards.iter().sum::<f64>() / n;
    let (baseline, own) = match baseline {
        None => (mean, 1.0 / n),
        Some(old) => (old + BASELINE * (mean - old), BASELINE / n),
    };
    // One network alone says nothing without an earlier baseline.
    let scale = if own < 1.0 { 1.0 / (n * (1.0 - own)) } else { 0.0 };
    let mut gradient: Vec<Vec<f64>> = alphas.probabilities();
    let probabilities = gradient.clone();
    gradient.iter_mut().flatten().for_each(|value| *value = 0.0);
    for (path, reward) in paths.iter().zip(rewards) {
        for ((block, p), &choice) in gradient.iter_mut().zip(&probabilities).zip(path) {
            for (candidate, (value, p)) in block.iter_mut().zip(p).enumerate() {
                let chosen = f64::from(u8::from(candidate == choice));
                *value -= scale * (reward - baseline) * (chosen - p);
            }
        }
    }
    (gradient, baseline)
}

/// Standard deviation; 0 for fewer than two.
fn deviation(values: &[f64]) -> f64 {
    let mean = values.iter().sum::<f64>() / values.len().max(1) as f64;
    let squares: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
    (squares / values.len().saturating_sub(1).max(1) as f64).sqrt()
}

#[cfg(test)]
#[path = "reinforce_tests.rs"]
mod tests;
