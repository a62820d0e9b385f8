//! How much work a layer is.

use profiler::spec::{Activation, Conv, FeatureMap, Interpolation, Layer, PlacedLayer};

use super::depthwise_edges::WindowWalk;
use super::terms::{Amount, Class, N_TERMS, TERMS};

/// How many elements or multiply-accumulates make 1 in a work term, so that coefficients are milliseconds per million.
const MILLION: f64 = 1e6;
const THOUSAND: f64 = 1e3;

pub(super) fn millions(count: u64) -> f64 {
    count as f64 / MILLION
}

/// Adds the work of a layer to the amounts of all terms.
pub(super) fn add_work(placed: &PlacedLayer, work: &mut [f64; N_TERMS]) {
    let PlacedLayer { input, output, .. } = *placed;
    let classes = classes(placed);
    let edges = edges(placed).unwrap_or_default();
    let Reach { kernel, taps, steps } = reach(placed);
    let channels = millions(output.channels.into());
    let amount = |amount| match amount {
        Amount::Macs => millions(placed.macs().0),
        Amount::Read | Amount::Pooled => millions(input.elements()),
        Amount::Written | Amount::Elements => millions(output.elements()),
        Amount::Weights => millions(placed.weights()),
        Amount::ScalarMacs => edges.scalar_macs as f64 * channels,
        Amount::Runs => edges.runs as f64 * channels,
        Amount::RunTaps => edges.run_taps as f64 * channels,
        Amount::Taps => millions(taps),
        Amount::Parts => kernel.into(),
        Amount::Steps => steps as f64 / THOUSAND,
        Amount::Calls | Amount::One => 1.0,
    };
    let counted = work.iter_mut().zip(TERMS).filter(|(_, term)| classes.contains(&Some(term.class)));
    counted.for_each(|(sum, term)| *sum += amount(term.amount));
}

/// The classes whose work a layer is.
fn classes(placed: &PlacedLayer) -> [Option<Class>; 3] {
    let (class, more) = match placed.layer {
        Layer::Input(_) => return [None; 3],
        Layer::Conv(conv) => {
            let is_dilated = conv.dilation.iter().any(|dilation| *dilation > 1);
            (conv_class(conv, placed.input), is_dilated.then_some(Class::Dilated))
        }
        Layer::Linear { .. } => (Class::Linear, None),
        Layer::Activation(Activation::Relu | Activation::Relu6) => (Class::Relu, None),
        Layer::Activation(Activation::Hswish) => (Class::Hswish, None),
        Layer::Activation(Activation::Sigmoid) => (Class::Sigmoid, None),
        Layer::Activation(Activation::Hsigmoid) => (Class::Hsigmoid, None),
        Layer::Activation(Activation::Swish) => (Class::Swish, None),
        Layer::Add => (Class::Added, None),
        Layer::Mul => (Class::Multiplied, None),
        Layer::Scale => (Class::Gated, None),
        Layer::Concat { .. } => (Class::Concatenated, None),
        Layer::MaxPool(_) => (Class::MaxPool, None),
        Layer::AveragePool(_) => (Class::AveragePool, None),
        Layer::GlobalAveragePool => (Class::Pooled, None),
        Layer::Upsample { interpolation: Interpolation::Nearest, .. } => {
            (Class::Nearest, Some(Class::Upsampled))
        }
        Layer::Upsample { interpolation: Interpolation::Bilinear, .. } => {
            (Class::Bilinear, Some(Class::Upsampled))
        }
        Layer::Softmax => (Class::Softmax, None),
    };
    [Some(Class::Serial), Some(class), more]
}

fn conv_class(conv: Conv, input: FeatureMap) -> Class {
    match (conv.groups, conv.taps()) {
        (1, 1) if input.pixels() == 1 => Class::Linear,
        (1, 1) => Class::Pointwise,
        (1, _) => Class::Dense,
        _ if conv.is_depthwise(input) => Class::Depthwise,
        _ => Class::Grouped,
    }
}

/// What edges break up, where they are counted: of square depthwise convolutions that are not dilated.
fn edges(placed: &PlacedLayer) -> Option<WindowWalk> {
    let PlacedLayer { layer: Layer::Conv(conv), input, .. } = *placed else { return None };
    let ([high, wide], [down, right]) = (conv.kernel, conv.stride);
    let is_plain = high == wide && conv.dilation.iter().all(|dilation| *dilation <= 1);
    (is_plain && conv.is_depthwise(input))
        .then(|| WindowWalk::new(input.height, input.width, high, down.max(right)))
}

/// How far a layer reaches for an output.
pub(super) struct Reach {
    /// The longer side of its kernel, or the number of maps that it joins; 1 where there is neither.
    pub(super) kernel: u32,
    /// Elements that pooling windows read.
    taps: u64,
    /// Steps that follow one after the other for each output: taps, and per tap the input channels in groups of four, as
    /// vector units and graphics processors take them; 0 where an output needs but one input of each map.
    steps: u64,
}

pub(super) fn reach(placed: &PlacedLayer) -> Reach {
    let PlacedLayer { layer, input, output } = *placed;
    let fours = |channels: u32| u64::from(channels.div_ceil(4));
    let (kernel, taps, steps) = match layer {
        Layer::Conv(conv) => {
            let steps = conv.taps() * fours(input.channels / conv.groups.max(1));
            (conv.kernel[0].max(conv.kernel[1]), 0, steps)
        }
        Layer::MaxPool(pool) | Layer::AveragePool(pool) => {
            let side = pool.kernel[0].max(pool.kernel[1]);
            (side, pool.taps(input, output), u64::from(side).pow(2))
        }
        Layer::Linear { .. } => (1, 0, fours(input.channels)),
        Layer::GlobalAveragePool => (1, 0, input.pixels()),
        // Position by position, all channels of one after the other.
        Layer::Concat { parts, .. } => (parts, 0, fours(output.channels)),
        Layer::Input(_)
        | Layer::Activation(_)
        | Layer::Add
        | Layer::Mul
        | Layer::Scale
        | Layer::Upsample { .. }
        | Layer::Softmax => (1, 0, 0),
    };
    Reach { kernel, taps, steps }
}
