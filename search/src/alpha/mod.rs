//! Architecture parameters: one α per candidate, their probabilities, and how they learn.

mod adam;
mod pair;
mod sharpen;
mod softmax;

use rand::{Rng, RngExt};

pub use adam::{AlphaAdam, Moments};
pub use pair::{GateGradient, Pair};
pub use sharpen::Sharpener;
pub use softmax::{entropy, log_sum_exp, softmax};

/// The architecture parameters of a space: for each block one α per candidate.
///
/// They start at 0, so that every path is equally likely; a block's probabilities are the softmax of its α.
/// Source: ProxylessNAS, §3.2, arXiv:1812.00332.
#[derive(Clone, Debug, PartialEq)]
pub struct Alphas {
    blocks: Vec<Vec<f64>>,
}

impl Alphas {
    /// All 0, for blocks with these numbers of candidates.
    #[must_use]
    pub fn new(counts: &[usize]) -> Self {
        Self { blocks: counts.iter().map(|&count| vec![0.0; count]).collect() }
    }

    /// Given values; one list per block.
    #[must_use]
    pub fn from_blocks(blocks: Vec<Vec<f64>>) -> Self {
        Self { blocks }
    }

    /// The values, one list per block.
    #[must_use]
    pub fn blocks(&self) -> &[Vec<f64>] {
        &self.blocks
    }

    /// The probabilities of every block's candidates.
    #[must_use]
    pub fn probabilities(&self) -> Vec<Vec<f64>> {
        self.blocks.iter().map(|block| softmax(block)).collect()
    }

    /// Mean entropy of the blocks in nats, divided by that of equal probabilities: 1 knows nothing, 0 has decided.
    ///
    /// Blocks with one candidate are left out; 0 if there are no others.
    #[must_use]
    pub fn relative_entropy(&self) -> f64 {
        let choices = self.blocks.iter().filter(|block| block.len() > 1);
        let entropies: Vec<_> =
            choices.map(|block| entropy(&softmax(block)) / (block.len() as f64).ln()).collect();
        if entropies.is_empty() { 0.0 } else { entropies.iter().sum::<f64>() / entropies.len() as f64 }
    }

    /// The most probable candidate of each block; the first of equals.
    #[must_use]
    pub fn most_probable(&self) -> Vec<usize> {
        let best = |block: &Vec<f64>| {
            (1..block.len()).fold(0, |best, index| if block[index] > block[best] { index } else { best })
        };
        self.blocks.iter().map(best).collect()
    }

    /// One candidate per block, drawn by its probability.
    pub fn sample_path(&self, rng: &mut impl Rng) -> Vec<usize> {
        self.probabilities().iter().map(|probabilities| draw(probabilities, rng)).collect()
    }

    /// Two different candidates per block, drawn one after the other by their probabilities without replacement;
    /// `None` for a block with one candidate.
    pub fn sample_pairs(&self, rng: &mut impl Rng) -> Vec<Option<Pair>> {
        self.blocks.iter().map(|block| Pair::sample(block, rng)).collect()
    }

    /// Moves each pair's two α along their gradients; every other α, its probability and its moments stay.
    ///
    /// `gates` has one entry per block: the pair and ∂L/∂g of its two gates.
    pub fn descend(&mut self, gates: &[Option<GateGradient>], adam: &mut AlphaAdam) {
        for (index, (block, gate)) in self.blocks.iter_mut().zip(gates).enumerate() {
            let Some(gate) = gate else { continue };
            let pair = gate.pair;
            let before = [block[pair.first], block[pair.second]];
            let gradients = gate.alpha_gradients(block);
            let after = [
                before[0] - adam.step_of(index, pair.first, gradients[0]),
                before[1] - adam.step_of(index, pair.second, gradients[1]),
            ];
            let [first, second] = pair::rescale(before, after);
            block[pair.first] = first;
            block[pair.second] = second;
        }
    }
}

/// An index drawn by its probability.
pub(crate) fn draw(probabilities: &[f64], rng: &mut impl Rng) -> usize {
    let mut rest = rng.random::<f64>() * probabilities.iter().sum::<f64>();
    let last = probabilities.len().saturating_sub(1);
    for (index, probability) in probabilities.iter().enumerate() {
        if rest < *probability {
            return index;
        }
        rest -= probability;
    }
    // Rounding can leave a hair's breadth behind the last one.
    last
}

#[cfg(test)]
mod tests;
