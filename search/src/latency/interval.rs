use predictor::{LatencyModel, NetworkModel, Share};
use profiler::spec::{Candidate, SearchSpace};
use serde::{Deserialize, Serialize};

use crate::error::SearchError;

/// What the intervals of all paths of a space are made of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Intervals {
    /// The network level of the latency model.
    pub networks: NetworkModel,
    /// What the ops that every path has contribute.
    pub fixed: Share,
    /// What each candidate contributes, per block; skipping contributes nothing.
    pub blocks: Vec<Vec<Share>>,
}

impl Intervals {
    /// Those of a space by a latency model.
    pub(crate) fn new(space: &SearchSpace, model: &LatencyModel) -> Result<Self, SearchError> {
        let additive = model.additive();
        let mut fixed = Share::default();
        for op in space.before().iter().chain(space.after()) {
            fixed = fixed + additive.share(op)?;
        }
        let share = |candidate: &Candidate| match candidate {
            Candidate::Op(op) => Ok(additive.share(op)?),
            Candidate::Skip => Ok(Share::default()),
        };
        let blocks = space.blocks().iter();
        let blocks = blocks.map(|block| block.candidates.iter().map(share).collect());
        let blocks = blocks.collect::<Result<_, SearchError>>()?;
        Ok(Self { networks: model.networks().clone(), fixed, blocks })
    }

    /// Standard deviation of the logarithm of a path's latency, predicted as `ms`, if errors are normal on log scale and
    /// the 90 % interval is right.
    pub(crate) fn log_deviation(&self, choices: &[usize], ms: f64) -> f64 {
        let chosen = self.blocks.iter().zip(choices).map(|(block, &choice)| block[choice]);
        let ops = chosen.fold(self.fixed, |sum, share| sum + share);
        self.networks.log_half_width(ms, &ops) / normal_quantile(0.95)
    }
}

/// The value below which a standard normal variable lies with probability `p`; by bisection, to 1e-12.
pub(crate) fn normal_quantile(p: f64) -> f64 {
    let below = |z: f64| 0.5 * libm::erfc(-z / std::f64::consts::SQRT_2);
    let (mut low, mut high) = (-38.0, 38.0);
    while high - low > 1e-12 {
        let middle = 0.5 * (low + high);
        if below(middle) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (p, z) in [(0.5, 0.0), (0.9, 1.281_551_565_5), (0.95, 1.644_853_627), (0.001, -3.090_232_306)] {
            assert!((normal_quantile(p) - z).abs() < 1e-8, "{p}: {}", normal_quantile(p));
        }
    }
}
