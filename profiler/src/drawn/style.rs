//! The styles of networks. A new one is a file here, its `mod` line, and its line in [`STYLES`].

use super::pen::Pen;
use crate::onnx::{Curve, Sketched};
use crate::spec::Activation;

mod attention;
mod basic;
mod bottleneck;
mod convnext;
mod csp;
mod darknet;
mod dense;
mod fire;
mod fused;
mod ghost;
mod grouped;
mod hourglass;
mod inception;
mod mb;
mod mbv3;
mod mix;
mod plain;
mod poolformer;
mod separable;
mod shuffle;
mod uib;
mod vit;

/// All of them, in the order in which networks are drawn.
pub(super) const STYLES: [&Style; 22] = [
    &mb::STYLE,
    &basic::STYLE,
    &grouped::STYLE,
    &mbv3::STYLE,
    &shuffle::STYLE,
    &dense::STYLE,
    &bottleneck::STYLE,
    &fused::STYLE,
    &mix::STYLE,
    &inception::STYLE,
    &ghost::STYLE,
    &convnext::STYLE,
    &plain::STYLE,
    &fire::STYLE,
    &attention::STYLE,
    &separable::STYLE,
    &csp::STYLE,
    &uib::STYLE,
    &vit::STYLE,
    &darknet::STYLE,
    &hourglass::STYLE,
    &poolformer::STYLE,
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
    /// Patches as a sequence; all blocks are of one size.
    Patches,
}

const RELU: Curve = Curve::Known(Activation::Relu);
const RELU6: Curve = Curve::Known(Activation::Relu6);
const SWISH: Curve = Curve::Known(Activation::Swish);
const HSWISH: Curve = Curve::Known(Activation::Hswish);
