//! Inverted residuals with a depthwise convolution before the expansion, inside, or both. Source: MobileNetV4, arXiv:2404.10518.

use super::{Pen, RELU, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style = Style { name: "uib", curves: &[RELU], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (expansion, kernel) = (pen.draw.one_of(&[2, 3, 4, 6]), pen.draw.one_of(&[3, 3, 5]));
    let (begins, is_inside) = (pen.draw.chance(0.5), pen.draw.chance(0.6));
    let early = if begins || !is_inside {
        let first = if is_inside { 1 } else { stride };
        pen.sketch.conv(&x, Filters::depthwise(x.channels(), kernel, first))
    } else {
        x.clone()
    };
    let inside = x.channels() * expansion;
    let mut wide = pen.conv_act(&early, Filters::pointwise(inside));
    if is_inside {
        wide = pen.conv_act(&wide, Filters::depthwise(inside, kernel, stride));
    }
    let projected = pen.sketch.conv(&wide, Filters::pointwise(out));
    if stride == 1 && x.channels() == out { pen.sketch.add(&projected, &x) } else { projected }
}
