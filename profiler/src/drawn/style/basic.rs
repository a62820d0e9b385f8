//! Residual blocks of two 3×3 convolutions. Source: ResNet, arXiv:1512.03385.

use super::{Pen, RELU, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style = Style { name: "basic", curves: &[RELU], start: Start::Stem, block };

pub(super) fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let first = pen.conv_act(&x, Filters::square(out, 3, stride));
    let second = pen.sketch.conv(&first, Filters::square(out, 3, 1));
    let shortcut = pen.shortcut(&x, out, stride);
    let sum = pen.sketch.add(&second, &shortcut);
    pen.act(&sum)
}
