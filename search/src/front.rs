//! Many targets from one supernet: evolution of paths with the weights of a finished search.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use profiler::record::{ReadError, read_text, write_atomic};
use serde::Serialize;

use crate::error::SearchError;
use crate::json_lines;
use crate::latency::Budget;
use crate::run::{SearchSettings, compare};
use crate::seed::{Purpose, generator};
use crate::strategy::{Oracle, Population, Scored, Strategy};
use crate::watch::{Progress, Watcher};

/// How long to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Effort {
    pub(crate) networks: usize,
    pub(crate) finalists: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct FrontPoint {
    pub(crate) target_ms: f64,
    pub(crate) predicted_ms: f64,
    /// The target, or less with a risk.
    pub(crate) limit_ms: f64,
    pub(crate) held_out_accuracy: f64,
    pub(crate) path: Vec<usize>,
}

/// Scores of paths that were looked at, kept in a file line by line: what is known is not looked at again.
#[derive(Debug)]
pub(crate) struct Scores<'a> {
    path: PathBuf,
    known: HashMap<Vec<usize>, f64>,
    oracle: &'a mut dyn Oracle,
}

impl std::fmt::Debug for dyn Oracle + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Oracle")
    }
}

impl<'a> Scores<'a> {
    /// Resumes with the scores in a file, which must be of the same supernet, images and space of `counts`; a last line
    /// that was cut off is dropped.
    pub(crate) fn open(
        path: &Path,
        counts: &[usize],
        oracle: &'a mut dyn Oracle,
    ) -> Result<Self, SearchError> {
        let text = if path.exists() { read_text(path)? } else { String::new() };
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        if whole.len() < text.len() {
            write_atomic(path, |writer| writer.write_all(whole.as_bytes()))?;
        }
        let mut known = HashMap::new();
        for (index, scored) in json_lines::parse::<Scored>(path, whole)?.into_iter().enumerate() {
            let fits =
                scored.path.len() == counts.len() && scored.path.iter().zip(counts).all(|(c, n)| c < n);
            if !fits || !(0.0..=1.0).contains(&scored.accuracy) {
                let reason = "no path of this space with an accuracy of 0 to 1".to_owned();
                return Err(ReadError::Line { path: path.to_owned(), line: index as u64 + 1, reason }.into());
            }
            known.insert(scored.path, scored.accuracy);
        }
        Ok(Self { path: path.to_owned(), known, oracle })
    }

    pub(crate) fn score(&mut self, path: &[usize]) -> Result<Scored, SearchError> {
        if let Some(&accuracy) = self.known.get(path) {
            return Ok(Scored { path: path.to_vec(), accuracy });
        }
        let scored = Scored { path: path.to_vec(), accuracy: self.oracle.accuracy(path)? };
        json_lines::append(&self.path, &scored)?;
        self.known.insert(scored.path.clone(), scored.accuracy);
        Ok(scored)
    }
}

/// The best paths within the targets by the shared weights.
///
/// Evolution begins with what the search learned of the target. All targets share what was looked at: what is found for
/// one is a parent for the others. A front is a function of the search and the effort; taken up again it ends alike.
pub(crate) fn front(
    settings: &SearchSettings,
    strategy: &dyn Strategy,
    targets_ms: &[f64],
    effort: Effort,
    scores: &mut Scores<'_>,
    watcher: &mut dyn Watcher,
) -> Result<Vec<Vec<usize>>, SearchError> {
    let budgets: Vec<Budget> = targets_ms.iter().map(|&ms| settings.budget().with_target(ms)).collect();
    budgets.iter().try_for_each(|budget| budget.fastest().map(drop))?;
    let mut population = Population::default();
    let all = budgets.len() * effort.networks;
    for (index, budget) in budgets.iter().enumerate() {
        let mut rng = generator(settings.seed, Purpose::Front, index as u64);
        let mut first = strategy.finalists(Some(budget))?;
        first.push(budget.fastest()?);
        first.retain(|path| !population.knows(path));
        for done in 0..effort.networks {
            watcher.progress(&Progress::of("front", index * effort.networks + done, all));
            if watcher.stop_requested() {
                return Err(SearchError::Stopped);
            }
            let next = first.pop().or_else(|| population.child(budget, &[], &mut rng));
            let Some(path) = next.filter(|path| !population.knows(path)) else { continue };
            population.add(scores.score(&path)?);
        }
    }
    let mut finalists: Vec<Vec<usize>> = Vec::new();
    for budget in &budgets {
        let used = population.best(effort.finalists, |path| budget.is_used_by(path));
        // The fastest path may be all there is.
        let within = || population.best(effort.finalists, |path| budget.allows(path));
        for best in if used.is_empty() { within() } else { used } {
            if !finalists.contains(&best.path) {
                finalists.push(best.path.clone());
            }
        }
    }
    Ok(finalists)
}

/// The best finalist within each target by another oracle, which is asked once per path.
pub(crate) fn points(
    settings: &SearchSettings,
    targets_ms: &[f64],
    finalists: Vec<Vec<usize>>,
    oracle: &mut dyn Oracle,
    watcher: &mut dyn Watcher,
) -> Result<Vec<FrontPoint>, SearchError> {
    let compared = compare(finalists, oracle, watcher)?;
    let point = |&target_ms: &f64| {
        let budget = settings.budget().with_target(target_ms);
        // A smaller network that is better is the answer to a larger target, too: a front never falls.
        let best = compared.best(1, |path| budget.allows(path)).pop()?;
        Some(FrontPoint {
            target_ms,
            predicted_ms: settings.latency.path_ms(&best.path),
            limit_ms: budget.limit_ms(&best.path),
            held_out_accuracy: best.accuracy,
            path: best.path.clone(),
        })
    };
    Ok(targets_ms.iter().filter_map(point).collect())
}

#[cfg(test)]
#[path = "front_tests.rs"]
mod tests;
