//! A network's time step by step, with keys that can be told from its model alone.

use std::collections::BTreeMap;

use super::adopt::adopt;
use super::names::Names;
use super::table::{Estimate, middle_rounds};
use super::{InPlace, attribute};
use crate::onnx::{
    Outline, Work,
    steps::{Steps, step_key},
    work,
};
use crate::spec::{FeatureMap, OtherWork, TracedOp};

/// Milliseconds that runtimes' notes can tell at best: what takes less counts as much.
const LEAST_MS: f64 = 1e-4;

/// Steps of one key, their mean.
#[derive(Clone, Debug, PartialEq)]
pub struct StepRow {
    /// Its key.
    pub key: TracedOp,
    /// How often it stands in the network.
    pub count: usize,
    /// Its time inside the network.
    pub time: Estimate,
    /// Times of a run in milliseconds, one per round, drift-corrected.
    pub round_ms: Vec<f64>,
}

/// A network's steps.
#[derive(Clone, Debug, PartialEq)]
pub struct StepTable {
    /// A plain run, taken in turns with the traced ones.
    pub whole: Estimate,
    /// Keys of all steps in running order, the runtime's own changes of layout last.
    pub keys: Vec<TracedOp>,
    /// One row per distinct key that the runtime has nodes for, in the order in which they first stand.
    pub rows: Vec<StepRow>,
    /// What the steps leave of the whole in milliseconds: the runtime's work between nodes, and nodes that belong to no step.
    pub rest_ms: f64,
}

/// A step, one that others were joined to, or one of the runtime's own nodes.
struct Part {
    key: TracedOp,
    /// Its time round by round; nothing where the runtime has no node for it.
    round_ns: Option<Vec<f64>>,
}

impl StepTable {
    /// The table of what tracing gave of a network of these steps.
    ///
    /// A runtime node belongs to the step that has the model's node whose name it bears; one that bears none to the
    /// first step of its kind and size that has none. A step that no runtime node bears a name of and that multiplies was joined to
    /// what reads it: their keys are one then. One that does not multiply has no time of its own: it is part of a neighbour, or
    /// the runtime does without it. Changes of layout are parts of their own. `None` if there are fewer than six rounds, or a
    /// run takes no time.
    pub fn of(in_place: &InPlace, outline: &Outline, steps: &Steps) -> Option<Self> {
        let whole = Estimate::of(&in_place.whole_ns).filter(|whole| whole.latency_ms > 0.0)?;
        let middle = middle_rounds(in_place);
        let parts = parts(in_place, outline, steps);
        let keys: Vec<TracedOp> = parts.iter().map(|part| part.key.clone()).collect();
        let mut rows: Vec<StepRow> = Vec::new();
        for (index, key) in keys.iter().enumerate() {
            if keys[..index].contains(key) {
                continue;
            }
            let same: Vec<&Part> = parts.iter().filter(|part| part.key == *key).collect();
            let timed: Vec<&Vec<f64>> = same.iter().filter_map(|part| part.round_ns.as_ref()).collect();
            if timed.is_empty() {
                continue;
            }
            let mean = |round: usize| timed.iter().map(|ns| ns[round]).sum::<f64>() / same.len() as f64;
            let round_ns: Vec<f64> = (0..in_place.whole_ns.len()).map(mean).collect();
            let time = Estimate::over(&round_ns, &middle)?;
            rows.push(StepRow {
                key: key.clone(),
                count: same.len(),
                time: Estimate {
                    latency_ms: time.latency_ms.max(LEAST_MS),
                    ci_low_ms: time.ci_low_ms.max(LEAST_MS),
                    ci_high_ms: time.ci_high_ms.max(LEAST_MS),
                },
                round_ms: round_ns.iter().map(|ns| (ns / 1e6).max(LEAST_MS)).collect(),
            });
        }
        let sum: f64 = rows.iter().map(|row| row.count as f64 * row.time.latency_ms).sum();
        Some(Self { whole, keys, rows, rest_ms: whole.latency_ms - sum })
    }
}

/// The parts in running order of the model, then the runtime's own.
fn parts(in_place: &InPlace, outline: &Outline, steps: &Steps) -> Vec<Part> {
    let (names, homes) = (Names::of(outline), steps.homes());
    let found: Vec<Option<usize>> = in_place.nodes.iter().map(|node| names.find(&node.name)).collect();
    let mut owners: Vec<Option<usize>> =
        found.iter().map(|node| node.and_then(|node| homes.get(&node).copied())).collect();
    follow_products(in_place, outline, steps, &mut owners);
    adopt(&in_place.nodes, &mut owners, steps);
    let joined = join_products(&owners, steps);
    let rounds = in_place.whole_ns.len();
    let mut times: BTreeMap<usize, Vec<f64>> = BTreeMap::new();
    let mut own = Vec::new();
    for ((node, owner), named) in in_place.nodes.iter().zip(&owners).zip(&found) {
        match owner {
            Some(step) => {
                let first = joined.get(step).copied().unwrap_or(*step);
                let sums = times.entry(first).or_insert_with(|| vec![0.0; rounds]);
                sums.iter_mut().zip(&node.round_ns).for_each(|(sum, ns)| *sum += ns);
            }
            // Of the model's, but of no step: computed beforehand.
            None if named.is_some() => {}
            None => own.extend(stranger(&node.name, &node.operator).map(|key| (key, node.round_ns.clone()))),
        }
    }
    let names = |step: usize| {
        let key = steps.get(step).map(step_key)?;
        Some(std::iter::once(key.kernel().to_owned()).chain(key.fused().to_vec()))
    };
    let is_first = |step: usize| joined.get(&step).is_none_or(|first| *first == step);
    let of_model = steps.iter().filter(|(index, _)| is_first(*index)).map(|(index, step)| {
        let later = joined.iter().filter(|(member, first)| **first == index && **member != index);
        let fused = later.filter_map(|(member, _)| names(*member)).flatten();
        Part { key: step_key(step).with_fused(fused), round_ns: times.remove(&index) }
    });
    let mut parts: Vec<Part> = of_model.collect();
    parts.extend(own.into_iter().map(|(key, round_ns)| Part { key, round_ns: Some(round_ns) }));
    parts
}

/// A product of which some runtime nodes bear the name, and the one that multiplies that of what is fused into it, such as a sum that the
/// model's rules count to another product, is one step.
fn follow_products(in_place: &InPlace, outline: &Outline, steps: &Steps, owners: &mut [Option<usize>]) {
    let homes = steps.homes();
    let product = |node: &usize| {
        let step = *homes.get(node)?;
        let is_product = work(&outline.nodes[*node].operator) == Work::Counted;
        (is_product && steps.get(step)?.macs.is_none_or(|macs| macs > 0)).then_some(step)
    };
    for layer in attribute(&in_place.nodes, outline, &BTreeMap::new()) {
        let nodes = &layer.runtime_nodes;
        let products: Vec<usize> = layer.model_nodes.iter().filter_map(product).collect();
        if let [step] = products[..]
            && nodes.iter().any(|node| owners[*node] == Some(step))
        {
            nodes.iter().for_each(|node| owners[*node] = Some(step));
        }
    }
}

/// For each step that multiplies without a runtime node of its own, and for the step that it is computed with, the first of them:
/// the next step behind it that has a node, or else the next before it.
fn join_products(owners: &[Option<usize>], steps: &Steps) -> BTreeMap<usize, usize> {
    let speaks = |step: usize| owners.contains(&Some(step));
    let follow = |from: usize, next: &dyn Fn(usize) -> Option<usize>| {
        let mut at = next(from)?;
        for _ in 0..steps.positions() {
            if speaks(at) {
                return Some(at);
            }
            at = next(at)?;
        }
        None
    };
    let before = |step: usize| (0..2).find_map(|place| steps.writer(step, place));
    let after = |step: usize| steps.readers(step).first().copied();
    let mut homes: BTreeMap<usize, usize> = BTreeMap::new();
    for (index, _) in steps.iter().filter(|(index, step)| step.macs.unwrap_or(0) > 0 && !speaks(*index)) {
        if let Some(home) = follow(index, &after).or_else(|| follow(index, &before)) {
            homes.extend([(index, home), (home, home)]);
        }
    }
    let mut first: BTreeMap<usize, usize> = BTreeMap::new();
    for (step, home) in &homes {
        first.entry(*home).or_insert(*step);
    }
    homes.into_iter().map(|(step, home)| (step, first.get(&home).copied().unwrap_or(home))).collect()
}

/// The key of a node that only the runtime knows, where its name says how large it is: `ReorderOutput 1x16x56x56`.
fn stranger(name: &str, operator: &str) -> Option<TracedOp> {
    let sides = name.strip_prefix(operator)?.trim_start();
    let sides: Vec<u32> = sides.split('x').map(str::parse).collect::<Result<_, _>>().ok()?;
    let (height, width, channels) = match sides[..] {
        [_, channels, height, width] => (height, width, channels),
        [_, height, channels] => (height, 1, channels),
        [height, channels] => (height, 1, channels),
        _ => return None,
    };
    let map = FeatureMap { height, width, channels };
    let elements = map.elements();
    let work =
        OtherWork { input: map, output: map, read: elements, written: elements, constants: 0, macs: 0 };
    let kernel = if operator.starts_with("Reorder") { "reorder" } else { operator };
    Some(TracedOp::other(kernel, work, &[]))
}
