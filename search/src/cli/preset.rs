//! Settings that go together.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::config::SearchConfig;
use crate::{
    data::{Augmentation, ComputeDevice},
    objective::LatencyLoss,
    settings::all_threads,
    sgd::Sgd,
    strategy::StrategyKind,
};

/// How long to take.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ValueEnum)]
#[serde(rename_all = "kebab-case")]
pub(super) enum Preset {
    /// Minutes: shows the whole road.
    Quick,
    /// About an hour for everything: results to rely on.
    Thorough,
}

impl Preset {
    /// What a search does if nothing else is said.
    pub(super) fn config(self, strategy: StrategyKind) -> SearchConfig {
        let (warm_up_steps, steps, alpha_every, alpha_learning_rate, networks, scored_images) = match self {
            Self::Quick => (600, 1000, 1, 0.1, 400, 1000),
            Self::Thorough => (4000, 12_000, 2, 0.02, 2000, 4000),
        };
        // A step of ten networks costs several times as much as one of two paths.
        let alpha_every = if strategy == StrategyKind::Reinforce { 2 * alpha_every } else { alpha_every };
        SearchConfig {
            preset: Some(self),
            width: Some(1.0),
            strategy: Some(strategy),
            latency_loss: Some(LatencyLoss::Target),
            held_out: Some(10_000),
            warm_up_steps: Some(warm_up_steps),
            steps: Some(steps),
            alpha_every: Some(alpha_every),
            alpha_learning_rate: Some(alpha_learning_rate),
            decide_from: Some(0.7),
            prune_below: Some(0.001),
            prune_from: Some(0.6),
            networks_per_step: Some(10),
            networks: Some(networks),
            scored_images: Some(scored_images),
            batch: Some(Sgd::BATCH),
            learning_rate: Some(Sgd::RECIPE.learning_rate),
            weight_decay: Some(Sgd::RECIPE.weight_decay),
            label_smoothing: Some(Sgd::RECIPE.label_smoothing),
            shift: Some(self.shift()),
            smallest_area: Some(Augmentation::SMALLEST_AREA),
            device: Some(ComputeDevice::Cpu),
            threads: Some(all_threads()),
            seed: Some(0),
            ..SearchConfig::default()
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
