//! Half of the channels pass some residual blocks by. Source: CSPNet, arXiv:1911.11929, as detectors have it.

use super::{Pen, SWISH, Sketched, Start, Style};
use crate::onnx::{Curve, Filters};

pub(super) const STYLE: Style =
    Style { name: "csp", curves: &[SWISH, SWISH, Curve::LeakyRelu], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let depth = pen.draw.one_of(&[1, 1, 2]);
    let x = if stride == 2 { pen.conv_act(&x, Filters::square(out, 3, 2)) } else { x };
    let wide = pen.conv_act(&x, Filters::pointwise(out));
    let [passing, mut last] = pen.sketch.split(&wide, out / 2);
    let half = out - out / 2;
    let mut parts = vec![passing, last.clone()];
    for _ in 0..depth {
        let first = pen.conv_act(&last, Filters::square(half, 3, 1));
        let second = pen.conv_act(&first, Filters::square(half, 3, 1));
        last = pen.sketch.add(&last, &second);
        parts.push(last.clone());
    }
    let joined = pen.sketch.concat(&parts.iter().collect::<Vec<_>>());
    pen.conv_act(&joined, Filters::pointwise(out))
}
