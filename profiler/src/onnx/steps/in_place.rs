//! What is measured as one inside of a running network: sums and activations with the layer before them, and operations that
//! are written as several nodes.
//!
//! The rules are the same for all runtimes, so that a network's keys can be told from its model alone. A runtime that fuses
//! less has several nodes for a step, whose times are added.

use super::fuse::{constant, is};
use super::key::{positions, written};
use super::step::{Arithmetic, Operation, Source, Step, Steps, Unfused};
use crate::spec::Layer;

/// The steps, after [`fuse`](super::fuse()), as they are measured in place.
pub fn in_place(steps: &Steps) -> Steps {
    let mut joined = steps.clone();
    let positions = 0..joined.positions();
    positions.clone().for_each(|index| join_layer_norm(&mut joined, index));
    positions.clone().for_each(|index| join_gelu(&mut joined, index));
    positions.clone().for_each(|index| join_integer_product(&mut joined, index));
    positions.clone().for_each(|index| join_bias(&mut joined, index));
    positions.clone().for_each(|index| join_sum(&mut joined, index));
    positions.clone().for_each(|index| join_activation(&mut joined, index));
    positions.clone().for_each(|index| join_order(&mut joined, index));
    positions.clone().for_each(|index| join_behind_product(&mut joined, index));
    positions.for_each(|index| join_skipped(&mut joined, index));
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

/// A product of integers that are made as the network runs, what turns it into floats, its unit, and numbers that are added to it. (A
/// convolution of such is a node of each in every runtime.)
fn join_integer_product(steps: &mut Steps, product: usize) {
    let is_product = |step: &Step| {
        let is_linear = matches!(step.what, Unfused::Positions | Unfused::Layer(Layer::Linear { .. }));
        step.is_dynamic && is_linear
    };
    let found = || {
        let cast = next(steps, product, operator("Cast")).filter(|_| is(steps, product, is_product))?;
        let scale = next(steps, cast, operator("Mul"))?;
        let unit = (0..2).filter_map(|place| steps.writer(scale, place)).find(|writer| *writer != cast)?;
        (steps.only_reader(unit) == Some(scale)).then_some((cast, scale, unit))
    };
    let Some((cast, scale, unit)) = found() else { return };
    let of_unit = steps.steps[unit].take().map_or(Vec::new(), |step| step.nodes);
    if let Some(step) = &mut steps.steps[product] {
        step.nodes.extend(of_unit);
    }
    steps.join_backwards(cast, product);
    steps.join_backwards(scale, product);
    let out = steps.get(product).map(|step| u64::from(step.output.channels));
    if let Some(bias) =
        next(steps, product, |step| arithmetic(Operation::Add)(step) && Some(step.weights) == out)
    {
        steps.join_backwards(bias, product);
    }
}

/// Numbers added to the last side behind a product with weights are its biases: maps of which channels stand last do not tell.
fn join_bias(steps: &mut Steps, index: usize) {
    let found = || {
        let added = steps.get(index).filter(|step| arithmetic(Operation::Add)(step))?;
        let product = steps.writer(index, 0)?;
        let out = steps.get(product).and_then(positions)?.output.channels;
        (added.weights == u64::from(out) && steps.only_reader(product) == Some(index)).then_some(product)
    };
    if let Some(product) = found() {
        steps.join_backwards(index, product);
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

/// What an activation is called, of those that are no layer of ours too.
fn curve(step: &Step) -> Option<String> {
    match step.layer() {
        Some(Layer::Activation(activation)) => Some(written(activation, step.nodes.len())),
        Some(_) => None,
        None => {
            ["LeakyRelu", "Tanh", "Elu"].contains(&step.operator()).then(|| step.operator().to_lowercase())
        }
    }
}

/// An activation becomes part of the sum with a convolution, the matrix product, or the normalization before it.
fn join_activation(steps: &mut Steps, index: usize) {
    let Some(name) = steps.get(index).and_then(curve) else { return };
    let Some(writer) = steps.writer(index, 0) else { return };
    let takes = |step: &Step| match step.what {
        Unfused::Layer(Layer::Conv(_)) => {
            step.activation.is_none() && (step.joined.is_empty() || step.joined == ["add"])
        }
        Unfused::Layer(Layer::Linear { .. }) | Unfused::Positions | Unfused::Normalization => {
            step.joined.is_empty()
        }
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
        | Unfused::Pad
        | Unfused::Unknown => false,
    };
    if !is(steps, writer, takes) || steps.only_reader(writer) != Some(index) {
        return;
    }
    steps.join_backwards(index, writer);
    if let Some(step) = &mut steps.steps[writer] {
        step.joined.push(name);
    }
}

fn is_product(step: &Step) -> bool {
    step.operator() == "MatMul" && step.what == Unfused::Unknown && step.reads.len() == 2
}

/// Other orders of sides become part of the product that alone reads them: it reads its terms in any order.
fn join_order(steps: &mut Steps, index: usize) {
    if !is(steps, index, operator("Transpose")) {
        return;
    }
    let Some(product) = next(steps, index, is_product) else { return };
    let Some(taken) = steps.steps[index].take() else { return };
    if let Some(step) = &mut steps.steps[product] {
        step.nodes.extend(taken.nodes);
        for read in &mut step.reads {
            if let (Source::Step(from), Some(first)) = (read.source, taken.reads.first())
                && from == index
            {
                *read = *first;
            }
        }
    }
    steps.free.values_mut().filter(|source| **source == Source::Step(index)).for_each(|source| {
        *source = Source::Step(product);
    });
}

/// A number that a product of two values is multiplied with, and another order of its sides, become part of it.
fn join_behind_product(steps: &mut Steps, product: usize) {
    if !is(steps, product, is_product) {
        return;
    }
    let scales = |step: &Step| {
        matches!(
            step.what,
            Unfused::Constant(Arithmetic { scalar: Some(_), operation: Operation::Multiply, .. })
        )
    };
    if let Some(factor) = next(steps, product, scales) {
        steps.join_backwards(factor, product);
    }
    if let Some(order) = next(steps, product, operator("Transpose")) {
        steps.join_backwards(order, product);
    }
}

/// A sum that only a layer normalization reads becomes part of it.
fn join_skipped(steps: &mut Steps, norm: usize) {
    let is_norm =
        |step: &Step| step.called == Some("layernormalization") || step.operator() == "LayerNormalization";
    let Some(sum) = steps.writer(norm, 0).filter(|_| is(steps, norm, is_norm)) else { return };
    if is(steps, sum, |step| step.layer() == Some(Layer::Add)) && steps.only_reader(sum) == Some(norm) {
        steps.join_forwards(sum, norm);
        if let Some(step) = &mut steps.steps[norm] {
            step.called = Some("layernormalization");
            step.joined.push("add".to_owned());
        }
    }
}
