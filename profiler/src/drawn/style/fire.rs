//! Fire modules. Source: SqueezeNet, arXiv:1602.07360.

use super::{Pen, RELU, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style = Style { name: "fire", curves: &[RELU], start: Start::Stem, block };

pub(super) fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let x = if stride == 2 { pen.sketch.max_pool(&x, 3, 2) } else { x };
    let fewer = pen.round(f64::from(out) / 4.0);
    let squeezed = pen.conv_act(&x, Filters::pointwise(fewer));
    let narrow = pen.conv_act(&squeezed, Filters::pointwise(out));
    let wide = pen.conv_act(&squeezed, Filters::square(out, 3, 1));
    pen.sketch.concat(&[&narrow, &wide])
}
