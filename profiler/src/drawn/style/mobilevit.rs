//! Convolutions around attention among every second position. Source: MobileViT, arXiv:2110.02178.

use super::{Pen, SWISH, Sketched, Start, Style, mb::inverted, vit::transformer};
use crate::onnx::Filters;

pub(super) const STYLE: Style = Style { name: "mobilevit", curves: &[SWISH], start: Start::Stem, block };

/// Most positions of a map: a quarter of them attend to each other.
const MOST: u32 = 1600;

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (expansion, wider) = (pen.draw.one_of(&[2, 4]), pen.draw.one_of(&[1.0, 1.5]));
    let x = if stride == 2 || x.channels() != out {
        inverted(pen, &x, [x.channels() * expansion, out], [3, stride], false)
    } else {
        x
    };
    let [high, wide] = [x.side(2), x.side(3)];
    if high * wide > MOST || high % 2 + wide % 2 > 0 {
        return inverted(pen, &x, [out * expansion, out], [3, 1], false);
    }
    let inside = pen.round(f64::from(out) * wider);
    let local = pen.conv_act(&x, Filters::square(out, 3, 1));
    let local = pen.sketch.conv(&local, Filters::pointwise(inside));
    let [rows, columns, channels] = [high / 2, wide / 2, inside].map(u64::from);
    let pairs = pen.sketch.reshape(&local, &[channels * rows, 2, columns, 2]);
    let pairs = pen.sketch.transpose(&pairs, &[0, 2, 1, 3]);
    let fours = pen.sketch.reshape(&pairs, &[1, channels, rows * columns, 4]);
    let fours = pen.sketch.transpose(&fours, &[0, 3, 2, 1]);
    let fours = pen.sketch.reshape(&fours, &[4, rows * columns, channels]);
    let mixed = transformer(pen, &fours);
    let mixed = pen.layer_norm(&mixed);
    let mixed = pen.sketch.reshape(&mixed, &[1, 4, rows * columns, channels]);
    let mixed = pen.sketch.transpose(&mixed, &[0, 3, 2, 1]);
    let mixed = pen.sketch.reshape(&mixed, &[channels * rows, columns, 2, 2]);
    let mixed = pen.sketch.transpose(&mixed, &[0, 2, 1, 3]);
    let map = pen.sketch.reshape(&mixed, &[1, channels, 2 * rows, 2 * columns]);
    let narrow = pen.conv_act(&map, Filters::pointwise(out));
    let joined = pen.sketch.concat(&[&x, &narrow]);
    pen.conv_act(&joined, Filters::square(out, 3, 1))
}
