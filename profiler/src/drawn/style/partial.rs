//! Inverted residuals of odd widths that add what they read to their first channels only. Source: ReXNet, arXiv:2007.00992.

use super::mb::inverted;
use super::{Pen, RELU6, SWISH, Sketched, Start, Style};

pub(super) const STYLE: Style = Style { name: "partial", curves: &[SWISH, RELU6], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (expansion, squeezes) = (pen.draw.one_of(&[1, 4, 6]), pen.draw.chance(0.6));
    let (read, out) = (x.channels(), out | 1);
    let wide = inverted(pen, &x, [read * expansion, out], [3, stride], squeezes);
    if stride > 1 || read >= out {
        return wide;
    }
    let first = pen.sketch.slice(&wide, 1, 0..read);
    let sum = pen.sketch.add(&first, &x);
    let rest = pen.sketch.slice(&wide, 1, read..out);
    pen.sketch.concat(&[&sum, &rest])
}
