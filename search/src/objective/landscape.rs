//! A search without images, for tests: every candidate has a known merit, and architecture steps see it with noise.

#![allow(clippy::unwrap_used)]

use rand::RngExt;

use super::{LatencyLoss, Observation};
use crate::{
    alpha::{AlphaAdam, Alphas, GateGradient, Sharpener},
    derive::most_probable_within,
    latency::LatencyTable,
    seed::{Purpose, generator},
};

/// What a mock search sees: latency and merit per candidate.
pub(crate) struct Landscape {
    pub(crate) table: LatencyTable,
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
        let table = LatencyTable { constant_ms: 0.1, blocks_ms: split(|candidate| candidate.0) };
        Self { table, merits: split(|candidate| candidate.1), noise: 0.05 }
    }

    /// Searches for `steps` architecture steps; the α it ends with.
    pub(crate) fn search(
        &self,
        loss: LatencyLoss,
        target_ms: f64,
        learning_rate: f64,
        steps: u64,
        seed: u64,
    ) -> Alphas {
        let counts: Vec<_> = self.merits.iter().map(Vec::len).collect();
        let mut alphas = Alphas::new(&counts);
        let mut adam = AlphaAdam::new(&counts, learning_rate);
        let mut objective = loss.objective(target_ms);
        let mut sharpener = Sharpener::new(0.3);
        for step in 0..steps {
            let mut rng = generator(seed, Purpose::Pairs, step);
            let gates: Vec<_> = alphas
                .sample_pairs(&mut rng)
                .into_iter()
                .enumerate()
                .map(|(block, pair)| {
                    let pair = pair?;
                    let mut see = |candidate: usize| {
                        // A sum of four uniform numbers: close enough to normal.
                        let noise: f64 = (0..4).map(|_| rng.random_range(-1.0..1.0)).sum();
                        -self.merits[block][candidate] + self.noise * noise
                    };
                    Some(GateGradient { pair, gates: [see(pair.first), see(pair.second)] })
                })
                .collect();
            let progress = (step + 1) as f64 / steps as f64;
            let expected_ms = self.table.expected_ms(&alphas.probabilities());
            let seen = Observation::new(progress, &gates, 1.0, expected_ms, &self.table);
            let mut gates = objective.slopes(&seen).combine(&gates, &self.table);
            sharpener.observe(seen.cross_entropy_gap);
            sharpener.add(progress, alphas.blocks(), &mut gates);
            alphas.descend(&gates, &mut adam);
        }
        alphas
    }

    /// Merit of a path.
    fn merit(&self, choices: &[usize]) -> f64 {
        choices.iter().zip(&self.merits).map(|(&choice, merits)| merits[choice]).sum()
    }

    /// Merit of the path that is derived from `alphas` for a budget.
    pub(crate) fn best_within(&self, alphas: &Alphas, budget_ms: f64) -> f64 {
        self.merit(&most_probable_within(&alphas.probabilities(), &self.table, budget_ms).unwrap())
    }

    /// Largest merit within a budget: that of the path that is most probable if merits are log-probabilities.
    pub(crate) fn best(&self, budget_ms: f64) -> f64 {
        let as_probabilities: Vec<Vec<f64>> =
            self.merits.iter().map(|block| block.iter().map(|merit| (merit - 1.0).exp()).collect()).collect();
        self.merit(&most_probable_within(&as_probabilities, &self.table, budget_ms).unwrap())
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
