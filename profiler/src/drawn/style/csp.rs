//! Half of the channels pass some residual blocks by. Source: CSPNet, arXiv:1911.11929, as detectors have it.

use super::{Pen, SWISH, Sketched, Start, Style};
use crate::onnx::{Curve, Filters};

pub(super) const STYLE: Style =
    Style { name: "csp", curves: &[SWISH, SWISH, Curve::LeakyRelu], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (depth, pools) =
        (pen.draw.one_of(&[1, 1, 2]), pen.draw.one_of(&[&[][..], &[], &[], &[5, 5, 5], &[5, 9, 13]]));
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
    let x = pen.conv_act(&joined, Filters::pointwise(out));
    if pools.is_empty() { x } else { pyramid(pen, &x, pools) }
}

/// The largest values of small to large neighbourhoods side by side. Source: He et al., arXiv:1406.4729, as detectors have it.
fn pyramid(pen: &mut Pen<'_>, x: &Sketched, kernels: &[u32]) -> Sketched {
    let narrow = pen.conv_act(x, Filters::pointwise((x.channels() / 2).max(1)));
    let mut parts = vec![narrow.clone()];
    for &kernel in kernels {
        parts.push(pen.sketch.max_pool(&narrow, kernel, 1));
    }
    let joined = pen.sketch.concat(&parts.iter().collect::<Vec<_>>());
    pen.conv_act(&joined, Filters::pointwise(x.channels()))
}
