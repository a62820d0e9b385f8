//! Inverted residuals whose expansion is a full convolution. Source: EfficientNetV2, arXiv:2104.00298.

use super::{Pen, RELU, SWISH, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style =
    Style { name: "fused", curves: &[SWISH, SWISH, RELU], start: Start::Stem, block };

pub(super) fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (expansion, kernel) = (pen.draw.one_of(&[1, 2, 4]), pen.draw.one_of(&[3, 3, 5]));
    let wide = pen.conv_act(&x, Filters::square(x.channels() * expansion, kernel, stride));
    let projected = pen.sketch.conv(&wide, Filters::pointwise(out));
    if stride == 1 && x.channels() == out { pen.sketch.add(&projected, &x) } else { projected }
}
