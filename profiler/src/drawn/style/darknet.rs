//! Residual blocks of a 1×1 and a 3×3 convolution with leaky rectifiers. Source: YOLOv3, arXiv:1804.02767.

use super::{Pen, Sketched, Start, Style};
use crate::onnx::{Curve, Filters};

pub(super) const STYLE: Style =
    Style { name: "darknet", curves: &[Curve::LeakyRelu], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let x = if stride == 2 || x.channels() != out {
        pen.conv_act(&x, Filters::square(out, 3, stride))
    } else {
        x
    };
    let narrow = pen.conv_act(&x, Filters::pointwise(pen.round(f64::from(out) / 2.0)));
    let wide = pen.conv_act(&narrow, Filters::square(out, 3, 1));
    pen.sketch.add(&x, &wide)
}
