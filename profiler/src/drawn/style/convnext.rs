//! Depthwise 7×7 convolutions with layer normalization. Source: ConvNeXt, arXiv:2201.03545.

use super::{Pen, Sketched, Start, Style};
use crate::onnx::{Curve, Filters};

pub(super) const STYLE: Style = Style { name: "convnext", curves: &[Curve::Gelu], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let (kernel, by_conv) = (pen.draw.one_of(&[7, 7, 5]), pen.draw.chance(0.3));
    let x = pen.shortcut(&x, out, stride);
    let deep = pen.sketch.conv(&x, Filters::depthwise(out, kernel, 1));
    let inside = if by_conv {
        let wide = pen.conv_act(&deep, Filters::pointwise(out * 4));
        pen.sketch.conv(&wide, Filters::pointwise(out))
    } else {
        let last = pen.sketch.transpose(&deep, &[0, 2, 3, 1]);
        let normal = pen.layer_norm(&last);
        let wide = pen.sketch.matmul(&normal, out * 4);
        let wide = pen.act(&wide);
        let narrow = pen.sketch.matmul(&wide, out);
        let narrow = pen.sketch.scale(&narrow);
        pen.sketch.transpose(&narrow, &[0, 3, 1, 2])
    };
    pen.sketch.add(&inside, &x)
}
