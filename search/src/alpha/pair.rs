use rand::{Rng, RngExt};

use super::{draw, log_sum_exp, softmax};

/// Two different candidates of a block, and which of them runs with a graph.
///
/// Source: ProxylessNAS, §3.2.1, arXiv:1812.00332: two sampled paths stand for all, so that memory is that of two.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// The candidate whose output goes on to the next block (binary gate 1).
    pub first: usize,
    /// The candidate that is only compared with it (binary gate 0).
    pub second: usize,
}

impl Pair {
    /// Two candidates drawn without replacement by the softmax of `alphas`; which of the two is active is drawn by
    /// the softmax of their α alone. `None` for fewer than two candidates;
    /// one of [`f64::MIN`] counts as none.
    pub(crate) fn sample(alphas: &[f64], rng: &mut impl Rng) -> Option<Self> {
        let alive: Vec<_> = (0..alphas.len()).filter(|&index| alphas[index] > f64::MIN).collect();
        if alive.len() < 2 {
            return None;
        }
        let one = draw(&softmax(alphas), rng);
        // Without the first one the others' softmax is what is drawn from.
        let others: Vec<_> = alive.into_iter().filter(|&index| index != one).collect();
        let rest: Vec<_> = others.iter().map(|&index| alphas[index]).collect();
        let other = others[draw(&softmax(&rest), rng)];
        let q = softmax(&[alphas[one], alphas[other]]);
        let (first, second) = if rng.random::<f64>() < q[0] { (one, other) } else { (other, one) };
        Some(Self { first, second })
    }
}

/// A pair with ∂L/∂g of its two binary gates.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct GateGradient {
    /// The candidates.
    pub pair: Pair,
    /// ∂L/∂g of the first and of the second.
    pub gates: [f64; 2],
}

impl GateGradient {
    /// ∂L/∂α of the two: Σ_j ∂L/∂g_j · q_j (δ_ij − q_i) with q = softmax(α_first, α_second).
    ///
    /// For two candidates the two are opposite: ±q_1 q_2 (∂L/∂g_1 − ∂L/∂g_2).
    /// Source: ProxylessNAS, §3.2, arXiv:1812.00332.
    pub(crate) fn alpha_gradients(&self, alphas: &[f64]) -> [f64; 2] {
        let q = softmax(&[alphas[self.pair.first], alphas[self.pair.second]]);
        let gradient = q[0] * q[1] * (self.gates[0] - self.gates[1]);
        [gradient, -gradient]
    }
}

/// `after` shifted so that the sum of its exponentials is that of `before`.
///
/// The probabilities of all other candidates of the block are then unchanged.
/// Source: ProxylessNAS, §3.2.1, arXiv:1812.00332.
pub(super) fn rescale(before: [f64; 2], after: [f64; 2]) -> [f64; 2] {
    let offset = log_sum_exp(&after) - log_sum_exp(&before);
    after.map(|alpha| alpha - offset)
}
