//! Searches a space for a network within 80 % of its baseline's latency; accuracies are made up, so nothing is trained.

use std::{env, error::Error, path::Path};

use predictor::LatencyModel;
use profiler::spec::SpaceFile;
use search::SearchError;
use search::alpha::{GateGradient, Pair};
use search::run::{SearchSettings, Target};
use search::strategy::{Moment, Oracle, Preset, StrategyKind};

/// Takes the candidates that come first in their blocks for the best ones.
struct MockAccuracies;

impl Oracle for MockAccuracies {
    fn accuracy(&mut self, path: &[usize]) -> Result<f64, SearchError> {
        Ok(path.iter().map(|&candidate| 0.9 / (path.len() * (1 + candidate)) as f64).sum())
    }

    /// What a strategy by gradients would ask for.
    fn gates(
        &mut self,
        _: &[Option<Pair>],
        _: &[usize],
    ) -> Result<(f64, Vec<Option<GateGradient>>), SearchError> {
        Err(SearchError::Layer("made-up accuracies have no gradients".to_owned()))
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let model = env::args().nth(1).unwrap_or_else(|| "model.json".to_owned());
    let model = LatencyModel::read(Path::new(&model))?;
    let space = SpaceFile::built_in("proxylessnas-small")?;
    let mut settings = SearchSettings::quick(space.clone(), &model, Target::OfBaseline(0.8))?;
    settings.strategy = StrategyKind::Evolution.preset(Preset::Quick);
    let mut strategy = settings.strategy.start(&settings.plan());
    for step in settings.weight_steps()..settings.steps() {
        let moment = Moment { seed: settings.seed, step, progress: settings.progress(step + 1) };
        strategy.learn(moment, &mut MockAccuracies)?;
    }
    let path = strategy.finalists(Some(&settings.budget()))?.swap_remove(0);
    let network = space.resolve()?.network("searched", &path)?;
    println!("within {:.4} ms: {}", settings.target_ms, model.predict_architecture(&network)?.latency);
    println!("{}", network.key());
    Ok(())
}
