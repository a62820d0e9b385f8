//! How much work a layer is.

use profiler::spec::{Activation, Conv, FeatureMap, Interpolation, Layer, PlacedLayer, Pool};

use super::{
    depthwise_edges::WindowWalk,
    terms::{
        ADDED, AVERAGE_POOL, BILINEAR, CONCATENATED, DENSE, DEPTHWISE, DILATED, GATED, GROUPED, HSIGMOID,
        HSWISH, LINEAR, MAX_POOL, MULTIPLIED, N_TERMS, NEAREST, POINTWISE, POOLED, RELU, RELU6, SERIAL,
        SIGMOID, SOFTMAX, SWISH, UPSAMPLED_CALLS,
    },
};

/// How many elements or multiply-accumulates make 1 in a work term, so that coefficients are milliseconds per million.
const MILLION: f64 = 1e6;
const THOUSAND: f64 = 1e3;

pub(super) fn millions(count: u64) -> f64 {
    count as f64 / MILLION
}

/// Adds the work of a layer to the amounts of all terms.
pub(super) fn add_work(placed: &PlacedLayer, work: &mut [f64; N_TERMS]) {
    let PlacedLayer { layer, input, output } = *placed;
    let mut add = |place: usize, amounts: &[f64]| {
        work[place..].iter_mut().zip(amounts).for_each(|(term, amount)| *term += amount);
    };
    add(SERIAL, &[serial_steps(placed) as f64 / THOUSAND]);
    let elements = millions(output.elements());
    let macs = millions(placed.macs().0);
    let weighted = [macs, millions(input.elements()), elements, millions(placed.weights()), 1.0];
    match layer {
        Layer::Input(_) => {}
        Layer::Conv(conv) => {
            let class = conv_class(conv, input);
            add(class, &weighted);
            let [high, wide] = conv.kernel;
            if conv.dilation.iter().any(|dilation| *dilation > 1) {
                add(DILATED, &[macs]);
            } else if class == DEPTHWISE && high == wide {
                let stride = conv.stride[0].max(conv.stride[1]);
                let walk = WindowWalk::new(input.height, input.width, high, stride);
                let channels = millions(output.channels.into());
                let edges = [walk.scalar_macs, walk.runs, walk.run_taps].map(|count| count as f64 * channels);
                add(DEPTHWISE + 5, &edges);
            }
        }
        Layer::Linear { .. } => add(LINEAR, &weighted),
        Layer::Activation(Activation::Relu) => add(RELU, &[elements]),
        Layer::Activation(Activation::Relu6) => add(RELU6, &[elements]),
        Layer::Activation(Activation::Hswish) => add(HSWISH, &[elements]),
        Layer::Activation(Activation::Sigmoid) => add(SIGMOID, &[elements]),
        Layer::Activation(Activation::Hsigmoid) => add(HSIGMOID, &[elements]),
        Layer::Activation(Activation::Swish) => add(SWISH, &[elements]),
        Layer::Softmax => add(SOFTMAX, &[elements, 1.0]),
        Layer::Add => add(ADDED, &[elements, 1.0]),
        Layer::Mul => add(MULTIPLIED, &[elements, 1.0]),
        Layer::Scale => add(GATED, &[elements, 1.0]),
        Layer::GlobalAveragePool => add(POOLED, &[millions(input.elements()), 1.0]),
        Layer::MaxPool(pool) => add(MAX_POOL, &[millions(pool.taps(input, output)), 1.0, elements]),
        Layer::AveragePool(pool) => add(AVERAGE_POOL, &[millions(pool.taps(input, output)), 1.0, elements]),
        Layer::Concat { parts, .. } => add(CONCATENATED, &[elements, f64::from(parts)]),
        Layer::Upsample { interpolation, .. } => {
            let nearest = interpolation == Interpolation::Nearest;
            add(if nearest { NEAREST } else { BILINEAR }, &[elements]);
            add(UPSAMPLED_CALLS, &[1.0]);
        }
    }
}

fn conv_class(conv: Conv, input: FeatureMap) -> usize {
    match (conv.groups, conv.taps()) {
        (1, 1) if input.pixels() == 1 => LINEAR,
        (1, 1) => POINTWISE,
        (1, _) => DENSE,
        _ if conv.is_depthwise(input) => DEPTHWISE,
        _ => GROUPED,
    }
}

/// The longer side of a layer's kernel, or the number of maps that it joins; 1 where there is neither.
pub(super) fn kernel(layer: Layer) -> u32 {
    match layer {
        Layer::Conv(Conv { kernel: [high, wide], .. })
        | Layer::MaxPool(Pool { kernel: [high, wide], .. })
        | Layer::AveragePool(Pool { kernel: [high, wide], .. }) => high.max(wide),
        Layer::Concat { parts, .. } => parts,
        Layer::Input(_)
        | Layer::Activation(_)
        | Layer::Add
        | Layer::Mul
        | Layer::Scale
        | Layer::GlobalAveragePool
        | Layer::Linear { .. }
        | Layer::Upsample { .. }
        | Layer::Softmax => 1,
    }
}

/// Steps that follow one after the other for each output: taps, and per tap the input channels in groups of four, as
/// vector units and graphics processors take them; 0 where an output needs but one input of each map.
fn serial_steps(placed: &PlacedLayer) -> u64 {
    let fours = |channels: u32| u64::from(channels.div_ceil(4));
    match placed.layer {
        Layer::Conv(conv) => conv.taps() * fours(placed.input.channels / conv.groups.max(1)),
        Layer::Linear { .. } => fours(placed.input.channels),
        Layer::MaxPool(_) | Layer::AveragePool(_) => u64::from(kernel(placed.layer)).pow(2),
        Layer::GlobalAveragePool => placed.input.pixels(),
        // Position by position, all channels of one after the other.
        Layer::Concat { .. } => fours(placed.output.channels),
        Layer::Input(_)
        | Layer::Activation(_)
        | Layer::Add
        | Layer::Mul
        | Layer::Scale
        | Layer::Upsample { .. }
        | Layer::Softmax => 0,
    }
}
