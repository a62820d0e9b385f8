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
mod dynamic;
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

/// All of them, in the order in which networks are drawn, again and again. Those that most networks are of stand twice or three times, so
/// that three networks in four are of them, and enough others attend, listen, read and count in integers.
pub(super) const STYLES: [&Style; 60] = [
    &mb::STYLE,
    &basic::STYLE,
    &grouped::STYLE,
    &window::STYLE,
    &mbv3::STYLE,
    &shuffle::STYLE,
    &dense::STYLE,
    &text::STYLE,
    &bottleneck::STYLE,
    &fused::STYLE,
    &mix::STYLE,
    &arithmetic::STYLE,
    &inception::STYLE,
    &ghost::STYLE,
    &convnext::STYLE,
    &audio::STYLE,
    &plain::STYLE,
    &fire::STYLE,
    &attention::STYLE,
    &affine::STYLE,
    &separable::STYLE,
    &csp::STYLE,
    &uib::STYLE,
    &int8::STYLE,
    &vit::STYLE,
    &darknet::STYLE,
    &hourglass::STYLE,
    &levit::STYLE,
    &poolformer::STYLE,
    &mbv3::STYLE,
    &bottleneck::STYLE,
    &recurrent::STYLE,
    &mb::STYLE,
    &basic::STYLE,
    &uib::STYLE,
    &normalized::STYLE,
    &grouped::STYLE,
    &fused::STYLE,
    &mix::STYLE,
    &mobilevit::STYLE,
    &attention::STYLE,
    &separable::STYLE,
    &csp::STYLE,
    &resnetd::STYLE,
    &inception::STYLE,
    &mb::STYLE,
    &fire::STYLE,
    &partial::STYLE,
    &vit::STYLE,
    &convnext::STYLE,
    &shuffle::STYLE,
    &xcit::STYLE,
    &plain::STYLE,
    &dense::STYLE,
    &ghost::STYLE,
    &factorized::STYLE,
    &mbv3::STYLE,
    &darknet::STYLE,
    &int8::STYLE,
    &dynamic::STYLE,
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
    /// The same in 8-bit integers that are made as the network runs.
    Dynamic,
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
