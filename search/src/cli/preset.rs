//! Settings that go together.

use super::{config::SearchConfig, recipe::all_threads};
use crate::{
    data::ComputeDevice,
    objective::LatencyLoss,
    strategy::{GivenSettings, Preset, StrategyKind},
};

/// Images of a step.
pub(super) const BATCH: usize = 96;
/// Largest learning rate of the weights.
pub(super) const LEARNING_RATE: f64 = 0.3;
/// Weight decay.
pub(super) const WEIGHT_DECAY: f64 = 4e-5;
/// Share of the target probability that is spread over all classes.
pub(super) const LABEL_SMOOTHING: f64 = 0.1;
/// Smallest share of a photo's area that a training image shows.
pub(super) const SMALLEST_AREA: f64 = 0.35;

impl Preset {
    /// What a search does if nothing else is said.
    pub(super) fn config(self, strategy: StrategyKind) -> anyhow::Result<SearchConfig> {
        let (warm_up_steps, steps, alpha_every) = match self {
            Self::Quick => (600, 1000, 1),
            Self::Thorough => (4000, 12_000, 2),
        };
        Ok(SearchConfig {
            preset: Some(self),
            width: Some(1.0),
            strategy: Some(strategy),
            latency_loss: Some(LatencyLoss::Target),
            held_out: Some(10_000),
            warm_up_steps: Some(warm_up_steps),
            steps: Some(steps),
            alpha_every: Some(strategy.cost() * alpha_every),
            learning: GivenSettings::preset(self, strategy)?,
            batch: Some(BATCH),
            learning_rate: Some(LEARNING_RATE),
            weight_decay: Some(WEIGHT_DECAY),
            label_smoothing: Some(LABEL_SMOOTHING),
            shift: Some(self.shift()),
            smallest_area: Some(SMALLEST_AREA),
            device: Some(ComputeDevice::Cpu),
            threads: Some(all_threads()),
            seed: Some(0),
            ..SearchConfig::default()
        })
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
