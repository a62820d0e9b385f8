//! What styles draw with.

use super::network::Extent;
use crate::onnx::{Biases, Curve, Filters, Sketch, Sketched};
use crate::spec::{Activation, Draw};

/// A sketch, a source of random sizes, and what is the same all over a network.
pub(super) struct Pen<'a> {
    pub(super) sketch: &'a mut Sketch,
    pub(super) draw: Draw<'a>,
    /// The network's activation.
    pub(super) curve: Curve,
    /// Channels are multiples of this.
    pub(super) multiple: u32,
    /// How far the network reaches.
    pub(super) extent: Extent,
    /// What attention is kept off.
    pub(super) mask: Mask,
}

/// What attention is kept off.
#[derive(Clone, Debug)]
pub(super) enum Mask {
    /// Nothing.
    Nothing,
    /// Places without a word: what is added to the scores.
    Padding(Sketched),
    /// Later places.
    Later,
}

impl Pen<'_> {
    /// The nearest number of channels.
    pub(super) fn round(&self, channels: f64) -> u32 {
        let multiple = f64::from(self.multiple);
        ((channels / multiple).round().max(1.0) * multiple) as u32
    }

    /// The network's activation.
    pub(super) fn act(&mut self, x: &Sketched) -> Sketched {
        self.sketch.act(x, self.curve)
    }

    /// A convolution and the network's activation.
    pub(super) fn conv_act(&mut self, x: &Sketched, filters: Filters) -> Sketched {
        let x = self.sketch.conv(x, filters);
        self.act(&x)
    }

    /// A convolution by dynamic quantization, as old or new tools write it.
    pub(super) fn dynamic_conv(&mut self, x: &Sketched, filters: Filters) -> Sketched {
        let read = self.sketch.quantize_dynamically(x);
        let biases = self.draw.one_of(&[Biases::Real, Biases::Integer]);
        self.sketch.dynamic_conv(&read, filters, biases)
    }

    /// A 1×1 convolution where a block changes the shape, else nothing.
    pub(super) fn shortcut(&mut self, x: &Sketched, out: u32, stride: u32) -> Sketched {
        if stride == 1 && x.channels() == out {
            x.clone()
        } else {
            self.sketch.conv(x, Filters::square(out, 1, stride))
        }
    }

    /// Squeeze-and-excite, with a random ratio and gate.
    pub(super) fn squeeze(&mut self, x: &Sketched) -> Sketched {
        let (ratio, is_hard) = (self.draw.one_of(&[4, 8, 16]), self.draw.chance(0.5));
        let between = self.draw.one_of(&[Activation::Relu, Activation::Relu, Activation::Swish]);
        let gate = if is_hard { Activation::Hsigmoid } else { Activation::Sigmoid };
        let pooled = self.sketch.global_pool(x);
        let fewer = (x.channels() / ratio).max(1).next_multiple_of(8);
        let squeezed = self.sketch.conv(&pooled, Filters::pointwise(fewer));
        let squeezed = self.sketch.act(&squeezed, Curve::Known(between));
        let wide = self.sketch.conv(&squeezed, Filters::pointwise(x.channels()));
        let gate = self.sketch.act(&wide, Curve::Known(gate));
        self.sketch.mul(x, &gate)
    }

    /// Layer normalization, in one node or many, as the network's channels fall.
    pub(super) fn layer_norm(&mut self, x: &Sketched) -> Sketched {
        if self.multiple == 16 { self.sketch.layer_norm(x) } else { self.sketch.layer_norm_in_parts(x) }
    }

    /// A map as a sequence of positions: `[1, h · w, c]`.
    pub(super) fn sequence(&mut self, x: &Sketched) -> Sketched {
        let positions = u64::from(x.side(2)) * u64::from(x.side(3));
        let flat = self.sketch.reshape(x, &[1, x.channels().into(), positions]);
        self.sketch.transpose(&flat, &[0, 2, 1])
    }

    /// A sequence of positions as a map again.
    pub(super) fn map(&mut self, x: &Sketched, [high, wide]: [u32; 2]) -> Sketched {
        let flat = self.sketch.transpose(x, &[0, 2, 1]);
        self.sketch.reshape(&flat, &[1, x.side(2), high, wide].map(u64::from))
    }
}
