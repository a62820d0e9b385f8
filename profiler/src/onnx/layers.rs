//! Which ONNX operator a layer is, and its attributes.

use super::proto::{Attribute, FLOAT_ATTRIBUTE, INT, INTS, STRING};
use crate::spec::{Activation, Interpolation, Layer, Node};

/// An operator without its inputs.
pub(super) struct Operator {
    pub(super) name: &'static str,
    pub(super) attributes: Vec<Attribute>,
    /// Constants that follow its inputs.
    pub(super) constants: Constants,
}

/// Constant inputs of an operator.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Constants {
    None,
    /// Bounds of Clip.
    Bounds(f32, f32),
    /// Resize has no region of interest and these scales.
    Scales([f32; 4]),
}

/// The operator of a node; none for an input, and for swish, which opset 14 has not, that of its sigmoid.
pub(super) fn operator(node: &Node) -> Option<Operator> {
    let plain = |name| Operator { name, attributes: vec![], constants: Constants::None };
    let with = |name, attributes| Operator { name, attributes, constants: Constants::None };
    Some(match node.layer {
        Layer::Input(_) => return None,
        Layer::Conv(conv) => {
            let [rows, columns] = conv.padding();
            let mut attributes = vec![
                ints("kernel_shape", &conv.kernel),
                ints("strides", &conv.stride),
                ints("pads", &[rows, columns, rows, columns]),
                int("group", conv.groups),
            ];
            if conv.dilation != [1, 1] {
                attributes.push(ints("dilations", &conv.dilation));
            }
            with("Conv", attributes)
        }
        Layer::MaxPool(pool) | Layer::AveragePool(pool) => {
            let [(top, bottom), (left, right)] = pool.pads(node.input);
            let attributes = vec![
                ints("kernel_shape", &pool.kernel),
                ints("strides", &pool.stride),
                ints("pads", &[top, left, bottom, right]),
            ];
            with(if matches!(node.layer, Layer::MaxPool(_)) { "MaxPool" } else { "AveragePool" }, attributes)
        }
        Layer::Activation(Activation::Relu) => plain("Relu"),
        Layer::Activation(Activation::Relu6) => {
            Operator { constants: Constants::Bounds(0.0, 6.0), ..plain("Clip") }
        }
        Layer::Activation(Activation::Hswish) => plain("HardSwish"),
        Layer::Activation(Activation::Sigmoid | Activation::Swish) => plain("Sigmoid"),
        Layer::Activation(Activation::Hsigmoid) => {
            with("HardSigmoid", vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)])
        }
        Layer::Add => plain("Add"),
        Layer::Mul | Layer::Scale => plain("Mul"),
        Layer::Concat { .. } => with("Concat", vec![int("axis", 1)]),
        Layer::GlobalAveragePool => plain("GlobalAveragePool"),
        Layer::Linear { .. } => with("Gemm", vec![int("transB", 1)]),
        Layer::Upsample { factor, interpolation } => {
            let attributes = match interpolation {
                Interpolation::Nearest => vec![
                    string("mode", "nearest"),
                    string("coordinate_transformation_mode", "asymmetric"),
                    string("nearest_mode", "floor"),
                ],
                Interpolation::Bilinear => {
                    vec![string("mode", "linear"), string("coordinate_transformation_mode", "half_pixel")]
                }
            };
            let factor = factor as f32;
            let constants = Constants::Scales([1.0, 1.0, factor, factor]);
            Operator { constants, ..with("Resize", attributes) }
        }
        Layer::Softmax => with("Softmax", vec![int("axis", 1)]),
    })
}

/// An integer attribute.
pub(super) fn int(name: &str, value: u32) -> Attribute {
    Attribute { name: name.to_owned(), i: value.into(), r#type: INT, ..Default::default() }
}

fn ints(name: &str, values: &[u32]) -> Attribute {
    let ints = values.iter().copied().map(i64::from).collect();
    Attribute { name: name.to_owned(), ints, r#type: INTS, ..Default::default() }
}

fn float(name: &str, value: f32) -> Attribute {
    Attribute { name: name.to_owned(), f: value, r#type: FLOAT_ATTRIBUTE, ..Default::default() }
}

fn string(name: &str, value: &str) -> Attribute {
    Attribute { name: name.to_owned(), s: value.as_bytes().to_vec(), r#type: STRING, ..Default::default() }
}
