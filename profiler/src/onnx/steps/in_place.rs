//! What is measured as one inside of a running network: sums and activations with the layer before them, and operations that
//! are written as several nodes.
//!
//! The rules are the same for all runtimes, so that a network's keys can be told from its model alone. A runtime that fuses
//! less has several nodes for a step, whose times are added.

use super::{
    fuse::{constant, is},
    step::{Operation, Source, Step, Steps, Unfused},
};
use crate::spec::Layer;

/// The steps, after [`fuse`](super::fuse), as they are measured in place.
#[must_use]
pub fn in_place(steps: &Steps) -> Steps {
    let mut joined = steps.clone();
    let positions = 0..joined.positions();
    positions.clone().for_each(|index| join_layer_norm(&mut joined, index));
    positions.clone().for_each(|index| join_gelu(&mut joined, index));
    positions.clone().for_each(|index| join_sum(&mut joined, index));
    positions.for_each(|index| join_activation(&mut joined, index));
    joined
}

/// The only reader of a step, if it passes a test.
fn next(steps: &Steps, index: usize, test: impl Fn(&Step) -> bool) -> Option<usize> {
    steps.only_reader(index).filter(|&reader| is(steps, reader, test))
}

fn operator(name: &str) -> impl Fn(&Step) -> bool + '_ {
    move |step| step.operator() == name
}

fn arithmetic(operation: Operation) -> impl Fn(&Step) -> bool {
    move |step| matches!(step.what, Unfused::Constant(arithmetic) if arithmetic.operation == operation)
}

/// Makes the later steps part of the first, which is called `name` then.
fn join_all(steps: &mut Steps, first: usize, later: &[usize], name: &'static str) {
    let weights: u64 = later.iter().filter_map(|&index| steps.get(index)).map(|step| step.weights).sum();
    later.iter().for_each(|&index| steps.join_backwards(index, first));
    if let Some(step) = &mut steps.steps[first] {
        step.what = Unfused::Unknown;
        step.called = Some(name);
        step.weights += weights;
        step.reads.truncate(1);
    }
}

/// (x − mean) / √(mean of squares + ε), times a factor, plus a number.
fn join_layer_norm(steps: &mut Steps, mean: usize) {
    let found = || {
        let reads = &steps.get(mean).filter(|step| step.operator() == "ReduceMean")?.reads;
        let x = reads.first()?.source;
        let subtract = next(steps, mean, operator("Sub"))?;
        let both = steps.readers(subtract);
        let of_x = steps.get(subtract)?.reads.iter().any(|read| read.source == x);
        let squares = |&index: &usize| is(steps, index, |step| ["Pow", "Mul"].contains(&step.operator()));
        let square = both.iter().copied().find(squares)?;
        let second = next(steps, square, operator("ReduceMean"))?;
        let sum = next(steps, second, arithmetic(Operation::Add))?;
        let root = next(steps, sum, operator("Sqrt"))?;
        let divide = next(steps, root, operator("Div"))?;
        let mut all = vec![subtract, square, second, sum, root, divide];
        if !of_x || both.iter().any(|index| !all.contains(index)) {
            return None;
        }
        if let Some(factor) = next(steps, divide, arithmetic(Operation::Multiply)) {
            all.push(factor);
            all.extend(next(steps, factor, arithmetic(Operation::Add)));
        }
        Some(all)
    };
    if let Some(all) = found() {
        join_all(steps, mean, &all, "layernormalization");
    }
}

/// x · (1 + erf(x / √2)) / 2, in the orders in which tools write it.
fn join_gelu(steps: &mut Steps, divide: usize) {
    let found = || {
        let half_root = |step: &Step| constant(step, Operation::Multiply, std::f64::consts::FRAC_1_SQRT_2);
        if !is(steps, divide, half_root) {
            return None;
        }
        let x = steps.get(divide)?.reads.first()?.source;
        let erf = next(steps, divide, operator("Erf"))?;
        let add = next(steps, erf, |step| constant(step, Operation::Add, 1.0))?;
        let product = next(steps, add, |step| step.layer() == Some(Layer::Mul))?;
        let half = |step: &Step| constant(step, Operation::Multiply, 0.5);
        let place = (0..2).find(|&place| steps.writer(product, place) != Some(add))?;
        let mut all = vec![erf, add, product];
        if steps.get(product)?.reads.get(place)?.source == x {
            all.push(next(steps, product, half)?);
        } else {
            // x is halved first.
            let halved = steps.writer(product, place).filter(|&index| is(steps, index, half))?;
            if steps.get(halved)?.reads.first()?.source != x || steps.only_reader(halved) != Some(product) {
                return None;
            }
            all.push(halved);
        }
        Some(all)
    };
    if let Some(all) = found() {
        join_all(steps, divide, &all, "gelu");
    }
}

fn is_bare_conv(step: &Step) -> bool {
    matches!(step.what, Unfused::Layer(Layer::Conv(_))) && step.activation.is_none() && step.joined.is_empty()
}

/// A sum becomes part of the convolution that gives one of its terms, the later of two.
fn join_sum(steps: &mut Steps, index: usize) {
    let found = || {
        let reads = &steps.get(index).filter(|step| step.layer() == Some(Layer::Add))?.reads;
        let ready = |source: Source, conv: usize| match source {
            Source::Input(_) => true,
            Source::Step(other) => other < conv,
        };
        let term = |place: usize| {
            let conv = steps.writer(index, place)?;
            let other = *reads.get(1 - place)?;
            let takes = is(steps, conv, is_bare_conv) && steps.only_reader(conv) == Some(index);
            (takes && ready(other.source, conv)).then_some((conv, other))
        };
        [0, 1].into_iter().filter_map(term).max_by_key(|(conv, _)| *conv)
    };
    let Some((conv, other)) = found() else { return };
    steps.join_backwards(index, conv);
    if let Some(step) = &mut steps.steps[conv] {
        step.reads.push(other);
        step.joined.push("add".to_owned());
    }
}

/// An activation becomes part of the sum with a convolution, or of the matrix product, before it.
fn join_activation(steps: &mut Steps, index: usize) {
    let Some(Layer::Activation(activation)) = steps.get(index).and_then(Step::layer) else { return };
    let Some(writer) = steps.writer(index, 0) else { return };
    let takes = |step: &Step| match step.what {
        Unfused::Layer(Layer::Conv(_)) => step.activation.is_none() && step.joined == ["add"],
        Unfused::Layer(Layer::Linear { .. }) | Unfused::Positions => step.joined.is_empty(),
        Unfused::Layer(
            Layer::Input(_)
            | Layer::Activation(_)
            | Layer::Add
            | Layer::Mul
            | Layer::Scale
            | Layer::Concat { .. }
            | Layer::MaxPool(_)
            | Layer::AveragePool(_)
            | Layer::GlobalAveragePool
            | Layer::Upsample { .. }
            | Layer::Softmax,
        )
        | Unfused::TransposedConv
        | Unfused::Constant(_)
        | Unfused::Normalization
        | Unfused::Pad
        | Unfused::Unknown => false,
    };
    if !is(steps, writer, takes) || steps.only_reader(writer) != Some(index) {
        return;
    }
    steps.join_backwards(index, writer);
    if let Some(step) = &mut steps.steps[writer] {
        step.joined.push(activation.name().to_owned());
    }
}
