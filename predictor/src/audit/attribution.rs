//! Which ops carry the error: whether networks that have an op are off the sum more than those that have it not.

use std::collections::BTreeSet;

use profiler::compare::benjamini_hochberg;
use rand::{SeedableRng, seq::SliceRandom};
use rand_pcg::Pcg64;
use serde::Serialize;

use super::{Whole, line::Line};

/// Share of false findings among those called significant.
const FALSE_FINDINGS: f64 = 0.1;
/// Shuffles of a permutation test at most, and additions that all of them may take.
const SHUFFLES: usize = 5000;
const WORK: usize = 200_000_000;
/// Networks with and without an op from which its effect can be determined.
const FEWEST: usize = 3;

/// How far off the sum networks with an op are.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpEffect {
    /// Op key.
    pub op: String,
    /// Networks that have it.
    pub networks_with: usize,
    /// Networks that have it not.
    pub networks_without: usize,
    /// Mean error of networks with it less that of those without, in milliseconds: what the op costs in a network beyond
    /// what it costs by itself. The error of a network is against the line fitted to the others.
    pub effect_ms: f64,
    /// Chance of an effect as large if networks had the op by chance, by shuffling.
    pub p_value: f64,
    /// Whether it stands out among all ops (Benjamini-Hochberg, one false finding in ten). Ops that go together share an
    /// effect: which of them is the cause remains open.
    pub significant: bool,
}

/// The effects of all ops that some networks have and others not, surest first.
pub(super) fn effects(wholes: &[Whole]) -> Vec<OpEffect> {
    let points: Vec<(f64, f64)> = wholes.iter().map(|whole| (whole.sum_ms, whole.latency_ms)).collect();
    let Some(line) = Line::fit(&points) else { return Vec::new() };
    let errors_ms = line.left_out.iter().zip(wholes).map(|(error, whole)| error * whole.latency_ms);
    let errors_ms: Vec<f64> = errors_ms.collect();
    let keys: BTreeSet<&str> = wholes.iter().flat_map(|whole| &whole.ops).map(String::as_str).collect();
    let members = |key: &str| -> Vec<bool> {
        wholes.iter().map(|whole| whole.ops.iter().any(|op| op == key)).collect()
    };
    let enough = |has: &[bool]| {
        let with = has.iter().filter(|has| **has).count();
        with.min(has.len() - with) >= FEWEST
    };
    let all = keys.into_iter().map(|key| (key, members(key)));
    let all: Vec<(&str, Vec<bool>)> = all.filter(|(_, has)| enough(has)).collect();
    let shuffles = (WORK / (all.len() * wholes.len()).max(1)).clamp(200, SHUFFLES);
    let effects = all.iter().map(|(key, has)| effect(key, has, &errors_ms, shuffles));
    let mut effects: Vec<OpEffect> = effects.collect();
    effects.sort_by(|a, b| {
        a.p_value.total_cmp(&b.p_value).then(b.effect_ms.abs().total_cmp(&a.effect_ms.abs()))
    });
    let corrected = benjamini_hochberg(&effects.iter().map(|effect| effect.p_value).collect::<Vec<_>>());
    effects.iter_mut().zip(corrected).for_each(|(effect, q)| effect.significant = q <= FALSE_FINDINGS);
    effects
}

fn effect(key: &str, has: &[bool], errors_ms: &[f64], shuffles: usize) -> OpEffect {
    let with = has.iter().filter(|has| **has).count();
    let total: f64 = errors_ms.iter().sum();
    let difference = |sum_with: f64| sum_with / with as f64 - (total - sum_with) / (has.len() - with) as f64;
    let sum_with = errors_ms.iter().zip(has).filter(|(_, has)| **has).map(|(error, _)| error).sum();
    let effect_ms = difference(sum_with);
    let mut random = Pcg64::seed_from_u64(0);
    let mut shuffled = errors_ms.to_vec();
    let as_large = (0..shuffles).filter(|_| {
        let (drawn, _) = shuffled.partial_shuffle(&mut random, with);
        difference(drawn.iter().sum()).abs() >= effect_ms.abs() * (1.0 - 1e-12)
    });
    let p_value = (as_large.count() + 1) as f64 / (shuffles + 1) as f64;
    let (op, networks_with, networks_without) = (key.to_owned(), with, has.len() - with);
    OpEffect { op, networks_with, networks_without, effect_ms, p_value, significant: false }
}
