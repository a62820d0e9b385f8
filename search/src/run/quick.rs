use predictor::LatencyModel;
use profiler::spec::SpaceFile;

use super::SearchSettings;
use crate::data::{Augmentation, ComputeDevice, Flip};
use crate::error::SearchError;
use crate::latency::{ExpectedLatency, Intervals};
use crate::objective::LatencyLoss;
use crate::settings::all_threads;
use crate::sgd::Sgd;
use crate::strategy::{Preset, StrategyKind};

/// The latency to aim at.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Target {
    /// Milliseconds.
    Ms(f64),
    /// A fraction of what is predicted for the space's MobileNetV2-style network.
    OfBaseline(f64),
}

impl SearchSettings {
    /// A search by gradients that takes minutes and shows the whole pipeline: what `search run` does if nothing else is said.
    ///
    /// # Errors
    /// [`SearchError`] for a space or a target that does not make sense, and for an op that the model does not know.
    pub fn quick(space: SpaceFile, model: &LatencyModel, target: Target) -> Result<Self, SearchError> {
        let resolved = space.resolve()?;
        let target_ms = match target {
            Target::Ms(ms) => ms,
            Target::OfBaseline(fraction) => {
                fraction * model.predict_architecture(&resolved.baseline()?)?.latency.ms()
            }
        };
        let settings = Self {
            space,
            latency: ExpectedLatency::of_space(&model.additive(), &resolved)?,
            emulated: model.conditions().runtime.emulated,
            intervals: Some(Intervals::new(&resolved, model)?),
            target_ms,
            risk: None,
            strategy: StrategyKind::Gradient.preset(Preset::Quick),
            latency_loss: LatencyLoss::Target,
            seed: 0,
            threads: all_threads(),
            device: ComputeDevice::Cpu,
            batch: Sgd::BATCH,
            held_out: 10_000,
            augmentation: Augmentation {
                shift: 0,
                flip: Flip::Horizontal,
                smallest_area: Augmentation::SMALLEST_AREA,
            },
            weights: Sgd::RECIPE,
            warm_up_steps: 600,
            search_steps: 1000,
            weight_steps_per_alpha_step: 1,
            log_every: 10,
        };
        settings.check()?;
        Ok(settings)
    }
}
