//! Every layer reads all before it, normalized by itself. Source: DenseNet, arXiv:1608.06993.

use super::{Pen, RELU, Sketched, Start, Style};
use crate::onnx::Filters;

pub(super) const STYLE: Style = Style { name: "dense", curves: &[RELU], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (layers, growth) = (pen.draw.one_of(&[2, 3, 4]), pen.round(f64::from(out) / 4.0));
    let mut x = x;
    if stride == 2 {
        let normal = normal(pen, &x);
        let half = pen.round(f64::from(x.channels()) / 2.0);
        let narrow = pen.sketch.conv(&normal, Filters::pointwise(half));
        x = if x.side(2).is_multiple_of(2) {
            pen.sketch.average_pool(&narrow, 2, 2)
        } else {
            pen.sketch.average_pool(&narrow, 3, 2)
        };
    }
    for _ in 0..layers {
        let normal = normal(pen, &x);
        let narrow = pen.conv_act(&normal, Filters::pointwise(growth * 4));
        let new = pen.sketch.conv(&narrow, Filters::square(growth, 3, 1));
        x = pen.sketch.concat(&[&x, &new]);
    }
    x
}

fn normal(pen: &mut Pen<'_>, x: &Sketched) -> Sketched {
    let normal = pen.sketch.batch_norm(x);
    pen.act(&normal)
}
