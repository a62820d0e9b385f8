//! Steps as ops: what is predicted as one.

use profiler::spec::{
    Act, Activation, Add, AveragePool, Concat, ConvOp, FeatureMap, GlobalPool, Linear, MaxPool, Mul, Op,
    OpSpec, Precision, Softmax, Upsample,
};

use super::step::{ConvStep, Operation, Step, What, WindowStep};
use crate::work::{Elementwise, OpFeatures, Primitive, Window};

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
    pub(super) layers: Option<Vec<Primitive>>,
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
pub(super) fn layers(step: &Step) -> Option<Vec<Primitive>> {
    let (input, output) = (step.input(), step.output);
    let elementwise = |function| Primitive::Elementwise { function, map: output };
    let pooled = |part: &WindowStep, window| {
        let taps = output.elements() * part.taps();
        Primitive::Pool { input, output, kernel: part.longer(), window, taps }
    };
    Some(vec![match &step.what {
        What::Conv(conv) => {
            let (dilation, groups) = (conv.dilation[0].max(conv.dilation[1]), conv.groups);
            let [kernel, other] = conv.window.kernel;
            let stride = conv.window.stride[0].max(conv.window.stride[1]);
            let mut layers = vec![if kernel == other {
                Primitive::Conv { input, output, kernel, stride, groups, dilation }
            } else {
                Primitive::OblongConv { input, output, kernel: conv.window.kernel, groups, dilation }
            }];
            layers.extend(conv.activation.map(|a| elementwise(function(a))));
            return Some(layers);
        }
        What::Linear => Primitive::Linear { input, output },
        What::Positions => Primitive::Conv { input, output, kernel: 1, stride: 1, groups: 1, dilation: 1 },
        What::Activation(activation) => elementwise(function(*activation)),
        What::Constant(constant) if constant.operation == Operation::Add => elementwise(Elementwise::Add),
        What::Constant(_) | What::Gate => elementwise(Elementwise::Scale),
        What::Normalization => elementwise(Elementwise::Scale),
        What::Add => elementwise(Elementwise::Add),
        What::Multiply => elementwise(Elementwise::Multiply),
        What::Concat => Primitive::Join { parts: u32::try_from(step.reads.len()).ok()?, output },
        What::MaxPool(part) => pooled(part, Window::Largest),
        What::AveragePool(part) => pooled(part, Window::Mean),
        What::GlobalPool => Primitive::GlobalPool { input },
        What::Upsample { interpolation, .. } => Primitive::Upsample { interpolation: *interpolation, output },
        What::Softmax => elementwise(Elementwise::Softmax),
        What::TransposedConv | What::Pad(_) | What::Other => return None,
    }])
}

fn function(activation: Activation) -> Elementwise {
    match activation {
        Activation::Relu => Elementwise::Relu,
        Activation::Relu6 => Elementwise::Relu6,
        Activation::Hswish => Elementwise::Hswish,
        Activation::Sigmoid => Elementwise::Sigmoid,
        Activation::Hsigmoid => Elementwise::Hsigmoid,
        Activation::Swish => Elementwise::Swish,
    }
}
