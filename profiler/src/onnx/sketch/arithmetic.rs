//! Activations, and what normalizes the last side.

use super::{Operand, Sketch, Sketched, float, int, ints};
use crate::spec::Activation;

/// An activation as exporters write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// One of the known ones.
    Known(Activation),
    /// x · relu6(x + 3) / 6, in four nodes.
    HswishInParts,
    /// x · (1 + erf(x / √2)) / 2, in five nodes.
    Gelu,
    /// The same by a hyperbolic tangent, in nine nodes. Source: Hendrycks and Gimpel, arXiv:1606.08415.
    GeluTanh,
    /// max(x, 0.1 · x).
    LeakyRelu,
    /// The same with a trained slope per channel.
    PRelu,
    /// e^x − 1 below 0.
    Elu,
    /// A hyperbolic tangent.
    Tanh,
    /// x · tanh(ln(1 + e^x)), in three nodes. Source: Misra, arXiv:1908.08681.
    Mish,
}

impl Sketch {
    /// An activation.
    pub fn act(&mut self, x: &Sketched, curve: Curve) -> Sketched {
        let dims = x.dims.clone();
        match curve {
            Curve::Known(Activation::Relu) => self.node("Relu", &[&x.name], dims, vec![]),
            Curve::Known(Activation::Relu6) => {
                let (zero, six) = (self.number(0.0), self.number(6.0));
                self.node("Clip", &[&x.name, &zero, &six], dims, vec![])
            }
            Curve::Known(Activation::Hswish) => self.node("HardSwish", &[&x.name], dims, vec![]),
            Curve::Known(Activation::Sigmoid) => self.node("Sigmoid", &[&x.name], dims, vec![]),
            Curve::Known(Activation::Hsigmoid) => {
                let attributes = vec![float("alpha", 1.0 / 6.0), float("beta", 0.5)];
                self.node("HardSigmoid", &[&x.name], dims, attributes)
            }
            Curve::Known(Activation::Swish) => {
                let gate = self.node("Sigmoid", &[&x.name], dims, vec![]);
                self.mul(x, &gate)
            }
            Curve::HswishInParts => {
                let sum = self.combine("Add", x, Operand::Number(3.0));
                let clipped = self.act(&sum, Curve::Known(Activation::Relu6));
                let product = self.mul(x, &clipped);
                self.combine("Div", &product, Operand::Number(6.0))
            }
            Curve::Gelu => {
                let (root, one, half) =
                    (self.number(std::f32::consts::SQRT_2), self.number(1.0), self.number(0.5));
                let divided = self.node("Div", &[&x.name, &root], dims.clone(), vec![]);
                let erf = self.node("Erf", &[&divided.name], dims.clone(), vec![]);
                let sum = self.node("Add", &[&erf.name, &one], dims.clone(), vec![]);
                let product = self.node("Mul", &[&x.name, &sum.name], dims.clone(), vec![]);
                self.node("Mul", &[&product.name, &half], dims, vec![])
            }
            Curve::GeluTanh => {
                let square = self.mul(x, x);
                let cube = self.mul(&square, x);
                let cube = self.times(&cube, 0.044_715);
                let sum = self.add(x, &cube);
                let scaled = self.times(&sum, (2.0 / std::f32::consts::PI).sqrt());
                let curved = self.apply("Tanh", &scaled);
                let sum = self.combine("Add", &curved, Operand::Number(1.0));
                let product = self.mul(x, &sum);
                self.times(&product, 0.5)
            }
            Curve::LeakyRelu => self.node("LeakyRelu", &[&x.name], dims, vec![float("alpha", 0.1)]),
            Curve::PRelu => {
                let slopes = x.per_channel();
                let slopes = self.random(&slopes, 0.05, 0.3);
                self.node("PRelu", &[&x.name, &slopes], dims, vec![])
            }
            Curve::Elu => self.apply("Elu", x),
            Curve::Tanh => self.apply("Tanh", x),
            Curve::Mish => {
                let softplus = self.apply("Softplus", x);
                let gate = self.apply("Tanh", &softplus);
                self.mul(x, &gate)
            }
        }
    }

    /// Softmax over the last side.
    pub fn softmax(&mut self, x: &Sketched) -> Sketched {
        self.node("Softmax", &[&x.name], x.dims.clone(), vec![int("axis", -1)])
    }

    /// Layer normalization over the last side, in one node.
    pub fn layer_norm(&mut self, x: &Sketched) -> Sketched {
        self.opset = 17;
        let channels = [x.dims.last().copied().unwrap_or(1)];
        let (scale, shift) = (self.random(&channels, 0.8, 1.2), self.random(&channels, -0.1, 0.1));
        let attributes = vec![int("axis", -1), float("epsilon", 1e-6)];
        self.node("LayerNormalization", &[&x.name, &scale, &shift], x.dims.clone(), attributes)
    }

    /// The same in nine nodes, as exporters for older operator sets write it.
    pub fn layer_norm_in_parts(&mut self, x: &Sketched) -> Sketched {
        let channels = [x.dims.last().copied().unwrap_or(1)];
        let mut single = x.dims.clone();
        if let Some(last) = single.last_mut() {
            *last = 1;
        }
        let axes = || vec![ints("axes", &[-1]), int("keepdims", 1)];
        let (two, epsilon) = (self.number(2.0), self.number(1e-6));
        let mean = self.node("ReduceMean", &[&x.name], single.clone(), axes());
        let centred = self.node("Sub", &[&x.name, &mean.name], x.dims.clone(), vec![]);
        let squares = self.node("Pow", &[&centred.name, &two], x.dims.clone(), vec![]);
        let variance = self.node("ReduceMean", &[&squares.name], single.clone(), axes());
        let sum = self.node("Add", &[&variance.name, &epsilon], single.clone(), vec![]);
        let root = self.node("Sqrt", &[&sum.name], single, vec![]);
        let normal = self.node("Div", &[&centred.name, &root.name], x.dims.clone(), vec![]);
        let (scale, shift) = (self.random(&channels, 0.8, 1.2), self.random(&channels, -0.1, 0.1));
        let scaled = self.node("Mul", &[&normal.name, &scale], x.dims.clone(), vec![]);
        self.node("Add", &[&scaled.name, &shift], x.dims.clone(), vec![])
    }
}
