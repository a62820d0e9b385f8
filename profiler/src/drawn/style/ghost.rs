//! Features made from features by cheap operations. Source: GhostNet, arXiv:1911.11907.

use super::{Pen, RELU, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style = Style { name: "ghost", curves: &[RELU], start: Start::Stem, block };

pub(super) fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (expansion, squeezes) = (pen.draw.one_of(&[1, 2, 3]), pen.draw.chance(0.25));
    let (kernel, cuts) = (pen.draw.one_of(&[3, 3, 5]), pen.draw.chance(0.6));
    let inside = (x.channels() * expansion).next_multiple_of(4);
    let mut wide = module(pen, &x, inside);
    wide = pen.act(&wide);
    if stride == 2 {
        wide = pen.sketch.conv(&wide, Filters::depthwise(inside, kernel, 2));
    }
    if squeezes {
        wide = pen.squeeze(&wide);
    }
    let mut narrow = module(pen, &wide, out.next_multiple_of(2));
    if cuts {
        // Features that are too many are cut off, and what cuts is written even where none are.
        let kept = narrow.channels() - if narrow.channels() > 8 { pen.draw.one_of(&[0, 0, 4]) } else { 0 };
        narrow = pen.sketch.slice(&narrow, 1, 0..kept);
    }
    if stride == 1 && narrow.dims() == x.dims() { pen.sketch.add(&narrow, &x) } else { narrow }
}

/// Half of the features by a 1×1 convolution, half of them from those.
fn module(pen: &mut Pen<'_>, x: &Sketched, out: u32) -> Sketched {
    let first = pen.conv_act(x, Filters::pointwise(out / 2));
    let cheap = pen.conv_act(&first, Filters::depthwise(out / 2, 3, 1));
    pen.sketch.concat(&[&first, &cheap])
}
