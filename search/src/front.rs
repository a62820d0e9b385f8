//! Many targets from one supernet: evolution of paths with the weights of a finished search.

use std::{
    collections::HashMap,
    io::Write,
    path::{Path, PathBuf},
};

use profiler::record::{ReadError, WriteError, read_text, write_atomic};
use serde::{Deserialize, Serialize};

use crate::{
    error::SearchError,
    latency::Budget,
    run::{FINALISTS, SearchSettings},
    seed::{Purpose, generator},
    strategy::{Oracle, Population, Scored, Strategy},
    watch::{Progress, Watcher},
};

/// How long to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Effort {
    /// New networks looked at per target.
    pub networks: usize,
    /// Best networks of each target that are to be compared again.
    pub finalists: usize,
}

/// One point of the front.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FrontPoint {
    /// The target in milliseconds.
    pub target_ms: f64,
    /// The path's predicted latency in milliseconds.
    pub predicted_ms: f64,
    /// Latency that the budget allows it in milliseconds: the target, or less with a risk.
    pub limit_ms: f64,
    /// Share of held-out images that it gets right with the shared weights.
    pub held_out_accuracy: f64,
    /// Its candidates.
    pub path: Vec<usize>,
}

/// Scores of paths that were looked at, kept in a file line by line: what is known is not looked at again.
#[derive(Debug)]
pub struct Scores<'a> {
    path: PathBuf,
    known: HashMap<Vec<usize>, f64>,
    oracle: &'a mut dyn Oracle,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    path: Vec<usize>,
    accuracy: f64,
}

impl std::fmt::Debug for dyn Oracle + '_ {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Oracle")
    }
}

impl<'a> Scores<'a> {
    /// Goes on with the scores in a file, which must be of the same supernet, images and space of `counts`; a last line
    /// that was cut off is dropped.
    ///
    /// # Errors
    /// [`SearchError::Read`] naming the line that is wrong; [`SearchError::Write`].
    pub fn open(path: &Path, counts: &[usize], oracle: &'a mut dyn Oracle) -> Result<Self, SearchError> {
        let text = if path.exists() { read_text(path)? } else { String::new() };
        let whole = &text[..text.rfind('\n').map_or(0, |end| end + 1)];
        if whole.len() < text.len() {
            write_atomic(path, |writer| writer.write_all(whole.as_bytes()))?;
        }
        let mut known = HashMap::new();
        for (index, line) in whole.lines().enumerate() {
            let wrong =
                |reason: String| ReadError::Line { path: path.to_owned(), line: index as u64 + 1, reason };
            let line: Line = serde_json::from_str(line).map_err(|error| wrong(error.to_string()))?;
            let fits = line.path.len() == counts.len() && line.path.iter().zip(counts).all(|(c, n)| c < n);
            if !fits || !(0.0..=1.0).contains(&line.accuracy) {
                return Err(wrong("no path of this space with an accuracy of 0 to 1".to_owned()).into());
            }
            known.insert(line.path, line.accuracy);
        }
        Ok(Self { path: path.to_owned(), known, oracle })
    }

    /// The score of a path.
    ///
    /// # Errors
    /// [`SearchError`] of the oracle; [`SearchError::Write`].
    pub fn score(&mut self, path: &[usize]) -> Result<Scored, SearchError> {
        let accuracy = match self.known.get(path) {
            Some(accuracy) => *accuracy,
            None => {
                let accuracy = self.oracle.accuracy(path)?;
                self.keep(Line { path: path.to_vec(), accuracy })?;
                self.known.insert(path.to_vec(), accuracy);
                accuracy
            }
        };
        Ok(Scored { path: path.to_vec(), accuracy })
    }

    fn keep(&self, line: Line) -> Result<(), SearchError> {
        let write = || {
            let mut text = serde_json::to_string(&line)?;
            text.push('\n');
            let mut file = std::fs::OpenOptions::new().create(true).append(true).open(&self.path)?;
            file.write_all(text.as_bytes())
        };
        write().map_err(|source| WriteError { path: self.path.clone(), source }.into())
    }
}

/// The best paths within the targets by the shared weights.
///
/// Evolution begins with what the search learned of the target. All targets share what was looked at: what is found for
/// one is a parent for the others. A front is a function of the search and the effort; taken up again it ends alike.
///
/// # Errors
/// [`SearchError::Target`] for a target that no path meets; [`SearchError::Stopped`]; [`SearchError`] of the oracle.
pub fn front(
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
///
/// # Errors
/// [`SearchError`] of the oracle; [`SearchError::Stopped`].
pub fn points(
    settings: &SearchSettings,
    targets_ms: &[f64],
    finalists: Vec<Vec<usize>>,
    oracle: &mut dyn Oracle,
    watcher: &mut dyn Watcher,
) -> Result<Vec<FrontPoint>, SearchError> {
    let (mut compared, count) = (Population::default(), finalists.len());
    for (index, path) in finalists.into_iter().enumerate() {
        watcher.progress(&Progress::of(FINALISTS, index, count));
        if watcher.stop_requested() {
            return Err(SearchError::Stopped);
        }
        let accuracy = oracle.accuracy(&path)?;
        compared.add(Scored { path, accuracy });
    }
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
