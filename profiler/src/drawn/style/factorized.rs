//! Residual blocks of rectangular and dilated kernels. Source: ERFNet, IEEE T-ITS 19(1), 2018; Inception-v3, arXiv:1512.00567.

use super::{Pen, RELU, Sketched, Start, Style};
use crate::onnx::{Curve, Filters};

pub(super) const STYLE: Style =
    Style { name: "factorized", curves: &[RELU, RELU, Curve::PRelu], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (long, dilation) = (pen.draw.one_of(&[3, 3, 5, 7]), pen.draw.one_of(&[1, 1, 2, 4]));
    let is_deep = pen.draw.chance(0.3);
    let x = if stride == 2 || x.channels() != out {
        pen.conv_act(&x, Filters::square(out, 3, stride))
    } else {
        x
    };
    let groups = if is_deep { out } else { 1 };
    let along =
        |kernel: [u32; 2], dilation: u32| Filters { kernel, groups, dilation, ..Filters::pointwise(out) };
    let column = pen.conv_act(&x, along([long, 1], 1));
    let row = pen.conv_act(&column, along([1, long], 1));
    let column = pen.conv_act(&row, along([long, 1], dilation));
    let row = pen.sketch.conv(&column, along([1, long], dilation));
    let last = if is_deep { pen.sketch.conv(&row, Filters::pointwise(out)) } else { row };
    let sum = pen.sketch.add(&last, &x);
    pen.act(&sum)
}
