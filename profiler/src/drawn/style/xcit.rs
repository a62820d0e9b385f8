//! Channels that attend to each other, of queries and keys of length 1. Source: XCiT, arXiv:2106.09681; EdgeNeXt, arXiv:2206.10589.

use super::{Pen, Sketched, Start, Style};
use crate::drawn::heads::feed_forward;
use crate::onnx::{Curve, Filters, Operand};

pub(super) const STYLE: Style = Style { name: "xcit", curves: &[Curve::Gelu], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (most, kernel) = (pen.draw.one_of(&[4, 4, 2]), pen.draw.one_of(&[3, 5, 7]));
    let parts = (1..=most).rev().find(|parts| out.is_multiple_of(*parts)).unwrap_or(1);
    let x = if stride == 2 || x.channels() != out {
        pen.sketch.conv(&x, Filters::square(out, 3, stride))
    } else {
        x
    };
    let size = [x.side(2), x.side(3)];
    let deep = pen.sketch.conv(&x, Filters::depthwise(out, kernel, 1));
    let x = pen.sequence(&deep);
    let (positions, each) = (u64::from(x.side(1)), u64::from(out / parts));
    let normal = pen.layer_norm(&x);
    let all = pen.sketch.matmul(&normal, 3 * out);
    let split = pen.sketch.reshape(&all, &[1, positions, 3, parts.into(), each]);
    let first = pen.sketch.transpose(&split, &[2, 0, 3, 4, 1]);
    let [query, key, value] = [0, 1, 2].map(|place| pen.sketch.gather(&first, 0, place));
    let (query, key) = (of_length_one(pen, &query), of_length_one(pen, &key));
    let key = pen.sketch.transpose(&key, &[0, 1, 3, 2]);
    let scores = pen.sketch.product(&query, &key);
    let scores = pen.sketch.scale(&scores);
    let weights = pen.sketch.softmax(&scores);
    let mixed = pen.sketch.product(&weights, &value);
    let mixed = pen.sketch.transpose(&mixed, &[0, 3, 1, 2]);
    let mixed = pen.sketch.reshape(&mixed, &[1, positions, out.into()]);
    let projected = pen.sketch.matmul(&mixed, out);
    let scaled = pen.sketch.scale(&projected);
    let x = pen.sketch.add(&x, &scaled);
    let normal = pen.layer_norm(&x);
    let narrow = feed_forward(pen, &normal, 4);
    let narrow = pen.sketch.scale(&narrow);
    let x = pen.sketch.add(&x, &narrow);
    pen.map(&x, size)
}

/// Each row by its length.
fn of_length_one(pen: &mut Pen<'_>, x: &Sketched) -> Sketched {
    let length = pen.sketch.reduce("ReduceL2", x, 3);
    let length = pen.sketch.combine("Clip", &length, Operand::Number(1e-12));
    let length = pen.sketch.expand(&length, x.dims());
    pen.sketch.combine("Div", x, Operand::Value(&length))
}
