//! Inverted residuals with squeeze-and-excite and two activations. Source: MobileNetV3, arXiv:1905.02244.

use super::{HSWISH, Pen, RELU, Sketched, Start, Style, mb::inverted};
use crate::onnx::Curve;

pub(super) const STYLE: Style =
    Style { name: "mbv3", curves: &[HSWISH, HSWISH, Curve::HswishInParts], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (expansion, kernel) = (pen.draw.one_of(&[2.0, 2.5, 3.0, 4.0, 6.0]), pen.draw.one_of(&[3, 3, 5]));
    let (squeezes, is_cheap) = (pen.draw.chance(0.6), pen.draw.chance(0.4));
    let inside = pen.round(f64::from(x.channels()) * expansion);
    let usual = pen.curve;
    pen.curve = if is_cheap { RELU } else { usual };
    let given = inverted(pen, &x, [inside, out], [kernel, stride], squeezes);
    pen.curve = usual;
    given
}
