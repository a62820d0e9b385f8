//! How a search learns which networks are good. One file per strategy, one line in [`StrategyKind::start`].
//!
//! A strategy never sees images: it asks an [`Oracle`], which is a supernet with held-out images in a search and a
//! known landscape in tests.

mod after_training;
mod evolution;
mod gradient;
#[cfg(test)]
mod landscape;
mod learned;
mod plan;
mod population;
mod random;
mod reinforce;

use std::fmt::Debug;

use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

pub use after_training::{AfterTraining, Proposer};
pub use evolution::Evolution;
pub use gradient::Gradient;
pub use plan::{Plan, StrategySettings};
#[cfg(test)]
pub(crate) use population::random_within;
pub use population::{Population, Scored};
pub use random::RandomPaths;
pub use reinforce::Reinforce;

use crate::{
    alpha::{GateGradient, Pair},
    error::SearchError,
    tensor_file::TensorFile,
};

/// What a strategy can ask about networks.
pub trait Oracle {
    /// Cross-entropy of the path of the pairs' first candidates (and `rest`'s, where a block has no pair) and ∂CE/∂g of
    /// each pair's gates.
    ///
    /// # Errors
    /// [`SearchError`] of the network.
    fn gates(
        &mut self,
        pairs: &[Option<Pair>],
        rest: &[usize],
    ) -> Result<(f64, Vec<Option<GateGradient>>), SearchError>;

    /// Share of images that a path gets right.
    ///
    /// # Errors
    /// [`SearchError`] of the network.
    fn accuracy(&mut self, path: &[usize]) -> Result<f64, SearchError>;
}

/// When a strategy learns.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Moment {
    /// Random seed.
    pub seed: u64,
    /// The run's step, from 0.
    pub step: u64,
    /// Share of the search that is done with this step, 0 to 1.
    pub progress: f64,
}

/// What a step saw.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct StepReport {
    /// Cross-entropy on held-out images.
    pub cross_entropy: Option<f64>,
    /// Mean accuracy of the networks it looked at.
    pub accuracy: Option<f64>,
}

/// Learns which networks are good.
pub trait Strategy: Debug {
    /// The path that a weight step trains.
    fn sample(&self, rng: &mut Pcg64) -> Vec<usize>;

    /// One step of learning about architectures.
    ///
    /// # Errors
    /// [`SearchError`] of the oracle.
    fn learn(&mut self, moment: Moment, oracle: &mut dyn Oracle) -> Result<StepReport, SearchError>;

    /// How likely each block's candidates are in its opinion.
    fn probabilities(&self) -> Vec<Vec<f64>>;

    /// Paths that meet a budget and are worth comparing on all held-out images, the one it likes best first; without a
    /// budget, of all paths.
    ///
    /// # Errors
    /// [`SearchError::Target`] when it knows of none.
    fn finalists(&self, budget: Option<&crate::latency::Budget>) -> Result<Vec<Vec<usize>>, SearchError>;

    /// The weight of latency against accuracy, where it has one.
    fn lambda(&self) -> Option<f64> {
        None
    }

    /// Adds all that it has learned to a checkpoint.
    fn write(&self, file: &mut TensorFile);

    /// Takes up what [`Strategy::write`] added.
    ///
    /// # Errors
    /// [`SearchError::Checkpoint`] for what is missing or of another search.
    fn read(&mut self, file: &TensorFile) -> Result<(), SearchError>;
}

/// The strategies by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub enum StrategyKind {
    /// Binary gates of two candidates per block, by gradients.
    Gradient,
    /// Samples networks and rewards accuracy · (target / latency)^w.
    Reinforce,
    /// Trains random paths, then evolves paths with the shared weights.
    Evolution,
    /// Trains random paths, then compares random paths with the shared weights.
    Random,
}

impl StrategyKind {
    /// A strategy that has learned nothing yet.
    #[must_use]
    pub fn start(self, plan: &Plan) -> Box<dyn Strategy> {
        match self {
            Self::Gradient => Box::new(Gradient::new(plan)),
            Self::Reinforce => Box::new(Reinforce::new(plan)),
            Self::Evolution => Box::new(AfterTraining::new(plan, Evolution)),
            Self::Random => Box::new(AfterTraining::new(plan, RandomPaths)),
        }
    }

    /// Whether it learns about architectures when all weights are trained, and not in turn with them.
    #[must_use]
    pub fn learns_after_training(self) -> bool {
        matches!(self, Self::Evolution | Self::Random)
    }
}
