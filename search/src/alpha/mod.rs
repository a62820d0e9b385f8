//! Architecture parameters: one α per candidate, their probabilities, and how they learn.

mod adam;
mod decide;
mod pair;
mod prune;
mod softmax;
mod store;

use rand::{Rng, RngExt};

pub(crate) use adam::{AlphaAdam, Moments};
pub use pair::{GateGradient, Pair};
pub(crate) use prune::Pruning;
pub(crate) use softmax::{log_sum_exp, relative_entropy, softmax};
pub(crate) use store::{insert_alphas, restore_alphas};

/// The architecture parameters of a space: for each block one α per candidate.
///
/// They start at 0, so that every path is equally likely; a block's probabilities are the softmax of its α.
/// Source: ProxylessNAS, §3.2, arXiv:1812.00332.
#[derive(Clone, Debug, PartialEq)]
pub struct Alphas {
    blocks: Vec<Vec<f64>>,
    /// Candidates that are out of the search; their α stay as they were.
    dropped: Vec<Vec<bool>>,
}

impl Alphas {
    /// All 0, for blocks with these numbers of candidates.
    pub fn new(counts: &[usize]) -> Self {
        Self::from_blocks(counts.iter().map(|&count| vec![0.0; count]).collect())
    }

    pub(crate) fn from_blocks(blocks: Vec<Vec<f64>>) -> Self {
        let dropped = blocks.iter().map(|block| vec![false; block.len()]).collect();
        Self { blocks, dropped }
    }

    pub(crate) fn blocks(&self) -> &[Vec<f64>] {
        &self.blocks
    }

    /// The values, with that of dropped candidates so small that their probability is 0.
    fn masked(&self) -> impl Iterator<Item = Vec<f64>> {
        let mask = |(alpha, dropped): (&f64, &bool)| if *dropped { f64::MIN } else { *alpha };
        self.blocks
            .iter()
            .zip(&self.dropped)
            .map(move |(block, dropped)| block.iter().zip(dropped).map(mask).collect())
    }

    /// The probabilities of every block's candidates; 0 for dropped ones.
    pub(crate) fn probabilities(&self) -> Vec<Vec<f64>> {
        self.masked().map(|block| softmax(&block)).collect()
    }

    /// The probabilities if none were dropped: what was learned of all.
    pub(crate) fn learned(&self) -> Vec<Vec<f64>> {
        self.blocks.iter().map(|block| softmax(block)).collect()
    }

    /// The probabilities with all α divided by a temperature: at 1 as they are, towards 0 the most probable path.
    pub(crate) fn sharpened(&self, temperature: f64) -> Vec<Vec<f64>> {
        let divided = |alpha: f64| if alpha == f64::MIN { alpha } else { alpha / temperature };
        self.masked().map(|block| softmax(&block.into_iter().map(divided).collect::<Vec<_>>())).collect()
    }

    /// The most probable candidate of each block; the first of equals.
    pub(crate) fn most_probable(&self) -> Vec<usize> {
        let best = |block: Vec<f64>| {
            (1..block.len()).fold(0, |best, index| if block[index] > block[best] { index } else { best })
        };
        self.masked().map(best).collect()
    }

    /// One candidate per block, drawn by its probability.
    pub fn sample_path(&self, rng: &mut impl Rng) -> Vec<usize> {
        self.probabilities().iter().map(|probabilities| draw(probabilities, rng)).collect()
    }

    /// Two different candidates per block, drawn one after the other by their probabilities without replacement;
    /// `None` for a block with one candidate.
    pub fn sample_pairs(&self, rng: &mut impl Rng) -> Vec<Option<Pair>> {
        self.masked().map(|block| Pair::sample(&block, rng)).collect()
    }

    /// Moves every α that is alive along its gradient; `gradients` has one list per block.
    pub(crate) fn descend_all(&mut self, gradients: &[Vec<f64>], adam: &mut AlphaAdam) {
        for (index, gradients) in gradients.iter().enumerate() {
            for (candidate, gradient) in gradients.iter().enumerate() {
                if self.is_alive(index, candidate) {
                    self.blocks[index][candidate] -= adam.step_of(index, candidate, *gradient);
                }
            }
        }
    }

    /// Moves each pair's two α along their gradients; every other α, its probability and its moments stay.
    ///
    /// `gates` has one entry per block: the pair and ∂L/∂g of its two gates.
    pub(crate) fn descend(&mut self, gates: &[Option<GateGradient>], adam: &mut AlphaAdam) {
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
    let last = probabilities.iter().rposition(|probability| *probability > 0.0).unwrap_or_default();
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
