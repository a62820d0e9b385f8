//! Which random networks to measure next, so that most becomes known of networks that one cares about.

use std::collections::BTreeMap;

use profiler::drawn::{DrawnNetwork, draw_network};
use profiler::onnx::{
    InputShapes,
    steps::{Step, in_place, step_key},
};

use super::OnnxNetwork;
use super::guess::{Unmeasured, guess};
use crate::device::LatencyModel;
use crate::error::PredictorError;
use crate::op::OpModel;
use crate::work::{OpEntry, OpFeatures};

/// How far apart ops of a kind are, as a sum of differences of their sizes' logarithms, where one tells nothing of the other any
/// more: about a factor of three in three of its sizes.
const FAR: f64 = 3.0;

/// A random network that is worth measuring.
#[derive(Clone, Debug)]
pub(crate) struct NetworkSuggestion {
    /// The network.
    pub(crate) network: DrawnNetwork,
    /// Share of what is not known of the networks in question that is left once it and those before it are measured.
    pub(crate) left: f64,
}

/// What is not known of a step.
struct Open {
    kind: String,
    features: OpFeatures,
    /// Milliseconds by which it may be off.
    ms: f64,
}

/// Chooses `count` of `pool` random networks one by one, each the one whose layers are nearest to what is not known of the
/// targets.
///
/// # Errors
/// [`PredictorError::Option`] for a model that was not measured in place.
pub(crate) fn suggest_networks(
    model: &LatencyModel,
    targets: &[OnnxNetwork],
    (count, pool, seed): (usize, usize, u64),
) -> Result<Vec<NetworkSuggestion>, PredictorError> {
    let Some((ops, _)) = model.in_place() else {
        let (option, value) = ("--prior", "a model of ops measured by themselves".to_owned());
        let expected = "one fitted on networks of `profiler run --sample-networks`";
        return Err(PredictorError::Option { option, value, expected });
    };
    let mut open: Vec<Open> = targets.iter().flat_map(|target| open_steps(target, ops)).collect();
    let before: f64 = open.iter().map(|step| step.ms).sum();
    let fitted = &model.provenance().fitted.network;
    let drawn = (0..pool).map(|index| draw_network(seed, index));
    let mut candidates = Vec::new();
    for network in drawn.filter(|network| !fitted.contains(&format!("onnx-{}", network.name))) {
        let read = OnnxNetwork::read(&network.name, &network.onnx, &InputShapes::new())?;
        let mut by_kind: BTreeMap<String, Vec<OpFeatures>> = BTreeMap::new();
        for op in entries(&read) {
            by_kind.entry(op.kind).or_default().push(op.features);
        }
        candidates.push((network, by_kind));
    }
    let mut chosen = Vec::new();
    while chosen.len() < count {
        let gain = |by_kind: &BTreeMap<String, Vec<OpFeatures>>| -> f64 {
            open.iter().map(|step| step.ms * told(step, by_kind)).sum()
        };
        let gains = candidates.iter().enumerate().map(|(place, (_, by_kind))| (place, gain(by_kind)));
        let Some((place, best)) = gains.max_by(|a, b| a.1.total_cmp(&b.1)) else { break };
        if best <= 0.0 {
            break;
        }
        let (network, by_kind) = candidates.swap_remove(place);
        open.iter_mut().for_each(|step| step.ms *= 1.0 - told(step, &by_kind));
        let left = open.iter().map(|step| step.ms).sum::<f64>() / before;
        chosen.push(NetworkSuggestion { network, left });
    }
    Ok(chosen)
}

fn entries(network: &OnnxNetwork) -> Vec<OpEntry> {
    in_place(&network.steps).iter().map(|(_, step)| OpEntry::from(&step_key(step))).collect()
}

fn open_steps(network: &OnnxNetwork, ops: &OpModel) -> Vec<Open> {
    let steps = in_place(&network.steps);
    let open = |(_, step): (usize, &Step)| {
        let op = OpEntry::from(&step_key(step));
        let estimate =
            ops.estimate_keyed(&op).ok().or_else(|| guess(ops, &Unmeasured::of_step(step, &op)))?;
        let ms = estimate.combined.ms * estimate.combined.log_half_width.exp_m1();
        Some(Open { kind: op.kind, features: op.features, ms })
    };
    steps.iter().filter_map(open).collect()
}

/// How much a network's layers tell of a step: 1 for the same, 0 for what is far.
fn told(step: &Open, by_kind: &BTreeMap<String, Vec<OpFeatures>>) -> f64 {
    let distance = |features: &OpFeatures| -> f64 {
        features.sizes.iter().zip(&step.features.sizes).map(|(a, b)| (a - b).abs()).sum()
    };
    let nearest = by_kind
        .get(&step.kind)
        .map_or(f64::INFINITY, |others| others.iter().map(distance).fold(f64::INFINITY, f64::min));
    (1.0 - nearest / FAR).max(0.0)
}
