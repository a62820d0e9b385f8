//! Random paths with the weights of a trained supernet: the yardstick.

use rand_pcg::Pcg64;

use super::{Population, Proposer, population::random_within};
use crate::latency::Budget;

/// Random paths that use the target.
#[derive(Clone, Copy, Debug, Default)]
pub struct RandomPaths;

impl Proposer for RandomPaths {
    fn propose(
        &self,
        _: &Population,
        _: &[Vec<usize>],
        budget: &Budget,
        rng: &mut Pcg64,
    ) -> Option<Vec<usize>> {
        Some(random_within(budget, rng))
    }
}
