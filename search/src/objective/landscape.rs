//! A search without images, for tests: every candidate has a known merit, and architecture steps see it with noise.

use rand::RngExt;

use super::{LatencyLoss, Observation};
use crate::{
    alpha::{AlphaAdam, Alphas, GateGradient, Sharpener},
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
            let seen =
                Observation::new(&gates, 1.0, self.table.expected_ms(&alphas.probabilities()), &self.table);
            let mut gates = objective.slopes(&seen).combine(&gates, &self.table);
            sharpener.observe(seen.cross_entropy_gap);
            sharpener.add((step + 1) as f64 / steps as f64, alphas.blocks(), &mut gates);
            alphas.descend(&gates, &mut adam);
        }
        alphas
    }
}
