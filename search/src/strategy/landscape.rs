//! A search without images, for tests: every candidate has a known merit, and strategies see it with noise.
use rand::{RngExt, seq::SliceRandom};
use rand_pcg::Pcg64;

use super::{Moment, Oracle, Plan, Preset, Strategy, StrategyKind, StrategySettings};
use crate::alpha::{Alphas, GateGradient, Pair};
use crate::error::SearchError;
use crate::latency::{Budget, ExpectedLatency, best_within};
use crate::objective::LatencyLoss;
use crate::seed::{Purpose, generator};

/// What a mock search sees: latency and merit per candidate. A path's accuracy is 0.5 plus its merits.
#[derive(Clone, Debug)]
pub(crate) struct Landscape {
    pub(crate) table: ExpectedLatency,
    pub(crate) merits: Vec<Vec<f64>>,
    pub(crate) noise: f64,
}

impl Landscape {
    /// Nine blocks of seven candidates in which slower candidates are better, with diminishing returns.
    pub(crate) fn random(seed: u64) -> Self {
        let mut rng = generator(seed, Purpose::Weights, 0);
        let mut candidate = |index: usize| {
            let ms: f64 = if index == 6 { 0.0 } else { rng.random_range(0.01..0.06) };
            (ms, 0.3 * ms.sqrt() + rng.random_range(0.0..0.02))
        };
        let blocks: Vec<Vec<(f64, f64)>> = (0..9).map(|_| (0..7).map(&mut candidate).collect()).collect();
        let split = |pick: fn(&(f64, f64)) -> f64| -> Vec<Vec<f64>> {
            blocks.iter().map(|block| block.iter().map(pick).collect()).collect()
        };
        let table = ExpectedLatency { constant_ms: 0.1, blocks_ms: split(|candidate| candidate.0) };
        Self { table, merits: split(|candidate| candidate.1), noise: 0.05 }
    }

    /// Ten blocks of five candidates in random order, in some blocks of more weight than in others: one candidate has
    /// most of the merit to be had at half of the largest latency, which is what [`Landscape::target_ms`] has room for in
    /// every block. Giving one block the slowest candidate (a fifth more merit) takes the fastest one, without any merit,
    /// in two others: worse even if they weigh a third, so one path is the best by far.
    pub(crate) fn known(seed: u64) -> Self {
        let mut rng = generator(seed, Purpose::Weights, 0);
        let mut block = || {
            let mut candidates = [(0.02, 0.05), (0.03, 0.02), (0.02, 0.03), (0.04, 0.06), (0.01, 0.0)];
            candidates.shuffle(&mut rng);
            let weight = rng.random_range(0.5..1.5);
            candidates.map(|(ms, merit)| (ms, weight * merit))
        };
        let blocks: Vec<[(f64, f64); 5]> = (0..10).map(|_| block()).collect();
        let split = |pick: fn(&(f64, f64)) -> f64| -> Vec<Vec<f64>> {
            blocks.iter().map(|block| block.iter().map(pick).collect()).collect()
        };
        let table = ExpectedLatency { constant_ms: 0.04, blocks_ms: split(|candidate| candidate.0) };
        Self { table, merits: split(|candidate| candidate.1), noise: 0.03 }
    }

    /// What the best path of [`Landscape::known`] takes, and a little more: 0.04 + 10 · 0.02 ms, + 1 %.
    pub(crate) fn target_ms(&self) -> f64 {
        0.2424
    }

    /// A strategy, as in a quick search, after `steps` architecture steps.
    pub(crate) fn search(
        &self,
        kind: StrategyKind,
        latency_loss: LatencyLoss,
        target_ms: f64,
        steps: u64,
        seed: u64,
    ) -> Box<dyn Strategy> {
        let budget = Budget::new(&self.table, target_ms);
        let mut settings = kind.preset(Preset::Quick);
        if let StrategySettings::Evolution(settings) | StrategySettings::Random(settings) = &mut settings {
            settings.networks = 1000;
        }
        let mut strategy = settings.start(&Plan { budget, latency_loss });
        for step in 0..steps {
            let rng = generator(seed, Purpose::HeldOutOrder, step);
            let progress = (step + 1) as f64 / steps as f64;
            strategy.learn(Moment { seed, step, progress }, &mut Noisy { landscape: self, rng }).unwrap();
        }
        strategy
    }

    pub(crate) fn merit(&self, choices: &[usize]) -> f64 {
        choices.iter().zip(&self.merits).map(|(&choice, merits)| merits[choice]).sum()
    }

    /// The path that is derived from a strategy for a budget, by its own opinion alone.
    pub(crate) fn derived(&self, strategy: &dyn Strategy, target_ms: f64) -> Vec<usize> {
        strategy.finalists(Some(&Budget::new(&self.table, target_ms))).unwrap().swap_remove(0)
    }

    /// The path of largest merit within a budget: the one that is most probable if merits are log-probabilities.
    pub(crate) fn best(&self, target_ms: f64) -> Vec<usize> {
        let as_probabilities: Vec<Vec<f64>> =
            self.merits.iter().map(|block| block.iter().map(|merit| (merit - 1.0).exp()).collect()).collect();
        best_within(&as_probabilities, &self.table, target_ms, 0.0).unwrap()
    }

    /// Mean merit of random paths within a budget that use at least 90 % of it.
    pub(crate) fn chance(&self, budget_ms: f64, seed: u64) -> f64 {
        let equal = Alphas::new(&self.merits.iter().map(Vec::len).collect::<Vec<_>>());
        let mut rng = generator(seed, Purpose::Path, 0);
        let paths = (0..20_000).map(|_| equal.sample_path(&mut rng));
        let close = |path: &Vec<usize>| (0.9 * budget_ms..=budget_ms).contains(&self.table.path_ms(path));
        let merits: Vec<_> = paths.filter(close).map(|path| self.merit(&path)).collect();
        assert!(merits.len() > 20, "too few random paths to compare with");
        merits.iter().sum::<f64>() / merits.len() as f64
    }
}

/// A landscape seen through noise.
struct Noisy<'a> {
    landscape: &'a Landscape,
    rng: Pcg64,
}

impl Noisy<'_> {
    /// A sum of four uniform numbers: close enough to normal, with a deviation of 1.15.
    fn noise(&mut self) -> f64 {
        let noise: f64 = (0..4).map(|_| self.rng.random_range(-1.0..1.0)).sum();
        self.landscape.noise * noise
    }
}

impl Oracle for Noisy<'_> {
    fn gates(
        &mut self,
        pairs: &[Option<Pair>],
        _: &[usize],
    ) -> Result<(f64, Vec<Option<GateGradient>>), SearchError> {
        let gate = |(block, pair): (usize, &Option<Pair>)| {
            let pair = (*pair)?;
            let merits = &self.landscape.merits[block];
            let gates = [pair.first, pair.second].map(|candidate| self.noise() - merits[candidate]);
            Some(GateGradient { pair, gates })
        };
        Ok((1.0, pairs.iter().enumerate().map(gate).collect()))
    }

    fn accuracy(&mut self, path: &[usize]) -> Result<f64, SearchError> {
        Ok(0.5 + self.landscape.merit(path) + self.noise())
    }
}

#[cfg(test)]
#[path = "landscape_tests.rs"]
mod tests;
