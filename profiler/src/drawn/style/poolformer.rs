//! Windows' means mix positions, 1×1 convolutions channels. Source: MetaFormer, arXiv:2111.11418.

use super::{Pen, Sketched, Start, Style};
use crate::onnx::{Curve, Filters, Operand};

pub(super) const STYLE: Style =
    Style { name: "poolformer", curves: &[Curve::Gelu], start: Start::Stem, block };

fn block(pen: &mut Pen<'_>, x: Sketched, out: u32, stride: u32) -> Sketched {
    let wider = pen.draw.one_of(&[2, 4]);
    let x = if stride == 2 || x.channels() != out {
        pen.sketch.conv(&x, Filters::square(out, 3, stride))
    } else {
        x
    };
    let normal = pen.sketch.batch_norm(&x);
    let mixed = pen.sketch.average_pool(&normal, 3, 1);
    let mixed = pen.sketch.combine("Sub", &mixed, Operand::Value(&normal));
    let mixed = pen.sketch.scale(&mixed);
    let x = pen.sketch.add(&x, &mixed);
    let normal = pen.sketch.batch_norm(&x);
    let wide = pen.conv_act(&normal, Filters::pointwise(out * wider));
    let narrow = pen.sketch.conv(&wide, Filters::pointwise(out));
    let narrow = pen.sketch.scale(&narrow);
    pen.sketch.add(&x, &narrow)
}
