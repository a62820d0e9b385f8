//! The styles of networks. A new one is a file here, its `mod` line, and its line in [`STYLES`].

use super::pen::Pen;
use crate::onnx::{Curve, Sketched};
use crate::spec::Activation;

mod affine;
mod arithmetic;
mod attention;
mod audio;
mod basic;
mod bottleneck;
mod convnext;
mod csp;
mod darknet;
mod dense;
mod factorized;
mod fire;
mod fused;
mod ghost;
mod grouped;
mod hourglass;
mod inception;
mod int8;
mod levit;
mod mb;
mod mbv3;
mod mix;
mod mobilevit;
mod normalized;
mod partial;
mod plain;
mod poolformer;
mod recurrent;
mod resnetd;
mod separable;
mod shuffle;
mod text;
mod uib;
mod vit;
mod window;
mod xcit;

/// All of them, in the order in which networks are drawn, again and again. Some stand twice, so that two networks in three are
/// convolutional and enough others attend, listen and read.
pub(super) const STYLES: [&Style; 43] = [
    &mb::STYLE,
    &basic::STYLE,
    &window::STYLE,
    &grouped::STYLE,
    &mbv3::STYLE,
    &text::STYLE,
    &shuffle::STYLE,
    &arithmetic::STYLE,
    &dense::STYLE,
    &vit::STYLE,
    &bottleneck::STYLE,
    &audio::STYLE,
    &fused::STYLE,
    &affine::STYLE,
    &mix::STYLE,
    &int8::STYLE,
    &inception::STYLE,
    &levit::STYLE,
    &ghost::STYLE,
    &convnext::STYLE,
    &plain::STYLE,
    &recurrent::STYLE,
    &fire::STYLE,
    &normalized::STYLE,
    &attention::STYLE,
    &separable::STYLE,
    &csp::STYLE,
    &mobilevit::STYLE,
    &uib::STYLE,
    &resnetd::STYLE,
    &partial::STYLE,
    &xcit::STYLE,
    &darknet::STYLE,
    &factorized::STYLE,
    &text::STYLE,
    &hourglass::STYLE,
    &vit::STYLE,
    &poolformer::STYLE,
    &int8::STYLE,
    &levit::STYLE,
    &arithmetic::STYLE,
    &audio::STYLE,
    &attention::STYLE,
];

/// What networks of a kind are built of.
pub(super) struct Style {
    /// Its name, a word.
    pub(super) name: &'static str,
    /// Activations that it comes with.
    pub(super) curves: &'static [Curve],
    /// How its networks begin.
    pub(super) start: Start,
    /// A block that gives `[1, out, h / stride, w / stride]`, or about as many channels.
    pub(super) block: fn(&mut Pen<'_>, Sketched, u32, u32) -> Sketched,
}

/// How networks begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// A convolution; then stages of blocks at lower and lower resolutions.
    Stem,
    /// The same in 8-bit integers.
    Integers,
    /// The same along time: `[1, c, t]`.
    Sound,
    /// Patches as a sequence; all blocks are of one size.
    Patches,
    /// Vectors of words as a sequence.
    Text,
}

/// Most positions that attend to each other.
const MOST_POSITIONS: u32 = 400;

const RELU: Curve = Curve::Known(Activation::Relu);
const RELU6: Curve = Curve::Known(Activation::Relu6);
const SWISH: Curve = Curve::Known(Activation::Swish);
const HSWISH: Curve = Curve::Known(Activation::Hswish);
