//! Which rule a device's delegate follows, determined from latencies.

use std::collections::BTreeMap;

use crate::learn::{BoostedTrees, Growth};
use crate::regressor::{FOLDS, Regressor, WorkTerms, assign_folds, log_residuals};
use crate::rows::Sample;
use crate::work::{DelegateRule, descriptors, is_ruled};

/// Fewer convolutions show nothing.
const FEWEST: usize = 120;
/// How much better trees must be with a rule than without one.
const CLEARLY_BETTER: f64 = 0.98;
/// Parts that are left out, of two folds each.
const PARTS: usize = FOLDS / 2;
/// Fewer trees than a model has, and larger steps: rules are only compared.
const GROWTH: Growth =
    Growth { trees: 100, depth: 5, leaf_rows: 5, rate: 0.15, share: 0.6, inputs: 0.5, shrinkage: 2.0 };

/// The rule with which trees are least wrong about convolutions left out, group by group; nothing where none helps, or
/// where too few convolutions were launched by a delegate.
pub(crate) fn choose(samples: &[Sample], seed: u64) -> Option<DelegateRule> {
    let convolutions = of_one_kind(samples);
    if convolutions.len() < FEWEST {
        return None;
    }
    let rows: Vec<&Sample> = convolutions.iter().collect();
    let terms = WorkTerms::fit(&rows, &WorkTerms::settings(&rows)).ok()?;
    let residuals = log_residuals(&rows, &terms);
    let parts: Vec<usize> = assign_folds(&convolutions, seed).into_iter().map(|fold| fold % PARTS).collect();
    let error = |rule: Option<DelegateRule>| {
        let point = |s: &Sample| descriptors(&s.features, rule);
        let points: Vec<Vec<f64>> = convolutions.iter().map(point).collect();
        (0..PARTS).map(|part| error_of_part(&points, &residuals, &parts, part)).sum::<f64>()
    };
    let without = error(None);
    let scored = DelegateRule::KNOWN.into_iter().map(|rule| (rule, error(Some(rule))));
    let (rule, least) = scored.min_by(|a, b| a.1.total_cmp(&b.1))?;
    (least < CLEARLY_BETTER * without).then_some(rule)
}

/// Sum of the absolute errors on the rows of a part, of trees fitted to the others.
fn error_of_part(points: &[Vec<f64>], residuals: &[f64], parts: &[usize], part: usize) -> f64 {
    let (inside, outside): (Vec<usize>, Vec<usize>) = (0..points.len()).partition(|i| parts[*i] == part);
    let rest: Vec<Vec<f64>> = outside.iter().map(|&i| points[i].clone()).collect();
    let targets: Vec<f64> = outside.iter().map(|&i| residuals[i]).collect();
    let trees = BoostedTrees::fit(&rest, &targets, &GROWTH, 0);
    inside.iter().map(|&i| (trees.predict(&points[i]) - residuals[i]).abs()).sum()
}

/// Convolutions that rules speak of, of the kernel that most of them ran.
fn of_one_kind(samples: &[Sample]) -> Vec<Sample> {
    let ruled = samples.iter().filter(|s| s.features.launched.is_some_and(is_ruled));
    let mut by_kind = BTreeMap::<&str, Vec<Sample>>::new();
    ruled.for_each(|s| by_kind.entry(s.kind()).or_default().push(s.clone()));
    by_kind.into_values().max_by_key(Vec::len).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::{Amount, Class, OpEntry, inputs};

    /// Convolutions of many sizes, in thirty groups, by a law of the op and of how a rule cuts it up.
    fn samples(law: impl Fn(&OpEntry) -> f64) -> Vec<Sample> {
        let mut samples = Vec::new();
        for (place, hw) in [7_u32, 14, 28, 56].into_iter().enumerate() {
            for step in 0..80_u32 {
                let (c, o) = (16 + 8 * (step * 7 % 40), 8 + 4 * (step * 13 % 80 + place as u32));
                let key = format!("convolution@conv-{hw}x{hw}x{c}-{hw}x{hw}x{o}-k1-s1-g1+relu");
                let op: OpEntry = key.parse().unwrap();
                let (latency_ms, group) = (law(&op), Some(format!("network {}", samples.len() % 30)));
                samples.push(Sample { group, ..Sample::of(op, latency_ms, 0.01) });
            }
        }
        samples
    }

    #[test]
    fn latencies_that_go_by_a_rule_show_which() {
        for rule in [DelegateRule::Mali { cores: 12 }, DelegateRule::Adreno { lanes: 256 }] {
            // Every group takes as long as its lanes' outputs have steps.
            let by_rule = |op: &OpEntry| {
                let [block, _, groups, ..] = inputs(op.features.launched, Some(rule));
                1e-6 * (block + groups).exp() * op.features.sizes[2].exp()
            };
            assert_eq!(choose(&samples(by_rule), 0), Some(rule));
        }
    }

    #[test]
    fn latencies_that_go_by_work_alone_show_none_and_neither_do_few() {
        let by_work = |op: &OpEntry| 0.01 + op.features.amount(Class::Pointwise, Amount::Macs);
        assert_eq!(choose(&samples(by_work), 0), None);
        let few: Vec<Sample> = samples(by_work).into_iter().take(FEWEST - 1).collect();
        assert_eq!(choose(&few, 0), None);
        // Ops of ours are launched by no delegate.
        let ours = crate::device::test_rows::small_space_samples(0.0);
        assert_eq!(choose(&ours, 0), None);
    }
}
