//! From probabilities to one network.

use crate::{SearchError, latency::LatencyTable};

/// The path of largest probability among those whose latency is at most `budget_ms`, exactly.
///
/// The logarithm of a path's probability and its latency are both sums over the blocks: a multiple-choice knapsack.
/// Block by block the partial paths are kept that no other one beats in both. Source: Kellerer, Pferschy, Pisinger,
/// "Knapsack problems", §11 (dynamic programming by lists, with dominance).
///
/// # Errors
/// [`SearchError::Target`] when no path is that fast.
pub fn most_probable_within(
    probabilities: &[Vec<f64>],
    table: &LatencyTable,
    budget_ms: f64,
) -> Result<Vec<usize>, SearchError> {
    let mut partial = vec![Partial { ms: table.constant_ms, log_probability: 0.0, choices: Vec::new() }];
    for (block, costs) in probabilities.iter().zip(&table.blocks_ms) {
        let mut longer: Vec<Partial> = partial
            .iter()
            .flat_map(|start| {
                let candidates = block.iter().zip(costs).enumerate();
                candidates.map(|(choice, (probability, ms))| start.with(choice, *probability, *ms))
            })
            .filter(|path| path.ms <= budget_ms)
            .collect();
        longer.sort_by(|a, b| a.ms.total_cmp(&b.ms).then(b.log_probability.total_cmp(&a.log_probability)));
        let mut best = f64::NEG_INFINITY;
        longer.retain(|path| {
            let better = path.log_probability > best;
            best = best.max(path.log_probability);
            better
        });
        partial = longer;
    }
    // The last one is the slowest, and would not be there if a faster one were as probable.
    let (fastest_ms, slowest_ms) = table.range_ms();
    let impossible = SearchError::Target { target_ms: budget_ms, fastest_ms, slowest_ms };
    partial.pop().map(|path| path.choices).ok_or(impossible)
}

/// The first blocks of a path.
struct Partial {
    ms: f64,
    log_probability: f64,
    choices: Vec<usize>,
}

impl Partial {
    fn with(&self, choice: usize, probability: f64, ms: f64) -> Self {
        let mut choices = self.choices.clone();
        choices.push(choice);
        // Even what is as good as impossible can be compared with what is more so.
        let log_probability = self.log_probability + probability.max(f64::MIN_POSITIVE).ln();
        Self { ms: self.ms + ms, log_probability, choices }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::alpha::softmax;
    use proptest::prelude::*;

    /// The best path by trying all of them: its log-probability.
    fn by_force(p: &[Vec<f64>], table: &LatencyTable, budget_ms: f64) -> Option<f64> {
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
            let table = LatencyTable { constant_ms: 0.3, blocks_ms };
            let (fastest, slowest) = table.range_ms();
            let budget_ms = fastest + share * (slowest - fastest);
            let found = most_probable_within(&p, &table, budget_ms);
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
    fn an_impossible_budget_says_what_the_fastest_network_needs() {
        let table = LatencyTable { constant_ms: 1.0, blocks_ms: vec![vec![0.5, 2.0]] };
        let error = most_probable_within(&[vec![0.5, 0.5]], &table, 1.4).unwrap_err().to_string();
        assert!(error.contains("fastest network of the space takes 1.5"), "{error}");
    }
}
