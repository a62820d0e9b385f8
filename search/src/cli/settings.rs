use predictor::LatencyModel;
use profiler::record::read_architecture;

use super::{UsageError, config::SearchConfig, space::SpaceArgs};
use crate::data::{Augmentation, Flip};
use crate::latency::{ExpectedLatency, Intervals};
use crate::run::SearchSettings;
use crate::sgd::Sgd;
use crate::strategy::StrategyKind;

/// What must be given, or an error that names the flag.
pub(super) fn given<T: Clone>(value: Option<&T>, flag: &str) -> Result<T, UsageError> {
    value.cloned().ok_or_else(|| UsageError(format!("{flag} is needed, as a flag or in the --config file")))
}

/// The settings of a search by this; reads the space and the latency model.
pub(super) fn search_settings(config: &SearchConfig) -> anyhow::Result<SearchSettings> {
    let name = given(config.space.as_ref(), "--space")?;
    let SearchConfig { width, resolution, classes, .. } = *config;
    let file = SpaceArgs { name, width: width.unwrap_or(1.0), resolution, classes }.read()?;
    let space = file.resolve()?;
    let path = given(config.model.as_ref(), "--model")?;
    let model = LatencyModel::read(&path)?;
    let emulated = model.conditions().runtime.emulated;
    if emulated {
        profiler::note!("note: {} is fitted to emulated figures, which are no timings", path.display());
    }
    if config.baseline.is_some() && config.target_of_baseline.is_none() {
        return Err(
            UsageError("--baseline goes with --target-of-baseline, which is not given".to_owned()).into()
        );
    }
    let target_ms = match (config.target_ms, config.target_of_baseline) {
        (Some(ms), _) => ms,
        (None, Some(fraction)) if fraction > 0.0 => {
            let other = config.baseline.as_deref().map(read_architecture).transpose()?;
            let baseline = other.map_or_else(|| space.baseline(), Ok)?;
            fraction * model.predict_architecture(&baseline)?.latency.ms()
        }
        (None, Some(fraction)) => {
            return Err(UsageError(format!("--target-of-baseline {fraction}: expected above 0")).into());
        }
        (None, None) => given(None, "--target-ms or --target-of-baseline")?,
    };
    // What makes no sense is refused even where another strategy is chosen.
    for strategy in StrategyKind::ALL {
        strategy.with(&config.learning)?.check()?;
    }
    Ok(SearchSettings {
        latency: ExpectedLatency::of_space(&model.additive(), &space)?,
        emulated,
        intervals: Some(Intervals::new(&space, &model)?),
        target_ms,
        risk: config.risk,
        strategy: given(config.strategy.as_ref(), "--strategy")?.with(&config.learning)?,
        space: file,
        latency_loss: given(config.latency_loss.as_ref(), "--latency-loss")?,
        seed: given(config.seed.as_ref(), "--seed")?,
        threads: given(config.threads.as_ref(), "--threads")?,
        device: given(config.device.as_ref(), "--device")?,
        batch: given(config.batch.as_ref(), "--batch")?,
        held_out: given(config.held_out.as_ref(), "--held-out")?,
        augmentation: Augmentation {
            shift: given(config.shift.as_ref(), "--shift")?,
            flip: Flip::Horizontal,
            smallest_area: given(config.smallest_area.as_ref(), "--smallest-area")?,
        },
        weights: Sgd {
            learning_rate: given(config.learning_rate.as_ref(), "--learning-rate")?,
            weight_decay: given(config.weight_decay.as_ref(), "--weight-decay")?,
            label_smoothing: given(config.label_smoothing.as_ref(), "--label-smoothing")?,
            ..Sgd::RECIPE
        },
        warm_up_steps: given(config.warm_up_steps.as_ref(), "--warm-up-steps")?,
        search_steps: given(config.steps.as_ref(), "--steps")?,
        weight_steps_per_alpha_step: given(config.alpha_every.as_ref(), "--alpha-every")?,
        log_every: 10,
    })
}

#[cfg(test)]
mod tests {
    use std::ops::ControlFlow;

    use predictor::{Emulation, FitOptions, Measurements, Mixing};
    use profiler::Profiler;
    use profiler::backend::{Mock, MockNoise};
    use profiler::spec::SpaceFile;
    use profiler::sweep::{MockLaw, mock_costs, plan_ops};

    use super::*;
    use crate::run::Target;

    #[test]
    fn a_search_without_settings_is_the_quick_one() {
        let folder = tempfile::tempdir().unwrap();
        let [table, path] = ["table.csv", "model.json"].map(|name| folder.path().join(name));
        let space = SpaceFile::built_in("proxylessnas-small").unwrap();
        let ops = plan_ops(&space.resolve().unwrap()).unwrap();
        let mock = Mock::new(
            mock_costs(&ops, MockLaw::default()),
            MockNoise { amplitude: 0.02, seed: 1, ..MockNoise::NONE },
        );
        Profiler::on(mock).measure_all(ops, &table, |_| ControlFlow::Continue(())).unwrap();
        let measurements = Measurements::read(&[table], Mixing::Refuse, Emulation::Allow).unwrap();
        let model = LatencyModel::fit(&measurements, &FitOptions::default()).unwrap();
        model.write(&path).unwrap();
        let config = SearchConfig {
            space: Some(space.name.clone()),
            model: Some(path),
            target_of_baseline: Some(0.8),
            ..SearchConfig::default()
        };
        let found = search_settings(&config.effective(None).unwrap()).unwrap();
        assert_eq!(found, SearchSettings::quick(space, &model, Target::OfBaseline(0.8)).unwrap());
    }
}
