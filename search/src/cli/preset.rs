use super::config::SearchConfig;
use crate::data::{Augmentation, ComputeDevice};
use crate::objective::LatencyLoss;
use crate::settings::all_threads;
use crate::sgd::Sgd;
use crate::strategy::{GivenSettings, Preset, StrategyKind};

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
