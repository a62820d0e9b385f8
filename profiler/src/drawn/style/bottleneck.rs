//! Residual blocks that narrow, convolve and widen. Source: ResNet, arXiv:1512.03385.

use super::{Pen, RELU, SWISH, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style =
    Style { name: "bottleneck", curves: &[RELU, RELU, SWISH], start: Start::Stem, block };

pub(super) fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (wider, squeezes) = (pen.draw.one_of(&[1, 2, 4]), pen.draw.chance(0.15));
    bottleneck(pen, &x, [out, out * wider], [stride, 1], squeezes)
}

/// With `[inside, out]` channels, and `[stride, groups]`.
pub(super) fn bottleneck(
    pen: &mut Pen<'_>,
    x: &Sketched,
    [inside, out]: [u32; 2],
    [stride, groups]: [u32; 2],
    squeezes: bool,
) -> Sketched {
    let narrow = pen.conv_act(x, Filters::pointwise(inside));
    let deep = pen.conv_act(&narrow, Filters { groups, ..Filters::square(inside, 3, stride) });
    let deep = if squeezes { pen.squeeze(&deep) } else { deep };
    let wide = pen.sketch.conv(&deep, Filters::pointwise(out));
    let shortcut = pen.shortcut(x, out, stride);
    let sum = pen.sketch.add(&wide, &shortcut);
    pen.act(&sum)
}
