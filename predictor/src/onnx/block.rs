//! Steps as ops: what is predicted as one.

use profiler::onnx::steps::{Arithmetic, Operation, Step, Unfused};
use profiler::spec::{
    Act, Add, AveragePool, Concat, Conv, ConvOp, FeatureMap, GlobalPool, Layer, Linear, MaxPool, Mul, Op,
    OpKind as _, OpSpec, PlacedLayer, Pool, Precision, Softmax, Upsample,
};

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
        let operator = step.operator();
        let name = format!("{kind} ({operator} {input} to {output})");
        Self { kind, op, name, input, output, layers: layers(step), steps: vec![index] }
    }
}

/// What ops like a step are called.
fn kind(step: &Step) -> String {
    let operator = step.operator().to_lowercase();
    let name = match step.what {
        Unfused::Layer(layer) => match layer {
            Layer::Input(_) => "input",
            Layer::Conv(_) => ConvOp::NAME,
            Layer::Linear { .. } => Linear::NAME,
            Layer::Activation(_) => Act::NAME,
            Layer::Add => Add::NAME,
            Layer::Mul | Layer::Scale => Mul::NAME,
            Layer::Concat { .. } => Concat::NAME,
            Layer::MaxPool(_) => MaxPool::NAME,
            Layer::AveragePool(_) => AveragePool::NAME,
            Layer::GlobalAveragePool => GlobalPool::NAME,
            Layer::Upsample { .. } => Upsample::NAME,
            Layer::Softmax => Softmax::NAME,
        },
        Unfused::Constant(Arithmetic { operation: Operation::Add, .. }) => Add::NAME,
        Unfused::Constant(Arithmetic { operation: Operation::Multiply, .. }) => Mul::NAME,
        Unfused::TransposedConv => "convtranspose",
        Unfused::Normalization => "batchnorm",
        Unfused::Pad => "pad",
        Unfused::Positions => "matmul",
        Unfused::Unknown => operator.as_str(),
    };
    format!("{name}{}{}", precision(step).suffix(), half(step))
}

fn half(step: &Step) -> &'static str {
    if step.is_half { "-f16" } else { "" }
}

fn precision(step: &Step) -> Precision {
    if step.is_int8() { Precision::Int8 } else { Precision::F32 }
}

/// The op that a step is, where the profiler has it; but for its padding: what counts is the shape it gives.
fn op(step: &Step) -> Option<OpSpec> {
    let op: Op = match step.layer().filter(|_| !step.is_half)? {
        Layer::Conv(Conv { out_channels, kernel, stride, groups, dilation }) => {
            let [kernel, stride, dilation] = [same(kernel)?, same(stride)?, same(dilation)?];
            let activation = step.activation;
            ConvOp { out_channels, kernel, stride, groups, dilation, activation }.into()
        }
        Layer::Linear { out_features } => Linear { out_features }.into(),
        Layer::Activation(activation) => Act { activation }.into(),
        Layer::Add => Add.into(),
        Layer::Mul => Mul { gate: false }.into(),
        Layer::Scale => Mul { gate: true }.into(),
        Layer::Concat { parts: 2, more_channels } => Concat { more_channels }.into(),
        Layer::MaxPool(Pool { kernel, stride, .. }) => {
            MaxPool { kernel: same(kernel)?, stride: same(stride)? }.into()
        }
        Layer::AveragePool(Pool { kernel, stride, .. }) => {
            AveragePool { kernel: same(kernel)?, stride: same(stride)? }.into()
        }
        Layer::GlobalAveragePool => GlobalPool.into(),
        Layer::Upsample { factor, interpolation } => Upsample { factor, interpolation }.into(),
        Layer::Softmax => Softmax.into(),
        Layer::Input(_) | Layer::Concat { .. } => return None,
    };
    let op = OpSpec::new(step.input(), op).ok().filter(|op| op.output() == step.output)?;
    op.in_precision(precision(step)).ok()
}

/// The number that both are.
pub(super) fn same([down, right]: [u32; 2]) -> Option<u32> {
    (down == right).then_some(down)
}

/// The layers of a step; nothing where this release cannot describe them.
pub(super) fn layers(step: &Step) -> Option<Vec<PlacedLayer>> {
    let layer = match step.what {
        Unfused::Layer(layer) => layer,
        Unfused::Positions => Layer::Conv(Conv::pointwise(step.output.channels)),
        Unfused::Constant(Arithmetic { operation: Operation::Add, .. }) => Layer::Add,
        Unfused::Constant(Arithmetic { operation: Operation::Multiply, .. }) | Unfused::Normalization => {
            Layer::Scale
        }
        Unfused::TransposedConv | Unfused::Pad | Unfused::Unknown => return None,
    };
    let placed = |layer, input| PlacedLayer { layer, input, output: step.output };
    let behind = step.activation.map(|activation| placed(Layer::Activation(activation), step.output));
    Some(std::iter::once(placed(layer, step.input())).chain(behind).collect())
}
