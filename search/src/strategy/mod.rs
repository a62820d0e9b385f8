//! How a search learns which networks are good. A strategy is a file here with its settings, which are its options, too
//! (`Settings`), and a line of `strategies!` below.
//!
//! A strategy never sees images: it asks an [`Oracle`], which is a supernet with held-out images in a search and a
//! known landscape in tests.

mod after_training;
mod given;
mod gradient;
#[cfg(test)]
mod landscape;
mod learned;
mod plan;
mod population;
mod reinforce;
mod settings;

use std::fmt::Debug;

use clap::{ArgMatches, Args, Command, FromArgMatches};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};
use toml::Table;

use after_training::AfterTraining;
use gradient::Gradient;
use reinforce::Reinforce;

pub use after_training::ComparisonSettings;
pub use given::GivenSettings;
pub use learned::LearnedSettings;
pub use plan::Plan;
#[cfg(test)]
pub(crate) use population::random_within;
pub(crate) use population::{Population, Scored};
pub use reinforce::ReinforceSettings;
pub use settings::Preset;
pub(crate) use settings::{Comparison, Settings};

use crate::alpha::{GateGradient, Pair};
use crate::error::SearchError;
use crate::tensor_file::TensorFile;

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

macro_rules! strategies {
    ($($(#[$about:meta])* $name:ident($settings:ty) = $new:expr),+ $(,)?) => {
        /// The strategies by name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
        #[serde(rename_all = "kebab-case")]
        pub enum StrategyKind {
            $($(#[$about])* $name),+
        }

        /// A strategy and its settings.
        #[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
        #[serde(tag = "name", content = "settings", rename_all = "kebab-case", deny_unknown_fields)]
        pub enum StrategySettings {
            $($(#[$about])* $name($settings)),+
        }

        impl StrategyKind {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$name),+];

            /// The strategy with the settings of a preset.
            #[must_use]
            pub fn preset(self, preset: Preset) -> StrategySettings {
                match self { $(Self::$name => StrategySettings::$name(Settings::preset(preset))),+ }
            }

            /// The strategy with settings that are given, and those of the quick preset where they are not.
            ///
            /// # Errors
            /// A setting that is of another type.
            pub fn with(self, given: &GivenSettings) -> Result<StrategySettings, toml::de::Error> {
                let preset = self.preset(Preset::Quick).table().map_err(<toml::de::Error as serde::de::Error>::custom)?;
                let settings = given.over(preset);
                match self { $(Self::$name => settings.try_into().map(StrategySettings::$name)),+ }
            }

            /// What one of its steps of learning costs: see [`Settings::COST`].
            pub(crate) fn cost(self) -> u64 {
                match self { $(Self::$name => <$settings>::COST),+ }
            }

            fn options(self, command: Command) -> Command {
                match self { $(Self::$name => <$settings>::augment_args_for_update(command)),+ }
            }
        }

        impl StrategySettings {
            #[cfg(test)]
            fn kind(&self) -> StrategyKind {
                match self { $(Self::$name(_) => StrategyKind::$name),+ }
            }

            /// A strategy that has learned nothing yet.
            pub fn start(&self, plan: &Plan) -> Box<dyn Strategy> {
                match self { $(Self::$name(settings) => Box::new($new(plan, *settings))),+ }
            }

            pub(crate) fn check(&self) -> Result<(), SearchError> {
                match self { $(Self::$name(settings) => settings.check()),+ }
            }

            /// How networks are compared, if it learns about architectures when all weights are trained and not in turn
            /// with them.
            pub(crate) fn after_training(&self) -> Option<Comparison> {
                match self { $(Self::$name(settings) => settings.after_training()),+ }
            }

            fn table(&self) -> Result<Table, toml::ser::Error> {
                match self { $(Self::$name(settings) => Table::try_from(settings)),+ }
            }

            fn update(&mut self, options: &ArgMatches) -> Result<(), clap::Error> {
                match self { $(Self::$name(settings) => settings.update_from_arg_matches(options)),+ }
            }
        }
    };
}

strategies! {
    /// Binary gates of two candidates per block, by gradients.
    Gradient(LearnedSettings) = Gradient::new,
    /// Samples networks and rewards accuracy · (target / latency)^w.
    Reinforce(ReinforceSettings) = Reinforce::new,
    /// Trains random paths, then evolves paths with the shared weights.
    Evolution(ComparisonSettings) = AfterTraining::evolution,
    /// Trains random paths, then compares random paths with the shared weights.
    Random(ComparisonSettings) = AfterTraining::random,
}
