//! Settings that go together.

use clap::ValueEnum;

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
    pub(super) sharpness: f64,
}

impl Preset {
    pub(super) fn search(self) -> SearchLength {
        match self {
            Self::Quick => SearchLength {
                warm_up_steps: 600,
                search_steps: 1000,
                weight_steps_per_alpha_step: 1,
                alpha_learning_rate: 0.1,
                sharpness: 0.3,
            },
            Self::Thorough => SearchLength {
                warm_up_steps: 4000,
                search_steps: 12_000,
                weight_steps_per_alpha_step: 2,
                alpha_learning_rate: 0.02,
                sharpness: 0.3,
            },
        }
    }

    pub(super) fn epochs(self) -> u64 {
        match self {
            Self::Quick => 3,
            Self::Thorough => 25,
        }
    }
    /// Largest random shift in pixels: what a long training gains from it, a short one loses.
    pub(super) fn shift(self) -> u32 {
        match self {
            Self::Quick => 0,
            Self::Thorough => 2,
        }
    }
}
