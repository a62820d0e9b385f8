//! Attention within windows of a map that are shifted in turn. Source: Swin, arXiv:2103.14030.

use super::{Pen, Sketched, Start, Style};
use crate::drawn::heads::{Bias, Heads, attend, feed_forward};
use crate::onnx::Curve;

pub(super) const STYLE: Style = Style { name: "window", curves: &[Curve::Gelu], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (side, shifts) = (pen.draw.one_of(&[4, 7, 7, 8]), pen.draw.chance(0.5));
    let each = pen.draw.one_of(&[16, 32]);
    // Channels stand last in here.
    let x = if stride == 2 {
        merged(pen, &x, out)
    } else {
        let x = pen.shortcut(&x, out, 1);
        pen.sketch.transpose(&x, &[0, 2, 3, 1])
    };
    let normal = pen.layer_norm(&x);
    let padded = padded(pen, normal, side);
    let is_padded = padded.dims() != x.dims();
    let shift = if shifts && padded.side(1) > side { side / 2 } else { 0 };
    let rolled = rolled(pen, padded, shift);
    let [rows, columns] = [1, 2].map(|axis| u64::from(rolled.side(axis) / side));
    let (side, channels) = (u64::from(side), u64::from(out));
    let cut = pen.sketch.reshape(&rolled, &[1, rows, side, columns, side, channels]);
    let cut = pen.sketch.transpose(&cut, &[0, 1, 3, 2, 4, 5]);
    let windows = pen.sketch.reshape(&cut, &[rows * columns, side * side, channels]);
    let bias = if shift > 0 { Bias::ShiftedPairs } else { Bias::Pairs };
    let attended = attend(pen, &windows, Heads { each, narrower: 1, bias });
    let whole = pen.sketch.reshape(&attended, &[1, rows, columns, side, side, channels]);
    let whole = pen.sketch.transpose(&whole, &[0, 1, 3, 2, 4, 5]);
    let whole = pen.sketch.reshape(&whole, &[1, rows * side, columns * side, channels]);
    let back = if shift > 0 { whole.side(1) - shift } else { 0 };
    let mut whole = self::rolled(pen, whole, back);
    if is_padded {
        for axis in [1, 2] {
            whole = pen.sketch.slice(&whole, axis, 0..x.side(axis));
        }
    }
    let x = pen.sketch.add(&x, &whole);
    let normal = pen.layer_norm(&x);
    let narrow = feed_forward(pen, &normal, 4);
    let x = pen.sketch.add(&x, &narrow);
    pen.sketch.transpose(&x, &[0, 3, 1, 2])
}

/// Each four neighbours as one position, with `out` channels, which stand last.
fn merged(pen: &mut Pen<'_>, x: &Sketched, out: u32) -> Sketched {
    let last = pen.sketch.transpose(x, &[0, 2, 3, 1]);
    let even = padded(pen, last, 2);
    let parts = [(0, 0), (1, 0), (0, 1), (1, 1)].map(|(row, column)| {
        let rows = pen.sketch.every_second(&even, 1, row);
        pen.sketch.every_second(&rows, 2, column)
    });
    let joined = pen.sketch.join(&parts.each_ref(), 3);
    let normal = pen.layer_norm(&joined);
    pen.sketch.matmul(&normal, out)
}

/// With zeros behind, so that rows and columns are multiples of `multiple`.
fn padded(pen: &mut Pen<'_>, x: Sketched, multiple: u32) -> Sketched {
    let [high, wide] = [1, 2].map(|axis| x.side(axis).next_multiple_of(multiple) - x.side(axis));
    if high + wide > 0 { pen.sketch.pad(&x, &[0, high, wide, 0]) } else { x }
}

/// The first rows and columns behind the others.
fn rolled(pen: &mut Pen<'_>, x: Sketched, shift: u32) -> Sketched {
    if shift == 0 {
        return x;
    }
    [1, 2].into_iter().fold(x, |x, axis| {
        let first = pen.sketch.slice(&x, axis, 0..shift);
        let rest = pen.sketch.slice(&x, axis, shift..x.side(axis));
        pen.sketch.join(&[&rest, &first], axis)
    })
}
