//! Budgets and intervals on the predictor's expected latency of a space's paths.

mod budget;
mod interval;
mod knapsack;

pub use budget::Budget;
pub use interval::Intervals;
pub(crate) use interval::normal_quantile;
#[cfg(test)]
pub(crate) use knapsack::best_within;
/// Latency of every candidate of a space; its expectation and gradient are the predictor's.
pub use predictor::ExpectedLatency;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alpha::{GateGradient, Pair, softmax};

    /// Through a pair's gates, with ∂E/∂g_j = F_j, α gets the gradient of the pair's expected latency.
    #[test]
    fn gradient_is_that_of_finite_differences() {
        let table =
            ExpectedLatency { constant_ms: 0.5, blocks_ms: vec![vec![1.0, 2.0, 0.0], vec![0.25, 0.75]] };
        let values = [0.4, -0.7, 1.1];
        let pair = Pair { first: 2, second: 1 };
        let costs = [table.blocks_ms[0][2], table.blocks_ms[0][1]];
        let found = GateGradient { pair, gates: costs }.alpha_gradients(&values);
        let expected_ms = |a: f64, b: f64| {
            let q = softmax(&[a, b]);
            q[0] * costs[0] + q[1] * costs[1]
        };
        let h = 1e-6;
        let slope = (expected_ms(1.1 + h, -0.7) - expected_ms(1.1 - h, -0.7)) / (2.0 * h);
        assert!((found[0] - slope).abs() < 1e-9);
        assert!((found[1] + slope).abs() < 1e-9);
        // The same through the predictor's own gradient by parameters.
        let pair = ExpectedLatency { constant_ms: 0.0, blocks_ms: vec![costs.to_vec()] };
        let (_, gradient) = pair.by_parameters(&[vec![1.1, -0.7]]).unwrap();
        assert!((gradient[0][0] - slope).abs() < 1e-9);
    }
}
