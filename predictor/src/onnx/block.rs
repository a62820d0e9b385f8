//! Steps as ops: what is predicted as one.

use profiler::spec::{
    Act, Add, AveragePool, Concat, Conv, ConvOp, FeatureMap, GlobalPool, Layer, Linear, MaxPool, Mul, Op,
    OpSpec, Padding, PlacedLayer, Pool, Precision, Softmax, Upsample,
};

use super::step::{ConvStep, Operation, Step, What, WindowStep};
use crate::work::OpFeatures;

/// One or more steps that are predicted as one op.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Block {
    /// Its kind, as ops of the profiler have it, with the number format behind it.
    pub(super) kind: String,
    /// The op, where the profiler has the very same.
    pub(super) op: Option<OpSpec>,
    /// What it is called where there is no op key.
    pub(super) name: String,
    /// The shape of its first input.
    pub(super) input: FeatureMap,
    /// The shape it gives.
    pub(super) output: FeatureMap,
    /// Its layers; nothing where they cannot be described.
    pub(super) layers: Option<Vec<PlacedLayer>>,
    /// Positions of its steps.
    pub(super) steps: Vec<usize>,
}

impl Block {
    /// The op's key, or its name.
    pub(super) fn key(&self) -> String {
        self.op.map_or_else(|| self.name.clone(), |op| op.key())
    }

    /// Its features, if its layers can be described.
    pub(super) fn features(&self) -> Option<OpFeatures> {
        match self.op {
            Some(op) => Some(OpFeatures::of(&op)),
            None => self.layers.as_ref().map(|layers| OpFeatures::of_layers(self.input, self.output, layers)),
        }
    }

    /// A block of one step.
    pub(super) fn of_step(index: usize, step: &Step) -> Self {
        let (input, output) = (step.input(), step.output);
        let (kind, op) = op(step).map_or_else(|| (kind(step), None), |op| (op.kind(), Some(op)));
        let op = op.filter(|op: &OpSpec| op.output() == output);
        let operator = step.nodes.first().map_or("", |(_, operator)| operator.as_str());
        let name = format!("{kind} ({operator} {input} to {output})");
        Self { kind, op, name, input, output, layers: layers(step), steps: vec![index] }
    }
}

/// What ops like a step are called.
fn kind(step: &Step) -> String {
    let name = match &step.what {
        What::Conv(_) => "conv",
        What::TransposedConv => "convtranspose",
        What::Linear => "linear",
        What::Activation(_) => "act",
        What::Constant(constant) if constant.operation == Operation::Add => "add",
        What::Add => "add",
        What::Multiply | What::Gate | What::Constant(_) => "mul",
        What::Concat => "concat",
        What::MaxPool(_) => "maxpool",
        What::AveragePool(_) => "avgpool",
        What::GlobalPool => "gpool",
        What::Upsample { .. } => "upsample",
        What::Softmax => "softmax",
        What::Normalization => "batchnorm",
        What::Pad(_) => "pad",
        What::Positions => "matmul",
        What::Other => return other_kind(step),
    };
    format!("{name}{}{}", precision(step).suffix(), half(step))
}

fn other_kind(step: &Step) -> String {
    let operator = step.nodes.first().map_or("other", |(_, operator)| operator.as_str());
    format!("{}{}{}", operator.to_lowercase(), precision(step).suffix(), half(step))
}

fn half(step: &Step) -> &'static str {
    if step.is_half { "-f16" } else { "" }
}

fn precision(step: &Step) -> Precision {
    if step.is_int8() { Precision::Int8 } else { Precision::F32 }
}

/// The op that a step is, where the profiler has it.
fn op(step: &Step) -> Option<OpSpec> {
    let output = step.output;
    let op: Op = match &step.what {
        _ if step.is_half => return None,
        What::Conv(conv) => conv_op(conv, output)?.into(),
        What::Linear => Linear { out_features: output.channels }.into(),
        What::Activation(activation) => Act { activation: *activation }.into(),
        What::Add => Add.into(),
        What::Multiply => Mul { gate: false }.into(),
        What::Gate => Mul { gate: true }.into(),
        What::Concat => match step.reads[..] {
            [_, second] => Concat { more_channels: second.map.channels }.into(),
            _ => return None,
        },
        What::MaxPool(window) => {
            let (kernel, stride) = window.square()?;
            MaxPool { kernel, stride }.into()
        }
        What::AveragePool(window) => {
            let (kernel, stride) = window.square()?;
            AveragePool { kernel, stride }.into()
        }
        What::GlobalPool => GlobalPool.into(),
        What::Upsample { factor, interpolation } => {
            Upsample { factor: *factor, interpolation: *interpolation }.into()
        }
        What::Softmax => Softmax.into(),
        What::TransposedConv
        | What::Positions
        | What::Constant(_)
        | What::Normalization
        | What::Pad(_)
        | What::Other => return None,
    };
    let op = OpSpec::new(step.input(), op).ok().filter(|op| op.output() == output)?;
    op.in_precision(precision(step)).ok()
}

/// A convolution by the profiler's definition, but for its padding: what counts is the shape it gives.
pub(super) fn conv_op(conv: &ConvStep, output: FeatureMap) -> Option<ConvOp> {
    let (kernel, stride) = conv.window.square()?;
    let [dilation, other] = conv.dilation;
    let (groups, activation, out_channels) = (conv.groups, conv.activation, output.channels);
    (dilation == other).then_some(ConvOp { out_channels, kernel, stride, groups, dilation, activation })
}

/// The layers of a step; nothing where this release cannot describe them.
pub(super) fn layers(step: &Step) -> Option<Vec<PlacedLayer>> {
    let (input, output) = (step.input(), step.output);
    let window = |part: &WindowStep| {
        let WindowStep { kernel, stride } = *part;
        Pool { kernel, stride, padding: Padding::Unknown }
    };
    let layer = match &step.what {
        What::Conv(conv) => Layer::Conv(Conv {
            out_channels: output.channels,
            kernel: conv.window.kernel,
            stride: conv.window.stride,
            groups: conv.groups,
            dilation: conv.dilation,
        }),
        What::Linear => Layer::Linear { out_features: output.channels },
        What::Positions => Layer::Conv(Conv::pointwise(output.channels)),
        What::Activation(activation) => Layer::Activation(*activation),
        What::Constant(constant) if constant.operation == Operation::Add => Layer::Add,
        What::Constant(_) | What::Gate | What::Normalization => Layer::Scale,
        What::Add => Layer::Add,
        What::Multiply => Layer::Mul,
        What::Concat => Layer::Concat {
            parts: u32::try_from(step.reads.len()).ok()?,
            more_channels: output.channels.saturating_sub(input.channels),
        },
        What::MaxPool(part) => Layer::MaxPool(window(part)),
        What::AveragePool(part) => Layer::AveragePool(window(part)),
        What::GlobalPool => Layer::GlobalAveragePool,
        What::Upsample { factor, interpolation } => {
            Layer::Upsample { factor: *factor, interpolation: *interpolation }
        }
        What::Softmax => Layer::Softmax,
        What::TransposedConv | What::Pad(_) | What::Other => return None,
    };
    let behind = if let What::Conv(conv) = &step.what { conv.activation } else { None };
    let behind = behind.map(|a| PlacedLayer { layer: Layer::Activation(a), input: output, output });
    Some(std::iter::once(PlacedLayer { layer, input, output }).chain(behind).collect())
}
