//! The key of a step that is measured in place.

use super::step::{Arithmetic, Operation, Step, Unfused};
use crate::spec::{Activation, Conv, FeatureMap, Layer, OtherWork, PlacedLayer, TracedLayer, TracedOp};

/// Fewer channels than this are an image's, which runtimes treat in their own way.
const FEW_CHANNELS: u32 = 8;

/// Its key: the class of its work, its layer with its shapes, and what is computed in one go behind it.
///
/// Where no layer describes it, its amounts; its class is then the ONNX operator.
pub fn step_key(step: &Step) -> TracedOp {
    let activation = step.activation.map(|activation| written(activation, step.activation_nodes));
    let fused: Vec<String> = activation.into_iter().chain(step.joined.clone()).collect();
    let class = class(step);
    let placed = match step.what {
        Unfused::Layer(layer) => Some(PlacedLayer { layer, input: step.input(), output: step.output }),
        Unfused::Positions => positions(step),
        Unfused::TransposedConv
        | Unfused::Constant(_)
        | Unfused::Normalization
        | Unfused::Pad
        | Unfused::Unknown => None,
    };
    let known =
        placed.and_then(|placed| TracedOp::new(&class, TracedLayer::Placed(placed), fused.clone()).ok());
    known.unwrap_or_else(|| TracedOp::other(&class, work(step), &fused))
}

/// What an activation is called that is written in so many nodes: those that have an operator of their own run as many where they are
/// written otherwise.
pub(super) fn written(activation: Activation, nodes: usize) -> String {
    match activation {
        Activation::Hsigmoid | Activation::Hswish if nodes > 1 => format!("{activation}{nodes}"),
        Activation::Hsigmoid
        | Activation::Hswish
        | Activation::Relu
        | Activation::Relu6
        | Activation::Sigmoid
        | Activation::Swish => activation.to_string(),
    }
}

/// A product with weights as a convolution of all its positions: a map would say where channels stand, and here they are last.
pub(super) fn positions(step: &Step) -> Option<PlacedLayer> {
    if step.what != Unfused::Positions {
        return None;
    }
    let per_output = step.macs?.checked_div(step.written)?;
    let read = step.reads.first()?.map.elements();
    let positions = read.checked_div(per_output)?;
    let map = |channels: u64| {
        let [width, channels] = [positions, channels].map(u32::try_from);
        FeatureMap::new(1, width.ok()?, channels.ok()?).ok()
    };
    let (input, output) = (map(per_output)?, map(step.written.checked_div(positions)?)?);
    Some(PlacedLayer { layer: Layer::Conv(Conv::pointwise(output.channels)), input, output })
}

fn work(step: &Step) -> OtherWork {
    OtherWork {
        input: step.input(),
        output: step.output,
        read: step.reads.iter().map(|read| read.map.elements()).fold(0, u64::saturating_add),
        written: step.written,
        constants: step.weights,
        macs: step.macs.unwrap_or(0),
    }
}

/// How its work is done, as far as that can be told from the model.
fn class(step: &Step) -> String {
    let operator = step.operator();
    let name = match (step.called, step.what) {
        (Some(name), _) => name,
        (None, Unfused::Layer(layer)) => match layer {
            Layer::Conv(conv) => conv_class(conv, step.input(), step.output),
            Layer::Linear { .. } => "linear",
            Layer::Activation(_) => "act",
            Layer::Add => "add",
            Layer::Mul => "mul",
            Layer::Scale => "scale",
            Layer::Concat { .. } => "concat",
            Layer::MaxPool(_) => "maxpool",
            Layer::AveragePool(_) => "avgpool",
            Layer::GlobalAveragePool => "gpool",
            Layer::Upsample { .. } => "upsample",
            Layer::Softmax => "softmax",
            Layer::Input(_) => "input",
        },
        (None, Unfused::Positions) => "matmul",
        (None, Unfused::TransposedConv) => "convtranspose",
        (None, Unfused::Constant(Arithmetic { operation: Operation::Add, .. })) => "add_constant",
        (None, Unfused::Constant(Arithmetic { operation: Operation::Multiply, .. })) => "mul_constant",
        (None, Unfused::Normalization) => "batchnorm",
        (None, Unfused::Pad) => "pad",
        // Of all there is: some runtimes leave it out.
        (None, Unfused::Unknown) if operator == "Slice" && step.input() == step.output => "slice_whole",
        // Of two values; with weights it is `matmul`.
        (None, Unfused::Unknown) if operator == "MatMul" && step.reads.len() > 1 => "batch_matmul",
        (None, Unfused::Unknown) => operator,
    };
    let format = match (step.is_int8(), step.is_dynamic) {
        (true, true) => "_dynamic_int8",
        (true, false) => "_int8",
        (false, _) => "",
    };
    let half = if step.is_half { "_f16" } else { "" };
    format!("{}{format}{half}", name.to_lowercase())
}

fn conv_class(conv: Conv, input: FeatureMap, output: FeatureMap) -> &'static str {
    match (conv.is_depthwise(input), conv.groups, conv.taps()) {
        (true, ..) => "depthwise",
        (false, 2.., _) => "grouped",
        // Weights are all there is to move.
        (false, _, 1) if output.pixels() == 1 => "pointwise_vector",
        (false, _, 1) => "pointwise",
        (false, ..) if input.channels < FEW_CHANNELS => "stem",
        (false, ..) => "conv",
    }
}
