//! What computes element by element, and what normalizes.

use super::{Sketch, Sketched, float, int, ints};
use crate::spec::Activation;

/// An activation as exporters write it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// One of the known ones.
    Known(Activation),
    /// x · (1 + erf(x / √2)) / 2, in five nodes.
    Gelu,
    /// max(x, 0.1 · x).
    LeakyRelu,
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
            Curve::Gelu => {
                let (root, one, half) =
                    (self.number(std::f32::consts::SQRT_2), self.number(1.0), self.number(0.5));
                let divided = self.node("Div", &[&x.name, &root], dims.clone(), vec![]);
                let erf = self.node("Erf", &[&divided.name], dims.clone(), vec![]);
                let sum = self.node("Add", &[&erf.name, &one], dims.clone(), vec![]);
                let product = self.node("Mul", &[&x.name, &sum.name], dims.clone(), vec![]);
                self.node("Mul", &[&product.name, &half], dims, vec![])
            }
            Curve::LeakyRelu => self.node("LeakyRelu", &[&x.name], dims, vec![float("alpha", 0.1)]),
        }
    }

    /// The sum of two values of one shape.
    pub fn add(&mut self, left: &Sketched, right: &Sketched) -> Sketched {
        self.node("Add", &[&left.name, &right.name], left.dims.clone(), vec![])
    }

    /// The product of a value and another of its shape, or one number per channel.
    pub fn mul(&mut self, left: &Sketched, right: &Sketched) -> Sketched {
        self.node("Mul", &[&left.name, &right.name], left.dims.clone(), vec![])
    }

    /// A constant number times a value.
    pub fn times(&mut self, x: &Sketched, factor: f32) -> Sketched {
        let factor = self.number(factor);
        self.node("Mul", &[&x.name, &factor], x.dims.clone(), vec![])
    }

    /// A trained factor for each of the last side's places, or of a map's channels.
    pub fn scale(&mut self, x: &Sketched) -> Sketched {
        let channels = if x.dims.len() == 4 { x.channels() } else { x.side(x.dims.len() - 1) };
        let dims: &[u64] = if x.dims.len() == 4 { &[channels.into(), 1, 1] } else { &[channels.into()] };
        let factors = self.random(dims, 0.5, 1.0);
        self.node("Mul", &[&x.name, &factors], x.dims.clone(), vec![])
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
