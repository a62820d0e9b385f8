//! The table of a network's layers.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{InPlace, attribute};
use crate::measure::{median, median_interval};
use crate::onnx::Outline;

/// A figure over rounds and its 95 % confidence interval, in milliseconds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Estimate {
    /// The whole's median; a layer's mean over the rounds in the middle, so that layers add up.
    pub latency_ms: f64,
    /// Lower end of the interval.
    pub ci_low_ms: f64,
    /// Upper end of the interval.
    pub ci_high_ms: f64,
}

impl Estimate {
    /// Of nanoseconds, one per round; never below zero. Without six rounds there is no interval: `None`.
    pub(super) fn of(round_ns: &[f64]) -> Option<Self> {
        let (centre, interval) = (median(round_ns)?, median_interval(round_ns)?);
        Some(Self::in_ms(centre, interval.low, interval.high))
    }

    /// The mean over some of the rounds; its interval is the median's, widened to hold it.
    pub(super) fn over(round_ns: &[f64], rounds: &[usize]) -> Option<Self> {
        let interval = median_interval(round_ns)?;
        let mean = rounds.iter().map(|round| round_ns[*round]).sum::<f64>() / rounds.len() as f64;
        Some(Self::in_ms(mean, interval.low.min(mean), interval.high.max(mean)))
    }

    fn in_ms(ns: f64, low: f64, high: f64) -> Self {
        let ms = |ns: f64| ns.max(0.0) / 1e6;
        Self { latency_ms: ms(ns), ci_low_ms: ms(low), ci_high_ms: ms(high) }
    }
}

/// Rounds but those in which the nodes together took the least or most: a quarter at each end, as where a machine changed its
/// speed between plain and traced runs. The same for all layers, since medians of parts do not add up to that of the whole.
pub(super) fn middle_rounds(in_place: &InPlace) -> Vec<usize> {
    let sum = |round: usize| in_place.nodes.iter().map(|node| node.round_ns[round]).sum::<f64>();
    let sums: Vec<f64> = (0..in_place.whole_ns.len()).map(sum).collect();
    let mut rounds: Vec<usize> = (0..sums.len()).collect();
    rounds.sort_by(|a, b| sums[*a].total_cmp(&sums[*b]));
    let cut = rounds.len() / 4;
    rounds[cut..rounds.len() - cut].to_vec()
}

/// One layer.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerRow {
    /// Its name in the model, or what only the runtime knows.
    pub layer: String,
    /// ONNX operators it computes, joined by `+`; empty for what only the runtime knows.
    pub operators: String,
    /// The runtime's nodes, in running order.
    pub runtime_nodes: Vec<String>,
    /// The runtime's operators, each once.
    pub runtime_operators: Vec<String>,
    /// Key of the op it is a part of, in networks that Tailor exported.
    pub op: Option<String>,
    /// Its time inside the network.
    #[serde(flatten)]
    pub time: Estimate,
    /// Of the whole network's time; all shares and the runtime's add up to 1.
    pub share: f64,
    /// Multiply-accumulates; `None` where they cannot be told.
    pub macs: Option<u64>,
    /// Billions of multiply-accumulates per second; `None` without any.
    pub gmacs_per_s: Option<f64>,
}

/// One op of a network that Tailor exported; where it stands several times, the mean of them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct OpRow {
    /// Op key.
    pub op: String,
    /// How often it stands in the network.
    pub count: usize,
    /// Its time inside the network.
    #[serde(flatten)]
    pub time: Estimate,
    /// Times of a run in milliseconds, one per round, drift-corrected.
    #[serde(skip)]
    pub round_ms: Vec<f64>,
}

/// A network's layers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LayerTable {
    /// A plain run, taken in turns with the traced ones.
    pub whole: Estimate,
    /// Layers in running order.
    pub layers: Vec<LayerRow>,
    /// Sum of the layers in milliseconds.
    pub sum_ms: f64,
    /// That sum over the whole.
    pub sum_over_whole: f64,
    /// What the layers leave of the whole in milliseconds: the runtime's work between nodes. Negative when they exceed it.
    pub runtime_ms: f64,
    /// The same over the whole.
    pub runtime_share: f64,
    /// Multiply-accumulates of all layers; `None` where one of them cannot be told.
    pub macs: Option<u64>,
    /// Those of the layers of which they can be told.
    pub known_macs: u64,
    /// Ops in the network's order; empty for models from elsewhere.
    pub ops: Vec<OpRow>,
    /// Nodes of the model that no layer computes, such as constants.
    pub not_run: Vec<String>,
    /// Traced runs behind the figures.
    pub runs: u64,
    /// Traced runs dropped because the thread was pre-empted.
    pub dropped_runs: u64,
    /// Whether the machine was too busy for undisturbed runs, so that the figures rest on pre-empted ones.
    pub is_preempted: bool,
    /// What noting a node added to its time in nanoseconds; taken off.
    pub node_cost_ns: f64,
}

impl LayerTable {
    /// The table of what tracing gave. `macs` are those of the model's nodes, by position.
    ///
    /// `None` if there are fewer than six rounds, or a run takes no time.
    pub fn of(in_place: &InPlace, outline: &Outline, macs: &BTreeMap<usize, u64>) -> Option<Self> {
        let whole = Estimate::of(&in_place.whole_ns).filter(|whole| whole.latency_ms > 0.0)?;
        let layers = attribute(&in_place.nodes, outline, macs);
        let middle = middle_rounds(in_place);
        let mut rows = Vec::with_capacity(layers.len());
        let mut per_op = vec![vec![0.0; in_place.whole_ns.len()]; outline.ops.len()];
        let mut has_home = vec![false; outline.nodes.len()];
        for layer in layers {
            let nodes = || layer.runtime_nodes.iter().map(|node| &in_place.nodes[*node]);
            let mut round_ns = vec![0.0; in_place.whole_ns.len()];
            for node in nodes() {
                round_ns.iter_mut().zip(&node.round_ns).for_each(|(sum, ns)| *sum += ns);
            }
            if let Some(op) = layer.op {
                per_op[op].iter_mut().zip(&round_ns).for_each(|(sum, ns)| *sum += ns);
            }
            let operators: Vec<_> =
                layer.model_nodes.iter().map(|node| &*outline.nodes[*node].operator).collect();
            layer.model_nodes.iter().for_each(|node| has_home[*node] = true);
            let mut runtime_operators: Vec<String> = Vec::new();
            for node in nodes() {
                if !runtime_operators.contains(&node.operator) {
                    runtime_operators.push(node.operator.clone());
                }
            }
            let time = Estimate::over(&round_ns, &middle)?;
            let rate =
                |macs: u64| (macs > 0 && time.latency_ms > 0.0).then(|| macs as f64 / time.latency_ms / 1e6);
            rows.push(LayerRow {
                layer: layer.name,
                operators: operators.join("+"),
                runtime_nodes: nodes().map(|node| node.name.clone()).collect(),
                runtime_operators,
                op: layer.op.map(|op| outline.ops[op].key()),
                time,
                share: time.latency_ms / whole.latency_ms,
                macs: layer.macs,
                gmacs_per_s: layer.macs.and_then(rate),
            });
        }
        let sum_ms: f64 = rows.iter().map(|row| row.time.latency_ms).sum();
        let runtime_ms = whole.latency_ms - sum_ms;
        let homeless = outline.nodes.iter().zip(has_home).filter(|(_, has_home)| !has_home);
        Some(Self {
            whole,
            sum_ms,
            sum_over_whole: sum_ms / whole.latency_ms,
            runtime_ms,
            runtime_share: runtime_ms / whole.latency_ms,
            macs: rows.iter().map(|row| row.macs).sum(),
            known_macs: rows.iter().filter_map(|row| row.macs).sum(),
            layers: rows,
            ops: op_rows(outline, &per_op, &middle)?,
            not_run: homeless.map(|(node, _)| node.name.clone()).collect(),
            runs: in_place.runs,
            dropped_runs: in_place.dropped_runs,
            is_preempted: in_place.is_preempted,
            node_cost_ns: in_place.node_cost_ns,
        })
    }
}

/// One row per distinct op, in the order in which they first stand.
fn op_rows(outline: &Outline, per_op: &[Vec<f64>], middle: &[usize]) -> Option<Vec<OpRow>> {
    let mut rows: Vec<OpRow> = Vec::new();
    for (index, op) in outline.ops.iter().enumerate() {
        if outline.ops[..index].contains(op) {
            continue;
        }
        let same: Vec<&Vec<f64>> =
            outline.ops.iter().zip(per_op).filter(|(other, _)| *other == op).map(|(_, ns)| ns).collect();
        let mean = |round: usize| same.iter().map(|ns| ns[round]).sum::<f64>() / same.len() as f64;
        let round_ns: Vec<f64> = (0..per_op[index].len()).map(mean).collect();
        let round_ms = round_ns.iter().map(|ns| ns / 1e6).collect();
        rows.push(OpRow {
            op: op.key(),
            count: same.len(),
            time: Estimate::over(&round_ns, middle)?,
            round_ms,
        });
    }
    Some(rows)
}
