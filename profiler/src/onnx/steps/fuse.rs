//! Steps that runtimes compute in one go: folded constants, activations written in parts, activations behind
//! convolutions.

use crate::spec::{Activation, Layer};

use super::step::{Arithmetic, Operation, Read, Step, Steps, Unfused};

/// Joins what runtimes compute in one go; the number of batch normalizations that were folded into a layer.
pub fn fuse(steps: &mut Steps) -> usize {
    let indices = 0..steps.steps.len();
    indices.clone().for_each(|index| join_hard_sigmoid(steps, index));
    indices.clone().for_each(|index| join_gate(steps, index));
    indices.clone().for_each(|index| join_divided_gate(steps, index));
    indices.clone().for_each(|index| join_pad(steps, index));
    let normalizes = |steps: &Steps, index| is(steps, index, |step| step.what == Unfused::Normalization);
    let folded =
        indices.clone().filter(|&index| normalizes(steps, index) & fold_constants(steps, index)).count();
    indices.for_each(|index| join_activation(steps, index));
    folded
}

pub(super) fn constant(step: &Step, operation: Operation, value: f64) -> bool {
    let near = |scalar: f64| (scalar - value).abs() < 1e-3 * value.abs();
    matches!(step.what, Unfused::Constant(Arithmetic { operation: o, scalar: Some(s), .. }) if o == operation && near(s))
}

pub(super) fn is(steps: &Steps, index: usize, test: impl Fn(&Step) -> bool) -> bool {
    steps.get(index).is_some_and(test)
}

fn is_clip(step: &Step) -> bool {
    step.layer() == Some(Layer::Activation(Activation::Relu6))
}

fn is_conv(step: &Step) -> bool {
    matches!(step.what, Unfused::Layer(Layer::Conv(_)))
}

/// relu6(x + 3) / 6 in three nodes.
fn join_hard_sigmoid(steps: &mut Steps, index: usize) {
    let chain = || {
        let clip = steps.only_reader(index)?;
        let scale = steps.only_reader(clip)?;
        let found = is(steps, index, |step| constant(step, Operation::Add, 3.0))
            && is(steps, clip, is_clip)
            && is(steps, scale, |step| constant(step, Operation::Multiply, 1.0 / 6.0));
        found.then_some((clip, scale))
    };
    let Some((clip, scale)) = chain() else { return };
    steps.join_backwards(clip, index);
    steps.join_backwards(scale, index);
    set(steps, index, Activation::Hsigmoid);
}

/// x · sigmoid(x), x · hard sigmoid(x): a product of a value and a function of it.
fn join_gate(steps: &mut Steps, index: usize) {
    let Some((gate, read)) = gate_of_itself(steps, index) else { return };
    let Some(step) = steps.get(gate) else { return };
    let Some(Layer::Activation(factor)) = step.layer() else { return };
    let whole = match factor {
        Activation::Sigmoid => Activation::Swish,
        Activation::Hsigmoid => Activation::Hswish,
        Activation::Relu | Activation::Relu6 | Activation::Hswish | Activation::Swish => return,
    };
    steps.join_forwards(gate, index);
    if let Some(product) = &mut steps.steps[index] {
        product.what = Layer::Activation(whole).into();
        product.reads = vec![read];
    }
}

/// x · relu6(x + 3), and then a sixth of it.
fn join_divided_gate(steps: &mut Steps, index: usize) {
    let chain = || {
        let places = [0, 1].into_iter();
        let mut found = places.filter_map(|place| {
            let clip = steps.writer(index, place)?;
            let add = steps.writer(clip, 0)?;
            let read = *steps.get(index)?.reads.get(1 - place)?;
            let same = steps.get(add)?.reads.first()?.source == read.source;
            let plus_3 = is(steps, add, |step| constant(step, Operation::Add, 3.0));
            let alone = steps.only_reader(add) == Some(clip) && steps.only_reader(clip) == Some(index);
            (same && plus_3 && alone && is(steps, clip, is_clip)).then_some((add, clip, read))
        });
        let (add, clip, read) = found.next()?;
        let scale = steps.only_reader(index)?;
        let sixth = is(steps, scale, |step| constant(step, Operation::Multiply, 1.0 / 6.0));
        (sixth && is(steps, index, |step| step.layer() == Some(Layer::Mul)))
            .then_some((add, clip, read, scale))
    };
    let Some((add, clip, read, scale)) = chain() else { return };
    steps.join_forwards(add, clip);
    steps.join_forwards(clip, index);
    steps.join_backwards(scale, index);
    if let Some(product) = &mut steps.steps[index] {
        product.what = Layer::Activation(Activation::Hswish).into();
        product.reads = vec![read];
    }
}

/// The step that gives one factor of a product from the other, and the other.
fn gate_of_itself(steps: &Steps, index: usize) -> Option<(usize, Read)> {
    let step = steps.get(index).filter(|step| step.layer() == Some(Layer::Mul))?;
    [0, 1].into_iter().find_map(|place| {
        let gate = steps.writer(index, place)?;
        let read = *step.reads.get(1 - place)?;
        let of_it = &steps.get(gate)?.reads;
        let same = matches!(of_it[..], [only] if only.source == read.source);
        (same && steps.only_reader(gate) == Some(index)).then_some((gate, read))
    })
}

fn set(steps: &mut Steps, index: usize, activation: Activation) {
    if let Some(step) = &mut steps.steps[index] {
        step.what = Layer::Activation(activation).into();
    }
}

/// A border of zeros becomes the padding of the window behind it.
fn join_pad(steps: &mut Steps, index: usize) {
    if !is(steps, index, |step| step.what == Unfused::Pad) {
        return;
    }
    let Some(reader) = steps.only_reader(index) else { return };
    // Not where the map was given another shape in between.
    let same = |step: &Step| is_conv(step) && steps.get(index).is_some_and(|pad| step.input() == pad.output);
    if is(steps, reader, same) {
        steps.join_forwards(index, reader);
    }
}

/// Batch normalization and numbers per channel become part of the weights before them.
fn fold_constants(steps: &mut Steps, index: usize) -> bool {
    let foldable = |step: &Step| match step.what {
        Unfused::Normalization => true,
        Unfused::Constant(arithmetic) => arithmetic.is_per_channel,
        Unfused::Layer(_)
        | Unfused::TransposedConv
        | Unfused::Positions
        | Unfused::Pad
        | Unfused::Unknown => false,
    };
    if !is(steps, index, foldable) {
        return false;
    }
    let Some(writer) = steps.writer(index, 0) else { return false };
    let weighted = |step: &Step| match step.what {
        Unfused::Layer(layer) => layer.filters().is_some(),
        Unfused::TransposedConv | Unfused::Positions => true,
        Unfused::Constant(_) | Unfused::Normalization | Unfused::Pad | Unfused::Unknown => false,
    };
    let takes = is(steps, writer, weighted) && steps.only_reader(writer) == Some(index);
    if takes {
        steps.join_backwards(index, writer);
    }
    takes
}

/// An activation behind a convolution becomes part of it.
fn join_activation(steps: &mut Steps, index: usize) {
    let Some(Layer::Activation(activation)) = steps.get(index).and_then(Step::layer) else { return };
    let Some(writer) = steps.writer(index, 0) else { return };
    let plain = |step: &Step| is_conv(step) && step.activation.is_none();
    if !is(steps, writer, plain) || steps.only_reader(writer) != Some(index) {
        return;
    }
    let nodes = steps.get(index).map_or(0, |step| step.nodes.len());
    steps.join_backwards(index, writer);
    if let Some(conv) = &mut steps.steps[writer] {
        (conv.activation, conv.activation_nodes) = (Some(activation), nodes);
    }
}
