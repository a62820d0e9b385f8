//! The expected latency of a network whose blocks choose among candidates by chance, and its gradient.

use profiler::spec::{Block, Candidate, OpSpec, SearchSpace};
use serde::{Deserialize, Serialize};

use super::model::AdditiveLatency;
use crate::error::PredictorError;

/// What each candidate of each block adds to a network: E\[latency\] = constant + Σ_blocks Σ_j p_j F_j.
///
/// Linear in the probabilities, since latency is additive at the network level: ∂E/∂p_j = F_j. Source: ProxylessNAS,
/// §3.3, arXiv:1812.00332.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ExpectedLatency {
    /// What every choice costs: the model's constant and the fixed ops, in milliseconds.
    pub constant_ms: f64,
    /// For each block what each candidate adds, in milliseconds (0 for skipping): the gradient of
    /// [`Self::expected_ms`] by the probabilities.
    pub blocks_ms: Vec<Vec<f64>>,
}

impl ExpectedLatency {
    /// Of a network with `fixed` ops and blocks of candidates; `None` is a candidate that does nothing and costs nothing.
    ///
    /// # Errors
    /// [`PredictorError::UnknownOp`] for an op that nothing measured says anything of.
    pub fn of(
        model: &AdditiveLatency<'_>,
        fixed: &[OpSpec],
        blocks: &[Vec<Option<OpSpec>>],
    ) -> Result<Self, PredictorError> {
        let op_ms = |op: &OpSpec| model.op_ms(op);
        let constant_ms = fixed.iter().try_fold(model.constant_ms(), |ms, op| op_ms(op).map(|op| ms + op))?;
        let candidate = |op: &Option<OpSpec>| op.as_ref().map_or(Ok(0.0), op_ms);
        let block = |block: &Vec<Option<OpSpec>>| block.iter().map(candidate).collect::<Result<Vec<_>, _>>();
        Ok(Self { constant_ms, blocks_ms: blocks.iter().map(block).collect::<Result<_, _>>()? })
    }

    /// Of a search space's networks.
    ///
    /// # Errors
    /// As [`Self::of`], and as [`Self::check`].
    pub fn of_space(model: &AdditiveLatency<'_>, space: &SearchSpace) -> Result<Self, PredictorError> {
        let fixed: Vec<OpSpec> = space.before().iter().chain(space.after()).copied().collect();
        let op = |candidate: &Candidate| match candidate {
            Candidate::Op(op) => Some(*op),
            Candidate::Skip => None,
        };
        let block = |block: &Block| block.candidates.iter().map(op).collect();
        let blocks: Vec<Vec<Option<OpSpec>>> = space.blocks().iter().map(block).collect();
        let expected = Self::of(model, &fixed, &blocks)?;
        expected.check()?;
        Ok(expected)
    }

    /// Checks that a search can use it: finite, no candidate below 0, every network above 0.
    ///
    /// # Errors
    /// [`PredictorError::NotForSearch`] naming the value.
    pub fn check(&self) -> Result<(), PredictorError> {
        let wrong = |what: String| Err(PredictorError::NotForSearch(what));
        let all = self.blocks_ms.iter().flatten();
        if let Some(ms) = all.clone().chain([&self.constant_ms]).find(|ms| !ms.is_finite()) {
            return wrong(format!("{ms} ms, which is not finite"));
        }
        if let Some(ms) = all.clone().find(|ms| **ms < 0.0) {
            return wrong(format!("a candidate of {ms} ms"));
        }
        match self.range_ms() {
            (fastest_ms, _) if fastest_ms <= 0.0 => wrong(format!("{fastest_ms} ms for the fastest network")),
            _ => Ok(()),
        }
    }

    /// Latency in milliseconds of the network that takes these candidates, one place per block.
    ///
    /// # Panics
    /// If a choice is no candidate of its block.
    pub fn path_ms(&self, choices: &[usize]) -> f64 {
        let candidates = self.blocks_ms.iter().zip(choices).map(|(costs, &choice)| costs[choice]);
        candidates.fold(self.constant_ms, |sum, ms| sum + ms)
    }

    /// The fastest network; of equally fast candidates the first.
    pub fn fastest(&self) -> Vec<usize> {
        let fastest = |costs: &Vec<f64>| {
            (1..costs.len()).fold(0, |best, index| if costs[index] < costs[best] { index } else { best })
        };
        self.blocks_ms.iter().map(fastest).collect()
    }

    /// Latency of the fastest and of the slowest network in milliseconds.
    pub fn range_ms(&self) -> (f64, f64) {
        let total = |pick: fn(f64, f64) -> f64| {
            let best = |costs: &Vec<f64>| costs.iter().copied().reduce(pick).unwrap_or(0.0);
            self.constant_ms + self.blocks_ms.iter().map(best).sum::<f64>()
        };
        (total(f64::min), total(f64::max))
    }

    /// E\[latency\] in milliseconds for a probability per candidate, `[block][candidate]`.
    ///
    /// # Errors
    /// [`PredictorError::Probabilities`] for other numbers of blocks or candidates, and for what is no probability.
    pub fn expected_ms(&self, probabilities: &[Vec<f64>]) -> Result<f64, PredictorError> {
        self.check_counts(probabilities)?;
        if let Some(wrong) = probabilities.iter().flatten().find(|p| !(0.0..=1.0 + 1e-9).contains(*p)) {
            return Err(PredictorError::Probabilities(format!("{wrong} is no probability")));
        }
        Ok(self.sum(probabilities))
    }

    /// E\[latency\] in milliseconds and its gradient by architecture parameters α whose softmax in each block gives the
    /// probabilities: ∂E/∂α_i = p_i · (F_i - Σ_j p_j F_j).
    ///
    /// # Errors
    /// [`PredictorError::Probabilities`] for other numbers of blocks or candidates, and for parameters that are not finite.
    pub fn by_parameters(&self, alphas: &[Vec<f64>]) -> Result<(f64, Vec<Vec<f64>>), PredictorError> {
        self.check_counts(alphas)?;
        if let Some(wrong) = alphas.iter().flatten().find(|alpha| !alpha.is_finite()) {
            return Err(PredictorError::Probabilities(format!("a parameter of {wrong}")));
        }
        let probabilities: Vec<Vec<f64>> = alphas.iter().map(|block| softmax(block)).collect();
        let block = |(p, costs): (&Vec<f64>, &Vec<f64>)| {
            let mean: f64 = p.iter().zip(costs).map(|(p, f)| p * f).sum();
            p.iter().zip(costs).map(|(p, f)| p * (f - mean)).collect()
        };
        let gradient = probabilities.iter().zip(&self.blocks_ms).map(block).collect();
        Ok((self.sum(&probabilities), gradient))
    }

    fn sum(&self, probabilities: &[Vec<f64>]) -> f64 {
        let block = |(costs, p): (&Vec<f64>, &Vec<f64>)| costs.iter().zip(p).map(|(f, p)| f * p).sum::<f64>();
        self.constant_ms + self.blocks_ms.iter().zip(probabilities).map(block).sum::<f64>()
    }

    fn check_counts(&self, numbers: &[Vec<f64>]) -> Result<(), PredictorError> {
        let counts = |blocks: &[Vec<f64>]| blocks.iter().map(Vec::len).collect::<Vec<_>>();
        let (found, expected) = (counts(numbers), counts(&self.blocks_ms));
        if found == expected {
            return Ok(());
        }
        Err(PredictorError::Probabilities(format!("blocks of {found:?} numbers, expected {expected:?}")))
    }
}

fn softmax(alphas: &[f64]) -> Vec<f64> {
    let largest = alphas.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let powers: Vec<f64> = alphas.iter().map(|alpha| (alpha - largest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.iter().map(|power| power / sum).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::device::test_rows::{fitted, small_space};
    use proptest::prelude::*;

    fn of_small_space() -> ExpectedLatency {
        ExpectedLatency::of_space(&fitted(0.02, 12).additive(), &small_space()).unwrap()
    }

    fn by_hand() -> ExpectedLatency {
        ExpectedLatency { constant_ms: 0.5, blocks_ms: vec![vec![1.0, 2.0, 0.0], vec![0.25, 0.75]] }
    }

    #[test]
    fn expectation_by_hand_is_the_mean_over_all_networks() {
        // 0.5 + (0.5·1 + 0.25·2 + 0.25·0) + (0.5·0.25 + 0.5·0.75) = 0.5 + 1 + 0.5 = 2.
        let p = vec![vec![0.5, 0.25, 0.25], vec![0.5, 0.5]];
        assert!((by_hand().expected_ms(&p).unwrap() - 2.0).abs() < 1e-12);
        assert_eq!(by_hand().path_ms(&[1, 0]), 2.75);
        assert_eq!((by_hand().range_ms(), by_hand().fastest()), ((0.75, 3.25), vec![2, 0]));
        let paths = (0..6).map(|path| (path / 2, path % 2));
        let mean: f64 = paths.map(|(i, j)| p[0][i] * p[1][j] * by_hand().path_ms(&[i, j])).sum();
        assert!((mean - 2.0).abs() < 1e-12);
    }

    #[test]
    fn what_no_search_can_use_is_named() {
        assert!(by_hand().check().is_ok());
        for ms in [f64::NAN, -1.0] {
            let mut broken = by_hand();
            broken.blocks_ms[1][0] = ms;
            let error = broken.check().unwrap_err().to_string();
            assert!(error.contains(&format!("{ms} ms")), "{error}");
        }
        let free = ExpectedLatency { constant_ms: 0.0, blocks_ms: vec![vec![0.0]] };
        assert!(free.check().unwrap_err().to_string().contains("fastest"));
    }

    #[test]
    fn a_certain_choice_is_the_networks_latency() {
        let (space, model, expected) = (small_space(), fitted(0.02, 12), of_small_space());
        let choices: Vec<usize> =
            space.blocks().iter().enumerate().map(|(i, b)| i % b.candidates.len()).collect();
        let one = |(costs, choice): (&Vec<f64>, &usize)| {
            (0..costs.len()).map(|i| f64::from(i == *choice)).collect()
        };
        let certain: Vec<Vec<f64>> = expected.blocks_ms.iter().zip(&choices).map(one).collect();
        let network = space.network("n", &choices).unwrap();
        let predicted = model.predict_architecture(&network).unwrap().latency.ms();
        assert!((expected.expected_ms(&certain).unwrap() / predicted - 1.0).abs() < 1e-12);
        for wrong in [vec![], vec![vec![0.5]; certain.len()], vec![vec![2.0; 7]; certain.len()]] {
            let found = expected.expected_ms(&wrong);
            assert!(matches!(found, Err(PredictorError::Probabilities(_))), "{wrong:?}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn gradients_are_those_of_central_differences(seed in prop::collection::vec(-3.0..3.0_f64, 80)) {
            let expected = of_small_space();
            let mut numbers = seed.into_iter().cycle();
            let alphas: Vec<Vec<f64>> = expected
                .blocks_ms
                .iter()
                .map(|block| block.iter().filter_map(|_| numbers.next()).collect())
                .collect();
            let (_, gradient) = expected.by_parameters(&alphas).unwrap();
            for (block, candidate) in [(0, 0), (1, 2), (2, 1)] {
                let at = |step: f64| {
                    let mut moved = alphas.clone();
                    moved[block][candidate] += step;
                    expected.by_parameters(&moved).unwrap().0
                };
                let difference = (at(1e-5) - at(-1e-5)) / 2e-5;
                prop_assert!((gradient[block][candidate] - difference).abs() < 1e-8, "{gradient:?}, {difference}");
            }
        }
    }
}
