//! Expected latency of a space's paths, and its gradient.

mod budget;
mod interval;

use predictor::AdditiveLatency;
use profiler::spec::{Block, Candidate, SearchSpace};
use serde::{Deserialize, Serialize};

pub use budget::Budget;
pub use interval::{Intervals, normal_quantile};

use crate::SearchError;

/// Latency of every candidate of a space, as an additive model sees it: the latency of a path is the constant plus
/// that of its candidates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LatencyTable {
    /// What every path costs: the model's constant and the fixed ops, in milliseconds.
    pub constant_ms: f64,
    /// For each block the latency of each candidate in milliseconds; skipping is 0.
    pub blocks_ms: Vec<Vec<f64>>,
}

impl LatencyTable {
    /// The table of a space, as an additive model predicts it.
    ///
    /// # Errors
    /// [`SearchError::Predictor`] for an op that the model does not know, [`SearchError::Latency`] for a prediction that
    /// no search can use.
    pub fn new(space: &SearchSpace, model: &AdditiveLatency<'_>) -> Result<Self, SearchError> {
        let mut constant_ms = model.constant_ms();
        for op in space.before().iter().chain(space.after()) {
            constant_ms += model.op_ms(op)?;
        }
        let candidate = |candidate: &Candidate| match candidate {
            Candidate::Op(op) => Ok(model.op_ms(op)?),
            Candidate::Skip => Ok(0.0),
        };
        let block =
            |block: &Block| block.candidates.iter().map(candidate).collect::<Result<Vec<_>, SearchError>>();
        let blocks_ms = space.blocks().iter().map(block).collect::<Result<_, _>>()?;
        let table = Self { constant_ms, blocks_ms };
        table.check()?;
        Ok(table)
    }

    /// E\[latency\] = constant + Σ_blocks Σ_j p_j F_j in milliseconds.
    ///
    /// Its derivative by p_j, and by a binary gate g_j, is F_j. Source: ProxylessNAS, §3.3, arXiv:1812.00332.
    #[must_use]
    pub fn expected_ms(&self, probabilities: &[Vec<f64>]) -> f64 {
        let block = |(costs, p): (&Vec<f64>, &Vec<f64>)| costs.iter().zip(p).map(|(f, p)| f * p).sum::<f64>();
        self.constant_ms + self.blocks_ms.iter().zip(probabilities).map(block).sum::<f64>()
    }

    /// Predicted latency of one path in milliseconds.
    #[must_use]
    pub fn path_ms(&self, choices: &[usize]) -> f64 {
        let candidates = self.blocks_ms.iter().zip(choices).map(|(costs, &choice)| costs[choice]);
        candidates.fold(self.constant_ms, |sum, ms| sum + ms)
    }

    /// The fastest path; of equally fast candidates the first.
    #[must_use]
    pub fn fastest(&self) -> Vec<usize> {
        let fastest = |costs: &Vec<f64>| {
            (1..costs.len()).fold(0, |best, index| if costs[index] < costs[best] { index } else { best })
        };
        self.blocks_ms.iter().map(fastest).collect()
    }

    /// Predicted latency of the fastest and of the slowest path in milliseconds.
    #[must_use]
    pub fn range_ms(&self) -> (f64, f64) {
        let total = |pick: fn(f64, f64) -> f64| {
            let best = |costs: &Vec<f64>| costs.iter().copied().reduce(pick).unwrap_or(0.0);
            self.constant_ms + self.blocks_ms.iter().map(best).sum::<f64>()
        };
        (total(f64::min), total(f64::max))
    }

    /// Checks that a search can use it: finite, no negative candidate, positive altogether.
    ///
    /// # Errors
    /// [`SearchError::Latency`] naming the value.
    pub fn check(&self) -> Result<(), SearchError> {
        let all = self.blocks_ms.iter().flatten();
        if let Some(wrong) = all.chain([&self.constant_ms]).find(|ms| !ms.is_finite()) {
            return Err(SearchError::Latency(format!("{wrong} ms is not finite")));
        }
        if let Some(wrong) = self.blocks_ms.iter().flatten().find(|ms| **ms < 0.0) {
            return Err(SearchError::Latency(format!("a candidate of {wrong} ms")));
        }
        let (fastest, _) = self.range_ms();
        if fastest <= 0.0 {
            return Err(SearchError::Latency(format!("the fastest path takes {fastest} ms")));
        }
        Ok(())
    }

    /// Checks that a target lies between the fastest and the slowest path.
    ///
    /// # Errors
    /// [`SearchError::Target`] saying what the space's paths need.
    pub fn check_target(&self, target_ms: f64) -> Result<(), SearchError> {
        let (fastest_ms, slowest_ms) = self.range_ms();
        if target_ms.is_finite() && (fastest_ms..=slowest_ms).contains(&target_ms) {
            return Ok(());
        }
        Err(SearchError::Target { target_ms, fastest_ms, slowest_ms })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::alpha::{Alphas, GateGradient, Pair, softmax};

    fn table() -> LatencyTable {
        LatencyTable { constant_ms: 0.5, blocks_ms: vec![vec![1.0, 2.0, 0.0], vec![0.25, 0.75]] }
    }

    #[test]
    fn expectation_by_hand() {
        // 0.5 + (0.5·1 + 0.25·2 + 0.25·0) + (0.5·0.25 + 0.5·0.75) = 0.5 + 1 + 0.5 = 2.
        let p = vec![vec![0.5, 0.25, 0.25], vec![0.5, 0.5]];
        assert!((table().expected_ms(&p) - 2.0).abs() < 1e-12);
        assert_eq!(table().path_ms(&[1, 0]), 2.75);
        assert_eq!(table().range_ms(), (0.75, 3.25));
    }

    #[test]
    fn expectation_is_the_mean_over_all_paths() {
        let p = Alphas::from_blocks(vec![vec![0.3, -1.0, 0.2], vec![1.0, 0.0]]).probabilities();
        let mut mean = 0.0;
        for first in 0..3 {
            for second in 0..2 {
                mean += p[0][first] * p[1][second] * table().path_ms(&[first, second]);
            }
        }
        assert!((table().expected_ms(&p) - mean).abs() < 1e-12);
    }

    /// Through a pair's gates, with ∂E/∂g_j = F_j, α gets the gradient of the pair's expected latency.
    #[test]
    fn gradient_is_that_of_finite_differences() {
        let values = [0.4, -0.7, 1.1];
        let pair = Pair { first: 2, second: 1 };
        let costs = [table().blocks_ms[0][2], table().blocks_ms[0][1]];
        let found = GateGradient { pair, gates: costs }.alpha_gradients(&values);
        let expected_ms = |a: f64, b: f64| {
            let q = softmax(&[a, b]);
            q[0] * costs[0] + q[1] * costs[1]
        };
        let h = 1e-6;
        let slope = (expected_ms(1.1 + h, -0.7) - expected_ms(1.1 - h, -0.7)) / (2.0 * h);
        assert!((found[0] - slope).abs() < 1e-9);
        assert!((found[1] + slope).abs() < 1e-9);
    }

    #[test]
    fn impossible_targets_and_tables_are_named() {
        let error = table().check_target(0.7).unwrap_err().to_string();
        assert!(error.contains("0.7") && error.contains("0.75"), "{error}");
        assert!(table().check_target(f64::NAN).is_err());
        assert!(table().check_target(2.0).is_ok());
        for ms in [f64::NAN, -1.0] {
            let mut broken = table();
            broken.blocks_ms[1][0] = ms;
            assert!(broken.check().is_err(), "{ms}");
        }
    }
}
