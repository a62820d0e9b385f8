//! Depthwise and 1×1 convolutions in turn. Source: MobileNetV1, arXiv:1704.04861; MobileOne, arXiv:2206.04040.

use super::{Pen, RELU, RELU6, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style =
    Style { name: "separable", curves: &[RELU, RELU6], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (kernel, squeezes) = (pen.draw.one_of(&[3, 3, 3, 5]), pen.draw.chance(0.15));
    let mut deep = pen.conv_act(&x, Filters::depthwise(x.channels(), kernel, stride));
    if squeezes {
        deep = pen.squeeze(&deep);
    }
    pen.conv_act(&deep, Filters::pointwise(out))
}
