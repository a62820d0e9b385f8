//! Which ops to measure on a new device.

use super::OpPrior;
use crate::error::FitError;
use crate::learn::{choose, condition};
use crate::regressor::view;
use crate::rows::Sample;

/// Relative noise of a measurement that is reckoned with, what a prior misses of an op counted in.
const NOISE: f64 = 0.04;
/// How much a new device is thought to differ from known ones at a work term, and in its resemblance to each.
const DIFFERS: (f64, f64) = (0.3, 1.0);

/// An op worth measuring.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct OpSuggestion {
    /// Its key.
    pub key: String,
    /// Share of what is not known of all ops, as variance, that is left once it and those before it are measured.
    pub left: f64,
    /// Its latency by the mean of the known devices, where the (geometric) mean over ops is 1.
    pub relative_latency: f64,
}

/// Chooses `count` of the ops, each the one that leaves least unknown of all of them for what it costs: `fixed_cost` and its
/// own latency, both in mean latencies of an op. Those with a key in `measured` are known already.
///
/// # Errors
/// [`FitError::NoLatency`] for an op that a known device cannot answer.
pub(crate) fn suggest_ops(
    prior: &OpPrior<'_>,
    ops: &[Sample],
    measured: &[String],
    count: usize,
    fixed_cost: f64,
) -> Result<Vec<OpSuggestion>, FitError> {
    let variances = prior.variances(DIFFERS.0, DIFFERS.1);
    let (mut embedded, mut latencies) = (Vec::new(), Vec::new());
    for op in ops {
        let known = prior
            .devices(op.kind(), &op.features)
            .map_err(|e| FitError::NoLatency(format!("{}: {e}", op.key)))?;
        let view = view(&known, &op.features).ok_or_else(|| FitError::no_latency_of(&op.key))?;
        embedded.push(view.features.iter().zip(&variances).map(|(x, v)| x * v.sqrt()).collect::<Vec<f64>>());
        latencies.push(view.mean);
    }
    let is_measured = |index: usize| measured.contains(&ops[index].key);
    for index in (0..ops.len()).filter(|&index| is_measured(index)) {
        condition(&mut embedded, index, NOISE);
    }
    // Measuring one again costs as much as ever and tells hardly anything: it is never worth it.
    let cost = |index: usize| if is_measured(index) { f64::INFINITY } else { fixed_cost + latencies[index] };
    let costs: Vec<f64> = (0..ops.len()).map(cost).collect();
    let free = (0..ops.len()).filter(|&index| !is_measured(index)).count();
    let chosen = choose(embedded, &costs, NOISE, count.min(free)).into_iter().map(|choice| OpSuggestion {
        key: ops[choice.index].key.clone(),
        left: choice.left,
        relative_latency: latencies[choice.index],
    });
    Ok(chosen.collect())
}
