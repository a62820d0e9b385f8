//! Settings for unit tests that train nothing.
use profiler::spec::SpaceFile;

use super::SearchSettings;
use crate::data::{Augmentation, ComputeDevice};
use crate::latency::ExpectedLatency;
use crate::objective::LatencyLoss;
use crate::sgd::Sgd;
use crate::strategy::{Preset, StrategyKind};

/// A search of the small space whose latencies are still to be given.
pub(crate) fn settings_for_tests() -> SearchSettings {
    SearchSettings {
        space: SpaceFile::built_in("proxylessnas-small").unwrap(),
        latency: ExpectedLatency { constant_ms: 1.0, blocks_ms: Vec::new() },
        emulated: false,
        intervals: None,
        target_ms: 1.0,
        risk: None,
        strategy: StrategyKind::Gradient.preset(Preset::Quick),
        latency_loss: LatencyLoss::Target,
        seed: 0,
        threads: 1,
        device: ComputeDevice::Cpu,
        batch: 16,
        held_out: 40,
        augmentation: Augmentation::NONE,
        weights: Sgd {
            learning_rate: 0.05,
            warm_up: 0.1,
            momentum: 0.9,
            weight_decay: 0.0,
            label_smoothing: 0.0,
        },
        warm_up_steps: 1,
        search_steps: 1,
        weight_steps_per_alpha_step: 1,
        log_every: 1,
    }
}
