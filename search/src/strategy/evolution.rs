//! Evolution of paths with the weights of a trained supernet.

use rand_pcg::Pcg64;

use super::{Population, Proposer};
use crate::latency::Budget;

/// The best paths within the target mutate and cross.
#[derive(Clone, Copy, Debug, Default)]
pub struct Evolution;

impl Proposer for Evolution {
    fn propose(
        &self,
        population: &Population,
        fresh: &[Vec<usize>],
        budget: &Budget,
        rng: &mut Pcg64,
    ) -> Option<Vec<usize>> {
        population.child(budget, fresh, rng)
    }
}
