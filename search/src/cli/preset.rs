//! Settings that go together.

use clap::ValueEnum;

use crate::{
    data::{Augmentation, Flip},
    sgd::Sgd,
};

/// How long to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Preset {
    /// Minutes: shows the whole road.
    Quick,
    /// About an hour for everything: results to rely on.
    Thorough,
}

/// Numbers of steps of a search.
#[derive(Clone, Copy, Debug)]
pub(super) struct SearchLength {
    pub(super) warm_up_steps: u64,
    pub(super) search_steps: u64,
    pub(super) weight_steps_per_alpha_step: u64,
    pub(super) alpha_learning_rate: f64,
}

impl Preset {
    pub(super) fn search(self) -> SearchLength {
        match self {
            Self::Quick => SearchLength {
                warm_up_steps: 600,
                search_steps: 800,
                weight_steps_per_alpha_step: 2,
                alpha_learning_rate: 0.03,
            },
            Self::Thorough => SearchLength {
                warm_up_steps: 4000,
                search_steps: 10_000,
                weight_steps_per_alpha_step: 4,
                alpha_learning_rate: 0.01,
            },
        }
    }

    pub(super) fn epochs(self) -> u64 {
        match self {
            Self::Quick => 3,
            Self::Thorough => 25,
        }
    }
}

/// Images of a step.
pub(super) const BATCH: usize = 96;

/// Padding of two pixels and mirroring.
pub(super) const AUGMENTATION: Augmentation = Augmentation { shift: 2, flip: Flip::Horizontal };

/// How weights learn, in searches and trainings.
pub(super) const WEIGHTS: Sgd =
    Sgd { learning_rate: 0.1, warm_up: 0.1, momentum: 0.9, weight_decay: 4e-5, label_smoothing: 0.1 };

/// The threads of this machine.
pub(super) fn all_threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
