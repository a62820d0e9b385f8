//! Mobile inverted bottlenecks among the steps: expand, depthwise, squeeze-and-excite, project, add.

use profiler::onnx::steps::{Step, Steps};
use profiler::spec::{Activation, Conv, FeatureMap, Layer, MbConv, OpSpec, PlacedLayer, Precision};

use super::block::{Block, layers, same};

/// A bottleneck as it was found.
struct Found {
    expand: Option<usize>,
    depthwise: usize,
    gate: Vec<usize>,
    project: usize,
    add: Option<usize>,
}

/// The bottleneck that begins at a step, if one does.
pub(super) fn bottleneck(steps: &Steps, start: usize) -> Option<Block> {
    let found = find(steps, start)?;
    let Found { expand, depthwise, ref gate, project, add } = found;
    let mut members: Vec<usize> = expand.into_iter().chain([depthwise]).collect();
    members.extend(gate);
    members.push(project);
    members.extend(add);
    let (first, last) = (steps.get(start)?, steps.get(add.unwrap_or(project))?);
    let (input, output) = (first.input(), last.output);
    let all: Option<Vec<Vec<PlacedLayer>>> =
        members.iter().map(|&member| steps.get(member).and_then(layers)).collect();
    let is_int8 = members.iter().all(|&member| steps.get(member).is_some_and(Step::is_int8));
    let precision = if is_int8 { Precision::Int8 } else { Precision::F32 };
    let op = op(steps, &found, input, output).and_then(|op| op.in_precision(precision).ok());
    let kind = format!("mbconv{}", precision.suffix());
    let (_, conv) = conv(steps, depthwise)?;
    let squeeze = if gate.is_empty() { "" } else { ", squeeze-excite" };
    let inside = steps.get(depthwise)?.output.channels;
    let name =
        format!("{kind} ({input} to {output}, {inside} channels inside, k{}{squeeze})", conv.kernel[0]);
    Some(Block { kind, op, name, input, output, layers: all.map(|layers| layers.concat()), steps: members })
}

fn conv(steps: &Steps, index: usize) -> Option<(&Step, Conv)> {
    let step = steps.get(index)?;
    let Some(Layer::Conv(conv)) = step.layer() else { return None };
    (!step.is_half).then_some((step, conv))
}

/// A 1×1 convolution over all channels.
fn pointwise(steps: &Steps, index: usize) -> Option<Option<Activation>> {
    let (step, conv) = conv(steps, index)?;
    (conv.taps() == 1 && conv.stride == [1, 1] && conv.groups == 1).then_some(step.activation)
}

/// A depthwise convolution with an activation.
fn depthwise(steps: &Steps, index: usize) -> Option<Activation> {
    let (step, conv) = conv(steps, index)?;
    step.activation.filter(|_| conv.is_depthwise(step.input()))
}

fn find(steps: &Steps, start: usize) -> Option<Found> {
    let (expand, at) = match pointwise(steps, start) {
        Some(Some(_)) => (Some(start), steps.only_reader(start)?),
        _ => (None, start),
    };
    depthwise(steps, at)?;
    let (gate, project) = behind_depthwise(steps, at)?;
    // An activation behind the projection belongs to another kind of block.
    if pointwise(steps, project)?.is_some() {
        return None;
    }
    let source = steps.get(start)?.reads.first()?.source;
    let is_residual = |add: &usize| {
        let Some(step) = steps.get(*add) else { return false };
        step.layer() == Some(Layer::Add) && step.reads.iter().any(|read| read.source == source)
    };
    let add = steps.only_reader(project).filter(is_residual);
    Some(Found { expand, depthwise: at, gate, project, add })
}

/// The steps of squeeze-and-excite behind a depthwise convolution, and the projection.
fn behind_depthwise(steps: &Steps, depthwise: usize) -> Option<(Vec<usize>, usize)> {
    if let Some(project) = steps.only_reader(depthwise) {
        return Some((Vec::new(), project));
    }
    let readers = steps.readers(depthwise);
    let &[pool, gate] = &readers[..] else { return None };
    let is = |index: usize, layer: Layer| steps.get(index).and_then(Step::layer) == Some(layer);
    if !is(pool, Layer::GlobalAveragePool)
        || !is(gate, Layer::Scale)
        || steps.writer(gate, 0) != Some(depthwise)
    {
        return None;
    }
    let mut members = vec![pool];
    let mut at = pool;
    // Two layers with their activations, which stand by themselves behind a linear one.
    while at != gate && members.len() < 6 {
        at = steps.only_reader(at)?;
        members.push(at);
    }
    let project = steps.only_reader(gate)?;
    (at == gate).then_some((members, project))
}

/// The bottleneck as an op, where it is one of the profiler's.
fn op(steps: &Steps, found: &Found, input: FeatureMap, output: FeatureMap) -> Option<OpSpec> {
    let (wide, conv) = conv(steps, found.depthwise)?;
    let (kernel, stride) = (same(conv.kernel)?, same(conv.stride)?);
    let activation = wide.activation?;
    let inside = wide.output.channels;
    let alike = |expand: usize| pointwise(steps, expand) == Some(Some(activation));
    if !found.expand.is_none_or(alike) || conv.dilation != [1, 1] || inside % input.channels != 0 {
        return None;
    }
    let expansion = inside / input.channels;
    if (expansion == 1) == found.expand.is_some() {
        return None;
    }
    let mut op = MbConv {
        out_channels: output.channels,
        expansion,
        kernel,
        stride,
        squeeze: None,
        activation,
        residual: found.add.is_some(),
    };
    if !found.gate.is_empty() {
        // The ratio by which the profiler gives the same squeezed channels and activations, if there is one.
        let squeezed = layers_of(steps, &found.gate)?;
        op.squeeze = (1..=64).find(|&ratio| {
            let with = OpSpec::new(input, MbConv { squeeze: Some(ratio), ..op });
            with.is_ok_and(|with| gate_layers(&with) == squeezed)
        });
        op.squeeze?;
    }
    OpSpec::new(input, op).ok().filter(|op| op.output() == output)
}

/// The layers of some steps, linear ones as 1×1 convolutions.
fn layers_of(steps: &Steps, members: &[usize]) -> Option<Vec<PlacedLayer>> {
    let each: Option<Vec<_>> = members.iter().map(|&member| steps.get(member).and_then(layers)).collect();
    let mut layers = each?.concat();
    for placed in &mut layers {
        placed.layer = placed.layer.filters().map_or(placed.layer, Layer::Conv);
    }
    Some(layers)
}

/// From the global pooling to the product with the gate.
fn gate_layers(op: &OpSpec) -> Vec<PlacedLayer> {
    op.graph().layers().skip_while(|placed| placed.layer != Layer::GlobalAveragePool).take(6).collect()
}
