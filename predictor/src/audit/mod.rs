//! What a table is worth: whether its networks are mere sums of ops, which ops carry the error, which rows are doubtful.

mod additivity;
mod attribution;
mod doubtful;
mod impossible;
mod line;
mod parts;

use std::collections::HashMap;

use profiler::record::{Cache, Level, Row};
use serde::Serialize;

pub use additivity::{Additivity, Verdict};
pub use attribution::OpEffect;
pub use doubtful::{Doubt, DoubtfulRow};
pub use line::Estimate;
pub use parts::PartsFit;

use crate::error::PredictorError;
use crate::nasbench201::cell_of;
use crate::rows::{Measurements, Sample, believable, noisy, op_samples};

/// What an audit found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Audit {
    /// For each cache state of the ops and of the networks, how far networks are sums of their measured ops.
    pub sums: Vec<Additivity>,
    /// How far networks are sums of parts that were not measured by themselves; nothing with too few networks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parts: Option<PartsFit>,
    /// Ops, by how surely networks that have them are off the sum, in the states whose sums fit best.
    pub ops: Vec<OpEffect>,
    /// Rows not to trust unseen.
    pub doubtful: Vec<DoubtfulRow>,
    /// Ops measured inside of networks that no model is fitted on: faster than their kind can be, or too short to tell.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub not_fitted: Vec<String>,
    /// Half width of the rows' 95 % intervals, relative, median over the rows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub usual_half_width: Option<f64>,
    /// Rows audited.
    pub rows: usize,
}

/// A measured network whose ops were all measured.
#[derive(Clone, Debug)]
struct Whole {
    /// Keys of its ops.
    ops: Vec<String>,
    /// Sum of its ops, and its own latency; milliseconds.
    sum_ms: f64,
    latency_ms: f64,
    /// Relative noise of the sum and of the latency.
    noise: f64,
}

impl Audit {
    /// Audits one or more tables that belong together, by the measurements that models are fitted on: of ops in several networks those in
    /// each.
    ///
    /// # Errors
    /// [`PredictorError::Spec`] for a subject that is no op key.
    pub fn of(measurements: &Measurements) -> Result<Self, PredictorError> {
        let rows = measurements.rows.as_slice();
        let mut not_fitted = Vec::new();
        let mut sums = Vec::new();
        let mut best: Option<(f64, Vec<OpEffect>)> = None;
        for op_cache in [Cache::Hot, Cache::Cold, Cache::InPlace] {
            let samples = op_samples(rows, &measurements.repeats, op_cache)?;
            if samples.is_empty() {
                continue;
            }
            let ops: HashMap<&str, &Sample> = samples.iter().map(|of| (of.key.as_str(), of)).collect();
            if op_cache == Cache::InPlace {
                let fitted = believable(samples.clone());
                let is_fitted = |key: &str| fitted.binary_search_by(|of| of.key.as_str().cmp(key)).is_ok();
                not_fitted.extend(samples.iter().filter(|of| !is_fitted(&of.key)).map(|of| of.key.clone()));
            }
            for network_cache in [Cache::Hot, Cache::Cold, Cache::InPlace] {
                let (wholes, unknown_ops) = wholes(rows, network_cache, &ops);
                let Some(found) = Additivity::of(op_cache, network_cache, &wholes, unknown_ops) else {
                    continue;
                };
                if let Some(error) = found.loo_mape
                    && best.as_ref().is_none_or(|(least, _)| error < *least)
                {
                    best = Some((error, attribution::effects(&wholes)));
                }
                sums.push(found);
            }
        }
        let ops = best.map(|(_, ops)| ops).unwrap_or_default();
        Ok(Self {
            parts: parts::fit(&parts_of(rows)),
            sums,
            ops,
            doubtful: doubtful::find(rows)?,
            not_fitted,
            usual_half_width: doubtful::usual_half_width(rows),
            rows: rows.len(),
        })
    }
}

/// Latency and relative noise of an op, by what was measured of it elsewhere than in a network, if anything was: what a network
/// says of its own ops is bound to sum up to it.
fn elsewhere(op: &Sample, network: &str) -> (f64, f64) {
    let others = op.repeats.iter().filter(|repeat| repeat.group.as_deref() != Some(network));
    let logs: Vec<f64> = others.map(|repeat| repeat.latency_ms.ln()).collect();
    let count = logs.len() as f64;
    match logs.len() {
        0 => (op.latency_ms, op.noise),
        _ => ((logs.iter().sum::<f64>() / count).exp(), op.noise * (op.measurements as f64 / count).sqrt()),
    }
}

/// The networks whose ops were all measured, and the number of those of which some was not.
fn wholes(rows: &[Row], cache: Cache, ops: &HashMap<&str, &Sample>) -> (Vec<Whole>, usize) {
    let is_known = |row: &&Row| row.level == Level::Network && row.cache == cache && !row.ops.is_empty();
    let networks: Vec<&Row> = rows.iter().filter(is_known).collect();
    let whole = |row: &&Row| {
        let keys: Vec<String> = row.ops.split_whitespace().map(str::to_owned).collect();
        let of_op = |key: &String| Some(elsewhere(ops.get(key.as_str())?, &row.subject));
        let known = keys.iter().map(of_op).collect::<Option<Vec<_>>>()?;
        let sum_ms: f64 = known.iter().map(|(ms, _)| ms).sum();
        let variance: f64 = known.iter().map(|(ms, noise)| (ms * noise / sum_ms).powi(2)).sum();
        let (latency_ms, own) = noisy(row);
        Some(Whole { ops: keys, sum_ms, latency_ms, noise: variance.sqrt().hypot(own) })
    };
    let wholes: Vec<Whole> = networks.iter().filter_map(whole).collect();
    let unknown = networks.len() - wholes.len();
    (wholes, unknown)
}

/// Networks as lists of parts, in the first cache state that there is: ops, or a cell's edges with their ops.
fn parts_of(rows: &[Row]) -> Vec<(Vec<String>, f64)> {
    let of_state = |cache: Cache| {
        let networks = rows.iter().filter(|row| row.level == Level::Network && row.cache == cache);
        let parts = networks.filter_map(|row| {
            let names: Vec<String> = match cell_of(row) {
                Some(cell) => edges(&cell.to_string()),
                None => row.ops.split_whitespace().map(str::to_owned).collect(),
            };
            (!names.is_empty()).then_some((names, row.latency_ms))
        });
        parts.collect::<Vec<_>>()
    };
    let found = [Cache::Hot, Cache::Cold, Cache::InPlace].map(of_state);
    found.into_iter().find(|networks| !networks.is_empty()).unwrap_or_default()
}

/// `|nor_conv_3x3~0|+|skip~0|none~1|` as edges with their ops, one after the other.
fn edges(arch: &str) -> Vec<String> {
    let ops = arch.split(['|', '+']).filter(|op| !op.is_empty());
    ops.enumerate().map(|(edge, op)| format!("edge {edge}: {op}")).collect()
}

#[cfg(test)]
mod tests;
