use serde::{Deserialize, Serialize};

use super::Alphas;
use crate::error::SearchError;
use crate::latency::{Budget, ExpectedLatency};

/// When candidates are dropped.
///
/// Source: ProxylessNAS, §3.1, arXiv:1812.00332 (redundant paths are pruned, by α; there at the end only).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Pruning {
    /// Those less probable than this; 0 for none.
    pub(crate) below: f64,
    /// From this share of the search on.
    pub(crate) from: f64,
}

impl Pruning {
    pub(crate) fn check(&self) -> Result<(), SearchError> {
        for (name, value) in [("probability to prune below", self.below), ("share to prune from", self.from)]
        {
            if !(0.0..=1.0).contains(&value) {
                return Err(SearchError::Setting { name, value: value.to_string(), expected: "0 to 1" });
            }
        }
        Ok(())
    }
}

impl Alphas {
    pub(crate) fn is_alive(&self, block: usize, candidate: usize) -> bool {
        !self.dropped[block][candidate]
    }

    pub(super) fn alive(&self, block: usize) -> usize {
        self.dropped[block].iter().filter(|dropped| !**dropped).count()
    }

    /// Drops what `pruning` says at `progress` (0 to 1), but never a block's most probable candidate, and none without
    /// which no path of the rest meets the budget any more.
    pub(crate) fn prune(&mut self, pruning: Pruning, progress: f64, budget: &Budget) {
        if progress < pruning.from || pruning.below <= 0.0 {
            return;
        }
        let (best, probabilities) = (self.most_probable(), self.probabilities());
        for (block, best) in best.into_iter().enumerate() {
            for (candidate, probability) in probabilities[block].iter().enumerate() {
                let hopeless = *probability < pruning.below && candidate != best;
                if hopeless && self.is_alive(block, candidate) {
                    self.dropped[block][candidate] = true;
                    if !budget.allows(&self.fastest_alive(budget.table())) {
                        self.dropped[block][candidate] = false;
                    }
                }
            }
        }
    }

    pub(super) fn keep_only(&mut self, block: usize, candidate: usize) {
        for (index, dropped) in self.dropped[block].iter_mut().enumerate() {
            *dropped = index != candidate;
        }
    }

    fn fastest_alive(&self, table: &ExpectedLatency) -> Vec<usize> {
        let fastest = |(block, costs): (usize, &Vec<f64>)| {
            let alive = (0..costs.len()).filter(|&candidate| self.is_alive(block, candidate));
            alive.min_by(|&a, &b| costs[a].total_cmp(&costs[b])).unwrap_or_default()
        };
        table.blocks_ms.iter().enumerate().map(fastest).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rand::SeedableRng;

    const LATE: Pruning = Pruning { below: 0.1, from: 0.5 };

    /// Costs of two blocks, and what a path may take.
    fn budget(first: [f64; 3], target_ms: f64) -> Budget {
        let blocks_ms = vec![first.to_vec(), vec![1.0, 1.0]];
        Budget::new(&ExpectedLatency { constant_ms: 0.0, blocks_ms }, target_ms)
    }

    fn alphas() -> Alphas {
        // p = (0.90, 0.05, 0.05) in the first, equal in the second.
        Alphas::from_blocks(vec![vec![18.0_f64.ln(), 0.0, 0.0], vec![0.0, 0.0]])
    }

    #[test]
    fn the_hopeless_go_late_and_never_come_back() {
        let budget = budget([1.0, 0.5, 2.0], 9.0);
        let mut kept = alphas();
        kept.prune(LATE, 0.49, &budget);
        assert_eq!(kept, alphas());
        let mut pruned = alphas();
        pruned.prune(LATE, 0.5, &budget);
        assert_eq!(pruned.probabilities(), [vec![1.0, 0.0, 0.0], vec![0.5, 0.5]]);
        // One is left in the first block, so there is no pair; of the second's two both are drawn.
        let mut rng = rand_pcg::Pcg64::seed_from_u64(1);
        for _ in 0..200 {
            let pairs = pruned.sample_pairs(&mut rng);
            assert!(pairs[0].is_none() && pairs[1].is_some(), "{pairs:?}");
            assert_eq!(pruned.sample_path(&mut rng)[0], 0);
        }
        // Half of the entropy that there could be: none in the first block, all in the second.
        assert!((crate::alpha::relative_entropy(&pruned.probabilities()) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn the_last_one_and_what_the_budget_needs_stay() {
        // Everything is under the threshold of 1, but one per block must stay: the first of equals.
        let all = Pruning { below: 1.0, from: 0.0 };
        let mut one = Alphas::new(&[3, 2]);
        one.prune(all, 0.0, &budget([1.0; 3], 9.0));
        assert_eq!(one.probabilities(), [vec![1.0, 0.0, 0.0], vec![1.0, 0.0]]);
        // 1 ms and 1 ms are over 1.6 ms; only with the candidate of 0.5 ms is there a path.
        let mut needed = alphas();
        needed.prune(LATE, 1.0, &budget([1.0, 0.5, 2.0], 1.6));
        let alive: Vec<bool> = (0..3).map(|candidate| needed.is_alive(0, candidate)).collect();
        assert_eq!(alive, [true, true, false]);
    }
}
