use profiler::spec::Architecture;

use super::{SearchSettings, SearchState};
use crate::alpha::relative_entropy;
use crate::error::SearchError;
use crate::latency::Budget;
use crate::strategy::{Oracle, Population, Scored};
use crate::watch::{Progress, Watcher};

/// How a search ended.
#[derive(Clone, Debug, PartialEq)]
pub struct Outcome {
    /// Among the strategy's finalists within the budget the best on held-out images with the supernet's weights; without
    /// a latency loss among all.
    pub network: Architecture,
    /// E\[latency\] in milliseconds.
    pub expected_ms: f64,
    /// Its latency by the additive model, in milliseconds.
    pub path_ms: f64,
    /// Latency that the budget allows it, in milliseconds: the target, or less with a risk.
    pub limit_ms: f64,
    /// Latency of the path that the strategy likes best, whatever the budget, in milliseconds.
    pub most_probable_ms: f64,
    /// Mean entropy of the blocks over that of equal probabilities.
    pub relative_entropy: f64,
    /// Share of held-out images that it gets right with the supernet's weights.
    pub held_out_accuracy: f64,
}

/// The phase in which finalists are compared.
pub const FINALISTS: &str = "finalists";

/// How good these paths are.
pub(crate) fn compare(
    paths: Vec<Vec<usize>>,
    oracle: &mut dyn Oracle,
    watcher: &mut dyn Watcher,
) -> Result<Population, SearchError> {
    let (mut compared, count) = (Population::default(), paths.len());
    for (index, path) in paths.into_iter().enumerate() {
        watcher.progress(&Progress::of(FINALISTS, index, count));
        if watcher.stop_requested() {
            return Err(SearchError::Stopped);
        }
        let accuracy = oracle.accuracy(&path)?;
        compared.add(Scored { path, accuracy });
    }
    Ok(compared)
}

impl Outcome {
    /// That of a finished search, whose finalists were compared.
    pub(super) fn new(
        settings: &SearchSettings,
        state: &SearchState,
        compared: &Scored,
    ) -> Result<Self, SearchError> {
        let (probabilities, table) = (state.strategy.probabilities(), &settings.latency);
        let liked = state.strategy.finalists(None)?.into_iter().next();
        let path = &compared.path;
        Ok(Self {
            network: settings.space.resolve()?.network("searched", path)?,
            expected_ms: table.expected_ms(&probabilities)?,
            path_ms: table.path_ms(path),
            limit_ms: settings.budget().limit_ms(path),
            most_probable_ms: table.path_ms(liked.as_ref().unwrap_or(path)),
            relative_entropy: relative_entropy(&probabilities),
            held_out_accuracy: compared.accuracy,
        })
    }
}

impl SearchSettings {
    /// The budget, if latency counts at all.
    pub(crate) fn hard_budget(&self) -> Option<Budget> {
        self.plan().hard_budget().cloned()
    }
}
