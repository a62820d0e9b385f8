//! From probabilities to one network.

use super::ExpectedLatency;
use crate::error::SearchError;

/// Worth of using the whole budget, in units of log-probability, for which a finalist is looked for.
const WORTHS: [f64; 5] = [200.0, 100.0, 30.0, 10.0, 0.0];

/// Paths within the budget that are worth comparing: first one that uses nearly all of it, last the most probable one.
/// Each differs from the others.
///
/// Late in a search all that was not chosen is nearly equally improbable: the most probable path within the budget may
/// then have a small block where a large one would have done, and leave much of the budget.
pub(super) fn finalists(
    probabilities: &[Vec<f64>],
    table: &ExpectedLatency,
    budget_ms: f64,
) -> Result<Vec<Vec<usize>>, SearchError> {
    let mut found = Vec::new();
    for worth in WORTHS {
        let choices = best_within(probabilities, table, budget_ms, worth / budget_ms)?;
        if !found.contains(&choices) {
            found.push(choices);
        }
    }
    Ok(found)
}

/// The path of largest log-probability plus `worth_per_ms` times its latency, within the budget, exactly.
///
/// Both are sums over the blocks: a multiple-choice knapsack.
/// Block by block the partial paths are kept that no other one beats in both. Source: Kellerer, Pferschy, Pisinger,
/// "Knapsack problems", §11 (dynamic programming by lists, with dominance).
pub(crate) fn best_within(
    probabilities: &[Vec<f64>],
    table: &ExpectedLatency,
    budget_ms: f64,
    worth_per_ms: f64,
) -> Result<Vec<usize>, SearchError> {
    let mut partial = vec![Partial { ms: table.constant_ms, score: 0.0, choices: Vec::new() }];
    for (block, costs) in probabilities.iter().zip(&table.blocks_ms) {
        let mut longer: Vec<Partial> = partial
            .iter()
            .flat_map(|start| {
                let candidates = block.iter().zip(costs).enumerate();
                candidates.map(|(choice, (probability, ms))| {
                    // Even what is as good as impossible can be compared with what is more so.
                    let score = probability.max(f64::MIN_POSITIVE).ln() + worth_per_ms * ms;
                    start.with(choice, score, *ms)
                })
            })
            .filter(|path| path.ms <= budget_ms)
            .collect();
        longer.sort_by(|a, b| a.ms.total_cmp(&b.ms).then(b.score.total_cmp(&a.score)));
        let mut best = f64::NEG_INFINITY;
        longer.retain(|path| {
            let better = path.score > best;
            best = best.max(path.score);
            better
        });
        partial = longer;
    }
    // The last one is the slowest, and would not be there if a faster one were as good.
    let (fastest_ms, slowest_ms) = table.range_ms();
    let impossible = SearchError::Target { target_ms: budget_ms, fastest_ms, slowest_ms };
    partial.pop().map(|path| path.choices).ok_or(impossible)
}

/// The first blocks of a path.
struct Partial {
    ms: f64,
    score: f64,
    choices: Vec<usize>,
}

impl Partial {
    fn with(&self, choice: usize, score: f64, ms: f64) -> Self {
        let mut choices = self.choices.clone();
        choices.push(choice);
        Self { ms: self.ms + ms, score: self.score + score, choices }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::alpha::softmax;
    use proptest::prelude::*;

    /// The best path by trying all of them: its log-probability.
    fn by_force(p: &[Vec<f64>], table: &ExpectedLatency, budget_ms: f64) -> Option<f64> {
        let mut best = None;
        let total: usize = p.iter().map(Vec::len).product();
        for mut code in 0..total {
            let mut choices = Vec::new();
            for block in p {
                choices.push(code % block.len());
                code /= block.len();
            }
            let log: f64 = choices.iter().zip(p).map(|(&choice, block)| block[choice].ln()).sum();
            if table.path_ms(&choices) <= budget_ms && best.is_none_or(|best| log > best) {
                best = Some(log);
            }
        }
        best
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]
        #[test]
        fn it_is_what_trying_all_paths_finds(
            blocks in proptest::collection::vec(proptest::collection::vec((-3.0..3.0_f64, 0.0..1.0_f64), 1..5), 1..6),
            share in -0.1..1.1_f64,
        ) {
            let p: Vec<_> =
                blocks.iter().map(|block| softmax(&block.iter().map(|c| c.0).collect::<Vec<_>>())).collect();
            let blocks_ms = blocks.iter().map(|block| block.iter().map(|c| c.1).collect()).collect();
            let table = ExpectedLatency { constant_ms: 0.3, blocks_ms };
            let (fastest, slowest) = table.range_ms();
            let budget_ms = fastest + share * (slowest - fastest);
            let found = best_within(&p, &table, budget_ms, 0.0);
            match by_force(&p, &table, budget_ms) {
                None => prop_assert!(found.is_err()),
                Some(expected) => {
                    let choices = found.unwrap();
                    prop_assert!(table.path_ms(&choices) <= budget_ms);
                    let log: f64 = choices.iter().zip(&p).map(|(&choice, block)| block[choice].ln()).sum();
                    prop_assert!((log - expected).abs() < 1e-9, "{} {}", log, expected);
                }
            }
        }
    }

    #[test]
    fn a_finalist_uses_the_budget_that_the_most_probable_path_leaves() {
        // All first ones would take 1 + 4 · 1 = 5 ms, over the budget of 4.9. Giving up block 0 leaves 0.9 ms of it and
        // costs ln 9 = 2.2 nats, giving up block 3 leaves none and costs ln (0.905 / 0.095) = 2.25.
        let p: Vec<Vec<f64>> = vec![vec![0.9, 0.1], vec![0.9, 0.1], vec![0.9, 0.1], vec![0.905, 0.095]];
        let blocks_ms = vec![vec![1.0, 0.0], vec![1.0, 0.0], vec![1.0, 0.0], vec![1.0, 0.9]];
        let table = ExpectedLatency { constant_ms: 1.0, blocks_ms };
        let found = finalists(&p, &table, 4.9).unwrap();
        assert_eq!(found[0], [0, 0, 0, 1]);
        assert_eq!(found.iter().map(|choices| table.path_ms(choices)).fold(5.0, f64::min), 4.0);
        assert!(found.iter().all(|choices| table.path_ms(choices) <= 4.9 + 1e-12), "{found:?}");
    }

    #[test]
    fn an_impossible_budget_says_what_the_fastest_network_needs() {
        let table = ExpectedLatency { constant_ms: 1.0, blocks_ms: vec![vec![0.5, 2.0]] };
        let error = best_within(&[vec![0.5, 0.5]], &table, 1.4, 0.0).unwrap_err().to_string();
        assert!(error.contains("fastest network of the space needs 1.5"), "{error}");
    }
}
