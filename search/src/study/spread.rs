//! Networks that are spread evenly over a space, from the one with the least work to the one with the most.

use std::collections::BTreeSet;

use profiler::spec::{Candidate, SearchSpace};
use rand_pcg::Pcg64;

use crate::alpha::{draw, softmax};

/// Networks drawn for each place, of which the closest is taken.
const DRAWN: usize = 50;

/// Up to `count` different paths of a space whose multiply-accumulates lie evenly between the least and the most.
///
/// Uniformly random paths have nearly all about half of the work: a line through their latencies says little of its ends.
/// Here each path is drawn with probabilities proportional to exp(t · work), t such that the expected work is that of its
/// place; of several the closest is taken that is not there yet.
pub(super) fn spread(space: &SearchSpace, count: usize, rng: &mut Pcg64) -> Vec<Vec<usize>> {
    let work = |candidate: &Candidate| candidate.op().map_or(0.0, |op| op.macs().0 as f64);
    let blocks: Vec<Vec<f64>> =
        space.blocks().iter().map(|block| block.candidates.iter().map(work).collect()).collect();
    let sum = |path: &[usize]| blocks.iter().zip(path).map(|(block, &choice)| block[choice]).sum::<f64>();
    let end = |pick: fn(f64, f64) -> f64| -> f64 {
        blocks.iter().filter_map(|block| block.iter().copied().reduce(pick)).sum()
    };
    let (least, most) = (end(f64::min), end(f64::max));
    let (mut seen, mut paths) = (BTreeSet::new(), Vec::new());
    for index in 0..count {
        let place = least + (most - least) * (index as f64 + 0.5) / count as f64;
        let tilted = tilted(&blocks, place, most - least);
        let drawn = (0..DRAWN).map(|_| tilted.iter().map(|block| draw(block, rng)).collect::<Vec<_>>());
        let off = |path: &Vec<usize>| (sum(path) - place).abs();
        let closest = drawn.filter(|path| !seen.contains(path)).min_by(|a, b| off(a).total_cmp(&off(b)));
        if let Some(path) = closest {
            seen.insert(path.clone());
            paths.push(path);
        }
    }
    paths
}

/// Probabilities proportional to exp(t · work) whose expected work is `place`; t by bisection.
fn tilted(blocks: &[Vec<f64>], place: f64, range: f64) -> Vec<Vec<f64>> {
    let at = |tilt: f64| -> Vec<Vec<f64>> {
        let scaled =
            |block: &Vec<f64>| block.iter().map(|work| tilt * work / range.max(1.0)).collect::<Vec<_>>();
        blocks.iter().map(|block| softmax(&scaled(block))).collect()
    };
    let expected = |probabilities: &[Vec<f64>]| -> f64 {
        let pairs = probabilities.iter().zip(blocks);
        pairs.flat_map(|(p, work)| p.iter().zip(work)).map(|(p, work)| p * work).sum()
    };
    let (mut low, mut high) = (-1000.0, 1000.0);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if expected(&at(middle)) < place { low = middle } else { high = middle }
    }
    at(0.5 * (low + high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::{Purpose, generator};
    use profiler::spec::SpaceFile;

    #[test]
    fn they_reach_from_end_to_end_and_random_ones_do_not() {
        let space = SpaceFile::built_in("proxylessnas-wide").unwrap().resolve().unwrap();
        let macs = |path: &[usize]| space.network("n", path).unwrap().macs().0 as f64;
        let mut rng = generator(0, Purpose::Profiled, 0);
        let paths = spread(&space, 20, &mut rng);
        assert_eq!(paths.iter().collect::<BTreeSet<_>>().len(), 20);
        let counts = space.blocks().iter().map(|block| block.candidates.len());
        let end = |sign: f64| {
            let of = |block: usize, choice: usize| {
                sign * space.blocks()[block].candidates[choice].op().map_or(0.0, |op| op.macs().0 as f64)
            };
            let best = |(block, count): (usize, usize)| {
                (0..count).max_by(|&a, &b| of(block, a).total_cmp(&of(block, b))).unwrap()
            };
            macs(&counts.clone().enumerate().map(best).collect::<Vec<_>>())
        };
        let (least, most) = (end(-1.0), end(1.0));
        for (index, path) in paths.iter().enumerate() {
            let share = (macs(path) - least) / (most - least);
            let place = (index as f64 + 0.5) / 20.0;
            assert!((share - place).abs() < 0.05, "{share} at {place}");
        }
        let random: Vec<f64> = (0..20).map(|_| macs(&space.random_choices(&mut rng))).collect();
        let range = random.iter().fold(f64::NEG_INFINITY, |a, &b| a.max(b))
            - random.iter().fold(f64::INFINITY, |a, &b| a.min(b));
        assert!(range < 0.8 * (most - least), "{range} of {}", most - least);
    }
}
