//! Making the search decide.

use super::{GateGradient, entropy, softmax};

/// An entropy term that grows during the search, so that at its end one path stands out.
///
/// It adds μ H(q) to the loss of each pair, q being its two probabilities: ∂H/∂g_j = −log q_j (the same constant for
/// both left out). μ grows linearly from 0; it is given in units of a typical pair's difference in ∂CE/∂g, so that it
/// has the same strength on every data set. Without it the most probable path still has little of the probability
/// after a short search, and E\[latency\], which is steered, says nothing of the path's own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sharpener {
    strength: f64,
    /// Moving mean of the squared difference of pairs' ∂CE/∂g.
    square: f64,
}

impl Sharpener {
    /// Memory of the moving mean.
    const DECAY: f64 = 0.95;

    /// One whose μ ends at `strength`; 0 for none at all.
    #[must_use]
    pub fn new(strength: f64) -> Self {
        Self { strength, square: 0.0 }
    }

    /// What it remembers, for a checkpoint.
    #[must_use]
    pub fn state(&self) -> f64 {
        self.square
    }

    /// The same with another memory, for example from a checkpoint.
    #[must_use]
    pub fn with_state(self, square: f64) -> Self {
        Self { square, ..self }
    }

    /// Takes in the size of this step's ∂CE/∂g: the root mean square of the pairs' differences.
    pub fn observe(&mut self, cross_entropy_gap: f64) {
        self.square = Self::DECAY * self.square + (1.0 - Self::DECAY) * cross_entropy_gap.powi(2);
    }

    /// Adds its gradient to that of all α at `progress` (0 to 1) through the search: ∂H/∂α_i = −p_i (log p_i + H), the
    /// unit of μ being what [`Sharpener::observe`] took in.
    pub fn add_to_all(&self, progress: f64, probabilities: &[Vec<f64>], gradient: &mut [Vec<f64>]) {
        let mu = self.strength * progress * self.square.sqrt();
        for (block, gradient) in probabilities.iter().zip(gradient) {
            let entropy = entropy(block);
            for (value, p) in gradient.iter_mut().zip(block).filter(|(_, p)| **p > 0.0) {
                *value -= mu * p * (p.ln() + entropy);
            }
        }
    }

    /// Adds its gradient to the gates' at `progress` (0 to 1) through the search.
    pub fn add(&self, progress: f64, alphas: &[Vec<f64>], gates: &mut [Option<GateGradient>]) {
        let mu = self.strength * progress * self.square.sqrt();
        if mu == 0.0 {
            return;
        }
        for (block, gate) in alphas.iter().zip(gates) {
            let Some(gate) = gate else { continue };
            let q = softmax(&[block[gate.pair.first], block[gate.pair.second]]);
            // However sure the pair is, the gradient stays finite; q_1 q_2 takes it to 0 there.
            for (gate, q) in gate.gates.iter_mut().zip(q) {
                *gate -= mu * q.max(1e-12).ln();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alpha::Pair;

    #[test]
    fn its_gradient_is_that_of_finite_differences() {
        let values = vec![vec![0.3, 5.0, -0.8]];
        let pair = Pair { first: 2, second: 0 };
        let mut sharpener = Sharpener::new(0.5);
        // One observation of √(1/0.05) leaves a moving mean of 1: μ = 0.5 · 0.4 · 1 = 0.2.
        sharpener.observe(20.0_f64.sqrt());
        let mut gates = [Some(GateGradient { pair, gates: [0.0, 0.0] })];
        sharpener.add(0.4, &values, &mut gates);
        let found = gates[0].map(|gate| gate.alpha_gradients(&values[0]));
        let loss = |first: f64| 0.2 * entropy(&softmax(&[first, 0.3]));
        let h = 1e-6;
        let slope = (loss(-0.8 + h) - loss(-0.8 - h)) / (2.0 * h);
        let expected = found.map(|gradients| gradients[0]).unwrap_or_default();
        assert!((expected - slope).abs() < 1e-8, "{expected} {slope}");
        // The less probable of the two loses: a positive gradient is descended.
        assert!(slope > 0.0);
    }

    #[test]
    fn the_gradient_of_a_whole_block_is_that_of_finite_differences() {
        let values = [0.3, 1.2, -0.8];
        let mut sharpener = Sharpener::new(0.5);
        sharpener.observe(20.0_f64.sqrt());
        let mut gradient = vec![vec![0.0; 3]];
        sharpener.add_to_all(0.4, &[softmax(&values)], &mut gradient);
        for (candidate, found) in gradient[0].iter().enumerate() {
            let loss = |shift: f64| {
                let mut values = values;
                values[candidate] += shift;
                0.2 * entropy(&softmax(&values))
            };
            let slope = (loss(1e-6) - loss(-1e-6)) / 2e-6;
            assert!((found - slope).abs() < 1e-8, "{found} {slope}");
        }
    }

    #[test]
    fn it_begins_with_nothing() {
        let mut gates = [Some(GateGradient { pair: Pair { first: 0, second: 1 }, gates: [1.0, 2.0] })];
        let mut sharpener = Sharpener::new(0.5);
        sharpener.observe(1.0);
        sharpener.add(0.0, &[vec![0.0, 1.0]], &mut gates);
        assert_eq!(gates[0].map(|gate| gate.gates), Some([1.0, 2.0]));
    }
}
