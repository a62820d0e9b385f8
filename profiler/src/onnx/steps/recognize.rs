//! What a node computes.

use super::attributes::{int, ints, pair, upsample, window};
use super::step::{Arithmetic, Operation, Read, Unfused};
use super::translate::Translation;
use crate::onnx::{AttributeValue, ModelNode};
use crate::spec::{Activation, Conv, FeatureMap, Layer};

impl Translation<'_> {
    /// What a node computes; nothing where this release does not know.
    pub(super) fn what(&self, node: &ModelNode, reads: &[Read], output: FeatureMap) -> Option<Unfused> {
        let input = reads.first().map_or(output, |read| read.map);
        let is_map =
            node.outputs.first().and_then(|name| self.tensor(name)).is_some_and(|t| t.dims.len() == 4);
        let layer = match (node.operator.as_str(), reads.len()) {
            ("Conv", 1) => Layer::Conv(self.conv(node, output)?),
            ("ConvTranspose", 1) => return Some(Unfused::TransposedConv),
            ("Gemm", 1) if int(node, "transA") != Some(1) => {
                if input.pixels() > 1 {
                    return Some(Unfused::Positions);
                }
                Layer::Linear { out_features: output.channels }
            }
            ("MatMul", 1) if reads.len() < node.inputs.len() && self.is_left(node) => {
                if input.pixels() > 1 {
                    return Some(Unfused::Positions);
                }
                Layer::Linear { out_features: output.channels }
            }
            ("BatchNormalization", 1) => return Some(Unfused::Normalization),
            ("MaxPool", 1) if node.outputs.len() == 1 => Layer::MaxPool(window(node)?),
            ("AveragePool", 1) => {
                let pool = window(node)?;
                let is_global = output.pixels() == 1 && pool.kernel == [input.height, input.width];
                if is_global { Layer::GlobalAveragePool } else { Layer::AveragePool(pool) }
            }
            ("GlobalAveragePool", 1) => Layer::GlobalAveragePool,
            ("ReduceMean", 1) if self.is_global(node) => Layer::GlobalAveragePool,
            ("Concat", 2..) if is_map && int(node, "axis").is_some_and(|axis| axis == 1 || axis == -3) => {
                let more = reads[1..].iter().map(|read| read.map.channels);
                let more_channels = more.fold(0, u32::saturating_add);
                Layer::Concat { parts: u32::try_from(reads.len()).ok()?, more_channels }
            }
            ("Softmax", 1) => Layer::Softmax,
            ("Resize" | "Upsample", 1) => upsample(node, input, output)?,
            ("Pad", 1) => return self.is_border_of_zeros(node).then_some(Unfused::Pad),
            ("Add" | "Sum", 2) if reads.iter().all(|read| read.map == output) => Layer::Add,
            ("Mul", 2) => {
                let gate = FeatureMap { height: 1, width: 1, ..output };
                match (reads[0].map, reads[1].map) {
                    (a, b) if a == output && b == output => Layer::Mul,
                    (a, b) if (a == output && b == gate) || (a == gate && b == output) => Layer::Scale,
                    _ => return None,
                }
            }
            ("Add" | "Sum" | "Sub" | "Mul" | "Div", 1) if node.inputs.len() == 2 => {
                return self.arithmetic(node, input, output).map(Unfused::Constant);
            }
            (_, 1) => Layer::Activation(self.activation(node)?),
            _ => return None,
        };
        Some(layer.into())
    }

    /// Whether the weights of a product are its second input.
    fn is_left(&self, node: &ModelNode) -> bool {
        let weights = node.inputs.get(1).and_then(|name| self.tensor(name));
        weights.is_some_and(|tensor| tensor.is_constant && tensor.dims.len() == 2)
    }

    fn conv(&self, node: &ModelNode, output: FeatureMap) -> Option<Conv> {
        let weights = self.tensor(node.inputs.get(1)?)?;
        let &[_, _, high, wide] = &weights.dims[..] else { return None };
        let kernel = [u32::try_from(high).ok()?, u32::try_from(wide).ok()?];
        let groups = u32::try_from(int(node, "group").unwrap_or(1)).ok()?;
        let (stride, dilation) = (pair(node, "strides")?, pair(node, "dilations")?);
        let out_channels = output.channels;
        weights.is_constant.then_some(Conv { out_channels, kernel, stride, groups, dilation })
    }

    /// A mean over height and width.
    fn is_global(&self, node: &ModelNode) -> bool {
        let Some(input) = node.inputs.first().and_then(|name| self.tensor(name)) else { return false };
        let given = node.inputs.get(1).and_then(|name| self.tensor(name)?.values.clone());
        let axes: Option<Vec<i64>> = match ints(node, "axes") {
            Some(axes) => Some(axes.to_vec()),
            None => given.map(|axes| axes.into_iter().map(|axis| axis as i64).collect()),
        };
        let mut axes: Vec<i64> =
            axes.unwrap_or_default().into_iter().map(|axis| if axis < 0 { axis + 4 } else { axis }).collect();
        axes.sort_unstable();
        input.dims.len() == 4 && axes == [2, 3]
    }

    /// Whether a node pads height and width alone, with zeros.
    fn is_border_of_zeros(&self, node: &ModelNode) -> bool {
        let is_zero = match node.attributes.get("mode") {
            Some(AttributeValue::Text(mode)) => mode == "constant",
            _ => true,
        };
        let given = || node.inputs.get(1).and_then(|name| self.tensor(name)?.values.clone());
        let pads: Vec<i64> = match ints(node, "pads") {
            Some(pads) => pads.to_vec(),
            None => given().unwrap_or_default().into_iter().map(|pad| pad as i64).collect(),
        };
        is_zero && matches!(pads[..], [0, 0, _, _, 0, 0, _, _]) && pads.iter().all(|pad| *pad >= 0)
    }

    /// Arithmetic with a constant; a difference or quotient only where the constant is what is taken off or divided by.
    fn arithmetic(&self, node: &ModelNode, input: FeatureMap, output: FeatureMap) -> Option<Arithmetic> {
        let constant = |name: &String| self.tensor(name).filter(|tensor| tensor.is_constant);
        let place = node.inputs.iter().position(|name| constant(name).is_some())?;
        let constant = constant(&node.inputs[place])?;
        let single = constant.values.as_deref().and_then(|v| if let [v] = v { Some(*v) } else { None });
        let (operation, scalar) = match (node.operator.as_str(), place) {
            ("Add" | "Sum", _) => (Operation::Add, single),
            ("Mul", _) => (Operation::Multiply, single),
            ("Sub", 1) => (Operation::Add, single.map(|v| -v)),
            ("Div", 1) => (Operation::Multiply, single.map(f64::recip)),
            _ => return None,
        };
        let elements = constant.elements();
        let channels = u64::from(output.channels);
        let long_sides = constant.dims.iter().filter(|side| **side > 1).count();
        let is_per_channel = elements == 1 || (elements == channels && long_sides <= 1);
        (input == output).then_some(Arithmetic { operation, scalar, is_per_channel })
    }

    fn activation(&self, node: &ModelNode) -> Option<Activation> {
        let float = |name: &str| match node.attributes.get(name) {
            Some(AttributeValue::Float(value)) => Some(f64::from(*value)),
            _ => None,
        };
        match node.operator.as_str() {
            "Relu" => Some(Activation::Relu),
            "Sigmoid" => Some(Activation::Sigmoid),
            "HardSwish" => Some(Activation::Hswish),
            "Swish" => float("alpha").is_none_or(|alpha| alpha == 1.0).then_some(Activation::Swish),
            // Tools write other slopes too (Keras 0.2); what it costs is the same.
            "HardSigmoid" => Some(Activation::Hsigmoid),
            "Clip" => {
                let bound = |place: usize, name: &str, open: f64| match node
                    .inputs
                    .get(place)
                    .filter(|name| !name.is_empty())
                {
                    Some(name) => self.tensor(name)?.values.as_deref()?.first().copied(),
                    None => Some(float(name).unwrap_or(open)),
                };
                match (bound(1, "min", f64::MIN)?, bound(2, "max", f64::MAX)?) {
                    (0.0, high) if high >= f64::from(f32::MAX) => Some(Activation::Relu),
                    // Between any two numbers costs what between 0 and 6 does.
                    _ => Some(Activation::Relu6),
                }
            }
            _ => None,
        }
    }
}
