//! Inverted residuals. Source: MobileNetV2, arXiv:1801.04381; EfficientNet, arXiv:1905.11946.

use super::{Pen, RELU, RELU6, SWISH, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style =
    Style { name: "mb", curves: &[RELU6, RELU6, RELU, SWISH], start: Start::Stem, block };

pub(super) fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (expansion, kernel) = (pen.draw.one_of(&[1, 3, 4, 6, 6]), pen.draw.one_of(&[3, 3, 5, 7]));
    let squeezes = pen.draw.chance(0.25);
    inverted(pen, &x, [x.channels() * expansion, out], [kernel, stride], squeezes)
}

/// Expand, depthwise, project: with `[inside, out]` channels and `[kernel, stride]`.
pub(super) fn inverted(
    pen: &mut Pen<'_>,
    x: &Sketched,
    [inside, out]: [u32; 2],
    [kernel, stride]: [u32; 2],
    squeezes: bool,
) -> Sketched {
    let wide = if inside == x.channels() { x.clone() } else { pen.conv_act(x, Filters::pointwise(inside)) };
    let deep = pen.conv_act(&wide, Filters::depthwise(inside, kernel, stride));
    let deep = if squeezes { pen.squeeze(&deep) } else { deep };
    let projected = pen.sketch.conv(&deep, Filters::pointwise(out));
    if stride == 1 && x.channels() == out { pen.sketch.add(&projected, x) } else { projected }
}
