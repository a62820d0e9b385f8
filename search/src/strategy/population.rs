use std::collections::HashSet;

use rand::RngExt;
use rand::seq::{IndexedRandom, SliceRandom};
use rand_pcg::Pcg64;
use serde::{Deserialize, Serialize};

use crate::{error::SearchError, latency::Budget, tensor_file::TensorFile};

/// A path, and the share of images it gets right.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Scored {
    pub(crate) path: Vec<usize>,
    pub(crate) accuracy: f64,
}

/// All paths that were looked at, in that order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Population {
    scored: Vec<Scored>,
    known: HashSet<Vec<usize>>,
}

/// Paths that have children.
const PARENTS: usize = 25;
/// Chance of a block to change in a mutation.
const MUTATION: f64 = 0.15;
/// Tries to find a new path within the budget by mutation or crossover.
const TRIES: usize = 100;

impl Population {
    pub(crate) fn scored(&self) -> &[Scored] {
        &self.scored
    }

    pub(crate) fn knows(&self, path: &[usize]) -> bool {
        self.known.contains(path)
    }

    pub(crate) fn add(&mut self, scored: Scored) {
        self.known.insert(scored.path.clone());
        self.scored.push(scored);
    }

    /// The `count` best paths that `allowed` allows, the best first; of equals the earlier.
    pub(crate) fn best(&self, count: usize, allowed: impl Fn(&[usize]) -> bool) -> Vec<&Scored> {
        let mut all: Vec<&Scored> = self.scored.iter().filter(|scored| allowed(&scored.path)).collect();
        all.sort_by(|a, b| b.accuracy.total_cmp(&a.accuracy));
        all.truncate(count);
        all
    }

    /// A path within the budget that was not looked at, if there seems to be one: a parent mutated, two parents
    /// crossed, or, for want of parents or luck, a random one.
    ///
    /// Parents are the best paths that use the budget, as do children wherever such are found. Source: Cai et al., "Once-for-all", arXiv:1908.09791, and Guo et
    /// al., "Single path one-shot", arXiv:1904.00420: evolution by mutation and crossover over shared weights.
    pub(crate) fn child(&self, budget: &Budget, fresh: &[Vec<usize>], rng: &mut Pcg64) -> Option<Vec<usize>> {
        let parents = self.best(PARENTS, |path| budget.is_used_by(path));
        let is_new = |path: &Vec<usize>| !self.knows(path) && !fresh.contains(path);
        if parents.len() == PARENTS {
            for _ in 0..TRIES {
                let [one, other] = [parents.choose(rng)?, parents.choose(rng)?];
                let child = if rng.random::<bool>() {
                    mutate(&one.path, budget, rng)
                } else {
                    cross(&one.path, &other.path, rng)
                };
                if is_new(&child) && budget.is_used_by(&child) {
                    return Some(child);
                }
            }
        }
        (0..TRIES).map(|_| random_within(budget, rng)).find(is_new)
    }

    /// How often each candidate occurs among the `count` best.
    pub(crate) fn frequencies(
        &self,
        count: usize,
        budget: Option<&Budget>,
        counts: &[usize],
    ) -> Vec<Vec<f64>> {
        let best = self.best(count, |path| budget.is_none_or(|budget| budget.allows(path)));
        let mut frequencies: Vec<Vec<f64>> = counts.iter().map(|&n| vec![0.0; n]).collect();
        if best.is_empty() {
            return counts.iter().map(|&n| vec![1.0 / n as f64; n]).collect();
        }
        for scored in &best {
            for (block, &choice) in frequencies.iter_mut().zip(&scored.path) {
                block[choice] += 1.0 / best.len() as f64;
            }
        }
        frequencies
    }

    pub(crate) fn write(&self, file: &mut TensorFile) {
        let choices: Vec<u64> = self.scored.iter().flat_map(|s| s.path.iter().map(|&c| c as u64)).collect();
        file.insert_counts("population.paths", &choices);
        let accuracies: Vec<f64> = self.scored.iter().map(|scored| scored.accuracy).collect();
        file.insert_numbers("population.accuracies", &accuracies);
    }

    /// That of a checkpoint; `counts` are the candidates of each block.
    pub(crate) fn read(file: &TensorFile, counts: &[usize]) -> Result<Self, SearchError> {
        let (choices, accuracies) =
            (file.counts("population.paths")?, file.numbers("population.accuracies")?);
        let mut population = Self::default();
        let fits = |path: &[u64]| path.iter().zip(counts).all(|(&choice, &count)| choice < count as u64);
        let paths = choices.chunks_exact(counts.len().max(1));
        if paths.len() != accuracies.len() || !paths.clone().all(fits) {
            return Err(SearchError::Checkpoint("`population.paths` is of another space".to_owned()));
        }
        for (path, accuracy) in paths.zip(accuracies) {
            let path = path.iter().map(|&choice| choice as usize).collect();
            population.add(Scored { path, accuracy });
        }
        Ok(population)
    }
}

fn mutate(path: &[usize], budget: &Budget, rng: &mut Pcg64) -> Vec<usize> {
    let blocks = path.iter().zip(&budget.table().blocks_ms);
    let mut mutated = |(&choice, block): (&usize, &Vec<f64>)| {
        if rng.random::<f64>() < MUTATION { rng.random_range(0..block.len()) } else { choice }
    };
    blocks.map(&mut mutated).collect()
}

fn cross(one: &[usize], other: &[usize], rng: &mut Pcg64) -> Vec<usize> {
    one.iter().zip(other).map(|(&a, &b)| if rng.random::<bool>() { a } else { b }).collect()
}

/// A random path that uses a budget that the fastest path meets; of many draws within it the slowest, if none does.
pub(crate) fn random_within(budget: &Budget, rng: &mut Pcg64) -> Vec<usize> {
    let mut slowest = draw_within(budget, rng);
    for _ in 0..TRIES {
        if budget.is_used_by(&slowest) {
            break;
        }
        let drawn = draw_within(budget, rng);
        if budget.table().path_ms(&drawn) > budget.table().path_ms(&slowest) {
            slowest = drawn;
        }
    }
    slowest
}

/// The blocks in random order, each by equal chances among the candidates with which the others can still be fast enough.
fn draw_within(budget: &Budget, rng: &mut Pcg64) -> Vec<usize> {
    let mut path = budget.table().fastest();
    let mut order: Vec<usize> = (0..path.len()).collect();
    order.shuffle(rng);
    for block in order {
        let fits = |choice: &usize| {
            let mut longer = path.clone();
            longer[block] = *choice;
            budget.allows(&longer)
        };
        let candidates: Vec<usize> = (0..budget.table().blocks_ms[block].len()).filter(fits).collect();
        if let Some(&choice) = candidates.choose(rng) {
            path[block] = choice;
        }
    }
    path
}
