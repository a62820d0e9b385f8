//! Units that split and shuffle channels. Source: ShuffleNetV2, arXiv:1807.11164.

use super::{Pen, RELU, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style = Style { name: "shuffle", curves: &[RELU], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let half = out / 2;
    let (left, right) = if stride == 1 && x.channels() == out {
        let [left, right] = pen.sketch.split(&x, half);
        (left, right)
    } else {
        let deep = pen.sketch.conv(&x, Filters::depthwise(x.channels(), 3, stride));
        (pen.conv_act(&deep, Filters::pointwise(half)), x)
    };
    let wide = pen.conv_act(&right, Filters::pointwise(half));
    let deep = pen.sketch.conv(&wide, Filters::depthwise(half, 3, stride));
    let last = pen.conv_act(&deep, Filters::pointwise(half));
    let joined = pen.sketch.concat(&[&left, &last]);
    let [high, wide] = [joined.side(2), joined.side(3)].map(u64::from);
    let pairs = pen.sketch.reshape(&joined, &[1, 2, half.into(), high, wide]);
    let shuffled = pen.sketch.transpose(&pairs, &[0, 2, 1, 3, 4]);
    pen.sketch.reshape(&shuffled, &[1, 2 * u64::from(half), high, wide])
}
